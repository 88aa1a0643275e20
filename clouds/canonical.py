"""One way to write a payload down, so that its digest proves that what was frozen is what was sent."""

import hashlib
import json

from .addresses import normalised

_ADDRESSES = frozenset({"base_url", "assistant_url"})
_LENGTH = 16  # hexadecimal digits of an identity


def canonical(payload):
    """Return ``payload`` (JSON-able) as text that doesn't depend on the order of its keys.

    The order is left out because a jsonb column doesn't keep it.
    """
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(payload):
    """Return the sha256 of the canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(payload).encode("utf-8", "surrogatepass")).hexdigest()


def plain(name, value):
    """Return the ``value`` of a setting as the text that counts."""
    return normalised(value) if name in _ADDRESSES else str(value or "").strip()


def identity_of(values):
    """Return who an account is at its cloud, given as ``{setting: value}``: equal for two texts of the same.

    An order frozen for one identity must not go out under another: its ID is unknown there.
    """
    return fingerprint({name: plain(name, value) for name, value in values.items()})[:_LENGTH]
