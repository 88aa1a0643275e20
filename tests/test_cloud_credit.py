"""The credit line of an account: all its figures, what is issued since, what is expected, and the warning ahead."""

from datetime import date, timedelta
from decimal import Decimal

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..clouds.base import CreditLine
from ..models.issuing.fapiao_account import short_on
from .common_order import OrderCommon

MANAGER = "Credit line will run out"


@tagged("post_install", "-at_install")
class TestCredit(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # companies of the demo data that issue for the same taxpayer
        cls.env["res.company"].search([("id", "!=", cls.company.id)]).fapiao_account_id = False

    def refresh(self):
        with self.engine():
            self.account.action_refresh_credit()

    def watch(self):
        with self.engine():
            self.env["fapiao.account"].browse(self.account.id)._watch_credit_safely()

    def warnings(self):
        return self.account.activity_ids.filtered(lambda activity: activity.summary == MANAGER)

    def rows(self):
        return self.env["fapiao.credit"].search([("account_id", "=", self.account.id)])

    # ------------------------------------------------------------------ what the cloud says

    def test_all_six_figures_are_kept_and_shown(self):
        self.issue(self.create_invoice())
        self.refresh()
        figures = {
            "credit_total": 3000000,
            "credit_left_told": 2999000,
            "credit_used": 1000,
            "credit_count": 1,
            "credit_amount": 1000,
            "credit_tax": 130,
            "credit_source": "asked",
        }
        self.assertRecordValues(self.account, [{**figures, "credit_left": 2999000}])
        self.assertRecordValues(self.rows(), [{**figures, "company_id": self.company.id}])
        shown = self.account.get_view(view_type="form")["arch"]
        for name in figures:
            self.assertIn(f'name="{name}"', shown)

    def test_history_has_one_row_a_day(self):
        start = fields.Datetime.now().replace(hour=4, minute=0, second=0)
        for days, left in ((0, 5), (0, 4), (1, 3), (2, 2)):
            at = start + timedelta(days=days)
            self.account.sudo()._store_credit(CreditLine(Decimal(9), Decimal(left)), "asked", at, at, 0)
        self.assertEqual(self.rows().mapped("credit_left_told"), [2, 3, 4])
        self.assertEqual(len(set(self.rows().mapped("day"))), 3)

    def test_day_of_the_history_is_the_one_in_china(self):
        at = fields.Datetime.to_datetime("2026-03-31 17:00:00")
        self.account.sudo()._store_credit(CreditLine(None, Decimal(1)), "asked", at, at, 0)
        self.assertEqual(self.rows().day, date(2026, 4, 1))

    def test_old_history_is_removed(self):
        for days in (10, 800):
            at = fields.Datetime.now() - timedelta(days=days)
            self.account.sudo()._store_credit(CreditLine(None, Decimal(1)), "asked", at, at, 0)
        self.env["fapiao.credit"].sudo()._gc_old()
        self.assertEqual(len(self.rows()), 1)

    def test_history_is_read_by_accountants_and_written_by_nobody(self):
        self.refresh()
        action = self.account.action_show_credit()
        self.assertEqual(self.env["fapiao.credit"].search(action["domain"]), self.rows())
        with self.assertRaises(AccessError):
            self.rows().with_user(self.env.ref("base.user_admin")).write({"credit_left_told": 1})

    # ------------------------------------------------------------------ issued since

    def test_issuing_lowers_the_figure_at_once(self):
        self.refresh()
        self.issue(self.create_invoice())
        self.assertEqual(self.account.credit_left, 2999000)
        self.assertEqual(self.account.credit_left_told, 3000000)
        self.assertEqual(self.account._limits(frozenset()).credit_left, Decimal("2999000.00"))
        self.refresh()
        self.assertEqual((self.account.credit_left, self.account.credit_left_told), (2999000, 2999000))

    def test_reversal_in_the_month_of_issue_raises_it(self):
        invoice = self.issued_invoice()
        self.refresh()
        left = self.account.credit_left
        self.flush(invoice)
        self.assertEqual(invoice.fapiao_ids.filtered(lambda one: one.color == "red").mapped("amount_untaxed"), [-1000])
        self.assertEqual(self.account.credit_left, left + 1000)
        self.refresh()
        self.assertEqual(self.account.credit_left, left + 1000)

    def test_later_reversal_does_not(self):
        invoice = self.issued_invoice()
        self.refresh()
        left = self.account.credit_left
        blue = invoice.fapiao_ids
        blue.sudo().issue_date = blue.issue_date.replace(day=1) - timedelta(days=1)
        self.flush(invoice)
        self.assertTrue(invoice.fapiao_ids.filtered(lambda one: one.color == "red"))
        self.assertEqual(self.account.credit_left, left)

    def test_what_is_not_taxed_does_not_count(self):
        Code = self.env["fapiao.tax.code"]
        card = Code.search([("code", "=", "6010000000000000000")]) or Code.create(
            {"code": "6010000000000000000", "name": "预付卡销售", "short_name": "预付卡销售"}
        )
        tax = self._create_tax("不征税", 0, fapiao_zero_kind="not_taxable")
        product = self.env["product.product"].create({"name": "储值卡", "fapiao_code_id": card.id})
        self.refresh()
        invoice = self.issued_invoice(
            [{"product_id": product.id, "price_unit": 700, "tax_ids": tax.ids}], fapiao_type="ordinary"
        )
        self.assertEqual(self.account.credit_left, 3000000)
        self.refresh()
        self.assertEqual((self.account.credit_left, self.account.credit_used), (3000000, 0))
        self.assertEqual(self.account.credit_amount, 700)
        self.flush(invoice)
        self.assertEqual(self.account.credit_left, 3000000)
        self.refresh()
        self.assertEqual(self.account.credit_left, 3000000)

    # ------------------------------------------------------------------ validity

    def told(self, moment, left, used=None, **values):
        at = fields.Datetime.to_datetime(moment)
        self.account.sudo()._store_credit(
            CreditLine(Decimal(10000), Decimal(left), used and Decimal(used), **values), "asked", at, at, 0
        )

    def test_a_figure_holds_until_the_end_of_its_month(self):
        rows = [
            # now, told at, last day that the cloud names, holds until, over
            ("2026-06-30 15:59:00", "2026-06-02 04:00:00", None, date(2026, 6, 30), False),
            ("2026-06-30 16:01:00", "2026-06-02 04:00:00", None, date(2026, 6, 30), True),
            ("2026-12-31 15:00:00", "2026-12-01 04:00:00", None, date(2026, 12, 31), False),
            ("2026-06-21 04:00:00", "2026-06-02 04:00:00", date(2026, 6, 20), date(2026, 6, 20), True),
            ("2026-06-20 04:00:00", "2026-06-02 04:00:00", date(2026, 6, 20), date(2026, 6, 20), False),
            ("2026-07-01 04:00:00", "2026-06-30 17:00:00", None, date(2026, 7, 31), False),
        ]
        for now, told, valid_to, until, over in rows:
            with self.subTest(now=now, valid_to=valid_to), freeze_time(now):
                self.told(told, 5, 9995, valid_to=valid_to)
                self.account.invalidate_recordset()
                self.assertEqual((self.account.credit_holds_until, self.account.credit_is_over), (until, over))
                left = self.account._limits(frozenset()).credit_left
                self.assertEqual(left, None if over else Decimal("5.00"), "what is over holds nothing up")

    def test_not_renewed_yet(self):
        with freeze_time("2026-06-30 04:00:00"):
            self.told("2026-06-30 04:00:00", 2000, 8000)
        rows = [
            # day of July, left, used, seems old
            (1, 2000, 8000, True),
            (5, 1500, 8500, True),
            (15, 2000, 8000, True),
            (16, 2000, 8000, False),
            (5, 9500, 500, False),
            (5, 10000, 0, False),
        ]
        for day, left, used, old in rows:
            with self.subTest(day=day, left=left), freeze_time(f"2026-07-{day:02} 04:00:00"):
                self.env["fapiao.credit"].sudo().search([("day", ">=", "2026-07-01")]).unlink()
                self.told(f"2026-07-{day:02} 04:00:00", left, used)
                self.create_invoice([{"price_unit": 20000}], invoice_date=date(2026, 7, day), post=False)
                self.account.invalidate_recordset()
                self.assertEqual(self.account.credit_seems_old, old)
                self.assertEqual(bool(self.account.credit_short_on), not old)
                self.assertEqual(self.account._limits(frozenset()).credit_seems_old, old)

    def test_accounts_of_one_taxpayer_share_it(self):
        other = self._create_fapiao_account(name="Second", tax_username="second")
        at = fields.Datetime.now()
        other.sudo()._store_credit(CreditLine(None, Decimal(5000)), "asked", at, at - timedelta(minutes=5), 0)
        other.sudo().credit_counted_to = other._credit_last_id()
        self.issue(self.create_invoice())
        self.assertEqual(other.credit_left, 4000)

    def test_too_low_after_issuing(self):
        self.world.set_credit(self.account.tax_no, total="1500")
        self.refresh()
        self.issue(self.create_invoice())
        self.company.fapiao_credit_threshold = 600
        self.account.invalidate_recordset()
        self.assertTrue(self.account.credit_low)
        self.assertEqual(self.account._limits(frozenset()).credit_left, 500)

    def test_pushed_figures_hold_nothing_up(self):
        at = fields.Datetime.now()
        self.account.sudo()._record_credit_pushed(CreditLine(None, Decimal(1), is_low=True), at)
        self.assertTrue(self.account.credit_low)
        self.assertIsNone(self.account._limits(frozenset()).credit_left)

    def test_pushed_figures_that_are_older_are_not_taken(self):
        self.refresh()
        self.account.sudo()._record_credit_pushed(
            CreditLine(None, Decimal(1)), self.account.credit_at - timedelta(seconds=1)
        )
        self.assertEqual((self.account.credit_left, self.account.credit_source), (3000000, "asked"))

    # ------------------------------------------------------------------ expected

    def known(self, left):
        at = fields.Datetime.now()
        self.account.sudo()._store_credit(
            CreditLine(None, Decimal(left)), "asked", at, at, self.account._credit_last_id()
        )

    @freeze_time("2026-06-10 04:00:00")
    def test_expected_from_posted_drafts_and_orders(self):
        self.known(3999)
        day = date(2026, 6, 10)
        self.create_invoice(invoice_date=day)
        self.create_invoice(invoice_date=date(2026, 6, 20), post=False)
        self.create_order(commitment_date="2026-06-25 04:00:00")
        partly = self.create_order(commitment_date="2026-06-25 04:00:00")
        self.invoice(partly, 4, post=False).invoice_date = day
        # next month's, and another one's
        self.create_invoice(invoice_date=date(2026, 7, 1), post=False)
        self.create_order(commitment_date="2026-07-02 04:00:00")
        self.create_order(confirm=False)
        self.assertRecordValues(
            self.account,
            [
                {
                    "credit_expected_posted": 1000,
                    "credit_expected_draft": 1400,
                    "credit_expected_order": 1600,
                    "credit_expected": 4000,
                    "credit_short_on": date(2026, 6, 25),
                }
            ],
        )
        self.known(4000)
        self.assertFalse(self.account.credit_short_on)

    def test_issued_invoices_are_not_expected(self):
        self.refresh()
        invoice = self.create_invoice()
        self.assertEqual(self.account.credit_expected_posted, 1000)
        self.issue(invoice)
        self.assertEqual(self.account.credit_expected_posted, 0)

    @freeze_time("2026-06-10 04:00:00")
    def test_warned_once_some_days_ahead(self):
        self.known(500)
        draft = self.create_invoice(invoice_date=date(2026, 6, 20), post=False)
        self.watch()
        self.assertFalse(self.warnings(), "ten days ahead")
        self.company.fapiao_credit_days = 10
        self.watch()
        self.assertEqual(len(self.warnings()), 1)
        self.assertIn("2026-06-20", self.warnings().note)
        self.watch()
        self.assertEqual(len(self.warnings()), 1)
        self.warnings().action_done()
        self.watch()
        self.assertFalse(self.warnings(), "once a month")
        draft.unlink()
        self.watch()
        self.create_invoice(invoice_date=date(2026, 6, 11), post=False)
        self.watch()
        self.assertEqual(len(self.warnings()), 1, "it had passed, and is there again")
        self.company.fapiao_credit_days = 0
        self.watch()
        self.assertFalse(self.warnings())

    def test_the_hourly_run_watches(self):
        self.world.set_credit(self.account.tax_no, total="500")
        self.create_invoice()
        (self.env["fapiao.account"].search([]) - self.account).active = False
        self.run_cron(("fapiao.account", "_cron_accounts"))
        self.assertEqual(len(self.warnings()), 1)

    def test_foreign_orders_count_in_the_companys_currency(self):
        self.refresh()
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "name": "2020-01-01", "company_id": self.company.id, "rate": 0.2}
        )
        prices = self.env["product.pricelist"].create({"name": "USD", "currency_id": usd.id})
        self.create_order(pricelist_id=prices.id)
        self.assertEqual(self.account.credit_expected_order, 5000)

    def test_company_without_an_account(self):
        self.refresh()
        self.create_invoice()
        self.company.sudo().fapiao_account_id = False
        self.assertEqual(self.account.credit_expected, 0)

    def test_day_on_which_it_is_used_up(self):
        rows = [(date(2026, 6, 2), "draft", Decimal(5)), (date(2026, 6, 1), "posted", Decimal(5))]
        for left, day in ((4, 1), (5, 2), (9, 2), (10, None)):
            self.assertEqual(short_on(Decimal(left), rows), day and date(2026, 6, day) or False)

    def test_settings_reach_the_company(self):
        settings = self.env["res.config.settings"].create({"fapiao_credit_days": 3})
        settings.execute()
        self.assertEqual(self.company.fapiao_credit_days, 3)
