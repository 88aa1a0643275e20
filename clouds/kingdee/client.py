"""金蝶发票云: billing requests, reversals and received fapiao, behind the contract of :mod:`..base`.

A bill is pushed and becomes one or several fapiao later, at once or when a person in the cloud says so;
what became of it is asked by its number. Source: seed 001; shared/protocols/kingdee-cloud.md.
"""

from ...rules.red_document import RedCheck
from ..base import (
    BOOK,
    BOOK_STATE,
    BUREAU_LOGIN,
    DOWNLOAD,
    EFFECTS,
    FIND,
    ISSUE,
    ORDERS,
    PARTIAL_RED,
    PULL_PAGE,
    PULL_START,
    RED_APPLY,
    RED_ISSUE,
    RED_STATE,
    RED_WITHDRAW,
    SELECT,
    SELECT_STATE,
    WITHDRAW,
    Bill,
    NotFound,
    SessionlessCloud,
)
from ..classified import classified
from ..errors import OutcomeUnknown, TokenExpired, TokenRefused

# What the beginning of a PDF, OFD or XML looks like is the same at every cloud
from ..piaodanyun.files import is_kind
from ..transport import Transport
from . import billing, inbound, marking, query, red, red_forms
from .auth import Tokens, refused_again, utc_now
from .envelope import RequestIds, wrapped
from .interfaces import CODES, data_of, interface, path
from .meaning import is_unread
from .options import Options

_RED_FREEZERS = {
    RED_APPLY: red.freeze_application,
    RED_STATE: red.freeze_question,
    RED_WITHDRAW: red.freeze_withdrawal,
    RED_ISSUE: red.freeze_issue,
}
_INBOUND_FREEZERS = {
    BUREAU_LOGIN: inbound.freeze_login,
    PULL_START: inbound.freeze_start,
    PULL_PAGE: inbound.freeze_page,
    BOOK: marking.freeze_booking,
    BOOK_STATE: marking.freeze_question,
    SELECT: marking.freeze_selection,
    SELECT_STATE: marking.freeze_question,
}
_READERS = {
    ISSUE: billing.read,
    WITHDRAW: billing.read_withdrawal,
    FIND: query.read,
    RED_APPLY: red.read_application,
    RED_STATE: red.read_question,
    RED_WITHDRAW: red.read_withdrawal,
    RED_ISSUE: red.read_issue,
    BUREAU_LOGIN: inbound.read_login,
    PULL_START: inbound.read_start,
    PULL_PAGE: inbound.read_page,
    BOOK: marking.read_order,
    BOOK_STATE: marking.read_question,
    SELECT: marking.read_order,
    SELECT_STATE: marking.read_question,
}


