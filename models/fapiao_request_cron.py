"""The scheduled runs over requests: sending what is queued, settling what is open."""

import functools
from datetime import timedelta

from odoo import api, fields, models


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send what is queued, account by account, in the order of the next try."""
        self._run_for_accounts(
            [("state", "=", "queued"), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: functools.partial(claim_requests, "_claim", account_id, batch, None),
            self._wake_dispatcher,
        )

    @api.model
    def _cron_reconcile(self, batch=20):
        """Find out what became of requests whose answer was lost or comes later."""
        engine = self.env["fapiao.engine"]
        now = fields.Datetime.now()
        for account in self._accounts_of([("state", "=", "sending"), ("lease_until", "<", now)]):
            expire = functools.partial(expire_leases, account.id)
            for exchange_id in engine._step(expire):
                engine._apply(exchange_id)
        self._run_for_accounts(
            [("state", "in", ("unknown", "pending")), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: functools.partial(claim_requests, "_claim_unsettled", account_id, batch, None),
            self._wake_reconciler,
        )

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


def claim_requests(method, account_id, limit, ids, env):
    return getattr(env["fapiao.request"], method)(account_id, limit, ids)


def expire_leases(account_id, env):
    return env["fapiao.request"]._expire_leases(account_id)
