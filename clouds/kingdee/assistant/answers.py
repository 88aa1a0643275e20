"""From an answer ``{errcode, description, data}`` to its meaning.

Judged by the parsed code alone: the papers print ``0000`` under a failure too (a copied example), and
their sample code looks for "0000" anywhere in the text, which a serial number can contain.
Source: docs/protocols/kingdee-assistant.md#envelope.
"""

import re
from dataclasses import dataclass, field

from ... import reading
from ...errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ...phrases import PACE, says, says_trouble
from ...picking import Told
from ...reply import NOT_SERVED, Reply, unreadable
from .. import codes

# assumption: all texts; the papers show one failing code, "3000", and no text
_CLIENT = re.compile(
    r"(?:签名|\bsign\b|client_?(?:id|secret)|密钥|秘钥).{0,12}"
    r"(?:错误|不正确|有误|不存在|不匹配|无效|失败|为空|非法|未授权|不通过|不一致|error|invalid|fail)"
    r"|(?:invalid|illegal|错误的?|无效的?|非法的?).{0,8}(?:\bsign|client|签名)",
    re.IGNORECASE,
)
_USER_KEY = re.compile(r"user_?key", re.IGNORECASE)
_NOTHING = re.compile(
    r"(?:暂?无|没有?|未).{0,6}(?:消息|数据|获取|查询|收到)|超时|time[ds]?[ -]*out|no (?:message|data)",
    re.IGNORECASE,
)
# What is to be gone is gone: an earlier call of ours, its answer lost
GONE = re.compile(
    r"(?:单据|报销单|分录|凭证|消息|发票).{0,8}(?:不存在|已(?:被)?删除|已确认)"
    r"|(?:未|没有?)(?:查询|查|找|获取)到.{0,8}(?:单据|报销单|分录|凭证|消息|发票)"
)

_SEPARATORS = re.compile(r"[,;\s\uff0c\u3001\uff1b]+")
SERIAL_KEYS = ("serialNo", "fid", "invoiceSerialNo")


@dataclass(frozen=True)
class Answer(Reply):
    """``data`` is out of its JSON text, ``body`` the whole."""

    body: dict = field(repr=False, default_factory=dict)

    @property
    def ok(self):
        return self.is_served and self.code in codes.OK


def opened(raw):
    """Return the :class:`Answer` in a ``RawAnswer``; raise what :func:`...reply.unreadable` returns."""
    body = reading.loads(raw.text)
    code = reading.word_at(body, "errcode", "errorCode", "code")[:40]
    if not code:
        raise unreadable(raw, NOT_SERVED | {415})
    text = reading.word_at(body, "description", "message", "msg", "errmsg")
    return Answer(code, text, reading.unfolded(reading.pick(body, "data")), raw.status, body)


def told(raw):
    """Return :class:`..picking.Told` for the answer to a report; raise what :func:`refusal` returns."""
    return Told(answered(raw).text)


def gone(raw):
    """Return as :func:`told` for a report that ends something, which may be gone already."""
    answer = opened(raw)
    return Told(answer.text) if answer.is_served and GONE.search(answer.text) else told(raw)


def answered(raw):
    """Return the :class:`Answer` to a question; raise what :func:`refusal` returns."""
    answer = opened(raw)
    if not answer.ok:
        raise refusal(answer)
    return answer


def refusal(answer):
    """Return the error of an unsuccessful answer: RateLimited, NotSent (token), LoginRequired, Rejected
    in the cloud's words, or OutcomeUnknown where it stumbled or says nothing.
    """
    code, text = answer.code, answer.text
    if is_pace(answer):
        return answer.error(RateLimited)
    if _USER_KEY.search(text):
        # a page's key, not the account's: a new one is a new call
        return answer.error(Rejected)
    if is_token_refused(answer):
        return answer.error(NotSent)
    if _CLIENT.search(text):
        return answer.error(LoginRequired, need="credentials")
    if answer.status == 403 or code in codes.FORBIDDEN or codes.RIGHTS.search(text):
        return answer.error(LoginRequired, need="permission")
    return answer.error(OutcomeUnknown if code in codes.OK or is_trouble(answer) else Rejected)


def is_pace(answer):
    return answer.code in codes.RATE or says(PACE, answer.text)


def is_trouble(answer):
    """Return whether the cloud itself stumbled, or refused without a word."""
    return not answer.text or says_trouble(answer.text)


def is_token_refused(answer):
    """Return whether an answer is about the access token, by its status, code or words."""
    if answer.ok:
        return False
    is_said = codes.TOKEN_TEXT.search(answer.text) and not _USER_KEY.search(answer.text)
    return answer.status == 401 or answer.code in codes.TOKEN or bool(is_said)


def is_nothing(answer, quiet_codes=""):
    """Return whether an unsuccessful answer to the long poll says that no message came.

    assumption: no source shows one; see ``quiet_codes`` of the settings.
    """
    return answer.code in map(str.strip, quiet_codes.split(",")) or bool(_NOTHING.search(answer.text))


# What messages and tickets share; none of these raises


def serials_in(value):
    """Return the serial numbers in a text with commas, a number, an object, or a list of them."""
    found = []
    value = reading.unfolded(value)
    for item in value if isinstance(value, list) else [value]:
        named = reading.pick(item, *SERIAL_KEYS) if isinstance(item, dict) else item
        found += [part for part in _SEPARATORS.split(reading.as_text(named)) if part]
    return tuple(dict.fromkeys(found))


def together(*parts):
    """Return the serial numbers of all ``parts`` (tuples), each once, in order."""
    return tuple(dict.fromkeys(serial for part in parts for serial in part))


def rows_in(value):
    """Return the dicts in ``value``: a list, a single one, JSON text of either; empty ones left out."""
    value = reading.unfolded(value)
    rows = value if isinstance(value, list) else [value]
    rows = [reading.unfolded(row) for row in rows]
    return [row for row in rows if isinstance(row, dict) and row]


def day_at(data, *names):
    """Return the date under one of ``names``, or None; a number of other length is an invoice's code."""
    text = reading.word_at(data, *names)
    return None if text.isdecimal() and len(text) not in (8, 14) else reading.as_day(text)
