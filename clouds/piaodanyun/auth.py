"""The access token: fetched once for all threads, replaced in time, renewed once when refused.

Source: seed 003, 获取访问令牌. How a successful answer looks is in no source: see :func:`token_in`.
"""

import threading
from datetime import datetime, timedelta, timezone

from .. import reading
from ..answer_texts import PACE, says
from ..errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, TokenExpired
from ..redact import without_codes
from . import codes
from .meaning import opened


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

    def _fetched(self, is_needed):
        tries = self._tries
        with self._lock:
            if is_needed():
                if self._failure and self._tries != tries:
                    # it failed while this thread waited: no use in asking a dead cloud in turn
                    raise self._failure
                self._fetch_once()
            return self._slot.token

    def is_due(self):
        """Return whether the token is missing or near its end."""
        ends = self._slot.expires_at
        if not self._slot.token:
            return True
        return ends is not None and self._now() >= ends - timedelta(seconds=self._margin())

    def _margin(self):
        # a lifetime shorter than the margin would otherwise fetch a token for every call
        return min(self._options.token_margin, self._options.token_lifetime // 10)

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
            if isinstance(error, LoginRequired):
                self._refusal = error
            if self._failure is error:
                raise
            raise self._failure from error
        finally:
            self._tries += 1
        self._failure = None
        self._slot.token = token
        self._slot.expires_at = self._now() + timedelta(seconds=lifetime)
        self._slot.changed = True

    def _fetch(self):
        form = self._credentials()
        raw = self._ask(form, self._options.token_body)
        if _is_unread(raw):
            raw = self._ask(form, "json" if self._options.token_body == "form" else "form")
        try:
            return self._read(opened(raw))
        except TokenExpired as error:
            raise LoginRequired(error.text, error.code, error.http_status, need="credentials") from error

    def _ask(self, form, body):
        path = self._options.token_path
        if body == "form":
            return self._transport.post_form(path, {key: str(value) for key, value in form.items()})
        return self._transport.post_json(path, form)

    def _credentials(self):
        secrets = self._config.secrets
        phone, password = secrets.get("phone") or "", secrets.get("password") or ""
        if not phone or not password:
            raise LoginRequired("用户名或密码为空", code="no_credentials", need="credentials")
        # the example says phone_email, the table says phone
        return {
            "phone": phone,
            "phone_email": phone,
            "pass": password,
            "tenant_id": self._options.tenant_id,
            "token_type": "TaxApi",
        }

    def _read(self, envelope):
        if envelope.ok:
            token = token_in(envelope.data)
            if not token:
                raise OutcomeUnknown(envelope.text, "no_token", envelope.status)
            return token, lifetime_in(envelope.data) or self._options.token_lifetime
        text, code, status = envelope.text, envelope.code, envelope.status
        if code in codes.RATE or says(PACE, text):
            raise RateLimited(text, code, status)
        credentials = code in (codes.CREDENTIALS, codes.PARAMETER, *codes.TOKEN) or status == 401
        if credentials or codes.WHO.search(text):
            raise LoginRequired(text, code, status, need="credentials")
        if code in codes.FORBIDDEN or codes.RIGHTS.search(text):
            raise LoginRequired(text, code, status, need="permission")
        raise NotSent(text, code, status)


def _as_not_sent(error):
    """Return ``error``, or NotSent: whatever became of the token, the call that wanted it wasn't made."""
    if isinstance(error, (LoginRequired, NotSent)):
        return error
    return NotSent(error.text or str(error), error.code, error.http_status)


def token_in(data):
    """Return the token of a successful answer: ``data`` itself, ``data.token`` or ``data.access_token``.

    Empty where there is none that an HTTP header can carry.
    """
    token = reading.pick(data, "token", "access_token", "accessToken") if isinstance(data, dict) else data
    token = token.strip() if isinstance(token, str) else ""
    return token if token.isascii() and token.isprintable() else ""


def lifetime_in(data):
    """Return the seconds under ``expires_in`` if the answer has that; None otherwise (assumption)."""
    seconds = reading.decimal_at(data, "expires_in", "expiresIn")
    return int(seconds) if seconds is not None and 60 <= seconds <= 30 * 86400 else None


def _is_unread(raw):
    """Return whether the cloud found no parameters: the body was in the other form (assumption)."""
    if raw.status == 415:
        return True
    try:
        envelope = opened(raw)
    except CloudError:
        return raw.status == 400
    return not envelope.ok and (
        envelope.code == codes.PARAMETER or codes.OTHER_BODY.search(envelope.text) is not None
    )
