"""Builds the lines of a fapiao from ledger items: negative items are folded into others, discounts paired.

Source: docs/protocols/tax-rules.md#lines: amounts are positive, a discount is a separate line directly after
the discounted line, and negative items become discounts on lines of the same rate.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from . import names, rates
from .amounts import CENT, ZERO, fill_taxes, plain, price_of, round2, settle, spread, tax_of, trim
from .document import DISCOUNT, DISCOUNTED, NORMAL, Item, Line
from .limits import DEFAULTS
from .problems import Problem, _

NAME_CUT = _("The item name “%(text)s” is longer than %(length)s characters and will be cut.")
SPEC_CUT = _("The specification “%(text)s” is longer than %(length)s characters and will be cut.")
UNIT_CUT = _("The unit “%(text)s” is longer than %(length)s characters and will be cut.")


@dataclass(frozen=True)
class Net:
    """An item about to become a line: ``amount`` and ``tax`` after ``discount``, all positive.

    ``folded`` are the keys of the negative items included in ``discount``.
    """

    item: Item
    amount: Decimal
    tax: Decimal
    discount: Decimal
    folded: tuple[str, ...] = ()

    @property
    def rate(self):
        """The VAT rate of the item, as a fraction."""
        return self.item.rate


def to_lines(items, amount_total, tax_total, limits=DEFAULTS):
    """Return ``(lines, problems)``; the lines sum to the two totals exactly. No lines on an error."""
    nets, problems = fold(items)
    if nets is None:
        return None, problems
    pairs, found = settle(nets, amount_total, tax_total, len(items))
    problems += found
    if pairs is None:
        return None, problems
    lines = []
    for net, (amount, tax) in zip(nets, pairs, strict=True):
        shaped, found = shape(replace(net, amount=amount, tax=tax), limits)
        lines += shaped
        problems += found
    return lines, problems


def fold(items):
    """Return ``(nets, problems)``: the positive items, reduced by the negative ones.

    Negative items (global discounts, down-payment deductions, rewards, returns) reduce the positive ones of
    the same rate, zero kind and policy in proportion to their amounts, exact to the fen: first those of their own
    document, and others by what exceeds these. A gift, discounted in full, is kept with its discount where it may
    stand beside a line with an amount; other items of zero amount are left out: a line of a fapiao must have an
    amount. ``None`` instead of nets if the negatives exceed the positives of their rate or nothing is left.
    """
    nets, problems = {}, []
    for group in _groups(items):
        folded, found = _fold_group(group)
        nets.update(folded)
        problems += found
    if problems:
        return None, problems
    if not nets:
        return None, [_nothing_problem()]
    beside = {rates.stands_apart(net.item) for net in nets.values()}
    for position, item in enumerate(items):
        if position not in nets and item.is_gift and rates.stands_apart(item) in beside:
            nets[position] = Net(item, ZERO, ZERO, round2(item.discount))
    problems = [
        _zero_problem(item) for position, item in enumerate(items) if position not in nets and round2(item.amount) >= 0
    ]
    return [nets[position] for position in sorted(nets)], problems


def shape(net, limits=DEFAULTS):
    """Return ``(lines, problems)`` of one item: a normal line, or a discounted line and its discount.

    The discount line's tax is exact to its rate (Kingdee allows it only 0.01), the discounted line takes the
    rest; together they are the item's amount and tax.
    """
    item = net.item
    texts, problems = _texts(item, limits)
    list_amount = net.amount + net.discount
    discount_tax = tax_of(net.discount, item.rate)
    quantity, price, found = _quantity_and_price(item, list_amount, limits)
    line = Line(
        kind=DISCOUNTED if net.discount else NORMAL,
        code=item.code,
        amount=list_amount,
        tax=net.tax + discount_tax,
        rate=item.rate,
        quantity=quantity,
        price=price,
        zero_kind=item.zero_kind,
        policy=item.policy,
        keys=(item.key,),
        goods_code=item.goods_code,
        note=item.note,
        **texts,
    )
    if not net.discount:
        return [line], problems + found
    discount = replace(
        line,
        kind=DISCOUNT,
        amount=-net.discount,
        tax=-discount_tax,
        quantity=None,
        price=None,
        spec="",
        unit="",
        goods_code="",
        note="",
        keys=(item.key, *net.folded),
    )
    return [line, discount], problems + found


def _groups(items):
    """Return lists of ``(position, item)`` that may discount one another, without items of zero."""
    groups = {}
    for position, item in enumerate(items):
        if round2(item.amount):
            groups.setdefault(item.group, []).append((position, item))
    return groups.values()


def _fold_group(group):
    """Return ``({position: net}, problems)`` of items that share rate, zero kind and policy."""
    positives = [(position, item) for position, item in group if item.amount > 0]
    negatives = [item for _position, item in group if item.amount < 0]
    amounts = [round2(item.amount) for _position, item in positives]
    reduction = -sum((round2(item.amount) for item in negatives), ZERO)
    excess = reduction - sum(amounts, ZERO)
    # A down payment of 100 % may exceed its lines by the ledger's rounding, which settle() corrects.
    if excess > CENT * len(positives):
        return {}, [_excess_problem(negatives[0], reduction, sum(amounts, ZERO))]
    own, common = _reductions(positives, negatives, amounts, reduction - max(excess, ZERO))
    shares = [mine + ours for mine, ours in zip(own, common, strict=True)]
    taxes = _net_taxes(group, positives, [amount - share for amount, share in zip(amounts, shares, strict=True)])
    return {
        position: Net(
            item,
            amount - share,
            tax,
            max(round2(item.discount), ZERO) + share,
            tuple(one.key for one in negatives if ours or (share and one.document == item.document)),
        )
        for (position, item), amount, share, ours, tax in zip(positives, amounts, shares, common, taxes, strict=True)
        if amount > share
    }, []


def _reductions(positives, negatives, amounts, reduction):
    """Return two lists: by how much the negatives of its own document reduce each positive, and by how much what
    exceeds these does. Their sum is ``reduction``.
    """
    own = [ZERO] * len(amounts)
    for document in dict.fromkeys(item.document for item in negatives):
        places = [place for place, (_position, item) in enumerate(positives) if item.document == document]
        there = [amounts[place] for place in places]
        wanted = -sum((round2(item.amount) for item in negatives if item.document == document), ZERO)
        taken = min(wanted, sum(there, ZERO), reduction - sum(own, ZERO))
        for place, share in zip(places, spread(taken, there), strict=True):
            own[place] = share
    left = [amount - share for amount, share in zip(amounts, own, strict=True)]
    return own, spread(reduction - sum(own, ZERO), left)


def _net_taxes(group, positives, amounts):
    """Return the taxes of the reduced ``amounts``, whose sum is the group's tax."""
    if len(group) == len(positives):
        return [round2(item.tax) for _position, item in positives]
    rows = [(amount, item.rate) for amount, (_position, item) in zip(amounts, positives, strict=True)]
    target = sum((round2(item.tax) for _position, item in group), ZERO)
    taxes, _rest = fill_taxes(rows, [tax_of(*row) for row in rows], target)
    return taxes


