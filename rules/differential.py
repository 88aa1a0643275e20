"""Differential taxation (差额征税): the tax on what is left of the price, and the vouchers of what is deducted.

Source: docs/protocols/tax-rules.md#differential-taxation. Pure tables and checks; :mod:`.checks` and :mod:`.draft` use
them.
"""

import re
from dataclasses import dataclass
from datetime import date

from . import codes
from .amounts import ZERO, plain, tax_in_gross
from .document import NORMAL
from .problems import Problem, _

ORDINARY_LEVY = "0"
DIFFERENTIAL_FULL = "2"  # 差额征税－全额开票: the tax is that of the whole amount
DIFFERENTIAL_NET = "3"  # 差额征税－差额开票: the tax is that of gross minus deduction
DIFFERENTIAL = (DIFFERENTIAL_FULL, DIFFERENTIAL_NET)
REMARK_LENGTH = 100
_DIGITAL = "01"


@dataclass(frozen=True)
class VoucherKind:
    """What a kind of voucher (凭证类型) has to name. ``has_code``: code (发票代码) and number of a fapiao of before the
    digital ones.
    """

    name_zh: str
    needs_number: bool = False
    has_code: bool = False
    needs_date: bool = False
    needs_remark: bool = False


# Two sources demand the remark of 08 and 09, a third of 04 and 09: all three are asked for it, which none refuses.
VOUCHERS = {
    "01": VoucherKind("数电发票", needs_number=True, needs_date=True),
    "02": VoucherKind("增值税专用发票", needs_number=True, has_code=True, needs_date=True),
    "03": VoucherKind("增值税普通发票", needs_number=True, has_code=True, needs_date=True),
    "04": VoucherKind("营业税发票", needs_number=True, has_code=True, needs_date=True, needs_remark=True),
    "05": VoucherKind("财政票据"),
    "06": VoucherKind("法院裁决书"),
    "07": VoucherKind("契税完税凭证"),
    "08": VoucherKind("其他发票类", needs_remark=True),
    "09": VoucherKind("其他扣除凭证", needs_remark=True),
}


def tax_of_difference(gross, deduction, rate):
    """Return the tax of a difference issue (差额开票): (gross − deduction) ÷ (1+r) × r, rounded to the fen."""
    return tax_in_gross(gross - deduction, rate)


def one_line_only(count):
    """Return the problem of differential taxation with several lines."""
    return Problem(
        "differential_lines",
        _("Under differential taxation a fapiao has one line and no discount; this one has %(count)s."),
        _("Issue each line on a fapiao of its own."),
        {"count": count},
    )


def differential_tax(expected, tax):
    """Return the problem of a ``tax`` that isn't exactly that of the difference."""
    return Problem(
        "differential_tax",
        _(
            "Under differential taxation the tax should be %(expected)s (gross minus deduction), but the"
            " invoice has %(tax)s."
        ),
        _(
            "Reset the invoice to draft and undo changes of its tax made by hand: the tax follows from the vouchers"
            " listed on the invoice."
        ),
        {"expected": plain(expected), "tax": plain(tax)},
    )


def levy_problems(draft, limits):
    """Yield the problems of the way in which the tax of ``draft`` is levied, deduction and vouchers included."""
    if draft.levy not in ("0", "1", *DIFFERENTIAL):
        yield Problem("levy_unknown", _("The way of levying the tax (征收方式) is unknown."), _("Choose another."))
        return
    if limits.levies is not None and draft.levy not in limits.levies:
        yield Problem(
            "levy_unsupported",
            _("The cloud of this account can't issue fapiao under differential taxation (差额征税)."),
            _(
                "Issue through an account of another cloud, or at the tax bureau, and then attach the fapiao. If your"
                " cloud can do it, switch it on in the account."
            ),
        )
    if draft.levy in DIFFERENTIAL:
        yield from _differential(draft)
    elif draft.deduction or draft.vouchers:
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
        return
    # the bureau wants no less than the amount without tax; with the right tax a deduction up to the total is never more
    if not 0 <= draft.deduction <= draft.total:
        yield Problem(
            "deduction_range",
            _("The deduction %(deduction)s isn't between 0 and the total of %(total)s."),
            _("Correct the deduction."),
            {"deduction": plain(draft.deduction), "total": plain(draft.total)},
        )
    elif draft.levy == DIFFERENTIAL_NET and not draft.deduction:
        yield Problem(
            "deduction_zero",
            _("A fapiao issued for the difference (差额开票) needs a deduction above zero."),
            _("Enter the deduction, or choose full issue (全额开票)."),
        )
    yield from _vouchers(draft)


