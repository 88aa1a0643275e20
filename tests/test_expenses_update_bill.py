"""What becomes of a bill with picked tickets is told to the assistant."""

from odoo import Command, fields
from odoo.tests import tagged

from .common_update import ReportCommon


@tagged("post_install", "-at_install")
class TestReportBill(ReportCommon):
    def test_posted(self):
        bill, fapiao = self.posted_bill()
        self.assertEqual(self.calls(), ["save", "status 65", "voucher"])
        self.assertEqual(self.status_of(fapiao), "65")
        told = self.world.assistant_ticket(fapiao.serial_no).deduction
        self.assertEqual((told["canBeDeduction"], told["entryAmount"]), ("1", "13.00"))
        self.assertEqual(bill.fapiao_told, "The assistant knows: Accounting voucher")
        self.assert_told()

    def test_voucher_says_what_is_booked(self):
        bill, fapiao = self.posted_bill()
        (voucher,) = self.world.vouchers.values()
        info = voucher.content["voucherInfo"]
        self.assertEqual((voucher.number, info["period"]), (bill.name, bill.date.strftime("%Y%m")))
        self.assertEqual(voucher.serials, [fapiao.serial_no])
        self.assertEqual(voucher.documents, [self.env["fapiao.account"]._assistant_key(bill)])
        debit = sum(float(entry["debitsAmount"]) for entry in info["entries"])
        credit = sum(float(entry["creditAmount"]) for entry in info["entries"])
        self.assertEqual((debit, credit), (113, 113))
        self.assertTrue(all(entry["subject"].split()[0].isalnum() for entry in info["entries"]))

    def test_reset_of_a_posted_bill(self):
        bill, fapiao = self.posted_bill()
        bill.button_draft()
        self.tell()
        self.assertEqual(self.calls()[3:], ["drop voucher", "status 1"])
        self.assertEqual(self.status_of(fapiao), "1")
        bill.action_post()
        self.tell()
        self.assertEqual(self.calls()[5:], ["save", "status 65", "voucher"])
        self.assert_told()

    def test_reset_and_posted_in_one_go(self):
        """Nothing has changed, so nothing is told."""
        bill, _fapiao = self.posted_bill()
        bill.button_draft()
        bill.action_post()
        self.tell()
        self.assertEqual(len(self.calls()), 3)

    def test_posted_again_with_other_amounts(self):
        bill, _fapiao = self.posted_bill()
        bill.button_draft()
        bill.invoice_line_ids.price_unit = 99
        bill.action_post()
        self.tell()
        self.assertEqual(self.calls()[3:], ["drop voucher", "voucher"])

    def test_cancelled(self):
        bill, fapiao = self.posted_bill()
        bill.button_draft()
        bill.button_cancel()
        self.tell()
        self.assertEqual(self.calls()[3:], ["drop voucher", "status 1"])
        self.assertEqual(self.status_of(fapiao), "1")

    def test_deleted_after_reset(self):
        bill, _fapiao = self.posted_bill()
        bill.button_draft()
        self.tell()
        bill.with_context(force_delete=True).unlink()
        self.tell()
        self.assertEqual(self.calls()[3:], ["drop voucher", "status 1", "drop"])
        self.assert_told()

    def test_reversed(self):
        bill, fapiao = self.posted_bill()
        bill._reverse_moves([{"invoice_date": fields.Date.today()}], cancel=True)
        self.tell()
        self.assertEqual(bill.payment_state, "reversed")
        self.assertEqual(self.calls()[3:], ["drop voucher", "status 1"])
        self.assertEqual(self.status_of(fapiao), "1")

    def test_credit_note_reconciled_later(self):
        bill, _fapiao = self.posted_bill()
        refund = bill._reverse_moves([{"invoice_date": fields.Date.today()}])
        refund.action_post()
        self.tell()
        if bill.payment_state != "reversed":
            self.assertEqual(len(self.calls()), 3, "a credit note alone takes nothing back")
            lines = (bill | refund).line_ids
            lines.filtered(lambda line: line.account_type == "liability_payable").reconcile()
            self.tell()
        self.assertEqual(self.calls()[3:], ["drop voucher", "status 1"])

    def test_partial_refund_takes_nothing_back(self):
        bill, fapiao = self.posted_bill()
        refund = bill._reverse_moves([{"invoice_date": fields.Date.today()}])
        refund.invoice_line_ids.price_unit = 10
        refund.action_post()
        lines = (bill | refund).line_ids
        lines.filtered(lambda line: line.account_type == "liability_payable").reconcile()
        self.tell()
        self.assertEqual((len(self.calls()), self.status_of(fapiao)), (3, "65"))

    def test_tax_without_account_is_a_cost(self):
        tax = self._create_tax(
            "Cost 13%",
            13,
            type_tax_use="purchase",
            invoice_repartition_line_ids=[
                Command.create({"repartition_type": "base"}),
                Command.create({"repartition_type": "tax", "account_id": False}),
            ],
        )
        bill = self.bill()
        bill.invoice_line_ids.tax_ids = tax
        fapiao = self.pick(bill)
        bill.action_post()
        self.tell()
        told = self.world.assistant_ticket(fapiao.serial_no).deduction
        self.assertEqual((told["canBeDeduction"], told["entryAmount"]), ("0", "0.00"))

    def test_relation_before_a_page_opens(self):
        bill, fapiao = self.picked_bill()
        with self.engine():
            self.env["fapiao.assistant.update"]._relate(bill)
        self.assertEqual(self.calls(), ["relate"])
        cached = self.world.assistant_document(self.env["fapiao.account"]._assistant_key(bill)).cached
        self.assertEqual([line["fid"] for line in cached], [[fapiao.serial_no]])

    def test_ticket_taken_off_a_draft_that_was_shown(self):
        bill, fapiao = self.picked_bill()
        with self.engine():
            self.env["fapiao.assistant.update"]._relate(bill)
        fapiao.match_ids.action_undo()
        self.tell()
        self.assertEqual(self.calls(), ["relate", "drop line"])
