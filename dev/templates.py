"""Template databases in two levels, so that a second run starts in seconds.

*base* holds Odoo with the addon's dependencies, *addon* is a copy of it with the addon
installed; both with demo data. Each is named by all that decides its content and bears a
comment once it is complete, so that a failed or killed install is never taken for one.
"""

import ast
import hashlib
import re
import subprocess
import time
from pathlib import Path

from . import locks, paths, pins
from .databases import Databases
from .odoo_source import OdooSource
from .say import Failure, step

_COMPLETE = "complete since "
_KEEP_ADDON_TEMPLATES = 2

# Folders of the repository that no database depends on; `static` only through its icon.
_NOT_IN_DATABASE = {"tests", "dev", "docs", "sandbox", "bench", "requirements", "static", "__pycache__"}
_DATABASE_FILES = {".py", ".xml", ".csv", ".po", ".pot", ".json", ".sql", ".png", ".svg"}

# Lines of an install log that mean trouble even where Odoo exits with success.
_TROUBLE = re.compile(r" (ERROR|CRITICAL) |demo data failed to install")
_CHATTER = re.compile(r" (INFO|DEBUG) |as user 'root'")


class Templates:
    """The template databases of this checkout."""

    def __init__(self, databases: Databases, source: OdooSource, python: Path):
        self._databases = databases
        self._source = source
        self._python = python

    def addon(self) -> str:
        """Return the name of a complete addon template, built when there is none.

        Raise Failure, and leave no template, when the addon does not install.
        """
        with locks.held(paths.STATE / "databases.lock", "another command builds a template database"):
            self._databases.sweep()
            base = f"{paths.DB_PREFIX}_base_{self._base_key()}"
            name = f"{paths.DB_PREFIX}_addon_{paths.digest(base, _addon_key())}"
            if name not in self._complete():
                if base not in self._complete():
                    self._build_base(base)
                self._build_addon(name, base)
            self._drop_outdated(base, name)
        return name

    def update(self, name: str) -> None:
        """Bring the addon in database *name* to the present code; raise Failure if it cannot be."""
        with step(f"update of {paths.ADDON} in {name}"):
            # without it, words that were changed keep their old translation
            self._odoo(name, "-u", paths.ADDON, "--i18n-overwrite")

    def _build_base(self, name: str) -> None:
        depends = ",".join(_depends())
        with step(f"template with {depends} and their demo data (about a minute)"):
            self._databases.drop(name)
            self._build(name, "-i", depends, "--load-language", pins.LANGUAGES)

    def _build_addon(self, name: str, base: str) -> None:
        with step(f"template with {paths.ADDON}"):
            self._databases.copy(base, name)
            self._build(name, "-i", paths.ADDON)

    def _build(self, name: str, *arguments: str) -> None:
        try:
            self._odoo(name, *arguments)
            self._databases.comment(name, f"{_COMPLETE}{time.time():.0f}")
        except BaseException:
            self._databases.drop(name)
            raise

    def _odoo(self, name: str, *arguments: str) -> None:
        """Let Odoo work on database *name* and end; raise Failure with the log's error lines."""
        log = paths.LOG / f"{name.removeprefix(paths.DB_PREFIX)[1:]}.log"
        log.unlink(missing_ok=True)
        command = [self._python, "-P", "-m", "odoo", "-c", paths.CONF, "-d", name, *arguments, "--with-demo"]
        command += ["--stop-after-init", "--no-http", "--max-cron-threads", "0", "--logfile", log]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False, cwd=paths.STATE
        )
        text = log.read_text(errors="replace") if log.exists() else ""
        if done.returncode or _TROUBLE.search(text):
            # Tracebacks have no level: what remains are warnings, errors and their traces.
            told = [line for line in (text + done.stderr).splitlines() if not _CHATTER.search(line)]
            raise Failure("\n".join([f"Odoo {' '.join(arguments)} failed; see {log}", *told[-40:]]))

    def _base_key(self) -> str:
        return paths.digest(self._source.version, pins.LANGUAGES, *_depends())

    def _drop_outdated(self, base: str, addon: str) -> None:
        """Drop base templates but *base*, and all but the newest addon templates."""
        complete = self._complete()
        others = [name for name in complete if "_addon_" in name and name != addon]
        newest_first = sorted(others, key=complete.get, reverse=True)
        outdated = newest_first[_KEEP_ADDON_TEMPLATES - 1 :]
        outdated += [name for name in complete if "_base_" in name and name != base]
        for name in outdated:
            self._databases.drop(name)

    def _complete(self) -> dict[str, float]:
        """Return the complete templates and when each was built."""
        comments = self._databases.comments().items()
        marked = {name: text for name, text in comments if text.startswith(_COMPLETE)}
        return {name: float(text.removeprefix(_COMPLETE)) for name, text in marked.items()}


def _depends() -> list[str]:
    manifest = paths.ROOT / "__manifest__.py"
    if not manifest.exists():
        raise Failure(f"There is no addon yet: {manifest} is missing.")
    return list(ast.literal_eval(manifest.read_text())["depends"])


def _addon_key() -> str:
    """Return a key over every file of the addon that a database depends on."""
    summary = hashlib.sha256()
    for path in _addon_files():
        summary.update(f"{path.relative_to(paths.ROOT)}\0".encode())
        summary.update(hashlib.sha256(path.read_bytes()).digest())
    return summary.hexdigest()


def _addon_files() -> list[Path]:
    found = sorted(paths.ROOT.glob("*.py"))
    found += sorted(paths.ROOT.glob("static/description/icon.*"))
    for folder in sorted(paths.ROOT.iterdir()):
        if folder.is_dir() and folder.name not in _NOT_IN_DATABASE and not folder.name.startswith("."):
            found += sorted(path for path in folder.rglob("*") if path.suffix in _DATABASE_FILES)
    return found
