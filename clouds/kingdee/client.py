"""金蝶发票云: billing requests, reversals and received fapiao, behind the contract of :mod:`..base`.

A bill is pushed and becomes one or several fapiao later, at once or when a person in the cloud says so;
what became of it is asked by its number. Source: docs/protocols/kingdee-billing.md#addresses.
"""

from dataclasses import dataclass, replace

from ...rules.amounts import CENT
from ...rules.red_document import RedCheck
from .. import base, client
from ..addresses import is_path
from ..base import Bill, NotFound
from ..client import Call
from ..errors import LoginRequired, NotSent
from . import billing, callback, codes, elements, inbound, marking, pool, query, red, words
from .assistant import Assistant
from .auth import APP_TOKEN_PATH, LOGIN_PATH, Tokens
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
    base.POOL_PAGE: Call("", pool.freeze, inbound.read_page),
    base.DOCUMENT_FILES: Call("", pool.freeze_document, pool.read_document),
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
    auto_merge: bool = False  # the cloud may put several bills of one buyer on one fapiao
    priority: str = ""
    goods_codes: bool = False  # goodsCode: the seller's code of the goods, which the cloud may look up in its own list
    line_notes: bool = False  # remark of a line
    element_codes: str = elements.BILL  # assumption: specialType of a bill is from the family of the queries
    differential_bills: bool = False  # assumption: a bill has the keys of a direct fapiao for differential taxation
    gross_total: bool = False  # assumption: totalAmount excludes tax as includeTaxFlag 0 says [docs]
    full_interface: str = ""  # interfaceCode of full pulls, with lines; no paper names it
    pull_at_once: bool = False  # asyncFlag 0: the answer to a pull holds what was found
    app_token_path: str = APP_TOKEN_PATH
    login_path: str = LOGIN_PATH
    # assumption: the query of the pool, which no paper names; without a path there is none
    pool_path: str = ""
    pool_interface: str = ""  # interfaceCode, or messageType
    pool_style: str = pool.ENVELOPE
    pool_keys: str = ""  # see pool.keys_of
    pool_from_zero: bool = False  # the first page is 0

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

    @property
    def has_pool(self):
        """Return whether the account says how the pool is asked; a plain call needs no code."""
        return bool(self.pool_path and (self.pool_interface or self.pool_style == pool.PLAIN))


class Kingdee(client.Cloud):
    """One 金蝶发票云 account."""

    provider = "kingdee"
    identity = ("app_key", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system")
    secrets = {"app_secret": "app_key"}
    username = "cloud_user"
    settings = (
        *identity,
        *("auto_invoice", "auto_merge", "org_code", "priority", "goods_codes", "line_notes", "element_codes"),
        *("differential_bills", "gross_total", "token_lifetime", "app_token_path", "login_path"),
        *("full_interface", "pull_at_once"),
        *("pool_path", "pool_interface", "pool_style", "pool_keys", "pool_from_zero"),
    )
    path_settings = ("app_token_path", "login_path", "pool_path")
    setting_lengths = {"business_system": _SYSTEM_LENGTH}
    types = codes.TYPES
    elements = elements.TERMS
    parts = {base.ASSISTANT_PART: Assistant.provider}
    callbacks = callback
    lengths = codes.LENGTHS
    discount_tax_tolerance = CENT
    levies = frozenset({codes.ORDINARY_LEVY})
    differential_setting = "differential_bills"
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
        if self.options.has_pool:
            self.features |= {base.POOL_QUERY}

    @classmethod
    def problem_with(cls, name, value):
        return pool.problem_with_keys(value) if name == "pool_keys" else super().problem_with(name, value)

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

    def find(self, request_uid="", number="", code=""):
        """Return the ``Bill`` of an id, or the ``Issued`` or ``Pending`` of a ``number``; ``NotFound``.

        The call for one fapiao is for digital ones: one with a ``code`` is looked for on the bill of ``request_uid``.
        """
        if code and not request_uid:
            return NotFound("", "not_asked")
        found = super().find(request_uid, "" if code else number)
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

    def pool_page(self, window, page, page_size=inbound.PAGE_SIZE):
        """Return the ``PullPage`` of what the cloud has collected before and a ``PullWindow`` names; without the
        fapiao of other buyers. Pages count from 1.
        """
        if not self.can(base.POOL_QUERY):
            raise ValueError("The account doesn't say how the pool is asked")
        asked = {"window": window, "page": page, "page_size": page_size}
        return pool.own(self.ask(base.POOL_PAGE, self.freeze(base.POOL_PAGE, asked)), self.config.tax_no)

    def document_files(self, kind, key):
        """Return the ``DocumentFiles`` of a document that the cloud knows by ``kind`` and ``key``."""
        asked = {"kind": kind, "key": key}
        return self.ask(base.DOCUMENT_FILES, self.freeze(base.DOCUMENT_FILES, asked))

    def _call(self, operation, payload, token):
        if operation in (base.POOL_PAGE, base.DOCUMENT_FILES):
            return self._post(*self._question(operation, payload), token)
        code, data = self.calls[operation].address, payload
        if operation == base.FIND and "invoiceNum" in payload:
            # with this key, be it empty, the question is about one fapiao, without it about a bill
            code = FIND_ONE
        elif operation == base.PULL_START and "interfaceCode" in payload:
            # a full pull was frozen with its interface
            code, data = payload["interfaceCode"], payload["data"]
        path = INBOUND_PATH if operation in base.INBOUND else BILLING_PATH
        body = wrapped(code, data, self.options.checked_system, self._request_ids.next())
        return self._post(path, body, token, fresh=operation in base.EFFECTS)

    def _question(self, operation, payload):
        """Return path and body of a call whose ``data`` may travel without the envelope."""
        options = self.options
        if operation == base.DOCUMENT_FILES:
            return pool.DOCUMENT_PATH, payload
        if not is_path(options.pool_path):
            raise NotSent("The path of the pool must begin with /", code="bad_address")
        number = self._request_ids.next()
        if options.pool_style == pool.MESSAGE:
            return options.pool_path, {"messageType": options.pool_interface, "messageId": number, "data": payload}
        if options.pool_style == pool.PLAIN:
            return options.pool_path, payload
        return options.pool_path, wrapped(options.pool_interface, payload, options.checked_system, number)

    def _post(self, path, body, token, fresh=False):
        # the vendor's pages show both places of the token
        return self._transport.post_json(
            path, body, headers={"access_token": token}, params={"access_token": token}, fresh=fresh
        )
