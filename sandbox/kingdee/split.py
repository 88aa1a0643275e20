"""Which fapiao come of a draft: by amount, by number of lines; exact to the fen."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from ..records import CENT

QUANTITY = Decimal("0.0000000000001")


def plan(draft, quirks):
    """The drafts of the fapiao, in order; their amounts add up to those of the given one."""
    limit = max(Decimal(quirks.split_amount or 0), Decimal(0)) or None
    parts = []
    for group in _pack(_units(draft.lines), limit, quirks.split_lines):
        lines = [line for unit in group for line in unit]
        net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
        parts.append(replace(draft, lines=lines, net=net, tax=tax, gross=net + tax))
    return parts


def _units(lines):
    """A discount stays with what it discounts."""
    units = []
    for line in lines:
        if line.nature == "discount" and units:
            units[-1].append(line)
        else:
            units.append([line])
    return units


def _pack(units, limit, most):
    """Fills one fapiao after the other; a line is cut only where it fits on none."""
    groups, room = [], None
    for piece in (piece for unit in units for piece in _cut(unit, limit)):
        net = _net(piece)
        full = most is not None and groups and sum(map(len, groups[-1])) + len(piece) > most
        if not groups or full or (limit is not None and net > room):
            groups.append([])
            room = limit
        groups[-1].append(piece)
        if limit is not None:
            room -= net
    return groups


def _cut(unit, limit):
    """A line, with its discount, in pieces that each stay within the limit.

    Every piece takes its share of what is left, so that all pieces together are the line again
    and the fen of rounding are spread over them.
    """
    pieces = []
    while limit is not None and _net(unit) > limit:
        total = _net(unit)
        share = limit / total
        while share > 0 and _net(_portion(unit, share)) > limit:
            share -= CENT / total
        piece = _portion(unit, share)
        if _net(piece) <= 0:
            break  # a limit of less than a fen, or a discount of nearly everything
        pieces.append(_tidy(piece))
        unit = [line.less(taken) for line, taken in zip(unit, piece, strict=True)]
    return [*pieces, _tidy(unit)]


def _portion(unit, share):
    portion = []
    for line in unit:
        amount, tax = ((each * share).quantize(CENT, ROUND_HALF_UP) for each in (line.amount, line.tax))
        quantity = line.quantity and (amount / line.price).quantize(QUANTITY, ROUND_HALF_UP)
        portion.append(replace(line, amount=amount, tax=tax, quantity=quantity))
    return portion


def _tidy(piece):
    """A discount of nothing is none, and a line of no quantity shows neither quantity nor price."""
    kept = [
        line if line.quantity is None or line.quantity > 0 else replace(line, quantity=None, price=None)
        for line in piece
        if line.amount
    ]
    if len(kept) == 1 and kept[0].nature == "discounted":
        return [replace(kept[0], nature="normal")]
    return kept


def _net(unit):
    return sum(line.net for line in unit)
