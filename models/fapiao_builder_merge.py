"""Several invoices, or several orders, on one fapiao: whether they may, and what is printed of what each says
differently."""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from odoo import api, models

from ..rules.problems import Problem, _
from .fapiao_builder import Built

SEPARATOR = "；"


class FapiaoBuilder(models.AbstractModel):
    _inherit = "fapiao.builder"

    @api.model
    def _build_merged(self, moves, freed=None):
        """Return the ``Built`` of ``moves`` on one fapiao, or on as few as their limits allow; a single one
        with the reasons where they can't be merged. See :meth:`_build`."""
        if problems := self._merge_problems(moves):
            return [Built(moves, None, problems)]
        # the oldest first, however they were selected
        return self._build_groups([moves.sorted(lambda move: (move.date, move.id))], freed)

    @api.model
    def _build_rest(self, moves, freed=None):
        """Return the ``Built`` of invoices that shared a fapiao: they share the next one too if they may."""
        if len(moves) > 1 and not self._merge_problems(moves):
            return self._build_merged(moves, freed)
        return self._build(moves, freed)

    def _merge_problems(self, documents):
        """Return why ``documents``, invoices or orders, can't stand on one fapiao."""
        if len(documents.company_id) > 1:
            return [self._merge_companies(documents)]
        buyers = self.env["res.partner"].union(*(one._fapiao_buyer() for one in documents))
        if len(buyers) > 1:
            return [self._merge_buyers(buyers)]
        checks_in_turn = [self._merge_currencies]
        if documents._name == "account.move":
            # for orders, both are chosen when the fapiao is requested
            checks_in_turn = [self._merge_recipients, self._merge_types, *checks_in_turn]
        return [problem for check in checks_in_turn if (problem := check(documents))]

    def _merge_companies(self, documents):
        return Problem(
            "merge_companies",
            _("What you chose is of several companies: %(companies)s."),
            _("Merge what is of one company only."),
            {"companies": ", ".join(documents.company_id.mapped("display_name"))},
        )

    def _merge_buyers(self, buyers):
        return Problem(
            "merge_buyers",
            _("What you chose is for several customers: %(customers)s. A fapiao has one buyer."),
            _("Merge what is for one customer only."),
            {"customers": ", ".join(buyers.mapped("display_name"))},
        )

    def _merge_recipients(self, moves):
        """The contacts of one customer may have data of their own for the fapiao."""
        first, other = self._differing(moves, lambda move: move.partner_id._fapiao_party())
        return other and Problem(
            "merge_recipients",
            _("%(first)s and %(other)s go to contacts with different data for the fapiao."),
            _("Give both invoices the same customer address, or issue them separately."),
            {"first": first.display_name, "other": other.display_name},
        )

    def _merge_types(self, moves):
        first, other = self._differing(moves, lambda move: move._fapiao_type_or_default())
        names = dict(moves._fields["fapiao_type"]._description_selection(self.env))
        return other and Problem(
            "merge_types",
            _("%(first)s wants the fapiao type %(first_type)s, %(other)s wants %(other_type)s."),
            _("Choose the same fapiao type on the invoices, or issue them separately."),
            {
                "first": first.display_name,
                "first_type": names[first._fapiao_type_or_default()],
                "other": other.display_name,
                "other_type": names[other._fapiao_type_or_default()],
            },
        )

    def _merge_currencies(self, documents):
        first, other = self._differing(documents, lambda one: one.currency_id)
        return other and Problem(
            "merge_currencies",
            _("%(first)s is in %(first_currency)s, %(other)s in %(other_currency)s."),
            _("Issue what is in different currencies separately."),
            {
                "first": first.display_name,
                "first_currency": first.currency_id.name,
                "other": other.display_name,
                "other_currency": other.currency_id.name,
            },
        )

    def _differing(self, moves, value_of):
        """Return the first of ``moves`` and one whose value differs from its own, or none."""
        first = moves[:1]
        return first, next((move for move in moves if value_of(move) != value_of(first)), None)

    # ------------------------------------------------------------------ the remark

    def _remark(self, moves, limits):
        """Return ``(remark, problems)``: what the invoices want printed, each remark once, and no more of
        several than there is room for."""
        remarks = list(dict.fromkeys(filter(None, (move._fapiao_remark_text() for move in moves))))
        if len(remarks) < 2:
            return "".join(remarks), []
        shown = list(remarks)
        while len(shown) > 1 and len(SEPARATOR.join(shown)) > limits.remark_length:
            shown.pop()
        return SEPARATOR.join(shown), [] if shown == remarks else [
            Problem(
                "remarks_cut",
                _("There is room for the remarks of %(shown)s of %(count)s invoices only."),
                _("Shorten the remarks if all must be printed."),
                {"shown": len(shown), "count": len(remarks)},
                severity="warning",
            )
        ]
