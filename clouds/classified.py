"""Texts that no table knows, and what an administrator says they mean.

The rows come with ``Config.classified``: ``(code, normal text, meaning)``. They are asked last, so
that no row beats a marker of "issued already" or "open".
"""

import re

from .errors import LoginRequired, OutcomeUnknown, RateLimited, Rejected
from .phrases import folded

REFUSED, LOGIN, THROTTLED, OPEN = "refused", "login", "throttled", "open"
MEANINGS = (REFUSED, LOGIN, THROTTLED, OPEN)
_LENGTH = 300  # characters kept: the text is part of a database index
# from the beginning of a word only: without that, long words take their length squared
_NUMBER = re.compile(r"(?<![0-9A-Za-z_*./:%+-])[0-9A-Za-z_*./:%+-]*[0-9](?:[0-9A-Za-z_*./:%+-]|,(?=[0-9]{3}))*")


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
