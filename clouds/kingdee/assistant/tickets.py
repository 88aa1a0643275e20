"""Tickets: from the assistant's rows to the neutral fapiao, and what it knows of each beside that.

The keys count, not the comments on them, which swap buyer and seller in one sample.
Source: docs/protocols/kingdee-assistant.md#tickets, #contradictions.
"""

import re
from urllib.parse import urlsplit

from ....rules.names import is_personal
from ... import reading
from ...inbound import InboundFapiao, Travel
from ...picking import Ticket, TicketState
from ...reading import exact_difference, exact_sum, word_at
from .. import inbound_codes as codes
from ..inbound_rows import consumption_of, currency_of, deduction_of, identity_of, lines_in, moment_of, tax_by_rate
from .answers import SERIAL_KEYS, day_at, rows_in, serials_in
from .shapes import OTHER, SHAPES

_STATUSES = {"0": "normal", "1": "lost", "2": "void", "3": "red", "4": "abnormal"}  # invoiceStatus
# expenseStatus: not claimed, or by a document that was discarded (27), not approved (40) or closed (80)
_FREE = {"", "1", "27", "40", "80"}
_VERIFIED = {"1": True, "2": False}  # checkStatus; 3 is not checked yet
# Texts that have one meaning in all kinds
_TEXTS = (
    *("seller_address", "seller_bank", "buyer_address", "buyer_bank", "drawer", "payee", "reviewer"),
    *("ticket_no", "eticket_no", "filling_unit", "sales_unit_code", "tax_authority", "place"),
    "original_image_address",
)
_JOURNEY_NUMBERS = {"mileage", "fare", "fund", "surcharge", "insurance", "other_taxes"}
_NO_TRIP = ("", "无行程")
_BETWEEN = re.compile(r"\s*(?:-+|—+|–|→|至|~|\uff5e)\s*")
_DAY_FIRST = re.compile(r"[0-9]{4}[-:/_.年]|[0-9]{8}")


def read(data):
    """Return the :class:`..picking.Ticket` of every row in ``data``: a list, one row, or JSON text.

    Rows with neither a number nor a serial number can't be told apart and are left out.
    """
    if isinstance(data, dict) and not serials_in(data):
        data = reading.pick(data, "list", "data", "rows", "invoices") or data
    tickets = [ticket_of(row) for row in rows_in(data)]
    return tuple(ticket for ticket in tickets if ticket.fapiao.number)


def ticket_of(row):
    """Return the ticket in ``row``, a dict of :func:`..reading.loads`."""
    return Ticket(fapiao_of(row), state_of(row), reading.plain(row))


def fapiao_of(row):
    """Return the ``InboundFapiao`` of ``row``; an unknown kind is read as another ticket (11)."""
    kind = _kind(row)
    shape = SHAPES[kind]
    serial = next(iter(serials_in(reading.pick(row, *SERIAL_KEYS))), "")
    untaxed, tax, total = _amounts(row, kind, shape)
    return InboundFapiao(
        number=_number(row, serial),
        type_code=kind,
        code=word_at(row, "invoiceCode", "fpdm") if shape.is_numbered else "",
        serial_no=serial,
        color="red" if (total if total is not None else untaxed or 0) < 0 else "blue",
        status=_STATUSES.get(word_at(row, "invoiceStatus"), ""),
        issue_date=day_at(row, "invoiceDate", "kprq"),
        seller_name=word_at(row, "salerName", "sallerName"),
        seller_tax_no=word_at(row, "salerTaxNo", "sallerTaxNo"),
        buyer_name=word_at(row, "buyerName"),
        buyer_tax_no=word_at(row, "buyerTaxNo"),
        amount_untaxed=untaxed,
        amount_tax=tax,
        amount_total=total,
        check_code=word_at(row, "checkCode"),
        deduction=_deduction(row) if shape.is_deductible else "",
        remark=word_at(row, "remark"),
        lines=lines_in(rows_in(reading.pick(row, "items"))) if shape.has_lines else (),
        travel=travel_in(row, shape),
        **{name: word_at(row, *codes.TEXTS[name]) for name in _TEXTS},
        image_address=word_at(row, "snapshotUrl"),
        check_status=codes.CHECKS.get(word_at(row, "checkStatus"), ""),
        is_revised=codes.REVISED.get(word_at(row, "isRevise")),
        is_proxy=codes.PROXY.get(word_at(row, "proxyMark")),
        **{name: moment_of(word_at(row, *names)) for name, names in codes.MOMENTS.items()},
        currency=currency_of(word_at(row, "currencyType")),
        tax_rate=reading.rate_of(reading.pick(row, *codes.RATE)),
        consumption=consumption_of(word_at(row, "consumptionType")),
        unit_price=reading.money_at(row, *codes.UNIT_PRICE),
        **_file(row),
    )


