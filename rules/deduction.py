"""Which input tax may be deducted (进项税额抵扣), how, and how much; what may be selected at the bureau (勾选).

The one table for vendor bills, expenses, matching and the selection at the bureau. Types are the inbound codes.
Source: docs/protocols/tax-rules.md#deduction.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .amounts import ZERO, round2, tax_in_gross, tax_of
from .problems import Problem, _

# How: the tax that is stated; computed from the price (计算抵扣); farm products by their own rate; not at all
STATED, COMPUTED, FARM, NOT = "stated", "computed", "farm", "not"
TO_DEDUCT = "1"  # purpose of a selection; the others deduct nothing


class Way(NamedTuple):
    """``rate``: of what is computed, as a fraction. ``is_selected``: at the bureau; else it goes into the return."""

    how: str
    rate: Decimal | None = None
    is_selected: bool = True


NINE, THREE = Decimal("0.09"), Decimal("0.03")
FARM_RATES = (NINE, Decimal("0.10"))  # the second for what becomes goods of 13 %
NOTHING = Way(NOT, None, False)
WAYS = {
    **dict.fromkeys(("2", "4", "27", "85"), Way(STATED)),  # special
    **dict.fromkeys(("12", "83"), Way(STATED)),  # new vehicles
    **dict.fromkeys(("15", "72"), Way(STATED)),  # tolls
    "21": Way(STATED),  # customs payment
    **dict.fromkeys(("28", "29"), Way(STATED)),  # digital tickets: air, rail
    # Paper tickets with the traveller's name
    **dict.fromkeys(("9", "10"), Way(COMPUTED, NINE, False)),  # rail, air
    **dict.fromkeys(("16", "20"), Way(COMPUTED, THREE, False)),  # coach, ship
}
# Ordinary fapiao: only of these special elements (特定要素). Tolls and journeys on electronic ones
TOLL, JOURNEY, OWN_PRODUCE, FARM_PURCHASE = "08", "09", "12", "16"
ELEMENT_WAYS = {
    TOLL: Way(STATED),
    JOURNEY: Way(STATED, None, False),
    OWN_PRODUCE: Way(FARM, NINE),
    FARM_PURCHASE: Way(FARM, NINE),
}
SPECIAL_TYPES = frozenset({"2", "4", "27", "85"})
ORDINARY_TYPES = frozenset({"1", "3", "5", "26", "86"})
ELECTRONIC_TYPES = frozenset({"1", "26"})
# A document without tax differs from one of these, if a tax is stated
STATED_TYPES = tuple(sorted((code for code, way in WAYS.items() if way.how == STATED), key=int))
FLIGHTS = frozenset({"10", "28"})
FUND_OF_A_LEG = 50  # yuan: civil aviation development fund (民航发展基金)
MOST_LEGS = 4

# Classification codes by their beginning
_JOURNEYS = ("3010101", "3010201", "3010301")  # passengers by land, water, air
_PRODUCE = ("101",)
_TOLL_NAME = "通行费"
LOAN = ("30601",)
FOR_CONSUMPTION = {  # what is bought for consumption
    "3070401": _("catering (餐饮服务)"),
    "30705": _("daily services (居民日常服务)"),
    "3070302": _("entertainment (娱乐服务)"),
}


class Goods(NamedTuple):
    """A line of a fapiao: name as printed, classification code, rate as a fraction."""

    name: str = ""
    code: str = ""
    rate: Decimal = ZERO


@dataclass(frozen=True)
class Paper:
    """What the law looks at. ``fund``: what of the total of a flight bears no tax, None where it isn't told.

    ``is_abroad``: a journey that isn't within the country, whose tax is zero.
    """

    type_code: str
    untaxed: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    fund: Decimal | None = None
    element: str = ""
    goods: tuple[Goods, ...] = ()
    is_named: bool = False
    is_abroad: bool = False
    is_red: bool = False
    day: date | None = None


# ------------------------------------------------------------------ how much


def is_selectable(type_code):
    """Return whether fapiao of this type are selected at the bureau, some of them at least."""
    return type_code in ORDINARY_TYPES or WAYS.get(type_code, NOTHING).is_selected


def way_of(paper):
    """Return the :class:`Way` in which the tax of ``paper`` is deducted."""
    type_code, element = paper.type_code, _element_of(paper)
    if type_code in SPECIAL_TYPES and _is_produce(paper, THREE):
        # of a small-scale taxpayer: by the buyer's own rate, not by the three percent stated
        return ELEMENT_WAYS[OWN_PRODUCE]
    if type_code not in ORDINARY_TYPES:
        return WAYS.get(type_code, NOTHING)
    if element in (TOLL, JOURNEY) and type_code not in ELECTRONIC_TYPES:
        return NOTHING
    return ELEMENT_WAYS.get(element, NOTHING)


def tax_to_deduct(paper, farm_rate=NINE):
    """Return the tax that may be deducted, 0 for none; with the sign of ``paper``. ``farm_rate``: of FARM_RATES."""
    way = way_of(paper)
    if way.how == FARM:
        return tax_of(paper.untaxed, farm_rate)
    if way.how == STATED or (way.how == COMPUTED and paper.tax):
        return paper.tax
    if way.how == COMPUTED and paper.is_named and not paper.is_abroad:
        return tax_in_gross(paper.total - fund_of(paper), way.rate)
    return ZERO


def fund_of(paper):
    """Return what of the total of a flight bears no tax, else 0: as told, or the fund of up to four legs with which
    the tax is exact, where it isn't exact on the whole."""
    if paper.type_code not in FLIGHTS:
        return ZERO
    if paper.fund is not None:
        return paper.fund
    if not paper.tax:
        return ZERO
    sign = -1 if paper.total < 0 else 1
    for legs in range(MOST_LEGS + 1):
        fund = Decimal(sign * legs * FUND_OF_A_LEG)
        if tax_in_gross(paper.total - fund, NINE) == paper.tax:
            return fund + ZERO
    return ZERO


