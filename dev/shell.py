"""`make shell`: Odoo's Python shell on the database of `make run`."""

import subprocess

from . import paths, setup
from .run import database


def run() -> int:
    """Open the shell and return its exit code."""
    with setup.ready() as tools:
        db = database(tools)
        command = [tools.python, "-P", "-m", "odoo", "shell", "-c", paths.CONF, "-d", db, "--no-http"]
        return subprocess.call(command, cwd=paths.STATE, env=tools.environment)
