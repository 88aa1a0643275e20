"""Reads values out of what a caller sent; numbers may come as JSON numbers or as text.

`label` is what a refusal calls the value: the key itself unless given.
"""

import re
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from .protocol import Refused

PLAIN = re.compile(r"-?\d{1,20}(\.\d{1,40})?", re.ASCII)


def text(item, key, limit=None):
    value = item.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise Refused(f"参数{key}应为字符串")
    value = str(value)
    if limit is not None and len(value) > limit:
        raise Refused(f"{key}长度不能超过{limit}")
    return value


def demand(item, keys):
    for key in keys:
        if item.get(key) in (None, "", []):
            raise Refused(f"参数{key}不能为空")


def number(item, key, places=None, label="", exact=False):
    """None where it is missing; no exponent, no thousands separator, no percent sign.

    `exact`: zeros behind the last place count as places. Otherwise 1000.0, which a float makes of 1000, is as good.
    """
    given, label = text(item, key), label or key
    if not given:
        return None
    if not PLAIN.fullmatch(given):
        raise Refused(f'{label}"{given[:30]}"不是合法的数字')
    value = Decimal(given)
    given_places = -(value if exact else value.normalize()).as_tuple().exponent
    if places is not None and given_places > places:
        raise Refused(f'{label}"{given[:30]}"小数位数不能超过{places}位')
    return value


def money(item, key, label="", exact=False):
    value = number(item, key, 2, label, exact)
    return None if value is None else value.quantize(Decimal("0.01"))


def day(item, key):
    """None where it is missing."""
    given = text(item, key)
    try:
        if given and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
            raise ValueError(given)
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Refused(f"{key}格式不正确,应为yyyy-MM-dd") from None


def choice(item, key, allowed, default=None, label=""):
    given = text(item, key)
    if not given and default is not None:
        return default
    if given not in allowed:
        raise Refused(f'{label or key}"{given[:30]}"不合法')
    return given


def known(item, keys, label):
    for key in item:
        if key not in keys:
            raise Refused(f"{label}未知参数{key}")


@contextmanager
def row(position, whose=""):
    """A refusal in here tells of this row."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{whose}第{position}行:{error.text}") from None