class Kingdee(SessionlessCloud):
    """One 金蝶发票云 account; settings are described in :class:`.options.Options`."""

    provider = "kingdee"
    identity = ("app_id", "tenant_id", "account_id", "user", "user_type", "business_system")
    secrets = {"app_secret": "app_id"}
    username = "user"
    settings = (*identity, "auto_invoice", "gross_total", "token_lifetime", "full_interface")
    capabilities = frozenset(CODES)
    features = frozenset({PARTIAL_RED})

    def __init__(self, config, slot, now=utc_now):
        super().__init__(config, slot)
        self.options = Options.of(config)
        self._transport = Transport(config)
        self._tokens = Tokens(config, self.options, slot, self._transport, now)
        self._request_ids = RequestIds()

    def close(self):
        self._transport.close()

    def freeze(self, operation, document, request_uid=""):
        """Return the ``data`` of ``operation``, not yet in base64; pure, without credentials.

        ``document``: a ``Draft`` for ISSUE, a ``RedOrder`` for RED_…, a list of bill numbers for WITHDRAW
        (without one, ``request_uid`` alone), for FIND None or a dict as :func:`.query.freeze` takes. For
        BUREAU_LOGIN None, PULL_START a ``PullWindow``, PULL_PAGE a dict of ``task_no, page, page_size``, BOOK
        and SELECT a ``MarkOrder``, BOOK_STATE and SELECT_STATE as :func:`.marking.freeze_question`.
        """
        tax_no = self.config.tax_no
        if operation in _INBOUND_FREEZERS:
            return _INBOUND_FREEZERS[operation](document, tax_no, self.options)
        if operation in _RED_FREEZERS:
            return _RED_FREEZERS[operation](document, request_uid, tax_no)
        if operation == ISSUE:
            return billing.freeze(document, request_uid, tax_no, self.options)
        if operation == WITHDRAW:
            return billing.freeze_withdrawal(document or [request_uid], tax_no, self.options)
        if operation == FIND:
            return query.freeze(request_uid, document or {}, tax_no)
        raise ValueError(f"金蝶发票云 has no operation {operation!r}")

    def send(self, operation, payload):
        """Make the call. Where the cloud turned it away unread, the token is renewed once and the call
        repeated, as a new envelope around the same ``data``. An order isn't repeated here: its caller asks
        about it first.

        Of an answer about red forms only the one that was asked for is handed on, see
        :func:`.red_forms.narrowed`. Raises as :mod:`..base` says.
        """
        token = self._tokens.current()
        self._begin(operation)
        raw = self._call(operation, payload, token)
        if is_unread(raw):
            if operation in ORDERS:
                self._tokens.forget(token)
                return raw
            raw = self._call(operation, payload, self._tokens.renewed(token))
            if is_unread(raw):
                raise refused_again(raw)
        return red_forms.narrowed(raw, payload) if operation == RED_STATE else raw

    def read(self, operation, raw):
        """Return what ``raw`` means; see :class:`..base.Cloud`."""
        try:
            return _READERS[operation](raw)
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
        """Return the ``Bill`` of an id, or the ``Issued`` or ``Pending`` of a ``number``; ``NotFound``."""
        payload = self.freeze(FIND, {"number": number}, request_uid)
        found = query.check_asked(self.ask(FIND, payload), request_uid, number)
        if number and isinstance(found, Bill):
            return next((one for one in found.fapiao if one.number == number), NotFound(found.text))
        return found

    def file(self, number, kind, issued_at=None):
        """Return ``NotFound``: files lie at the addresses that come with a fapiao, see :meth:`file_at`."""
        return NotFound("", "no_address")

    def file_at(self, address, kind):
        """Return the bytes of the ``kind`` of file at ``address``, ``NotFound`` without an address.

        Raises NotSent, or OutcomeUnknown where something else lies there.
        """
        if kind not in ("pdf", "ofd", "xml"):
            raise ValueError(f"{kind!r} is no kind of file")
        if not address:
            return NotFound("", "no_address")
        self._begin(DOWNLOAD)
        content = self._transport.download(address)
        if not is_kind(content, kind):
            raise OutcomeUnknown(f"What lies at the address is no {kind.upper()}", "unreadable_file")
        return content

    def check_red(self, order):
        """Return a ``RedCheck`` that allows and knows nothing: there is no such call, the bureau says no
        when the form is applied for.
        """
        return RedCheck(allowed=True, number=order.blue_number)

    @property
    def can_pull_full(self):
        """Whether fapiao can be pulled with their lines: the account names the interface for it."""
        return bool(self.options.full_interface)

    def bureau_session(self):
        """Return the ``BureauSession``; raises as ``send`` and ``read`` do."""
        return self.ask(BUREAU_LOGIN, self.freeze(BUREAU_LOGIN, None))

    def start_pull(self, window):
        """Begin a ``PullWindow`` and return its ``PullTask``.

        It has an effect and no journal here: models go through the engine, with ``freeze``, ``send`` and
        ``read``.
        """
        return self.read(PULL_START, self.send(PULL_START, self.freeze(PULL_START, window)))

    def pull_page(self, task_no, page, page_size=inbound.PAGE_SIZE):
        """Return the ``PullPage`` of a task; pages count from 1."""
        asked = {"task_no": task_no, "page": page, "page_size": page_size}
        return self.ask(PULL_PAGE, self.freeze(PULL_PAGE, asked))

    def _call(self, operation, payload, token):
        code = interface(operation, payload)
        data = data_of(operation, payload)
        body = wrapped(code, data, self.options.checked_system, self._request_ids.next())
        return self._transport.post_json(
            path(operation),
            body,
            # the vendor's pages show both places
            headers={"access_token": token},
            params={"access_token": token},
            fresh=operation in EFFECTS,
        )
