"""From Odoo invoices to neutral fapiao: exact decimals in CNY, in the rules' own types.

What a line of the invoice becomes is the business of ``fapiao_builder_lines``; what is covered already, and
how one fapiao becomes several or several invoices one, that of ``fapiao_builder_split``.
"""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, field

from odoo import api, models

from ..rules import checks, netting, rates, taxno
from ..rules import draft as drafting
from ..rules.amounts import ZERO
from ..rules.document import Draft
from ..rules.problems import Problem, _, errors
from . import fapiao_twins
from .fapiao_decimal import exact


@dataclass(frozen=True)
class Built:
    """One fapiao-to-be: a draft or the reasons why not.

    ``moves`` are the invoices on it: one, or several that were merged. ``credits`` are the credit notes
    taken off them. ``shares`` are create values for ``fapiao.request.line``: what of which line is covered.
    """

    moves: object
    draft: Draft | None
    problems: list = field(default_factory=list)
    shares: list = field(default_factory=list)
    credits: object = None

    @property
    def documents(self):
        """Return the invoices and their credit notes."""
        return self.moves | self.credits if self.credits else self.moves

    @property
    def is_ready(self):
        return self.draft is not None and not errors(self.problems)


class FapiaoBuilder(models.AbstractModel):
    _name = "fapiao.builder"
    _description = "Fapiao: from invoices to drafts"

    @api.model
    def _build(self, moves, freed=None):
        """Return the :class:`Built` of ``moves``, in their order; reads only, sends nothing.

        One for each invoice, less its credit notes and what is covered already; several where it is more
        than one fapiao may carry. Of an invoice with an error there is one alone. ``freed``
        (``fapiao.request.line``) are taken for covering nothing.
        """
        return self._build_groups(list(moves), freed)

    @api.model
    def _build_groups(self, groups, freed=None):
        """Return the ``Built`` of each group of invoices that share a fapiao."""
        moves = self.env["account.move"].union(*groups)
        documents = moves | moves._fapiao_credits()
        catalogue = self._catalogue(documents)
        covered = self._covered(documents, freed)
        summaries = self.env["fapiao.tax.code"]._summary_codes()
        twins = fapiao_twins.of_invoices(moves)
        return [
            built
            for group in groups
            for built in self._build_group(group, catalogue, covered, summaries, twins)
        ]

    def _build_group(self, moves, catalogue, covered, summaries, twins):
        credits_ = moves._fapiao_credits()
        problems = self._once([problem for move in moves for problem in self._obstacles(move)])
        if problems := problems or self._cover_problems(moves | credits_, covered):
            return [Built(moves, None, problems)]
        move, company = moves[0], moves.company_id
        limits = company.fapiao_account_id._limits(summaries)
        parties = company._fapiao_seller(), move.partner_id._fapiao_party(), move._fapiao_type_or_default()
        items, problems = self._net_items(moves, credits_, catalogue)
        items = items and self._uncovered(items, covered)
        problems += self._company_problems(company) + [twins[move] for move in moves if move in twins]
        draft, found = self._draft(moves, items, covered, parties, limits)
        problems += found
        whole = Built(moves, draft, problems, [], credits_)
        if not draft:
            # whoever mends the lines shall see at once what else is missing
            problems += checks.check_parties(*parties, limits)
            return [whole]
        return self._split(whole, items, covered, limits)

    def _draft(self, moves, items, covered, parties, limits):
        """Return ``(draft, problems)`` with the very totals of the ledger; without items nothing at all.

        ``items`` are ``(document, item)`` of the invoices ``moves`` and of their credit notes.
        """
        if items is None:
            return None, []
        move, company = moves[0], moves.company_id
        documents = moves | moves._fapiao_credits()
        remark, problems = self._remark(moves, limits)
        draft, found = drafting.build(
            self._netted(moves, items, covered),
            *parties,
            sum((exact(document.amount_untaxed_signed) for document in documents), ZERO)
            - sum((covered.amount_of(document) for document in documents), ZERO),
            sum((exact(document.amount_tax_signed) for document in documents), ZERO)
            - sum((covered.tax_of(document) for document in documents), ZERO),
            limits=limits,
            remark=remark,
            drawer=company.fapiao_drawer or self._drawer_of(move),
            payee=company.fapiao_payee or "",
            reviewer=company.fapiao_reviewer or "",
            small_scale_reason=self._small_scale_reason(
                company.fapiao_account_id, [item for _document, item in items]
            ),
            show_seller_bank=company.fapiao_show_seller_bank,
            show_buyer_bank=company.fapiao_show_buyer_bank,
        )
        return draft, problems + found

    def _netted(self, moves, items, covered):
        """Return the items of the invoices, each less what its own credit notes take back."""
        netted = []
        for move in moves:
            own = [item for document, item in items if document == move and not covered.is_remnant(item)]
            taken = [item for document, item in items if document.reversed_entry_id == move]
            netted += netting.net(own, taken)
        return netted

    def _drawer_of(self, move):
        """Return who issues if the company names nobody; what runs by itself has no name to print."""
        user = move.invoice_user_id if self.env.user._is_superuser() else self.env.user
        return user.name or ""

    def _small_scale_reason(self, account, items):
        """Return the account's reason for charging 3 % where it is charged (fapiao-rules, "Lines")."""
        charged = any(item.amount > 0 and item.rate == rates.SMALL_SCALE for item in items)
        return account.small_scale_reason or "" if account.small_scale and charged else ""

    # ------------------------------------------------------------------ what the ledger itself must give

    def _obstacles(self, move):
        """Return what keeps ``move`` from becoming a fapiao at all, whatever its lines are."""
        checks_in_turn = (
            self._document_problem,
            self._account_problem,
            self._currency_problem,
            self._lost_lines_problem,
        )
        return [problem for check in checks_in_turn if (problem := check(move))][:1]

    def _document_problem(self, move):
        values = {"invoice": move.display_name}
        if move.move_type != "out_invoice":
            return Problem(
                "not_an_invoice",
                _("%(invoice)s is not a customer invoice, so no fapiao can be issued for it."),
                _("Issue from a customer invoice; a credit note is answered by a red fapiao."),
                values,
            )
        if move.state != "posted":
            return Problem(
                "not_posted", _("%(invoice)s is not posted."), _("Confirm the invoice first."), values
            )
        return None

    def _account_problem(self, move):
        account = move.company_id.fapiao_account_id
        values = {"company": move.company_id.display_name, "account": account.display_name}
        if not account:
            return Problem(
                "no_account",
                _("%(company)s has no fapiao account."),
                _("Choose one in Settings > Accounting > Fapiao."),
                values,
            )
        if not account.active:
            return Problem(
                "account_archived",
                _("The fapiao account %(account)s of %(company)s is archived."),
                _("Restore it, or choose another in Settings > Accounting > Fapiao."),
                values,
            )
        return None

    def _currency_problem(self, move):
        company = move.company_id
        values = {"company": company.display_name, "currency": move.currency_id.name}
        if company.currency_id.name != "CNY":
            return Problem(
                "company_currency",
                _("The books of %(company)s are not kept in CNY, the only currency of a fapiao."),
                _("Issue the fapiao from a company whose currency is CNY."),
                values,
            )
        if self._lacks_rate(move):
            return Problem(
                "no_currency_rate",
                _("There is no exchange rate for %(currency)s, so the books took one for one yuan."),
                _("Enter the rate, then reset the invoice to draft and confirm it again."),
                values,
            )
        return None

    def _lacks_rate(self, move):
        """Tell whether the ledger fell back to 1:1 for want of a rate (``res.currency._get_rates``)."""
        company = move.company_id
        if move.currency_id == company.currency_id or exact(move.invoice_currency_rate, 12) != 1:
            return False
        # sudo: whether there is a rate, nothing else
        return (
            not self.env["res.currency.rate"]
            .sudo()
            .search_count(
                [
                    ("currency_id", "=", move.currency_id.id),
                    ("company_id", "in", (False, company.root_id.id)),
                ],
                limit=1,
            )
        )

    def _company_problems(self, company):
        """Return the problem of a company that isn't the taxpayer whose account it uses."""
        own = company.partner_id._fapiao_tax_no()
        number = taxno.normalise(company.fapiao_account_id.tax_no)
        values = {"company": company.display_name, "own": own, "number": number}
        if not own:
            return [
                Problem(
                    "company_tax_no_missing",
                    _("%(company)s has no tax number, but its fapiao account is that of %(number)s."),
                    _("Enter the number as Tax ID on the contact of your company."),
                    values,
                )
            ]
        if own != number:
            return [
                Problem(
                    "company_tax_no_differs",
                    _("%(company)s has the tax number %(own)s, its fapiao account is that of %(number)s."),
                    _("Correct whichever is wrong: the Tax ID of the company, or the account it has chosen."),
                    values,
                )
            ]
        return []
