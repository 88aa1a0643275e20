"""How the amount of an order's line is shared out over fapiao that each take some of its units, and over
invoices that take theirs, so that nothing is lost but by reversal: exact to the fen.

All money is ``Decimal`` yuan and signed as its line is. Source: docs/protocols/tax-rules.md#arithmetic.
"""

from decimal import localcontext

from .amounts import CENT, round2


def part(total, whole, before, quantity):
    """Return what ``quantity`` of ``whole`` units come to after ``before`` of them, if all are ``total``.

    Parts taken one after the other add up to ``total``.
    """
    with localcontext(prec=60):
        return round2(total * (before + quantity) / whole) - round2(total * before / whole)


def next_part(total, whole, before, quantity, taken, count):
    """Return :func:`part`; for the last units whatever is left of ``total`` after ``taken``, the amounts of
    ``count`` parts, as long as it is rounding that they are off by and no change of price."""
    share = part(total, whole, before, quantity)
    rest = total - taken
    return rest if before + quantity == whole and is_rounding(rest - share, count) else share


def is_rounding(difference, count):
    """Tell whether ``count`` parts, each rounded to the fen, may be off by ``difference``."""
    return abs(difference) <= CENT * (count + 1)
