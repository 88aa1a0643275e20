"""Issuing the red fapiao from its form: ``hzfpkj``.

Source: docs/protocols/piaodanyun.md#red-letter.
"""

from ...rules.codes import is_number
from .. import reading
from ..answer_texts import RED_EXISTS
from ..base import RED_ISSUE, Issued
from . import codes, issue
from .meaning import lacking, opened, order_error


def freeze(order, request_uid, tax_no):
    """Return the form that issues; ``order`` needs its blue number and the form's number.

    ``request_uid`` becomes ``fpqqlsh`` as for a blue order. Raises ValueError for a uid that doesn't fit
    and for what is missing.
    """
    if not order.form_number or not is_number(order.blue_number):
        raise ValueError("A red fapiao needs its form's number and the original's 20 digits")
    form = {
        "fpqqlsh": issue.serial_of(request_uid),
        "xhdwsbh": order.seller_tax_no or tax_no,
        "tzdbh": order.form_number,
        "yfphm": order.blue_number,
    }
    return {**form, "tdyslxDm": order.special_kind} if order.special_kind else form


def read(raw):
    """Return the :class:`Issued` of an answer; raise what anything else means.

    Only a 20-digit number is an issued fapiao. The answer names the form, not the original. A 310 carries the
    red fapiao that this order or an earlier one has made of the form [family].
    """
    envelope = opened(raw)
    is_there = envelope.code == codes.OTHER and bool(issue.number_at(envelope.data, "fphm", "Fphm"))
    if not envelope.ok and not is_there:
        # assumption: it may have been our own earlier call that reversed it
        raise order_error(envelope, RED_ISSUE, exists=RED_EXISTS)
    data = envelope.data
    number = issue.number_at(data, "fphm", "Fphm")
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
            original_number=issue.number_at(data, "yfphm"),
            red_form_number=reading.as_text(reading.pick(data, "xxbbh", "tzdbh")),
            raw=reading.plain(data),
        )
    raise lacking(envelope, "no_number")
