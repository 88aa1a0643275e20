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
