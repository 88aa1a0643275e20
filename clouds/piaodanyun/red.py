"""Reversals: may a fapiao be reversed (``retInviceMsg``), the red form (红字确认单, here 红字信息表, ``hzxxbsq``), the
red fapiao (``hzfpkj``).

One call applies for a form and asks how it stands. With ``hzxxbcheck=1`` it goes straight to the bureau;
without, it returns the form applied for before *and, if there is none, applies*. So it is harmless to ask only for
a form that is known to exist, and a first application may simply be sent again. [family] marks what the seed doesn't
say; every text here is an assumption: the seed shows successes only.
Source: docs/protocols/piaodanyun.md#red-letter.
"""

import re

from ...rules.codes import is_number
from ...rules.document import DIGITAL_PAPER
from ...rules.red_document import BUYER, SELLER, RedCheck, RedForm, RedLine
from ...rules.red_forms import STATES, entered_by, state_named
from .. import reading
from ..base import RED_APPLY, RED_ISSUE, Issued, NotFound
from ..errors import NotYet, OutcomeUnknown
from ..phrases import FORM_EXISTS, RED_EXISTS, says_trouble
from ..writing import filled, measure, money, serial_of
from . import codes
from .issue import sheet_of
from .meaning import MEANING, lacking, opened
from .query import line_values

SIDES = {SELLER: "2", BUYER: "3"}  # sqyy
ELECTRONIC = "1"  # sdfpbz: an electronic red fapiao for a blue one on paper (85, 86)
LINE_TEXTS = {"own_code": "zxbm", "code_version": "bb", "application_no": "sqdh"}
PRIVILEGES = {"0": False, "1": True}  # yhzcbs
IN_PART = "1"  # bfch [family]
PARTIAL_REASONS = frozenset({"02", "03", "04"})  # [family]; the seed names 02 and 03, but takes full reversals only
LIST_ROW = "0"  # xh of the first row of a list: its totals [family]
NET = "0"  # hsbz: amounts without tax
APPLY_ANEW = "1"  # hzxxbcheck: go to the bureau without looking for a form applied for before

# Use by the buyer. The seed has the unused ones; 00 and 01 of VAT use mean "ticked" and "confirmed" to
# a public client of the bureau, which also saw 03 for a confirmed one. Whatever else is said is use.
VAT_UNUSED = {"03"}  # ZzsytDm
CONSUMPTION_UNUSED = {"00"}  # XfsytDm
UNBOOKED = {"00"}  # FprzztDm

# "It may not be reversed", in the message of an answer that is a success by its code
REFUSED = re.compile(r"不(?:可|能|允许|得|支持|予)|无法|禁止|失败|没有可红冲|(?<!未)已.{0,8}(?:红冲|冲红|开负数|作废)")


def freeze_check(order, _request_uid, tax_no, options):
    """Return the form that asks; ``order`` needs its blue number and initiator.

    For a buyer also the seller's tax number and the date of issue: raises ValueError without them.
    """
    side = "sqyy[0]" if options.side_as_list else "sqyy"
    form = {"nsrsbh": tax_no, "fphm": order.blue_number, side: SIDES[order.initiator]}
    if order.initiator == BUYER:
        if not order.seller_tax_no or order.blue_issued_at is None:
            raise ValueError("A buyer has to name the seller's tax number and the date of issue")
        form["xhdwsbh"] = order.seller_tax_no
        form["kprq"] = _moment(order.blue_issued_at)
        if order.special_kind:
            form["tdyslxDm"] = order.special_kind
    return form


def read_check(raw):
    """Return the :class:`RedCheck`, or ``NotFound`` while the bureau doesn't show the fapiao.

    A plain 999 is a "no" in the bureau's words; what isn't clearly an answer raises, so that "no" is
    never read out of a fault.
    """
    envelope = opened(raw)
    if envelope.ok:
        return _check(envelope)
    is_plain = envelope.code == codes.BUSINESS and envelope.text and MEANING.shared_error(envelope) is None
    if is_plain and not MEANING.not_there(envelope) and not says_trouble(envelope.text):
        return RedCheck(False, envelope.text)
    # assumption: "not found" up to two hours after issue is a 999 whose text says so
    return MEANING.not_found(envelope)


def lines_at(rows):
    """Return the lines of ``mxzb``, or none at all where one of them can't be read."""
    lines = [_line(row, place) for place, row in enumerate(rows, 1)] if isinstance(rows, list) else []
    return () if None in lines else tuple(lines)


