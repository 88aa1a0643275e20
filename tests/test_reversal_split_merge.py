"""Reversing where an invoice has several fapiao."""

from odoo.tests import tagged

from ..models.values import exact
from .common_split import SplitCommon


@tagged("post_install", "-at_install")
class TestReverseSlices(SplitCommon):
    def test_one_of_three_is_reversed_and_issued_anew(self):
        invoice = self.split_invoice()
        blue = invoice.fapiao_ids.sorted("id")[1]
        with self.engine():
            action = invoice.action_fapiao_red()
        self.assertEqual(action["res_model"], "fapiao", "which of them a person has to say")
        dialog = self.open_flush(blue)
        self.assertEqual((dialog.scope, dialog.can_make_credit_note), ("full", False))
        self.apply(dialog)
        self.assert_reversed_once(blue)
        self.assertEqual(invoice.fapiao_state, "partial")
        self.assertEqual(exact(invoice.fapiao_amount_open), exact(blue.amount_total))
        self.issue(invoice)
        new = invoice.fapiao_request_ids.sorted("id")[-1:]
        self.assertEqual(
            [(line.move_line_id, line.part, line.amount_untaxed) for line in new.line_ids],
            [(line.move_line_id, line.part, line.amount_untaxed) for line in blue.request_ids.line_ids],
        )
        self.assertEqual(new.fapiao_ids.amount_tax, blue.amount_tax)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))

    def test_credit_note_over_all_of_them(self):
        invoice = self.split_invoice()
        blues = invoice.fapiao_ids
        note = self.credit(invoice)
        dialog = self.open_flush(note)
        self.assertEqual((dialog.can_apply, dialog.fapiao_id | dialog.more_ids), (True, blues))
        for number in blues.mapped("number"):
            self.assertIn(number, dialog.scope_text)
        self.assertEqual(len(self.apply(dialog)), 3)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        for blue in blues:
            self.assert_reversed_once(blue)
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("red", 0))
        self.assertEqual(sum(item.gross for item in self.world.fapiao.values()), 0)

    def test_credit_note_by_itself(self):
        self.company.fapiao_red_on_credit = "automatic"
        invoice = self.split_invoice()
        note = self.credit(invoice)
        self.assertEqual((len(note.fapiao_red_form_ids), note.fapiao_state), (3, "pending"))
        self.run_cron("_cron_dispatch", "_cron_reconcile", "_cron_dispatch")
        self.assertEqual((note.fapiao_state, invoice.fapiao_state), ("issued", "red"))

    def test_credit_note_on_one_of_them(self):
        """Goods that stand on one fapiao alone: that one is reversed, and the rest of it issued anew."""
        self.company.fapiao_amount_limit = 1000
        invoice = self.create_invoice([{"quantity": 9, "price_unit": 100}, {"quantity": 4, "price_unit": 200}])
        self.click(self.open_dialog(invoice))
        first, second = invoice.fapiao_ids.sorted("amount_total", reverse=True)
        note = self.credit(invoice, lines={1: {"quantity": 1}})
        dialog = self.open_flush(note)
        self.assertEqual((dialog.fapiao_id, dialog.scope), (second, "reissue"))
        self.assertIn("678.00", dialog.scope_text)
        form = self.apply(dialog)
        self.run_cron("_cron_dispatch")
        self.assertEqual(form.follow_up, "done", form.follow_up_text)
        self.assertEqual((first.status, second.status), ("normal", "red"))
        new = form.rest_request_ids.fapiao_ids
        self.assertEqual((new.amount_untaxed, new.line_ids.mapped("quantity")), (600, [3]))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(note.fapiao_state, "issued")
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(float(total), invoice.amount_total - note.amount_total)

    def test_credit_note_that_takes_all_of_one(self):
        self.company.fapiao_amount_limit = 1000
        invoice = self.create_invoice([{"price_unit": 900}, {"price_unit": 800}])
        self.click(self.open_dialog(invoice))
        note = self.credit(invoice, lines={1: {}})
        dialog = self.open_flush(note)
        self.assertEqual(dialog.scope, "full")
        self.apply(dialog)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(note.fapiao_state, "issued")

    def test_rest_of_a_slice_by_hand(self):
        """The way out the refusal names: reverse what is concerned, then issue the rest."""
        invoice = self.split_invoice()
        note = self.credit(invoice, lines={0: {"quantity": 2}})
        blue = invoice.fapiao_ids.sorted("id")[0]
        self.flush(blue)
        open_amount = exact(blue.amount_total) - exact(note.amount_total)
        self.assertEqual((invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("partial", open_amount))
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(total, exact(invoice.amount_total) - exact(note.amount_total))
