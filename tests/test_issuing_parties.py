"""Buyers abroad and persons, branches, and the name under which a company is registered, on what is issued."""

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..rules.names import name_key
from ..sandbox import defaults
from .common_kingdee import KingdeeCommon
from .common_order import OrderCommon
from .common_red import RedCommon

OTHER_TAX_NO = "91310000MA1OTHER08"


class PartiesMixin:
    def make_partner(self, **values):
        return self.env["res.partner"].create({"name": "Acme GmbH", "is_company": True, **values})

    def there(self, document):
        """Return what the bureau has issued for ``document``, at once or after a while."""
        if document.fapiao_state == "pending":
            self.make_due(document.fapiao_request_ids)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(document.fapiao_state, "issued", document.fapiao_message)
        return self.world.fapiao[document.fapiao_ids.number]

    def issue_anyway(self, moves):
        """Click *Issue*, and *Issue Anyway* where the dialog has warnings; return their messages."""
        action = self.issue(moves)
        if action.get("res_model") != "fapiao.issue":
            return []
        dialog = self.env["fapiao.issue"].browse(action["res_id"])
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return dialog.problem_ids.mapped("code")


class BuyersMixin(PartiesMixin):
    def test_buyer_abroad_is_named_without_number(self):
        for country, vat in (("de", "DE123456789"), ("hk", "22099131"), ("in", "27AAPFU0939F1ZV")):
            with self.subTest(country):
                buyer = self.make_partner(
                    name=f"Acme {country}", vat=vat, country_id=self.env.ref(f"base.{country}").id
                )
                invoice = self.create_invoice(partner=buyer, fapiao_type="ordinary")
                self.assertEqual(self.issue_anyway(invoice), ["buyer_tax_no_absent"])
                there = self.there(invoice)
                self.assertEqual((there.buyer_name, there.buyer_no), (buyer.name, ""))
                self.assertFalse(buyer.fapiao_tax_no_warning)

    def test_special_fapiao_for_a_buyer_abroad_is_refused(self):
        buyer = self.make_partner(vat="DE123456789", country_id=self.env.ref("base.de").id)
        invoice = self.create_invoice(partner=buyer, fapiao_type="special")
        dialog = self.env["fapiao.issue"].browse(self.issue(invoice)["res_id"])
        self.assertIn(
            ("buyer_tax_no_missing", "error"), dialog.problem_ids.mapped(lambda one: (one.code, one.severity))
        )

    def test_person_is_printed_with_what_the_bureau_adds(self):
        buyer = self.make_partner(name="张三", is_company=False, country_id=self.env.ref("base.cn").id)
        invoice = self.create_invoice(partner=buyer)
        self.issue_anyway(invoice)
        self.assertEqual(self.there(invoice).buyer_name, "张三（个人）")
        fapiao = invoice.fapiao_ids
        with self.engine():
            fapiao.action_refresh()
        self.assertEqual(name_key(fapiao.buyer_name), "张三")
        form = self.flush(fapiao)
        self.look(form)
        self.assert_reversed_once(fapiao)

    def test_person_whose_answer_is_lost_is_found(self):
        buyer = self.make_partner(
            name="李四", is_company=False, vat="110101199003077774", country_id=self.env.ref("base.cn").id
        )
        invoice = self.create_invoice(partner=buyer)
        self.world.faults.add(self.issuing_call, "drop_after")
        self.issue_anyway(invoice)
        self.make_due(invoice.fapiao_request_ids, 60)
        self.run_cron("_cron_reconcile")
        there = self.there(invoice)
        self.assertEqual((there.buyer_name, there.natural_person), ("李四（个人）", True))


