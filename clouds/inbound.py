"""What a company receives: fapiao the bureau has in its name, and the tasks that fetch them.

Part of the contract of :mod:`.base`. The names of the fields are the columns of the pool, so a page of a
hundred thousand goes there without another translation.
Source: docs/protocols/kingdee-inbound.md#rows.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

HEADER, FULL = "header", "full"  # collected by a task, without and with lines
POOL = "pool"  # what the cloud has collected before, by a task of its own or over its direct channel
# What a window may be narrowed to, beside its days
FILTERS = ("tax_period", "code", "number", "seller_tax_no", "deduction", "status", "type_code")
RED_ITSELF = "red_itself"  # of a window's status: the red fapiao, where "red" is the blue one it reversed


def is_number(text):
    """Tell whether ``text`` is a number, not the "#" and ID in place of one; see :class:`InboundFapiao`."""
    return bool(text) and not text.startswith("#")


# Kinds of consumption that a fixed-amount ticket (定额) is sorted into
CONSUMPTIONS = ("suburb", "city", "hotel", "dining", "telephoneCharge", "other")


class InboundLine(NamedTuple):
    """A line of a received fapiao; ``None`` where the cloud didn't say. ``rate`` 0.13, not 13."""

    name: str = ""
    code: str = ""
    spec: str = ""
    unit: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    is_discount: bool = False


class Travel(NamedTuple):
    """What a ticket says of a journey; texts as printed, ``departs`` its day (and time) as text."""

    passenger: str = ""
    from_place: str = ""
    to_place: str = ""
    vehicle: str = ""  # train, flight or plate
    seat: str = ""
    departs: str = ""
    arrives: str = ""
    mileage: Decimal | None = None
    fare: Decimal | None = None
    fund: Decimal | None = None  # 民航发展基金
    surcharge: Decimal | None = None  # 燃油附加费
    insurance: Decimal | None = None
    other_taxes: Decimal | None = None


class InboundFapiao(NamedTuple):
    """A fapiao as received. ``None`` or "" is what the cloud didn't say.

    ``number``: twenty digits of a digital one; of others the invoice code and the number together, and
    where there are none "#" and the cloud's own ``serial_no``. ``type_code``: the inbound codes.
    ``status``: normal, partly_red, red (reversed), void, lost, abnormal, or "" where it isn't known.
    ``booking`` is "", "booked" or "unbooked"; ``deduction`` "", "selected", "unselected" or "confirmed".
    ``check_status`` (查验) is "", "verified", "failed" or "unchecked"; ``consumption`` one of CONSUMPTIONS or "".
    ``currency``: the ISO code of the amounts, or the cloud's word for one that has none here; "" where none is told.
    ``ticket_no``: printed on a ticket beside its number; ``eticket_no``: of the itinerary. Moments are aware.
    ``special_element`` (特定要素): the bureau's two digits.
    ``image_address``: the picture cut out for this fapiao; ``original_image_address``: the one that was taken, with
    perhaps more of them on it. ``travel`` and ``lines`` are only there where a cloud tells details.
    """

    number: str
    type_code: str
    code: str = ""
    serial_no: str = ""
    color: str = "blue"
    status: str = ""
    issue_date: date | None = None
    seller_name: str = ""
    seller_tax_no: str = ""
    buyer_name: str = ""
    buyer_tax_no: str = ""
    amount_untaxed: Decimal | None = None
    amount_tax: Decimal | None = None
    amount_total: Decimal | None = None
    check_code: str = ""
    original_number: str = ""
    booking: str = ""
    deduction: str = ""
    deduction_period: str = ""  # yyyymm
    deductible: Decimal | None = None
    remark: str = ""
    pdf_address: str = ""
    ofd_address: str = ""
    xml_address: str = ""
    image_address: str = ""
    original_image_address: str = ""
    special_element: str = ""
    seller_address: str = ""
    seller_bank: str = ""
    buyer_address: str = ""
    buyer_bank: str = ""
    drawer: str = ""
    payee: str = ""
    reviewer: str = ""
    check_status: str = ""
    is_revised: bool | None = None  # what was read off the picture was edited by hand
    is_proxy: bool | None = None  # 代开: issued by the bureau on the seller's behalf
    certified_at: datetime | None = None  # authenticateTime
    selected_at: datetime | None = None  # checkTime
    currency: str = ""
    tax_rate: Decimal | None = None  # of the whole, as a fraction
    ticket_no: str = ""
    eticket_no: str = ""
    filling_unit: str = ""
    sales_unit_code: str = ""
    tax_authority: str = ""
    consumption: str = ""
    place: str = ""
    unit_price: Decimal | None = None  # of a taxi ride
    lines: tuple[InboundLine, ...] = ()
    travel: Travel | None = None


