"""The access token of a cloud: fetched once for all threads, replaced in time, renewed once when refused."""

import threading
from datetime import datetime, timedelta, timezone

from . import reading
from .errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, TokenExpired
from .redact import without_codes

MARGIN = 300  # seconds before its end at which a token is replaced


def utc_now():
    return datetime.now(timezone.utc)


class Tokens:
    """The token in ``slot``. One thread fetches, the others wait for it and share it."""

    def __init__(self, config, options, slot, transport, now=utc_now):
        self._config, self._options, self._slot = config, options, slot
        self._transport, self._now = transport, now
        self._lock = threading.Lock()
        self._refusal = None  # wrong credentials: final for the life of this client
        self._failure = None  # how the last try ended, if badly
        self._tries = 0  # how many have ended
        self._lifetime = options.token_lifetime  # seconds, of the token fetched last

    def _fetch(self):
        """Return ``(token, seconds it lives)``; raise LoginRequired, RateLimited, NotSent or OutcomeUnknown."""
        raise NotImplementedError

    def _token_in(self, reply, *parts):
        """Return the token in an answer: the first of ``parts`` that is one or has one under its name.

        Raises OutcomeUnknown where there is none that an HTTP header can carry.
        """
        names = ("token", "access_token", "accessToken", "app_token", "appToken")
        for part in parts:
            token = reading.pick(part, *names) if isinstance(part, dict) else part
            token = token.strip() if isinstance(token, str) else ""
            if token and token.isascii() and token.isprintable():
                return token
        raise OutcomeUnknown(reply.text, "no_token", reply.status)

    def current(self):
        """Return a token that is still good for a while; raise NotSent or LoginRequired."""
        return self._slot.token if not self.is_due() else self._fetched(self.is_due)

    def renewed(self, refused):
        """Return a token other than ``refused``, which another thread may have fetched already."""
        return self._fetched(lambda: self._slot.token in ("", refused))

    def fresh(self):
        """Fetch a token whatever there is; raise NotSent or LoginRequired."""
        self._refusal = None
        self._fetched(lambda: True)

    def forget(self, refused):
        """Drop the token ``refused``, unless another thread has replaced it: the next call fetches one."""
        with self._lock:
            if self._slot.token == refused:
                self._slot.token, self._slot.expires_at, self._slot.changed = "", None, True

    def is_due(self):
        """Return whether the token is missing or near its end."""
        ends = self._slot.expires_at
        if not self._slot.token:
            return True
        # a lifetime shorter than the margin would otherwise fetch a token for every call
        margin = min(MARGIN, self._lifetime // 10)
        return ends is not None and self._now() >= ends - timedelta(seconds=margin)

    def _fetched(self, is_needed):
        tries = self._tries
        with self._lock:
            if is_needed():
                if self._failure and self._tries != tries:
                    # it failed while this thread waited: no use in asking a dead cloud in turn
                    raise self._failure
                self._fetch_once()
            return self._slot.token

    def _fetch_once(self):
        if self._refusal:
            # the same password again, from every thread of a batch, would lock the user out
            raise self._refusal
        try:
            token, lifetime = self._fetch()
        except CloudError as error:
            # an answer that can't be read, or is cut off, may have a token in it
            error.text = without_codes(error.text)
            self._failure = _as_not_sent(error)
            if isinstance(self._failure, LoginRequired):
                self._refusal = self._failure
            if self._failure is error:
                raise
            raise self._failure from error
        finally:
            self._tries += 1
        self._failure, self._lifetime = None, lifetime
        self._slot.token = token
        self._slot.expires_at = self._now() + timedelta(seconds=lifetime)
        self._slot.changed = True


def _as_not_sent(error):
    """Return ``error``, or NotSent: whatever became of the token, the call that wanted it wasn't made."""
    if isinstance(error, TokenExpired):
        return error.to(LoginRequired, need="credentials")
    return error if isinstance(error, (LoginRequired, NotSent)) else error.to(NotSent)


def lifetime_in(data):
    """Return the seconds under ``expires_in`` if the answer has that; None otherwise (assumption)."""
    seconds = reading.decimal_at(data, "expires_in", "expiresIn")
    return int(seconds) if seconds is not None and 60 <= seconds <= 30 * 86400 else None
