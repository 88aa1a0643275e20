"""One way to write a payload down, so that its digest proves that what was frozen is what was sent."""

import hashlib
import json


def canonical(payload):
    """Return ``payload`` (JSON-able) as text that doesn't depend on the order of its keys.

    The order is left out because a jsonb column doesn't keep it.
    """
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(payload):
    """Return the sha256 of the canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(payload).encode("utf-8", "surrogatepass")).hexdigest()
