"""The lines of a received fapiao, where a cloud has them. Source: docs/protocols/kingdee-inbound.md#rows."""

from decimal import Decimal

from .. import reading
from ..inbound import InboundLine
from . import inbound_codes as codes


def lines_in(rows):
    """Return a tuple of :class:`InboundLine` for a list of dicts; anything else has none."""
    rows = rows if isinstance(rows, list) else []
    return tuple(_line(row) for row in rows if isinstance(row, dict))


def rate_of(value):
    """Return a rate told as ``0.13``, ``13%``, ``13`` or 免税 as a fraction; None if it is none."""
    text = reading.as_text(value)
    if text in codes.ZERO_RATES:
        return Decimal(0)
    number = reading.as_decimal(text.rstrip("%").strip())
    if number is None or not 0 <= number <= 100:
        return None
    is_percent = text.endswith("%") or number >= 1
    return reading.as_decimal(format(number.scaleb(-2), "f")) if is_percent else number


def _line(row):
    texts = {field: reading.as_text(reading.pick(row, *names)) for field, names in codes.LINE_TEXTS.items()}
    numbers = {field: reading.decimal_at(row, *names) for field, names in codes.LINE_NUMBERS.items()}
    money = {field: reading.money_at(row, *names) for field, names in codes.LINE_MONEY.items()}
    return InboundLine(
        **texts,
        **numbers,
        **money,
        rate=rate_of(reading.pick(row, *codes.LINE_RATE)),
        is_discount=reading.as_text(reading.pick(row, *codes.LINE_KINDS)) == codes.DISCOUNT_LINE,
    )
