"""Lines of a reversal and of the rest after it, from a blue fapiao's lines: exact to the fen.

Source: docs/protocols/tax-rules.md#red-letter: discounts are folded into their line; returned goods change
the quantity only, an allowance has neither price nor quantity.
"""

from dataclasses import dataclass, fields, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

from .amounts import CENT, PRICE_TOLERANCE, WIDE, ZERO, price_difference, price_of, prorated, round2, trim
from .document import DISCOUNT, NORMAL, Line, Printed, totals
from .names import item_name
from .red import NONE, REASONS, STOPPED
from .red_document import RedLine
from .shares import Part

_DECIMALS = 13  # of a quantity
# What only the bureau knows of a red line
BUREAU_DETAILS = ("own_code", "code_version", "application_no", "is_privileged")


@dataclass(frozen=True)
class Credit:
    """A credit on the blue line ``xh``, all positive; ``None`` is computed.

    A quantity gives the amount by the blue price, an amount gives the tax in proportion.
    """

    xh: int
    quantity: Decimal | None = None
    amount: Decimal | None = None
    tax: Decimal | None = None


def fold(lines):
    """Return the red lines that reverse ``lines`` (of a blue fapiao) in full, discounts folded in.

    ``xh`` is the parent's position among all lines, discounts counted (assumed numbering of the bureau;
    :func:`aligned` sets the bureau's own numbers). Lines that sum to zero are left out. Raises ValueError for
    a discount without a line of its rate before it.
    """
    groups = []
    for position, line in enumerate(lines, 1):
        if line.kind != DISCOUNT:
            groups.append((position, [line]))
        elif groups and groups[-1][1][0].rate == line.rate:
            groups[-1][1].append(line)
        else:
            raise ValueError(f"Line {position} discounts nothing")
    folded = [_folded(position, members) for position, members in groups]
    return tuple(line for line in folded if line.amount or line.tax)


def left(blue):
    """Return the red lines of the unreversed rest of ``blue``: its lines without those of ``blue.reversed``.
    Raises ValueError as :func:`fold` does, and for a red line that fits no blue one.
    """
    return without(fold(blue.lines), blue.reversed)


def without(lines, taken):
    """Return red ``lines`` reduced by those ``taken``, matched by ``xh``; lines reduced to zero are left out."""
    unknown = {line.xh for line in taken} - {line.xh for line in lines}
    if unknown:
        raise ValueError(f"No blue line {min(unknown)}")
    rest = [_less(line, [other for other in taken if other.xh == line.xh]) for line in lines]
    return tuple(line for line in rest if line.amount or line.tax)


def whole(blue, reason):
    """Return the lines that reverse the whole rest of ``blue``, in the form required by ``reason``."""
    return tuple(_written(line, reason) for line in left(blue))


def part(blue, reason, shares):
    """Return the lines that reverse ``shares`` (:class:`Credit`) of ``blue`` for ``reason``.

    Quantity and price are kept where possible; whether the reason allows the result is checked by
    ``red_preflight``. Raises ValueError for a credit of a missing line.
    """
    known, prices = {line.xh: line for line in left(blue)}, {line.xh: line.price for line in fold(blue.lines)}
    missing = [credit.xh for credit in shares if credit.xh not in known]
    if missing:
        raise ValueError(f"No blue line {missing[0]}")
    return tuple(_written(_credited(known[credit.xh], credit, reason, prices[credit.xh]), reason) for credit in shares)


def mirrored(lines):
    """Return red ``lines`` with opposite signs, as blue lines.

    Discounts stay folded in: a net price needs no discount line.
    """
    return tuple(_turned(line, Line, kind=NORMAL) for line in lines)


def aligned(lines, bureau):
    """Return our red ``lines`` with the numbers of the bureau's list, or ``None`` if the lists differ.

    ``lines`` are the whole rest, ``bureau`` is ``RedCheck.lines``; both in the fapiao's order.
    """
    bureau = _with_amount(bureau)
    if len(lines) != len(bureau):
        return None
    pairs = list(zip(lines, bureau, strict=True))
    if any((ours.amount, ours.tax) != (theirs.amount, theirs.tax) for ours, theirs in pairs):
        return None
    return tuple(replace(ours, xh=theirs.xh) for ours, theirs in pairs)


def reversed_by(printed, blue):
    """Return for each line ``printed`` on a red fapiao the number (``xh``) of the line of ``blue`` that it reverses.

    The lines of a fapiao reversed in full come in its order; else name, code and rate have to name one line that holds
    as much. None for all of them where one isn't certain.
    """
    unknown = (None,) * len(printed)
    try:
        rest = left(blue)
    except ValueError:
        return unknown
    if [(line.amount, line.tax) for line in printed] == [(line.amount, line.tax) for line in rest]:
        return tuple(line.xh for line in rest)
    numbers = [_number_of(line, rest) for line in printed]
    return unknown if None in numbers or len(set(numbers)) < len(numbers) else tuple(numbers)


