"""The expense assistant (发票助手): pages in which people tick fapiao, messages of what they ticked, and
what is told back of the document.

Part of the contract of :mod:`.base`. Source: docs/protocols/kingdee-assistant.md#calls.
"""

from dataclasses import dataclass, field
from decimal import Decimal

# Kinds of document (billType)
EXPENSE, TRAVEL, PURCHASE, PAYMENT = "", "Tra", "Pur", "BizOut"
# Pages: what each opens is its number in the table of docs/protocols/kingdee-assistant.md#pages
PICK_PAGE, LINE_EDIT_PAGE, LINE_PAGE = "pick", "line_edit", "line"  # 4, 5, 6
DOCUMENT_PAGE, SHOW_PAGE, EDIT_PAGE = "document", "show", "edit"  # 7, 8, 9
# What became of the document (expenseStatus)
UNUSED, SUBMITTED, APPROVED, BOOKED = "1", "30", "60", "65"
# Messages
SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE = "saveBill", "saveEntrys", "updateInvoice"


@dataclass(frozen=True)
class Visit:
    """Who opens a page for what, as the user key is asked for (3).

    ``key`` names the document for good, ``number`` is what people call it. ``rules``: five characters, 1
    allows: claimed already, other title, other tax number, verification failed, personal.
    """

    user: str
    key: str
    number: str = ""
    kind: str = EXPENSE
    company: str = ""
    tax_no: str = ""
    rules: str = "00000"
    random: str = ""
    line: str = ""  # branch_id
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    """What a person did in a page. It names tickets; what they say is fetched with them.

    ``kind``: SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE or the cloud's own word. ``serials``: all tickets of
    the document now. ``renamed``: pairs of old and new serial number; old "" where it isn't told.
    """

    id: str
    kind: str
    key: str = ""
    number: str = ""
    user: str = ""
    serials: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    raw: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TicketState:
    """A ticket as the assistant has it, beside the neutral fapiao: its claims and checks.

    ``claim``: expenseStatus as the cloud says it; ``verified`` None where not told. ``warnings``: plain
    English templates of what the cloud found (title, tax number, …).
    """

    serial_no: str
    claim: str = ""
    claimed_by: str = ""
    verified: bool | None = None
    is_personal: bool = False
    warnings: tuple[str, ...] = ()
    image_address: str = ""


@dataclass(frozen=True)
class Ticket:
    """``fapiao`` is an ``inbound.InboundFapiao``."""

    fapiao: object
    state: TicketState
    raw: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class DocumentReport:
    """What is told of a document, for every call with an effect; each uses what it needs.

    ``lines``: pairs of line id and serial numbers; ``costs``: line id, code and name of its kind of cost.
    ``status``: UNUSED, SUBMITTED, …. ``rules``: as in :class:`Visit`, "" for the cloud's own.
    ``taken``: dicts ``serial_no, entry_amount (Decimal), deductible (bool), reason``. ``cover``: base64.
    """

    user: str
    key: str
    number: str = ""
    kind: str = EXPENSE
    user_key: str = ""
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status: str = ""
    taken: tuple = ()
    line: str = ""
    cover: str = field(default="", repr=False)
    cover_type: str = ""
    cover_number: str = ""
    rules: str = ""
    costs: tuple[tuple[str, str, str], ...] = ()


# Voucher words (凭证字)
GENERAL, RECEIPT_WORD, PAYMENT_WORD, TRANSFER = "记", "收", "付", "转"


@dataclass(frozen=True)
class VoucherLine:
    """A line of a voucher. ``debit``, ``credit``: in the company's currency; ``amount``: the same in ``currency``,
    without sign; ``rate``: units of the company's currency for one of ``currency``.

    ``quantity``, ``unit``, ``price`` (of a unit, in ``currency``): of goods. ``due``: yyyy-MM-dd. ``partner``: whom
    an open item is with. ``dimensions``: pairs of kind and value, the analytic ones.
    """

    number: int
    account_code: str
    account_name: str
    text: str
    debit: Decimal
    credit: Decimal
    currency: str = "CNY"
    amount: Decimal | None = None
    rate: Decimal | None = None
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    due: str = ""
    partner: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class VoucherReport:
    """An accounting voucher for the documents ``keys`` and tickets ``serials`` (20), or its end (21).

    ``date``: of the books, ``business_date``: of the document (both yyyy-MM-dd, the latter "" for the same).
    ``kind``: its word. ``maker``, ``examiner``, ``reviewer``: who made, posted and checked it. ``chart``: name of the
    chart of accounts. ``cash_items``: names of the cash-flow items, and ``cash_amount`` what they come to.
    """

    id: str
    number: str
    date: str = ""
    business_date: str = ""
    period: str = ""  # yyyyMM
    kind: str = ""
    company: str = ""
    company_code: str = ""
    tax_no: str = ""
    chart: str = ""
    currency: str = ""
    maker: str = ""
    examiner: str = ""
    reviewer: str = ""
    attachments: int | None = None
    cash_items: tuple[str, ...] = ()
    cash_amount: Decimal | None = None
    keys: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    lines: tuple[VoucherLine, ...] = ()
    taken: tuple = ()


@dataclass(frozen=True)
class Told:
    """The cloud has taken a report."""

    text: str = ""
