"""What tests compare and count by: the ledger, a second tenant, the pace; the hostile modes over HTTP."""

import tempfile

from ..sandbox.server import SandboxServer
from .sandbox_case import LOGIN
from .sandbox_kingdee_case import bill, defaults
from .test_sandbox_kingdee_red import RedCase as KingdeeRedCase
from .test_sandbox_red import RedCase


class ControlMixin:
    def look(self, name, **query):
        return self.http.get(f"{self.server.url}/control/{name}", params=query, timeout=10).json()

    def do(self, control, status=200, /, **body):
        response = self.http.post(f"{self.server.url}/control/{control}", json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()


class TestControls(ControlMixin, KingdeeRedCase):
    def test_ledger(self):
        self.pushed(bill("B"))
        self.red("S1", redReason="04", invoiceDetail=[self.part()])
        red = self.world.reverse_elsewhere(self.issued("B")[0].number)
        rows = self.look("ledger", tax_no=defaults.TAX_NO)
        self.assertEqual(
            [(row["uid"], row["color"], row["status"], row["total"], row["tax"]) for row in rows],
            [
                ("A", "blue", "partly_reversed", "219.00", "19.00"),
                ("B", "blue", "reversed", "113.00", "13.00"),
                ("S1", "red", "normal", "-56.50", "-6.50"),
                ("", "red", "normal", "-113.00", "-13.00"),
            ],
        )
        self.assertEqual((rows[3]["number"], rows[3]["original"]), (red.number, red.original))
        self.assertEqual({row["buyer_tax_no"] for row in rows}, {defaults.BUYER_TAX_NO})
        self.assertEqual(self.world.ledger(defaults.BUYER_TAX_NO), [])
        self.assertEqual(self.world.ledger(), rows)

    def test_ended_bills_are_issued_all_the_same(self):
        self.pushed(bill("B", autoInvoice="0"), bill("C", autoInvoice="0"), bill("D", autoInvoice="0"))
        self.world.return_bill("B")
        self.withdraw("C")


class TestSecondTenant(ControlMixin, RedCase):
    def other(self, **who):
        tenant = self.do("add_second_tenant", **who)["result"]
        login = {**LOGIN, "phone": tenant["phone"], "tenant_id": str(tenant["tenant_id"])}
        first, self.token = self.token, None
        del login["phone_email"]
        self.token = self.post("obtainToken", login, {}).json()["data"]
        return first

    def test_knows_nothing_of_the_first_ones_orders(self):
        order = self.order()
        number = self.call("blueTicket", order)["data"]["Fphm"]
        first = self.other()
        query = self.who(fpqqlsh=order["fpqqlsh"])
        self.assertIn("未查询到", self.call("invoiceQueryMx", query)["msg"])
        found = self.call("invoiceQueryMx", self.who(fphm=number))["data"]
        self.assertEqual((found["fphm"], found["fpqqlsh"]), (number, ""), "known to the bureau, not the id")
        second = self.call("blueTicket", order)["data"]["Fphm"]
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 2)
        self.assertEqual([row["tenant"] for row in self.world.ledger()], ["", "2"])
        self.assertEqual(self.call("invoiceQueryMx", query)["data"]["fphm"], second)
        self.token = first
        self.assertEqual(self.call("invoiceQueryMx", query)["data"]["fphm"], number)

    def test_another_taxpayer(self):
        tax_no = "91110000MA0FAKE175"
        self.log_in()
        self.other(tax_no=tax_no)
        order = self.order(fpqqlsh=f"{tax_no}_1", xhdwsbh=tax_no, xhdwmc="第二公司")
        self.assertEqual(self.call("blueTicket", order)["code"], 200)
        self.refused(self.order(), "未在当前租户下授权")


class TestKingdeeSecondTenant(ControlMixin, KingdeeRedCase):
    def test_knows_nothing_of_the_first_ones_orders(self):
        serial = self.red()["data"]["serialNo"]
        self.pushed(bill("B"))
        tenant = self.do("add_second_tenant", cloud="kingdee")["result"]
        self.enter(tenant)
        for number in ("B", serial):
            self.assertIn("未查询到", self.query(number)["message"])
        self.assertTrue(self.push(bill("B"))["success"])
        self.assertEqual(self.world.issued_count("B"), 2)
        self.assertEqual(self.invoices("B")[0]["invoiceNum"], self.issued("B")[1].number)
        self.assertIn("已存在", self.push(bill("B"))["message"])

    def enter(self, tenant):
        """From here on every call is this tenant's."""
        server = self.server
        base = f"{server.url}/kingdee/{tenant['prefix']}"
        self.send = lambda path, body, **options: type(self).send(self, path, body, base, **options)
        app = self.app_token(appId=tenant["app_id"], accountId=tenant["account_id"])["data"]["app_token"]
        self.token = self.send(
            "/api/login.do",
            {
                "user": defaults.KINGDEE_MOBILE,
                "apptoken": app,
                "tenantid": "",
                "usertype": "Mobile",
                "accountId": tenant["account_id"],
            },
        ).json()["data"]["access_token"]


class TestRestart(RedCase):
    def test_orders_of_both_tenants_survive(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.serve(SandboxServer(state_dir=folder.name))
        self.log_in()
        self.world.set(deduplicate=False)
        self.world.faults.add("blueTicket", "issuing")
        order = self.order()
        for _ in range(2):
            self.call("blueTicket", order)
        self.world.add_second_tenant()
        self.server.close()
        self.serve(SandboxServer(state_dir=folder.name))
        self.assertEqual(self.world.taxpayers[defaults.TAX_NO].other_tenants, [2])
        self.world.advance(seconds=61)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 2)
