"""The neutral fapiao, which each cloud's codec translates into its own format.

Amounts are ``Decimal`` yuan with two places, excluding tax unless the name says otherwise. Source:
docs/protocols/tax-rules.md#arithmetic, #lines.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

SPECIAL = "special"  # 专票: the buyer deducts the tax
ORDINARY = "ordinary"  # 普票

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
    """

    key: str
    name: str
    code: str
    amount: Decimal
    tax: Decimal
    rate: Decimal
    quantity: Decimal | None = None
    discount: Decimal = Decimal("0.00")
    short_name: str = ""
    spec: str = ""
    unit: str = ""
    zero_kind: str = ""
    policy: str = ""
    document: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a fapiao. A discount's amount and tax are negative and it has no price or quantity.

    ``keys`` are those of the covered items; ``price`` excludes tax and may have 13 decimals.
    """

    kind: str
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


@dataclass(frozen=True)
class Draft:
    """A blue fapiao to be issued. ``total`` is ``amount + tax``, exactly."""

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


_DECIMALS = {"amount", "tax", "total", "rate", "quantity", "price", "deduction"}


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


def decimals(values):
    """Return ``values`` with the fields that are decimals in a document converted back."""
    return {key: Decimal(value) if key in _DECIMALS and value is not None else value for key, value in values.items()}


def from_plain(data):
    """Return the :class:`Draft` from which :func:`to_plain` made ``data``."""
    lines = tuple(Line(**{**decimals(line), "keys": tuple(line["keys"])}) for line in data["lines"])
    parties = {side: Party(**data[side]) for side in ("seller", "buyer")}
    return Draft(**{**decimals(data), **parties, "lines": lines})
