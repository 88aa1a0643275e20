"""Model ``hr.expense``: matching with received fapiao."""

from odoo import api, fields, models


class HrExpense(models.Model):
    _name = "hr.expense"
    _inherit = ["fapiao.guard.mixin", "hr.expense", "fapiao.matched.mixin"]

    fapiao_match_ids = fields.One2many("fapiao.match", "expense_id", "Fapiao Matches", copy=False)

    # ------------------------------------------------------------------ hooks of the matching mixin

    @api.model
    def _fapiao_in_amount_fields(self):
        return ("total_amount", "tax_amount")

    def _fapiao_in_total(self):
        return self.total_amount

    def _fapiao_in_tax(self):
        return self.tax_amount

    def _fapiao_in_vendor(self):
        return self.vendor_id.commercial_partner_id

    def _fapiao_in_can_match(self):
        return True

    def _fapiao_in_is_open(self):
        return self.state != "refused"

    # ------------------------------------------------------------------ refusal

    def _do_refuse(self, reason):
        res = super()._do_refuse(reason)
        self._fapiao_in_release()
        return res

    # ------------------------------------------------------------------ differences

    def _fapiao_in_say_tax(self, tax):
        """An expense has one set of taxes, while each ticket may have a rate of its own."""
        said = super()._fapiao_in_say_tax(tax)
        if len(self.fapiao_match_ids) < 2:
            return said
        cure = self.env._("To have the tax of each ticket, split the expense: one ticket, one expense.")
        return f"{said} {cure}"
