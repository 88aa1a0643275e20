"""Model ``fapiao``: a queue of fapiao to be queried because they may have been reversed or voided elsewhere.

A callback puts fapiao there, and the monthly status check before the VAT return. A callback is not trusted:
the cloud is queried by number. Any answer ends it; without one the query is repeated with growing delays, up
to a limit. If a red fapiao was named, it is queried first: it names its original, which may not name the red
one.
"""

import functools
import logging
import math
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.tools import SQL

from ...clouds import base
from ...clouds.errors import CloudError, OutcomeUnknown, PaceUsedUp, Patience
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import BACKGROUND, QUESTION
from ..values import LIVING, SHANGHAI, naive
from .fapiao_callback import OWN_STAGES

_logger = logging.getLogger(__name__)

FIRST_WAIT = timedelta(minutes=1)
LAST_WAIT = timedelta(hours=6)
MAX_TRIES = 10
MONTHS_BETWEEN = 3  # checks of fapiao issued before the previous month
QUEUED_LEAST, QUEUED_MOST = 20, 500  # per hour


class Fapiao(models.Model):
    _inherit = "fapiao"

    refresh_at = fields.Datetime(
        "Ask Again At", readonly=True, copy=False, help="The cloud is said to have news of this fapiao."
    )
    refresh_tries = fields.Integer(readonly=True, copy=False)
    refresh_red = fields.Char(readonly=True, copy=False, help="The fapiao that is said to reverse it.")
    refresh_itself = fields.Boolean(
        readonly=True, copy=False, help="Asked about itself next, not about the one said to reverse it."
    )
    refresh_is_look = fields.Boolean(readonly=True, copy=False, help="Queued by the monthly look.")
    refresh_callback_ids = fields.Many2many(
        "fapiao.callback",
        "fapiao_refresh_callback_rel",
        "fapiao_id",
        "callback_id",
        readonly=True,
        copy=False,
    )

    _refresh_due = models.Index("(refresh_at, id) WHERE refresh_at IS NOT NULL")

    looked_at = fields.Datetime(
        "Last Monthly Look", readonly=True, copy=False, help="When the monthly look last had it asked about."
    )

    _to_look_at = models.Index(
        "(account_id, issue_date) WHERE direction = 'out' AND color = 'blue' AND status IN ('normal', 'partly_red')"
    )

    # ------------------------------------------------------------------ queueing

    def _want_refresh(self, callback, red_number=""):
        """Queue these fapiao because of ``callback``, unless queued already.

        ``red_number``: the fapiao that reverses them according to the callback, or "".
        """
        now = fields.Datetime.now()
        for fapiao in self:
            queued = {} if fapiao.refresh_at else {"refresh_at": now, "refresh_tries": 0}
            fapiao.write(
                {
                    **queued,
                    "refresh_is_look": False,
                    **({"refresh_red": red_number, "refresh_itself": False} if red_number else {}),
                    "refresh_callback_ids": [Command.link(callback.id)],
                }
            )
        if self:
            self.env["fapiao.task.mixin"]._wake_reconciler()

    def _queue_refresh(self, issued):
        self.ensure_one()
        self.write(
            {
                "refresh_at": self.refresh_at or fields.Datetime.now(),
                "refresh_tries": 0,
                "refresh_red": issued.reversed_by or self.refresh_red,
                "refresh_itself": False,
            }
        )
        self.env["fapiao.task.mixin"]._wake_reconciler()

    # ------------------------------------------------------------------ the scheduled run

    @api.model
    def _refresh_queued(self, batch):
        """Query due fapiao in batches, as long as the scheduler grants time."""
        engine, cron = Engine(self.env), self.env["ir.cron"]
        while claimed := engine._step(lambda env: env["fapiao"]._claim_refresh(batch)):
            for (account_id, is_look), questions in claimed.items():
                self._ask_account(account_id, questions, BACKGROUND if is_look else QUESTION)
            if not cron._commit_progress(sum(map(len, claimed.values()))):
                self.env["fapiao.task.mixin"]._wake_reconciler()
                return

    @api.model
    def _claim_refresh(self, limit):
        """Postpone the next try; return ``{(account id, is monthly check): [(id, what to query by)]}``."""
        due = self.search(
            [("refresh_at", "<=", fields.Datetime.now()), *self._domain_askable()],
            order="refresh_is_look, refresh_at, id",
            limit=limit,
        )
        if not due:
            return {}
        self.env.cr.execute(
            SQL("SELECT id FROM fapiao WHERE id IN %s FOR UPDATE SKIP LOCKED", tuple(due.ids)),
            log_exceptions=False,
        )
        locked = self.browse(row[0] for row in self.env.cr.fetchall())
        now = fields.Datetime.now()
        for fapiao in locked:
            wait = min(FIRST_WAIT * 2 ** min(fapiao.refresh_tries, 10), LAST_WAIT)
            fapiao.write({"refresh_tries": fapiao.refresh_tries + 1, "refresh_at": now + wait})
        return {
            (account.id, is_look): [(one.id, one._refresh_by()) for one in own]
            for (account, is_look), own in locked.grouped(lambda one: (one.account_id, one.refresh_is_look)).items()
        }

    def _refresh_by(self):
        """Return the arguments of ``Cloud.find`` by which the bureau is asked: for this fapiao or the red one named."""
        self.ensure_one()
        is_red = not self.refresh_itself and self.refresh_red
        return {"number": self.refresh_red} if is_red else self._asked_by()

    @api.model
    def _ask_account(self, account_id, questions, purpose):
        """Query ``[(id, what to query by)]`` at one account as long as its cloud can be called; process each answer."""
        engine = Engine(self.env)
        account = self.env["fapiao.account"].browse(account_id)
        try:
            answers, ended_by = engine._ask(account, functools.partial(ask_all, questions), purpose=purpose)
        except CloudError as error:
            answers, ended_by = [], error
        if ended_by:
            account._record_need_in_new_transaction(ended_by)
            unasked = [fapiao_id for fapiao_id, _asked in questions[len(answers) :]]
            engine._step(lambda env: env["fapiao"]._postpone_refresh(account_id, unasked, ended_by, purpose))
        for fapiao_id, number, answer in answers:
            try:
                engine._step(functools.partial(note_answer, fapiao_id, number, answer))
            except Exception:
                # it stays queued, and is given up after a number of tries
                _logger.exception("Fapiao: what the cloud says of fapiao %s could not be noted", fapiao_id)

    @api.model
    def _postpone_refresh(self, account_id, fapiao_ids, error, purpose):
        """See :meth:`_postpone_queue`. If only background calls are exhausted, the others stay."""
        is_looks_only = isinstance(error, PaceUsedUp) and purpose == BACKGROUND
        others = SQL("(refresh_is_look OR NOT %s)", is_looks_only)
        until = self._postpone_queue(
            account_id, fapiao_ids, error, "refresh_at", "refresh_tries", SQL("refresh_at IS NOT NULL"), others
        )
        self.env["fapiao.task.mixin"]._wake_reconciler(at=until)

    # ------------------------------------------------------------------ answers

    def _record_refresh(self, asked, answer):
        """Act on the ``answer`` to the query for number ``asked``: a value of the contract or ``CloudError``."""
        self.lock_for_update()
        if not self.refresh_at:
            return
        match answer:
            case base.Issued() if answer.number == self.number:
                self._take_refresh(answer)
            case base.Issued() if answer.color == "red" and (blue := self._reversed_of(answer)):
                red = blue._adopt_red(answer)
                said = self.env._(
                    "%(blue)s: reversed by red fapiao %(red)s, as the cloud confirms.",
                    blue=blue.number,
                    red=red.number,
                )
                self._end_refresh(said)
            case base.Issued() | base.NotFound() if asked != self.number:
                # not found: the cloud's answer about the fapiao itself counts
                self.write({"refresh_itself": True, "refresh_at": fields.Datetime.now()})
            case _:
                self._refresh_later()

    def _reversed_of(self, red):
        """Return the fapiao of this account that ``red`` (``Issued``) reverses."""
        if not red.original_number:
            return self.browse()
        return self.search(
            [
                *self._same_register(),
                ("account_id", "=", self.account_id.id),
                ("color", "=", "blue"),
                ("number", "=", red.original_number),
            ]
        )

    def _take_refresh(self, found):
        """Take over the cloud's data of this fapiao, and query the red one if it names one."""
        before = self.status
        self._take_over(found)
        if self.status != before and self.status not in LIVING:
            self._notify_documents()
        known = self.red_ids.mapped("number")
        if found.reversed_by and found.reversed_by not in known and self.refresh_red != found.reversed_by:
            now = fields.Datetime.now()
            self.write({"refresh_red": found.reversed_by, "refresh_itself": False, "refresh_at": now})
        elif self.status == "red" and self.refresh_red and self.refresh_red not in known:
            # the status is true; the red fapiao may show a little later
            self.refresh_itself = False
            self._refresh_later()
        else:
            self._end_refresh(self._describe_refreshed(before))

    def _describe_refreshed(self, before):
        status = dict(self._fields["status"]._description_selection(self.env))[self.status]
        if self.status == before:
            return self.env._("%(number)s: asked; it stands as it did (%(status)s).", number=self.number, status=status)
        return self.env._("%(number)s: now “%(status)s” at the tax bureau.", number=self.number, status=status)

    def _notify_documents(self):
        status = dict(self._fields["status"]._description_selection(self.env))[self.status]
        for document in [*self.move_ids, *self.order_ids]:
            document._message_log(
                body=self.env._(
                    "Fapiao %(number)s is now “%(status)s” at the tax bureau; it was not done from here.",
                    number=self.number,
                    status=status,
                )
            )

    # ------------------------------------------------------------------ end of a query

    def _refresh_later(self):
        """Query again later (the claim has set the time), or give up."""
        if self.refresh_tries >= MAX_TRIES:
            self._end_refresh(
                self.env._(
                    "%(number)s: the cloud gave no clear answer in %(tries)s attempts. Refresh the fapiao by"
                    " hand, or look it up in the cloud.",
                    number=self.number,
                    tries=self.refresh_tries,
                )
            )
        else:
            self.env["fapiao.task.mixin"]._wake_reconciler(at=self.refresh_at)

    def _end_refresh(self, said):
        """Remove the fapiao from the queue and store the result on the callbacks."""
        for callback in self.refresh_callback_ids:
            callback.message = "\n".join(filter(None, [callback.message, said]))
        self.write(
            {
                "refresh_at": False,
                "refresh_red": False,
                "refresh_itself": False,
                "refresh_is_look": False,
                "refresh_callback_ids": [Command.clear()],
            }
        )

    # ------------------------------------------------------------------ monthly status check

    # Before the VAT return, for reversals and voidings made elsewhere: the valid blue fapiao of the previous month,
    # and once a quarter earlier ones, are queued from the first of the month (in China), distributed over the hours
    # until the account's day.

    @api.model
    def _queue_looks(self):
        """Queue what is due for the monthly check, account by account."""
        # fapiao issued through an archived account can be reversed as well
        accounts = self.env["fapiao.account"].with_context(active_test=False)
        for account_id in accounts.search([("recheck_day", ">", 0)]).ids:
            try:
                Engine(self.env)._step(lambda env, id_=account_id: env["fapiao"]._queue_looks_of(id_))
            except Exception:
                _logger.exception("Fapiao: the monthly look of account %s could not be queued", account_id)

    @api.model
    def _queue_looks_of(self, account_id):
        account, month = self.env["fapiao.account"].browse(account_id), Month(now_in_china())
        if not account._needs_person():
            self._queue_due(account, month)
        if month.day > account.recheck_day and account.recheck_told_on != month.first:
            unasked = SQL("issue_date >= %s AND COALESCE(checked_at, '-infinity') < %s", month.before, month.start)
            if count := self._count_living(account, month, unasked):
                account._notify_look_unfinished(count, month)

    @api.model
    def _queue_due(self, account, month):
        """Queue a share of what is due, so that the rest can follow until the account's day."""
        due = SQL(
            """refresh_at IS NULL AND CASE WHEN issue_date >= %s
               THEN COALESCE(GREATEST(checked_at, looked_at), '-infinity') < %s
               ELSE COALESCE(GREATEST(checked_at, looked_at), issued_at) < %s END""",
            *(month.before, month.start, month.quarter),
        )
        if not (count := self._count_living(account, month, due)):
            return
        share = math.ceil(count / month.hours_until(account.recheck_day))
        self.env.cr.execute(
            SQL(
                "SELECT id FROM fapiao WHERE %s AND %s ORDER BY issue_date < %s, checked_at NULLS FIRST, id"
                " LIMIT %s FOR UPDATE SKIP LOCKED",
                *(self._living_before(account, month), due, month.before),
                min(max(share, QUEUED_LEAST), QUEUED_MOST),
            ),
            log_exceptions=False,
        )
        now = fields.Datetime.now()
        self.browse(row[0] for row in self.env.cr.fetchall()).write(
            {"refresh_at": now, "refresh_tries": 0, "refresh_is_look": True, "looked_at": now}
        )
        self.env["fapiao.task.mixin"]._wake_reconciler()

    @api.model
    def _count_living(self, account, month, condition):
        living = self._living_before(account, month)
        self.env.cr.execute(SQL("SELECT count(*) FROM fapiao WHERE %s AND %s", living, condition))
        return self.env.cr.fetchone()[0]

    @api.model
    def _living_before(self, account, month):
        """Return the condition of the valid fapiao that ``account`` issued before ``month``."""
        self.flush_model()
        return SQL(
            "account_id = %s AND direction = 'out' AND color = 'blue' AND status IN %s AND issue_date < %s",
            *(account.id, LIVING, month.first),
        )

    # ------------------------------------------------------------------ fapiao named by callbacks

    def _may_have_changed(self, told):
        """Return whether a reported reversal or voiding is possible, and neither our own nor known from one of
        ``told``, the red fapiao it names.
        """
        self.ensure_one()
        if told & set(self.red_ids):
            return False
        stages = self.red_form_ids.filtered("is_open").mapped("stage")
        return self._is_living() and not any(stage in OWN_STAGES for stage in stages)


