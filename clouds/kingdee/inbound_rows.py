"""Rows of received fapiao → :class:`..inbound.InboundFapiao`: a hundred thousand in a second.

Which key feeds which field is settled once for each set of keys, since all rows of a pull have the same.
Source: docs/protocols/kingdee-inbound.md#rows, #statuses.
"""

import re
from collections import namedtuple

from .. import reading
from ..inbound import InboundFapiao, InboundLine
from ..reading import as_day, as_money, exact_difference, exact_sum, rate_of
from . import inbound_codes as codes

_AT = {name: place for place, name in enumerate(InboundFapiao._fields)}
_BLANK = [InboundFapiao._field_defaults.get(name, "") for name in InboundFapiao._fields]
_PLANS_KEPT = 500
_DIGITAL = re.compile(r"[0-9]{20}")
_PERIOD = re.compile(r"([0-9]{4})[-/_:.年]?([0-9]{2})月?")
_SHORT = 10  # digits; a number without a code and shorter than this is no identity by itself
_plans = {}


# Fields of a plan that are the candidates of one set of names; those of ``numbers``, ``selected`` and ``loose`` are
# grouped by name, and ``texts`` are (place in the tuple, first key, further keys)
_PLANNED = {
    "code": codes.CODE,
    "total": codes.TOTAL,
    "tax": codes.TAX,
    "untaxed": codes.UNTAXED,
    "deductible": codes.DEDUCTIBLE,
    "day": codes.DATE,
    "status": codes.STATUS,
    "original": codes.ORIGINAL,
    "original_code": codes.ORIGINAL_CODE,
    "booking": codes.BOOKING,
    "selected_at": codes.SELECTED_AT,
    "period": codes.PERIOD,
    "lines": codes.LINES,
}
_Plan = namedtuple("_Plan", ("texts", "numbers", "selected", "loose", *_PLANNED))


def fapiao_in(rows):
    """Return ``(fapiao, unread)`` of a list: a tuple of :class:`InboundFapiao`, and one of plain dicts for
    what can't be told from another fapiao, or is no row.
    """
    found, unread = [], []
    for row in rows:
        fapiao = fapiao_of(row) if isinstance(row, dict) else None
        if fapiao is None:
            unread.append(reading.plain(row if isinstance(row, dict) else {"value": row}))
        else:
            found.append(fapiao)
    return tuple(found), tuple(unread)


def fapiao_of(row):
    """Return the :class:`InboundFapiao` of a row (a dict of :func:`..reading.loads`), without ``travel``;
    None where it has no identity. Never raises.
    """
    keys = tuple(row)
    plan = _plans.get(keys)
    if plan is None:
        plan = _planned(keys)
    values = _BLANK.copy()
    for place, key, others in plan.texts:
        value = row[key]
        if others and (value is None or value == ""):
            value = _first(row, others)
        if type(value) is str:
            values[place] = value.strip()
        elif value is not None:
            values[place] = reading.as_text(value)
    code, number = _identity(row, plan.numbers, plan.code, values[_SERIAL])
    if not number:
        return None
    values[_NUMBER], values[_CODE] = number, code
    values[_DATE] = as_day(_first(row, plan.day)) if plan.day else None
    _put_amounts(values, row, plan)
    _put_state(values, row, plan)
    if plan.loose:
        _put_addresses(values, row, plan.loose)
    if plan.lines:
        values[_LINES] = lines_in(_first(row, plan.lines))
    return InboundFapiao._make(values)


def identity_of(row):
    """Return the ``number`` that :func:`fapiao_of` would give a row, "" where it has none."""
    if not isinstance(row, dict):
        return ""
    serial = reading.as_text(reading.pick(row, *codes.TEXTS["serial_no"]))
    keys = tuple(row)
    return _identity(row, _several(keys, codes.NUMBERS), _candidates(keys, codes.CODE), serial)[1]


def lines_in(rows):
    """Return a tuple of :class:`InboundLine` for a list of dicts; anything else has none."""
    rows = rows if isinstance(rows, list) else []
    return tuple(_line(row) for row in rows if isinstance(row, dict))


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


def _planned(keys):
    """Return the plan of a row's keys, and keep it."""
    texts = [(_AT[field], *_candidates(keys, names)) for field, names in codes.TEXTS.items()]
    plan = _Plan(
        texts=tuple((place, found[0], found[1:]) for place, *found in texts if found),
        numbers=_several(keys, codes.NUMBERS),
        selected=_several(keys, codes.SELECTED),
        loose=tuple((name, _candidates(keys, (name,))) for name in codes.LOOSE if _candidates(keys, (name,))),
        **{field: _candidates(keys, names) for field, names in _PLANNED.items()},
    )
    if len(_plans) >= _PLANS_KEPT:
        # whoever answers with other keys each time gains nothing by it
        _plans.clear()
    _plans[keys] = plan
    return plan


def _candidates(keys, names):
    """Return those of ``keys`` that go by one of ``names``, as :func:`..reading.pick` asks them: exact
    spellings first, then whatever their case.
    """
    exact = [name for name in names if name in keys]
    folded = [key for name in names for key in keys if key.lower() == name.lower() and key not in exact]
    return tuple(dict.fromkeys([*exact, *folded]))


def _several(keys, names):
    """Return the candidates of each of ``names`` by itself."""
    return tuple(found for found in (_candidates(keys, (name,)) for name in names) if found)


