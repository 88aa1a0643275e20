"""Shares of ledger lines on each fapiao, so that both sides agree to the fen.

Lines of a fapiao differ from ledger lines: negative ones are folded into others, credit notes are netted,
large lines are divided. Source: docs/protocols/tax-rules.md#lines.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from .amounts import CENT, WIDE, ZERO, prorated
from .document import DISCOUNT, totals

MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Part:
    """Amount, tax and quantity of a line or of a part of it; all have the line's sign."""

    amount: Decimal = ZERO
    tax: Decimal = ZERO
    quantity: Decimal = Decimal(0)

    def __add__(self, other):
        return Part(self.amount + other.amount, self.tax + other.tax, self.quantity + other.quantity)

    def __sub__(self, other):
        return Part(self.amount - other.amount, self.tax - other.tax, self.quantity - other.quantity)

    @property
    def total(self):
        return self.amount + self.tax


@dataclass(frozen=True)
class Share:
    """The share of ``item`` on one fapiao, with the item's sign."""

    item: object
    amount: Decimal
    tax: Decimal
    quantity: Decimal


def uncovered(items, covered):
    """Return the rest of ``items`` (:class:`~.document.Item`) after ``covered``: key → covered amount, tax
    and quantity. Items covered in full are left out.
    """
    rest = []
    for item in items:
        if item.key not in covered:
            rest.append(item)
        elif (item.amount, item.tax) != covered[item.key][:2] or (
            item.is_gift and item.quantity and item.quantity != covered[item.key][2]
        ):
            rest.append(_less(item, *covered[item.key]))
    return rest


def _less(item, amount, tax, quantity):
    left = item.amount - amount
    part, whole = (left, item.amount) if item.amount else ((item.quantity or quantity) - quantity, item.quantity)
    discount = prorated(item.discount, part, whole) if whole else ZERO
    return replace(
        item,
        amount=left,
        tax=item.tax - tax,
        quantity=None if item.quantity is None else item.quantity - quantity,
        discount=max(discount, ZERO),
    )


def allot(items, parts):
    """Return a list of :class:`Share` for each of ``parts``, lists of :class:`~.document.Line`.

    The shares of an item sum to the item, those of a part to the part, provided that the sums of items and
    parts agree. Items must have different keys.
    """
    if len(parts) == 1:
        return [[Share(item, item.amount, item.tax, item.quantity or Decimal(0)) for item in items]]
    with localcontext(WIDE):
        return _Allotment(items, parts).shares()


