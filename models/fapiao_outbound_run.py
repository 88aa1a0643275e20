"""When documents are sent and asked about: by the scheduler, and by the click that made them."""

import functools
import logging
from dataclasses import replace
from datetime import timedelta

from odoo import api, models

from ..clouds import fence
from .fapiao_outbound import CLICK_TIME, WATCHED_STATES
from .fapiao_side_by_side import Turn

_logger = logging.getLogger(__name__)

CLICK_ROUNDS = 3  # one with a token that is refused, one that asks whether the order is there, one that sends it
CLICK_LIMIT = 3  # so many documents a click sends itself; more go to the dispatcher, with progress shown
# What a turn does: which records are due, and what claims them
SENDING = ("_lock_to_send", "_claim_orders")
ASKING = ("_lock_to_ask", "_claim_questions")
WATCHING = ("_lock_watched", "_claim_questions")


class FapiaoOutbound(models.AbstractModel):
    _inherit = "fapiao.outbound"

    # ------------------------------------------------------------------ the click

    def _attempt_after_commit(self):
        """Make one bounded attempt as soon as the user's transaction is safe, so that the result shows
        on the form; a large batch is the dispatcher's, and a slow cloud as well."""
        if self and len(self) <= CLICK_LIMIT:
            self._reserve_for_click()
            attempt = functools.partial(attempt_now, self._name, self.ids)
            self.env["fapiao.engine"]._after_commit(attempt)

    def _reserve_for_click(self):
        """Keep the dispatcher off what the click is about to send: it is woken by the same commit, and the form would
        only show a spinner. It comes after it, should the click die."""
        # sudo: a user who may click may not write these by hand
        queued = self.sudo().filtered(lambda record: record.state == "queued")
        if queued:
            later = self._now() + CLICK_TIME
            queued.write({"next_try_at": later})
            queued._wake_dispatcher(at=later)

    @api.model
    def _attempt(self, ids, until=None):
        """Send and ask for the records ``ids`` in transactions of their own, and begin nothing after ``until`` (of
        ``fence.now``): a person waits, and so does a web worker. Our own transaction reads nothing: its snapshot may
        be older than the records."""
        is_due = functools.partial(is_any_due, self._name, ids)
        until = until or click_end()
        for _round in range(CLICK_ROUNDS):
            self._run_for_ids(ids, SENDING, until)
            self._run_for_ids(ids, ASKING, until)
            if fence.now() > until or not self.env["fapiao.engine"]._step(is_due):
                break

    @api.model
    def _run_for_ids(self, ids, methods, until):
        """Take one turn over the records ``ids`` of any accounts, unless ``until`` is over."""
        engine = self.env["fapiao.engine"]
        by_account = engine._step(functools.partial(ids_by_account, self._name, ids))
        turns = [self._turn(methods, id_, len(own), own) for id_, own in by_account.items()]
        engine._run([replace(turn, until=until) for turn in turns])

    @api.model
    def _turn(self, methods, account_id, limit, ids=None):
        due, claim = methods
        ids = None if ids is None else tuple(ids)
        return Turn(self._name, due, claim, account_id, limit, ids, self._part)

    # ------------------------------------------------------------------ scheduled runs

    @api.model
    def _dispatch(self, batch, go_on):
        """Send what is queued, all accounts side by side, in the order of the next try. What has to be asked about
        before it is sent is asked about, and then sent."""
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
        """Find out what became of records whose answer was lost or comes later."""
        engine = self.env["fapiao.engine"]
        for account in self._accounts_of([("state", "=", "sending"), ("lease_until", "<", self._now())]):
            engine._step(functools.partial(expire_leases, self._name, account.id))
        self._run_due(ASKING, self._domain_to_ask(), batch, go_on)
        self._run_due(WATCHING, self._domain_to_watch(), batch, go_on)

    @api.model
    def _domain_to_ask(self):
        return [("state", "in", ("unknown", "pending")), ("next_try_at", "<=", self._now())]

    @api.model
    def _domain_to_watch(self):
        return [("state", "in", WATCHED_STATES), ("watch_at", "<=", self._now())]

    @api.model
    def _accounts_of(self, domain):
        """Return the accounts of such records, archived ones too: what was sent through them is still open."""
        # active_test: an archived account keeps being asked
        groups = self.with_context(active_test=False)._read_group(domain, ["account_id"])
        return [account for (account,) in groups]

    @api.model
    def _run_due(self, methods, domain, batch, go_on):
        """Take turns over every account with records in ``domain`` until nothing is due or ``go_on`` says that the
        time is over. An account whose pace is used up yields nothing."""
        turns = [self._turn(methods, account.id, batch) for account in self._accounts_of(domain)]
        if turns:
            self.env["fapiao.engine"]._run(turns, go_on)


class Schedule:
    """One run of a scheduled action over several kinds of documents, with one progress for all of them.

    ``due`` returns how many documents are due now, ``wake(at)`` starts the action again at a time.
    """

    def __init__(self, env, due, wake):
        self.env, self.due, self.wake = env, due, wake
        self.cron = env["ir.cron"]
        self.time_left = self.cron._commit_progress(remaining=due())
        self.done = 0

    def go_on(self, done=0):
        """Report ``done`` documents; return whether there is time for more."""
        self.done += done
        if self.time_left:
            self.time_left = self.cron._commit_progress(done)
        return bool(self.time_left)

    def do(self, work, *args):
        """Do ``work(*args)`` if there is time; should it fail, what comes after it is done all the same."""
        if not self.time_left:
            return
        try:
            work(*args)
        except Exception:
            # rolled back, so that what comes after starts in a sound transaction
            self.env.cr.rollback()
            _logger.exception("Fapiao: a part of the scheduled action failed; the others go on")

    def end(self):
        """Report what is left: at once again where time ran out, in a minute where pace or a cloud holds it up."""
        left = self.due()
        if self.time_left:
            self.cron._commit_progress(remaining=0)
            if left:
                self.wake(at=self.env["fapiao.outbound"]._now() + timedelta(minutes=1))
        else:
            self.cron._commit_progress(remaining=left)


def click_end():
    """Return the moment (of ``fence.now``) after which a click begins no more calls."""
    return fence.now() + CLICK_TIME.total_seconds()


# What the engine runs in transactions of its own; the environment is that transaction's.


def expire_leases(model, account_id, env):
    env[model]._expire_leases(account_id)


def attempt_now(model, ids, engine):
    engine.env[model]._attempt(ids)


def is_any_due(model, ids, env):
    """Tell whether a record is to be sent right now: the cloud was asked first and doesn't know it, or refused the
    token."""
    now = env[model]._now()
    return any(record.state == "queued" and record.next_try_at <= now for record in env[model].browse(ids))


def ids_by_account(model, ids, env):
    grouped = env[model].browse(ids).grouped("account_id")
    return {account.id: records.ids for account, records in grouped.items()}
