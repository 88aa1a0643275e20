"""Received fapiao marked at the bureau: booked with their bills, selected for deduction."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..sandbox import defaults
from .common_kingdee import KingdeeCommon
from .common_match import SELLER_TAX_NO, MatchCommon

# The sandbox takes this month and the last, as the bureau does
OPEN_PERIOD = fields.Date.today().strftime("%Y%m")


class MarkingCommon(KingdeeCommon, MatchCommon):
    def pooled(self, **values):
        """Return a fapiao of 113 that lies in the bureau's pool and in ours."""
        row = self.world.receive_fapiao(
            defaults.TAX_NO,
            **{"net": "100.00", "tax": "13.00", "seller_no": SELLER_TAX_NO, "day": "2026-03-10", **values},
        )
        return self.receive(
            number=row.number,
            account_id=self.account.id,
            type_code=str(row.kind),
            issue_date=fields.Date.to_date(row.day),
            code=row.code,
        )

    def mark_of(self, fapiao):
        return self.world.inbound(fapiao.number)

    def send(self):
        """Let what is queued be sent, and its results be asked for."""
        self.run_cron("_cron_dispatch")
        markings = self.env["fapiao.marking"].search([("state", "in", ("pending", "unknown"))])
        for _look in range(2):
            self.make_due(markings)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        return self.env["fapiao.marking"].search([])

    def booked(self):
        """Return a fapiao that is matched, its posted bill, and the order to mark it."""
        fapiao, bill = self.pooled(), self.bill()
        self.confirm(fapiao, bill)
        self.post(bill)
        return fapiao, bill, self.env["fapiao.marking"].search([])


@tagged("post_install", "-at_install")
class TestBooking(MarkingCommon):
    def test_posting_marks_and_resetting_takes_back(self):
        fapiao, bill, marking = self.booked()
        self.assertEqual((marking.kind, marking.period, marking.state), ("book", "202603", "queued"))
        self.send()
        self.assertEqual((marking.state, marking.line_ids.state), ("done", "done"), marking.error_message)
        self.assertEqual((fapiao.booking, self.mark_of(fapiao).booked), ("booked", "02"))
        self.assertEqual(self.mark_of(fapiao).booked_period, "202603")
        bill.button_draft()
        self.send()
        self.assertEqual((fapiao.booking, self.mark_of(fapiao).booked), ("unbooked", "00"))

    def test_match_after_posting(self):
        fapiao, bill = self.pooled(), self.bill()
        self.post(bill)
        self.confirm(fapiao, bill)
        self.send()
        self.assertEqual(fapiao.booking, "booked")
        fapiao.match_ids.action_undo()
        self.send()
        self.assertEqual(fapiao.booking, "unbooked")

    def test_one_fapiao_for_two_bills_waits_for_both(self):
        fapiao = self.pooled(net="200.00", tax="26.00")
        fapiao.sudo().write({"amount_untaxed": 200, "amount_tax": 26, "amount_total": 226})
        bills = self.bill() | self.bill()
        for bill in bills:
            self.confirm(fapiao, bill, 113)
        self.post(bills[0])
        self.assertFalse(self.env["fapiao.marking"].search([]))
        self.post(bills[1])
        self.assertEqual(self.env["fapiao.marking"].search([]).fapiao_count, 1)

    def test_reset_before_it_was_sent(self):
        """What is on its way goes its way; what ought to be is looked at when it has come to its end."""
        fapiao, bill, _marking = self.booked()
        bill.button_draft()
        self.send()
        self.send()
        self.assertEqual((fapiao.booking, self.mark_of(fapiao).booked), ("unbooked", "00"))

    def test_mark_made_elsewhere_is_left_alone(self):
        fapiao, bill = self.pooled(), self.bill()
        fapiao.sudo().booking = "booked"
        self.confirm(fapiao, bill)
        self.post(bill)
        bill.button_draft()
        self.assertFalse(self.env["fapiao.marking"].search([]))

    def test_switched_off(self):
        self.account.marks_booked = False
        self.booked()
        self.assertFalse(self.env["fapiao.marking"].search([]))

    def test_refused(self):
        """A refusal is told with the fapiao, and not tried for ever."""
        fapiao, bill, marking = self.booked()
        self.world.set_inbound_status(fapiao.number, 2)
        self.send()
        self.assertEqual((marking.state, marking.refused_count), ("done", 1))
        self.assertTrue(marking.line_ids.text)
        self.assertNotEqual(fapiao.booking, "booked")
        self.env["fapiao"]._sweep_bookings()
        self.assertEqual(self.env["fapiao.marking"].search_count([]), 1)

    def test_lost_answer(self):
        fapiao, _bill, marking = self.booked()
        self.world.faults.add("invoiceRecorded", "drop_after", times=1)
        self.run_cron("_cron_dispatch")
        self.assertEqual(marking.state, "unknown")
        self.send()
        self.assertEqual((marking.state, fapiao.booking), ("done", "booked"))
        self.assertEqual(self.mark_of(fapiao).booked, "02")

    def test_results_come_later(self):
        self.world.set("kingdee", recorded_as="task")
        fapiao, _bill, marking = self.booked()
        self.run_cron("_cron_dispatch")
        self.assertEqual(marking.state, "pending")
        self.assertTrue(marking.task_no)
        self.send()
        self.assertEqual((marking.state, fapiao.booking), ("done", "booked"))

    def test_sweep_finds_what_a_search_matched(self):
        fapiao, bill = self.pooled(), self.bill(ref="none")
        bill.ref = fapiao.number
        self.post(bill)
        self.search_matches(fapiao)
        self.assertEqual(fapiao.match_state, "matched")
        self.env["fapiao"]._sweep_bookings()
        self.send()
        self.assertEqual(fapiao.booking, "booked")

    def test_many_at_once(self):
        """Sixty bills, two orders: fifty fapiao fit into one."""
        pairs = [(self.pooled(), self.bill()) for _pair in range(60)]
        for fapiao, bill in pairs:
            self.confirm(fapiao, bill)
        self.env["fapiao.marking"].sudo().search([]).unlink()
        with self.engine():
            self.env["account.move"].union(*(bill for _fapiao, bill in pairs)).action_post()
        markings = self.env["fapiao.marking"].search([])
        self.assertEqual(sorted(markings.mapped("fapiao_count")), [10, 50])
        self.send()
        self.assertEqual({fapiao.booking for fapiao, _bill in pairs}, {"booked"})


