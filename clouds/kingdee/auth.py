"""The access token: app_token first, with it the access_token; kept, replaced in time, renewed once.

The app token is fetched whenever an access token is wanted and kept nowhere.
Source: docs/protocols/kingdee-billing.md#authentication.
"""

from decimal import Decimal

from .. import reading, tokens
from ..addresses import is_path
from ..errors import LoginRequired, NotSent, RateLimited
from ..phrases import PACE, says, says_trouble
from . import codes
from .envelope import opened

USER_TYPES = ("UserName", "Mobile")
APP_TOKEN_PATH = "/api/getAppToken.do"
LOGIN_PATH = "/api/login.do"
LANGUAGE = "zh_CN"  # no setting: what an answer means is read from its Chinese words
_LEAST, _MOST = 10, 30 * 86400  # seconds a token can live; beyond, the clocks disagree


class Tokens(tokens.Tokens):
    """The access token in the slot; see :class:`..tokens.Tokens`."""

    def _fetch(self):
        application, user = self._application(), self._user()
        app_token = self._asked(self._options.app_token_path, application)[0]
        token, ends = self._asked(self._options.login_path, {"apptoken": app_token, **user})
        return token, self._seconds_until(ends) or self._options.token_lifetime

    def _asked(self, path, body):
        """Return ``(token, the moment it ends)``."""
        if not is_path(path):
            raise NotSent("The path of a log-in must begin with /", code="bad_address")
        envelope = opened(self._transport.post_json(path, body))
        if not envelope.ok:
            raise _refusal(envelope)
        return self._token_in(envelope, envelope.data), reading.decimal_at(envelope.data, "expire_time", "expireTime")

    def _seconds_until(self, ends):
        """Return the seconds until ``ends`` (milliseconds since 1970), None if there is no sense in it."""
        if ends is None:
            return None
        seconds = int(ends / 1000 - Decimal(self._now().timestamp()))
        return seconds if _LEAST <= seconds <= _MOST else None

    def _application(self):
        options, secret = self._options, self._config.secrets.get("app_secret") or ""
        if not (options.app_key and secret and options.datacenter):
            raise LoginRequired("appId, appSecret, accountId", code="no_application", need="credentials")
        # the paper's JSON says appSecuret, the vendor's pages say appSecret
        return {
            "appId": options.app_key,
            "appSecuret": secret,
            "appSecret": secret,
            "tenantid": options.tenant_code,
            "accountId": options.datacenter,
            "language": LANGUAGE,
        }

    def _user(self):
        options = self._options
        if not options.cloud_user or options.user_type not in USER_TYPES:
            raise LoginRequired("user, usertype", code="no_user", need="credentials")
        return {
            "user": options.cloud_user,
            "tenantid": options.tenant_code,
            "accountId": options.datacenter,
            "usertype": options.user_type,
        }


def _refusal(envelope):
    """Return the error of a token that wasn't handed out.

    assumption: a plain refusal is about the credentials, whatever its words; only what looks like the
    cloud's own trouble is tried again.
    """
    code, text = envelope.code, envelope.text
    if code in codes.RATE or says(PACE, text):
        return envelope.error(RateLimited)
    is_known = any(known.search(text) for known in (codes.ACCOUNT, codes.APPLICATION, codes.USER))
    if not is_known and (says_trouble(text) or not text):
        return envelope.error(NotSent)
    is_about_rights = not is_known and codes.RIGHTS.search(text)
    return envelope.error(LoginRequired, need="permission" if is_about_rights else "credentials")
