"""Tolerance for the tax of a discount line where a cloud allows less than the bureau.

Source: docs/protocols/tax-rules.md#arithmetic (金蝶发票云 allows discount lines only 0.01).
"""

from . import rates
from .amounts import LINE_TAX_TOLERANCE, plain, tax_difference, tax_of
from .document import DISCOUNT
from .limits import DEFAULTS
from .problems import Problem, _


def check_discounts(draft, limits=DEFAULTS):
    """Return the problems of discount lines whose tax deviates by more than ``limits`` allow.

    Deviations above the bureau's own 0.06 are reported by the check of the line.
    """
    return [
        _problem(line, limits)
        for line in draft.lines
        if line.kind == DISCOUNT
        and limits.discount_tax_tolerance
        < abs(tax_difference(line.amount, line.rate, line.tax))
        <= LINE_TAX_TOLERANCE
    ]


def _problem(line, limits):
    return Problem(
        "discount_tax",
        _(
            "The discount of “%(name)s”: the tax is %(tax)s, but %(rate)s of %(amount)s is %(expected)s; the"
            " cloud allows a discount a difference of %(allowed)s."
        ),
        _(
            "Undo changes of the tax made by hand. If there are none, enter the reduced price instead of a"
            " discount."
        ),
        {
            "name": line.name,
            "tax": plain(line.tax),
            "rate": rates.percent(line.rate),
            "amount": plain(line.amount),
            "expected": plain(tax_of(line.amount, line.rate)),
            "allowed": plain(limits.discount_tax_tolerance),
        },
        line.keys[0] if line.keys else None,
    )
