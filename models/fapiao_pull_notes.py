"""What a pull remembers of each step, and what becomes of it when a step fails."""

import functools
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..clouds import errors
from ..clouds.inbound import FULL, PullWindow
from ..clouds.redact import redact
from .fapiao_pull import OPEN_STATES, PACE_WAIT, PAGE_SIZE
from .fapiao_pull_pages import Place
from .fapiao_pull_run import Claim, on_pull

LONGEST_WAIT = timedelta(hours=1)
MAX_TRIES = 12  # then a person looks at it
SOON = timedelta(seconds=30)
UNREAD_KEPT = 20
UNREAD_LENGTH = 2000


class FapiaoPull(models.Model):
    _inherit = "fapiao.pull"

    # ------------------------------------------------------------------ claiming

    @api.model
    def _claim(self, pull_id):
        """Take a pull into this worker's hands until its lease runs out; None where another has it."""
        self.env.cr.execute(
            SQL(
                "SELECT FROM fapiao_pull WHERE id = %s AND state IN %s"
                " AND (lease_until IS NULL OR lease_until < %s) FOR UPDATE SKIP LOCKED",
                pull_id,
                OPEN_STATES,
                fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        if not self.env.cr.rowcount:
            return None
        pull = self.browse(pull_id)
        account = pull.account_id
        if pull.is_starting:
            pull._note_not_started(errors.OutcomeUnknown())
            if pull.state != "running":
                return None
        pull.write({"lease_until": fields.Datetime.now() + account._lease(), "needs_person": False})
        size = pull.page_size or PAGE_SIZE
        return Claim(
            pull_id=pull.id,
            account_id=account.id,
            company_id=pull.company_id.id,
            window=PullWindow(pull.date_from, pull.date_to, pull.kind),
            task_no=pull.task_no or "",
            place=Place(pull.page, size, PAGE_SIZE, pull.page_digest or "", pull.total),
            pause=account.pull_pause,
            asks_channel=account._asks_channel(),
        )

    # ------------------------------------------------------------------ starting

    def _announce_start(self):
        """Write down that the cloud is about to be asked; return whether it may be."""
        self.ensure_one()
        # Full ones are counted over all accounts of a tax number: these wait for each other.
        for account_id in self._accounts_to_lock():
            self.env["fapiao.outbound"]._lock_account(account_id)

        if refusals := self._own_refusals():
            self._fail("\n".join([*([self.message] if self.message else []), *refusals]))
            return False
        if not self.account_id._take_pace(1):
            words = self.env._(
                "The calls that the tax bureau allows are used up; the pull resumes automatically."
            )
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

    def _accounts_to_lock(self):
        if self.kind != FULL:
            return self.account_id.ids
        # sudo: the cloud counts over all companies with this tax number
        accounts = self.env["fapiao.account"].sudo().with_context(active_test=False)
        return accounts.search([("tax_no", "=", self.tax_no)], order="id").ids

    def _note_started(self, task_no):
        self.write({"is_starting": False, "task_no": task_no, "page": 0, "message": False, "tries": 0})

    def _note_not_started(self, error):
        """The cloud was asked to begin and said no, or nobody knows what it said."""
        self.ensure_one()
        self.is_starting = False
        if not isinstance(error, errors.OutcomeUnknown):
            self.start_count -= 1
            self._note_error(error)
        elif error.code == "unknown_shape":
            self._fail(self.account_id._say(error))
        elif self.kind == FULL:
            self._wait_or_fail(
                self.env._(
                    "The answer to the start of this full pull was lost. It counts as one of the month, and"
                    " is started again as long as there are some left."
                )
            )
        else:
            self._wait_or_fail(self.account_id._say(error))

    # ------------------------------------------------------------------ going on

    def _note_slow(self, text):
        """The task isn't ready (6910): asked again, the more rarely the longer it takes."""
        words = self.env._("The cloud is still collecting what was received.")
        now = fields.Datetime.now()
        wait = min(max((now - self.started_at) / 4, SOON), LONGEST_WAIT / 6)
        self.write(
            {
                "lease_until": False,
                "next_try_at": now + wait,
                "message": "\n".join(filter(None, (words, text))),
            }
        )
        self._wake(self.next_try_at)

    def _note_pause(self, wait=timedelta(0)):
        """Others' turn; it goes on at once after them, or when the pace allows it."""
        if self.state in OPEN_STATES:
            self.write({"lease_until": False, "next_try_at": fields.Datetime.now() + wait})

    def _finish(self):
        self.ensure_one()
        self.env["fapiao"]._resolve(self.company_id.id)
        self.env["fapiao.match"]._match_soon()
        read = self.row_count + self.unread_count
        self.write(
            {
                "state": "done",
                "done_at": fields.Datetime.now(),
                **dict.fromkeys(("lease_until", "next_try_at"), False),
                "message": read < self.total
                and self.env._(
                    "The cloud told of %(total)s fapiao and handed out %(read)s.", total=self.total, read=read
                ),
            }
        )

    def _keep_unread(self, unread):
        """Keep rows the cloud's client couldn't read, as they came."""
        kept = (self.unread_text or "").splitlines()
        told = [json.dumps(redact(row), ensure_ascii=False, default=str)[:UNREAD_LENGTH] for row in unread]
        self.write(
            {
                "unread_count": self.unread_count + len(unread),
                "unread_text": "\n".join([*kept, *told][:UNREAD_KEPT]).replace("\x00", ""),
            }
        )

    # ------------------------------------------------------------------ failing

    @api.model
    def _note_failure(self, claim, error):
        """Write down, in a transaction of its own, why the pull can't go on now."""
        engine = self.env["fapiao.engine"]
        self.env["fapiao.account"].browse(claim.account_id)._note_need_apart(error)
        engine._step(functools.partial(on_pull, claim.pull_id, "_note_error", error))

    def _note_error(self, error):
        self.ensure_one()
        if self.state not in OPEN_STATES:
            return  # another worker took over and was faster
        words = self.account_id._say(error)
        match error:
            case errors.LoginRequired():
                self.write(
                    {"needs_person": True, "message": words, "lease_until": False, "next_try_at": False}
                )
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
        """Go on after ``span``; ``tries``: how many there were, one more than before unless it is given."""
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
        self.write(
            {"state": "failed", "lease_until": False, "next_try_at": False, "message": words, "tries": 0}
        )

    # ------------------------------------------------------------------ waking

    @api.model
    def _wake(self, at=None):
        # sudo: an issuer may start the background run without being allowed to edit scheduled actions
        self.env.ref("l10n_cn_invoice_cloud.cron_inbound").sudo()._trigger(at=at)
