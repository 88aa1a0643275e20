"""A line of a fapiao, as printed."""

from odoo import api, fields, models

from ..rules.document import DISCOUNT


class FapiaoLine(models.Model):
    _name = "fapiao.line"
    _description = "Fapiao Line"
    _order = "fapiao_id, sequence, id"

    fapiao_id = fields.Many2one("fapiao", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="fapiao_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(readonly=True)
    name = fields.Char(readonly=True)
    code = fields.Char("Classification Code", readonly=True)
    spec = fields.Char("Specification", readonly=True)
    unit = fields.Char(readonly=True)
    quantity = fields.Float(digits=(16, 8), readonly=True)
    price = fields.Float(digits=(20, 13), readonly=True)
    rate = fields.Float(digits=(6, 4), readonly=True)
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    is_discount = fields.Boolean(readonly=True)

    @api.model
    def _values_of(self, lines):
        """Return create values for lines of a ``rules.document.Draft``."""
        return [
            {
                "sequence": sequence,
                "name": line.name,
                "code": line.code,
                "spec": line.spec,
                "unit": line.unit,
                "quantity": float(line.quantity or 0),
                "price": float(line.price or 0),
                "rate": float(line.rate),
                "amount_untaxed": float(line.amount),
                "amount_tax": float(line.tax),
                "is_discount": line.kind == DISCOUNT,
            }
            for sequence, line in enumerate(lines, start=1)
        ]
