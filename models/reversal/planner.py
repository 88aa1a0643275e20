"""Plans a reversal: an instruction that can be frozen, or the problems that prevent it.

Three scopes: ``full``; ``partial``, the amount of a credit note, if the cloud can; and ``reissue`` if it
can't: the whole fapiao is reversed and a new one issued for the rest.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, field

from ...rules import red, red_lines
from ...rules.problems import Problem, _, errors
from ...rules.red_checks import red_preflight
from ...rules.red_document import BUYER, PARTIAL_RED, SELLER, RedCheck, RedOrder
from ...rules.red_lines import Part
from ..issuing.builder import Builder
from ..values import exact, shortest


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
    reasons = red.legal_reasons(red.kinds_of(blue.lines), scope != "partial", bool(blue.reversed))
    if reason not in reasons and len(shared) > 1:
        reason = ""  # chosen for another of several fapiao
    reason = reason or _fitting(reasons, scope, credit)
    order, problems = _order_for(fapiao, blue, credit, scope, reason, check, taken)
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


def _fitting(reasons, scope, credit):
    """Return the default reason: a fapiao to be replaced was wrongly issued, credited goods were returned
    or a service stopped, a reversal without credit note corrects an error.
    """
    if not credit or scope == "reissue":
        wanted = (red.WRONG,)
    elif scope == "partial" and not all(map(_takes_units, credit._fapiao_lines_credited())):
        wanted = (red.ALLOWANCE,)
    else:
        wanted = (red.RETURNED, red.STOPPED, red.ALLOWANCE)
    return next((code for code in wanted if code in reasons), reasons[0] if reasons else "")


# ------------------------------------------------------------------ order


def _order_for(fapiao, blue, credit, scope, reason, check, taken):
    """Return ``(order, problems)``."""
    lines, problems = _lines(blue, credit, scope, reason, taken)
    if check and scope != "partial":
        lines = red_lines.detailed(lines, check.lines)
    if lines:
        amount, tax, total = red_lines.totals(lines)
    else:
        left = -1 if not fapiao.red_ids else 0
        amount, tax, total = (left * exact(fapiao[name]) for name in ("amount_untaxed", "amount_tax", "amount_total"))
    order = RedOrder(
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
        blue_is_paper=blue.is_paper or bool(check and check.is_paper),
        special_kind=check.special_kind if check else fapiao.special_element or "",
        is_anew=any(form.number for form in fapiao.red_form_ids),
    )
    return order, problems


def _lines(blue, credit, scope, reason, taken):
    try:
        if scope != "partial":
            return red_lines.whole(blue, reason) if reason else (), []
        shares, problems = _shares(blue, credit, taken)
        return red_lines.part(blue, reason, shares) if shares else (), problems
    except ValueError:
        return (), []  # red_preflight reports the problem of the lines


def _shares(blue, credit, taken):
    """Return ``(credits, problems)``: the amounts of the credit note by line of the fapiao."""
    places = {key: place for place, line in enumerate(blue.lines, 1) for key in line.keys}
    at, problems = {}, []
    for line, origin in credit._fapiao_lines_credited().items():
        if taken is not None and line not in taken:
            continue
        if str(origin.id) in places:
            at.setdefault(places[str(origin.id)], []).append(line)
        else:
            problems.append(
                Problem(
                    "red_line_stray",
                    _("Line “%(line)s” of the credit note takes back something that the fapiao doesn't have."),
                    _("Credit the lines of the invoice, with their products and taxes."),
                    {"line": (line.name or "").split("\n", 1)[0]},
                    line=str(line.id),
                )
            )
    return [] if problems else [_share(place, lines, taken) for place, lines in at.items()], problems


def _share(place, lines, taken):
    takes_units = all(map(_takes_units, lines))
    if taken is not None:
        part = sum((taken[line] for line in lines), Part())
        return red_lines.Credit(place, part.quantity if takes_units else None, part.amount, part.tax)
    return red_lines.Credit(
        place,
        quantity=sum(shortest(line.quantity) for line in lines) if takes_units else None,
        amount=sum(exact(line.balance) for line in lines),
    )


def _takes_units(line):
    """Return whether a line of a credit note returns units at the price of their sale."""
    origin = line._fapiao_origin()
    return (line.price_unit, line.discount) == (origin.price_unit, origin.discount)


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
