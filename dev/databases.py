"""Databases of this checkout on one server: templates, and copies of them made in seconds.

There are two templates with demo data: *base* holds Odoo with what the addon depends on, *addon* is a copy of it with
the addon installed. Each is named by all that decides its content and made under another name, so that a failed or
killed install is never taken for one.
"""

import ast
import hashlib
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from . import locks, paths
from .odoo_source import OdooSource
from .postgres import Postgres
from .say import Failure, say, step

# The first is what every user of a template database starts with.
_LANGUAGES = "en_US,zh_CN"

# Files that a database depends on; of `static` only the icon.
_DATABASE_FILES = {".py", ".xml", ".csv", ".po", ".pot", ".json", ".sql", ".png", ".svg"}

# Lines of an install log that mean trouble even where Odoo exits with success.
_TROUBLE = re.compile(r" (ERROR|CRITICAL) |demo data failed to install")
_CHATTER = re.compile(r" (INFO|DEBUG) |as user 'root'")


class Databases:
    """All databases whose name begins with this checkout's prefix, with their filestores."""

    def __init__(self, server: Postgres, source: OdooSource):
        self._server = server
        self._source = source

    def template(self) -> str:
        """Return the name of a complete addon template, built when there is none.

        Raise Failure, and leave no template, when the addon does not install.
        """
        with locks.held(paths.STATE / "databases.lock", "another command builds a template database"):
            self._drop_left()
            depends = ast.literal_eval((paths.ROOT / "__manifest__.py").read_text())["depends"]
            base_key = paths.digest(self._source.version, _LANGUAGES, *depends)
            base = f"{paths.DB_PREFIX}_base_{base_key}"
            addon = f"{paths.DB_PREFIX}_addon_{paths.digest(base, _addon_key())}"
            if not self.exists(addon):
                if not self.exists(base):
                    with step(f"template with {', '.join(depends)} and their demo data (about a minute)"):
                        self._build(base, None, "-i", ",".join(depends), "--load-language", _LANGUAGES)
                with step(f"template with {paths.ADDON}"):
                    self._build(addon, base, "-i", paths.ADDON)
            self._drop_outdated(base, addon)
        return addon

    def copy(self, template: str, name: str) -> str:
        """Make database *name* a fresh copy of *template* with its filestore; return *name*."""
        self.drop(name)
        self._server.call("createdb", "-T", template, name, why=f"{template} could not be copied")
        link_filestore(template, paths.DATA, name)
        return name

    @contextmanager
    def temporary(self, label: str):
        """Give the name of a copy of the addon template; it is dropped at the end, unless KEEP_DB is set.

        What a killed command leaves is dropped by the next one.
        """
        name = _temporary_name(label)
        try:
            yield self.copy(self.template(), name)
        finally:
            if os.environ.get("KEEP_DB"):
                kept = name.replace("_tmp_", "_kept_")
                self._rename(name, kept)
                say(f"the database {kept} is kept")
            else:
                self.drop(name)

    def update(self, name: str) -> None:
        """Bring the addon in database *name* to the present code; raise Failure if it cannot be."""
        with step(f"update of {paths.ADDON} in {name}"):
            # without it, words that were changed keep their old translation
            self._odoo(name, "-u", paths.ADDON, "--i18n-overwrite")

    def exists(self, name: str) -> bool:
        """Tell whether there is a database *name*."""
        return name in self._names()

    def drop(self, name: str) -> None:
        """Drop database *name* and its filestore, even while others are connected."""
        self._server.call("dropdb", "--if-exists", "--force", name, why=f"{name} could not be dropped")
        for folder in ("filestore", "fapiao_answers"):
            shutil.rmtree(paths.DATA / folder / name, ignore_errors=True)

    def drop_all(self) -> None:
        """Drop every database of this checkout."""
        for name in self._names():
            self.drop(name)

    def _build(self, name: str, template: str | None, *arguments: str) -> None:
        """Make database *name* by Odoo's *arguments* in a copy of *template*, or in a new database."""
        new = _temporary_name("new")
        try:
            self.copy(template, new) if template else self.drop(new)
            self._odoo(new, *arguments)
            self._rename(new, name)
        except BaseException:
            self.drop(new)
            raise

    def _rename(self, old: str, new: str) -> None:
        self._query(f'alter database "{old}" rename to "{new}"')
        files = paths.DATA / "filestore"
        if (files / old).exists():
            (files / old).rename(files / new)

    def _odoo(self, name: str, *arguments: str) -> None:
        """Let Odoo work on database *name* and end; raise Failure with the log's error lines."""
        log = paths.LOG / "install.log"
        log.unlink(missing_ok=True)
        command = [*paths.ODOO, "-c", paths.CONF, "-d", name, *arguments, "--with-demo"]
        command += ["--stop-after-init", "--no-http", "--max-cron-threads", "0", "--logfile", log]
        command = [str(part) for part in command]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=paths.STATE)
        text = log.read_text(errors="replace") if log.exists() else ""
        if done.returncode or _TROUBLE.search(text):
            # Tracebacks have no level: what remains are warnings, errors and their traces.
            lines = [line for line in (text + done.stderr).splitlines() if not _CHATTER.search(line)]
            raise Failure("\n".join([f"Odoo {' '.join(arguments)} failed; see {log}", *lines[-40:]]))

    def _drop_left(self) -> None:
        """Drop the temporary databases of processes that were killed."""
        for name in self._names():
            owner = re.search(r"_tmp_(\d+)", name)
            if owner and not Path("/proc", owner[1]).exists():
                say(f"dropping {name}, left by a process that is gone")
                self.drop(name)

    def _drop_outdated(self, base: str, addon: str) -> None:
        """Drop base templates but *base*, and all addon templates but *addon* and the newest other one."""
        names = self._names()
        others = [name for name in names if "_addon_" in name and name != addon]
        for name in [*others[:-1], *(name for name in names if "_base_" in name and name != base)]:
            self.drop(name)

    def _names(self) -> list[str]:
        """Return the databases of this checkout in the order in which they were made."""
        mine = f"starts_with(datname, '{paths.DB_PREFIX}_')"
        return self._query(f"select datname from pg_database where {mine} order by oid").splitlines()

    def _query(self, query: str) -> str:
        return self._server.call("psql", "-d", "postgres", "-qAtc", query, why="PostgreSQL refused a query")


def _temporary_name(label: str) -> str:
    return f"{paths.DB_PREFIX}_tmp_{os.getpid()}_{label}"


def link_filestore(template: str, data: Path, name: str) -> None:
    """Give database *name*, with its files in the folder *data*, the filestore of *template*."""
    source = paths.DATA / "filestore" / template
    if source.exists():
        # Odoo never changes a stored file, so that the copies can share it.
        shutil.copytree(source, data / "filestore" / name, copy_function=os.link)


def _addon_key() -> str:
    """Return a key over every file of the addon that a database depends on."""
    found = [*paths.ROOT.glob("*.py"), *paths.ROOT.glob("static/description/icon.*")]
    for folder in paths.ROOT.iterdir():
        if folder.is_dir() and folder.name not in {*paths.NOT_SHIPPED, "static"} and folder.name[0] != ".":
            found += [path for path in folder.rglob("*") if path.suffix in _DATABASE_FILES]
    summary = hashlib.sha256()
    for path in sorted(found):
        summary.update(f"{path.relative_to(paths.ROOT)}\0".encode())
        summary.update(hashlib.sha256(path.read_bytes()).digest())
    return summary.hexdigest()
