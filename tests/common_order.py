"""What all tests of orders share: a confirmed order, its dialog, and invoices made of it."""

from odoo import Command

from .common_red import RedCommon


class OrderCommon(RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        # as in create_order: core prices a line anew when its quantity changes
        cls.product_a.write({"invoice_policy": "order", "lst_price": 100})
        cls.product_b.write(
            {
                "name": "Support",
                "fapiao_code_id": cls.code.id,
                "taxes_id": [Command.set(cls.tax_6.ids)],
                "invoice_policy": "order",
            }
        )

    @classmethod
    def create_order(cls, lines=None, confirm=True, **values):
        """Return an order; ``lines`` are dicts over ten units of ``product_a`` at 100."""
        default = {
            "product_id": cls.product_a.id,
            "product_uom_qty": 10,
            "price_unit": 100,
            "tax_ids": cls.tax_13.ids,
        }
        order = cls.env["sale.order"].create(
            {
                "company_id": cls.company.id,
                "partner_id": cls.buyer.id,
                "order_line": [Command.create(cls._line_values({**default, **line})) for line in lines or [{}]],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    def open(self, order, user=None):
        """Click *Request Fapiao* and return the dialog."""
        action = order.with_user(user or self.env.user).action_fapiao_request()
        self.assertEqual(action["res_model"], "fapiao.order.request")
        return self.env["fapiao.order.request"].with_user(user or self.env.user).browse(action["res_id"])

    def click(self, dialog):
        """Click *Request*, let the transaction be safe, and return the button's answer."""
        with self.engine():
            action = dialog.action_request()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def request(self, order, *quantities, user=None, **values):
        """Request a fapiao of so many units of each line that is offered (all of them by default)."""
        before = order.fapiao_request_ids
        dialog = self.open(order, user)
        for line, quantity in zip(dialog.line_ids, quantities, strict=False):
            line.quantity = quantity
        dialog.write(values)
        self.click(dialog)
        made = order.fapiao_request_ids - before
        self.assertTrue(made, dialog.problem_ids.mapped("message"))
        return made

    def invoice(self, order, *quantities, post=True):
        """Return an invoice of the order, of so many units of each of its lines."""
        invoice = order._create_invoices()
        for line, quantity in zip(invoice.invoice_line_ids, quantities, strict=False):
            line.quantity = quantity
        if post:
            self.post(invoice)
        return invoice

    def offered(self, order):
        return order.order_line.mapped("fapiao_qty_open")

    def rows_of(self, document):
        return document.fapiao_request_line_ids.filtered("live")
