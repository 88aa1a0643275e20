"""Arithmetic of a fapiao, exact to the fen, and the distribution of rounding differences.

Source: docs/protocols/tax-rules.md#arithmetic. All money is ``Decimal`` yuan; a rate is a fraction (0.13).
"""

import heapq
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, localcontext

from .problems import Problem, _

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

PRICE_TOLERANCE = Decimal("0.01")  # |price × quantity − amount|, per line
LINE_TAX_TOLERANCE = Decimal("0.06")  # |amount × rate − tax|, per line
TOTAL_TAX_TOLERANCE = Decimal("1.27")  # |Σ (tax − amount × rate)|, per fapiao; see tax_drift()

# A discounted line also has the rounding of its discount line, so settle() keeps a margin to the limit.
_SETTLE_TOLERANCE = Decimal("0.05")

# Quantities and prices may have 13 decimals each, so their product needs more than the default 28 digits.
WIDE = Context(prec=60)


def round2(value):
    """Return ``value`` rounded half up (away from zero) to the fen, never a negative zero."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP, context=WIDE) + ZERO


def trim(value):
    """Return ``value`` without trailing zeros and never in exponent form (``100``, not ``1E+2``)."""
    value = Decimal(value)
    if value == value.to_integral_value(context=WIDE):
        return value.quantize(Decimal(1), context=WIDE)
    return value.normalize(context=WIDE)


def plain(value):
    """Return ``value`` as text without exponent, for messages and payloads."""
    return format(value, "f")


def tax_of(amount, rate):
    """Return the tax on a tax-exclusive ``amount``, rounded to the fen."""
    return round2(WIDE.multiply(amount, rate))


def prorated(value, part, whole):
    """Return ``value × part ÷ whole``, rounded to the fen; multiplied before divided, so that no digit is lost."""
    return round2(WIDE.divide(WIDE.multiply(value, part), whole))


def tax_in_gross(gross, rate):
    """Return the tax included in ``gross``: gross × r ÷ (1+r), rounded to the fen."""
    return prorated(gross, rate, 1 + rate)


def net_of_gross(gross, rate):
    """Return ``gross`` less the tax included in it."""
    return round2(gross - tax_in_gross(gross, rate))


def tax_difference(amount, rate, tax):
    """Return ``tax − amount × rate``, exact and signed; the bureau allows 0.06 either way per line."""
    return tax - WIDE.multiply(amount, rate)


def tax_drift(lines):
    """Return ``(net, gross)``: the deviation of the taxes of ``lines`` (amount, rate, tax) in total.

    ``gross`` is Σ |tax − amount × rate|, the strict reading of the bureau's 1.27; ``net`` is |Σ (tax − amount
    × rate)|, the reading of a vendor's public client. By the strict one rounding alone would limit a fapiao
    to some 500 lines, though 2,000 are recommended, so ``net`` is an error and ``gross`` a warning.
    """
    differences = [tax_difference(*line) for line in lines]
    return abs(sum(differences, ZERO)), sum(map(abs, differences), ZERO)


def price_difference(amount, quantity, price):
    """Return ``price × quantity − amount``, exact and signed; the bureau allows 0.01 either way."""
    return WIDE.subtract(WIDE.multiply(price, quantity), amount)


def price_of(amount, quantity, decimals=13, length=40):
    """Return the shortest unit price that gives ``amount`` for ``quantity``, or ``None`` if there is none.

    The shortest of 2 to ``decimals`` places whose product rounds to ``amount``: 100 for three is 33.333, not
    33.3333333333333. If there is none, the longest one within the bureau's 0.01. ``None`` for a quantity of
    zero, for one so large that the price becomes zero, and where ``length`` characters are too few.
    """
    if not quantity or not amount:
        return None
    with localcontext(WIDE):
        exact = Decimal(amount) / Decimal(quantity)
        longest = None
        for places in range(2, decimals + 1):
            price = trim(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
            if price <= 0 or len(plain(price)) > length:
                continue
            if abs(price * quantity - amount) < CENT / 2:
                return price
            longest = price
        if longest is not None and abs(longest * quantity - amount) <= PRICE_TOLERANCE:
            return longest
    return None


def spread(total, weights, caps=None):
    """Return shares of ``total`` proportional to ``weights``, in fen, whose sum is exactly ``total``.

    All arguments are zero or positive with two places. No share exceeds its entry in ``caps`` (default: the
    weights). Raises ``ValueError`` if the caps sum to less than the total.
    """
    rest = _fen(total)
    weights = [_fen(weight) for weight in weights]
    caps = weights if caps is None else [_fen(cap) for cap in caps]
    if rest > sum(caps):
        raise ValueError("the total exceeds what the caps can hold")
    whole = sum(weights)
    shares = [min(rest * weight // whole if whole else 0, cap) for weight, cap in zip(weights, caps, strict=True)]
    remainders = [rest * weight % whole if whole else 0 for weight in weights]
    rest -= sum(shares)
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], -weights[index], index))
    while rest:
        for index in order:
            if rest and shares[index] < caps[index]:
                shares[index] += 1
                rest -= 1
    return [_yuan(share) for share in shares]


def fill_taxes(rows, taxes, target):
    """Return ``(taxes, rest)``: ``taxes`` moved fen by fen towards the sum ``target``, and what could not be
    placed.

    ``rows`` are pairs of amount and rate. Each fen goes to the line with the largest deviation from amount ×
    rate; no line leaves its tolerance and no tax becomes negative.
    """
    taxes = [min(max(tax, low), high) for tax, (low, high) in zip(taxes, map(_tax_bounds, rows), strict=True)]
    rest = _fen(target) - sum(map(_fen, taxes))
    step = 1 if rest > 0 else -1
    heap = [
        (step * tax_difference(amount, rate, tax), index)
        for index, ((amount, rate), tax) in enumerate(zip(rows, taxes, strict=True))
    ]
    heapq.heapify(heap)
    while rest and heap:
        error, index = heapq.heappop(heap)
        low, high = _tax_bounds(rows[index])
        moved = taxes[index] + step * CENT
        if low <= moved <= high:
            taxes[index] = moved
            rest -= step
            heapq.heappush(heap, (error + CENT, index))
    return taxes, _yuan(rest)


def settle(rows, amount_total, tax_total, line_count=None):
    """Return ``(pairs, problems)``: amount and tax for each of ``rows`` so that they sum to the totals.

    ``rows`` have ``amount`` (positive, zero for a gift), ``tax`` and ``rate``. The ledger rounds its total per line or
    globally, so it may differ from the sum of its lines by some fen; these are added to the largest lines,
    and those of the tax to the lines with the largest rounding error. ``line_count`` is the number of ledger
    lines behind the totals (one fen each). ``pairs`` is ``None`` if the difference is more than rounding,
    with a problem that states it.
    """
    amounts, problems = _settle_amounts([row.amount for row in rows], amount_total, line_count or len(rows))
    if problems:
        return None, problems
    pairs = [(amount, row.rate) for amount, row in zip(amounts, rows, strict=True)]
    taxes, rest = fill_taxes(pairs, [row.tax for row in rows], tax_total)
    drift, _spread = tax_drift((*pair, tax) for pair, tax in zip(pairs, taxes, strict=True))
    if rest or drift > TOTAL_TAX_TOLERANCE:
        return None, [_tax_problem(pairs, tax_total)]
    return list(zip(amounts, taxes, strict=True)), []


def amounts_differ(lines, total):
    """Return the problem of lines that differ from the invoice's total by more than rounding."""
    return Problem(
        "amounts_differ",
        _("The lines add up to %(lines)s without tax, but the invoice says %(total)s."),
        _("Check for lines without a tax rate or lines that were changed in the journal items."),
        {"lines": plain(lines), "total": plain(total)},
    )


