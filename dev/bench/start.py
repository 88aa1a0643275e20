"""The database and the sandbox cloud a measurement runs on, made and put away."""

import shutil
import subprocess

from .. import paths, servers, setup
from ..databases import temporary_name
from ..say import Failure

ROWS = 100_000
LEAST = 1000


def run(rows: str = "") -> int:
    """Measure with *rows* headers (100,000) and ten times as many; return the exit code."""
    count = count_of(rows)
    with setup.ready() as tools:
        db = temporary_name("bench")
        # a sandbox that remembers nothing
        shutil.rmtree(paths.STATE / "sandbox" / "bench", ignore_errors=True)
        try:
            tools.databases.copy(tools.templates.addon(), db)
            with servers.sandbox(tools, "bench") as url:
                command = [tools.python, "-P", "-m", "dev.bench", db, url, str(count)]
                return subprocess.call(command, cwd=paths.STATE, env=tools.environment)
        finally:
            tools.databases.drop(db)


def count_of(rows: str) -> int:
    """Return the number in *rows*, 100,000 where there is none; raise Failure for what is no number."""
    text = rows.replace(",", "").replace("_", "")
    count = int(text) if text.isdecimal() else 0 if text else ROWS
    if count < LEAST:
        raise Failure(f"ROWS={rows} is no number of rows from {LEAST} on.")
    return count
