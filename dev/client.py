"""Talking to a running server the way a client program does: external API, HTTP, sandbox controls."""

import http.cookiejar
import json
import time
import urllib.parse
import urllib.request
import xmlrpc.client

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

    def work_in(self, company: int) -> None:
        """Make every later call in *company*."""
        self.context = {**self.context, "allowed_company_ids": [company]}

    def join_sandbox(self) -> int:
        """Work in the demo company, let its accounts lead to the sandbox, and return the id of 票单云's."""
        self.work_in(self.ref("base.demo_company_cn"))
        account = self.ref("l10n_cn_invoice_cloud.fapiao_account_sandbox")
        self._lead(account, "piaodanyun")
        self._lead(self.ref("l10n_cn_invoice_cloud.fapiao_account_kingdee"), "kingdee/sandbox")
        return account

    def _lead(self, account: int, path: str) -> None:
        self.call("fapiao.account", "write", [account], {"base_url": f"{self._server.sandbox_url}/{path}"})

    def stay_in_company(self) -> None:
        """Let the user find itself in the company it works in after the next log-in, too."""
        (company,) = self.context["allowed_company_ids"]
        self.call("res.users", "write", [self._uid], {"company_id": company})

    def call(self, model: str, method: str, *args, **kwargs):
        """Return what *method* of *model* returns; raise Failure with Odoo's own words."""
        kwargs = {"context": self.context, **kwargs}
        try:
            return self._object.execute_kw(
                self._server.db, self._uid, self._server.password, model, method, list(args), kwargs
            )
        except xmlrpc.client.Fault as fault:
            raise Failure(fault.faultString.strip()) from fault

    def ref(self, xmlid: str) -> int:
        """Return the record id behind an external identifier."""
        module, name = xmlid.split(".")
        found = self.call(
            "ir.model.data", "search_read", [("module", "=", module), ("name", "=", name)], fields=["res_id"]
        )
        return found[0]["res_id"]

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
        with urllib.request.urlopen(f"{self._url}/{name}?{urllib.parse.urlencode(args)}") as answer:
            return json.load(answer)

    def do(self, name: str, **args):
        """Let the sandbox do *name*."""
        body = json.dumps(args).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/{name}", body)) as answer:
            return json.load(answer)
