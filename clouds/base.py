"""The contract every invoice cloud fulfils, and the values that cross it.

A call with an effect is cut in three, so that the engine can commit between the cuts:

``freeze(operation, …)``  pure: put a document into the cloud's words; what is frozen is what is sent.
``send(operation, payload)``  the network and nothing else: returns a :class:`RawAnswer`.
``read(operation, raw)``  pure: the meaning of an answer. Reading the stored answer again gives the
same meaning, so a crash after the answer loses nothing.

``send`` raises ``NotSent``, ``RateLimited``, ``LoginRequired`` (credentials) or ``OutcomeUnknown``;
``read`` raises ``Rejected``, ``LoginRequired``, ``RateLimited``, ``NotYet`` or ``OutcomeUnknown``.
An order is ``Rejected`` only where a row of :mod:`.refusals` fits the answer, or an administrator says so.
See docs/architecture.md#transactions, #layers.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..rules.amounts import LINE_TAX_TOLERANCE
from ..rules.red_document import BUYER_RED, PARTIAL_RED, RedCheck, RedOrder

# Operations. Those in EFFECTS change something at the cloud and go through the engine only.
ISSUE = "issue"
FIND = "find"
FILES = "files"
CREDIT = "credit"
LOGIN = "login"
FACE_STATE = "face_state"
FACE_QR = "face_qr"
RED_CHECK = "red_check"  # may this fapiao be reversed?
RED_APPLY = "red_apply"  # apply for the red form (红字确认单)
RED_STATE = "red_state"  # how a form known to exist stands
RED_ISSUE = "red_issue"  # issue the red fapiao
RED_WITHDRAW = "red_withdraw"  # withdraw the form
WITHDRAW = "withdraw"  # take back orders that nothing was issued for
BUREAU_LOGIN = "bureau_login"  # how the cloud is logged in at the bureau, for what is received
PULL_START = "pull_start"  # begin to fetch what was received
PULL_PAGE = "pull_page"  # a page of it
BOOK = "book"  # mark as booked (入账), or take it back
BOOK_STATE = "book_state"
SELECT = "select"  # select for deduction (勾选), or take it back
SELECT_STATE = "select_state"
RELATE = "relate"  # which tickets lie on which line of a document, before a page opens (13)
SAVE_DOCUMENT = "save_document"  # with its cover (14)
TELL_STATUS = "tell_status"  # of a document's tickets (15)
DROP_LINE = "drop_line"  # (16)
DROP_DOCUMENT = "drop_document"  # (17)
TELL_VOUCHER = "tell_voucher"  # (20)
DROP_VOUCHER = "drop_voucher"  # (21)
DOWNLOAD = "download"  # a file at an address that the cloud has named
RECEIPT = "receipt"  # a message was taken and isn't to come again (11)
ASSISTANT = frozenset(
    {RELATE, SAVE_DOCUMENT, TELL_STATUS, DROP_LINE, DROP_DOCUMENT, TELL_VOUCHER, DROP_VOUCHER, RECEIPT}
)
# The part of an account that speaks to another address, with credentials and a token of its own
ASSISTANT_PART = "assistant"
# What a fapiao or a red form comes of. ``send`` makes such a call once, even where the cloud says that it wasn't
# read: an answer can mislead, and the engine asks before it repeats one.
ORDERS = frozenset({ISSUE, RED_APPLY, RED_ISSUE})
EFFECTS = ASSISTANT | {ISSUE, WITHDRAW, RED_APPLY, RED_ISSUE, RED_WITHDRAW, PULL_START, BOOK, SELECT}
INBOUND = frozenset({BUREAU_LOGIN, PULL_START, PULL_PAGE, BOOK, BOOK_STATE, SELECT, SELECT_STATE})
RED = frozenset({RED_CHECK, RED_APPLY, RED_STATE, RED_ISSUE, RED_WITHDRAW})

# Features: how far an operation goes. RED_APPLY_FINDS: applying looks first and answers with a form
# already applied for, so that a lost answer is settled by sending the same frozen order again (except
# one with ``is_anew``: that is settled by RED_STATE of the form before it).
# PULL_FULL: fapiao can be pulled with their lines.
RED_APPLY_FINDS = "red_apply_finds"
PULL_FULL = "pull_full"
MERGES = "merges"  # several orders of one buyer may come to one fapiao
FEATURES = frozenset({PARTIAL_RED, BUYER_RED, RED_APPLY_FINDS, PULL_FULL, MERGES})

# Channels: the calls of one share a pace, see :meth:`Cloud.channel`
BUREAU = "bureau"  # what reaches the tax bureau
PAGES = "pages"  # what the cloud answers from its own store
ASSISTANT_CHANNEL = "assistant"  # what the assistant is told
ASSISTANT_PAGES = "assistant_pages"  # what the assistant is asked
STORED = frozenset({PULL_PAGE, DOWNLOAD})


def part_of(operation):
    """Return the part of the account that an operation belongs to, "" for the account itself."""
    return ASSISTANT_PART if operation in ASSISTANT else ""


@dataclass(frozen=True)
class Config:
    """What a client needs to know of an account; ``secrets`` never appear in ``repr`` or a log.

    Times in seconds: to connect, between two pieces of an answer, and from the connection to the
    answer's last byte (``total_timeout``). ``classified``: what an administrator says that texts mean, see
    :mod:`.classified`. ``is_sandbox``: private networks may be called, which nothing else has business in.
    """

    provider: str
    base_url: str
    tax_no: str
    username: str = ""
    secrets: dict = field(default_factory=dict, repr=False)
    options: dict = field(default_factory=dict)
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    calls_at_once: int = 4
    total_timeout: float = 60.0
    classified: tuple = ()
    is_sandbox: bool = False

    @property
    def longest_send(self):
        """Return the most seconds one ``send`` can take: two tokens (each tried in two forms) and
        the call twice. A lease on a request must outlast it.
        """
        return 6 * (self.connect_timeout + self.total_timeout)

    @property
    def start_window(self):
        """Return the seconds from a claim in which its calls may start: three rounds of ordinary calls."""
        return 3 * self.total_timeout

    @property
    def lease(self):
        """Return the seconds after which a claimed call counts as lost: one that starts at the very end of the
        window has come to its end by then."""
        return self.start_window + self.longest_send

    @property
    def calls_that_fit(self):
        """Return how many calls can start within the window, each taking as long as an answer may take."""
        return self.calls_at_once * 4


@dataclass
class TokenSlot:
    """The token shared by all calls of a client; ``changed`` tells the engine to store it.

    ``expires_at`` is an aware UTC datetime.
    """

    token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    changed: bool = False


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came: HTTP status, body text, content type; nothing of it interpreted."""

    status: int
    text: str
    content_type: str = ""


