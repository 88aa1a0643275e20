"""Asking for a fapiao by serial number or number: ``invoiceQueryMx``.

Source: docs/protocols/piaodanyun.md#query. The answer for an unknown serial number is in no source.
"""

import dataclasses

from ...rules.document import Line
from .. import reading
from ..base import Issued, NotFound, Pending
from ..errors import OutcomeUnknown
from ..phrases import says_doubt
from . import codes
from .meaning import MEANING, number_at, opened


def freeze(request_uid, number, tax_no):
    """Return the form that asks by ``number`` or, without one, by ``request_uid``."""
    if not request_uid and not number:
        raise ValueError("Ask by a serial number or by a fapiao number")
    return {"nsrsbh": tax_no, **({"fphm": number} if number else {"fpqqlsh": request_uid})}


def read(raw):
    """Return ``Issued``, ``Pending`` or ``NotFound``; raise for anything that isn't clearly one of them.

    Never ``NotFound`` from an unreadable answer or another error: it would allow a second fapiao.
    """
    envelope = opened(raw)
    if envelope.ok:
        return _found(envelope)
    if envelope.code == codes.BUSINESS and codes.ISSUING.search(envelope.text):
        return Pending(envelope.text)
    if MEANING.not_there(envelope):
        # assumption: an unknown serial number is a 999 whose text says so
        return NotFound(envelope.text, envelope.code)
    raise MEANING.question_error(envelope)


def check_asked(found, request_uid, number):
    """Return ``found``; raise OutcomeUnknown if it is another fapiao than the one asked for."""
    if isinstance(found, Issued):
        if number and found.number != number:
            raise OutcomeUnknown("The cloud answered with another fapiao", "other_number")
        if not number and request_uid and found.request_uid not in ("", request_uid):
            raise OutcomeUnknown("The cloud answered with another order", "other_serial")
    return found


def _found(envelope):
    head = envelope.data
    if head in (None, "", [], {}):
        if codes.ISSUING.search(envelope.text):
            return Pending(envelope.text)
        if says_doubt(envelope.text):
            raise OutcomeUnknown(envelope.text, "no_number", envelope.status)
        # assumption: success without data is how an unknown serial number may also look
        return NotFound(envelope.text, envelope.code)
    number = number_at(head, "fphm")
    if number:
        return _issued(head, number)
    if reading.pick(head, "fpqqlsh") and reading.pick(head, "fphm") is None:
        # assumption: the order is known and has no number yet
        return Pending(envelope.text)
    raise OutcomeUnknown(envelope.text, "no_number", envelope.status)


def _issued(head, number):
    total = reading.money_at(head, "jshj")
    original = reading.text_at(head, "yfphm") or ""
    kind = reading.as_text(reading.pick(head, "fplxdm"))
    reversed_by = number_at(head, "hcFphm")  # assumption: the paper has the key, without content
    return Issued(
        number=number,
        issued_at=reading.moment_at(head, "kprq") or reading.moment_at(head, "dqsj"),
        type=codes.TYPE_NAMES.get(kind, kind),
        color="red" if original or (total is not None and total < 0) else "blue",
        status=_status(head, reversed_by),
        seller_name=reading.text_at(head, "xhdwmc"),
        seller_tax_no=reading.text_at(head, "xhdwdm", "xhdwsbh"),
        buyer_name=reading.text_at(head, "ghdwmc"),
        buyer_tax_no=reading.text_at(head, "ghdwdm", "ghdwsbh"),
        amount=reading.money_at(head, "hjje"),
        tax=reading.money_at(head, "hjse", "se"),
        total=total,
        request_uid=reading.as_text(reading.pick(head, "fpqqlsh")),
        original_number=original,
        reversed_by=reversed_by,
        lines=_lines(reading.pick(head, "zbmx", "mxzb")),
        raw=reading.plain(head),
    )


def _status(head, reversed_by):
    """Return the neutral status, "" where it isn't known.

    Where a red fapiao is named, "normal" is not believed: the paper shows that code without one only.
    """
    status = codes.STATUSES.get(reading.as_text(reading.pick(head, "fpzt")), "")
    return "" if status == codes.NORMAL and reversed_by else status


def _lines(rows):
    """Return the lines, or none at all where one of them can't be read."""
    lines = [_line(row) for row in rows] if isinstance(rows, list) else []
    return () if None in lines else tuple(lines)


def _line(row):
    amount, tax = reading.money_at(row, "je"), reading.money_at(row, "se")
    rate, zero = rate_at(row)
    if amount is None or tax is None or rate is None:
        return None
    if reading.as_text(reading.pick(row, "hsbz")) == "1":
        amount -= tax
    line = Line(
        kind=codes.KIND_NAMES.get(reading.as_text(reading.pick(row, "fphxz")), codes.KIND_NAMES["0"]),
        name=reading.as_text(reading.pick(row, "spmc")),
        code=reading.as_text(reading.pick(row, "spbm")),
        amount=amount,
        tax=tax,
        rate=rate,
        quantity=reading.decimal_at(row, "spsl"),
        price=reading.decimal_at(row, "spdj", "dj"),
        spec=reading.as_text(reading.pick(row, "ggxh")),
        unit=reading.as_text(reading.pick(row, "dw")),
        zero_kind=zero,
    )
    policy = reading.as_text(reading.pick(row, "zzstsgl"))
    return dataclasses.replace(line, policy=policy) if policy else line


def rate_at(row):
    """Return a line's rate and kind of zero; ``13%`` and 免税 are understood beside ``0.13``."""
    told = reading.pick(row, "sl")
    zero = codes.ZERO_WORDS.get(reading.as_text(told)) or reading.as_text(reading.pick(row, "lslbs"))
    return reading.rate_of(told), codes.ZERO_NAMES.get(zero, "")
