"""Watching forms that wait for the other side: asking, reminding, and the end of their 72 hours.

A form that has ended, or outlived its 72 hours, is never asked about: at 票单云 the question is the
application, and might apply anew. So the clock decides, after a last look shortly before.
"""

import functools
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..clouds import base, errors
from ..rules.red_document import RedForm
from ..rules.red_forms import LAPSED
from .fapiao_notes import as_html
from .fapiao_outbound_run import click_end

PROBLEM = "l10n_cn_invoice_cloud.activity_fapiao_problem"
DEADLINE = "l10n_cn_invoice_cloud.activity_red_form_deadline"
LOOK_FIRST = timedelta(minutes=1)
LOOK_LAST = timedelta(hours=1)
LOOK_FOR_RED = timedelta(hours=6)
LAST_LOOK = timedelta(minutes=5)  # before the deadline
REMIND = (timedelta(days=2), timedelta(days=1))  # before the deadline
NEWS = ("_lock_for_news", "_claim_questions")  # of a turn, see fapiao_outbound_run


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    # ------------------------------------------------------------------ scheduled run

    @api.model
    def _watch_forms(self, batch, go_on):
        """Ask how waiting forms stand, let those lapse whose time is over, and remind."""
        engine = self.env["fapiao.engine"]
        engine._step(end_by_clock)
        waiting = [
            ("state", "=", "issued"),
            ("stage", "in", ("waiting", "confirmed")),
            ("next_try_at", "<=", self._now()),
        ]
        self._run_due(NEWS, waiting, batch, go_on)
        engine._step(remind)

    @api.model
    def _attempt(self, ids, until=None):
        """Go as far as it goes in one click: form, red fapiao, and what follows it."""
        until = until or click_end()
        attempted = super()._attempt(ids, until)
        self._run_for_ids(ids, NEWS, until)
        self._attempt_requests(ids, "request_ids", until)
        self.browse(ids)._follow_up_apart()
        self._attempt_requests(ids, "rest_request_ids", until)
        return attempted

    @api.model
    def _attempt_requests(self, ids, field, until):
        """Send the requests that the forms have led to meanwhile."""
        requests = self.env["fapiao.engine"]._step(functools.partial(requests_of, ids, field))
        self.env["fapiao.request"]._attempt(requests, until)

    # ------------------------------------------------------------------ asking

    def _hint(self):
        """News may be of a form that waits for the other side as well."""
        result = super()._hint()
        watched = self.filtered(
            lambda form: form.state == "issued" and form.stage in ("waiting", "confirmed")
        )
        if watched:
            watched.write({"next_try_at": self._now()})
            self._wake_reconciler()
        return result

    @api.model
    def _lock_for_news(self, account, limit, ids=None):
        """Lock and return the forms whose state at the bureau is due for a look."""
        now = self._now()
        waiting = SQL(
            "state = 'issued' AND stage IN ('waiting', 'confirmed') AND next_try_at <= %s"
            " AND (deadline IS NULL OR deadline > %s)",
            now,
            now,
        )
        return self._lock_questions(waiting, account, limit, ids)

    def _postpone(self, error):
        if self.state != "issued":
            return super()._postpone(error)
        return self._look_later()

    def _apply_news(self, meaning):
        """Act on an answer about a form that is known to be at the bureau."""
        if not self.is_open:
            return
        match meaning:
            case RedForm():
                self._accept(meaning)
                return
            case base.Issued() if meaning.number == self.fapiao_id.number and meaning.reversed_by:
                # the seller has issued it: the next question is for the red fapiao itself
                self.write({"lookup_number": meaning.reversed_by, "next_try_at": self._now()})
                self._wake_reconciler()
                return
            case base.Issued() if meaning.number == self.lookup_number:
                self.fapiao_id._adopt_red(meaning)
                return
            case errors.LoginRequired():
                self.account_id._note_need(meaning.need, meaning)
        self._look_later()

    def _look_later(self):
        """Set the next look: ever more patiently, but once more shortly before the deadline."""
        now = self._now()
        patience = min(LOOK_FIRST * 2 ** min(self.tries, 10), LOOK_LAST)
        at = now + (LOOK_FOR_RED if self.stage == "confirmed" else patience)
        if self.deadline:
            last_look = self.deadline - LAST_LOOK
            at = min(at, last_look if now < last_look else self.deadline)
        self.next_try_at = at
        self._wake_reconciler(at=at)

    # ------------------------------------------------------------------ telling people

    def _tell_end(self):
        """Tell whoever asked that the form has ended without a red fapiao, and what is left."""
        self._close_activities()
        summary = self.env._(
            "Fapiao %(number)s was not reversed: %(stage)s",
            number=self.fapiao_id.number,
            stage=dict(self._fields["stage"]._description_selection(self.env))[self.stage],
        )
        self.activity_schedule(PROBLEM, summary=summary, note=as_html(self.advice), user_id=self.user_id.id)
        for move in self.move_ids:
            move.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
                body=as_html(f"{summary}. {self.advice or ''}")
            )

    def _settled(self):
        """Tell the person who asked, where the application can't go on by itself."""
        if self.state in ("rejected", "manual"):
            self._tell_end()

    def _remind(self):
        """Remind of the deadline, once for each of :data:`REMIND`."""
        left = self.deadline - fields.Datetime.now()
        due = sum(left <= before for before in REMIND)
        if due <= self.reminders:
            return
        self._close_activities()
        self.activity_schedule(
            DEADLINE,
            date_deadline=fields.Datetime.context_timestamp(self, self.deadline).date(),
            summary=self.env._(
                "Red form %(form)s lapses in %(hours)s hours",
                form=self.number,
                hours=int(left.total_seconds() // 3600),
            ),
            note=as_html(self.advice),
            user_id=self.user_id.id,
        )
        self.reminders = due

    def _close_activities(self):
        self.activity_unlink([PROBLEM, DEADLINE])


# What the engine runs in transactions of its own; the environment is that transaction's.


def end_by_clock(env):
    """Let the forms lapse whose 72 hours are over."""
    due = env["fapiao.red.form"].search(
        [("stage", "=", "waiting"), ("deadline", "<=", fields.Datetime.now())]
    )
    for form in due:
        spoken = form._in_reader_language()
        spoken.write({"bureau_state": LAPSED, "next_try_at": False, "bureau_text": False})
        spoken._go_on()


def remind(env):
    soon = fields.Datetime.now() + max(REMIND)
    for form in env["fapiao.red.form"].search(
        [("stage", "=", "waiting"), ("deadline", "<=", soon), ("reminders", "<", len(REMIND))]
    ):
        form._in_reader_language()._remind()


def requests_of(form_ids, field, env):
    return env["fapiao.red.form"].browse(form_ids)[field].ids
