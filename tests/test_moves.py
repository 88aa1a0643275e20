"""What an invoice shows of its fapiao through its life, and what it allows meanwhile."""

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
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
        self.assertEqual(self.create_invoice().fapiao_state, "none")


@tagged("post_install", "-at_install")
class TestBonds(FapiaoCommon):
    """While a fapiao lives or may be on its way, the invoice stays as it is."""

    def assert_bound(self, invoice, *words):
        for attempt in (invoice.button_draft, invoice.button_cancel, invoice.unlink):
            with self.subTest(attempt.__name__), self.assertRaises(UserError) as refused, self.env.cr.savepoint():
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
        self.assertEqual((credit.state, credit.fapiao_state), ("posted", "none"))
        self.assertFalse(credit.fapiao_ids | credit.fapiao_request_ids.fapiao_ids)


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


@tagged("post_install", "-at_install")
class TestFields(FapiaoCommon):
    def test_defaults_of_partner_and_company(self):
        self.assertEqual(self.create_invoice(post=False).fapiao_type, "ordinary")
        self.company.fapiao_default_type = "special"
        self.assertEqual(self.create_invoice(post=False).fapiao_type, "special")
        self.buyer.fapiao_type = "ordinary"
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": self.buyer.id})
        self.assertEqual(self.create_invoice(post=False, partner=contact).fapiao_type, "ordinary")
        self.assertFalse(self.create_invoice(post=False, move_type="in_invoice").fapiao_type)

    def test_remark_takes_the_numbers_when_issued(self):
        self.company.fapiao_remark = "{invoice} / {order}"
        invoice = self.create_invoice(invoice_origin="S00042")
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_ids.remark, f"{invoice.name} / S00042")

    def test_what_a_person_wrote_survives_posting(self):
        self.company.fapiao_remark = "{invoice}"
        self.create_invoice()
        invoice = self.create_invoice(post=False)
        invoice.write({"fapiao_remark": "合同 7 号", "fapiao_type": "special"})
        invoice.action_post()
        self.assertEqual((invoice.fapiao_remark, invoice.fapiao_type), ("合同 7 号", "special"))
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_ids.remark, "合同 7 号")

    def test_copy_carries_nothing_over(self):
        invoice = self.create_invoice(fapiao_remark="only this one", fapiao_type="special")
        self.issue(invoice)
        copy = invoice.copy()
        self.assertFalse(copy.fapiao_ids | copy.fapiao_request_ids.fapiao_ids)
        self.assertFalse(copy.fapiao_request_ids)
        self.assertFalse(copy.fapiao_request_line_ids)
        self.assertRecordValues(
            copy,
            [
                {
                    "fapiao_state": "none",
                    "fapiao_numbers": False,
                    "fapiao_amount_open": 0,
                    "fapiao_type": "ordinary",
                    "fapiao_remark": False,
                }
            ],
        )
        copy.invoice_date = fields.Date.today()
        copy.action_post()
        self.issue(copy)
        self.assert_one_fapiao(copy)
        self.assertNotEqual(copy.fapiao_numbers, invoice.fapiao_numbers)

    def test_results_leave_the_invoice_untouched(self):
        """A write on the move is dear and marks it as edited by hand (shared/odoo19.md, trap 3)."""
        invoice = self.create_invoice()
        invoice.is_manually_modified = False
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertFalse(invoice.is_manually_modified)

    def test_queries_for_an_answer(self):
        """Applying an answer must not cost more the longer the invoice is; and it may not creep up."""
        counts = {length: self._queries_to_apply(length) for length in (1, 40)}
        self.assertLessEqual(counts[40], counts[1] + 2, "one insert for all lines of the fapiao")
        self.assertLessEqual(counts[1], 60)

    def _queries_to_apply(self, length):
        invoice = self.create_invoice([{} for _number in range(length)])
        engine = type(self.env["fapiao.engine"])
        counts = []

        def count(engine_self, exchange_id, original=engine._apply):
            before = self.cr.sql_log_count
            original(engine_self, exchange_id)
            counts.append(self.cr.sql_log_count - before)

        self.patch(engine, "_apply", count)
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        return counts[0]


@tagged("post_install", "-at_install")
class TestCompanies(FapiaoCommon):
    """A branch (分公司) is a taxpayer of its own, with its own account."""

    BRANCH_TAX_NO = "91310000MA1FAKE010"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create(
            {
                "name": "测试科技有限公司上海分公司",
                "parent_id": cls.company.id,
                "vat": cls.BRANCH_TAX_NO,
                "country_id": cls.env.ref("base.cn").id,
                "fapiao_drawer": "分开票员",
            }
        )
        cls.branch.partner_id.write(
            {"fapiao_address": "上海市", "fapiao_phone": "021-1", "fapiao_bank": "分行 6200000000000000001"}
        )
        cls.env.user.company_ids += cls.branch
        cls.branch_account = cls._create_fapiao_account(
            name="Branch", company_id=cls.branch.id, tax_no=cls.BRANCH_TAX_NO
        )
        cls.branch.fapiao_account_id = cls.branch_account

    def setUp(self):
        super().setUp()
        self.world.taxpayer(self.BRANCH_TAX_NO).name = self.branch.name

    def test_each_company_issues_through_its_own_account(self):
        ours, theirs = self.create_invoice(), self.create_invoice(company_id=self.branch.id)
        self.issue(ours | theirs)
        for invoice, account in ((ours, self.account), (theirs, self.branch_account)):
            self.assert_one_fapiao(invoice)
            self.assertEqual(invoice.fapiao_request_ids.account_id, account)
            self.assertEqual(invoice.fapiao_ids.company_id, invoice.company_id)
            self.assertEqual(invoice.fapiao_ids.seller_tax_no, account.tax_no)
            self.assertTrue(invoice.fapiao_request_ids.request_uid.startswith(account.tax_no))

    def test_stranger_sees_and_issues_nothing(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        stranger = self.env["res.users"].create(
            {
                "name": "Of the branch",
                "login": "branch",
                "group_ids": [Command.set(self.issuer_group.ids)],
                "company_id": self.branch.id,
                "company_ids": [Command.set(self.branch.ids)],
            }
        )
        for model in ("fapiao", "fapiao.request", "fapiao.exchange", "fapiao.account"):
            found = self.env[model].with_user(stranger).search([])
            self.assertEqual(found, self.branch_account if model == "fapiao.account" else self.env[model], model)
        with self.assertRaises(AccessError):
            self.create_invoice().with_user(stranger).action_fapiao_issue()