def ask_all(questions, cloud):
    """Return ``[(id, number, answer)]`` of ``[(id, arguments of find)]`` as far as the cloud could be queried, and
    the ``CloudError`` that ended it, or None. An answer may be a ``CloudError``.
    """
    answers, patience = [], Patience()
    for fapiao_id, asked in questions:
        number = asked["number"]
        try:
            answer = cloud.find(**asked)
        except CloudError as error:
            answer = error
        is_over = patience.is_over(answer if isinstance(answer, CloudError) else None)
        if not is_over or isinstance(answer, OutcomeUnknown):
            answers.append((fapiao_id, number, answer))
        if is_over:
            return answers, answer
    return answers, None


# ------------------------------------------------------------------ steps of the engine


def note_answer(fapiao_id, number, answer, env):
    fapiao = env["fapiao"].browse(fapiao_id)
    lang = env.lang or fapiao.account_id._first_manager().lang
    fapiao.with_context(lang=lang)._record_refresh(number, answer)


class Month:
    """The month in China at ``now``, with the dates used by the monthly check."""

    def __init__(self, now):
        start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self.now = now
        self.day = now.day
        self.first = start.date()
        self.start = naive(start)  # the database's time of its start
        self.before = self.first - relativedelta(months=1)
        # what was queried in a month is due again after MONTHS_BETWEEN
        self.quarter = naive(start - relativedelta(months=MONTHS_BETWEEN - 1))

    def hours_until(self, day):
        """Return the hours until the end of a ``day`` of the month, at least one."""
        end = self.now.replace(day=day, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return max((end - self.now) / timedelta(hours=1), 1)


def now_in_china():
    return datetime.now(SHANGHAI)
