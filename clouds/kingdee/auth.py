"""The access token: app_token first, with it the access_token; kept, replaced in time, renewed once.

The app token is fetched whenever an access token is wanted and kept nowhere.
Source: docs/protocols/kingdee-billing.md#authentication.
"""

from decimal import Decimal

from .. import reading
from ..answer_texts import PACE, says, says_trouble
from ..errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, TokenExpired

# One thread fetches, the others share what came of it: that is the same at both clouds
from ..piaodanyun.auth import Tokens as SharedTokens
from ..piaodanyun.auth import utc_now
from . import codes
from .envelope import opened
from .interfaces import APP_TOKEN_PATH, LOGIN_PATH
from .meaning import is_token_text
from .options import USER_TYPES

__all__ = ["Tokens", "utc_now"]

_LEAST, _MOST = 10, 30 * 86400  # seconds a token can live; beyond, the clocks disagree


class Tokens(SharedTokens):
    """The access token in the slot; see :class:`SharedTokens` for ``current``, ``renewed``, ``fresh``."""

    _lifetime = None  # seconds, of the token fetched last

    def _margin(self):
        lifetime = self._lifetime or self._options.token_lifetime
        return min(self._options.token_margin, lifetime // 10)

    def _fetch(self):
        """Return ``(access token, seconds it lives)``; raise what :meth:`_asked` raises."""
        app, user = self._application(), self._user()
        app_token = self._asked(APP_TOKEN_PATH, app, "app_token", "appToken")[0]
        token, ends = self._asked(LOGIN_PATH, {"apptoken": app_token, **user}, "access_token", "accessToken")
        self._lifetime = self._seconds_until(ends) or self._options.token_lifetime
        return token, self._lifetime

    def _asked(self, path, body, *names):
        """Return ``(token, the moment it ends)``; raise LoginRequired, RateLimited, NotSent or
        OutcomeUnknown.
        """
        raw = self._transport.post_json(path, body)
        try:
            envelope = opened(raw)
        except TokenExpired as error:
            raise LoginRequired(error.text, error.code, error.http_status, need="credentials") from error
        if not envelope.ok:
            raise _refusal(envelope)
        token = reading.pick(envelope.data, *names)
        token = token.strip() if isinstance(token, str) else ""
        if not token or not token.isascii() or not token.isprintable():
            raise OutcomeUnknown(envelope.text, "no_token", envelope.status)
        return token, reading.decimal_at(envelope.data, "expire_time", "expireTime")

    def _seconds_until(self, ends):
        """Return the seconds until ``ends`` (milliseconds since 1970), None if there is no sense in it."""
        if ends is None:
            return None
        seconds = int(ends / 1000 - Decimal(self._now().timestamp()))
        return seconds if _LEAST <= seconds <= _MOST else None

    def _application(self):
        options, secret = self._options, self._config.secrets.get("app_secret") or ""
        if not (options.app_id and secret and options.account_id):
            raise LoginRequired("appId, appSecret, accountId", code="no_application", need="credentials")
        # the paper's JSON says appSecuret, the vendor's pages say appSecret
        return {
            "appId": options.app_id,
            "appSecuret": secret,
            "appSecret": secret,
            "tenantid": options.tenant_id,
            "accountId": options.account_id,
            "language": options.language,
        }

    def _user(self):
        options = self._options
        if not options.user or options.user_type not in USER_TYPES:
            raise LoginRequired("user, usertype", code="no_user", need="credentials")
        return {
            "user": options.user,
            "tenantid": options.tenant_id,
            "accountId": options.account_id,
            "usertype": options.user_type,
        }


def _refusal(envelope):
    """Return the error of a token that wasn't handed out.

    assumption: a plain refusal is about the credentials, whatever its words; only what looks like the
    cloud's own trouble is tried again.
    """
    code, text, status = envelope.code, envelope.text, envelope.status
    if code in codes.RATE or says(PACE, text):
        return RateLimited(text, code, status)
    is_known = any(known.search(text) for known in (codes.ACCOUNT, codes.APPLICATION, codes.USER))
    if not is_known and (says_trouble(text) or not text):
        return NotSent(text, code, status)
    if not is_known and codes.RIGHTS.search(text):
        return LoginRequired(text, code, status, need="permission")
    return LoginRequired(text, code, status, need="credentials")


def refused_again(raw):
    """Return the error of a token that the cloud handed out itself and doesn't accept."""
    try:
        envelope = opened(raw)
    except CloudError as error:
        if isinstance(error, TokenExpired):
            return NotSent(error.text, error.code, error.http_status)
        return error
    if is_token_text(envelope):
        return NotSent(envelope.text, envelope.code, envelope.status)
    return LoginRequired(envelope.text, envelope.code, envelope.status, need="permission")
