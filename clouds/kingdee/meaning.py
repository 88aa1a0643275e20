"""From an unsuccessful answer to its meaning.

An answer to an order for a fapiao means ``OutcomeUnknown`` unless it is one of few things: a needless query
costs a second, a wrong "rejected" issues a second fapiao.
"""

from dataclasses import replace

from .. import reading
from ..answer_texts import BUSY, PACE, joined, says, says_doubt, says_issued, says_open, says_trouble
from ..base import WITHDRAW
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
from ..refusals import refusal_of
from . import codes
from .envelope import code_text, flag_in, opened, text_in
from .refusals import ROWS

_LONG = 20_000  # characters; who turns a call away says so in a few, and a page of the pool isn't read twice
_NEEDS = (
    (codes.SET_UP_TEXT, "permission"),
    (codes.ACCOUNT, "credentials"),
    (codes.APPLICATION, "credentials"),
    (codes.FACE, "face"),
    (codes.SMS, "sms"),
    (codes.SESSION, "login"),
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
    error = shared_error(envelope)
    if isinstance(error, LoginRequired):
        return error.need == "permission"
    return isinstance(error, NotSent) and not isinstance(error, RateLimited)


def order_error(envelope, operation, exists=None):
    """Return the error that an answer to an order of ``operation`` means when it isn't its success.

    ``exists``: the pattern of texts by which what is ordered is there already. Of a list the part that failed
    decides, see :func:`part_refused`; a marker of doubt counts wherever it stands.
    """
    refused = part_refused(envelope) or envelope
    code, text = refused.code, refused.text
    said = (text, code, envelope.status)
    whole = joined(text, envelope.text)
    is_issued = says_issued(whole)
    # of a withdrawal it is the very reason for a refusal
    if (is_issued and operation != WITHDRAW) or (exists and says(exists, whole)):
        return OutcomeUnknown(*said)
    error = _told_by_code(refused)
    if error:
        return error
    # a success by its code and a failure by its flag is no answer
    is_refusal = code not in codes.OK if code else refused.flag is False
    if not is_refusal or code in codes.OPEN or envelope.code in codes.OPEN or says_open(whole):
        return OutcomeUnknown(*said)
    error = _told_by_text(refused)
    if error is None and says(BUSY, text):
        error = RateLimited(*said)
    if error:
        error.in_words_only = True
        return error
    row = refusal_of(ROWS, operation, code, text)
    return (
        Rejected(*said, problem=row.problem) if row else OutcomeUnknown(*said, is_unclassified=not is_issued)
    )


def task_error(envelope):
    """Return the error that an answer to an order *other than for a fapiao* means: marks, pulls.

    To repeat one does no harm, so that any plain refusal is believed.
    """
    code, text, status = envelope.code, envelope.text, envelope.status
    if says_issued(text):
        return OutcomeUnknown(text, code, status)
    shared = shared_error(envelope)
    if shared:
        return shared
    is_refusal = code not in codes.OK if code else envelope.flag is False
    if is_refusal and text and not says_trouble(text):
        return Rejected(text, code, status)
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
    return _told_by_code(envelope) or _told_by_text(envelope)


def _told_by_code(envelope):
    code, text, status = envelope.code, envelope.text, envelope.status
    if code in codes.RATE:
        return RateLimited(text, code, status)
    if status == 401 or code in codes.TOKEN:
        return TokenRefused(text, code, status)
    if status == 403 or code in codes.FORBIDDEN | codes.NOT_IN_TENANT | codes.NO_SUCH_CALL:
        return LoginRequired(text, code, status, need="permission")
    return None


def _told_by_text(envelope):
    code, text, status = envelope.code, envelope.text, envelope.status
    if says(PACE, text):
        return RateLimited(text, code, status)
    if is_token_text(envelope):
        return TokenRefused(text, code, status)
    need = next((need for pattern, need in _NEEDS if says(pattern, text)), "")
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
    text = envelope.text
    return says(codes.NOT_THERE, text) and not says(codes.SOMETHING_ELSE, text) and not says_doubt(text)


def says_returned(envelope):
    """Return whether the answer to a question for a bill says that it was sent back to us (退回).

    assumption: the words of the cloud's own pages (docs/protocols/kingdee-billing.md#withdrawal).
    """
    if not 200 <= envelope.status < 300 or shared_error(envelope) is not None:
        return False
    returned = dict(codes.BILL_STATES)["returned"]
    return says(returned, envelope.text) and not says_doubt(envelope.text)


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