def state_of(row):
    """Return the ``TicketState`` of ``row``: its claim, check, and whether it is a personal one."""
    claim = word_at(row, "expenseStatus")
    return TicketState(
        serial_no=next(iter(serials_in(reading.pick(row, *SERIAL_KEYS))), ""),
        claim=claim,
        is_claimed=claim not in _FREE,
        claimed_by=word_at(row, "billnumber", "expenseNum"),
        verified=_VERIFIED.get(word_at(row, "checkStatus")),
        is_personal=is_personal(word_at(row, "buyerName"), word_at(row, "buyerTaxNo")),
    )


def _kind(row):
    kind = word_at(row, "invoiceType", "fplx").lstrip("0")
    return kind if kind in SHAPES else OTHER


def _number(row, serial):
    """Return the number as the pool's rows have it, whose keys have other names in messages."""
    names = {"invoiceNo": ("invoiceNo", "fphm"), "invoiceCode": ("invoiceCode", "fpdm")}
    told = {name: reading.pick(row, *keys) for name, keys in names.items()}
    return identity_of(
        {**row, **{name: value for name, value in told.items() if value is not None}, "serialNo": serial}
    )


def _amounts(row, kind, shape):
    """Return untaxed amount, tax and total, None where not told; what two of them say of the third
    is filled in. A flight's total has fund, surcharge and other taxes in it, not the insurance. Without a tax it
    follows from the rate, of kinds whose tax may be deducted by it.
    """
    tax, total = reading.money_at(row, "taxAmount", "se"), reading.money_at(row, "totalAmount", "jshj")
    by_rate = None
    if tax is None:
        fares = (reading.money_at(row, *names) for names in codes.FARES)
        by_rate = tax_by_rate(kind, reading.rate_of(reading.pick(row, *codes.RATE)), total, fares)
        tax = by_rate
    if shape.is_fare:
        fare = reading.money_at(row, "amount")
        if total is None and fare is not None:
            names = ("airportConstructionFee", "fuelSurcharge", "otherTotalTaxAmount")
            total = exact_sum(fare, *(reading.money_at(row, name) for name in names))
        return exact_difference(total, tax), tax, total
    untaxed = reading.money_at(row, "amount", "invoiceMoney")
    if untaxed is None or by_rate is not None:
        untaxed = exact_difference(total, tax)
    if total is None and untaxed is not None and tax is not None:
        total = exact_sum(untaxed, tax)
    return untaxed, tax, total


def _deduction(row):
    return deduction_of({key: word_at(row, key) for key in codes.SELECTIONS})


def _file(row):
    """Return the address of the fapiao's file under the field for its kind, PDF where it doesn't show."""
    address = word_at(row, "downloadUrl")
    if not address:
        return {}
    try:
        ending = urlsplit(address).path.rpartition(".")[2].lower()
    except ValueError:
        ending = ""
    return {f"{ending if ending in ('ofd', 'xml') else 'pdf'}_address": address}


# The journey


def travel_in(row, shape):
    """Return the ``Travel`` of a ticket, or None if it is of no kind that travels or says nothing of it."""
    if shape.journey is None:
        return None
    row = {**_legs(row), **{key: value for key, value in row.items() if value not in (None, "")}}
    values = {}
    for name, keys in shape.journey.items():
        value = _amount(row, keys) if name in _JOURNEY_NUMBERS else word_at(row, *keys)
        if value not in (None, ""):
            values[name] = value
    values = {**_trip(row), **values}
    if not set(values) - {"fare"}:
        return None
    for name in ("departs", "arrives"):
        values[name] = _moment(row, shape, values.get(name, ""), is_needed=name == "departs")
    return Travel(**values)


def _amount(row, keys):
    return reading.decimal_at(row, *keys) if keys == ("mileage",) else reading.money_at(row, *keys)


def _moment(row, shape, text, is_needed):
    """Return day and time as text; ``text`` as printed where it has its day itself."""
    if _DAY_FIRST.match(text) or not (text or is_needed):
        return text
    # the invoice code of a ticket without a number of its own is the day of travel
    day = (None if shape.is_numbered else day_at(row, "invoiceCode")) or day_at(row, "invoiceDate")
    return f"{day or ''} {text}".strip()


def _trip(row):
    """Return from where to where by ``trip`` ("起点-终点"), nothing unless it has just two ends."""
    trip = word_at(row, "trip")
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
