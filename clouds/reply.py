"""An answer that can be read, and what it means where it isn't the success that was asked for.

An answer to an order means ``OutcomeUnknown`` unless it is one of few things: a needless query costs a
second, a wrong "rejected" issues a second fapiao.
"""

import re
from dataclasses import dataclass

from . import reading
from .base import WITHDRAW, NotFound
from .errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected, TokenExpired
from .phrases import BUSY, NOT_THERE, SOMETHING_ELSE, folded, joined, says, says_doubt, says_issued, says_open
from .refusals import SHARED, refusal_of

# Refused by HTTP before any interface was reached; other 4xx are read for the cloud's own words
NOT_SERVED = frozenset({404, 405, 413, 414, 431})
# What an administrator may say that a text means which no table knows
REFUSED, LOGIN, THROTTLED, OPEN = "refused", "login", "throttled", "open"
MEANINGS = (REFUSED, LOGIN, THROTTLED, OPEN)
_LENGTH = 300  # characters kept: the text is part of a database index
# from the beginning of a word only: without that, long words take their length squared
_NUMBER = re.compile(r"(?<![0-9A-Za-z_*./:%+-])[0-9A-Za-z_*./:%+-]*[0-9](?:[0-9A-Za-z_*./:%+-]|,(?=[0-9]{3}))*")


@dataclass(frozen=True)
class Reply:
    """``code`` as text whatever it came as, "" if none; ``data`` unpacked; ``status`` is HTTP's."""

    code: str
    text: str
    data: object
    status: int

    @property
    def is_served(self):
        return 200 <= self.status < 300

    def error(self, kind, **more):
        """Return an error of ``kind`` with the cloud's own words."""
        return kind(self.text, self.code, self.status, **more)


def unreadable(raw, not_served=NOT_SERVED):
    """Return the error of an answer without the cloud's own words, by its HTTP status: TokenExpired (401),
    LoginRequired (403), NotSent (no such address), else OutcomeUnknown."""
    said = (" ".join(str(raw.text or "")[:400].split())[:200], str(raw.status), raw.status)
    if raw.status == 401:
        return TokenExpired(*said)
    if raw.status == 403:
        return LoginRequired(*said, need="permission")
    if raw.status in not_served:
        return NotSent(*said)
    return OutcomeUnknown(said[0], "unreadable", raw.status)


def code_text(code):
    """Return a code as text whatever it came as: ``0``, ``"0"``, ``0.0``."""
    text = reading.as_text(code)
    return (text[:-2] if text.endswith(".0") else text)[:40]


class Meaning:
    """From an unsuccessful answer of one cloud to its meaning; a cloud fills in what differs."""

    rows = SHARED  # refusals
    open_codes = frozenset()  # codes of an open outcome
    # Codes beside which the words are believed that tell of login, haste or a busy cloud, and those beside which a
    # row of ``rows`` is; None is any code
    told_codes = refusal_codes = None
    not_there_text, something_else = NOT_THERE, SOMETHING_ELSE

    def by_code(self, reply):
        """Return the error that a code or the status means at every interface, else None."""
        raise NotImplementedError

    def by_text(self, reply):
        """Return the error that the words mean at every interface, else None."""
        raise NotImplementedError

    def failed_part(self, reply):
        """Return the part that decides; of a list the one that failed."""
        return reply

    def is_refusal(self, reply):
        """Return whether code and success say that it failed."""
        return True

    def names_result(self, reply, operation):
        """Return whether a refusal names what was ordered."""
        return False

    def is_answer(self, reply):
        """Return whether an interface answered by this code, so that it may say that something isn't there."""
        return True

    def order_error(self, reply, operation, exists=None):
        """Return the error that an answer to an order of ``operation`` means when it isn't its success.

        ``exists``: the pattern of texts by which what is ordered is there already. A marker of doubt counts
        wherever it stands.
        """
        part = self.failed_part(reply)
        whole = joined(part.text, reply.text)
        is_issued = says_issued(whole)
        # of a withdrawal it is the very reason for a refusal
        is_there = (is_issued and operation != WITHDRAW) or (exists and says(exists, whole))
        if is_there or self.names_result(reply, operation):
            return part.error(OutcomeUnknown)
        error = self.by_code(part)
        if error:
            return error
        if not self.is_refusal(part) or {part.code, reply.code} & self.open_codes or says_open(whole):
            return part.error(OutcomeUnknown)
        error = self.by_text(part)
        if error is None and _is_among(part.code, self.told_codes) and says(BUSY, part.text):
            error = part.error(RateLimited)
        if error:
            error.in_words_only = True
            return error
        row = _is_among(part.code, self.refusal_codes) and refusal_of(self.rows, operation, part.code, part.text)
        if row:
            return part.error(Rejected, problem=row.problem)
        return part.error(OutcomeUnknown, is_unclassified=not is_issued)

    def shared_error(self, reply):
        """Return the error of an unsuccessful answer where all interfaces agree, else None.

        NotSent (token), RateLimited or LoginRequired: in each case nothing has happened.
        """
        return self.by_code(reply) or self.by_text(reply)

    def question_error(self, reply):
        """Return the error that an answer to a *question* means when it wasn't answered.

        Never ``Rejected`` for the order asked about: only the question failed.
        """
        return self.shared_error(reply) or reply.error(OutcomeUnknown)

    def not_found(self, reply):
        """Return ``NotFound`` where an unsuccessful answer says so; raise what else it means."""
        if self.not_there(reply):
            return NotFound(reply.text, reply.code)
        raise self.question_error(reply)

    def not_there(self, reply):
        """Return whether a refusal says that what was asked about isn't there, and nothing else isn't."""
        text = reply.text
        is_said = says(self.not_there_text, text) and not says(self.something_else, text)
        return self.is_answer(reply) and is_said and not says_doubt(text)


def _is_among(code, codes):
    return codes is None or code in codes


# Texts that no table knows. The rows come with ``Config.classified``: ``(code, normal text, meaning)``. They are asked
# last, so that no row beats a marker of "issued already" or "open".


def normal(text):
    """Return ``text`` with each number and serial number as ``#``, so that the same words are one text."""
    return _NUMBER.sub("#", folded(text))[:_LENGTH]


def classified(error, rows):
    """Return ``error``, or what the row that fits an unclassified one says that it means."""
    if not isinstance(error, OutcomeUnknown) or not error.is_unclassified:
        return error
    asked = (error.code, normal(error.text))
    meaning = next((meaning for code, text, meaning in rows if (code, text) == asked), "")
    return _meant(error, meaning)


def _meant(error, meaning):
    said = (error.text, error.code, error.http_status)
    if meaning == REFUSED and error.text:
        return Rejected(*said, problem="classified")
    if meaning == OPEN:
        return OutcomeUnknown(*said)
    # as good as a code: the order is asked about once before it goes out again, like every one turned away
    if meaning == LOGIN:
        return LoginRequired(*said)
    return RateLimited(*said) if meaning == THROTTLED else error
