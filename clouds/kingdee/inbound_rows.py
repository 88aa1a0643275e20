"""Rows of received fapiao → :class:`..inbound.InboundFapiao`: a hundred thousand in a second.

Which key feeds which field is settled once for each set of keys, since all rows of a pull have the same.
Source: docs/protocols/kingdee-inbound.md#rows, #statuses.
"""

import re
from collections import namedtuple
from functools import lru_cache

from ...rules.amounts import tax_in_gross
from .. import reading
from ..inbound import CONSUMPTIONS, InboundFapiao, InboundLine
from ..reading import as_day, as_money, exact_difference, exact_sum, rate_of
from . import inbound_codes as codes

_BLANK = {name: InboundFapiao._field_defaults.get(name, "") for name in InboundFapiao._fields}  # in their order
_DIGITAL = re.compile(r"[0-9]{20}")
_PERIOD = re.compile(r"([0-9]{4})[-/_:.年]?([0-9]{2})月?")
_SHORT = 10  # digits; a shorter number is no identity without a code
_TICKET = 13  # characters of an air ticket's number; a shorter one, as printed on a train ticket, comes again
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")  # codes have 10 or 12 digits
_SIGNS = re.compile(r"[^0-9A-Za-z]+")


# The keys of a row, by what they feed; those of ``numbers``, ``selected`` and ``loose`` are grouped by name
_Plan = namedtuple(
    "_Plan",
    ("texts", "numbers", "tickets", "selected", "loose", "words", "moments", "price", "rate", "fares", *codes.KEYS),
)


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
    plan = _planned(tuple(row))
    values = _BLANK.copy()
    for field, keys in plan.texts:
        values[field] = _told(row, keys)
    values["type_code"] = codes.AS_ISSUED.get(values["type_code"], values["type_code"])
    code, number = _identity(row, plan.numbers, plan.tickets, plan.code, values["serial_no"])
    if not number:
        return None
    values["number"], values["code"] = number, code
    values["issue_date"] = as_day(_first(row, plan.day)) if plan.day else None
    _put_amounts(values, row, plan)
    _put_state(values, row, plan)
    if plan.loose:
        _put_addresses(values, row, plan.loose)
    if plan.words:
        _put_words(values, row, plan.words)
    for field, keys in plan.moments:
        if text := _told(row, keys):
            values[field] = moment_of(text)
    if plan.price:
        values["unit_price"] = _money(row, plan.price)
    if plan.lines:
        values["lines"] = lines_in(_first(row, plan.lines))
    return InboundFapiao._make(values.values())


def identity_of(row):
    """Return the ``number`` that :func:`fapiao_of` would give a row, "" where it has none."""
    if not isinstance(row, dict):
        return ""
    serial = reading.word_at(row, *codes.TEXTS["serial_no"])
    keys = tuple(row)
    numbers, tickets = _several(keys, codes.NUMBERS), _several(keys, codes.TICKET_NUMBERS)
    return _identity(row, numbers, tickets, _candidates(keys, codes.KEYS["code"]), serial)[1]


def lines_in(rows):
    """Return a tuple of :class:`InboundLine` for a list of dicts; anything else has none."""
    rows = rows if isinstance(rows, list) else []
    return tuple(_line(row) for row in rows if isinstance(row, dict))


def _line(row):
    texts = {field: reading.word_at(row, *names) for field, names in codes.LINE_TEXTS.items()}
    numbers = {field: reading.decimal_at(row, *names) for field, names in codes.LINE_NUMBERS.items()}
    money = {field: reading.money_at(row, *names) for field, names in codes.LINE_MONEY.items()}
    return InboundLine(
        **texts,
        **numbers,
        **money,
        rate=rate_of(reading.pick(row, *codes.LINE_RATE)),
        is_discount=reading.word_at(row, *codes.LINE_KINDS) == codes.DISCOUNT_LINE,
    )