def is_off(line):
    """Return whether price × quantity of ``line`` misses its amount by more than the bureau allows."""
    if line.quantity is None or line.price is None:
        return False
    return abs(price_difference(line.amount, line.quantity, line.price)) > PRICE_TOLERANCE


def _number_of(printed, rest):
    """Return the number of the only line of ``rest`` that ``printed`` can reverse, or None."""
    wanted = _words(printed)
    fitting = [line for line in rest if _words(line) == wanted and line.amount <= printed.amount]
    return fitting[0].xh if len(fitting) == 1 else None


def _words(line):
    """Return what tells a line from others; a cloud may put the short name of the code before the item's own."""
    return item_name(line.name), line.code, line.rate


def detailed(lines, rest, bureau):
    """Return red ``lines`` with what the bureau's list says of each beside its amounts; as they are where that list
    differs from the whole ``rest``.
    """
    if aligned(rest, bureau) is None:
        return tuple(lines)
    told = {
        ours.xh: {"bureau_xh": theirs.xh, **{name: getattr(theirs, name) for name in BUREAU_DETAILS}}
        for ours, theirs in zip(rest, _with_amount(bureau), strict=True)
    }
    return tuple(replace(line, **told[line.xh]) for line in lines)


def _with_amount(bureau):
    """Return the lines of the bureau's list without those discounted to nothing, which it may list or not."""
    return [line for line in bureau if line.amount or line.tax]


def _turned(line, class_, **values):
    """Return ``line`` with opposite signs, as a line of ``class_`` with ``values``."""
    printed = {field.name: getattr(line, field.name) for field in fields(Printed)}
    quantity = None if line.quantity is None else -line.quantity
    return class_(**{**printed, "amount": ZERO - line.amount, "tax": ZERO - line.tax, "quantity": quantity, **values})


def _folded(position, members):
    first = members[0]
    amount, tax, _total = totals(members)
    if first.quantity is None or first.price is None:
        first = replace(first, quantity=None, price=None)
    else:
        first = replace(first, quantity=trim(first.quantity))
    keys = tuple(dict.fromkeys(key for line in members for key in line.keys))
    line = _turned(replace(first, amount=amount, tax=tax, keys=keys), RedLine, xh=position)
    if len(members) == 1 or line.quantity is None:
        return line
    # the price is the amount less the discount ÷ quantity, also where the old one would still fit
    with localcontext(WIDE):
        price = trim((line.amount / line.quantity).quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_UP))
    line = replace(line, price=price)
    return line if price > 0 and not is_off(line) else replace(line, quantity=None, price=None)


def _less(line, taken):
    if not taken:
        return line
    amount, tax, _total = totals(taken)
    quantity = line.quantity
    if quantity is not None:
        with localcontext(WIDE):
            quantity = trim(quantity - sum((other.quantity or 0 for other in taken), Decimal(0)))
    # an amount without quantity, or the reverse: the rest has no price of its own
    if quantity is not None and quantity >= 0:
        quantity = None
    return _priced(replace(line, amount=line.amount - amount, tax=line.tax - tax, quantity=quantity))


def _priced(line):
    """Return ``line`` with its price if that still fits, else another; neither price nor quantity if none
    fits.
    """
    if line.quantity is None or line.price is None:
        return replace(line, quantity=None, price=None)
    return _repriced(line) if is_off(line) else line


def _repriced(line):
    price = price_of(-line.amount, -line.quantity)
    return replace(line, price=price, quantity=line.quantity if price is not None else None)


def _credited(line, credit, reason, price):
    """Return the part of red ``line``, of which the original's price is ``price``, that is credited by ``credit``."""
    if line.quantity is None or price is None:
        credit, price = replace(credit, quantity=None), None
    amount = _credited_amount(line, credit, price)
    quantity = None if credit.quantity is None else -abs(Decimal(credit.quantity))
    if credit.amount is not None and amount == line.amount:
        quantity = None  # all of it, in whatever units it is credited
    if quantity is None and line.quantity is not None:
        if amount == line.amount:
            quantity = line.quantity
        elif reason == STOPPED:
            quantity = _quantity_of(amount, price)
    tax = -abs(credit.tax) if credit.tax is not None else _share_of_tax(line, amount)
    part = replace(
        line, amount=amount, tax=ZERO + tax, quantity=quantity, price=price if quantity is not None else None
    )
    if amount == line.amount and quantity == line.quantity:
        return replace(part, price=line.price)
    # credited at another price: it shows, and the reason is checked by it
    return _repriced(part) if is_off(part) and quantity else part


def _credited_amount(line, credit, price):
    if credit.amount is not None:
        return ZERO - abs(credit.amount)
    if credit.quantity is None or line.quantity is None or abs(credit.quantity) == -line.quantity:
        return line.amount
    with localcontext(WIDE):
        return max(-round2(price * abs(credit.quantity)), line.amount)


