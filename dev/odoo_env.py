"""What a test needs to work in processes and databases of its own, as crash tests do.

`make test` says in the environment where things are. A test makes a throw-away copy of
the addon's template, starts a script on it, kills the script, and looks at what is left:

    with odoo_env.database() as db:
        process = odoo_env.start(SCRIPT, db)
        …
        process.kill()

The script opens the database with `with odoo_env.environment() as env:`.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from . import paths
from .databases import Databases, temporary_name
from .postgres import Postgres
from .say import Failure

_numbers = count(1)


def template() -> str:
    """Return the name of the database with the addon freshly installed; nobody is connected to it."""
    return _told("ODOO_DEV_TEMPLATE")


def conf() -> str:
    """Return the path of the odoo.conf with addons path and database parameters."""
    return _told("ODOO_DEV_CONF")


def odoo_arguments(db: str) -> list[str]:
    """Return the command-line arguments that make an Odoo process work on *db* alone."""
    return ["-c", conf(), "-d", db, "--db-filter", f"^{db}$"]


@contextmanager
def database(label: str = "own"):
    """Give the name of a fresh copy of the template, dropped at the end."""
    databases = Databases(_server())
    name = temporary_name(f"{label}_{next(_numbers)}")
    try:
        yield databases.copy(template(), name)
    finally:
        databases.drop(name)


def start(script: str | Path, db: str, *arguments: str, **options) -> subprocess.Popen:
    """Start Python on the file *script* for *db* and return the process.

    *options* are those of Popen; output is piped as text unless they say otherwise, and
    `env` adds to the environment.
    """
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": paths.ROOT}
    env = {**os.environ, "ODOO_DEV_DATABASE": db, **options.pop("env", {})}
    return subprocess.Popen([sys.executable, str(script), *arguments], **{**defaults, **options}, env=env)


@contextmanager
def environment(db: str = "", commit: bool = False):
    """Give an Odoo environment of the superuser on *db*, in a process without Odoo so far.

    *db* is by default the one the process was started for. With *commit* the transaction
    is committed at the end, otherwise rolled back.
    """
    import odoo  # only the child process configures Odoo here
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry

    db = db or _told("ODOO_DEV_DATABASE")
    odoo.tools.config.parse_config([*odoo_arguments(db), "--no-http", "--log-level=warn"], setup_logging=True)
    with Registry(db).cursor() as cr:
        yield Environment(cr, SUPERUSER_ID, {})
        if not commit:
            cr.rollback()


def _server() -> Postgres:
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
    return Postgres(*(os.environ.get(name, "") for name in names), Path(_told("ODOO_DEV_PROGRAMS")))


def _told(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise Failure(f"{name} is not set: start the tests with `make test`.")
