"""The neutral red letter: what is to be reversed, and why, before it is put into a cloud's own words.

Amounts, taxes and quantities of a red line are negative, its price is positive. A discount is folded
into the line it discounts. Source: docs/protocols/tax-rules.md#red-letter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from .document import Line, decimals

SELLER = "seller"
BUYER = "buyer"
SIDES = (SELLER, BUYER)

# What a cloud may be able to do beyond reversing in full on the seller's behalf.
PARTIAL_RED = "partial_red"
BUYER_RED = "buyer_red"


@dataclass(frozen=True)
class RedLine:
    """One line to be reversed; ``xh`` is the number of the blue line it belongs to, from 1."""

    xh: int
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
class Blue:
    """The fapiao to be reversed, as it stands on paper; ``issued_at`` is aware.

    ``reversed`` are the lines of the red fapiao that already stand against it. ``is_paper``: a digital
    fapiao on paper (数电纸票). ``special_kind``: 特定要素类型, if it has one.
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


@dataclass(frozen=True)
class RedOrder:
    """What is frozen: one reversal of one fapiao, from the question whether it may be to the red fapiao.

    ``is_full``: all that is left is reversed; ``lines`` and the (negative) totals may then be missing.
    The form's number and uuid are filled in once there is a form. ``is_anew``: a form was applied for
    before and has ended, and this is to be another one.
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
    special_kind: str = ""
    form_number: str = ""
    form_uuid: str = ""
    is_anew: bool = False


@dataclass(frozen=True)
class RedCheck:
    """The bureau's answer to "may this fapiao be reversed?", with ``text`` in its own words.

    ``vat_use`` (抵扣勾选), ``consumption_use`` (消费税用途) and ``booked`` (入账) say whether the buyer has
    used or booked it; ``None`` where the cloud didn't say.
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

    @property
    def used(self):
        """Return whether the buyer has used or booked it in any way; ``None`` if that isn't known."""
        said = (self.vat_use, self.consumption_use, self.booked)
        if True in said:
            return True
        return None if None in said else False


@dataclass(frozen=True)
class RedForm:
    """A red form (红字确认单) at the bureau; ``state`` is 01–10 (see :mod:`.red_forms`), "" if unknown.

    ``applied_at`` is aware; the 72 hours run from it.
    """

    number: str
    state: str = ""
    state_text: str = ""
    uuid: str = ""
    applied_at: datetime | None = None
    blue_number: str = ""
    raw: dict = field(default_factory=dict, repr=False)


def from_plain(data):
    """Return the :class:`RedOrder` that :func:`to_plain` made ``data`` from."""
    return RedOrder(**{**decimals(data), "lines": _lines(data), **_moments(data, "blue_issued_at")})


def check_from_plain(data):
    """Return the :class:`RedCheck` that :func:`to_plain` made ``data`` from."""
    return RedCheck(**{**decimals(data), "lines": _lines(data), **_moments(data, "issued_at")})


def _lines(data):
    return tuple(RedLine(**{**decimals(line), "keys": tuple(line["keys"])}) for line in data["lines"])


def _moments(data, *names):
    return {name: datetime.fromisoformat(data[name]) if data[name] else None for name in names}
