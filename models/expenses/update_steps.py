"""What is still to be told of a document: plain functions over what it ought to be and what was told.

Source: docs/protocols/kingdee-assistant.md#documents.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from ...clouds import picking

IN_USE = (picking.SUBMITTED, picking.APPROVED, picking.BOOKED)


class Step(NamedTuple):
    """One call: ``kind`` of a report, its status or its line."""

    kind: str
    status: str = ""
    line: str = ""


@dataclass(frozen=True)
class Wanted:
    """How a document stands: its status and the serial numbers on its lines, sorted.

    ``is_draft``: a person may still change it. ``is_gone``: it was deleted.
    """

    status: str = picking.UNUSED
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_draft: bool = False
    is_gone: bool = False


@dataclass(frozen=True)
class Known:
    """What the assistant knows of a document once all that is on its way has arrived.

    ``is_refused``: it turned the last saving down, so there is nothing it could be told a status of.
    """

    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status: str = ""
    is_known: bool = False
    is_saved: bool = False
    is_refused: bool = False


class Report(NamedTuple):
    """A report as it was made, and whether the cloud turned it down."""

    kind: str
    status: str = ""
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    line: str = ""
    is_rejected: bool = False


def known_after(reports):
    """Return the :class:`Known` that ``reports``, in their order, add up to.

    What was turned down counts as told, so that it isn't told again by itself: a person decides.
    """
    known = Known()
    for report in reports:
        known = _after(known, report)
    return known


def _after(known, report):
    match report.kind:
        case "relate" if not report.is_rejected:
            is_saved = known.is_saved and known.lines == report.lines
            return replace(known, is_known=True, lines=report.lines, is_saved=is_saved)
        case "save":
            return Known(report.lines, "", True, True, report.is_rejected)
        case "status":
            is_saved = known.is_saved and report.status != picking.UNUSED
            return replace(known, is_known=True, status=report.status, is_saved=is_saved)
        case "drop_line":
            kept = tuple(line for line in known.lines if line[0] != report.line)
            return replace(known, lines=kept, is_saved=False)
        case "drop_document":
            return Known()
    return known


def steps_to(wanted, known):
    """Return the steps that bring what is ``known`` to what is ``wanted``, in the order of telling."""
    if wanted.is_gone:
        return [*_freed(known), Step("drop_document")] if known.is_known else []
    if wanted.status in IN_USE:
        return _used(wanted, known)
    return [*_freed(known), *_changed(wanted, known)]


def _used(wanted, known):
    if not wanted.lines:
        return [Step("drop_line", line=line) for line, _serials in known.lines]
    if not known.is_saved or known.lines != wanted.lines:
        return [Step("save"), Step("status", wanted.status)]
    if known.is_refused or known.status == wanted.status:
        return []
    return [Step("status", wanted.status)]


def _freed(known):
    return [Step("status", picking.UNUSED)] if known.status in IN_USE else []


def _changed(wanted, known):
    """Of a draft, what was taken off it is told at once; what was put on it, before its next page opens."""
    if not wanted.is_draft:
        return []
    if not wanted.lines:
        return [Step("drop_line", line=line) for line, _serials in known.lines]
    return [Step("relate")] if _serials_of(known.lines) - _serials_of(wanted.lines) else []


def _serials_of(lines):
    return {serial for _line, serials in lines for serial in serials}
