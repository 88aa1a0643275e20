"""Model ``crm.team``: the account through which a sales team issues."""

from odoo import fields, models


class CrmTeam(models.Model):
    _name = "crm.team"
    _inherit = ["fapiao.guard.mixin", "crm.team"]
    _fapiao_inputs = frozenset({"fapiao_account_id"})

    # by company: a team may sell for several
    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        company_dependent=True,
        help="What this team sells is issued through it, where neither document nor journal names another.",
    )
