"""票单云: the calls of the basic edition, and those that reverse, behind the contract of :mod:`..base`.

Source: docs/protocols/piaodanyun.md#calls.
"""

from .. import base
from ..base import FileAddresses, Issued, NotFound
from ..client import Client, is_kind
from ..errors import LoginRequired, NotSent, OutcomeUnknown, TokenExpired
from . import account, files, issue, login, query, red, words
from .auth import Tokens
from .meaning import is_token_refused, opened
from .options import Options

_INVOKE = "/qdjk/fullExteriorInvoke/"
_PATHS = {
    base.ISSUE: _INVOKE + "blueTicket",
    base.FIND: _INVOKE + "invoiceQueryMx",
    base.FILES: _INVOKE + "getInvoicePdfOfd",
    base.LOGIN: _INVOKE + "loginDppt",
    base.FACE_QR: _INVOKE + "getFaceImg",
    base.CREDIT: "/qdjk/allElectricInvoice/getCreditLine",
    base.FACE_STATE: "/qdjk/fullApplets/queryFaceAuthState",
    base.RED_CHECK: _INVOKE + "retInviceMsg",
    base.RED_APPLY: _INVOKE + "hzxxbsq",
    base.RED_STATE: _INVOKE + "hzxxbsq",
    base.RED_ISSUE: _INVOKE + "hzfpkj",
}
_RED_FREEZERS = {
    base.RED_CHECK: red.freeze_check,
    base.RED_APPLY: red.freeze_application,
    base.RED_STATE: red.freeze_question,
    base.RED_ISSUE: red.freeze_issue,
}
_READERS = {
    base.ISSUE: issue.read,
    base.FIND: query.read,
    base.FILES: files.read,
    base.CREDIT: account.read_credit,
    base.LOGIN: login.read,
    base.FACE_STATE: account.read_face_needed,
    base.FACE_QR: account.read_face_qr,
    base.RED_CHECK: red.read_check,
    base.RED_APPLY: red.read_application,
    base.RED_STATE: red.read_question,
    base.RED_ISSUE: red.read_issue,
}


class Piaodanyun(Client):
    """One 票单云 account; settings are described in :class:`.options.Options`."""

    provider = "piaodanyun"
    identity = ("phone", "tenant_number", "tax_username")
    secrets = {"phone": "phone", "password": "phone", "tax_password": "tax_username"}
    username = "tax_username"
    settings = (
        "tenant_number",
        "token_header",
        "token_prefix",
        "token_body",
        "token_lifetime",
        "add_seal",
        "confirm_buyer",
        "check_person",
    )
    remark_length = 255
    seller_contact_required = True
    capabilities = frozenset(_PATHS)
    features = frozenset({base.BUYER_RED, base.RED_APPLY_FINDS})  # in full only, and no form is withdrawn

    refusals, login_words = words.OWN, words.LOGIN_TEXTS
    options_of, tokens_of, readers = Options, Tokens, _READERS
    _is_unread = staticmethod(is_token_refused)

    def freeze(self, operation, document, request_uid=""):
        """Return the form of ``operation`` as a dict of strings; pure, without credentials.

        ``document``: a ``Draft`` for ISSUE, a ``RedOrder`` for RED_…; for the others a dict of what the
        method of that name takes (FIND ``{"number"}``, FILES ``{"number", "kind", "issued_at"}``,
        LOGIN ``{"method", "code", "pin", "qr_id"}``, FACE_QR ``{"app"}``) or None.
        """
        tax_no, values = self.config.tax_no, document or {}
        if operation in _RED_FREEZERS:
            return _RED_FREEZERS[operation](document, request_uid, tax_no)
        if operation == base.ISSUE:
            return issue.freeze(document, request_uid, tax_no, self.options)
        if operation == base.FIND:
            return query.freeze(request_uid, values.get("number", ""), tax_no)
        if operation == base.FILES:
            return files.freeze(values["number"], values["kind"], values.get("issued_at"), tax_no, self.options)
        if operation == base.LOGIN:
            return login.freeze(values["method"], values.get("code"), values.get("pin"), values.get("qr_id"), tax_no)
        if operation == base.FACE_QR:
            return account.freeze_face_qr(values.get("app", "tax"), tax_no)
        if operation in (base.CREDIT, base.FACE_STATE):
            return {"nsrsbh": tax_no}
        raise ValueError(f"票单云 has no operation {operation!r}")

    def send(self, operation, payload):
        """Make the call. Raises as :mod:`..base` says; NotSent also where the renewed token is refused too."""
        return self._sent(operation, lambda token: self._call(operation, payload, token))

    def find(self, request_uid="", number=""):
        """Return ``Issued``, ``Pending`` or ``NotFound``; a ``number`` is asked for rather than an id."""
        payload = self.freeze(base.FIND, {"number": number}, request_uid)
        return query.check_asked(self.ask(base.FIND, payload), request_uid, number)

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
        self._check_kind(kind)
        found = self._file(number, kind, issued_at)
        if isinstance(found, bytes) and is_kind(found, kind):
            return found
        if isinstance(found, NotFound) and found.code != "200":
            return found
        if not isinstance(found, FileAddresses):
            found = self._file(number, "addresses", issued_at)
        if not isinstance(found, FileAddresses) or not getattr(found, kind):
            return found if isinstance(found, NotFound) else NotFound("", "no_address")
        return self.file_at(getattr(found, kind), kind)

    def credit_line(self):
        return self.ask(base.CREDIT, self.freeze(base.CREDIT, None))

    def login(self, method, code="", pin="", qr_id=""):
        """Take one step of a log-in and return where it stands; see :mod:`.login`."""
        step = {"method": method, "code": code, "pin": pin, "qr_id": qr_id}
        payload = self.freeze(base.LOGIN, step)
        raw = self.send(base.LOGIN, payload)
        return login.read(raw, payload)

    def face_needed(self):
        return self.ask(base.FACE_STATE, self.freeze(base.FACE_STATE, None))

    def face_qr(self, app="tax"):
        return self.ask(base.FACE_QR, self.freeze(base.FACE_QR, {"app": app}))

    def _file(self, number, kind, issued_at):
        """Return what the cloud has for a file; ``NotFound`` 200 where it is there but unreadable."""
        values = {"number": number, "kind": kind, "issued_at": issued_at}
        payload = self.freeze(base.FILES, values)
        raw = self.send(base.FILES, payload)
        try:
            return self.read(base.FILES, raw)
        except OutcomeUnknown as error:
            if error.code == "unreadable_file" and kind != "addresses":
                return NotFound(error.text, "200")
            raise

    def _call(self, operation, payload, token):
        form = {"username": self.config.username, **payload}
        if operation == base.LOGIN:
            form["password"] = self.config.secrets.get("tax_password") or ""
        headers = {self.options.token_header: self.options.token_prefix + token}
        if operation == base.FACE_QR:
            return self._transport.get(_PATHS[operation], params=form, headers=headers)
        fresh = operation in base.EFFECTS
        return self._transport.post_form(_PATHS[operation], form, headers=headers, fresh=fresh)

    def _refused_again(self, raw):
        try:
            return opened(raw).error(NotSent)
        except TokenExpired as error:
            return error.to(NotSent)
        except LoginRequired as error:
            return error
