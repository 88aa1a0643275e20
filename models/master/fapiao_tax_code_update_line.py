"""Model ``fapiao.tax.code.update.line``: one code that a classification table adds, changes or ends."""

from odoo import api, fields, models
from odoo.fields import Domain

ADDED, CHANGED, ENDED, MISSING = "added", "changed", "ended", "missing"


class FapiaoTaxCodeUpdateLine(models.Model):
    _name = "fapiao.tax.code.update.line"
    _description = "Change of a Classification Code"
    _order = "update_id desc, code"

    update_id = fields.Many2one("fapiao.tax.code.update", required=True, index=True, ondelete="cascade")
    kind = fields.Selection(
        [(ADDED, "Added"), (CHANGED, "Changed"), (ENDED, "Ended"), (MISSING, "Not in the table")],
        "Change",
        required=True,
    )
    code = fields.Char(required=True)
    name = fields.Char()
    old_values = fields.Json()
    new_values = fields.Json()
    details = fields.Text(compute="_compute_details")
    is_used = fields.Boolean(
        "Used by Products", compute="_compute_is_used", search="_search_is_used", help="By a product or a category."
    )

    @api.depends("old_values", "new_values")
    @api.depends_context("lang")
    def _compute_details(self):
        labels = {
            name: field._description_string(self.env) for name, field in self.env["fapiao.tax.code"]._fields.items()
        }
        for line in self:
            old = line.old_values or {}
            line.details = "\n".join(
                f"{labels[name]}: {self._shown(old[name])} → {self._shown(value)}"
                for name, value in (line.new_values or {}).items()
                if name in old
            )

    def _shown(self, value):
        if isinstance(value, bool):
            return self.env._("yes") if value else "–"
        return value

    @api.depends("code")
    def _compute_is_used(self):
        used = self._used_codes(self.mapped("code"))
        for line in self:
            line.is_used = line.code in used

    def _search_is_used(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("code", "in" if True in value else "not in", list(self._used_codes()))

    def _used_codes(self, digits=None):
        """Return those of the codes ``digits``, of all by default, that products or categories have."""
        domain = Domain("fapiao_code_id", "!=", False)
        if digits is not None:
            domain = Domain("fapiao_code_id.code", "in", digits)
        found = self.env["fapiao.tax.code"]
        for model in ("product.template", "product.category"):
            groups = self.env[model].with_context(active_test=False)._read_group(domain, ["fapiao_code_id"])
            found = found.union(*(code for (code,) in groups))
        return set(found.mapped("code"))
