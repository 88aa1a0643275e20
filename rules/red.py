"""Reasons for a reversal, who applies and who confirms, and the restored credit line.

Source: docs/protocols/tax-rules.md#red-letter, #credit-line. For intangibles and real estate, which the
sources don't mention, :data:`REASONS` decides.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from . import codes
from .amounts import ZERO
from .document import ORDINARY, SPECIAL
from .problems import _
from .red_document import BUYER, SELLER

WRONG = "01"
RETURNED = "02"
STOPPED = "03"
ALLOWANCE = "04"

# Requirements of a reason for a line's amount, quantity and price.
SAME = "same"  # exactly the blue line's
LESS = "less"  # present if the blue line has one, and not more than that
FREE = "free"  # any part of what is left
PRICED = "priced"  # of the quantity, at the blue line's price: without a quantity the whole of what is left
NONE = "none"  # must be absent

# Months count in this time zone.
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Reason:
    """One legal reason (冲红原因). ``forbidden_for``: not allowed if *all* lines are of these kinds."""

    code: str
    name: str
    name_zh: str
    is_partial: bool
    amount: str
    quantity: str
    price: str
    forbidden_for: frozenset = frozenset()


# The sources mention goods and labour (not 03) and services (not 02). Intangibles (4), real estate (5) and
# untaxed items (6) are not mentioned, so nothing is forbidden for them: at worst the bureau refuses the form
# without effect. "Mixed allows both": 仅为 means "only".
REASONS = {
    reason.code: reason
    for reason in (
        Reason(WRONG, _("Wrongly issued"), "开票有误", False, SAME, SAME, SAME),
        Reason(RETURNED, _("Goods returned"), "销货退回", True, PRICED, LESS, SAME, frozenset({codes.SERVICE})),
        Reason(
            STOPPED, _("Service stopped"), "服务中止", True, FREE, LESS, SAME, frozenset({codes.GOODS, codes.LABOUR})
        ),
        Reason(ALLOWANCE, _("Sales allowance"), "销售折让", True, FREE, NONE, NONE),
    )
}


def kinds_of(lines):
    """Return the kinds of goods and services on ``lines`` (objects with a ``code``): values of ``codes.KINDS``, and
    ``""`` if a code is missing or invalid.
    """
    return frozenset(codes.kind(line.code) for line in lines)


def suits_kinds(reason, kinds):
    """Return whether a reason (its code) is legal for a fapiao with lines of ``kinds``.

    An unknown kind forbids nothing: only a fapiao known to contain nothing else is restricted.
    """
    forbidden = REASONS[reason].forbidden_for
    return not (forbidden and kinds and kinds <= forbidden)


def suits_scope(reason, is_full, reversed_before=False):
    """Return whether a reason is legal for the scope. A partly reversed fapiao was rightly issued."""
    return REASONS[reason].is_partial or (is_full and not reversed_before)


def suits_product(reason, is_off):
    """Return whether a reason is legal for lines of which one's price × quantity is off (``is_off``), as on fapiao of a
    tax control device: one that asks for quantity and price can't be given."""
    return not is_off or REASONS[reason].quantity == NONE


def legal_reasons(kinds, is_full=True, reversed_before=False, is_off=False):
    """Return the codes of the reasons to offer, in order."""
    return tuple(
        code
        for code in REASONS
        if suits_kinds(code, kinds) and suits_scope(code, is_full, reversed_before) and suits_product(code, is_off)
    )


def may_start(initiator, used):
    """Return whether ``initiator`` may apply; ``used``: the buyer has used or booked the fapiao.

    If the buyer has done neither, only the seller applies. ``used=None`` (not known) allows both.
    """
    return initiator == SELLER or (initiator == BUYER and used is not False)


def confirmer(initiator, used):
    """Return who must confirm the form: SELLER, BUYER, ``""`` if no one, ``None`` if not known."""
    if initiator == BUYER:
        return SELLER
    if used is None:
        return None
    return BUYER if used else ""


def may_reverse_type(red_type, blue_type):
    """Return whether a red fapiao of one type reverses a blue one: ordinary ordinary, special special."""
    return red_type == blue_type and red_type in (SPECIAL, ORDINARY)


def credit_restored(amount, blue_issued_at, red_issued_at):
    """Return the restored credit line (授信额度) in yuan without tax, zero or positive.

    Only a reversal in the month of issue restores it. Both moments are aware; ``amount`` is the red fapiao's
    amount without tax, of either sign.
    """
    return abs(amount) if _month(blue_issued_at) == _month(red_issued_at) else ZERO


def _month(moment):
    if moment.tzinfo is None:
        raise ValueError("A naive datetime: say which time zone it is in")
    local = moment.astimezone(SHANGHAI)
    return local.year, local.month
