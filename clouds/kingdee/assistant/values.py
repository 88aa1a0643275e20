"""Small readings that messages and tickets share: serial numbers, rows, days.

None of them raises.
"""

import re
from decimal import Decimal

from ... import reading
from ...reading import unfolded

_SEPARATORS = re.compile(r"[,;\s\uff0c\u3001\uff1b]+")
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
    """Return the date under one of ``names``, or None; a number of other length is an invoice's code."""
    text = reading.as_text(reading.pick(data, *names))
    return None if text.isdecimal() and len(text) not in (8, 14) else reading.as_day(text)


def written(amount):
    """Return a Decimal as a report writes it, without exponent; "" for None."""
    return "" if amount is None else format(Decimal(amount), "f")
