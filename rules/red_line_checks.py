"""Checks of one red line by the requirements of a reason and by the rest of its blue line.

Source: docs/protocols/tax-rules.md#red-letter, #arithmetic; that the whole tax belongs to the whole amount
only is the behaviour of a public client of the bureau.
"""

from .amounts import LINE_TAX_TOLERANCE, PRICE_TOLERANCE, ZERO, plain, price_difference, tax_difference
from .problems import Problem, _
from .red import FREE, LESS, NONE, REASONS, SAME


def line_problems(line, blue, reason):
    """Return the problems of red ``line``; ``blue`` is the red line that would reverse all that is left.

    ``reason`` is a code of ``REASONS``.
    """
    problems = _belongs(line, blue) + _signs(line)
    if problems:
        return problems
    rule = REASONS[reason]
    problems = _quantity_asked(line, blue, rule)
    if rule.price == SAME and line.price is not None and line.price != blue.price:
        problems.append(_price_changed(line, blue, "error"))
    if rule.price == FREE and line.price is not None and line.price != blue.price:
        problems.append(_price_changed(line, blue, "warning"))
    return problems + _bounds(line, blue) + _product(line) + _tax(line, blue)


def _belongs(line, blue):
    if (line.code, line.rate, line.name) == (blue.code, blue.rate, blue.name):
        return []
    return [
        _about(
            line,
            "red_line_differs",
            _("Line %(xh)s of the red fapiao is called, classified or taxed differently from the original."),
            _("Reverse the lines as they stand on the original fapiao."),
        )
    ]


def _signs(line):
    positive = line.amount >= 0 or line.tax > 0 or (line.quantity is not None and line.quantity >= 0)
    if not positive and (line.price is None or line.price > 0):
        return []
    return [
        _about(
            line,
            "red_line_sign",
            _("Line %(xh)s takes nothing back: amount and quantity of a red line are below zero."),
            _("Enter what is to be reversed, or leave the line out."),
        )
    ]


def _quantity_asked(line, blue, rule):
    """Return the problems of a missing or superfluous quantity and price."""
    has = line.quantity is not None
    if has != (line.price is not None):
        return [
            _about(
                line,
                "red_line_half",
                _("Line %(xh)s has a price without a quantity, or a quantity without a price."),
                _("Give both or neither."),
            )
        ]
    if rule.quantity == NONE and has:
        return [
            _about(
                line,
                "red_line_quantity_needless",
                _("For a sales allowance line %(xh)s carries an amount alone, no quantity and no price."),
                _("Remove quantity and price, or choose another reason."),
            )
        ]
    if rule.quantity == SAME and _figures(line) != _figures(blue):
        return [
            _about(
                line,
                "red_line_not_same",
                _("A wrongly issued fapiao is reversed as it stands, but line %(xh)s differs from it."),
                _("Reverse the whole line, or choose another reason."),
            )
        ]
    if rule.quantity == LESS and not has and blue.quantity is not None:
        return [
            _about(
                line,
                "red_line_quantity_missing",
                _("For this reason line %(xh)s needs the quantity that is taken back."),
                _("Enter the quantity, or choose sales allowance to reverse an amount alone."),
            )
        ]
    # goods are returned by quantity; without one, only the whole line can be returned
    whole = (line.amount, line.tax) == (blue.amount, blue.tax)
    if rule.quantity == LESS and rule.price == SAME and blue.quantity is None and not whole:
        return [
            _about(
                line,
                "red_line_no_quantity",
                _("Line %(xh)s of the original has no quantity, so goods can be returned only as a whole."),
                _("Reverse the whole line, or choose sales allowance to reverse an amount alone."),
            )
        ]
    return []


def _price_changed(line, blue, severity):
    return _about(
        line,
        "red_line_price",
        _("The price %(price)s of line %(xh)s is not that of the original, %(blue)s."),
        _("Change the quantity only, or choose sales allowance to reverse an amount alone."),
        {"price": _shown(line.price), "blue": _shown(blue.price)},
        severity,
    )


def _bounds(line, blue):
    over_quantity = None not in (line.quantity, blue.quantity) and line.quantity < blue.quantity
    new_quantity = line.quantity is not None and blue.quantity is None
    if line.amount >= blue.amount and line.tax >= blue.tax and not (over_quantity or new_quantity):
        return []
    return [
        _about(
            line,
            "red_line_exceeds",
            _(
                "Line %(xh)s reverses more than is left of it: %(amount)s and tax %(tax)s of %(left_amount)s"
                " and %(left_tax)s (quantity %(quantity)s of %(left_quantity)s)."
            ),
            _("Reverse no more than what is left; earlier reversals are taken off already."),
            {
                "amount": plain(-line.amount),
                "tax": plain(ZERO - line.tax),
                "quantity": _shown(line.quantity),
                "left_amount": plain(-blue.amount),
                "left_tax": plain(ZERO - blue.tax),
                "left_quantity": _shown(blue.quantity),
            },
        )
    ]


def _product(line):
    if line.quantity is None or line.price is None:
        return []
    if abs(price_difference(line.amount, line.quantity, line.price)) <= PRICE_TOLERANCE:
        return []
    return [
        _about(
            line,
            "red_line_product",
            _("Price times quantity of line %(xh)s is not its amount %(amount)s; 0.01 is allowed."),
            _("Correct the quantity or the amount, or choose sales allowance to reverse an amount alone."),
            {"amount": plain(line.amount)},
        )
    ]


def _tax(line, blue):
    # a line reversed in full has the tax that the bureau has accepted already
    if (line.amount, line.tax) == (blue.amount, blue.tax):
        return []
    whole_amount, whole_tax = line.amount == blue.amount, line.tax == blue.tax and blue.tax != 0
    off = abs(tax_difference(line.amount, line.rate, line.tax)) > LINE_TAX_TOLERANCE
    if not off and not whole_amount and not whole_tax:
        return []
    return [
        _about(
            line,
            "red_line_tax",
            _("The tax %(tax)s of line %(xh)s does not go with its amount %(amount)s."),
            _("The whole tax goes with the whole amount, and a part of it with a part, 0.06 allowed."),
            {"amount": plain(line.amount), "tax": plain(line.tax)},
        )
    ]


def _about(line, code, message, fix, values=None, severity="error"):
    """Return a problem of ``line``; its template may refer to the line as ``xh``."""
    key = line.keys[0] if line.keys else None
    return Problem(code, message, fix, {"xh": line.xh, **(values or {})}, key, severity)


def _figures(line):
    return line.amount, line.tax, line.quantity, line.price


def _shown(number):
    return "–" if number is None else plain(abs(number))
