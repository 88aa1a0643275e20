"""What a vendor bill takes from the fapiao picked for it."""

from odoo import Command, models


class AccountMove(models.Model):
    _inherit = "account.move"

    # ------------------------------------------------------------------ what picking asks

    def _fapiao_pick_kinds(self):
        return ["Pur", "BizOut"]

    def _fapiao_pick_is_open(self):
        return self.state in ("draft", "posted") and self.has_access("write")

    def _fapiao_pick_refill(self):
        """A bill has lines of its own: where its fapiao differ, that is shown beside them."""

    # ------------------------------------------------------------------ filling

    def _fapiao_pick_take_lines(self, fapiao):
        """Give a draft bill without lines those of its fapiao, and vendor, date and reference if it has
        none."""
        self.ensure_one()
        values = {
            "invoice_line_ids": [Command.create(line) for one in fapiao for line in one._bill_lines()],
        }
        if not self.partner_id:
            values["partner_id"] = fapiao._find_vendors()[fapiao[0]].id
        if not self.invoice_date and (days := list(filter(None, fapiao.mapped("issue_date")))):
            values["invoice_date"] = max(days)
        if not self.ref:
            values["ref"] = ", ".join(fapiao.mapped("number"))
        self.write(values)
        self._fapiao_in_adjust_tax(fapiao._tax_of_lines())
        fapiao._note_missing_taxes(self)
