"""The worst clouds: nothing de-duplicated, shown late, answers that mislead, deeds that come late."""

import requests

from .sandbox_case import line
from .sandbox_kingdee_case import bill, defaults
from .test_sandbox_kingdee_red import RedCase as KingdeeRedCase
from .test_sandbox_red import RedCase

SOME = 30  # draws, so that every class comes


class TestNothingDeduplicated(RedCase):
    def setUp(self):
        super().setUp()
        self.world.set(deduplicate=False)

    def test_the_same_serial(self):
        order = self.order()
        numbers = [self.call("blueTicket", order)["data"]["Fphm"] for _ in range(2)]
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 2)
        self.assertEqual([each.number for each in self.world.issued(order["fpqqlsh"])], numbers)
        found = self.call("invoiceQueryMx", self.who(fpqqlsh=order["fpqqlsh"]))["data"]["fphm"]
        self.assertEqual(found, numbers[0])

    def test_while_the_first_is_under_way(self):
        order = self.order()
        self.world.faults.add("blueTicket", "issuing", times=2, seconds=60)
        for _ in range(3):
            self.call("blueTicket", order)
        self.world.advance(seconds=61)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 3)

    def test_the_same_red_order(self):
        fapiao = self.issue()
        order = self.red_order(fapiao, self.apply(fapiao)["data"]["xxbbh"])
        numbers = [self.call("hzfpkj", order)["data"]["fphm"] for _ in range(2)]
        self.assertEqual([each.number for each in self.world.issued(order["fpqqlsh"])], numbers)
        self.assertEqual({each.original for each in self.world.issued(order["fpqqlsh"])}, {fapiao.number})


class TestKingdeeNothingDeduplicated(KingdeeRedCase):
    def setUp(self):
        super().setUp()
        self.world.set(deduplicate=False)

    def test_the_same_bill(self):
        for _ in range(2):
            self.pushed(bill("B"))
        self.assertEqual((self.world.issued_count("B"), len(self.issued("B"))), (2, 2))
        entries = self.query("B")["data"]
        self.assertEqual([each["billNo"] for each in entries], ["B", "B"])
        told = [each["invoiceNum"] for entry in entries for each in entry["invoiceList"]]
        self.assertEqual(told, [each.number for each in self.world.issued("B")])

    def test_twice_in_one_push_and_under_one_request_id(self):
        for _ in range(2):
            self.ask("BILL.PUSH", [bill("B"), bill("B")], requestId="1714981252080746")
        self.assertEqual(self.world.issued_count("B"), 4)

    def test_all_of_them_are_withdrawn(self):
        for _ in range(2):
            self.pushed(bill("B", autoInvoice="0"))
        self.assertTrue(self.withdraw("B")["success"])
        self.assertIn("未查询到", self.query("B")["message"])
        self.pushed(bill("B", autoInvoice="0"), bill("B"))
        self.assertIn("已开票", self.withdraw("B")["message"])

    def test_the_same_red_order(self):
        for options in ({}, {"redReason": "04", "invoiceDetail": [self.part()]}):
            self.pushed(bill("C"))
            self.blue = self.issued("C")[-1]
            serial = f"S{len(options)}"
            numbers = [self.red(serial, **options)["data"]["invoiceNum"] for _ in range(2)]
            self.assertEqual([each.number for each in self.world.issued(serial)], numbers)

    def test_the_same_red_order_with_its_form(self):
        number = self.apply()["data"]["redInfoBillNo"]
        self.assertIn("不能重复申请", self.apply()["message"], "the bureau has one open form of a fapiao")
        for _ in range(2):
            self.assertTrue(self.red(redInfoBillNo=number)["success"])
        self.assertEqual(self.world.issued_count("S1"), 2)


class TestShownLate(RedCase):
    def test_blue(self):
        self.world.set(show_after=600)
        order = self.order()
        number = self.call("blueTicket", order)["data"]["Fphm"]
        asked = ({"fpqqlsh": order["fpqqlsh"]}, {"fphm": number}, {"fphm": number, "fpqqlsh": order["fpqqlsh"]})
        unknown = self.call("invoiceQueryMx", self.who(fpqqlsh=self.uid()))
        for query in asked:
            self.assertEqual(self.call("invoiceQueryMx", self.who(**query)), unknown)
        for call, more in (("retInviceMsg", {}), ("getInvoicePdfOfd", {"downflag": "1"})):
            self.assertEqual(self.call(call, self.who(fphm=number, **more))["msg"], unknown["msg"])
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)
        self.world.advance(seconds=600)
        for query in asked:
            self.assertEqual(self.call("invoiceQueryMx", self.who(**query))["data"]["fphm"], number)

    def test_red(self):
        fapiao = self.issue()
        self.world.set(show_after=600)
        self.world.advance(seconds=600)
        red = self.reverse(fapiao)
        query = self.who(fpqqlsh=red.request)
        self.assertEqual(self.call("invoiceQueryMx", query)["code"], 999)
        self.world.advance(seconds=600)
        self.assertEqual(self.call("invoiceQueryMx", query)["data"]["fphm"], red.number)


