"""Where a browser hears that something was chosen: a hint, which makes the server ask at once."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..clouds import picking
from ..clouds.kingdee.assistant.client import Assistant
from ..sandbox import defaults
from .common_pick import PickCommon

LISTEN = ("fapiao.pick", "_cron_assistant")


@tagged("post_install", "-at_install")
class TestPickSocket(PickCommon):
    def setUp(self):
        super().setUp()
        self.account.assistant_link_url = self.sandbox.assistant_url

    def test_a_browser_is_told_where_with_nothing_but_the_key(self):
        pick = self.visit(self.expense())
        self.assertEqual(
            self.answer["socket"],
            {
                "origin": self.sandbox.url,
                "path": "/assistant/socket.io",
                "version": 3,
                "query": {"userId": pick.link_key},
                "event": pick.link_key,
            },
        )
        self.assertIn(pick.link_key, self.answer["page_url"], "the browser has the key anyway")
        told = str(self.answer["socket"])
        for secret in (pick.user_key, defaults.ASSISTANT_CLIENT_ID, defaults.ASSISTANT_CLIENT_SECRET):
            self.assertNotIn(secret, told)
        theirs = pick.with_user(self.employee_user).sudo(False)
        self.assertNotIn(pick.link_key, str(theirs.follow()), "once, when the page opens")

    def test_settings_reach_browser_and_page(self):
        self.account.write({"assistant_link_version": "4", "assistant_announce": "socket"})
        self.visit(self.expense())
        self.assertEqual(self.answer["socket"]["version"], 4)
        self.assertIn("sourceType=socket", self.answer["page_url"])

    def test_without_a_link_host_nothing_changes(self):
        self.account.assistant_link_url = False
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("26", total=50)])
        self.assertIsNone(self.answer["socket"])
        self.assertIn("sourceType=polling", self.answer["page_url"])
        self.assertEqual((expense.total_amount, pick.state), (50, "done"))

    def test_pages_without_a_message_have_none(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26")])
        with self.engine():
            action = expense.action_fapiao_pick_list()
            pick = expense.env["fapiao.pick"].browse(action["params"]["pick_id"])
            self.assertIsNone(pick.open_page()["socket"])

    def test_no_browser_is_led_elsewhere(self):
        """Addresses also change by import and SQL; a page opens without the socket then."""
        elsewhere = picking.Socket("https://elsewhere.example.com", "/socket.io", 3, {"userId": "k"}, "k")
        with patch.object(Assistant, "socket", return_value=elsewhere):
            self.visit(self.expense())
        self.assertIsNone(self.answer["socket"])
        self.env.flush_all()
        url = "https://elsewhere.example.com"
        self.env.cr.execute("UPDATE fapiao_account SET assistant_link_url = %s WHERE id = %s", [url, self.account.id])
        self.env.invalidate_all()
        self.visit(self.expense())
        self.assertIsNone(self.answer["socket"], "a sandbox is on this computer")
        self.assertTrue(self.answer["page_url"])

    def test_what_a_browser_hears_is_asked_for_at_once(self):
        """Also where a person took so long at the page that polls had become rare."""
        expense = self.expense()
        pick = self.visit(expense)
        pick.watched_until = fields.Datetime.now() - timedelta(minutes=1)
        self.run_cron(LISTEN)
        self.press(pick, [self.ticket("26", total=50)])
        self.run_cron(LISTEN)
        self.assertFalse(expense.fapiao_match_ids, "not due")
        with self.engine():
            pick.with_user(self.employee_user).look_again()
        self.run_cron(LISTEN)
        self.assertEqual((expense.total_amount, pick.state), (50, "done"))

    def test_a_browser_that_heard_wrong_changes_nothing(self):
        expense = self.expense()
        pick = self.visit(expense)
        with self.engine():
            pick.with_user(self.employee_user).look_again()
        self.run_cron(LISTEN)
        self.assertFalse(pick.message_ids or expense.fapiao_match_ids or pick.problem)

    def test_a_cloud_that_sends_as_the_page_was_told(self):
        """Assumption: polls find every message. Where they find none that went to sockets, the setting leads back."""
        self.world.set("assistant", pushes="apart")
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=50)])
        self.assertEqual(expense.total_amount, 50, "as it is set at first")
        self.account.assistant_announce = "socket"
        other = self.expense()
        pick = self.picked(other, [self.ticket("26", total=70)])
        self.assertFalse(other.fapiao_match_ids or pick.message_ids)
