"""From an unsuccessful answer to its meaning.

In doubt an answer to an order means ``OutcomeUnknown``: a needless query costs a second, a wrong
"rejected" issues a second fapiao. Source: shared/protocols/kingdee-cloud.md, "Auth" (the four errors).
"""

from dataclasses import replace

from .. import reading
from ..errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected, TokenExpired
from . import codes
from .envelope import code_text, flag_in, opened, text_in

_LONG = 20_000  # characters; who turns a call away says so in a few, and a page of the pool isn't read twice
_NEEDS = (
    (codes.ACCOUNT, "credentials"),
    (codes.APPLICATION, "credentials"),
    (codes.FACE, "face"),
    (codes.SMS, "sms"),
    (codes.SESSION, "login"),
    (codes.RIGHTS, "permission"),
)


def is_unread(raw):
    """Return whether the cloud turned a call away before reading it, as it does with an expired token.

    "Interface not authorised" is among them: seed 001 shows the expired token under that very heading,
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
    if envelope.ok or codes.MAYBE.search(envelope.text):
        return False
    error = shared_error(envelope)
    if isinstance(error, LoginRequired):
        return error.need == "permission"
    return isinstance(error, NotSent) and not isinstance(error, RateLimited)


def order_error(envelope, is_done_maybe=codes.MAYBE):
    """Return the error that an answer to an *order* means when it isn't its success.

    ``is_done_maybe`` is the pattern of texts that leave open whether it took effect.
    """
    code, text, status = envelope.code, envelope.text, envelope.status
    if is_done_maybe.search(text) and not codes.DOUBLE_LINE.search(text):
        return OutcomeUnknown(text, code, status)
    shared = shared_error(envelope)
    if shared:
        return shared
    is_refusal = code not in codes.OK if code else envelope.flag is False
    if is_refusal and text and not codes.STUMBLED.search(text):
        return Rejected(text, code, status)
    # a success by its code and a failure by its flag is no answer
    return OutcomeUnknown(text, code, status)


def question_error(envelope):
    """Return the error that an answer to a *question* means when it wasn't answered.

    Never ``Rejected`` for the order asked about: only the question failed.
    """
    return shared_error(envelope) or OutcomeUnknown(envelope.text, envelope.code, envelope.status)


def shared_error(envelope):
    """Return the error of an unsuccessful answer where all interfaces agree, else None.

    NotSent (token), RateLimited or LoginRequired: in each case nothing has happened.
    """
    code, text, status = envelope.code, envelope.text, envelope.status
    if code in codes.RATE or codes.PACE.search(text):
        return RateLimited(text, code, status)
    if is_token_text(envelope):
        return NotSent(text, code, status)
    need = "permission" if status == 403 or code in codes.FORBIDDEN else ""
    need = need or next((need for pattern, need in _NEEDS if pattern.search(text)), "")
    return LoginRequired(text, code, status, need=need) if need else None


def is_token_text(envelope):
    """Return whether an answer is about the access token, by its status, code or words."""
    if envelope.status == 401 or envelope.code in codes.TOKEN:
        return True
    return bool(codes.TOKEN_TEXT.search(envelope.text))


def not_there(envelope):
    """Return whether a refusal says that what was asked about isn't there, and nothing else isn't."""
    if not 200 <= envelope.status < 300 or envelope.code in codes.NO_SUCH_CALL:
        return False
    return bool(codes.NOT_THERE.search(envelope.text)) and not codes.SOMETHING_ELSE.search(envelope.text)


def says_returned(envelope):
    """Return whether the answer to a question for a bill says that it was sent back to us (退回).

    assumption: the words of the cloud's own pages (seed 001, 申请单撤回).
    """
    if not 200 <= envelope.status < 300 or shared_error(envelope) is not None:
        return False
    return bool(dict(codes.BILL_STATES)["returned"].search(envelope.text))


def part_refused(envelope):
    """Return the envelope of the first part of a list that says it failed, or None.

    assumption: a list of orders may be accepted as a whole while one of them is refused.
    """
    rows = envelope.data if isinstance(envelope.data, list) else [envelope.data]
    for row in rows:
        code = code_text(reading.pick(row, "errorCode", "errcode"))
        flag = flag_in(row, "success")
        if flag is False or (code and code not in codes.OK):
            text = text_in(row) or ("" if envelope.ok else envelope.text)
            return replace(envelope, code=code, flag=False, text=text, data=row)
    return None
