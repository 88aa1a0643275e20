"""金蝶发票云: billing requests, reversals and received fapiao, behind the contract of :mod:`..base`.

A bill is pushed and becomes one or several fapiao later, at once or when a person in the cloud says so;
what became of it is asked by its number. Source: docs/protocols/kingdee-billing.md#addresses.
"""

from dataclasses import dataclass, replace

from ...rules.amounts import CENT
from ...rules.red_document import RedCheck
from .. import base, client
from ..base import Bill, NotFound
from ..client import Call
from ..errors import LoginRequired
from . import billing, callback, inbound, marking, query, red, words
from .assistant import Assistant
from .auth import Tokens
from .envelope import RequestIds, opened, wrapped
from .meaning import is_token_text, is_unread

_SYSTEM_LENGTH = 10  # characters of a business system
BILLING_PATH = "/kapi/app/sim/openApi"
INBOUND_PATH = "/kapi/app/rim/deduction"
# One fapiao by its number or its own serial number: docs/protocols/kingdee-billing.md#query
FIND_ONE = "ALLE.INVOICE.QUERY"
# With their interface codes, all [docs]
_CALLS = {
    base.ISSUE: Call("BILL.PUSH", billing.freeze, billing.read),
    base.WITHDRAW: Call("BILL.WITHDRAW", billing.freeze_withdrawal, billing.read_withdrawal),
    base.FIND: Call("BILL.INVOICE.QUERY", query.freeze, query.read),
    base.RED_APPLY: Call("REDCONFIRMBILL.APPLY", red.freeze_application, red.read_application),
    base.RED_STATE: Call("ALLE.REDCONFIRMBILL.QUERY", red.freeze_question, red.read_question),
    base.RED_LIST: Call("ALLE.REDCONFIRMBILL.QUERY", red.freeze_list, red.read_list),
    base.RED_WITHDRAW: Call("REDCONFIRMBILL.REVOKE", red.freeze_withdrawal, red.read_withdrawal),
    base.RED_ISSUE: Call("ALLE.INVOICE.RED", red.freeze_issue, red.read_issue),
    base.BUREAU_LOGIN: Call("taxLogin", inbound.freeze_login, inbound.read_login),
    base.PULL_START: Call("invoiceDown", inbound.freeze_start, inbound.read_start),
    base.PULL_PAGE: Call("invoiceDownQuery", inbound.freeze_page, inbound.read_page),
    base.BOOK: Call("invoiceRecorded", marking.freeze_booking, marking.read_order),
    base.BOOK_STATE: Call("invoiceRecordedQuery", marking.freeze_question, marking.read_question),
    base.SELECT: Call("invoiceSelect", marking.freeze_selection, marking.read_order),
    base.SELECT_STATE: Call("invoiceSelectQuery", marking.freeze_question, marking.read_question),
}


@dataclass(frozen=True)
class Options(client.Options):
    """The settings of an account; its one secret is ``app_secret``."""

    app_key: str = ""
    tenant_code: str = ""
    datacenter: str = ""  # accountId (数据中心)
    cloud_user: str = ""
    user_type: str = "UserName"
    business_system: str = ""
    org_code: str = ""
    auto_invoice: bool = True  # issue at once; else the bill waits in the cloud for a person
    auto_merge: bool = False
    gross_total: bool = False  # assumption: totalAmount excludes tax as includeTaxFlag 0 says [docs]
    full_interface: str = ""  # interfaceCode of full pulls, with lines; no paper names it
    language: str = "zh_CN"

    @classmethod
    def of(cls, config):
        options = super().of(config)
        return options if options.cloud_user else replace(options, cloud_user=config.username)

    @property
    def checked_system(self):
        """Return the business system; raise LoginRequired where it is missing or too long to be one."""
        if not 0 < len(self.business_system) <= _SYSTEM_LENGTH:
            raise LoginRequired("业务系统编码", code="no_business_system", need="credentials")
        return self.business_system


