"""Reversals: the red form (红字确认单), and the red fapiao.

The papers name the calls and the keys of two of them; the keys of the question and of the
withdrawal are the vendor's pages' (api-146003707, api-146003702). Of the answers only those to the question
are known (``redInfoBillNo``, ``redConfirmBillStatus`` 01–10, ``govRedConfirmBillUuid``,
``redConfirmEnterDate``, in ``data.dataList``); the other names are assumptions.
Source: docs/protocols/kingdee-red-letter.md#calls; docs/protocols/tax-rules.md#red-letter.
"""

import json
from dataclasses import replace
from datetime import datetime, timezone

from ...rules.codes import is_number
from ...rules.red import REASONS
from ...rules.red_document import SELLER, RedForm
from ...rules.red_forms import STATES, WITHDRAWN, entered_by, is_open, state_named
from .. import reading
from ..base import RED_APPLY, RED_ISSUE, RED_WITHDRAW, NotFound, Pending, RawAnswer, RedForms
from ..errors import CloudError, NotYet, OutcomeUnknown
from ..phrases import FORM_EXISTS, RED_EXISTS, says_doubt
from ..writing import filled, serial_of
from . import codes
from .billing import goods
from .envelope import opened
from .fapiao import issued, number_in
from .meaning import MEANING, part_refused

_FORM_NUMBERS = ("redInfoBillNo", "redConfirmBillNo", "number", "redBillNo")
_BLUE_NUMBERS = ("originalInvoiceNumber", "originalInvoiceNo", "blueInvoiceNo", "invoiceNo", "invoiceNum")
_STATES = ("redConfirmBillStatus", "confirmStatus", "billStatus", "status")
_LISTS = ("dataList", "list", "rows", "records", "data")
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_RED_NUMBERS = ("redInvoiceNum", "redInvoiceNo")


def freeze_application(order, request_uid, tax_no, _options):
    """Return what applies for a form; only a partial reversal lists lines.

    Raises ValueError for what this cloud can't (a buyer's form) and for what is missing.
    """
    if order.initiator != SELLER:
        raise ValueError("金蝶发票云 reverses on the seller's behalf only")
    if not order.reason or not is_number(order.blue_number):
        raise ValueError("A form needs a reason and the original's 20 digits")
    if not order.is_full and not order.lines:
        raise ValueError("A partial reversal needs its lines")
    return {
        "orderNo": serial_of(request_uid),
        "invoiceNo": order.blue_number,
        "redReason": str(int(order.reason)),
        "invoiceType": _type(order),
        "sellerTaxpayerId": order.seller_tax_no or tax_no,
        **({} if order.is_full else {"invoiceDetail": [_line(line) for line in order.lines]}),
    }


def freeze_question(order, request_uid, tax_no, _options):
    """Return the question how a form stands: by its number or, without one, by what it reverses.

    assumption: the cloud lists the forms of a tax number and ignores keys it doesn't know; which of them
    is ours is seen in :func:`narrowed`.
    """
    if order.form_number:
        return {"taxpayerId": tax_no, "redInfoBillNo": order.form_number, "invoiceNo": order.blue_number}
    day = order.blue_issued_at.astimezone(reading.SHANGHAI).date().isoformat() if order.blue_issued_at else ""
    return {
        "taxpayerId": tax_no,
        **filled(orderNo=request_uid),
        "invoiceNo": order.blue_number,
        **filled(startDate=day),
    }


def freeze_list(asked, _request_uid, tax_no, options):
    """Return the question for a page of the forms that were entered in a period; see ``Cloud.red_forms``.

    assumption: the page is asked for by the keys with which it is answered.
    """
    return {
        "taxpayerId": tax_no,
        **filled(orgCode=options.org_code),
        "identity": codes.IDENTITIES[asked["side"]],
        "startDate": asked["first"].isoformat(),
        "endDate": asked["last"].isoformat(),
        "pageNo": asked["page"],
        "pageSize": codes.FORM_PAGE,
    }


