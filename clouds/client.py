"""The contract every invoice cloud fulfils (see :mod:`.base`), and what its clients share: settings, connections, a
token that is renewed once, calls, files by address.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

from ..rules.amounts import LINE_TAX_TOLERANCE
from ..rules.differential import DIFFERENTIAL
from ..rules.document import DIGITAL, ORDINARY, SPECIAL
from ..rules.elements import Terms
from ..rules.limits import BY_LOGIN, DIRECT, LOGIN, Lengths
from ..rules.problems import _
from ..rules.red_document import RedCheck, RedOrder
from . import base
from .addresses import is_path
from .base import Bill, Config, Issued, NotFound, TokenSlot
from .errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, TokenExpired, TokenRefused
from .files import as_kind
from .reply import classified
from .tokens import utc_now
from .transport import Transport

RED_PAGES = 10  # of forms that one look asks for


@dataclass(frozen=True)
class Options:
    """The settings of an account, with their defaults; they come in as ``Config.options``.

    A subclass adds those of its cloud. ``token_lifetime``: seconds, where the cloud names no end.
    """

    token_lifetime: int = 7200

    @classmethod
    def of(cls, config):
        """Return the options of a ``Config``; unknown keys are ignored, empty ones keep the default.

        An empty switch is off: that is how an unset box is handed on.
        """
        values = {}
        for field in fields(cls):
            value = (config.options or {}).get(field.name)
            if field.type is bool and value is not None:
                values[field.name] = bool(value)
            elif value not in (None, "") and value is not False:
                values[field.name] = cls._read(field, value)
        return cls(**values)

    @staticmethod
    def _read(field, value):
        if field.type is int:
            return int(value)
        return str(value).strip()


class Call(NamedTuple):
    """An operation: where it is called, ``freeze(document, request_uid, tax_no, options)``, ``read(raw)``."""

    address: str
    freeze: Callable
    read: Callable


class Cloud(ABC):
    """One account at one cloud, for the length of a batch. Safe to share between threads."""

    provider: str = ""
    # Settings of an account by their names there: which of them say who it is at this cloud, each secret with
    # the one it belongs to, whom ``Config.username`` names, and what goes into ``Config.options``
    identity: tuple[str, ...] = ()
    secrets: dict[str, str] = {}
    username = ""
    settings: tuple[str, ...] = ()
    setting_lengths: dict[str, int] = {}  # of settings that are shorter than their field
    path_settings: tuple[str, ...] = ()  # settings that are paths behind the base address
    # Parts of an account that speak to another address, each with the provider of the client that does
    parts: dict[str, str] = {}
    # Reads what the cloud pushes (``parse``) and says what it wants to hear (``answer``); None: it pushes nothing
    callbacks = None
    # What one fapiao may carry, see ``rules.limits``
    lengths: dict[str, Lengths] = {LOGIN: BY_LOGIN, DIRECT: Lengths()}  # by channel to the bureau
    bureau_channel = LOGIN  # of an account that doesn't say
    shows_bank = False
    seller_contact_required = False
    discount_tax_tolerance = LINE_TAX_TOLERANCE
    # The ways of levying the tax it can state (Draft.levy), and the setting that adds the differential ones
    levies: frozenset[str] = frozenset({"0", "1", *DIFFERENTIAL})
    differential_setting = ""
    # The kinds of fapiao that it issues, with its own code for each; whether one on paper has to name its sheet
    types: dict[tuple[str, str], str] = {(SPECIAL, DIGITAL): "", (ORDINARY, DIGITAL): ""}
    paper_number_required = False
    # The special elements that it issues, each with its terms (``rules.elements.Terms``)
    elements: dict[str, Terms] = {}
    # The forms of which it can reverse a fapiao; others are reversed in its portal
    reversible: frozenset[str] = frozenset({DIGITAL})
    capabilities: frozenset[str] = frozenset()  # operations
    features: frozenset[str] = frozenset()  # of FEATURES
    # What only this cloud says: rows of :mod:`.refusals`, and ``(message, fix, pattern, codes)`` for :mod:`.words`
    refusals: tuple = ()
    login_words: tuple = ()
    technical_words: tuple = ()
    before_call = None  # called with the channel before each call, may raise ``RateLimited``

    options_of = tokens_of = None  # classes of the settings and of the token
    calls: dict[str, Call] = {}  # by operation
    opened = None  # function that returns the ``Reply`` in a ``RawAnswer``
    is_about_token = None  # function that tells whether a ``Reply`` says that the token isn't accepted
    kinds = ("pdf", "ofd", "xml", "image")  # of files

    def __init__(self, config: Config, slot: TokenSlot, now=utc_now):
        self.config, self.slot = config, slot
        self.options = self.options_of.of(config)
        self._now = now
        self._transport = Transport(config)
        self._tokens = self.tokens_of(config, self.options, slot, self._transport, now)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Give back the connections."""
        self._transport.close()

    @classmethod
    def problem_with(cls, name, value):
        """Return what is wrong with the ``value`` of setting ``name`` in plain English, "" if nothing."""
        if name in cls.path_settings and value and not is_path(value):
            return _("A path begins with / and has only letters, digits and . _ ~ - between its slashes.")
        return ""

    def is_ready(self):
        """Return whether the token at hand is good for a call, as far as its lifetime tells."""
        return not self._tokens.is_due()

    def prepare(self):
        """Fetch a token if :meth:`is_ready` says no; raises as ``send`` does before a call."""
        self._tokens.current()

    def test(self):
        """Fetch a fresh token, nothing more; raises as ``send`` does."""
        self._tokens.fresh()

    def freeze(self, operation, document, request_uid=""):
        """Return the JSON-able payload of ``operation``; pure.

        ``document``: a ``Draft`` for ISSUE, a ``RedOrder`` for those in RED, a dict of ``request_uids`` and
        ``organisation`` for WITHDRAW (or the ids, or without any ``request_uid`` alone), a ``PullWindow`` for
        PULL_START, a ``MarkOrder`` for BOOK and SELECT; for the others a dict of what the client's method of that name
        takes, or None.
        """
        if operation not in self.calls:
            raise ValueError(f"{self.provider} has no operation {operation!r}")
        return self.calls[operation].freeze(document, request_uid, self.config.tax_no, self.options)

    @abstractmethod
    def send(self, operation, payload):
        """Make the call and return a :class:`RawAnswer`. A refused token is renewed once, inside."""

    def read(self, operation, raw):
        """Return what ``raw`` means: ``Issued``, ``Pending``, ``NotFound``, ``CreditLine``, ….

        For ISSUE, RED_ISSUE: ``Issued`` or ``Pending``. For FIND: also ``NotFound``. RED_CHECK:
        ``RedCheck``, or ``NotFound`` where the bureau doesn't show the fapiao yet (up to two hours after
        issue). RED_APPLY, RED_WITHDRAW: ``RedForm``; applying raises ``NotYet`` where RED_CHECK would be
        ``NotFound``. RED_STATE: ``RedForm`` or ``NotFound``; RED_LIST: ``RedForms``. WITHDRAW: ``Withdrawn``.
        Where orders are split, ISSUE (if it names fapiao) and FIND by id: ``Bill``.
        """
        try:
            return self.calls[operation].read(raw)
        except TokenExpired as error:
            raise error.to(TokenRefused) from error
        except OutcomeUnknown as error:
            raise classified(error, self.config.classified) from None

    def channel(self, operation):
        """Return the channel whose pace a call of ``operation`` spends; in doubt it reaches the bureau."""
        return base.PAGES if operation in base.STORED else base.BUREAU

    def _begin(self, operation):
        """Let a call of ``operation`` be counted; it is about to be made."""
        if self.before_call:
            self.before_call(self.channel(operation))

    def can(self, what):
        """Return whether the cloud has an operation or a feature; buttons follow it."""
        return what in self.capabilities or what in self.features

    def ask(self, operation, payload):
        """Send and read a call *without* effect in one go."""
        if operation in base.EFFECTS:
            raise ValueError(f"{operation} has an effect: it goes through the engine")
        return self.read(operation, self.send(operation, payload))

    def find(self, request_uid="", number="", code=""):
        """Return ``Issued``, ``Pending`` or ``NotFound`` for an id or a number; ``Bill`` as :meth:`read`.

        ``code``: that of a fapiao which is known by code and number together; a cloud that can't be asked by them
        looks for it under the id of its order.

        Raises OutcomeUnknown if the cloud answers with another fapiao or order than the one asked for.
        """
        found = self.ask(base.FIND, self.freeze(base.FIND, {"number": number}, request_uid))
        if number and isinstance(found, Issued) and found.number != number:
            raise OutcomeUnknown("The cloud answered with another fapiao", "other_number")
        if not number and isinstance(found, (Issued, Bill)) and found.request_uid not in ("", request_uid):
            raise OutcomeUnknown("The cloud answered with another order", "other_serial")
        return found

    def file(self, number, kind, issued_at=None):
        """Return the bytes of the ``pdf``, ``ofd`` or ``xml`` of a fapiao, or ``NotFound``: also where files lie at
        addresses that come with the fapiao, see :meth:`file_at`.
        """
        return NotFound("", "no_address")

    def file_at(self, address, kind):
        """Return the bytes of the ``kind`` of file at ``address``, ``NotFound`` without an address.

        Raises NotSent, or OutcomeUnknown where something else lies there.
        """
        self._check_kind(kind)
        if not address:
            return NotFound("", "no_address")
        self._begin(base.DOWNLOAD)
        content = as_kind(self._transport.download(address), kind)
        if content is None:
            raise OutcomeUnknown(f"What lies at the address is no {kind.upper()}", "unreadable_file")
        return content

    def _check_kind(self, kind):
        if kind not in self.kinds:
            raise ValueError(f"{kind!r} is no kind of file")

    # ValueError where the cloud has nothing of the kind: the caller hasn't asked can()

    def credit_line(self):
        """Return the :class:`CreditLine`."""
        return self.ask(base.CREDIT, self.freeze(base.CREDIT, None))

    def login(self, method, code="", pin="", qr_id=""):
        """Take one step of a log-in; ``method``: sms, cert, soft_cert, face_qr, app_qr."""
        return self.ask(
            base.LOGIN, self.freeze(base.LOGIN, {"method": method, "code": code, "pin": pin, "qr_id": qr_id})
        )

    def face_needed(self):
        """Return whether the bureau asks for face authentication now; ``None`` if it didn't say."""
        return self.ask(base.FACE_STATE, self.freeze(base.FACE_STATE, None))

    def face_qr(self, app="tax"):
        """Return a :class:`FaceQr`; ``app``: ``tax`` or ``income``."""
        return self.ask(base.FACE_QR, self.freeze(base.FACE_QR, {"app": app}))

    def check_red(self, order: RedOrder) -> RedCheck | NotFound:
        """Ask whether a fapiao may be reversed; no effect. Raises ``LoginRequired`` and the like."""
        return self.ask(base.RED_CHECK, self.freeze(base.RED_CHECK, order, ""))

    def red_forms(self, side, first, last):
        """Return the ``RedForm`` entered from day ``first`` to ``last`` of which we are the ``side``, SELLER or BUYER.

        Pages are asked for until all are there or one brings nothing new; no effect. Raises as ``send`` and ``read``.
        """
        found = {}
        for page in range(1, RED_PAGES + 1):
            asked = {"side": side, "first": first, "last": last, "page": page}
            said = self.ask(base.RED_LIST, self.freeze(base.RED_LIST, asked))
            fresh = {form.number: form for form in said.forms if form.number not in found}
            found |= fresh
            if not fresh or said.total is None or len(found) >= said.total:
                break
        return tuple(found.values())

    def find_red(self, blue_number) -> Issued | NotFound:
        """Return the red fapiao that reversed a blue one; ``NotFound`` if none is named."""
        return NotFound("", "not_asked")

    def _sent(self, operation, call):
        """Return ``call(token)``. Where the cloud turned it away unread, the token is renewed once and the call
        made again; an order isn't: its caller asks about it first.
        """
        token = self._tokens.current()
        self._begin(operation)
        raw = call(token)
        if not self._is_unread(raw):
            return raw
        if operation in base.ORDERS:
            self._tokens.forget(token)
            return raw
        raw = call(self._tokens.renewed(token))
        if self._is_unread(raw):
            raise self._refused_again(raw)
        return raw

    def _is_unread(self, raw):
        """Return whether the cloud turned a call away because of its token, without reading it."""
        try:
            return self.is_about_token(self.opened(raw))
        except TokenExpired:
            return True
        except CloudError:
            return False

    def _refused_again(self, raw):
        """Return the error of a token that the cloud handed out itself and doesn't accept."""
        try:
            reply = self.opened(raw)
        except CloudError as error:
            return error.to(NotSent) if isinstance(error, TokenExpired) else error
        return reply.error(NotSent) if self.is_about_token(reply) else reply.error(LoginRequired, need="permission")
