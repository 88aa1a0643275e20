"""From an answer to its meaning: the envelope, and the errors every interface shares.

An answer to an order means ``OutcomeUnknown`` unless it is one of few things: a needless query costs a
second, a wrong "rejected" issues a second fapiao.
"""

import re
from dataclasses import dataclass

from ...rules.codes import is_number
from .. import reading
from ..answer_texts import BUSY, PACE, joined, says, says_doubt, says_issued, says_open
from ..base import RED_APPLY
from ..errors import (
    CloudError,
    LoginRequired,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenExpired,
    TokenRefused,
)
from ..http_refusal import glimpse, raise_for_http
from ..refusals import refusal_of
from . import codes
from .refusals import ROWS

_LONG = re.compile(r"[0-9A-Za-z+/=_-]{16,}")  # a session, a token, a file: no reason
_REASON = 500  # characters
_NEEDS_OF_CODES = (
    (codes.SESSION_LOST, "login"),
    (codes.SMS_DUE, "sms"),
    (codes.FACE_DUE, "face"),
    (codes.FORBIDDEN, "permission"),
    (codes.SET_UP, "permission"),
)
_NEEDS_IN_TEXT = (
    (codes.SET_UP_TEXT, "permission"),
    (codes.WHO, "credentials"),
    (codes.FACE, "face"),
    (codes.SMS, "sms"),
    (codes.SESSION, "login"),
    (codes.RIGHTS, "permission"),
)


@dataclass(frozen=True)
class Envelope:
    """``{code, msg|message, data}`` of a readable answer; ``code`` as text whatever it came as.

    ``text`` of an answer that is no success includes a reason that stands in ``data``.
    """

    code: str
    text: str
    data: object
    status: int

    @property
    def ok(self):
        return self.code == codes.OK and 200 <= self.status < 300


def opened(raw):
    """Return the :class:`Envelope` of a ``RawAnswer``; raise OutcomeUnknown if it has none.

    An answer that HTTP itself refused raises NotSent (no such address), LoginRequired (403) or
    TokenExpired (401).
    """
    body = reading.loads(raw.text)
    code = _code(body)
    if code is None:
        raise_for_http(raw)
        raise OutcomeUnknown(glimpse(raw.text), "unreadable", raw.status)
    data = _data(body)
    said = [reading.as_text(reading.pick(body, name)) for name in ("msg", "message")]
    return Envelope(code, joined(*said, "" if code == codes.OK else _reason(data)), data, raw.status)


def is_token_refused(raw):
    """Return whether the cloud turned the call away because of its token, without reading it."""
    try:
        return _token_refused(opened(raw))
    except TokenExpired:
        return True
    except CloudError:
        return False


def order_error(envelope, operation, exists=None):
    """Return the error that an answer to an *order* means when it isn't its success.

    ``exists``: the pattern of texts by which what ``operation`` orders is there already.
    """
    code, text = envelope.code, envelope.text
    said = (text, code, envelope.status)
    if says_issued(text) or (exists and says(exists, text)) or _names_result(envelope.data, operation):
        return OutcomeUnknown(*said)
    error = _told_by_code(envelope)
    if error:
        return error
    if code in codes.OPEN or says_open(text):
        return OutcomeUnknown(*said)
    error = _told_by_text(envelope)
    if error:
        error.in_words_only = True
        return error
    row = code in codes.TOLD_BY_TEXT and refusal_of(ROWS, operation, code, text)
    return Rejected(*said, problem=row.problem) if row else OutcomeUnknown(*said, is_unclassified=True)


def question_error(envelope):
    """Return the error that an answer to a *question* means when it wasn't answered.

    Never ``Rejected`` for the order asked about: only the question failed.
    """
    shared = shared_error(envelope)
    return shared or OutcomeUnknown(envelope.text, envelope.code, envelope.status)


def lacking(envelope, code):
    """Return the error of a success that lacks what was asked for; ``code`` names what is missing.

    LoginRequired where the bureau wants a face authenticated first, else OutcomeUnknown.
    """
    if asks_for_face(envelope) and not says_doubt(envelope.text):
        return LoginRequired(envelope.text, "face", envelope.status, need="face")
    return OutcomeUnknown(envelope.text, code, envelope.status)


