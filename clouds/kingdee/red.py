"""Reversals: the red form (红字确认单), and the red fapiao.

The protocol file names the calls and the keys of two of them; the keys of the question and of the
withdrawal are the vendor's pages' (api-146003707, api-146003702), what the answers look like is open.
Source: shared/protocols/kingdee-cloud.md, "Billing request" (red); shared/fapiao-rules.md, "Red letter".
"""

from ...rules.codes import is_number
from ...rules.red_document import SELLER
from .. import reading
from ..base import NotFound, Pending
from ..errors import NotYet, OutcomeUnknown, Rejected
from . import codes, red_forms
from .billing import goods, number_of
from .envelope import opened
from .fapiao import issued, number_in
from .meaning import not_there, order_error, part_refused, question_error
from .writing import filled

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
        "orderNo": number_of(request_uid),
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
        "serialNo": number_of(request_uid),
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
    envelope = _accepted(raw, codes.FORM_EXISTS)
    return red_forms.newest(red_forms.forms_in(envelope.data)) or Pending(envelope.text)


def read_question(raw):
    """Return the ``RedForm`` or ``NotFound``; raise for anything that is neither clearly."""
    envelope = opened(raw)
    if not envelope.ok:
        if not_there(envelope):
            return NotFound(envelope.text, envelope.code)
        raise question_error(envelope)
    forms = red_forms.forms_in(envelope.data)
    if forms:
        return red_forms.newest(forms)
    if envelope.data is None or red_forms.is_empty_list(envelope.data):
        return NotFound(envelope.text, envelope.code)
    raise OutcomeUnknown(envelope.text, "no_form_number", envelope.status)


def read_withdrawal(raw):
    """Return the ``RedForm`` as withdrawn; its number is "" where the answer doesn't repeat it."""
    envelope = opened(raw)
    refused = part_refused(envelope)
    if not envelope.ok or refused:
        raise order_error(refused or envelope)
    return red_forms.withdrawn(envelope.data)


def read_issue(raw):
    """Return the ``Issued`` red fapiao, or ``Pending`` where the order was taken; raise what else it means.

    A number counts only where the answer shows that it is the red one's: the question holds the blue's.
    """
    envelope = _accepted(raw, codes.RED_EXISTS)
    data = envelope.data[0] if isinstance(envelope.data, list) else envelope.data
    named = reading.pick(data, *_RED_NUMBERS)
    if named is not None:
        data = {**data, "invoiceNum": named, "invoiceProperty": 1}
    if isinstance(data, dict) and number_in(data):
        red = issued(data)
        if red.color == "red":
            return red
    return Pending(envelope.text)


def _accepted(raw, is_done_maybe):
    envelope = opened(raw)
    refused = part_refused(envelope)
    if envelope.ok and not refused:
        return envelope
    envelope = refused or envelope
    error = order_error(envelope)
    if isinstance(error, Rejected) and is_done_maybe.search(envelope.text):
        raise OutcomeUnknown(envelope.text, envelope.code, envelope.status)
    if isinstance(error, Rejected) and not_there(envelope):
        raise NotYet(envelope.text, envelope.code, envelope.status)
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
