"""Taking back what lies in the cloud's own queue, in a real browser."""

from odoo.tests import tagged

from .common_kingdee import KingdeeCommon
from .common_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursKingdee(KingdeeCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.create_clerk("account.group_account_manager")

    def test_withdraw(self):
        self.account.auto_invoice = False
        invoice = self.create_invoice()
        self.issue(invoice)
        self.click_through("fapiao_withdraw", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        request = invoice.fapiao_request_ids
        self.assertEqual((request.state, self.bill_of(request).state), ("withdrawn", "withdrawn"))
        self.assertEqual(invoice.fapiao_state, "to_issue")
