"""Model ``account.move.line``: the invoice line that a credit note line takes from."""

from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _fapiao_origin(self):
        """Return the line of the credited invoice that this line of a credit note takes from: same product
        and taxes, then the same price, then the same description.
        """
        self.ensure_one()
        candidates = self.move_id.reversed_entry_id.invoice_line_ids.filtered(
            lambda line: (
                (line.display_type, line.product_id, line.tax_ids) == (self.display_type, self.product_id, self.tax_ids)
            )
        )
        return candidates.sorted(
            lambda line: (line.price_unit != self.price_unit, line.name != self.name, line.sequence, line.id)
        )[:1]
