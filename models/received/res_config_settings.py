"""Settings of received fapiao in the accounting settings."""

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fapiao_in_details = fields.Selection(related="company_id.fapiao_in_details", readonly=False)
    fapiao_turn_out_account_id = fields.Many2one(related="company_id.fapiao_turn_out_account_id", readonly=False)
