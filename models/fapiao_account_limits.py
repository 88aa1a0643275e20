"""What one fapiao through an account may carry, and what the seller is taken for."""

from odoo import api, fields, models

from ..rules.amounts import CENT, LINE_TAX_TOLERANCE
from ..rules.limits import Limits
from .fapiao_decimal import exact


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    small_scale = fields.Boolean(
        "Small-scale Taxpayer",
        tracking=True,
        help="The seller is a small-scale taxpayer (小规模纳税人), who charges 1 or 3 percent.",
    )
    small_scale_reason = fields.Selection(
        [
            ("2", "An earlier fapiao is corrected or taken back (2)"),
            ("3", "The reduction to 1 percent is given up (3)"),
        ],
        "Reason for 3 %",
        tracking=True,
        help="A small-scale taxpayer who charges 3 percent instead of 1 has to say why (税率说明).",
    )

    @api.onchange("small_scale")
    def _onchange_small_scale(self):
        if not self.small_scale:
            self.small_scale_reason = False

    def _limits(self, summary_codes):
        """Return what one fapiao through this account may carry, as the rules want to know it."""
        self.ensure_one()
        company = self.company_id
        return Limits(
            remark_length=255 if self.provider == "piaodanyun" else 450,
            short_name_required=True,
            seller_contact_required=self.provider == "piaodanyun",
            small_scale=self.small_scale,
            discount_tax_tolerance=CENT if self.provider == "kingdee" else LINE_TAX_TOLERANCE,
            summary_codes=summary_codes,
            amount_limit=exact(company.fapiao_amount_limit) or None,
            credit_left=exact(self.credit_left) if self.credit_at else None,
        )
