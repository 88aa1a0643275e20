"""Reversing through 金蝶发票云: the form, its states, parts of lines, and the red fapiao."""

from decimal import Decimal

from .sandbox_kingdee_case import KingdeeCase, bill, defaults, row


class RedCase(KingdeeCase):
    def setUp(self):
        super().setUp()
        self.pushed(bill("A", [row(), row(detailId="2", taxRate="0.06", taxAmount="6.00")]))
        (self.blue,) = self.issued("A")

    def apply(self, **changes):
        return self.ask(
            "REDCONFIRMBILL.APPLY",
            {"orderNo": "R1", "invoiceNo": self.blue.number, "redReason": "1", "invoiceType": "10xdp", **changes},
        )

    def forms(self, **changes):
        answer = self.ask("ALLE.REDCONFIRMBILL.QUERY", {"taxpayerId": defaults.TAX_NO, **changes})
        self.assertTrue(answer["success"], answer)
        return answer["data"]

    def revoke(self, number, **changes):
        return self.ask(
            "REDCONFIRMBILL.REVOKE",
            {"taxNo": defaults.TAX_NO, "number": number, "enteridentity": "0", "qrlx": "C", **changes},
        )

    def red(self, serial="S1", **changes):
        return self.ask(
            "ALLE.INVOICE.RED",
            {
                "serialNo": serial,
                "invoiceNum": self.blue.number,
                "redReason": "01",
                "invoiceType": "02",
                "sellerTaxpayerId": defaults.TAX_NO,
                **changes,
            },
        )

    def part(self, seq=1, amount="-50.00", tax="-6.50", **changes):
        return {
            "originalSeq": seq,
            "amount": amount,
            "taxAmount": tax,
            "lineProperty": "0",
            "goodsName": "*软件*沙箱软件",
            "revenueCode": "1060301020100000000",
            **changes,
        }


class TestDifferential(RedCase):
    def test_is_reversed_in_full_only(self):
        paper = {"evidenceType": "06", "evidenceAmount": "60.00", "deduction": "40.00"}
        net = row(amount="104.60", taxAmount="8.40", quantity=None, price=None)
        margin = {"taxationStyle": "2", "deductionType": "02", "deduction": "40.00", "deductionList": [paper]}
        for text, changes in (
            ("必须为0", {"deductionType": "01"}),
            ("非差额征税", {"taxationStyle": "0"}),
            ("备注不能为空", {"deductionList": [{**paper, "evidenceType": "09"}]}),
        ):
            self.assertIn(text, self.push(bill("B", [net], **{**margin, **changes}))["message"])
        self.pushed(bill("B", [net], **margin))
        (self.blue,) = self.issued("B")
        self.assertEqual((self.blue.levy, self.blue.tax), ("3", Decimal("8.40")))
        answer = self.apply(redReason="4", invoiceDetail=[self.part(amount="-50.00", tax="-4.02")])
        self.assertIn("只能全额红冲", answer["message"])
        self.assertEqual(self.apply()["errorCode"], "0")


