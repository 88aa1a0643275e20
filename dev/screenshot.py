"""Pictures of our screens: `python -m dev.screenshot PATH OUT.png` while `make run` is up.

PATH is what follows the server's address, such as /odoo/action-account.action_move_out_invoice_type.
Run it with `.odoo/venv/bin/python` from the repository's root.
"""

import argparse
import base64
import json
import sys
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from . import browser, devtools, paths
from .say import Failure
from .servers import Server

# Things that move would make every picture another one.
_STILL = """document.head.insertAdjacentHTML(
    "beforeend", "<style>* { animation: none !important; caret-color: transparent !important }</style>"
)"""


def main(arguments: list[str]) -> int:
    """Take one picture as *arguments* say, and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        server = Server.load(paths.RUN_FILE)
        take(server, options)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    print(options.out)
    return 0


def take(server: Server, options: argparse.Namespace) -> None:
    """Log in, open the page, wait, run the script and save the picture."""
    session = _Session(server, options.login or server.login, options.password or server.password)
    if options.lang:
        session.set_language(options.lang)
    with devtools.page(browser.ensure(), options.width, options.height) as page:
        page.send("Network.setCookie", url=server.url, name="session_id", value=session.cookie)
        address = options.path if options.path.startswith("http") else f"{server.url}{options.path}"
        page.send("Page.navigate", url=address)
        for selector in options.wait:
            page.wait(selector)
        page.eval(_STILL)
        for script in options.eval:
            page.eval(script)
            time.sleep(options.pause)
        time.sleep(options.pause)
        shot = page.send("Page.captureScreenshot", format="png", captureBeyondViewport=options.full)
    Path(options.out).write_bytes(base64.b64decode(shot["data"]))


class _Session:
    """A logged-in session, made without the browser."""

    def __init__(self, server: Server, login: str, password: str):
        self._url = server.url
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        answer = self._call("/web/session/authenticate", db=server.db, login=login, password=password)
        self._uid = answer["uid"]

    @property
    def cookie(self) -> str:
        return next(cookie.value for cookie in self._cookies if cookie.name == "session_id")

    def set_language(self, code: str) -> None:
        """Show the user's screens in *code* from now on."""
        values = [[self._uid], {"lang": code}]
        self._call("/web/dataset/call_kw", model="res.users", method="write", args=values, kwargs={})

    def _call(self, route: str, **params):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(f"{self._url}{route}", body, {"Content-Type": "application/json"})
        with self._opener.open(request, timeout=60) as answer:
            content = json.load(answer)
        if "error" in content:
            raise Failure(f"{route}: {content['error']['data']['message']}")
        return content["result"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.screenshot", description=__doc__)
    parser.add_argument("path", help="page, from the first slash on (or a whole address)")
    parser.add_argument("out", help="picture to write")
    parser.add_argument("--wait", action="append", default=[], help="selector to wait for (repeatable)")
    parser.add_argument("--eval", action="append", default=[], help="JavaScript to run then (repeatable)")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds after the script (default 1)")
    parser.add_argument("--lang", help="language the user gets, such as zh_CN; it stays")
    parser.add_argument("--login", help="user (default: the server's administrator)")
    parser.add_argument("--password")
    parser.add_argument("--width", type=int, default=1366)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--full", action="store_true", help="the whole page, not only what fits")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
