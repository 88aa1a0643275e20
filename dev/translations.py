"""`make pot`: the translation template from Odoo's own exporter, and the Chinese merged."""

import shutil
import subprocess
from pathlib import Path

from . import config, odoo_source, paths, setup
from .databases import temporary_name
from .say import Failure, say

_POT = paths.ROOT / "i18n" / f"{paths.ADDON}.pot"
_CHINESE = paths.ROOT / "i18n" / "zh_CN.po"

# Code whose strings no user of the addon sees.
_NOT_TRANSLATED = ("tests", "dev", "docs", "sandbox", "bench", "requirements")


def run() -> int:
    """Write `i18n/*.pot`, merge it into `i18n/zh_CN.po`, and return 0."""
    with setup.ready() as tools:
        db = temporary_name("pot")
        try:
            tools.databases.copy(tools.templates.addon(), db)
            exported = _export(tools, db)
        finally:
            tools.databases.drop(db)
        command = [tools.python, "-m", "dev.merge_po", exported, _POT, _CHINESE]
        command += odoo_source.planned().addons
        return subprocess.call([str(part) for part in command], cwd=paths.ROOT)


def _export(tools, db: str) -> Path:
    """Return a template as Odoo exports it from a bare copy of the addon.

    The exporter walks the addon's folder and follows links: in the repository itself it
    would run in circles through `.odoo/addons`.
    """
    bare = paths.STATE / "pot"
    shutil.rmtree(bare, ignore_errors=True)
    shutil.copytree(
        paths.ROOT,
        bare / "addons" / paths.ADDON,
        ignore=shutil.ignore_patterns(".*", "__pycache__", *_NOT_TRANSLATED),
    )
    conf = config.write_variant(bare / "odoo.conf", addons=bare / "addons")
    target = bare / f"{paths.ADDON}.pot"
    command = [tools.python, "-P", "-m", "odoo", "i18n", "export", "-c", conf, "-d", db]
    command += ["-o", target, paths.ADDON]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=bare
    )
    if done.returncode or not target.exists():
        raise Failure(f"Odoo's exporter failed:\n{done.stderr[-3000:]}")
    say(f"exported {target.stat().st_size} bytes")
    return target