@tagged("post_install", "-at_install")
class TestBuyers(BuyersMixin, RedCommon):
    issuing_call = "blueTicket"

    def test_person_s_fapiao_issued_elsewhere_is_linked(self):
        buyer = self.make_partner(name="张三", is_company=False, country_id=self.env.ref("base.cn").id)
        there = self.world.issue_elsewhere("1000.00", "", self.account.tax_no, buyer_name="张三", natural_person=True)
        self.assertEqual(there.buyer_name, "张三（个人）")
        dialog = self.env["fapiao.take.in"].create({"account_id": self.account.id, "number": there.number})
        with self.engine():
            dialog.action_take_in()
        invoice = self.create_invoice(partner=buyer)
        self.assertEqual(
            self.env["fapiao.issue"].browse(self.issue(invoice)["res_id"]).problem_ids.mapped("code"), ["twin"]
        )
        dialog.move_ids = invoice
        with self.engine():
            dialog.action_take_in()
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_ids.number), ("issued", there.number))

    def test_fapiao_of_a_person_are_sent_together(self):
        buyer = self.make_partner(name="张三", is_company=False, email="z@example.com")
        invoices = self.create_invoice(partner=buyer) | self.create_invoice(partner=buyer)
        for invoice in invoices:
            self.issue_anyway(invoice)
        invoices.fapiao_ids[:1].sudo().buyer_name = "张三"
        self.assertEqual(invoices.fapiao_ids.action_send_again()["res_model"], "fapiao.send")


@tagged("post_install", "-at_install")
class TestBuyersKingdee(BuyersMixin, KingdeeCommon):
    issuing_call = "BILL.PUSH"


@tagged("post_install", "-at_install")
class TestBuyersOfOrders(PartiesMixin, OrderCommon):
    def test_buyer_abroad(self):
        buyer = self.make_partner(vat="DE123456789", country_id=self.env.ref("base.de").id)
        order = self.create_order(partner_id=buyer.id)
        dialog = self.open(order)
        dialog.fapiao_type = "ordinary"
        dialog.action_check()
        self.assertEqual(dialog.problem_ids.mapped("severity"), ["warning"])
        self.click(dialog)
        self.assertEqual(self.there(order).buyer_no, "")


@tagged("post_install", "-at_install")
class TestRegisteredName(PartiesMixin, RedCommon):
    def test_other_name_is_told_and_the_registered_one_printed(self):
        self.company.name = "测试科技"
        self.account.registered_name = "测试科技有限公司"
        invoice = self.create_invoice()
        self.assertEqual(self.issue_anyway(invoice), ["registered_name_differs"])
        self.assertEqual(self.there(invoice).seller_name, "测试科技有限公司")
        again = self.create_invoice()
        self.assertEqual(self.issue_anyway(again), ["registered_name_differs"])

    def test_same_or_unknown_name_is_not_mentioned(self):
        for registered in (False, "测试科技有限公司", " 测试科技有限公司\u200b"):
            with self.subTest(registered):
                self.account.registered_name = registered
                self.assertEqual(self.issue_anyway(self.create_invoice()), [])


