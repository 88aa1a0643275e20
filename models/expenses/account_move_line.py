"""Model ``account.move.line``: the fapiao of one line of a bill at the expense assistant."""

from odoo import models

from ...clouds import picking
from ..cloud import gate


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def action_fapiao_pick_line(self):
        """Show the fapiao of this line at the assistant."""
        gate.check(self, gate.INVOICER)
        self.ensure_one()
        return self.env["fapiao.pick"]._open_dialog(self.move_id, picking.LINE_PAGE, line=self)

    def action_fapiao_pick_adjust(self):
        """Add fapiao to this line at the assistant or take them off, and take over the changes."""
        gate.check(self, gate.INVOICER)
        self.ensure_one()
        self.move_id._fapiao_pick_check()
        return self.env["fapiao.pick"]._open_dialog(self.move_id, picking.LINE_EDIT_PAGE, line=self)
