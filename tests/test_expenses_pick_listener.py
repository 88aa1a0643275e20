"""The listener in the background: no click and no open dialog waits for the assistant."""

import threading
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..clouds.errors import NotSent
from ..clouds.kingdee.assistant.client import Assistant
from ..models.expenses import fapiao_pick as fapiao_pick_listen
from .common_pick import PickCommon

LISTEN = ("fapiao.pick", "_cron_assistant")


@tagged("post_install", "-at_install")
class TestPickListener(PickCommon):
    def picks(self, count):
        return self.env["fapiao.pick"].sudo().union(*(self.visit(self.expense()) for _n in range(count)))

    def news(self):
        self.env.cr.precommit.run()
        return self.env["bus.bus"].sudo().search([("message", "like", fapiao_pick_listen.NEWS)])

    # ------------------------------------------------------------------ what a browser asks

    def test_an_open_dialog_never_makes_a_web_worker_call_the_cloud(self):
        pick = self.visit(self.expense())
        theirs = pick.with_user(self.employee_user).sudo(False)
        before = len(self.world.assistant_log())
        with patch.object(Assistant, "poll", side_effect=AssertionError("a web worker waits for the cloud")):
            for _n in range(10):
                theirs.follow()
            with self.engine():
                theirs.look_again()
        self.assertEqual(len(self.world.assistant_log()), before)

    def test_the_message_is_shown_once_it_is_decided(self):
        expense = self.expense()
        pick = self.visit(expense)
        theirs = pick.with_user(self.employee_user).sudo(False)
        self.press(pick, [self.ticket("26", total=50)])
        with patch.object(Assistant, "tickets", side_effect=NotSent("down")):
            self.run_cron(LISTEN)
        self.assertEqual((theirs.follow()["messages"], len(pick.message_ids)), (0, 1))
        self.assertIn("down", theirs.follow()["problem"])
        pick.next_poll_at = fields.Datetime.now()
        self.run_cron(LISTEN)
        self.assertEqual((theirs.follow()["messages"], expense.total_amount), (1, 50))
        self.assertFalse(theirs.follow()["problem"])

    # ------------------------------------------------------------------ when it runs

    def test_opening_and_looking_again_start_the_listener(self):
        cron = self.env.ref("l10n_cn_invoice_cloud.cron_assistant")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        pick = self.visit(self.expense())
        started = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertTrue(started)
        started.unlink()
        self.run_cron(LISTEN)
        again = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertLessEqual(again.call_at, fields.Datetime.now(), "it starts again while a person is there")
        again.unlink()
        pick.next_poll_at = False
        with self.engine():
            at = pick.with_user(self.employee_user).look_again()
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
        self.run_cron(LISTEN)
        self.assertGreaterEqual(pick.follow()["listened_at"], at)

    def test_a_person_who_has_left_is_not_waited_for(self):
        pick = self.visit(self.expense())
        self.run_cron(LISTEN)
        self.assertLessEqual(pick.next_poll_at, fields.Datetime.now())
        pick.write({"watched_until": fields.Datetime.now() - timedelta(minutes=1)})
        self.run_cron(LISTEN)
        self.assertGreater(pick.next_poll_at, fields.Datetime.now())

    # ------------------------------------------------------------------ side by side

    def test_all_visits_are_polled_at_the_same_time(self):
        picks = self.picks(3)
        meeting = threading.Barrier(len(picks), timeout=30)

        def meet(_cloud, _link_key, _wait):
            meeting.wait()

        with patch.object(Assistant, "poll", meet):
            self.run_cron(LISTEN)
        self.assertTrue(all(picks.mapped("last_poll_at")))
        self.assertFalse(any(picks.mapped("problem")), picks.mapped("problem"))

    def test_two_runs_never_listen_to_the_same_visit(self):
        pick = self.visit(self.expense())
        picks = self.env["fapiao.pick"].sudo()
        claimed = picks._claim_visits()
        self.assertEqual([visit.id for visits in claimed.values() for visit in visits], pick.ids)
        self.assertFalse(picks._claim_visits())
        pick.leased_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertTrue(picks._claim_visits(), "the run that had it is gone")

    def test_trouble_of_one_visit_is_not_that_of_another(self):
        one, other = self.picks(2)
        expense = other.expense_ids
        self.press(other, [self.ticket("26", total=50)])
        poll, key = Assistant.poll, one.link_key

        def fail_for_one(cloud, link_key, wait):
            if link_key == key:
                raise NotSent("gone")
            return poll(cloud, link_key, wait)

        with patch.object(Assistant, "poll", fail_for_one):
            self.run_cron(LISTEN)
        self.assertIn("gone", one.problem)
        self.assertFalse(one.leased_until)
        self.assertEqual((other.problem, expense.total_amount), (False, 50))

    # ------------------------------------------------------------------ the bus

    def test_news_travel_over_the_bus_without_their_content(self):
        self.news().unlink()
        expense = self.expense()
        pick = self.visit(expense)
        self.press(pick, [self.ticket("26", total=50)])
        self.run_cron(LISTEN)
        news = self.news()
        self.assertTrue(news)
        for each in news:
            self.assertIn(str(self.employee_user.partner_id.id), each.channel)
            self.assertNotIn(pick.link_key, each.message)
            self.assertIn(f'"payload":{{"id":{pick.id}}}', each.message.replace(" ", ""))
