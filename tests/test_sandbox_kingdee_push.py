"""BILL.PUSH: the bureau's checks, one fapiao a bill, when it is issued, and what a query tells."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from .sandbox_kingdee_case import KingdeeCase, bill, defaults, row


class TestIssued(KingdeeCase):
    def test_at_once(self):
        self.pushed(bill("A", buyerRecipientMail="a@example.com", payee="乙", reviewer="丙"))
        (fapiao,) = self.issued("A")
        self.assertEqual(
            (fapiao.net, fapiao.tax, fapiao.gross), (Decimal("100.00"), Decimal("13.00"), Decimal("113.00"))
        )
        self.assertEqual(
            (fapiao.buyer_mail, fapiao.drawer, fapiao.payee, fapiao.reviewer, fapiao.special),
            ("a@example.com", "张三", "乙", "丙", False),
        )
        self.assertEqual(str(self.world.credit_left(defaults.TAX_NO)), "2999900.00")

    def test_what_a_query_tells(self):
        self.pushed(bill("A", [row(), row(detailId="2", taxRate="0.06", taxAmount="6.00")]))
        (item,) = self.invoices("A")
        (fapiao,) = self.issued("A")
        self.assertEqual(
            {
                key: item[key]
                for key in (
                    "billNo",
                    "serialNo",
                    "invoiceType",
                    "invoiceStatus",
                    "invoiceNum",
                    "invoiceCode",
                    "totalAmount",
                    "totalTaxAmount",
                    "includeTaxAmount",
                    "issueErrorMessage",
                    "originalInvoiceNumber",
                    "canRedAmount",
                )
            },
            {
                "billNo": "A",
                "serialNo": "A",
                "invoiceType": "10xdp",
                "invoiceStatus": "0",
                "invoiceNum": fapiao.number,
                "invoiceCode": "",
                "totalAmount": 200,
                "totalTaxAmount": 19,
                "includeTaxAmount": 219,
                "issueErrorMessage": "",
                "originalInvoiceNumber": "",
                "canRedAmount": 200,
            },
        )
        self.assertRegex(item["invoiceDate"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        first, second = item["goods"]
        self.assertEqual(
            (first["billSourceId"], first["lineProperty"], first["price"], second["taxAmount"]),
            ("1", "0", "50.0000000000", 6),
        )

    def test_files_behind_the_addresses(self):
        self.pushed(bill("A"))
        (item,) = self.invoices("A")
        for key, start in (("invoicePdfFileUrl", b"%PDF"), ("invoiceFileUrl", b"PK"), ("invoiceXmlFileUrl", b"<?xml")):
            self.assertTrue(self.http.get(item[key], timeout=10).content.startswith(start), key)
        self.assertEqual(self.http.get(item["invoicePdfFileUrl"][:-1], timeout=10).status_code, 404)

    def test_numbers_or_text(self):
        self.pushed(
            bill(
                "A",
                [row(amount=0.3, taxAmount=0.04, quantity=3, price=0.1, lineProperty=2)],
                totalAmount=0.34,
                buyerProperty=0,
            )
        )
        self.assertEqual(self.issued("A")[0].gross, Decimal("0.34"))

    def test_tax_inclusive(self):
        self.pushed(
            bill(
                "A",
                [row(amount="113.00", price="56.5", taxAmount="13.00")],
                includeTaxFlag="1",
                totalAmount="113.00",
                invoiceType="08xdp",
            )
        )
        (fapiao,) = self.issued("A")
        self.assertEqual((fapiao.net, fapiao.gross, fapiao.special), (100, 113, True))

    def test_tax_is_worked_out_where_it_is_missing(self):
        self.pushed(bill("A", [row(taxAmount=None)], totalAmount="113.00"))
        self.assertEqual(self.issued("A")[0].tax, 13)

    def test_discounts(self):
        discount = row(
            detailId="2",
            lineProperty="1",
            quantity=None,
            price=None,
            amount="-10.00",
            taxAmount="-1.30",
            specification=None,
            units=None,
        )
        self.pushed(bill("A", [row(), discount]))
        self.pushed(bill("B", [row(discountAmount="10.00")], totalAmount="101.70"))
        for number in "AB":
            (fapiao,) = self.issued(number)
            self.assertEqual(
                [(line.nature, line.amount) for line in fapiao.lines], [("discounted", 100), ("discount", -10)]
            )
            self.assertEqual(fapiao.gross, Decimal("101.70"))
            self.assertEqual([line["lineProperty"] for line in self.invoices(number)[0]["goods"]], ["2", "1"])

    def test_other_names_for_the_number(self):
        self.pushed(bill("A"))


class TestByDevice(KingdeeCase):
    def test_code_and_number_of_each_kind(self):
        for kind, digits in (("026", 12), ("028", 12), ("004", 10), ("007", 10), ("025", 12)):
            with self.subTest(kind):
                self.pushed(bill(f"D{kind}", invoiceType=kind))
                (told,) = self.invoices(f"D{kind}")
                self.assertEqual((told["invoiceType"], len(told["invoiceCode"])), (kind, digits))
                self.assertRegex(told["invoiceNum"], r"^\d{8}$")
                self.assertTrue(told["invoiceImageUrl"])


class TestRefused(KingdeeCase):
    def test_totals(self):
        self.refused_bill(bill("A", totalAmount="113.01"), "价税合计金额不对")
        self.refused_bill(bill("A", totalAmount="100.00"), "价税合计金额不对")
        self.world.set("kingdee", total_is="flag")
        self.refused_bill(bill("A"), "价税合计金额不对")
        self.pushed(bill("A", totalAmount="100.00"))
        self.world.set("kingdee", total_is="either")

    def test_heads(self):
        for text, changes in (
            ("销方名称", {"sellerName": "别人"}),
            ("购方税号", {"buyerTaxpayerId": "x"}),
            ("购方税号不能为空", {"invoiceType": "08xdp", "buyerTaxpayerId": ""}),
            ("发票类型", {"invoiceType": "005"}),
            ("billDate", {"billDate": "20260301"}),
            ("buyerName不能为空", {"buyerName": ""}),
            ("autoInvoice", {"autoInvoice": "Y"}),
            ("备注", {"remark": "备" * 256}),
            ("未知参数", {"unheardOf": "1"}),
            ("负数单据", {"blueinvoiceNo": "1"}),
            ("特定业务类型", {"specialType": "E10"}),
            ("billNo长度", {"billNo": "x" * 51}),
        ):
            self.refused_bill(bill("A", **changes), text)

    def test_lines(self):
        for text, changes in (
            ("格式不正确", {"goodsName": "软件"}),
            ("19位", {"revenueCode": "106"}),
            ("税率", {"taxRate": "0.17", "taxAmount": "17.00"}),
            ("税率", {"taxRate": "13"}),
            ("单价×数量", {"price": "49"}),
            ("税额", {"taxAmount": "12.00"}),
            ("小数位数", {"amount": "100.001"}),
            ("合法的数字", {"amount": "1e2"}),
            ("lineProperty", {"lineProperty": "0"}),
            ("未知参数", {"tax": "1"}),
            ("免税", {"taxRate": "0", "taxAmount": "0.00", "privilegeContent": "免税"}),
        ):
            self.refused_bill(bill("A", [row(**changes)]), text)
        noise = {"amount": 0.1 + 0.2, "taxAmount": 0.04, "quantity": None, "price": None}
        self.refused_bill(bill("A", [row(**noise)]), "0.30000000000000004")
        self.refused_bill(bill("A", [row(), row()]), "detailId重复")

    def test_discount_lines_allow_one_fen_only(self):
        discount = row(
            detailId="2",
            lineProperty="1",
            quantity=None,
            price=None,
            amount="-10.00",
            taxAmount="-1.32",
            specification=None,
            units=None,
        )
        self.refused_bill(bill("A", [row(), discount]), "误差超过0.01")

    def test_an_object_is_no_array(self):
        answer = self.ask("BILL.PUSH", bill("A"))
        self.assertIn("数组", answer["message"])

    def test_each_bill_of_a_push_is_answered(self):
        answer = self.push(bill("A"), bill("B", totalAmount="1.00"), bill("C"), bill("A"))
        self.assertFalse(answer["success"])
        self.assertEqual(
            [(each["billNo"], each["success"]) for each in answer["data"]],
            [("A", True), ("B", False), ("C", True), ("A", False)],
        )
        self.assertEqual([len(self.issued(number)) for number in "ABC"], [1, 0, 1])


class TestRepeated(KingdeeCase):
    def test_same_number(self):
        self.pushed(bill("A"))
        self.assertIn("已存在,请勿重复", self.push(bill("A"))["message"])
        self.assertIn("内容不一致", self.push(bill("A", remark="改"))["message"])

    def test_racing_pushes_issue_once(self):
        self.log_in()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.push(bill("A")), range(8)))
        self.assertEqual(sum(answer["success"] for answer in answers), 1)
        self.assertEqual(len(self.issued("A")), 1)


class TestWhen(KingdeeCase):
    def test_by_hand(self):
        self.pushed(bill("A", autoInvoice="0"))
        self.world.advance(days=1)
        self.token = None
        self.assertEqual(self.invoices("A"), [])
        self.world.issue_bill("A")
        self.assertEqual(len(self.invoices("A")), 1)
        with self.assertRaisesRegex(Exception, "已开票"):
            self.world.issue_bill("A")

    def test_unknown(self):
        self.assertIn("未查询到", self.query("A")["message"])

    def test_failed_with_its_message(self):
        self.world.set_credit(defaults.TAX_NO, total="50.00")
        self.pushed(bill("A"))
        (item,) = self.invoices("A")
        self.assertIn("授信额度不足", item["issueErrorMessage"])
        self.assertEqual(item["invoiceNum"], "")
        self.world.set_credit(defaults.TAX_NO, total="500.00")
        self.world.issue_bill("A")
        self.assertEqual(len(self.issued("A")), 1)

    def test_failed_for_want_of_a_session(self):
        self.world.set_session(defaults.TAX_NO, "lost")
        self.pushed(bill("A"))
        self.assertIn("登录已失效", self.invoices("A")[0]["issueErrorMessage"])

    def test_failed_and_returned_by_somebody(self):
        self.pushed(bill("A", autoInvoice="0"), bill("B", autoInvoice="0"))
        self.world.fail_bill("A", "税局说不")
        self.assertEqual(self.invoices("A")[0]["issueErrorMessage"], "税局说不")
        self.world.return_bill("B", "请改名称")
        self.assertIn("已退回:请改名称", self.query("B")["message"])


class TestWithdraw(KingdeeCase):
    def test_gone_and_free_again(self):
        self.pushed(bill("A", autoInvoice="0"))
        self.assertTrue(self.withdraw("A")["success"])
        self.assertIn("未查询到", self.query("A")["message"])
        with self.assertRaisesRegex(Exception, "已撤回"):
            self.world.issue_bill("A")
        self.pushed(bill("A", remark="改过"))
        self.assertEqual([fapiao.remark for fapiao in self.issued("A")], ["改过"])

    def test_a_failed_one_too(self):
        self.pushed(bill("A", autoInvoice="0"))
        self.world.fail_bill("A")
        self.assertIn("已存在", self.push(bill("A", autoInvoice="0"))["message"])
        self.assertTrue(self.withdraw("A")["success"])

    def test_mixed(self):
        self.pushed(bill("A", autoInvoice="0"), bill("B"))
        answer = self.withdraw("A", "B", "C")
        self.assertFalse(answer["success"])
        self.assertEqual(
            [(each["billNo"], each["success"]) for each in answer["data"]], [("A", True), ("B", False), ("C", False)]
        )
        self.assertIn("已开票", answer["data"][1]["message"])
        self.assertIn("不存在", answer["data"][2]["message"])
        self.assertEqual((self.world.bill("A").state, self.world.bill("B").state), ("withdrawn", "issued"))

    def test_at_most_fifty(self):
        self.assertIn("最多撤回50", self.withdraw(*map(str, range(51)))["message"])
        self.assertIn("serialNos", self.withdraw()["message"])

    def test_racing_with_issue(self):
        for number in map(str, range(6)):
            self.pushed(bill(number, autoInvoice="0"))
            with ThreadPoolExecutor(2) as pool:
                taken = pool.submit(self.withdraw, number)
                pool.submit(self.world.issue_bill, number).exception()
            self.assertEqual(taken.result()["success"], not self.issued(number))