def _texts(item, limits):
    """Return the printed texts of an item as keyword arguments for a line, and warnings about cut texts."""
    fields = (
        ("name", names.compose(item.name, item.short_name), limits.name_length, NAME_CUT),
        ("spec", item.spec, limits.spec_length, SPEC_CUT),
        ("unit", item.unit, limits.unit_length, UNIT_CUT),
    )
    texts, problems = {}, []
    for field, text, length, warning in fields:
        texts[field], found = names.fit(text, length, warning, item.key)
        problems += found
    return texts, problems


def _quantity_and_price(item, amount, limits):
    """Return quantity, price and warnings; both or neither, as the bureau requires."""
    if not item.quantity:
        return None, None, []
    # Minus two units at a price of minus 50 are a sale of two at 50.
    quantity = trim(abs(round(Decimal(item.quantity), limits.quantity_decimals)))
    price = price_of(amount, quantity, limits.price_decimals)
    if price is not None:
        return quantity, price, []
    problem = Problem(
        "quantity_left_out",
        _(
            "No unit price times the quantity %(quantity)s gives %(amount)s to the fen;"
            " the fapiao will show the amount alone."
        ),
        _("Use a larger unit of measure if the quantity must be printed."),
        {"quantity": plain(item.quantity), "amount": plain(amount)},
        item.key,
        "warning",
    )
    return None, None, [problem]


def _zero_problem(item):
    return Problem(
        "zero_line_left_out",
        _("“%(name)s” comes to nothing and is left out: the lines of a fapiao must have an amount."),
        _("To show a gift, enter its price on the line and discount it in full."),
        {"name": names.clean(item.name)},
        item.key,
        "warning",
    )


def _nothing_problem():
    return Problem(
        "nothing_to_issue",
        _("There is nothing to issue: no line has an amount above zero."),
        _("Nothing needs to be done, or correct the prices."),
    )


def _excess_problem(item, reduction, amount):
    return Problem(
        "negative_exceeds",
        _(
            "Deductions of %(reduction)s at %(rate)s exceed the lines at that rate, which come to %(amount)s"
            " without tax. A fapiao can only take them off lines of the same rate and tax privilege."
        ),
        _(
            "Give the deduction the tax of the lines it reduces, or issue the remainder by reversing the"
            " earlier fapiao."
        ),
        {"reduction": plain(reduction), "rate": rates.percent(item.rate), "amount": plain(amount)},
        item.key,
    )
