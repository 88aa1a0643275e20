"""A person asks whether the assistant has the same fapiao on a document as Odoo."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_pick import PickCommon


@tagged("post_install", "-at_install")
class TestPickCompare(PickCommon):
    def submitted(self):
        """Return a submitted expense, saved at the assistant, and its ticket's serial number."""
        expense = self.expense()
        serial = self.ticket("27", total=113, tax=13)
        self.picked(expense, [serial])
        # somebody has to approve, or submitting is approving
        self.employee_user.employee_id.sudo().expense_manager_id = self.env.ref("base.user_admin")
        expense.action_submit()
        self.env.flush_all()
        self.env.cr.precommit.run()
        for _report in range(3):
            self.run_cron("_cron_dispatch")
        return expense, serial

    def posted(self):
        """Return a posted bill that the assistant was told of, and its ticket's serial number, claimed by it."""
        serial = self.ticket("27", eid=self.account._assistant_key(self.env.user), total=113, tax=13)
        bill = self.blank_bill()
        self.picked(bill, [serial], kind="Pur")
        bill.action_post()
        self.env.flush_all()
        self.env.cr.precommit.run()
        for _report in range(4):
            self.run_cron("_cron_dispatch")
        self.assertEqual(self.world.assistant_ticket(serial).status, "65")
        return bill, serial

    def chosen_again(self, document, serial):
        pick = self.visit(document, kind="Pur")
        message = self.world.assistant_message_for(pick.user_key, [serial])
        self.world.assistant_message(pick.link_key, message["type"], message["data"])
        self.listen(pick)
        return pick.ticket_ids

    def compare(self, expense):
        with self.engine():
            return expense.action_fapiao_pick_compare()["params"]

    def test_the_same(self):
        expense, _serial = self.submitted()
        said = self.compare(expense)
        self.assertEqual((said["type"], said["sticky"]), ("success", False), said["message"])

    def test_not_there(self):
        expense, serial = self.submitted()
        self.world.free_ticket(serial)
        key = self.account._assistant_key(expense)
        self.world.assistant_document(key, self.account.tax_no).lines.clear()
        said = self.compare(expense)
        self.assertEqual(said["type"], "warning")
        self.assertIn(expense.fapiao_match_ids.sudo().fapiao_id.number, said["message"])

    def test_not_here(self):
        expense, serial = self.submitted()
        expense.sudo().fapiao_match_ids.write({"active": False})
        self.env.cr.precommit.clear()
        number = self.env["fapiao"].sudo().search([("serial_no", "=", serial)]).number
        self.assertIn(number, self.compare(expense)["message"])

    def test_cloud_says_no(self):
        expense, _serial = self.submitted()
        self.world.faults.add("invoices/query", "http_500", times=-1)
        with self.assertRaises(UserError), self.engine():
            expense.action_fapiao_pick_compare()

    def test_its_own_claim_is_no_obstacle(self):
        """The details of a ticket say that it is claimed, not by which document."""
        bill, serial = self.posted()
        ticket = self.chosen_again(bill, serial)
        self.assertEqual(ticket.state, "known", ticket.reason)

    def test_what_was_told_before_is_taken_over_again(self):
        bill, serial = self.posted()
        bill.fapiao_match_ids.sudo().unlink()
        self.env.cr.precommit.clear()
        with self.engine():
            bill.action_fapiao_pick_take_over()
        self.assertEqual(bill.fapiao_match_ids.fapiao_id.serial_no, serial)

    def test_a_claim_of_another_document_is_one(self):
        bill, serial = self.posted()
        ticket = self.chosen_again(self.blank_bill(), serial)
        self.assertEqual(ticket.state, "refused")
        self.assertIn("claimed already", ticket.reason)
        self.assertTrue(bill.fapiao_match_ids)

    def test_nothing_to_take_over(self):
        bill, _serial = self.posted()
        with self.assertRaises(UserError), self.engine():
            bill.action_fapiao_pick_take_over()
