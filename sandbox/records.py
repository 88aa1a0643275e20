"""What the sandbox remembers. Neutral names: every cloud translates from and to these."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal

ZERO, CENT = Decimal("0.00"), Decimal("0.01")


@dataclass
class Tenant:
    """A login at a cloud, with the companies it may act for."""

    phone: str
    password: str
    tenant_id: int


@dataclass
class BureauUser:
    """A person's account at the electronic tax bureau, for one taxpayer."""

    username: str
    password: str
    session: str = "active"  # active | lost | sms | logged_out
    face_due: bool = False
    sms_code: str = ""
    sms_at: datetime | None = None
    has_cert: bool = True
    cert_pin: str = ""


@dataclass
class Taxpayer:
    tax_no: str
    name: str
    tenant_id: int | None
    credit_total: Decimal
    small_scale: bool = False
    region: str = "31"
    channel: str = "login"  # login | direct (乐企)
    address: str = ""
    bank: str = ""
    users: dict = field(default_factory=dict)  # username → BureauUser
    months: dict = field(default_factory=dict)  # 'YYYY-MM' → {used, net, tax, count}
    other_tenants: list = field(default_factory=list)  # 票单云's tenants beside the first


@dataclass
class Line:
    """One line of a fapiao, amounts as sent: gross when `inclusive`, else tax-exclusive."""

    name: str
    code: str
    amount: Decimal
    rate: Decimal
    tax: Decimal
    nature: str = "normal"  # normal | discount | discounted
    spec: str = ""
    unit: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    inclusive: bool = False
    preferential: bool = False  # 优惠政策标识
    zero_kind: str = ""  # '' taxed | exempt | untaxed | zero
    policy: str = ""  # 增值税特殊管理
    coal: str = ""  # 煤炭种类
    bill: str = ""  # Kingdee: the bill it came with,
    source: str = ""  # and the caller's own id of the line

    @property
    def net(self):
        return self.amount - self.tax if self.inclusive else self.amount

    @property
    def gross(self):
        return self.amount if self.inclusive else self.amount + self.tax

    # In a document of 票单云 a gross price of 1 at 1 % comes back as 0.990099009901.
    @property
    def net_price(self):
        return self.price and (round(self.price / (1 + self.rate), 12) if self.inclusive else self.price)

    @property
    def gross_price(self):
        return self.price and (self.price if self.inclusive else round(self.price * (1 + self.rate), 12))

    def less(self, taken):
        """What is left of it without this part."""
        quantity = self.quantity
        if quantity is not None and taken.quantity is not None:
            quantity -= taken.quantity
        return replace(self, amount=self.amount - taken.amount, tax=self.tax - taken.tax, quantity=quantity)


@dataclass
class Voucher:
    """凭证 of a deduction (差额征税); its number and code whatever a cloud calls them."""

    kind: str
    total: Decimal
    deducted: Decimal
    number: str = ""
    code: str = ""
    day: str = ""
    remark: str = ""


