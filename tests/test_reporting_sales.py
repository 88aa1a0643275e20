"""Sales by rate: with fapiao, without, and beside the ledger."""

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..rules.document import EXEMPT
from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestSalesReport(RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env["fapiao.sales.report"]
        cls.buyer.fapiao_type = "ordinary"

    def figures(self, *domain, by="rate"):
        """Return ``{(kind, group): (untaxed, tax)}``."""
        groups = self.report._read_group(
            [("company_id", "=", self.company.id), *domain], ["kind", by], ["amount_untaxed:sum", "amount_tax:sum"]
        )
        return {(kind, group): (round(amount, 2), round(tax, 2)) for kind, group, amount, tax in groups}

    def differences(self):
        groups = self.report._read_group(
            [("company_id", "=", self.company.id)], ["rate"], ["difference:sum", "tax_difference:sum"]
        )
        return {rate: (round(amount, 2), round(tax, 2)) for rate, amount, tax in groups}

    def test_issued_by_rate_and_kind(self):
        self.issued_invoice([{"price_unit": 100}, {"price_unit": 50, "tax_ids": self.tax_6.ids}])
        self.issued_invoice([{"price_unit": 200}], fapiao_type="special")
        self.assertEqual(
            self.figures(("kind", "!=", "ledger")),
            {("ordinary", "13%"): (100, 13), ("ordinary", "6%"): (50, 3), ("special", "13%"): (200, 26)},
        )
        self.assertEqual(self.differences(), {"13%": (0, 0), "6%": (0, 0)})

    def test_a_posted_invoice_without_fapiao_is_sales_too(self):
        self.create_invoice([{"price_unit": 70}])
        exempt = self._create_tax("Exempt of the test", 0, fapiao_zero_kind=EXEMPT)
        self.create_invoice([{"price_unit": 30, "tax_ids": exempt.ids}])
        self.create_invoice([{"price_unit": 999}], post=False)
        self.assertEqual(
            self.figures(("kind", "=", "unissued"), by="zero_kind"),
            {("unissued", False): (70, 9.1), ("unissued", EXEMPT): (30, 0)},
        )
        self.assertEqual(self.differences(), {"13%": (0, 0), "0%": (0, 0)})

    def test_a_foreign_currency_counts_in_yuan(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {"name": "2000-01-01", "currency_id": euro.id, "company_id": self.company.id, "inverse_company_rate": 7.5}
        )
        self.create_invoice([{"price_unit": 100}], currency_id=euro.id)
        self.assertEqual(self.figures(("kind", "=", "unissued")), {("unissued", "13%"): (750, 97.5)})

    def test_a_reversed_fapiao_and_its_red_one_come_to_nothing(self):
        invoice = self.issued_invoice([{"price_unit": 100}])
        self.flush(invoice)
        self.assertEqual(
            self.figures(("kind", "=", "ordinary"), by="color"),
            {("ordinary", "blue"): (100, 13), ("ordinary", "red"): (-100, -13)},
        )

    def test_a_credit_note_before_the_fapiao_lowers_what_is_open(self):
        invoice = self.create_invoice([{"price_unit": 100, "quantity": 2}])
        self.credit(invoice, lines={0: {"quantity": 1}})
        self.assertEqual(self.figures(("kind", "=", "unissued")), {("unissued", "13%"): (100, 13)})

    def test_a_manual_entry_shows_as_difference(self):
        account = self.company_data["default_account_revenue"]
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "company_id": self.company.id,
                "date": fields.Date.today(),
                "line_ids": [
                    Command.create(
                        {"account_id": account.id, "credit": 100, "tax_ids": [Command.set(self.tax_13.ids)]}
                    ),
                    Command.create({"account_id": receivable.id, "debit": 113}),
                ],
            }
        )
        entry.action_post()
        self.assertEqual(self.differences(), {"13%": (-100, -13)})
        row = self.report.search([("company_id", "=", self.company.id)], limit=1)
        self.assertEqual(row.action_open_document()["res_id"], entry.id)

    def test_who_may_see_it(self):
        self.issued_invoice()
        reader = new_test_user(
            self.env,
            "sales_reader",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        rows = self.report.with_user(reader).search([("kind", "=", "ordinary")])
        self.assertEqual(rows.action_open_document()["res_id"], rows.fapiao_id.id)
        self.assertFalse(rows.company_id - self.company)
        employee = new_test_user(self.env, "no_sales_reader", "base.group_user")
        with self.assertRaises(AccessError):
            self.report.with_user(employee).search([])
        for view in ("pivot", "graph", "list", "search"):
            self.assertTrue(self.report.with_user(reader).get_view(view_type=view))