def _check(envelope):
    head = envelope.data
    if head in (None, "", [], {}):
        return NotFound(envelope.text, envelope.code)
    number = reading.number_at(head, "fphm")
    text = reading.word_at(head, "message", "msg") or envelope.text
    refused = bool(REFUSED.search(text))
    if not number and not refused:
        raise OutcomeUnknown(envelope.text, "no_number", envelope.status)
    kind = reading.word_at(head, "fplxdm")
    fapiao_type, form = codes.KINDS_OF_FAPIAO.get(kind, (kind, ""))
    return RedCheck(
        allowed=not refused,
        text=text,
        number=number,
        type=fapiao_type,
        vat_use=_used(head, "ZzsytDm", VAT_UNUSED),
        consumption_use=_used(head, "XfsytDm", CONSUMPTION_UNUSED),
        booked=_used(head, "FprzztDm", UNBOOKED),
        issued_at=reading.moment_at(head, "kprq"),
        seller_name=reading.text_at(head, "xhdwmc"),
        seller_tax_no=reading.text_at(head, "xhdwsbh", "xhdwdm"),
        buyer_name=reading.text_at(head, "ghdwmc"),
        buyer_tax_no=reading.text_at(head, "ghdwsbh", "ghdwdm"),
        amount=_negative(reading.money_at(head, "hjje")),
        tax=_negative(reading.money_at(head, "hjse", "se")),
        special_kind=reading.word_at(head, "tdyslxdm"),
        lines=lines_at(reading.pick(head, "mxzb", "zbmx")),
        raw=reading.plain(head),
        is_paper=form == DIGITAL_PAPER,
        levy=reading.word_at(head, "zsfs"),
        handler=reading.word_at(head, "jbr"),
    )


def _used(head, name, unused):
    """Return whether a code says that the buyer used it; ``None`` if there is no code."""
    code = reading.word_at(head, name)
    return code.zfill(2) not in unused if code else None


def _line(row, place):
    values = line_values(row)
    if values is None:
        return None
    number = reading.word_at(row, "xh")
    for name in ("amount", "tax", "quantity"):
        values[name] = _negative(values[name])
    values |= {"quantity": values["quantity"] or None, "price": abs(values["price"] or 0) or None}
    values |= {name: reading.word_at(row, key) for name, key in LINE_TEXTS.items()}
    values["is_privileged"] = PRIVILEGES.get(reading.word_at(row, "yhzcbs"))
    return RedLine(xh=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else place, **values)


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


# The form


def freeze_application(order, _request_uid, tax_no, options):
    """Return the form that applies. Raises ValueError for what this cloud can't, and a reason or side missing."""
    if order.is_anew:
        return {**_application(order, tax_no, options), "hzxxbcheck": APPLY_ANEW}
    return _application(order, tax_no, options)


def freeze_question(order, _request_uid, tax_no, options):
    """Return the form that asks for the form of ``order``: the application again, without "anew".

    Raises ValueError for an order without ``form_number``: where no form exists the call applies. Don't
    ask for a form that has ended or whose 72 hours are over either (assumption: none is applied anew).
    """
    if not order.form_number:
        raise ValueError("Without a form the question would apply for one: send the application instead")
    return _application(order, tax_no, options)


def read_application(raw):
    """Return the :class:`RedForm` applied for; raise what anything else means.

    A text that says a form exists is ``OutcomeUnknown``: it may be from our own earlier call. One that
    says the fapiao isn't there is ``NotYet`` (assumption: as with ``retInviceMsg``, for up to two hours
    after issue).
    """
    envelope = opened(raw)
    if envelope.ok:
        return _form(envelope)
    error = MEANING.order_error(envelope, RED_APPLY, exists=FORM_EXISTS)
    if isinstance(error, OutcomeUnknown) and error.is_unclassified and MEANING.not_there(envelope):
        raise NotYet(envelope.text, envelope.code, envelope.status)
    raise error


def read_question(raw):
    """Return the :class:`RedForm` or ``NotFound``; raise for anything that is neither clearly."""
    envelope = opened(raw)
    if envelope.ok:
        return _form(envelope)
    return MEANING.not_found(envelope)


def _application(order, tax_no, options):
    if not order.is_full and not options.partial_red:
        raise ValueError("This account of 票单云 reverses in full only")
    form = {
        # assumption: the seller of the blue fapiao also where the buyer applies
        "xhdwsbh": order.seller_tax_no or tax_no,
        "yfphm": order.blue_number,
        "chyydm": order.reason,
        "sqyy": SIDES[order.initiator],
    }
    if not order.reason:
        raise ValueError("A form needs a reason")
    if order.blue_is_paper:
        form["sdfpbz"] = ELECTRONIC
    if not order.is_full:
        form |= _part(order)
    return form if order.initiator == SELLER else form | _of_buyer(order, tax_no)


