"""From the credit note: in full, in part by reversing and issuing anew, asked for or by itself."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..clouds.base import PARTIAL_RED
from ..clouds.piaodanyun import Piaodanyun
from ..models.reversal import planner
from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestFull(RedCommon):
    def test_posting_asks(self):
        invoice = self.issued_invoice()
        note = self.credit(invoice, post=False)
        self.world.calls.clear()
        action = self.post(note)
        self.assertEqual(action["tag"], "l10n_cn_invoice_cloud.ask_for_red")
        self.assertFalse(self.world.calls.of("retInviceMsg"), "nobody is called while posting")
        self.assertEqual((note.fapiao_state, note.fapiao_wants_red), ("to_issue", True))
        self.assertEqual(note.fapiao_amount_open, -invoice.amount_total)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", -invoice.amount_total))
        dialog = self.open_flush(note)
        self.assertEqual((dialog.scope, dialog.reason), ("full", "02"))
        form = self.apply(dialog)
        self.assertEqual(form.stage, "issued")
        red = self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))
        self.assertEqual(note.fapiao_ids, red)
        self.assertEqual(note.fapiao_numbers, red.number)
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("red", 0))
        self.assertFalse(invoice.fapiao_can_issue)

    def test_posting_reverses_by_itself(self):
        self.company.fapiao_red_on_credit = "automatic"
        invoice = self.issued_invoice()
        note = self.credit(invoice)
        self.assertEqual(note.fapiao_state, "pending")
        self.assertFalse(self.world.red_forms, "posting itself calls nobody")
        self.run_cron("_cron_dispatch")
        self.assertEqual(note.fapiao_state, "issued")
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_posting_does_nothing(self):
        self.company.fapiao_red_on_credit = "never"
        invoice = self.issued_invoice()
        note = self.credit(invoice, post=False)
        self.assertFalse(self.post(note))
        self.assertFalse(note.fapiao_red_form_ids)
        self.assertTrue(note.fapiao_can_red, "the button is there all the same")

    def test_credit_note_of_an_invoice_without_fapiao(self):
        invoice = self.create_invoice()
        note = self.credit(invoice, post=False)
        self.assertFalse(self.post(note))
        self.assertEqual((note.fapiao_state, invoice.fapiao_state), ("none", "none"))
        self.assertFalse(invoice.fapiao_can_issue, "credited in full: no fapiao is owed")

    def test_core_reverses_and_makes_a_new_invoice(self):
        """*Reverse and Create Invoice* posts the credit note at once."""
        self.company.fapiao_red_on_credit = "automatic"
        invoice = self.issued_invoice()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": fields.Date.today()})
        )
        wizard.modify_moves()
        self.run_cron("_cron_dispatch")
        self.assertEqual(invoice.reversal_move_ids.fapiao_state, "issued")
        self.assertEqual(invoice.fapiao_state, "red")

    def test_credit_note_with_a_red_fapiao_is_bound(self):
        invoice = self.issued_invoice()
        note = self.credit(invoice)
        self.flush(note)
        with self.assertRaisesRegex(Exception, "red fapiao"):
            note.button_draft()

    def test_refused_by_the_buyer(self):
        invoice = self.issued_invoice()
        self.use(invoice.fapiao_ids)
        note = self.credit(invoice)
        form = self.flush(note)
        self.assertEqual(note.fapiao_state, "pending")
        self.act(form, "refuse")
        self.assertEqual((note.fapiao_state, note.fapiao_wants_red), ("failed", True))
        self.assertIn("Refused", note.fapiao_red_message)
        self.assertEqual(invoice.fapiao_state, "issued")


@tagged("post_install", "-at_install")
class TestReissue(RedCommon):
    """票单云 reverses in full only: a partial credit note is answered by a new fapiao for the rest."""

    def partly_credited(self):
        self.invoice = self.issued_invoice([{"quantity": 5, "price_unit": 200}, {"price_unit": 300}])
        self.blue = self.invoice.fapiao_ids
        return self.credit(self.invoice, lines={0: {"quantity": 2}})

    def living(self):
        return self.invoice.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())

    def test_one_click_leaves_the_right_sum(self):
        note = self.partly_credited()
        self.assertEqual(self.invoice.fapiao_amount_open, -452)
        dialog = self.open_flush(note)
        self.assertEqual((dialog.scope, dialog.reason), ("reissue", "02"))
        self.assertIn("1,017.00", dialog.scope_text)
        form = self.apply(dialog)
        self.assertEqual((form.stage, form.follow_up), ("issued", "done"))
        self.assert_reversed_once(self.blue)
        new = self.living()
        self.assertEqual((new.amount_untaxed, new.amount_tax, new.amount_total), (900, 117, 1017))
        self.assertEqual(new.line_ids.mapped("quantity"), [3, 1])
        self.assertEqual((self.invoice.fapiao_state, self.invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual([step["state"] for step in form.follow(form.ids)[0]["steps"]], ["done"] * 3)

    def test_second_credit_note(self):
        self.flush(self.partly_credited())
        first = self.living()
        second = self.credit(self.invoice, lines={0: {"quantity": 3}})
        self.flush(second)
        self.assert_reversed_once(first)
        self.assertEqual(self.living().amount_total, 339)
        third = self.credit(self.invoice, lines={1: {}})
        self.flush(third)
        self.assertFalse(self.living())
        self.assertEqual((self.invoice.fapiao_state, self.invoice.fapiao_amount_open), ("red", 0))
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(total, 0, "what the bureau has comes to what the books say")

    def test_allowance_becomes_a_discount(self):
        invoice = self.issued_invoice([{"quantity": 5, "price_unit": 200}])
        note = self.credit(invoice, lines={0: {"quantity": 1, "price_unit": 50}})
        self.flush(note)
        new = invoice.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())
        self.assertEqual(new.amount_untaxed, 950)
        self.assertEqual(new.line_ids.filtered("is_discount").amount_untaxed, -50)

    def test_rest_is_issued_after_the_buyer_confirms(self):
        note = self.partly_credited()
        self.use(self.blue)
        form = self.flush(note)
        self.assertEqual(self.living(), self.blue, "the buyer keeps a fapiao until the red one is there")
        self.act(form, "confirm")
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(self.living().amount_total, 1017)
        self.assertEqual(self.invoice.fapiao_state, "issued")

    def test_nothing_is_reversed_while_the_rest_cannot_be_issued(self):
        note = self.partly_credited()
        self.product_a.fapiao_code_id = False
        dialog = self.open_flush(note)
        self.assertFalse(dialog.can_apply)
        self.assertIn("code", dialog.error_text)
        self.assertFalse(self.world.red_forms)

    def test_rest_that_breaks_meanwhile_is_told(self):
        note = self.partly_credited()
        self.use(self.blue)
        form = self.flush(note)
        self.product_a.fapiao_code_id = False
        self.act(form, "confirm")
        self.assertEqual((form.stage, form.follow_up), ("issued", "failed"))
        self.assertIn("could not", form.follow_up_text)
        self.assertIn("could not", self.invoice.fapiao_red_message)
        self.assertIn(self.blue.number, self.invoice.activity_ids.note)
        self.assertEqual((self.invoice.fapiao_state, self.invoice.fapiao_amount_open), ("red", 1017))
        self.product_a.fapiao_code_id = self.code
        self.issue(self.invoice)
        self.assertEqual(self.living().amount_total, 1017, "issuing by hand issues the rest, not the whole")

    def test_rest_whose_answer_is_lost(self):
        note = self.partly_credited()
        dialog = self.open_flush(note)
        self.world.faults.add("blueTicket", "drop_after", times=1)
        form = self.apply(dialog)
        request = form.rest_request_ids
        self.assertEqual(request.state, "unknown")
        self.assertEqual((self.invoice.fapiao_state, note.fapiao_state), ("pending", "pending"))
        self.make_due(request)
        self.run_cron("_cron_reconcile")
        self.assertEqual(self.living().amount_total, 1017)
        self.assertEqual(self.world.issued_count(request.request_uid), 1)

    def test_rest_refused_is_corrected_from_the_invoice(self):
        note = self.partly_credited()
        dialog = self.open_flush(note)
        self.world.faults.add("blueTicket", "refused", text="单价有误", times=1)
        form = self.apply(dialog)
        self.assertEqual(form.rest_request_ids.state, "rejected")
        self.assertEqual(form.follow(form.ids)[0]["steps"][-1]["state"], "failed")
        self.assertTrue(self.invoice.fapiao_can_issue)
        self.issue(self.invoice)
        self.assertEqual(self.living().amount_total, 1017)

    def test_follow_up_of_a_worker_that_died(self):
        note = self.partly_credited()
        dialog = self.open_flush(note)
        with patch.object(type(self.env["fapiao.red.form"]), "_follow_up_in_new_transaction"):
            form = self.apply(dialog)
        self.assertEqual((form.stage, form.follow_up), ("issued", "todo"))
        self.assertEqual(self.invoice.fapiao_state, "pending", "nobody may issue the whole in between")
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(self.living().amount_total, 1017)

    def test_issued_first_and_credited_before(self):
        """Credited before any fapiao was issued: the first one is already the right one."""
        invoice = self.create_invoice([{"quantity": 5, "price_unit": 200}])
        note = self.credit(invoice, lines={0: {"quantity": 2}})
        self.assertEqual((note.fapiao_state, invoice.fapiao_amount_open), ("none", 678))
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_ids.amount_total, 678)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((note.fapiao_state, note.fapiao_wants_red), ("issued", False))


@tagged("post_install", "-at_install")
class TestPartial(RedCommon):
    """Where the cloud can reverse in part: the order as it is frozen (票单云 can't send it)."""

    def plan(self, **changes):
        invoice = self.issued_invoice([{"quantity": 5, "price_unit": 200}, {"price_unit": 300}])
        note = self.credit(invoice, lines={0: {"quantity": 2, **changes}})
        can = frozenset({*Piaodanyun.features, PARTIAL_RED})
        with patch.object(Piaodanyun, "features", can):
            return planner.plan(invoice.fapiao_ids, note)

    def test_returned_units(self):
        plan = self.plan()
        self.assertEqual((plan.scope, plan.order.reason, plan.problems), ("partial", "02", []))
        (line,) = plan.order.lines
        self.assertEqual((line.xh, line.quantity, line.amount, line.tax), (1, -2, -400, -52))
        self.assertEqual((plan.order.is_full, plan.order.total), (False, -452))

    def test_allowance(self):
        plan = self.plan(price_unit=10)
        self.assertEqual(plan.order.reason, "04")
        (line,) = plan.order.lines
        self.assertEqual((line.quantity, line.price, line.amount), (None, None, -20))
        self.assertEqual(plan.problems, [])
