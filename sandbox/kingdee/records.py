"""What 金蝶发票云 remembers: tenants, bills, what became of them, callbacks, inbound tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..records import Fapiao

# Waiting for a person, for its time, or for a correction: nothing of it is issued.
UNISSUED = ("waiting", "issuing", "failed")


@dataclass
class KingdeeTenant:
    account_id: str  # 数据中心
    prefix: str  # what stands before /api and /kapi; may be empty
    app_id: str
    tenant_id: str
    secret: str
    users: list  # user names and mobile numbers
    tax_nos: list
    systems: dict = field(default_factory=dict)  # businessSystemCode → callback address
    denied: list = field(default_factory=list)  # interfaces the portal hasn't opened


@dataclass
class Order:
    """What becomes one fapiao: a bill, or a part of it."""

    number: str
    draft: Fapiao
    fapiao: str = ""  # its number, once issued
    error: str = ""


@dataclass
class Bill:
    """开票申请单."""

    number: str
    tax_no: str
    attempt: int  # a number may come again after a withdrawal
    account_id: str
    system: str
    digest: str
    draft: Fapiao
    auto: bool
    state: str = "waiting"  # waiting issuing issued partial failed returned withdrawn
    orders: list = field(default_factory=list)  # Orders, once issuing was tried
    error: str = ""
    ready_at: datetime | None = None
    queries_left: int | None = None

    @property
    def key(self):
        return f"{self.tax_no}/{self.number}/{self.attempt}"


@dataclass
class Delivery:
    """One callback."""

    number: int
    about: str  # bill number, or number of a fapiao
    url: str
    body: dict
    state: str = "held"  # a test says when it is delivered


@dataclass
class InboundTask:
    """A download of received fapiao, a booking or a selection, under its task number."""

    number: str
    kind: str  # headers | full | recorded | select
    account_id: str
    tax_no: str
    wish: dict = field(default_factory=dict)  # headers, full: bureau.inbound.Wish
    outcome: dict = field(default_factory=dict)  # recorded, select: {success, fail}
    queries: int = 0  # answered before it was ready
    month: str = ""  # yyyy-mm it was begun in


@dataclass
class Collected:
    """What came into the cloud's pool (全票池) at one time: by a download, or by the portal's own task."""

    tax_no: str
    wish: dict  # bureau.inbound.Wish


@dataclass
class Document:
    """A document of some system in the cloud, with its fapiao and files."""

    kind: str  # billType
    key: str  # billId
    tax_no: str
    numbers: list
    covers: list = field(default_factory=list)  # as queryCover shows them
    attachments: list = field(default_factory=list)
