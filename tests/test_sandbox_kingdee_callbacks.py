"""The cloud calls back: three forms, real POSTs, repeated, reordered, late and forged."""

import time

from .sandbox_kingdee_case import ACK, KingdeeCase, bill, defaults, row, unpacked


class CallbackCase(KingdeeCase):
    def told(self, listener, count=1):
        """The bodies, their data unpacked."""
        return [{**body, "data": unpacked(body["data"])} for body in listener.wait(count)]

    def settled(self):
        """Until nothing is on its way any more."""
        deadline = time.monotonic() + 10
        while self.world.waiting_callbacks():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def states(self):
        return [each.state for each in self.world.deliveries.values()]


class TestForms(CallbackCase):
    def test_by_bill(self):
        listener = self.listen()
        self.world.set("kingdee", split_amount="100.00")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        (body,) = self.told(listener)
        self.assertEqual(set(body), {"interfaceCode", "returnCode", "returnMsg", "data", "bizControl"})
        self.assertEqual(
            (body["interfaceCode"], body["returnCode"], body["returnMsg"]), ("INVOICE.OPEN", "0", "success")
        )
        self.assertEqual([item["invoiceNum"] for item in body["data"]], [fapiao.number for fapiao in self.issued("A")])
        item = body["data"][0]
        self.assertEqual((item["billNo"], item["totalAmount"], item["includeTaxAmount"]), ("A", 100, 113))
        self.assertEqual(item["invoiceDetail"][0]["billSourceId"], "1")

    def test_by_bill_with_a_failed_part(self):
        listener = self.listen()
        self.world.set("kingdee", split_amount="100.00")
        self.world.set_credit(defaults.TAX_NO, total="150.00")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        (body,) = self.told(listener)
        self.assertEqual(body["returnCode"], "9999")
        self.assertEqual([bool(item["invoiceNum"]) for item in body["data"]], [True, False])
        self.assertIn("授信额度", body["data"][1]["issueErrorMessage"])

    def test_by_fapiao(self):
        listener = self.listen()
        self.world.set("kingdee", split_amount="100.00", callback_style="fapiao")
        self.pushed(bill("A", [row(), row(detailId="2")]))
        bodies = self.told(listener, 2)
        self.assertEqual(
            [body["data"]["invoiceNum"] for body in bodies], [fapiao.number for fapiao in self.issued("A")]
        )

    def test_style_of_the_system(self):
        listener = self.listen()
        self.world.set("kingdee", callback_style="system")
        self.world.set_callback_url(listener.url, "3std1a")
        self.pushed(bill("A"))
        self.assertTrue(self.ask("BILL.PUSH", [bill("B")], businessSystemCode="3std1a")["success"])

    def test_return_and_failure(self):
        listener = self.listen()
        self.pushed(bill("A", autoInvoice="0"), bill("B", autoInvoice="0"))
        self.world.return_bill("A", "请改")
        self.world.fail_bill("B", "税局说不")
        returned, failed = self.told(listener, 2)
        self.assertEqual(returned["interfaceCode"], "BILL.RETURN")
        self.assertEqual((returned["data"]["billNo"], returned["data"]["returnReason"]), ("A", "请改"))
        self.assertEqual((failed["returnCode"], failed["returnMsg"]), ("9999", "税局说不"))
        self.assertEqual(failed["data"][0]["issueErrorMessage"], "税局说不")

    def test_red(self):
        self.pushed(bill("A"))
        listener = self.listen()
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
        (body,) = self.told(listener)
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


class TestDelivery(CallbackCase):
    def test_again_until_it_is_answered_as_documented(self):
        listener = self.listen((500, ACK), (200, {"success": True}))
        self.pushed(bill("A"))
        first, second, third = listener.wait(3)
        self.assertEqual(first, second)
        self.assertEqual(first, third)

    def test_not_for_ever(self):
        listener = self.listen(*[(200, {"success": False})] * 5)
        self.pushed(bill("A"))
        listener.wait(3)
        while self.states() == ["waiting"]:
            self.world.stirred.wait(0.01)
        self.assertEqual((self.states(), len(listener.got)), (["given_up"], 3))

    def test_held(self):
        self.listen()
        self.world.set("kingdee", hold_callbacks=True)
        self.pushed(bill("A"), bill("B"), bill("C"))
        self.assertEqual(self.states(), ["held"] * 3)

    def test_forged(self):
        listener = self.listen()
        self.pushed(bill("A", autoInvoice="0"))
        self.world.forge_callback("A", invoiceNum="26319999000000000000", includeTaxAmount=1)
        self.world.forge_callback("NOBODY")
        known, unknown = self.told(listener, 2)
        self.assertEqual(
            (known["data"][0]["invoiceNum"], known["data"][0]["includeTaxAmount"]), ("26319999000000000000", 1)
        )
        self.assertEqual(unknown["data"][0]["billNo"], "NOBODY")
        self.assertEqual((self.invoices("A"), self.world.fapiao), ([], {}), "nothing of it is true")

    def test_before_the_answer_to_the_push(self):
        listener = self.listen()
        self.log_in()
        self.world.faults.add("BILL.PUSH", "delay", "after", seconds=1)
        self.pushed(bill("A"))
        (entry,) = self.world.calls.of("BILL.PUSH")
        (delivery,) = self.world.deliveries.values()
        self.assertEqual(len(listener.got), 1)
        self.assertGreater(entry.ended - entry.started, 1)
        self.assertEqual(delivery.state, "delivered")
