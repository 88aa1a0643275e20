"""What an account at 金蝶发票云 needs beyond what every account has, and what it can't do."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..clouds import base
from ..clouds.kingdee.options import USER_TYPES

SYSTEM_LENGTH = 10
USER_KINDS = list(zip(USER_TYPES, ("User name", "Mobile number"), strict=True))


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    app_id = fields.Char("App ID", help="Of the third-party application (第三方应用) made for Odoo.")
    app_secret = fields.Char(
        groups="base.group_system", copy=False, help="Called appSecuret in the cloud's own papers."
    )
    tenant_id = fields.Char("Cloud Tenant", help="租户, as the cloud's support names it.")
    account_id = fields.Char("Data Center", help="数据中心 accountId.")
    user = fields.Char("Cloud User", help="Of the cloud: a user name or a mobile number.")
    user_type = fields.Selection(USER_KINDS, "Kind of User", default="UserName", required=True)
    business_system = fields.Char(
        help="业务系统编码: ten characters at most, as set up in the cloud (业务系统列表)."
    )
    auto_invoice = fields.Boolean(
        "Issue at Once",
        default=True,
        help="Otherwise a request waits in the cloud until a person there has it issued.",
    )
    gross_total = fields.Boolean(
        "Totals With Tax",
        default=True,
        help="Whether a request's total includes tax (价税合计). Turn it off if the cloud complains that the"
        " total is wrong.",
    )

    can_log_in = fields.Boolean(compute="_compute_abilities")
    has_credit = fields.Boolean(compute="_compute_abilities")

    # ------------------------------------------------------------------ computes

    @api.depends("provider")
    def _compute_abilities(self):
        for account in self:
            words = account._words() if account.provider and account.base_url and account.tax_no else None
            account.can_log_in = bool(words and words.can(base.LOGIN))
            account.has_credit = bool(words and words.can(base.CREDIT))

    # ------------------------------------------------------------------ constraints

    @api.constrains("business_system", "provider")
    def _check_business_system(self):
        for account in self:
            if account.provider == "kingdee" and len(account.business_system or "") > SYSTEM_LENGTH:
                raise ValidationError(
                    self.env._(
                        "The business system %(code)s is longer than %(length)s characters.",
                        code=account.business_system,
                        length=SYSTEM_LENGTH,
                    )
                )