@lru_cache(maxsize=500)
def _planned(keys):
    """Return the plan of a row's keys."""
    texts = [(field, _candidates(keys, names)) for field, names in codes.TEXTS.items()]
    return _Plan(
        texts=tuple((field, found) for field, found in texts if found),
        numbers=_several(keys, codes.NUMBERS),
        tickets=_several(keys, codes.TICKET_NUMBERS),
        selected=tuple(
            (table, found) for name, table in codes.SELECTIONS.items() if (found := _candidates(keys, (name,)))
        ),
        words=_present(keys, codes.WORDS),
        moments=_present(keys, codes.MOMENTS),
        price=_candidates(keys, codes.UNIT_PRICE),
        rate=_candidates(keys, codes.RATE),
        fares=tuple(_candidates(keys, names) for names in codes.FARES),
        loose=tuple((name, _candidates(keys, (name,))) for name in codes.LOOSE if _candidates(keys, (name,))),
        **{field: _candidates(keys, names) for field, names in codes.KEYS.items()},
    )


def _present(keys, table):
    """Return ``(field, candidates)`` of those rows of ``table`` that have any."""
    found = ((field, _candidates(keys, names)) for field, names in table.items())
    return tuple((field, candidates) for field, candidates in found if candidates)


def _candidates(keys, names):
    """Return those of ``keys`` that go by one of ``names``, as :func:`..reading.pick` asks them: exact
    spellings first, then whatever their case.
    """
    exact = [name for name in names if name in keys]
    folded = [key for name in names for key in keys if key.lower() == name.lower() and key not in exact]
    return tuple(dict.fromkeys([*exact, *folded]))


def _several(keys, names):
    """Return the candidates of each of ``names``."""
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


def _identity(row, number_keys, ticket_keys, code_keys, serial_no):
    """Return ``(code, number)`` as :class:`InboundFapiao` wants them; the number "" if there is none.

    A code that is a day is the day of travel of a paper ticket, which has its own number.
    Source: docs/protocols/kingdee-inbound.md#identity.
    """
    code = _told(row, code_keys)
    if len(code) == 8 and _DAY.fullmatch(code):
        number = _ticket_number(row, (*number_keys, *ticket_keys), code)
        return "", number or ("#" + serial_no if serial_no else "")
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
    if not (short or code) and (number := _ticket_number(row, ticket_keys)):
        return "", number
    if short and (code or len(short) >= _SHORT or not serial_no):
        return code, code + short
    return code, "#" + serial_no if serial_no else ""


def _ticket_number(row, number_keys, day=""):
    """Return the number of a paper ticket without signs, with its ``day`` before it where it is short; "" if it has
    none, or a short one and no day. Twenty digits are a digital one's.
    """
    numbers = [_told(row, keys) for keys in number_keys]
    for number in numbers:
        if _DIGITAL.fullmatch(number):
            return number
    number = next((found for text in numbers if (found := _SIGNS.sub("", text).upper())), "")
    if len(number) >= (_TICKET if day else _SHORT):
        return number
    return day + number if day and number else ""


def _put_amounts(values, row, plan):
    """Fill the three amounts; of two that are told the third follows, and the tax of a ticket from its rate."""
    total, tax, untaxed = _money(row, plan.total), _money(row, plan.tax), _money(row, plan.untaxed)
    if plan.rate:
        values["tax_rate"] = rate_of(_first(row, plan.rate))
        if tax is None and values["tax_rate"]:
            fares = [_money(row, keys) for keys in plan.fares if keys]
            by_rate = tax_by_rate(values["type_code"], values["tax_rate"], total, fares)
            if by_rate is not None:
                tax, untaxed = by_rate, exact_difference(total, by_rate)
    if values["type_code"] == codes.AIR and total is not None and tax is not None:
        untaxed = None  # the fare that is told excludes surcharge and fund
    if total is None:
        if tax is not None and untaxed is not None and values["type_code"] != codes.AIR:
            total = exact_sum(untaxed, tax)
    elif untaxed is None:
        if tax is not None:
            untaxed = exact_difference(total, tax)
    elif tax is None and values["type_code"] != codes.AIR:
        tax = exact_difference(total, untaxed)
    values["amount_total"], values["amount_tax"], values["amount_untaxed"] = total, tax, untaxed
    if plan.deductible:
        values["deductible"] = _money(row, plan.deductible)


