"""Model ``fapiao``: the journal entries it belongs to."""

from odoo import models


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _vouchers(self):
        """Return ``{fapiao: posted journal entries}``: of its invoices and of matched bills and expenses."""
        confirmed = self.match_ids.filtered(lambda match: match.state == "confirmed").grouped("fapiao_id")
        none = self.env["fapiao.match"]
        return {
            fapiao: (
                fapiao.move_ids
                | confirmed.get(fapiao, none).move_id
                | confirmed.get(fapiao, none).expense_id.account_move_id
            ).filtered(lambda move: move.state == "posted")
            for fapiao in self
        }
