"""The credit line (授信额度): what of a fapiao it counts, how long a figure of it holds, and whether it was renewed.

Source: docs/protocols/tax-rules.md#credit-line.
"""

from .amounts import ZERO
from .codes import NOT_TAXED, kind

LAST_DAY_TO_FILE = 15  # of the month; later where it falls on holidays


def counted(lines):
    """Return the amount without tax of ``lines`` that the credit line counts: all but codes of what is not taxed."""
    return sum((line.amount for line in lines if kind(line.code) != NOT_TAXED), ZERO)


def last_day(told_on, valid_to=None):
    """Return the last day on which a figure told on a day holds: what the bureau says, at most the end of its month."""
    first_of_next = told_on.replace(year=told_on.year + told_on.month // 12, month=told_on.month % 12 + 1, day=1)
    end = type(told_on).fromordinal(first_of_next.toordinal() - 1)
    return min(end, valid_to) if valid_to else end


def seems_old(told_on, used, left, used_before, left_before):
    """Return whether a figure told in the first days of a month seems to be last month's, as the line is renewed once
    the last period is filed: it has used as much, or where that isn't told has no more left, as at its end.

    ``used_before``, ``left_before``: the last figures of the month before, None if not known.
    """
    if told_on.day > LAST_DAY_TO_FILE or left_before is None:
        return False
    if used is not None and used_before is not None:
        return used >= used_before > 0
    return left is not None and left <= left_before