def _put_state(values, row, plan):
    """Fill colour, status, the original, and the marks of booking and deduction."""
    if plan.original:
        original = _told(row, plan.original)
        code = _told(row, plan.original_code) if len(original) < 20 else ""
        values["original_number"] = code + original if original else ""
    amount = values["amount_total"] if values["amount_total"] is not None else values["amount_untaxed"]
    is_red = bool(values["original_number"]) if amount is None else amount < 0
    status = codes.STATUSES.get(_told(row, plan.status), "")
    if is_red:
        values["color"] = "red"
        # the code says of a red fapiao that it is one; none reverses it
        status = codes.NORMAL if status in codes.REVERSED else status
        if not values["original_number"]:
            found = codes.ORIGINAL_IN_REMARK.search(values["remark"])
            values["original_number"] = found[1] if found else ""
    values["status"] = status
    if plan.booking:
        values["booking"] = codes.BOOKINGS.get(_told(row, plan.booking), "")
    if plan.selected or plan.selected_at:
        values["deduction"] = _deduction(row, plan)
    if plan.period:
        told = _told(row, plan.period)
        found = _PERIOD.fullmatch(told) if told else None
        values["deduction_period"] = found[1] + found[2] if found else ""


def tax_by_rate(type_code, rate, total, fares):
    """Return the tax in a passenger ticket over ``total`` at ``rate``, None for other types and where nothing is told.
    ``fares``: fare and fuel surcharge of a flight, whose fund has no tax in it.

    Source: docs/protocols/kingdee-inbound.md#tax-of-a-ticket.
    """
    base = exact_sum(*fares) if type_code in codes.FLIGHTS else total
    return tax_in_gross(base, rate) if rate and base is not None and type_code in codes.TAXED_BY_RATE else None


def currency_of(text):
    """Return the ISO code of a currency's word, "" for none, and a word that isn't known as it is."""
    word = text.strip().upper()
    return codes.CURRENCIES.get(word, word)


def consumption_of(text):
    """Return the kind of consumption in ``text``, "" for a word that is none."""
    return text if text in CONSUMPTIONS else ""


def element_of(text):
    """Return the two digits of a special element; of none "". assumption: the codes of direct issue, with or without
    the "E" of bills."""
    digits = text.removeprefix("E")
    return digits if re.fullmatch("[0-9]{2}", digits) and digits != "00" else ""


def moment_of(text):
    """Return the aware moment in China in ``text``, also with "yyyy:MM:dd"; None if there is none."""
    if text[4:5] in (":", "_") and text[7:8] == text[4:5]:
        text = f"{text[:4]}-{text[5:7]}-{text[8:]}"
    return reading.moment_at({"": text}, "") if text else None


# How the words of WORDS are read
_READ = {
    "check_status": lambda text: codes.CHECKS.get(text, ""),
    "is_revised": codes.REVISED.get,
    "is_proxy": codes.PROXY.get,
    "currency": currency_of,
    "consumption": consumption_of,
    "special_element": element_of,
}


def _put_words(values, row, words):
    for field, keys in words:
        values[field] = _READ[field](_told(row, keys))


def deduction_of(row):
    """Return where the deduction of a row stands: the furthest that a flag says, or a moment of selection where no
    ``checkFlag`` does."""
    return _deduction(row, _planned(tuple(row)))


def _deduction(row, plan):
    states = {id(table): table.get(_told(row, keys), "") for table, keys in plan.selected}
    furthest = next((state for state in ("confirmed", "selected", "unselected") if state in states.values()), "")
    is_told = furthest in ("confirmed", "selected") or states.get(id(codes.SELECTIONS["checkFlag"]))
    if is_told or not plan.selected_at:
        return furthest
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
        kind = ending if ending in ("pdf", "ofd", "xml") else ""
        if not kind and name == "downloadUrl":
            kind = "pdf"
        elif not kind and name == "invoiceFileUrl":
            kind = "pdf" if values["ofd_address"] else "ofd"
        elif not kind and name == "snapshotUrl":
            kind = "image"
        if kind and not values[f"{kind}_address"]:
            values[f"{kind}_address"] = address
