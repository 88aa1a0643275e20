"""How an expense stands, for the expense assistant."""

from odoo import api, fields, models

from ..clouds import picking
from .fapiao_decimal import exact

NOTED = {"approval_state", "account_move_id", "state", "tax_ids", "total_amount", "total_amount_currency"}


class HrExpense(models.Model):
    _inherit = "hr.expense"

    fapiao_report_ids = fields.One2many("fapiao.report", "expense_id", "Told to the Assistant", readonly=True)

    # ------------------------------------------------------------------ what the mixin asks

    def _fapiao_report_status(self):
        if self._fapiao_report_move():
            return picking.BOOKED
        return {"submitted": picking.SUBMITTED, "approved": picking.APPROVED}.get(
            self.approval_state, picking.UNUSED
        )

    def _fapiao_report_is_draft(self):
        return not self.approval_state

    def _fapiao_report_owner(self):
        return self.employee_id.user_id or self.create_uid

    def _fapiao_report_move(self):
        move = self.account_move_id
        return move if move._fapiao_report_stands() else move.browse()

    def _fapiao_report_tax(self):
        shares = self.tax_ids.flatten_taxes_hierarchy().invoice_repartition_line_ids
        taxes = shares.filtered(lambda share: share.repartition_type == "tax")
        # a tax without an account of its own is a cost
        return exact(self.tax_amount if taxes and all(share.account_id for share in taxes) else 0)

    def _fapiao_report_cost(self):
        product = self.product_id
        return (product.default_code or str(product.id), product.name) if product else ("", "")

    def _fapiao_report_cover_rows(self):
        return [
            (self.env._("Employee"), self.employee_id.name),
            (self.env._("Description"), self.name),
            (self.env._("Category"), self.product_id.name),
            (self.env._("Date"), fields.Date.to_string(self.date)),
            (self.env._("Total"), self.company_currency_id.format(self.total_amount)),
            (self.env._("Tax"), self.company_currency_id.format(self.tax_amount)),
        ]

    # ------------------------------------------------------------------ where it changes

    @api.model_create_multi
    def create(self, vals_list):
        expenses = super().create(vals_list)
        expenses.filtered("approval_state")._fapiao_report_soon()
        return expenses

    def write(self, vals):
        res = super().write(vals)
        if NOTED & set(vals):
            self._fapiao_report_soon()
        return res