def _part(order):
    """Return what a partial reversal says beside a full one [family]: totals and lines, all negative.

    Under an allowance a line has no quantity. A list (清单) begins with a row of its totals, numbered 0.
    """
    if not order.lines or order.reason not in PARTIAL_REASONS:
        raise ValueError("A partial reversal needs its lines, and a reason for a part")
    totals = {"je": money(order.amount), "se": money(order.tax)}
    rows = [{"xh": LIST_ROW, **totals}] if order.blue_is_paper and order.blue_lines > codes.PRINTED_LINES else []
    rows += [
        {
            "xh": str(line.bureau_xh or line.xh),
            **filled(spsl=measure(line.quantity)),
            "je": money(line.amount),
            "se": money(line.tax),
            "hsbz": NET,
        }
        for line in order.lines
    ]
    return {
        "bfch": IN_PART,
        "hjje": totals["je"],
        "hjse": totals["se"],
        **{f"fyxm[{index}][{key}]": value for index, row in enumerate(rows) for key, value in row.items()},
    }


def _of_buyer(order, tax_no):
    """Return what a buyer's application says beside a seller's [family]: who applies, and for which original."""
    if not order.seller_tax_no or order.blue_issued_at is None:
        raise ValueError("A buyer has to name the seller's tax number and the date of issue")
    form = {"nsrsbh": tax_no, "kprq": _moment(order.blue_issued_at)}
    return {**form, "tdyslxDm": order.special_kind} if order.special_kind else form


def _form(envelope):
    data = envelope.data
    number = reading.word_at(data, "xxbbh", "tzdbh")
    if not number:
        raise lacking(envelope, "no_form_number")
    text = reading.word_at(data, "xxbzt")
    state = _state(reading.word_at(data, "xxbztDm"), text)
    return RedForm(
        number=number,
        state=state,
        state_text=text,
        uuid=reading.word_at(data, "uuid"),
        applied_at=reading.moment_at(data, "sqsj"),
        blue_number=reading.number_at(data, "yfphm"),
        raw=reading.plain(data),
        initiator=entered_by(state),
    )


def _state(code, text):
    """Return the state's two digits, by code or else by its Chinese name; "" if neither is known."""
    code = code.zfill(2)
    return code if code in STATES else state_named(text)


# The red fapiao


def freeze_issue(order, request_uid, tax_no, _options):
    """Return the form that issues; ``order`` needs its blue number and the form's number.

    ``request_uid`` becomes ``fpqqlsh`` as for a blue order. Raises ValueError for a uid that doesn't fit
    and for what is missing.
    """
    if not order.form_number or not is_number(order.blue_number):
        raise ValueError("A red fapiao needs its form's number and the original's 20 digits")
    form = {
        "fpqqlsh": serial_of(request_uid),
        "xhdwsbh": order.seller_tax_no or tax_no,
        "tzdbh": order.form_number,
        "yfphm": order.blue_number,
    }
    return {**form, "tdyslxDm": order.special_kind} if order.special_kind else form


def read_issue(raw):
    """Return the :class:`Issued` of an answer; raise what anything else means.

    Only a 20-digit number is an issued fapiao. The answer names the form, not the original. A 310 carries the
    red fapiao that this order or an earlier one has made of the form [family].
    """
    envelope = opened(raw)
    is_there = envelope.code == codes.OTHER and bool(reading.number_at(envelope.data, "fphm", "Fphm"))
    if not envelope.ok and not is_there:
        # assumption: it may have been our own earlier call that reversed it
        raise MEANING.order_error(envelope, RED_ISSUE, exists=RED_EXISTS)
    data = envelope.data
    number = reading.number_at(data, "fphm", "Fphm")
    if number:
        return Issued(
            number=number,
            issued_at=reading.moment_at(data, "kprq", "Kprq"),
            color="red",
            seller_name=reading.text_at(data, "xhdwmc"),
            seller_tax_no=reading.text_at(data, "xhdwsbh"),
            buyer_name=reading.text_at(data, "ghdwmc"),
            buyer_tax_no=reading.text_at(data, "ghdwsbh"),
            total=reading.money_at(data, "jshj"),
            original_number=reading.number_at(data, "yfphm"),
            raw=reading.plain(data),
            **sheet_of(data),
        )
    raise lacking(envelope, "no_number")
