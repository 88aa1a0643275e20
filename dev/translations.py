"""`make pot`: the translation template from Odoo's own exporter, merged into the Chinese translation.

Both files are written the same way every time, so that a comparison shows what has changed and nothing else.
"""

import shutil
from pathlib import Path

import polib

from . import odoo_source, paths, setup
from .say import run as call

_POT = paths.ROOT / "i18n" / f"{paths.ADDON}.pot"
_CHINESE = paths.ROOT / "i18n" / "zh_CN.po"


def run() -> int:
    """Write both files, name the terms that are not translated, and return 0."""
    with setup.ready() as tools, tools.databases.temporary("pot") as db:
        template = polib.pofile(str(_export(tools, db)))
    _save(template, _POT)
    translation = polib.pofile(str(_CHINESE))
    translation.merge(template)
    for entry in translation.obsolete_entries():
        translation.remove(entry)
    _save(translation, _CHINESE)
    missing = [entry.msgid for entry in translation.untranslated_entries()]
    print(f"{_POT.name}: {len(template)} terms; {_CHINESE.name}: {len(missing)} not translated")
    for term in missing:
        print(f"  {term[:100]!r}")
    return 0


def _export(tools: setup.Setup, db: str) -> Path:
    """Return a template as Odoo exports it from a bare copy of the addon.

    The exporter walks the addon's folder and follows links: in the repository itself it would run in circles through
    `.odoo/addons`.
    """
    bare = paths.STATE / "pot"
    shutil.rmtree(bare, ignore_errors=True)
    paths.copy_bare(bare / "addons" / paths.ADDON)
    addons = ",".join(map(str, [*odoo_source.planned().addons, bare / "addons"]))
    conf = setup.write_conf(bare / "odoo.conf", tools.server, addons_path=addons)
    target = bare / _POT.name
    command = [*paths.ODOO, "i18n", "export", "-c", conf, "-d", db, "-o", target, paths.ADDON]
    call(command, why="Odoo's exporter failed", cwd=bare)
    return target


def _save(file: polib.POFile, path: Path) -> None:
    for field in ("POT-Creation-Date", "PO-Revision-Date"):
        file.metadata.pop(field, None)
    file.sort(key=lambda entry: (entry.msgctxt or "", entry.msgid))
    file.save(str(path))
