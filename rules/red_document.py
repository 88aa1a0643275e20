"""The neutral reversal, which each cloud's codec translates into its own format.

Amounts, taxes and quantities of a red line are negative, its price is positive. A discount is folded into the
discounted line. Source: docs/protocols/tax-rules.md#red-letter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from . import document
from .document import Line, Printed

SELLER = "seller"
BUYER = "buyer"
SIDES = (SELLER, BUYER)

# Optional abilities of a cloud beyond a full reversal by the seller.
PARTIAL_RED = "partial_red"
BUYER_RED = "buyer_red"


@dataclass(frozen=True, kw_only=True)
class RedLine(Printed):
    """One line to be reversed; ``xh`` is the number of its blue line, from 1.

    The rest is what the bureau says of the line, "" where it doesn't: the seller's own code (自行编码), the version
    of the table its classification code is from, the application (申请单号) that holds it already, and whether a
    tax privilege is used on it (优惠政策标识). ``bureau_xh``: its number in the bureau's list, where that list agrees
    with ours; it goes over the wire in place of ``xh``.
    """

    xh: int
    bureau_xh: int | None = None
    own_code: str = ""
    code_version: str = ""
    application_no: str = ""
    is_privileged: bool | None = None


@dataclass(frozen=True)
class Blue:
    """The fapiao to be reversed, as issued; ``issued_at`` is aware.

    ``reversed`` are the lines of the red fapiao that already reverse it. ``is_paper``: a digital fapiao on
    paper (数电纸票), whose red fapiao is electronic. ``special_kind``: 特定要素类型, if it has one. ``levy``: as in
    :class:`~.document.Draft`.
    """

    number: str
    type: str
    lines: tuple[Line, ...]
    issued_at: datetime | None = None
    seller_tax_no: str = ""
    buyer_tax_no: str = ""
    color: str = "blue"
    is_paper: bool = False
    special_kind: str = ""
    reversed: tuple[RedLine, ...] = ()
    levy: str = ""


@dataclass(frozen=True)
class RedOrder:
    """The frozen instruction for the reversal of one fapiao, from the check to the red fapiao.

    ``is_full``: the whole rest is reversed; ``lines`` and the (negative) totals may then be missing. The
    form's number and uuid are set once there is a form. ``is_anew``: another form, after an earlier one has
    ended. ``blue_lines``: how many lines the original has, discounts counted.
    """

    blue_number: str
    reason: str = ""
    initiator: str = SELLER
    type: str = ""
    is_full: bool = True
    lines: tuple[RedLine, ...] = ()
    amount: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    seller_tax_no: str = ""
    buyer_tax_no: str = ""
    blue_issued_at: datetime | None = None
    blue_is_paper: bool = False
    blue_lines: int = 0
    special_kind: str = ""
    form_number: str = ""
    form_uuid: str = ""
    is_anew: bool = False


@dataclass(frozen=True)
class RedCheck:
    """The bureau's answer to the check whether a fapiao may be reversed, with its own ``text``.

    ``vat_use`` (抵扣勾选), ``consumption_use`` (消费税用途) and ``booked`` (入账): whether the buyer has used or booked
    it; ``None`` if not reported. ``is_paper``: see :class:`Blue`. ``levy``: 征收方式, as in :class:`~.document.Draft`;
    ``handler``: 经办人, who applied for the original; "" where not reported.
    """

    allowed: bool
    text: str = ""
    number: str = ""
    type: str = ""
    vat_use: bool | None = None
    consumption_use: bool | None = None
    booked: bool | None = None
    issued_at: datetime | None = None
    seller_name: str | None = None
    seller_tax_no: str | None = None
    buyer_name: str | None = None
    buyer_tax_no: str | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None
    special_kind: str = ""
    lines: tuple[RedLine, ...] = ()
    raw: dict = field(default_factory=dict, repr=False)
    is_paper: bool = False
    levy: str = ""
    handler: str = ""

    @property
    def used(self):
        """Return whether the buyer has used or booked it in any way; ``None`` if not known."""
        said = (self.vat_use, self.consumption_use, self.booked)
        if True in said:
            return True
        return None if None in said else False


@dataclass(frozen=True)
class RedForm:
    """A red form (红字确认单) at the bureau; ``state`` is 01–10 (see :mod:`.red_forms`), "" if unknown.

    ``applied_at`` is aware; the 72 hours run from it. ``initiator``: who entered it, "" if neither the cloud nor the
    state tells; ``reason``: 01–04 or ""; ``red_number``: the red fapiao made from it; ``amount`` and ``tax``: what
    it reverses, ``None`` where the cloud doesn't say.
    """

    number: str
    state: str = ""
    state_text: str = ""
    uuid: str = ""
    applied_at: datetime | None = None
    blue_number: str = ""
    raw: dict = field(default_factory=dict, repr=False)
    initiator: str = ""
    reason: str = ""
    red_number: str = ""
    amount: Decimal | None = None
    tax: Decimal | None = None


def from_plain(data):
    """Return the :class:`RedOrder` from which :func:`~.document.to_plain` made ``data``."""
    return document.from_plain(data, RedOrder)


def check_from_plain(data):
    """Return the :class:`RedCheck` from which :func:`~.document.to_plain` made ``data``."""
    return document.from_plain(data, RedCheck)
