"""Model ``fapiao.account``: one taxpayer at one cloud.

Sections: connection and rate limits, leases and restored databases, session and credit, hourly check,
identity, replacement and archiving, limits of a fapiao.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ...clouds import base
from ...clouds.addresses import checked_mode, fits_mode, leads_inside, origin
from ...clouds.base import (
    ASSISTANT,
    ASSISTANT_CHANNEL,
    ASSISTANT_PAGES,
    ASSISTANT_PART,
    BUREAU,
    PAGES,
    Config,
    TokenSlot,
)
from ...clouds.errors import CloudError, OutcomeUnknown, PaceUsedUp
from ...clouds.identity import identity_of, plain
from ...clouds.kingdee.options import USER_TYPES
from ...clouds.registry import client_of, open_cloud, secrets_of
from ...clouds.words import explain
from ...rules.amounts import CENT, LINE_TAX_TOLERANCE
from ...rules.limits import Limits
from ..values import SHANGHAI, as_html, aware, exact, naive
from . import gate, spool
from .fapiao_pace import BACKGROUND, QUESTION
from .fapiao_task_mixin import OPEN_STATES, OTHERS, UNSENT_STATES

_logger = logging.getLogger(__name__)

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
# Settings that define the connection; a change invalidates token and session.
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
ALONE_FIRST = timedelta(seconds=30)
ALONE_LAST = timedelta(minutes=15)
ASK_FIRST_FOR = timedelta(days=60)
OUTBOUND = ("fapiao.request", "fapiao.red.form", *OTHERS)
ADDRESS = {"": "base_url", ASSISTANT_PART: "assistant_url"}
COMMON = ("provider", "mode", "tax_no")
# Models that, beside cloud tasks and call log, show that an endpoint of the account was called
TRACES = {"": "fapiao.pull", ASSISTANT_PART: "fapiao.pick"}
# Calls that ended so changed nothing at the cloud: a first log-in may be retried until it works.
WITHOUT_TRACE = ("not_sent", "login")
# Results of calls without effect at the cloud
HARMLESS = ("not_sent", "login", "rate_limited")
SYSTEM_LENGTH = 10
USER_KINDS = list(zip(USER_TYPES, ("User name", "Mobile number"), strict=True))


class FapiaoAccount(models.Model):
    _name = "fapiao.account"
    _description = "Fapiao Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
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
    tax_username = fields.Char("Tax Bureau User", help="The drawer's log-in at the electronic tax bureau (局端账号).")
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

    pages_per_minute = fields.Integer(
        "Pages a Minute",
        default=600,
        required=True,
        help="What the cloud answers from its own store: pages of a pull, files at an address, messages of"
        " the expense assistant. It doesn't reach the tax bureau.",
    )
    pace_reserved_percent = fields.Integer(
        "Kept for Issuing (%)",
        default=30,
        required=True,
        help="The share of the calls that only issuing may use, so that questions and files never hold it up."
        " Of the rest, the same share is kept from background work. Accounts with the same tax number share"
        " their calls; the strictest of their settings applies.",
    )

    _valid_pace_shares = models.Constraint(
        "CHECK (pages_per_minute > 0 AND pace_reserved_percent BETWEEN 0 AND 90)",
        "Pages a minute must be above zero, and the share kept for issuing between 0 and 90 percent.",
    )

    token_lease_until = fields.Datetime(readonly=True, copy=False)
    assistant_token_lease_until = fields.Datetime(readonly=True, copy=False)
    away_since = fields.Datetime("Not Reached Since", readonly=True, copy=False)
    away_count = fields.Integer(readonly=True, copy=False)
    left_alone_until = fields.Datetime(readonly=True, copy=False)
    database_identity = fields.Char(
        readonly=True, copy=False, groups="base.group_system", help="Of the database that made the last calls."
    )
    restored_at = fields.Datetime(
        "Database Restored On",
        readonly=True,
        copy=False,
        help="Since then each order is asked for by its ID before it is sent: the cloud may know it already.",
    )

    answer_text_ids = fields.One2many(
        "fapiao.answer.text",
        "account_id",
        "Unknown Answers",
        groups="base.group_system,l10n_cn_invoice_cloud.group_fapiao_manager",
    )

    is_used = fields.Boolean(compute="_compute_is_used")
    is_assistant_used = fields.Boolean(compute="_compute_is_used")

    replaced_by_id = fields.Many2one("fapiao.account", readonly=True, copy=False)
    has_open_tasks = fields.Boolean(compute="_compute_has_open_tasks")

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

    app_id = fields.Char("App ID", help="Of the third-party application (第三方应用) made for Odoo.")
    app_secret = fields.Char(
        groups="base.group_system", copy=False, help="Called appSecuret in the cloud's own papers."
    )
    tenant_id = fields.Char("Cloud Tenant", help="租户, as the cloud's support names it.")
    account_id = fields.Char("Data Center", help="数据中心 accountId.")
    user = fields.Char("Cloud User", help="Of the cloud: a user name or a mobile number.")
    user_type = fields.Selection(USER_KINDS, "Kind of User", default="UserName", required=True)
    business_system = fields.Char(help="业务系统编码: ten characters at most, as set up in the cloud (业务系统列表).")
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

    def _compute_is_used(self):
        used, assistant_used = self._origin._used(""), self._origin._used(ASSISTANT_PART)
        for account in self:
            account.is_used = account._origin in used
            account.is_assistant_used = account._origin in assistant_used

    def _compute_has_open_tasks(self):
        for account in self:
            account.has_open_tasks = bool(account._origin._open_counts())

    @api.onchange("small_scale")
    def _onchange_small_scale(self):
        if not self.small_scale:
            self.small_scale_reason = False

    @api.depends("provider")
    def _compute_abilities(self):
        for account in self:
            words = account._words() if account.provider and account.base_url and account.tax_no else None
            account.can_log_in = bool(words and words.can(base.LOGIN))
            account.has_credit = bool(words and words.can(base.CREDIT))

    # ------------------------------------------------------------------ constraints

    @api.constrains("base_url", "mode")
    def _check_base_url(self):
        for account in self:
            account._check_address(account.base_url)

    @api.constrains("tax_no")
    def _check_tax_no(self):
        for account in self:
            tax_no = account.tax_no or ""
            if not (15 <= len(tax_no) <= 20 and tax_no.isascii() and tax_no.isalnum() and tax_no == tax_no.upper()):
                raise ValidationError(
                    self.env._("A tax number has 15 to 20 digits and capital letters; %s has not.", tax_no)
                )

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

    # ------------------------------------------------------------------ create, write and delete

    @api.model_create_multi
    def create(self, vals_list):
        """Use the first account of a company as its issuing account."""
        accounts = super().create(vals_list)
        # read from the records, since defaults may come from the client
        accounts._check_may_enter([account[name] for account in accounts for name in ADDRESSES], is_new=True)
        for account in accounts.filtered("active"):
            if not account.company_id.fapiao_account_id:
                # sudo: a manager of fapiao need not be allowed to edit companies
                account.company_id.sudo().fapiao_account_id = account
        return accounts

    def write(self, vals):
        """Refuse to change the identity of a used account or to archive it with open tasks. Changed
        credentials invalidate token and session.
        """
        self._check_identity_stays(vals)
        self._check_may_enter([vals[name] for name in ADDRESSES if name in vals])
        if not vals.get("active", True):
            self._check_nothing_open()
        self._drop_secrets_of_other_origin(vals)
        result = super().write(vals)
        if CONNECTION.intersection(vals):
            # sudo: users who may edit the account can't write the token otherwise
            super(FapiaoAccount, self.sudo()).write(FORGOTTEN)
            self._resume_waiting()
        return result

    def _archive(self):
        """Archive accounts after the user has seen the open tasks; the caller has checked them."""
        # bypasses this class's write(), which refuses it
        return super().write({"active": False})  # pylint: disable=super-method-mismatch

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: records of other companies count as well
        journaled = self.env["fapiao.call"].sudo().search([("account_id", "in", self.ids)], limit=1)
        if used := journaled.account_id or self._used("")[:1] or self._used(ASSISTANT_PART)[:1]:
            raise UserError(
                self.env._("Account %s was used, and its journal is kept. Archive it instead.", used.display_name)
            )

    # ------------------------------------------------------------------ actions

    def action_test_connection(self):
        """Fetch a new token and show the result."""
        self.ensure_one()
        self._check_may_use()
        try:
            self.env["fapiao.engine"]._ask(self, lambda cloud: cloud.test())
        except CloudError as error:
            self._record_need_in_new_transaction(error)
            raise UserError(self._error_message(error)) from error
        self._record_in_new_transaction(lambda account: account._record_reachable())
        return self._notify(self.env._("The cloud accepts this account."))

    def action_refresh_credit(self):
        """Query the credit line (授信额度), which also shows whether session and face authentication are valid."""
        self._check_may_use()
        for account in self:
            try:
                account._refresh_from_cloud()
            except CloudError as error:
                raise UserError(account._error_message(error)) from error
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

    def action_replace(self):
        """Open the dialog that replaces this account by another."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("replace", self.env._("Replace Account"))

    def action_archive_anyway(self):
        """Open the dialog that archives this account with open tasks."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("archive", self.env._("Archive Account"))

    # ------------------------------------------------------------------ helpers

    def _check_address(self, url):
        """Raise ``ValidationError`` if ``url`` is invalid or not allowed in the account's mode."""
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

    def _error_message(self, error):
        """Return the message of ``error`` with its cure, followed by the cloud's own text."""
        if isinstance(error, PaceUsedUp):
            return self._describe_pace(error)
        if isinstance(error, OutcomeUnknown):
            # the usual message warns about the fapiao; these calls only query
            parts = [
                self.env._("The cloud did not answer, or not in a way that can be read."),
                self.env._("Nothing was changed by asking. Try again; if it stays so, check the account's address."),
            ]
        else:
            message, fix = explain(error)
            parts = [self.env._(message), fix and self.env._(fix)]
        if error.text or error.code:
            parts.append(self.env._("The cloud says: %(text)s (%(code)s)", text=error.text, code=error.code or "–"))
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
        """Return the action for what the account needs from the user: log-in, face code or its form."""
        self.ensure_one()
        if self.session_state in ("credentials", "permission"):
            return self._get_records_action()
        return self.action_face() if self.session_state == "face" else self.action_login()

    def _open_login(self, purpose):
        self._check_may_use()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log in to the tax bureau") if purpose == "login" else self.env._("Face authentication"),
            "res_model": "fapiao.login",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id, "default_purpose": purpose},
        }

    # --------------------------------------------------------------------------
    # Configuration of the cloud's client, and rate limits
    # --------------------------------------------------------------------------

    def _secrets(self):
        """Return the account's secrets; the only place that reads them."""
        self.ensure_one()
        # sudo: issuers use the secrets, but only administrators may see them
        account = self.sudo()
        return {name: account[name] or "" for name in client_of(self.provider).secrets}

    def _connection(self, part=""):
        """Return ``(Config, TokenSlot)``: plain values a client can use without the database.

        ``part``: an endpoint with its own address, see ``clouds.base.part_of``. Raises ``NotSent`` if the
        address doesn't fit the mode.
        """
        self.ensure_one()
        checked_mode(self.base_url, self.mode)
        account = self.sudo()  # sudo: the token is a secret as well, see _secrets
        expires_at = account.token_expires_at
        slot = TokenSlot(account.token or "", aware(expires_at))
        return self._config(self._secrets()), slot

    def _config(self, secrets, provider="", **options):
        """Return the ``Config`` of this account; ``provider``: of an old answer, if the account's has
        changed.
        """
        cloud = client_of(provider or self.provider)
        return Config(
            provider=cloud.provider,
            base_url=self.base_url.rstrip("/"),
            tax_no=self.tax_no,
            username=self[cloud.username] or "",
            secrets=secrets,
            options={**{name: self[name] or "" for name in cloud.settings}, **options},
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
            is_sandbox=self.mode == "sandbox",
        )

    def _words(self, part="", provider=""):
        """Return the cloud's codec, which freezes and reads payloads and can't make calls. Frozen payloads
        bear today's date in China. ``provider``: use another provider's codec than the account's.
        """
        self.ensure_one()
        today = aware(fields.Datetime.now()).astimezone(SHANGHAI).date()
        config = self._config(secrets={}, provider=provider, bill_date=today)
        return open_cloud(replace(config, classified=self._classified_texts()), TokenSlot())

    def _store_token(self, slot, part=""):
        # sudo: see _secrets
        self.sudo().write(
            {
                "token": slot.token,
                "token_expires_at": naive(slot.expires_at),
            }
        )

    # ------------------------------------------------------------------ rate limits

    def _take_pace(self, limit, part="", purpose=QUESTION):
        """Return how many of ``limit`` calls may start now, and count them; see ``fapiao.pace``."""
        return self.env["fapiao.pace"]._take(self, limit, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _give_back_pace(self, count, part="", purpose=QUESTION):
        """Undo the count of :meth:`_take_pace` for calls that are not made."""
        self.env["fapiao.pace"]._give_back(self, count, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _pace_key(self, channel):
        return f"{self.provider}/{self.tax_no}/{channel}"

    def _pace_limits(self, channel):
        """Return ``([(span, calls)], percent reserved for urgent calls)``. Accounts with the same tax number
        share the limits: the lowest applies.
        """
        self.ensure_one()
        # sudo: the tax bureau counts calls of all companies with this tax number
        sharing = self.sudo().with_context(active_test=False)
        ((minute, hour, day, pages, percent),) = sharing._read_group(
            [
                ("provider", "=", self.provider),
                ("tax_no", "=", self.tax_no),
                *("|", ("active", "=", True), ("id", "=", self.id)),
            ],
            [],
            [
                *("pace_per_minute:min", "pace_per_hour:min", "pace_per_day:min"),
                *("pages_per_minute:min", "pace_reserved_percent:max"),
            ],
        )
        if channel in (PAGES, ASSISTANT_PAGES):
            return [(timedelta(minutes=1), pages)], 0
        spans = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
        return list(zip(spans, (minute, hour, day), strict=True)), percent

    def _describe_pace(self, error):
        """Return a message with the allowed number of calls (``PaceUsedUp``) and the time of the next one."""
        calls, wait = error.allowed, error.retry_after
        if error.channel != BUREAU:
            said = self.env._("The account's settings allow %s such calls a minute.", calls)
        elif error.span > 3600:
            said = self.env._("The tax bureau allows %s calls a day; some are kept for issuing.", calls)
        elif error.span > 60:
            said = self.env._("The tax bureau allows %s calls an hour; some are kept for issuing.", calls)
        else:
            said = self.env._("The tax bureau allows %s calls a minute; some are kept for issuing.", calls)
        if wait > 120:
            when = self.env._("Try again in %s minutes.", -(-wait // 60))
        else:
            when = self.env._("Try again in %s seconds.", wait)
        return f"{said} {when}"

    # --------------------------------------------------------------------------
    # State that the engine keeps on an account
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ leases

    def _lease(self):
        """Return how long a claimed call may take before its worker counts as dead."""
        return timedelta(seconds=self._config({}).lease)

    def _calls_that_fit(self):
        """Return how many calls may start within one lease."""
        return self._config({}).calls_that_fit

    def _take_token_lease(self, part=""):
        """Take the lease for fetching the token; return False if another worker has it."""
        self.ensure_one()
        column = SQL.identifier("assistant_token_lease_until" if part else "token_lease_until")
        self.env.cr.execute(
            SQL(
                "UPDATE fapiao_account SET %(column)s = %(until)s WHERE id = %(id)s"
                " AND (%(column)s IS NULL OR %(column)s < %(now)s)",
                column=column,
                until=self._db_now() + timedelta(seconds=self._config({}).longest_send),
                now=self._db_now(),
                id=self.id,
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset(["token_lease_until", "assistant_token_lease_until"])
        return bool(self.env.cr.rowcount)

    def _leave_token_lease(self, part=""):
        self.write({"assistant_token_lease_until" if part else "token_lease_until": False})

    # ------------------------------------------------------------------ unavailable cloud

    def _is_left_alone(self):
        """Return whether scheduled actions skip this account because its cloud is unavailable."""
        return bool(self.left_alone_until and self.left_alone_until > self._db_now())

    def _record_cloud_away(self):
        """Pause calls after several connection failures in a row, with growing delays."""
        now = self._db_now()
        self.write(
            {
                "away_since": self.away_since or now,
                "away_count": self.away_count + 1,
                "left_alone_until": now + min(ALONE_FIRST * 2 ** min(self.away_count, 10), ALONE_LAST),
            }
        )

    def _record_cloud_reached(self):
        self.write({"away_since": False, "away_count": 0, "left_alone_until": False})

    # ------------------------------------------------------------------ restored database

    def _asks_first(self):
        """Return whether tasks are queried by their ID before they are sent."""
        self.ensure_one()
        return bool(self.restored_at and self.restored_at > self._db_now() - ASK_FIRST_FOR)

    def _notice_restore(self):
        """Detect a restored database before a call of this account is logged: its identity differs from that
        of the last caller, or it knows fewer calls than were made from this server.
        """
        self.ensure_one()
        identity = self._database_identity()
        account = self.sudo()  # sudo: only administrators see the field, every claim needs it
        is_another = account.database_identity and account.database_identity != identity
        if is_another or spool.last_call(self.env.cr.dbname, identity) > self._last_call_of():
            # for all accounts: the mark reports a restore once, and it affects the tasks of each account
            self.env.cr.execute(SQL("UPDATE fapiao_account SET restored_at = %s", self._db_now()))
            self.env["fapiao.account"].invalidate_model(["restored_at"])
            spool.mark(self.env.cr.dbname, identity, self._last_call_of(), is_reset=True)
        if account.database_identity != identity:
            account.database_identity = identity

    def _database_identity(self):
        """Return what distinguishes this database from a restored copy."""
        self.env.cr.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = self.env.cr.fetchone()
        return f"{self.env.cr.dbname}/{oid}"

    def _last_call_of(self):
        """Return the id of the last call this database has logged; 0 if none."""
        self.env.cr.execute("SELECT last_value - (NOT is_called)::int FROM fapiao_call_id_seq")
        return self.env.cr.fetchone()[0]

    def _db_now(self):
        return self.env["fapiao.task.mixin"]._now()

    # --------------------------------------------------------------------------
    # Unknown answer texts classified by an administrator (see ``fapiao.answer.text``)
    # --------------------------------------------------------------------------

    def _classified_texts(self):
        """Return ``(code, text, meaning)`` of classified texts; see ``Config``."""
        # sudo: users who read an answer may not see the list
        rows = self.env["fapiao.answer.text"].sudo()
        found = rows.search_fetch([("account_id", "=", self.id), ("meaning", "!=", False)], ["code", "text", "meaning"])
        return tuple((row.code or "", row.text or "", row.meaning) for row in found)

    # --------------------------------------------------------------------------
    # Log-in, face authentication and credit line, and the tasks that wait for them
    # --------------------------------------------------------------------------

    def _refresh_from_cloud(self, purpose=QUESTION):
        """Query and store credit line and face state; raises ``CloudError`` after storing what is needed."""
        self.ensure_one()
        try:
            note = self._ask_how_it_is(purpose)
        except CloudError as error:
            self._record_need_in_new_transaction(error)
            raise
        self._record_in_new_transaction(note)

    def _ask_how_it_is(self, purpose):
        """Return a function that stores the cloud's answer on the account. A cloud without credit line keeps
        its own session with the bureau, so only the token can be checked.
        """
        engine = self.env["fapiao.engine"]
        if not self.has_credit:
            engine._ask(self, lambda cloud: cloud.test(), purpose=purpose)
            return lambda account: account._record_ready()
        credit, face = engine._ask(self, lambda cloud: (cloud.credit_line(), cloud.face_needed()), purpose=purpose)
        return lambda account: account._record_credit(credit, face)

    def _record_credit(self, credit, face_needed):
        self.write(
            {
                **({"credit_total": credit.total} if credit.total is not None else {}),
                **({"credit_left": credit.left} if credit.left is not None else {}),
                "credit_at": fields.Datetime.now(),
                "face_state": {True: "needed", False: "ok", None: "unknown"}[face_needed],
            }
        )
        self._record_ready() if not face_needed else self._record_need("face")
        self._warn_low_credit()

    def _needs_person(self):
        return self.session_state not in ("unknown", "ok")

    def _record_need(self, need, error=None):
        """Store what a user must do before calls can succeed."""
        text = error and self._error_message(error)
        self.write({"session_state": need, "session_text": text, "session_at": fields.Datetime.now()})
        if need == "face":
            self.face_state = "needed"

    def _record_reachable(self):
        """Record that the cloud accepts the token; the state of the bureau's session is not known from this."""
        if self.session_state in ("credentials", "permission"):
            self.write({"session_state": "unknown", "session_text": False, "session_at": fields.Datetime.now()})
            self._resume_waiting()

    def _record_ready(self):
        self.write({"session_state": "ok", "session_text": False, "session_at": fields.Datetime.now()})
        self._resume_waiting()

    def _resume_waiting(self):
        """Queue the tasks that waited for a user."""
        for model in ("fapiao.request", "fapiao.red.form", *OTHERS):
            # sudo: only this flow changes these records, for all users
            self.env[model].sudo().search([("account_id", "in", self.ids), ("state", "=", "waiting_login")])._enqueue()

    def _warn_low_credit(self):
        """Create an activity while the credit line is low, unless there is one."""
        summary = self.env._("Credit line is low")
        for account in self.filtered("credit_low"):
            if summary in account.activity_ids.mapped("summary"):
                continue
            manager = account._first_manager()
            account.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary,
                note=as_html(
                    self.env._("%(left)s left of %(total)s.", left=account.credit_left, total=account.credit_total)
                ),
                user_id=(manager or self.env.user).id,
            )

    def _first_manager(self):
        """Return the user responsible for the account: a fapiao manager of its company."""
        managers = self.env.ref("l10n_cn_invoice_cloud.group_fapiao_manager").all_user_ids
        return managers.filtered(lambda user: user.active and not user.share and self.company_id in user.company_ids)[
            :1
        ]

    def _record_in_new_transaction(self, note):
        """Run ``note(account)`` in its own transaction: the result is kept if the caller rolls back, and no
        lock is held during calls.
        """
        account_id = self.id
        self.env["fapiao.engine"]._step(lambda env: note(env["fapiao.account"].browse(account_id)))
        self.invalidate_recordset()

    def _record_need_in_new_transaction(self, error):
        if need := getattr(error, "need", None):
            self._record_in_new_transaction(lambda account: account._record_need(need, error))

    # --------------------------------------------------------------------------
    # Hourly check of session and credit line: queries without effect, not logged, stored on the account
    # --------------------------------------------------------------------------

    @api.model
    def _cron_accounts(self):
        """Refresh credit line, session and face state of every account; a failing account does not stop the
        others. First queue the monthly status check.
        """
        self.env["fapiao"]._queue_looks()
        cron = self.env["ir.cron"]
        # A wrong password tried every hour locks the user at the cloud, so a user must correct it first.
        askable = [("session_state", "!=", "credentials")]
        account_ids = self.search(askable, order="session_at NULLS FIRST, id").ids
        time_left = cron._commit_progress(remaining=len(account_ids))
        for account_id in account_ids:
            if not time_left:
                return
            self.browse(account_id)._refresh_or_note()
            time_left = cron._commit_progress(1)

    def _refresh_or_note(self):
        """Refresh from the cloud; errors are stored on the account, not raised."""
        self.ensure_one()
        try:
            self._refresh_from_cloud(BACKGROUND)
        except PaceUsedUp:
            # the time is not updated, so this account comes first in the next hour
            _logger.info("Fapiao: no calls are left to refresh account %s", self.id)
        except CloudError as error:
            if not getattr(error, "need", None):  # a need is stored already, by the code that made the call
                words = self._error_message(error)
                self._record_in_new_transaction(lambda account: account._record_unreached(words))
        except Exception:
            # rolled back, so that the next account starts in a clean transaction
            self.env.cr.rollback()
            _logger.exception("Fapiao: account %s could not be refreshed", self.id)

    def _record_unreached(self, words):
        """Store the text of an error that doesn't concern the session, such as a network failure."""
        self.write({"session_text": words, "session_at": fields.Datetime.now()})

    # --------------------------------------------------------------------------
    # Identity of an account at its cloud. It never changes once the cloud may know it: a task sent to one tenant is
    # unknown at another and would be issued there a second time.
    # --------------------------------------------------------------------------

    def _identity_names(self, part=""):
        """Return the names of the settings that identify this account, or a ``part`` of it."""
        self.ensure_one()
        return (*COMMON, ADDRESS[part], *client_of(self.provider, part).identity)

    def _identity_fingerprint(self, part=""):
        """Return a short text that is the same as long as account and cloud are."""
        return identity_of({name: self[name] for name in self._identity_names(part)})

    def _used(self, part):
        """Return the accounts whose ``part`` has documents, or was called."""
        if not self.ids:
            return self.browse()
        models_ = [name for name in OUTBOUND if self.env[name]._part == part] + [TRACES[part]]
        for name in models_:
            self.env[name].flush_model(["account_id"])
        self.env["fapiao.call"].flush_model(["account_id", "operation", "outcome"])
        traces = [
            SQL("EXISTS (SELECT FROM %s WHERE account_id = a.id)", SQL.identifier(self.env[name]._table))
            for name in models_
        ]
        if not part:
            # last: it reads one row where there are documents; where there are none, the table is small
            traces.append(
                SQL(
                    "EXISTS (SELECT FROM fapiao_call WHERE account_id = a.id AND operation <> ALL(%s)"
                    " AND (outcome IS NULL OR outcome <> ALL(%s)))",
                    list(ASSISTANT),
                    list(WITHOUT_TRACE),
                )
            )
        rows = self.env.execute_query(
            SQL(
                "SELECT a.id FROM fapiao_account a WHERE a.id = ANY(%s) AND (%s)",
                list(self.ids),
                SQL(" OR ").join(traces),
            )
        )
        return self.browse([id_ for (id_,) in rows])

    def _origins(self, part, vals=()):
        """Return the servers that receive the secrets of a ``part`` of this account, or keys derived from
        them; ``vals``: the values about to be written.
        """
        self.ensure_one()
        base, assistant, pages = (vals[name] if name in vals else self[name] for name in ADDRESSES)
        return (origin(assistant), origin(pages or assistant)) if part else (origin(base),)

    # ------------------------------------------------------------------ guards

    def _check_may_enter(self, urls, is_new=False):
        """Raise ``AccessError`` if ``urls`` point into a private network and the user is no administrator,
        since this server would send requests there. Addresses that existing accounts of the company have were
        entered by an administrator.
        """
        inside = {origin(url) for url in urls if leads_inside(url)}
        if not inside or self.env.user.has_group("base.group_system"):
            return
        # sudo: archived accounts and those hidden from the user count as well
        known = self.sudo().with_context(active_test=False).search([("company_id", "in", self.company_id.ids)])
        if is_new:
            known -= self
        if inside - {origin(account[name]) for account in known for name in ADDRESSES}:
            raise AccessError(
                self.env._("Only an administrator may enter an address on this computer or in its private network.")
            )

    def _check_identity_stays(self, vals):
        """Raise ``UserError`` if ``vals`` would change the identity of a used account."""
        for part in ADDRESS:
            changing = {account: account._identity_changed(vals, part) for account in self}
            used = self.filtered(changing.get)._used(part)
            for account in used[:1]:
                raise UserError(
                    self.env._(
                        "“%(field)s” of account %(account)s can't be changed: the cloud was called with it,"
                        " and what is open there would be looked for in another place. Use “Replace Account…”"
                        " on the account: it makes a new account and keeps asking about what is open at this"
                        " one.",
                        field=self.fields_get(changing[account], ["string"])[changing[account][0]]["string"],
                        account=account.display_name,
                    )
                )

    def _identity_changed(self, vals, part):
        """Return the names of the identity settings that ``vals`` would change."""
        self.ensure_one()
        changed = [
            name
            for name in self._identity_names(part)
            if name in vals and plain(name, vals[name]) != plain(name, self[name])
        ]
        # requests, call log and rights all follow the company
        is_moved = vals.get("company_id", self.company_id.id) != self.company_id.id
        return changed + ["company_id"] * is_moved

    def _drop_secrets_of_other_origin(self, vals):
        """Clear the secrets if a user who may not see them changes the server of the account, which would
        receive them.
        """
        if self.env.user.has_group("base.group_system"):
            return
        for part in ADDRESS:
            led_away = self.filtered(
                lambda account, part=part: account._origins(part) != account._origins(part, vals)
            ).sudo()  # sudo: users who edit the account can neither see nor write its secrets
            names = secrets_of(part)
            for account in led_away.filtered(lambda account, names=names: any(account[name] for name in names)):
                account.write(dict.fromkeys(names, False))
                account._message_log(
                    body=self.env._(
                        "The passwords were removed because the address was changed. An administrator has to"
                        " enter them again."
                    )
                )

    # --------------------------------------------------------------------------
    # Replacing or archiving an account: unsent tasks are withdrawn; tasks the cloud may know stay with the archived
    # account, which keeps querying them
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ open tasks

    def _open_counts(self):
        """Return ``{(model, state): number}`` of the open tasks of these accounts; an applied-for red form
        counts as ``is_open``.
        """
        counts = {}
        for name in OUTBOUND:
            # sudo: users who may archive an account may know what is open there
            Model = self.env[name].sudo()
            own = [("account_id", "in", self.ids)]
            domain = [*own, ("state", "in", ("draft", *OPEN_STATES))]
            for state, number in Model._read_group(domain, ["state"], ["__count"]):
                counts[name, state] = number
        # sudo: as above
        forms = self.env["fapiao.red.form"].sudo()
        watched = [("account_id", "in", self.ids), ("is_open", "=", True), ("state", "=", "issued")]
        if number := forms.search_count(watched):
            counts["fapiao.red.form", "is_open"] = number
        return counts

    def _check_nothing_open(self):
        """Raise ``UserError`` listing the open tasks of these accounts, and the ways to archive them anyway."""
        for account in self.filtered("active"):
            if counts := account._open_counts():
                raise UserError(
                    self.env._(
                        "Account %(account)s has open tasks: %(tasks)s. Use “Replace Account…” on the account"
                        " to let another one take over, or “Archive Anyway…” to go on without one.",
                        account=account.display_name,
                        tasks=account._describe_open(counts),
                    )
                )

    def _describe_open(self, counts):
        """Return ``counts`` (see :meth:`_open_counts`) as text."""
        numbers = dict.fromkeys(OUTBOUND, 0)
        for (name, _state), number in counts.items():
            numbers[name] += number
        labels = {
            "fapiao.request": self.env._("requests"),
            "fapiao.red.form": self.env._("red forms"),
            "fapiao.withdrawal": self.env._("withdrawals"),
            "fapiao.red.withdrawal": self.env._("withdrawals of red forms"),
            "fapiao.marking": self.env._("marks on fapiao"),
            "fapiao.assistant.update": self.env._("assistant updates"),
        }
        return ", ".join(f"{labels[name]}: {number}" for name, number in numbers.items() if number)

    def _unsent(self, name):
        """Return the records of task model ``name`` that no cloud can know."""
        # sudo: only their own flows change them
        records = (
            self.env[name]
            .sudo()
            .search(
                [
                    *(("account_id", "in", self.ids), ("in_doubt", "=", False)),
                    ("state", "in", UNSENT_STATES),
                ]
            )
        )
        calls = (
            self.env["fapiao.call"]
            .sudo()
            ._read_group(
                [
                    *(("res_model", "=", name), ("res_id", "in", records.ids)),
                    *("|", ("outcome", "=", False), ("outcome", "not in", HARMLESS)),
                ],
                ["res_id", "operation"],
            )
        )
        sent = set(calls)
        return records.filtered(lambda record: (record.id, record.operation) not in sent)

    # ------------------------------------------------------------------ archiving and replacing

    def _replace(self, values):
        """Archive this account and return its replacement: a copy with the identity of ``values``."""
        self.ensure_one()
        self._begin_leaving()
        # detected properties of the old cloud don't apply to the new one
        account = self.copy({**values, "active": True, "bureau_channel": "unknown"})
        self.replaced_by_id = account
        # sudo: copied only to the same server and cloud user, for all users
        account.sudo().write(self._secrets_for(account))
        # sudo: a manager of fapiao need not be allowed to edit companies
        companies = self.env["res.company"].sudo().search([("fapiao_account_id", "=", self.id)])
        companies.fapiao_account_id = account
        self._withdraw_unsent(
            self.env._(
                "Withdrawn before it was sent: account %(old)s was replaced by %(new)s.",
                old=self.name,
                new=account.name,
            )
        )
        self.message_post(body=self.env._("Replaced by account %s.", account.name))
        account.message_post(body=self.env._("Takes over from account %s.", self.name))
        return account

    def _leave(self):
        """Archive this account without replacement."""
        self.ensure_one()
        self._begin_leaving()
        self._withdraw_unsent(
            self.env._("Withdrawn before it was sent: account %s was archived.", self.name),
        )
        self.message_post(body=self.env._("Archived. What is open at the cloud is still asked about."))

    def _begin_leaving(self):
        """Archive this account under its claim lock, so that no queued task is sent meanwhile."""
        if not self.active:
            raise UserError(self.env._("Account %s is archived already.", self.display_name))
        self.env["fapiao.task.mixin"]._lock_account(self.id)
        self._archive()
        self.flush_recordset()

    def _secrets_for(self, account):
        """Return the secrets of this account that also hold for ``account``: same user at the same server."""
        # sudo: see _secrets
        mine, kept = self.sudo(), {}
        for part in ADDRESS:
            cloud = client_of(self.provider, part)
            if account.provider != self.provider or account._origins(part) != self._origins(part):
                continue
            for secret, whose in cloud.secrets.items():
                if secret != whose and mine[secret] and plain(whose, account[whose]) == plain(whose, self[whose]):
                    kept[secret] = mine[secret]
        return kept

    def _withdraw_unsent(self, reason):
        """Withdraw tasks that were never sent, with a message on their documents."""
        fix = self.env._("Issue again by hand if it is still right.")
        for name in OUTBOUND:
            records = self._unsent(name)
            records._lock()
            for record in records:
                record._set_state("withdrawn")
                record._watch_after_end()
                record.write({"error_message": reason, "error_fix": fix})
                for document in _documents_of(record):
                    document._message_log(body=as_html(f"{reason} {fix}"))

    # ------------------------------------------------------------------ successors

    def _in_charge(self):
        """Return the account for new work on records of this one: itself or, if replaced for the same
        taxpayer and mode, its successor.
        """
        account = self
        while not account.active and account._is_succeeded():
            account = account.replaced_by_id
        return account

    def _is_succeeded(self):
        successor = self.replaced_by_id
        return (
            successor.id > self.id  # only a newer account, so that the loop ends
            and (successor.tax_no, successor.mode) == (self.tax_no, self.mode)
        )

    # ------------------------------------------------------------------ helpers

    def _check_manager(self):
        gate.check(self, gate.MANAGER, "write")

    def _open_leaving(self, purpose, title):
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "fapiao.account.replace",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id, "default_purpose": purpose},
        }

    # --------------------------------------------------------------------------
    # Limits of one fapiao, and the seller's status
    # --------------------------------------------------------------------------

    def _limits(self, summary_codes):
        """Return the account's :class:`~..rules.limits.Limits`."""
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


def _documents_of(record):
    """Return the documents that show messages about a cloud task, as a list."""
    if record._name == "fapiao.request":
        return record._documents()
    return [record, *record.move_ids] if record._name == "fapiao.red.form" else []
