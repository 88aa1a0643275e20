"""票单云: the calls of the basic edition, and those that reverse, behind the contract of :mod:`..base`.

Source: docs/protocols/piaodanyun.md#calls.
"""

from ..base import (
    BUYER_RED,
    CREDIT,
    DOWNLOAD,
    EFFECTS,
    FACE_QR,
    FACE_STATE,
    FILES,
    FIND,
    ISSUE,
    LOGIN,
    ORDERS,
    RED_APPLY,
    RED_APPLY_FINDS,
    RED_CHECK,
    RED_ISSUE,
    RED_STATE,
    Cloud,
    FileAddresses,
    Issued,
    NotFound,
)
from ..classified import classified
from ..errors import LoginRequired, NotSent, OutcomeUnknown, TokenExpired, TokenRefused
from ..transport import Transport
from . import account, files, issue, login, query, red_check, red_form, red_issue
from .auth import Tokens, utc_now
from .meaning import is_token_refused, opened
from .options import Options

_INVOKE = "/qdjk/fullExteriorInvoke/"
_PATHS = {
    ISSUE: _INVOKE + "blueTicket",
    FIND: _INVOKE + "invoiceQueryMx",
    FILES: _INVOKE + "getInvoicePdfOfd",
    LOGIN: _INVOKE + "loginDppt",
    FACE_QR: _INVOKE + "getFaceImg",
    CREDIT: "/qdjk/allElectricInvoice/getCreditLine",
    FACE_STATE: "/qdjk/fullApplets/queryFaceAuthState",
    RED_CHECK: _INVOKE + "retInviceMsg",
    RED_APPLY: _INVOKE + "hzxxbsq",
    RED_STATE: _INVOKE + "hzxxbsq",
    RED_ISSUE: _INVOKE + "hzfpkj",
}
_RED_FREEZERS = {
    RED_CHECK: red_check.freeze,
    RED_APPLY: red_form.freeze_application,
    RED_STATE: red_form.freeze_question,
    RED_ISSUE: red_issue.freeze,
}