class _Allotment:
    """A table of items and parts; ``amounts``, ``taxes`` and ``quantities`` are its cells by (item's place, part)."""

    def __init__(self, items, parts):
        self.items, self.parts = items, parts
        self.amounts, self.taxes, self.quantities = (defaultdict(Decimal) for _table in range(3))
        self.pieces = [_by_key(lines) for lines in parts]
        self.excess = {}  # cells with more booked than issued: the amount reduced by negative items

    def shares(self):
        strays = [place for place, item in enumerate(self.items) if not self._lay_on_own_lines(place, item)]
        for place in strays:
            self._lay_where_it_was_folded(place, self.items[place])
        sums = [totals(lines) for lines in self.parts]
        self._balance(self.amounts, [amount for amount, _tax, _total in sums])
        self._balance(self.taxes, [tax for _amount, tax, _total in sums])
        return [
            [
                Share(self.items[place], amount, self.taxes[place, part], self.quantities[place, part])
                for (place, at), amount in sorted(self.amounts.items())
                if at == part
            ]
            for part in range(len(self.parts))
        ]

    def _lay_on_own_lines(self, place, item):
        """Distribute ``item`` over the lines made of it; return whether there are any."""
        homes = [(part, pieces[item.key]) for part, pieces in enumerate(self.pieces) if item.key in pieces]
        if not homes:
            return False
        numbers = [part for part, _piece in homes]
        weights = {name: [getattr(piece, name) for _part, piece in homes] for name in ("amount", "tax", "quantity")}
        by_tax = weights["tax"] if sum(weights["tax"]) else weights["amount"]
        by_quantity = weights["quantity"] if all(weights["quantity"]) else weights["amount"]
        self._lay(self.amounts, place, numbers, _proportional(item.amount, weights["amount"], CENT))
        self._lay(self.taxes, place, numbers, _proportional(item.tax, by_tax, CENT))
        quantities = _proportional(item.quantity or Decimal(0), by_quantity, MICRO)
        self._lay(self.quantities, place, numbers, quantities)
        for part, piece in homes:
            self.excess[place, part] = self.amounts[place, part] - piece.amount
        return True

    def _lay_where_it_was_folded(self, place, item):
        """Assign a negative item to the parts whose lines it has reduced, first to those with its own text."""
        cells = [cell for cell in self.excess if self.items[cell[0]].group == item.group]
        cells.sort(key=lambda cell: (_words(self.items[cell[0]]) != _words(item), cell))
        left, taken = -item.amount, defaultdict(Decimal)
        for cell in cells:
            part = min(left, self.excess[cell])
            if part > 0:
                taken[cell[1]] -= part
                self.excess[cell] -= part
                left -= part
        if left or not taken:
            taken[cells[0][1] if cells else 0] -= left
        numbers, amounts = list(taken), list(taken.values())
        self._lay(self.amounts, place, numbers, amounts)
        self._lay(self.taxes, place, numbers, _proportional(item.tax, amounts, CENT))
        self._lay(self.quantities, place, numbers, _proportional(item.quantity or Decimal(0), amounts, MICRO))

    def _lay(self, table, place, numbers, values):
        for part, value in zip(numbers, values, strict=True):
            table[place, part] += value

    def _balance(self, table, sums):
        """Move single fen between parts within one item, so that the sums of items and parts agree."""
        off = list(sums)
        for (_place, part), value in table.items():
            off[part] -= value
        while True:
            low = min(range(len(off)), key=off.__getitem__)
            high = max(range(len(off)), key=off.__getitem__)
            moved = min(off[high], -off[low])
            if moved <= 0:
                return
            place = self._hinge(low, high)
            table[place, high] += moved
            table[place, low] -= moved
            self.amounts[place, high] += ZERO  # a share of tax alone is a share as well
            self.amounts[place, low] += ZERO
            off[high] -= moved
            off[low] += moved

    def _hinge(self, low, high):
        """Return the item within which to move fen: the largest of those on both parts, or on either."""
        on = [{place for place, part in self.amounts if part == number} for number in (low, high)]
        return max(on[0] & on[1] or on[0] | on[1], key=lambda place: (abs(self.items[place].amount), -place))


def _by_key(lines):
    """Return the amounts made of each item in ``lines``, less discounts, by the item's key."""
    pieces = defaultdict(Part)
    for line in lines:
        if line.keys:
            quantity = line.quantity if line.kind != DISCOUNT else None
            pieces[line.key] += Part(line.amount, line.tax, quantity or Decimal(0))
    return pieces


def _proportional(total, weights, unit):
    """Return shares of ``total`` proportional to ``weights``, in multiples of ``unit`` but the last, whose
    sum is exact; ``weights`` themselves if they sum to it.
    """
    whole = sum(weights)
    if not whole:
        return [total, *(ZERO for _weight in weights[1:])]
    marks, done = [Decimal(0)], Decimal(0)
    for weight in weights[:-1]:
        done += weight
        marks.append((total * done / whole).quantize(unit))
    marks.append(total)
    return [end - start for start, end in zip(marks, marks[1:], strict=False)]


def _words(item):
    return item.name, item.code, item.unit, item.spec


def part(total, whole, before, quantity):
    """Return what ``quantity`` of ``whole`` units come to after ``before`` of them, if all are ``total``.

    Parts taken one after the other add up to ``total``.
    """
    return prorated(total, before + quantity, whole) - prorated(total, before, whole)


def next_part(total, whole, before, quantity, taken, count):
    """Return :func:`part`; for the last units the rest of ``total`` after ``taken``, the amounts of ``count`` parts,
    if the difference is rounding and no change of price.
    """
    share = part(total, whole, before, quantity)
    rest = total - taken
    return rest if before + quantity == whole and is_rounding(rest - share, count) else share


def is_rounding(difference, count):
    """Return whether ``count`` parts, each rounded to the fen, may be off by ``difference``."""
    return abs(difference) <= CENT * (count + 1)
