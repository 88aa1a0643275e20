"""Who an account is at its cloud: equal for two texts of the same, different for everything else.

An order frozen for one identity must not go out under another: there nobody knows its ID.
"""

from .addresses import normalised
from .canonical import fingerprint

ADDRESSES = frozenset({"base_url", "assistant_url"})
LENGTH = 16  # hexadecimal digits


def plain(name, value):
    """Return the ``value`` of a setting as the text that counts."""
    return normalised(value) if name in ADDRESSES else str(value or "").strip()


def identity_of(values):
    """Return the fingerprint of an identity, given as ``{setting: value}``."""
    return fingerprint({name: plain(name, value) for name, value in values.items()})[:LENGTH]
