"""Model ``fapiao.element``: of a sale order, from which its invoices take it."""

from odoo import api, fields, models


class FapiaoElement(models.Model):
    _inherit = "fapiao.element"
    _fapiao_inputs = frozenset({"order_id"})

    order_id = fields.Many2one("sale.order", ondelete="cascade", index="btree_not_null")

    _unique_order = models.UniqueIndex("(order_id, element) WHERE order_id IS NOT NULL")

    @api.model
    def _owner_fields(self):
        return [*super()._owner_fields(), "order_id"]

    @api.depends("order_id.company_id")
    def _compute_company_id(self):
        return super()._compute_company_id()
