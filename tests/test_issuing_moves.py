"""What an invoice shows of its fapiao through its life, and what it allows meanwhile."""

from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import FapiaoCommon

FILTERS = {
    "to_issue": "fapiao_to_issue",
    "pending": "fapiao_waiting",
    "issued": "fapiao_issued",
    "partial": "fapiao_issued",
    "failed": "fapiao_failed",
    "red": "fapiao_red",
}


@tagged("post_install", "-at_install")
class TestLife(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        arch = etree.fromstring(cls.env.ref("l10n_cn_invoice_cloud.view_account_invoice_filter").arch)
        cls.domains = {
            node.get("name"): safe_eval(node.get("domain")) for node in arch.iter("filter") if node.get("domain")
        }

    def assert_state(self, invoice, state, amount_open):
        """The invoice shows ``state`` and is found by its filter and by no other."""
        self.assertEqual(invoice.fapiao_state, state)
        self.assertEqual(invoice.fapiao_amount_open, amount_open)
        self.assertEqual(invoice.fapiao_numbers or "", ", ".join(invoice.fapiao_ids.mapped("number")))
        found = {
            name
            for name, domain in self.domains.items()
            if self.env["account.move"].search_count([("id", "=", invoice.id), *domain])
        }
        self.assertEqual(found, {FILTERS[state]} if state in FILTERS else set())

    def test_from_draft_to_reversed(self):
        invoice = self.create_invoice(post=False)
        self.assert_state(invoice, "none", 0)
        invoice.action_post()
        self.assert_state(invoice, "to_issue", 1130)
        self.sandbox.stop()
        self.issue(invoice)
        self.sandbox.start()
        self.assert_state(invoice, "pending", 1130)
        self.make_due(invoice.fapiao_request_ids)
        self.run_cron("_cron_dispatch")
        self.assert_state(invoice, "issued", 0)
        self.assertFalse(invoice.fapiao_can_issue)
        number = invoice.fapiao_ids.number
        self.assertEqual(self.env["account.move"].search([("fapiao_numbers", "ilike", number)]), invoice)
        invoice.fapiao_ids.sudo().status = "red"
        self.assert_state(invoice, "red", 1130)
        self.assertTrue(invoice.fapiao_can_issue)

    def test_refused_and_withdrawn(self):
        self.world.faults.add("blueTicket", "refused")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assert_state(invoice, "failed", 1130)
        self.assertTrue(invoice.fapiao_can_issue)
        self.world.set_session(self.account.tax_no, "lost")
        self.issue(invoice)
        self.assert_state(invoice, "pending", 1130)
        invoice.action_fapiao_withdraw()
        self.assert_state(invoice, "failed", 1130)

    def test_part_of_an_invoice(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        invoice.fapiao_request_line_ids.sudo().write({"amount_untaxed": 900, "amount_tax": 117})
        self.assert_state(invoice, "partial", 113)

    def test_other_documents_have_none(self):
        for move_type in ("in_invoice", "out_refund"):
            move = self.create_invoice(move_type=move_type)
            self.assert_state(move, "none", 0)
            self.assertFalse(move.fapiao_can_issue)

    def test_other_countries_have_none(self):
        self.company.account_fiscal_country_id = self.env.ref("base.de")
        self.assertEqual(self.create_invoice([{"tax_ids": []}]).fapiao_state, "none")


@tagged("post_install", "-at_install")
class TestBonds(FapiaoCommon):
    """While a fapiao lives or may be on its way, the invoice stays as it is."""

    def assert_bound(self, invoice, *words):
        forced = invoice.with_context(force_delete=True)  # Odoo itself deletes nothing posted
        for attempt in (invoice.button_draft, invoice.button_cancel, forced.unlink):
            with (
                self.subTest(attempt.__name__),
                self.assertRaises(UserError) as refused,
                self.env.cr.savepoint(),
            ):
                attempt()
            for word in words:
                self.assertIn(word, str(refused.exception))
        self.assertEqual(invoice.state, "posted")

    def test_living_fapiao(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assert_bound(invoice, invoice.fapiao_ids.number, "Reverse it with a red fapiao first")
        invoice.fapiao_ids.sudo().status = "red"
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")

    def test_request_on_its_way(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assert_bound(invoice, invoice.fapiao_request_ids.request_uid, "Withdraw the request")
        invoice.action_fapiao_withdraw()
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(invoice.state, "cancel")

    def test_refused_request_binds_nobody(self):
        self.world.faults.add("blueTicket", "refused")
        invoice = self.create_invoice()
        self.issue(invoice)
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 500
        invoice.action_post()
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        self.assertEqual(invoice.fapiao_ids.amount_untaxed, 500)

    def test_one_of_many_is_named(self):
        free, bound = self.create_invoice(), self.create_invoice()
        self.issue(bound)
        with self.assertRaisesRegex(UserError, bound.fapiao_ids.number):
            (free | bound).button_draft()
        self.assertEqual(free.state, "posted")

    def test_credit_note_is_allowed(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        credit = invoice._reverse_moves()
        credit.action_post()
        self.assertEqual((credit.state, credit.fapiao_state), ("posted", "to_issue"))
        self.assertFalse(credit.fapiao_ids | credit.fapiao_red_form_ids.red_fapiao_id)


@tagged("post_install", "-at_install")
class TestPosting(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.fapiao_auto_issue = True

    def test_posting_enqueues_and_calls_nobody(self):
        invoice = self.create_invoice()
        with self.engine():
            self.env.cr.postcommit.run()
        self.assertEqual(self.world.calls.of(), [], "posting may roll back, a call could not")
        self.assertEqual(invoice.fapiao_request_ids.state, "queued")
        self.assertEqual(invoice.fapiao_state, "pending")
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_problem_is_told_and_posting_goes_on(self):
        self.buyer.vat = "123"
        good = self.env["res.partner"].create({"name": "个人买家", "fapiao_title_type": "person"})
        invoices = self.create_invoice(post=False) | self.create_invoice(post=False, partner=good)
        invoices.action_post()
        self.assertEqual(invoices.mapped("state"), ["posted", "posted"])
        self.assertEqual(invoices.mapped("fapiao_state"), ["to_issue", "pending"])
        told = invoices[0].activity_ids
        self.assertEqual(told.user_id, invoices[0].invoice_user_id)
        self.assertIn("15 to 20 digits", told.note)
        self.assertFalse(invoices[1].activity_ids)

    def test_warning_does_not_hold_up(self):
        self.buyer.vat = False
        invoice = self.create_invoice()
        self.assertEqual(invoice.fapiao_state, "pending")
        self.assertFalse(invoice.activity_ids)

    def test_bookkeeper_may_post(self):
        """Who posts needs no right to issue: the company has decided."""
        bookkeeper = self.env["res.users"].create(
            {
                "name": "Bookkeeper",
                "login": "bookkeeper",
                "group_ids": [Command.set(self.env.ref("account.group_account_invoice").ids)],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )
        invoice = self.create_invoice(post=False)
        invoice.with_user(bookkeeper).action_post()
        self.assertEqual(invoice.fapiao_request_ids.state, "queued")
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_only_customer_invoices(self):
        for move_type in ("in_invoice", "out_refund"):
            move = self.create_invoice(move_type=move_type)
            self.assertFalse(move.fapiao_request_ids)
            self.assertFalse(move.activity_ids)
