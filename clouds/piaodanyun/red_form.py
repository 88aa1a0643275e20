"""The red form (红字确认单, here 红字信息表): applying for it, and asking how it stands. ``hzxxbsq``.

One call does both. With ``hzxxbcheck=1`` it goes straight to the bureau; without, it returns the form
applied for before *and, if there is none, applies*. So it is harmless to ask only for a form that is
known to exist, and a first application may simply be sent again.
Source: docs/protocols/piaodanyun.md#red-letter.
"""

from ...rules.red_document import RedForm
from ...rules.red_forms import STATES, state_named
from .. import reading
from ..answer_texts import FORM_EXISTS
from ..base import RED_APPLY, NotFound
from ..errors import NotYet, OutcomeUnknown
from . import issue, red_codes
from .meaning import lacking, not_there, opened, order_error, question_error


def freeze_application(order, _request_uid, tax_no):
    """Return the form that applies. Raises ValueError for what this cloud can't: a partial reversal,
    and a reason or side missing.
    """
    if not order.is_full:
        raise ValueError("票单云 reverses in full only")
    if order.is_anew:
        return {**_application(order, tax_no), "hzxxbcheck": red_codes.APPLY_ANEW}
    return _application(order, tax_no)


def freeze_question(order, _request_uid, tax_no):
    """Return the form that asks for the form of ``order``: the application again, without "anew".

    Raises ValueError for an order without ``form_number``: where no form exists the call applies. Don't
    ask for a form that has ended or whose 72 hours are over either (assumption: none is applied anew).
    """
    if not order.form_number:
        raise ValueError("Without a form the question would apply for one: send the application instead")
    return _application(order, tax_no)


def read_application(raw):
    """Return the :class:`RedForm` applied for; raise what anything else means.

    A text that says a form exists is ``OutcomeUnknown``: it may be from our own earlier call. One that
    says the fapiao isn't there is ``NotYet`` (assumption: as with ``retInviceMsg``, for up to two hours
    after issue; source: docs/protocols/tax-rules.md#red-letter).
    """
    envelope = opened(raw)
    if envelope.ok:
        return _form(envelope)
    error = order_error(envelope, RED_APPLY, exists=FORM_EXISTS)
    if isinstance(error, OutcomeUnknown) and error.is_unclassified and not_there(envelope):
        raise NotYet(envelope.text, envelope.code, envelope.status)
    raise error


def read_question(raw):
    """Return the :class:`RedForm` or ``NotFound``; raise for anything that is neither clearly."""
    envelope = opened(raw)
    if envelope.ok:
        return _form(envelope)
    if not_there(envelope):
        return NotFound(envelope.text, envelope.code)
    raise question_error(envelope)


def _application(order, tax_no):
    form = {
        # assumption: the seller of the blue fapiao also where the buyer applies
        "xhdwsbh": order.seller_tax_no or tax_no,
        "yfphm": order.blue_number,
        "chyydm": order.reason,
        "sqyy": red_codes.SIDES[order.initiator],
    }
    if not order.reason:
        raise ValueError("A form needs a reason")
    if order.blue_is_paper:
        form["sdfpbz"] = red_codes.PAPER
    return form


def _form(envelope):
    data = envelope.data
    number = reading.as_text(reading.pick(data, "xxbbh", "tzdbh"))
    if not number:
        raise lacking(envelope, "no_form_number")
    text = reading.as_text(reading.pick(data, "xxbzt"))
    return RedForm(
        number=number,
        state=_state(reading.as_text(reading.pick(data, "xxbztDm")), text),
        state_text=text,
        uuid=reading.as_text(reading.pick(data, "uuid")),
        applied_at=reading.moment_at(data, "sqsj"),
        blue_number=issue.number_at(data, "yfphm"),
        raw=reading.plain(data),
    )


def _state(code, text):
    """Return the state's two digits, by code or else by its Chinese name; "" if neither is known."""
    code = code.zfill(2)
    return code if code in STATES else state_named(text)