@dataclass(frozen=True)
class PullWindow:
    """What to fetch: fapiao issued from one day to another, both included; ``kind`` HEADER, FULL or POOL.

    The others narrow it (:data:`FILTERS`), "" is any: ``tax_period`` yyyymm of the deduction; ``number`` as
    printed, without the ``code``; ``deduction`` and ``status`` as in :class:`InboundFapiao`, or RED_ITSELF.
    A window of POOL may be without days.
    """

    date_from: date | None = None
    date_to: date | None = None
    kind: str = HEADER
    tax_period: str = ""
    code: str = ""
    number: str = ""
    seller_tax_no: str = ""
    deduction: str = ""
    status: str = ""
    type_code: str = ""

    @property
    def filters(self):
        """Return those of :data:`FILTERS` that are set, by name."""
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}


@dataclass(frozen=True)
class PullPage:
    """A page of a task's result. ``is_running``: not ready yet, ask again later.

    ``total``: of all pages, None where not told. ``unread``: rows (plain dicts) that are no fapiao.
    ``others``: numbers of the rows that were left out because another company is their buyer.
    """

    rows: tuple[InboundFapiao, ...] = ()
    total: int | None = None
    is_running: bool = False
    unread: tuple = ()
    text: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class PullTask:
    """A task the cloud has begun; ``state`` and ``text`` are what the log keeps of it.

    ``page``: all it found, where the cloud has answered with that at once; there is no ``task_no`` then.
    """

    task_no: str
    state: str = "started"
    text: str = ""
    page: PullPage | None = None


class DocumentFile(NamedTuple):
    """A file of a document at the cloud. ``kind``: "pdf", "image" and the like, "" where not known; ``role``
    "cover" or "attachment"; ``serial_no``: of the fapiao it belongs to.
    """

    address: str
    name: str = ""
    kind: str = ""
    role: str = "attachment"
    number: str = ""
    serial_no: str = ""
    remark: str = ""
    snapshot: str = ""


@dataclass(frozen=True)
class DocumentFiles:
    """The fapiao that lie on a document at the cloud, and its files; ``unread`` as in :class:`PullPage`."""

    fapiao: tuple[InboundFapiao, ...] = ()
    files: tuple[DocumentFile, ...] = ()
    unread: tuple = ()
    text: str = ""


@dataclass(frozen=True)
class BureauSession:
    """What the log-in to the bureau is like: ``channel`` and ``account_type`` as the cloud says them,
    ``needs_person`` if known; ``url``: where a person logs in. ``company``, ``tax_no``, ``city``: who is
    logged in. ``period`` (税款所属期) and ``select_days`` (勾选日期范围): as the bureau has them now, in its words;
    ``open_period`` (yyyymm), ``deadline`` of its return and ``select_until``: what they say, "" or None if not told.
    """

    channel: str = ""
    needs_person: bool | None = None
    url: str = ""
    company: str = ""
    text: str = ""
    tax_no: str = ""
    company_type: str = ""
    account_type: str = ""
    city: str = ""
    period: str = ""
    select_days: str = ""
    open_period: str = ""
    deadline: date | None = None
    select_until: date | None = None


@dataclass(frozen=True)
class MarkOrder:
    """Which fapiao to mark and how: ``do`` True marks (入账, 勾选), False takes it back.

    ``fapiao``: dicts of ``number, code, serial_no, issue_date, tax`` (Decimal; what is to be deducted).
    ``period``: yyyymm. ``purpose``: of a deduction, "1" to deduct, "2" not to be deducted.
    """

    do: bool
    fapiao: tuple = ()
    period: str = ""
    purpose: str = "1"
    at: str = ""  # moment of booking, yyyy-MM-dd HH:mm:ss in China


@dataclass(frozen=True)
class Marked:
    """What became of a marking: per number, "" for success or the cloud's words for a refusal.

    ``task_no``: where results come later, ask with it; then ``is_running``. ``states``: where a question
    is answered with how the fapiao stand now instead, per number (words of ``booking`` and ``deduction``).
    ``already``: numbers refused because they stand so already.
    """

    results: dict[str, str] = field(default_factory=dict)
    task_no: str = ""
    is_running: bool = False
    text: str = ""
    states: dict[str, str] = field(default_factory=dict)
    already: frozenset = frozenset()
