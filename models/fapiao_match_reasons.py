"""Why a document differs from the received fapiao that stand for it, in words and with the cure."""

from odoo import api, fields, models

from .fapiao_decimal import exact
from .fapiao_match_verdict import is_tax_right


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    # compute_sudo: an employee is told what differs without being allowed to read the fapiao of the company
    fapiao_in_reasons = fields.Text(
        "What Differs", compute="_compute_fapiao_in_reasons", compute_sudo=True, copy=False
    )

    @api.depends(lambda self: ("fapiao_in_state", *self._fapiao_in_depends()))
    def _compute_fapiao_in_reasons(self):
        for document in self:
            said = document._fapiao_in_differences() if document.fapiao_in_state == "differs" else []
            document.fapiao_in_reasons = "\n".join(said) or False

    def _fapiao_in_differences(self):
        """Return a sentence for each thing that ``fapiao_match_verdict`` holds against the document."""
        self.ensure_one()
        confirmed = self.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
        said = [words for match in confirmed if (words := match._say_wrong())]
        total, covered = exact(self._fapiao_in_total()), sum(map(exact, confirmed.mapped("amount")))
        if covered != total:
            said.append(self._fapiao_in_say_total(total, covered))
        elif not is_tax_right(
            exact(self._fapiao_in_tax()), [row for row in self._fapiao_in_rows() if row.is_confirmed]
        ):
            said.append(self._fapiao_in_say_tax(sum(map(exact, confirmed.mapped("amount_tax")))))
        return said

    def _fapiao_in_say_total(self, total, covered):
        return self.env._(
            "The fapiao come to %(fapiao)s, the document to %(document)s.",
            fapiao=self._fapiao_in_format(covered),
            document=self._fapiao_in_format(total),
        )

    def _fapiao_in_say_tax(self, tax):
        return self.env._(
            "The tax on the fapiao is %(fapiao)s, that of the document %(document)s.",
            fapiao=self._fapiao_in_format(tax),
            document=self._fapiao_in_format(self._fapiao_in_tax()),
        )

    def _fapiao_in_format(self, amount):
        return self.company_id.currency_id.format(float(amount))


class HrExpense(models.Model):
    _inherit = "hr.expense"

    def _fapiao_in_say_tax(self, tax):
        """An expense has one set of taxes, while each ticket may have a rate of its own."""
        said = super()._fapiao_in_say_tax(tax)
        if len(self.fapiao_match_ids) < 2:
            return said
        cure = self.env._("To have the tax of each ticket, split the expense: one ticket, one expense.")
        return f"{said} {cure}"


class FapiaoMatch(models.Model):
    _inherit = "fapiao.match"

    def _say_wrong(self):
        """Return why this fapiao can't stand for this document, or ''."""
        self.ensure_one()
        fapiao = self.fapiao_id
        if fapiao._is_no_purchase():
            return self._say_dead(fapiao)
        if self.seller_differs:
            return self.env._(
                "The seller of fapiao %(number)s is %(seller)s, the vendor here is %(vendor)s.",
                number=fapiao.display_name,
                seller=fapiao.seller_name or fapiao.seller_tax_no or "",
                vendor=self._document()._fapiao_in_vendor().display_name or "–",
            )
        return ""

    def _say_dead(self, fapiao):
        if fapiao.status == "red":
            return self.env._(
                "Fapiao %s was reversed. Take the credit note for its red fapiao, and match the two.",
                fapiao.display_name,
            )
        labels = dict(fapiao._fields["status"]._description_selection(self.env))
        return self.env._(
            "Fapiao %(number)s has the status “%(status)s” at the tax bureau and can't stand for a"
            " purchase. Ask the seller for another one.",
            number=fapiao.display_name,
            status=labels[fapiao.status],
        )
