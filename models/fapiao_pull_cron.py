"""When pulls run: each day by themselves, in the background in turns, and at once after a click."""

import functools
import logging
from datetime import timedelta

from odoo import api, fields, models

from ..clouds.inbound import HEADER
from .fapiao_outbound import CLICK_TIME
from .fapiao_outbound_run import CLICK_LIMIT
from .fapiao_pull import OPEN_STATES
from .fapiao_time import SHANGHAI, aware

_logger = logging.getLogger(__name__)

SLICE = 30.0  # seconds a pull runs before others have their turn
CLICK_SLICE = 10.0


class FapiaoPull(models.Model):
    _inherit = "fapiao.pull"

    @api.model
    def _month(self, moment):
        """Return the month in China of a moment of the database."""
        return aware(moment).astimezone(SHANGHAI).strftime("%Y%m")

    @api.model
    def _cron_inbound(self, slice_seconds=SLICE):
        """Make the pulls of the day and go on with those that are due, in turns."""
        self._make_daily()
        cron = self.env["ir.cron"]
        not_ours = set()
        time_left = cron._commit_progress(remaining=len(self._due_ids()))
        while time_left and (due := [id_ for id_ in self._due_ids() if id_ not in not_ours]):
            for pull_id in due:
                if not self._go_on(pull_id, slice_seconds):
                    not_ours.add(pull_id)
                time_left = cron._commit_progress(1, remaining=len(self._due_ids()))
                if not time_left:
                    break
        self._wake_for_next()

    @api.model
    def _due_ids(self):
        """Return the ids of pulls whose time has come, those that have waited longest first; first of all let
        those wait whose account needs a person."""
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
        held._hold_for_person()
        return (due - held).ids

    def _hold_for_person(self):
        for pull in self:
            words = pull.account_id.session_text or pull.env._("The account needs a person; see there.")
            pull.write({"needs_person": True, "next_try_at": False, "message": words})

    @api.model
    def _wake_for_next(self):
        following = self.search(
            [("state", "in", OPEN_STATES), ("next_try_at", "!=", False), ("account_id.active", "=", True)],
            order="next_try_at",
            limit=1,
        )
        if following:
            soon = fields.Datetime.now() + timedelta(minutes=1)
            self._wake(max(following.next_try_at, soon))

    # ------------------------------------------------------------------ daily

    @api.model
    def _make_daily(self):
        """Make, once a day in China, the pull of the previous four days for each account that wants it; an
        account where the cloud allows none keeps the reason."""
        accounts = self.env["fapiao.account"].search(
            [("pull_daily", "=", True), "|", ("pull_day", "=", False), ("pull_day", "<", self._today())]
        )
        for account_id in accounts.filtered("can_pull").ids:
            # each for itself: whoever else writes to one account doesn't hold up the others' pulls
            try:
                self.env["fapiao.engine"]._step(functools.partial(make_daily, account_id))
            except Exception:
                _logger.exception("Fapiao: the daily pull of account %s could not be made", account_id)

    @api.model
    def _make_daily_of(self, account_id):
        account = self.env["fapiao.outbound"]._lock_account(account_id)
        date_from, date_to = self._recent_days()
        refusals = list(self._refusals(account, HEADER, date_from, date_to))
        if not refusals:
            self._open_pull(account, HEADER, date_from, date_to, is_scheduled=True)
        account.write({"pull_day": self._today(), "pull_text": "\n".join(refusals)})

    # ------------------------------------------------------------------ the click

    def _go_on_after_commit(self):
        """Go on as soon as the user's transaction is safe; what takes longer is the scheduler's."""
        self._wake(fields.Datetime.now() + CLICK_TIME)
        if self and len(self) <= CLICK_LIMIT:
            self.env["fapiao.engine"]._after_commit(functools.partial(go_on_now, self.ids))


def make_daily(account_id, env):
    env["fapiao.pull"]._make_daily_of(account_id)


def go_on_now(ids, engine):
    for pull_id in ids:
        engine.env["fapiao.pull"]._go_on(pull_id, CLICK_SLICE)
