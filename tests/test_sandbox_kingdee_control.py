"""金蝶发票云 from outside: levers over HTTP, the page for people, and restarts."""

import tempfile

from ..sandbox.server import SandboxServer
from .sandbox_kingdee_case import KingdeeCase, bill, defaults


class TestControl(KingdeeCase):
    def look(self, name, **query):
        return self.http.get(f"{self.server.url}/control/{name}", params=query, timeout=10).json()

    def do(self, control, status=200, /, **body):
        response = self.http.post(f"{self.server.url}/control/{control}", json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def test_the_queue(self):
        self.pushed(*(bill(number, autoInvoice="0", autoMerge="1") for number in "ABCDE"))
        self.assertEqual(self.do("issue_bill", number="A")["result"]["state"], "issued")
        self.do("return_bill", number="B", text="改")
        self.do("fail_bill", number="C")
        self.assertEqual([self.world.bill(number).state for number in "ABC"], ["issued", "returned", "failed"])


class TestState(KingdeeCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.serve(SandboxServer(state_dir=self.folder))

    def restart(self):
        port = self.server.port
        self.server.close()
        self.serve(SandboxServer(port, self.folder))

    def test_used_request_ids_survive(self):
        used = "1714981252080746"
        self.ask("BILL.PUSH", [bill("A")], requestId=used)
        self.restart()
        self.assertIn("requestId重复", self.ask("BILL.PUSH", [bill("B")], requestId=used)["message"])

    def test_partly_reversed(self):
        self.pushed(bill("A"))
        self.ask(
            "ALLE.INVOICE.RED",
            {
                "serialNo": "S1",
                "invoiceNum": self.issued("A")[0].number,
                "redReason": "04",
                "invoiceType": "02",
                "sellerTaxpayerId": defaults.TAX_NO,
                "invoiceDetail": [{"originalSeq": 1, "amount": -40, "taxAmount": -5.2}],
            },
        )
        self.restart()
        self.assertEqual(self.invoices("A")[0]["canRedAmount"], 60)

    def test_callbacks_are_kept(self):
        self.world.set_callback_url("http://127.0.0.1:1/held")
        self.pushed(bill("A"))
        self.restart()
        self.assertEqual([each.state for each in self.world.deliveries.values()], ["held"])
