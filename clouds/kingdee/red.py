"""Reversals: the red form (红字确认单), and the red fapiao.

The papers name the calls and the keys of two of them; the keys of the question and of the
withdrawal are the vendor's pages' (api-146003707, api-146003702), what the answers look like is open.
Source: docs/protocols/kingdee-red-letter.md#calls; docs/protocols/tax-rules.md#red-letter.
"""

from ...rules.codes import is_number
from ...rules.red_document import SELLER
from .. import reading
from ..base import RED_APPLY, RED_ISSUE, RED_WITHDRAW, NotFound, Pending
from ..errors import NotYet, OutcomeUnknown
from ..phrases import FORM_EXISTS, RED_EXISTS, says_doubt
from ..writing import filled, serial_of
from . import codes, red_forms
from .billing import goods
from .envelope import opened
from .fapiao import issued, number_in
from .meaning import MEANING, part_refused

_RED_NUMBERS = ("redInvoiceNum", "redInvoiceNo")


def freeze_application(order, request_uid, tax_no):
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


def freeze_question(order, request_uid, tax_no):
    """Return the question how a form stands: by its number or, without one, by what it reverses.

    assumption: the cloud lists the forms of a tax number and ignores keys it doesn't know; which of them
    is ours is seen in :func:`red_forms.narrowed`.
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


def freeze_withdrawal(order, _request_uid, tax_no):
    """Return what withdraws the form of ``order``; ValueError without the form's number."""
    if not order.form_number:
        raise ValueError("Only a form with a number can be withdrawn")
    return {
        "taxNo": tax_no,
        "number": order.form_number,
        "enteridentity": codes.SELLER_SIDE,
        "qrlx": codes.REVOKE,
    }


def freeze_issue(order, request_uid, tax_no):
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
    return red_forms.newest(red_forms.forms_in(envelope.data)) or Pending(envelope.text)


def read_question(raw):
    """Return the ``RedForm`` or ``NotFound``; raise for anything that is neither clearly."""
    envelope = opened(raw)
    if not envelope.ok:
        if MEANING.not_there(envelope):
            return NotFound(envelope.text, envelope.code)
        raise MEANING.question_error(envelope)
    forms = red_forms.forms_in(envelope.data)
    if forms:
        return red_forms.newest(forms)
    is_empty = envelope.data is None or red_forms.is_empty_list(envelope.data)
    if is_empty and not says_doubt(envelope.text):
        return NotFound(envelope.text, envelope.code)
    raise OutcomeUnknown(envelope.text, "no_form_number", envelope.status)


def read_withdrawal(raw):
    """Return the ``RedForm`` as withdrawn; its number is "" where the answer doesn't repeat it."""
    envelope = opened(raw)
    if not envelope.ok or part_refused(envelope):
        raise MEANING.order_error(envelope, RED_WITHDRAW)
    return red_forms.withdrawn(envelope.data)


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
