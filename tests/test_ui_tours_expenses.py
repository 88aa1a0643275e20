"""Picking fapiao in a real browser: form and dialog in one window, the assistant's page in another."""

from unittest.mock import patch

import requests

from odoo.tests import tagged

from ..clouds.kingdee.assistant.client import Assistant
from ..models.expenses.fapiao_pick import FapiaoPick
from .common_pick import PickCommon
from .common_tours import TourCase

TICKETS = ["tour-taxi", "tour-train"]


class PickTourCase(PickCommon, TourCase):
    def setUp(self):
        super().setUp()
        self.pages = []
        page, test = Assistant.page, self

        def note(cloud, *args, **kwargs):
            test.pages.append(page(cloud, *args, **kwargs))
            return test.pages[-1]

        self.startPatcher(patch.object(Assistant, "page", note))
        self.stand_in_for_the_scheduler()

    def stand_in_for_the_scheduler(self):
        """Let the scheduled run come before the dialog reads a visit that is open at the assistant."""
        follow, open_page = FapiaoPick.follow, FapiaoPick.open_page

        def open_without(pick, **choice):
            return open_page(pick.with_context(is_scheduler=True), **choice)

        def listen_and_follow(pick):
            if pick.sudo().opened_at and not pick.env.context.get("is_scheduler"):
                pick.with_context(is_scheduler=True).sudo()._cron_assistant()
            return follow(pick)

        self.startPatcher(patch.object(FapiaoPick, "follow", listen_and_follow))
        self.startPatcher(patch.object(FapiaoPick, "open_page", open_without))

    def tick(self):
        """Press 导入 in the page that was opened, over HTTP; once."""
        if self.pages:
            form = {"serial": TICKETS, "import": ""}
            self.assertTrue(requests.post(self.pages.pop(), data=form, timeout=10).ok)

    def start(self, tour):
        expense = self.expense()
        self.ticket("8", total=30, serial=TICKETS[0])
        self.ticket("9", total=109, tax=9, serial=TICKETS[1])
        url = f"/odoo/action-hr_expense.hr_expense_actions_my_all/{expense.id}"
        self.click_through(tour, url, self.employee_user.login)
        return expense

    def assert_filled(self, expense):
        self.assertEqual((expense.total_amount, len(expense.fapiao_match_ids)), (139, 2))
        pick = self.env["fapiao.pick"].search([])
        self.assertEqual((pick.state, pick.message_ids.receipt_state), ("done", "sent"))


@tagged("post_install", "-at_install")
class TestToursPick(PickTourCase):
    def tick_while_waiting(self):
        """Tick the tickets while the dialog waits for the first time."""
        poll, test = Assistant.poll, self

        def press_and_poll(cloud, *args, **kwargs):
            test.tick()
            return poll(cloud, *args, **kwargs)

        self.startPatcher(patch.object(Assistant, "poll", press_and_poll))

    def test_pick_in_the_other_window_and_see_the_expense_filled(self):
        self.tick_while_waiting()
        self.assert_filled(self.start("fapiao_pick"))

    def test_a_blocked_window_leaves_a_link(self):
        self.tick_while_waiting()
        self.assert_filled(self.start("fapiao_pick_blocked"))

    def test_the_other_window_is_closed(self):
        expense = self.start("fapiao_pick_closed")
        self.assertFalse(expense.fapiao_match_ids)
        self.assertEqual(self.env["fapiao.pick"].search([]).state, "empty")


@tagged("post_install", "-at_install")
class TestToursPickSocket(PickTourCase):
    """Nothing polls here but what the browser hears starts it."""

    def stand_in_for_the_scheduler(self):
        look_again, test = FapiaoPick.look_again, self
        self.heard = []

        def look_and_listen(pick):
            at = look_again(pick)
            pick.sudo()._cron_assistant()
            test.heard.append(len(pick.sudo().message_ids))
            # the first one is for the connection: from now on only an event can bring it
            test.tick()
            return at

        self.startPatcher(patch.object(FapiaoPick, "look_again", look_and_listen))

    def pick_by_socket(self, version):
        self.account.write({"assistant_link_url": self.sandbox.assistant_url, "assistant_link_version": version})
        self.assert_filled(self.start("fapiao_pick"))
        self.assertEqual(self.heard[:2], [0, 1])
        self.assertEqual({session.version for session in self.world.sockets.values()}, {version})

    def test_a_pick_arrives_by_socket(self):
        self.pick_by_socket("3")

    def test_a_pick_arrives_by_a_newer_socket(self):
        self.pick_by_socket("4")