@tagged("post_install", "-at_install")
class TestDeduction(MarkingCommon):
    def deduct(self, fapiao, **values):
        action = fapiao.action_deduct()
        dialog = self.env["fapiao.deduction"].browse(action["res_id"])
        dialog.write({"period": OPEN_PERIOD, **values})
        with self.engine():
            dialog.action_confirm()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.send()
        return self.env["fapiao.marking"].search([], limit=1)

    def test_select_and_take_back(self):
        fapiao = self.pooled()
        marking = self.deduct(fapiao)
        self.assertEqual(marking.state, "done", marking.error_message)
        self.assertRecordValues(fapiao, [{"deduction": "selected", "deduction_period": OPEN_PERIOD}])
        self.assertTrue(self.mark_of(fapiao).selected)
        self.assertEqual(self.mark_of(fapiao).selected_period, OPEN_PERIOD)
        self.deduct(fapiao)
        self.assertRecordValues(fapiao, [{"deduction": "unselected", "deduction_period": False}])
        self.assertFalse(self.mark_of(fapiao).selected)

    def test_each_has_its_result(self):
        good, bad = self.pooled(), self.pooled()
        self.world.set_inbound_status(bad.number, 4)
        marking = self.deduct(good | bad)
        self.assertEqual((good.deduction, bad.deduction), ("selected", False))
        refused = marking.line_ids.filtered(lambda line: line.state == "refused")
        self.assertEqual(refused.fapiao_id, bad)
        self.assertTrue(refused.text)

    def test_what_cant_be_deducted_is_left_out(self):
        void, ordinary, good = self.pooled(), self.pooled(kind=26), self.pooled()
        void.sudo().status = "void"
        dialog = self.env["fapiao.deduction"].browse((void | ordinary | good).action_deduct()["res_id"])
        self.assertEqual((dialog.ready_count, dialog.amount_tax), (1, 13))
        self.assertRegex(dialog.problems, f"(?s){void.number}.*{ordinary.number}")
        with self.assertRaisesRegex(UserError, void.number):
            self.env["fapiao.deduction"].browse(void.action_deduct()["res_id"]).action_confirm()

    def test_not_twice_at_once(self):
        fapiao = self.pooled()
        self.env["fapiao.marking"]._create_for(fapiao, "select", OPEN_PERIOD)
        self.assertFalse(self.env["fapiao.marking"]._create_for(fapiao, "select", OPEN_PERIOD))

    def test_period_is_checked(self):
        dialog = self.env["fapiao.deduction"].browse(self.pooled().action_deduct()["res_id"])
        with self.assertRaises(ValidationError):
            dialog.period = "2026-13"

    def test_only_what_was_not_sent_is_given_up(self):
        fapiao = self.pooled()
        marking = self.env["fapiao.marking"]._create_for(fapiao, "select", OPEN_PERIOD)
        marking.action_withdraw()
        self.assertEqual((marking.state, marking.line_ids.state), ("withdrawn", "dropped"))
        self.deduct(fapiao)
        self.assertEqual(fapiao.deduction, "selected")
        with self.assertRaises(UserError):
            self.env["fapiao.marking"].search([], limit=1).action_withdraw()

    def test_lost_answer_of_a_selection(self):
        fapiao = self.pooled()
        self.world.faults.add("invoiceSelect", "drop_after", times=1)
        marking = self.deduct(fapiao)
        self.assertEqual((marking.state, fapiao.deduction), ("done", "selected"), marking.error_message)
        self.assertTrue(self.mark_of(fapiao).selected)
        self.assertGreater(marking.create_date + timedelta(days=1), fields.Datetime.now())