class Piaodanyun(Cloud):
    """One 票单云 account; settings are described in :class:`.options.Options`."""

    provider = "piaodanyun"
    identity = ("phone", "tenant", "tax_username")
    secrets = {"phone": "phone", "password": "phone", "tax_password": "tax_username"}
    username = "tax_username"
    settings = ("tenant", "token_header", "token_prefix", "token_lifetime", "add_seal")
    capabilities = frozenset(_PATHS)
    features = frozenset({BUYER_RED, RED_APPLY_FINDS})  # in full only, and no form is withdrawn

    def __init__(self, config, slot, now=utc_now):
        super().__init__(config, slot)
        self.options = Options.of(config)
        self._transport = Transport(config)
        self._tokens = Tokens(config, self.options, slot, self._transport, now)

    def close(self):
        self._transport.close()

    def freeze(self, operation, document, request_uid=""):
        """Return the form of ``operation`` as a dict of strings; pure, without credentials.

        ``document``: a ``Draft`` for ISSUE, a ``RedOrder`` for RED_…; for the others a dict of what the
        method of that name takes (FIND ``{"number"}``, FILES ``{"number", "kind", "issued_at"}``,
        LOGIN ``{"method", "code", "pin", "qr_id"}``, FACE_QR ``{"app"}``) or None.
        """
        tax_no, values = self.config.tax_no, document or {}
        if operation in _RED_FREEZERS:
            return _RED_FREEZERS[operation](document, request_uid, tax_no)
        if operation == ISSUE:
            return issue.freeze(document, request_uid, tax_no, self.options)
        if operation == FIND:
            return query.freeze(request_uid, values.get("number", ""), tax_no)
        if operation == FILES:
            return files.freeze(
                values["number"], values["kind"], values.get("issued_at"), tax_no, self.options
            )
        if operation == LOGIN:
            return login.freeze(
                values["method"], values.get("code"), values.get("pin"), values.get("qr_id"), tax_no
            )
        if operation == FACE_QR:
            return account.freeze_face_qr(values.get("app", "tax"), tax_no)
        if operation in (CREDIT, FACE_STATE):
            return {"nsrsbh": tax_no}
        raise ValueError(f"票单云 has no operation {operation!r}")

    def send(self, operation, payload):
        """Make the call. A refused token is renewed once and the call repeated: it wasn't read.
        An order isn't repeated here: its caller asks about it first.

        Raises as :mod:`..base` says; NotSent also where the renewed token is refused too.
        """
        token = self._tokens.current()
        self._begin(operation)
        raw = self._call(operation, payload, token)
        if not is_token_refused(raw):
            return raw
        if operation in ORDERS:
            self._tokens.forget(token)
            return raw
        raw = self._call(operation, payload, self._tokens.renewed(token))
        if is_token_refused(raw):
            raise _refused_again(raw)
        return raw

    def read(self, operation, raw):
        """Return what ``raw`` means; FILES gives bytes, ``FileAddresses`` or ``NotFound``."""
        reader = {
            ISSUE: issue.read,
            FIND: query.read,
            FILES: files.read,
            CREDIT: account.read_credit,
            LOGIN: login.read,
            FACE_STATE: account.read_face_needed,
            FACE_QR: account.read_face_qr,
            RED_CHECK: red_check.read,
            RED_APPLY: red_form.read_application,
            RED_STATE: red_form.read_question,
            RED_ISSUE: red_issue.read,
        }[operation]
        try:
            return reader(raw)
        except TokenExpired as error:
            raise TokenRefused(error.text, error.code, error.http_status) from error
        except OutcomeUnknown as error:
            raise classified(error, self.config.classified) from None

    def is_ready(self):
        return not self._tokens.is_due()

    def prepare(self):
        """Fetch a token if there is none that is good; raises NotSent, RateLimited or LoginRequired."""
        self._tokens.current()

    def test(self):
        """Fetch a fresh token, nothing more; raises NotSent, RateLimited or LoginRequired."""
        self._tokens.fresh()

    def find(self, request_uid="", number=""):
        """Return ``Issued``, ``Pending`` or ``NotFound``; a ``number`` is asked for rather than an id."""
        payload = self.freeze(FIND, {"number": number}, request_uid)
        return query.check_asked(self.ask(FIND, payload), request_uid, number)

    def check_red(self, order):
        """Return the ``RedCheck`` or ``NotFound``; raise OutcomeUnknown if it is about another fapiao."""
        check = super().check_red(order)
        if not isinstance(check, NotFound) and check.number not in ("", order.blue_number):
            raise OutcomeUnknown("The cloud answered with another fapiao", "other_number")
        return check

    def find_red(self, blue_number):
        """Return the red fapiao whose number the blue one carries; ``NotFound`` if it carries none."""
        blue = self.find(number=blue_number)
        number = blue.reversed_by if isinstance(blue, Issued) else ""
        return self.find(number=number) if number else NotFound("", "none_named")

    def file(self, number, kind, issued_at=None):
        """Return the bytes of a file, or ``NotFound`` while there is none.

        Where the cloud doesn't hand out the file itself, it is fetched from the address it names.
        """
        if kind not in ("pdf", "ofd", "xml"):
            raise ValueError(f"{kind!r} is no kind of file")
        found = self._file(number, kind, issued_at)
        if isinstance(found, bytes) and files.is_kind(found, kind):
            return found
        if isinstance(found, NotFound) and found.code != "200":
            return found
        if not isinstance(found, FileAddresses):
            found = self._file(number, "addresses", issued_at)
        if not isinstance(found, FileAddresses) or not getattr(found, kind):
            return found if isinstance(found, NotFound) else NotFound("", "no_address")
        self._begin(DOWNLOAD)
        content = self._transport.download(getattr(found, kind))
        if not files.is_kind(content, kind):
            raise OutcomeUnknown(f"What lies at the address is no {kind.upper()}", "unreadable_file")
        return content

    def credit_line(self):
        return self.ask(CREDIT, self.freeze(CREDIT, None))

    def login(self, method, code="", pin="", qr_id=""):
        """Take one step of a log-in and return where it stands; see :mod:`.login`."""
        step = {"method": method, "code": code, "pin": pin, "qr_id": qr_id}
        payload = self.freeze(LOGIN, step)
        raw = self.send(LOGIN, payload)
        return login.read(raw, payload)

    def face_needed(self):
        return self.ask(FACE_STATE, self.freeze(FACE_STATE, None))

    def face_qr(self, app="tax"):
        return self.ask(FACE_QR, self.freeze(FACE_QR, {"app": app}))

    def _file(self, number, kind, issued_at):
        """Return what the cloud has for a file; ``NotFound`` 200 where it is there but unreadable."""
        values = {"number": number, "kind": kind, "issued_at": issued_at}
        payload = self.freeze(FILES, values)
        raw = self.send(FILES, payload)
        try:
            return self.read(FILES, raw)
        except OutcomeUnknown as error:
            if error.code == "unreadable_file" and kind != "addresses":
                return NotFound(error.text, "200")
            raise

    def _call(self, operation, payload, token):
        form = {"username": self.config.username, **payload}
        if operation == LOGIN:
            form["password"] = self.config.secrets.get("tax_password") or ""
        headers = {self.options.token_header: self.options.token_prefix + token}
        if operation == FACE_QR:
            return self._transport.get(_PATHS[operation], params=form, headers=headers)
        fresh = operation in EFFECTS
        return self._transport.post_form(_PATHS[operation], form, headers=headers, fresh=fresh)


def _refused_again(raw):
    """Return the error of a token that the cloud handed out itself and doesn't accept."""
    try:
        envelope = opened(raw)
    except TokenExpired as error:
        return NotSent(error.text, error.code, error.http_status)
    except LoginRequired as error:
        return error
    return NotSent(envelope.text, envelope.code, envelope.status)
