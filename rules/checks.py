"""Checks of a draft before it is sent: what the bureau would refuse is refused here.

Source: docs/protocols/tax-rules.md, all but the red letter. Each check takes the draft and the limits and yields
problems; :func:`preflight` returns all of them.
"""

from . import codes, rates, taxno
from .amounts import TOTAL_TAX_TOLERANCE, plain, round2, tax_drift
from .document import DIGITAL_PAPER, FORMS, NORMAL, ORDINARY, SPECIAL, totals
from .draft import DIFFERENTIAL, DIFFERENTIAL_NET, not_positive, one_line_only
from .limits import DEFAULTS
from .line_checks import check_discounts, check_line, check_pairs
from .names import name_key
from .parties import BUYER, SELLER, check_party
from .problems import Problem, _


def preflight(draft, limits=DEFAULTS):
    """Return all problems of ``draft`` under ``limits``, errors and warnings alike."""
    problems = check_parties(draft.seller, draft.buyer, draft.type, limits)
    for check in (_type, _form, _paper, _totals, _money_limits, _line_count, _texts, _levy, _zero_mix, _small_scale):
        problems += check(draft, limits)
    for line in draft.lines:
        problems += check_line(draft, line, limits)
    return [*problems, *check_pairs(draft), *check_discounts(draft, limits)]


def check_parties(seller, buyer, fapiao_type, limits=DEFAULTS):
    """Return the problems of both parties, alone and together; needs no draft."""
    problems = check_party(seller, SELLER, fapiao_type, limits)
    problems += check_party(buyer, BUYER, fapiao_type, limits)
    numbers = [taxno.normalise(party.tax_no) for party in (seller, buyer)]
    same_name = name_key(seller.name) == name_key(buyer.name) and seller.name
    if (numbers[0] and numbers[0] == numbers[1]) or same_name:
        problems.append(
            Problem(
                "same_party",
                _("Seller and buyer are the same: %(name)s."),
                _("Choose another customer: a company can't issue a fapiao to itself."),
                {"name": buyer.name},
            )
        )
    return problems


def check_credit(amount, limits):
    """Return the problem of an ``amount`` (yuan without tax) above the remaining credit line."""
    if limits.credit_left is None or amount <= limits.credit_left:
        return []
    return [
        Problem(
            "credit_low",
            _("The credit line has %(left)s left, the fapiao needs %(amount)s (without tax)."),
            _("Ask the tax bureau for a higher credit line (授信额度), or wait for the next month."),
            {"left": plain(limits.credit_left), "amount": plain(amount)},
        )
    ]


def _type(draft, _limits):
    if draft.type not in (SPECIAL, ORDINARY):
        yield Problem("type_unknown", _("It isn't said whether the fapiao is special or ordinary."), _("Choose one."))


def _form(draft, limits):
    if draft.form not in FORMS:
        yield Problem("form_unknown", _("The form of the fapiao is unknown."), _("Choose another form."))
    elif limits.kinds is not None and (draft.type, draft.form) not in limits.kinds:
        yield Problem(
            "form_unsupported",
            _("The cloud of this account can't issue this kind of fapiao: type and form together."),
            _("Choose another form or type on the document, or issue through a cloud that has this kind."),
        )


def _paper(draft, limits):
    if not limits.paper_number_required or draft.form != DIGITAL_PAPER:
        return
    if not codes.with_code(draft.paper_code, draft.paper_number):
        yield Problem(
            "paper_number",
            _("A digital fapiao on paper needs code and number of the sheet it is printed on."),
            _("Enter the code (10 or 12 digits) and the number (8 digits) of the next sheet in the printer."),
        )


def _totals(draft, _limits):
    of_lines = totals(draft.lines)
    if not draft.lines or draft.amount <= 0 or draft.total <= 0:
        yield not_positive(draft.amount, draft.tax)
    elif of_lines != (draft.amount, draft.tax, draft.total):
        yield Problem(
            "totals_differ",
            _("The lines come to %(lines)s with tax, the fapiao to %(total)s."),
            _("Prepare the fapiao again; if that doesn't help, contact the maintainer of this module."),
            {"lines": plain(of_lines[2]), "total": plain(draft.total)},
        )
    elif draft.levy != DIFFERENTIAL_NET:
        yield from _tax_drift(draft)


