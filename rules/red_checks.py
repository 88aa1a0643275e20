"""Checks of a reversal before its application. Source: docs/protocols/tax-rules.md#red-letter."""

from . import codes
from .amounts import LINE_TAX_TOLERANCE, PRICE_TOLERANCE, ZERO, plain, price_difference, tax_difference
from .differential import DIFFERENTIAL
from .names import item_name
from .problems import Problem, _
from .red import (
    LESS,
    NONE,
    PRICED,
    REASONS,
    SAME,
    kinds_of,
    may_reverse_type,
    may_start,
    suits_kinds,
    suits_scope,
)
from .red_document import BUYER, BUYER_RED, PARTIAL_RED, SIDES
from .red_lines import aligned, fold, left, quantity_for, totals


def red_preflight(order, blue, capabilities, check=None):
    """Return the problems of reversing ``blue`` (:class:`~.red_document.Blue`) by ``order``.

    ``capabilities``: the cloud's, of PARTIAL_RED and BUYER_RED; others are ignored. ``check``: the bureau's
    :class:`~.red_document.RedCheck`, if it was queried.
    """
    problems = list(_original(order, blue))
    try:
        rest = left(blue)
    except ValueError:
        return [*problems, _unreadable(blue)]
    problems += _scope(order, blue, rest, capabilities)
    if not order.is_full and {blue.levy, check.levy if check else ""} & {*DIFFERENTIAL}:
        problems.append(_differential_in_part())
    problems += _starts(order, capabilities, check)
    problems += _reason(order, blue)
    if rest and order.reason in REASONS:
        problems += _lines(order, rest, blue)
    if check is not None:
        problems += _bureau(order, rest, check)
    return problems


def _original(order, blue):
    if not codes.is_number(blue.number) or order.blue_number != blue.number:
        yield Problem(
            "red_number",
            _("“%(number)s” is not the number of the fapiao to be reversed: that has 20 digits."),
            _("Choose the fapiao to be reversed."),
            {"number": order.blue_number},
        )
    if blue.color == "red":
        yield Problem(
            "red_of_red",
            _("Fapiao %(number)s is a red one: it cannot be reversed itself."),
            _("Issue a new blue fapiao if the reversal was a mistake."),
            {"number": blue.number},
        )
    if not may_reverse_type(order.type, blue.type):
        yield Problem(
            "red_type",
            _("A special fapiao is reversed by a special one and an ordinary one by an ordinary one."),
            _("Reverse with a fapiao of the type of the original."),
        )


def _unreadable(blue):
    return Problem(
        "red_lines_unreadable",
        _("The lines of fapiao %(number)s do not fit together: a discount or earlier reversal has no line."),
        _("Fetch the fapiao from the cloud again, then reverse it."),
        {"number": blue.number},
    )


def _scope(order, blue, rest, capabilities):
    if blue.color != "red" and not rest:
        yield Problem(
            "red_nothing_left",
            _("Nothing is left of fapiao %(number)s: it has been reversed in full."),
            _("Nothing needs to be done."),
            {"number": blue.number},
        )
    if not order.is_full and PARTIAL_RED not in capabilities:
        yield Problem(
            "red_partial_unsupported",
            _("This cloud reverses a fapiao only in full."),
            _("Reverse it in full and issue a new blue fapiao for what remains."),
        )


def _differential_in_part():
    return Problem(
        "red_differential_partial",
        _("A fapiao under differential taxation (差额征税) is reversed in full only."),
        _(
            "Reset the credit note to draft and credit the whole invoice; then invoice what remains, with the vouchers"
            " that are deducted from it."
        ),
    )


def _starts(order, capabilities, check):
    if order.initiator not in SIDES:
        yield Problem(
            "red_initiator",
            _("It isn't said whether the seller or the buyer starts the reversal."),
            _("Choose one of the two."),
        )
    if order.initiator != BUYER:
        return
    if BUYER_RED not in capabilities:
        yield Problem(
            "red_buyer_unsupported",
            _("This cloud cannot start a reversal for the buyer."),
            _("Ask the seller to start it, or start it in the tax bureau's portal."),
        )
    if not order.seller_tax_no or order.blue_issued_at is None:
        yield Problem(
            "red_buyer_facts",
            _("A buyer who starts a reversal has to name the seller's tax number and the date of issue."),
            _("Fetch the fapiao from the cloud again, or fill them in."),
        )
    if check is not None and not may_start(order.initiator, check.used):
        yield Problem(
            "red_seller_starts",
            _("This fapiao was neither used nor booked, so only the seller can start its reversal."),
            _("Ask the seller to reverse it; no confirmation will be needed."),
        )


