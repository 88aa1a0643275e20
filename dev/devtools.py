"""A headless Chromium driven through the DevTools protocol (runs in the virtual environment)."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import websocket

from .say import Failure

_START_SECONDS = 30


class Page:
    """One page of a browser."""

    def __init__(self, socket: websocket.WebSocket):
        self._socket = socket
        self._numbers = count(1)

    def send(self, method: str, **params) -> dict:
        """Call *method* of the protocol and return its result; raise Failure on an error."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                break
        if "error" in answer:
            raise Failure(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def eval(self, script: str):
        """Return the value of JavaScript *script*, awaited; raise Failure when it throws."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failure(f"JavaScript: {details.get('exception', details).get('description', details)}")
        return result["result"].get("value")

    def wait(self, selector: str, seconds: float = 30) -> None:
        """Wait until *selector* is on the page; raise Failure after *seconds*."""
        deadline = time.monotonic() + seconds
        while not self.eval(f"!!document.querySelector({json.dumps(selector)})"):
            if time.monotonic() > deadline:
                raise Failure(f"{selector} did not appear at {self.eval('location.href')}")
            time.sleep(0.1)


@contextmanager
def page(browser: Path, width: int, height: int):
    """Give an empty Page of *width* × *height* in a browser of its own."""
    profile = Path(tempfile.mkdtemp(prefix="l10n_cn_browser_"))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
    flags += ["--remote-debugging-port=0", "--remote-allow-origins=*", "--disable-dev-shm-usage"]
    flags += [f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank"]
    process = subprocess.Popen([browser, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = _page_address(profile, process)
        socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        opened = Page(socket)
        opened.send("Page.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        opened.send("Emulation.setDeviceMetricsOverride", **size)
        yield opened
        socket.close()
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def _page_address(profile: Path, process: subprocess.Popen) -> str:
    port_file = profile / "DevToolsActivePort"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists() and (lines := port_file.read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=10) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return pages[0]["webSocketDebuggerUrl"]
        time.sleep(0.1)
    raise Failure("The browser did not start.")
