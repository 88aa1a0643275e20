"""Asking what became of a bill, or for one fapiao: ``BILL.INVOICE.QUERY``, ``ALLE.INVOICE.QUERY``.

Source: docs/protocols/kingdee-billing.md#query, #fapiao, #callbacks.
"""

from .. import reading
from ..base import Bill, NotFound, Pending
from ..errors import OutcomeUnknown
from ..phrases import says_doubt
from . import codes
from .envelope import opened, text_in
from .fapiao import issued, looks_like_one, number_in
from .meaning import MEANING, says_returned

_LISTS = ("invoiceList", "invoices", "invoiceInfoList")
_BILL_STATE = ("billStatus", "billState", "billStatusName", "issueStatus", "statusName")


def freeze(asked, request_uid, tax_no, _options):
    """Return the question for the bill ``request_uid``, or for one fapiao.

    ``asked``: None, ``{"number"}`` for the fapiao of that number, ``{"red": True}`` for the red one issued
    under ``request_uid``: it has no bill. Raises ValueError where there is nothing to ask by.
    """
    asked = asked or {}
    number = asked.get("number", "")
    if number:
        return {"sellerTaxpayerId": tax_no, "invoiceNum": number}
    if not request_uid:
        raise ValueError("Ask by a bill's number or by a fapiao number")
    if asked.get("red"):
        return {"sellerTaxpayerId": tax_no, "serialNo": request_uid, "invoiceNum": ""}
    return {"sellerTaxpayerId": tax_no, "serialNo": request_uid}


def read(raw):
    """Return the ``Bill`` with none or more fapiao, one fapiao as ``Issued`` or ``Pending``, or
    ``NotFound``; raise for anything that isn't clearly one of them.

    Never ``NotFound`` from an unreadable answer or another error: it would allow a second fapiao.
    """
    envelope = opened(raw)
    if not envelope.ok:
        if MEANING.not_there(envelope):
            # assumption: a bill that isn't known is an error whose text says so …
            return NotFound(envelope.text, envelope.code)
        if says_returned(envelope):
            # … and one that was sent back is an error with the reason
            return Bill("", state="returned", text=envelope.text)
        raise MEANING.question_error(envelope)
    if envelope.data is None and says_doubt(envelope.text):
        raise OutcomeUnknown(envelope.text, "unreadable", envelope.status)
    if envelope.data is None:
        # assumption: … or a success without data
        return NotFound(envelope.text, envelope.code)
    if _is_fapiao(envelope.data) and not _bill_numbers([envelope.data]):
        number = number_in(envelope.data)
        return issued(envelope.data) if number else Pending(text_in(envelope.data))
    bill = bill_in(envelope)
    if bill is None:
        raise OutcomeUnknown(envelope.text, "unreadable", envelope.status)
    return bill


def bill_in(envelope):
    """Return the ``Bill`` of an answer's data, None where there is nothing that looks like one.

    ``data`` is ``[{billNo, invoiceList}]``, that object alone, or the fapiao themselves in a list. Raises
    OutcomeUnknown for several bills: one was asked for.
    """
    data = envelope.data
    rows = [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]
    heads = [row for row in rows if not _is_fapiao(row)]
    entries = [row for row in rows if _is_fapiao(row)]
    for head in heads:
        entries.extend(entry for entry in _list_in(head) or () if isinstance(entry, dict))
    numbers = _bill_numbers(heads) or _bill_numbers(entries)
    if not numbers and not entries:
        return None
    if len(numbers) > 1:
        raise OutcomeUnknown(envelope.text, "other_serial", envelope.status)
    fapiao = {one.number: one for one in map(issued, filter(number_in, entries))}
    open_entries = [entry for entry in entries if not number_in(entry)]
    texts = [text_in(part) for part in (*open_entries, *heads)]
    state = _state(heads, open_entries)
    if state == "returned" and any(map(says_doubt, texts)):
        # sent back by trouble: the bureau may have issued it all the same
        state = ""
    return Bill(
        request_uid=numbers[0] if numbers else "",
        fapiao=tuple(fapiao.values()),
        is_complete=bool(fapiao) and not open_entries,
        state=state,
        text="\n".join(dict.fromkeys(filter(None, texts))) or ("" if fapiao else envelope.text),
        raw=reading.plain(data if isinstance(data, dict) else {"data": data}),
    )


def _is_fapiao(row):
    return looks_like_one(row) and _list_in(row) is None


def _list_in(head):
    """Return the fapiao of a bill's row; None where it has no list of them, not even an empty one."""
    if not isinstance(head, dict):
        return None
    for name in _LISTS:
        found = reading.pick(head, name)
        if isinstance(found, list):
            return found
    return None


def _bill_numbers(rows):
    """Return the different bill numbers in ``rows``."""
    numbers = (reading.word_at(row, "billNo") for row in rows)
    return list(dict.fromkeys(filter(None, numbers)))


def _state(heads, open_entries):
    """Return where the bill stands.

    assumption: no source names a key for it; read from what a bill's row says in words, and from
    fapiao listed with status 2 (待开).
    """
    words = " ".join(reading.word_at(row, name) for row in heads for name in _BILL_STATE)
    for state, pattern in codes.BILL_STATES:
        if pattern.search(words):
            return state
    statuses = {reading.word_at(entry, "invoiceStatus") for entry in open_entries}
    return "waiting" if codes.STATUS_WAITING in statuses else ""