def _reason(order, blue):
    if order.reason not in REASONS:
        yield Problem(
            "red_reason_missing",
            _("It isn't said why the fapiao is reversed."),
            _("Choose one of the four reasons."),
        )
        return
    values = {"reason": REASONS[order.reason].name_zh}
    if not suits_kinds(order.reason, kinds_of(blue.lines)):
        yield Problem(
            "red_reason_kind",
            _("The reason “%(reason)s” is not for what was sold on this fapiao."),
            _("Goods and labour are returned, services are stopped: choose the reason that fits."),
            values,
        )
    if not suits_scope(order.reason, order.is_full, bool(blue.reversed)):
        yield Problem(
            "red_reason_scope",
            _("The reason “%(reason)s” is only for a whole fapiao of which nothing was reversed before."),
            _("Reverse it in full, or choose another reason."),
            values,
        )


def _lines(order, rest, blue):
    """Yield the problems of the lines; a full reversal may omit them."""
    if not order.lines and order.is_full:
        if order.total not in (None, totals(rest)[2]):
            yield _scope_differs(order.total, rest)
        return
    if not order.lines:
        yield Problem(
            "red_lines_missing",
            _("It isn't said which lines are reversed in part."),
            _("Choose the lines and how much of each, or reverse the whole fapiao."),
        )
        return
    known = {line.xh: line for line in rest}
    numbers = {line.xh for line in order.lines}
    if len(numbers) < len(order.lines) or not known.keys() >= numbers:
        yield Problem(
            "red_lines_unknown",
            _("A line is named twice, or is not on the original fapiao, or nothing is left of it."),
            _("Reverse each line of the original once at most."),
        )
        return
    # what is left in full is reversed as it stands; a part has the price that the original shows
    prices = {line.xh: line.price for line in (rest if order.is_full else fold(blue.lines))}
    for line in order.lines:
        yield from _line_problems(line, known[line.xh], order.reason, prices[line.xh])
    of_lines = totals(order.lines)
    if (of_lines == totals(rest)) != order.is_full:
        yield _scope_differs(of_lines[2], rest)
    if (order.amount, order.tax, order.total) != of_lines:
        yield Problem(
            "red_totals",
            _("The lines of the red fapiao come to %(lines)s with tax, but its total is another."),
            _("Take the totals from the lines."),
            {"lines": plain(of_lines[2])},
        )


def _scope_differs(total, rest):
    return Problem(
        "red_scope",
        _(
            "%(amount)s with tax is to be reversed and %(left)s is left of the fapiao: that does not go"
            " with the chosen scope."
        ),
        _("Reverse in full where all is taken back, and in part where something remains."),
        {"amount": plain(-total), "left": plain(-totals(rest)[2])},
    )


def _bureau(order, rest, check):
    """Yield the problems reported by the bureau's check."""
    if not check.allowed:
        yield Problem(
            "red_refused",
            _("The tax bureau does not let this fapiao be reversed: %(text)s"),
            _("Follow its words; look whether a red fapiao or a red form exists already."),
            {"text": check.text or "–"},
        )
        return
    if check.type and check.type != order.type:
        yield Problem(
            "red_type_bureau",
            _("To the tax bureau the original is of another type than here."),
            _("Fetch the fapiao from the cloud again, then reverse it."),
        )
    if held := sorted({line.application_no for line in check.lines if line.application_no}):
        yield Problem(
            "red_form_there",
            _("A red form for this fapiao was applied for already, here or elsewhere: %(forms)s."),
            _("Reversing it goes on with that form, as far as it is still open."),
            {"forms": ", ".join(held)},
            severity="warning",
        )
    if check.lines and rest and aligned(rest, check.lines) is None:
        yield Problem(
            "red_lines_bureau",
            _("What the tax bureau would reverse differs from what is left of the fapiao here."),
            _("Look for reversals made elsewhere: fetch the fapiao from the cloud again."),
            severity="warning" if order.is_full and not order.lines else "error",
        )


def _line_problems(line, blue, reason, price):
    """Yield the problems of red ``line``; ``blue`` is the red line that would reverse the whole rest of it, ``price``
    that of the original."""
    if problems := [*_belongs(line, blue), *_signs(line)]:
        yield from problems
        return
    rule = REASONS[reason]
    yield from _quantity_asked(line, blue, rule)
    if rule.price == SAME and line.price is not None and line.price != price:
        yield _about(line, "red_line_price", *_price_kept(line, blue, price))
    yield from _bounds(line, blue)
    yield from _product(line)
    yield from _tax(line, blue)