def _settle_amounts(amounts, total, line_count):
    delta = total - sum(amounts, ZERO)
    # Lines of one fen can't be reduced: a line must stay positive. A gift stays zero.
    caps = [max(amount - CENT, ZERO) for amount in amounts]
    if abs(delta) > CENT * (line_count + 1) or -delta > sum(caps):
        return None, [amounts_differ(sum(amounts, ZERO), total)]
    shares = spread(abs(delta), amounts, [delta if amount else ZERO for amount in amounts] if delta >= 0 else caps)
    return [amount + share.copy_sign(delta) for amount, share in zip(amounts, shares, strict=True)], []


def _tax_problem(pairs, tax_total):
    expected = sum((tax_of(*pair) for pair in pairs), ZERO)
    return Problem(
        "tax_differs",
        _(
            "The invoice's tax is %(total)s, but its lines at their rates give %(expected)s."
            " The tax bureau allows 0.06 per line and 1.27 per fapiao."
        ),
        _("Check the tax of each line, any tax amount that was changed by hand, and cash rounding."),
        {"total": plain(tax_total), "expected": plain(expected)},
    )


def _tax_bounds(row):
    """Return the lowest and highest tax of a line; 0 for a zero rate."""
    amount, rate = row
    exact = WIDE.multiply(amount, rate)
    if not exact:
        return ZERO, ZERO
    low = (exact - _SETTLE_TOLERANCE).quantize(CENT, ROUND_CEILING)
    return max(low, ZERO), (exact + _SETTLE_TOLERANCE).quantize(CENT, ROUND_FLOOR)


def _fen(value):
    return int(value.scaleb(2))


def _yuan(fen):
    return Decimal(fen).scaleb(-2).quantize(CENT)
