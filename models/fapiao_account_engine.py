"""What the engine keeps on an account: who fetches its token, whether its cloud can be reached, and whether this
database is the one that made its calls."""

from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from . import fapiao_spool as spool

ALONE_FIRST = timedelta(seconds=30)
ALONE_LAST = timedelta(minutes=15)
ASK_FIRST_FOR = timedelta(days=60)


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    token_lease_until = fields.Datetime(readonly=True, copy=False)
    assistant_token_lease_until = fields.Datetime(readonly=True, copy=False)
    away_since = fields.Datetime("Not Reached Since", readonly=True, copy=False)
    away_count = fields.Integer(readonly=True, copy=False)
    left_alone_until = fields.Datetime(readonly=True, copy=False)
    database_identity = fields.Char(
        readonly=True, copy=False, groups="base.group_system", help="Of the database that made the last calls."
    )
    restored_at = fields.Datetime(
        "Database Restored On",
        readonly=True,
        copy=False,
        help="Since then each order is asked for by its ID before it is sent: the cloud may know it already.",
    )

    # ------------------------------------------------------------------ leases

    def _lease(self):
        """Return how long a claimed call may take before its worker counts as dead."""
        return timedelta(seconds=self._config({}).lease)

    def _calls_that_fit(self):
        """Return how many calls a claim may take: so many can start within the lease."""
        return self._config({}).calls_that_fit

    def _take_token_lease(self, part=""):
        """Take it on to fetch the token; return False where another worker is doing so."""
        self.ensure_one()
        column = SQL.identifier("assistant_token_lease_until" if part else "token_lease_until")
        self.env.cr.execute(
            SQL(
                "UPDATE fapiao_account SET %(column)s = %(until)s WHERE id = %(id)s"
                " AND (%(column)s IS NULL OR %(column)s < %(now)s)",
                column=column,
                until=self._db_now() + timedelta(seconds=self._config({}).longest_send),
                now=self._db_now(),
                id=self.id,
            ),
            log_exceptions=False,
        )
        self.invalidate_recordset(["token_lease_until", "assistant_token_lease_until"])
        return bool(self.env.cr.rowcount)

    def _leave_token_lease(self, part=""):
        self.write({"assistant_token_lease_until" if part else "token_lease_until": False})

    # ------------------------------------------------------------------ a cloud that can't be reached

    def _is_left_alone(self):
        """Tell whether the scheduled actions leave this account's cloud alone for a while."""
        return bool(self.left_alone_until and self.left_alone_until > self._db_now())

    def _note_cloud_away(self):
        """The cloud could not be reached several times in a row: leave it alone, ever longer."""
        now = self._db_now()
        self.write(
            {
                "away_since": self.away_since or now,
                "away_count": self.away_count + 1,
                "left_alone_until": now + min(ALONE_FIRST * 2 ** min(self.away_count, 10), ALONE_LAST),
            }
        )

    def _note_cloud_reached(self):
        self.write({"away_since": False, "away_count": 0, "left_alone_until": False})

    # ------------------------------------------------------------------ a database that was restored

    def _asks_first(self):
        """Tell whether orders are asked for by their ID before they are sent."""
        self.ensure_one()
        return bool(self.restored_at and self.restored_at > self._db_now() - ASK_FIRST_FOR)

    def _notice_restore(self):
        """Notice a restored database, before a call of this account is logged: another one than that which made the
        last calls, or one that knows fewer calls than were made from here."""
        self.ensure_one()
        identity = self._database_identity()
        account = self.sudo()  # sudo: administrators see it, every claim needs it
        is_another = account.database_identity and account.database_identity != identity
        if is_another or spool.last_call(self.env.cr.dbname, identity) > self._last_exchange():
            # every account: the mark tells it once, and what was sent through the others is forgotten as well
            self.env.cr.execute(SQL("UPDATE fapiao_account SET restored_at = %s", self._db_now()))
            self.env["fapiao.account"].invalidate_model(["restored_at"])
            spool.mark(self.env.cr.dbname, identity, self._last_exchange(), is_reset=True)
        if account.database_identity != identity:
            account.database_identity = identity

    def _database_identity(self):
        """Return what tells this database from a copy of it that was restored beside it or in its place."""
        self.env.cr.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = self.env.cr.fetchone()
        return f"{self.env.cr.dbname}/{oid}"

    def _last_exchange(self):
        """Return the number of the last call that this database has logged; 0 if none."""
        self.env.cr.execute("SELECT last_value - (NOT is_called)::int FROM fapiao_exchange_id_seq")
        return self.env.cr.fetchone()[0]

    def _db_now(self):
        return self.env["fapiao.outbound"]._now()
