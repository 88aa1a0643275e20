"""Model ``fapiao.account``: channel to the bureau and frequency of pulls."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...clouds import base, errors
from ...clouds.inbound import HEADER, POOL
from ..cloud import gate
from ..cloud.engine import Engine
from ..values import beijing_today
from .fapiao_pull import OPEN_STATES

CHANNEL_HOLDS = timedelta(days=1)
# The value of taxLogin for the channel that has pulls of headers; the vendor documents no other.
CHANNELS = {"1": "login"}
POOL_SETTINGS = ("pool_path", "pool_interface", "pool_style", "pool_keys", "pool_from_zero")


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"
    _fapiao_inputs = frozenset(
        {
            *("pull_daily", "pull_daily_kind", "pull_pause", "full_interface", "marks_booked"),
            *("pull_at_once", *POOL_SETTINGS),
        }
    )

    pull_daily = fields.Boolean(
        default=True,
        help="Each day, pull the headers of what was received in the previous four days.",
    )
    pull_daily_kind = fields.Selection(
        [(HEADER, "Headers from the tax bureau"), (POOL, "What the cloud has collected")],
        "Daily From",
        default=HEADER,
        required=True,
        help="What the cloud has collected, by a task of its own (定时任务) or over a direct connection (乐企), is"
        " queried for the last 31 days without reaching the tax bureau. It needs the query of the pool.",
    )
    pull_pause = fields.Integer(
        "Pause Between Pages (s)",
        help="If the cloud turns calls away. While a pull pauses, the background run waits with it.",
    )
    pull_day = fields.Date("Last Daily Pull", readonly=True, copy=False)
    pull_text = fields.Text("No Daily Pull Because", readonly=True, copy=False)
    full_interface = fields.Char(
        "Interface for Full Pulls",
        help="The interfaceCode by which fapiao are pulled with their lines, if the cloud's support has named"
        " one for you. Without, full pulls are set up in the cloud's own portal.",
    )
    pull_at_once = fields.Boolean(
        "Answer at Once",
        help="Ask for a pull's result in the same call (asyncFlag 0) instead of a task that collects it.",
    )
    pool_path = fields.Char(
        "Path of the Pool Query",
        help="Where the pool of all received fapiao (全票池) is queried, behind the account's address, such as"
        " /kapi/app/rim/deduction. As the cloud's support names it; without one the pool isn't queried.",
    )
    pool_interface = fields.Char(
        "Interface of the Pool Query", help="Its interfaceCode (or messageType), as the cloud's support names it."
    )
    pool_style = fields.Selection(
        [("envelope", "Envelope, data in base64"), ("message", "Message, plain data"), ("plain", "The data alone")],
        "Body of the Pool Query",
        default="envelope",
        required=True,
        help="How the pool's interface takes its questions, as the cloud's support or the page of the interface says.",
    )
    pool_keys = fields.Text(
        "Keys of the Pool Query",
        help="Where the cloud calls something otherwise, one a line: number=invoiceNo, date_from=searchOpt.startTime,"
        " number=invoiceNo+etaxInvoiceNo for several, code= for what isn't sent. Names: tax_no, date_from, date_to,"
        " number, code, seller_tax_no, status, type_code, deduction, tax_period, page, page_size.",
    )
    pool_from_zero = fields.Boolean(
        "Pool's First Page Is 0",
        help="Turn it on if the page of the interface counts from 0; the first fapiao are missing otherwise.",
    )
    can_query_pool = fields.Boolean(compute="_compute_can_query_pool")
    can_ask_bureau = fields.Boolean(compute="_compute_can_pull")
    can_show_documents = fields.Boolean(compute="_compute_can_pull")
    bureau_state = fields.Selection(
        [("unknown", "Not asked yet"), ("ok", "Logged in"), ("person", "Needs a person")],
        "Cloud's Log-in",
        default="unknown",
        required=True,
        readonly=True,
        copy=False,
        help="How the cloud is logged in at the tax bureau for what is received.",
    )
    bureau_company = fields.Char("Logged In As", readonly=True, copy=False)
    bureau_account_type = fields.Char("Kind of Bureau Account", readonly=True, copy=False, help="In the cloud's words.")
    bureau_period = fields.Char("Tax Period (税款所属期)", readonly=True, copy=False, help="In the bureau's words.")
    bureau_select_days = fields.Char(
        "Days Open for Selection (勾选日期)", readonly=True, copy=False, help="In the bureau's words."
    )
    bureau_open_period = fields.Char("Open Tax Period", readonly=True, copy=False, help="yyyymm")
    bureau_deadline = fields.Date("Open Until", readonly=True, copy=False, help="When the period is to be filed.")
    bureau_select_until = fields.Date("Select Fapiao Issued Until", readonly=True, copy=False)
    bureau_login_type = fields.Char("Channel in the Cloud's Words", readonly=True, copy=False)
    bureau_channel_at = fields.Datetime("Channel As Of", readonly=True, copy=False)
    bureau_url = fields.Char("Log In at the Bureau", readonly=True, copy=False)
    pull_ids = fields.One2many("fapiao.pull", "account_id", "Download Jobs", readonly=True)
    pull_open_count = fields.Integer("Open Download Jobs", compute="_compute_pull_open_count")
    can_pull = fields.Boolean(compute="_compute_can_pull")

    _pause_not_negative = models.Constraint(
        "CHECK (pull_pause >= 0 AND pull_pause <= 60)", "A pause between pages is 0 to 60 seconds long."
    )

    marks_booked = fields.Boolean(
        "Mark Booked Bills",
        default=True,
        tracking=True,
        help="Mark a fapiao as booked (入账) at the tax bureau when its bill is posted, and remove the mark when the"
        " bill is reset.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("provider")
    def _compute_can_pull(self):
        for account in self:
            words = account._words() if account.provider and account.base_url and account.tax_no else None
            account.can_pull = bool(words and words.can(base.PULL_START))
            account.can_ask_bureau = bool(words and words.can(base.BUREAU_LOGIN))
            account.can_show_documents = bool(words and words.can(base.DOCUMENT_FILES))

    @api.depends("provider", *POOL_SETTINGS)
    def _compute_can_query_pool(self):
        for account in self:
            words = account._words() if account.provider and account.base_url and account.tax_no else None
            account.can_query_pool = bool(words and words.can(base.POOL_QUERY))

    @api.depends("pull_ids.state")
    def _compute_pull_open_count(self):
        unfinished = [("account_id", "in", self.ids), ("state", "in", (*OPEN_STATES, "failed"))]
        counts = dict(self.env["fapiao.pull"]._read_group(unfinished, ["account_id"], ["__count"]))
        for account in self:
            account.pull_open_count = counts.get(account, 0)

    # ------------------------------------------------------------------ constraints

    @api.constrains("provider", *POOL_SETTINGS)
    def _check_pool_settings(self):
        self._check_settings(POOL_SETTINGS)

    # ------------------------------------------------------------------ actions

    def action_ask_bureau(self):
        """Ask how the cloud is logged in at the bureau; what waited for that log-in goes on where it is good."""
        self.ensure_one()
        self._check_may_use()
        if not self.can_ask_bureau:
            raise UserError(self.env._("The cloud of account %s has no such question.", self.name))
        try:
            session = Engine(self.env)._ask(self, lambda cloud: cloud.bureau_session())
        except errors.CloudError as error:
            self._record_need_in_new_transaction(error)
            raise UserError(self._error_message(error)) from error
        self._record_in_new_transaction(lambda account: account._record_session(session))
        if not session.needs_person:
            return self._notify(self.env._("The cloud is logged in at the tax bureau."))
        told = self._notify(self.env._("A person must log in at the tax bureau: see the address on the account."))
        told["params"]["type"] = "warning"
        return told

    def action_pull(self):
        """Pull the headers of the previous four days now; show the pull, or the running one."""
        self.ensure_one()
        self._check_may_use()
        pulls = self.env["fapiao.pull"]
        pull = pulls._open_pull(self, HEADER, *pulls._recent_days())
        pull._queue_now()
        return pull._get_records_action(name=self.env._("Pull"))

    def action_pull_days(self):
        """Open the dialog that pulls a range of days."""
        self.ensure_one()
        self._check_may_use()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pull Received Fapiao"),
            "res_model": "fapiao.pull.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    def action_show_pulls(self):
        """Open the pulls of this account."""
        gate.check(self, gate.READER)
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_pull")
        return {**action, "domain": [("account_id", "=", self.id)], "context": {}}

    # ------------------------------------------------------------------ channel

    def _asks_channel(self):
        """Return whether the cloud must be queried for its channel before a pull."""
        self.ensure_one()
        if not self._words().can(base.BUREAU_LOGIN):
            return False
        return not self.bureau_channel_at or fields.Datetime.now() - self.bureau_channel_at > CHANNEL_HOLDS

    def _record_session(self, session):
        """Store what was asked by hand, and let go on or wait what depends on it."""
        self._record_channel(session)
        if session.needs_person:
            self._record_need("login", errors.LoginRequired(" ".join(filter(None, (session.text, session.url)))))
        else:
            self._record_ready()

    def _record_channel(self, session):
        """Store the channel of the cloud's log-in at the bureau (:class:`~..clouds.inbound.BureauSession`)."""
        self.ensure_one()
        channel = CHANNELS.get(session.channel)
        self.write(
            {
                "bureau_login_type": session.channel,
                "bureau_channel_at": not session.needs_person and fields.Datetime.now(),
                "bureau_url": session.url,
                "bureau_state": "person" if session.needs_person else "ok",
                "bureau_company": " ".join(filter(None, (session.company, session.tax_no))),
                # a person may be logged in for another taxpayer
                **({"registered_name": session.company} if session.company and session.tax_no == self.tax_no else {}),
                "bureau_account_type": session.account_type,
                "bureau_period": session.period,
                "bureau_select_days": session.select_days,
                "bureau_open_period": session.open_period,
                "bureau_deadline": session.deadline,
                "bureau_select_until": session.select_until,
                # a channel chosen by the user stays
                **({"bureau_channel": channel} if channel and self.bureau_channel == "unknown" else {}),
            }
        )

    def _selection_period(self):
        """Return ``(yyyymm, last day of issue or None, whether the bureau has said so)`` for what is selected now. A
        period whose return was due is over; the month of the calendar takes its place.
        """
        today = beijing_today()
        deadline = self.bureau_deadline
        if self.bureau_open_period and (not deadline or today <= deadline):
            return self.bureau_open_period, self.bureau_select_until or None, True
        return today.strftime("%Y%m"), None, False

    def _resume_waiting(self):
        """Resume the pulls that waited for a user as well."""
        result = super()._resume_waiting()
        # sudo: only this flow changes pulls, for all users
        pulls = self.env["fapiao.pull"].sudo()
        waiting = pulls.search(
            [("account_id", "in", self.ids), ("needs_person", "=", True), ("state", "in", OPEN_STATES)]
        )
        if waiting:
            waiting.write({"needs_person": False, "next_try_at": fields.Datetime.now()})
            pulls._wake()
        return result
