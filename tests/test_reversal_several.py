"""A credit note whose invoice has several fapiao: each is reversed by a red one of its own, in one go."""

from odoo.tests import tagged

from ..models.values import exact
from .common_kingdee import KingdeeCommon
from .common_split import SplitCommon


class SeveralCommon(KingdeeCommon):
    """An invoice over 6 × 100 and 5 × 120, of which the cloud has made two fapiao, one for each line."""

    def setUp(self):
        super().setUp()
        self.world.kingdee.split_amount = "650"
        self.invoice = self.create_invoice([{"quantity": 6, "price_unit": 100}, {"quantity": 5, "price_unit": 120}])
        self.issue(self.invoice)
        self.ask(self.invoice.fapiao_request_ids)
        self.world.kingdee.split_amount = ""
        self.first, self.second = self.invoice.fapiao_ids.sorted("id")
        self.assertEqual(self.invoice.fapiao_state, "issued")

    def settle(self, forms):
        for _turn in range(3):
            for form in forms:
                self.make_due(form.request_ids)
                self.look(form)

    def assert_books_and_bureau_agree(self):
        total = sum(item.gross for item in self.world.fapiao.values())
        credits_ = self.invoice.reversal_move_ids
        books = exact(self.invoice.amount_total) - sum(exact(note.amount_total) for note in credits_)
        self.assertEqual(total, books)
        self.assertEqual(self.invoice.fapiao_amount_open, 0)


@tagged("post_install", "-at_install")
class TestSeveral(SeveralCommon):
    def test_in_full(self):
        note = self.credit(self.invoice)
        dialog = self.open_flush(note)
        self.assertEqual((dialog.fapiao_id, dialog.more_ids), (self.first, self.second))
        self.assertEqual((dialog.error_text, dialog.can_apply, dialog.answer), (False, True, "allowed"))
        for blue in (self.first, self.second):
            self.assertIn(blue.number, dialog.scope_text)
        self.assertIn("1,356.00", dialog.scope_text)
        forms = self.apply(dialog)
        self.assertEqual(len(forms), 2)
        self.settle(forms)
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual(self.invoice.fapiao_state, "red")
        self.assert_books_and_bureau_agree()

    def test_one_in_part_and_one_in_full(self):
        note = self.credit(self.invoice, lines={0: {"quantity": 2}, 1: {}})
        forms = self.apply(self.open_flush(note))
        self.settle(forms)
        scopes = {form.fapiao_id: form.is_full for form in forms}
        self.assertEqual(scopes, {self.first: False, self.second: True})
        self.assertEqual((self.first.status, self.second.status), ("partly_red", "red"))
        self.assertEqual([len(self.reds_of(blue)) for blue in (self.first, self.second)], [1, 1])
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual(self.invoice.fapiao_state, "issued")
        self.assert_books_and_bureau_agree()

    def test_both_in_part_and_a_second_credit_note(self):
        note = self.credit(self.invoice, lines={0: {"quantity": 2}, 1: {"quantity": 1}})
        forms = self.apply(self.open_flush(note))
        self.settle(forms)
        self.assertEqual(set(forms.mapped("is_full")), {False})
        self.assertEqual(note.fapiao_state, "issued")
        self.assert_books_and_bureau_agree()
        rest = self.credit(self.invoice, lines={0: {"quantity": 4}, 1: {"quantity": 4}})
        forms = self.apply(self.open_flush(rest))
        self.settle(forms)
        self.assertEqual((self.first.status, self.second.status), ("red", "red"))
        self.assertEqual(rest.fapiao_state, "issued")
        self.assert_books_and_bureau_agree()

    def test_answer_is_lost_in_the_middle(self):
        note = self.credit(self.invoice)
        dialog = self.open_flush(note)
        self.world.faults.add("ALLE.INVOICE.RED", "drop_after", times=1)
        forms = self.apply(dialog)
        self.assertEqual(note.fapiao_state, "pending")
        self.settle(forms)
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assertEqual(note.fapiao_state, "issued")

    def test_application_is_lost_in_the_middle(self):
        note = self.credit(self.invoice, lines={0: {"quantity": 2}, 1: {"quantity": 1}})
        dialog = self.open_flush(note)
        self.world.faults.add("REDCONFIRMBILL.APPLY", "drop_after", times=1)
        forms = self.apply(dialog)
        self.make_due(forms)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.settle(forms)
        self.assertEqual([len(self.reds_of(blue)) for blue in (self.first, self.second)], [1, 1])
        self.assertEqual(note.fapiao_state, "issued")
        self.assert_books_and_bureau_agree()

    def test_one_is_refused_and_carried_on(self):
        self.use(self.second)
        note = self.credit(self.invoice)
        forms = self.apply(self.open_flush(note))
        self.settle(forms)
        refused = forms.filtered(lambda form: form.fapiao_id == self.second)
        self.assertEqual(note.fapiao_state, "pending")
        self.act(refused, "refuse")
        self.assertEqual((self.first.status, self.second.status), ("red", "normal"))
        self.assertEqual(
            (note.fapiao_state, exact(note.fapiao_amount_open)),
            ("partial", -exact(self.second.amount_total)),
        )
        self.assertTrue(note.fapiao_wants_red)
        for number in (self.first.number, self.second.number):
            self.assertIn(number, note.fapiao_red_message)
        self.assertIn("Red-flush", note.fapiao_red_message)
        dialog = self.open_flush(note)
        self.assertEqual((dialog.fapiao_id, dialog.more_ids.ids), (self.second, []))
        form = self.apply(dialog)
        self.act(form, "confirm")
        self.settle(form)
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertFalse(note.fapiao_red_message)

    def test_reversed_by_hand(self):
        note = self.credit(self.invoice)
        self.settle(self.flush(self.first))
        self.assertEqual(
            (note.fapiao_state, exact(note.fapiao_amount_open)),
            ("to_issue", -exact(note.amount_total)),
        )
        self.settle(self.flush(self.second))
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))

    def test_by_itself(self):
        self.company.fapiao_red_on_credit = "automatic"
        note = self.credit(self.invoice)
        self.assertEqual(len(note.fapiao_red_form_ids), 2)
        self.run_cron("_cron_dispatch")
        self.settle(note.fapiao_red_form_ids)
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assertEqual(note.fapiao_state, "issued")

    def test_lines_that_are_not_known(self):
        """Nothing is guessed: the old way out is named."""
        self.invoice.fapiao_request_line_ids.sudo().fapiao_id = False
        self.invoice.fapiao_ids.line_ids.sudo().name = "else"
        note = self.credit(self.invoice)
        dialog = self.open_flush(note)
        self.assertFalse(dialog.can_apply)
        self.assertIn("one by one", dialog.error_text)
        for blue in (self.first, self.second):
            self.settle(self.flush(blue))
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))


