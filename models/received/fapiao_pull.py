"""Model ``fapiao.pull``: one range of days of received fapiao, fetched page by page.

::

    draft → running → done
               ↕
             failed      resumes at its page when a user restarts it

A pull stores its task number and the last page committed to the pool. After any interruption the next page is requested
again (``pull_run.py``). Sections: creation and actions, limits of the cloud, steps of a run, schedule.
"""

import json
import logging
import re
from dataclasses import replace
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.date_utils import end_of

from ...clouds import base, errors
from ...clouds.inbound import FILTERS, FULL, HEADER, POOL, RED_ITSELF, PullWindow
from ...clouds.redact import redact
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import CLICK_LIMIT, CLICK_TIME
from ..values import SHANGHAI, STATUSES, TYPES, aware, beijing_today, naive
from .fapiao import DEDUCTIONS
from .pool import Pool
from .pull_pages import Place
from .pull_run import PACE_WAIT, PAGE_SIZE, Claim, PullRun

_logger = logging.getLogger(__name__)

KINDS = [(HEADER, "Headers"), (FULL, "Full, with lines"), (POOL, "What the cloud has collected")]
STATUSES_ASKED = [*STATUSES, (RED_ITSELF, "Red fapiao themselves")]
# In place of a task's number: of a query of the pool, and of a pull that was answered at once
POOL_TASK, WHOLE = "pool", "at once"
PERIOD = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])")
OPEN_STATES = ("draft", "running")
FULL_A_MONTH = 5
DAYS_BACK = 4  # of the scheduled pull
POOL_DAYS_BACK = 31  # the cloud may have collected late, and rows known already are not written
YEARS_BACK = {"direct": 2}
YEARS_BACK_OTHERWISE = 5
GROWTH = (1000, 10_000)  # new rows after which the planner needs fresh statistics
LONGEST_WAIT = timedelta(hours=1)
MAX_TRIES = 12  # then it is left to a user
SOON = timedelta(seconds=30)
UNREAD_KEPT = 20
UNREAD_LENGTH = 2000
SLICE = 30.0  # seconds a pull runs before the next one
CLICK_SLICE = 10.0


