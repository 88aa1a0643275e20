"""What the cloud pushes to us: by bill, by fapiao, or a bill sent back. A hint and nothing more.

The cloud doesn't authenticate itself, so nothing here is to be believed: amounts and states come from
asking it. Source: docs/protocols/kingdee-billing.md#callbacks.
"""

import re
from dataclasses import dataclass, replace

from ...rules.codes import is_number
from .. import reading
from ..base import CreditLine
from . import codes
from .envelope import text_in, unpacked
from .fapiao import number_in, original_in, status_in

BILL, FAPIAO, RETURN = "bill", "fapiao", "return"
_RETURN_CODE = re.compile(r"RETURN|BACK|REJECT|WITHDRAW|REVOKE", re.IGNORECASE)
_CHANGE_CODE = re.compile(r"RED|CANCEL|VOID|INVALID", re.IGNORECASE)
_CHANGED = (codes.RED, codes.VOID)
_RETURN_KEYS = {"returnReason", "backReason", "rejectReason", "withdrawReason", "returnUser"}
_BILL_KEYS = ("billNo", "billNumber")
_TEXT_LENGTH = 500
_SHORT_KEY = 18  # a code of 10 digits and a number of 8
_KEYS_SHOWN = 40
_FLAGS = {"1": True, "y": True, "true": True, "0": False, "n": False, "false": False}


@dataclass(frozen=True)
class News:
    """What a callback says about one bill. ``request_uid``: its number, "" if none is named.

    ``kind``: ``bill``, ``fapiao``, ``return``, or "" for an unknown shape; then ``keys`` are the
    names that were seen. ``status``: ``normal``, ``waiting``, ``red``, ``void``, "" if unknown or if the
    fapiao of a bill differ. ``is_change``: something is said to have become of a fapiao that was issued
    before, a reversal or a voiding; ``originals`` are then the fapiao that red ones are said to reverse.
    ``credit``: the ``CreditLine`` that came along, None without figures.
    """

    kind: str
    request_uid: str = ""
    numbers: tuple[str, ...] = ()
    status: str = ""
    text: str = ""
    keys: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    is_change: bool = False
    credit: CreditLine | None = None


def parse(body):
    """Return a :class:`News` for each bill in a callback's ``body`` (bytes), at least one.

    Raises ValueError, and nothing else, where the body is no JSON object.
    """
    envelope = _object(body)
    data = unpacked(reading.pick(envelope, "data"))
    rows = [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, dict)]
    kind = _kind(envelope, data, rows)
    told = {}
    for row in rows or [envelope]:
        for uid in _uids(row):
            told.setdefault(uid, []).append(row)
    is_change = bool(_CHANGE_CODE.search(reading.word_at(envelope, "interfaceCode")))
    if not told and any(map(number_in, rows)):
        told = {"": rows}  # assumption: a fapiao without a bill is named by its number alone
    if not told:
        seen = sorted({str(key)[:80] for part in (envelope, *rows) for key in part})
        return [News("", text=_text(envelope), keys=tuple(seen[:_KEYS_SHOWN]), credit=_credit(envelope))]
    credit = _credit(envelope)
    return [replace(_news(kind, uid, parts, _text(envelope), is_change), credit=credit) for uid, parts in told.items()]


def answer(ok, message=""):
    """Return the reply to a callback as a JSON-able dict; anything else than success is pushed again."""
    code = "0" if ok else "9999"
    return {"success": bool(ok), "code": code, "errorCode": code, "message": message}


def _credit(envelope):
    """Return the ``CreditLine`` of ``bizControl``: what is left of the month and of the day."""
    figures = reading.unfolded(reading.pick(envelope, "bizControl"), is_base64=True)
    if not isinstance(figures, dict):
        return None
    left = reading.money_at(figures, "monthSurplusLimit")
    today = reading.money_at(figures, "daySurplusLimit")
    if left is None and today is None:
        return None
    is_low = _FLAGS.get(_flag(figures, "isWarning"))
    return CreditLine(total=None, left=left, left_today=today, is_low=is_low)


def _flag(data, name):
    value = reading.pick(data, name)
    return str(value).lower() if isinstance(value, bool) else reading.as_text(value).lower()


def _object(body):
    try:
        text = bytes(body).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The callback is not in UTF-8") from None
    found = reading.loads(text)
    if not isinstance(found, dict):
        raise ValueError("The callback is no JSON object, or nested too deeply")
    return found


def _kind(envelope, data, rows):
    """Return the kind of a callback.

    assumption: a return shows in its ``interfaceCode`` or in a reason for it; the payload is in no source.
    """
    code = reading.word_at(envelope, "interfaceCode")
    if _RETURN_CODE.search(code) or any(_RETURN_KEYS & set(row) for row in rows or [envelope]):
        return RETURN
    if not rows:
        return ""
    return BILL if isinstance(data, list) else FAPIAO


def _uids(row):
    """Return the bills' numbers in a row; assumption: merged bills stand in one text, commas between."""
    text = reading.word_at(row, *_BILL_KEYS)
    return list(dict.fromkeys(filter(None, re.split(r"[,;\s\uff0c\uff1b]+", text))))[:_KEYS_SHOWN]


def _news(kind, uid, rows, envelope_text, is_change):
    numbers = dict.fromkeys(filter(None, map(number_in, rows)))
    statuses = {status_in(row) for row in rows}
    is_change = is_change or not statuses.isdisjoint(_CHANGED)
    texts = dict.fromkeys(filter(None, (_text(row) for row in rows)))
    is_known = kind != ""
    originals = dict.fromkeys(filter(_is_known_by, map(original_in, rows)))
    return News(
        kind=kind,
        request_uid=uid[:80],
        numbers=tuple(numbers),
        status=statuses.pop() if len(statuses) == 1 else "",
        text=("\n".join(texts) or (envelope_text if not numbers else ""))[:_TEXT_LENGTH],
        keys=() if is_known else tuple(sorted(str(key)[:80] for row in rows for key in row)[:_KEYS_SHOWN]),
        originals=tuple(originals),
        is_change=is_change or bool(originals),
    )


def _is_known_by(text):
    """Return whether a fapiao can be known by ``text``: digits, 20 or those of code and number together."""
    return is_number(text) or (text.isdecimal() and len(text) == _SHORT_KEY)


def _text(part):
    return (reading.word_at(part, "issueErrorMessage", *_RETURN_KEYS) or text_in(part))[:_TEXT_LENGTH]
