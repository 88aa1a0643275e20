"""Databases of this checkout on one server: copied in seconds, dropped without a trace."""

import os
import re
import shutil
from pathlib import Path

from . import paths
from .postgres import Postgres
from .say import say

_KEPT = "kept"


class Databases:
    """All databases whose name begins with this checkout's prefix, with their filestores."""

    def __init__(self, server: Postgres):
        self._server = server

    def copy(self, template: str, name: str) -> str:
        """Make database *name* a fresh copy of *template* with its filestore; return *name*."""
        self.drop(name)
        self._server.call("createdb", "-T", template, name, why=f"{template} could not be copied")
        source = paths.DATA / "filestore" / template
        if source.exists():
            # Odoo never changes a stored file, so that the copies can share it.
            shutil.copytree(source, source.with_name(name), copy_function=os.link)
        return name

    def drop(self, name: str) -> None:
        """Drop database *name* and its filestore, whoever is connected."""
        self._server.call("dropdb", "--if-exists", "--force", name, why=f"{name} could not be dropped")
        for folder in ("filestore", "fapiao_answers"):
            shutil.rmtree(paths.DATA / folder / name, ignore_errors=True)

    def drop_all(self) -> None:
        """Drop every database of this checkout."""
        for name in self.comments():
            self.drop(name)

    def keep(self, name: str) -> None:
        """Save the temporary database *name* from being swept away."""
        self.comment(name, _KEPT)

    def sweep(self) -> None:
        """Drop the temporary databases of processes that were killed."""
        for name, comment in self.comments().items():
            owner = re.search(r"_tmp_(\d+)", name)
            if owner and comment != _KEPT and not Path("/proc", owner[1]).exists():
                say(f"dropping {name}, left by a process that is gone")
                self.drop(name)

    def exists(self, name: str) -> bool:
        """Tell whether there is a database *name*."""
        return name in self.comments()

    def comments(self) -> dict[str, str]:
        """Return the databases of this checkout, each with its comment."""
        query = (
            "select datname, coalesce(shobj_description(oid, 'pg_database'), '') "
            f"from pg_database where starts_with(datname, '{paths.DB_PREFIX}_')"
        )
        rows = self._query("-AtF\t", "-c", query).splitlines()
        return dict(row.split("\t", 1) for row in rows)

    def comment(self, name: str, text: str) -> None:
        """Write *text* on database *name*."""
        self._query("-qc", f"comment on database \"{name}\" is '{text}'")

    def _query(self, *arguments: str) -> str:
        return self._server.call("psql", "-d", "postgres", *arguments, why="PostgreSQL refused a query")


def temporary_name(label: str = "test") -> str:
    """Return a name for a database of this process; once the process is gone it is swept away."""
    return f"{paths.DB_PREFIX}_tmp_{os.getpid()}_{label}"
