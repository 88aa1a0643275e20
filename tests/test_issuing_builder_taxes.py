"""Each way an Odoo line can be taxed, or not, and what becomes of it on the fapiao."""

from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from ..rules.document import EXEMPT, NOT_TAXABLE, PLAIN_ZERO
from ..rules.problems import errors
from .test_issuing_builder_lines import LinesCase


@tagged("post_install", "-at_install")
class TestTaxes(LinesCase):
    def test_group_of_one_tax_is_that_tax(self):
        draft = self.draft_of([{"tax_ids": self.group(self.tax_13).ids}])
        self.assertEqual(draft.tax, Decimal("130.00"))

    def test_lines_without_exactly_one_percentage(self):
        fixed = self._create_tax("Fixed", 5, amount_type="fixed")
        negative = self._create_tax("Withheld", -10)
        for taxes in (
            self.tax_13 + self.tax_6,
            self.group(self.tax_13 + self.tax_6),
            fixed,
            self.tax_13 + fixed,
            negative,
        ):
            with self.subTest(taxes.mapped("name")):
                built = self.build_one([{"tax_ids": taxes.ids}])
                self.assert_refused(built, "several_taxes")
                self.assertIn("Accounting suite", str(built.problems[0]))

    def group(self, taxes):
        return self._create_tax("Group", 0, amount_type="group", children_tax_ids=[Command.set(taxes.ids)])

    def test_line_without_a_tax(self):
        self.assert_refused(self.build_one([{}, {"tax_ids": []}]), "no_tax")

    def test_fiscal_position_decides(self):
        exempt = self.taxes[0, False]
        position = self.env["account.fiscal.position"].create({"name": "Free port", "company_id": self.company.id})
        exempt.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(self.tax_13.id)],
            }
        )
        taxes = position.map_tax(self.tax_13)
        self.assertEqual(taxes, exempt)
        draft = self.draft_of([{"tax_ids": taxes.ids}], fiscal_position_id=position.id)
        self.assertEqual((draft.lines[0].zero_kind, draft.tax), (EXEMPT, Decimal("0.00")))

    def test_zero_rates_say_why(self):
        for kind in (EXEMPT, NOT_TAXABLE, PLAIN_ZERO):
            with self.subTest(kind):
                self.taxes[0, False].fapiao_zero_kind = kind
                draft = self.draft_of([{"tax_ids": self.taxes[0, False].ids}])
                self.assertEqual(draft.lines[0].zero_kind, kind)
                self.check_at_bureau(draft)
        self.taxes[0, False].fapiao_zero_kind = False
        self.assert_refused(self.build_one([{"tax_ids": self.taxes[0, False].ids}]), "zero_kind_missing")

    def test_not_taxable_stands_alone(self):
        self.taxes[0, False].fapiao_zero_kind = NOT_TAXABLE
        lines = [{"product_id": self.product_a.id}, {"tax_ids": self.taxes[0, False].ids}]
        built = self.build(self.create_invoice(lines))
        self.assertEqual([len(item.draft.lines) for item in built], [1, 1])
        for item in built:
            self.assertTrue(item.is_ready, item.problems)
            self.check_at_bureau(item.draft)

    def test_tax_that_was_changed_after_posting(self):
        """Thirteen percent are booked; that the tax says nine today makes no fapiao of nine."""
        invoice = self.create_invoice()
        self.tax_13.amount = 9
        self.assert_refused(self.build(invoice)[0], "tax_differs")

    def test_booked_tax_that_core_would_not_find_today(self):
        """Four times 0.39 fen are 2 fen globally, but nothing line by line; core then leaves a rest."""
        self.company.tax_calculation_rounding_method = "round_globally"
        invoice = self.create_invoice([{"price_unit": 0.03}] * 4)
        self.assertEqual(invoice.amount_tax, 0.02)
        self.company.tax_calculation_rounding_method = "round_per_line"
        built = self.build(invoice)[0]
        self.assertTrue(built.is_ready)
        self.check_draft(built)

    def test_small_scale_seller(self):
        three = self.taxes[3, False]
        three.fapiao_policy = False
        self.account.small_scale = True
        built = self.build_one([{"tax_ids": three.ids}])
        self.assert_refused(built, "small_scale_reason_missing")
        self.assertEqual(built.moves._fapiao_record_to_mend(built.problems[0]), self.account)
        built = self.build_one([{"tax_ids": self.tax_13.ids}])
        self.assert_refused(built, "small_scale_rate")
        self.assertEqual(built.moves._fapiao_record_to_mend(built.problems[0]), self.tax_13)
        self.account.small_scale_reason = "3"
        draft = self.draft_of([{"tax_ids": three.ids}])
        self.assertEqual(draft.small_scale_reason, "3")
        self.world.taxpayer(self.account.tax_no).small_scale = True
        self.check_at_bureau(draft)
        self.assertEqual(self.draft_of([{"tax_ids": self.taxes[1, False].ids}]).small_scale_reason, "")
        self.account.small_scale = False
        self.assert_refused(self.build_one([{"tax_ids": three.ids}]), "privilege_missing")
        three.fapiao_policy = "简易征收"
        self.assertEqual(self.draft_of([{"tax_ids": three.ids}]).small_scale_reason, "", "of no use to others")

    def test_cash_rounding(self):
        for strategy, change, codes in (
            ("add_invoice_line", 0.05, ["cash_rounding"]),
            ("biggest_tax", 0.05, []),  # within what the bureau allows a tax to be off
            ("biggest_tax", 1, ["tax_differs"]),
        ):
            with self.subTest(strategy, to=change):
                rounding = self.env["account.cash.rounding"].create(
                    {
                        "name": "Rounding",
                        "rounding": change,
                        "strategy": strategy,
                        "profit_account_id": self.company_data["default_account_revenue"].id,
                        "loss_account_id": self.company_data["default_account_expense"].id,
                        "rounding_method": "HALF-UP",
                    }
                )
                built = self.build_one([{"price_unit": 100.3}], invoice_cash_rounding_id=rounding.id)
                self.assertEqual([problem.code for problem in errors(built.problems)], codes)
                if built.is_ready:
                    self.check_draft(built)

    def test_tax_taken_off_in_advance_for_early_payment(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "2/10",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "mixed",
            }
        )
        self.assert_refused(self.build_one(invoice_payment_term_id=terms.id), "early_payment")
        terms.early_pay_discount_computation = "included"
        self.draft_of(invoice_payment_term_id=terms.id)
