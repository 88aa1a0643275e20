"""The neutral fapiao, which each cloud's codec translates into its own format.

Amounts are ``Decimal`` yuan with two places, excluding tax unless the name says otherwise. Source:
docs/protocols/tax-rules.md#arithmetic, #lines.
"""

from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import get_args, get_origin, get_type_hints

from .amounts import ZERO

SPECIAL = "special"  # 专票: the buyer deducts the tax
ORDINARY = "ordinary"  # 普票

# What a fapiao is made of (票种). All but the first two are of the time before the digital fapiao: they need a tax
# control device (税控盘, 税务 UKey), have a code, and eight digits as number.
DIGITAL = "digital"  # 数电票
DIGITAL_PAPER = "digital_paper"  # 数电纸票: a digital number, and the code and number of the sheet
ELECTRONIC = "electronic"  # 增值税电子发票
PAPER = "paper"  # 增值税纸质发票
ROLL = "roll"  # 卷式发票, ordinary only
FORMS = (DIGITAL, DIGITAL_PAPER, ELECTRONIC, PAPER, ROLL)
ON_PAPER = frozenset({DIGITAL_PAPER, PAPER, ROLL})

NORMAL = "normal"
DISCOUNTED = "discounted"  # 被折扣行: the next line is its discount
DISCOUNT = "discount"  # 折扣行

# Kinds of zero rate (零税率标识); an ordinary rate has none.
EXEMPT = "exempt"  # 免税
NOT_TAXABLE = "not_taxable"  # 不征税
PLAIN_ZERO = "zero"  # 普通零税率


@dataclass(frozen=True)
class Party:
    """Seller or buyer as printed on the fapiao. ``is_person`` marks a natural person."""

    name: str = ""
    tax_no: str = ""
    address: str = ""
    phone: str = ""
    bank: str = ""
    bank_account: str = ""
    email: str = ""
    mobile: str = ""
    is_person: bool = False


@dataclass(frozen=True)
class Item:
    """One invoice line as booked, before the rules are applied.

    ``amount`` and ``tax`` are signed, after discount; ``discount`` is the tax-exclusive discount already
    deducted (zero or positive), so the list amount is ``amount + discount``. ``key`` identifies the source
    line and is passed on unchanged. Items of the same ``document`` discount one another before those of others.
    ``goods_code`` and ``note``: the seller's own code of the goods, and words on the line; not printed.
    """

    key: str
    name: str
    code: str
    amount: Decimal
    tax: Decimal
    rate: Decimal
    quantity: Decimal | None = None
    discount: Decimal = ZERO
    short_name: str = ""
    spec: str = ""
    unit: str = ""
    zero_kind: str = ""
    policy: str = ""
    document: str = ""
    goods_code: str = ""
    note: str = ""

    @property
    def is_gift(self):
        """Whether the item is discounted in full: it is printed with its list amount and a discount as large."""
        return not self.amount and not self.tax and self.discount > 0

    @property
    def group(self):
        """What items that discount one another have in common."""
        return self.rate, self.zero_kind, self.policy


@dataclass(frozen=True)
class Printed:
    """What a blue and a red line have in common.

    ``keys`` are those of the covered items; ``price`` excludes tax and may have 13 decimals.
    """

    name: str
    code: str
    amount: Decimal
    tax: Decimal
    rate: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None
    spec: str = ""
    unit: str = ""
    zero_kind: str = ""
    policy: str = ""
    keys: tuple[str, ...] = ()
    goods_code: str = ""
    note: str = ""

    @property
    def key(self):
        """The key of the item of which the line is made, or ``None``."""
        return self.keys[0] if self.keys else None


@dataclass(frozen=True, kw_only=True)
class Line(Printed):
    """One line of a fapiao. A discount's amount and tax are negative and it has no price or quantity."""

    kind: str


@dataclass(frozen=True)
class Draft:
    """A blue fapiao to be issued. ``total`` is ``amount + tax``, exactly.

    ``paper_code``, ``paper_number``: of the sheet that a fapiao on paper is printed on. The last four say how a cloud
    with a queue of its own handles the order: whether it issues at once, whether it may merge it with others, for which
    of its organisations, how urgently; ``None`` and "" leave it to the account's settings.
    """

    type: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    amount: Decimal
    tax: Decimal
    total: Decimal
    remark: str = ""
    drawer: str = ""
    payee: str = ""
    reviewer: str = ""
    levy: str = "0"  # 征收方式: 0 ordinary, 1 reduced, 2/3 differential
    deduction: Decimal | None = None  # 扣除额, for differential taxation
    small_scale_reason: str = ""  # slsm 2 or 3
    show_buyer_bank: bool = False
    show_seller_bank: bool = False
    form: str = DIGITAL
    paper_code: str = ""
    paper_number: str = ""
    issue_at_once: bool | None = None
    may_merge: bool | None = None
    organisation: str = ""
    priority: str = ""


def in_units(lines):
    """Return lists of ``lines`` that stay together: a line, or a line and its discount."""
    found = []
    for line in lines:
        if line.kind == DISCOUNT and found:
            found[-1].append(line)
        else:
            found.append([line])
    return found


def totals(lines):
    """Return ``(amount, tax, total)`` of ``lines``, red or blue."""
    amount = sum((line.amount for line in lines), ZERO)
    tax = sum((line.tax for line in lines), ZERO)
    return amount, tax, amount + tax


def to_plain(document):
    """Return a dataclass of documents as JSON-able dicts and lists: decimals and moments become strings.

    :func:`from_plain` is the reverse.
    """

    def plain(value):
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    return plain(asdict(document))


def from_plain(data, kind=Draft):
    """Return the document of class ``kind`` from which :func:`to_plain` made ``data``."""
    hints = _hints(kind)
    return kind(**{name: _typed(value, hints[name]) for name, value in data.items()})


_hints = cache(get_type_hints)


def _typed(value, hint):
    kind = (get_args(hint) or (hint,))[0]  # of a tuple its members', of an optional value the value's own
    if value is None:
        return None
    if get_origin(hint) is tuple:
        return tuple(_typed(member, kind) for member in value)
    if is_dataclass(kind):
        return from_plain(value, kind)
    if kind is datetime:
        return datetime.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value