@tagged("post_install", "-at_install")
class TestBranches(PartiesMixin, RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"fapiao_payee": "收款人", "fapiao_show_seller_bank": True})
        cls.branch = cls.env["res.company"].create(
            {"name": "测试科技上海分公司", "parent_id": cls.company.id, "country_id": cls.env.ref("base.cn").id}
        )
        cls.below = cls.env["res.company"].create(
            {"name": "浦东营业部", "parent_id": cls.branch.id, "country_id": cls.env.ref("base.cn").id}
        )
        cls.env.cr.precommit.run()  # their chart of accounts is loaded before the commit
        cls.env.user.company_ids |= cls.branch | cls.below
        cls.clerk = cls.env["res.users"].create(
            {
                "name": "Clerk of the branch",
                "login": "branch_clerk",
                "group_ids": [
                    Command.set((cls.issuer_group | cls.env.ref("account.group_account_invoice")).ids),
                ],
                "company_id": cls.branch.id,
                "company_ids": [Command.set(cls.branch.ids)],
            }
        )

    def test_branch_issues_as_its_parent(self):
        for company in (self.branch, self.below):
            with self.subTest(company.name):
                invoice = self.create_invoice(company_id=company.id)
                self.assertEqual(invoice.fapiao_account_used_id, self.account)
                self.assertEqual(self.issue_anyway(invoice), [])
                there = self.there(invoice)
                self.assertEqual((there.seller_no, there.seller_name), (defaults.TAX_NO, self.company.name))
                self.assertEqual((there.drawer, there.payee), ("开票员", "收款人"))
                self.assertTrue(there.show_seller_bank)
                self.assertEqual(invoice.fapiao_ids.company_id, company)

    def test_fapiao_issued_elsewhere_is_linked_with_the_branch_s_invoice(self):
        self.world.buyers[self.buyer.vat] = self.buyer.name
        there = self.world.issue_elsewhere("1000.00", self.buyer.vat, self.account.tax_no)
        invoice = self.create_invoice(company_id=self.branch.id)
        values = {"account_id": self.account.id, "number": there.number, "move_ids": invoice.ids}
        with self.engine():
            self.env["fapiao.take.in"].create(values).action_take_in()
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_ids.number), ("issued", there.number))
        self.assertEqual(invoice.fapiao_ids.company_id, self.branch)

    def test_own_texts_go_first(self):
        self.branch.fapiao_drawer = "分公司开票员"
        invoice = self.create_invoice(company_id=self.branch.id)
        self.issue(invoice)
        self.assertEqual((self.there(invoice).drawer, self.there(invoice).payee), ("分公司开票员", "收款人"))

    def test_clerk_who_sees_the_branch_alone_issues_and_reverses(self):
        invoice = self.create_invoice(company_id=self.branch.id)
        with self.engine():
            invoice.with_user(self.clerk).with_company(self.branch).action_fapiao_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.there(invoice)
        account = self.account.with_user(self.clerk)
        self.assertEqual(account.name, self.account.name)
        self.assertFalse(account.has_access("write"))
        flush = self.open_flush(invoice.fapiao_ids, self.clerk).with_user(self.clerk)
        self.apply(flush)
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_branch_with_a_number_of_its_own_is_another_taxpayer(self):
        self.branch.vat = OTHER_TAX_NO
        self.assertEqual(self.branch._fapiao_taxpayer(), self.branch)
        self.assertEqual(self.below._fapiao_taxpayer(), self.branch)
        invoice = self.create_invoice(company_id=self.branch.id)
        self.assertFalse(invoice.fapiao_account_used_id)
        dialog = self.env["fapiao.issue"].browse(self.issue(invoice)["res_id"])
        self.assertEqual(dialog.problem_ids.mapped("code"), ["no_account"])
        invoice.fapiao_account_id = self.account
        dialog.action_check()
        self.assertIn("company_tax_no_differs", dialog.problem_ids.mapped("code"))
        with self.assertRaises(ValidationError):
            self.branch.fapiao_account_id = self.account

    def test_same_number_written_otherwise_is_the_same_taxpayer(self):
        self.below.vat = f"CN{defaults.TAX_NO[:4]} {defaults.TAX_NO[4:]}"
        self.assertEqual(self.below._fapiao_lineage(), self.below | self.branch | self.company)
        self.below.fapiao_account_id = self.account

    def test_own_number_under_a_parent_without_one(self):
        self.company.vat = False
        self.branch.vat = OTHER_TAX_NO
        self.assertEqual(self.branch._fapiao_lineage(), self.branch)
        self.assertEqual(self.below._fapiao_lineage(), self.below | self.branch)

    def test_credit_line_counts_what_branches_will_issue(self):
        self.account.sudo().write({"credit_at": fields.Datetime.now(), "credit_left_told": 100})
        before = self.account.credit_expected_posted
        self.create_invoice(company_id=self.branch.id)
        self.env.invalidate_all()
        self.assertEqual(self.account.credit_expected_posted - before, 1000)
        self.branch.vat = OTHER_TAX_NO
        self.env.invalidate_all()
        self.assertEqual(self.account.credit_expected_posted, before)

    def test_limit_is_the_taxpayers(self):
        self.company.fapiao_amount_limit = 600
        invoice = self.create_invoice([{"quantity": 2, "price_unit": 500}], company_id=self.branch.id)
        self.issue_anyway(invoice)
        self.assertEqual(len(invoice.fapiao_ids), 2)
