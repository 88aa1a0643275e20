"""An order and its invoices share their fapiao: none is issued twice, and nothing is left out."""

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestSharing(OrderCommon):
    def test_order_then_invoice(self):
        order = self.create_order()
        self.request(order)
        invoice = self.invoice(order)
        self.assertEqual(invoice.fapiao_ids, order.fapiao_ids)
        self.assertRecordValues(
            invoice,
            [
                {
                    "fapiao_state": "issued",
                    "fapiao_numbers": order.fapiao_numbers,
                    "fapiao_amount_open": 0,
                    "fapiao_can_issue": False,
                }
            ],
        )
        self.assertIn(order.name, "".join(invoice.message_ids.mapped("body")))
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        with self.assertRaisesRegex(UserError, "already has the fapiao"):
            self.issue(invoice)
        self.assertEqual(len(self.world.issued()), 1)

    def test_nothing_is_issued_by_itself_for_what_is_covered(self):
        self.company.fapiao_auto_issue = True
        order = self.create_order()
        self.request(order)
        invoice = self.invoice(order)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 1)
        self.assertFalse(invoice.activity_ids)

    def test_invoice_while_the_request_is_on_its_way(self):
        self.sandbox.stop()
        order = self.create_order()
        request = self.request(order)
        invoice = self.invoice(order)
        self.sandbox.start()
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_request_ids), ("pending", request))
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(invoice.fapiao_ids, order.fapiao_ids)

    def test_refused_request_leaves_the_invoice_free(self):
        self.sandbox.stop()
        order = self.create_order()
        request = self.request(order)
        invoice = self.invoice(order)
        self.sandbox.start()
        self.world.faults.add("blueTicket", "refused")
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assertEqual((invoice.fapiao_state, order.fapiao_state), ("failed", "failed"))
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_state, order.fapiao_state), ("issued", "issued"))
        self.assertEqual(len(self.world.issued()), 1)

    def test_invoice_then_order(self):
        order = self.create_order()
        invoice = self.invoice(order)
        self.issue(invoice)
        self.assertEqual((order.fapiao_state, order.fapiao_ids), ("issued", invoice.fapiao_ids))
        self.assertFalse(order.fapiao_can_request)
        with self.assertRaisesRegex(UserError, invoice.fapiao_ids.number):
            order.action_fapiao_request()

    def test_request_from_an_order_that_is_invoiced(self):
        order = self.create_order()
        invoice = self.invoice(order)
        self.request(order)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_ids), ("issued", order.fapiao_ids))
        self.assertEqual(len(self.world.issued()), 1)

    def test_partly_invoiced(self):
        """Six requested from the order; four invoiced, then six: two of these have a fapiao."""
        order = self.create_order()
        request = self.request(order, 6)
        first = self.invoice(order, 4)
        self.assertEqual((first.fapiao_state, first.fapiao_amount_open), ("issued", 0))
        self.assertEqual(self.rows_of(first).mapped("quantity"), [4])
        second = self.invoice(order)
        self.assertEqual((second.fapiao_state, second.fapiao_amount_open), ("partial", 452))
        self.assertTrue(second.fapiao_can_issue)
        self.issue(second)
        self.assertEqual((second.fapiao_state, second.fapiao_amount_open), ("issued", 0))
        rest = second.fapiao_ids - order.fapiao_request_ids[-1:].fapiao_ids - request.fapiao_ids
        self.assertEqual(sum(order.fapiao_ids.mapped("amount_untaxed")), 1000)
        self.assertFalse(rest & request.fapiao_ids)
        self.assertEqual(sum(request.line_ids.mapped("amount_total")), request.amount_total)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        self.assertEqual(len(order.fapiao_ids), 2)

    def test_rounding_of_several_invoices(self):
        """A hundred for three, invoiced one by one: each invoice is covered to the fen, the order too."""
        order = self.create_order([{"product_uom_qty": 3, "price_unit": 33.335, "discount": 7}])
        request = self.request(order)
        invoices = self.env["account.move"]
        for _part in range(3):
            invoices |= self.invoice(order, 1)
        self.assertEqual(invoices.mapped("fapiao_state"), ["issued"] * 3)
        self.assertEqual(invoices.mapped("fapiao_amount_open"), [0.0] * 3)
        self.assertAlmostEqual(sum(request.line_ids.mapped("amount_untaxed")), request.amount_untaxed, 2)
        self.assertAlmostEqual(sum(request.line_ids.mapped("amount_tax")), request.amount_tax, 2)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))

    def test_higher_price_on_the_invoice_is_issued_as_the_rest(self):
        order = self.create_order()
        self.request(order)
        order.order_line.price_unit = 120
        invoice = self.invoice(order)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("partial", 226))
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(sorted(order.fapiao_ids.mapped("amount_untaxed")), [200, 1000])

    def test_unit_of_the_invoice(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self.create_order([{"product_uom_id": dozen.id, "product_uom_qty": 2, "price_unit": 1200}])
        self.request(order, 1)
        invoice = self.invoice(order, post=False)
        line = invoice.invoice_line_ids
        line.write({"product_uom_id": self.env.ref("uom.product_uom_unit").id, "quantity": 24})
        line.price_unit = 100
        self.post(invoice)
        self.assertEqual(self.rows_of(invoice).quantity, 12)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("partial", 1356))
        self.assertEqual(order.order_line.fapiao_qty_covered, 1)

    # ------------------------------------------------------------------ reversals

    def test_reversal_opens_order_and_invoice_again(self):
        order = self.create_order()
        self.request(order)
        invoice = self.invoice(order)
        fapiao = order.fapiao_ids
        self.flush(fapiao, make_credit_note=False)
        self.assert_reversed_once(fapiao)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("red", 1130))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("red", 1130))
        self.assertEqual(self.offered(order), [10])
        self.assertEqual(len(order.fapiao_ids), 2, "blue and red")
        self.request(order)
        self.assertEqual((order.fapiao_state, invoice.fapiao_state), ("issued", "issued"))
        self.assertEqual((order.fapiao_amount_open, invoice.fapiao_amount_open), (0, 0))

    def test_reversal_without_an_invoice(self):
        order = self.create_order()
        fapiao = self.request(order, 4).fapiao_ids
        self.flush(fapiao)
        self.assert_reversed_once(fapiao)
        self.assertEqual((order.fapiao_state, self.offered(order)), ("red", [10]))
        order._action_cancel()
        self.assertEqual(order.state, "cancel")

    def test_credit_note_of_an_invoice_that_shares(self):
        """The cloud reverses in full only: what the credit note leaves of the invoice is issued anew."""
        order = self.create_order()
        self.request(order)
        invoice = self.invoice(order)
        blue = invoice.fapiao_ids
        note = self.credit(invoice, lines={0: {"quantity": 4}})
        self.flush(note)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assert_reversed_once(blue)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(order.order_line.fapiao_qty_covered, 6)

    def test_lines_of_the_invoice_are_found_on_the_fapiao(self):
        """Where a cloud reverses in part, a credit note names lines of the invoice."""
        order = self.create_order()
        self.request(order)
        invoice = self.invoice(order, 4)
        (line,) = order.fapiao_ids._as_blue().lines
        self.assertIn(str(invoice.invoice_line_ids.id), line.keys)

    # ------------------------------------------------------------------ down payments

    def down_payment(self, order):
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": 113,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        invoice = wizard._create_invoices(order)
        self.post(invoice)
        return invoice

    def test_down_payment_with_a_fapiao(self):
        order = self.create_order()
        self.company.fapiao_advance = "goods"
        advance = self.down_payment(order)
        self.issue(advance)
        self.assertEqual(advance.fapiao_state, "issued", advance.fapiao_message)
        dialog = self.open(order)
        self.assertEqual(dialog.problem_ids.mapped("code"), ["down_payment_issued"])

    def test_down_payment_on_what_is_covered(self):
        order = self.create_order()
        self.request(order)
        self.company.fapiao_advance = "goods"
        advance = self.down_payment(order)
        self.assertEqual((advance.fapiao_advance, advance.fapiao_state), ("later", "none"))
        for choice, code in (("later", "advance_later"), ("goods", "advance_covered")):
            advance.fapiao_advance = choice
            action = self.issue(advance)
            problems = self.env["fapiao.issue"].browse(action["res_id"]).problem_ids
            self.assertIn(code, problems.mapped("code"))
        self.assertEqual(len(self.world.issued()), 1)


@tagged("post_install", "-at_install")
class TestFiles(OrderCommon):
    def test_files_and_refresh(self):
        order = self.create_order()
        with self.assertRaisesRegex(UserError, "no files"):
            order.action_fapiao_files()
        with self.assertRaisesRegex(UserError, "neither"):
            order.action_fapiao_refresh()
        self.request(order)
        with self.engine():
            action = order.action_fapiao_files()
        self.assertIn(str(order.fapiao_ids.id), action["url"])
        with self.engine():
            order.action_fapiao_refresh()
        self.assertTrue(order.fapiao_ids.checked_at <= fields.Datetime.now())
