"""Bills from received fapiao: vendor, lines, taxes, and the total to the fen."""

import random
from decimal import ROUND_HALF_UP, Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_match import SELLER_TAX_NO, MatchCommon


def fen(value):
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


@tagged("post_install", "-at_install")
class TestBill(MatchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purchase_6 = cls._create_tax("Purchase 6%", 6, type_tax_use="purchase")
        others = cls.env["product.template"].search([("fapiao_code_id", "=", cls.code.id)])
        (others - cls.product_a.product_tmpl_id).fapiao_code_id = False

    def create_bill(self, fapiao):
        return self.env["account.move"].browse(fapiao.action_create_bill()["res_id"])

    def receive_lines(self, lines, sign=1):
        """Return a fapiao with ``(quantity, price, rate)`` lines, each rounded for itself."""
        values = []
        for quantity, price, rate in lines:
            amount = sign * fen(Decimal(str(quantity)) * Decimal(str(price)))
            tax = fen(amount * rate / 100)
            values.append(
                {
                    "name": "*软件*货物",
                    "code": "1060301020100000000",
                    "quantity": sign * quantity,
                    "price": price,
                    "rate": rate / 100,
                    "amount_untaxed": float(amount),
                    "amount_tax": float(tax),
                }
            )
        amount = sum(fen(line["amount_untaxed"]) for line in values)
        tax = sum(fen(line["amount_tax"]) for line in values)
        return self.receive(
            total=float(amount + tax),
            tax=float(tax),
            amount_untaxed=float(amount),
            line_ids=[Command.create({"sequence": n, **line}) for n, line in enumerate(values, 1)],
        )

    def assert_same(self, bill, fapiao):
        sign = -1 if bill.move_type == "in_refund" else 1
        self.assertEqual(
            (fen(bill.amount_untaxed), fen(bill.amount_tax), fen(bill.amount_total)),
            tuple(fen(sign * fapiao[f"amount_{part}"]) for part in ("untaxed", "tax", "total")),
        )
        self.assertEqual((bill.fapiao_in_state, fapiao.match_state), ("matched", "matched"))

    def test_without_lines(self):
        fapiao = self.receive()
        bill = self.create_bill(fapiao)
        self.assertRecordValues(
            bill,
            [
                {
                    "move_type": "in_invoice",
                    "partner_id": self.vendor.id,
                    "ref": fapiao.number,
                    "invoice_date": fapiao.issue_date,
                    "state": "draft",
                }
            ],
        )
        self.assertEqual(bill.invoice_line_ids.tax_ids, self.purchase_13)
        self.assert_same(bill, fapiao)
        self.assertEqual((fapiao.match_ids.rule, fapiao.match_ids.state), ("created", "confirmed"))
        bill.action_post()
        self.assert_same(bill, fapiao)

    def test_rate_of_a_fapiao_without_lines(self):
        """Small amounts have several rates within the tolerance for rounded lines."""
        for rate in (13, 9, 6, 5, 3, 1):
            for amount in map(Decimal, ("2.53", "3.44", "10.00", "10.33", "250.00", "8000.00")):
                tax = fen(amount * rate / 100)
                if tax <= Decimal("0.05"):
                    continue
                fapiao = self.env["fapiao"].new({"amount_total": float(amount + tax), "amount_tax": float(tax)})
                with self.subTest(rate=rate, amount=amount):
                    self.assertEqual(fapiao._only_rate(), rate)

    def test_lines_taxes_and_product(self):
        self.product_a.purchase_ok = True
        fapiao = self.receive_lines([(2, 50, 13), (1, 30, 6)])
        bill = self.create_bill(fapiao)
        lines = bill.invoice_line_ids
        self.assertEqual(lines.product_id, self.product_a)
        self.assertEqual(lines.mapped("quantity"), [2, 1])
        self.assertEqual(lines.tax_ids.mapped("amount"), [13, 6])
        self.assertEqual(set(lines.tax_ids.mapped("type_tax_use")), {"purchase"})
        self.assertEqual(set(lines.mapped("name")), {"*软件*货物"})
        self.assert_same(bill, fapiao)

    def test_a_code_of_two_products_is_left_open(self):
        self.product_b.fapiao_code_id = self.code
        bill = self.create_bill(self.receive_lines([(1, 10, 13)]))
        self.assertFalse(bill.invoice_line_ids.product_id)

    def test_to_the_fen_whatever_the_lines(self):
        dice = random.Random(19)
        for turn in range(60):
            self.company.tax_calculation_rounding_method = ("round_per_line", "round_globally")[turn % 2]
            sign = dice.choice([1, 1, -1])
            lines = [
                (
                    dice.choice([1, 3, 0.5, 7.123]),
                    round(dice.uniform(0.01, 900), dice.choice([2, 4])),
                    dice.choice([6, 13]),
                )
                for _line in range(dice.randint(1, 8))
            ]
            with self.subTest(lines=lines, sign=sign):
                fapiao = self.receive_lines(lines, sign)
                bill = self.create_bill(fapiao)
                self.assert_same(bill, fapiao)
                bill.action_post()
                self.assert_same(bill, fapiao)

    def test_red_fapiao_becomes_a_refund(self):
        fapiao = self.receive_lines([(2, 50, 13)], sign=-1)
        bill = self.create_bill(fapiao)
        self.assertEqual((bill.move_type, bill.amount_total), ("in_refund", 113))
        self.assertEqual(bill.invoice_line_ids.mapped("quantity"), [2])
        self.assert_same(bill, fapiao)

    def test_discount_lines(self):
        fapiao = self.receive(
            total=101.7,
            tax=11.7,
            amount_untaxed=90,
            line_ids=[
                Command.create(
                    {
                        "name": "*软件*货物",
                        "quantity": 1,
                        "price": 100,
                        "rate": 0.13,
                        "amount_untaxed": 100,
                        "amount_tax": 13,
                    }
                ),
                Command.create(
                    {
                        "name": "*软件*货物",
                        "rate": 0.13,
                        "amount_untaxed": -10,
                        "amount_tax": -1.3,
                        "is_discount": True,
                    }
                ),
            ],
        )
        self.assert_same(self.create_bill(fapiao), fapiao)

    def test_rate_without_a_tax(self):
        fapiao = self.receive_lines([(1, 100, 3)])
        bill = self.create_bill(fapiao)
        self.assertEqual((bill.amount_total, bill.amount_tax), (103, 0))
        self.assertEqual(bill.fapiao_in_state, "differs")
        self.assertIn("3 %", bill.message_ids[0].body)

    def test_exempt_without_a_tax(self):
        fapiao = self.receive_lines([(1, 100, 0)])
        bill = self.create_bill(fapiao)
        self.assert_same(bill, fapiao)

    def test_vendor_is_created_once(self):
        facts = self.receive(seller_name="新卖家", seller_tax_no="91310000MA1NEWONE0") | self.receive(
            seller_name="新卖家", seller_tax_no="91310000MA1NEWONE0"
        )
        bills = facts._create_bills()
        self.assertEqual(len(bills.partner_id), 1)
        self.assertRecordValues(bills.partner_id, [{"name": "新卖家", "vat": "91310000MA1NEWONE0", "is_company": True}])

    def test_vendor_is_found_however_its_data_were_entered(self):
        for name, vat, seller_name, seller_tax_no in (
            ("甲公司", "CN91310000MA1VENDOR1", "别名", "91310000MA1VENDOR1"),
            ("乙公司", "9131 0000-ma1vendor2\u200b", "别名", "91310000MA1VENDOR2"),
            ("丙（集团）公司", False, "丙(集团) 公司", "91310000MA1VENDOR3"),
            ("\u2f42华公司", False, "文华公司", False),
            ("张三", False, "张三（个人）", False),
        ):
            with self.subTest(name):
                vendor = self._create_vendor(name, vat)
                fapiao = self.receive(seller_name=seller_name, seller_tax_no=seller_tax_no)
                self.assertEqual(self.create_bill(fapiao).partner_id, vendor)

    def test_vendor_by_tax_number_not_by_name(self):
        namesake = self._create_vendor(self.vendor.name, "91310000MA1OTHER08")
        bill = self.create_bill(self.receive(seller_tax_no=SELLER_TAX_NO))
        self.assertEqual(bill.partner_id, self.vendor)
        bill = self.create_bill(self.receive(vendor=namesake, seller_name=self.vendor.name))
        self.assertEqual(bill.partner_id, namesake)

    def test_one_bill_for_all_of_a_seller(self):
        facts = self.receive() | self.receive(total=226, tax=26)
        dialog = self.env["fapiao.match.bill"].browse(facts.action_create_bill()["res_id"])
        dialog.together = "seller"
        bill = self.env["account.move"].browse(dialog.action_create()["res_id"])
        self.assertEqual((bill.amount_total, bill.ref), (339, ", ".join(facts.mapped("number"))))
        self.assertEqual((bill.fapiao_in_state, set(facts.mapped("match_state"))), ("matched", {"matched"}))

    def test_what_is_refused(self):
        for status, word in (("void", "void"), ("lost", "失控"), ("abnormal", "异常"), ("red", "reversed")):
            with self.subTest(status=status), self.assertRaisesRegex(UserError, word):
                self.receive(status=status).action_create_bill()
        fapiao = self.receive()
        bill = self.create_bill(fapiao)
        bill.action_post()
        with self.assertRaisesRegex(UserError, bill.name):
            fapiao.action_create_bill()
