"""The checks of a single line and of a line with its discount; see :mod:`.checks` for the whole fapiao.

Source: docs/protocols/tax-rules.md#arithmetic, #lines.
"""

from . import codes, privileges, rates
from .amounts import (
    LINE_TAX_TOLERANCE,
    PRICE_TOLERANCE,
    ZERO,
    plain,
    price_difference,
    tax_difference,
    tax_in_gross,
    tax_of,
)
from .document import DISCOUNT, DISCOUNTED, NOT_TAXABLE, PLAIN_ZERO, SPECIAL
from .draft import DIFFERENTIAL_NET, ORDINARY_LEVY
from .limits import DEFAULTS
from .names import split_name
from .problems import Problem, _


def check_line(draft, line, limits=DEFAULTS):
    """Yield the problems of one ``line`` of ``draft``."""
    if line.kind == DISCOUNT:
        # Name, code and rate are those of the line before, which is checked: see check_pairs().
        yield from _amounts(draft, line)
        return
    yield from _name(line, limits)
    law = limits.code_laws.get(line.code, codes.NO_LAW)
    yield from _code(line, law)
    yield from _validity(line, law)
    yield from rates.rate_problems(line.rate, line.zero_kind, line.key, line.policy)
    # a levy that is told otherwise, and the correction of what was sold before, have rates of their own
    is_levied = limits.small_scale or draft.levy != ORDINARY_LEVY or bool(draft.small_scale_reason)
    yield from privileges.privilege_problems(line, law, is_levied=is_levied)
    yield from _rate_of_code(line, law, is_levied)
    yield from _zero_on_special(draft, line)
    yield from _not_deductible(draft, line)
    yield from _amounts(draft, line)
    yield from _price(line, limits)


def _name(line, limits):
    if not line.name:
        yield Problem("item_name_missing", _("A line has no item name."), _("Enter a description."), line=line.key)
    elif len(line.name) > limits.name_length:
        yield Problem(
            "item_name_too_long",
            _("“%(name)s” is longer than %(length)s characters."),
            _("Shorten the item name."),
            {"name": line.name, "length": limits.name_length},
            line.key,
        )
    # without a code there is no short name, and the missing code is reported already
    elif limits.short_name_required and line.code and not split_name(line.name)[0]:
        yield Problem(
            "short_name_missing",
            _("“%(name)s” lacks the short name of its tax classification (*简称*)."),
            _("Enter the short name on the tax classification code."),
            {"name": line.name},
            line.key,
        )


def _code(line, law):
    values = {"name": line.name, "code": line.code}
    if not line.code:
        yield Problem(
            "code_missing",
            _("“%(name)s” has no tax classification code."),
            _("Choose one on the line, the product or its category."),
            values,
            line.key,
        )
    elif not codes.is_code(line.code):
        yield Problem(
            "code_malformed",
            _("“%(code)s” is no tax classification code: it has 19 digits."),
            _("Choose another on the line, the product or its category."),
            values,
            line.key,
        )
    elif law.is_summary or codes.is_summary(line.code):
        yield Problem(
            "code_summary",
            _("%(code)s is a summary item, which can't stand on a fapiao."),
            _("Choose a code below it, on the line, the product or its category."),
            values,
            line.key,
        )
    elif codes.kind(line.code) == codes.NOT_TAXED and line.zero_kind != NOT_TAXABLE:
        yield Problem(
            "code_not_taxed",
            _("%(code)s is a code for what isn't taxed (不征税), but the tax of “%(name)s” says otherwise."),
            _("Give the line a tax that is not taxable, or choose another code."),
            values,
            line.key,
        )


def _validity(line, law):
    values = {"name": line.name, "code": line.code, "begins": law.begins}
    if law.is_ended:
        yield Problem(
            "code_ended",
            _("Code %(code)s of “%(name)s” is no longer in use."),
            _("Choose the code that has taken its place, on the line, the product or its category."),
            values,
            line.key,
        )
    elif law.begins:
        yield Problem(
            "code_not_begun",
            _("Code %(code)s of “%(name)s” is valid from %(begins)s only."),
            _("Choose the code that is valid now, on the line, the product or its category."),
            values,
            line.key,
        )


def _rate_of_code(line, law, is_levied):
    """Zero rates, rates of the past and levy rates are not in the table; whether a levy rate may be charged is a
    question of seller and privilege."""
    is_levy = line.rate in privileges.LEVIES or (line.rate in rates.SMALL_SCALE_RATES and (is_levied or line.policy))
    if law.rates and line.rate and not is_levy and line.rate not in law.rates | rates.HISTORIC:
        yield Problem(
            "rate_not_of_code",
            _("“%(name)s” is taxed at %(rate)s, but its code %(code)s allows only %(allowed)s."),
            _("Choose another tax on the line, or the code of what is really sold."),
            {
                "name": line.name,
                "rate": rates.percent(line.rate),
                "code": line.code,
                "allowed": ", ".join(map(rates.percent, sorted(law.rates))),
            },
            line.key,
        )