def takes_units(blue, shares):
    """Return whether ``shares`` (:class:`Credit`, with amounts) are of the quantity at the price of ``blue``, or of all
    that is left of a line."""
    known, prices = {line.xh: line for line in left(blue)}, {line.xh: line.price for line in fold(blue.lines)}
    return all(
        (abs(share.amount) == -known[share.xh].amount and known[share.xh].price == prices[share.xh])
        or (
            None not in (share.quantity, prices[share.xh])
            and abs(price_difference(abs(share.amount), abs(share.quantity), prices[share.xh])) <= PRICE_TOLERANCE
        )
        for share in shares
        if share.xh in known
    )


def quantity_for(amount, price):
    """Return the (negative) quantity whose product with ``price`` is ``amount``; None where none is exact enough."""
    quantity = _quantity_of(amount, price) if price else None
    fits = quantity is not None and abs(price_difference(amount, quantity, price)) <= PRICE_TOLERANCE
    return quantity if fits else None


def _quantity_of(amount, price):
    with localcontext(WIDE):
        quantity = trim((amount / price).quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_UP))
    return quantity or None


def _share_of_tax(line, amount):
    """Return the tax of ``amount`` in proportion, so that part and rest stay near the rate. The whole tax
    belongs to the whole amount only, as the bureau requires.
    """
    if amount == line.amount or not line.amount:
        return line.tax
    tax = prorated(line.tax, amount, line.amount)
    if tax == line.tax and tax and abs(amount) < abs(line.amount):
        return tax + CENT
    return tax


def _written(line, reason):
    if REASONS[reason].quantity == NONE:
        return replace(line, quantity=None, price=None)
    return line


# Amounts of single units may be more in sum than that of all of them, as each is rounded.
_ROUNDED = 5 * CENT


def origins(credited, room, ranked):
    """Return ``{credited line: [(line of origin, Part)]}``: each takes from a line that has enough, the nearest in
    size, or from several that have it together; from the first one if they don't, ``[]`` if there is none.

    ``credited``: line → :class:`Part`, in the order in which they take. ``room``: line of origin → Part. ``ranked``:
    function that returns for a credited line ``(whether units are taken, lines of origin)``, the likeliest first.
    """
    room, found = dict(room), {}
    for line, part in credited.items():
        choices = ranked(line)
        fitting = (_pieces(part, lines, room, by_units) for by_units, lines in choices)
        pieces = next(filter(None, fitting), [(choices[0][1][0], part)] if choices else [])
        by_units = any(by_units and pieces[0][0] in lines for by_units, lines in choices)
        for origin, piece in pieces:
            room[origin] -= piece if by_units else replace(piece, quantity=Decimal(0))
        found[line] = pieces
    return found


def _pieces(part, lines, room, by_units):
    """Return ``part`` as ``[(line, Part)]`` of those of ``lines`` that have ``room``, None if they don't together."""

    def size(one):
        return abs(one.quantity if by_units else one.amount)

    holding = [line for line in lines if room[line].amount * part.amount > 0]
    wanted, most = size(part), abs(part.amount) - _ROUNDED
    if enough := [line for line in holding if size(room[line]) >= wanted and abs(room[line].amount) >= most]:
        return [(min(enough, key=lambda line: size(room[line])), part)]
    if sum(size(room[line]) for line in holding) < wanted or sum(abs(room[line].amount) for line in holding) < most:
        return None
    pieces, rest = [], part
    for line in sorted(holding, key=lambda line: -size(room[line])):
        if size(room[line]) >= size(rest):
            return [*pieces, (line, rest)]
        piece = room[line] if by_units else replace(room[line], quantity=_prorated_units(part, room[line]))
        pieces.append((line, piece))
        rest -= piece
    return None


def _prorated_units(part, piece):
    with localcontext(WIDE):
        return trim((part.quantity * piece.amount / part.amount).quantize(Decimal(1).scaleb(-_DECIMALS)))


def due(credited, covered, kept):
    """Return the part of ``credited`` (of one line, by a credit note) that is still to be reversed: at most the excess
    of ``covered``, the line on living fapiao, over ``kept``, the line in the books after all credit notes.
    """
    excess = covered - kept
    if excess.amount * credited.amount <= 0:
        return Part()
    return credited if abs(excess.amount) >= abs(credited.amount) else excess


def share_out(wanted, held):
    """Return ``{fapiao: {line: Part}}``, what is taken from each fapiao; ``None`` if they don't hold enough.

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
    """Return the fapiao to take ``part`` from: the one that holds just that, then one that holds enough,
    those that are touched anyway first; else the largest first."""
    holders = [fapiao for fapiao, parts in left.items() if parts.get(origin, Part()).amount * part.amount > 0]

    def order(fapiao):
        room = left[fapiao][origin].amount
        return room != part.amount, abs(room) < abs(part.amount), not taken[fapiao], -abs(room)

    return sorted(holders, key=order)