def asks_for_face(envelope):
    """Return whether an answer calls for authentication by face, in any of the ways it may say so."""
    data = envelope.data
    if isinstance(data, str):
        data = reading.loads((reading.unbase64(data) or b"").decode("utf-8", "replace"))
    if reading.as_text(reading.pick(data, "Sfsl")).upper() == "Y":
        return True
    drawn = reading.as_text(reading.pick(data, "ewm"))
    # a code that begins so is the one on a fapiao that exists [family]
    is_face_code = bool(drawn) and not drawn.startswith("01,")
    return bool(reading.pick(data, "rzid") or is_face_code or codes.FACE.search(envelope.text))


def not_there(envelope):
    """Return whether a refusal says that what was asked about isn't there, and nothing else isn't."""
    text = envelope.text
    return (
        envelope.code == codes.BUSINESS
        and says(codes.NOT_THERE, text)
        and not says(codes.SOMETHING_ELSE, text)
        and not says_doubt(text)
    )


def shared_error(envelope):
    """Return the error of an unsuccessful answer where all interfaces agree, else None.

    NotSent (token), RateLimited or LoginRequired: in each case nothing has happened.
    """
    return _told_by_code(envelope) or _told_by_text(envelope, is_order=False)


def _told_by_code(envelope):
    code, text, status = envelope.code, envelope.text, envelope.status
    if _token_refused_by_code(envelope):
        return TokenRefused(text, code, status)
    if code in codes.RATE:
        return RateLimited(text, code, status)
    if code in codes.SMS_DUE | codes.FACE_DUE and codes.SIGNATURE.search(text):
        return LoginRequired(text, code, status, need="permission")
    if code in codes.SMS_DUE | codes.FACE_DUE and codes.PARAMETERS.search(text):
        return None
    need = next((need for known, need in _NEEDS_OF_CODES if code in known), "")
    if code == codes.CREDENTIALS and (not text or codes.WHO.search(text)):
        need = "credentials"
    return LoginRequired(text, code, status, need=need) if need else None


def _told_by_text(envelope, is_order=True):
    code, text, status = envelope.code, envelope.text, envelope.status
    if _token_refused_by_text(envelope):
        return TokenRefused(text, code, status)
    if code not in (codes.BUSINESS, codes.OTHER):
        return None
    need = next((need for pattern, need in _NEEDS_IN_TEXT if says(pattern, text)), "")
    if need:
        return LoginRequired(text, code, status, need=need)
    if says(PACE, text) or (is_order and says(BUSY, text)):
        return RateLimited(text, code, status)
    return None


def _token_refused_by_code(envelope):
    # a call is repeated with a new token: never one that says it has taken effect
    return (envelope.status == 401 or envelope.code in codes.TOKEN) and not says_issued(envelope.text)


def _token_refused_by_text(envelope):
    refusing = (codes.BUSINESS, codes.PARAMETER, codes.CREDENTIALS)
    text = envelope.text
    return envelope.code in refusing and says(codes.TOKEN_TEXT, text) and not says_doubt(text)


def _token_refused(envelope):
    return _token_refused_by_code(envelope) or _token_refused_by_text(envelope)


def _names_result(data, operation):
    """Return whether a refusal names what was ordered: a fapiao by its number, a form by its own."""
    if is_number(reading.as_text(reading.pick(data, "Fphm", "fphm"))):
        return True
    return operation == RED_APPLY and bool(reading.as_text(reading.pick(data, "xxbbh")))


def _reason(data):
    """Return ``data`` where it is a text for people, as with ``getFaceImg``: its ``msg`` says 失败 only."""
    text = data.strip() if isinstance(data, str) else ""
    return "" if len(text) > _REASON or _LONG.fullmatch(text) else text


def _code(body):
    text = reading.as_text(reading.pick(body, "code"))
    return (text[:-2] if text.endswith(".0") else text)[:40] or None


def _data(body):
    """Return ``data``, unpacked where it is JSON in a string or a list of one."""
    data = reading.pick(body, "data")
    if isinstance(data, str) and data.lstrip()[:1] in ("{", "["):
        unpacked = reading.loads(data)
        data = data if unpacked is None else unpacked
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        data = data[0]
    return data
