"""What is kept, and for how long: thirty simulated days leave a bounded number of rows."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.cloud.fapiao_call import KEEP_IDLE
from .common_callback import CallbackCase
from .common_pick import PickCommon

DAYS = 30
POLLS = 2  # a day


@tagged("post_install", "-at_install")
class TestRetention(CallbackCase):
    def age(self, table, *columns, days=1):
        self.env.flush_all()
        for column in columns:
            self.env.cr.execute(f"UPDATE {table} SET {column} = {column} - make_interval(days => %s)", [days])
        self.env.invalidate_all()

    def exchanges(self, request):
        return self.env["fapiao.call"].sudo().search([("res_id", "=", request.id)])

    def test_thirty_days_of_a_request_that_waits(self):
        request = self.pending()
        orders = self.exchanges(request)
        for _day in range(DAYS):
            for _poll in range(POLLS):
                self.make_due(request)
                self.run_cron("_cron_reconcile")
            self.store(self.told(f"STRANGE{_day}"))
            self.age("fapiao_call", "sent_at")
            self.age("fapiao_callback", "received_at", "last_at")
            self.env["fapiao.call"].sudo()._gc_idle()
            self.env["fapiao.callback"].sudo()._gc_old()
        self.assertEqual(request.state, "pending")
        kept = self.exchanges(request)
        self.assertEqual(len(kept & orders), len(orders), "what had an effect is kept")
        self.assertLessEqual(len(kept), POLLS * (KEEP_IDLE.days + 1) + len(orders))
        self.world.issue_bill(request.request_uid)
        self.make_due(request)
        self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "issued")
        found = self.exchanges(request)[:1]
        self.make_due(request)
        self.age("fapiao_call", "sent_at", days=4000)
        self.env["fapiao.call"].sudo()._gc_idle()
        self.assertFalse(found.is_idle)
        self.assertEqual(self.exchanges(request) & (orders + found), orders + found, "so is what changed something")

    def test_the_vacuum_alone_removes_rows(self):
        request = self.pending()
        with self.assertRaises(UserError):
            self.exchanges(request).unlink()
        with self.assertRaises(UserError):
            self.exchanges(request).with_context(force_delete=True).unlink()


@tagged("post_install", "-at_install")
class TestRetentionOfVisits(PickCommon):
    age = TestRetention.age

    def test_visits_end(self):
        visits = self.env["fapiao.pick"].sudo()
        pick = self.picked(self.expense(), [self.ticket("26")])
        unopened = visits.browse(self.expense().action_fapiao_pick()["params"]["pick_id"])
        self.age("fapiao_pick", "create_date", "opened_at", days=2)
        visits._gc_visits()
        self.assertFalse(pick.user_key or pick.link_key or pick.next_poll_at)
        self.age("fapiao_pick", "create_date", "opened_at", days=6)
        visits._gc_visits()
        self.assertEqual((unopened.exists(), pick.exists()), (visits, pick))
        message = pick.message_ids
        self.assertTrue(message.raw)
        self.age("fapiao_pick_message", "create_date", days=31)
        visits._gc_visits()
        self.assertFalse(message.raw)
        self.age("fapiao_pick", "create_date", "opened_at", days=180)
        visits._gc_visits()
        self.assertFalse(pick.exists() or message.exists())

    def test_pages_without_messages_leave_no_key(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26")])
        with self.engine():
            action = expense.action_fapiao_pick_list()
            pick = expense.env["fapiao.pick"].browse(action["params"]["pick_id"])
            pick.open_page()
        pick = pick.sudo()
        self.assertTrue(pick.user_key)
        self.age("fapiao_pick", "create_date", "opened_at", days=2)
        self.env["fapiao.pick"].sudo()._gc_visits()
        self.assertFalse(pick.user_key)