def _tax_drift(draft):
    net, gross = tax_drift((line.amount, line.rate, line.tax) for line in draft.lines)
    drift = max(net, gross)
    if drift > TOTAL_TAX_TOLERANCE:
        yield Problem(
            "tax_drift",
            _("The rounding differences of tax add up to %(drift)s; the tax bureau allows 1.27 per fapiao."),
            _("Check tax amounts that were changed by hand, or issue the lines on several fapiao."),
            {"drift": plain(round2(drift))},
            severity="error" if net > TOTAL_TAX_TOLERANCE else "warning",
        )


def _money_limits(draft, limits):
    if limits.amount_limit is not None and draft.amount > limits.amount_limit:
        yield Problem(
            "amount_limit",
            _("%(amount)s without tax is more than one fapiao may carry (%(limit)s)."),
            _("Split it over several fapiao."),
            {"amount": plain(draft.amount), "limit": plain(limits.amount_limit)},
        )
    yield from check_credit(draft.amount, limits)


def _line_count(draft, limits):
    count = len(draft.lines)
    values = {"count": count, "most": limits.max_lines, "advised": limits.many_lines}
    if count > limits.max_lines:
        yield Problem(
            "too_many_lines",
            _("The fapiao has %(count)s lines, discounts included; %(most)s are allowed."),
            _("Split it over several fapiao."),
            values,
        )
    elif count > limits.many_lines:
        yield Problem(
            "many_lines",
            _("The fapiao has %(count)s lines; more than %(advised)s are slow and may fail."),
            _("Split it over several fapiao if you can."),
            values,
            severity="warning",
        )


def _texts(draft, limits):
    if len(draft.remark) > limits.remark_length:
        yield Problem(
            "remark_too_long",
            _("The remark has %(count)s characters, %(length)s are allowed."),
            _("Shorten the remark."),
            {"count": len(draft.remark), "length": limits.remark_length},
        )
    if not draft.drawer.strip():
        yield Problem(
            "drawer_missing",
            _("It isn't said who draws the fapiao (开票人)."),
            _("Enter the drawer in the settings of the company."),
        )


def _levy(draft, _limits):
    if draft.levy not in ("0", "1", *DIFFERENTIAL):
        yield Problem("levy_unknown", _("The way of levying the tax (征收方式) is unknown."), _("Choose another."))
    elif draft.levy in DIFFERENTIAL:
        yield from _differential(draft)
    elif draft.deduction:
        yield Problem(
            "deduction_needless",
            _("A deduction is given, but the tax is not levied on a difference."),
            _("Remove the deduction, or choose differential taxation."),
        )


def _differential(draft):
    if len(draft.lines) != 1 or draft.lines[0].kind != NORMAL:
        yield one_line_only(len(draft.lines))
    if draft.deduction is None:
        yield Problem(
            "deduction_missing",
            _("Under differential taxation the deduction (扣除额) must be given."),
            _("Enter the deduction."),
        )
    elif not 0 <= draft.deduction <= draft.total:
        yield Problem(
            "deduction_range",
            _("The deduction %(deduction)s isn't between 0 and the total of %(total)s."),
            _("Correct the deduction."),
            {"deduction": plain(draft.deduction), "total": plain(draft.total)},
        )


def _zero_mix(draft, _limits):
    if rates.is_mixed(draft.lines):
        yield Problem(
            "not_taxable_mixed",
            _("Lines that are not taxable (不征税) can't stand on one fapiao with others."),
            _("Issue them on a fapiao of their own."),
        )


def _small_scale(draft, limits):
    at_three = any(line.rate == rates.SMALL_SCALE for line in draft.lines)
    general = [line for line in draft.lines if line.rate not in rates.SMALL_SCALE_RATES]
    reason = draft.small_scale_reason
    if reason and reason not in rates.SMALL_SCALE_REASONS:
        yield Problem(
            "small_scale_reason_unknown",
            _("“%(reason)s” is no reason the tax bureau knows for charging 3 percent."),
            _("Use 2 (correcting an earlier fapiao) or 3 (the reduction to 1 percent is given up)."),
            {"reason": reason},
        )
    elif limits.small_scale and general:
        yield Problem(
            "small_scale_rate",
            _("A small-scale taxpayer can't charge %(rate)s."),
            _("Choose a tax with a rate for small-scale taxpayers, such as 1 or 3 percent."),
            {"rate": rates.percent(general[0].rate)},
            general[0].key,
        )
    elif limits.small_scale and at_three and not reason:
        yield Problem(
            "small_scale_reason_missing",
            _("A small-scale taxpayer who charges 3 percent has to say why."),
            _("Choose it on the document or the fapiao account: a correction, or the reduction to 1 percent given up."),
        )