@tagged("post_install", "-at_install")
class TestSeveralAnew(SplitCommon):
    """票单云 reverses in full only: what is left of all of them is issued anew once all are reversed."""

    def setUp(self):
        super().setUp()
        self.company.fapiao_amount_limit = 1000
        self.invoice = self.create_invoice([{"quantity": 9, "price_unit": 100}, {"quantity": 4, "price_unit": 200}])
        self.click(self.open_dialog(self.invoice))
        self.first, self.second = self.invoice.fapiao_ids.sorted("id")
        self.note = self.credit(self.invoice, lines={0: {"quantity": 2}, 1: {"quantity": 1}})

    def assert_agreed(self):
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(total, exact(self.invoice.amount_total) - exact(self.note.amount_total))
        self.assertEqual((self.invoice.fapiao_state, self.invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((self.note.fapiao_state, self.note.fapiao_amount_open), ("issued", 0))

    def settle(self):
        for _turn in range(3):
            self.run_cron("_cron_reconcile", "_cron_dispatch")

    def test_rest_is_issued_once_after_both(self):
        dialog = self.open_flush(self.note)
        self.assertEqual((dialog.scope, dialog.error_text), ("reissue", False))
        forms = self.apply(dialog)
        self.settle()
        self.assertEqual(set(forms.mapped("follow_up")), {"done"}, forms.mapped("follow_up_text"))
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        new = self.invoice.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())
        self.assertEqual(sorted(new.line_ids.mapped("quantity")), [3, 7])
        self.assert_agreed()

    def test_one_is_refused_and_carried_on(self):
        self.use(self.second)
        forms = self.apply(self.open_flush(self.note))
        self.settle()
        refused = forms.filtered(lambda form: form.fapiao_id == self.second)
        self.assertEqual((forms - refused).follow_up, "todo", "the rest waits for the other")
        self.act(refused, "refuse")
        self.settle()
        self.assertEqual((forms - refused).follow_up, "failed")
        self.assertIn("Red-flush", (forms - refused).follow_up_text)
        self.assertEqual(self.note.fapiao_state, "partial")
        form = self.flush(self.note)
        self.act(form, "confirm")
        self.settle()
        self.assertEqual(set((forms - refused | form).mapped("follow_up")), {"done"})
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assert_agreed()

    def test_answer_is_lost_in_the_middle(self):
        dialog = self.open_flush(self.note)
        self.world.faults.add("redTicket", "drop_after", times=1)
        forms = self.apply(dialog)
        self.make_due(forms.request_ids)
        self.settle()
        for blue in (self.first, self.second):
            self.assert_reversed_once(blue)
        self.assert_agreed()
