"""Small readings that messages and tickets share: serial numbers, days, exact sums.

None of them raises.
"""

import re
from datetime import date
from decimal import Decimal, localcontext

from ... import reading
from .answers import unfolded

_SEPARATORS = re.compile(r"[,;\s\uff0c\u3001\uff1b]+")
# yyyy-MM-dd, yyyy:MM:dd, yyyy_MM_dd, and people's own; a time may follow
_DAY = re.compile(r"([0-9]{4})([-:/_.年])([0-9]{1,2})(?:\2|月)([0-9]{1,2})(?![0-9])")
_DAY_BARE = re.compile(r"([0-9]{4})()([0-9]{2})([0-9]{2})(?:[0-9]{6})?(?![0-9])")  # yyyyMMdd
_DIGITS = 100  # no sum of what reading.as_decimal lets through needs more
SERIAL_KEYS = ("serialNo", "fid", "invoiceSerialNo")


def serials_in(value):
    """Return the serial numbers in a text with commas, a number, an object, or a list of them."""
    found = []
    value = unfolded(value)
    for item in value if isinstance(value, list) else [value]:
        named = reading.pick(item, *SERIAL_KEYS) if isinstance(item, dict) else item
        found += [part for part in _SEPARATORS.split(reading.as_text(named)) if part]
    return tuple(dict.fromkeys(found))


def together(*parts):
    """Return the serial numbers of all ``parts`` (tuples), each once, in order."""
    return tuple(dict.fromkeys(serial for part in parts for serial in part))


def rows_in(value):
    """Return the dicts in ``value``: a list, a single one, JSON text of either; empty ones left out."""
    value = unfolded(value)
    rows = value if isinstance(value, list) else [value]
    rows = [unfolded(row) for row in rows]
    return [row for row in rows if isinstance(row, dict) and row]


def day_at(data, *names):
    """Return the date at the beginning of the text under one of ``names``, or None."""
    text = reading.as_text(reading.pick(data, *names))
    found = _DAY.match(text) or _DAY_BARE.match(text)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def exact_sum(*amounts):
    """Return the sum of the Decimals among ``amounts``, None if there are none; never rounded."""
    known = [amount for amount in amounts if amount is not None]
    with localcontext() as context:
        context.prec = _DIGITS
        return sum(known[1:], known[0]) if known else None


def exact_difference(amount, less):
    """Return ``amount - less`` unrounded, None where one is missing."""
    if amount is None or less is None:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        return amount - less


def rate_at(data, *names):
    """Return the tax rate under one of ``names`` as 0.13, from ``0.13``, ``13``, ``13%``; None if none.

    What is 1 or more is percent.
    """
    value = reading.pick(data, *names)
    text = reading.as_text(value)
    number = reading.as_decimal(text.rstrip("%\uff05").strip())
    if number is None or number < 0 or number >= 99:
        return None  # 99 stands for several rates
    return number.scaleb(-2) if number >= 1 or text[-1:] in ("%", "\uff05") else number


def written(amount):
    """Return a Decimal as a report writes it, without exponent; "" for None."""
    return "" if amount is None else format(Decimal(amount), "f")
