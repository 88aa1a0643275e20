"""Red-flush on an invoice and on its fapiao: in full, at once where nobody has to confirm."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestFlush(RedCommon):
    def test_reversed_at_once_where_nobody_confirms(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        form = self.flush(invoice)
        self.assertEqual((form.stage, form.bureau_state), ("issued", "01"))
        red = self.assert_reversed_once(blue)
        self.assertEqual(form.red_fapiao_id, red)
        self.assertEqual(invoice.fapiao_state, "red")
        self.assertEqual(invoice.fapiao_amount_open, invoice.amount_total)
        self.assertEqual(self.world.red_forms[form.number].red_number, red.number)

    def test_red_fapiao_carries_the_lines_it_reverses(self):
        invoice = self.issued_invoice([{"quantity": 2}, {"discount": 10}])
        form = self.flush(invoice)
        red = form.red_fapiao_id
        self.assertEqual(red.line_ids.mapped("original_line"), form.line_ids.mapped("xh"))
        self.assertEqual(red.line_ids.mapped("amount_untaxed"), [-2000, -900])
        self.assertEqual(red.line_ids.mapped("quantity"), [-2, -1])

    def test_dialog_shows_what_the_buyer_did(self):
        invoice = self.issued_invoice()
        self.world.set_use(invoice.fapiao_ids.number, vat="01", booked="01")
        flush = self.open_flush(invoice)
        self.assertEqual(flush.answer, "allowed")
        self.assertEqual((flush.vat_use, flush.consumption_use, flush.booked), ("yes", "no", "yes"))
        self.assertIn("buyer", flush.confirmer_text)
        self.assertIn("1,000.00", flush.credit_text)
        self.assertIn(invoice.fapiao_numbers, flush.scope_text)

    def test_only_legal_reasons_are_offered(self):
        flush = self.open_flush(self.issued_invoice())
        self.assertEqual(flush.legal_reasons, "01,02,04")  # goods: nothing is stopped
        self.assertEqual(flush.reason, "01")
        flush.reason = "03"
        self.assertFalse(flush.can_apply)
        with self.assertRaisesRegex(UserError, "服务中止"):
            self.apply(flush)
        self.assertFalse(self.world.red_forms)

    def test_credit_note_made_with_it(self):
        invoice = self.issued_invoice()
        form = self.flush(invoice, make_credit_note=True)
        note = invoice.reversal_move_ids
        self.assertEqual((note.state, note.amount_total), ("posted", invoice.amount_total))
        self.assertEqual((form.credit_id, form.follow_up), (note, "done"))
        self.assertEqual(note.fapiao_ids, form.red_fapiao_id)
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("red", 0))
        self.assertFalse(invoice.fapiao_can_issue, "credited in full: there is nothing to issue")

    def test_from_the_fapiao(self):
        invoice = self.issued_invoice()
        form = self.flush(invoice.fapiao_ids)
        self.assertEqual(form.stage, "issued")
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_red_and_blue_belong_to_the_invoice(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        red = self.flush(invoice).red_fapiao_id
        self.assertEqual(invoice.fapiao_ids, blue | red)
        self.assertEqual((red.original_id, blue.red_ids), (blue, red))
        self.assertIn(red.number, invoice.fapiao_numbers)

    def test_reversed_invoice_can_be_issued_again(self):
        invoice = self.issued_invoice()
        self.flush(invoice)
        self.assertTrue(invoice.fapiao_can_issue)
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(len(invoice.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())), 1)

    def test_reversed_invoice_can_go_back_to_draft(self):
        invoice = self.issued_invoice()
        with self.assertRaises(UserError):
            invoice.button_draft()
        self.flush(invoice)
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")
        invoice.invoice_line_ids.price_unit = 500
        invoice.action_post()
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))

    def test_a_red_fapiao_is_not_reversed(self):
        red = self.flush(self.issued_invoice()).red_fapiao_id
        self.assertFalse(red.can_reverse)
        with self.assertRaisesRegex(UserError, "red one"):
            red.action_red()

    def test_nothing_to_reverse(self):
        invoice = self.create_invoice()
        self.assertFalse(invoice.fapiao_can_red)
        with self.assertRaisesRegex(UserError, "no fapiao to reverse"):
            invoice.action_fapiao_red()

    def test_only_issuers_reverse(self):
        invoice = self.issued_invoice()
        clerk = self.env["res.users"].create(
            {
                "name": "Clerk",
                "login": "clerk",
                "group_ids": [(6, 0, self.env.ref("account.group_account_invoice").ids)],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            invoice.with_user(clerk).action_fapiao_red()

    def test_second_click_opens_the_form_under_way(self):
        invoice = self.issued_invoice()
        self.use(invoice.fapiao_ids)
        flush = self.open_flush(invoice)
        form = self.apply(flush)
        self.assertEqual(form.stage, "waiting")
        self.assertEqual(self.apply(flush), form, "the dialog of a second window")
        self.assertEqual(invoice.action_fapiao_red()["res_id"], form.id)
        self.assertEqual(len(self.world.red_forms), 1)

    def test_too_early_is_no_failure(self):
        self.world.settings.red_lag = 7200
        invoice = self.issued_invoice()
        flush = self.open_flush(invoice)
        self.assertEqual(flush.answer, "not_yet")
        self.assertFalse(flush.can_apply)
        self.world.advance(hours=2)
        with self.engine():
            flush.action_ask()
        self.assertTrue(flush.can_apply)

    def test_log_in_is_asked_for(self):
        invoice = self.issued_invoice()
        self.world.set_session(self.account.tax_no, "lost")
        flush = self.open_flush(invoice)
        self.assertEqual((flush.answer, flush.needs_login), ("failed", True))
        self.assertEqual(flush.action_login()["res_model"], "fapiao.login")

    def test_reversed_at_the_bureau_and_unknown_here(self):
        invoice = self.issued_invoice()
        self.world.reverse_elsewhere(invoice.fapiao_ids.number)
        flush = self.open_flush(invoice)
        self.assertEqual(flush.answer, "already")
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))
        self.assertEqual(invoice.fapiao_state, "red")
        self.assertFalse(flush.can_apply)

    def test_refresh_takes_over_what_was_reversed_elsewhere(self):
        invoice = self.issued_invoice()
        self.world.reverse_elsewhere(invoice.fapiao_ids.number)
        with self.engine():
            invoice.fapiao_ids.action_refresh()
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))


@tagged("post_install", "-at_install")
class TestReasons(RedCommon):
    """Each reason for each kind of what was sold: what is offered, the bureau takes; nothing else is sent."""

    KINDS = {
        "goods": (["1060301020100000000"], {"01", "02", "04"}),
        "labour": (["2010100000000000000"], {"01", "02", "04"}),
        "services": (["3040201010000000000"], {"01", "03", "04"}),
        "mixed": (["1060301020100000000", "3040201010000000000"], {"01", "02", "03", "04"}),
    }

    def products(self, codes):
        Code = self.env["fapiao.tax.code"]
        for number, code in enumerate(codes):
            found = Code.search([("code", "=", code)]) or Code.create(
                {"code": code, "name": code, "short_name": "软件"}
            )
            yield self.env["product.product"].create({"name": f"Item {number}", "fapiao_code_id": found.id})

    def test_each_reason_for_each_kind(self):
        for kind, (codes, legal) in self.KINDS.items():
            products = list(self.products(codes))
            for reason in ("01", "02", "03", "04"):
                with self.subTest(kind=kind, reason=reason):
                    lines = [
                        {"product_id": product.id, "tax_ids": (self.tax_6 if code[0] == "3" else self.tax_13).ids}
                        for product, code in zip(products, codes, strict=True)
                    ]
                    invoice = self.issued_invoice(lines)
                    blue = invoice.fapiao_ids
                    dialog = self.open_flush(invoice)
                    self.assertEqual(set(dialog.legal_reasons.split(",")), legal)
                    dialog.reason = reason
                    self.assertEqual(dialog.can_apply, reason in legal)
                    if reason in legal:
                        self.assertEqual(self.apply(dialog).stage, "issued")
                        self.assert_reversed_once(blue)


@tagged("post_install", "-at_install")
class TestCreditNote(RedCommon):
    def test_not_offered_where_something_is_credited_already(self):
        self.company.fapiao_red_on_credit = "never"
        invoice = self.issued_invoice([{"quantity": 5}])
        self.credit(invoice, lines={0: {"quantity": 1}})
        dialog = self.open_flush(invoice)
        self.assertFalse(dialog.can_make_credit_note)
        form = self.apply(dialog, make_credit_note=True)
        self.assertFalse(form.make_credit_note, "it would credit the invoice twice")

    def test_lock_date_does_not_lose_the_red_fapiao(self):
        invoice = self.issued_invoice()
        dialog = self.open_flush(invoice)
        self.use(invoice.fapiao_ids)
        form = self.apply(dialog, make_credit_note=True)
        with patch.object(type(invoice), "_reverse_moves", side_effect=UserError("The books are closed.")):
            self.act(form, "confirm")
        self.assertEqual((form.stage, form.follow_up), ("issued", "failed"))
        self.assertEqual(form.follow_up_text, "The books are closed.")
        self.assertIn("closed", invoice.activity_ids.note)
        self.assertEqual(invoice.fapiao_state, "red")
