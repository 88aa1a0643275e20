"""Special elements on sale orders: proposed on confirmation, taken over by invoices, issued from the order."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_order import OrderCommon
from .test_issuing_elements import LEASED, SITE, ElementCase


@tagged("post_install", "-at_install")
class TestOrder(ElementCase, OrderCommon):
    def order_of(self, *products, **values):
        lines = [{"product_id": one.id, "name": one.name, "tax_ids": self.tax_9.ids} for one in products]
        return self.create_order(lines, **values)

    def test_issued_from_the_order(self):
        order = self.order_of(self.building, self.lease)
        self.assertEqual(order.fapiao_element_ids.mapped("element"), ["03", "06"])
        dialog = self.open(order)
        self.assertEqual(set(dialog.problem_ids.mapped("code")), {"element_field_missing"})
        self.assertEqual(dialog.problem_ids[0].action_open()["res_model"], "sale.order")
        for element, values in zip(order.fapiao_element_ids, (SITE, LEASED), strict=True):
            element.write(values)
        requests = self.request(order)
        self.assertEqual(set(requests.mapped("state")), {"issued"})
        kinds = sorted(self.world.fapiao[number].special_kind for number in order.fapiao_ids.mapped("number"))
        self.assertEqual(kinds, ["03", "06"])
        self.assertEqual(sorted(order.fapiao_ids.mapped("special_element")), ["03", "06"])
        with self.assertRaisesRegex(UserError, "can't be changed"):
            order.fapiao_element_ids[0].unlink()

    def test_an_invoice_takes_over_what_the_order_says(self):
        fruit = self._product("苹果", "1010115010100000000", "水果", invoice_policy="order")
        self.building.invoice_policy = "order"
        self.building.fapiao_element_ids = [Command.create({"element": "03", **SITE, "project": "产品的项目"})]
        order = self.order_of(self.building, fruit)
        self.assertEqual(order.fapiao_element_ids.project, "产品的项目")
        order.fapiao_element_ids.project = "订单的项目"
        order.fapiao_element_ids = [Command.create({"element": "12"})]
        invoice = order._create_invoices()
        self.assertEqual(sorted(invoice.fapiao_element_ids.mapped("element")), ["03", "12"])
        own = invoice.fapiao_element_ids.filtered("project")
        self.assertEqual(own.project, "订单的项目")
        own.project = "发票的项目"
        self.post(invoice)
        self.assertEqual(own.project, "发票的项目", "what was entered is kept")
        self.assertEqual(order.fapiao_element_ids.filtered("project").project, "订单的项目")
