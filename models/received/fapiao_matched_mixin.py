"""Mixin ``fapiao.matched.mixin``: received fapiao of vendor bills and expenses."""

from odoo import api, fields, models

from ...rules.deduction import STATED_TYPES
from ..cloud import gate
from ..values import exact
from .verdict import MATCH_STATES, Row, document_state, is_tax_right


class FapiaoMatchedMixin(models.AbstractModel):
    _name = "fapiao.matched.mixin"
    _description = "Document that received fapiao stand for"

    fapiao_in_state = fields.Selection(
        MATCH_STATES, "Received Fapiao", compute="_compute_fapiao_in", store=True, copy=False
    )
    fapiao_in_numbers = fields.Char("Received Fapiao Numbers", compute="_compute_fapiao_in", store=True, copy=False)

    # compute_sudo: employees see the differences without access to the company's fapiao
    fapiao_in_reasons = fields.Text("What Differs", compute="_compute_fapiao_in_reasons", compute_sudo=True, copy=False)

    # compute_sudo: see above
    fapiao_in_warnings = fields.Text("Look At", compute="_compute_fapiao_in_warnings", compute_sudo=True)

    # ------------------------------------------------------------------ hooks of concrete models

    @api.model
    def _fapiao_in_amount_fields(self):
        """Return the names of the fields with total, tax and vendor."""
        return ()

    @api.model
    def _fapiao_in_depends(self):
        """Return the names of all fields on which the comparison of matches and document depends."""
        return (
            *self._fapiao_in_amount_fields(),
            "fapiao_match_ids.active",
            "fapiao_match_ids.state",
            "fapiao_match_ids.amount",
            "fapiao_match_ids.amount_tax",
            "fapiao_match_ids.seller_differs",
            "fapiao_match_ids.fapiao_id.status",
            "fapiao_match_ids.fapiao_id.number",
            "fapiao_match_ids.fapiao_id.red_ids.match_ids.state",
            "fapiao_match_ids.fapiao_id.red_ids.match_ids.active",
        )

    def _fapiao_in_total(self):
        """Return the total the fapiao must reach: company currency, tax included, negative for a refund."""
        raise NotImplementedError

    def _fapiao_in_tax(self):
        """Return the tax in it, with the same sign."""
        raise NotImplementedError

    def _fapiao_in_vendor(self):
        """Return the partner that must be the seller, or none."""
        raise NotImplementedError

    def _fapiao_in_can_match(self):
        """Return whether this kind of document can have received fapiao."""
        raise NotImplementedError

    def _fapiao_in_is_open(self):
        """Return whether a match may still be confirmed."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    @api.depends(lambda self: self._fapiao_in_depends())
    def _compute_fapiao_in(self):
        for document in self:
            confirmed = document.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
            document.fapiao_in_numbers = ", ".join(sorted(confirmed.fapiao_id.mapped("number"))) or False
            document.fapiao_in_state = document_state(
                document._fapiao_in_total(), document._fapiao_in_tax(), document._fapiao_in_rows()
            )

    def _fapiao_in_rows(self):
        return [
            Row(
                is_confirmed=match.state == "confirmed",
                amount=match.amount,
                tax=match.amount_tax,
                is_whole=match.amount == match.fapiao_id.amount_total,
                is_deductible=match.fapiao_id.type_code in STATED_TYPES,
                is_wrong=match.seller_differs or match.fapiao_id._is_no_purchase(),
            )
            for match in self.fapiao_match_ids
            if match.active
        ]

    @api.depends(lambda self: ("fapiao_in_state", *self._fapiao_in_depends()))
    def _compute_fapiao_in_reasons(self):
        for document in self:
            said = document._fapiao_in_differences() if document.fapiao_in_state == "differs" else []
            document.fapiao_in_reasons = "\n".join(said) or False

    @api.depends("fapiao_match_ids.active", "fapiao_match_ids.state", "fapiao_match_ids.fapiao_id")
    @api.depends_context("lang")
    def _compute_fapiao_in_warnings(self):
        """Tell what the cloud found about the confirmed fapiao, and the rate of those in other money."""
        for document in self:
            confirmed = document.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
            said = [
                f"{fapiao.display_name}: {text}"
                for fapiao in confirmed.fapiao_id
                for text in (fapiao.warning_text or "").splitlines()
            ]
            document.fapiao_in_warnings = "\n".join(said) or False

    # ------------------------------------------------------------------ deletion and cancelling

    def unlink(self):
        # sudo: matches are deleted with their document, through the ORM to update the fapiao
        self.sudo().with_context(active_test=False).fapiao_match_ids.unlink()
        return super().unlink()

    def _fapiao_in_release(self):
        """Delete the matches of documents that won't be booked, which releases their fapiao. Rejected
        proposals stay.
        """
        # sudo: users who cancel the document may lack the right to match
        self.sudo().fapiao_match_ids.unlink()

    # ------------------------------------------------------------------ differences, as text with the cure

    def _fapiao_in_differences(self):
        """Return a sentence for each difference found by ``verdict.py``."""
        self.ensure_one()
        confirmed = self.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
        said = [words for match in confirmed if (words := match._describe_wrong())]
        total, covered = exact(self._fapiao_in_total()), sum(map(exact, confirmed.mapped("amount")))
        if covered != total:
            said.append(
                self.env._(
                    "The fapiao come to %(fapiao)s, the document to %(document)s.",
                    fapiao=self._fapiao_in_format(covered),
                    document=self._fapiao_in_format(total),
                )
            )
        elif not is_tax_right(
            exact(self._fapiao_in_tax()), [row for row in self._fapiao_in_rows() if row.is_confirmed]
        ):
            said.append(self._fapiao_in_say_tax(sum(map(exact, confirmed.mapped("amount_tax")))))
        return said

    def _fapiao_in_say_tax(self, tax):
        return self.env._(
            "The tax on the fapiao is %(fapiao)s, that of the document %(document)s.",
            fapiao=self._fapiao_in_format(tax),
            document=self._fapiao_in_format(self._fapiao_in_tax()),
        )

    def _fapiao_in_format(self, amount):
        return self.company_id.currency_id.format(float(amount))


def names_for(documents, user, company):
    """Return the names of bills and expenses as far as ``user`` may see them; those of other companies than
    ``company`` with the company's name.
    """
    seen = [document for document in documents if gate.may_read(document, user)]
    names = [
        document.display_name
        if document.company_id == company
        else f"{document.display_name} ({document.company_id.name})"
        for document in seen
    ]
    if len(seen) < len(documents):
        names.append(user.env._("a document that you have no access to"))
    return names
