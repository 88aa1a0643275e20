"""`make clean`: remove all that the scripts made in this checkout, not the shared cache."""

import os
import shutil

from . import paths, postgres, setup


def run() -> int:
    """Stop this checkout's PostgreSQL and remove `.odoo`; return 0.

    On a server of the user's the databases of this checkout are dropped.
    """
    if os.environ.get("PGHOST") and paths.STATE.exists():
        with setup.ready() as tools:
            tools.databases.drop_all()
    postgres.remove()
    shutil.rmtree(paths.STATE, ignore_errors=True)
    return 0