def _price_kept(line, blue, price):
    """Return message, cure and values for a ``line`` whose price isn't the original's."""
    message = _("The price %(price)s of line %(xh)s is not that of the original, %(blue)s.")
    quantity = quantity_for(line.amount, price)
    values = {"price": _shown(line.price), "blue": _shown(price), "quantity": _shown(quantity)}
    if quantity is None or blue.quantity is None or quantity < blue.quantity:
        return message, _("Choose sales allowance to reverse an amount alone: the price never changes."), values
    cure = _(
        "Reverse %(quantity)s at %(blue)s, or choose sales allowance to reverse an amount alone: the price never"
        " changes."
    )
    return message, cure, values


def _belongs(line, blue):
    names = item_name(line.name), item_name(blue.name)
    if (line.code, line.rate) != (blue.code, blue.rate) or names[0] != names[1]:
        yield _about(
            line,
            "red_line_differs",
            _("Line %(xh)s of the red fapiao is called, classified or taxed differently from the original."),
            _("Reverse the lines as they stand on the original fapiao."),
        )


def _signs(line):
    positive = line.amount >= 0 or line.tax > 0 or (line.quantity is not None and line.quantity >= 0)
    if positive or (line.price is not None and line.price <= 0):
        yield _about(
            line,
            "red_line_sign",
            _("Line %(xh)s takes nothing back: amount and quantity of a red line are below zero."),
            _("Enter what is to be reversed, or leave the line out."),
        )


def _quantity_asked(line, blue, rule):
    """Yield the problem of having or lacking quantity and price."""
    has = line.quantity is not None
    # goods are returned by quantity; where there is none, only the whole line can be
    whole = (line.amount, line.tax) == (blue.amount, blue.tax)
    if has != (line.price is not None):
        yield _about(
            line,
            "red_line_half",
            _("Line %(xh)s has a price without a quantity, or a quantity without a price."),
            _("Give both or neither."),
        )
    elif rule.quantity == NONE and has:
        yield _about(
            line,
            "red_line_quantity_needless",
            _("For a sales allowance line %(xh)s carries an amount alone, no quantity and no price."),
            _("Remove quantity and price, or choose another reason."),
        )
    elif rule.quantity == SAME and _figures(line) != _figures(blue):
        yield _about(
            line,
            "red_line_not_same",
            _("A wrongly issued fapiao is reversed as it stands, but line %(xh)s differs from it."),
            _("Reverse the whole line, or choose another reason."),
        )
    elif rule.quantity == LESS and not has and blue.quantity is not None:
        yield _about(
            line,
            "red_line_quantity_missing",
            _("For this reason line %(xh)s needs the quantity that is taken back."),
            _("Enter the quantity, or choose sales allowance to reverse an amount alone."),
        )
    elif rule.amount == PRICED and blue.quantity is None and not whole:
        yield _about(
            line,
            "red_line_no_quantity",
            _("Line %(xh)s of the original has no quantity, so goods can be returned only as a whole."),
            _("Reverse the whole line, or choose sales allowance to reverse an amount alone."),
        )


def _bounds(line, blue):
    over_quantity = None not in (line.quantity, blue.quantity) and line.quantity < blue.quantity
    new_quantity = line.quantity is not None and blue.quantity is None
    if line.amount < blue.amount or line.tax < blue.tax or over_quantity or new_quantity:
        yield _about(
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


def _product(line):
    if line.quantity is None or line.price is None:
        return
    if abs(price_difference(line.amount, line.quantity, line.price)) > PRICE_TOLERANCE:
        yield _about(
            line,
            "red_line_product",
            _("Price times quantity of line %(xh)s is not its amount %(amount)s; 0.01 is allowed."),
            _("Correct the quantity or the amount, or choose sales allowance to reverse an amount alone."),
            {"amount": plain(line.amount)},
        )


def _tax(line, blue):
    # what reverses the whole line has the tax that the bureau accepted once
    if (line.amount, line.tax) == (blue.amount, blue.tax):
        return
    whole_amount, whole_tax = line.amount == blue.amount, line.tax == blue.tax and blue.tax != 0
    off = abs(tax_difference(line.amount, line.rate, line.tax)) > LINE_TAX_TOLERANCE
    if off or whole_amount or whole_tax:
        yield _about(
            line,
            "red_line_tax",
            _("The tax %(tax)s of line %(xh)s does not go with its amount %(amount)s."),
            _("The whole tax goes with the whole amount, and a part of it with a part, 0.06 allowed."),
            {"amount": plain(line.amount), "tax": plain(line.tax)},
        )


def _about(line, code, message, fix, values=None, severity="error"):
    """Return a problem of ``line``; its template may name the line by ``xh``."""
    return Problem(code, message, fix, {"xh": line.xh, **(values or {})}, line.key, severity)


def _figures(line):
    return line.amount, line.tax, line.quantity, line.price


def _shown(number):
    return "–" if number is None else plain(abs(number))
