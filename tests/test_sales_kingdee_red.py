"""Reversals at 金蝶发票云 of a fapiao that an order and its invoices share; this cloud reverses in part."""

from odoo.tests import tagged

from .test_sales_kingdee import KingdeeOrderCommon


@tagged("post_install", "-at_install")
class TestRedShared(KingdeeOrderCommon):
    def settle(self, form):
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)
        self.assertEqual(form.stage, "issued", form.advice)

    def reverse(self, document, **values):
        form = self.flush(document, **values)
        self.settle(form)
        return form

    def test_order_that_never_left(self):
        """The cloud knows no such red fapiao, and the original says that it isn't reversed: it is sent again."""
        _order, invoice = self.shared()
        blue = invoice.fapiao_ids
        self.world.faults.add("ALLE.INVOICE.RED", "drop_before")
        form = self.flush(self.credit(invoice))
        for _turn in range(6):
            self.make_due(form.request_ids, minutes=60)
            self.look(form)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(form.stage, "issued", form.advice)
        self.assertEqual(len(self.reds_of(blue)), 1)

    def shared(self, *quantities, lines=None):
        order = self.create_order(lines)
        self.issued_for_order(order)
        return order, self.invoice(order, *quantities)

    def test_in_part(self):
        order, invoice = self.shared()
        blue = order.fapiao_ids
        note = self.credit(invoice, lines={0: {"quantity": 4}})
        form = self.reverse(note)
        self.assertFalse(form.is_full)
        (red,) = self.reds_of(blue)
        self.assertEqual((red.net, red.tax), (-400, -52))
        self.assertEqual(blue.status, "partly_red")
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))
        self.assertIn(blue.red_ids, order.fapiao_ids)

    def test_units_credited_are_open_on_the_order_again(self):
        order, invoice = self.shared()
        self.reverse(self.credit(invoice, lines={0: {"quantity": 4}}))
        self.assertEqual(order.order_line.fapiao_qty_covered, 6)

    def test_invoice_of_a_part(self):
        """Ten on the fapiao, four invoiced, one of these credited."""
        order, invoice = self.shared(4)
        blue = order.fapiao_ids
        self.reverse(self.credit(invoice, lines={0: {"quantity": 1}}))
        (red,) = self.reds_of(blue)
        self.assertEqual((red.net, red.tax), (-100, -13))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual(blue.status, "partly_red")

    def test_two_parts_come_to_the_whole(self):
        order, invoice = self.shared()
        blue = order.fapiao_ids
        for quantity in (4, 6):
            self.reverse(self.credit(invoice, lines={0: {"quantity": quantity}}))
        self.assertEqual(sorted(red.net for red in self.reds_of(blue)), [-600, -400])
        self.assertEqual(blue.status, "red")
        self.assertEqual((invoice.fapiao_amount_open, invoice.fapiao_can_issue), (0, False))

    def test_one_line_of_two(self):
        order, invoice = self.shared(
            lines=[{}, {"product_id": self.product_b.id, "tax_ids": self.tax_6.ids, "price_unit": 50}]
        )
        blue = order.fapiao_ids
        self.reverse(self.credit(invoice, lines={1: {"quantity": 2}}))
        (red,) = self.reds_of(blue)
        self.assertEqual((red.net, red.tax), (-100, -6))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))

    def test_in_full(self):
        order, invoice = self.shared()
        blue = order.fapiao_ids
        self.reverse(blue, make_credit_note=False)
        self.assert_reversed_once(blue)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("red", 1130))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("red", 1130))
        self.assertEqual(self.offered(order), [10])

    def test_lost_answer_of_a_part(self):
        order, invoice = self.shared()
        blue = order.fapiao_ids
        dialog = self.open_flush(self.credit(invoice, lines={0: {"quantity": 4}}))
        self.world.faults.add("ALLE.INVOICE.RED", "drop_after", times=1)
        form = self.apply(dialog)
        self.settle(form)
        self.assertEqual([red.net for red in self.reds_of(blue)], [-400])
        self.assertEqual(invoice.fapiao_amount_open, 0)
