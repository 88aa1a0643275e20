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
# What a group puts together
COST, GOODS, PAYEE = "cost", "goods", "payee"
# Ways to add fapiao on the page to pick on (gridParam): all four; upload and phone; scanners
GRIDS = ("1111", "1100", "0011")


@dataclass(frozen=True)
class Visit:
    """Who opens a page for what, as the user key is asked for (3).

    ``key`` names the document for good, ``number`` is what people call it. ``rules``: five characters, 1
    allows: claimed already, other title, other tax number, verification failed, personal. ``attachments``: serial
    numbers of attachments that lie there already. ``buyer_account``, ``buyer_address``: ours, which the page compares
    with those on special fapiao; "" leaves them uncompared.
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
    attachments: tuple[str, ...] = ()
    buyer_account: str = ""
    buyer_address: str = ""


@dataclass(frozen=True)
class Group:
    """Tickets that a person put together in a page; "" and None where the message doesn't say.

    ``kind``: COST (a kind of cost), GOODS (goods of one supplier) or PAYEE (a payee with its account). ``amount`` is
    without tax except for GOODS, where the cloud doesn't say; ``tax`` and ``total`` are those of all its tickets.
    ``size``: how many tickets, of GOODS how many rows. Source: docs/protocols/kingdee-assistant.md#groups.
    """

    kind: str
    serials: tuple[str, ...] = ()
    cost_code: str = ""
    cost_name: str = ""
    payee_name: str = ""
    payee_tax_no: str = ""
    payee_address: str = ""
    payee_account: str = ""
    goods_name: str = ""
    goods_code: str = ""
    unit: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    size: int | None = None
    date: str = ""  # yyyy-MM-dd


@dataclass(frozen=True)
class Socket:
    """Where a browser hears over socket.io that there is a message (12): the server's ``origin`` and ``path``, the
    version of Engine.IO it speaks, what the connection is opened with, and the name of the event.

    It holds the link key, which the browser has from the page's address, and nothing else of the account.
    """

    origin: str
    path: str
    version: int
    query: dict = field(default_factory=dict, repr=False)
    event: str = field(default="", repr=False)


@dataclass(frozen=True)
class Message:
    """What a person did in a page. It names tickets; what they say is fetched with them.

    ``kind``: SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE or the cloud's own word. ``serials``: all tickets of
    the document now. ``renamed``: pairs of old and new serial number; old "" where it isn't told. ``line``: the line it
    is about (branch_id). ``total`` and ``tax``: sums over the tickets as the page shows them, ``count`` their number;
    None where not told, ``total`` with or without tax. ``is_electronic``: whether all are electronic, None where not
    told. ``attachments``: serial numbers of files that are no tickets.
    """

    id: str
    kind: str
    key: str = ""
    number: str = ""
    user: str = ""
    serials: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    groups: tuple[Group, ...] = ()
    line: str = ""
    total: Decimal | None = None
    tax: Decimal | None = None
    count: int | None = None
    is_electronic: bool | None = None
    attachments: tuple[str, ...] = ()
    raw: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TicketState:
    """A ticket as the assistant has it, beside the neutral fapiao: its claims and checks.

    ``claim``: expenseStatus as the cloud says it; ``is_claimed``: whether a document uses it, in that state.
    ``verified`` None where not told or not checked.
    """

    serial_no: str
    claim: str = ""
    is_claimed: bool = False
    claimed_by: str = ""
    verified: bool | None = None
    is_personal: bool = False


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
    ``status``: UNUSED, SUBMITTED, …. ``rules``: as in :class:`Visit`, "" for the cloud's own. ``company``: its name,
    needed with ``rules`` where a document is saved.
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
    company: str = ""
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
