"""Model ``fapiao``: the sale orders it covers, and its lines by order line."""

from dataclasses import replace

from odoo import Command, api, fields, models


class Fapiao(models.Model):
    _inherit = "fapiao"

    order_ids = fields.Many2many("sale.order", "fapiao_order_rel", "fapiao_id", "order_id", "Orders", readonly=True)

    @api.model
    def _issued_values(self, request, issued):
        return {"order_ids": [Command.set(request.order_ids.ids)], **super()._issued_values(request, issued)}

    def _is_of_documents_of(self, request):
        # of a request made from an order, the invoices are not known yet
        return super()._is_of_documents_of(request) and (bool(request.move_ids) or self.order_ids == request.order_ids)

    def _red_values(self, issued):
        return {**super()._red_values(issued), "order_ids": [Command.set(self.order_ids.ids)]}

    def _fapiao_recipients(self):
        return super()._fapiao_recipients() | self.order_ids.partner_invoice_id

    def _fapiao_documents(self):
        return [*super()._fapiao_documents(), *self.order_ids]

    def _lines_as_issued(self):
        """Add the invoice lines as keys to lines with order lines, since credit notes refer to them."""
        lines = super()._lines_as_issued()
        # sudo: coverage is the same for every user
        rows = self.sudo().request_ids.line_ids.filtered(lambda row: row.order_line_id and row.move_line_id)
        shared = {}
        for row in rows:
            shared.setdefault(row.order_line_id._fapiao_key(), []).append(str(row.move_line_id.id))
        return tuple(
            replace(line, keys=(*line.keys, *(id_ for key in line.keys for id_ in shared.get(key, ()))))
            for line in lines
        )
