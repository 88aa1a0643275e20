"""Orders through 金蝶发票云: its queue and its splitting stand between the request and the fapiao."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_kingdee import KingdeeCommon
from .common_order import OrderCommon


class KingdeeOrderCommon(KingdeeCommon, OrderCommon):
    def issued_for_order(self, order, *quantities):
        """Request so many units, let the cloud issue them, and return the request."""
        request = self.request(order, *quantities)
        self.ask(request)
        self.assert_issued(request)
        return request

    def give_up(self, order):
        with self.engine():
            order.action_fapiao_withdraw()
            self.env.flush_all()
            self.env.cr.postcommit.run()


@tagged("post_install", "-at_install")
class TestKingdeeOrders(KingdeeOrderCommon):
    def assert_shared(self, order, invoice):
        self.assertEqual(invoice.fapiao_ids, order.fapiao_ids)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        self.assertFalse(invoice.fapiao_can_issue)
        with self.assertRaisesRegex(UserError, "already has the fapiao"):
            self.issue(invoice)

    def test_issued_at_once_then_invoiced(self):
        order = self.create_order()
        self.issued_for_order(order)
        self.assert_shared(order, self.invoice(order))
        self.assertEqual(len(self.world.fapiao), 1)

    def test_issued_by_a_person_in_the_cloud(self):
        """Invoiced while the request lies in the cloud's queue: both wait for the same fapiao."""
        self.account.auto_invoice = False
        self.company.fapiao_auto_issue = True
        order = self.create_order()
        request = self.request(order)
        self.ask(request)
        self.assertEqual((request.state, order.fapiao_state), ("pending", "pending"))
        invoice = self.invoice(order)
        self.run_cron("_cron_dispatch")
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_request_ids), ("pending", request))
        self.assertFalse(self.world.fapiao)
        self.world.issue_bill(request.request_uid)
        self.ask(request)
        self.assert_issued(request)
        self.assert_shared(order, invoice)
        self.assertEqual(len(self.world.bills), 1)

    def test_two_parts_and_their_invoices(self):
        order = self.create_order([{"product_uom_qty": 3, "price_unit": 33.335, "discount": 7}])
        first = self.issued_for_order(order, 1)
        self.assertEqual((order.fapiao_state, self.offered(order)), ("partial", [2]))
        self.issued_for_order(order)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        line = order.order_line
        self.assertAlmostEqual(sum(order.fapiao_ids.mapped("amount_untaxed")), line.price_subtotal, 2)
        self.assertAlmostEqual(sum(order.fapiao_ids.mapped("amount_tax")), line.price_tax, 2)
        one, rest = self.invoice(order, 1), self.invoice(order)
        self.assertEqual(one.fapiao_ids, first.fapiao_ids)
        self.assertEqual((one | rest).mapped("fapiao_state"), ["issued", "issued"])
        self.assertEqual((one | rest).mapped("fapiao_amount_open"), [0.0, 0.0])
        self.assertEqual(len(self.world.fapiao), 2)

    def test_bound_while_it_lies_in_the_cloud_and_free_after_it_was_taken_back(self):
        self.account.auto_invoice = False
        order = self.create_order()
        request = self.request(order, 4)
        self.assertEqual(request.state, "pending")
        line = order.order_line
        for attempt in (order._action_cancel, lambda: line.write({"product_uom_qty": 3})):
            with self.assertRaisesRegex(UserError, "Withdraw the request"), self.env.cr.savepoint():
                attempt()
        self.assertTrue(order.fapiao_can_withdraw)
        self.give_up(order)
        self.assertEqual((request.state, self.bill_of(request).state), ("withdrawn", "withdrawn"))
        self.assertEqual((order.fapiao_state, self.offered(order)), ("to_issue", [10]))
        line.product_uom_qty = 3
        order._action_cancel()
        self.assertEqual(order.state, "cancel")

    def test_too_late_to_be_taken_back(self):
        self.account.auto_invoice = False
        order = self.create_order()
        request = self.request(order)
        self.world.issue_bill(request.request_uid)
        self.give_up(order)
        self.ask(request)
        self.assert_issued(request)
        with self.assertRaisesRegex(UserError, "Reverse the fapiao"), self.env.cr.savepoint():
            order._action_cancel()

    def test_one_bill_becomes_three_fapiao(self):
        self.world.kingdee.split_amount = "400"
        order = self.create_order()
        request = self.request(order)
        self.ask(request)
        self.assert_issued(request, 3)
        self.assertEqual(len(order.fapiao_ids), 3)
        self.assertEqual(sum(order.fapiao_ids.mapped("amount_total")), 1130)
        self.assertEqual(order.order_line.fapiao_qty_covered, 10)
        self.assert_shared(order, self.invoice(order))

    def test_answer_of_the_push_is_lost(self):
        for kind in ("drop_after", "half_json", "http_500"):
            with self.subTest(kind):
                self.world.faults.add("BILL.PUSH", kind, times=1)
                order = self.create_order()
                request = self.request(order)
                self.assertEqual((request.state, order.fapiao_state), ("unknown", "pending"))
                self.assertFalse(order.fapiao_can_request or order.fapiao_can_withdraw)
                self.ask(request)
                self.assert_issued(request)
                self.assertEqual(order.fapiao_state, "issued")

    def test_push_lost_before_it_arrived(self):
        self.world.faults.add("BILL.PUSH", "drop_before", times=1)
        order = self.create_order()
        request = self.request(order)
        for minutes in (0, 60, 0, 0):
            self.ask(request, minutes)
        self.assert_issued(request)
        self.assertEqual(request.resends, 1)

    def test_sent_back_and_requested_again(self):
        self.account.auto_invoice = False
        order = self.create_order()
        first = self.request(order)
        self.world.return_bill(first.request_uid, "客户要求换抬头")
        self.ask(first)
        self.assertEqual((first.state, order.fapiao_state), ("rejected", "failed"))
        self.assertIn("换抬头", first.cloud_text)
        self.account.auto_invoice = True
        second = self.issued_for_order(order)
        self.assertEqual(second.previous_id, first)
        self.assertEqual(self.issued_for(first), [])

    def test_discounts_are_held_to_a_fen_here_alone(self):
        """This cloud allows discount lines less than the bureau does (docs/protocols/tax-rules.md#arithmetic)."""
        limits = [account._limits(frozenset()) for account in (self.account, self.piaodanyun)]
        self.assertEqual([str(one.discount_tax_tolerance) for one in limits], ["0.01", "0.06"])
        order = self.create_order([{"product_uom_qty": 3, "price_unit": 33.335, "discount": 7}])
        fapiao = self.issued_for_order(order).fapiao_ids
        self.assertEqual(fapiao.line_ids.mapped("is_discount"), [False, True])
