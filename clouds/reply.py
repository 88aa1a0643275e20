"""An answer that can be read, and what it means where it isn't the success that was asked for.

An answer to an order means ``OutcomeUnknown`` unless it is one of few things: a needless query costs a
second, a wrong "rejected" issues a second fapiao.
"""

from dataclasses import dataclass

from . import reading
from .base import WITHDRAW
from .errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected, TokenExpired
from .phrases import (
    BUSY,
    NOT_THERE,
    SOMETHING_ELSE,
    joined,
    says,
    says_doubt,
    says_issued,
    says_open,
)
from .refusals import SHARED, refusal_of

# Refused by HTTP before any interface was reached; other 4xx are read for the cloud's own words
NOT_SERVED = frozenset({404, 405, 413, 414, 431})


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

    def is_told_by_text(self, reply):
        """Return whether the words of an answer with this code may say that the cloud is busy."""
        return True

    def may_refuse(self, reply):
        """Return whether a row of :mod:`.refusals` is believed beside this code."""
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
        if error is None and self.is_told_by_text(part) and says(BUSY, part.text):
            error = part.error(RateLimited)
        if error:
            error.in_words_only = True
            return error
        row = self.may_refuse(part) and refusal_of(self.rows, operation, part.code, part.text)
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

    def not_there(self, reply):
        """Return whether a refusal says that what was asked about isn't there, and nothing else isn't."""
        text = reply.text
        is_said = says(self.not_there_text, text) and not says(self.something_else, text)
        return self.is_answer(reply) and is_said and not says_doubt(text)
