"""Model ``fapiao.request``: requests of sale orders."""

from odoo import Command, api, fields, models
from odoo.tools import SQL


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    order_ids = fields.Many2many(
        "sale.order", "fapiao_request_order_rel", "request_id", "order_id", "Orders", readonly=True, copy=False
    )

    # ------------------------------------------------------------------ creation

    @api.model
    def _blue_values(self, built):
        """Link a request for invoices to their orders as well, for the status of the orders."""
        built.moves._fapiao_fix_decisions()
        values = super()._blue_values(built)
        orders = getattr(built, "orders", None)
        if not orders:
            orders = built.documents.invoice_line_ids.sale_line_ids.order_id
            return {**values, "order_ids": [Command.set(orders.ids)]}
        rejected = orders.fapiao_request_ids.filtered(
            lambda request: request.kind == "blue" and request.state == "rejected"
        )
        return {
            **values,
            "account_id": orders[:1]._fapiao_account().id,
            "company_id": orders.company_id.id,
            "order_ids": [Command.set(orders.ids)],
            "partner_id": orders[:1]._fapiao_buyer().id,
            "previous_id": max(rejected.ids, default=False),
        }

    @api.model
    def _create_red(self, form):
        request = super()._create_red(form)
        orders = form.fapiao_id.order_ids
        request.write(
            {
                "order_ids": [Command.set(orders.ids)],
                "partner_id": (request.partner_id or orders[:1]._fapiao_buyer()).id,
            }
        )
        return request

    # ------------------------------------------------------------------ applying an answer

    def _apply_call(self, call):
        """Lock orders and invoices before the request, in the order of posting and requesting: no deadlock."""
        for documents in (self.order_ids, self.move_ids):
            if documents:
                query = SQL(
                    "SELECT FROM %s WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
                    SQL.identifier(documents._table),
                    tuple(documents.ids),
                )
                self._execute_quietly(query)
        return super()._apply_call(call)

    # ------------------------------------------------------------------ messages

    def _documents(self):
        """Return the invoices and orders that show messages about this request, as a list."""
        return [*super()._documents(), *self.order_ids]

    def _progress(self):
        progress = super()._progress()
        if not self.move_ids and self.order_ids:
            progress["document"] = ", ".join(self.order_ids.mapped("name"))
        return progress

    def _link_fact(self, fapiao):
        fapiao.order_ids = [Command.link(order.id) for order in self.order_ids]
        return super()._link_fact(fapiao)
