"""Models ``fapiao.line`` (a line as printed) and its mixin, shared with the lines of red forms."""

from odoo import api, fields, models

from ...rules.document import DISCOUNT


class FapiaoLineMixin(models.AbstractModel):
    _name = "fapiao.line.mixin"
    _description = "Line of goods or services"

    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
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

    @api.depends("company_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = line.company_id.currency_id

    @api.model
    def _values_of_line(self, line, sequence):
        """Return create values for a line of ``rules.document`` or ``rules.red_document``."""
        return {
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
        }


class FapiaoLine(models.Model):
    _name = "fapiao.line"
    _inherit = ["fapiao.line.mixin"]
    _description = "Fapiao Line"
    _order = "fapiao_id, sequence, id"

    fapiao_id = fields.Many2one("fapiao", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="fapiao_id.company_id", store=True, precompute=True)
    is_discount = fields.Boolean(readonly=True)
    original_line = fields.Integer(
        "Line of the Original",
        readonly=True,
        help="On a red fapiao: the number (xh) of the line it reverses.",
    )

    @api.model
    def _values_of(self, lines):
        """Return create values for lines of a ``rules.document.Draft``."""
        return [
            {**self._values_of_line(line, sequence), "is_discount": line.kind == DISCOUNT}
            for sequence, line in enumerate(lines, start=1)
        ]

    @api.model
    def _values_of_red(self, lines):
        """Return create values for lines of a ``rules.red_document.RedOrder``."""
        return [
            {**self._values_of_line(line, sequence), "original_line": line.xh}
            for sequence, line in enumerate(lines, start=1)
        ]
