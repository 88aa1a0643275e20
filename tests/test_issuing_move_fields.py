"""Where an invoice's fapiao fields come from, what results cost, and whose account issues."""

from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.cloud.engine import Engine
from ..sandbox import defaults
from .common import FapiaoCommon


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
        """A write on the move is dear and marks it as edited by hand."""
        invoice = self.create_invoice()
        invoice.is_manually_modified = False
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertFalse(invoice.is_manually_modified)

    def test_queries_for_an_answer(self):
        """An answer is applied in two transactions: the fapiao and the move's stored fields; then the request,
        files wanted and one log note. That is a fixed sum, however long the invoice is. It may not creep up."""
        self._queries_to_apply(1)  # fills the caches of a fresh process
        counts = {length: self._queries_to_apply(length) for length in (1, 40)}
        self.assertLessEqual(counts[40], counts[1] + 2, "one insert for all lines of the fapiao")
        self.assertLessEqual(counts[1], 80)

    def _queries_to_apply(self, length):
        invoice = self.create_invoice([{} for _number in range(length)])
        original, counts = Engine._apply, []

        def count(engine_self, call_id):
            before = self.cr.sql_log_count
            original(engine_self, call_id)
            counts.append(self.cr.sql_log_count - before)

        with patch.object(Engine, "_apply", count):
            self.issue(invoice)
        self.assert_one_fapiao(invoice)
        return counts[0]


@tagged("post_install", "-at_install")
class TestCompanies(FapiaoCommon):
    """A branch (分公司) is a taxpayer of its own, with its own account."""

    BRANCH_TAX_NO = "91310000MA1FAKE015"

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
        cls.env.cr.precommit.run()  # gives the branch its parent's chart of accounts
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
        self.world.add_taxpayer(
            self.BRANCH_TAX_NO, self.branch.name, self.branch_account.tax_username, defaults.TAX_PASSWORD
        )

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
        for model in ("fapiao", "fapiao.request", "fapiao.call", "fapiao.account"):
            found = self.env[model].with_user(stranger).search([])
            # a branch may issue through its parent's account, so it sees that there is one
            seen = self.account | self.branch_account if model == "fapiao.account" else self.env[model]
            self.assertEqual(found, seen, model)
        with self.assertRaises(AccessError):
            self.create_invoice().with_user(stranger).action_fapiao_issue()