def freeze_withdrawal(order, _request_uid, tax_no, _options):
    """Return what withdraws the form of ``order``; ValueError without the form's number."""
    if not order.form_number:
        raise ValueError("Only a form with a number can be withdrawn")
    return {
        "taxNo": tax_no,
        "number": order.form_number,
        "enteridentity": codes.IDENTITIES[order.initiator],
        "qrlx": codes.REVOKE,
    }


def freeze_issue(order, request_uid, tax_no, _options):
    """Return what issues the red fapiao; with the form's number where there is a form.

    assumption: the form is named by ``redInfoBillNo`` and ``govRedConfirmBillUuid``, as in the answers.
    """
    if not order.reason or not is_number(order.blue_number):
        raise ValueError("A red fapiao needs a reason and the original's 20 digits")
    return {
        "serialNo": serial_of(request_uid),
        "invoiceNum": order.blue_number,
        "redReason": order.reason,
        "invoiceType": _type(order),
        "sellerTaxpayerId": order.seller_tax_no or tax_no,
        **filled(redInfoBillNo=order.form_number, govRedConfirmBillUuid=order.form_uuid),
    }


def read_application(raw):
    """Return the ``RedForm``, or ``Pending`` where the cloud took the application and named no form.

    A text that says a form exists is ``OutcomeUnknown``: it may be from our own earlier call. One that
    says the fapiao isn't there is ``NotYet`` (assumption: for up to two hours after issue).
    """
    envelope = _accepted(raw, RED_APPLY, FORM_EXISTS)
    return newest(forms_in(envelope.data)) or Pending(envelope.text)


def read_question(raw):
    """Return the ``RedForm`` or ``NotFound``; raise for anything that is neither clearly."""
    envelope = opened(raw)
    if not envelope.ok:
        return MEANING.not_found(envelope)
    forms = forms_in(envelope.data)
    if forms:
        return newest(forms)
    is_empty = envelope.data is None or is_empty_list(envelope.data)
    if is_empty and not says_doubt(envelope.text):
        return NotFound(envelope.text, envelope.code)
    raise OutcomeUnknown(envelope.text, "no_form_number", envelope.status)


def read_list(raw):
    """Return the ``RedForms`` of a page; raise for anything that isn't clearly one, empty or not."""
    envelope = opened(raw)
    if not envelope.ok:
        MEANING.not_found(envelope)
        return RedForms()
    forms = forms_in(envelope.data)
    if not forms and not (envelope.data is None or is_empty_list(envelope.data)):
        raise OutcomeUnknown(envelope.text, "no_form_number", envelope.status)
    total = reading.decimal_at(envelope.data, "totalElement") if isinstance(envelope.data, dict) else None
    return RedForms(tuple(forms), None if total is None else int(total))


def read_withdrawal(raw):
    """Return the ``RedForm`` as withdrawn; its number is "" where the answer doesn't repeat it."""
    envelope = opened(raw)
    if not envelope.ok or part_refused(envelope):
        raise MEANING.order_error(envelope, RED_WITHDRAW)
    return withdrawn(envelope.data)


def read_issue(raw):
    """Return the ``Issued`` red fapiao, or ``Pending`` where the order was taken; raise what else it means.

    A number counts only where the answer shows that it is the red one's: the question holds the blue's.
    """
    envelope = _accepted(raw, RED_ISSUE, RED_EXISTS)
    return _red_in(envelope.data) or Pending(envelope.text)


def _red_in(data):
    """Return the red ``Issued`` in an answer's data, None without one."""
    data = data[0] if data and isinstance(data, list) else data
    named = reading.pick(data, *_RED_NUMBERS)
    if named is not None:
        data = {**data, "invoiceNum": named, "invoiceProperty": 1}
    red = issued(data) if isinstance(data, dict) and number_in(data) else None
    return red if red and red.color == "red" else None


