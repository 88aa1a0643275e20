"""Who calls: the signature in the bodies, and the token in the addresses.

Source: docs/protocols/kingdee-assistant.md#signature-and-token.
"""

import hashlib
import time

from ... import reading
from ...errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, TokenExpired

# One thread fetches, the others share what came of it: that is the same at every cloud
from ...piaodanyun.auth import Tokens as SharedTokens
from ...piaodanyun.auth import lifetime_in, utc_now
from .answers import is_pace, is_trouble, opened, refusal

__all__ = ["Tokens", "sign", "signature", "utc_now"]

TOKEN_PATH = "/base/oauth/token"


def sign(client_id, secret, timestamp_ms):
    """Return the lower-case hex MD5 of the three, one after another; ``timestamp_ms`` int or text."""
    text = f"{client_id}{secret}{timestamp_ms}"
    # the vendor's rule; it protects nothing but the cloud's own door
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def signature(config, options, now=time.time):
    """Return ``client_id, timestamp, sign`` for a body; raise LoginRequired where one half is missing."""
    secret = config.secrets.get("client_secret") or ""
    if not (options.client_id and secret):
        raise LoginRequired("client_id, client_secret", code="no_client", need="credentials")
    # a number, as in all sample code; the tables call it a text of 13
    timestamp = int(now() * 1000)
    return {
        "client_id": options.client_id,
        "timestamp": timestamp,
        "sign": sign(options.client_id, secret, timestamp),
    }


class Tokens(SharedTokens):
    """The access token in the slot; see :class:`SharedTokens` for ``current``, ``renewed``, ``fresh``."""

    def _fetch(self):
        """Return ``(token, seconds it lives)``; raise LoginRequired, RateLimited, NotSent, OutcomeUnknown."""
        body = signature(self._config, self._options, lambda: self._now().timestamp())
        raw = self._transport.post_json(TOKEN_PATH, body)
        try:
            answer = opened(raw)
        except TokenExpired as error:
            raise LoginRequired(error.text, error.code, error.http_status, need="credentials") from error
        if not answer.ok:
            raise _no_token(answer)
        # the sample code takes it from the top of the answer, all other calls keep theirs in data
        token = reading.pick(answer.body, "access_token", "accessToken")
        if not token:
            token = reading.pick(answer.data, "access_token", "accessToken", "token")
        token = token.strip() if isinstance(token, str) else ""
        if not token or not token.isascii() or not token.isprintable():
            raise OutcomeUnknown(answer.text, "no_token", answer.status)
        seconds = lifetime_in(answer.body) or lifetime_in(answer.data)
        return token, seconds or self._options.token_lifetime


def _no_token(answer):
    """Return the error of a token that wasn't handed out.

    assumption: a plain refusal is about the credentials, as the sample code's comment says; only what
    looks like the cloud's own trouble is tried again.
    """
    text, code, status = answer.text, answer.code, answer.status
    if is_pace(answer):
        return RateLimited(text, code, status)
    if is_trouble(answer):
        return NotSent(text, code, status)
    error = refusal(answer)
    return error if isinstance(error, LoginRequired) else LoginRequired(text, code, status, "credentials")
