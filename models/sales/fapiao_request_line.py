"""Model ``fapiao.request.line``: units of sale order lines that a request covers."""

from odoo import api, fields, models

from ..cloud.fapiao_task_mixin import OPEN_STATES


class FapiaoRequestLine(models.Model):
    _inherit = "fapiao.request.line"

    order_line_id = fields.Many2one("sale.order.line", index="btree_not_null", ondelete="set null")
    order_id = fields.Many2one(related="order_line_id.order_id", store=True, index="btree_not_null", string="Order")

    @api.constrains("order_line_id", "quantity")
    def _check_covered(self):
        """Not checked when a line is reactivated: a fapiao at the bureau is a fact, whatever was ordered."""
        if self.order_line_id:
            self.order_line_id._fapiao_check_covered()

    # ------------------------------------------------------------------ quantities

    def _quantity_of(self, order_line):
        """Return the quantity in the order line's unit, which may differ from the invoice's."""
        return self._converted(self.move_line_id.product_uom_id, order_line.product_uom_id)

    def _quantity_for(self, move_line):
        """Return the quantity, so far in the order's unit, in the unit of the invoice line."""
        return self._converted(self.order_line_id.product_uom_id, move_line.product_uom_id)

    def _converted(self, unit, wanted):
        self.ensure_one()
        if unit == wanted or not (unit and wanted):
            return self.quantity
        return unit._compute_quantity(self.quantity, wanted, round=False)

    # ------------------------------------------------------------------ messages

    def _describe_what_binds(self):
        """Return the numbers of the fapiao of these lines, or the IDs of their requests."""
        numbers = self.request_id.fapiao_ids.filtered(lambda fapiao: fapiao._is_living()).mapped("number")
        going = self.request_id.filtered(lambda request: request.state in OPEN_STATES)
        return ", ".join([*numbers, *going.mapped("request_uid")])

    def _describe_way_out(self):
        if any(request.state in OPEN_STATES for request in self.request_id):
            return self.env._(
                "Withdraw the request as long as nothing is sent, or wait for its result; a fapiao that is"
                " issued has to be reversed first (Red-flush)."
            )
        return self.env._("Reverse the fapiao first (Red-flush); then it can be changed.")
