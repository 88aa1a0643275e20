"""Fapiao settings of a company in the accounting settings."""

from odoo import fields, models

from ..cloud import gate


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fapiao_account_id = fields.Many2one(
        related="company_id.fapiao_account_id", readonly=False, domain="[('company_id', 'parent_of', company_id)]"
    )
    fapiao_auto_issue = fields.Boolean(related="company_id.fapiao_auto_issue", readonly=False)
    fapiao_red_on_credit = fields.Selection(related="company_id.fapiao_red_on_credit", readonly=False, required=True)
    fapiao_default_type = fields.Selection(related="company_id.fapiao_default_type", readonly=False, required=True)
    fapiao_drawer = fields.Char(related="company_id.fapiao_drawer", readonly=False)
    fapiao_payee = fields.Char(related="company_id.fapiao_payee", readonly=False)
    fapiao_reviewer = fields.Char(related="company_id.fapiao_reviewer", readonly=False)
    fapiao_remark = fields.Char(related="company_id.fapiao_remark", readonly=False)
    fapiao_amount_limit = fields.Monetary(related="company_id.fapiao_amount_limit", readonly=False)
    fapiao_credit_threshold = fields.Monetary(related="company_id.fapiao_credit_threshold", readonly=False)
    fapiao_credit_days = fields.Integer(related="company_id.fapiao_credit_days", readonly=False)
    fapiao_twin_days = fields.Integer(related="company_id.fapiao_twin_days", readonly=False)
    fapiao_show_seller_bank = fields.Boolean(related="company_id.fapiao_show_seller_bank", readonly=False)
    fapiao_show_buyer_bank = fields.Boolean(related="company_id.fapiao_show_buyer_bank", readonly=False)

    # ------------------------------------------------------------------ actions

    def action_open_fapiao_account(self):
        """Open the company's fapiao account, or a new one if there is none."""
        gate.check(self, gate.ADMINISTRATOR)
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fapiao Account"),
            "res_model": "fapiao.account",
            "res_id": self.company_id.fapiao_account_id.id,
            "view_mode": "form",
            "context": {"default_company_id": self.company_id.id},
        }