class FapiaoPull(models.Model):
    _name = "fapiao.pull"
    _description = "Download Job"
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
    # What the days are narrowed to; the names are those of PullWindow
    tax_period = fields.Char(readonly=True, help="Of the deduction (税款所属期), yyyymm.")
    code = fields.Char("Fapiao Code", readonly=True)
    number = fields.Char("Fapiao Number", readonly=True)
    seller_tax_no = fields.Char("Seller's Tax Number", readonly=True)
    deduction = fields.Selection(DEDUCTIONS, readonly=True)
    status = fields.Selection(STATUSES_ASKED, readonly=True)
    type_code = fields.Selection(TYPES, "Type", readonly=True)
    filter_key = fields.Char(readonly=True, help="All that the days are narrowed to, as one text.")
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
    others_count = fields.Integer(
        "Of Other Companies", readonly=True, help="Rows left out, since another company of the tenant is their buyer."
    )
    unread_text = fields.Text("Rows Not Understood", readonly=True)
    progress = fields.Float(compute="_compute_progress")

    _due = models.Index("(next_try_at, id) WHERE state IN ('draft', 'running')")
    _starts = models.Index("(tax_no, started_at) WHERE kind = 'full'")
    _one_open = models.UniqueIndex(
        "(account_id, kind, date_from, date_to, COALESCE(filter_key, '')) WHERE state IN ('draft', 'running')",
        "These days are being pulled already.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("state", "row_count", "unread_count", "others_count", "total")
    def _compute_progress(self):
        for pull in self:
            read = pull.row_count + pull.unread_count + pull.others_count
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

    # ------------------------------------------------------------------ creation

    @api.model
    def _open_pull(self, account, kind, date_from, date_to, filters=None, **values):
        """Return the open pull of these days, or a new one; raises ``UserError`` with the reason if the cloud
        allows none. ``filters``: of ``clouds.inbound.FILTERS``, what the days are narrowed to.
        """
        filters = self._clean_filters(filters)
        filter_key = self._filter_key(filters)
        # a concurrent transaction is repeated and finds this pull
        self.env["fapiao.task.mixin"]._lock_account(account.id)
        # sudo: only this flow changes pulls
        pulls = self.sudo()
        if twin := pulls._open_twin(account, kind, date_from, date_to, filter_key):
            return twin.with_env(self.env)
        if refusals := self._refusals(account, kind, date_from, date_to, filters=filters):
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
                **filters,
                "filter_key": filter_key,
                **values,
            }
        )
        return pull.with_env(self.env)

    @api.model
    def _open_twin(self, account, kind, date_from, date_to, filter_key):
        return self.search(
            [
                *(("account_id", "=", account.id), ("kind", "=", kind), ("state", "in", OPEN_STATES)),
                *(("date_from", "=", date_from), ("date_to", "=", date_to), ("filter_key", "=", filter_key)),
            ],
            limit=1,
        )

    @api.model
    def _clean_filters(self, filters):
        """Return the filters that are set, by their names, without blanks."""
        told = {name: "".join(str((filters or {}).get(name) or "").split()) for name in FILTERS}
        return {name: value for name, value in told.items() if value}

    @api.model
    def _filter_key(self, filters):
        """Return one text for ``filters``, False for none."""
        return ", ".join(f"{name}={filters[name]}" for name in FILTERS if filters.get(name)) or False

    def _window(self):
        """Return what this pull asks for as a ``PullWindow``."""
        filters = {name: self[name] or "" for name in FILTERS}
        return PullWindow(self.date_from, self.date_to, self.kind, **filters)

    # ------------------------------------------------------------------ actions

    def action_run(self):
        """Continue the pull now: at its page, or with a new task if there is none."""
        gate.check(self, gate.ISSUER)
        for pull in self:
            if pull.state == "done":
                raise UserError(self.env._("%s is done.", pull.display_name))
            if pull.state == "failed":
                pull._check_reopening()
        self._queue_now()
        return True

    def action_restart(self):
        """Drop the task and start a new one; rows in the pool stay and are compared."""
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
                **dict.fromkeys(("new_count", "changed_count", "same_count", "others_count"), 0),
                "page_size": PAGE_SIZE,
            }
        )
        self._queue_now()
        return True

    def action_show_new(self):
        """Open the fapiao first received by these pulls."""
        gate.check(self, gate.READER)
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_in")
        return {**action, "domain": [("pull_id", "in", self.ids)], "context": {"fapiao_direction": "in"}}

    def _queue_now(self):
        now = fields.Datetime.now()
        # sudo: issuers may run a pull, but only this flow changes its state
        for pull in self.sudo():
            state = "running" if pull.started_at else "draft"
            pull.write({"state": state, "next_try_at": now, "needs_person": False, "tries": 0})
        self._go_on_after_commit()

    def _check_reopening(self):
        """A range of days is pulled once at a time."""
        if self.state in OPEN_STATES:
            raise UserError(self.env._("%s is running.", self.display_name))
        if twin := self._open_twin(self.account_id, self.kind, self.date_from, self.date_to, self.filter_key):
            raise UserError(self.env._("These days are being pulled already: %s.", twin.display_name))

    # ------------------------------------------------------------------ limits of the cloud
    #
    # Source: docs/protocols/kingdee-inbound.md#limits: five full pulls a month, not the current day, five
    # years back on the log-in channel and two on the direct one (乐企), which has no pull of headers.

    @api.model
    def _today(self):
        """Return the current day in China."""
        return beijing_today()

    @api.model
    def _recent_days(self):
        """Return the first and the last of the four days before today."""
        today = self._today()
        return today - timedelta(days=DAYS_BACK), today - timedelta(days=1)

    @api.model
    def _windows(self, kind, date_from, date_to):
        """Split a range of days at the ends of months. A full pull isn't split, since each one counts, nor a query
        of the cloud's pool, which collects nothing.
        """
        if kind in (FULL, POOL):
            return [(date_from, date_to)]
        windows = []
        while date_from <= date_to:
            last = end_of(date_from, "month")
            windows.append((date_from, min(last, date_to)))
            date_from = last + timedelta(days=1)
        return windows

    @api.model
    def _refusals(self, account, kind, date_from, date_to, planned=0, filters=None):
        """Return why this can't be pulled, each reason with its cure; empty if it can.

        ``planned``: full pulls that are sent before this one. ``filters``: as in :meth:`_open_pull`.
        """
        if not account._words().can(base.PULL_START):
            return [self.env._("The cloud of account %s hands out no received fapiao.", account.name)]
        return [
            *self._kind_refusals(account, kind, planned),
            *self._day_refusals(account, kind, date_from, date_to),
            *self._filter_refusals(filters or {}),
        ]

    def _own_refusals(self):
        self.ensure_one()
        # a pull that waits for its first start is counted among the planned ones
        planned = -1 if self.state == "draft" and not self.started_at else 0
        filters = self._window().filters
        return self._refusals(self.account_id, self.kind, self.date_from, self.date_to, planned, filters)

    @api.model
    def _kind_refusals(self, account, kind, planned):
        if kind == HEADER and account.bureau_channel == "direct":
            yield self.env._(
                "Account %s is connected directly (乐企), where there are no pulls of headers. Pull in full, or what"
                " the cloud has collected, instead.",
                account.name,
            )
        if kind == POOL and not account._words().can(base.POOL_QUERY):
            yield self.env._(
                "Account %s doesn't say how the cloud's pool (全票池) is queried. Ask the cloud's support and enter"
                " path and code on the account, under Cloud's Peculiarities.",
                account.name,
            )
        if kind != FULL:
            return
        if not account._words().can(base.PULL_FULL):
            yield self.env._(
                "The cloud of account %s starts full pulls from its own portal only (定时任务). Set one up"
                " there and pull what the cloud has collected, or pull headers.",
                account.name,
            )
        used = self._full_used(account.tax_no) + planned
        if used >= FULL_A_MONTH:
            yield self.env._(
                "Only %(allowed)s full pulls a month are allowed for a tax number, and %(used)s of %(tax_no)s"
                " are used or planned. Pull headers, or wait for the next month.",
                allowed=FULL_A_MONTH,
                used=used,
                tax_no=account.tax_no,
            )

    @api.model
    def _filter_refusals(self, filters):
        if not PERIOD.fullmatch(filters.get("tax_period") or "200001"):
            yield self.env._("A tax period is a year and a month, as 202603.")

    @api.model
    def _day_refusals(self, account, kind, date_from, date_to):
        if kind == POOL:
            # neither the bureau's days nor its years: it isn't asked
            if date_from > date_to:
                yield self.env._("The first day must not be after the last.")
            return
        today = self._today()
        years = YEARS_BACK.get(account.bureau_channel, YEARS_BACK_OTHERWISE)
        earliest = today - relativedelta(years=years)
        if date_from > date_to:
            yield self.env._("The first day must not be after the last.")
        if date_to >= today:
            yield self.env._(
                "The tax bureau hands out the fapiao of a day after it is over in China. Choose %s as the"
                " last day, or an earlier one.",
                today - timedelta(days=1),
            )
        if date_from < earliest:
            yield self.env._(
                "On this channel the tax bureau hands out the last %(years)s years only. Choose %(day)s as"
                " the first day, or a later one.",
                years=years,
                day=earliest,
            )

    @api.model
    def _full_used(self, tax_no):
        """Return how many full pulls of this month (China) count for a tax number: started, possibly started,
        and waiting.
        """
        first = aware(fields.Datetime.now()).astimezone(SHANGHAI)
        first = naive(first.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        # sudo: the cloud counts over all companies with this tax number
        pulls = self.sudo()
        of_number = [("kind", "=", FULL), ("tax_no", "=", tax_no)]
        ((started,),) = pulls._read_group([*of_number, ("started_at", ">=", first)], [], ["start_count:sum"])
        waiting = pulls.search_count([*of_number, ("state", "=", "draft"), ("started_at", "=", False)])
        return (started or 0) + waiting

    # ------------------------------------------------------------------ steps of a run

    @api.model
    def _continue(self, pull_id, seconds):
        """Run a pull for about ``seconds``; return whether it could be claimed."""
        return PullRun(self.env, pull_id).run(seconds)

    def _claim(self):
        """Claim the pull for this worker until its lease expires; None if another worker has it."""
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                "SELECT FROM fapiao_pull WHERE id = %s AND state IN %s"
                " AND (lease_until IS NULL OR lease_until < %s) FOR UPDATE SKIP LOCKED",
                *(self.id, OPEN_STATES, now),
            ),
            log_exceptions=False,
        )
        if not self.env.cr.rowcount:
            return None
        if self.is_starting:
            self._record_not_started(errors.OutcomeUnknown())
            if self.state != "running":
                return None
        account = self.account_id
        lease = account._lease()
        self.write({"lease_until": now + lease, "needs_person": False})
        return Claim(
            account_id=account.id,
            company_id=self.company_id.id,
            window=self._window(),
            task_no=self.task_no or "",
            place=Place(self.page, self.page_size or PAGE_SIZE, PAGE_SIZE, self.page_digest or "", self.total),
            pause=account.pull_pause,
            asks_channel=self.kind != POOL and account._asks_channel(),
            lease=lease,
        )

    def _take_page(self, claim, task_no, answer, parties):
        """Load a page into the pool and record it; return False if another worker has done so."""
        place = claim.place
        self.env.cr.execute(
            SQL(
                "SELECT FROM fapiao_pull WHERE id = %s AND COALESCE(page, 0) = %s AND task_no = %s"
                " AND state = 'running' FOR UPDATE",
                *(self.id, place.page - 1, task_no),
            ),
            log_exceptions=False,
        )
        if not self.env.cr.rowcount:
            return False
        rows = () if place.is_repeated else answer.rows
        loaded = self.env["fapiao"]._load(claim.company_id, claim.account_id, rows, self.id, parties)
        self._record_page(claim, len(rows), 0 if place.is_repeated else len(answer.others), loaded)
        if answer.unread and not place.is_repeated:
            self._keep_unread(answer.unread)
        if place.is_over:
            self._finish()
        return True

    def _take_whole(self, claim, answer):
        """Take all that the cloud has answered to the start; in one transaction, since it can't be asked for again."""
        self.ensure_one()
        self._record_started(WHOLE)
        self.flush_recordset()
        place = Place(0, PAGE_SIZE, PAGE_SIZE)
        place.turn(answer)
        place.is_over = True
        self._take_page(replace(claim, place=place), WHOLE, answer, None)

    def _record_page(self, claim, count, others, loaded):
        """Bypass the ORM, since it runs for each page and nothing is computed from it."""
        place = claim.place
        self.env.cr.execute(
            SQL(
                """UPDATE fapiao_pull
                      SET page = %s, page_size = %s, page_digest = %s, total = %s, tries = 0, message = NULL,
                          row_count = COALESCE(row_count, 0) + %s, new_count = COALESCE(new_count, 0) + %s,
                          changed_count = COALESCE(changed_count, 0) + %s,
                          same_count = COALESCE(same_count, 0) + %s,
                          others_count = COALESCE(others_count, 0) + %s,
                          lease_until = now() AT TIME ZONE 'UTC' + %s
                    WHERE id = %s
                   RETURNING new_count""",
                *(place.page, place.size, place.digest, place.total, count),
                *(loaded.inserted, loaded.updated, loaded.unchanged, others, claim.lease, self.id),
            )
        )
        ((new_count,),) = self.env.cr.fetchall()
        # Autovacuum analyzes a grown table after a minute at the earliest, and not for a company's first fapiao in a
        # large pool. Until then the planner assumes an empty table and may scan the pool to find an original or a bill.
        if any(new_count - loaded.inserted < size <= new_count for size in GROWTH):
            self.env.cr.execute(SQL("ANALYZE fapiao"))
        self.invalidate_model()

    # ------------------------------------------------------------------ starting

    def _announce_start(self):
        """Record that the cloud is about to be called; return whether it may be."""
        self.ensure_one()
        accounts = self.account_id
        if self.kind == FULL:
            # sudo: the cloud counts full pulls over all companies with this tax number
            accounts = accounts.sudo().with_context(active_test=False)
            accounts = accounts.search([("tax_no", "=", self.tax_no)], order="id")
        for account_id in accounts.ids:
            self.env["fapiao.task.mixin"]._lock_account(account_id)
        if refusals := self._own_refusals():
            self._fail("\n".join([*([self.message] if self.message else []), *refusals]))
            return False
        if not self.account_id._take_pace(1):
            words = self.env._("The calls that the tax bureau allows are used up; the pull resumes automatically.")
            self._wait(PACE_WAIT, words, self.tries)
            return False
        now = fields.Datetime.now()
        is_same_month = self.started_at and self._month(self.started_at) == self._month(now)
        self.write(
            {
                "state": "running",
                "is_starting": True,
                "started_at": now,
                "start_count": self.start_count + 1 if is_same_month else 1,
            }
        )
        return True

    def _begin_pool(self):
        """Begin to read the cloud's pool, which takes no task; return what stands for its number, "" if refused."""
        self.ensure_one()
        if refusals := self._own_refusals():
            self._fail("\n".join(refusals))
            return ""
        self.write({"state": "running", "started_at": fields.Datetime.now()})
        self._record_started(POOL_TASK)
        return POOL_TASK

    def _record_started(self, task_no):
        self.write({"is_starting": False, "task_no": task_no, "page": 0, "message": False, "tries": 0})

    def _record_not_started(self, error):
        """Act on an error after the start: the cloud refused it, or the outcome is unknown."""
        self.ensure_one()
        self.is_starting = False
        if not isinstance(error, errors.OutcomeUnknown):
            self.start_count -= 1
        elif self.kind == FULL and error.code != "unknown_shape":
            self._wait_or_fail(
                self.env._(
                    "The answer to the start of this full pull was lost. It counts as one of the month, and"
                    " is started again as long as there are some left."
                )
            )
            return
        self._record_error(error)

    # ------------------------------------------------------------------ continuing

    def _record_slow(self, text):
        """The task isn't ready (6910): queried again, with growing delays."""
        words = self.env._("The cloud is still collecting what was received.")
        wait = min(max((fields.Datetime.now() - self.started_at) / 4, SOON), LONGEST_WAIT / 6)
        self._wait(wait, "\n".join(filter(None, (words, text))), self.tries)

    def _record_pause(self, wait):
        """Let other pulls run; this one continues after them, or when the rate limit allows it."""
        if self.state in OPEN_STATES:
            self.write({"lease_until": False, "next_try_at": fields.Datetime.now() + wait})

    def _finish(self):
        self.ensure_one()
        Pool(self.env, self.company_id.id).resolve()
        self.env["fapiao.match"]._schedule_match()
        read = self.row_count + self.unread_count + self.others_count
        message = read < self.total and self.env._(
            "The cloud announced %(total)s fapiao and returned %(read)s.", total=self.total, read=read
        )
        done = {"state": "done", "done_at": fields.Datetime.now(), "message": message}
        self.write({**done, "lease_until": False, "next_try_at": False})

    def _keep_unread(self, unread):
        """Store rows that the cloud's client couldn't read, unchanged."""
        kept = (self.unread_text or "").splitlines()
        told = [json.dumps(redact(row), ensure_ascii=False, default=str)[:UNREAD_LENGTH] for row in unread]
        self.write(
            {
                "unread_count": self.unread_count + len(unread),
                "unread_text": "\n".join([*kept, *told][:UNREAD_KEPT]).replace("\x00", ""),
            }
        )

    # ------------------------------------------------------------------ failures

    def _record_error(self, error):
        self.ensure_one()
        if self.state not in OPEN_STATES:
            return  # another worker has taken over
        words = self.account_id._error_message(error)
        match error:
            case errors.LoginRequired():
                self.write({"needs_person": True, "message": words, "lease_until": False, "next_try_at": False})
            case errors.Rejected() | errors.OutcomeUnknown(code="unknown_shape"):
                self._fail(words)
            case errors.PaceUsedUp():
                self._wait(timedelta(seconds=error.retry_after), words, self.tries)
            case errors.RateLimited():
                self._wait(max(timedelta(seconds=error.retry_after), timedelta(minutes=1)), words)
            case _:
                self._wait_or_fail(words)

    def _wait_or_fail(self, words):
        if self.tries + 1 >= MAX_TRIES:
            self._fail(words)
        else:
            self._wait(min(timedelta(minutes=2**self.tries), LONGEST_WAIT), words)

    def _wait(self, span, words, tries=None):
        """Continue after ``span``; ``tries``: their number, by default one more than before."""
        self.write(
            {
                "tries": self.tries + 1 if tries is None else tries,
                "lease_until": False,
                "next_try_at": fields.Datetime.now() + span,
                "message": words,
            }
        )
        self._wake(self.next_try_at)

    def _fail(self, words):
        self.write({"state": "failed", "lease_until": False, "next_try_at": False, "message": words, "tries": 0})

    @api.model
    def _wake(self, at=None):
        # sudo: issuers may trigger the scheduled action without write access to it
        self.env.ref("l10n_cn_invoice_cloud.cron_inbound").sudo()._trigger(at=at)

    # ------------------------------------------------------------------ schedule

    @api.model
    def _month(self, moment):
        """Return the month in China of a naive UTC datetime."""
        return aware(moment).astimezone(SHANGHAI).strftime("%Y%m")

    @api.model
    def _cron_inbound(self, slice_seconds=SLICE):
        """Create the pulls of the day and run those that are due, in turns."""
        self._make_daily()
        cron = self.env["ir.cron"]
        not_ours = set()
        time_left = cron._commit_progress(remaining=len(self._due_ids()))
        while time_left and (due := [id_ for id_ in self._due_ids() if id_ not in not_ours]):
            for pull_id in due:
                if not self._continue(pull_id, slice_seconds):
                    not_ours.add(pull_id)
                time_left = cron._commit_progress(1, remaining=len(self._due_ids()))
                if not time_left:
                    break
        self._wake_for_next()

    @api.model
    def _due_ids(self):
        """Return the ids of due pulls, the longest waiting first; pulls whose account needs a user are set to
        waiting before.
        """
        now = fields.Datetime.now()
        due = self.search(
            [
                ("state", "in", OPEN_STATES),
                ("next_try_at", "<=", now),
                ("account_id.active", "=", True),
                *("|", ("lease_until", "=", False), ("lease_until", "<", now)),
            ],
            order="next_try_at, id",
        )
        held = due.filtered(lambda pull: pull.account_id._needs_person())
        for pull in held:
            words = pull.account_id.session_text or pull.env._("The account needs a person; see there.")
            pull.write({"needs_person": True, "next_try_at": False, "message": words})
        return (due - held).ids

    @api.model
    def _wake_for_next(self):
        following = self.search(
            [("state", "in", OPEN_STATES), ("next_try_at", "!=", False), ("account_id.active", "=", True)],
            order="next_try_at",
            limit=1,
        )
        if following:
            self._wake(max(following.next_try_at, fields.Datetime.now() + timedelta(minutes=1)))

    @api.model
    def _make_daily(self):
        """Create, once a day in China, the pull of the previous days for each account with daily pulls;
        the account keeps the reason if the cloud allows none.
        """
        accounts = self.env["fapiao.account"].search(
            [("pull_daily", "=", True), "|", ("pull_day", "=", False), ("pull_day", "<", self._today())]
        )
        for account_id in accounts.filtered("can_pull").ids:
            # one transaction each, so that a concurrent write on one account doesn't block the other pulls
            try:
                Engine(self.env)._step(lambda env, id_=account_id: env["fapiao.pull"]._make_daily_of(id_))
            except Exception:
                _logger.exception("Fapiao: the daily pull of account %s could not be made", account_id)

    @api.model
    def _make_daily_of(self, account_id):
        account = self.env["fapiao.task.mixin"]._lock_account(account_id)
        kind = account.pull_daily_kind
        date_from, date_to = self._recent_days()
        if kind == POOL:
            date_from = self._today() - timedelta(days=POOL_DAYS_BACK)
        refusals = self._refusals(account, kind, date_from, date_to)
        if not refusals:
            self._open_pull(account, kind, date_from, date_to, is_scheduled=True)
        account.write({"pull_day": self._today(), "pull_text": "\n".join(refusals)})

    def _go_on_after_commit(self):
        """Run after the user's commit; the rest is left to the scheduler."""
        self._wake(fields.Datetime.now() + CLICK_TIME)
        if self and len(self) <= CLICK_LIMIT:
            ids = self.ids

            def run(engine):
                for pull_id in ids:
                    engine.env["fapiao.pull"]._continue(pull_id, CLICK_SLICE)

            Engine(self.env)._after_commit(run)
