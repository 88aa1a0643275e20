"""Mixin ``fapiao.task.mixin``: states of every document with an effect at the cloud, and how answers change them.

::

    draft → queued → sending → done           (a request: issued)
               ↑        ├→ pending        accepted, result later           → done | rejected
               │        ├→ rejected       final, a corrected copy gets a new id
               │        ├→ waiting_login  resumes automatically after log-in
               └────────┴→ unknown        answer lost: query by the same id → done | queued | manual
    draft | queued | waiting_login → withdrawn

See docs/architecture.md#states. Sections: hooks, queueing, claiming, answers, state changes, runs by click and by
scheduler.
"""

import json
import logging
import math
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...clouds import base, errors, fence
from ...clouds.canonical import fingerprint
from ...clouds.words import explain
from ...clouds.writing import uid_of
from . import gate
from .engine import Engine, Job, Turn
from .fapiao_pace import ISSUE, QUESTION

_logger = logging.getLogger(__name__)

STATES = [
    ("draft", "Draft"),
    ("queued", "Queued"),
    ("sending", "Sending"),
    ("pending", "In progress at the cloud"),
    ("done", "Done"),
    ("rejected", "Rejected"),
    ("waiting_login", "Waiting for log-in"),
    ("unknown", "Outcome unknown"),
    ("manual", "Needs a decision"),
    ("withdrawn", "Withdrawn"),
]


def states(final="done", **labels):
    """Return the selection of a model whose last state is called ``final``; ``labels`` are those that differ."""
    codes = [(final if code == "done" else code, label) for code, label in STATES]
    return [(code, labels.get(code, label)) for code, label in codes]


OPEN_STATES = ("queued", "sending", "pending", "waiting_login", "unknown", "manual")
ATTENTION_STATES = ("unknown", "manual", "rejected", "waiting_login")
# Task models beside requests and red forms, in the order in which they are sent and queried
OTHERS = ("fapiao.withdrawal", "fapiao.red.withdrawal", "fapiao.marking", "fapiao.assistant.update")
UNSENT_STATES = ("draft", "queued", "waiting_login")  # unless in doubt: sent before, outcome unknown
DEAD_STATES = ("rejected", "withdrawn")
CLICK_TIME = timedelta(seconds=20)  # reserved for the click's own attempt
HOLD_AT_ONCE = 1000
NO_ERROR = {"error_message": False, "error_fix": False, "cloud_code": False, "cloud_text": False}
QUERY_SOON = timedelta(seconds=15)
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
MAX_RESENDS = 2  # after which a task that the cloud reports as unknown is left to a person
PENDING_LIMIT = timedelta(days=3)
# Times after the end at which a document that may have been sent is queried again
WATCH = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
NOT_SENT = ("not_sent", "rate_limited")  # outcomes of calls that didn't leave, where nothing answered them
OUT_STATES = ("queued", "sending")  # not queried before the answer to the call itself is in
ASKED_STATES = ("pending", "unknown")
CLICK_SECONDS = CLICK_TIME.total_seconds()  # after which a click starts no more calls
CLICK_ROUNDS = 3  # one with an expired token, one that queries the ID, one that sends
CLICK_LIMIT = 3  # documents a click sends itself; more are left to the dispatcher, with progress shown
# Methods of a turn: the one that locks the due records, the one that claims them
SENDING = ("_lock_to_send", "_claim_orders")
ASKING = ("_lock_to_ask", "_claim_questions")
WATCHING = ("_lock_watched", "_claim_questions")


