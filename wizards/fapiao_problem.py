"""A problem in a dialog before something is requested: what is wrong, what to do, and where."""

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
        """Return the record that is to be mended."""
        self.ensure_one()
        return self.env[self.mend_model].browse(self.mend_id)