def _element_of(paper):
    """Return the special element of an ordinary fapiao: as told, else by what its lines are."""
    if paper.element or not paper.goods:
        return paper.element
    if all(_TOLL_NAME in goods.name for goods in paper.goods):
        return TOLL
    if all(goods.code.startswith(_JOURNEYS) for goods in paper.goods):
        return JOURNEY
    return OWN_PRODUCE if not paper.tax and _is_produce(paper, ZERO) else ""


def _is_produce(paper, rate):
    return bool(paper.goods) and all(goods.code.startswith(_PRODUCE) and goods.rate == rate for goods in paper.goods)


# ------------------------------------------------------------------ what may be selected


def problems(paper, period="", last_day=None, purpose=TO_DEDUCT, farm_rate=NINE):
    """Return why ``paper`` can't be selected in ``period`` (yyyymm), or, of severity warning, what a person has to say.

    ``last_day``: the last day of issue that the bureau has open, None where it isn't known.
    """
    return [
        *_problems_of_time(paper, period, last_day),
        *_problems_of_type(paper, farm_rate),
        *(_problems_of_goods(paper) if purpose == TO_DEDUCT else ()),
    ]


def last_day_of(period):
    """Return the last day of ``period`` (yyyymm)."""
    year, month = int(period[:4]), int(period[4:])
    return date(year, month, monthrange(year, month)[1])


def _problems_of_time(paper, period, last_day):
    end = last_day_of(period) if period else None
    if paper.day and end and paper.day > end:
        yield Problem(
            "selection_after_period",
            _("It was issued on %(day)s, after the period %(period)s."),
            _("Select it in a later period."),
            {"day": paper.day, "period": period},
        )
    elif paper.day and last_day and paper.day > last_day:
        yield Problem(
            "selection_after_last_day",
            _("It was issued on %(day)s; the tax bureau has fapiao up to %(last)s open for selection."),
            _("Select it when its day is open."),
            {"day": paper.day, "last": last_day},
        )


def _problems_of_type(paper, farm_rate):
    way = way_of(paper)
    if paper.is_red:
        yield Problem(
            "selection_red",
            _("A red fapiao isn't selected: the tax of the one it reverses is turned out (进项税额转出)."),
        )
    elif way.how == NOT:
        yield Problem("selection_type", _("Fapiao of this type have no tax that may be deducted."))
    elif not way.is_selected:
        yield Problem(
            "selection_computed",
            _("Its tax is not selected at the tax bureau."),
            _("Enter %(tax)s in the VAT return, if the traveller is named and employed here."),
            {"tax": tax_to_deduct(paper)},
        )
    elif tax_to_deduct(paper, farm_rate) <= 0:
        yield Problem("selection_no_tax", _("There is no tax on it."))


def _problems_of_goods(paper):
    loans = [goods for goods in paper.goods if goods.code.startswith(LOAN)]
    if loans:
        yield Problem(
            "selection_loan",
            _("It is for a loan service (贷款服务), whose tax may not be deducted."),
            _("Select it as not to be deducted."),
            severity="error" if len(loans) == len(paper.goods) else "warning",
        )
    named = [text for code, text in FOR_CONSUMPTION.items() if any(one.code.startswith(code) for one in paper.goods)]
    for text in named:
        yield Problem(
            "selection_consumption",
            _("It has %(service)s on it, whose tax may not be deducted where it is consumed here."),
            _("Select it as not to be deducted, unless it is sold on."),
            {"service": text},
            severity="warning",
        )
    way = way_of(paper)
    if way.how == FARM and not paper.element and paper.type_code in ORDINARY_TYPES:
        yield Problem(
            "selection_produce",
            _("Its tax may be deducted only if the seller has grown these farm products himself."),
            _("Exempt goods of a trader have no tax to deduct."),
            severity="warning",
        )


# ------------------------------------------------------------------ amounts of a document


def split_flight(paper):
    """Return ``(amount without tax, tax, fund)`` of a flight, which add up to its total."""
    fund = fund_of(paper)
    return round2(paper.total - fund - paper.tax), paper.tax, fund
