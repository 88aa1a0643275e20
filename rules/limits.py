"""Limits that differ between accounts: lengths of texts, line counts, amounts."""

from dataclasses import dataclass, field
from decimal import Decimal

from .amounts import LINE_TAX_TOLERANCE
from .problems import Problem, Term, _

# How a cloud reaches the tax bureau
LOGIN = "login"  # 登录通道: as a person at the bureau's site
DIRECT = "direct"  # 乐企: the bureau's own interface

CHARACTERS = Term(_("characters"))
BYTES = Term(_("bytes (GBK: two for a Chinese character)"))


@dataclass(frozen=True)
class Length:
    """The longest text of one kind, in characters or in bytes of GBK."""

    most: int
    measure: Term = CHARACTERS

    def of(self, text):
        """Return how long ``text`` is; what GBK lacks counts four bytes, as in GB 18030."""
        return len(text.encode("gb18030")) if self.measure is BYTES else len(text)

    def admits(self, text):
        return self.of(text) <= self.most


@dataclass(frozen=True)
class Lengths:
    """The longest texts that one channel takes. The defaults are the bureau's figures, except ``item``, where the
    clouds allow less. Source: docs/protocols/tax-rules.md#lengths.

    ``name`` is an item's with ``*简称*``, ``item`` without; ``contact`` is address and phone, ``bank`` bank and
    account.
    """

    name: Length = Length(600)
    item: Length = Length(100)
    spec: Length = Length(150)
    unit: Length = Length(300)
    price: Length = Length(40)
    party: Length = Length(300)
    contact: Length = Length(300)
    bank: Length = Length(300)
    remark: Length = Length(450)


BY_LOGIN = Lengths(
    spec=Length(40),
    unit=Length(22),
    price=Length(16),
    party=Length(100),
    contact=Length(100),
    bank=Length(100),
    remark=Length(230),
)


def too_long(code, field, text, length, fix, line=None, **values):
    """Return the problem of a ``text`` that ``length`` doesn't admit, as a list; ``field``: its name, a Term."""
    if length.admits(text):
        return []
    message = _("%(field)s “%(text)s” has %(count)s %(measure)s; the channel of this account allows %(length)s.")
    told = {"field": field, "text": text, "count": length.of(text), "measure": length.measure, "length": length.most}
    return [Problem(code, message, fix, {**told, **values}, line)]


@dataclass(frozen=True)
class Limits:
    """Limits of one account for one fapiao. Money is yuan without tax; ``None`` means unlimited or unknown.

    ``lengths``: of the channel through which the account issues.
    ``amount_limit``: maximum amount of one fapiao (最高开票限额, also an account's own setting).
    ``credit_left``: remaining credit line (授信额度) of this month; ``credit_seems_old``: not renewed yet.
    ``code_laws``: what the classification table says of the codes in question (``rules.codes.Law``).
    ``short_name_required``: the cloud does not add ``*简称*`` to the item name.
    ``small_scale``: the seller is a small-scale taxpayer and needs a reason for charging 3 %.
    ``seller_contact_required``: the cloud refuses a fapiao without address or phone, and bank account, of
    the seller (xhdwdzdh, xhdwyhzh in docs/protocols/piaodanyun.md#issuing), though the bureau accepts it.
    ``discount_tax_tolerance``: allowed deviation of the tax of a discount line in yuan; 金蝶发票云 allows
    0.01 (docs/protocols/tax-rules.md#arithmetic).
    ``kinds``: the pairs of type and form that the cloud issues; ``None`` where that isn't known.
    ``elements``: ``elements.Terms`` of each special element that the cloud issues; ``None`` where that isn't known.
    ``shows_bank``: the cloud adds the bank of a party to the remark where the fapiao wants it shown.
    ``paper_number_required``: for a digital fapiao on paper the cloud wants the code and number of the sheet.
    ``levies``: the ways of levying the tax (``Draft.levy``) that the cloud can state; ``None`` where that isn't known.
    """

    lengths: Lengths = Lengths()
    shows_bank: bool = False
    max_lines: int = 5000
    many_lines: int = 2000
    price_decimals: int = 13
    quantity_decimals: int = 13
    amount_limit: Decimal | None = None
    credit_left: Decimal | None = None
    credit_seems_old: bool = False
    code_laws: dict = field(default_factory=dict)
    short_name_required: bool = False
    small_scale: bool = False
    seller_contact_required: bool = False
    discount_tax_tolerance: Decimal = LINE_TAX_TOLERANCE
    kinds: frozenset | None = None
    paper_number_required: bool = False
    elements: dict | None = None
    levies: frozenset | None = None


DEFAULTS = Limits()
