"""The scheduled runs over all that has an effect at the cloud: red forms and requests."""

from odoo import api, models

from .fapiao_outbound import OTHERS


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send what is queued; red forms first, for one that needs no confirmation leads to a request, and
        that to what follows a reversal."""
        forms = self.env["fapiao.red.form"]
        forms._dispatch(batch)
        self._dispatch(batch)
        for model in OTHERS:
            self.env[model]._dispatch(batch)
        forms._follow_up_due()

    @api.model
    def _cron_reconcile(self, batch=20):
        """Find out what became of what is open, and bring reversals to their end."""
        self.env["fapiao.callback"]._process_new()
        forms = self.env["fapiao.red.form"]
        forms._reconcile(batch)
        for model in OTHERS:
            self.env[model]._reconcile(batch)
        self._reconcile(batch)
        forms._watch(batch)
        self.env["fapiao"]._refresh_queued(batch)
        forms._follow_up_due()
