"""Missing updates of a document: plain functions over its state and the updates made so far.

Source: docs/protocols/kingdee-assistant.md#documents.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from ...clouds import picking

IN_USE = (picking.SUBMITTED, picking.APPROVED, picking.BOOKED)


class Step(NamedTuple):
    """One call: ``kind`` of an update, its status or its line."""

    kind: str
    status: str = ""
    line: str = ""


@dataclass(frozen=True)
class Wanted:
    """The state of a document: its status and the serial numbers on its lines, sorted.

    ``is_draft``: users may still change it. ``is_gone``: it was deleted.
    """

    status: str = picking.UNUSED
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_draft: bool = False
    is_gone: bool = False


@dataclass(frozen=True)
class Known:
    """The state of a document at the assistant once all open updates have arrived.

    ``is_refused``: the last saving was refused, so it takes no status.
    """

    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status: str = ""
    is_known: bool = False
    is_saved: bool = False
    is_refused: bool = False


class Report(NamedTuple):
    """An update as it was made, and whether the cloud refused it."""

    kind: str
    status: str = ""
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    line: str = ""
    is_rejected: bool = False


def known_after(reports):
    """Return the :class:`Known` that follows from ``reports``, in their order.

    Refused updates count as sent, so that they aren't repeated automatically: the user decides.
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
    """Return the steps from ``known`` to ``wanted``, in the order of sending."""
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
    """For a draft, removed tickets are sent at once; added ones before its next page opens."""
    if not wanted.is_draft:
        return []
    if not wanted.lines:
        return [Step("drop_line", line=line) for line, _serials in known.lines]
    return [Step("relate")] if _serials_of(known.lines) - _serials_of(wanted.lines) else []


def _serials_of(lines):
    return {serial for _line, serials in lines for serial in serials}
