"""Invoices under differential taxation (差额征税): the vouchers determine the tax, in the ledger and on the fapiao."""

from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.issuing.builder import Builder
from ..models.reversal import planner
from .common_kingdee import KingdeeCommon
from .common_red import RedCommon

NUMBER = "26312000000000000017"


class DifferentialCase(RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net = cls._create_tax("5% difference", 5, price_include_override="tax_included", fapiao_levy="3")
        cls.full = cls._create_tax("5% full issue", 5, price_include_override="tax_included", fapiao_levy="2")

    def margin(self, price=100000, deducted=80000, tax=None, post=True, **values):
        vouchers = [{"kind": "01", "number": NUMBER, "date": "2026-03-01", "total": deducted, "deducted": deducted}]
        return self.create_invoice(
            [{"price_unit": price, "tax_ids": (tax or self.net).ids}],
            post=post,
            **{"fapiao_voucher_ids": [Command.create(each) for each in vouchers if deducted], **values},
        )

    def amounts(self, move):
        tax_line = move.line_ids.filtered("tax_line_id")
        self.assertEqual(-tax_line.balance, move.amount_tax, "the ledger has the invoice's tax")
        self.assertEqual(move.tax_totals["tax_amount_currency"], move.amount_tax)
        return move.amount_untaxed, move.amount_tax, move.amount_total

    def problems(self, move):
        return [problem.code for built in Builder(self.env)._build(move) for problem in built.problems]


@tagged("post_install", "-at_install")
class TestDifferential(DifferentialCase):
    # ------------------------------------------------------------------ the tax

    def test_the_vouchers_determine_the_tax(self):
        move = self.margin(post=False)
        self.assertEqual(self.amounts(move), (99047.62, 952.38, 100000.0))
        self.assertEqual(move.fapiao_levy, "3")
        move.fapiao_voucher_ids.deducted = 50000
        self.assertEqual(self.amounts(move), (97619.05, 2380.95, 100000.0))
        move.write({"fapiao_voucher_ids": [Command.clear()]})
        self.assertEqual(self.amounts(move), (95238.10, 4761.90, 100000.0))
        self.env["fapiao.voucher"].create({"move_id": move.id, "kind": "06", "total": 100, "deducted": 100})
        self.assertEqual(move.amount_tax, 4757.14)
        move.invoice_line_ids.price_unit = 200
        self.assertEqual(self.amounts(move), (195.24, 4.76, 200.0))
        move.invoice_line_ids.tax_ids = self.tax_13
        self.assertEqual(self.amounts(move), (200.0, 26.0, 226.0))

    def test_a_price_without_tax_keeps_what_the_customer_pays(self):
        without = self._create_tax("6% difference, excluded", 6, fapiao_levy="3")
        move = self.margin(price=100000, deducted=53000, tax=without)
        self.assertEqual(self.amounts(move), (103000.0, 3000.0, 106000.0))

    def test_foreign_currency(self):
        usd = self.setup_other_currency("USD", rates=[("2016-01-01", 0.2)])
        move = self.margin(price=1000, deducted=3950, currency_id=usd.id)
        self.assertEqual(move.amount_total_signed, 5000.0)
        self.assertEqual((move.amount_tax_signed, move.amount_tax), (50.0, 10.0))
        self.assertEqual(self.problems(move), [])

    def test_before_it_is_saved(self):
        """The totals on an unsaved form are those of the vouchers."""
        line = {"product_id": self.product_a.id, "price_unit": 100000, "tax_ids": [Command.set(self.net.ids)]}
        for deducted, tax, untaxed in ((80000, 952.38, 99047.62), (50000, 2380.95, 97619.05)):
            move = self.env["account.move"].new(
                {
                    "move_type": "out_invoice",
                    "company_id": self.company.id,
                    "partner_id": self.buyer.id,
                    "invoice_line_ids": [Command.create(line)],
                    "fapiao_voucher_ids": [Command.create({"kind": "06", "total": 80000, "deducted": deducted})],
                }
            )
            self.assertEqual(move.fapiao_levy, "3")
            self.assertEqual(move.tax_totals["tax_amount_currency"], tax)
            self.assertEqual(move.invoice_line_ids.price_subtotal, untaxed)

    def test_what_cannot_be_posted(self):
        with self.assertRaisesRegex(UserError, "one"):
            self.create_invoice([{"tax_ids": self.net.ids}, {}])
        with self.assertRaisesRegex(UserError, "more than its total"):
            self.margin(price=79999.99)
        move = self.margin()
        self.net.fapiao_levy = False
        self.assertEqual(move.invoice_line_ids.price_subtotal, 99047.62, "what is posted stays")
        for change in (
            lambda: move.fapiao_voucher_ids.write({"deducted": 1}),
            move.fapiao_voucher_ids.unlink,
            lambda: move.write({"fapiao_voucher_ids": [Command.create({"kind": "06"})]}),
        ):
            with self.assertRaisesRegex(UserError, "Reset it to draft"):
                change()

    # ------------------------------------------------------------------ the fapiao

    def test_difference_issue(self):
        move = self.margin()
        self.issue(move)
        fapiao = move.fapiao_ids
        self.assertEqual((fapiao.amount_untaxed, fapiao.amount_tax, fapiao.levy), (99047.62, 952.38, "3"))
        self.assertEqual(fapiao.differential_deduction, 80000)
        told = self.world.fapiao[fapiao.number]
        self.assertEqual((told.levy, told.deduction, told.tax), ("3", Decimal("80000.00"), Decimal("952.38")))
        self.assertEqual([(each.kind, each.number) for each in told.vouchers], [("01", NUMBER)])

    def test_full_issue(self):
        move = self.margin(tax=self.full, deducted=0)
        self.assertEqual(self.amounts(move), (95238.10, 4761.90, 100000.0))
        self.issue(move)
        told = self.world.fapiao[move.fapiao_ids.number]
        self.assertEqual((told.levy, told.deduction, told.vouchers), ("2", Decimal("0.00"), []))

    def test_told_before_sending(self):
        move = self.margin(deducted=0)
        self.assertEqual(self.problems(move), ["deduction_zero"])
        wrong = self.margin(post=False)
        wrong.fapiao_voucher_ids.number = "123"
        wrong.line_ids.filtered("tax_line_id").write({"amount_currency": -952.40})
        wrong.action_post()
        self.assertEqual(wrong.amount_tax, 952.40)
        self.assertEqual(self.problems(wrong), ["differential_tax"])

    def test_one_line_alone(self):
        first, second = self.margin(deducted=100), self.create_invoice()
        (built,) = Builder(self.env)._build_merged(first | second)
        self.assertEqual([problem.code for problem in built.problems], ["merge_differential"])
        self.company.fapiao_amount_limit = 50000
        self.assertIn("split_differential", self.problems(first))

    # ------------------------------------------------------------------ vouchers

    def test_no_more_than_its_total(self):
        first = self.margin(deducted=60000)
        first.button_draft()
        first.fapiao_voucher_ids.total = 80000
        first.action_post()
        second = self.margin(deducted=80000, price=100000)
        self.assertEqual(self.problems(second), ["voucher_overdrawn"])
        second.button_draft()
        second.fapiao_voucher_ids.deducted = 20000
        second.action_post()
        self.assertEqual(self.problems(first | second), [])

    def test_a_received_fapiao(self):
        received = (
            self.env["fapiao"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "direction": "in",
                    "type_code": "27",
                    "color": "blue",
                    "number": NUMBER,
                    "issue_date": "2026-02-03",
                    "amount_total": 80000,
                    "amount_untaxed": 80000,
                }
            )
        )
        move = self.margin(deducted=0, post=False)
        voucher = self.env["fapiao.voucher"].create({"move_id": move.id, "fapiao_id": received.id})
        self.assertEqual(
            (voucher.kind, voucher.number, str(voucher.date), voucher.total, voucher.deducted),
            ("01", NUMBER, "2026-02-03", 80000, 80000),
        )
        voucher.deducted = 30000
        move.action_post()
        other = self.margin(deducted=0, post=False)
        voucher = self.env["fapiao.voucher"].create({"move_id": other.id, "fapiao_id": received.id})
        self.assertEqual(voucher.deducted, 50000, "what is left of it")

    # ------------------------------------------------------------------ red letter

    def test_a_credit_note_takes_back_the_same_tax(self):
        move = self.margin()
        credit = self.credit(move)
        self.assertEqual((credit.amount_tax, credit.amount_total), (952.38, 100000.0))
        self.assertEqual(credit.fapiao_voucher_ids.mapped("deducted"), [80000])
        again = self.margin()
        self.assertEqual(self.problems(again), [], "credited in full, the voucher is free")

    def test_reversed_in_full_only(self):
        move = self.margin()
        credit = self.credit(move, post=False)
        credit.fapiao_voucher_ids.deducted = 40000
        credit.invoice_line_ids.price_unit = 50000
        credit.action_post()
        self.assertEqual(credit.amount_tax, 476.19)
        self.assertEqual(self.problems(move), ["differential_credited"])

    def test_the_red_fapiao(self):
        """A part is refused with its cure, whatever the cloud can; the whole is reversed."""
        move = self.margin()
        self.issue(move)
        blue = move.fapiao_ids
        credit = self.credit(move, post=False)
        credit.fapiao_voucher_ids.deducted = 40000
        credit.invoice_line_ids.price_unit = 50000
        self.post(credit)
        (plan,) = planner.plan_all(blue, credit)
        self.assertFalse(plan.is_ready)
        self.assertIn("differential_credited", [problem.code for problem in plan.problems])
        with patch.object(planner, "PARTIAL_RED", "red_apply_finds"):  # what this cloud has stands for what it has not
            (plan,) = planner.plan_all(blue, credit)
        self.assertEqual(plan.scope, "partial")
        self.assertIn("red_differential_partial", [problem.code for problem in plan.problems])
        credit.button_draft()
        credit.fapiao_voucher_ids.deducted = 80000
        credit.invoice_line_ids.price_unit = 100000
        self.post(credit)
        self.flush(credit)
        self.assert_reversed_once(blue)
        self.assertEqual(credit.fapiao_state, "issued")


@tagged("post_install", "-at_install")
class TestKingdee(DifferentialCase, KingdeeCommon):
    def test_a_setting_of_the_account(self):
        """assumption: the keys of the bill; without the setting it is refused before sending."""
        move = self.margin()
        self.assertEqual(self.problems(move), ["levy_unsupported"])
        self.assertEqual(self.problems(self.margin(tax=self.full, deducted=0)), ["levy_unsupported"])
        self.account.differential_bills = True
        self.issue(move)
        self.ask(move.fapiao_request_ids)
        (told,) = self.issued_for(move.fapiao_request_ids)
        self.assertEqual((told.levy, told.tax, len(told.vouchers)), ("3", Decimal("952.38"), 1))
        full = self.margin(tax=self.full, deducted=0)
        self.issue(full)
        self.ask(full.fapiao_request_ids)
        self.assertEqual([each.levy for each in self.issued_for(full.fapiao_request_ids)], ["2"])
