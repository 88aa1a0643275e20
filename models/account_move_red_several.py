"""A credit note whose invoice has several fapiao: what is to be taken back of which, and what is done."""

from decimal import Decimal

from odoo import models

from ..rules import red_several
from ..rules.red_several import Part
from .fapiao_builder_split import QUANTITY_DIGITS
from .fapiao_decimal import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fapiao_has_several(self):
        """Tell whether the invoice of this credit note has, or had, several fapiao."""
        self.ensure_one()
        return len(self.reversed_entry_id.fapiao_ids.filtered(lambda fact: fact.color == "blue")) > 1

    def _fapiao_still_due(self):
        """Return ``{line of this credit note: (line of the invoice, Part)}``: what living fapiao still say
        and this credit note has taken back, whoever has reversed the others. Signed as the invoice."""
        self.ensure_one()
        invoice = self.reversed_entry_id
        covered = sum_by_origin(invoice._fapiao_parts_covered())
        booked = (invoice | invoice._fapiao_credits())._fapiao_parts_booked()
        kept = sum_by_origin(
            (line if line.move_id == invoice else line._fapiao_origin(), part)
            for line, part in booked.items()
        )
        wanted = {}
        for line, origin in self._fapiao_lines_credited().items():
            if not origin:
                continue
            part = red_several.due(Part() - booked[line], covered.get(origin, Part()), kept[origin])
            if part.amount:
                wanted[line] = (origin, part)
                covered[origin] = covered[origin] - part
        return wanted

    def _fapiao_parts_booked(self):
        """Return ``{line: Part}`` of these documents' lines as booked, below zero on a credit note."""
        builder = self.env["fapiao.builder"]
        catalogue = builder._catalogue(self)
        booked = {}
        for move in self:
            # what can't be an item has its amount all the same
            for line in move.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
                booked[line] = Part(exact(-line.balance))
            for item in builder._items(move, catalogue)[0] or []:
                line = self.env["account.move.line"].browse(int(item.key))
                booked[line] = Part(item.amount, item.tax, item.quantity or Decimal(0))
        return booked

    def _fapiao_parts_covered(self, fapiao=None):
        """Return pairs of line of this invoice and what living fapiao (or ``fapiao`` alone) cover of it, what
        was reversed in part taken off."""
        self.ensure_one()
        # sudo: what is covered doesn't depend on who asks
        rows = (
            (self | self._fapiao_credits())
            .sudo()
            .fapiao_request_line_ids.filtered(lambda row: row.live and row.move_line_id)
        )
        if fapiao is not None:
            rows &= fapiao._covering_lines()
        return [
            (
                row.move_line_id if row.move_id == self else row.move_line_id._fapiao_origin(),
                Part(exact(row.amount_untaxed), exact(row.amount_tax), exact(row.quantity, QUANTITY_DIGITS)),
            )
            for row in rows
        ]

    def _fapiao_covered_by(self, fapiao):
        """Return ``{line of this invoice: (amount, tax)}`` of what ``fapiao`` covers of it."""
        found = sum_by_origin(self._fapiao_parts_covered(fapiao))
        return {line: (part.amount, part.tax) for line, part in found.items() if part.amount or part.tax}

    def _fapiao_by_origin(self, taken):
        """Return ``{line of the invoice: (amount, tax)}`` of ``taken``: line of this credit note → Part."""
        origins = self._fapiao_lines_credited()
        found = sum_by_origin((origins[line], part) for line, part in taken.items())
        return {line: (part.amount, part.tax) for line, part in found.items() if part.amount or part.tax}

    def _fapiao_shared_out(self):
        """Return ``{fapiao: {line of this credit note: Part}}``: which living fapiao are to be reversed for
        it, and what it takes of each. ``{}`` where nothing is due, ``None`` where it can't be told."""
        self.ensure_one()
        origins = self._fapiao_lines_credited().values()
        if not all(origins):
            return None
        held = {
            fapiao: sum_by_origin(self.reversed_entry_id._fapiao_parts_covered(fapiao))
            for fapiao in self._fapiao_to_reverse().sorted("id")
        }
        return red_several.share_out(self._fapiao_still_due(), held)

    # ------------------------------------------------------------------ what is told

    def _fapiao_open_of_credit(self):
        """Return what is still to be reversed for this credit note, below zero."""
        if self.fapiao_state != "partial":
            return self.amount_total_signed
        return -float(sum(part.total for _origin, part in self._fapiao_still_due().values()))

    def _fapiao_red_last(self):
        """Return the red form that tells how this document gets on: of several, one that isn't done."""
        forms = self.fapiao_red_form_ids.sorted("id")
        latest = self._fapiao_red_latest()
        undone = latest.filtered(lambda form: form.stage != "issued" or form.follow_up == "failed")
        return (undone or forms)[-1:]

    def _fapiao_red_latest(self):
        """Return the last red form of each fapiao."""
        latest = {form.fapiao_id: form for form in self.fapiao_red_form_ids.sorted("id")}
        return self.env["fapiao.red.form"].union(*latest.values())

    def _fapiao_red_said(self):
        """Return how the reversal stands: of several fapiao, each in a line, until all are done."""
        latest = self._fapiao_red_latest()
        if self.move_type != "out_refund" or len(latest) < 2:
            return self._fapiao_red_last()._say()
        if self.fapiao_state == "issued":
            return ""
        stages = dict(latest._fields["stage"]._description_selection(self.env))
        lines = [
            self.env._(
                "Fapiao %(number)s: %(said)s",
                number=form.fapiao_id.number,
                said=form._say() or stages[form.stage],
            )
            for form in latest
        ]
        if self.fapiao_state == "partial":
            lines.append(self.env._("What is left is reversed by clicking Red-flush again."))
        return "\n".join(lines)


def sum_by_origin(pairs):
    """Return ``{line: Part}`` of pairs of both."""
    found = {}
    for origin, part in pairs:
        found[origin] = found.get(origin, Part()) + part
    return found
