"""What the cloud tells of its own accord: three forms, kept until a test brings them, and forged."""

from .sandbox_kingdee_case import KingdeeCase, bill, defaults, row


class CallbackCase(KingdeeCase):
    def listen(self):
        self.world.set_callback_url("http://127.0.0.1:1/held")

    def told(self, count=1):
        bodies = [each.body for each in self.world.deliveries.values()]
        self.assertEqual(len(bodies), count)
        return bodies


class TestForms(CallbackCase):
    def test_by_bill(self):
        self.listen()
        self.world.set("kingdee", split_amount="100.00")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        (body,) = self.told()
        self.assertEqual(set(body), {"interfaceCode", "returnCode", "returnMsg", "data", "bizControl"})
        self.assertEqual(
            (body["interfaceCode"], body["returnCode"], body["returnMsg"]), ("INVOICE.OPEN", "0", "success")
        )
        self.assertEqual([item["invoiceNum"] for item in body["data"]], [fapiao.number for fapiao in self.issued("A")])
        item = body["data"][0]
        self.assertEqual((item["billNo"], item["totalAmount"], item["includeTaxAmount"]), ("A", 100, 113))
        self.assertEqual(item["invoiceDetail"][0]["billSourceId"], "1")

    def test_by_bill_with_the_credit_line(self):
        self.listen()
        self.pushed(bill("A", [row()]))
        (body,) = self.told()
        left = self.world.credit_left(defaults.TAX_NO)
        self.assertEqual(body["bizControl"]["monthSurplusLimit"], f"{left:.2f}")
        self.assertEqual(body["bizControl"]["isWarning"], "0")

    def test_by_bill_with_a_failed_part(self):
        self.listen()
        self.world.set("kingdee", split_amount="100.00")
        self.world.set_credit(defaults.TAX_NO, total="150.00")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        (body,) = self.told()
        self.assertEqual(body["returnCode"], "9999")
        self.assertEqual([bool(item["invoiceNum"]) for item in body["data"]], [True, False])
        self.assertIn("授信额度", body["data"][1]["issueErrorMessage"])

    def test_by_fapiao(self):
        self.listen()
        self.world.set("kingdee", split_amount="100.00", callback_style="fapiao")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        bodies = self.told(2)
        self.assertEqual(
            [body["data"]["invoiceNum"] for body in bodies], [fapiao.number for fapiao in self.issued("A")]
        )

    def test_return_and_failure(self):
        self.listen()
        self.pushed(bill("A", autoInvoice="0"), bill("B", autoInvoice="0"))
        self.world.return_bill("A", "请改")
        self.world.fail_bill("B", "税局说不")
        returned, failed = self.told(2)
        self.assertEqual(returned["interfaceCode"], "BILL.RETURN")
        self.assertEqual((returned["data"]["billNo"], returned["data"]["returnReason"]), ("A", "请改"))
        self.assertEqual((failed["returnCode"], failed["returnMsg"]), ("9999", "税局说不"))
        self.assertEqual(failed["data"][0]["issueErrorMessage"], "税局说不")

    def test_red(self):
        self.pushed(bill("A"))
        self.listen()
        self.ask(
            "ALLE.INVOICE.RED",
            {
                "serialNo": "S1",
                "invoiceNum": self.issued("A")[0].number,
                "redReason": "01",
                "invoiceType": "02",
                "sellerTaxpayerId": defaults.TAX_NO,
            },
        )
        (body,) = self.told()
        (item,) = body["data"]
        self.assertEqual(
            (body["interfaceCode"], item["billNo"], item["serialNo"], item["includeTaxAmount"]),
            ("INVOICE.RED", "A", "S1", -113),
        )
        self.assertEqual(item["originalInvoiceNumber"], self.issued("A")[0].number)

    def test_nowhere_to_send_it(self):
        self.pushed(bill("A"))
        self.assertEqual(self.world.deliveries, {})
        self.listen()
        self.world.set_callback_url("")
        self.pushed(bill("B"))
        self.assertEqual(self.world.deliveries, {})

    def test_forged(self):
        self.listen()
        self.pushed(bill("A", autoInvoice="0"))
        self.world.forge_callback("A", invoiceNum="26319999000000000000", includeTaxAmount=1)
        self.world.forge_callback("NOBODY")
        known, unknown = self.told(2)
        self.assertEqual(
            (known["data"][0]["invoiceNum"], known["data"][0]["includeTaxAmount"]), ("26319999000000000000", 1)
        )
        self.assertEqual(unknown["data"][0]["billNo"], "NOBODY")
        self.assertEqual((self.invoices("A"), self.world.fapiao), ([], {}), "nothing of it is true")