def _first(row, keys):
    """Return the first value under ``keys`` that isn't empty; None if there is none."""
    for key in keys:
        value = row[key]
        if value is not None and value != "":
            return value
    return None


def _told(row, keys):
    """Return the first value under ``keys`` that isn't empty as stripped text, "" if there is none."""
    for key in keys:
        value = row[key]
        if type(value) is str:
            if value:
                return value.strip()
        elif value is not None:
            return reading.as_text(value)
    return ""


def _money(row, keys):
    value = _first(row, keys)
    return None if value is None else as_money(value)


def _identity(row, number_keys, code_keys, serial_no):
    """Return ``(code, number)`` as :class:`InboundFapiao` wants them; the number "" if there is none."""
    code = _told(row, code_keys)
    if len(code) == 11 and type(_first(row, code_keys)) is int:
        code = code.zfill(12)  # a number has lost the zero it began with
    short = ""
    for keys in number_keys:
        text = _told(row, keys)
        if len(text) == 20 and _DIGITAL.fullmatch(text):
            return code, text
        if text:
            # the plain invoiceNo comes last and is what the code goes with
            short = text.zfill(8) if code and type(_first(row, keys)) is int else text
    if short and (code or len(short) >= _SHORT or not serial_no):
        return code, code + short
    return code, "#" + serial_no if serial_no else ""


def _put_amounts(values, row, plan):
    """Fill the three amounts; of two that are told the third follows."""
    total, tax, untaxed = _money(row, plan.total), _money(row, plan.tax), _money(row, plan.untaxed)
    if total is None:
        if tax is not None and untaxed is not None and values[_TYPE] != codes.AIR:
            total = exact_sum(untaxed, tax)
    elif untaxed is None:
        if tax is not None:
            untaxed = exact_difference(total, tax)
    elif tax is None and values[_TYPE] != codes.AIR:
        tax = exact_difference(total, untaxed)
    values[_TOTAL], values[_TAX], values[_UNTAXED] = total, tax, untaxed
    if plan.deductible:
        values[_DEDUCTIBLE] = _money(row, plan.deductible)


def _put_state(values, row, plan):
    """Fill colour, status, the original, and the marks of booking and deduction."""
    if plan.original:
        original = _told(row, plan.original)
        code = _told(row, plan.original_code) if len(original) < 20 else ""
        values[_ORIGINAL] = code + original if original else ""
    amount = values[_TOTAL] if values[_TOTAL] is not None else values[_UNTAXED]
    is_red = bool(values[_ORIGINAL]) if amount is None else amount < 0
    status = codes.STATUSES.get(_told(row, plan.status), "")
    if is_red:
        values[_COLOR] = "red"
        # the code says of a red fapiao that it is one; none reverses it
        status = codes.NORMAL if status in codes.REVERSED else status
        if not values[_ORIGINAL]:
            found = codes.ORIGINAL_IN_REMARK.search(values[_REMARK])
            values[_ORIGINAL] = found[1] if found else ""
    values[_STATUS] = status
    if plan.booking:
        values[_BOOKING] = codes.BOOKINGS.get(_told(row, plan.booking), "")
    if plan.selected or plan.selected_at:
        values[_DEDUCTION] = _deduction(row, plan)
    if plan.period:
        told = _told(row, plan.period)
        found = _PERIOD.fullmatch(told) if told else None
        values[_PERIOD_AT] = found[1] + found[2] if found else ""


def _deduction(row, plan):
    """Return where the deduction stands: the furthest that a flag, or a moment of selection, says."""
    furthest = ""
    for keys in plan.selected:
        said = codes.SELECTIONS.get(_told(row, keys), "")
        if said == "confirmed":
            return said
        furthest = "selected" if "selected" in (said, furthest) else said or furthest
    return "selected" if _told(row, plan.selected_at) else furthest


def _put_addresses(values, row, loose):
    """Fill the addresses that no key of their own told, by how they end.

    Without an ending ``invoiceFileUrl`` is the OFD unless that is known, as in the callbacks; ``downloadUrl``
    is the PDF; a snapshot is a picture.
    """
    for name, keys in loose:
        address = _told(row, keys)
        if not address:
            continue
        ending = address.partition("?")[0].rpartition(".")[2].lower()
        place = {"pdf": _PDF, "ofd": _OFD, "xml": _XML}.get(ending)
        if place is None and name == "downloadUrl":
            place = _PDF
        elif place is None and name == "invoiceFileUrl":
            place = _PDF if values[_OFD] else _OFD
        if place is not None and not values[place]:
            values[place] = address


_NUMBER, _TYPE, _CODE, _SERIAL = (_AT[name] for name in ("number", "type_code", "code", "serial_no"))
_COLOR, _STATUS, _DATE, _LINES = (_AT[name] for name in ("color", "status", "issue_date", "lines"))
_UNTAXED, _TAX, _TOTAL = (_AT[name] for name in ("amount_untaxed", "amount_tax", "amount_total"))
_ORIGINAL, _BOOKING, _DEDUCTION = (_AT[name] for name in ("original_number", "booking", "deduction"))
_PERIOD_AT, _DEDUCTIBLE = _AT["deduction_period"], _AT["deductible"]
_REMARK = _AT["remark"]
_PDF, _OFD, _XML = (_AT[name] for name in ("pdf_address", "ofd_address", "xml_address"))