def _not_deductible(draft, line):
    if draft.type == SPECIAL and not codes.is_deductible(line.code):
        yield Problem(
            "not_deductible",
            _("The buyer can't deduct the tax on “%(name)s”, though the fapiao is special."),
            _("Put the line on an ordinary fapiao of its own, or issue all as an ordinary one."),
            {"name": line.name},
            line.key,
            "warning",
        )


def _zero_on_special(draft, line):
    if draft.type == SPECIAL and line.zero_kind in rates.ZERO_KINDS:
        yield Problem(
            "zero_on_special",
            _("“%(name)s” carries no tax and can't stand on a special fapiao."),
            _("Issue an ordinary fapiao, or put the line on one of its own."),
            {"name": line.name},
            line.key,
            # Exempt and not taxable are refused by law; a plain zero rate only makes no sense there.
            "warning" if line.zero_kind == PLAIN_ZERO else "error",
        )


def _amounts(draft, line):
    sign = -1 if line.kind == DISCOUNT else 1
    if draft.levy == DIFFERENTIAL_NET:
        expected = tax_in_gross(draft.total - (draft.deduction or ZERO), line.rate)
        difference = line.tax - expected
    else:
        expected = tax_of(line.amount, line.rate)
        difference = tax_difference(line.amount, line.rate, line.tax)
    if line.amount * sign <= 0 or line.tax * sign < 0:
        yield Problem(
            "line_sign",
            _("“%(name)s” has the amount %(amount)s and the tax %(tax)s, which such a line can't have."),
            _("Prepare the fapiao again."),
            {"name": line.name, "amount": plain(line.amount), "tax": plain(line.tax)},
            line.key,
        )
    elif abs(difference) > LINE_TAX_TOLERANCE:
        yield Problem(
            "line_tax",
            _(
                "“%(name)s”: the tax is %(tax)s, but %(rate)s of %(amount)s is %(expected)s; the tax bureau"
                " allows a difference of 0.06."
            ),
            _("Check the tax of the line."),
            {**_figures(line), "expected": plain(expected)},
            line.key,
        )


def _figures(line):
    rate = rates.percent(line.rate)
    return {"name": line.name, "tax": plain(line.tax), "rate": rate, "amount": plain(line.amount)}


def _price(line, limits):
    if (line.price is None) != (line.quantity is None):
        yield Problem(
            "price_without_quantity",
            _("“%(name)s” has a price without a quantity or a quantity without a price."),
            _("Give both or neither."),
            {"name": line.name},
            line.key,
        )
    if line.price is None or line.quantity is None:
        return
    values = {"name": line.name, "price": plain(line.price), "quantity": plain(line.quantity)}
    if _places(line.price) > limits.price_decimals or _places(line.quantity) > limits.quantity_decimals:
        yield Problem(
            "price_decimals",
            _("“%(name)s”: the price %(price)s or the quantity %(quantity)s has too many decimals."),
            _("Round them."),
            values,
            line.key,
        )
    elif line.price <= 0 or abs(price_difference(line.amount, line.quantity, line.price)) > PRICE_TOLERANCE:
        yield Problem(
            "price_differs",
            _("“%(name)s”: %(quantity)s times %(price)s isn't %(amount)s."),
            _("Correct the price or the quantity."),
            {**values, "amount": plain(line.amount)},
            line.key,
        )


def _places(number):
    return max(0, -number.as_tuple().exponent)


def check_pairs(draft):
    """Yield the problems of discounts: each must follow the one line it discounts, with equal name, code and
    rate.
    """
    for before, line in zip((None, *draft.lines), (*draft.lines, None), strict=True):
        wants_discount = before is not None and before.kind == DISCOUNTED
        is_discount = line is not None and line.kind == DISCOUNT
        if wants_discount != is_discount or (is_discount and not _is_pair(before, line)):
            wrong = line if is_discount else before
            yield Problem(
                "discount_pair",
                _("The discount of “%(name)s” doesn't follow its line, or differs from it in name, code or rate."),
                _("Prepare the fapiao again."),
                {"name": wrong.name},
                wrong.key,
            )


def _is_pair(line, discount):
    alike = ("name", "rate", "code", "zero_kind", "policy")
    bare = not (discount.spec or discount.unit) and discount.quantity is None and discount.price is None
    less = -discount.amount <= line.amount and -discount.tax <= line.tax
    return bare and less and all(getattr(line, field) == getattr(discount, field) for field in alike)


def check_discounts(draft, limits=DEFAULTS):
    """Yield the problems of discount lines whose tax is off by more than ``limits`` allow them.

    A deviation beyond the bureau's own 0.06 is reported by the check of the line.
    """
    for line in draft.lines:
        difference = abs(tax_difference(line.amount, line.rate, line.tax))
        if line.kind == DISCOUNT and limits.discount_tax_tolerance < difference <= LINE_TAX_TOLERANCE:
            yield Problem(
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
                    **_figures(line),
                    "expected": plain(tax_of(line.amount, line.rate)),
                    "allowed": plain(limits.discount_tax_tolerance),
                },
                line.key,
            )
