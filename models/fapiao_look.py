"""The look once a month at what was issued, before the VAT return: was anything reversed or voided elsewhere?

From the first of the month (in China) the living fapiao of the previous month are queued for a question each, and
once a quarter those issued earlier; so many an hour that all are asked about by a day of the month. Only blue ones:
a red fapiao can't be reversed.
"""

import functools
import logging
import math
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .fapiao_notes import as_html
from .fapiao_time import SHANGHAI, naive
from .fapiao_types import LIVING

_logger = logging.getLogger(__name__)

MONTHS_BETWEEN = 3  # looks at what was issued before the previous month
QUEUED_LEAST, QUEUED_MOST = 20, 500  # in an hour


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    recheck_day = fields.Integer(
        "Look at Issued Fapiao by Day",
        default=10,
        required=True,
        help="From the first of each month, the cloud is asked about each fapiao that was issued in the previous"
        " month, so that a reversal made in the portal is known before the VAT return. This is the day by which"
        " it is done; 0 turns it off. Fapiao issued earlier are asked about once a quarter.",
    )
    recheck_told_on = fields.Date(readonly=True, copy=False)

    _valid_recheck_day = models.Constraint(
        "CHECK (recheck_day BETWEEN 0 AND 28)",
        "The day by which issued fapiao are looked at is 1 to 28, or 0 for never.",
    )

    def _tell_look_unfinished(self, count, month):
        """Tell the manager, once a month, that so many fapiao could not be asked about in time."""
        self.recheck_told_on = month.first
        manager = self._first_manager()
        account = self.with_context(lang=manager.lang or self.env.lang)
        account.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=account.env._("Fapiao not checked before the VAT return"),
            note=as_html(
                account.env._(
                    "The cloud could not be asked about %s fapiao of last month. Before the VAT return, compare them"
                    " with the tax bureau: one of them may have been reversed or voided there.",
                    count,
                )
            ),
            user_id=(manager or self.env.user).id,
        )


class Fapiao(models.Model):
    _inherit = "fapiao"

    looked_at = fields.Datetime(
        "Last Monthly Look", readonly=True, copy=False, help="When the monthly look last had it asked about."
    )

    _to_look_at = models.Index(
        "(account_id, issue_date) WHERE direction = 'out' AND color = 'blue'"
        " AND status IN ('normal', 'partly_red')"
    )

    @api.model
    def _queue_looks(self):
        """Queue what is due for the monthly look, account by account."""
        # what was issued through an archived account may be reversed all the same
        accounts = self.env["fapiao.account"].with_context(active_test=False)
        for account_id in accounts.search([("recheck_day", ">", 0)]).ids:
            try:
                self.env["fapiao.engine"]._step(functools.partial(queue_looks, account_id))
            except Exception:
                _logger.exception("Fapiao: the monthly look of account %s could not be queued", account_id)

    @api.model
    def _queue_looks_of(self, account):
        month = Month(now_in_china())
        if not account._needs_person():
            self._queue_due(account, month)
        if month.day > account.recheck_day and account.recheck_told_on != month.first:
            unasked = SQL(
                "issue_date >= %s AND COALESCE(checked_at, '-infinity') < %s", month.before, month.start
            )
            if count := self._count_living(account, month, unasked):
                account._tell_look_unfinished(count, month)

    @api.model
    def _queue_due(self, account, month):
        """Queue a share of what is due: so many that the rest can follow by the account's day."""
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
        self.env["fapiao.outbound"]._wake_reconciler()

    @api.model
    def _count_living(self, account, month, condition):
        living = self._living_before(account, month)
        self.env.cr.execute(SQL("SELECT count(*) FROM fapiao WHERE %s AND %s", living, condition))
        return self.env.cr.fetchone()[0]

    @api.model
    def _living_before(self, account, month):
        """Return the condition of the living fapiao that ``account`` issued before ``month``."""
        self.flush_model()
        return SQL(
            "account_id = %s AND direction = 'out' AND color = 'blue' AND status IN %s AND issue_date < %s",
            *(account.id, LIVING, month.first),
        )


class Month:
    """The month that it is in China at ``now``, and what a look counts by."""

    def __init__(self, now):
        start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self.now = now
        self.day = now.day
        self.first = start.date()
        self.start = naive(start)  # the moment, as the database has it
        self.before = self.first - relativedelta(months=1)
        # what was asked about in a month is due again so many months later
        self.quarter = naive(start - relativedelta(months=MONTHS_BETWEEN - 1))

    def hours_until(self, day):
        """Return the hours until the end of a ``day`` of the month, at least one."""
        end = self.now.replace(day=day, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return max((end - self.now) / timedelta(hours=1), 1)


def now_in_china():
    return datetime.now(SHANGHAI)


# What the engine runs in transactions of its own; the environment is that transaction's.


def queue_looks(account_id, env):
    env["fapiao"]._queue_looks_of(env["fapiao.account"].browse(account_id))
