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
    # what the bureau's check says of the line
    own_code = fields.Char(readonly=True, help="The seller's own code (自行编码).")
    code_version = fields.Char(readonly=True, help="Version of the table of tax classification codes (编码版本).")
    application_no = fields.Char(
        "Application", readonly=True, help="A red form that held the line before this one was applied for (申请单号)."
    )
    is_privileged = fields.Boolean("Tax Privilege", readonly=True, help="A tax privilege is used (优惠政策标识).")

    @api.model
    def _values_of(self, lines):
        """Return create values for lines of a ``rules.red_document.RedOrder``."""
        return [
            {
                **self._values_of_line(line, sequence),
                "xh": line.xh,
                "is_privileged": bool(line.is_privileged),
                **{name: getattr(line, name) for name in ("own_code", "code_version", "application_no")},
            }
            for sequence, line in enumerate(lines, start=1)
        ]
