"""Model ``fapiao.pace``: rate limits for each provider, tax number and channel.

The tax bureau counts calls by tax number, for all companies, bureau users and flows together, so each call is
counted here before it is made. Queries leave a share of the limit to issuing, and background work leaves a
share of the rest to queries.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...clouds.errors import PaceUsedUp

# Purposes, most urgent first
ISSUE = "issue"  # calls with an effect on a fapiao
QUESTION = "question"  # queries for a user or an open task
BACKGROUND = "background"  # files, the account's own state, the monthly check
PURPOSES = (ISSUE, QUESTION, BACKGROUND)
GATE = "gate"  # the kind of the row that serialises a key

LONGEST_SPAN = timedelta(days=1)
REMOVED_AT_ONCE = 10000


class FapiaoPace(models.Model):
    _name = "fapiao.pace"
    _description = "Fapiao: calls that were started"
    _log_access = False

    key = fields.Char(required=True)
    kind = fields.Char(required=True)
    at = fields.Datetime(required=True)

    _one_gate = models.UniqueIndex("(key) WHERE kind = 'gate'")
    _started = models.Index("(key, at) INCLUDE (kind) WHERE kind <> 'gate'")

    # ------------------------------------------------------------------ counting calls

    @api.model
    def _take(self, account, wanted, channel, purpose=QUESTION):
        """Count up to ``wanted`` calls and return how many may start.

        Runs in the caller's transaction, which must be a step of the engine: it is repeated on a concurrent
        update of the key.
        """
        if wanted <= 0:
            return 0
        key = account._pace_key(channel)
        self._lock_key(key)
        left = (allowed - used for _rule, used, allowed in self._use(account, channel, purpose))
        taken = min(wanted, *left)
        if taken <= 0:
            return 0
        self.env.cr.execute(
            SQL(
                "INSERT INTO fapiao_pace (key, kind, at) SELECT %s, %s, %s FROM generate_series(1, %s)",
                *(key, purpose, self.env.cr.now(), taken),
            )
        )
        return taken

    @api.model
    def _give_back(self, account, count, channel, purpose=ISSUE):
        """Remove the newest ``count`` calls of a purpose, which were counted and not made."""
        if count > 0:
            self.env.cr.execute(
                SQL(
                    "DELETE FROM fapiao_pace WHERE id IN (SELECT id FROM fapiao_pace WHERE key = %s"
                    " AND kind = %s ORDER BY at DESC, id DESC LIMIT %s FOR UPDATE SKIP LOCKED)",
                    *(account._pace_key(channel), purpose, count),
                )
            )

    @api.model
    def _spend(self, account, channel, purpose, calls):
        """Return None if ``calls`` calls were counted, otherwise the ``PaceUsedUp``."""
        taken = self._take(account, calls, channel, purpose)
        if taken == calls:
            return None
        self._give_back(account, taken, channel, purpose)
        return self._refusal(account, channel, purpose, calls)

    # ------------------------------------------------------------------ limits

    @api.model
    def _lock_key(self, key):
        """Serialise counting for a key until the end of the transaction.

        A lock alone isn't enough, since the snapshot may be older than it. The row is written, so that a
        concurrent transaction fails after this commit; the engine's step repeats it.
        """
        self.env.cr.execute(
            SQL(
                "INSERT INTO fapiao_pace (key, kind, at) VALUES (%s, %s, %s)"
                " ON CONFLICT (key) WHERE kind = 'gate' DO UPDATE SET kind = EXCLUDED.kind",
                *(key, GATE, self.env.cr.now()),
            ),
            log_exceptions=False,
        )

    @api.model
    def _use(self, account, channel, purpose):
        """Return ``[((span, purposes), used, allowed)]`` for each limit that applies to ``purpose``."""
        limits, percent = account._pace_limits(channel)
        now = self.env.cr.now()
        spans = [span for span, _allowed in limits]
        counts = SQL(", ").join(SQL("count(*) FILTER (WHERE at > %s)", now - span) for span in spans)
        self.env.cr.execute(
            SQL(
                "SELECT kind, %s FROM fapiao_pace WHERE key = %s AND kind <> 'gate' AND at > %s GROUP BY kind",
                *(counts, account._pace_key(channel), now - max(spans)),
            )
        )
        counted = {kind: dict(zip(spans, used, strict=True)) for kind, *used in self.env.cr.fetchall()}
        return [
            ((span, kinds), sum(counted[kind][span] for kind in kinds if kind in counted), allowed)
            for span, kinds, allowed in rules(limits, percent, purpose)
        ]

    @api.model
    def _refusal(self, account, channel, purpose, calls):
        """Return the ``PaceUsedUp`` with the time at which ``calls`` may start."""
        now, ends = self.env.cr.now(), []
        for (span, kinds), used, allowed in self._use(account, channel, purpose):
            too_many = used + min(calls, allowed) - allowed
            if too_many > 0:
                # the call that must leave the span first
                self.env.cr.execute(
                    SQL(
                        "SELECT at FROM fapiao_pace WHERE kind <> 'gate' AND key = %s AND kind IN %s"
                        " AND at > %s ORDER BY at, id OFFSET %s LIMIT 1",
                        *(account._pace_key(channel), kinds, now - span, too_many - 1),
                    )
                )
                ((at,),) = self.env.cr.fetchall()
                ends.append((at + span - now, span))
        wait, span = max(ends, default=(timedelta(0), LONGEST_SPAN))
        allowed = dict(account._pace_limits(channel)[0]).get(span, 0)
        return PaceUsedUp(channel, allowed, int(span.total_seconds()), int(wait.total_seconds()) + 1)

    # ------------------------------------------------------------------ cleanup

    @api.autovacuum
    def _gc_old(self):
        """Remove rows older than every span."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM fapiao_pace WHERE id IN (SELECT id FROM fapiao_pace WHERE kind <> 'gate'"
                " AND at < %s ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)",
                *(self.env.cr.now() - LONGEST_SPAN, REMOVED_AT_ONCE),
            )
        )
        return self.env.cr.rowcount, self.env.cr.rowcount == REMOVED_AT_ONCE


def rules(limits, percent, purpose):
    """Yield ``(span, purposes, allowed)``: at most ``allowed`` calls of ``purposes`` within ``span``.

    ``limits``: ``[(span, calls)]``. ``percent`` of them is reserved for the most urgent purpose, and the same
    share of the rest for the second. The smallest allowance is one call.
    """
    for span, calls in limits:
        allowed = calls
        for place, name in enumerate(PURPOSES):
            yield span, PURPOSES[place:], allowed
            if name == purpose:
                break
            allowed -= reserved(allowed, percent)


def reserved(allowed, percent):
    """Return how many of ``allowed`` calls are reserved, at least one of two or more."""
    return min(max(1, allowed * percent // 100), allowed - 1) if percent else 0
