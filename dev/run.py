"""`make run`, `make shell` and `make clean`: a lasting database with a server on it, and the end of it all."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress

from . import paths, postgres, servers, setup
from .client import Client

_RUN_DB = f"{paths.DB_PREFIX}_run"


def run() -> int:
    """Keep a server up until Ctrl-C; its database stays for the next time.

    With RESET in the environment the database is made from scratch. An addon that changed meanwhile is updated.
    """
    is_new = bool(os.environ.get("RESET"))
    with setup.ready() as tools:
        db = _database(tools, is_new)
        with servers.running(tools, db, "run", is_new) as server:
            Client(server).join_sandbox()
            with suppress(KeyboardInterrupt):
                _introduce(server)
                signal.pause()
    return 0


def shell() -> int:
    """Open Odoo's Python shell on the database of `make run` and return its exit code."""
    with setup.ready() as tools:
        command = [*paths.ODOO, "shell", "-c", paths.CONF, "-d", _database(tools), "--no-http"]
        return subprocess.call(command, cwd=paths.STATE, env=tools.environment)


def clean() -> None:
    """Remove all that the scripts made in this checkout, not the shared cache: stop its PostgreSQL, remove `.odoo`.

    On a server that PGHOST names the databases of this checkout are dropped.
    """
    if os.environ.get("PGHOST"):
        with setup.ready() as tools:
            tools.databases.drop_all()
    elif paths.POSTGRES.exists():
        postgres.Cluster(postgres.home()).remove()
    shutil.rmtree(paths.STATE, ignore_errors=True)


def _database(tools: setup.Setup, reset: bool = False) -> str:
    """Return the name of the lasting database, with the addon as the code is now."""
    template = tools.databases.template()
    made_from = paths.STATE / "run.template"
    if reset or not tools.databases.exists(_RUN_DB):
        tools.databases.copy(template, _RUN_DB)
    elif not made_from.exists() or made_from.read_text() != template:
        tools.databases.update(_RUN_DB)
    made_from.write_text(template)
    return _RUN_DB


def _introduce(server: servers.Server) -> None:
    print(
        f"\n  Odoo      {server.url}\n"
        f"  user      {server.login}\n"
        f"  password  {server.password}\n"
        f"  sandbox   {server.sandbox_url}\n"
        f"  logs      {paths.LOG.relative_to(paths.ROOT)}/run-*.log\n\n"
        "Ctrl-C stops both.",
        flush=True,
    )
