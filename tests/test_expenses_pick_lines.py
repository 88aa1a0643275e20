"""Lines of a bill have their own tickets at the assistant: relation, saving, and the pages of a line."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_pick import PickCommon


@tagged("post_install", "-at_install")
class TestPickLines(PickCommon):
    def setUp(self):
        super().setUp()
        self.bill = self.blank_bill(
            partner_id=self.partner_a.id,
            invoice_line_ids=[
                Command.create({"name": name, "quantity": 1, "price_unit": price, "tax_ids": [Command.clear()]})
                for name, price in (("first", 100), ("second", 200))
            ],
        )
        self.first, self.second = self.bill.invoice_line_ids.sorted("id")
        self.own_eid = self.account._assistant_key(self.env.user)

    def key(self, line=None):
        return self.account._assistant_line(self.bill, line)

    def opened(self, action):
        pick = self.env["fapiao.pick"].browse(action["params"]["pick_id"])
        self.answer = pick.open_page()
        return pick.sudo()

    def adjusted(self, line, serials):
        with self.engine():
            pick = self.opened(line.action_fapiao_pick_adjust())
        self.press(pick, serials, button="save")
        self.listen(pick)
        return pick

    def serials(self, line):
        matches = self.bill.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
        return sorted(matches.filtered(lambda match: match.move_line_id == line).fapiao_id.mapped("serial_no"))

    def test_each_line_has_its_own(self):
        one, two, three = (self.ticket("26", eid=self.own_eid, total=total) for total in (40, 60, 200))
        self.adjusted(self.first, [one, two])
        self.adjusted(self.second, [three])
        self.assertEqual(self.serials(self.first), sorted([one, two]))
        self.assertEqual(self.serials(self.second), [three])
        self.assertEqual(
            dict(self.bill._fapiao_update_lines()),
            {self.key(self.first): tuple(sorted([one, two])), self.key(self.second): (three,)},
        )

    def test_a_line_without_tickets_is_there_before_its_page_opens(self):
        with self.engine():
            pick = self.opened(self.first.action_fapiao_pick_line())
        (line,) = self.world.assistant_document(pick.key, self.account.tax_no).cached
        self.assertEqual((line["entryid"], line["fid"]), (self.key(self.first), []))
        self.assertEqual(list(self.world.user_keys.values())[-1].branch_id, self.key(self.first))

    def test_adjusting_one_line_leaves_the_other(self):
        one, two = (self.ticket("26", eid=self.own_eid, total=total) for total in (100, 200))
        self.adjusted(self.first, [one])
        self.adjusted(self.second, [two])
        self.adjusted(self.first, [])
        self.assertEqual((self.serials(self.first), self.serials(self.second)), ([], [two]))

    def test_a_ticket_moves_to_another_line(self):
        one = self.ticket("26", eid=self.own_eid, total=100)
        self.adjusted(self.first, [one])
        message = {"bxd_key": self.account._assistant_key(self.bill), "branch_id": self.key(self.second)}
        with self.engine():
            pick = self.opened(self.second.action_fapiao_pick_adjust())
        self.world.assistant_message(pick.link_key, "saveEntrys", {**message, "list": {"fid": one}})
        self.listen(pick)
        self.assertEqual((self.serials(self.first), self.serials(self.second)), ([], [one]))

    def test_a_ticket_taken_off_a_line_may_come_back_for_the_whole_bill(self):
        one = self.ticket("26", eid=self.own_eid, total=100)
        self.adjusted(self.first, [one])
        self.adjusted(self.first, [])
        with self.engine():
            pick = self.opened(self.bill.action_fapiao_pick_adjust())
        self.press(pick, [one], button="save")
        self.listen(pick)
        self.assertEqual(self.serials(self.first), [])
        self.assertEqual(self.serials(self.env["account.move.line"]), [one])

    def test_a_line_of_another_document_is_refused(self):
        one = self.ticket("26", eid=self.own_eid, total=100)
        self.adjusted(self.first, [one])
        with self.engine():
            pick = self.opened(self.first.action_fapiao_pick_adjust())
        self.world.assistant_message(pick.link_key, "saveEntrys", {"branch_id": "somewhere-L1", "list": []})
        self.listen(pick)
        self.assertEqual(pick.message_ids.state, "failed")
        self.assertIn("doesn't have any more", pick.message_ids.problem)
        self.assertEqual(self.serials(self.first), [one], "nothing was taken off")

    def test_lines_are_saved_with_their_kinds_of_cost(self):
        one = self.ticket("26", eid=self.own_eid, total=100)
        self.adjusted(self.first, [one])
        self.bill.invoice_date = "2026-03-11"
        self.bill.action_post()
        self.env.flush_all()
        self.env.cr.precommit.run()
        for _report in range(4):
            self.run_cron("_cron_dispatch")
        (line,) = self.world.assistant_document(self.account._assistant_key(self.bill), self.account.tax_no).lines
        self.assertEqual((line["entryid"], line["fid"]), (self.key(self.first), [one]))
        self.assertEqual(line["costTypeId"], self.first.account_id.code)

    # ------------------------------------------------------------------ taking over

    def told(self, *serials):
        """Let the assistant have these tickets on the bill, as another system might have saved them."""
        with self.engine():
            self.env["fapiao.assistant.update"]._relate(self.bill)
        document = self.world.assistant_document(self.account._assistant_key(self.bill), self.account.tax_no)
        document.lines = [{"entryid": self.key(), "fid": list(serials), "costTypeId": "", "costTypeName": ""}]
        document.number = self.account._assistant_number(self.bill)
        document.saved = True

    def test_what_only_the_assistant_has_is_taken_over(self):
        known, missing = (self.ticket("26", eid=self.own_eid, total=total) for total in (100, 200))
        self.adjusted(self.first, [known])
        self.told(known, missing)
        with self.engine():
            said = self.bill.action_fapiao_pick_compare()["params"]["message"]
            self.assertIn("Take Over", said)
            action = self.bill.action_fapiao_pick_take_over()
        pick = self.env["fapiao.pick"].browse(action["res_id"]).sudo()
        self.assertEqual((pick.ticket_ids.serial_no, pick.ticket_ids.state), (missing, "attached"))
        self.assertEqual(pick.message_ids.state, "applied")
        self.assertEqual(self.serials(self.env["account.move.line"]), [missing])
        self.assertTrue(self.bill.attachment_ids, "with its file")
        with self.engine(), self.assertRaises(UserError):
            self.bill.action_fapiao_pick_take_over()

    def test_what_the_company_forbids_is_not_taken_over(self):
        missing = self.ticket("26", eid=self.own_eid, total=200, check_status="2")
        self.told(missing)
        with self.engine():
            action = self.bill.action_fapiao_pick_take_over()
        pick = self.env["fapiao.pick"].browse(action["res_id"]).sudo()
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertFalse(self.bill.fapiao_match_ids)
