"""What every document with an effect at the cloud shares: its states and how answers move them.

::

    draft → queued → sending → issued
               ↑        ├→ pending        accepted, result later           → issued | rejected
               │        ├→ rejected       final, a corrected copy gets a new id
               │        ├→ waiting_login  resumes by itself after log-in
               └────────┴→ unknown        answer lost: query by the same id → issued | queued | manual
    draft | queued | waiting_login → withdrawn

Source: shared/design.md, "States".
"""

import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..clouds import base, errors
from ..clouds.canonical import fingerprint
from ..clouds.words import explain
from .fapiao_engine import Job

STATES = [
    ("draft", "Draft"),
    ("queued", "Queued"),
    ("sending", "Sending"),
    ("pending", "In progress at the cloud"),
    ("issued", "Issued"),
    ("rejected", "Rejected"),
    ("waiting_login", "Waiting for log-in"),
    ("unknown", "Outcome unknown"),
    ("manual", "Needs a decision"),
    ("withdrawn", "Withdrawn"),
]
OPEN_STATES = ("queued", "sending", "pending", "waiting_login", "unknown", "manual")
ATTENTION_STATES = ("unknown", "manual", "rejected", "waiting_login")
UNSENT_STATES = ("draft", "queued", "waiting_login")  # unless in doubt: sent before, outcome unknown

QUERY_SOON = timedelta(seconds=15)
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
MAX_RESENDS = 2  # an order the cloud twice claims not to know is looked at by a person
MAX_REPLAYS = 3
HOLD_AT_ONCE = 1000
PENDING_LIMIT = timedelta(days=3)


