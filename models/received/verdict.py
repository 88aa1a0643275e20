"""State of a document and of a fapiao from their matches: plain functions over exact amounts.

``matching_states.py`` does the same in SQL for many at once; a test compares both.
"""

from typing import NamedTuple

from ..values import exact

MATCH_STATES = [
    ("none", "Unmatched"),
    ("proposed", "Proposed"),
    ("partial", "Partly matched"),
    ("matched", "Matched"),
    ("differs", "Differing"),
]
# A fapiao with one of these can't be a purchase, whatever was confirmed before.
DEAD = ("void", "lost", "abnormal")
FEN = exact(0.01)


class Row(NamedTuple):
    """One match of a document: amounts with tax and of tax in the company's currency."""

    is_confirmed: bool
    amount: float
    tax: float
    is_whole: bool
    is_deductible: bool  # a tax is stated that may be deducted: a document without tax differs
    is_wrong: bool  # another seller, or an invalid fapiao


def document_state(total, tax, rows):
    """Return the state of a document over ``total`` (including ``tax``) with the given :class:`Row` list."""
    confirmed = [row for row in rows if row.is_confirmed]
    if not confirmed:
        return "proposed" if rows else "none"
    if any(row.is_wrong for row in confirmed):
        return "differs"
    total, covered = exact(total), sum(exact(row.amount) for row in confirmed)
    if covered == total:
        return "matched" if is_tax_right(exact(tax), confirmed) else "differs"
    return "partial" if covered * total > 0 and abs(covered) < abs(total) else "differs"


def is_tax_right(tax, rows):
    """Return whether the tax of confirmed ``rows`` sums to ``tax`` (``Decimal``), where it matters.

    A slice of a fapiao has its share of the tax, rounded: one fen for each slice may be missing.
    """
    if not tax and not any(row.is_deductible for row in rows):
        return True
    tolerance = FEN * sum(not row.is_whole for row in rows)
    return abs(tax - sum(exact(row.tax) for row in rows)) <= tolerance


def fapiao_state(total, amounts, has_proposals, is_document_differing):
    """Return the state of a fapiao over ``total`` from the confirmed ``amounts``."""
    if not amounts:
        return "proposed" if has_proposals else "none"
    total, covered = exact(total), sum(map(exact, amounts))
    if abs(covered) < abs(total):
        return "partial"
    return "differs" if is_document_differing or covered != total else "matched"
