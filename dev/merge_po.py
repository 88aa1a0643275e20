"""Translation files written the same way every time (runs in the virtual environment).

`python -m dev.merge_po EXPORTED POT PO ODOO_ADDONS` writes the template *EXPORTED* to
*POT* without what changes from one export to the next, and brings *PO* up to it.
"""

import re
import sys
from pathlib import Path

import polib

_VOLATILE = ("POT-Creation-Date", "PO-Revision-Date")
_WIDTH = 78

# Modules whose mixins give our models fields (Created by, Followers, …), translated there.
_LENDERS = ("base", "mail", "portal", "account", "sale", "hr_expense")
_FIELD = re.compile(r"model:ir\.model\.fields,\w+:\w+\.field_\w+?__(\w+)$")


def main(exported: Path, pot_path: Path, po_path: Path, *addons: Path) -> int:
    """Write both files and say what is left to translate; return 0."""
    template = polib.pofile(str(exported), wrapwidth=_WIDTH)
    pot_path.parent.mkdir(exist_ok=True)
    _save(template, pot_path)
    translation = _merged(template, po_path)
    _borrow(translation, [path for root in addons for path in _lenders(root, po_path.name)])
    _save(translation, po_path)
    missing = [entry.msgid for entry in translation if not entry.translated()]
    print(f"{pot_path.name}: {len(template)} terms; {po_path.name}: {len(missing)} not translated")
    for term in missing:
        print(f"  {term[:100]!r}")
    return 0


def _merged(template: polib.POFile, path: Path) -> polib.POFile:
    """Return the translation at *path*, with the terms of *template* and no others."""
    known = polib.pofile(str(path), wrapwidth=_WIDTH) if path.exists() else polib.POFile()
    texts = {(entry.msgctxt, entry.msgid): entry for entry in known if not entry.obsolete}
    result = polib.POFile(wrapwidth=_WIDTH)
    result.header = template.header
    result.metadata = {**template.metadata, "Language": path.stem, **known.metadata}
    for term in template:
        entry = polib.POEntry(
            msgid=term.msgid,
            msgctxt=term.msgctxt,
            comment=term.comment,
            occurrences=term.occurrences,
            flags=term.flags,
        )
        if (old := texts.get((term.msgctxt, term.msgid))) is not None:
            entry.msgstr = old.msgstr
            entry.tcomment = old.tcomment
        result.append(entry)
    return result


def _borrow(translation: polib.POFile, lenders: list[Path]) -> None:
    """Translate fields that Odoo's mixins bring along as Odoo itself does.

    The same words for the field of the same name: a mere likeness of words is not enough,
    since `Issue` is a problem in one place and 开具 in another.
    """
    open_entries = [entry for entry in translation if not entry.msgstr and _field_names(entry)]
    if not open_entries:
        return
    known = {}
    for path in lenders:
        for entry in polib.pofile(str(path)).translated_entries():
            for name in _field_names(entry):
                known.setdefault((entry.msgid, name), entry.msgstr)
    for entry in open_entries:
        texts = {known.get((entry.msgid, name), "") for name in _field_names(entry)}
        entry.msgstr = max(texts, key=len)


def _field_names(entry: polib.POEntry) -> set[str]:
    """Return the names of the fields that alone use *entry*; empty where others do too."""
    found = [_FIELD.match(where) for where, _line in entry.occurrences]
    return {match[1] for match in found} if all(found) else set()


def _lenders(addons: Path, name: str) -> list[Path]:
    candidates = (addons / module / "i18n" / name for module in _LENDERS)
    return [path for path in candidates if path.exists()]


def _save(file: polib.POFile, path: Path) -> None:
    for field in _VOLATILE:
        file.metadata.pop(field, None)
    file.sort(key=lambda entry: (entry.msgctxt or "", entry.msgid))
    file.save(str(path))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
