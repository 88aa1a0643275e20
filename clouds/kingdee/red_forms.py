"""Red forms as 金蝶发票云 lists them, and which of a list is the one that was asked for.

Source: docs/protocols/kingdee-red-letter.md#question (``redInfoBillNo``, ``redConfirmBillStatus`` 01–10,
``govRedConfirmBillUuid``, ``redConfirmEnterDate``, in ``data.dataList``); the other names are assumptions.
"""

import json
from dataclasses import replace
from datetime import datetime, timezone

from ...rules.red_document import RedForm
from ...rules.red_forms import STATES, WITHDRAWN, is_open, state_named
from .. import reading
from ..base import RawAnswer
from ..errors import CloudError
from .envelope import opened

_NUMBERS = ("redInfoBillNo", "redConfirmBillNo", "number", "redBillNo")
_BLUE_NUMBERS = ("originalInvoiceNumber", "originalInvoiceNo", "blueInvoiceNo", "invoiceNo", "invoiceNum")
_STATES = ("redConfirmBillStatus", "confirmStatus", "billStatus", "status")
_LISTS = ("dataList", "list", "rows", "records", "data")
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


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

    The cloud lists all forms of a tax number; whoever reads the answer later can't tell ours from them.
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
    text = reading.as_text(reading.pick(row, *_STATES))
    code = text.zfill(2)
    return RedForm(
        number=reading.as_text(reading.pick(row, *_NUMBERS)),
        state=code if code in STATES else state_named(text),
        state_text=reading.as_text(reading.pick(row, "redConfirmBillStatusName", "statusName")) or text,
        uuid=reading.as_text(reading.pick(row, "govRedConfirmBillUuid", "uuid")),
        applied_at=reading.moment_at(row, "redConfirmEnterDate", "enterDate", "applyTime"),
        blue_number=reading.as_text(reading.pick(row, *_BLUE_NUMBERS)),
        raw=reading.plain(row),
    )
