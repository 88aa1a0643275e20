"""Tolerant readers for what clouds answer: keys of any case, numbers as strings, dates of two kinds.

A reader returns ``None`` for what is missing or unreadable; none of them raises.
Source: docs/protocols/piaodanyun.md#tolerance.
"""

import base64
import binascii
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = re.compile(
    r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})(?:[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.[0-9]*)?)?"
)
_OTHER_ALPHABET = str.maketrans("-_", "+/")
_DEPTH = 60  # of nesting; no answer has more than a few levels
_NESTS = (dict, list)
_UNCLEAN = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # what JSON makes NUL and surrogates of
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
)


def loads(text):
    """Return the JSON value of ``text`` with exact decimals, or ``None`` if it isn't whole JSON.

    Strings come back without the characters a database refuses (NUL, lone surrogates).
    """
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        if not isinstance(text, str) or _UNCLEAN.search(text) or not _is_storable(text):
            return _clean(value)
        # nothing in the text can become such a character: a large page need not be copied to be sure
        _check_depth(value)
        return value
    except (ValueError, RecursionError, InvalidOperation, TypeError):
        return None


def pick(data, *names):
    """Return the first value in the dict ``data`` under one of ``names``, whatever their case.

    An exact spelling wins over another case; ``None`` and empty strings count as missing.
    """
    if not isinstance(data, dict):
        return None
    folded = None
    for name in names:
        if data.get(name) not in (None, ""):
            return data[name]
    for name in names:
        if folded is None:
            folded = {}
            for key, value in data.items():
                if value not in (None, ""):
                    folded.setdefault(str(key).lower(), value)
        if name.lower() in folded:
            return folded[name.lower()]
    return None


def text_at(data, *names):
    """Return the text under one of ``names``: ``""`` where the cloud said empty, ``None`` if nothing."""
    value = pick(data, *names)
    if value is None:
        lower = {str(key).lower(): item for key, item in data.items()} if isinstance(data, dict) else {}
        return "" if any(lower.get(name.lower()) == "" for name in names) else None
    return as_text(value)


def as_text(value):
    """Return a scalar as stripped text; ``""`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return ""
    if isinstance(value, str):
        return value.strip()
    try:
        return str(value)
    except ValueError:  # an int beyond Python's limit of digits
        return ""


def decimal_at(data, *names):
    """Return the number under one of ``names`` as a Decimal, from a number or a string."""
    return as_decimal(pick(data, *names))


def money_at(data, *names):
    """Return the yuan under one of ``names`` as :func:`decimal_at` does, with two places at least."""
    number = decimal_at(data, *names)
    if number is None or number.as_tuple().exponent <= -2:
        return number
    sign, digits, exponent = number.as_tuple()
    return Decimal((sign, digits + (0,) * (exponent + 2), -2))


def as_decimal(value):
    """Return a number or its text ("2,995,145.63" too) as a Decimal without superfluous zeros.

    At least two places are kept where there were two, so amounts keep looking like amounts.
    """
    text = as_text(value)
    if len(text) > 60 or not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    if number.adjusted() > 20 or number.as_tuple().exponent < -40:
        return None
    return _trimmed(number)


def _trimmed(number):
    """Cut trailing zeros beyond the second decimal place, exactly (no context rounds it)."""
    sign, digits, exponent = number.as_tuple()
    digits = list(digits)
    while exponent < -2 and len(digits) > 1 and digits[-1] == 0:
        digits.pop()
        exponent += 1
    if exponent < -2 and digits == [0]:
        exponent = -2
    if exponent > 0:
        digits, exponent = digits + [0] * exponent, 0
    return Decimal((sign, tuple(digits), exponent))


def moment_at(data, *names):
    """Return the date and time under one of ``names``, aware in Asia/Shanghai.

    Both spellings of the clouds, and a date alone; fractions of a second are cut off.
    """
    found = _MOMENT.fullmatch(as_text(pick(data, *names)))
    try:
        return datetime(*(int(part) for part in found.groups() if part), tzinfo=SHANGHAI) if found else None
    except ValueError:
        return None


def stamp(moment):
    """Return an aware datetime as the clouds write it: ``yyyyMMddHHmmss`` in Asia/Shanghai."""
    if moment.tzinfo is None:
        raise ValueError("A naive datetime: say which time zone it is in")
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")


def unbase64(text):
    """Return the bytes of base64 ``text`` (either alphabet, line breaks, ``data:`` prefix), or None."""
    if not isinstance(text, str):
        return None
    if text.lstrip()[:5].lower() == "data:":
        text = text.partition(",")[2]
    # by split, since a page of the pool is long and rarely has a space in it
    text = "".join(text.split()).rstrip("=").translate(_OTHER_ALPHABET)
    if not text:
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def plain(value):
    """Return a value of :func:`loads` as JSON-able data again: decimals as strings."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _refuse(word):
    raise ValueError(f"{word} is no JSON number")


def _is_storable(text):
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _check_depth(value, depth=0):
    if depth >= _DEPTH and value:
        raise ValueError("nested too deeply")
    if isinstance(value, _NESTS):
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) in _NESTS:
                _check_depth(item, depth + 1)


def _clean(value, depth=0):
    if depth > _DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "")
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item, depth + 1) for key, item in value.items()}
    return value
