"""How fast can PostgreSQL take the same rows: one COPY, one INSERT … ON CONFLICT, one commit?

The very rows that were pulled, into the very table with its indexes and constraints, as empty as before
the pull. What is left out is all that a pull does besides: HTTP, token, base64, JSON, reading, comparing,
partners, a commit for each page, and the link from a red fapiao to its original.
"""

import io

from .world import timed

_LEFT_OUT = ("id", "original_id")


def take_rows(world):
    """Return ``(columns, CSV)`` of all that is in the pool."""
    found = world.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'fapiao'"
        " AND table_schema = current_schema AND column_name <> ALL(%s) ORDER BY ordinal_position",
        list(_LEFT_OUT),
    )
    columns = ", ".join(f'"{name}"' for (name,) in found)
    rows = f"SELECT {columns} FROM fapiao WHERE direction = 'in' ORDER BY id"
    csv = io.BytesIO()
    with world.registry.cursor() as cr:
        cr.copy_expert(f"COPY ({rows}) TO STDOUT (FORMAT csv)", csv)
    return columns, csv.getvalue()


def load(world, columns, csv, runs):
    """Load the rows into the empty pool and append the seconds to ``runs``."""
    with timed(runs), world.registry.cursor() as cr:
        cr.execute(f"CREATE TEMPORARY TABLE raw ON COMMIT DROP AS SELECT {columns} FROM fapiao LIMIT 0")
        cr.copy_expert(f"COPY raw ({columns}) FROM STDIN (FORMAT csv)", io.BytesIO(csv))
        cr.execute(
            f"INSERT INTO fapiao ({columns}) SELECT {columns} FROM raw"
            " ON CONFLICT (company_id, direction, number) DO UPDATE"
            f" SET ({columns}) = ROW ({_excluded(columns)})"
        )


def _excluded(columns):
    return ", ".join(f"EXCLUDED.{column}" for column in columns.split(", "))
