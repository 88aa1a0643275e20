"""Limits that differ between accounts: lengths, line counts, amounts."""

from dataclasses import dataclass, field
from decimal import Decimal

from .amounts import LINE_TAX_TOLERANCE


@dataclass(frozen=True)
class Limits:
    """Limits of one account for one fapiao. Money is yuan without tax; ``None`` means unlimited or unknown.

    The defaults are the bureau's figures, except ``name_length``, where the clouds allow less (100–120). 票单云
    needs ``remark_length=255``. Source: docs/protocols/tax-rules.md#lengths.

    ``amount_limit``: maximum amount of one fapiao (最高开票限额, also an account's own setting).
    ``credit_left``: remaining credit line (授信额度) of this month.
    ``code_laws``: what the classification table says of the codes in question (``rules.codes.Law``).
    ``short_name_required``: the cloud does not add ``*简称*`` to the item name.
    ``small_scale``: the seller is a small-scale taxpayer and needs a reason for charging 3 %.
    ``seller_contact_required``: the cloud refuses a fapiao without address or phone, and bank account, of
    the seller (xhdwdzdh, xhdwyhzh in docs/protocols/piaodanyun.md#issuing), though the bureau accepts it.
    ``discount_tax_tolerance``: allowed deviation of the tax of a discount line in yuan; 金蝶发票云 allows
    0.01 (docs/protocols/tax-rules.md#arithmetic).
    ``kinds``: the pairs of type and form that the cloud issues; ``None`` where that isn't known.
    ``paper_number_required``: for a digital fapiao on paper the cloud wants the code and number of the sheet.
    """

    name_length: int = 100
    spec_length: int = 150
    unit_length: int = 300
    buyer_name_length: int = 300
    remark_length: int = 450
    max_lines: int = 5000
    many_lines: int = 2000
    price_decimals: int = 13
    quantity_decimals: int = 13
    amount_limit: Decimal | None = None
    credit_left: Decimal | None = None
    code_laws: dict = field(default_factory=dict)
    short_name_required: bool = False
    small_scale: bool = False
    seller_contact_required: bool = False
    discount_tax_tolerance: Decimal = LINE_TAX_TOLERANCE
    kinds: frozenset | None = None
    paper_number_required: bool = False


DEFAULTS = Limits()
