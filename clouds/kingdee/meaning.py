"""What an unsuccessful answer of 金蝶发票云 means; see :class:`..reply.Meaning`."""

from dataclasses import replace

from .. import reading
from ..errors import (
    CloudError,
    LoginRequired,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TokenExpired,
    TokenRefused,
)
from ..phrases import FACE, PACE, SESSION, SMS, says, says_doubt, says_issued, says_trouble
from ..refusals import SHARED
from ..reply import Meaning, code_text
from . import codes
from .envelope import has_failed, opened, text_in
from .words import OWN

_LONG = 20_000  # characters; who turns a call away says so in a few, and a page of the pool isn't read twice
_NEEDS = (
    (codes.SET_UP_TEXT, "permission"),
    (codes.ACCOUNT, "credentials"),
    (codes.APPLICATION, "credentials"),
    (FACE, "face"),
    (SMS, "sms"),
    (SESSION, "login"),
    (codes.RIGHTS, "permission"),
)


def is_unread(raw):
    """Return whether the cloud turned a call away before reading it, as it does with an expired token.

    "Interface not authorised" is among them: the paper shows the expired token under that very heading,
    so that only a fresh token tells the two apart.
    """
    if raw.status == 200 and len(raw.text) > _LONG:
        return False
    try:
        envelope = opened(raw)
    except TokenExpired:
        return True
    except LoginRequired as error:
        return error.need == "permission"
    except CloudError:
        return False
    if envelope.ok or says_doubt(envelope.text):
        return False
    error = MEANING.shared_error(envelope)
    if isinstance(error, LoginRequired):
        return error.need == "permission"
    return isinstance(error, NotSent) and not isinstance(error, RateLimited)


class _Meaning(Meaning):
    rows = (*OWN, *SHARED)
    open_codes = codes.OPEN
    not_there_text, something_else = codes.NOT_THERE, codes.SOMETHING_ELSE

    def by_code(self, reply):
        code, status = reply.code, reply.status
        if code in codes.RATE:
            return reply.error(RateLimited)
        if status == 401 or code in codes.TOKEN:
            return reply.error(TokenRefused)
        if status == 403 or code in codes.FORBIDDEN | codes.NOT_IN_TENANT | codes.NO_SUCH_CALL:
            return reply.error(LoginRequired, need="permission")
        return None

    def by_text(self, reply):
        if says(PACE, reply.text):
            return reply.error(RateLimited)
        if is_token_text(reply):
            return reply.error(TokenRefused)
        need = next((need for pattern, need in _NEEDS if says(pattern, reply.text)), "")
        return reply.error(LoginRequired, need=need) if need else None

    def failed_part(self, reply):
        return part_refused(reply) or reply

    def is_refusal(self, reply):
        # a success by its code and a failure by its flag is no answer
        return reply.code not in codes.OK if reply.code else reply.flag is False

    def is_answer(self, reply):
        return reply.is_served and reply.code not in codes.NO_SUCH_CALL


MEANING = _Meaning()


def task_error(envelope):
    """Return the error that an answer to an order *other than for a fapiao* means: marks, pulls.

    To repeat one does no harm, so that any plain refusal is believed.
    """
    text = envelope.text
    if says_issued(text):
        return envelope.error(OutcomeUnknown)
    shared = MEANING.shared_error(envelope)
    if shared:
        return shared
    is_refused = MEANING.is_refusal(envelope) and text and not says_trouble(text)
    return envelope.error(Rejected if is_refused else OutcomeUnknown)


def is_token_text(envelope):
    """Return whether an answer is about the access token, by its status, code or words."""
    if envelope.status == 401 or envelope.code in codes.TOKEN:
        return True
    return bool(codes.TOKEN_TEXT.search(envelope.text))


def says_returned(envelope):
    """Return whether the answer to a question for a bill says that it was sent back to us (退回).

    assumption: the words of the cloud's own pages (docs/protocols/kingdee-billing.md#withdrawal).
    """
    if not envelope.is_served or MEANING.shared_error(envelope) is not None:
        return False
    returned = dict(codes.BILL_STATES)["returned"]
    return says(returned, envelope.text) and not says_doubt(envelope.text)


def part_refused(envelope):
    """Return the envelope of the first part of a list that says it failed, or None.

    assumption: a list of orders may be accepted as a whole while one of them is refused.
    """
    rows = envelope.data if isinstance(envelope.data, list) else [envelope.data]
    for row in filter(has_failed, rows):
        code = code_text(reading.pick(row, "errorCode", "errcode"))
        text = text_in(row) or ("" if envelope.ok else envelope.text)
        return replace(envelope, code=code, flag=False, text=text, data=row)
    return None
