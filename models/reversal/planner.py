"""Plans a reversal: an instruction that can be frozen, or the problems that prevent it.

Three scopes: ``full``; ``partial``, the amount of a credit note, if the cloud can; and ``reissue`` if it
can't: the whole fapiao is reversed and a new one issued for the rest.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, field
from decimal import Decimal

from ...rules import codes, red, red_lines
from ...rules.amounts import round2, spread
from ...rules.problems import Problem, _, errors
from ...rules.red_checks import red_preflight
from ...rules.red_document import BUYER, PARTIAL_RED, SELLER, RedCheck, RedOrder
from ...rules.red_lines import Part
from ..issuing.builder import Builder
from ..values import exact


@dataclass(frozen=True)
class Plan:
    """One planned reversal. ``reasons`` are the legal ones; ``problems`` prevent it; ``credit`` is its credit
    note, empty if none; ``taken`` the credit note's amounts on this one of several fapiao: line →
    :class:`Part`.
    """

    fapiao: object
    credit: object
    account: object
    scope: str
    order: RedOrder
    reasons: tuple = ()
    problems: list = field(default_factory=list)
    make_credit_note: bool = False
    check: RedCheck | None = None
    taken: dict | None = None

    @property
    def is_ready(self):
        return not errors(self.problems)


def plan_all(fapiao, credit=None, reason="", checks=None, make_credit_note=False):
    """Return a Plan for each of ``fapiao``, or one if the shares of ``credit`` are unknown; ``checks``: number →
    bureau's answer. A ``reason`` that isn't legal for one of several is replaced by one that is.
    """
    checks, concerned = checks or {}, together(fapiao, credit)
    plans = [plan(one, credit, reason, checks.get(one.number), make_credit_note) for one in concerned]
    if credit or len(concerned) < 2:
        return plans
    return [
        one if not one.reasons or one.order.reason in one.reasons else plan(one.fapiao, credit, check=one.check)
        for one in plans
    ]


def together(fapiao, credit):
    """Return those of ``fapiao`` that one click reverses: all without a ``credit`` note, each in full."""
    can_tell = not credit or (credit._fapiao_has_several() and credit._fapiao_shared_out())
    return fapiao if can_tell else fapiao[:1]


def plan(fapiao, credit=None, reason="", check=None, make_credit_note=False):
    """Return the :class:`Plan` of reversing ``fapiao``; reads only.

    ``credit``: the posted credit note. ``reason``: its code, by default the most suitable one. ``check``:
    the bureau's answer, if it was queried.
    """
    credit = credit or fapiao.env["account.move"]
    shared = (credit._fapiao_shared_out() or {}) if credit and credit._fapiao_has_several() else {}
    taken = shared.get(fapiao)
    account = fapiao._reversing()
    words = account._words()
    blue = fapiao._as_blue()
    scope, rest = _scope(fapiao, credit, words, shared)
    shares, stray = _shares(blue, credit, taken) if credit else ([], [])
    taken_from, left = {share.xh for share in shares}, _left(blue)
    credited = [line for line in left if line.xh in taken_from]
    reasons = red.legal_reasons(
        red.kinds_of(blue.lines),
        scope != "partial",
        bool(blue.reversed),
        any(map(red_lines.is_off, credited if scope == "partial" else left)),
    )
    if reason not in reasons and len(shared) > 1:
        reason = ""  # chosen for another of several fapiao
    if not reason:
        # what takes back something else is an amount
        by_units = scope == "full" or not stray and _takes_units(blue, shares)
        reason = _fitting(reasons, bool(credit), by_units, red.kinds_of(credited))
    order = _order_for(fapiao, blue, left, shares, scope, reason, check)
    problems = stray if scope == "partial" else []
    problems += red_preflight(order, blue, words.features, check)
    if taken is None and credit:
        problems += _several_problems(fapiao, credit)
    # problems of the new fapiao are fixed before the reversal, or the buyer would be left without one
    problems += [problem for built in rest for problem in errors(built.problems)]
    if account and not account.active:
        problems.append(
            Problem(
                "account_archived",
                _("The fapiao account %(account)s of %(company)s is archived."),
                _("Restore it to reverse what was issued through it."),
                {"company": account.company_id.display_name, "account": account.display_name},
            )
        )
    return Plan(fapiao, credit, account, scope, order, reasons, problems, make_credit_note, check, taken)


# ------------------------------------------------------------------ scope


def _scope(fapiao, credit, words, shared):
    """Return ``(scope, rest)``; ``rest`` are ``Built`` of the invoices, after the reversal of all in ``shared``."""
    if not credit:
        return "full", []
    reversed_ = credit.env["fapiao"].union(*shared) if fapiao in shared else fapiao
    rest = reversed_._invoices().filtered(lambda move: move._fapiao_rest_without(reversed_) > 0)
    if fapiao in shared:
        is_full = credit._fapiao_takes_all_of(fapiao, shared[fapiao])
    else:
        is_full = not rest
    if is_full:
        return "full", []
    if words.can(PARTIAL_RED):
        return "partial", []
    return "reissue", Builder(credit.env)._build_rest(rest, freed=reversed_._covering_lines())


def _fitting(reasons, is_credited, by_units, kinds):
    """Return the default reason, by what a credit note changes: of a quantity (``by_units``) goods are returned and
    services (by ``kinds``) are stopped, of a price is an allowance. Without a credit note an error is corrected.
    """
    if not is_credited:
        wanted = (red.WRONG,)
    elif not by_units:
        wanted = (red.ALLOWANCE,)
    elif kinds == {codes.SERVICE}:
        wanted = (red.STOPPED, red.RETURNED, red.ALLOWANCE)
    else:
        wanted = (red.RETURNED, red.STOPPED, red.ALLOWANCE)
    return next((code for code in wanted if code in reasons), reasons[0] if reasons else "")


def _takes_units(blue, shares):
    try:
        return red_lines.takes_units(blue, shares)
    except ValueError:
        return False  # as in _left


def _left(blue):
    try:
        return red_lines.left(blue)
    except ValueError:
        return ()  # red_preflight reports the problem of the lines


# ------------------------------------------------------------------ order


def _order_for(fapiao, blue, left, shares, scope, reason, check):
    lines = _lines(blue, shares, scope, reason)
    if check:
        lines = red_lines.detailed(lines, left, check.lines)
    if lines:
        amount, tax, total = red_lines.totals(lines)
    else:
        sign = -1 if not fapiao.red_ids else 0
        amount, tax, total = (sign * exact(fapiao[name]) for name in ("amount_untaxed", "amount_tax", "amount_total"))
    return RedOrder(
        blue_number=fapiao.number,
        reason=reason,
        initiator=SELLER if fapiao.direction == "out" else BUYER,
        type=blue.type,
        is_full=scope != "partial",
        lines=lines,
        amount=amount,
        tax=tax,
        total=total,
        seller_tax_no=blue.seller_tax_no,
        buyer_tax_no=blue.buyer_tax_no,
        blue_issued_at=blue.issued_at,
        blue_lines=len(blue.lines),
        blue_is_paper=blue.is_paper or bool(check and check.is_paper),
        special_kind=check.special_kind if check else fapiao.special_element or "",
        is_anew=any(form.number for form in fapiao.red_form_ids),
    )


def _lines(blue, shares, scope, reason):
    try:
        if scope != "partial":
            return red_lines.whole(blue, reason) if reason else ()
        return red_lines.part(blue, reason, shares) if shares else ()
    except ValueError:
        return ()  # red_preflight reports the problem of the lines


def _shares(blue, credit, taken):
    """Return ``(credits, problems)``: the amounts of the credit note by line of the fapiao."""
    try:
        places = {key: line.xh for line in red_lines.fold(blue.lines) for key in line.keys}
    except ValueError:
        return [], []  # red_preflight reports the problem of the lines
    at, problems = {}, []
    for line, origins in credit._fapiao_origins_credited().items():
        if taken is not None and line not in taken:
            continue
        pieces = [(places.get(str(origin.id)), piece) for origin, piece in origins]
        if not pieces or not all(place for place, _piece in pieces):
            problems.append(
                Problem(
                    "red_line_stray",
                    _("Line “%(line)s” of the credit note takes back something that the fapiao doesn't have."),
                    _("Credit the lines of the invoice, with their products and taxes."),
                    {"line": (line.name or "").split("\n", 1)[0]},
                    line=str(line.id),
                )
            )
        elif taken is not None:
            # of several fapiao, what this one takes is known
            at.setdefault(pieces[0][0], []).append(taken[line])
        else:
            for place, part in _in_yuan(line, pieces):
                at.setdefault(place, []).append(part)
    return [] if problems else [_share(place, parts, taken) for place, parts in at.items()], problems


def _in_yuan(line, pieces):
    """Return ``pieces``, pairs of place and Part in the document's currency, with the amounts of ``line`` as booked."""
    total, sizes = exact(line.balance), [round2(abs(piece.amount)) for _place, piece in pieces]
    amounts = spread(abs(total), sizes, [abs(total)] * len(sizes)) if sum(sizes) else [abs(total)]
    return [
        (place, Part(amount.copy_sign(total), quantity=piece.quantity))
        for (place, piece), amount in zip(pieces, amounts, strict=False)
    ]


def _share(place, parts, taken):
    """Return the sum of ``parts`` as a credit; a discount taken back with its line has no quantity of its own."""
    whole = sum(parts, Part())
    quantity = sum((abs(part.quantity) for part in parts if part.amount * whole.amount > 0), Decimal(0))
    return red_lines.Credit(place, quantity or None, whole.amount, whole.tax if taken is not None else None)


def _several_problems(fapiao, credit):
    """Return the problem of a credit note that takes from several fapiao, or more than this one has."""
    concerned, to_reverse = credit._fapiao_taken_from(), credit._fapiao_to_reverse()
    is_more = len(to_reverse) > 1 and any(move._fapiao_rest_without(fapiao) < 0 for move in fapiao._invoices())
    if concerned <= fapiao and not is_more:
        return []
    numbers = (to_reverse if is_more else concerned).mapped("number")
    return [
        Problem(
            "red_several",
            _("The invoice of %(credit)s has several fapiao, and one alone can't answer for it: %(numbers)s."),
            _(
                "Open those that are concerned and reverse them one by one. After that, what the credit"
                " note leaves of the invoice can be issued from the invoice."
            ),
            {"credit": credit.display_name, "numbers": ", ".join(numbers)},
        )
    ]