class FapiaoTaskMixin(models.AbstractModel):
    _name = "fapiao.task.mixin"
    _description = "Fapiao: document with an effect at the cloud"
    _part = ""  # endpoint of the account, see clouds.base.part_of
    _is_watched = False  # whether an ended or manual one can be queried without effect
    _purpose = ISSUE  # of its calls with effect, see fapiao.pace
    _final_state = "done"  # the call took effect; of a request "issued"

    account_id = fields.Many2one("fapiao.account", required=True, index=True, ondelete="restrict", check_company=True)
    company_id = fields.Many2one("res.company", required=True, index=True)
    user_id = fields.Many2one(
        "res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user
    )
    operation = fields.Char(required=True, readonly=True)
    request_uid = fields.Char(
        "Request ID",
        readonly=True,
        copy=False,
        help="Sent with every attempt at this request, so that the cloud can tell a repetition from a second order.",
    )
    payload = fields.Text(readonly=True, copy=False, help="What is sent, frozen when the request was made.")
    payload_hash = fields.Char("SHA-256", readonly=True, copy=False)
    identity = fields.Char(
        readonly=True, copy=False, help="Fingerprint of who the account was when the payload was frozen."
    )
    # each model has its own list; Odoo warns of one that overrides another
    state = fields.Selection(lambda self: STATES, required=True, default="draft", readonly=True, copy=False, index=True)
    next_try_at = fields.Datetime("Next Try", readonly=True, copy=False)
    lease_until = fields.Datetime(readonly=True, copy=False)
    tries = fields.Integer("Attempts", readonly=True, copy=False)
    resends = fields.Integer(readonly=True, copy=False)
    in_doubt = fields.Boolean(readonly=True, copy=False, help="The outcome of an attempt was unknown at least once.")
    was_sent = fields.Boolean(
        readonly=True, copy=False, help="An attempt may have reached the cloud, whatever it answered."
    )
    is_asking_first = fields.Boolean(
        readonly=True, copy=False, help="It is asked about before it is sent, not because an answer was lost."
    )
    queued_at = fields.Datetime(readonly=True, copy=False, help="Since when it waits to be sent.")
    asked_first = fields.Boolean(
        readonly=True, copy=False, help="Since the last attempt the cloud has said that it doesn't know this ID."
    )
    unknown_since = fields.Datetime(readonly=True, copy=False)
    watch_at = fields.Datetime(
        "Ask Again At",
        readonly=True,
        copy=False,
        help="It has ended here; the cloud is asked once more whether it led to something after all.",
    )
    watch_round = fields.Integer(readonly=True, copy=False)
    hinted_at = fields.Datetime(
        "News Since", readonly=True, copy=False, help="The cloud has said that there are news; not asked yet."
    )
    lookup_number = fields.Char(
        readonly=True, copy=False, help="The fapiao to ask about next, where the ID alone doesn't lead to it."
    )
    error_message = fields.Text("What Happened", readonly=True, copy=False)
    error_fix = fields.Text("What To Do", readonly=True, copy=False)
    cloud_code = fields.Char("Cloud's Code", readonly=True, copy=False)
    cloud_text = fields.Text("Cloud's Words", readonly=True, copy=False)

    @api.model
    def _watched_states(self):
        """Return the states of records that are queried at ``watch_at``."""
        return (*DEAD_STATES, "manual", self._final_state)

    # ------------------------------------------------------------------ hooks of concrete models

    def _accept(self, result):
        """Take over a result of the call with effect: ``Issued`` or ``Pending``."""
        raise NotImplementedError

    def _adopt(self, found):
        """Take over an ``Issued`` that was found by ID; return what contradicts it as text, or ""."""
        raise NotImplementedError

    def _on_final_state(self):
        """Called in a final state and in states in which only a user can act."""

    def _can_be_given_up(self):
        """Return whether a user may withdraw this record, i.e. no cloud can know it."""
        return self.state in UNSENT_STATES and not self.in_doubt

    @api.model
    def _now(self):
        """Return the database's time, in whole seconds (UTC, naive), since the clocks of servers may differ."""
        self.env.cr.execute("SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC')")
        return self.env.cr.fetchone()[0]

    # ------------------------------------------------------------------ queueing

    def _identify(self):
        """Set the ID of new records."""
        database = self._database_uuid()
        for record in self:
            record.request_uid = record._make_uid(database)

    @api.model
    def _database_uuid(self):
        # sudo: issuers may not read system parameters
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _make_uid(self, database):
        """Return "tax number_record part", at most 40 characters, with the document's number in it."""
        return uid_of(self.account_id.tax_no, self._seed_of_uid(database), self._number_to_show())

    def _number_to_show(self):
        """Hook: return the number of the document by which people look for this record at the cloud."""
        return ""

    def _seed_of_uid(self, database):
        """Return what the ID is computed from: database and record, so that a repeated attempt repeats it."""
        return f"{database}/{self._name}/{self.id}"

    def _freeze(self, document):
        """Freeze ``document`` as payload of this record's ID (T0)."""
        self.ensure_one()
        words = self.account_id._words(self._part)
        payload = words.freeze(self.operation, document, self.request_uid)
        self.write(
            {
                "payload": json.dumps(payload, ensure_ascii=False),
                "payload_hash": fingerprint(payload),
                "identity": self.account_id._identity_fingerprint(self._part),
            }
        )

    def _is_for_another_identity(self):
        """Return whether the account's identity has changed since this record was frozen, as by SQL, import
        or neutralization of a copy: it must not be sent or queried through it.
        """
        self.ensure_one()
        return bool(self.identity) and self.identity != self.account_id._identity_fingerprint(self._part)

    def _identity_differs_message(self):
        """Return ``(message, fix)`` for a record that :meth:`_is_for_another_identity`."""
        return (
            self.env._(
                "Account %s is no longer the account that this was prepared for: address, tax number or user"
                " differ. Nothing is sent to it and nothing is asked there.",
                self.account_id.display_name,
            ),
            self.env._(
                "Look it up in the portal of the cloud that it was prepared for, then decide here what became of it."
            ),
        )

    def _enqueue(self, wake_after=None):
        """Queue the records and trigger the dispatcher; the caller's transaction may still roll back.

        ``wake_after`` (timedelta) leaves the first attempt to the click that has made the records.
        """
        now = self._now()
        self.write({"state": "queued", "next_try_at": now, "queued_at": now, **NO_ERROR})
        self._wake_dispatcher(at=now + (wake_after or timedelta(0)))

    @api.model
    def _wake_dispatcher(self, at=None):
        # sudo: issuers may trigger the scheduled action without write access to it
        self.env.ref("l10n_cn_invoice_cloud.cron_dispatch").sudo()._trigger(at=at or self._now())

    @api.model
    def _wake_reconciler(self, at=None):
        # sudo: as above
        self.env.ref("l10n_cn_invoice_cloud.cron_reconcile").sudo()._trigger(at=at or self._now())

    # ------------------------------------------------------------------ claiming: records to send

    @api.model
    def _lock_to_send(self, account, limit, ids=None):
        """Lock and return the queued records of ``account`` that may be sent now.

        At most ``limit``, and no more than the rate limit and the lease allow. ``ids`` restricts it to a
        click's own records, which may be reserved for it. Records locked by other workers are skipped.
        Records that must not be sent yet, or at all, change state with the reason.
        """
        if not account.active:
            # created while the account was being archived: it sends nothing any more
            for record in self._lock_due(SQL("state = 'queued'"), account.id, HOLD_AT_ONCE, ids):
                record._in_reader_language()._end_with_account()
            return self.browse()
        if ids is None and not self._part and account._needs_person():
            return self._hold_for_person(account)
        if ids is None and account._is_left_alone():
            return self.browse()
        until = self._now() + (timedelta(0) if ids is None else CLICK_TIME)
        limit = min(limit, account._calls_that_fit())
        due = self._lock_due(SQL("state = 'queued' AND next_try_at <= %s", until), account.id, limit, ids)
        ready = self.concat(
            *(record for record, is_ready in due._each(lambda one: one._is_ready_to_send(account)) if is_ready)
        )
        return ready[: account._take_pace(len(ready), self._part, self._purpose)]

    def _is_ready_to_send(self, account):
        """Return whether this queued record may be sent now; if not, change its state with the reason."""
        self.ensure_one()
        if self._is_for_another_identity():
            self._need_decision(*self._identity_differs_message())
        elif self._has_waited_too_long(account):
            self._need_decision(
                self.env._("This order has waited for more than %s days, so it is not sent.", account.wait_days),
                self.env._("Check that it is still right. Then ask again to have it sent, or give it up."),
            )
        elif self._must_be_asked_about(account):
            self._ask_first(account)
        else:
            return True
        return False

    def _must_be_asked_about(self, account):
        """Return whether the cloud may know this task: an attempt reached the cloud, whatever the answer, or
        this database was restored from a backup.
        """
        return self._is_watched and not self.asked_first and (self.was_sent or account._asks_first())

    def _has_waited_too_long(self, account):
        waiting_since = self.queued_at or self.create_date
        return waiting_since < self._now() - timedelta(days=account.wait_days)

    def _ask_first(self, account):
        """Query by ID before sending. If the cloud has refused the task before, a "not found" counts at once;
        in a restored database it counts after the grace period, since the bureau may show a fapiao late.
        """
        now = self._now()
        self.write(
            {
                "state": "unknown",
                "is_asking_first": True,
                "next_try_at": now,
                "unknown_since": now - timedelta(days=1) if self.was_sent else account.restored_at,
                "error_message": self.env._("Before it is sent, the cloud is asked whether it has this order already."),
                "error_fix": self.env._("Nothing to do: it is sent as soon as the cloud says that it has not."),
            }
        )
        self._wake_reconciler(at=now)

    @api.model
    def _hold_for_person(self, account):
        """Let queued records wait for the log-in that others wait for, instead of sending each to be refused.
        A click still tries, since the user may have logged in elsewhere.
        """
        due = self._lock_due(SQL("state = 'queued'"), account.id, HOLD_AT_ONCE)
        for record in due:
            record._in_reader_language()._set_state("waiting_login", errors.LoginRequired(need=account.session_state))
        return self.browse()

    def _claim_orders(self, account):
        """Log the call of each of these locked records, set their state and return the jobs."""
        jobs = self._open_calls(lambda record: (record.operation, json.loads(record.payload)))
        sent = self.filtered(lambda record: record.state == "queued")
        lease_until = self._now() + account._lease()
        for record in sent:
            record.write(
                {
                    "state": "sending",
                    "lease_until": lease_until,
                    "tries": record.tries + 1,
                    "was_sent": True,
                    "asked_first": False,
                }
            )
        return jobs

    # ------------------------------------------------------------------ claiming: records to query

    @api.model
    def _lock_to_ask(self, account, limit, ids=None):
        """Lock and return the records of ``account`` with unknown outcome that are due for a query."""
        open_ones = SQL("state IN ('unknown', 'pending') AND next_try_at <= %s", self._now())
        return self._lock_questions(open_ones, account, limit, ids)

    @api.model
    def _lock_watched(self, account, limit, ids=None):
        """Lock and return ended records of ``account`` that are due for another query."""
        watched = SQL("state IN %s AND watch_at <= %s", self._watched_states(), self._now())
        return self._lock_questions(watched, account, limit, ids, SQL("watch_at"))

    @api.model
    def _lock_questions(self, condition, account, limit, ids=None, order=None):
        """Lock and return records due for a query, as far as the rate limits of ``account`` allow. They are
        queried only through the account they were made for.
        """
        if ids is None and account._is_left_alone():
            return self.browse()
        due = self._lock_due(condition, account.id, limit, ids, order)
        strangers = due.filtered(lambda record: record._is_for_another_identity())
        strangers.write({"watch_at": False})
        for record in strangers.filtered(lambda record: record.state in OPEN_STATES):
            record._in_reader_language()._need_decision(*record._identity_differs_message())
        due -= strangers
        return due[: account._take_pace(len(due), self._part, QUESTION)]

    def _claim_questions(self, account):
        """Log a query for each of these locked records and return the jobs."""
        self._close_stale_queries()
        words = account._words(self._part)
        jobs = self._open_calls(lambda record: record._question(words))
        now = self._now()
        for record in self:
            # postponed before the call, so that open early rows don't starve later ones
            if record.state in self._watched_states():
                record.write({"watch_at": now + account._lease()})
            else:
                record.write({"next_try_at": now + account._lease(), "tries": record.tries + 1})
        self.filtered("hinted_at").write({"hinted_at": False})
        return jobs

    def _question(self, words):
        """Return ``(operation, payload)`` of the query for this record's outcome; ``words`` is the codec."""
        if self.lookup_number:
            return base.FIND, words.freeze(base.FIND, {"number": self.lookup_number}, "")
        return base.FIND, words.freeze(base.FIND, self._asked_for(), self._uid_to_ask())

    def _uid_to_ask(self):
        """Return the ID to query by."""
        return self.request_uid

    def _asked_for(self):
        """Return what a cloud needs beside the ID to find this record; see ``Cloud.freeze``."""
        return {}

    @api.model
    def _questions(self):
        """Return the operations that :meth:`_question` uses; they may be repeated freely."""
        return (base.FIND,)

    def _outcome(self):
        """Return the known outcome: a query after which it is the same has changed nothing."""
        names = ("state", "stage", "bureau_state", "number", "error_message", "cloud_code", "cloud_text", "is_double")
        known = tuple(self[name] for name in names if name in self._fields)
        facts = self.fapiao_ids.ids if "fapiao_ids" in self._fields else []
        return known, facts

    def _close_stale_queries(self):
        """Repeat queries whose worker died."""
        stale = Domain("operation", "in", self._questions()) & Domain("state", "in", ("sent", "answered"))
        self.env["fapiao.call"].search(self._domain_calls() & stale).write({"state": "lost"})

    def _domain_calls(self):
        return Domain("res_model", "=", self._name) & Domain("res_id", "in", self.ids)

    # ------------------------------------------------------------------ claiming: locks and log rows

    @api.model
    def _expire_leases(self, account_id):
        """Set records whose worker died to ``unknown``, since the call may have been made. A recorded answer
        is applied instead, see ``Engine._sweep_answers``.
        """
        self._lock_account(account_id)
        due = self._lock_due(SQL("state = 'sending' AND lease_until < %s", self._now()), account_id, 500)
        calls = self.env["fapiao.call"].search(due._domain_calls() & Domain("state", "in", ("sent", "answered")))
        answered = calls.filtered(lambda call: call.state == "answered")
        (calls - answered).write({"state": "lost"})
        for record in due.filtered(lambda record: record.id not in answered.mapped("res_id")):
            record._in_reader_language()._set_unknown(errors.OutcomeUnknown(), soon=timedelta(0))

    def _give_up_applying(self):
        """Leave records whose recorded answer can't be applied to a user, if they are still open."""
        if self.state in OPEN_STATES:
            self._need_decision(
                self.env._("The cloud has answered, but the answer could not be processed."),
                self.env._("Look at the last call in the API log and decide what became of the request."),
            )

    @api.model
    def _lock_account(self, account_id):
        """Serialise claims of an account: calls are counted under this lock. The write at the end of a claim
        makes a concurrent transaction fail, so that it is repeated with a new snapshot.
        """
        self._execute_quietly(SQL("SELECT id FROM fapiao_account WHERE id = %s FOR NO KEY UPDATE", account_id))
        self.env.cr.execute(SQL("UPDATE fapiao_account SET claimed_at = %s WHERE id = %s", self._now(), account_id))
        return self.env["fapiao.account"].browse(account_id)

    @api.model
    def _lock_due(self, condition, account_id, limit, ids=None, order=None):
        if limit <= 0:
            return self.browse()
        narrowed = SQL("AND id IN %s", tuple(ids)) if ids is not None else SQL()
        self._execute_quietly(
            SQL(
                "SELECT id FROM %s WHERE account_id = %s AND %s %s ORDER BY %s, id LIMIT %s FOR UPDATE SKIP LOCKED",
                SQL.identifier(self._table),
                account_id,
                condition,
                narrowed,
                order or SQL("next_try_at"),
                limit,
            )
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _execute_quietly(self, query):
        """Run a locking query; a serialization failure isn't logged, since the engine repeats the step."""
        self.env.cr.execute(query, log_exceptions=False)

    def _open_calls(self, call_of):
        """Write a log row for each record and return the jobs; ``call_of(record)`` names the call.

        A record whose call can't be built is left to a user and does not stop the others.
        """
        built = list(self._each(call_of))
        Call = self.env["fapiao.call"]
        calls = Call.create(
            [
                Call._values(record.account_id, operation, payload, record, record.request_uid)
                for record, (operation, payload) in built
            ]
        )
        return [
            Job(call.id, operation, payload, record.request_uid or "")
            for call, (record, (operation, payload)) in zip(calls, built, strict=True)
        ]

    def _each(self, work):
        """Yield ``(record, work(record))``, each in a savepoint; a record that fails is left to a user."""
        for record in self:
            try:
                with self.env.cr.savepoint():
                    result = work(record._in_reader_language())
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:
                _logger.exception("Fapiao: the call of %s %s can't be prepared", self._name, record.id)
                record._in_reader_language()._need_decision(
                    self.env._("The call to the cloud could not be prepared: %s", error),
                    self.env._("Nothing was sent for it now. Correct the cause, then ask again."),
                )
                continue
            yield record, result

    # ------------------------------------------------------------------ rights and locks

    def _lock(self):
        """Lock the records and reread them."""
        self.lock_for_update()
        self.invalidate_recordset()

    def _check_issuer(self):
        gate.check(self, gate.ISSUER)

    def _check_manager(self):
        gate.check(self, gate.MANAGER)

    # ------------------------------------------------------------------ applying an answer

    # To ended documents as well, since a fapiao at the bureau is a fact in every state.

    def _take_facts_from(self, call):
        """Hook: record the fapiao that a stored answer names, before the answer is applied."""

    def _apply_call(self, call):
        """Apply a recorded answer; runs in the engine's transaction."""
        self.ensure_one()
        self.env.cr.execute(SQL("SELECT id FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id))
        self = self._in_reader_language()  # noqa: PLW0642
        meaning = call._meaning()
        if isinstance(meaning, errors.CloudError):
            self.env["fapiao.answer.text"]._note(self.account_id, call.operation, meaning)
        self._apply_meaning(call, meaning)

    def _apply_meaning(self, call, meaning):
        """Act on the ``meaning`` of a call: a value of the contract or a ``CloudError``."""
        if call.operation == base.FIND:
            self._apply_finding(meaning)
        elif not isinstance(meaning, errors.CloudError):
            self._accept(meaning)  # in every state: what exists at the bureau is a fact
        elif call != self._last_attempt():
            return
        elif self.state == "sending":
            self._apply_error(meaning)
        elif self.state == "unknown" and self._never_left(meaning):
            self.in_doubt = False
            self._apply_error(meaning)

    def _never_left(self, error):
        """Return whether a late answer proves that no attempt was sent, neither the last one nor earlier ones."""
        return isinstance(error, errors.NotSent) and not self._has_reached_cloud()

    def _in_reader_language(self):
        """Return the record in the language of its user, who reads the stored messages."""
        return self.with_context(lang=self.user_id.lang or self.env.lang)

    def _last_attempt(self):
        return self.env["fapiao.call"].search(self._domain_attempts(), limit=1)

    def _domain_attempts(self):
        return self._domain_calls() & Domain("operation", "=", self.operation)

    def _apply_error(self, error):
        if error.in_words_only and not isinstance(error, errors.Rejected):
            # the text alone is no proof: the call may have taken effect
            if isinstance(error, errors.LoginRequired):
                self.account_id._record_need(error.need, error)
            self._set_unknown(error)
            return
        match error:
            case errors.NotSent():
                self._record_not_sent()
                self._try_later(error)
            case errors.LoginRequired():
                self._set_state("waiting_login", error)
                self.account_id._record_need(error.need, error)
            case errors.Rejected():
                self._set_state("rejected", error)
            case _:
                self._set_unknown(error)

    def _record_not_sent(self):
        """Reset ``was_sent`` if no attempt was sent."""
        if not self.in_doubt and not self._has_reached_cloud():
            self.was_sent = False

    def _has_reached_cloud(self):
        """Return whether an attempt may have reached the cloud. The meaning of its answer doesn't count: an
        answer "not read" came from the cloud as well.
        """
        reached = Domain("outcome", "=", False) | Domain("outcome", "not in", NOT_SENT) | Domain("http_status", "!=", 0)
        return bool(self.env["fapiao.call"].search_count(self._domain_attempts() & reached, limit=1))

    def _postpone(self, error):
        """Postpone a due record for which no call could be prepared; nothing was claimed or sent."""
        if self.state == "queued":
            self.tries += 1
            self._apply_error(error)
        elif self.state in ASKED_STATES:
            self.tries += 1
            self._schedule_retry(error)
        else:
            self.watch_at = self._now() + BACKOFF_LAST

    def _apply_finding(self, meaning):
        """Act on the answer to a query by ID. Only ``NotFound``, ``Issued`` and ``Bill`` prove something."""
        if self.state in DEAD_STATES:
            self._apply_finding_after_end(meaning)
            return
        if self.state == self._final_state:
            self._verify(meaning)
            return
        if self.state not in ("unknown", "pending", "manual"):
            return
        if isinstance(meaning, errors.LoginRequired):
            self.account_id._record_need(meaning.need, meaning)
        match meaning:
            case base.Issued() | base.Bill():
                if difference := self._adopt(meaning):
                    self._need_decision(difference, self.env._("Compare both and decide; nothing is sent meanwhile."))
            case base.NotFound():
                self._apply_not_found(meaning)
            case base.Pending():
                self._apply_pending(meaning)
            case errors.CloudError():
                self._schedule_retry(meaning)

    def _apply_pending(self, answer):
        """The cloud has it, or doesn't know yet."""
        self._schedule_retry()

    def _apply_not_found(self, answer):
        """Accept "not found" only after the grace period, since the bureau may show a fapiao late."""
        if self.state == "manual":
            self._watch_later()
        elif self.state == "pending" or not self._grace_is_over():
            self._schedule_retry()
        elif self.resends >= MAX_RESENDS:
            self._need_decision(
                self.env._("The cloud does not know this order, although it was sent several times."),
                self.env._("Ask the cloud's support about the request ID before anything else is sent."),
            )
        else:
            self._send_again()

    def _send_again(self):
        # the same ID: if the first call took effect after all, the cloud refuses the second
        if not self.account_id.active:
            self._end_with_account()
            return
        now = self._now()
        self.write(
            {
                "state": "queued",
                "next_try_at": now,
                "queued_at": now,
                "asked_first": True,
                "is_asking_first": False,
                "resends": self.resends + (1 if self.in_doubt else 0),
                "tries": 0,
            }
        )
        self._wake_dispatcher()

    def _end_with_account(self):
        """Withdraw a task that the cloud doesn't know, because its account is archived."""
        self._set_state(
            "withdrawn",
            message=self.env._("Not sent: account %s is archived.", self.account_id.display_name),
            fix=self.env._("Issue again by hand if it is still right."),
        )

    def _grace_is_over(self):
        return self._now() >= (self.unknown_since or self.write_date) + self._grace()

    def _grace(self):
        """Return how late the bureau may show a fapiao, at least the maximum duration of a call."""
        return max(timedelta(minutes=self.account_id.grace_minutes), self.account_id._lease())

    def _verify(self, found):
        """Hook: compare ``found`` with the result of a record that is done already."""

    # ------------------------------------------------------------------ ended documents

    def _apply_finding_after_end(self, meaning):
        """Take over what was found for an ended record, with an alarm if it contradicts later records."""
        match meaning:
            case errors.CloudError():
                if isinstance(meaning, errors.LoginRequired):
                    self.account_id._record_need(meaning.need, meaning)
                self.watch_at = self._now() + self._backoff()
                self._wake_reconciler(at=self.watch_at)
            case base.NotFound():
                self._record_absent()
            case _:
                self._revive(meaning)

    def _record_absent(self):
        """The cloud doesn't know the record at this time."""
        self._watch_later()

    def _revive(self, found):
        """Hook: take over what was found for an ended record."""
        self._watch_later()

    def _watch_after_end(self):
        """Query an ended record again after an hour, a day, a week and a month, if it may have been sent."""
        for record in self.filtered("was_sent") if self._is_watched else ():
            record.write({"watch_round": 0, "watch_at": self._now() + WATCH[0]})

    def _watch_later(self):
        """Schedule the next of these queries; there is none after the last."""
        following = self.watch_round + 1
        is_last = following >= len(WATCH) or not self._is_watched
        self.write(
            {
                "watch_round": following,
                "watch_at": False if is_last else self._now() + WATCH[following] - WATCH[self.watch_round],
            }
        )

    def _watch(self):
        """Query these ended records now, because there is a sign that one of them took effect."""
        ended = self.filtered(lambda record: record.state in (*DEAD_STATES, "manual"))
        if ended and self._is_watched:
            ended.write({"watch_at": self._now()})
            self._wake_reconciler()

    # ------------------------------------------------------------------ hints

    def _hint(self):
        """Query the records now, or after the running call's answer. A hint is kept until the next query
        starts, so that none is lost between a query and its answer.
        """
        heeding = self.filtered(lambda record: record.state in OUT_STATES + ASKED_STATES)
        heeding.write({"hinted_at": self._now()})
        heeding._ask_if_hinted()
        (self - heeding)._watch()

    def _ask_if_hinted(self):
        due = self.filtered(lambda record: record.hinted_at and record.state in ASKED_STATES)
        if due:
            # retries start again, since the cloud's answers may show a change later than its hint
            due.write({"next_try_at": self._now(), "tries": 0})
            self._wake_reconciler()

    # ------------------------------------------------------------------ state changes

    def _set_state(self, state, error=None, message=False, fix=False):
        """Set a state in which no answer is awaited, with the words of ``error``, or ``message`` and cure."""
        words = self._words_of(error) if error else {**NO_ERROR, "error_message": message, "error_fix": fix}
        values = {"state": state, "lease_until": False, "is_asking_first": False, **words}
        if state not in ("unknown", "pending"):
            values["unknown_since"] = False
        if state not in ("unknown", "pending", "queued"):
            values["next_try_at"] = False
        if state in OPEN_STATES or state == self._final_state:
            values["watch_at"] = False
        self.write(values)
        if state in DEAD_STATES:
            self._watch_after_end()
        if state not in ("queued", "unknown", "pending"):
            self._on_final_state()

    def _set_unknown(self, error, soon=QUERY_SOON):
        """Set the outcome to unknown: it is queried by the same ID."""
        words = self._words_of(error)
        self._await_outcome("unknown", soon, **words, in_doubt=True, is_asking_first=False)

    def _requeue_lookup(self):
        """Move a record from manual back to those that are queried."""
        self._set_unknown(errors.OutcomeUnknown(), soon=timedelta(0))

    def _set_pending(self, text=""):
        self._await_outcome("pending", QUERY_SOON, **{**NO_ERROR, "cloud_text": text})

    def _await_outcome(self, state, soon, **values):
        """Query the outcome after ``soon``, and then with growing delays."""
        now = self._now()
        self.write(
            {
                **values,
                "state": state,
                "lease_until": False,
                "tries": 0,
                "unknown_since": now,
                "next_try_at": now + soon,
                "watch_at": False,
            }
        )
        self._wake_reconciler(at=now + soon)
        self._ask_if_hinted()

    def _try_later(self, error):
        """Return the record to the queue under the same ID: this attempt has not reached the cloud."""
        is_token = isinstance(error, errors.TokenRefused) and self.tries <= 1
        told = timedelta(seconds=getattr(error, "retry_after", None) or 0)
        wait = timedelta(0) if is_token else told or self._backoff()
        at = self._now() + wait
        self.write({**self._words_of(error), "state": "queued", "lease_until": False, "next_try_at": at})
        self._wake_dispatcher(at=at)

    def _schedule_retry(self, error=None):
        """Leave the outcome open and query again later, with growing delays."""
        now = self._now()
        if self.state == "manual":
            self._watch_later()
            return
        if now > (self.unknown_since or self.create_date) + PENDING_LIMIT:
            self._need_decision(
                self.env._("The cloud has given no result for three days."),
                self.env._("Look the order up in the cloud's own portal, then decide here what became of it."),
            )
            return
        at = now + self._backoff()
        self.write({"next_try_at": at, **(self._words_of(error) if error else {})})
        self._wake_reconciler(at=at)
        self._ask_if_hinted()

    def _need_decision(self, message, fix):
        """Leave the record to a user. It is still queried occasionally, since a query may settle it."""
        for record in self:
            is_known = record.state == "manual" and record.error_message == message
            record.write(
                {
                    "watch_round": record.watch_round if is_known else 0,
                    "watch_at": self._is_watched and self._now() + WATCH[0],
                    "state": "manual",
                    "lease_until": False,
                    "next_try_at": False,
                    "error_message": message,
                    "error_fix": fix,
                }
            )
            if is_known:
                record._watch_later()
            else:
                record._on_final_state()

    def _backoff(self):
        return min(BACKOFF_FIRST * 2 ** min(max(self.tries - 1, 0), 10), BACKOFF_LAST)

    @api.model
    def _words_of(self, error):
        """Return the error fields for ``error``: message, cure, and the cloud's own text."""
        message, fix = explain(error)
        return {
            "error_message": self.env._(message),
            "error_fix": fix and self.env._(fix),
            "cloud_code": error.code,
            "cloud_text": error.text,
        }

    # ------------------------------------------------------------------ the click

    def _attempt_after_commit(self):
        """Make one bounded attempt after the commit, so that the form shows the result; large batches and
        slow clouds are left to the dispatcher.
        """
        if self and len(self) <= CLICK_LIMIT:
            self._reserve_for_click()
            model, ids = self._name, self.ids
            Engine(self.env)._after_commit(lambda engine: engine.env[model]._attempt_until(click_end(), ids))

    def _reserve_for_click(self):
        """Reserve the click's records, since the dispatcher is triggered by the same commit and would take
        them, so that the form shows no result. The reservation expires, in case the click's worker dies.
        """
        # sudo: users can't write these fields
        queued = self.sudo().filtered(lambda record: record.state == "queued")
        if queued:
            later = self._now() + CLICK_TIME
            queued.write({"next_try_at": later})
            queued._wake_dispatcher(at=later)

    @api.model
    def _attempt_until(self, until, ids):
        """Send and query the records ``ids`` in separate transactions, starting nothing after ``until`` (of
        ``fence.now``), because a web worker is occupied. The caller's transaction reads nothing: its snapshot
        may be older than the records.
        """
        for _round in range(CLICK_ROUNDS):
            self._run_for_ids(ids, SENDING, until)
            self._run_for_ids(ids, ASKING, until)
            if fence.now() > until or not Engine(self.env)._step(lambda env: env[self._name].browse(ids)._is_any_due()):
                break

    def _is_any_due(self):
        """Return whether a record is to be sent right now: nothing was found, or the token was refused."""
        now = self._now()
        return any(record.state == "queued" and record.next_try_at <= now for record in self)

    @api.model
    def _run_for_ids(self, ids, methods, until):
        """Process one turn over the records ``ids`` of any accounts, unless ``until`` has passed."""
        engine = Engine(self.env)
        by_account = engine._step(lambda env: env[self._name].browse(ids)._ids_by_account())
        engine._run([self._turn(methods, id_, len(own), own, until) for id_, own in by_account.items()])

    def _ids_by_account(self):
        return {account.id: records.ids for account, records in self.grouped("account_id").items()}

    @api.model
    def _turn(self, methods, account_id, limit, ids=None, until=math.inf):
        due, claim = methods
        ids = None if ids is None else tuple(ids)
        return Turn(self._name, due, claim, account_id, limit, ids, self._part, until)

    # ------------------------------------------------------------------ scheduled runs

    @api.model
    def _dispatch(self, batch, go_on):
        """Send queued records, all accounts in parallel, ordered by next try. Records to be queried before
        sending are queried, and then sent.
        """
        self._run_due(SENDING, self._domain_to_send(), batch, go_on)
        asking = [*self._domain_to_ask(), ("is_asking_first", "=", True)]
        if self.search_count(asking, limit=1):
            self._run_due(ASKING, asking, batch, go_on)
            self._run_due(SENDING, self._domain_to_send(), batch, go_on)

    @api.model
    def _domain_to_send(self):
        return [("state", "=", "queued"), ("next_try_at", "<=", self._now())]

    @api.model
    def _reconcile(self, batch, go_on):
        """Query records whose answer was lost or comes later."""
        engine = Engine(self.env)
        for account_id in self._accounts_of([("state", "=", "sending"), ("lease_until", "<", self._now())]).ids:
            engine._step(lambda env, id_=account_id: env[self._name]._expire_leases(id_))
        self._run_due(ASKING, self._domain_to_ask(), batch, go_on)
        self._run_due(WATCHING, self._domain_to_watch(), batch, go_on)

    @api.model
    def _domain_to_ask(self):
        return [("state", "in", ("unknown", "pending")), ("next_try_at", "<=", self._now())]

    @api.model
    def _domain_to_watch(self):
        return [("state", "in", self._watched_states()), ("watch_at", "<=", self._now())]

    @api.model
    def _accounts_of(self, domain):
        """Return the accounts of these records, archived ones too: their tasks are still open."""
        # active_test: archived accounts are still queried
        groups = self.with_context(active_test=False)._read_group(domain, ["account_id"])
        return self.env["fapiao.account"].union(*(account for (account,) in groups))

    @api.model
    def _run_due(self, methods, domain, batch, go_on):
        """Process every account with records in ``domain`` until nothing is due or ``go_on`` reports the end
        of the time. An account whose rate limit is reached yields nothing.
        """
        turns = [self._turn(methods, account.id, batch) for account in self._accounts_of(domain)]
        if turns:
            Engine(self.env)._run(turns, go_on)


class Schedule:
    """One run of a scheduled action over several kinds of documents, with common progress.

    ``due`` returns how many documents are due now, ``wake(at)`` triggers the action again at a time.
    """

    def __init__(self, env, due, wake):
        self.env, self.due, self.wake = env, due, wake
        self.cron = env["ir.cron"]
        self.time_left = self.cron._commit_progress(remaining=due())
        self.done = 0

    def go_on(self, done=0):
        """Report ``done`` documents; return whether time remains."""
        self.done += done
        if self.time_left:
            self.time_left = self.cron._commit_progress(done)
        return bool(self.time_left)

    def do(self, work, *args):
        """Do ``work(*args)`` if time remains; a failure does not stop what follows."""
        if not self.time_left:
            return
        try:
            work(*args)
        except Exception:
            # rolled back, so that the following work starts in a clean transaction
            self.env.cr.rollback()
            _logger.exception("Fapiao: a part of the scheduled action failed; the others go on")

    def end(self):
        """Report the remaining documents: the run is repeated at once if time ran out, after a minute if a
        rate limit or a cloud blocks it.
        """
        left = self.due()
        if self.time_left:
            self.cron._commit_progress(remaining=0)
            if left:
                self.wake(at=self.env["fapiao.task.mixin"]._now() + timedelta(minutes=1))
        else:
            self.cron._commit_progress(remaining=left)


def click_end():
    """Return the time (of ``fence.now``) after which a click starts no more calls."""
    return fence.now() + CLICK_SECONDS
