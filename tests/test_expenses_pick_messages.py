"""Messages that come twice, late, in odd order or without a receipt; and what each kind does."""

from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds.errors import NotSent
from ..clouds.kingdee.assistant.client import Assistant
from ..models.expenses.pick_intake import Intake
from .common_pick import PickCommon

APPLY = "odoo.addons.l10n_cn_invoice_cloud.models.expenses.fapiao_pick_message"


@tagged("post_install", "-at_install")
class TestPickMessages(PickCommon):
    # ------------------------------------------------------------------ once, whatever comes

    def test_a_lost_receipt_brings_the_message_again_with_one_effect(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.press(pick, [self.ticket("26", total=100)])
        send = Assistant.send

        def lose(cloud, operation, payload):
            if operation == "receipt":
                raise NotSent("gone")
            return send(cloud, operation, payload)

        with patch.object(Assistant, "send", lose):
            self.listen(pick)
        message = pick.message_ids
        self.assertEqual((message.state, message.receipt_state), ("applied", "due"))
        matches = expense.fapiao_match_ids
        self.listen(pick)
        self.assertEqual((message.times, message.receipt_state), (2, "sent"))
        self.assertEqual((pick.message_ids, expense.fapiao_match_ids), (message, matches))
        self.assertEqual((expense.total_amount, len(pick.expense_ids)), (100, 1))

    def test_no_receipt_before_the_application_is_committed(self):
        pick = self.visit(self.expense())
        self.press(pick, [self.ticket("26")])
        with patch.object(Assistant, "tickets", side_effect=NotSent("down")):
            self.listen(pick)
        self.assertIn("down", pick.problem)
        self.assertEqual((pick.message_ids.state, pick.message_ids.receipt_state), ("new", "due"))
        self.assertEqual([letter.state for letter in self.letters(pick)], ["waiting"])
        self.listen(pick)
        self.assertFalse(pick.problem)
        self.assertEqual(pick.message_ids.state, "applied")
        self.assertEqual([letter.state for letter in self.letters(pick)], ["received"])

    def letters(self, pick):
        return self.world.messages_for(pick.link_key)

    def test_the_same_choice_under_another_id_has_no_second_effect(self):
        expense = self.expense()
        pick = self.visit(expense, together=False)
        self.press(pick, [self.ticket("26", total=100)])
        self.world.repeat_message()
        self.listen(pick)
        self.assertEqual(pick.message_ids.mapped("receipt_state"), ["sent", "sent"])
        self.assertEqual((pick.expense_ids, len(expense.fapiao_match_ids)), (expense.sudo(), 1))

    def test_messages_in_reverse_order_all_arrive(self):
        expense = self.expense()
        pick = self.visit(expense, together=True)
        self.world.set("assistant", hold_messages=True)
        for total in (100, 200):
            self.press(pick, [self.ticket("26", total=total)])
        self.world.release_messages("reversed")
        self.listen(pick)
        self.assertEqual((expense.total_amount, len(expense.fapiao_match_ids)), (300, 2))

    def test_an_unknown_kind_is_kept_and_acknowledged(self):
        pick = self.visit(self.expense())
        self.world.assistant_message(pick.link_key, "somethingNew", {"hello": 1})
        self.listen(pick)
        message = pick.message_ids
        self.assertEqual((message.kind, message.state), ("somethingNew", "ignored"))
        self.assertEqual((message.receipt_state, message.raw["data"]), ("sent", {"hello": 1}))
        self.assertEqual(pick.state, "open")

    def test_a_bug_of_ours_keeps_the_message_and_lets_the_next_one_through(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.press(pick, [self.ticket("26", total=50)])
        with patch.object(Intake, "apply", side_effect=ZeroDivisionError), mute_logger(APPLY):
            self.listen(pick)
        self.assertEqual((pick.message_ids.state, pick.message_ids.receipt_state), ("failed", "sent"))
        with self.engine():
            pick.message_ids.with_user(self.employee_user).action_apply()
        self.assertEqual(expense.total_amount, 50)

    # ------------------------------------------------------------------ kinds of documents

    def test_travel_comes_in_groups(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("9", total=109), self.ticket("8", total=30)], kind="Tra", together=True)
        self.assertEqual((expense.total_amount, len(expense.fapiao_match_ids)), (139, 2))

    # ------------------------------------------------------------------ edit, adjust, show

    def page_of(self, action):
        pick = self.env["fapiao.pick"].with_user(self.employee_user).browse(action["params"]["pick_id"])
        self.answer = pick.open_page()
        return pick.sudo()

    def test_an_edited_ticket_keeps_its_match_under_another_number(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=106, tax=6)])
        match = expense.fapiao_match_ids
        fapiao = match.sudo().fapiao_id
        serial = fapiao.serial_no
        with self.engine():
            pick = self.page_of(match.action_pick_edit())
        self.press(pick, button="save", totalAmount="212", taxAmount="12")
        self.listen(pick)
        self.assertEqual((pick.state, pick.ticket_ids.state), ("done", "updated"))
        self.assertEqual(expense.fapiao_match_ids, match)
        self.assertEqual((match.state, match.amount, match.sudo().fapiao_id), ("confirmed", 212, fapiao))
        self.assertNotEqual(fapiao.serial_no, serial)
        self.assertEqual((fapiao.amount_total, expense.total_amount), (212, 212))
        self.assertEqual(expense.fapiao_in_state, "matched")

    def test_a_ticket_edited_into_one_that_is_known_stands_in_for_it(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=106, tax=6)])
        twin = self.ticket("26", total=50)
        self.picked(self.expense(), [twin])
        known = self.env["fapiao"].sudo().search([("serial_no", "=", twin)])
        with self.engine():
            pick = self.page_of(expense.fapiao_match_ids.action_pick_edit())
        self.press(pick, button="save", invoiceNo=known.number)
        self.listen(pick)
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn("booked already", pick.ticket_ids.reason)

    def test_show_and_list_open_without_listening(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26")])
        match = expense.fapiao_match_ids
        for action in (match.action_pick_show, expense.action_fapiao_pick_list):
            with self.engine():
                pick = self.page_of(action())
            self.assertTrue(self.answer["is_silent"] and self.answer["page_url"])
            self.assertFalse(pick.link_key or pick.next_poll_at)

    def test_a_line_is_adjusted(self):
        expense = self.expense()
        kept, gone = self.ticket("26", total=100), self.ticket("26", total=200)
        self.picked(expense, [kept, gone], together=True)
        with self.engine():
            pick = self.page_of(expense.action_fapiao_pick_adjust())
        added = self.ticket("26", total=7)
        self.press(pick, [kept, added], button="save")
        self.listen(pick)
        self.assertEqual(sorted(expense.fapiao_match_ids.sudo().fapiao_id.mapped("serial_no")), sorted([kept, added]))
        self.assertEqual(expense.total_amount, 107)

    def test_a_fapiao_is_taken_away_by_its_person(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=100), self.ticket("26", total=200)], together=True)
        match = expense.fapiao_match_ids.filtered(lambda one: one.amount == 200)
        match.action_pick_remove()
        self.assertEqual((expense.total_amount, expense.fapiao_match_ids.amount), (100, 100))
