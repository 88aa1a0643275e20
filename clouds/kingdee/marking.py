"""Marks on received fapiao: booked (入账) and selected for deduction (勾选), and taken back.

``invoiceRecorded``, ``invoiceSelect`` and the questions for their results.
Source: docs/protocols/kingdee-inbound.md#booking-and-deduction; [docs] api-145421064, api-258669778.
"""

import re

from .. import reading
from ..errors import OutcomeUnknown
from ..inbound import Marked, is_number
from ..reply import code_text
from ..writing import filled, money
from . import inbound_codes as inbound
from .envelope import flag_in, opened
from .inbound import PAGE_SIZE, is_running, rows_in, unknown_shape
from .inbound_rows import fapiao_of, identity_of
from .meaning import MEANING, task_error

AT_ONCE = PAGE_SIZE  # fapiao in one order, so that its results are one page
_DIGITAL = re.compile(r"[0-9]{20}")
_PERIOD = re.compile(r"[0-9]{4}(?:0[1-9]|1[0-2])")


def freeze_booking(order, _request_uid, tax_no, _options):
    """Return the order to book, or no longer to. Raises ValueError as :func:`_checked`.

    assumption: ``nextEntryMarkStatus`` 02 books, 06 takes it back [clients]; a booking taken back needs
    neither moment nor period.
    """
    _checked(order)
    when = filled(recordedTime=order.at, recordedPeriod=order.period)
    return {
        "taxNo": tax_no,
        "nextEntryMarkStatus": inbound.BOOK if order.do else inbound.UNBOOK,
        "invoices": [
            # the vendor's own spelling of serialNo
            {**filled(serilNo=one.get("serial_no")), **_number(one), **when}
            for one in order.fapiao
        ],
    }


def freeze_selection(order, _request_uid, tax_no, _options):
    """Return the order to select for deduction, or no longer to. Raises ValueError as :func:`_checked`.

    assumption: ``billType`` 0 is a fapiao and ``asyncFlag`` 1 asks for a task, both [docs]; ``taxPeriod`` is
    the period, as where fapiao are asked for. What else an entry may say (type, untaxed amount, seller) is
    told where the dict has it.
    """
    _checked(order)
    if order.purpose not in ("1", "2", "3"):
        raise ValueError(f"{order.purpose!r} is no purpose of a deduction: 1 to 3")
    return {
        "authenticateFlag": inbound.SELECT if order.do else inbound.UNSELECT,
        "taxNo": tax_no,
        "deductionPurpose": order.purpose,
        "billType": "0",
        "asyncFlag": "1",
        **filled(taxPeriod=order.period),
        "invoices": [_selected(one) for one in order.fapiao],
    }


def freeze_question(asked, _request_uid, tax_no, _options):
    """Return the question what became of an order: by its task, or by its fapiao where it has none.

    ``asked``: a dict with ``task_no`` (and ``page``), or with ``fapiao`` as in a ``MarkOrder``.
    assumption: without a task the fapiao themselves may be asked for.
    """
    if asked.get("task_no"):
        page = int(asked.get("page") or 1)
        return {"taxNo": tax_no, "taskNo": asked["task_no"], "pageNo": page, "pageSize": PAGE_SIZE}
    if not asked.get("fapiao"):
        raise ValueError("Ask by a task's number or by the fapiao of an order")
    return {
        "taxNo": tax_no,
        "invoices": [{**filled(serialNo=one.get("serial_no")), **_number(one)} for one in asked["fapiao"]],
    }


def read_order(raw):
    """Return :class:`Marked`: per fapiao, or with the task to ask for; raise where nothing was marked.

    A success that says nothing is one whose results come later.
    """
    envelope = opened(raw)
    results = _results(envelope)
    if results or envelope.ok:
        task_no = reading.word_at(envelope.data, "taskNo")
        if not results and not task_no and envelope.data is not None:
            raise unknown_shape(envelope)
        return Marked(results, task_no, is_running=not results, text=envelope.text, already=_already(results))
    if is_running(envelope):
        return Marked(is_running=True, text=envelope.text)
    raise task_error(envelope)


def read_question(raw):
    """Return :class:`Marked`; ``is_running`` while the task goes on. No results: none are known.

    assumption: asked by fapiao, the cloud may answer with how they stand instead.
    """
    envelope = opened(raw)
    results = _results(envelope)
    if not results and not envelope.ok:
        if is_running(envelope):
            return Marked(is_running=True, text=envelope.text)
        raise MEANING.question_error(envelope)
    task_no = reading.word_at(envelope.data, "taskNo")
    states = {} if results or _lists(envelope.data) else _states(envelope.data)
    if not results and not states and envelope.data is not None and not task_no and not _lists(envelope.data):
        raise unknown_shape(envelope)
    is_going_on = bool(task_no) and not results and not states
    return Marked(results, task_no, is_going_on, envelope.text, states, _already(results))