class TestKingdeeShownLate(KingdeeRedCase):
    def fapiao(self, **wanted):
        return self.ask("ALLE.INVOICE.QUERY", {"sellerTaxpayerId": defaults.TAX_NO, **wanted})


class TestMisleading(RedCase):
    def strike(self, **options):
        self.world.faults.clear()
        self.world.faults.add("blueTicket", "misleading", **options)
        order = self.order()
        answer = self.call("blueTicket", order)
        return answer["code"], answer["msg"], self.world.issued_count(order["fpqqlsh"])

    def test_acts_and_lies(self):
        self.assertEqual(self.strike(text="解析返回数据异常"), (999, "解析返回数据异常", 1))
        self.assertEqual(self.strike(text="税号错误", code=302, when="before"), (302, "税号错误", 0))

    def test_draws_can_be_repeated(self):
        runs = []
        for seed in (7, 7, 8):
            self.world.faults.clear()
            self.world.faults.add("blueTicket", "misleading", times=-1, seed=seed)
            runs.append([self.call("blueTicket", self.order())["msg"] for _ in range(SOME)])
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])

    def test_of_the_red_fapiao(self):
        fapiao = self.issue()
        order = self.red_order(fapiao, self.apply(fapiao)["data"]["xxbbh"])
        self.world.faults.add("hzfpkj", "misleading", text_class="issued")
        self.assertNotEqual(self.call("hzfpkj", order)["code"], 200)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)

    def test_a_class_nobody_knows(self):
        with self.assertRaisesRegex(ValueError, "text_class"):
            self.world.faults.add("blueTicket", "misleading", text_class="odd")


class TestKingdeeMisleading(KingdeeRedCase):
    def strike(self, number, **options):
        self.world.faults.clear()
        self.world.faults.add("BILL.PUSH", "misleading", **options)
        answer = self.push(bill(number))
        self.assertEqual((answer["success"], answer["data"][0]["message"]), (False, answer["message"]))
        return answer["errorCode"], answer["message"], self.world.issued_count(number)

    def test_acts_and_lies(self):
        self.assertEqual(self.strike("B", text="系统异常"), ("9999", "系统异常", 1))
        self.assertEqual(self.strike("C", text="异常", code="10127", when="before"), ("10127", "异常", 0))

    def test_of_the_red_fapiao(self):
        self.world.faults.add("ALLE.INVOICE.RED", "misleading", text_class="open")
        self.assertFalse(self.red()["success"])
        self.assertEqual(self.world.issued_count("S1"), 1)


class TestWrongAnswers(RedCase):
    def test_a_repeated_serial_told_as_success(self):
        order = self.order()
        number = self.call("blueTicket", order)["data"]["Fphm"]
        self.assertEqual(self.call("blueTicket", order)["code"], 999)
        self.world.faults.add("blueTicket", "repeat", times=2)
        for changes in ({}, {"bz": "改"}):
            self.assertEqual(self.call("blueTicket", {**order, **changes})["data"]["Fphm"], number)

    def test_a_fault_of_repeating_leaves_the_first_alone(self):
        for when in ("before", "after"):
            self.world.faults.add("blueTicket", "repeat", when)
            fapiao = self.issue()
            self.assertEqual(self.world.issued_count(fapiao.request), 1)

    def test_issued_twice_and_told_the_first(self):
        self.world.set(deduplicate=False)
        order = self.order()
        number = self.call("blueTicket", order)["data"]["Fphm"]
        self.world.faults.add("blueTicket", "repeat")
        self.assertEqual(self.call("blueTicket", order)["data"]["Fphm"], number)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 2)

    def test_another_number(self):
        older = self.issue()
        for when, count in (("after", 1), ("before", 0)):
            order = self.order()
            self.world.faults.add("blueTicket", "wrong_number", when)
            self.assertEqual(self.call("blueTicket", order)["data"]["Fphm"], older.number)
            self.assertEqual(self.world.issued_count(order["fpqqlsh"]), count)

    def test_another_number_of_a_query_and_of_the_red_fapiao(self):
        older, fapiao = self.issue(), self.issue([line(je="200.00", se="26.00", dj="100")])
        self.world.faults.add("invoiceQueryMx", "wrong_number")
        answer = self.call("invoiceQueryMx", self.who(fpqqlsh=fapiao.request))["data"]
        self.assertEqual((answer["fphm"], answer["jshj"]), (older.number, "226"))
        first = self.reverse(older)
        order = self.red_order(fapiao, self.apply(fapiao)["data"]["xxbbh"])
        self.world.faults.add("hzfpkj", "wrong_number")
        answer = self.call("hzfpkj", order)["data"]
        self.assertEqual((answer["fphm"], answer["jshj"]), (first.number, -226))

    def test_no_older_one_no_lie(self):
        self.world.faults.add("blueTicket", "wrong_number")
        order = self.order()
        number = self.call("blueTicket", order)["data"]["Fphm"]
        self.assertEqual(number, self.world.issued(order["fpqqlsh"])[0].number)


