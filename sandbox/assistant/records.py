"""What 金蝶发票助手 remembers: clients, keys, tickets, documents, messages, vouchers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

UNUSED, APPROVING, APPROVED, BOOKED = "1", "30", "60", "65"
STATES = {UNUSED: "未报销", APPROVING: "审批中", APPROVED: "审批通过", BOOKED: "已入账"}
# Other systems' documents tell more of them; those that ended leave a ticket free.
ENDED = {"27": "已废弃", "40": "审核不通过", "80": "已关闭"}
TOLD = {**STATES, **ENDED, "2": "已打包", "25": "已提交", "70": "已付款"}


@dataclass
class Client:
    client_id: str
    secret: str
    tax_nos: list  # the companies it may ask for


@dataclass
class UserKey:
    """Who may see and choose what: one user, one company, one document."""

    text: str
    client_id: str
    eid: str
    tin: str
    title: str
    bxd_key: str
    bill_number: str
    bill_type: str
    ticket_param: str
    random: str
    expires_at: datetime
    branch_id: str = ""
    serials: list = field(default_factory=list)
    attachments: list = field(default_factory=list)
    buyer_account: str = ""
    buyer_address: str = ""

    @property
    def document(self):
        return f"{self.tin}/{self.bxd_key}"


@dataclass
class Slip:
    """A ticket in somebody's wallet. `told` has the documents' own keys."""

    serial: str
    kind: str  # invoiceType
    eid: str
    tax_no: str  # the company in whose wallet it is
    net: Decimal
    tax: Decimal
    total: Decimal
    told: dict
    status: str = UNUSED  # expenseStatus
    document: str = ""  # key of the Document that uses it
    check_status: str = "1"  # 1 verified, 2 failed, 3 not yet
    personal: bool = False
    revised: bool = False
    replaced_by: str = ""  # editing gave it another serial number
    deduction: dict = field(default_factory=dict)  # as the status call wrote it back
    vouchers: list = field(default_factory=list)

    def is_used_beside(self, document):
        """Does another document use it?"""
        return self.status not in (UNUSED, *ENDED) and self.document != document


@dataclass
class Document:
    """An expense document and its tickets, as saved and as last cached."""

    tin: str
    bxd_key: str
    number: str
    saved: bool = False
    deleted: bool = False
    status: str = UNUSED
    lines: list = field(default_factory=list)  # {entryid, fid, costTypeId, costTypeName}
    cached: list | None = None  # the same, not yet saved
    cover: dict = field(default_factory=dict)  # type, number, content (base64)
    vouchers: list = field(default_factory=list)

    @property
    def key(self):
        return f"{self.tin}/{self.bxd_key}"

    @property
    def shown(self):
        """What its pages show: the cache, or what was saved."""
        return self.lines if self.cached is None else self.cached

    @property
    def serials(self):
        return serials_of(self.lines)


def serials_of(lines, entry=None):
    """Of all lines, or of the one line `entry`."""
    chosen = [line for line in lines if entry in (None, line["entryid"])]
    return list(dict.fromkeys(serial for line in chosen for serial in line["fid"]))


@dataclass
class Letter:
    """A message for the one who listens with this key."""

    uid: str
    number: int
    to: str
    sender: str
    content: dict  # {type, data}
    state: str = "waiting"  # waiting held received
    way: str = ""  # socket | polling, where the page was told; "" for both


@dataclass
class Voucher:
    uid: str
    number: str
    content: dict
    documents: list
    serials: list
    deleted: bool = False


@dataclass
class Entry:
    """One call that took effect: what the tests compare."""

    number: int
    at: datetime
    call: str
    document: str = ""  # bxd_key, of vouchers several with commas
    status: str = ""
    serials: list = field(default_factory=list)
    rules: str = ""  # ticketParam: of the call, or of the key it came with


def note(exchange, document, serials, status=""):
    """Record a call that took effect."""
    entries = exchange.world.assistant_entries
    number = len(entries) + 1
    rules = exchange.text("ticketParam") or getattr(exchange.user, "ticket_param", "")
    moment = exchange.world.clock.now()
    entries[number] = Entry(number, moment, exchange.call.name, document, status, serials, rules)