class FapiaoOutbound(models.AbstractModel):
    _name = "fapiao.outbound"
    _description = "Fapiao: document with an effect at the cloud"

    account_id = fields.Many2one(
        "fapiao.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    operation = fields.Char(required=True, readonly=True)
    request_uid = fields.Char(
        "Request ID",
        readonly=True,
        copy=False,
        help="Sent with every attempt at this request, so that the cloud can tell a repetition from a second order.",
    )
    payload = fields.Text(readonly=True, copy=False, help="What is sent, frozen when the request was made.")
    payload_hash = fields.Char("SHA-256", readonly=True, copy=False)
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, copy=False, index=True)
    next_try_at = fields.Datetime("Next Try", readonly=True, copy=False)
    lease_until = fields.Datetime(readonly=True, copy=False)
    tries = fields.Integer("Attempts", readonly=True, copy=False)
    resends = fields.Integer(readonly=True, copy=False)
    in_doubt = fields.Boolean(readonly=True, copy=False, help="The outcome of an attempt was unknown at least once.")
    unknown_since = fields.Datetime(readonly=True, copy=False)
    error_message = fields.Text("What Happened", readonly=True, copy=False)
    error_fix = fields.Text("What To Do", readonly=True, copy=False)
    cloud_code = fields.Char("Cloud's Code", readonly=True, copy=False)
    cloud_text = fields.Text("Cloud's Words", readonly=True, copy=False)

    # ------------------------------------------------------------------ what a concrete model says

    def _accept(self, result):
        """Take over a result of the call with effect: ``Issued`` or ``Pending``."""
        raise NotImplementedError

    def _adopt(self, found):
        """Take over an ``Issued`` that was found by id; return what contradicts it in words, or ''."""
        raise NotImplementedError

    def _settled(self):
        """Called after a state was reached that waits for nobody but a person, or for nothing at all."""

    # ------------------------------------------------------------------ queueing

    def _freeze(self, document):
        """Freeze ``document`` in the cloud's words under this request's id (T0)."""
        self.ensure_one()
        payload = self.account_id._words().freeze(self.operation, document, self.request_uid)
        self.write({"payload": json.dumps(payload, ensure_ascii=False), "payload_hash": fingerprint(payload)})

    def _enqueue(self):
        """Queue the records and wake the dispatcher; the caller's transaction may still roll back."""
        self.write({"state": "queued", "next_try_at": fields.Datetime.now(), **NO_ERROR})
        self._wake_dispatcher()

    @api.model
    def _wake_dispatcher(self, at=None):
        # sudo: an issuer may start the background run without being allowed to edit scheduled actions
        self.env.ref("l10n_cn_invoice_cloud.cron_dispatch").sudo()._trigger(at=at)

    @api.model
    def _wake_reconciler(self, at=None):
        # sudo: as above
        self.env.ref("l10n_cn_invoice_cloud.cron_reconcile").sudo()._trigger(at=at)

    # ------------------------------------------------------------------ claiming (first step of a transaction)

    @api.model
    def _claim(self, account_id, limit, ids=None):
        """Lock due records of an account, journal their calls and return the jobs.

        At most ``limit``, and no more than the account's pace allows. ``ids`` narrows it to a click's
        own records. Another worker's records are skipped, not waited for.
        """
        account = self._lock_account(account_id)
        if ids is None and account._needs_person():
            return self._hold_for_person(account)
        limit = min(limit, account._pace_left())
        due = self._lock_due(SQL("state = 'queued' AND next_try_at <= %s", fields.Datetime.now()), account_id, limit, ids)
        jobs = due._open_exchanges(lambda record: (record.operation, json.loads(record.payload)))
        lease_until = fields.Datetime.now() + account._lease()
        for record in due:
            record.write({"state": "sending", "lease_until": lease_until, "tries": record.tries + 1})
        return jobs

    @api.model
    def _hold_for_person(self, account):
        """Let queued records wait for the log-in that others wait for, instead of sending them one by
        one to be turned away. A click still tries: whoever clicks may have logged in elsewhere."""
        due = self._lock_due(SQL("state = 'queued'"), account.id, HOLD_AT_ONCE)
        for record in due:
            record._in_reader_language()._become("waiting_login", errors.LoginRequired(need=account.session_state))
        return []

    @api.model
    def _claim_unsettled(self, account_id, limit, ids=None):
        """Lock due records whose outcome is open and return the jobs that query them by their id."""
        account = self._lock_account(account_id)
        limit = min(limit, account._pace_left())
        due = self._lock_due(
            SQL("state IN ('unknown', 'pending') AND next_try_at <= %s", fields.Datetime.now()), account_id, limit, ids
        )
        due._close_stale_queries()
        words = account._words()
        jobs = due._open_exchanges(lambda record: (base.FIND, words.freeze(base.FIND, None, record.request_uid)))
        for record in due:
            # pushed forward at once: early rows that stay open must not starve later ones
            record.write({"next_try_at": fields.Datetime.now() + account._lease(), "tries": record.tries + 1})
        return jobs

    def _close_stale_queries(self):
        """A query whose worker died is simply asked again."""
        self.env["fapiao.exchange"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("operation", "=", base.FIND),
                ("state", "in", ("sent", "answered")),
            ]
        ).write({"state": "lost"})

    @api.model
    def _expire_leases(self, account_id):
        """Settle records whose worker died: return exchanges with an answer that nobody applied yet;
        the others become ``unknown``, because the call may have been made."""
        self._lock_account(account_id)
        due = self._lock_due(SQL("state = 'sending' AND lease_until < %s", fields.Datetime.now()), account_id, 500)
        if not due:
            return []
        exchanges = self.env["fapiao.exchange"].search(
            [("res_model", "=", self._name), ("res_id", "in", due.ids), ("state", "in", ("sent", "answered"))]
        )
        answered = exchanges.filtered(lambda exchange: exchange.state == "answered")
        stuck = answered.filtered(lambda exchange: exchange.replays >= MAX_REPLAYS)
        (exchanges - answered).write({"state": "lost"})
        for exchange in answered:
            exchange.write({"replays": exchange.replays + 1})
        for record in due:
            if record.id in stuck.mapped("res_id"):
                record._in_reader_language()._give_up_applying()
            elif record.id not in answered.mapped("res_id"):
                record._in_reader_language()._become_unknown(errors.OutcomeUnknown(), soon=timedelta(0))
        return (answered - stuck).ids

    def _give_up_applying(self):
        self._need_decision(
            self.env._("The cloud has answered, but the answer could not be processed."),
            self.env._("Look at the last exchange and decide what became of the order."),
        )

    @api.model
    def _lock_account(self, account_id):
        """Serialise claims per account: the pace is counted under this lock. The write at the end of a
        claim makes a concurrent claimer's snapshot stale, so it repeats with a fresh one."""
        self.env.cr.execute(SQL("SELECT id FROM fapiao_account WHERE id = %s FOR NO KEY UPDATE", account_id))
        self.env.cr.execute(SQL("UPDATE fapiao_account SET claimed_at = %s WHERE id = %s", fields.Datetime.now(), account_id))
        return self.env["fapiao.account"].browse(account_id)

    @api.model
    def _lock_due(self, condition, account_id, limit, ids=None):
        if limit <= 0:
            return self.browse()
        narrowed = SQL("AND id IN %s", tuple(ids)) if ids is not None else SQL()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM %s WHERE account_id = %s AND %s %s ORDER BY next_try_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
                SQL.identifier(self._table),
                account_id,
                condition,
                narrowed,
                limit,
            )
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _open_exchanges(self, call_of):
        """Write a journal row for each record and return the jobs; ``call_of(record)`` names the call."""
        calls = [call_of(record) for record in self]
        Exchange = self.env["fapiao.exchange"]
        exchanges = Exchange.create(
            [
                Exchange._values(record.account_id, operation, payload, record, record.request_uid)
                for record, (operation, payload) in zip(self, calls)
            ]
        )
        return [Job(exchange.id, *call) for exchange, call in zip(exchanges, calls)]

    # ------------------------------------------------------------------ applying an answer

    def _apply_exchange(self, exchange):
        """Draw the conclusions from a recorded answer; runs in the engine's transaction."""
        self.ensure_one()
        self.env.cr.execute(SQL("SELECT id FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id))
        self = self._in_reader_language()  # noqa: PLW0642
        meaning = exchange._meaning()
        if exchange.operation == base.FIND:
            self._apply_finding(meaning)
        elif not isinstance(meaning, errors.CloudError):
            self._accept(meaning)  # however late it comes: what exists at the bureau exists
        elif self.state == "sending" and exchange == self._last_attempt():
            self._apply_error(meaning)

    def _in_reader_language(self):
        """Return the record so that words stored on it are in the language of who will read them."""
        return self.with_context(lang=self._reader().lang or self.env.lang)

    def _reader(self):
        """Return the user for whom stored words are meant."""
        return self.create_uid

    def _last_attempt(self):
        return self.env["fapiao.exchange"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("operation", "=", self.operation)], limit=1
        )

    def _apply_error(self, error):
        match error:
            case errors.NotSent():
                wait = getattr(error, "retry_after", None)
                self._try_later(error, wait and timedelta(seconds=wait))
            case errors.LoginRequired():
                self._become("waiting_login", error)
                self.account_id._note_need(error.need, error)
            case errors.Rejected():
                self._become("rejected", error)
            case _:
                self._become_unknown(error)

    def _apply_finding(self, meaning):
        """Act on the answer to a query by id. Only ``NotFound`` and ``Issued`` say anything; whatever
        else leaves the request as open as it was."""
        if self.state not in ("unknown", "pending", "manual"):
            return
        match meaning:
            case base.Issued():
                if difference := self._adopt(meaning):
                    self._need_decision(difference, self.env._("Compare both and decide; nothing is sent meanwhile."))
            case base.NotFound():
                self._apply_not_found(meaning)
            case base.Pending():
                self._wait_on()
            case errors.CloudError():
                if isinstance(meaning, errors.LoginRequired):
                    self.account_id._note_need(meaning.need, meaning)
                self._wait_on(meaning)

    def _apply_not_found(self, answer):
        """Believe "not found" only after the grace period: the bureau may show an order late."""
        if self.state == "manual":
            return
        if self.state == "pending" or not self._grace_is_over():
            return self._wait_on()
        if self.resends >= MAX_RESENDS:
            return self._need_decision(
                self.env._("The cloud does not know this order, although it was sent several times."),
                self.env._("Ask the cloud's support about the request ID before anything else is sent."),
            )
        # the same id: should the first order show up after all, the cloud refuses the second
        self.write({"state": "queued", "next_try_at": fields.Datetime.now(), "resends": self.resends + 1, "tries": 0})
        self._wake_dispatcher()

    def _grace_is_over(self):
        grace = timedelta(minutes=self.account_id.grace_minutes)
        return fields.Datetime.now() >= (self.unknown_since or self.write_date) + grace

    # ------------------------------------------------------------------ reaching a state

    def _become(self, state, error=None):
        values = {"state": state, "lease_until": False, **(self._words_of(error) if error else NO_ERROR)}
        if state not in ("unknown", "pending"):
            values["unknown_since"] = False
        if state not in ("unknown", "pending", "queued"):
            values["next_try_at"] = False
        self.write(values)
        if state not in ("queued", "unknown", "pending"):
            self._settled()

    def _become_unknown(self, error, soon=QUERY_SOON):
        now = fields.Datetime.now()
        self.write(
            {
                **self._words_of(error),
                "state": "unknown",
                "lease_until": False,
                "tries": 0,
                "in_doubt": True,
                "unknown_since": now,
                "next_try_at": now + soon,
            }
        )
        self._wake_reconciler(at=now + soon)

    def _become_pending(self, text=""):
        now = fields.Datetime.now()
        self.write(
            {
                **NO_ERROR,
                "state": "pending",
                "cloud_text": text,
                "lease_until": False,
                "tries": 0,
                "unknown_since": now,
                "next_try_at": now + QUERY_SOON,
            }
        )
        self._wake_reconciler(at=now + QUERY_SOON)

    def _try_later(self, error, wait=None):
        """Back to the queue under the same id: the cloud never saw this attempt."""
        at = fields.Datetime.now() + (wait or self._backoff())
        self.write({**self._words_of(error), "state": "queued", "lease_until": False, "next_try_at": at})
        self._wake_dispatcher(at=at)

    def _wait_on(self, error=None):
        """Leave the outcome open and query again later, ever more patiently."""
        now = fields.Datetime.now()
        if self.state == "manual":
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

    def _need_decision(self, message, fix):
        self.write(
            {"state": "manual", "lease_until": False, "next_try_at": False, "error_message": message, "error_fix": fix}
        )
        for record in self:
            record._settled()

    def _backoff(self):
        return min(BACKOFF_FIRST * 2 ** min(max(self.tries - 1, 0), 10), BACKOFF_LAST)

    def _words_of(self, error):
        """Return the error fields for ``error``: plain words first, the cloud's own beside them."""
        message, fix = explain(error)
        return {
            "error_message": self.env._(message),  # pylint: disable=gettext-variable
            "error_fix": fix and self.env._(fix),  # pylint: disable=gettext-variable
            "cloud_code": error.code,
            "cloud_text": error.text,
        }


NO_ERROR = {"error_message": False, "error_fix": False, "cloud_code": False, "cloud_text": False}
