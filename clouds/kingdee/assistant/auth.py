"""Who calls: the signature in the bodies, and the token in the addresses.

Source: docs/protocols/kingdee-assistant.md#signature-and-token.
"""

import hashlib
import time

from ... import tokens
from ...errors import LoginRequired, NotSent, RateLimited
from .answers import is_pace, is_trouble, opened, refusal

TOKEN_PATH = "/base/oauth/token"


def sign(client_id, secret, timestamp_ms):
    """Return the lower-case hex MD5 of the three, one after another; ``timestamp_ms`` int or text."""
    text = f"{client_id}{secret}{timestamp_ms}"
    # the vendor's rule; it protects nothing but the cloud's own door
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def signature(config, options, now=time.time):
    """Return ``client_id, timestamp, sign`` for a body; raise LoginRequired where one half is missing."""
    secret = config.secrets.get("client_secret") or ""
    if not (options.client_key and secret):
        raise LoginRequired("client_id, client_secret", code="no_client", need="credentials")
    # a number, as in all sample code; the tables call it a text of 13
    timestamp = int(now() * 1000)
    return {
        "client_id": options.client_key,
        "timestamp": timestamp,
        "sign": sign(options.client_key, secret, timestamp),
    }


class Tokens(tokens.Tokens):
    """The access token in the slot; see :class:`...tokens.Tokens`."""

    def _fetch(self):
        body = signature(self._config, self._options, lambda: self._now().timestamp())
        answer = opened(self._transport.post_json(TOKEN_PATH, body))
        if not answer.ok:
            raise _no_token(answer)
        # the sample code takes it from the top of the answer, all other calls keep theirs in data
        token = self._token_in(answer, answer.body, answer.data)
        seconds = tokens.lifetime_in(answer.body) or tokens.lifetime_in(answer.data)
        return token, seconds or self._options.token_lifetime


def _no_token(answer):
    """Return the error of a token that wasn't handed out.

    assumption: a plain refusal is about the credentials, as the sample code's comment says; only what
    looks like the cloud's own trouble is tried again.
    """
    if is_pace(answer):
        return answer.error(RateLimited)
    if is_trouble(answer):
        return answer.error(NotSent)
    error = refusal(answer)
    return error if isinstance(error, LoginRequired) else answer.error(LoginRequired, need="credentials")