def _vouchers(draft):
    if draft.levy == DIFFERENTIAL_NET and draft.deduction and not draft.vouchers:
        yield Problem(
            "vouchers_missing",
            _("A fapiao issued for the difference (差额开票) names the vouchers of its deduction."),
            _("List the vouchers on the invoice."),
        )
    deducted = sum((voucher.deducted for voucher in draft.vouchers), ZERO)
    if draft.vouchers and deducted != draft.deduction:
        yield Problem(
            "vouchers_differ",
            _("The vouchers deduct %(deducted)s, but the deduction is %(deduction)s."),
            _("Correct what the vouchers deduct."),
            {"deducted": plain(deducted), "deduction": plain(draft.deduction)},
        )
    seen = set()
    for place, voucher in enumerate(draft.vouchers, 1):
        yield from _voucher(place, voucher)
        known = (voucher.kind, voucher.code, voucher.number)
        if voucher.number and known in seen:
            yield Problem(
                "voucher_twice",
                _("Voucher %(place)s (%(number)s) is listed twice."),
                _("List each voucher once, with all that it deducts here."),
                {"place": place, "number": voucher.number},
            )
        seen.add(known)


def _voucher(place, voucher):
    values = {"place": place}
    kind = VOUCHERS.get(voucher.kind)
    if kind is None:
        yield Problem("voucher_kind", _("The kind of voucher %(place)s is unknown."), _("Choose its kind."), values)
        return
    values["kind"] = kind.name_zh
    if not 0 < voucher.deducted <= voucher.total:
        yield Problem(
            "voucher_amount",
            _("Voucher %(place)s deducts %(deducted)s: it must be above zero and no more than its total, %(total)s."),
            _("Correct its total or what is deducted of it."),
            {**values, "deducted": plain(voucher.deducted), "total": plain(voucher.total)},
        )
    if not _is_known_by_number(voucher, kind):
        yield Problem(
            "voucher_number",
            _("Voucher %(place)s (%(kind)s) lacks its number, or the number has another form."),
            _("A digital fapiao has 20 digits; an older one a code of 10 or 12 digits and a number of 8."),
            values,
        )
    if (kind.needs_date or voucher.date) and not _is_day(voucher.date):
        yield Problem(
            "voucher_date",
            _("Voucher %(place)s (%(kind)s) lacks its date."),
            _("Enter the date of issue."),
            values,
        )
    if kind.needs_remark and not voucher.remark.strip():
        yield Problem(
            "voucher_remark",
            _("Voucher %(place)s (%(kind)s) needs a remark."),
            _("Say in the remark what kind of paper it is."),
            values,
        )
    if len(voucher.remark) > REMARK_LENGTH:
        yield Problem(
            "voucher_remark_long",
            _("The remark of voucher %(place)s is longer than %(length)s characters."),
            _("Shorten it."),
            {**values, "length": REMARK_LENGTH},
        )


def _is_known_by_number(voucher, kind):
    if kind.has_code:
        return codes.with_code(voucher.code, voucher.number)
    if voucher.kind == _DIGITAL:
        return codes.is_number(voucher.number)
    return not kind.needs_number and bool(re.fullmatch(r"\S{0,20}", voucher.number))


def _is_day(text):
    try:
        return text == date.fromisoformat(text).isoformat()
    except ValueError:
        return False