class Kingdee(client.Cloud):
    """One 金蝶发票云 account."""

    provider = "kingdee"
    identity = ("app_key", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system")
    secrets = {"app_secret": "app_key"}
    username = "cloud_user"
    settings = (*identity, "auto_invoice", "gross_total", "token_lifetime", "full_interface")
    setting_lengths = {"business_system": _SYSTEM_LENGTH}
    parts = {base.ASSISTANT_PART: Assistant.provider}
    callbacks = callback
    discount_tax_tolerance = CENT
    capabilities = frozenset(_CALLS)
    features = frozenset({base.PARTIAL_RED, base.MERGES})

    refusals, login_words, technical_words = words.OWN, words.LOGIN_TEXTS, words.TECHNICAL
    options_of, tokens_of, calls = Options, Tokens, _CALLS
    opened, _is_unread, is_about_token = map(staticmethod, (opened, is_unread, is_token_text))

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self._request_ids = RequestIds()
        if self.options.full_interface:
            self.features |= {base.PULL_FULL}

    def freeze(self, operation, document, request_uid=""):
        """Return the payload of ``operation``; a bill bears the day on which it is frozen (billDate)."""
        payload = super().freeze(operation, document, request_uid)
        if operation != base.ISSUE or not self.config.today:
            return payload
        return [{"billNo": bill["billNo"], "billDate": self.config.today.isoformat(), **bill} for bill in payload]

    def send(self, operation, payload):
        """Make the call; repeated, it is a new envelope around the same ``data``. Raises as :mod:`..base` says.

        Of an answer about red forms only the one that was asked for is handed on, see
        :func:`.red.narrowed`.
        """
        raw = self._sent(operation, lambda token: self._call(operation, payload, token))
        return red.narrowed(raw, payload) if operation == base.RED_STATE else raw

    def find(self, request_uid="", number=""):
        """Return the ``Bill`` of an id, or the ``Issued`` or ``Pending`` of a ``number``; ``NotFound``."""
        found = super().find(request_uid, number)
        if number and isinstance(found, Bill):
            return next((one for one in found.fapiao if one.number == number), NotFound(found.text))
        return found

    def check_red(self, order):
        """Return a ``RedCheck`` that allows and knows nothing: there is no such call, the bureau says no
        when the form is applied for.
        """
        return RedCheck(allowed=True, number=order.blue_number)

    def bureau_session(self):
        """Return the ``BureauSession``; raises as ``send`` and ``read`` do."""
        return self.ask(base.BUREAU_LOGIN, self.freeze(base.BUREAU_LOGIN, None))

    def start_pull(self, window):
        """Begin a ``PullWindow`` and return its ``PullTask``.

        It has an effect and no journal here: models go through the engine, with ``freeze``, ``send`` and
        ``read``.
        """
        return self.read(base.PULL_START, self.send(base.PULL_START, self.freeze(base.PULL_START, window)))

    def pull_page(self, task_no, page, page_size=inbound.PAGE_SIZE):
        """Return the ``PullPage`` of a task; pages count from 1."""
        asked = {"task_no": task_no, "page": page, "page_size": page_size}
        return self.ask(base.PULL_PAGE, self.freeze(base.PULL_PAGE, asked))

    def _call(self, operation, payload, token):
        code, data = self.calls[operation].address, payload
        if operation == base.FIND and "invoiceNum" in payload:
            # with this key, be it empty, the question is about one fapiao, without it about a bill
            code = FIND_ONE
        elif operation == base.PULL_START and "interfaceCode" in payload:
            # a full pull was frozen with its interface
            code, data = payload["interfaceCode"], payload["data"]
        return self._transport.post_json(
            INBOUND_PATH if operation in base.INBOUND else BILLING_PATH,
            wrapped(code, data, self.options.checked_system, self._request_ids.next()),
            # the vendor's pages show both places
            headers={"access_token": token},
            params={"access_token": token},
            fresh=operation in base.EFFECTS,
        )
