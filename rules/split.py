"""Splits a draft into several by amount limit, number of lines, and kinds of lines that can't be combined.

A line and its discount stay together; a line above the limit is divided by quantity. Amounts and taxes of the
parts sum to those of the whole, to the fen. Source: docs/protocols/tax-rules.md#lines, #arithmetic.
"""

from dataclasses import replace
from decimal import Decimal, localcontext

from . import rates
from .amounts import (
    PRICE_TOLERANCE,
    WIDE,
    ZERO,
    fill_taxes,
    plain,
    price_difference,
    price_of,
    prorated,
    tax_of,
    trim,
)
from .document import NORMAL, in_units, totals
from .draft import DIFFERENTIAL
from .limits import DEFAULTS
from .problems import Problem, _

MOST_PARTS = 500  # more indicates a wrong limit
LEAST_LIMIT = Decimal("1.00")  # below it, rounding to fen decides what fits
MOST_DECIMALS = 6  # of a divided quantity


def split(draft, limits=DEFAULTS):
    """Return ``(drafts, problems)``: the parts of ``draft``, or itself if it needs no split.

    Each line is put on the first part with room, in order. No drafts if the limit is too small.
    """
    if not _is_too_much(draft, limits):
        return [draft], []
    if problems := list(_obstacles(draft, limits)):
        return None, problems
    units, gifts = [], []
    for unit in in_units(draft.lines):
        pieces = _cut(unit, limits)
        if pieces is None:
            return None, [_uncuttable(unit[0], limits)]
        if _net(unit):
            units += pieces
        else:
            gifts.append((len(units), unit))
    lots = _pack(_with_gifts(units, gifts), limits)
    if len(lots) > MOST_PARTS:
        return None, [_too_many(len(lots))]
    return [_part(draft, lot.lines) for lot in lots], []


def _is_too_much(draft, limits):
    is_too_large = limits.amount_limit is not None and draft.amount > limits.amount_limit
    return is_too_large or len(draft.lines) > limits.max_lines or rates.is_mixed(draft.lines)


def _obstacles(draft, limits):
    limit = limits.amount_limit
    if draft.levy in DIFFERENTIAL:
        yield Problem(
            "split_differential",
            _("A fapiao under differential taxation has one line and can't be split."),
            _("Issue smaller invoices."),
        )
    elif limit is not None and limit < LEAST_LIMIT:
        yield Problem(
            "split_limit",
            _("The limit per fapiao of %(limit)s is too low to issue anything."),
            _("Correct the limit in the settings of the company."),
            {"limit": plain(limit)},
        )
    elif limit is not None and draft.amount > limit * MOST_PARTS:
        yield _too_many(int(draft.amount / limit) + 1)


# ---------------------------------------------------------------------- lines and their discounts


def _net(unit):
    return totals(unit)[0]


def _with_gifts(units, gifts):
    """Return ``units`` with each of ``gifts``, pairs of place and unit, behind the last line before it, else ahead of
    the first one, that it may stand beside: a fapiao can't consist of gifts."""
    ahead, behind = ([[] for _unit in units] for _side in range(2))
    for place, gift in gifts:
        apart = rates.stands_apart(gift[0])
        homes = [home for home, unit in enumerate(units) if rates.stands_apart(unit[0]) == apart]
        if earlier := [home for home in homes if home < place]:
            behind[earlier[-1]] += gift
        else:
            ahead[homes[0]] += gift
    return [[*before, *unit, *after] for before, unit, after in zip(ahead, units, behind, strict=True)]


class _Lot:
    """The lines of one part under construction."""

    def __init__(self, unit):
        self.lines, self.amount, self.is_apart = list(unit), _net(unit), rates.stands_apart(unit[0])

    def has_room(self, unit, limits):
        limit = limits.amount_limit
        most_lines = min(limits.max_lines, limits.many_lines)
        return (
            self.is_apart == rates.stands_apart(unit[0])
            and (limit is None or self.amount + _net(unit) <= limit)
            and len(self.lines) + len(unit) <= most_lines
        )

    def add(self, unit):
        self.lines += unit
        self.amount += _net(unit)


def _pack(units, limits):
    lots = []
    for unit in units:
        lot = next((lot for lot in lots if lot.has_room(unit, limits)), None)
        if lot:
            lot.add(unit)
        else:
            lots.append(_Lot(unit))
    return lots


def _part(draft, lines):
    amount, tax, total = totals(lines)
    return replace(draft, lines=tuple(lines), amount=amount, tax=tax, total=total)


# ---------------------------------------------------------------------- a line above the limit


