"""Attribution of printed lines to the lines of a request for which a cloud has issued several fapiao.

The cloud returns no keys, so name, rate, price and the sums decide. If two results are possible, or the sums
differ by a fen, there is none. Source: docs/protocols/tax-rules.md#lines.
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal, localcontext
from itertools import chain

from .amounts import WIDE, prorated
from .document import DISCOUNT, in_units, totals

_DECIMALS = Decimal("1E-13")  # of a quantity
_PRICE_ECHO = Decimal("1E-6")  # relative deviation of a price that a cloud has rounded


def attributed(ordered, fapiao):
    """Return for each of ``fapiao`` (lists of printed :class:`~.document.Line`) a list with an entry for each
    of its lines: its slices of ``ordered`` lines, with their ``keys``. ``None`` if not certain, or if the
    fapiao don't sum to the request, amount and tax, line by line.
    """
    kinds = defaultdict(list)
    for unit in in_units(ordered):
        kinds[_kind(unit)].append(unit)
    printed = [(place, unit) for place, lines in enumerate(fapiao) for unit in in_units(lines)]
    homes = [_home(unit, kinds) for _place, unit in printed]
    if None in homes or set(homes) != set(kinds):
        return None
    made, numbers = {}, defaultdict(list)
    for number, home in enumerate(homes):
        numbers[home].append(number)
    for kind, units in kinds.items():
        if not _fill(units, [printed[number][1] for number in numbers[kind]], made, numbers[kind]):
            return None
    result = [[] for _lines in fapiao]
    for number, (place, _unit) in enumerate(printed):
        result[place] += made[number]
    return result


def rekeyed(lines, rows):
    """Return ``lines`` divided so that each covers one row: ``rows`` maps a line's first key to pairs of new
    key and weight. Lines with other keys are unchanged.
    """
    result = []
    for unit in in_units(lines):
        pairs = rows.get(unit[0].key, [])
        if len(pairs) < 2 or not any(weight for _key, weight in pairs):
            keys = tuple(key for key, _weight in pairs)
            result += [replace(line, keys=keys or line.keys) for line in unit]
            continue
        left, weight_left = unit, sum(weight for _key, weight in pairs)
        for key, weight in pairs:
            taken = _portion(left, weight, weight_left)
            result += [replace(line, keys=(key,)) for line in taken]
            left, weight_left = _less(left, taken), weight_left - weight
    return tuple(result)


def nearest_rate(amount, tax, rates):
    """Return the most likely of ``rates`` for a ``tax`` on ``amount``."""
    return min(rates, key=lambda rate: (abs(tax - amount * rate), rate))


# ---------------------------------------------------------------------- units: a line and its discount


def _name(text):
    """Return the item name without the short name of its code (``*软件*…``), which a cloud may add."""
    text = text.strip()
    if text.startswith("*") and text.count("*") > 1:
        text = text.split("*", 2)[2]
    return text.strip()


def _words(unit):
    return _name(unit[0].name), unit[0].code, unit[0].rate


def _kind(unit):
    return *_words(unit), unit[0].spec, unit[0].unit, unit[0].price


def _home(unit, kinds):
    """Return the only kind of which the printed ``unit`` can be a slice, or ``None``."""
    line, words = unit[0], _words(unit)
    fitting = [kind for kind in kinds if kind[:3] == words]
    if len(fitting) > 1:
        for place, said in ((3, line.spec), (4, line.unit)):
            fitting = [kind for kind in fitting if not said or kind[place] == said]
    if len(fitting) > 1:
        fitting = [kind for kind in fitting if _same_price(kind[5], line.price)]
    return fitting[0] if len(fitting) == 1 else None


def _same_price(one, other):
    if None in (one, other):
        return one is other
    return abs(one - other) <= _PRICE_ECHO * abs(one)


# ---------------------------------------------------------------------- from units to slices


def _fill(units, printed, made, numbers):
    """Fill ``made`` with the slices of ``printed`` units, all of one kind; return whether they sum to
    ``units``. Units with equal figures are assigned first, the others in order.
    """
    if totals(list(chain(*units))) != totals(list(chain(*printed))):
        return False
    places = defaultdict(list)
    for place, unit in enumerate(units if len(units) > 1 else []):
        places[_figures(unit)].append(place)
    open_ones, left = [], dict(enumerate(units))
    for number, unit in zip(numbers, printed, strict=True):
        if alike := places[_figures(unit)]:
            home = left.pop(alike.pop(0))
            made[number] = [[replace(line, keys=_keys(home, line))] for line in unit]
        else:
            open_ones.append((number, unit))
    rooms = [[unit, totals(unit)[0]] for unit in left.values()]
    if open_ones and not rooms:
        return False
    for number, unit in open_ones:
        made[number] = _cut_over(unit, rooms, len(left) == 1)
    return True


def _cut_over(unit, rooms, is_only):
    """Return the slices of each line of ``unit``, taken from the first of ``rooms`` with a remaining amount."""
    pieces = [[] for _line in unit]
    rest = unit
    while rest:
        home, room = rooms[0]
        amount = totals(rest)[0]
        if is_only or amount <= room or len(rooms) == 1:
            taken, rest = rest, None
            rooms[0][1] = room - amount
            if amount == room and len(rooms) > 1:
                rooms.pop(0)
        else:
            taken = _portion(rest, room, amount)
            rest = _less(rest, taken)
            rooms.pop(0)
        for place, line in enumerate(taken):
            pieces[place].append(replace(line, keys=_keys(home, line)))
    return pieces


def _keys(unit, line):
    """Return the keys of which ``line`` is a slice: the unit's discount for a discount."""
    alike = [one for one in unit if (one.kind == DISCOUNT) == (line.kind == DISCOUNT)]
    return (alike or unit)[0].keys


def _figures(unit):
    return *totals(unit), unit[0].quantity


def _portion(unit, weight, whole):
    with localcontext(WIDE):
        return [
            replace(
                line,
                amount=prorated(line.amount, weight, whole),
                tax=prorated(line.tax, weight, whole),
                quantity=line.quantity and (line.quantity * weight / whole).quantize(_DECIMALS),
            )
            for line in unit
        ]


def _less(unit, taken):
    return [
        replace(
            line,
            amount=line.amount - part.amount,
            tax=line.tax - part.tax,
            quantity=line.quantity and line.quantity - part.quantity,
        )
        for line, part in zip(unit, taken, strict=True)
    ]
