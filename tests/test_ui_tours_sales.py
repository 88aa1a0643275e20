"""From the button of an order to the number on its form, in a real browser."""

from odoo.tests import tagged

from .common_order import OrderCommon
from .common_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursOrder(OrderCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.create_clerk("sales_team.group_sale_manager")

    def start(self, tour, order):
        self.click_through(tour, f"/odoo/action-sale.action_orders/{order.id}")

    def test_part_of_an_order(self):
        order = self.create_order()
        self.start("fapiao_order_request", order)
        self.assertEqual((order.fapiao_state, order.fapiao_ids.amount_untaxed), ("partial", 400))

    def test_problem_is_mended_over_the_dialog(self):
        self.buyer.vat = "123"
        order = self.create_order()
        self.start("fapiao_order_mend", order)
        self.assertEqual((order.fapiao_state, order.fapiao_ids.amount_untaxed), ("partial", 400))
