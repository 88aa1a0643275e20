"""Fapiao settings of a tax: kind of zero rate and privilege."""

from odoo import api, fields, models

from ...rules.differential import DIFFERENTIAL
from ..values import LEVIES, PRIVILEGES, ZERO_KINDS


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["fapiao.guard.mixin", "account.tax"]
    _fapiao_inputs = frozenset({"fapiao_zero_kind", "fapiao_policy", "fapiao_levy"})

    fapiao_zero_kind = fields.Selection(
        ZERO_KINDS,
        "Reason for 0 %",
        help="A fapiao says why a line carries no tax. Leave it empty for any other rate.",
    )
    fapiao_levy = fields.Selection(
        [row for row in LEVIES if row[0] in DIFFERENTIAL],
        "Differential Taxation",
        help="差额征税: an invoice with this tax has one line, and lists the vouchers that are deducted from its price."
        " Issued in full, the tax is that of the whole price; issued for the difference, of what is left of it.",
    )
    fapiao_policy = fields.Selection(
        PRIVILEGES,
        "Tax Privilege",
        help="Privilege that this tax stands for (优惠政策). A general taxpayer needs one for 3 and 5 percent.",
    )

    @api.onchange("amount")
    def _onchange_amount_clears_zero_kind(self):
        if self.amount:
            self.fapiao_zero_kind = False
