"""金蝶发票助手 from outside: levers over HTTP, the page for people, and restarts."""

import tempfile

from ..sandbox.server import SandboxServer
from .sandbox_assistant_case import EXPENSE, AssistantCase


class TestControl(AssistantCase):
    def do(self, control, **body):
        response = self.http.post(f"{self.server.url}/control/{control}", json=body, timeout=10)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json().get("result")

    def view(self, name, **query):
        return self.http.get(f"{self.server.url}/control/{name}", params=query, timeout=10).json()

    def test_control(self):
        serial = self.do("give_ticket", eid="u", kind="taxi", total="12.50")["serial"]
        self.do("claim_elsewhere", serial=serial)
        self.assertEqual(self.view("wallet", eid="u")[0]["status"], "30")
        self.do("assistant_message", key="k", kind="saveBill", data={})
        self.assertEqual(self.view("messages", key="k")[0]["content"], {"type": "saveBill", "data": {}})
        self.saved(self.ticket())
        self.assertEqual(self.view("documents", bxd_key="K1")[0]["number"], "BX-1")
        self.assertEqual(self.view("assistant_log")[0]["call"], "entry/save")


class TestState(AssistantCase):
    def test_survives_a_restart(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.serve(SandboxServer(state_dir=folder.name))
        serial = self.ticket("9", total="109.00")
        self.saved(serial)
        self.status("30")
        (uid,) = self.world.assistant_message("k", "saveBill", {})
        key, port = self.user_key(), self.server.port
        self.token = None
        self.access_token()
        self.server.close()
        self.serve(SandboxServer(port, folder.name))
        self.world.set("assistant", poll_seconds=0)
        self.assertEqual(self.states(serial), ["30"])
        self.assertEqual(self.message("k")[0], uid)
        found = self.good(EXPENSE + "invoices/query", {"userKey": key, "billNumber": "BX-1"})["data"]
        self.assertEqual((found[0]["serialNo"], found[0]["totalAmount"]), (serial, "109.00"))
        self.assertEqual([each["call"] for each in self.world.assistant_log()], ["entry/save", "status/update"])
        self.assertEqual(self.status("60")["errcode"], "0000")
