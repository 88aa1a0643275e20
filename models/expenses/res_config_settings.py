"""Settings of the expense assistant in the accounting settings."""

from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fapiao_company_code = fields.Char(related="company_id.fapiao_company_code", readonly=False)
    fapiao_pick_claimed = fields.Boolean(related="company_id.fapiao_pick_claimed", readonly=False)
    fapiao_pick_title = fields.Boolean(related="company_id.fapiao_pick_title", readonly=False)
    fapiao_pick_tax_no = fields.Boolean(related="company_id.fapiao_pick_tax_no", readonly=False)
    fapiao_pick_unverified = fields.Boolean(related="company_id.fapiao_pick_unverified", readonly=False)
    fapiao_pick_personal = fields.Boolean(related="company_id.fapiao_pick_personal", readonly=False)
    fapiao_pick_bank = fields.Boolean(related="company_id.fapiao_pick_bank", readonly=False)