class TestForm(RedCase):
    def test_applied_for(self):
        answer = self.apply()
        self.assertEqual(answer["errorCode"], "0", answer)
        self.assertEqual((answer["data"]["redConfirmBillStatus"], answer["data"]["orderNo"]), ("01", "R1"))
        (form,) = self.forms(redInfoBillNo=answer["data"]["redInfoBillNo"])["dataList"]
        self.assertEqual(form["govRedConfirmBillUuid"], answer["data"]["govRedConfirmBillUuid"])
        self.assertEqual((form["totalAmount"], form["totalTaxAmount"]), (-200, -19))

    def test_one_form_for_one_order_number(self):
        number = self.apply()["data"]["redInfoBillNo"]
        self.assertEqual(self.apply()["data"]["redInfoBillNo"], number)
        self.assertIn("内容不一致", self.apply(redReason="4")["message"])
        self.assertIn("不能重复申请", self.apply(orderNo="R2")["message"])

    def test_mistakes(self):
        for text, changes in (
            ("redReason", {"redReason": "01"}),
            ("未查询到发票", {"invoiceNo": "1"}),
            ("与蓝字发票不一致", {"invoiceType": "08xdp"}),
            ("orderNo不能为空", {"orderNo": ""}),
            ("不在租户", {"sellerTaxpayerId": defaults.BUYER_TAX_NO}),
            ("03", {"redReason": "3"}),
        ):
            answer = self.apply(**changes)
            self.assertFalse(answer["success"], changes)
            self.assertIn(text, answer["message"])
        self.assertEqual(self.world.red_forms, {})

    def test_the_buyer_has_to_agree(self):
        self.world.set_use(self.blue.number, vat="01")
        number = self.apply()["data"]["redInfoBillNo"]
        self.assertEqual(self.forms()["dataList"][0]["redConfirmBillStatus"], "02")
        self.assertIn("不能开具红字发票", self.red(redInfoBillNo=number)["message"])
        self.world.act_red_form(number, "confirm")
        self.assertTrue(self.red(redInfoBillNo=number)["success"])

    def test_revoked(self):
        number = self.apply()["data"]["redInfoBillNo"]
        self.assertIn("录入方身份", self.revoke(number, enteridentity="1")["message"])
        self.assertIn("qrlx", self.revoke(number, qrlx="Y")["message"])
        self.assertTrue(self.revoke(number)["success"])
        self.assertEqual(self.forms()["dataList"][0]["redConfirmBillStatus"], "08")
        self.assertIn("不能进行该操作", self.revoke(number)["message"])
        self.assertIn("不存在", self.revoke("1")["message"])

    def test_periods(self):
        self.apply()
        day = f"{self.world.clock.now():%Y-%m-%d}"
        for count, changes in ((1, {"startDate": day, "endDate": day}), (0, {"startDate": "2099-01-01"})):
            self.assertEqual(len(self.forms(**changes)["dataList"]), count, changes)
        self.assertEqual(self.forms()["totalElement"], 1)


class TestRed(RedCase):
    def test_from_a_form(self):
        number = self.apply()["data"]["redInfoBillNo"]
        answer = self.red(redInfoBillNo=number)
        made = self.world.fapiao[answer["data"]["invoiceNum"]]
        self.assertEqual((made.original, made.gross, made.red_form), (self.blue.number, -219, number))
        self.assertEqual(answer["data"]["originalInvoiceNumber"], self.blue.number)
        self.assertEqual(self.invoices("A")[0]["invoiceStatus"], "3")
        self.assertIn("已开具红字发票", self.red("S2", redInfoBillNo=number)["message"])

    def test_directly(self):
        answer = self.red()
        self.assertEqual(answer["data"]["includeTaxAmount"], -219)
        (form,) = self.world.red_forms.values()
        self.assertEqual(answer["data"]["redInfoBillNo"], form.number)
        self.assertEqual(str(self.world.credit_left(defaults.TAX_NO)), "3000000.00")

    def test_one_red_fapiao_for_one_serial(self):
        first = self.red()["data"]["invoiceNum"]
        self.assertEqual(self.red()["data"]["invoiceNum"], first)
        self.assertIn("内容不一致", self.red(redReason="04")["message"])
        self.assertIn("已全额红冲", self.red("S2")["message"])
        self.assertEqual(len(self.world.fapiao), 2)

    def test_directly_but_the_buyer_has_to_agree(self):
        self.world.set_use(self.blue.number, booked="02")
        self.assertIn("待购方确认", self.red()["message"])
        (form,) = self.world.red_forms.values()
        self.world.act_red_form(form.number, "confirm")
        self.assertEqual(self.red()["data"]["redInfoBillNo"], form.number)

    def test_needs_a_session(self):
        self.world.set_session(defaults.TAX_NO, "sms")
        self.assertIn("短信验证码", self.red()["message"])


