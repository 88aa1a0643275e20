"""The operations of an invoice cloud and the values that cross the contract (:class:`.client.Cloud`).

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

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from ..rules.red_document import BUYER_RED, PARTIAL_RED

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
RED_LIST = "red_list"  # the forms of a period, whoever applied for them
RED_ISSUE = "red_issue"  # issue the red fapiao
RED_WITHDRAW = "red_withdraw"  # withdraw the form
WITHDRAW = "withdraw"  # take back orders that nothing was issued for
BUREAU_LOGIN = "bureau_login"  # how the cloud is logged in at the bureau, for what is received
PULL_START = "pull_start"  # begin to fetch what was received
PULL_PAGE = "pull_page"  # a page of it
POOL_PAGE = "pool_page"  # a page of what the cloud has collected before
DOCUMENT_FILES = "document_files"  # the fapiao and files of a document at the cloud
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
INBOUND = frozenset(
    {BUREAU_LOGIN, PULL_START, PULL_PAGE, POOL_PAGE, DOCUMENT_FILES, BOOK, BOOK_STATE, SELECT, SELECT_STATE}
)
RED = frozenset({RED_CHECK, RED_APPLY, RED_STATE, RED_LIST, RED_ISSUE, RED_WITHDRAW})

# Features: how far an operation goes. RED_APPLY_FINDS: applying looks first and answers with a form
# already applied for, so that a lost answer is settled by sending the same frozen order again (except
# one with ``is_anew``: that is settled by RED_STATE of the form before it).
# PULL_FULL: fapiao can be pulled with their lines. POOL_QUERY: the cloud is asked for what it has collected.
RED_APPLY_FINDS = "red_apply_finds"
PULL_FULL = "pull_full"
POOL_QUERY = "pool_query"
MERGES = "merges"  # several orders of one buyer may come to one fapiao
FEATURES = frozenset({PARTIAL_RED, BUYER_RED, RED_APPLY_FINDS, PULL_FULL, POOL_QUERY, MERGES})

# Channels: the calls of one share a pace, see :meth:`.client.Cloud.channel`
BUREAU = "bureau"  # what reaches the tax bureau
PAGES = "pages"  # what the cloud answers from its own store
ASSISTANT_CHANNEL = "assistant"  # what the assistant is told
ASSISTANT_PAGES = "assistant_pages"  # what the assistant is asked
STORED = frozenset({PULL_PAGE, POOL_PAGE, DOCUMENT_FILES, DOWNLOAD})


def part_of(operation):
    """Return the part of the account that an operation belongs to, "" for the account itself."""
    return ASSISTANT_PART if operation in ASSISTANT else ""


@dataclass(frozen=True)
class Config:
    """What a client needs to know of an account; ``secrets`` never appear in ``repr`` or a log.

    Times in seconds: to connect, between two pieces of an answer, and from the connection to the
    answer's last byte (``total_timeout``). ``classified``: what an administrator says that texts mean, see
    :func:`.reply.classified`. ``is_sandbox``: private networks may be called, which nothing else has business in.
    ``today``: the day in China, for what a cloud wants dated: freezing doesn't look at the clock.
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
    today: date | None = None

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
class Particulars:
    """What a query says of a fapiao beside what identifies it; "" or None where the cloud says nothing.

    Addresses are printed as "address phone", banks as "bank account". ``levy``: as ``Draft.levy``. ``elements``: of a
    special kind of business, pairs of name and value in the order of printing. ``reversal_mark``, ``booking_mark``: the
    cloud's own codes, whose meaning no document gives: never decided by. ``code``, ``original_code``: 发票代码, of a
    paper fapiao and of the one reversed. ``paper_number``: of a digital fapiao printed on paper.
    """

    remark: str = ""
    drawer: str = ""
    payee: str = ""
    reviewer: str = ""
    buyer_address: str = ""
    buyer_bank: str = ""
    buyer_mobile: str = ""
    buyer_email: str = ""
    seller_address: str = ""
    seller_bank: str = ""
    levy: str = ""
    deduction: Decimal | None = None
    small_scale_reason: str = ""
    main_item: str = ""
    has_list: bool = False
    discount: Decimal | None = None
    discount_tax: Decimal | None = None
    element: str = ""
    elements: tuple[tuple[str, str], ...] = ()
    red_form_number: str = ""
    reversal_mark: str = ""
    booking_mark: str = ""
    voided_at: datetime | None = None
    voided_by: str = ""
    void_reason: str = ""
    code: str = ""
    original_code: str = ""
    is_paper: bool = False
    paper_number: str = ""


@dataclass(frozen=True)
class LineDetail:
    """What a query says of a line beside what is printed on it; in the order of ``Issued.lines``.

    ``number``: its place on the fapiao. ``document``: the sales document it was issued for. ``item_code``: the seller's
    own code of the goods.
    """

    number: int | None = None
    document: str = ""
    item_code: str = ""
    is_privileged: bool = False


@dataclass(frozen=True)
class Issued:
    """A fapiao that exists. Only what the cloud said is set; ``issued_at`` is aware (Asia/Shanghai).

    ``status``: ``normal``, ``partly_red``, ``red``, ``void``, or "" where the cloud's word for it isn't
    known (it is in ``raw``). ``reversed_by``: the red fapiao that reversed it; ``files``: where its files
    lie; both where the cloud names them here. ``form``: what it is made of (``rules.document.FORMS``), "" where the
    cloud doesn't say. ``code`` and ``short_number``: of one that has a code; unless it is digital as well, both
    together are its ``number``.
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
    lines: tuple = ()
    raw: dict = field(default_factory=dict, repr=False)
    check_code: str = ""
    files: "FileAddresses | None" = None
    particulars: Particulars = Particulars()
    line_details: tuple[LineDetail, ...] = ()
    form: str = ""
    code: str = ""
    short_number: str = ""


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
class RedForms:
    """A page of red forms (``RedForm``); ``total``: how many there are on all pages, ``None`` if not said."""

    forms: tuple = ()
    total: int | None = None


@dataclass(frozen=True)
class CreditLine:
    """授信额度 of the month, in yuan without tax; ``None`` where the cloud didn't say.

    ``count``, ``amount``, ``tax``: number, amount without tax and tax of what was issued this month.
    ``left_today``: what a limit of the day leaves; ``is_low``: whether the cloud itself warns. ``valid_from``,
    ``valid_to``: first and last day of the line.
    """

    total: Decimal | None
    left: Decimal | None
    used: Decimal | None = None
    count: int | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    left_today: Decimal | None = None
    is_low: bool | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class FileAddresses:
    """Where the files of a fapiao can be fetched; empty where the cloud named none. ``image``: a picture of it."""

    pdf: str = ""
    ofd: str = ""
    xml: str = ""
    image: str = ""


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
    """A face-authentication code: ``text`` is what to draw."""

    auth_id: str
    text: str
