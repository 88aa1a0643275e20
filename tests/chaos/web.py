"""A user of the run: logged in at each server as a browser is, clicking by the web client's own calls."""

import http.client
import http.cookiejar
import json
import threading
import urllib.error
import urllib.request

_PATIENCE = 40  # seconds a user waits for a page before trying elsewhere


class Refused(Exception):
    """Odoo said no, or stumbled; the text says why."""


class Unreachable(Exception):
    """No answer: the server is away, or frozen."""


class User:
    """One login, used at any of the servers."""

    def __init__(self, db: str, login: str, password: str, company: int):
        self._login = {"db": db, "login": login, "password": password}
        self._context = {"lang": "en_US", "allowed_company_ids": [company]}
        self._openers: dict[str, urllib.request.OpenerDirector] = {}
        self._turn = threading.Lock()

    def call(self, server, model: str, method: str, *args, **kwargs):
        """Return what *method* of *model* returns at *server*; raise Refused or Unreachable."""
        kwargs = {"context": self._context, **kwargs}
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        opener = self._opener(server.url)
        return _post(opener, f"{server.url}/web/dataset/call_kw/{model}/{method}", params)

    def _opener(self, url):
        with self._turn:
            opener = self._openers.get(url)
        if opener is None:
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))
            _post(opener, f"{url}/web/session/authenticate", self._login)
            with self._turn:
                self._openers[url] = opener
        return opener


def _post(opener, url, params):
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            told = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    if "error" in told:
        data = told["error"].get("data") or {}
        raise Refused(data.get("message") or str(told["error"]))
    return told.get("result")
