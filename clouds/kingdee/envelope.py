"""The envelope around every call: ``{requestId, businessSystemCode, interfaceCode, data}``, and its answer.

``data`` is base64 of UTF-8 JSON.
Source: docs/protocols/kingdee-billing.md#envelope.
"""

import base64
import json
import re
import secrets
import threading
import time
from dataclasses import dataclass

from .. import reading
from ..reply import Reply, code_text, unreadable
from . import codes

# Frozen as text so that no float comes near them, written as JSON numbers as in the vendor's example of
# BILL.PUSH [docs]. Without quotes they keep their very digits.
NUMBERS = {"totalAmount", "lineProperty", "quantity", "price", "amount", "taxAmount"}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # as JSON writes one
_TRUE, _FALSE = {"true", "success", "1"}, {"false", "fail", "failed", "failure", "error"}


@dataclass(frozen=True)
class Envelope(Reply):
    """``flag``: success as the answer says it, None where it doesn't."""

    flag: bool | None = None

    @property
    def ok(self):
        if not self.is_served or self.flag is False:
            return False
        return self.code in codes.OK if self.code else self.flag is True


class RequestIds:
    """Hands out request ids: 13 digits of milliseconds, 3 at random; no two alike. For any thread."""

    def __init__(self, now=time.time):
        self._now, self._last, self._lock = now, 0, threading.Lock()

    def next(self):
        """Return the next id, 16 digits as text."""
        drawn = int(self._now() * 1000) * 1000 + secrets.randbelow(1000)
        with self._lock:
            self._last = max(drawn, self._last + 1)
            return f"{self._last:016d}"


def wrapped(interface_code, payload, business_system, request_id):
    """Return the body of a call as a dict; ``payload`` is what was frozen."""
    return {
        "requestId": request_id,
        "businessSystemCode": business_system,
        "interfaceCode": interface_code,
        "data": encoded(written(payload)),
    }


def encoded(text):
    """Return ``text`` in base64 of its UTF-8."""
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


def written(value, key=""):
    """Return frozen ``value`` as JSON text, with the texts under :data:`NUMBERS` as numbers.

    Raises ValueError for such a text that is no number.
    """
    if isinstance(value, dict):
        members = (f"{written(name)}:{written(item, name)}" for name, item in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(written(item) for item in value) + "]"
    if key in NUMBERS and isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise ValueError(f"{key} {value!r} is no number")
        return value
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def opened(raw):
    """Return the :class:`Envelope` of a ``RawAnswer``; raise what :func:`..reply.unreadable` returns.

    The platform's own calls (tokens) say inside ``data`` whether they went well.
    """
    body = reading.loads(raw.text)
    if not isinstance(body, dict):
        raise unreadable(raw)
    data = unpacked(reading.pick(body, "data"))
    inside = data if isinstance(data, dict) and {"error_code", "error_desc"} & set(data) else {}
    code = reading.pick(body, "errorCode", "error_code", "errcode", "code", "returnCode")
    code = code_text(reading.pick(inside, "error_code") if code is None else code)
    flag = flag_in(body, "success", "status", "state")
    if inside and flag is not False:
        told = flag_in(inside, "success")
        flag = flag if told is None else told
    if not code and flag is None:
        raise unreadable(raw)
    return Envelope(code, text_in(body) or reading.word_at(inside, "error_desc"), data, raw.status, flag)


def has_failed(row):
    """Return whether a part of an answer says that it failed."""
    code = code_text(reading.pick(row, "errorCode", "errcode"))
    return flag_in(row, "success") is False or bool(code and code not in codes.OK)


def text_in(part):
    """Return the message of an answer, or of a part of one, under any of its names."""
    names = ("message", "errorMsg", "msg", "error_desc", "description", "returnMsg", "issueErrorMessage")
    return reading.word_at(part, *names)


def flag_in(part, *names):
    """Return whether a dict says success; False as soon as one of ``names`` says so, None if none says."""
    said = {str(reading.pick(part, name)).strip().lower() for name in names}
    if said & _FALSE:
        return False
    return True if said & _TRUE else None


def unpacked(data):
    """Return ``data`` as dict or list, whether it came in base64, as JSON text or as it is; a text that
    is neither stays a text, what is missing or empty is None.
    """
    data = reading.unfolded(data, is_base64=True)
    return None if data in ("", [], {}) else data
