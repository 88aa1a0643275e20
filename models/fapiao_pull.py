"""One window of received fapiao, fetched page by page.

::

    draft → running → done
               ↕
             failed      goes on at its page when a person says so

A pull remembers its task and the last page that is safe in the pool. Whatever breaks in between, the page
after that one is asked for again.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..clouds.inbound import FULL, HEADER
from . import fapiao_gate as gate

KINDS = [(HEADER, "Headers"), (FULL, "Full, with lines")]
OPEN_STATES = ("draft", "running")
PAGE_SIZE = 200  # seed 000, 4.03
PACE_WAIT = timedelta(minutes=1)


class FapiaoPull(models.Model):
    _name = "fapiao.pull"
    _description = "Pull of Received Fapiao"
    _order = "id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "fapiao.account", required=True, readonly=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    tax_no = fields.Char("Tax Number", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True, default=HEADER)
    date_from = fields.Date("First Day", required=True, readonly=True)
    date_to = fields.Date("Last Day", required=True, readonly=True)
    is_scheduled = fields.Boolean("Scheduled", readonly=True)
    user_id = fields.Many2one("res.users", "Requested By", readonly=True, default=lambda self: self.env.user)
    state = fields.Selection(
        [("draft", "Waiting"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="draft",
        readonly=True,
        index=True,
    )
    needs_person = fields.Boolean("Waits for Log-in", readonly=True)

    task_no = fields.Char("Task", readonly=True, help="The cloud's number of the task.")
    started_at = fields.Datetime("Started", readonly=True)
    start_count = fields.Integer(
        "Starts", readonly=True, help="In the month of the last one; each full one counts at the cloud."
    )
    is_starting = fields.Boolean(readonly=True, help="The task was asked for and no answer is here yet.")
    done_at = fields.Datetime("Finished", readonly=True)
    next_try_at = fields.Datetime("Next Try", readonly=True)
    lease_until = fields.Datetime(readonly=True)
    tries = fields.Integer("Attempts in Vain", readonly=True)
    message = fields.Text(readonly=True)

    page = fields.Integer(readonly=True, help="The last page that is in the pool.")
    page_size = fields.Integer("Rows a Page", readonly=True, default=PAGE_SIZE)
    page_digest = fields.Char(readonly=True)
    total = fields.Integer("Rows in All", readonly=True, help="As the cloud says; 0 where it doesn't.")
    row_count = fields.Integer("Rows", readonly=True)
    new_count = fields.Integer("New", readonly=True)
    changed_count = fields.Integer("Changed", readonly=True)
    same_count = fields.Integer("Unchanged", readonly=True)
    unread_count = fields.Integer("Not Understood", readonly=True)
    unread_text = fields.Text("Rows Not Understood", readonly=True)
    progress = fields.Float(compute="_compute_progress")

    _due = models.Index("(next_try_at, id) WHERE state IN ('draft', 'running')")
    _starts = models.Index("(tax_no, started_at) WHERE kind = 'full'")
    _one_open = models.UniqueIndex(
        "(account_id, kind, date_from, date_to) WHERE state IN ('draft', 'running')",
        "These days are being pulled already.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("state", "row_count", "unread_count", "total")
    def _compute_progress(self):
        for pull in self:
            read = pull.row_count + pull.unread_count
            so_far = min(100 * read / pull.total, 100) if pull.total else 0
            pull.progress = 100 if pull.state == "done" else so_far

    @api.depends("date_from", "date_to", "account_id")
    def _compute_display_name(self):
        for pull in self:
            pull.display_name = f"{pull.account_id.name}: {pull.date_from} – {pull.date_to}"

    # ------------------------------------------------------------------ constraints

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if any(self.mapped("started_at")):
            raise UserError(self.env._("Pulls that the cloud was asked for are kept: they count there."))

    # ------------------------------------------------------------------ making one

    @api.model
    def _open_pull(self, account, kind, date_from, date_to, **values):
        """Return the open pull of these days, or a new one that waits for its turn; raises ``UserError``
        with the reason where the cloud allows none."""
        # whoever does the same at once is repeated and finds this one
        self.env["fapiao.outbound"]._lock_account(account.id)
        # sudo: pulls change by this flow alone
        pulls = self.sudo()
        if under_way := pulls.search(
            [
                *(("account_id", "=", account.id), ("kind", "=", kind), ("state", "in", OPEN_STATES)),
                *(("date_from", "=", date_from), ("date_to", "=", date_to)),
            ],
            limit=1,
        ):
            return under_way.with_env(self.env)
        if refusals := self._refusals(account, kind, date_from, date_to):
            raise UserError("\n".join(refusals))
        pull = pulls.create(
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "tax_no": account.tax_no,
                "kind": kind,
                "date_from": date_from,
                "date_to": date_to,
                "next_try_at": fields.Datetime.now(),
                "user_id": self.env.uid,
                **values,
            }
        )
        return pull.with_env(self.env)

    # ------------------------------------------------------------------ actions

    def action_run(self):
        """Go on with the pull now: at its page, or with a new task where there is none."""
        gate.check(self, gate.ISSUER)
        for pull in self:
            if pull.state == "done":
                raise UserError(self.env._("%s is done.", pull.display_name))
            if pull.state == "failed":
                pull._check_reopening()
        self._queue_now()
        return True

    def action_restart(self):
        """Forget the task and begin again with a new one; what is in the pool stays and is compared."""
        gate.check(self, gate.ISSUER)
        for pull in self:
            pull._check_reopening()
            if refusals := pull._own_refusals():
                raise UserError("\n".join(refusals))
        # sudo: as in _queue_now
        self.sudo().write(
            {
                **dict.fromkeys(("task_no", "page_digest", "unread_text", "done_at"), False),
                **dict.fromkeys(("page", "total", "row_count", "unread_count"), 0),
                **dict.fromkeys(("new_count", "changed_count", "same_count"), 0),
                "page_size": PAGE_SIZE,
            }
        )
        self._queue_now()
        return True

    def action_show_new(self):
        """Open the fapiao that came by these pulls first."""
        gate.check(self, gate.READER)
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_in")
        return {**action, "domain": [("pull_id", "in", self.ids)], "context": {"fapiao_direction": "in"}}

    def _queue_now(self):
        now = fields.Datetime.now()
        # sudo: an issuer may run a pull, but its state changes by this flow alone
        for pull in self.sudo():
            state = "running" if pull.started_at else "draft"
            pull.write({"state": state, "next_try_at": now, "needs_person": False, "tries": 0})
        self._go_on_after_commit()

    def _check_reopening(self):
        """One and the same window is pulled once at a time."""
        if self.state in OPEN_STATES:
            raise UserError(self.env._("%s is running.", self.display_name))
        twin = self.search(
            [
                *(("account_id", "=", self.account_id.id), ("kind", "=", self.kind), ("id", "!=", self.id)),
                *(("date_from", "=", self.date_from), ("date_to", "=", self.date_to)),
                ("state", "in", OPEN_STATES),
            ],
            limit=1,
        )
        if twin:
            raise UserError(self.env._("These days are being pulled already: %s.", twin.display_name))
