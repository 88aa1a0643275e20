"""Days and yuan of received fapiao, however they are written; quick where they are written as usual.

Source: docs/protocols/kingdee-inbound.md#rows (``yyyy-MM-dd``, ``yyyyMMdd``, ``yyyy:MM:dd``, ``yyyy_MM_dd``).
"""

import re
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache

from .. import reading

_YUAN = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")  # what needs no further care
_INT, _FEN = 10**15, Decimal("0.01")
_DAY = re.compile(
    r"([0-9]{4})(?:[-/:_.年]([0-9]{1,2})[-/:_.月]([0-9]{1,2})日?(?:[ T].*)?"
    r"|([0-9]{2})([0-9]{2})(?:[ T]?[0-9:.]*)?)",
    re.DOTALL,
)
_ZONED = re.compile(r".{10}T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})", re.DOTALL)


def as_day(value):
    """Return the day in China of a date in any of the clouds' spellings, None if it is none.

    Texts ``yyyy-MM-dd`` (also with ``:``, ``_``, ``/``, ``.``, 年月日), ``yyyyMMdd``, each perhaps with a
    time; seconds or milliseconds since 1970.
    """
    if type(value) is str:
        # without its time a day is met again and again
        return _day(value[:10] if value[10:11] == " " and value[4:5] == "-" else value)
    return _day(reading.as_text(value))


def as_money(value):
    """Return yuan as :func:`..reading.money_at` does, from a value instead of a dict."""
    kind = type(value)
    if kind is str:
        if _YUAN.fullmatch(value):
            return Decimal(value)
    elif kind is Decimal:
        places = value.as_tuple().exponent
        if places in (-2, -1) and value.adjusted() < 15:
            return value if places == -2 else value.quantize(_FEN)
    elif kind is int and -_INT < value < _INT:
        return Decimal(f"{value}.00")
    return None if value is None else reading.money_at({"": value}, "")


@lru_cache(maxsize=4096)
def _day(text):
    text = text.strip()
    try:
        if text[10:11] == "T" and _ZONED.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(reading.SHANGHAI).date()
        if len(text) in (10, 13) and text.isdecimal():
            seconds = int(text[:10])
            return datetime.fromtimestamp(seconds, timezone.utc).astimezone(reading.SHANGHAI).date()
        found = _DAY.fullmatch(text)
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except (ValueError, OverflowError, OSError):
        return None
