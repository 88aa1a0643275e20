"""The figures that differ from account to account: lengths, line counts, money limits."""

from dataclasses import dataclass
from decimal import Decimal

from .amounts import LINE_TAX_TOLERANCE


@dataclass(frozen=True)
class Limits:
    """What one account may put on one fapiao. Money is yuan without tax; ``None`` means unlimited or unknown.

    The defaults are the bureau's own figures, except ``name_length``, where the clouds are narrower
    (100–120). 票单云 takes ``remark_length=255``. Source: docs/protocols/tax-rules.md#lengths.

    ``amount_limit``: the most one fapiao may carry (最高开票限额, also an account's own setting).
    ``credit_left``: what is left of the credit line (授信额度) this month.
    ``summary_codes``: tax classification codes known to be summary items (汇总项).
    ``short_name_required``: the cloud does not add ``*简称*`` to the item name by itself.
    ``small_scale``: the seller is a small-scale taxpayer, who owes a reason for charging 3 %.
    ``seller_contact_required``: the cloud takes no fapiao without address or phone, and bank account, of
    the seller (xhdwdzdh, xhdwyhzh in docs/protocols/piaodanyun.md#issuing), though the bureau does.
    ``discount_tax_tolerance``: how far the tax of a discount line may be off its rate, in yuan;
    金蝶发票云 allows 0.01 (docs/protocols/tax-rules.md#arithmetic).
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
    summary_codes: frozenset = frozenset()
    short_name_required: bool = False
    small_scale: bool = False
    drawer_required: bool = True
    seller_contact_required: bool = False
    discount_tax_tolerance: Decimal = LINE_TAX_TOLERANCE


DEFAULTS = Limits()
