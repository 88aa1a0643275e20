"""A red form that is one of several for the same credit note: each covers its own part of it."""

import json
from decimal import Decimal

from odoo import api, fields, models


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    taken = fields.Text(
        readonly=True,
        copy=True,
        help="What the credit note takes of this fapiao, where its invoice has several: by line amount, tax"
        " and quantity.",
    )

    # ------------------------------------------------------------------ what it covers

    @api.model
    def _taken_by(self, plan):
        if plan.taken is None:
            return False
        return json.dumps(
            {
                str(line.id): [str(part.amount), str(part.tax), str(part.quantity)]
                for line, part in plan.taken.items()
            }
        )

    def _taken_of(self, values):
        """Return of ``values``, create values for request lines over the whole credit note, those that this
        form covers, with its part of them."""
        taken = json.loads(self.taken)
        found = []
        for one in values:
            if figures := taken.get(str(one["move_line_id"])):
                names = ("amount_untaxed", "amount_tax", "quantity")
                own = {name: float(-Decimal(figure)) for name, figure in zip(names, figures, strict=True)}
                found.append({**one, **own, "part": self._part_number()})
        return found

    def _part_number(self):
        """Return the place of this form among all for its credit note: no two cover the same slice."""
        return sum(form.id < self.id for form in self._for_same_credit())

    # ------------------------------------------------------------------ the others

    def _for_same_credit(self):
        """Return all forms that were ever made for the credit note of this one."""
        return self.credit_id and self.search([("credit_id", "=", self.credit_id.id)]) or self

    def _rest_has_to_wait(self):
        """Tell whether others for the same credit note are under way: the new fapiao are for what is left
        after all of them."""
        return any((self._for_same_credit() - self).mapped("is_open"))

    def _still_due(self):
        """Return the fapiao that the credit note still has to have reversed."""
        credit = self.credit_id
        if not self.taken or not credit:
            return self.env["fapiao"]
        return credit._fapiao_taken_from() if credit._fapiao_still_due() else self.env["fapiao"]
