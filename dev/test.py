"""`make test`: the whole suite, browser tours included, on a fresh database."""

import os
import shlex
import signal
import subprocess
import sys

from . import paths, setup, venv

PROCESSES = min(os.cpu_count() or 1, 4)
_TESTS = paths.ADDONS.relative_to(paths.ROOT) / paths.ADDON / "tests"


def run() -> int:
    """Run pytest and return its exit code.

    In the environment T names a test file or folder relative to the repository, optionally with `::name`, and ARGS
    further arguments of pytest. Without T the files are shared between processes with a database each. KEEP_DB leaves
    the database for a look afterwards.
    """
    target, arguments = os.environ.get("T", ""), shlex.split(os.environ.get("ARGS", ""))
    shared = [] if target else ["-n", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"]
    place = _TESTS.parent / target.removeprefix(f"{_TESTS.parent}/") if target else _TESTS
    # Conftests are looked for inside the addon only: the repository root, seen under its
    # own name, would be a second copy of the addon.
    options = ["-p", "dev.pytest_strict", f"--confcutdir={_TESTS}"]
    with setup.ready() as tools, tools.databases.temporary("test") as db:
        odoo = [f"--odoo-config={paths.CONF}", f"--odoo-database={db}", "--odoo-http"]
        command = [sys.executable, "-m", "pytest", *options, *odoo, *shared, *arguments, str(place)]
        hints = {
            "ODOO_DEV_OLD_HTTP": os.pathsep.join(map(str, venv.other_http())),
            "ODOO_DEV_TEMPLATE": tools.databases.template(),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(paths.STATE / "hypothesis"),
        }
        return _in_foreground(command, {**tools.environment, **hints})


def _in_foreground(command: list, env: dict) -> int:
    """Run *command*, leaving Ctrl-C to it, and return its exit code; if we are to end, let it tidy up first."""
    process = subprocess.Popen(command, cwd=paths.ROOT, env=env)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
