"""Plans a reversal: an instruction that can be frozen, or the problems that prevent it.

Three scopes: ``full``; ``partial``, the amount of a credit note, if the cloud can; and ``reissue`` if it
can't: the whole fapiao is reversed and a new one issued for the rest.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, field

from odoo import api, models

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
    note, empty if none; ``rest`` what would be reissued; ``taken`` the credit note's amounts on this one of
    several fapiao: line → :class:`Part`.
    """

    fapiao: object
    credit: object
    account: object
    scope: str
    order: RedOrder
    reasons: tuple = ()
    problems: list = field(default_factory=list)
    rest: list = field(default_factory=list)
    check: RedCheck | None = None
    make_credit_note: bool = False
    taken: dict | None = None

    @property
    def is_ready(self):
        return not errors(self.problems)


class FapiaoRedPlanner(models.AbstractModel):
    _name = "fapiao.red.planner"
    _description = "Fapiao: from a wish to reverse to an order"

    @api.model
    def _plan(self, fapiao, credit=None, reason="", check=None, make_credit_note=False):
        """Return the :class:`Plan` of reversing ``fapiao``; reads only.

        ``credit``: the posted credit note. ``reason``: its code, by default the most suitable one. ``check``:
        the bureau's answer, if it was queried.
        """
        credit = credit or self.env["account.move"]
        taken, shared = None, {}
        if credit and credit._fapiao_has_several():
            shared = credit._fapiao_shared_out() or {}
            taken = shared.get(fapiao)
        account = (fapiao.account_id or fapiao.company_id.fapiao_account_id)._in_charge()
        words = account._words()
        blue = fapiao._as_blue()
        scope, rest = self._scope(fapiao, credit, words, shared)
        kinds = red.kinds_of(blue.lines)
        reasons = red.legal_reasons(kinds, scope != "partial", bool(blue.reversed))
        if reason not in reasons and len(shared) > 1:
            reason = ""  # chosen for another of several fapiao
        reason = reason or self._fitting(reasons, scope, credit)
        order, problems = self._order_for(fapiao, blue, credit, scope, reason, check, taken)
        problems += red_preflight(order, blue, words.features, check)
        if taken is None:
            problems += self._several_problems(fapiao, credit)
        problems += self._rest_problems(rest) + self._account_problems(account)
        return Plan(fapiao, credit, account, scope, order, reasons, problems, rest, check, make_credit_note, taken)

    @api.model
    def _plan_all(self, fapiao, credit=None, reason="", checks=None, **options):
        """Return a :class:`Plan` for each of ``fapiao``; ``checks``: number → the bureau's answer. If the
        shares of ``credit`` are unknown, there is one plan with that problem.
        """
        checks = checks or {}
        return [
            self._plan(one, credit, reason, checks.get(one.number), **options) for one in self._together(fapiao, credit)
        ]

    @api.model
    def _together(self, fapiao, credit):
        """Return those of ``fapiao`` that one click reverses for ``credit``."""
        can_tell = credit and credit._fapiao_has_several() and credit._fapiao_shared_out()
        return fapiao if can_tell else fapiao[:1]

    # ------------------------------------------------------------------ scope

    def _account_problems(self, account):
        if account.active or not account:
            return []
        return [
            Problem(
                "account_archived",
                _("The fapiao account %(account)s of %(company)s is archived."),
                _("Restore it to reverse what was issued through it."),
                {"company": account.company_id.display_name, "account": account.display_name},
            )
        ]

    def _scope(self, fapiao, credit, words, shared):
        """Return ``(scope, rest)``; ``rest`` are ``Built`` of the invoices that keep an amount."""
        if not credit:
            return "full", []
        if fapiao in shared:
            return self._scope_of_several(fapiao, credit, words, shared)
        rest = fapiao._invoices().filtered(lambda move: move._fapiao_rest_without(fapiao) > 0)
        if not rest:
            return "full", []
        if words.can(PARTIAL_RED):
            return "partial", []
        return "reissue", Builder(self.env)._build_rest(rest, freed=fapiao._covering_lines())

    def _scope_of_several(self, fapiao, credit, words, shared):
        """The new fapiao are issued for the rest after the reversal of all."""
        covered = credit.reversed_entry_id._fapiao_covered_by(fapiao)
        if covered == credit._fapiao_by_origin(shared[fapiao]):
            return "full", []
        if words.can(PARTIAL_RED):
            return "partial", []
        reversed_ = self.env["fapiao"].union(*shared)
        invoices = reversed_._invoices().filtered(lambda move: move._fapiao_rest_without(reversed_) > 0)
        built = Builder(self.env)._build_rest(invoices, freed=reversed_._covering_lines())
        return "reissue", built

    def _fitting(self, reasons, scope, credit):
        """Return the default reason: a fapiao to be replaced was wrongly issued, credited goods were returned
        or a service stopped, a reversal without credit note corrects an error.
        """
        if not credit or scope == "reissue":
            wanted = (red.WRONG,)
        elif scope == "partial" and not all(self._takes_units(line) for line in credit._fapiao_lines_credited()):
            wanted = (red.ALLOWANCE,)
        else:
            wanted = (red.RETURNED, red.STOPPED, red.ALLOWANCE)
        return next((code for code in wanted if code in reasons), reasons[0] if reasons else "")

    # ------------------------------------------------------------------ order

    def _order_for(self, fapiao, blue, credit, scope, reason, check, taken):
        """Return ``(order, problems)``."""
        lines, problems = self._lines(blue, credit, scope, reason, taken)
        amount, tax, total = red_lines.totals(lines) if lines else self._totals_of(fapiao)
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
            blue_is_paper=blue.is_paper,
            special_kind=check.special_kind if check else "",
            is_anew=any(form.number for form in fapiao.red_form_ids),
        )
        return order, problems

    def _lines(self, blue, credit, scope, reason, taken):
        try:
            if scope != "partial":
                return red_lines.whole(blue, reason) if reason else (), []
            shares, problems = self._shares(blue, credit, taken)
            return red_lines.part(blue, reason, shares) if shares else (), problems
        except ValueError:
            return (), []  # red_preflight reports the problem of the lines

    def _totals_of(self, fapiao):
        left = -1 if not fapiao.red_ids else 0
        return tuple(left * exact(fapiao[name]) for name in ("amount_untaxed", "amount_tax", "amount_total"))

    def _shares(self, blue, credit, taken):
        """Return ``(credits, problems)``: the amounts of the credit note by line of the fapiao."""
        places = {key: place for place, line in enumerate(blue.lines, 1) for key in line.keys}
        pairs = credit._fapiao_lines_credited()
        if taken is not None:
            pairs = {line: origin for line, origin in pairs.items() if line in taken}
        strays = [line for line, origin in pairs.items() if str(origin.id) not in places]
        if strays:
            return [], [self._stray(line) for line in strays]
        at = {}
        for line, origin in pairs.items():
            at.setdefault(places[str(origin.id)], []).append(line)
        return [self._share(place, lines, taken) for place, lines in at.items()], []

    def _share(self, place, lines, taken):
        takes_units = all(map(self._takes_units, lines))
        if taken is not None:
            part = sum((taken[line] for line in lines), Part())
            return red_lines.Credit(place, part.quantity if takes_units else None, part.amount, part.tax)
        return red_lines.Credit(
            place,
            quantity=sum(shortest(line.quantity) for line in lines) if takes_units else None,
            amount=sum(exact(line.balance) for line in lines),
        )

    def _takes_units(self, line):
        """Return whether a line of a credit note returns units at the price of their sale."""
        origin = line._fapiao_origin()
        return (line.price_unit, line.discount) == (origin.price_unit, origin.discount)

    def _stray(self, line):
        words = (line.name or "").split("\n", 1)[0]
        return Problem(
            "red_line_stray",
            _("Line “%(line)s” of the credit note takes back something that the fapiao doesn't have."),
            _("Credit the lines of the invoice, with their products and taxes."),
            {"line": words},
            line=str(line.id),
        )

    # ------------------------------------------------------------------ split invoices

    def _several_problems(self, fapiao, credit):
        """Return the problem of a credit note that one reversal can't cover: it takes from several fapiao, or
        more than this one has.
        """
        if not credit:
            return []
        concerned = credit._fapiao_taken_from()
        is_more = len(credit._fapiao_to_reverse()) > 1 and any(
            move._fapiao_rest_without(fapiao) < 0 for move in fapiao._invoices()
        )
        if concerned <= fapiao and not is_more:
            return []
        numbers = (credit._fapiao_to_reverse() if is_more else concerned).mapped("number")
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

    # ------------------------------------------------------------------ rest

    def _rest_problems(self, rest):
        """Return the problems of issuing the new fapiao: they are fixed before the reversal, or the buyer
        would be left without one.
        """
        return [problem for built in rest for problem in errors(built.problems)]
