"""The journey on a ticket, as ``inbound.Travel``. None of the readers raises."""

import re

from ... import reading
from ...inbound import Travel
from .values import day_at, rows_in

_NUMBERS = {"mileage", "fare", "fund", "surcharge", "insurance", "other_taxes"}
_NO_TRIP = ("", "无行程")
_BETWEEN = re.compile(r"\s*(?:-+|—+|–|→|至|~|\uff5e)\s*")
_DAY_FIRST = re.compile(r"[0-9]{4}[-:/_.年]|[0-9]{8}")


def travel_in(row, shape):
    """Return the ``Travel`` of a ticket, or None if it is of no kind that travels or says nothing of it."""
    if shape.journey is None:
        return None
    row = {**_legs(row), **{key: value for key, value in row.items() if value not in (None, "")}}
    values = {}
    for name, keys in shape.journey.items():
        value = _amount(row, keys) if name in _NUMBERS else reading.as_text(reading.pick(row, *keys))
        if value not in (None, ""):
            values[name] = value
    values = {**_trip(row), **values}
    if not set(values) - {"fare"}:
        return None
    for name in ("departs", "arrives"):
        values[name] = _moment(row, shape, values.get(name, ""), is_needed=name == "departs")
    return Travel(**values)


def travel_day(row, shape):
    """Return the date of the journey: where the invoice code is one, that; else the ticket's own."""
    day = None if shape.is_numbered else day_at(row, "invoiceCode")
    return day or day_at(row, "invoiceDate")


def _amount(row, keys):
    return reading.decimal_at(row, *keys) if keys == ("mileage",) else reading.money_at(row, *keys)


def _moment(row, shape, text, is_needed):
    """Return day and time as text; ``text`` as printed where it has its day itself."""
    if _DAY_FIRST.match(text) or not (text or is_needed):
        return text
    day = travel_day(row, shape)
    return f"{day or ''} {text}".strip()


def _trip(row):
    """Return from where to where by ``trip`` ("起点-终点"), nothing unless it has just two ends."""
    trip = reading.as_text(reading.pick(row, "trip"))
    ends = [end for end in _BETWEEN.split(trip) if end]
    if trip in _NO_TRIP or len(ends) != 2:
        return {}
    return {"from_place": ends[0], "to_place": ends[1]}


def _legs(row):
    """Return the keys of the first leg of a flight in several, with the last one's destination."""
    legs = rows_in(reading.pick(row, "airItemsArr"))
    if not legs:
        return {}
    end = reading.pick(legs[-1], "destination")
    return {**legs[0], "destination": end} if end else legs[0]
