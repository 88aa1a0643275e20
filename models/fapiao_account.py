"""One log-in at one invoice cloud, for one company: who we are there, and how fast we may go."""

from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..clouds.addresses import fits_mode
from ..clouds.base import ASSISTANT_PART
from ..clouds.errors import CloudError, OutcomeUnknown, PaceUsedUp
from ..clouds.words import explain
from . import fapiao_gate as gate

PROVIDERS = [("piaodanyun", "票单云 (piaodanyun)"), ("kingdee", "金蝶发票云 (Kingdee)")]
MODES = [("sandbox", "Sandbox"), ("test", "Test"), ("production", "Production")]
NEEDS = [
    ("unknown", "Not asked yet"),
    ("ok", "Logged in"),
    ("login", "Log-in needed"),
    ("sms", "SMS code needed"),
    ("face", "Face authentication needed"),
    ("credentials", "User or password wrong"),
    ("permission", "Interface not authorised"),
]

ADDRESSES = ("base_url", "assistant_url", "assistant_page_url")
# What decides whether the cloud knows us; a change of it makes token and session unknown.
CONNECTION = {
    *("provider", "base_url", "tax_no"),
    *("phone", "password", "tenant", "tax_username", "tax_password"),
    *("app_id", "app_secret", "tenant_id", "account_id", "user", "user_type", "business_system"),
}
FORGOTTEN = {
    "token": False,
    "token_expires_at": False,
    "session_state": "unknown",
    "session_text": False,
    "face_state": "unknown",
}