def _accepted(raw, operation, exists):
    envelope = opened(raw)
    if envelope.ok and not part_refused(envelope):
        return envelope
    if operation == RED_ISSUE and _red_in(envelope.data):
        # it names what it says that it didn't issue
        raise OutcomeUnknown(envelope.text, envelope.code, envelope.status)
    error = MEANING.order_error(envelope, operation, exists)
    is_unknown_text = isinstance(error, OutcomeUnknown) and error.is_unclassified
    if is_unknown_text and operation == RED_APPLY and MEANING.not_there(part_refused(envelope) or envelope):
        raise NotYet(error.text, error.code, error.http_status)
    raise error


def _type(order):
    try:
        return codes.DIRECT_TYPES[order.type]
    except KeyError:
        raise ValueError(f"{order.type!r} is no type of fapiao") from None


def _line(line):
    """Return a red line; assumption: ``originalSeq`` names the blue line, from 1 with
    discount lines counted; the other keys are those that fapiao have in the answers."""
    return {"originalSeq": line.xh, **goods(line)}


# The forms as the cloud lists them


def forms_in(data):
    """Return the ``RedForm`` of each row of an answer's data that has a number, in their order."""
    return [form for form in map(_form, _rows(data)) if form.number]


def is_empty_list(data):
    """Return whether an answer's data is a page without rows."""
    found = next((data[name] for name in _LISTS if name in data), None) if isinstance(data, dict) else data
    return found == []


def newest(forms):
    """Return the one that counts of several forms for one fapiao: an open one, or else the latest; None
    if there is none.
    """
    return max(forms, key=lambda form: (is_open(form.state), form.applied_at or _LONG_AGO), default=None)


def withdrawn(data):
    """Return the ``RedForm`` of a withdrawal that went well."""
    form = _form(next(iter(_rows(data)), {}))
    return form if form.state in STATES and not is_open(form.state) else replace(form, state=WITHDRAWN)


def narrowed(raw, asked):
    """Return ``raw`` with only those forms that the question ``asked`` for, by number or original.

    The cloud lists all forms of a tax number; a later reader of the answer can't tell ours from them.
    """
    try:
        envelope = opened(raw)
    except CloudError:
        return raw
    rows = _rows(envelope.data)
    if not envelope.ok or not rows:
        return raw
    kept = [row for row in rows if _is_asked(_form(row), asked)]
    said = {"errorCode": envelope.code, "success": envelope.flag, "message": envelope.text}
    body = {**said, "data": {"dataList": reading.plain(kept)}}
    return RawAnswer(raw.status, json.dumps(body, ensure_ascii=False), raw.content_type)


def _is_asked(form, asked):
    if asked.get("redInfoBillNo"):
        return form.number == asked["redInfoBillNo"]
    return form.blue_number == asked["invoiceNo"]


def _rows(data):
    if isinstance(data, dict):
        listed = next((data[name] for name in _LISTS if isinstance(data.get(name), list)), None)
        data = [data] if listed is None else listed
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _form(row):
    text = reading.word_at(row, *_STATES)
    code = text.zfill(2)
    state = code if code in STATES else state_named(text)
    reason = reading.word_at(row, "redReason").zfill(2)
    return RedForm(
        number=reading.word_at(row, *_FORM_NUMBERS),
        state=state,
        state_text=reading.word_at(row, "redConfirmBillStatusName", "statusName") or text,
        uuid=reading.word_at(row, "govRedConfirmBillUuid", "uuid"),
        applied_at=reading.moment_at(row, "redConfirmEnterDate", "enterDate", "applyTime"),
        blue_number=reading.word_at(row, *_BLUE_NUMBERS),
        raw=reading.plain(row),
        # assumption: the names of what follows
        initiator=codes.SIDES.get(reading.word_at(row, "enteridentity", "enterIdentity"), "") or entered_by(state),
        reason=reason if reason in REASONS else "",
        red_number=reading.number_at(row, *_RED_NUMBERS),
        amount=reading.money_at(row, "totalAmount"),
        tax=reading.money_at(row, "totalTaxAmount"),
    )