@dataclass(frozen=True)
class Issued:
    """A fapiao that exists. Only what the cloud said is set; ``issued_at`` is aware (Asia/Shanghai).

    ``status``: ``normal``, ``partly_red``, ``red``, ``void``, or "" where the cloud's word for it isn't
    known (it is in ``raw``). ``reversed_by``: the red fapiao that reversed it; ``files``: where its files
    lie; both where the cloud names them here.
    """

    number: str
    issued_at: datetime | None = None
    type: str = ""
    color: str = "blue"
    status: str = ""
    seller_name: str | None = None
    seller_tax_no: str | None = None
    buyer_name: str | None = None
    buyer_tax_no: str | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    request_uid: str = ""
    original_number: str = ""
    reversed_by: str = ""
    red_form_number: str = ""
    lines: tuple = ()
    raw: dict = field(default_factory=dict, repr=False)
    check_code: str = ""
    files: "FileAddresses | None" = None


@dataclass(frozen=True)
class Pending:
    """The cloud has taken the order and the result comes later."""

    text: str = ""


@dataclass(frozen=True)
class NotFound:
    """The cloud knows no fapiao under this id. Believe it only after the grace period."""

    text: str = ""
    code: str = ""


# What a cloud answers that takes orders into a queue of its own, splits and merges them.
# Source: docs/protocols/kingdee-billing.md#billing-request, #withdrawal.


@dataclass(frozen=True)
class Bill:
    """An order as it lies at the cloud; ``fapiao`` are the ``Issued`` that it has become so far.

    ``state``: ``waiting`` (in the cloud's own queue, for a person there), ``issuing``, ``returned`` (sent
    back to us), or "" where the cloud doesn't say. ``is_complete``: the cloud lists at least one fapiao
    and nothing that isn't issued; whether the list is the whole order only its totals can tell.
    ``text``: what the cloud says about what isn't issued.
    """

    request_uid: str
    fapiao: tuple = ()
    is_complete: bool = False
    state: str = ""
    text: str = ""
    raw: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Withdrawn:
    """The cloud has taken back the orders that were asked, but for those ``refused``: pairs of id and
    text, the id "" where the cloud names none.
    """

    refused: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class CreditLine:
    """授信额度, in yuan without tax; ``None`` where the cloud didn't say."""

    total: Decimal | None
    left: Decimal | None
    used: Decimal | None = None
    count: int | None = None


@dataclass(frozen=True)
class FileAddresses:
    """Where the files of a fapiao can be fetched; empty where the cloud named none."""

    pdf: str = ""
    ofd: str = ""
    xml: str = ""


@dataclass(frozen=True)
class LoginStep:
    """Where a log-in to the tax bureau stands.

    ``state``: ``sms_sent``, ``qr`` (a code to scan), ``waiting``, ``done`` or ``expired``.
    ``qr_text`` is drawn by us; ``qr_png`` (base64) is a picture the cloud drew.
    """

    state: str
    qr_id: str = ""
    qr_text: str = ""
    qr_png: str = ""
    text: str = ""


