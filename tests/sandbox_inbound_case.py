"""What the tests of received fapiao at the sandbox's 金蝶发票云 share: raw calls, as the papers show them."""

from datetime import timedelta

from .sandbox_kingdee_case import KingdeeCase, defaults

DEDUCTION = "/kapi/app/rim/deduction"
TAX_NO = defaults.TAX_NO


class InboundCase(KingdeeCase):
    def raw(self, interface, content, **changes):
        token = self.token or self.log_in()
        return self.send(DEDUCTION, self.envelope(interface, content, **changes), headers={"access_token": token})

    def day(self, ago):
        return str(self.world.clock.now().date() - timedelta(days=ago))

    def search(self, **changes):
        """searchOpt as the paper fills it: the last ninety days, anything."""
        return {
            "taxPeriod": "",
            "invoiceCode": "",
            "invoiceNo": "",
            "salerTaxNo": "",
            "authenticateFlags": "",
            "invoiceStatus": "",
            "invoiceType": "",
            "startTime": self.day(90),
            "endTime": self.day(1),
            **changes,
        }

    def down(self, interface="invoiceDown", tax_no=TAX_NO, **changes):
        return self.ask(interface, {"taxNo": tax_no, "asyncFlag": "1", "searchOpt": self.search(**changes)})

    def begun(self, interface="invoiceDown", **changes):
        """The task number of a download."""
        answer = self.down(interface, **changes)
        self.assertEqual((answer["errorCode"], answer["success"]), ("0000", True), answer)
        self.assertEqual(answer["data"]["asyncFlag"], "1")
        return answer["data"]["taskNo"]

    def page_of(self, task, number=1, size=200, tax_no=TAX_NO):
        return self.ask(
            "invoiceDownQuery",
            {"taxNo": tax_no, "taskNo": task, "saveFlag": "1", "pageNo": number, "pageSize": size},
        )

    def rows(self, task, number=1, size=200):
        answer = self.page_of(task, number, size)
        self.assertEqual(answer["errorCode"], "0000", answer)
        return answer["data"]["invoices"]

    def all_rows(self, task, size=200):
        rows, number = [], 1
        while page := self.rows(task, number, size):
            rows, number = rows + page, number + 1
        return rows

    def found(self, **changes):
        """The numbers a download with these filters brings."""
        return [row["invoiceNo"] for row in self.all_rows(self.begun(**changes))]

    def refused(self, answer, text, code="9999"):
        self.assertEqual((answer["errorCode"], answer["status"], answer["success"]), (code, False, False), answer)
        self.assertIn(text, answer["message"])
