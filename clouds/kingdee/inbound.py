"""Fetching received fapiao: the session with the bureau, a task that collects, its pages.

``taxLogin``, ``invoiceDown``, ``invoiceDownQuery``. A page itself is in no source, so it is read as
tolerantly as can be without losing a row. Source: docs/protocols/kingdee-inbound.md#pages.
"""

import re

from .. import reading
from ..errors import OutcomeUnknown, Rejected
from ..inbound import FULL, BureauSession, PullPage, PullTask
from ..phrases import says_issued
from . import codes
from . import inbound_codes as inbound
from .envelope import opened, unpacked
from .inbound_rows import fapiao_in, identity_of
from .meaning import MEANING, task_error

PAGE_SIZE = 200  # rows; docs/protocols/kingdee-inbound.md#limits
# Our names for what a search asks, and the keys of searchOpt in the paper's order
SEARCH = {
    "tax_period": "taxPeriod",
    "code": "invoiceCode",
    "number": "invoiceNo",
    "seller_tax_no": "salerTaxNo",
    "deduction": "authenticateFlags",
    "status": "invoiceStatus",
    "type_code": "invoiceType",
    "date_from": "startTime",
    "date_to": "endTime",
}
_YES, _NO = {"true", "1", "y", "yes"}, {"false", "0", "n", "no"}
_KEYS_SHOWN, _LEVELS_SHOWN = 30, 3
# What taxLogin says of who is logged in [docs]
_SESSION = {
    "company": "companyName",
    "company_type": "companyType",
    "account_type": "etaxAccountType",
    "tax_no": "taxNo",
    "city": "city",
    "period": "skssq",
    "select_days": "gxrqfw",
}
# skssq: "period;deadline;month" [docs], gxrqfw: "from-to" [docs]
_PERIOD = re.compile(r"(20[0-9]{2})[-/.年]?(0[1-9]|1[0-2])")
_DAYS = re.compile(r"20[0-9]{2}[-/.年]?[0-9]{2}[-/.月]?[0-9]{2}")


def freeze_login(_document, _request_uid, tax_no, _options):
    """Return the question how the cloud is logged in at the bureau."""
    return {"taxNo": tax_no}


def read_login(raw):
    """Return the :class:`BureauSession`; raise LoginRequired where the cloud says so without an address."""
    envelope = opened(raw)
    data = envelope.data if isinstance(envelope.data, dict) else {}
    url = reading.word_at(data, "loginWebUrl")
    if not envelope.ok and not url:
        raise MEANING.question_error(envelope)
    told = {field: reading.word_at(data, name) for field, name in _SESSION.items()}
    period, deadline, *_rest = (*told["period"].split(";"), "")
    found, days = _PERIOD.search(period), _DAYS.findall(told["select_days"])
    return BureauSession(
        channel=reading.word_at(data, "loginType"),
        needs_person=_yes_or_no(reading.pick(data, "needAuth")) if envelope.ok else True,
        url=url,
        text=envelope.text,
        open_period=found[1] + found[2] if found else "",
        deadline=reading.as_day(deadline.strip()),
        # assumption: the last of two days
        select_until=reading.as_day(days[-1]) if len(days) > 1 else None,
        **told,
    )


def freeze_start(window, _request_uid, tax_no, options):
    """Return the order to collect what a :class:`PullWindow` names.

    A FULL window is frozen with the interface it goes to. Raises ValueError for a window without days or one
    that ends before it begins, for a filter that has no code, and for FULL where the account names no such
    interface.
    """
    if not (window.date_from and window.date_to):
        raise ValueError("What is collected lies between two days")
    asked = search(window)
    data = {
        "taxNo": tax_no,
        "asyncFlag": "0" if options.pull_at_once else "1",
        # with all its keys, in the paper's order
        "searchOpt": {key: asked.get(name, "") for name, key in SEARCH.items()},
    }
    if window.kind != FULL:
        return data
    if not options.full_interface:
        raise ValueError("No interface for full pulls is named in the account's settings")
    return {"interfaceCode": options.full_interface, "data": data}


def search(window):
    """Return what a :class:`PullWindow` asks for in the cloud's words, by our names; what is any is left out.

    assumption: ``taxPeriod`` is the period of the deduction. Raises ValueError for a window that ends before
    it begins, and for a filter that has no code.
    """
    if window.date_from and window.date_to and window.date_from > window.date_to:
        raise ValueError(f"A window from {window.date_from} to {window.date_to} ends before it begins")
    asked = {name: day.isoformat() for name in ("date_from", "date_to") if (day := getattr(window, name))}
    asked |= window.filters
    for name, words in (("deduction", inbound.FLAGS_ASKED), ("status", inbound.STATUS_ASKED)):
        if name in asked:
            if asked[name] not in words:
                raise ValueError(f"No code is known for {name} {asked[name]!r}")
            asked[name] = words[asked[name]]
    return asked


def read_start(raw):
    """Return the :class:`PullTask`; raise what else the answer means.

    assumption: a task for the same window that is under way may be named in a refusal: it is the one. An answer
    without a task that shows a list has found all of it at once (``asyncFlag`` 0).
    """
    envelope = opened(raw)
    task_no = reading.word_at(envelope.data, "taskNo")
    if envelope.ok and task_no:
        return PullTask(task_no, text=envelope.text)
    if envelope.ok:
        page = _page_in(raw, envelope)
        if page is None:
            raise unknown_shape(envelope)
        return PullTask("", "complete", envelope.text, page)
    if _is_nothing(envelope):
        return PullTask("", "complete", envelope.text, PullPage(total=0, text=envelope.text))
    if task_no and (envelope.code in inbound.RUNNING or says_issued(envelope.text)):
        return PullTask(task_no, "running", envelope.text)
    raise task_error(envelope)


