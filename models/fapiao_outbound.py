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

import base64
import hashlib
import json
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..clouds import base, errors
from ..clouds.canonical import fingerprint
from . import fapiao_gate as gate
from .fapiao_pace import ISSUE, QUESTION
from .fapiao_side_by_side import Job

_logger = logging.getLogger(__name__)

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
# The models beside requests and red forms, in the order in which they are sent and asked about
OTHERS = ("fapiao.withdrawal", "fapiao.red.withdrawal", "fapiao.marking", "fapiao.report")
UNSENT_STATES = ("draft", "queued", "waiting_login")  # unless in doubt: sent before, outcome unknown
DEAD_STATES = ("rejected", "withdrawn")
WATCHED_STATES = (*DEAD_STATES, "manual", "issued")  # asked about at ``watch_at``

CLICK_TIME = timedelta(seconds=20)  # what a click goes on with itself, the scheduler needn't race for
HOLD_AT_ONCE = 1000
NO_ERROR = {"error_message": False, "error_fix": False, "cloud_code": False, "cloud_text": False}


class FapiaoOutbound(models.AbstractModel):
    _name = "fapiao.outbound"
    _description = "Fapiao: document with an effect at the cloud"
    _part = ""  # of the account, see clouds.base.part_of
    _is_watched = False  # whether one that has ended, or waits for a person, can be asked about without effect
    _purpose = ISSUE  # of its orders, see fapiao.pace

    account_id = fields.Many2one(
        "fapiao.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    operation = fields.Char(required=True, readonly=True)
    request_uid = fields.Char(
        "Request ID",
        readonly=True,
        copy=False,
        help="Sent with every attempt at this request, so that the cloud can tell a repetition from a"
        " second order.",
    )
    payload = fields.Text(readonly=True, copy=False, help="What is sent, frozen when the request was made.")
    payload_hash = fields.Char("SHA-256", readonly=True, copy=False)
    identity = fields.Char(
        readonly=True, copy=False, help="Fingerprint of who the account was when the payload was frozen."
    )
    state = fields.Selection(STATES, required=True, default="draft", readonly=True, copy=False, index=True)
    next_try_at = fields.Datetime("Next Try", readonly=True, copy=False)
    lease_until = fields.Datetime(readonly=True, copy=False)
    tries = fields.Integer("Attempts", readonly=True, copy=False)
    resends = fields.Integer(readonly=True, copy=False)
    in_doubt = fields.Boolean(
        readonly=True, copy=False, help="The outcome of an attempt was unknown at least once."
    )
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

    # ------------------------------------------------------------------ what a concrete model says

    def _accept(self, result):
        """Take over a result of the call with effect: ``Issued`` or ``Pending``."""
        raise NotImplementedError

    def _adopt(self, found):
        """Take over an ``Issued`` that was found by id; return what contradicts it in words, or ''."""
        raise NotImplementedError

    def _settled(self):
        """Called after a state was reached that waits for nobody but a person, or for nothing at all."""

    def _can_be_given_up(self):
        """Tell whether a person may withdraw this record: as long as no cloud can have seen it."""
        return self.state in UNSENT_STATES and not self.in_doubt

    @api.model
    def _now(self):
        """Return the database's time, in whole seconds (UTC, naive): the clocks of servers may differ."""
        self.env.cr.execute("SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC')")
        return self.env.cr.fetchone()[0]

    # ------------------------------------------------------------------ queueing

    def _identify(self):
        """Give new records their id: a function of database and record and nothing else, so that whoever
        repeats an attempt repeats the id."""
        database = self._database_uuid()
        for record in self:
            record.request_uid = record._make_uid(database)

    @api.model
    def _database_uuid(self):
        # sudo: issuers may not read parameters
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def _make_uid(self, database):
        """Return "tax number_own part", at most 40 characters."""
        own = base64.b32encode(hashlib.sha256(self._seed_of_uid(database).encode()).digest()).decode().lower()
        tax_no = self.account_id.tax_no
        return f"{tax_no}_{own[: min(39 - len(tax_no), 20)]}"

    def _seed_of_uid(self, database):
        """Return what the ID is a function of: database and record, so that a repeated attempt repeats it."""
        return f"{database}/{self._name}/{self.id}"

    def _freeze(self, document):
        """Freeze ``document`` in the cloud's words under this request's id (T0)."""
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
        """Tell whether the account has become another one since this record was frozen, as by SQL, import or
        the neutralization of a copy: nothing about it may be sent or asked there."""
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
                "Look it up in the portal of the cloud that it was prepared for, then decide here what became"
                " of it."
            ),
        )

    def _enqueue(self, wake_after=None):
        """Queue the records and wake the dispatcher; the caller's transaction may still roll back.

        ``wake_after`` (timedelta) leaves the first attempt to the click that has made the records.
        """
        now = self._now()
        self.write({"state": "queued", "next_try_at": now, "queued_at": now, **NO_ERROR})
        self._wake_dispatcher(at=now + (wake_after or timedelta(0)))

    @api.model
    def _wake_dispatcher(self, at=None):
        # sudo: an issuer may start the background run without being allowed to edit scheduled actions
        self.env.ref("l10n_cn_invoice_cloud.cron_dispatch").sudo()._trigger(at=at or self._now())

    @api.model
    def _wake_reconciler(self, at=None):
        # sudo: as above
        self.env.ref("l10n_cn_invoice_cloud.cron_reconcile").sudo()._trigger(at=at or self._now())

    # ------------------------------------------------------------------ claiming: what may be sent

    @api.model
    def _lock_to_send(self, account, limit, ids=None):
        """Lock and return the queued records of ``account`` that may be sent now.

        At most ``limit``, and no more than its pace allows and can start within the lease. ``ids`` narrows it to a
        click's own records, which may be reserved for it. Another worker's records are skipped, not waited for.
        Those that must not be sent yet, or at all, are moved on with the reason.
        """
        if not account.active:
            # made while the account was being archived: nothing goes out through it any more
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
        """Return whether this queued record may be sent now; move it on with the reason where it may not."""
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
        """Tell whether the cloud may have this order already: an attempt got as far as the cloud, whatever it answered,
        or this database was restored from a backup."""
        return self._is_watched and not self.asked_first and (self.was_sent or account._asks_first())

    def _has_waited_too_long(self, account):
        waiting_since = self.queued_at or self.create_date
        return waiting_since < self._now() - timedelta(days=account.wait_days)

    def _ask_first(self, account):
        """Ask by the ID before the order goes out. What the cloud has turned away once is believed at once when it
        says that it doesn't know it; in a restored database the bureau may still show an order late."""
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
        """Let queued records wait for the log-in that others wait for, instead of sending them one by
        one to be turned away. A click still tries: the user may have logged in elsewhere."""
        due = self._lock_due(SQL("state = 'queued'"), account.id, HOLD_AT_ONCE)
        for record in due:
            record._in_reader_language()._become(
                "waiting_login", errors.LoginRequired(need=account.session_state)
            )
        return self.browse()

    def _claim_orders(self, account):
        """Journal the call of each of these locked records, mark them as being sent and return the jobs."""
        jobs = self._open_exchanges(lambda record: (record.operation, json.loads(record.payload)))
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

    # ------------------------------------------------------------------ claiming: what is asked about

    @api.model
    def _lock_to_ask(self, account, limit, ids=None):
        """Lock and return the records of ``account`` whose outcome is open and due to be asked about."""
        open_ones = SQL("state IN ('unknown', 'pending') AND next_try_at <= %s", self._now())
        return self._lock_questions(open_ones, account, limit, ids)

    @api.model
    def _lock_watched(self, account, limit, ids=None):
        """Lock and return ended records of ``account`` that are due to be asked about all the same."""
        watched = SQL("state IN %s AND watch_at <= %s", WATCHED_STATES, self._now())
        return self._lock_questions(watched, account, limit, ids, SQL("watch_at"))

    @api.model
    def _lock_questions(self, condition, account, limit, ids=None, order=None):
        """Lock and return records that are due for a question, as far as the pace of ``account`` allows. They are
        asked about at the account they were made for and nowhere else."""
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
        """Journal a question for each of these locked records and return the jobs."""
        self._close_stale_queries()
        words = account._words(self._part)
        jobs = self._open_exchanges(lambda record: record._question(words))
        now = self._now()
        for record in self:
            # pushed forward at once: early rows that stay open must not starve later ones
            if record.state in WATCHED_STATES:
                record.write({"watch_at": now + account._lease()})
            else:
                record.write({"next_try_at": now + account._lease(), "tries": record.tries + 1})
        self.filtered("hinted_at").write({"hinted_at": False})
        return jobs

    def _question(self, words):
        """Return ``(operation, payload)`` that asks what became of this record; ``words`` freezes it."""
        if self.lookup_number:
            return base.FIND, words.freeze(base.FIND, {"number": self.lookup_number}, "")
        return base.FIND, words.freeze(base.FIND, self._asked_for(), self._uid_to_ask())

    def _uid_to_ask(self):
        """Return the ID to ask by: the record's own."""
        return self.request_uid

    def _asked_for(self):
        """Return what a cloud must know beside the id to find this record; see ``Cloud.freeze``."""
        return {}

    @api.model
    def _questions(self):
        """Return the operations by which :meth:`_question` asks: each may be repeated freely."""
        return (base.FIND,)

    def _outcome(self):
        """Return what is known to have become of this record: a question that leaves it alone changed nothing."""
        names = ("state", "stage", "bureau_state", "number", "error_message", "cloud_code", "cloud_text", "is_double")
        known = tuple(self[name] for name in names if name in self._fields)
        facts = self.fapiao_ids.ids if "fapiao_ids" in self._fields else []
        return known, facts

    def _close_stale_queries(self):
        """A query whose worker died is simply asked again."""
        self.env["fapiao.exchange"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("operation", "in", self._questions()),
                ("state", "in", ("sent", "answered")),
            ]
        ).write({"state": "lost"})

    # ------------------------------------------------------------------ claiming: locks and log rows

    @api.model
    def _expire_leases(self, account_id):
        """Records whose worker died become ``unknown``, because the call may have been made. Where the answer is
        recorded already it is applied instead, see ``fapiao.engine._sweep_answers``."""
        self._lock_account(account_id)
        due = self._lock_due(SQL("state = 'sending' AND lease_until < %s", self._now()), account_id, 500)
        exchanges = self.env["fapiao.exchange"].search(
            [("res_model", "=", self._name), ("res_id", "in", due.ids), ("state", "in", ("sent", "answered"))]
        )
        answered = exchanges.filtered(lambda exchange: exchange.state == "answered")
        (exchanges - answered).write({"state": "lost"})
        for record in due.filtered(lambda record: record.id not in answered.mapped("res_id")):
            record._in_reader_language()._become_unknown(errors.OutcomeUnknown(), soon=timedelta(0))

    def _give_up_applying(self):
        """The recorded answer can't be applied. Only what is still open needs a decision for it."""
        if self.state in OPEN_STATES:
            self._need_decision(
                self.env._("The cloud has answered, but the answer could not be processed."),
                self.env._("Look at the last exchange and decide what became of the order."),
            )

    @api.model
    def _lock_account(self, account_id):
        """Serialise claims per account: the pace is counted under this lock. The write at the end of a
        claim makes a concurrent claimer's snapshot stale, so it repeats with a fresh one."""
        self._execute_quietly(
            SQL("SELECT id FROM fapiao_account WHERE id = %s FOR NO KEY UPDATE", account_id)
        )
        self.env.cr.execute(
            SQL("UPDATE fapiao_account SET claimed_at = %s WHERE id = %s", self._now(), account_id)
        )
        return self.env["fapiao.account"].browse(account_id)

    @api.model
    def _lock_due(self, condition, account_id, limit, ids=None, order=None):
        if limit <= 0:
            return self.browse()
        narrowed = SQL("AND id IN %s", tuple(ids)) if ids is not None else SQL()
        self._execute_quietly(
            SQL(
                "SELECT id FROM %s WHERE account_id = %s AND %s %s"
                " ORDER BY %s, id LIMIT %s FOR UPDATE SKIP LOCKED",
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
        """Run a locking query. That another worker was faster is no error worth a line in the log: the step is
        repeated (see ``fapiao.engine._step``)."""
        self.env.cr.execute(query, log_exceptions=False)

    def _open_exchanges(self, call_of):
        """Write a log row for each record and return the jobs; ``call_of(record)`` names the call.

        One whose call can't be built needs a decision and holds up no other.
        """
        calls = list(self._each(call_of))
        Exchange = self.env["fapiao.exchange"]
        exchanges = Exchange.create(
            [
                Exchange._values(record.account_id, operation, payload, record, record.request_uid)
                for record, (operation, payload) in calls
            ]
        )
        return [
            Job(exchange.id, operation, payload, record.request_uid or "")
            for exchange, (record, (operation, payload)) in zip(exchanges, calls, strict=True)
        ]

    def _each(self, work):
        """Yield ``(record, work(record))``, each in a savepoint: one that fails goes to a person and holds up no
        other."""
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
        """Lock the records against engine and other users, then look at them afresh."""
        self.lock_for_update()
        self.invalidate_recordset()

    def _check_issuer(self):
        gate.check(self, gate.ISSUER)

    def _check_manager(self):
        gate.check(self, gate.MANAGER)
