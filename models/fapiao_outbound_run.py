"""When documents are sent and asked about: by the scheduler, and by the click that made them."""

import functools
from datetime import timedelta

from odoo import api, fields, models

from .fapiao_outbound import CLICK_TIME

CLICK_LIMIT = 3  # so many documents a click sends itself; more go to the dispatcher, with progress shown


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
        """Keep the dispatcher off what the click is about to send: it is woken by the same commit, and who
        clicked would be shown a wheel instead of the number. It comes after it, should the click die."""
        # sudo: whoever may click may not write these by hand
        queued = self.sudo().filtered(lambda record: record.state == "queued")
        if queued:
            later = fields.Datetime.now() + CLICK_TIME
            queued.write({"next_try_at": later})
            queued._wake_dispatcher(at=later)

    @api.model
    def _attempt(self, ids):
        """Send and ask for the records ``ids`` in transactions of their own. Our own transaction reads
        nothing: its snapshot may be older than the records."""
        self._run_for_ids(ids, "_claim", "_claim_unsettled")

    @api.model
    def _run_for_ids(self, ids, *methods):
        engine = self.env["fapiao.engine"]
        for account_id, own in engine._step(functools.partial(ids_by_account, self._name, ids)).items():
            for method in methods:
                engine._run(account_id, self._claimer(method, account_id, len(own), own))

    # ------------------------------------------------------------------ scheduled runs

    @api.model
    def _dispatch(self, batch):
        """Send what is queued, account by account, in the order of the next try."""
        self._run_for_accounts(
            [("state", "=", "queued"), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: self._claimer("_claim", account_id, batch),
            self._wake_dispatcher,
        )

    @api.model
    def _reconcile(self, batch):
        """Find out what became of records whose answer was lost or comes later."""
        engine = self.env["fapiao.engine"]
        now = fields.Datetime.now()
        for account in self._accounts_of([("state", "=", "sending"), ("lease_until", "<", now)]):
            for exchange_id in engine._step(functools.partial(expire_leases, self._name, account.id)):
                engine._apply(exchange_id)
        self._run_for_accounts(
            [("state", "in", ("unknown", "pending")), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: self._claimer("_claim_unsettled", account_id, batch),
            self._wake_reconciler,
        )

    @api.model
    def _claimer(self, method, account_id, limit, ids=None):
        """Return what the engine runs to claim: ``method`` of this model, in the engine's transaction."""
        return functools.partial(claim, self._name, method, account_id, limit, ids)

    @api.model
    def _accounts_of(self, domain):
        groups = self._read_group([*domain, ("account_id.active", "=", True)], ["account_id"])
        return [account for (account,) in groups]

    @api.model
    def _run_for_accounts(self, domain, claim_for, wake):
        """Run the engine over every account with due records, a batch at a time, as long as the
        scheduler grants time. An account whose pace is used up yields nothing; ``wake`` comes back for it."""
        engine = self.env["fapiao.engine"]
        cron = self.env["ir.cron"]
        accounts = self._accounts_of(domain)
        cron._commit_progress(remaining=self.search_count(domain))
        while accounts:
            for account in list(accounts):
                done = engine._run(account.id, claim_for(account.id))
                if not done:
                    accounts.remove(account)
                if not cron._commit_progress(done):
                    return
        if self.search_count(domain, limit=1):
            wake(at=fields.Datetime.now() + timedelta(minutes=1))


# What the engine runs in transactions of its own; the environment is that transaction's.


def claim(model, method, account_id, limit, ids, env):
    return getattr(env[model], method)(account_id, limit, ids)


def expire_leases(model, account_id, env):
    return env[model]._expire_leases(account_id)


def attempt_now(model, ids, engine):
    engine.env[model]._attempt(ids)


def ids_by_account(model, ids, env):
    grouped = env[model].browse(ids).grouped("account_id")
    return {account.id: records.ids for account, records in grouped.items()}
