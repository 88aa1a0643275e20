"""The log-in of a company at an invoice cloud: connection, session, identity, credit."""

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from dateutil.relativedelta import relativedelta

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
from ...clouds.canonical import identity_of, plain
from ...clouds.errors import CloudError, OutcomeUnknown, PaceUsedUp
from ...clouds.registry import client_of, open_cloud, secrets_of
from ...clouds.words import explain
from ...rules import taxno
from ...rules.credit import last_day, seems_old
from ...rules.differential import DIFFERENTIAL
from ...rules.limits import Limits
from ..values import FORMS, SHANGHAI, SMALL_SCALE_REASONS, as_html, aware, beijing_today, exact, naive
from . import gate, spool
from .engine import Engine
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
WITH_SECRETS = ("base_url", "assistant_url", "assistant_page_url")  # their servers get secrets of the account
ADDRESSES = (*WITH_SECRETS, "assistant_link_url")
# What decides whether the cloud knows us; a change of it makes token and session unknown.
CONNECTION = {
    *("provider", "base_url", "tax_no"),
    *("phone", "password", "tenant_number", "tax_username", "tax_password"),
    *("app_key", "app_secret", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system"),
    *("app_token_path", "login_path"),
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
# What proves, beside outbound documents and journal, that a part of an account was called
TRACES = {"": "fapiao.pull", ASSISTANT_PART: "fapiao.pick"}
# A call that ended so told the cloud nothing it remembers: the first log-in may be tried until it works.
WITHOUT_TRACE = ("not_sent", "login")
# A call that ended so had no effect at the cloud
HARMLESS = ("not_sent", "login", "rate_limited")
WARNING = "mail.mail_activity_data_warning"
# Who told the credit line: the cloud was asked, or pushed it with a callback, which nothing proves
SOURCES = [("asked", "The cloud, when asked"), ("pushed", "A callback")]
CLOCKS_DIFFER = timedelta(minutes=5)  # the bureau's and ours
USER_KINDS = [("UserName", "User name"), ("Mobile", "Mobile number")]


class FapiaoAccount(models.Model):
    _name = "fapiao.account"
    _description = "Fapiao Account"
    _inherit = ["fapiao.guard.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "company_id, sequence, id"
    _check_company_auto = True
    # a branch without tax number of its own issues through the account of its parent
    _check_company_domain = models.check_company_domain_parent_of
    # Settings and credentials. What the cloud said, tokens, leases and counters are written by this addon alone; so
    # is the callback token, and the link to the account that took over.
    _fapiao_inputs = frozenset(
        {
            *("name", "sequence", "active", "company_id", "provider", "mode", "base_url", "tax_no", "phone"),
            "registered_name",
            *("password", "tenant_number", "tax_username", "tax_password", "add_seal", "token_header"),
            *("token_prefix", "token_lifetime", "read_timeout", "grace_minutes", "wait_days"),
            *("pace_per_minute", "pace_per_hour", "pace_per_day", "calls_at_once", "pages_per_minute"),
            *("pace_reserved_percent", "answer_text_ids", "small_scale", "small_scale_reason", "app_key"),
            *("app_secret", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system"),
            *("auto_invoice", "gross_total", "token_body", "confirm_buyer", "check_person"),
            *("app_token_path", "login_path", "drawer", "bureau_channel"),
            *("auto_merge", "org_code", "priority", "goods_codes", "line_notes", "element_codes"),
            "differential_bills",
            *("paper_kind_special", "paper_kind_ordinary"),
            *("side_as_list", "partial_red"),
        }
    )

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
    base_url = fields.Char(
        "Address",
        required=True,
        tracking=True,
        help="Of the interface. 票单云: as its support names it for your tenant. Kingdee: as a rule that of your"
        " portal, with the first part of the path that all its pages share.",
    )
    tax_no = fields.Char(
        "Tax Number",
        required=True,
        tracking=True,
        help="Of the seller, as registered with the cloud (纳税人识别号).",
    )
    registered_name = fields.Char(
        tracking=True,
        help="Name under which the taxpayer is registered at the tax bureau (纳税人名称); printed as seller. Filled in"
        " where the cloud names it. If empty, the name of the company is printed.",
    )

    # 票单云
    phone = fields.Char(help="The mobile number with which you log in at the cloud's portal (用户名).")
    password = fields.Char(
        groups="base.group_system", copy=False, help="The password with which you log in at the cloud's portal."
    )
    tenant_number = fields.Integer(
        "Tenant ID",
        help="企业租户ID: a number that the cloud's support hands out with the interface. Its papers name no place in"
        " the portal where it stands.",
    )
    tax_username = fields.Char(
        "Tax Bureau User",
        help="The drawer's log-in at the electronic tax bureau (局端账号), the same as in the bureau's own portal.",
    )
    tax_password = fields.Char(
        "Tax Bureau Password",
        groups="base.group_system",
        copy=False,
        help="The drawer's password at the electronic tax bureau, not at the cloud.",
    )
    token_header = fields.Char(
        default="Authorization",
        required=True,
        help="Name of the HTTP header that carries the access token. Change it only where the cloud's support says so.",
    )
    token_prefix = fields.Char(
        help="Put before the token, with its space, such as “Bearer ”; empty for the bare token. Change it only where"
        " the cloud's support says so."
    )
    token_lifetime = fields.Integer(
        "Token Lifetime (s)",
        default=7200,
        required=True,
        help="How long an access token is used where the cloud doesn't say with it when it ends.",
    )
    token_body = fields.Selection(
        [("json", "JSON"), ("form", "Form")],
        "Token Request",
        default="json",
        required=True,
        help="How the request for an access token is written. The other way is tried if the cloud refuses it.",
    )
    add_seal = fields.Boolean("Seal on Files", help="Ask the cloud to put the seal on PDF and OFD.")
    confirm_buyer = fields.Boolean(
        "Issue to Unknown Buyers",
        default=True,
        help="Issue although the tax bureau knows no such buyer. Otherwise the request is refused.",
    )
    check_person = fields.Boolean(
        "Check Natural Persons", help="Have the tax bureau check the buyer if it is a natural person."
    )

    paper_kind_special = fields.Char(
        "Sheet of a Special Fapiao",
        help="纸票票种代码 of digital special fapiao on paper, as the tax bureau names the sheets in your printer: 1130"
        " (three parts) or 1160 (six). Empty: 1130.",
    )
    paper_kind_ordinary = fields.Char(
        "Sheet of an Ordinary Fapiao",
        help="纸票票种代码 of digital ordinary fapiao on paper: 04 (two parts) or 05 (five). Empty: 04.",
    )

    side_as_list = fields.Boolean(
        "Applicant as a List",
        default=True,
        help="Before a reversal, name the applying side as a list (sqyy[0]), as the cloud's paper has it. Turn it off"
        " if the cloud says that the kind of application (申请类型) is missing or wrong.",
    )

    partial_red = fields.Boolean(
        "Reverses in Part",
        help="A partial credit note is answered by a red fapiao over its part (部分红冲), instead of a full reversal"
        " and a new fapiao for the rest. The cloud's paper doesn't offer it: turn it on once the cloud has confirmed"
        " that your account can.",
    )

    token = fields.Char(groups="base.group_system", copy=False, readonly=True)
    token_expires_at = fields.Datetime(groups="base.group_system", copy=False, readonly=True)

    pace_per_minute = fields.Integer(
        "Calls a Minute",
        default=10,
        required=True,
        help="The tax bureau allows about 10 a minute, 500 an hour and 3,000 a day on the log-in channel.",
    )
    pace_per_hour = fields.Integer(
        "Calls an Hour", default=500, required=True, help="The tax bureau allows about 500 on the log-in channel."
    )
    pace_per_day = fields.Integer(
        "Calls a Day", default=3000, required=True, help="The tax bureau allows about 3,000 on the log-in channel."
    )
    calls_at_once = fields.Integer(default=3, required=True, help="How many calls this account makes at the same time.")
    read_timeout = fields.Integer(
        "Answer Time (s)", default=30, required=True, help="How long an answer is waited for; two minutes at most."
    )
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
    credit_left_told = fields.Monetary(
        "Credit Left as Told", readonly=True, copy=False, help="As the cloud said; issuing since then isn't in it."
    )
    credit_left = fields.Monetary(
        compute="_compute_credit_left",
        help="Left of the credit line (剩余授信额度): as the cloud last said, less what was issued since.",
    )
    credit_left_today = fields.Monetary(
        "Left Today", readonly=True, copy=False, help="What a daily limit leaves, where the cloud tells one."
    )
    credit_used = fields.Monetary(readonly=True, copy=False, help="已使用授信额度, this month.")
    credit_count = fields.Integer("Fapiao This Month", readonly=True, copy=False, help="开具发票张数")
    credit_amount = fields.Monetary("Amount This Month", readonly=True, copy=False, help="发票合计金额, without tax.")
    credit_tax = fields.Monetary("Tax This Month", readonly=True, copy=False, help="发票合计税额")
    credit_at = fields.Datetime("Credit As Of", readonly=True, copy=False)
    credit_source = fields.Selection(SOURCES, "Credit Told By", readonly=True, copy=False)
    credit_valid_from = fields.Date(readonly=True, copy=False)
    credit_valid_to = fields.Date(readonly=True, copy=False, help="As the cloud says, if it does.")
    credit_holds_until = fields.Date(
        "Valid Until",
        compute="_compute_credit_validity",
        help="The credit line is renewed every month: its figures hold until the end of the month in which they were"
        " told, or until the day that the cloud names.",
    )
    credit_is_over = fields.Boolean(compute="_compute_credit_validity", help="The figures are of another month.")
    credit_seems_old = fields.Boolean(
        compute="_compute_credit_validity", help="In the first days of the month the figures are those of the last one."
    )
    credit_warned = fields.Boolean("Cloud Warns of the Credit Line", readonly=True, copy=False)
    # which fapiao the figure doesn't know yet: recorded after this one, and issued after this moment
    credit_counted_to = fields.Integer(readonly=True, copy=False)
    credit_since = fields.Datetime(readonly=True, copy=False)
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
    # the scheduler waits as long for a cloud that never answers
    _bounded_answer_time = models.Constraint(
        "CHECK (read_timeout <= 120)", "The answer time may be two minutes at most: no cloud takes longer."
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

    # The rows have rules of their own.
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

    bureau_channel = fields.Selection(
        [("unknown", "Not known yet"), ("login", "By log-in"), ("direct", "Direct (乐企)")],
        "Channel to the Bureau",
        default="unknown",
        required=True,
        tracking=True,
        help="How the cloud reaches the tax bureau. By log-in, texts on a fapiao are shorter, also while it isn't"
        " known, and five years can be pulled; directly connected (乐企) it is two, in full only.",
    )
    small_scale = fields.Boolean(
        "Small-scale Taxpayer",
        tracking=True,
        help="The seller is a small-scale taxpayer (小规模纳税人), who charges 1 or 3 percent.",
    )
    small_scale_reason = fields.Selection(
        SMALL_SCALE_REASONS,
        "Reason for 3 %",
        tracking=True,
        help="A small-scale taxpayer who charges 3 percent instead of 1 has to say why (税率说明). A document may name"
        " another reason.",
    )

    drawer = fields.Char(
        help="Printed as 开票人 on what is issued through this account. Empty: the drawer of the company."
    )

    app_key = fields.Char(
        "App ID",
        help="appId of the third-party application that you make for Odoo in the cloud's portal:"
        " 开放服务云 → OpenApi → 安全策略 → 第三方应用.",
    )
    app_secret = fields.Char(
        groups="base.group_system",
        copy=False,
        help="Called appSecuret in the cloud's own papers; generated and shown at the third-party application:"
        " 开放服务云 → OpenApi → 安全策略 → 第三方应用.",
    )
    tenant_code = fields.Char(
        "Cloud Tenant",
        help="租户 (tenantid) of the portal, as the cloud's support names it. Empty where the installation has one"
        " only.",
    )
    datacenter = fields.Char(
        "Data Center",
        help="accountId of the data centre (数据中心) of the portal in which the third-party application (第三方应用)"
        " was made: 开放服务云 → OpenApi → 安全策略.",
    )
    cloud_user = fields.Char(
        help="Whom the third-party application acts for: a user of the portal who may issue fapiao, by user name or"
        " mobile number."
    )
    user_type = fields.Selection(
        USER_KINDS,
        "Kind of User",
        default="UserName",
        required=True,
        help="Whether the user above is named by user name or by mobile number (usertype).",
    )
    business_system = fields.Char(
        help="业务系统编码, ten characters at most, from the cloud's portal: 发票云 → 系统管理 → 业务系统列表."
        " Callbacks for requests come only for codes that begin with 3std1."
    )
    auto_invoice = fields.Boolean(
        "Issue at Once",
        default=True,
        help="Otherwise a request waits in the cloud until a person there has it issued:"
        " 发票云 → 开票管理 → 单据开票 → 开票申请单.",
    )
    auto_merge = fields.Boolean(
        "Cloud May Merge",
        help="The cloud may put several requests of one customer on one fapiao. A request may say otherwise.",
    )
    org_code = fields.Char(
        "Organization Code",
        help="组织编码: of the cloud's organization that issues, as its portal lists it under 组织管理. Empty: the one"
        " with the seller's tax number.",
    )
    priority = fields.Char(
        "Priority of Requests", help="优先级 in the cloud's list of requests (开票申请单); 0 if empty."
    )
    goods_codes = fields.Boolean(
        "Send Product References",
        help="Name each product by its internal reference (商品编码). Turn it on where the cloud's portal has a list of"
        " goods (商品管理) with these references.",
    )
    line_notes = fields.Boolean(
        "Send Line Descriptions",
        help="Send what a line says below its first row as the remark of the line. It shows in the cloud's portal and"
        " is not printed.",
    )
    element_codes = fields.Selection(
        [("bill", "Of billing requests (E03 …)"), ("direct", "Of direct issue (03 …)")],
        "Codes of Special Elements",
        default="bill",
        required=True,
        help="How a request names its special element (特定业务). Change it if the cloud says that specialType is"
        " wrong.",
    )
    differential_bills = fields.Boolean(
        "Differential Taxation in Bills",
        help="Whether a request can say differential taxation (差额征税). The cloud's public papers don't tell: turn"
        " it on after the cloud has confirmed it and one such fapiao was issued in test mode.",
    )
    gross_total = fields.Boolean(
        "Totals With Tax",
        default=True,
        help="Whether a request's total includes tax (价税合计). Turn it off if the cloud complains that the"
        " total is wrong.",
    )

    app_token_path = fields.Char(
        "Path of the App Token",
        help="Behind the account's address; empty is /api/getAppToken.do, as in the cloud's public pages.",
    )
    login_path = fields.Char(
        "Path of the Access Token",
        help="Behind the account's address; empty is /api/login.do, as in the cloud's public pages.",
    )

    can_log_in = fields.Boolean(compute="_compute_abilities")
    has_credit = fields.Boolean(compute="_compute_abilities")

    # ------------------------------------------------------------------ computes

    @api.depends("credit_left_told", "credit_counted_to", "credit_since", "tax_no", "mode")
    def _compute_credit_left(self):
        taken = self._origin._credit_taken()
        for account in self:
            account.credit_left = float(exact(account.credit_left_told) - taken.get(account._origin, exact(0)))

    @api.depends("credit_at", "credit_valid_to", "credit_used", "credit_left_told", "credit_source")
    def _compute_credit_validity(self):
        today = beijing_today()
        first = today.replace(day=1)
        rows = self.env["fapiao.credit"].search_fetch(
            [
                ("account_id", "in", self._origin.ids),
                ("day", "<", first),
                ("day", ">=", first - relativedelta(months=1)),
            ],
            ["account_id", "credit_used", "credit_left_told", "credit_source"],
            order="day",
        )
        last = {row.account_id: row for row in rows}
        for account in self:
            told_on = account.credit_at and aware(account.credit_at).astimezone(SHANGHAI).date()
            until = told_on and last_day(told_on, account.credit_valid_to)
            account.credit_holds_until = until
            account.credit_is_over = bool(until and until < today)
            before = last.get(account._origin)
            told_used = before and "pushed" not in (account.credit_source, before.credit_source)
            account.credit_seems_old = bool(
                until
                and before
                and not account.credit_is_over
                and seems_old(
                    told_on,
                    account.credit_used if told_used else None,
                    account.credit_left_told,
                    before.credit_used if told_used else None,
                    before.credit_left_told,
                )
            )

    @api.depends("credit_total", "credit_left")
    def _compute_credit_percent(self):
        for account in self:
            account.credit_percent = account.credit_total and 100 * account.credit_left / account.credit_total

    @api.depends("credit_left", "credit_at", "credit_warned", "credit_is_over", "company_id.fapiao_credit_threshold")
    def _compute_credit_low(self):
        for account in self:
            # sudo: users of a branch read the account of its parent
            threshold = account.sudo().company_id.fapiao_credit_threshold
            is_below = threshold and account.credit_left < threshold
            is_known = account.credit_at and not account.credit_is_over
            account.credit_low = bool(is_known and (is_below or account.credit_warned))

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
            longest = client_of(account.provider).setting_lengths.get("business_system")
            if longest and len(account.business_system or "") > longest:
                raise ValidationError(
                    self.env._(
                        "The business system %(code)s is longer than %(length)s characters.",
                        code=account.business_system,
                        length=longest,
                    )
                )

    @api.constrains("provider", "app_token_path", "login_path")
    def _check_login_settings(self):
        self._check_settings(("app_token_path", "login_path"))

    def _check_settings(self, names):
        """Raise ``ValidationError`` where the account's client finds a setting wrong."""
        for account in self:
            cloud = client_of(account.provider)
            for name in set(names).intersection(cloud.settings):
                if problem := cloud.problem_with(name, account[name]):
                    label = account._fields[name]._description_string(self.env)
                    said = f"{label}: {self.env._(problem)}"
                    raise ValidationError(said)

    @api.model_create_multi
    def create(self, vals_list):
        """The first account of a company becomes the one it issues through."""
        accounts = super().create([self._tidied(vals) for vals in vals_list])
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
        vals = self._tidied(vals)
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

    @api.model
    def _tidied(self, vals):
        """Return ``vals`` with the tax number as the bureau writes it, whatever was pasted."""
        return {**vals, "tax_no": taxno.normalise(vals["tax_no"])} if vals.get("tax_no") else vals

    def _archive(self):
        """Archive accounts whose open tasks a person has seen; the caller has asked."""
        # not through this class's own write, which refuses it
        return super().write({"active": False})  # pylint: disable=super-method-mismatch

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: what happened in other companies counts as well
        journaled = self.env["fapiao.call"].sudo().search([("account_id", "in", self.ids)], limit=1)
        if used := journaled.account_id or self._used("")[:1] or self._used(ASSISTANT_PART)[:1]:
            raise UserError(
                self.env._("Account %s was used, and its API log is kept. Archive it instead.", used.display_name)
            )

    # ------------------------------------------------------------------ actions

    def action_test_connection(self):
        """Fetch a fresh token; says plainly what is wrong, or that all is well."""
        self.ensure_one()
        self._check_may_use()
        try:
            Engine(self.env)._ask(self, lambda cloud: cloud.test())
        except CloudError as error:
            self._record_need_in_new_transaction(error)
            raise UserError(self._error_message(error)) from error
        self._record_in_new_transaction(lambda account: account._record_reachable())
        return self._notify(self.env._("The cloud accepts this account."))

    def action_refresh_credit(self):
        """Ask for the credit line (授信额度) and, with it, whether session and face are still good."""
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

    def action_show_credit(self):
        """Open the history of this account's credit line."""
        gate.check(self, gate.READER)
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_credit")
        return {**action, "domain": [("account_id", "=", self.id)], "context": {}}

    def action_replace(self):
        """Open the dialog that makes another account take over from this one."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("replace", self.env._("Replace Account"))

    def action_archive_anyway(self):
        """Open the dialog that archives this account although something is open."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("archive", self.env._("Archive Account"))

    # ------------------------------------------------------------------ small helpers

    @api.model
    def _sql_error_to_message(self, exc):
        """Take out of the database's error what it quotes of the row, secrets too: browsers are sent the traceback."""
        message = super()._sql_error_to_message(exc)
        exc.args = (str(exc).partition("\n")[0],)
        return message

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

    def _error_message(self, error):
        """Return ``error`` in plain words with the cure, and the cloud's own words behind."""
        if isinstance(error, PaceUsedUp):
            return self._describe_pace(error)
        if isinstance(error, OutcomeUnknown):
            # the usual words fear for a fapiao; these calls only ask
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
        """Return what opens what the account needs of a person: log-in, face code or its own form."""
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

    # ------------------------------------------------------------------ what a client of the cloud needs

    def _secrets(self):
        """Return the account's secrets; the one place that reads them."""
        self.ensure_one()
        # sudo: whoever may issue may use the secrets, but only an administrator may see them
        account = self.sudo()
        return {name: account[name] or "" for name in client_of(self.provider).secrets}

    def _connection(self, part=""):
        """Return ``(Config, TokenSlot)``: plain values a client can use without the database.

        ``part``: that of the account which speaks to another address, see ``clouds.base.part_of``. Raises
        ``NotSent`` where the address doesn't fit the mode.
        """
        self.ensure_one()
        if part:
            return self._connection_of_part(part)
        checked_mode(self.base_url, self.mode)
        account = self.sudo()  # sudo: the token is a secret as well, see _secrets
        expires_at = account.token_expires_at
        slot = TokenSlot(account.token or "", aware(expires_at))
        return self._config(self._secrets()), slot

    def _config(self, secrets, provider=""):
        """Return the ``Config`` of this account; ``provider``: that an old answer came from, if another."""
        cloud = client_of(provider or self.provider)
        return Config(
            provider=cloud.provider,
            base_url=self.base_url.rstrip("/"),
            tax_no=self.tax_no,
            username=self[cloud.username] or "",
            secrets=secrets,
            options={name: self[name] or "" for name in cloud.settings},
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
            is_sandbox=self.mode == "sandbox",
        )

    def _words(self, part="", provider=""):
        """Return the cloud's pure half, for freezing and reading; it can't make a call. What is frozen bears
        today's date, as it is in China. ``provider``: whose words they are, if not the account's."""
        self.ensure_one()
        if part:
            return self._words_of_part(part)
        today = beijing_today()
        config = self._config(secrets={}, provider=provider)
        return open_cloud(replace(config, classified=self._classified_texts(), today=today), TokenSlot())

    def _classified_texts(self):
        """Return ``(code, text, meaning)`` of what an administrator has classified; see ``Config``."""
        # sudo: an answer is read for users who may not see the list
        rows = self.env["fapiao.answer.text"].sudo()
        found = rows.search_fetch([("account_id", "=", self.id), ("meaning", "!=", False)], ["code", "text", "meaning"])
        return tuple((row.code or "", row.text or "", row.meaning) for row in found)

    def _connection_of_part(self, part):
        """Hook: return ``(Config, TokenSlot)`` of an endpoint beside the cloud's own."""
        raise NotImplementedError

    def _words_of_part(self, part):
        """Hook: return the pure half of an endpoint beside the cloud's own."""
        raise NotImplementedError

    def _store_token(self, slot, part=""):
        # sudo: see _secrets
        self.sudo().write(
            {
                "token": slot.token,
                "token_expires_at": naive(slot.expires_at),
            }
        )

    # ------------------------------------------------------------------ pace

    def _take_pace(self, limit, part="", purpose=QUESTION):
        """Return how many of ``limit`` calls may start now, and count them; see ``fapiao.pace``."""
        return self.env["fapiao.pace"]._take(self, limit, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _give_back_pace(self, count, part="", purpose=QUESTION):
        """Take back what :meth:`_take_pace` has counted for calls that aren't made."""
        self.env["fapiao.pace"]._give_back(self, count, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _pace_key(self, channel):
        return f"{self.provider}/{self.tax_no}/{channel}"

    def _pace_limits(self, channel):
        """Return ``([(span, calls)], percent kept for what is urgent)``. Accounts with the same tax number
        share a pace: the most careful of them counts."""
        self.ensure_one()
        # sudo: the tax bureau counts over all companies with this tax number
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
        """Return in plain words how many calls are allowed (``PaceUsedUp``), and when the next may start."""
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

    # ------------------------------------------------------------------ leases

    def _lease(self):
        """Return how long a claimed call may take before its worker counts as dead."""
        return timedelta(seconds=self._config({}).lease)

    def _calls_that_fit(self):
        """Return how many calls a claim may take: so many can start within the lease."""
        return self._config({}).calls_that_fit

    def _take_token_lease(self, part=""):
        """Take it on to fetch the token; return False where another worker is doing so."""
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

    # ------------------------------------------------------------------ a cloud that can't be reached

    def _is_left_alone(self):
        """Tell whether the scheduled actions leave this account's cloud alone for a while."""
        return bool(self.left_alone_until and self.left_alone_until > self._db_now())

    def _record_cloud_away(self):
        """The cloud could not be reached several times in a row: leave it alone, ever longer."""
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

    # ------------------------------------------------------------------ a database that was restored

    def _asks_first(self):
        """Tell whether orders are asked for by their ID before they are sent."""
        self.ensure_one()
        return bool(self.restored_at and self.restored_at > self._db_now() - ASK_FIRST_FOR)

    def _notice_restore(self):
        """Notice a restored database, before a call of this account is logged: another one than that which made the
        last calls, or one that knows fewer calls than were made from here."""
        self.ensure_one()
        identity = self._database_identity()
        account = self.sudo()  # sudo: administrators see it, every claim needs it
        is_another = account.database_identity and account.database_identity != identity
        if is_another or spool.last_call(self.env.cr.dbname, identity) > self._last_call_of():
            # every account: the mark tells it once, and what was sent through the others is forgotten as well
            self.env.cr.execute(SQL("UPDATE fapiao_account SET restored_at = %s", self._db_now()))
            self.env["fapiao.account"].invalidate_model(["restored_at"])
            spool.mark(self.env.cr.dbname, identity, self._last_call_of(), is_reset=True)
        if account.database_identity != identity:
            account.database_identity = identity

    def _database_identity(self):
        """Return what tells this database from a copy of it that was restored beside it or in its place."""
        self.env.cr.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = self.env.cr.fetchone()
        return f"{self.env.cr.dbname}/{oid}"

    def _last_call_of(self):
        """Return the number of the last call that this database has logged; 0 if none."""
        self.env.cr.execute("SELECT last_value - (NOT is_called)::int FROM fapiao_call_id_seq")
        return self.env.cr.fetchone()[0]

    def _db_now(self):
        return self.env["fapiao.task.mixin"]._now()

    # ------------------------------------------------------------------ log-in, face authentication, credit line

    def _refresh_from_cloud(self, purpose=QUESTION):
        """Ask credit line and face state and note both; raises ``CloudError`` after noting the need."""
        self.ensure_one()
        try:
            note = self._ask_how_it_is(purpose)
        except CloudError as error:
            self._record_need_in_new_transaction(error)
            raise
        self._record_in_new_transaction(note)

    def _ask_how_it_is(self, purpose):
        """Return what notes the cloud's answer on the account; one without credit line keeps its session
        with the bureau itself, so that a token is all there is to ask for."""
        engine = Engine(self.env)
        if not self.has_credit:
            engine._ask(self, lambda cloud: cloud.test(), purpose=purpose)
            return lambda account: account._record_ready()
        # before the question: what is issued meanwhile may be missing in the answer
        asked_at, last_id = fields.Datetime.now(), self._credit_last_id()
        credit, face = engine._ask(self, lambda cloud: (cloud.credit_line(), cloud.face_needed()), purpose=purpose)
        return lambda account: account._record_credit(credit, face, asked_at, last_id)

    def _record_credit(self, credit, face_needed, asked_at, last_id):
        self._store_credit(credit, "asked", asked_at, asked_at - CLOCKS_DIFFER, last_id)
        self.face_state = {True: "needed", False: "ok", None: "unknown"}[face_needed]
        self._record_ready() if not face_needed else self._record_need("face")
        self._warn_low_credit()

    def _store_credit(self, credit, source, at, since, last_id):
        """Store what is known of the credit line (:class:`~..clouds.base.CreditLine`), and a row of its history.

        ``at``: when it was told. What is recorded after fapiao ``last_id`` and issued after ``since`` isn't in it.
        """
        told = {
            "credit_total": credit.total,
            "credit_left_told": credit.left,
            "credit_left_today": credit.left_today,
            "credit_used": credit.used,
            "credit_count": credit.count,
            "credit_amount": credit.amount,
            "credit_tax": credit.tax,
        }
        values = {name: value for name, value in told.items() if value is not None}
        values |= {"credit_at": at, "credit_source": source, "credit_warned": bool(credit.is_low)}
        if credit.left is not None:
            values |= {"credit_since": since, "credit_counted_to": last_id}
            values |= {"credit_valid_from": credit.valid_from, "credit_valid_to": credit.valid_to}
        self.write(values)
        self.env["fapiao.credit"]._note(self, values)

    def _credit_taken(self):
        """Hook: return ``{account: Decimal}`` of what was issued since the figure of the cloud, reversals less."""
        return {}

    def _credit_last_id(self):
        """Hook: return the ID of the last fapiao that may be recorded by now."""
        return 0

    def _watch_credit(self):
        """Hook: warn where the credit line is going to run out."""

    def _needs_person(self):
        return self.session_state not in ("unknown", "ok")

    def _record_need(self, need, error=None):
        """Remember that a person must act before calls can succeed."""
        text = error and self._error_message(error)
        self.write({"session_state": need, "session_text": text, "session_at": fields.Datetime.now()})
        if need == "face":
            self.face_state = "needed"

    def _record_reachable(self):
        """The cloud takes our token; what the bureau thinks is another question."""
        if self.session_state in ("credentials", "permission"):
            self.write({"session_state": "unknown", "session_text": False, "session_at": fields.Datetime.now()})
            self._resume_waiting()

    def _record_ready(self):
        self.write({"session_state": "ok", "session_text": False, "session_at": fields.Datetime.now()})
        self._resume_waiting()

    def _resume_waiting(self):
        """What waited for a person goes on by itself."""
        for model in ("fapiao.request", "fapiao.red.form", *OTHERS):
            # sudo: these change by this flow alone, whoever logged in or corrected the account
            self.env[model].sudo().search([("account_id", "in", self.ids), ("state", "=", "waiting_login")])._enqueue()

    def _warn_low_credit(self):
        """Raise one activity, and only one, while the credit line is low."""
        summary = self.env._("Credit line is low")
        for account in self.filtered("credit_low"):
            if summary not in account.activity_ids.mapped("summary"):
                left, total = account.credit_left, account.credit_total
                account._warn_manager(summary, self.env._("%(left)s left of %(total)s.", left=left, total=total))

    def _warn_manager(self, summary, note):
        """Schedule an activity for the user who looks after the account."""
        user = self._first_manager() or self.env.user
        self.activity_schedule(WARNING, summary=summary, note=as_html(note), user_id=user.id)

    def _first_manager(self):
        """Return the user who looks after the account: a fapiao manager of its company."""
        managers = self.env.ref("l10n_cn_invoice_cloud.group_fapiao_manager").all_user_ids
        company = self.company_id
        return managers.filtered(lambda user: user.active and not user.share and company in user.company_ids)[:1]

    def _record_in_new_transaction(self, note):
        """Run ``note(account)`` in a transaction of its own: what the cloud told us holds even if the
        caller's transaction is rolled back, and no lock is held while calls run."""
        account_id = self.id
        Engine(self.env)._step(lambda env: note(env["fapiao.account"].browse(account_id)))
        self.invalidate_recordset()

    def _record_need_in_new_transaction(self, error):
        if need := getattr(error, "need", None):
            self._record_in_new_transaction(lambda account: account._record_need(need, error))

    # ------------------------------------------------------------------ hourly check of session and credit line

    @api.model
    def _cron_accounts(self):
        """Queue the monthly look, then refresh every account; one that fails stops no other."""
        self.env["fapiao"]._queue_looks()
        cron = self.env["ir.cron"]
        # A wrong password tried every hour gets the user locked at the cloud: a person's turn.
        askable = [("session_state", "!=", "credentials")]
        account_ids = self.search(askable, order="session_at NULLS FIRST, id").ids
        time_left = cron._commit_progress(remaining=len(account_ids))
        for account_id in account_ids:
            if not time_left:
                return
            self.browse(account_id)._refresh_or_note()
            self.browse(account_id)._watch_credit_safely()
            time_left = cron._commit_progress(1)

    def _refresh_or_note(self):
        """Refresh from the cloud; whatever goes wrong is written on the account, never raised."""
        self.ensure_one()
        try:
            self._refresh_from_cloud(BACKGROUND)
        except PaceUsedUp:
            # its time isn't noted, so it comes first in the next hour
            _logger.info("Fapiao: no calls are left to refresh account %s", self.id)
        except CloudError as error:
            if not getattr(error, "need", None):  # a need is noted already, by whoever asked
                # it says nothing of the session, e.g. that the network was down
                said = {"session_text": self._error_message(error), "session_at": fields.Datetime.now()}
                self._record_in_new_transaction(lambda account: account.write(said))
        except Exception:
            # rolled back, so that the next account starts in a sound transaction
            self.env.cr.rollback()
            _logger.exception("Fapiao: account %s could not be refreshed", self.id)

    def _watch_credit_safely(self):
        """Warn of the credit line; what goes wrong stops no other account."""
        try:
            self._record_in_new_transaction(lambda account: account._watch_credit())
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Fapiao: the credit line of account %s could not be watched", self.id)

    # ------------------------------------------------------------------ identity

    # Once the cloud may know an account, who it is there never changes: an order that was sent to one tenant is
    # unknown at another, and would be issued there a second time.

    def _identity_names(self, part=""):
        """Return the names of the settings that say who this account, or a ``part`` of it, is."""
        self.ensure_one()
        return (*COMMON, ADDRESS[part], *client_of(self.provider, part).identity)

    def _identity_fingerprint(self, part=""):
        """Return a short text that is the same as long as account and cloud are."""
        return identity_of({name: self[name] for name in self._identity_names(part)})

    def _used(self, part):
        """Return those of these accounts whose ``part`` has documents, or was called."""
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
            # last: it looks at one row where there are documents, and there are few rows where there are none
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
        """Return the servers that get the secrets of a ``part`` of this account; ``vals``: about to be written."""
        self.ensure_one()
        base, assistant, pages = (vals[name] if name in vals else self[name] for name in WITH_SECRETS)
        return (origin(assistant), origin(pages or assistant)) if part else (origin(base),)

    # ------------------------------------------------------------------ guards

    def _check_may_enter(self, urls, is_new=False):
        """Raise ``AccessError`` where ``urls`` lead into a private network and the user is no administrator: this
        server would call there for them. What the company has on an account that isn't new was entered by an
        administrator."""
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
        """Raise ``UserError`` where ``vals`` would make a used account another one."""
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
        """Return the names of the settings of this account's identity that ``vals`` would change."""
        self.ensure_one()
        changed = [
            name
            for name in self._identity_names(part)
            if name in vals and plain(name, vals[name]) != plain(name, self[name])
        ]
        # requests, journal and rights all follow the company
        is_moved = vals.get("company_id", self.company_id.id) != self.company_id.id
        return changed + ["company_id"] * is_moved

    def _drop_secrets_of_other_origin(self, vals):
        """Forget the secrets where a user who may not see them leads the account to another server."""
        if self.env.user.has_group("base.group_system"):
            return
        for part in ADDRESS:
            led_away = self.filtered(
                lambda account, part=part: account._origins(part) != account._origins(part, vals)
            ).sudo()  # sudo: whoever edits the account can neither see nor write its secrets
            names = secrets_of(part)
            for account in led_away.filtered(lambda account, names=names: any(account[name] for name in names)):
                account.write(dict.fromkeys(names, False))
                account._message_log(
                    body=self.env._(
                        "The passwords were removed because the address was changed. An administrator has to"
                        " enter them again."
                    )
                )

    # ------------------------------------------------------------------ leaving an account: what is open

    # Another account takes over, or none does. What was never sent is withdrawn; what the cloud may have seen stays
    # with the account, which is archived and keeps asking.

    def _open_counts(self):
        """Return ``{(model, state): number}`` of what is open; an applied-for red form counts as ``is_open``."""
        counts = {}
        for name in OUTBOUND:
            # sudo: whoever may archive an account may know what is open there
            Model = self.env[name].sudo()
            own = [("account_id", "in", self.ids)]
            domain = [*own, ("state", "in", ("draft", *OPEN_STATES))]
            for state, number in Model._read_group(domain, ["state"], ["__count"]):
                counts[name, state] = number
        # sudo: as above
        forms = self.env["fapiao.red.form"].sudo()
        watched = [("account_id", "in", self.ids), ("is_open", "=", True), ("state", "=", "done")]
        if number := forms.search_count(watched):
            counts["fapiao.red.form", "is_open"] = number
        return counts

    def _check_nothing_open(self):
        """Raise ``UserError`` with what is open at these accounts, and the ways to archive all the same."""
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
        """Return ``counts`` (see :meth:`_open_counts`) as words."""
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
        """Return the records of outbound model ``name`` whose order no cloud can have seen."""
        # sudo: they change by their own flows alone
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

    # ------------------------------------------------------------------ leaving

    def _replace(self, values):
        """Archive this account and return the one that takes over: a copy with the identity of ``values``."""
        self.ensure_one()
        self._begin_leaving()
        # what the old cloud was found to be says nothing of the new one
        is_same = taxno.normalise(values.get("tax_no", self.tax_no)) == self.tax_no
        name = is_same and self.registered_name
        account = self.copy({**values, "active": True, "bureau_channel": "unknown", "registered_name": name})
        # sudo: no user writes this link, and the user may replace the account
        self.sudo().replaced_by_id = account
        # sudo: the secrets stay with the server and the user they are known to, whoever replaces the account
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
        """Archive this account; nothing takes over."""
        self.ensure_one()
        self._begin_leaving()
        self._withdraw_unsent(
            self.env._("Withdrawn before it was sent: account %s was archived.", self.name),
        )
        self.message_post(body=self.env._("Archived. What is open at the cloud is still asked about."))

    def _begin_leaving(self):
        """Archive this account under the lock of its claims: what is queued can't be sent meanwhile."""
        if not self.active:
            raise UserError(self.env._("Account %s is archived already.", self.display_name))
        self.env["fapiao.task.mixin"]._lock_account(self.id)
        self._archive()
        self.flush_recordset()

    def _secrets_for(self, account):
        """Return the secrets that also hold for ``account``: of the same user at the same server."""
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
        """Withdraw what was never sent, and say so on its documents."""
        fix = self.env._("Issue again by hand if it is still right.")
        for name in OUTBOUND:
            records = self._unsent(name)
            records._lock()
            for record in records:
                record._set_state("withdrawn", message=reason, fix=fix)
                for document in _documents_of(record):
                    document._message_log(body=as_html(f"{reason} {fix}"))

    # ------------------------------------------------------------------ what comes after

    def _in_charge(self):
        """Return the account through which new work goes on what came through this one: itself, or, where it
        was replaced by one of the same taxpayer in the same mode, that one."""
        account = self
        while not account.active and account._is_succeeded():
            account = account.replaced_by_id
        return account

    def _is_succeeded(self):
        successor = self.replaced_by_id
        return (
            successor.id > self.id  # an account made later; so it ends
            and (successor.tax_no, successor.mode) == (self.tax_no, self.mode)
        )

    # ------------------------------------------------------------------ small helpers

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

    # ------------------------------------------------------------------ limits of one fapiao

    @api.onchange("small_scale")
    def _onchange_small_scale(self):
        if not self.small_scale:
            self.small_scale_reason = False

    def _forms(self, fapiao_type):
        """Return the forms in which fapiao of a type are issued through this account, in the order of the selection."""
        forms = {form for kind, form in client_of(self.provider).types if kind == fapiao_type} if self else set()
        return [form for form, _label in FORMS if form in forms]

    def _reversible(self):
        """Return the forms of which fapiao are reversed through this account."""
        return client_of(self.provider).reversible if self else frozenset()

    def _levies(self):
        """Return the ways of levying the tax that a fapiao through this account can state."""
        cloud = client_of(self.provider)
        has_differential = cloud.differential_setting and self[cloud.differential_setting]
        return cloud.levies | (frozenset(DIFFERENTIAL) if has_differential else frozenset())

    def _limits(self, code_laws):
        """Return what one fapiao through this account may carry, as the rules want to know it.

        ``code_laws``: those of the codes in question, see ``fapiao.tax.code``.
        """
        self.ensure_one()
        # sudo: as in _compute_credit_low
        company, cloud = self.sudo().company_id, client_of(self.provider)
        is_known = self.credit_at and self.credit_source != "pushed" and not self.credit_is_over
        return Limits(
            lengths=cloud.lengths.get(self.bureau_channel) or cloud.lengths[cloud.bureau_channel],
            shows_bank=cloud.shows_bank,
            short_name_required=True,
            seller_contact_required=cloud.seller_contact_required,
            small_scale=self.small_scale,
            discount_tax_tolerance=cloud.discount_tax_tolerance,
            kinds=frozenset(cloud.types),
            paper_number_required=cloud.paper_number_required,
            elements=cloud.elements,
            code_laws=code_laws,
            levies=self._levies(),
            amount_limit=exact(company.fapiao_amount_limit) or None,
            # what is pushed isn't confirmed: it may warn, but holds nothing up
            credit_left=exact(self.credit_left) if is_known else None,
            credit_seems_old=self.credit_seems_old,
        )


def _documents_of(record):
    """Return the documents on which people look for news of an outbound record, as a list."""
    if record._name == "fapiao.request":
        return record._documents()
    return [record, *record.move_ids] if record._name == "fapiao.red.form" else []