@dataclass(frozen=True)
class FaceQr:
    """A face-authentication code: ``text`` is what to draw, ``source`` which app scans it."""

    auth_id: str
    text: str
    source: str = ""


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
    # Parts of an account that speak to another address, each with the provider of the client that does
    parts: dict[str, str] = {}
    # Reads what the cloud pushes (``parse``) and says what it wants to hear (``answer``); None: it pushes nothing
    callbacks = None
    # What one fapiao may carry, see ``rules.limits``
    remark_length = 450
    seller_contact_required = False
    discount_tax_tolerance = LINE_TAX_TOLERANCE
    capabilities: frozenset[str] = frozenset()  # operations
    features: frozenset[str] = frozenset()  # of FEATURES
    # What only this cloud says: rows of :mod:`.refusals`, and ``(message, fix, pattern, codes)`` for :mod:`.words`
    refusals: tuple = ()
    login_words: tuple = ()
    technical_words: tuple = ()
    before_call = None  # called with the channel before each call, may raise ``RateLimited``

    def __init__(self, config: Config, slot: TokenSlot):
        self.config = config
        self.slot = slot

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @abstractmethod
    def close(self):
        """Give back the connections."""

    @abstractmethod
    def freeze(self, operation, document, request_uid):
        """Return the JSON-able payload of ``operation``; pure.

        ``document``: a ``Draft`` for ISSUE, a ``RedOrder`` for those in RED, a list of ids for WITHDRAW.
        """

    @abstractmethod
    def send(self, operation, payload):
        """Make the call and return a :class:`RawAnswer`. A refused token is renewed once, inside."""

    @abstractmethod
    def read(self, operation, raw):
        """Return what ``raw`` means: ``Issued``, ``Pending``, ``NotFound``, ``CreditLine``, ….

        For ISSUE, RED_ISSUE: ``Issued`` or ``Pending``. For FIND: also ``NotFound``. RED_CHECK:
        ``RedCheck``, or ``NotFound`` where the bureau doesn't show the fapiao yet (up to two hours after
        issue). RED_APPLY, RED_WITHDRAW: ``RedForm``; applying raises ``NotYet`` where RED_CHECK would be
        ``NotFound``. RED_STATE: ``RedForm`` or ``NotFound``. WITHDRAW: ``Withdrawn``. Where orders are split,
        ISSUE (if it names fapiao) and FIND by id: ``Bill``.
        """

    def channel(self, operation):
        """Return the channel whose pace a call of ``operation`` spends; in doubt it reaches the bureau."""
        return PAGES if operation in STORED else BUREAU

    def _begin(self, operation):
        """Let a call of ``operation`` be counted; it is about to be made."""
        if self.before_call:
            self.before_call(self.channel(operation))

    def can(self, what):
        """Return whether the cloud has an operation or a feature; buttons follow it."""
        return what in self.capabilities or what in self.features

    def ask(self, operation, payload):
        """Send and read a call *without* effect in one go."""
        if operation in EFFECTS:
            raise ValueError(f"{operation} has an effect: it goes through the engine")
        return self.read(operation, self.send(operation, payload))

    @abstractmethod
    def is_ready(self):
        """Return whether the token at hand is good for a call, as far as its lifetime tells."""

    @abstractmethod
    def prepare(self):
        """Fetch a token if :meth:`is_ready` says no; raises as ``send`` does before a call."""

    @abstractmethod
    def test(self):
        """Fetch a fresh token, nothing more; raises as ``send`` does."""

    @abstractmethod
    def find(self, request_uid="", number=""):
        """Return ``Issued``, ``Pending`` or ``NotFound`` for an id or a number; ``Bill`` as :meth:`read`."""

    @abstractmethod
    def file(self, number, kind, issued_at):
        """Return the bytes of the ``pdf``, ``ofd`` or ``xml`` of a fapiao, or ``NotFound``."""

    def file_at(self, address, kind):
        """Return what :meth:`file` does, by an address of ``Issued.files``; ValueError where it can't."""
        raise ValueError(f"{self.provider} hands out files by number")

    # A cloud that keeps its session with the bureau itself, or has none, has nothing to log in to from here

    def credit_line(self):
        """Return the :class:`CreditLine`."""
        raise self._not_here("credit line")

    def login(self, method, code="", pin="", qr_id=""):
        """Take one step of a log-in; ``method``: sms, cert, soft_cert, face_qr, app_qr."""
        raise self._not_here("log-in")

    def face_needed(self):
        """Return whether the bureau asks for face authentication now; ``None`` if it didn't say."""
        raise self._not_here("face authentication")

    def face_qr(self, app="tax"):
        """Return a :class:`FaceQr`; ``app``: ``tax`` or ``income``."""
        raise self._not_here("face authentication")

    def _not_here(self, what):
        # the caller hasn't asked can()
        return ValueError(f"{self.provider} has no {what} to ask for")

    def check_red(self, order: RedOrder) -> RedCheck | NotFound:
        """Ask whether a fapiao may be reversed; no effect. Raises ``LoginRequired`` and the like."""
        return self.ask(RED_CHECK, self.freeze(RED_CHECK, order, ""))

    def find_red(self, blue_number) -> Issued | NotFound:
        """Return the red fapiao that reversed a blue one, by whomever; ``NotFound`` if none is named."""
        return NotFound("", "not_asked")
