"""How the access token of 票单云 is asked for and read.

Source: docs/protocols/piaodanyun.md#token. A successful answer is in no source: see :meth:`..tokens.Tokens._token_in`.
"""

from .. import tokens
from ..errors import CloudError, LoginRequired, NotSent, RateLimited
from ..phrases import PACE, says
from . import codes
from .meaning import opened


class Tokens(tokens.Tokens):
    """The access token in the slot; see :class:`..tokens.Tokens`."""

    def _fetch(self):
        form = self._credentials()
        raw = self._ask(form, self._options.token_body)
        if _is_unread(raw):
            raw = self._ask(form, "json" if self._options.token_body == "form" else "form")
        envelope = opened(raw)
        if not envelope.ok:
            raise _refusal(envelope)
        token = self._token_in(envelope, envelope.data)
        return token, tokens.lifetime_in(envelope.data) or self._options.token_lifetime

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


def _refusal(envelope):
    """Return the error of a token that wasn't handed out."""
    text, code = envelope.text, envelope.code
    if code in codes.RATE or says(PACE, text):
        return envelope.error(RateLimited)
    credentials = code in (codes.CREDENTIALS, codes.PARAMETER, *codes.TOKEN) or envelope.status == 401
    if credentials or codes.WHO.search(text):
        return envelope.error(LoginRequired, need="credentials")
    if code in codes.FORBIDDEN or codes.RIGHTS.search(text):
        return envelope.error(LoginRequired, need="permission")
    return envelope.error(NotSent)


def _is_unread(raw):
    """Return whether the cloud found no parameters: the body was in the other form (assumption)."""
    if raw.status == 415:
        return True
    try:
        envelope = opened(raw)
    except CloudError:
        return raw.status == 400
    return not envelope.ok and (envelope.code == codes.PARAMETER or codes.OTHER_BODY.search(envelope.text) is not None)
