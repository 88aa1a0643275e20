"""What a person clicks, in a real browser."""

from odoo.tests import tagged

from .common_red import RedCommon
from .common_tours import TourCase


@tagged("post_install", "-at_install")
class TestTours(RedCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.create_clerk("account.group_account_manager")

    def test_issue_and_read_the_number_on_the_form(self):
        invoice = self.create_invoice()
        self.click_through("fapiao_issue", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        self.assert_one_fapiao(invoice)

    def test_issue_as_another_kind(self):
        invoice = self.create_invoice()
        self.click_through("fapiao_issue_on_paper", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        self.assert_one_fapiao(invoice)
        self.assertEqual((invoice.fapiao_ids.type_code, invoice.fapiao_ids.short_number), ("86", "00123456"))

    def test_credit_note_to_red_number(self):
        invoice = self.issued_invoice()
        note = self.credit(invoice, post=False)
        self.click_through("fapiao_red_credit_note", f"/odoo/action-account.action_move_out_refund_type/{note.id}")
        red = self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))
        self.assertEqual(note.fapiao_numbers, red.number)
        self.assertEqual(note.fapiao_red_form_ids.reason, "02")

    def test_reversal_waits_for_the_buyer(self):
        invoice = self.issued_invoice()
        self.use(invoice.fapiao_ids)
        self.click_through("fapiao_red_waits", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        form = invoice.fapiao_red_form_ids
        self.assertEqual((form.stage, form.make_credit_note), ("waiting", True))
        self.assertFalse(invoice.reversal_move_ids, "not before the fapiao is reversed")

    def test_problem_is_told_before_anything_is_sent(self):
        self.product_a.fapiao_code_id = False
        invoice = self.create_invoice()
        self.click_through("fapiao_problem", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        self.assertFalse(invoice.fapiao_request_ids)
        self.assertEqual(self.world.issued(), [])

    def test_batch_from_the_list(self):
        invoices = self.create_invoice() + self.create_invoice() + self.create_invoice()
        self.click_through("fapiao_batch", "/odoo/action-account.action_move_out_invoice_type")
        for invoice in invoices:
            self.assert_one_fapiao(invoice)
