"""What becomes of an expense is told to the assistant: which calls, in which order."""

import base64

from odoo import fields
from odoo.tests import tagged

from .common_update import ReportCommon


@tagged("post_install", "-at_install")
class TestReportExpense(ReportCommon):
    def test_from_draft_to_booked(self):
        expense, fapiao = self.picked_expense()
        self.tell()
        self.assertEqual(self.calls(), [], "a draft is nobody's business yet")
        expense.action_submit()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30"])
        expense.with_user(self.boss).action_approve()
        self.tell()
        self.assertEqual(self.calls()[2:], ["status 60"])
        expense._post_without_wizard()
        self.tell()
        self.assertEqual(self.calls()[3:], ["status 65", "voucher"])
        self.assertEqual(self.status_of(fapiao), "65")
        self.assert_told()

    def test_cover_and_cost_are_saved(self):
        expense, fapiao = self.submitted()
        saved = self.world.assistant_document(expense.env["fapiao.account"]._assistant_key(expense))
        self.assertEqual((saved.cover["type"], saved.cover["number"]), ("pdf", f"EXP{expense.id}"))
        self.assertTrue(base64.b64decode(saved.cover["content"]).startswith(b"%PDF-"))
        self.assertEqual(
            [(line["fid"], line["costTypeId"], line["costTypeName"]) for line in saved.lines],
            [([fapiao.serial_no], "TRAVEL", "差旅费")],
        )

    def test_deducted_tax_is_written_back(self):
        _expense, fapiao = self.submitted()
        told = self.world.assistant_ticket(fapiao.serial_no).deduction
        self.assertEqual((told["canBeDeduction"], told["entryAmount"]), ("1", "13.00"))

    def test_no_more_tax_than_is_booked(self):
        expense = self.expense(total=100)
        first, second = self.pick(expense, 56.5, 6.5), self.pick(expense, 43.5, 6.5)
        expense.action_submit()
        self.tell()
        amounts = [self.world.assistant_ticket(one.serial_no).deduction["entryAmount"] for one in (first, second)]
        self.assertEqual(amounts, ["6.50", "5.00"], "100 with 13 % in it hold 11.50 of tax")

    def test_tax_that_is_not_deducted(self):
        expense = self.expense(tax_ids=False)
        fapiao = self.pick(expense)
        expense.action_submit()
        self.tell()
        told = self.world.assistant_ticket(fapiao.serial_no).deduction
        self.assertEqual((told["canBeDeduction"], told["entryAmount"]), ("0", "0.00"))
        self.assertTrue(told["outputReason"])

    def test_why_it_is_not_deducted_is_entered(self):
        expense = self.expense(tax_ids=False)
        fapiao = self.pick(expense)
        expense.fapiao_output_reason = "集体福利"
        expense.action_submit()
        self.tell()
        self.assertEqual(self.world.assistant_ticket(fapiao.serial_no).deduction["outputReason"], "集体福利")

    def test_refusal_after_approval(self):
        expense, fapiao = self.submitted()
        expense.with_user(self.boss).action_approve()
        self.tell()
        expense.with_user(self.boss)._do_refuse("不符合规定")
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30", "status 60", "status 1"])
        self.assertEqual(self.status_of(fapiao), "1")
        self.assertFalse(fapiao.match_ids.filtered(lambda match: match.state == "confirmed"))
        self.assert_told()

    def test_reset_and_submitted_again(self):
        expense, fapiao = self.submitted()
        expense.action_reset()
        self.tell()
        self.assertEqual((self.calls()[2:], self.status_of(fapiao)), (["status 1"], "1"))
        expense.action_submit()
        self.tell()
        self.assertEqual(self.calls()[3:], ["save", "status 30"])
        self.assertEqual(self.status_of(fapiao), "30")

    def test_deleted_while_submitted(self):
        expense, fapiao = self.submitted()
        key = self.env["fapiao.account"]._assistant_key(expense)
        expense.unlink()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30", "status 1", "drop"])
        self.assertEqual(self.status_of(fapiao), "1")
        self.assertTrue(self.world.assistant_document(key).deleted)
        self.assert_told()

    def test_deleted_before_anything_was_told(self):
        expense, _fapiao = self.picked_expense()
        expense.unlink()
        self.tell()
        self.assertEqual(self.calls(), [])

    def test_ticket_taken_off_the_only_one(self):
        expense, fapiao = self.submitted()
        fapiao.match_ids.action_undo()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30", "drop line"])
        self.assertEqual(self.status_of(fapiao), "1")
        other = self.pick(expense)
        self.tell()
        self.assertEqual(self.calls()[3:], ["save", "status 30"])
        self.assertEqual(self.status_of(other), "30")

    def test_one_of_two_tickets_taken_off(self):
        expense = self.expense(total=226)
        kept, gone = self.pick(expense), self.pick(expense)
        expense.action_submit()
        self.tell()
        gone.match_ids.action_undo()
        self.tell()
        self.assertEqual(self.calls()[2:], ["save", "status 30"])
        self.assertEqual((self.status_of(kept), self.status_of(gone)), ("30", "1"))

    def test_edited_ticket_has_another_serial_number(self):
        expense, fapiao = self.submitted()
        other = self.world.give_ticket("somebody", "26", total="113", tax="13")
        fapiao.sudo().serial_no = other.serial
        self.tell()
        self.assertEqual(self.calls()[2:], ["save", "status 30"])
        self.assertEqual(self.world.assistant_ticket(other.serial).status, "30")

    def test_two_expenses_in_one_entry(self):
        """Their voucher names both, and is taken back for both."""
        expenses = self.expense() | self.expense(total=226)
        self.pick(expenses[0])
        self.pick(expenses[1], 226, 26)
        expenses.action_submit()
        expenses.with_user(self.boss).action_approve()
        expenses._post_without_wizard()
        self.tell()
        self.assertEqual(self.calls(expenses[0])[:2], ["save", "status 65"])
        (voucher,) = (one for one in self.world.assistant_log() if one["call"] == "collect")
        self.assertEqual(len(voucher["document"].split(",")), 2)
        self.assertEqual(len(voucher["serials"]), 2)
        expenses.account_move_id.button_draft()
        self.tell()
        self.assertEqual(self.calls()[-3:], ["drop voucher", "status 60", "status 60"])
        self.assert_told()

    def test_entry_reset_and_posted_again(self):
        expense, fapiao = self.submitted()
        expense.with_user(self.boss).action_approve()
        expense._post_without_wizard()
        self.tell()
        move = expense.account_move_id
        move.button_draft()
        self.tell()
        self.assertEqual(self.calls()[-2:], ["drop voucher", "status 60"])
        self.assertEqual(self.status_of(fapiao), "60")
        move.action_post()
        self.tell()
        self.assertEqual(self.calls()[-2:], ["status 65", "voucher"])

    def test_entry_reversed_and_expense_reset(self):
        """The voucher goes with the entry, the claim with the reset."""
        expense, fapiao = self.submitted()
        expense.with_user(self.boss).action_approve()
        expense._post_without_wizard()
        self.tell()
        expense.account_move_id._reverse_moves([{"invoice_date": fields.Date.today()}], cancel=True)
        self.tell()
        self.assertEqual(self.calls()[-2:], ["drop voucher", "status 60"])
        expense.action_reset()
        self.tell()
        self.assertEqual(self.calls()[-1:], ["status 1"])
        self.assertEqual(self.status_of(fapiao), "1")
        self.assert_told()

    def test_other_matches_are_not_told(self):
        expense, fapiao = self.expense(), self.receive()
        self.confirm(fapiao, expense)
        expense.action_submit()
        self.tell()
        self.assertFalse(self.reports())

    def test_shown_on_the_document(self):
        expense, _fapiao = self.submitted()
        self.assertEqual(expense.fapiao_told, "The assistant knows: In approval")
        expense.with_user(self.boss).action_approve()
        self.safe()
        self.assertEqual(expense.fapiao_told, "The assistant knows: In approval; Waiting: Approved")
        self.assertFalse(expense.fapiao_told_problem)
