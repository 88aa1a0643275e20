"""A line of a red form: what of which line of the original is taken back."""

from odoo import api, fields, models

from .fapiao_line import values_of


class FapiaoRedFormLine(models.Model):
    _name = "fapiao.red.form.line"
    _description = "Red Form Line"
    _order = "form_id, sequence, id"

    form_id = fields.Many2one("fapiao.red.form", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="form_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(readonly=True)
    xh = fields.Integer("Line", readonly=True, help="Number (序号) of the line on the original.")
    name = fields.Char(readonly=True)
    code = fields.Char("Classification Code", readonly=True)
    spec = fields.Char("Specification", readonly=True)
    unit = fields.Char(readonly=True)
    quantity = fields.Float(digits=(16, 8), readonly=True)
    price = fields.Float(digits=(20, 13), readonly=True)
    rate = fields.Float(digits=(6, 4), readonly=True)
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)

    @api.model
    def _values_of(self, lines):
        """Return create values for lines of a ``rules.red_document.RedOrder``."""
        return [{**values_of(line, sequence), "xh": line.xh} for sequence, line in enumerate(lines, start=1)]
