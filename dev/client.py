"""Talking to running servers the way a client program does: Odoo's external API, the sandbox's controls."""

import time
import xmlrpc.client

import requests

from . import paths
from .say import Failure
from .servers import Server

_WAIT_SECONDS = 90


class Client:
    """A session of *server*'s administrator, working in one company."""

    def __init__(self, server: Server):
        self._sandbox_url = server.sandbox_url
        common = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/common", allow_none=True)
        self._uid = common.authenticate(server.db, server.login, server.password, {})
        self._login = (server.db, self._uid, server.password)
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
            self.call("fapiao.account", "write", account, {"base_url": f"{self._sandbox_url}/{path}"})
        return self.ref(f"{paths.ADDON}.fapiao_account_sandbox")

    def call(self, model: str, method: str, *args, **kwargs):
        """Return what *method* of *model* returns; raise Failure with Odoo's own words."""
        kwargs = {"context": self.context, **kwargs}
        try:
            return self._object.execute_kw(*self._login, model, method, list(args), kwargs)
        except xmlrpc.client.Fault as fault:
            raise Failure(fault.faultString.strip()) from fault

    def ref(self, xmlid: str) -> int:
        """Return the record id behind an external identifier."""
        module, name = xmlid.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        return self.call("ir.model.data", "search_read", domain, fields=["res_id"])[0]["res_id"]

    def read(self, model: str, ids: list, fields: list) -> list:
        """Return the records as dicts, in the order of *ids*."""
        return self.call(model, "read", ids, fields)

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


class Sandbox:
    """The controls of the sandbox cloud."""

    def __init__(self, url: str):
        self._url = f"{url}/control"

    def look(self, name: str, **args):
        """Return what the sandbox shows under *name*."""
        return self._call("GET", name, params=args)

    def do(self, name: str, **args):
        """Let the sandbox do *name*."""
        return self._call("POST", name, json=args)

    def _call(self, method: str, name: str, **options):
        answer = requests.request(method, f"{self._url}/{name}", timeout=_WAIT_SECONDS, **options)
        answer.raise_for_status()
        return answer.json()
