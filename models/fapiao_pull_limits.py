"""What the cloud allows to be pulled, and the reason for each refusal.

Source: shared/seeds/000, "补充说明": five full pulls a month, never the current day, five years back on the
log-in channel and two on the direct one (乐企), which has no pull of headers.
"""

import calendar
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..clouds import base
from ..clouds.inbound import FULL, HEADER
from .fapiao_time import SHANGHAI, aware, naive

FULL_A_MONTH = 5
DAYS_BACK = 4  # of the scheduled pull
YEARS_BACK = {"direct": 2}
YEARS_BACK_OTHERWISE = 5


class FapiaoPull(models.Model):
    _inherit = "fapiao.pull"

    @api.model
    def _today(self):
        """Return the day it is in China."""
        return aware(fields.Datetime.now()).astimezone(SHANGHAI).date()

    @api.model
    def _recent_days(self):
        """Return the first and the last of the four days before today."""
        today = self._today()
        return today - timedelta(days=DAYS_BACK), today - timedelta(days=1)

    @api.model
    def _windows(self, kind, date_from, date_to):
        """Cut a range of days where months end; a full pull isn't cut, since each one counts."""
        if kind == FULL:
            return [(date_from, date_to)]
        windows = []
        while date_from <= date_to:
            last = date_from.replace(day=calendar.monthrange(date_from.year, date_from.month)[1])
            windows.append((date_from, min(last, date_to)))
            date_from = last + timedelta(days=1)
        return windows

    @api.model
    def _refusals(self, account, kind, date_from, date_to, planned=0):
        """Return why this can't be pulled, each reason with its cure; nothing where it can.

        ``planned``: full pulls that go out before this one.
        """
        words = account._words()
        if not words.can(base.PULL_START):
            return [self.env._("The cloud of account %s hands out no received fapiao.", account.name)]
        return [
            *self._kind_refusals(account, words, kind),
            *self._day_refusals(account, date_from, date_to),
            *(self._quota_refusals(account.tax_no, planned) if kind == FULL else []),
        ]

    def _own_refusals(self):
        self.ensure_one()
        # one that waits for its first start is among the planned ones itself
        planned = -1 if self.state == "draft" and not self.started_at else 0
        return self._refusals(self.account_id, self.kind, self.date_from, self.date_to, planned)

    @api.model
    def _kind_refusals(self, account, words, kind):
        if kind == HEADER and account.bureau_channel == "direct":
            yield self.env._(
                "Account %s is connected directly (乐企), where there are no pulls of headers."
                " Pull in full instead.",
                account.name,
            )
        if kind == FULL and not getattr(words, "can_pull_full", False):
            yield self.env._(
                "The cloud of account %s starts full pulls from its own portal only (定时任务). Set one up"
                " there, or pull headers.",
                account.name,
            )

    @api.model
    def _day_refusals(self, account, date_from, date_to):
        today = self._today()
        years = YEARS_BACK.get(account.bureau_channel, YEARS_BACK_OTHERWISE)
        earliest = today - relativedelta(years=years)
        if date_from > date_to:
            yield self.env._("The first day must not be after the last.")
        if date_to >= today:
            yield self.env._(
                "The tax bureau hands out the fapiao of a day after it is over in China. Choose %s as the"
                " last day, or an earlier one.",
                today - timedelta(days=1),
            )
        if date_from < earliest:
            yield self.env._(
                "On this channel the tax bureau hands out the last %(years)s years only. Choose %(day)s as"
                " the first day, or a later one.",
                years=years,
                day=earliest,
            )

    @api.model
    def _quota_refusals(self, tax_no, planned=0):
        used = self._full_used(tax_no)
        if used + planned >= FULL_A_MONTH:
            yield self.env._(
                "Only %(allowed)s full pulls a month are allowed for a tax number, and %(used)s of %(tax_no)s"
                " are used or planned. Pull headers, or wait for the next month.",
                allowed=FULL_A_MONTH,
                used=used + planned,
                tax_no=tax_no,
            )

    @api.model
    def _full_used(self, tax_no):
        """Return how many full pulls of this month (China) count for a tax number: those that were started
        or may have been, and those that wait to be."""
        first = aware(fields.Datetime.now()).astimezone(SHANGHAI)
        first = naive(first.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        # sudo: the cloud counts over all companies with this tax number
        pulls = self.sudo()
        of_number = [("kind", "=", FULL), ("tax_no", "=", tax_no)]
        ((started,),) = pulls._read_group([*of_number, ("started_at", ">=", first)], [], ["start_count:sum"])
        waiting = pulls.search_count([*of_number, ("state", "=", "draft"), ("started_at", "=", False)])
        return (started or 0) + waiting