def freeze_page(asked, _request_uid, tax_no, _options):
    """Return the question for a page; ``asked``: ``task_no``, ``page`` (from 1), ``page_size``."""
    page, size = int(asked.get("page") or 1), int(asked.get("page_size") or PAGE_SIZE)
    if not asked.get("task_no") or page < 1 or size < 1:
        raise ValueError("Ask for a page from 1 on, of a task by its number")
    return {"taxNo": tax_no, "taskNo": asked["task_no"], "saveFlag": "1", "pageNo": page, "pageSize": size}


def read_page(raw):
    """Return the :class:`PullPage`; raise Rejected where the cloud knows no such task, OutcomeUnknown with
    code ``unknown_shape`` and the keys found where no list of rows can be seen.
    """
    envelope = opened(raw)
    if not envelope.ok:
        if is_running(envelope):
            return PullPage(is_running=True, text=envelope.text)
        if _is_nothing(envelope):
            return PullPage(total=0, text=envelope.text)
        raise _page_error(envelope)
    page, outer = _page_in(raw, envelope), _beside(raw)
    if page is None and envelope.data is None and not any(map(_is_nested, outer.values())):
        # an empty list, or none at all
        page = PullPage(text=envelope.text)
    if page is None:
        raise unknown_shape(envelope, outer)
    return page


def rows_in(data):
    """Return the list of rows in an answer's data: a bare one, one under a name known for it, at most one
    level deeper, or a single fapiao. None where there is none.
    """
    if isinstance(data, list):
        return [_row(item) for item in data]
    if not isinstance(data, dict):
        return None
    inner = [value for value in map(unpacked, data.values()) if isinstance(value, dict)]
    for part in (data, *inner):
        for name in inbound.LISTS:
            found = reading.pick(part, name)
            found = unpacked(found) if isinstance(found, str) else found
            if isinstance(found, list):
                return [_row(item) for item in found]
    return [data] if identity_of(data) else None


def is_running(envelope):
    """Return whether an unsuccessful answer says that a task goes on."""
    if envelope.code in inbound.RUNNING:
        return True
    return bool(inbound.RUNNING_TEXT.search(envelope.text))


def unknown_shape(envelope, outer=None):
    """Return the error for a success that can't be read; its text names the keys that were found."""
    keys = "; ".join(filter(None, (_shape(envelope.data), _shape(outer) if outer else "")))
    return OutcomeUnknown(f"{envelope.text} [{keys or 'no keys'}]".strip(), "unknown_shape", envelope.status)


def _page_in(raw, envelope):
    """Return the :class:`PullPage` in a success, None where no list can be seen."""
    rows, outer = rows_in(envelope.data), _beside(raw)
    if rows is None:
        rows = rows_in(outer)
    if rows is None and envelope.data is None and _bare_list(raw) == []:
        rows = []
    if rows is None:
        return None
    found, unread = fapiao_in(rows)
    return PullPage(found, total=_total(envelope.data, outer, len(rows)), unread=unread, text=envelope.text)


def _bare_list(raw):
    return reading.unfolded(reading.pick(reading.loads(raw.text), "data"), is_base64=True)


def _is_nothing(envelope):
    """Return whether an error says that nothing was received, and not that something else is missing."""
    if not 200 <= envelope.status < 300 or envelope.code in codes.NO_SUCH_CALL or "任务" in envelope.text:
        return False
    text = envelope.text
    return bool(inbound.NOTHING_RECEIVED.search(text)) and not codes.SOMETHING_ELSE.search(text)


def _page_error(envelope):
    if MEANING.not_there(envelope) and "任务" in envelope.text:
        return Rejected(envelope.text, envelope.code, envelope.status)
    return MEANING.question_error(envelope)


def _beside(raw):
    """Return what lies beside ``data`` in an answer and isn't the envelope's own."""
    body = reading.loads(raw.text)
    return {key: value for key, value in body.items() if key.lower() not in inbound.ENVELOPE}


def _is_nested(value):
    return isinstance(unpacked(value), (dict, list))


def _row(item):
    """Return a row that came as JSON text as what it says."""
    inner = unpacked(item) if isinstance(item, str) else None
    return inner if isinstance(inner, dict) else item


def _total(data, outer, on_page):
    """Return the number of rows of all pages, None where it isn't told.

    A plain ``count`` that is just the page's own says nothing of the other pages.
    """
    parts = [data, *(data.values() if isinstance(data, dict) else ()), outer]
    for names in (inbound.TOTALS, inbound.COUNTS):
        for part in parts:
            number = reading.decimal_at(part, *names)
            if number is None or number < 0 or number != int(number):
                continue
            if names is inbound.TOTALS or number != on_page:
                return int(number)
    return None


def _yes_or_no(value):
    text = (str(value) if isinstance(value, bool) else reading.as_text(value)).lower()
    if text in _YES:
        return True
    return False if text in _NO else None


def _shape(value, level=0):
    """Return the keys of a value, nested: ``a, b(c, d), e[2](f)``."""
    value = unpacked(value)
    if isinstance(value, list):
        first = _shape(value[0], level) if value else ""
        return f"[{len(value)}]" + (f"({first})" if first else "")
    if not isinstance(value, dict) or level >= _LEVELS_SHOWN:
        return "" if level else type(value).__name__ if value is not None else ""
    parts = []
    for key in list(value)[:_KEYS_SHOWN]:
        inner = _shape(value[key], level + 1)
        parts.append(f"{key}{inner}" if inner.startswith("[") else f"{key}({inner})" if inner else str(key))
    return ", ".join(parts)
