"""A received fapiao changes its status at the bureau after it was booked: somebody is told, once."""

from decimal import Decimal

from odoo.tests import tagged

from ..clouds.inbound import InboundFapiao
from .common_match import MatchCommon


@tagged("post_install", "-at_install")
class TestStatusHit(MatchCommon):
    def pull_again(self, fapiao, status):
        """Load the fapiao once more, as the bureau has it now."""
        row = InboundFapiao(
            number=fapiao.number,
            type_code=fapiao.type_code,
            status=status,
            issue_date=fapiao.issue_date,
            seller_name=fapiao.seller_name,
            seller_tax_no=fapiao.seller_tax_no,
            amount_untaxed=Decimal("100.00"),
            amount_tax=Decimal("13.00"),
            amount_total=Decimal("113.00"),
        )
        self.env["fapiao"].sudo()._load(self.company.id, False, [row])

    def test_posted_bill_is_warned_about_once(self):
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        for _pull in range(2):
            self.pull_again(fapiao, "void")
        self.assertEqual((fapiao.status, bool(fapiao.status_at)), ("void", True))
        self.assertEqual(len(bill.activity_ids), 1)
        self.assertIn(fapiao.number, bill.activity_ids.summary)
        self.assertEqual(bill.fapiao_in_state, "differs")

    def test_draft_and_proposed_are_not(self):
        fapiao, draft, posted = self.receive(), self.bill(), self.bill(post=True)
        self.confirm(fapiao, draft)
        self.env["fapiao.match"].sudo().create(
            {"fapiao_id": fapiao.id, "move_id": posted.id, "amount": 113, "rule": "manual"}
        )
        self.pull_again(fapiao, "abnormal")
        self.assertFalse((draft | posted).activity_ids)
        self.assertEqual(draft.fapiao_in_state, "differs")
