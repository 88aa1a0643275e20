"""`make run` and `make demo`: a server with demo data and the sandbox cloud."""

import signal
import subprocess

from . import paths, servers, setup
from .client import Client
from .databases import temporary_name

_RUN_DB = f"{paths.DB_PREFIX}_run"


def stay(reset: bool = False) -> int:
    """Keep a server up until Ctrl-C; its database stays for the next time.

    With *reset* the database is made anew. An addon that changed meanwhile is updated.
    """
    with setup.ready() as tools:
        db = database(tools, reset)
        with servers.running(tools, db, "run", anew=reset) as server:
            _join(server)
            server.save(paths.RUN_FILE)
            try:
                _introduce(server)
                signal.pause()
            except KeyboardInterrupt:
                print()
            finally:
                paths.RUN_FILE.unlink(missing_ok=True)
    return 0


def demo() -> int:
    """Run `dev/demo.py` against a fresh server, and return its exit code."""
    with setup.ready() as tools:
        db = temporary_name("demo")
        try:
            tools.databases.copy(tools.templates.addon(), db)
            with servers.running(tools, db, "demo", anew=True) as server:
                described = paths.STATE / "demo.json"
                server.save(described)
                command = [tools.python, "-m", "dev.demo", described]
                return subprocess.call(command, cwd=paths.ROOT, env=tools.environment)
        finally:
            tools.databases.drop(db)


def database(tools: setup.Setup, reset: bool = False) -> str:
    """Return the name of the lasting database, with the addon as the code is now."""
    template = tools.templates.addon()
    made_from = paths.STATE / "run.template"
    known = made_from.read_text() if made_from.exists() else ""
    if reset or not tools.databases.exists(_RUN_DB):
        tools.databases.copy(template, _RUN_DB)
    elif known != template:
        tools.templates.update(_RUN_DB)
    made_from.write_text(template)
    return _RUN_DB


def _join(server: servers.Server) -> None:
    client = Client(server)
    client.join_sandbox()
    client.stay_in_company()


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