class FapiaoAccount(models.Model):
    _name = "fapiao.account"
    _description = "Fapiao Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    provider = fields.Selection(PROVIDERS, "Cloud", required=True, default="piaodanyun")
    mode = fields.Selection(
        MODES,
        required=True,
        default="sandbox",
        tracking=True,
        help="Sandbox: the program that comes with this module; nothing reaches the tax bureau, and only this"
        " computer or a private network can be called. Test and production need an https address elsewhere.",
    )
    base_url = fields.Char("Address", required=True, tracking=True, help="As your cloud's support names it.")
    tax_no = fields.Char(
        "Tax Number",
        required=True,
        tracking=True,
        help="Of the seller, as registered with the cloud (纳税人识别号).",
    )

    # 票单云
    phone = fields.Char(help="The user name at the cloud.")
    password = fields.Char(groups="base.group_system", copy=False)
    tenant = fields.Integer("Tenant ID", help="企业租户ID, a number the cloud gave you.")
    tax_username = fields.Char(
        "Tax Bureau User", help="The drawer's log-in at the electronic tax bureau (局端账号)."
    )
    tax_password = fields.Char("Tax Bureau Password", groups="base.group_system", copy=False)
    token_header = fields.Char(default="Authorization", required=True)
    token_prefix = fields.Char(help="Put before the token, with its space; empty for the bare token.")
    token_lifetime = fields.Integer("Token Lifetime (s)", default=7200, required=True)
    add_seal = fields.Boolean("Seal on Files", help="Ask the cloud to put the seal on PDF and OFD.")

    token = fields.Char(groups="base.group_system", copy=False, readonly=True)
    token_expires_at = fields.Datetime(groups="base.group_system", copy=False, readonly=True)

    pace_per_minute = fields.Integer(
        "Calls a Minute",
        default=10,
        required=True,
        help="The tax bureau allows about 10 a minute, 500 an hour and 3,000 a day on the log-in channel.",
    )
    pace_per_hour = fields.Integer("Calls an Hour", default=500, required=True)
    pace_per_day = fields.Integer("Calls a Day", default=3000, required=True)
    calls_at_once = fields.Integer(default=3, required=True)
    read_timeout = fields.Integer("Answer Time (s)", default=30, required=True)
    grace_minutes = fields.Integer(
        "Grace (min)",
        default=30,
        required=True,
        help="How long the bureau may take to show an order whose answer was lost."
        " Only after it does “not found” mean that nothing was issued.",
    )
    wait_days = fields.Integer(
        "Days an Order May Wait",
        default=7,
        required=True,
        help="An order that has waited longer to be sent is not sent any more: a person decides whether it is"
        " still right.",
    )
    claimed_at = fields.Datetime(readonly=True, copy=False)

    credit_total = fields.Monetary("Credit Line", readonly=True, copy=False)
    credit_left = fields.Monetary(readonly=True, copy=False)
    credit_at = fields.Datetime("Credit As Of", readonly=True, copy=False)
    credit_percent = fields.Float(compute="_compute_credit_percent")
    credit_low = fields.Boolean(compute="_compute_credit_low")
    session_state = fields.Selection(
        NEEDS, "Tax Bureau Session", default="unknown", required=True, readonly=True, copy=False
    )
    session_text = fields.Text("Last Problem", readonly=True, copy=False)
    session_at = fields.Datetime("Session As Of", readonly=True, copy=False)
    face_state = fields.Selection(
        [("unknown", "Not asked yet"), ("ok", "Not needed"), ("needed", "Needed")],
        "Face Authentication",
        default="unknown",
        required=True,
        readonly=True,
        copy=False,
    )
    waiting_count = fields.Integer("Waiting Requests", compute="_compute_waiting_count")

    _unique_login = models.UniqueIndex(
        "(company_id, provider, tax_no, COALESCE(tax_username, '')) WHERE active",
        "There is already an account with this tax number and tax bureau user.",
    )
    _positive_pace = models.Constraint(
        "CHECK (pace_per_minute > 0 AND pace_per_hour > 0 AND pace_per_day > 0 AND calls_at_once > 0"
        " AND read_timeout > 0 AND grace_minutes >= 5 AND token_lifetime > 0 AND wait_days > 0)",
        "Pace, times, the days an order may wait and the number of calls must be above zero, the grace at least"
        " five minutes.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("credit_total", "credit_left")
    def _compute_credit_percent(self):
        for account in self:
            account.credit_percent = account.credit_total and 100 * account.credit_left / account.credit_total

    @api.depends("credit_left", "credit_at", "company_id.fapiao_credit_threshold")
    def _compute_credit_low(self):
        for account in self:
            threshold = account.company_id.fapiao_credit_threshold
            account.credit_low = bool(account.credit_at and threshold and account.credit_left < threshold)

    def _compute_waiting_count(self):
        counts = dict(
            self.env["fapiao.request"]._read_group(
                [("account_id", "in", self.ids), ("state", "=", "waiting_login")], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.waiting_count = counts.get(account, 0)

    # ------------------------------------------------------------------ constraints

    @api.constrains("base_url", "mode")
    def _check_base_url(self):
        for account in self:
            account._check_address(account.base_url)

    @api.constrains("tax_no")
    def _check_tax_no(self):
        for account in self:
            tax_no = account.tax_no or ""
            if not (
                15 <= len(tax_no) <= 20 and tax_no.isascii() and tax_no.isalnum() and tax_no == tax_no.upper()
            ):
                raise ValidationError(
                    self.env._("A tax number has 15 to 20 digits and capital letters; %s has not.", tax_no)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """The first account of a company becomes the one it issues through."""
        accounts = super().create(vals_list)
        # as they have become: defaults may come from the client
        accounts._check_may_enter([account[name] for account in accounts for name in ADDRESSES], is_new=True)
        for account in accounts.filtered("active"):
            if not account.company_id.fapiao_account_id:
                # sudo: a manager of fapiao need not be allowed to edit companies
                account.company_id.sudo().fapiao_account_id = account
        return accounts

    def write(self, vals):
        """Who the account is stays once it was used, and it isn't archived over open tasks. With other
        credentials, what was known of token and session no longer holds."""
        self._check_identity_stays(vals)
        self._check_may_enter([vals[name] for name in ADDRESSES if name in vals])
        if not vals.get("active", True):
            self._check_nothing_open()
        self._drop_secrets_of_other_origin(vals)
        result = super().write(vals)
        if CONNECTION.intersection(vals):
            # sudo: the token is a secret that whoever may edit the account can't touch otherwise
            super(FapiaoAccount, self.sudo()).write(FORGOTTEN)
            self._resume_waiting()
        return result

    def _archive(self):
        """Archive accounts whose open tasks a person has seen; the caller has asked."""
        # not through this class's own write, which refuses it
        return super().write({"active": False})  # pylint: disable=super-method-mismatch

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: what happened in other companies counts as well
        journaled = self.env["fapiao.exchange"].sudo().search([("account_id", "in", self.ids)], limit=1)
        if used := journaled.account_id or self._used("")[:1] or self._used(ASSISTANT_PART)[:1]:
            raise UserError(
                self.env._(
                    "Account %s was used, and its journal is kept. Archive it instead.", used.display_name
                )
            )

    # ------------------------------------------------------------------ actions

    def action_test_connection(self):
        """Fetch a fresh token; says plainly what is wrong, or that all is well."""
        self.ensure_one()
        self._check_may_use()
        try:
            self.env["fapiao.engine"]._ask(self, lambda cloud: cloud.test())
        except CloudError as error:
            self._note_need_apart(error)
            raise UserError(self._say(error)) from error
        self._note_apart(lambda account: account._note_reachable())
        return self._notify(self.env._("The cloud accepts this account."))

    def action_refresh_credit(self):
        """Ask for the credit line (授信额度) and, with it, whether session and face are still good."""
        self._check_may_use()
        for account in self:
            try:
                account._refresh_from_cloud()
            except CloudError as error:
                raise UserError(account._say(error)) from error
        self.invalidate_recordset()
        return True

    def action_login(self):
        """Open the log-in dialog of the tax bureau."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self._open_login("login")

    def action_face(self):
        """Open the dialog with the face-authentication code."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self._open_login("face")

    def action_show_waiting(self):
        gate.check(self, gate.READER)
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_request")
        return {
            **action,
            "domain": [("account_id", "=", self.id), ("state", "=", "waiting_login")],
            "context": {},
        }

    # ------------------------------------------------------------------ small helpers

    def _check_address(self, url):
        """Raise ``ValidationError`` where ``url`` is no address, or none that the account's mode allows."""
        self.ensure_one()
        try:
            parts = urlsplit(url or "")
            is_address = parts.scheme in ("http", "https") and parts.hostname
        except ValueError:
            is_address = False
        if not is_address:
            raise ValidationError(
                self.env._(
                    "The address %(url)s of account %(account)s must look like https://host/path.",
                    url=url or "–",
                    account=self.name,
                )
            )
        if fits_mode(url, self.mode):
            return
        if self.mode == "sandbox":
            raise ValidationError(
                self.env._(
                    "%s leads out of this computer and its private network. A sandbox account can't be used"
                    " for a real cloud: choose the mode Test or Production.",
                    url,
                )
            )
        raise ValidationError(
            self.env._(
                "%s can't be the address of a test or production account: it must begin with https:// and lie"
                " outside this computer and its private network.",
                url,
            )
        )

    def _check_may_use(self):
        gate.check(self, gate.ISSUER)

    def _say(self, error):
        """Return ``error`` in plain words with the cure, and the cloud's own words behind."""
        if isinstance(error, PaceUsedUp):
            return self._say_pace(error)
        if isinstance(error, OutcomeUnknown):
            # the usual words fear for a fapiao; these calls only ask
            parts = [
                self.env._("The cloud did not answer, or not in a way that can be read."),
                self.env._(
                    "Nothing was changed by asking. Try again; if it stays so, check the account's address."
                ),
            ]
        else:
            message, fix = explain(error)
            parts = [self.env._(message), fix and self.env._(fix)]
        if error.text or error.code:
            parts.append(
                self.env._("The cloud says: %(text)s (%(code)s)", text=error.text, code=error.code or "–")
            )
        return "\n".join(part for part in parts if part)

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _action_for_need(self):
        """Return what opens what the account needs of a person: log-in, face code or its own form."""
        self.ensure_one()
        if self.session_state in ("credentials", "permission"):
            return self._get_records_action()
        return self.action_face() if self.session_state == "face" else self.action_login()

    def _open_login(self, purpose):
        self._check_may_use()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log in to the tax bureau")
            if purpose == "login"
            else self.env._("Face authentication"),
            "res_model": "fapiao.login",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id, "default_purpose": purpose},
        }