@dataclass
class Fapiao:
    """A tax invoice; without a number it is still a draft."""

    seller_no: str
    seller_name: str
    buyer_no: str
    buyer_name: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    lines: list
    special: bool = False  # 专票, otherwise 普票
    form: str = "digital"  # digital | digital_paper | electronic | paper | roll
    code: str = ""  # 发票代码: of the sheet, or of one issued by a tax control device; with its number
    short: str = ""
    special_kind: str = ""  # 特定要素类型
    handler: str = ""  # 经办人
    number: str = ""
    issued_at: datetime | None = None
    seller_address: str = ""
    seller_bank: str = ""
    buyer_address: str = ""
    buyer_bank: str = ""
    buyer_phone: str = ""
    buyer_mail: str = ""
    natural_person: bool = False
    show_seller_bank: bool = False
    show_buyer_bank: bool = False
    remark: str = ""
    drawer: str = ""
    payee: str = ""
    reviewer: str = ""
    levy: str = "0"  # 征收方式 0 normal, 1 reduced, 2 and 3 differential
    deduction: Decimal | None = None
    vouchers: list = field(default_factory=list)  # of the deduction, one Voucher each
    small_reason: str = ""  # slsm
    elements: list = field(default_factory=list)  # what the special element says, one dict a row,
    element_keys: dict = field(default_factory=dict)  # and what of it stands beside the head's own keys
    username: str = ""
    cloud: str = ""
    request: str = ""  # the id under which it was asked for
    tenant: str = ""  # and by which of a cloud's tenants, unless by the first
    original: str = ""  # on a red fapiao: the blue number
    red_form: str = ""  # on a red fapiao: its form
    reversed_by: str = ""  # on a blue one: the red number
    consumption_use: str = "00"  # XfsytDm
    vat_use: str = "03"  # ZzsytDm, 03 = not selected
    booked: str = "00"  # FprzztDm

    @property
    def is_digital(self):
        """Has it a digital number? The others are known by code and number together."""
        return self.form in ("digital", "digital_paper")

    @property
    def red(self):
        return bool(self.original)

    @property
    def bills(self):
        """Kingdee: the numbers of the bills it was issued for."""
        return [] if self.red else list(dict.fromkeys(line.bill for line in self.lines if line.bill))

    @property
    def orders(self):
        """The ids it was ordered under."""
        return [each for each in (self.request, *self.bills) if each]

    @property
    def used_or_booked(self):
        """Has the buyer selected it for deduction, or booked it?"""
        return (self.consumption_use, self.vat_use, self.booked) != ("00", "03", "00")


@dataclass
class Request:
    """One request id, and how many fapiao were *really* issued under it."""

    uid: str
    cloud: str
    tax_no: str
    digest: str = ""
    state: str = "issued"  # pending | issued | failed
    numbers: list = field(default_factory=list)
    draft: Fapiao | None = None
    red_form: str = ""
    ready_at: datetime | None = None
    queries_left: int | None = None
    failure: str = ""
    tenant: str = ""  # no tenant knows another's: empty is the taxpayer's first

    @property
    def key(self):
        return request_key(self.uid, self.tenant)


@dataclass
class RedLine:
    """A part of a line to be reversed, in that line's own terms (gross when `inclusive`)."""

    row: int  # position in the blue fapiao, from 0
    amount: Decimal
    tax: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None


@dataclass
class RedForm:
    """红字确认单."""

    number: str
    uid: str
    blue: str
    reason: str  # 01–04
    side: str  # 2 seller, 3 buyer
    state: str  # 01–10
    applied_at: datetime
    deadline: datetime | None = None
    red_number: str = ""
    cloud: str = ""  # through which it was applied for; '' in the bureau's portal
    lines: list = field(default_factory=list)  # RedLine each; none: the fapiao in full
    order: str = ""  # Kingdee: under which number it was applied for,
    digest: str = ""  # and with which content
    tenant: str = ""  # and by which tenant, unless by the first
    electronic: bool = False  # sdfpbz: the red fapiao of one on paper is to be electronic


@dataclass
class Token:
    """What lets a caller in at one of the clouds."""

    text: str
    kind: str  # piaodanyun | app | access | assistant
    owner: object  # tenant or client
    expires_at: datetime
    user: str = ""


@dataclass
class Ticket:
    """A QR code somebody may scan: for face authentication or for logging in."""

    uid: str
    purpose: str  # face | login
    kind: str
    tax_no: str
    username: str
    text: str
    expires_at: datetime
    state: str = "waiting"  # waiting | scanned | used


def request_key(uid, tenant=""):
    return f"{tenant}/{uid}" if tenant else uid


def plain(record, *extra):
    """The record as JSON-able data for the controls: money as text, moments as ISO."""
    data = json.loads(json.dumps(asdict(record), default=_plainly, ensure_ascii=False))
    return {**data, **{name: getattr(record, name) for name in extra}}


def _plainly(value):
    return value.isoformat() if isinstance(value, datetime) else str(value)
