"""Time that passes without being waited for, and the quiet after it.

What is stored moves into the past, and the bureau's clock forward by as much. A worker in mid-call couldn't
notice that, as it would notice real time: so time passes only while no living worker has a call under way.
"""

import time

import psycopg2

from dev.say import Failure

# As long as a call may take in a living worker; an older one was its worker's last.
_LONGEST_CALL = 30
_MOST_WAITING = 300
# What the bureau said of its own documents.
_FACTS = ("issued_at", "applied_at")
_MOMENTS = (
    "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
    " USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    " AND data_type = 'timestamp without time zone' AND (table_name LIKE 'fapiao%%'"
    " OR (table_name, column_name) IN (('ir_cron', 'nextcall'), ('ir_cron_trigger', 'call_at')))"
)
_OUTBOUND = (
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
    " AND column_name IN ('state', 'lease_until', 'request_uid', 'resends') GROUP BY 1 HAVING count(*) = 4"
)
_DUE = (
    "SELECT count(*) FROM {table} WHERE state IN ('queued', 'sending', 'unknown', 'pending')"
    " AND coalesce(lease_until, next_try_at) < now() AT TIME ZONE 'UTC' + interval '20 s'"
)
_OPEN = ("queued", "sending", "unknown", "pending", "waiting_login")


class Clock:
    """Lets time pass for everything that is stored, and at the bureau."""

    def __init__(self, place):
        self._place = place
        self._seen: dict[int, float] = {}  # calls met under way, and when

    def advance(self, minutes: int) -> None:
        """Let *minutes* pass as soon as no call is under way; raise Failure where that doesn't come."""
        deadline = time.monotonic() + _MOST_WAITING
        while not self._shift(minutes):
            if time.monotonic() > deadline:
                raise Failure("The servers never stopped calling, so no time could pass.")
            time.sleep(1)
        self._place.wake_schedulers()

    def _shift(self, minutes: int) -> bool:
        columns: dict[str, list] = {}
        for table, column in self._place.sql(_MOMENTS):
            if column not in _FACTS:
                columns.setdefault(table, []).append(column)
        try:
            with self._place.connection() as connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '3s'; LOCK TABLE fapiao_call IN EXCLUSIVE MODE")
                cursor.execute("SELECT id FROM fapiao_call WHERE state = 'sent'")
                now = time.monotonic()
                under_way = [self._seen.setdefault(row[0], now) for row in cursor.fetchall()]
                if any(now - since < _LONGEST_CALL for since in under_way):
                    return False
                for table, names in columns.items():
                    moved = ", ".join(f"{name} = {name} - interval '{minutes} min'" for name in names)
                    cursor.execute(f"UPDATE {table} SET {moved}")
                self._place.sandbox.do("advance", minutes=minutes)
        except psycopg2.OperationalError:
            return False  # somebody was in between
        return True


def open_tasks(place) -> dict[str, int]:
    """Return how many tasks are still to come to an end, by table and state."""
    counts = {}
    for (table,) in place.sql(_OUTBOUND):
        found = place.sql(f"SELECT state, count(*) FROM {table} WHERE state IN %s GROUP BY 1", _OPEN)
        counts.update({f"{table} {state}": count for state, count in found})
    todo = place.sql("SELECT count(*) FROM fapiao_red_form WHERE follow_up = 'todo'")[0][0]
    return {**counts, **({"fapiao_red_form follow-up": todo} if todo else {})}


def waiting_for_person(place) -> list:
    """Return (table, id, request ID) of the tasks that wait for a person's decision."""
    return [
        (table, *row)
        for (table,) in place.sql(_OUTBOUND)
        for row in place.sql(f"SELECT id, request_uid FROM {table} WHERE state = 'manual'")
    ]


def wait_while_due(place, seconds: int) -> dict[str, int]:
    """Wait until no open task is due soon, at most *seconds*, and return those that are open."""
    deadline = time.monotonic() + seconds
    while (tasks := open_tasks(place)) and time.monotonic() < deadline:
        if not any(place.sql(_DUE.format(table=table))[0][0] for (table,) in place.sql(_OUTBOUND)):
            break
        time.sleep(1)
    return tasks
