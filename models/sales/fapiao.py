"""The orders that a fapiao stands for, and how their lines are found on it again."""

from dataclasses import replace

from odoo import Command, api, fields, models


class Fapiao(models.Model):
    _inherit = "fapiao"

    order_ids = fields.Many2many(
        "sale.order", "fapiao_order_rel", "fapiao_id", "order_id", "Orders", readonly=True
    )

    @api.model
    def _issued_values(self, request, issued):
        return {"order_ids": [Command.set(request.order_ids.ids)], **super()._issued_values(request, issued)}

    def _red_values(self, issued):
        return {**super()._red_values(issued), "order_ids": [Command.set(self.order_ids.ids)]}

    def _lines_as_issued(self):
        """A credit note names lines of the invoice; a fapiao of an order knows these by the order's."""
        lines = super()._lines_as_issued()
        # sudo: what a fapiao stands for doesn't depend on who asks
        rows = self.sudo().request_ids.line_ids.filtered(lambda row: row.order_line_id and row.move_line_id)
        shared = {}
        for row in rows:
            shared.setdefault(row.order_line_id._fapiao_key(), []).append(str(row.move_line_id.id))
        return tuple(
            replace(line, keys=(*line.keys, *(id_ for key in line.keys for id_ in shared.get(key, ()))))
            for line in lines
        )
