"""Model ``fapiao.red.form.line``: amount reversed of a line of the original."""

from odoo import api, fields, models


class FapiaoRedFormLine(models.Model):
    _name = "fapiao.red.form.line"
    _inherit = ["fapiao.line.mixin"]
    _description = "Red Form Line"
    _order = "form_id, sequence, id"

    form_id = fields.Many2one("fapiao.red.form", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="form_id.company_id", store=True, precompute=True)
    xh = fields.Integer("Line No.", readonly=True, help="Number (序号) of the line on the original.")

    @api.model
    def _values_of(self, lines):
        """Return create values for lines of a ``rules.red_document.RedOrder``."""
        return [{**self._values_of_line(line, sequence), "xh": line.xh} for sequence, line in enumerate(lines, start=1)]
