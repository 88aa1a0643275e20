"""Talking to a running server the way a client program does: external API, HTTP, sandbox controls."""

import http.cookiejar
import json
import time
import urllib.parse
import urllib.request
import xmlrpc.client

from . import paths
from .say import Failure
from .servers import Server

_WAIT_SECONDS = 90


class Client:
    """A session of *server*'s administrator, working in one company."""

    def __init__(self, server: Server):
        self._server = server
        common = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/common", allow_none=True)
        self._uid = common.authenticate(server.db, server.login, server.password, {})
        self._object = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object", allow_none=True)
        self.context: dict = {"lang": "en_US"}

    def join_sandbox(self) -> int:
        """Work in the demo company from now on, let its accounts lead to the sandbox, and return the id of 票单云's."""
        company = self.ref("base.demo_company_cn")
        self.context["allowed_company_ids"] = [company]
        self.call("res.users", "write", [self._uid], {"company_id": company})
        accounts = {"sandbox": "piaodanyun", "kingdee": "kingdee/sandbox"}
        for name, path in accounts.items():
            account = [self.ref(f"{paths.ADDON}.fapiao_account_{name}")]
            self.call("fapiao.account", "write", account, {"base_url": f"{self._server.sandbox_url}/{path}"})
        return self.ref(f"{paths.ADDON}.fapiao_account_sandbox")

    def call(self, model: str, method: str, *args, **kwargs):
        """Return what *method* of *model* returns; raise Failure with Odoo's own words."""
        kwargs = {"context": self.context, **kwargs}
        login = (self._server.db, self._uid, self._server.password)
        try:
            return self._object.execute_kw(*login, model, method, list(args), kwargs)
        except xmlrpc.client.Fault as fault:
            raise Failure(fault.faultString.strip()) from fault

    def ref(self, xmlid: str) -> int:
        """Return the record id behind an external identifier."""
        module, name = xmlid.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        return self.call("ir.model.data", "search_read", domain, fields=["res_id"])[0]["res_id"]

    def read(self, model: str, ids: list, fields: list) -> list:
        """Return the records as dicts, in the order of *ids*."""
        rows = {row["id"]: row for row in self.call(model, "read", ids, fields)}
        return [rows[record_id] for record_id in ids]

    def wait_for(self, model: str, ids: list, field: str, wanted: set) -> list:
        """Return the records once *field* of each is one of *wanted*; raise Failure after a while."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            rows = self.read(model, ids, [field])
            if all(row[field] in wanted for row in rows):
                return rows
            if time.monotonic() > deadline:
                raise Failure(f"{model}.{field} never became {', '.join(sorted(wanted))}: {rows}")
            time.sleep(0.5)

    def download(self, path: str) -> bytes:
        """Return what a browser with this login gets at *path*."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        login = {"db": self._server.db, "login": self._server.login, "password": self._server.password}
        body = json.dumps({"jsonrpc": "2.0", "params": login}).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self._server.url}/web/session/authenticate"
        opener.open(urllib.request.Request(url, body, headers)).read()
        return opener.open(f"{self._server.url}{path}").read()


class Sandbox:
    """The controls of the sandbox cloud."""

    def __init__(self, url: str):
        self._url = f"{url}/control"

    def look(self, name: str, **args):
        """Return what the sandbox shows under *name*."""
        return self._load(f"{name}?{urllib.parse.urlencode(args)}")

    def do(self, name: str, **args):
        """Let the sandbox do *name*."""
        return self._load(name, json.dumps(args).encode())

    def _load(self, path: str, body: bytes | None = None):
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/{path}", body)) as answer:
            return json.load(answer)
