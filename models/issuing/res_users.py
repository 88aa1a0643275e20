"""Model ``res.users``: the account through which what a salesperson sells is issued."""

from odoo import fields, models


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["fapiao.guard.mixin", "res.users"]
    _fapiao_inputs = frozenset({"fapiao_account_id"})

    # by company: a user may sell for several
    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        company_dependent=True,
        help="What this person sells is issued through it, where neither document, journal nor team names another.",
    )
