"""Lines of an invoice after its credit notes, as items of its fapiao.

A credit of units at the line's own price reduces the line; any other one (an allowance, a lump sum) stays a
negative item, which becomes a discount (:mod:`.lines`). Source: docs/protocols/tax-rules.md#lines,
#red-letter.
"""

from dataclasses import replace
from decimal import Decimal, localcontext

from .amounts import CENT, WIDE, ZERO, net_of_gross, round2, spread, trim

_SAME = ("name", "code", "rate", "zero_kind", "policy", "unit", "spec", "short_name")


def net(items, credits_):
    """Return ``items`` (:class:`~.document.Item`) less ``credits_``, items of the opposite sign.

    The sums of amount and tax over all items are exactly those of both lists together. Items credited in full
    are left out; items that were zero before are kept.
    """
    left = list(items)
    lumps, gone = [], set()
    for credit in credits_:
        places = (number for number, item in enumerate(left) if number not in gone and _fits(item, credit))
        place = next(places, None)
        if place is None:
            lumps.append(credit)
            continue
        left[place] = _less(left[place], credit)
        if not (left[place].amount or left[place].tax or left[place].discount):
            gone.add(place)
    return [item for number, item in enumerate(left) if number not in gone] + lumps


def waived(items, gross):
    """Return ``items`` less ``gross`` (with tax) in all, as a discount spread over them in proportion to their totals.

    Each takes its share at its own rate, so that the totals fall by exactly ``gross``. A negative ``gross`` is taken
    off negative items, those of a credit note. Items of the other sign are unchanged.
    """
    sign = -1 if gross < 0 else 1
    places = [place for place, item in enumerate(items) if round2(item.amount) * sign > 0] if gross else []
    result = list(items)
    shares = spread(abs(gross), [abs(round2(items[place].amount + items[place].tax)) for place in places])
    for place, share in zip(places, shares, strict=True):
        item = items[place]
        amount = net_of_gross(share, item.rate)
        result[place] = replace(
            item,
            amount=item.amount - sign * amount,
            tax=item.tax - sign * (share - amount),
            discount=item.discount + (amount if sign > 0 else ZERO),
        )
    return result


def _fits(item, credit):
    """Return whether ``credit`` returns units of ``item`` at its own price, and no more than there are."""
    if any(getattr(item, name) != getattr(credit, name) for name in _SAME):
        return False
    amount, tax = item.amount + credit.amount, item.tax + credit.tax
    if not amount and not tax:
        return True
    if item.amount * credit.amount >= 0 or item.amount * amount <= 0 or item.amount * tax < 0:
        return False
    quantity = _rest(item, credit)
    if not quantity or not item.quantity or quantity * item.quantity <= 0:
        return False
    with localcontext(WIDE):
        return abs(item.amount / item.quantity * quantity - amount) <= CENT


def _less(item, credit):
    amount, quantity = item.amount + credit.amount, _rest(item, credit)
    discount = ZERO
    if item.discount and item.quantity and quantity:
        with localcontext(WIDE):
            listed = round2((item.amount + item.discount) / item.quantity * quantity)
        discount = max(listed - amount, ZERO)
    return replace(item, amount=amount, tax=item.tax + credit.tax, quantity=quantity, discount=discount)


def _rest(item, credit):
    if item.quantity is None or credit.quantity is None:
        return item.quantity
    with localcontext(WIDE):
        return trim(item.quantity + credit.quantity) or Decimal(0)
