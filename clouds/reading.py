"""Tolerant readers for what clouds answer: keys of any case, numbers as strings, dates of two kinds.

A reader returns ``None`` for what is missing or unreadable; none of them raises.
Source: docs/protocols/piaodanyun.md#tolerance.
"""

import base64
import binascii
import json
import re
from datetime import date, datetime, timezone
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..rules.codes import is_number

SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = re.compile(
    r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})(?:[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.[0-9]*)?)?"
)
_OTHER_ALPHABET = str.maketrans("-_", "+/")
_DEPTH = 60  # of nesting; no answer has more than a few levels
_NESTS = (dict, list)
_TEXT_NESTS = (dict, list, str)
_UNCLEAN = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")  # what JSON makes NUL and surrogates of
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_YUAN = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")  # what needs no further care
_INT, _FEN = 10**15, Decimal("0.01")
_DAY = re.compile(
    r"([0-9]{4})(?:[-/:_.年]([0-9]{1,2})[-/:_.月]([0-9]{1,2})(?:日.*|[ T].*)?"
    r"|([0-9]{2})([0-9]{2})(?:[ T]?[0-9:.]*)?)",
    re.DOTALL,
)
_ZONED = re.compile(r".{10}T.*(?:Z|[+-][0-9]{2}:?[0-9]{2})", re.DOTALL)
_ZERO_RATES = {"免税", "不征税", "零税率", "出口零税率"}
_SEVERAL_RATES = 99
_WRAPPED = 3  # layers of base64 and JSON text that a value may be wrapped in
_EXACT = Context(prec=100)  # no sum or difference of what as_decimal lets through is rounded


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


def word_at(data, *names):
    """Return the scalar under one of ``names`` as stripped text, ``""`` where there is none."""
    return as_text(pick(data, *names))


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


def number_at(data, *names):
    """Return the first 20-digit number of a fapiao under one of ``names``, ``""`` where there is none."""
    return next((text for name in names if is_number(text := word_at(data, name))), "")


def decimal_at(data, *names):
    """Return the number under one of ``names`` as a Decimal, from a number or a string."""
    return as_decimal(pick(data, *names))


def money_at(data, *names):
    """Return the yuan under one of ``names`` as :func:`as_money` does."""
    return as_money(pick(data, *names))


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


def as_day(value):
    """Return the day in China of a date in any of the clouds' spellings, None if it is none.

    Texts ``yyyy-MM-dd`` (also with ``:``, ``_``, ``/``, ``.``, 年月日), ``yyyyMMdd``, each perhaps with a
    time; seconds or milliseconds since 1970.
    """
    if type(value) is str:
        # without its time a day is met again and again
        return _day(value[:10] if value[10:11] == " " and value[4:5] == "-" else value)
    return _day(as_text(value))


def as_money(value):
    """Return yuan as :func:`as_decimal` does, with two places at least."""
    kind = type(value)
    if kind is str:
        if _YUAN.fullmatch(value):
            return Decimal(value)
    elif kind is Decimal:
        places = value.as_tuple().exponent
        if places in (-2, -1) and value.adjusted() < 15:
            return value if places == -2 else value.quantize(_FEN)
    elif kind is int and -_INT < value < _INT:
        return Decimal(f"{value}.00")
    number = as_decimal(value)
    if number is None or number.as_tuple().exponent <= -2:
        return number
    sign, digits, exponent = number.as_tuple()
    return Decimal((sign, digits + (0,) * (exponent + 2), -2))


@lru_cache(maxsize=4096)
def _day(text):
    text = text.strip()
    try:
        if text[10:11] == "T" and _ZONED.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(SHANGHAI).date()
        if len(text) in (10, 13) and text.isdecimal():
            seconds = int(text[:10])
            return datetime.fromtimestamp(seconds, timezone.utc).astimezone(SHANGHAI).date()
        found = _DAY.fullmatch(text)
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except (ValueError, OverflowError, OSError):
        return None


def rate_of(value):
    """Return a tax rate told as ``0.13``, ``13%``, ``13`` or 免税 as a fraction; None if it is none.

    What is 1 or more is percent; 99 stands for several rates.
    """
    text = as_text(value)
    if text in _ZERO_RATES:
        return Decimal(0)
    number = as_decimal(text.rstrip("%\uff05").strip())
    if number is None or not 0 <= number < _SEVERAL_RATES:
        return None
    is_percent = text.endswith(("%", "\uff05")) or number >= 1
    return as_decimal(format(number.scaleb(-2), "f")) if is_percent else number


def exact_sum(*amounts):
    """Return the sum of the Decimals among ``amounts``, None if there are none; never rounded."""
    total = None
    for amount in amounts:
        if amount is not None:
            total = amount if total is None else _EXACT.add(total, amount)
    return total


def exact_difference(amount, less):
    """Return ``amount - less`` unrounded, None where one is missing."""
    return None if amount is None or less is None else _EXACT.subtract(amount, less)


def unfolded(value, is_base64=False):
    """Return ``value`` as dict or list where it is JSON text of one, with ``is_base64`` perhaps in base64;
    everything else as it is.
    """
    for _layer in range(_WRAPPED):
        if not isinstance(value, str):
            break
        inner = loads(value)
        if is_base64 and not isinstance(inner, _TEXT_NESTS):
            text = decoded(value)
            inner = [] if text == "null" else loads(text)
        if not isinstance(inner, _TEXT_NESTS):
            break
        value = inner
    return value


def decoded(text):
    """Return the text in base64 ``text``; None if it is no base64 of UTF-8."""
    try:
        return (unbase64(text) or b"").decode() or None
    except UnicodeDecodeError:
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
