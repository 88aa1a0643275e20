"""Pictures of our screens: `python -m dev.screenshot PATH OUT.png` while `make run` is up.

PATH is what follows the server's address, such as /odoo/action-account.action_move_out_invoice_type. Run it with
`.odoo/venv/bin/python` from the repository's root.
"""

import argparse
import base64
import json
import logging
import sys
import time
from pathlib import Path

import requests

from odoo.tests.common import ChromeBrowser
from odoo.tools import config

from . import browser, paths
from .say import Failure

_WAIT_SECONDS = 120  # the first page builds its assets
# Things that move would make every picture another one.
_STILL = """document.head.insertAdjacentHTML(
    "beforeend", "<style>* { animation: none !important; caret-color: transparent !important }</style>"
)"""


class _Test:
    """What Odoo's ChromeBrowser asks of the test that uses it."""

    _logger = logging.getLogger("odoo.browser")
    touch_enabled = False

    def __init__(self, size: str):
        self.browser_size = size

    def fetch_proxy(self, _url: str) -> dict:
        """Answer for every other host: there is nothing."""
        return {"body": "", "responseCode": 404, "responseHeaders": []}


def take(options: argparse.Namespace) -> None:
    """Log in, open the page, wait, run the scripts and save the picture."""
    if not paths.RUN_FILE.exists():
        raise Failure("No server runs here: start one with `make run`.")
    server = json.loads(paths.RUN_FILE.read_text())
    session = requests.Session()
    login = {"db": server["db"], "login": options.login, "password": options.password or options.login}
    body = {"jsonrpc": "2.0", "method": "call", "params": login}
    session.post(f"{server['url']}/web/session/authenticate", json=body, timeout=60)
    browser.ensure()
    config.parse_config(["-d", server["db"], "--no-http", "--log-level", "warn"])  # the browser names its threads by it
    page = ChromeBrowser(_Test(options.size))
    try:
        page.set_cookie("session_id", session.cookies["session_id"], "/", "127.0.0.1")
        page.navigate_to(f"{server['url']}{options.path}", wait_stop=True)
        for selector in options.wait:
            deadline = time.monotonic() + _WAIT_SECONDS
            while not _eval(page, f"!!document.querySelector({json.dumps(selector)})"):
                if time.monotonic() > deadline:
                    raise Failure(f"{selector} did not appear at {_eval(page, 'location.href')}")
                time.sleep(0.1)
        for script in (_STILL, *options.eval):
            _eval(page, script)
            time.sleep(1)
        shot = page._websocket_request("Page.captureScreenshot", params={"captureBeyondViewport": options.full})
        Path(options.out).write_bytes(base64.b64decode(shot["data"]))
    finally:
        page.stop()


def _eval(page: ChromeBrowser, script: str):
    params = {"expression": script, "returnByValue": True, "awaitPromise": True}
    answer = page._websocket_request("Runtime.evaluate", params=params)
    if "exceptionDetails" in answer:
        raise Failure(f"JavaScript: {answer['exceptionDetails']}")
    return answer["result"].get("value")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m dev.screenshot")
    parser.add_argument("path", help="page, from the first slash on")
    parser.add_argument("out", help="picture to write")
    parser.add_argument("--wait", action="append", default=[], help="selector to wait for (repeatable)")
    parser.add_argument("--eval", action="append", default=[], help="JavaScript to run then (repeatable)")
    parser.add_argument("--login", default="admin")
    parser.add_argument("--password", help="default: the same as the login")
    parser.add_argument("--size", default="1366x900")
    parser.add_argument("--full", action="store_true", help="the whole page, not only what fits")
    try:
        take(parser.parse_args())
    except Failure as failure:
        sys.exit(str(failure))
