"""Distribution of a credit note over several fapiao, as few as possible: exact to the fen.

Source: docs/protocols/tax-rules.md#red-letter: each fapiao is reversed by its own red one.
"""

from dataclasses import dataclass
from decimal import Decimal

from .amounts import ZERO


@dataclass(frozen=True)
class Part:
    """Amount, tax and quantity (yuan, units) of a line or a part of it, with the line's sign."""

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


def due(credited, covered, kept):
    """Return what is still to be reversed of the ``credited`` part of a line, limited to the excess of valid
    fapiao over the books. ``covered``: amounts of these fapiao; ``kept``: the rest of the line after all
    credit notes.
    """
    excess = covered - kept
    if excess.amount * credited.amount <= 0:
        return Part()
    return credited if abs(excess.amount) >= abs(credited.amount) else excess


def share_out(wanted, held):
    """Return ``{fapiao: {line: Part}}``, the parts to reverse of each fapiao, or ``None`` if they don't
    contain enough.

    ``wanted``: line → (line of origin, :class:`Part`). ``held``: fapiao → {line of origin: Part}.
    """
    left = {fapiao: dict(parts) for fapiao, parts in held.items()}
    taken = {fapiao: {} for fapiao in held}
    for line, (origin, part) in wanted.items():
        rest = part
        for fapiao in _in_turn(origin, part, left, taken):
            room = left[fapiao][origin]
            piece = rest if abs(rest.amount) <= abs(room.amount) else room
            taken[fapiao][line] = piece
            left[fapiao][origin] = room - piece
            rest -= piece
            if not rest.amount:
                break
        if rest.amount:
            return None
    return {fapiao: lines for fapiao, lines in taken.items() if lines}


def _in_turn(origin, part, left, taken):
    """Return the fapiao from which to take ``part``, in order: an exact match, then one that contains enough,
    those already affected first; else the largest first.
    """
    holders = [fapiao for fapiao, parts in left.items() if parts.get(origin, Part()).amount * part.amount > 0]

    def order(fapiao):
        room = left[fapiao][origin].amount
        return room != part.amount, abs(room) < abs(part.amount), not taken[fapiao], -abs(room)

    return sorted(holders, key=order)
