"""The shared scheduled action sweeps the updates for the expense assistant as well."""

from odoo import api, models


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_reconcile(self, batch=20):
        res = super()._cron_reconcile(batch)
        self.env["fapiao.assistant.update"]._sweep()
        return res
