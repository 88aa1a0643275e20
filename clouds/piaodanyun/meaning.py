"""The envelope of 票单云, and what an unsuccessful answer means; see :class:`..reply.Meaning`."""

import re

from .. import reading
from ..base import RED_APPLY
from ..errors import LoginRequired, OutcomeUnknown, RateLimited, TokenRefused
from ..phrases import FACE, PACE, SMS, joined, says, says_doubt, says_issued
from ..refusals import SHARED
from ..reply import Meaning, Reply, code_text, unreadable
from . import codes
from .words import OWN

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
    (FACE, "face"),
    (SMS, "sms"),
    (codes.SESSION, "login"),
    (codes.RIGHTS, "permission"),
)


class Envelope(Reply):
    """``{code, msg|message, data}``; ``text`` of an answer that is no success includes a reason in ``data``."""

    @property
    def ok(self):
        return self.code == codes.OK and self.is_served


def opened(raw):
    """Return the :class:`Envelope` of a ``RawAnswer``; raise what :func:`..reply.unreadable` returns."""
    body = reading.loads(raw.text)
    code = code_text(reading.pick(body, "code"))
    if not code:
        raise unreadable(raw)
    data = _data(body)
    said = [reading.word_at(body, name) for name in ("msg", "message")]
    return Envelope(code, joined(*said, "" if code == codes.OK else _reason(data)), data, raw.status)


class _Meaning(Meaning):
    rows = (*OWN, *SHARED)
    open_codes = codes.OPEN
    told_codes, refusal_codes = {codes.BUSINESS, codes.OTHER}, codes.TOLD_BY_TEXT

    def by_code(self, reply):
        code, text = reply.code, reply.text
        if _token_refused_by_code(reply):
            return reply.error(TokenRefused)
        if code in codes.RATE:
            return reply.error(RateLimited)
        if code in codes.SMS_DUE | codes.FACE_DUE and codes.SIGNATURE.search(text):
            return reply.error(LoginRequired, need="permission")
        if code in codes.SMS_DUE | codes.FACE_DUE and codes.PARAMETERS.search(text):
            return None
        need = next((need for known, need in _NEEDS_OF_CODES if code in known), "")
        if code == codes.CREDENTIALS and (not text or codes.WHO.search(text)):
            need = "credentials"
        return reply.error(LoginRequired, need=need) if need else None

    def by_text(self, reply):
        if _token_refused_by_text(reply):
            return reply.error(TokenRefused)
        if reply.code not in self.told_codes:
            return None
        need = next((need for pattern, need in _NEEDS_IN_TEXT if says(pattern, reply.text)), "")
        if need:
            return reply.error(LoginRequired, need=need)
        return reply.error(RateLimited) if says(PACE, reply.text) else None

    def names_result(self, reply, operation):
        if reading.number_at(reply.data, "Fphm", "fphm"):
            return True
        return operation == RED_APPLY and bool(reading.word_at(reply.data, "xxbbh"))

    def is_answer(self, reply):
        return reply.code == codes.BUSINESS


MEANING = _Meaning()


def lacking(envelope, code):
    """Return the error of a success that lacks what was asked for; ``code`` names what is missing.

    LoginRequired where the bureau wants a face authenticated first, else OutcomeUnknown.
    """
    if asks_for_face(envelope) and not says_doubt(envelope.text):
        return LoginRequired(envelope.text, "face", envelope.status, need="face")
    return OutcomeUnknown(envelope.text, code, envelope.status)


def asks_for_face(envelope):
    """Return whether an answer calls for authentication by face, in any of the ways it may say so."""
    data = reading.unfolded(envelope.data, is_base64=True)
    if face_word(data) == "Y":
        return True
    drawn = reading.word_at(data, "ewm")
    # a code that begins so is the one on a fapiao that exists [family]
    is_face_code = bool(drawn) and not drawn.startswith("01,")
    return bool(reading.pick(data, "rzid") or is_face_code or FACE.search(envelope.text))


def face_word(data):
    """Return ``Sfsl``: Y where a face must be authenticated, N where not, or ""."""
    return reading.word_at(data, "Sfsl").upper()


def _token_refused_by_code(envelope):
    # a call is repeated with a new token: never one that says it has taken effect
    return (envelope.status == 401 or envelope.code in codes.TOKEN) and not says_issued(envelope.text)


def _token_refused_by_text(envelope):
    refusing = (codes.BUSINESS, codes.PARAMETER, codes.CREDENTIALS)
    text = envelope.text
    return envelope.code in refusing and says(codes.TOKEN_TEXT, text) and not says_doubt(text)


def is_token_refused(envelope):
    """Return whether the cloud turned the call away because of its token, without reading it."""
    return _token_refused_by_code(envelope) or _token_refused_by_text(envelope)


def _reason(data):
    """Return ``data`` where it is a text for people, as with ``getFaceImg``: its ``msg`` says 失败 only."""
    text = data.strip() if isinstance(data, str) else ""
    return "" if len(text) > _REASON or _LONG.fullmatch(text) else text


def _data(body):
    """Return ``data``, unpacked where it is JSON in a string or a list of one."""
    data = reading.unfolded(reading.pick(body, "data"))
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        data = data[0]
    return data