class TestKingdeeWrongAnswers(KingdeeRedCase):
    def test_a_repeated_bill_told_as_success(self):
        self.assertFalse(self.push(bill("A"))["success"])
        self.world.faults.add("BILL.PUSH", "repeat")
        self.assertTrue(self.push(bill("A", remark="改"))["success"])

    def test_a_true_refusal_is_no_repetition(self):
        self.world.faults.add("BILL.PUSH", "repeat")
        self.assertFalse(self.push(bill("B", totalAmount="1.00"))["success"])
        self.assertEqual(self.world.issued_count("B"), 0)

    def test_a_repeated_red_order(self):
        number = self.red(redReason="01")["data"]["invoiceNum"]
        self.world.faults.add("ALLE.INVOICE.RED", "repeat")
        self.assertEqual(self.red(redReason="04")["data"]["invoiceNum"], number)
        self.assertFalse(self.red(redReason="04")["success"])

    def test_another_number(self):
        self.pushed(bill("B"))
        self.world.faults.add("BILL.INVOICE.QUERY", "wrong_number")
        (item,) = self.invoices("B")
        self.assertEqual((item["invoiceNum"], item["includeTaxAmount"]), (self.blue.number, 113))
        self.assertEqual(self.invoices("B")[0]["invoiceNum"], self.issued("B")[0].number)
        other = self.issued("B")[0].number
        self.world.faults.add("ALLE.INVOICE.RED", "wrong_number")
        told = self.red()["data"]
        self.assertIn(told["invoiceNum"], (self.blue.number, other))
        self.assertEqual(told["originalInvoiceNumber"], self.blue.number)
        self.assertEqual(self.world.issued_count("S1"), 1)


class TestLate(RedCase):
    def lost(self, call, form):
        with self.assertRaises(requests.ConnectionError):
            self.post(call, form)

    def test_blue(self):
        self.log_in()
        order = self.order()
        self.world.faults.add("blueTicket", "late", seconds=300)
        self.lost("blueTicket", order)
        query = self.who(fpqqlsh=order["fpqqlsh"])
        self.assertIn("未查询到", self.call("invoiceQueryMx", query)["msg"])
        self.world.advance(seconds=200)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 0)
        self.world.advance(seconds=100)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)
        self.assertEqual(self.call("invoiceQueryMx", query)["code"], 200)

    def test_sent_again_meanwhile(self):
        for deduplicate, count in ((True, 1), (False, 2)):
            self.log_in()
            self.world.set(deduplicate=deduplicate)
            order = self.order()
            self.world.faults.add("blueTicket", "late")
            self.lost("blueTicket", order)
            self.assertEqual(self.call("blueTicket", order)["code"], 200)
            self.world.advance(seconds=60)
            self.assertEqual(self.world.issued_count(order["fpqqlsh"]), count)

    def test_red(self):
        fapiao = self.issue()
        order = self.red_order(fapiao, self.apply(fapiao)["data"]["xxbbh"])
        self.world.faults.add("hzfpkj", "late", seconds=10)
        self.lost("hzfpkj", order)
        self.assertEqual(fapiao.reversed_by, "")
        self.world.advance(seconds=10)
        self.assertEqual(fapiao.reversed_by, self.world.issued(order["fpqqlsh"])[0].number)

    def test_what_the_bureau_refuses_stays_refused(self):
        self.log_in()
        self.world.faults.add("blueTicket", "late", seconds=10)
        self.lost("blueTicket", self.order([line(se="20.00")]))
        self.world.advance(seconds=10)
        self.assertEqual((self.world.fapiao, self.world.late), ({}, []))


class TestKingdeeLate(KingdeeRedCase):
    def lost(self, interface, content):
        with self.assertRaises(requests.ConnectionError):
            self.raw(interface, content)

    def test_blue(self):
        self.world.faults.add("BILL.PUSH", "late", seconds=300)
        self.lost("BILL.PUSH", [bill("B")])
        self.assertIn("未查询到", self.query("B")["message"])
        self.world.advance(seconds=300)
        self.assertEqual(self.world.issued_count("B"), 1)
        self.assertEqual(len(self.invoices("B")), 1)

    def test_red(self):
        self.world.faults.add("ALLE.INVOICE.RED", "late", seconds=300)
        self.lost(
            "ALLE.INVOICE.RED",
            {
                "serialNo": "S1",
                "invoiceNum": self.blue.number,
                "redReason": "01",
                "invoiceType": "02",
                "sellerTaxpayerId": defaults.TAX_NO,
            },
        )
        self.assertEqual(self.world.issued_count("S1"), 0)
        self.world.advance(seconds=300)
        self.assertEqual(self.world.issued_count("S1"), 1)