class TestParts(RedCase):
    def test_several_until_nothing_is_left(self):
        first = self.red("S1", redReason="04", invoiceDetail=[self.part()])
        self.assertEqual(first["data"]["includeTaxAmount"], -56.5)
        (item,) = self.invoices("A")
        self.assertEqual([item[key] for key in ("invoiceStatus", "canRedAmount", "canRedTaxAmount")], ["0", 150, 12.5])
        self.red(
            "S2",
            redReason="02",
            invoiceDetail=[
                self.part(quantity="-1", price="50"),
                self.part(2, "-100.00", "-6.00", quantity="-2", price="50"),
            ],
        )
        self.assertEqual(self.invoices("A")[0]["invoiceStatus"], "3")
        self.assertIn("已全额红冲", self.red("S3", redReason="04")["message"])
        reds = [fapiao for fapiao in self.world.fapiao.values() if fapiao.red]
        self.assertEqual(sum(fapiao.gross for fapiao in reds), -self.blue.gross)
        self.assertEqual(str(self.world.credit_left(defaults.TAX_NO)), "3000000.00")

    def test_the_rest_without_naming_it(self):
        self.red("S1", redReason="04", invoiceDetail=[self.part()])
        self.assertEqual(self.red("S2", redReason="04")["data"]["totalAmount"], -150)
        self.assertEqual(self.blue.reversed_by, self.world.issued("S2")[0].number)

    def test_by_a_form(self):
        form = self.apply(redReason="4", invoiceDetail=[self.part()])["data"]
        self.assertEqual((form["totalAmount"], form["totalTaxAmount"]), (-50, -6.5))
        self.assertEqual(self.red(redInfoBillNo=form["redInfoBillNo"])["data"]["totalAmount"], -50)
        self.assertTrue(self.apply(orderNo="R2", redReason="4", invoiceDetail=[self.part()])["success"])

    def test_too_much_or_for_the_wrong_reason(self):
        for text, reason, parts in (
            ("超过剩余", "04", [self.part(amount="-100.01", tax="-13.00")]),
            ("超过剩余", "04", [self.part(tax="-13.01")]),
            ("误差超过", "04", [self.part(tax="-6.00")]),
            ("必须全额", "01", [self.part()]),
            ("数量不能为空", "02", [self.part()]),
            ("单价必须", "02", [self.part(quantity="-2", price="25")]),
            ("不能填写单价", "04", [self.part(quantity="-1", price="50")]),
            ("重复引用", "04", [self.part(), self.part()]),
            ("不存在", "04", [self.part(3)]),
            ("应为负数", "04", [self.part(amount="50.00")]),
            ("goodsName", "04", [self.part(goodsName="*软件*别的")]),
        ):
            answer = self.red(redReason=reason, invoiceDetail=parts)
            self.assertFalse(answer["success"], text)
            self.assertIn(text, answer["message"])
        self.assertEqual(self.world.red_forms, {})

    def test_a_discounted_line_of_a_tax_inclusive_bill(self):
        discounted = row(amount="113.00", price="56.5", discountAmount="11.30")
        self.pushed(bill("B", [discounted], includeTaxFlag="1", totalAmount="101.70"))
        (self.blue,) = self.issued("B")
        part = self.part(amount="-45.00", tax="-5.85", quantity="-1", price="45")
        self.assertEqual(self.red(redReason="02", invoiceDetail=[part])["data"]["includeTaxAmount"], -50.85)
        self.assertEqual(self.red("S2", redReason="02")["data"]["totalAmount"], -45)
        self.assertEqual(
            sum(each.gross for each in self.world.fapiao.values() if self.blue.number in (each.number, each.original)),
            Decimal(0),
        )


class TestList(RedCase):
    def test_pages_and_sides(self):
        self.world.set_use(self.blue.number, vat="01")
        form = self.world.apply_elsewhere(self.blue.number, side="3")
        self.pushed(bill("B"))
        (second,) = self.issued("B")
        other = self.world.apply_elsewhere(second.number)
        first, last = (self.forms(pageNo=page, pageSize=1) for page in (1, 2))
        self.assertEqual(
            [row["redInfoBillNo"] for row in first["dataList"] + last["dataList"]], [form.number, other.number]
        )
        self.assertEqual((last["pageNo"], last["totalElement"]), (2, 2))
        self.assertEqual(len(self.forms(identity="0")["dataList"]), 2)
        self.assertEqual(self.forms(identity="1")["dataList"], [])
