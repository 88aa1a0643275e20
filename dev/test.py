"""`make test`: the whole suite, browser tours included, on a fresh database."""

import os
import shlex
import signal
import subprocess

from . import browser, old_http, paths, setup
from .databases import Databases, temporary_name
from .say import say

PROCESSES = min(os.cpu_count() or 1, 4)
_TESTS = paths.ADDONS.relative_to(paths.ROOT) / paths.ADDON / "tests"


def run(target: str = "", arguments: str = "") -> int:
    """Run pytest and return its exit code.

    *target* is a test file or folder relative to the repository, optionally with
    `::name`; *arguments* are further arguments of pytest. Without a target the files are
    shared between processes with a database each. KEEP_DB in the environment leaves the
    database for a look afterwards.
    """
    with setup.ready(browser.ensure) as tools:
        template = tools.templates.addon()
        db = tools.databases.copy(template, temporary_name())
        try:
            shared = [] if target else ["-n", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"]
            options = [*_options(db), *shared, *shlex.split(arguments), _place(target)]
            environment = {**tools.environment, **_hints(template, old_http.ensure(tools.python))}
            # pytest-odoo copies the database with `createdb`
            environment["PATH"] = os.pathsep.join([str(tools.server.programs), environment["PATH"]])
            return _in_foreground([tools.python, "-m", "pytest", *options], environment)
        finally:
            _put_away(tools.databases, db)


def _options(db: str) -> list[str]:
    # Conftests are looked for inside the addon only: the repository root, seen under its
    # own name, would be a second copy of the addon.
    return [
        "-p",
        "dev.pytest_strict",
        "-p",
        "dev.pytest_assets",
        f"--odoo-config={paths.CONF}",
        f"--odoo-database={db}",
        "--odoo-http",
        f"--confcutdir={_TESTS}",
    ]


def _place(target: str) -> str:
    if not target:
        return str(_TESTS)
    return str(_TESTS.parent / target.removeprefix(f"{_TESTS.parent}/"))


def _hints(template: str, old_https: list) -> dict:
    return {
        "ODOO_DEV_OLD_HTTP": os.pathsep.join(map(str, old_https)),
        "ODOO_DEV_TEMPLATE": template,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(paths.STATE / "hypothesis"),
    }


def _in_foreground(command: list, env: dict) -> int:
    """Run *command*, leaving Ctrl-C to it, and return its exit code."""
    process = subprocess.Popen([str(part) for part in command], cwd=paths.ROOT, env=env)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """Let a pytest that still runs tidy up as after Ctrl-C, then insist."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _put_away(databases: Databases, db: str) -> None:
    if os.environ.get("KEEP_DB"):
        databases.keep(db)
        say(f"the database {db} is kept")
    else:
        databases.drop(db)
