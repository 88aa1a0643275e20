"""Model ``fapiao.account``: channel to the bureau and frequency of pulls."""

from datetime import timedelta

from odoo import api, fields, models

from ...clouds import base
from ...clouds.inbound import HEADER
from ..cloud import gate
from .fapiao_pull import OPEN_STATES

CHANNEL_HOLDS = timedelta(days=1)
# The value of taxLogin for the channel that has pulls of headers; the vendor documents no other.
CHANNELS = {"1": "login"}


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"
    _fapiao_inputs = frozenset({"pull_daily", "pull_pause", "bureau_channel", "full_interface", "marks_booked"})

    pull_daily = fields.Boolean(
        default=True,
        help="Each day, pull the headers of what was received in the previous four days.",
    )
    pull_pause = fields.Integer(
        "Pause Between Pages (s)",
        help="If the cloud turns calls away. While a pull pauses, the background run waits with it.",
    )
    pull_day = fields.Date("Last Daily Pull", readonly=True, copy=False)
    pull_text = fields.Text("No Daily Pull Because", readonly=True, copy=False)
    bureau_channel = fields.Selection(
        [("unknown", "Not known yet"), ("login", "By log-in"), ("direct", "Direct (乐企)")],
        "Channel to the Bureau",
        default="unknown",
        required=True,
        tracking=True,
        help="How the cloud reaches the tax bureau. On the log-in channel five years can be pulled; directly"
        " connected (乐企) it is two, in full only.",
    )
    full_interface = fields.Char(
        "Interface for Full Pulls",
        help="The interfaceCode by which fapiao are pulled with their lines, if the cloud's support has named"
        " one for you. Without, full pulls are set up in the cloud's own portal.",
    )
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

    @api.depends("pull_ids.state")
    def _compute_pull_open_count(self):
        unfinished = [("account_id", "in", self.ids), ("state", "in", (*OPEN_STATES, "failed"))]
        counts = dict(self.env["fapiao.pull"]._read_group(unfinished, ["account_id"], ["__count"]))
        for account in self:
            account.pull_open_count = counts.get(account, 0)

    # ------------------------------------------------------------------ actions

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

    def _record_channel(self, session):
        """Store the channel of the cloud's log-in at the bureau (:class:`~..clouds.inbound.BureauSession`)."""
        self.ensure_one()
        channel = CHANNELS.get(session.channel)
        self.write(
            {
                "bureau_login_type": session.channel,
                "bureau_channel_at": not session.needs_person and fields.Datetime.now(),
                "bureau_url": session.url,
                # a channel chosen by the user stays
                **({"bureau_channel": channel} if channel and self.bureau_channel == "unknown" else {}),
            }
        )

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
