"""From an answer to its meaning: the envelope, and the errors every interface shares.

In doubt an answer means ``OutcomeUnknown``: a needless query costs a second, a wrong "rejected"
issues a second fapiao.
"""

from dataclasses import dataclass

from .. import reading
from ..errors import (
    CloudError,
    LoginRequired,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenExpired,
)
from ..http_refusal import glimpse, raise_for_http
from . import codes

_NEEDS_OF_CODES = (
    (codes.SESSION_LOST, "login"),
    (codes.SMS_DUE, "sms"),
    (codes.FACE_DUE, "face"),
    (codes.FORBIDDEN, "permission"),
)
_NEEDS_IN_TEXT = (
    (codes.WHO, "credentials"),
    (codes.FACE, "face"),
    (codes.SMS, "sms"),
    (codes.SESSION, "login"),
    (codes.RIGHTS, "permission"),
)


@dataclass(frozen=True)
class Envelope:
    """``{code, msg|message, data}`` of a readable answer; ``code`` as text whatever it came as."""

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
    text = reading.as_text(reading.pick(body, "msg", "message"))
    return Envelope(code, text, _data(body), raw.status)


def is_token_refused(raw):
    """Return whether the cloud turned the call away because of its token, without reading it."""
    try:
        return _token_refused(opened(raw))
    except TokenExpired:
        return True
    except CloudError:
        return False


def order_error(envelope):
    """Return the error that an answer to an *order* means when it isn't its success."""
    code, text, status = envelope.code, envelope.text, envelope.status
    if codes.MAYBE.search(text):
        return OutcomeUnknown(text, code, status)
    shared = shared_error(envelope)
    if shared:
        return shared
    if code in (codes.BUSINESS, codes.PARAMETER) and text and not codes.STUMBLED.search(text):
        return Rejected(text, code, status)
    # among the rest is 10400 [family]: the fapiao may have been issued
    return OutcomeUnknown(text, code, status)


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
    if asks_for_face(envelope):
        return LoginRequired(envelope.text, "face", envelope.status, need="face")
    return OutcomeUnknown(envelope.text, code, envelope.status)


def asks_for_face(envelope):
    """Return whether an answer calls for authentication by face, in any of the ways it may say so."""
    data = envelope.data
    if isinstance(data, str):
        data = reading.loads((reading.unbase64(data) or b"").decode("utf-8", "replace"))
    if reading.as_text(reading.pick(data, "Sfsl")).upper() == "Y":
        return True
    return bool(reading.pick(data, "rzid", "ewm") or codes.FACE.search(envelope.text))


def not_there(envelope):
    """Return whether a refusal says that what was asked about isn't there, and nothing else isn't."""
    text = envelope.text
    return (
        envelope.code == codes.BUSINESS
        and bool(codes.NOT_THERE.search(text))
        and not codes.SOMETHING_ELSE.search(text)
    )


def shared_error(envelope):
    """Return the error of an unsuccessful answer where all interfaces agree, else None.

    NotSent (token), RateLimited or LoginRequired: in each case nothing has happened.
    """
    code, text, status = envelope.code, envelope.text, envelope.status
    if _token_refused(envelope):
        return NotSent(text, code, status)
    if code in codes.RATE:
        return RateLimited(text, code, status)
    need = _need_of_code(code, text)
    if not need and code == codes.BUSINESS:
        need = next((need for pattern, need in _NEEDS_IN_TEXT if pattern.search(text)), "")
        if not need and codes.PACE.search(text):
            return RateLimited(text, code, status)
    return LoginRequired(text, code, status, need=need) if need else None


def _need_of_code(code, text):
    for known, need in _NEEDS_OF_CODES:
        if code in known:
            return need
    if code == codes.CREDENTIALS and (not text or codes.WHO.search(text)):
        return "credentials"
    return ""


def _token_refused(envelope):
    if envelope.status == 401 or envelope.code in codes.TOKEN:
        return True
    refusing = (codes.BUSINESS, codes.PARAMETER, codes.CREDENTIALS)
    return envelope.code in refusing and bool(codes.TOKEN_TEXT.search(envelope.text))


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
