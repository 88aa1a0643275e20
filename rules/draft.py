"""Builds a draft from ledger items in one call. Source: docs/protocols/tax-rules.md#lines, #arithmetic."""

from dataclasses import fields, replace

from . import taxno
from .amounts import CENT, LINE_TAX_TOLERANCE, ZERO, amounts_differ, plain, round2, tax_in_gross
from .document import Draft
from .limits import DEFAULTS
from .lines import Net, shape, to_lines
from .names import clean
from .problems import Problem, _

ORDINARY_LEVY = "0"
DIFFERENTIAL_FULL = "2"  # 差额征税－全额开票: the tax is that of the whole amount
DIFFERENTIAL_NET = "3"  # 差额征税－差额开票: the tax is that of gross minus deduction
DIFFERENTIAL = (DIFFERENTIAL_FULL, DIFFERENTIAL_NET)


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
    base = amount_total + tax_total - (rest.get("deduction") or ZERO)
    expected = tax_in_gross(base, items[0].rate)
    amount = round2(items[0].amount)
    if abs(amount - amount_total) > CENT:
        return None, [amounts_differ(amount, amount_total)]
    if abs(expected - tax_total) > LINE_TAX_TOLERANCE:
        return None, [_differential_tax(expected, tax_total)]
    return shape(Net(items[0], amount_total, tax_total, ZERO), limits)


def not_positive(amount, tax):
    """Return the problem of a blue fapiao without an amount."""
    return Problem(
        "total_not_positive",
        _("The amount to be issued is %(amount)s and the tax %(tax)s: a blue fapiao needs an amount above zero."),
        _("To take back a fapiao, issue a red one against it."),
        {"amount": plain(amount), "tax": plain(tax)},
    )


def one_line_only(count):
    """Return the problem of differential taxation with several lines."""
    return Problem(
        "differential_lines",
        _("Under differential taxation a fapiao has one line and no discount; this one has %(count)s."),
        _("Issue each line on a fapiao of its own."),
        {"count": count},
    )


def _differential_tax(expected, tax):
    return Problem(
        "differential_tax",
        _(
            "Under differential taxation the tax should be %(expected)s (gross minus deduction), but the"
            " invoice has %(tax)s."
        ),
        _("Correct the deduction or the invoice's tax."),
        {"expected": plain(expected), "tax": plain(tax)},
    )
