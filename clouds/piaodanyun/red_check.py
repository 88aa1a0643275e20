"""May this fapiao be reversed? ``retInviceMsg``, which has no effect.

Source: docs/protocols/piaodanyun.md#red-letter.
"""

from ...rules.red_document import BUYER, RedCheck, RedLine
from .. import reading
from ..answer_texts import says_trouble
from ..base import NotFound
from ..errors import OutcomeUnknown
from . import codes, red_codes
from .issue import number_at
from .meaning import not_there, opened, question_error
from .query import rate_at


def freeze(order, _request_uid, tax_no):
    """Return the form that asks; ``order`` needs its blue number and initiator.

    For a buyer also the seller's tax number and the date of issue: raises ValueError without them.
    """
    form = {"nsrsbh": tax_no, "fphm": order.blue_number, "sqyy[0]": red_codes.SIDES[order.initiator]}
    if order.initiator == BUYER:
        if not order.seller_tax_no or order.blue_issued_at is None:
            raise ValueError("A buyer has to name the seller's tax number and the date of issue")
        form["xhdwsbh"] = order.seller_tax_no
        form["kprq"] = _moment(order.blue_issued_at)
        if order.special_kind:
            form["tdyslxDm"] = order.special_kind
    return form


def read(raw):
    """Return the :class:`RedCheck`, or ``NotFound`` while the bureau doesn't show the fapiao.

    A plain 999 is a "no" in the bureau's words; what isn't clearly an answer raises, so that "no" is
    never read out of a fault.
    """
    envelope = opened(raw)
    if envelope.ok:
        return _answered(envelope)
    if not_there(envelope):
        # assumption: "not found" up to two hours after issue is a 999 whose text says so
        return NotFound(envelope.text, envelope.code)
    if envelope.code == codes.BUSINESS and envelope.text:
        error = question_error(envelope)
        if isinstance(error, OutcomeUnknown) and not says_trouble(envelope.text):
            return RedCheck(False, envelope.text)
        raise error
    raise question_error(envelope)


def lines_at(rows):
    """Return the lines of ``mxzb``, or none at all where one of them can't be read."""
    lines = [_line(row, place) for place, row in enumerate(rows, 1)] if isinstance(rows, list) else []
    return () if None in lines else tuple(lines)


def _answered(envelope):
    head = envelope.data
    if head in (None, "", [], {}):
        return NotFound(envelope.text, envelope.code)
    number = number_at(head, "fphm")
    text = reading.as_text(reading.pick(head, "message", "msg")) or envelope.text
    refused = bool(red_codes.REFUSED.search(text))
    if not number and not refused:
        raise OutcomeUnknown(envelope.text, "no_number", envelope.status)
    kind = reading.as_text(reading.pick(head, "fplxdm"))
    return RedCheck(
        allowed=not refused,
        text=text,
        number=number,
        type=codes.TYPE_NAMES.get(kind, kind),
        vat_use=_used(head, "ZzsytDm", red_codes.VAT_UNUSED),
        consumption_use=_used(head, "XfsytDm", red_codes.CONSUMPTION_UNUSED),
        booked=_used(head, "FprzztDm", red_codes.UNBOOKED),
        issued_at=reading.moment_at(head, "kprq"),
        seller_name=reading.text_at(head, "xhdwmc"),
        seller_tax_no=reading.text_at(head, "xhdwsbh", "xhdwdm"),
        buyer_name=reading.text_at(head, "ghdwmc"),
        buyer_tax_no=reading.text_at(head, "ghdwsbh", "ghdwdm"),
        amount=_negative(reading.money_at(head, "hjje")),
        tax=_negative(reading.money_at(head, "hjse", "se")),
        special_kind=reading.as_text(reading.pick(head, "tdyslxdm")),
        lines=lines_at(reading.pick(head, "mxzb", "zbmx")),
        raw=reading.plain(head),
    )


def _used(head, name, unused):
    """Return whether a code says that the buyer used it; ``None`` if there is no code."""
    code = reading.as_text(reading.pick(head, name))
    return code.zfill(2) not in unused if code else None


def _line(row, place):
    amount, tax = reading.money_at(row, "je"), reading.money_at(row, "se")
    rate, zero = rate_at(row)
    if amount is None or tax is None or rate is None:
        return None
    amount, tax = _negative(amount), _negative(tax)
    if reading.as_text(reading.pick(row, "hsbz")) == "1":
        amount -= tax
    xh = reading.as_text(reading.pick(row, "xh"))
    price = reading.decimal_at(row, "spdj", "dj")
    return RedLine(
        xh=int(xh) if xh.isascii() and xh.isdigit() and len(xh) < 9 else place,
        name=reading.as_text(reading.pick(row, "spmc")),
        code=reading.as_text(reading.pick(row, "spbm")),
        amount=amount,
        tax=tax,
        rate=rate,
        quantity=_negative(reading.decimal_at(row, "spsl")) or None,
        price=price and abs(price) or None,
        spec=reading.as_text(reading.pick(row, "ggxh")),
        unit=reading.as_text(reading.pick(row, "dw")),
        zero_kind=zero,
        policy=reading.as_text(reading.pick(row, "zzstsgl")),
    )


def _negative(number):
    """Return a number of either sign as what is taken back: zero or below, never a negative zero."""
    if number is None:
        return None
    return number.copy_abs().copy_negate() if number else number.copy_abs()


def _moment(moment):
    """Return an aware datetime as this one call wants it: ``yyyy-MM-dd HH:mm:ss`` in Asia/Shanghai."""
    if moment.tzinfo is None:
        raise ValueError("A naive datetime: say which time zone it is in")
    return moment.astimezone(reading.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
