"""Builds a draft from ledger items in one call. Source: docs/protocols/tax-rules.md#lines, #arithmetic."""

from dataclasses import fields, replace

from . import taxno
from .amounts import CENT, ZERO, amounts_differ, plain, round2
from .differential import DIFFERENTIAL, DIFFERENTIAL_FULL, differential_tax, one_line_only, tax_of_difference
from .document import Draft
from .limits import DEFAULTS
from .lines import Net, shape, to_lines
from .names import clean
from .problems import Problem, _


def build(items, seller, buyer, fapiao_type, amount_total, tax_total, *, limits=DEFAULTS, **rest):
    """Return ``(draft, problems)``; ``draft`` is ``None`` if a problem is an error.

    ``items`` are :class:`~.document.Item`, ``fapiao_type`` is SPECIAL or ORDINARY; ``amount_total`` and
    ``tax_total`` are the invoice's totals in CNY (``Decimal``), which the draft's equal exactly. ``rest`` are
    further fields of :class:`~.document.Draft` (remark, drawer, levy, deduction …). Texts are put on one
    line, tax numbers into half-width capitals. The result still needs :func:`~.checks.preflight`.
    """
    amount_total, tax_total = round2(amount_total), round2(tax_total)
    if amount_total <= 0 or tax_total < 0:
        return None, [not_positive(amount_total, tax_total)]
    if rest.get("levy") in DIFFERENTIAL:
        lines, problems = _differential(items, amount_total, tax_total, limits, rest)
    else:
        lines, problems = to_lines(items, amount_total, tax_total, limits)
    if lines is None:
        return None, problems
    draft = Draft(
        type=fapiao_type,
        seller=tidy(seller),
        buyer=tidy(buyer),
        lines=tuple(lines),
        amount=amount_total,
        tax=tax_total,
        total=amount_total + tax_total,
        **{**rest, "remark": clean(rest.get("remark", ""))},
    )
    return draft, problems


def tidy(party):
    """Return ``party`` with its texts on one line and its tax number as printed."""
    texts = {
        field.name: clean(getattr(party, field.name))
        for field in fields(party)
        if field.name not in ("tax_no", "is_person")
    }
    return replace(party, tax_no=taxno.normalise(party.tax_no), **texts)


def _differential(items, amount_total, tax_total, limits, rest):
    """Return ``(lines, problems)`` under differential taxation: one line without discount.

    A line discount is included in the price instead of being shown.
    """
    items = [replace(item, discount=ZERO) for item in items if round2(item.amount)]
    if len(items) != 1 or items[0].amount < 0:
        return None, [one_line_only(len(items))]
    if rest["levy"] == DIFFERENTIAL_FULL:
        return to_lines(items, amount_total, tax_total, limits)
    expected = tax_of_difference(amount_total + tax_total, rest.get("deduction") or ZERO, items[0].rate)
    amount = round2(items[0].amount)
    if abs(amount - amount_total) > CENT:
        return None, [amounts_differ(amount, amount_total)]
    # exact: there is one line, so no rounding of several is to be absorbed
    if expected != tax_total:
        return None, [differential_tax(expected, tax_total)]
    return shape(Net(items[0], amount_total, tax_total, ZERO), limits)


def not_positive(amount, tax):
    """Return the problem of a blue fapiao without an amount."""
    return Problem(
        "total_not_positive",
        _("The amount to be issued is %(amount)s and the tax %(tax)s: a blue fapiao needs an amount above zero."),
        _("To take back a fapiao, issue a red one against it."),
        {"amount": plain(amount), "tax": plain(tax)},
    )