def _checked(order):
    """Raise ValueError for no fapiao or too many, one without an identity, and a period that is none."""
    if not 0 < len(order.fapiao) <= AT_ONCE:
        raise ValueError(f"{len(order.fapiao)} fapiao can't be marked at once: 1 to {AT_ONCE}")
    if not all(one.get("number") or one.get("serial_no") for one in order.fapiao):
        raise ValueError("A fapiao without number and serial number can't be marked")
    if order.period and not _PERIOD.fullmatch(order.period):
        raise ValueError(f"{order.period!r} is no period: yyyymm")


def _number(one):
    """Return code and number as the interface wants them apart; see ``number`` of ``InboundFapiao``."""
    number, code = one.get("number") or "", one.get("code") or ""
    if not is_number(number):
        number = ""
    elif code and number.startswith(code) and (len(number) == len(code) + 8 or len(number) != 20):
        # twelve digits and eight look like the twenty of a digital one
        number = number.removeprefix(code)
    return {"invoiceNo": number, "invoiceCode": code}


def _selected(one):
    entry = _number(one)
    day, tax, untaxed = (one.get(name) for name in ("issue_date", "tax", "amount_untaxed"))
    return {
        **filled(serialNo=one.get("serial_no"), invoiceType=one.get("type_code")),
        **entry,
        **(filled(etaxInvoiceNo=entry["invoiceNo"]) if _DIGITAL.fullmatch(entry["invoiceNo"]) else {}),
        **({"invoiceDate": day.isoformat()[:10]} if day else {}),
        **({"invoiceAmount": money(untaxed)} if untaxed is not None else {}),
        **({"effectiveTaxAmount": money(tax), "totalTaxAmount": money(tax)} if tax is not None else {}),
        **filled(salerName=one.get("seller_name"), salerTaxNo=one.get("seller_tax_no")),
    }


def _lists(data):
    """Return ``{is done: rows}`` of the lists that an answer's data names."""
    found = {}
    for is_done, names in ((True, inbound.DONE), (False, inbound.FAILED)):
        rows = reading.pick(data, *names)
        if isinstance(rows, list):
            found[is_done] = rows
    return found


def _results(envelope):
    """Return ``{number: ""}`` of what was marked, ``{number: reason}`` of what wasn't.

    assumption: besides success[] and fail[] the fapiao may be one list in which each says for itself.
    """
    data = envelope.data
    lists = _lists(data)
    if not lists:
        rows = [(_says(row), row) for row in rows_in(data) or () if isinstance(row, dict)]
        rows = [(is_done, row) for is_done, row in rows if is_done is not None]
    else:
        rows = [(is_done, row) for is_done, part in lists.items() for row in part]
    results = {}
    for is_done, row in rows:
        number = identity_of(row) or (reading.as_text(row) if not isinstance(row, dict) else "")
        if not number:
            raise OutcomeUnknown(f"{envelope.text} {reading.plain(row)}"[:300], "unknown_shape")
        results[number] = "" if is_done else _reason(row) or envelope.text or "fail"
    return results


def _already(results):
    """Return the numbers whose refusal says that there is nothing left to do: the order came before.

    assumption: its words. An order to mark is refused as marked, one to take back as not marked.
    """
    return frozenset(number for number, text in results.items() if inbound.ALREADY.search(text))


def _states(data):
    """Return ``{number: booking or deduction}`` of the rows that tell where they stand."""
    marks = (*inbound.KEYS["booking"], *inbound.SELECTIONS)
    rows = [row for row in rows_in(data) or () if isinstance(row, dict) and any(name in row for name in marks)]
    found = filter(None, map(fapiao_of, rows))
    return {fapiao.number: fapiao.booking or fapiao.deduction for fapiao in found}


def _says(row):
    """Return whether a row says of itself that it was marked; None if it doesn't say."""
    flag = flag_in(row, "success", "result")
    code = code_text(reading.pick(row, "errorCode", "errcode", "code"))
    if flag is None and code:
        return code in ("0", "0000")
    return flag


def _reason(row):
    return next((text for text in (reading.word_at(row, name) for name in inbound.REASONS) if text), "")
