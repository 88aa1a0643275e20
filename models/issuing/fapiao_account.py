"""Model ``fapiao.account``: what waits to be sent through an account."""

from odoo import models

from ..cloud import gate
from ..cloud.fapiao_task_mixin import UNSENT_STATES


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    def action_move_unsent(self):
        """Open the dialog that sends what waits at this account through another one of the same taxpayer."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        waiting = [("account_id", "=", self.id), ("state", "in", UNSENT_STATES)]
        return self.env["fapiao.request.move"]._open(self.env["fapiao.request"].search(waiting))
