"""票单云: the calls of the basic edition, and those that reverse, behind the contract of :mod:`..base`.

Source: docs/protocols/piaodanyun.md#calls.
"""

import re
from dataclasses import dataclass

from ...rules.document import DIGITAL, DIGITAL_PAPER
from ...rules.limits import BY_LOGIN, DIRECT, LOGIN, Length, Lengths
from .. import base, client
from ..base import FileAddresses, Issued, NotFound
from ..client import Call
from ..errors import LoginRequired, OutcomeUnknown
from ..files import as_kind
from . import account, codes, elements, issue, query, red, words
from .auth import Tokens
from .meaning import is_token_refused, opened

_INVOKE = "/qdjk/fullExteriorInvoke/"
_CALLS = {
    base.ISSUE: Call(_INVOKE + "blueTicket", issue.freeze, issue.read),
    base.FIND: Call(_INVOKE + "invoiceQueryMx", query.freeze, query.read),
    base.FILES: Call(_INVOKE + "getInvoicePdfOfd", query.freeze_files, query.read_files),
    base.LOGIN: Call(_INVOKE + "loginDppt", account.freeze_login, account.read_login),
    base.FACE_QR: Call(_INVOKE + "getFaceImg", account.freeze_face_qr, account.read_face_qr),
    base.CREDIT: Call("/qdjk/allElectricInvoice/getCreditLine", account.freeze_plain, account.read_credit),
    base.FACE_STATE: Call("/qdjk/fullApplets/queryFaceAuthState", account.freeze_plain, account.read_face_needed),
    base.RED_CHECK: Call(_INVOKE + "retInviceMsg", red.freeze_check, red.read_check),
    base.RED_APPLY: Call(_INVOKE + "hzxxbsq", red.freeze_application, red.read_application),
    base.RED_STATE: Call(_INVOKE + "hzxxbsq", red.freeze_question, red.read_question),
    base.RED_ISSUE: Call(_INVOKE + "hzfpkj", red.freeze_issue, red.read_issue),
}


@dataclass(frozen=True)
class Options(client.Options):
    """The settings of an account that the protocol leaves open; all but ``tenant_number`` rest on assumptions.

    Secrets are ``phone`` and ``password`` (of the cloud), ``tax_password`` (of the tax bureau);
    ``Config.username`` is the bureau account.
    """

    tenant_number: int | None = None  # 企业租户ID; asked for by obtainToken
    token_path: str = "/obtainToken"
    token_body: str = "json"  # "json" as the paper shows it, or "form"; the other is tried on a 20000
    token_header: str = "Authorization"
    token_prefix: str = ""  # for example "Bearer "
    add_seal: bool = False  # addSeal: the cloud's own default is without
    confirm_buyer: bool = True  # issue even if the bureau knows no such buyer (gfxxConfirm left out)
    check_person: bool = False  # spflxConfirm: let the bureau check a natural person
    # zpFppzDm, the bureau's kind of the sheet; [family] names 1130, 1160 for special, 04, 05 for ordinary ones
    paper_kind_special: str = "1130"
    paper_kind_ordinary: str = "04"
    partial_red: bool = False  # bfch of hzxxbsq [family]: the paper's edition reverses in full only
    side_as_list: bool = True  # sqyy of retInviceMsg as an array, as the paper's table has it; else one plain key

    @staticmethod
    def _read(field, value):
        # a prefix may end with a space
        return value if field.name == "token_prefix" else client.Options._read(field, value)

    @property
    def tenant_id(self):
        """Return the tenant as the integer the cloud wants; raise LoginRequired if it isn't one.

        Zero counts as missing: that is what an unset integer field holds.
        """
        text = str(self.tenant_number or "").strip()
        if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text):
            raise LoginRequired("企业租户ID", code="no_tenant", need="credentials")
        return int(text)


class Piaodanyun(client.Cloud):
    """One 票单云 account."""

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
        "paper_kind_special",
        "paper_kind_ordinary",
        "side_as_list",
        "partial_red",
    )
    types = codes.TYPES
    elements = elements.TERMS
    paper_number_required = True
    reversible = frozenset({DIGITAL, DIGITAL_PAPER})
    lengths = {LOGIN: BY_LOGIN, DIRECT: Lengths(remark=Length(255))}
    shows_bank = True
    seller_contact_required = True
    capabilities = frozenset(_CALLS)
    features = frozenset({base.BUYER_RED, base.RED_APPLY_FINDS})  # no form is withdrawn

    refusals, login_words = words.OWN, words.LOGIN_TEXTS
    options_of, tokens_of, calls = Options, Tokens, _CALLS
    opened, is_about_token = staticmethod(opened), staticmethod(is_token_refused)

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        if self.options.partial_red:
            self.features |= {base.PARTIAL_RED}

    def send(self, operation, payload):
        """Make the call. Raises as :mod:`..base` says; NotSent also where the renewed token is refused too."""
        return self._sent(operation, lambda token: self._call(operation, payload, token))

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
        if isinstance(found, bytes) and (content := as_kind(found, kind)):
            return content
        if isinstance(found, NotFound) and found.code != "200":
            return found
        if not isinstance(found, FileAddresses):
            found = self._file(number, "addresses", issued_at)
        if not isinstance(found, FileAddresses) or not getattr(found, kind):
            return found if isinstance(found, NotFound) else NotFound("", "no_address")
        return self.file_at(getattr(found, kind), kind)

    def login(self, method, code="", pin="", qr_id=""):
        """Take one step of a log-in and return where it stands; see :mod:`.account`."""
        payload = self.freeze(base.LOGIN, {"method": method, "code": code, "pin": pin, "qr_id": qr_id})
        return account.read_login(self.send(base.LOGIN, payload), payload)

    def _file(self, number, kind, issued_at):
        """Return what the cloud has for a file; ``NotFound`` 200 where it is there but unreadable."""
        asked = {"number": number, "kind": kind, "issued_at": issued_at}
        try:
            return self.ask(base.FILES, self.freeze(base.FILES, asked))
        except OutcomeUnknown as error:
            if error.code == "unreadable_file" and kind != "addresses":
                return NotFound(error.text, "200")
            raise

    def _call(self, operation, payload, token):
        form = {"username": self.config.username, **payload}
        if operation == base.LOGIN:
            form["password"] = self.config.secrets.get("tax_password") or ""
        headers = {self.options.token_header: self.options.token_prefix + token}
        path = self.calls[operation].address
        if operation == base.FACE_QR:
            return self._transport.get(path, params=form, headers=headers)
        return self._transport.post_form(path, form, headers=headers, fresh=operation in base.EFFECTS)
