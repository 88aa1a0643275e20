"""Model ``fapiao.former.name``: a name that a company had before; its tickets of that time are its own."""

from odoo import fields, models


class FapiaoFormerName(models.Model):
    _name = "fapiao.former.name"
    _description = "Former Company Name"
    _order = "company_id, until desc, id desc"

    name = fields.Char("Former Name", required=True)
    until = fields.Date("Used Until", required=True, help="Tickets dated up to this day may bear the name.")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, ondelete="cascade"
    )
