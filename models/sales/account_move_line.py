"""Model ``account.move.line``: the down payments that lines of a final invoice deduct."""

from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _fapiao_advances_deducted(self):
        """Return the posted down payment invoices that these lines, of final invoices, deduct."""
        # sudo: users who invoice an order may lack access to it
        asked = self.sudo().sale_line_ids.filtered("is_downpayment").invoice_lines - self.sudo()
        moves = asked.move_id.filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
        return (moves._fapiao_advance_lines() & asked).move_id.sudo(self.env.su)
