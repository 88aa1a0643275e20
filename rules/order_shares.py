"""Distribution of the amount of an order line over fapiao and invoices by their units, exact to the fen.

All money is ``Decimal`` yuan with the sign of its line. Source: docs/protocols/tax-rules.md#arithmetic.
"""

from decimal import localcontext

from .amounts import CENT, round2


def part(total, whole, before, quantity):
    """Return the amount of ``quantity`` units after ``before`` of ``whole``, whose amount is ``total``.

    The amounts of consecutive parts sum to ``total``.
    """
    with localcontext(prec=60):
        return round2(total * (before + quantity) / whole) - round2(total * before / whole)


def next_part(total, whole, before, quantity, taken, count):
    """Return :func:`part`; for the last units the rest of ``total`` after ``taken``, the amounts of ``count``
    parts, if the difference is rounding and no change of price.
    """
    share = part(total, whole, before, quantity)
    rest = total - taken
    return rest if before + quantity == whole and is_rounding(rest - share, count) else share


def is_rounding(difference, count):
    """Return whether the rounding of ``count`` parts to the fen explains ``difference``."""
    return abs(difference) <= CENT * (count + 1)
