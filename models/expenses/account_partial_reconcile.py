"""Model ``account.partial.reconcile``: schedules an assistant update when a bill is paid."""

from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """A credit note may be reconciled long after the bill was posted."""
        partials = super().create(vals_list)
        partials._fapiao_update_moves()._fapiao_update_soon()
        return partials

    def unlink(self):
        moves = self._fapiao_update_moves()
        res = super().unlink()
        moves._fapiao_update_soon()
        return res

    def _fapiao_update_moves(self):
        return (self.debit_move_id | self.credit_move_id).move_id
