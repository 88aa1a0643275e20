"""The set-up that every target shares: Odoo, Python, PostgreSQL, databases."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import config, odoo_source, paths, postgres, venv
from .databases import Databases
from .postgres import Postgres
from .templates import Templates


@dataclass(frozen=True)
class Setup:
    """All that Odoo needs to run, ready."""

    # The virtual environment's. With -P it doesn't look into the working directory, where
    # `.odoo/odoo` would be a second road to the package.
    python: Path
    server: Postgres
    databases: Databases
    templates: Templates

    @property
    def environment(self) -> dict:
        """Return the environment of a process that works on this set-up."""
        path = os.pathsep.join(map(str, [paths.BIN, paths.VENV / "bin", os.environ["PATH"]]))
        own = {
            "PATH": path,
            "PYTHONPATH": str(paths.ROOT),
            "PYTHONUNBUFFERED": "1",
            "ODOO_DEV_CONF": str(paths.CONF),
            "ODOO_DEV_PROGRAMS": str(self.server.programs),
        }
        return {**os.environ, **self.server.environment, **own}


@contextmanager
def ready(*more):
    """Give a Setup; its PostgreSQL runs as long as the context lasts.

    *more* are further things to fetch, functions that are called meanwhile.
    """
    source, python, *_ = _side_by_side(odoo_source.ensure, venv.ensure, *more)
    with postgres.running() as server:
        config.write(source, server)
        databases = Databases(server)
        yield Setup(python, server, databases, Templates(databases, source, python))


def _side_by_side(*functions) -> list:
    """Return what each of *functions* returns; raise the first failure when all have ended."""
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(function) for function in functions]
    return [job.result() for job in jobs]
