"""Several orders of one buyer on one fapiao."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_kingdee import KingdeeCommon
from .common_order import OrderCommon


class MergedOrders(OrderCommon):
    def merge(self, orders, *quantities):
        """Request one fapiao for ``orders`` and return the requests."""
        dialog = self.open(orders)
        for line, quantity in zip(dialog.line_ids, quantities, strict=False):
            line.quantity = quantity
        self.click(dialog)
        requests = orders.fapiao_request_ids
        self.assertTrue(requests, dialog.problem_ids.mapped("message"))
        return requests

    def problems(self, orders):
        return self.open(orders).problem_ids.mapped("code")


@tagged("post_install", "-at_install")
class TestMergedOrders(MergedOrders):
    def test_three_orders_one_fapiao(self):
        orders = self.create_order() | self.create_order([{"price_unit": 33.335}]) | self.create_order()
        request = self.merge(orders)
        self.assertEqual((len(request), request.state), (1, "issued"), request.error_message)
        self.assertEqual(self.world.issued_count(request.request_uid), 1)
        fapiao = request.fapiao_ids
        self.assertEqual(fapiao.order_ids, orders)
        self.assertEqual(fapiao.amount_total, sum(orders.mapped("amount_total")))
        for order in orders:
            self.assertRecordValues(
                order,
                [
                    {
                        "fapiao_state": "issued",
                        "fapiao_amount_open": 0,
                        "fapiao_numbers": fapiao.number,
                    }
                ],
            )
            self.assertIn(fapiao.number, "".join(order.message_ids.mapped("body")))

    def test_part_of_each(self):
        orders = self.create_order() | self.create_order()
        self.merge(orders, 4, 7)
        self.assertEqual(self.offered(orders[0]) + self.offered(orders[1]), [6, 3])
        self.assertEqual(orders.mapped("fapiao_state"), ["partial", "partial"])
        self.merge(orders)
        self.assertEqual(orders.mapped("fapiao_state"), ["issued", "issued"])
        self.assertEqual(sum(orders.fapiao_ids.mapped("amount_total")), 2260)

    def test_covered_orders_are_left_out(self):
        covered, left = self.create_order(), self.create_order()
        self.request(covered)
        dialog = self.open(covered | left)
        self.assertEqual(dialog.order_ids, left)
        self.assertFalse(dialog.is_merged)
        self.request(left)
        with self.assertRaisesRegex(UserError, f"(?s){covered.name}.*{left.name}"):
            (covered | left).action_fapiao_request()

    def test_invoices_share_it(self):
        orders = self.create_order() | self.create_order()
        fapiao = self.merge(orders).fapiao_ids
        for order in orders:
            invoice = self.invoice(order)
            self.assertEqual((invoice.fapiao_state, invoice.fapiao_ids), ("issued", fapiao))
        with self.assertRaises(UserError):
            orders.invoice_ids.action_fapiao_issue()

    def test_live_request_binds_every_order(self):
        orders = self.create_order() | self.create_order()
        self.merge(orders)
        for order in orders:
            with self.assertRaisesRegex(UserError, order.fapiao_numbers):
                order._action_cancel()
            self.assertEqual(order.state, "sale")

    def test_who_cant_be_merged(self):
        stranger = self.buyer.copy({"name": "Other Buyer", "vat": "91310000MA1K00000X"})
        self.assertIn("merge_buyers", self.problems(self.create_order() | self.create_order(partner_id=stranger.id)))
        dollars = self.env["product.pricelist"].create({"name": "Dollars", "currency_id": self.env.ref("base.USD").id})
        abroad = self.create_order(pricelist_id=dollars.id)
        self.assertIn("merge_currencies", self.problems(self.create_order() | abroad))

    def test_contacts_of_one_buyer_go_together(self):
        """Whom it is sent to is chosen in the dialog."""
        branch = self.env["res.partner"].create(
            {"parent_id": self.buyer.id, "type": "invoice", "name": "Branch", "email": "branch@example.com"}
        )
        orders = self.create_order() | self.create_order(partner_invoice_id=branch.id)
        request = self.merge(orders)
        self.assertEqual(request.fapiao_ids.order_ids, orders)

    def test_more_than_one_fapiao_may_carry(self):
        """The limit of the account cuts the merged one; each part knows its own orders."""
        self.company.fapiao_amount_limit = 1500
        orders = self.create_order() | self.create_order()
        dialog = self.open(orders)
        self.assertEqual(dialog.fapiao_count, 2, dialog.problem_ids.mapped("message"))
        self.click(dialog)
        requests = orders.fapiao_request_ids
        self.assertEqual(set(requests.mapped("state")), {"issued"})
        self.assertEqual(sum(requests.fapiao_ids.mapped("amount_total")), 2260)
        for fapiao in requests.fapiao_ids:
            self.assertEqual(fapiao.order_ids, fapiao.request_ids.line_ids.order_id)
        self.assertEqual(orders.mapped("fapiao_amount_open"), [0, 0])

    def test_problem_names_its_own_order(self):
        uncoded = self.env["product.product"].create({"name": "Uncoded", "list_price": 1})
        bad = self.create_order([{"product_id": uncoded.id}])
        dialog = self.open(self.create_order() | bad)
        problem = dialog.problem_ids.filtered(lambda problem: problem.code == "code_missing")
        self.assertEqual((problem.mend_model, problem.mend_id), ("product.template", uncoded.product_tmpl_id.id))

    def test_withdrawal_frees_them_all(self):
        orders = self.create_order() | self.create_order()
        dialog = self.open(orders)
        requests = orders._fapiao_create(dialog._build())
        self.assertEqual(orders.mapped("fapiao_state"), ["pending", "pending"])
        orders[0].action_fapiao_withdraw()
        self.assertEqual(requests.state, "withdrawn")
        self.assertEqual(self.offered(orders[0]) + self.offered(orders[1]), [10, 10])


@tagged("post_install", "-at_install")
class TestMergedOrdersAtKingdee(KingdeeCommon, MergedOrders):
    def test_three_orders_one_fapiao(self):
        orders = self.create_order() | self.create_order() | self.create_order()
        request = self.merge(orders)
        self.ask(request)
        self.assert_issued(request)
        self.assertEqual(orders.mapped("fapiao_state"), ["issued"] * 3)
        self.assertEqual(request.fapiao_ids.order_ids, orders)

    def test_cloud_splits_what_was_merged(self):
        self.world.set("kingdee", split_lines=1)
        orders = self.create_order() | self.create_order()
        request = self.merge(orders)
        self.ask(request)
        self.assert_issued(request, 2)
        self.assertEqual(orders.mapped("fapiao_state"), ["issued"] * 2)
        self.assertEqual(orders.mapped("fapiao_amount_open"), [0, 0])
