"""Model ``fapiao.request``: the scheduled reconciliation also plans assistant updates."""

from odoo import api, models


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_reconcile(self, batch=20):
        res = super()._cron_reconcile(batch)
        self.env["fapiao.assistant.update"]._sweep()
        return res