def _cut(unit, limits):
    """Return the slices of ``unit``, each within the amount limit; ``None`` if it can't be divided.

    All but the last are filled to the limit, so that the rest leaves room for other lines.
    """
    limit = limits.amount_limit
    if limit is None or _net(unit) <= limit:
        return [unit]
    with localcontext(WIDE):
        for step in _steps(unit, limit):
            marks = _marks(unit, step, limit)
            pieces = marks and _pieces(unit, marks, limits)
            if pieces:
                return pieces
    return None


def _measure(unit):
    """Return the measure by which the unit is divided: its quantity, or its fen without a quantity."""
    return unit[0].quantity or _net(unit).scaleb(2)


def _steps(unit, limit):
    """Yield the steps of division: whole units if the quantity is whole and one unit fits, then fractions so
    small that hardly more than a hundredth of the limit is left over.
    """
    whole = _measure(unit)
    price = _net(unit) / whole
    if whole == whole.to_integral_value() and price <= limit:
        yield Decimal(1)
    if unit[0].quantity is None:
        return
    for places in range(1, MOST_DECIMALS + 1):
        step = Decimal(1).scaleb(-places)
        if price * step <= limit / 100:
            yield step


def _marks(unit, step, limit):
    """Return the cuts, counted from the start and ending with the whole; ``None`` if the steps are too large."""
    whole = _measure(unit)
    most = max(limit * whole / _net(unit) // step * step, step)
    marks = [Decimal(0)]
    while marks[-1] < whole:
        start, mark = marks[-1], min(marks[-1] + most, whole)
        # rounding of amount and discount may exceed the limit by a fen, or leave a rest of zero
        while mark > start and sum(_amounts(unit, start, mark)) > limit:
            mark -= step
        if mark <= start or sum(_amounts(unit, start, mark)) <= 0:
            return None
        if mark < whole and sum(_amounts(unit, mark, whole)) <= 0:
            mark = whole
        marks.append(mark)
        if len(marks) > MOST_PARTS + 1:
            return None
    return marks


def _amounts(unit, start, end):
    """Return the amounts of the lines of ``unit`` between two marks; each mark is rounded once, so that the slices'
    sum is exact.
    """
    whole = _measure(unit)
    return [prorated(line.amount, end, whole) - prorated(line.amount, start, whole) for line in unit]


def _pieces(unit, marks, limits):
    """Return the unit's slices between ``marks``; ``None`` if its tax doesn't fit into them."""
    line = unit[0]
    spans = list(zip(marks, marks[1:], strict=False))
    amounts = [_amounts(unit, start, end) for start, end in spans]
    rows = [(sum(piece, ZERO), line.rate) for piece in amounts]
    taxes, rest = fill_taxes(rows, [tax_of(*row) for row in rows], totals(unit)[1])
    if rest:
        return None
    pieces = []
    for (start, end), piece, tax in zip(spans, amounts, taxes, strict=True):
        quantity, price = _quantity_and_price(line, piece[0], end - start, limits)
        # a discount's tax is exact to its rate, and its line takes the rest: see lines.shape()
        discount = [replace(unit[1], amount=piece[1], tax=tax_of(piece[1], line.rate))] if piece[1:] else []
        first = replace(line, amount=piece[0], tax=tax - totals(discount)[1], quantity=quantity, price=price)
        if discount and piece[1]:
            pieces.append([first, *discount])
        else:
            pieces.append([replace(first, kind=NORMAL)])
    return pieces


def _quantity_and_price(line, amount, quantity, limits):
    """Return quantity and price of a slice, at the line's own price if within the bureau's tolerance."""
    if line.quantity is None:
        return None, None
    quantity = trim(quantity)
    if abs(price_difference(amount, quantity, line.price)) <= PRICE_TOLERANCE:
        return quantity, line.price
    price = price_of(amount, quantity, limits.price_decimals)
    return (quantity, price) if price is not None else (None, None)


# ---------------------------------------------------------------------- problems


def _too_many(count):
    return Problem(
        "split_too_many",
        _("This would take %(count)s fapiao; more than %(most)s are not made of one order."),
        _("Check the limit per fapiao in the settings of the company."),
        {"count": count, "most": MOST_PARTS},
    )


def _uncuttable(line, limits):
    return Problem(
        "split_line",
        _("“%(name)s” over %(amount)s can't be cut into pieces of at most %(limit)s each."),
        _("Divide the line of the invoice by hand."),
        {"name": line.name, "amount": plain(line.amount), "limit": plain(limits.amount_limit)},
        line.key,
    )
