"""金蝶发票云: billing requests, reversals and received fapiao, behind the contract of :mod:`..base`.

A bill is pushed and becomes one or several fapiao later, at once or when a person in the cloud says so;
what became of it is asked by its number. Source: docs/protocols/kingdee-billing.md#addresses.
"""

from ...rules.amounts import CENT
from ...rules.red_document import RedCheck
from .. import base
from ..base import Bill, NotFound
from ..client import Client
from . import billing, callback, inbound, marking, query, red, red_forms, words
from .assistant import Assistant
from .auth import Tokens, refused_again
from .envelope import RequestIds, wrapped
from .interfaces import CODES, data_of, interface, path
from .meaning import is_unread
from .options import SYSTEM_LENGTH, Options

_RED_FREEZERS = {
    base.RED_APPLY: red.freeze_application,
    base.RED_STATE: red.freeze_question,
    base.RED_WITHDRAW: red.freeze_withdrawal,
    base.RED_ISSUE: red.freeze_issue,
}
_INBOUND_FREEZERS = {
    base.BUREAU_LOGIN: inbound.freeze_login,
    base.PULL_START: inbound.freeze_start,
    base.PULL_PAGE: inbound.freeze_page,
    base.BOOK: marking.freeze_booking,
    base.BOOK_STATE: marking.freeze_question,
    base.SELECT: marking.freeze_selection,
    base.SELECT_STATE: marking.freeze_question,
}
_READERS = {
    base.ISSUE: billing.read,
    base.WITHDRAW: billing.read_withdrawal,
    base.FIND: query.read,
    base.RED_APPLY: red.read_application,
    base.RED_STATE: red.read_question,
    base.RED_WITHDRAW: red.read_withdrawal,
    base.RED_ISSUE: red.read_issue,
    base.BUREAU_LOGIN: inbound.read_login,
    base.PULL_START: inbound.read_start,
    base.PULL_PAGE: inbound.read_page,
    base.BOOK: marking.read_order,
    base.BOOK_STATE: marking.read_question,
    base.SELECT: marking.read_order,
    base.SELECT_STATE: marking.read_question,
}


class Kingdee(Client):
    """One 金蝶发票云 account; settings are described in :class:`.options.Options`."""

    provider = "kingdee"
    identity = ("app_key", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system")
    secrets = {"app_secret": "app_key"}
    username = "cloud_user"
    settings = (*identity, "auto_invoice", "gross_total", "token_lifetime", "full_interface")
    setting_lengths = {"business_system": SYSTEM_LENGTH}
    parts = {base.ASSISTANT_PART: Assistant.provider}
    callbacks = callback
    discount_tax_tolerance = CENT
    capabilities = frozenset(CODES)
    features = frozenset({base.PARTIAL_RED, base.MERGES})

    refusals, login_words, technical_words = words.OWN, words.LOGIN_TEXTS, words.TECHNICAL
    options_of, tokens_of, readers = Options, Tokens, _READERS
    _is_unread, _refused_again = staticmethod(is_unread), staticmethod(refused_again)

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self._request_ids = RequestIds()
        if self.options.full_interface:
            self.features |= {base.PULL_FULL}

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
        if operation == base.ISSUE:
            return billing.freeze(document, request_uid, tax_no, self.options)
        if operation == base.WITHDRAW:
            return billing.freeze_withdrawal(document or [request_uid], tax_no, self.options)
        if operation == base.FIND:
            return query.freeze(request_uid, document or {}, tax_no)
        raise ValueError(f"金蝶发票云 has no operation {operation!r}")

    def send(self, operation, payload):
        """Make the call; repeated, it is a new envelope around the same ``data``. Raises as :mod:`..base` says.

        Of an answer about red forms only the one that was asked for is handed on, see
        :func:`.red_forms.narrowed`.
        """
        raw = self._sent(operation, lambda token: self._call(operation, payload, token))
        return red_forms.narrowed(raw, payload) if operation == base.RED_STATE else raw

    def find(self, request_uid="", number=""):
        """Return the ``Bill`` of an id, or the ``Issued`` or ``Pending`` of a ``number``; ``NotFound``."""
        payload = self.freeze(base.FIND, {"number": number}, request_uid)
        found = query.check_asked(self.ask(base.FIND, payload), request_uid, number)
        if number and isinstance(found, Bill):
            return next((one for one in found.fapiao if one.number == number), NotFound(found.text))
        return found

    def file(self, number, kind, issued_at=None):
        """Return ``NotFound``: files lie at the addresses that come with a fapiao, see :meth:`file_at`."""
        return NotFound("", "no_address")

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
        code = interface(operation, payload)
        data = data_of(operation, payload)
        body = wrapped(code, data, self.options.checked_system, self._request_ids.next())
        return self._transport.post_json(
            path(operation),
            body,
            # the vendor's pages show both places
            headers={"access_token": token},
            params={"access_token": token},
            fresh=operation in base.EFFECTS,
        )
