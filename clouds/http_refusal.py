"""What HTTP itself says before any interface was reached; the same at every cloud."""

from .errors import LoginRequired, NotSent, TokenExpired

# Refused before any interface was reached; other 4xx are read for the cloud's own words
NOT_SERVED = frozenset({404, 405, 413, 414, 431})


def raise_for_http(raw, not_served=NOT_SERVED):
    """Raise what an answer's HTTP status alone means: TokenExpired (401), LoginRequired (403), NotSent."""
    if raw.status == 401:
        raise TokenExpired(glimpse(raw.text), "401", 401)
    if raw.status == 403:
        raise LoginRequired(glimpse(raw.text), "403", 403, need="permission")
    if raw.status in not_served:
        raise NotSent(glimpse(raw.text), str(raw.status), raw.status)


def glimpse(text):
    """Return the beginning of an answer that can't be read, on one line."""
    return " ".join(str(text or "")[:400].split())[:200]
