"""Mixin ``fapiao.problem.mixin``: a problem listed in a dialog, with its cure and the record to fix."""

from odoo import fields, models


class FapiaoProblemMixin(models.AbstractModel):
    _name = "fapiao.problem.mixin"
    _description = "Problem before a fapiao is requested"
    _order = "id"
    _rec_name = "message"

    code = fields.Char()
    severity = fields.Selection([("error", "Error"), ("warning", "Warning")], required=True)
    message = fields.Text("Problem")
    fix = fields.Text("What To Do")
    mend_model = fields.Char()
    mend_id = fields.Many2oneReference("To Mend", model_field="mend_model")
    mend_name = fields.Char("Where")

    def _to_mend(self):
        """Return the record to fix."""
        self.ensure_one()
        return self.env[self.mend_model].browse(self.mend_id)
