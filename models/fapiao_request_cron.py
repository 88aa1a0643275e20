"""The scheduled runs over all that has an effect at the cloud: requests, red forms and the others."""

from odoo import api, models

from .fapiao_outbound import OTHERS
from .fapiao_outbound_run import Schedule


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send what is queued; red forms first, for one that needs no confirmation leads to a request, and
        that to what follows a reversal."""
        engine, forms = self.env["fapiao.engine"], self.env["fapiao.red.form"]
        models_ = [forms, self, *(self.env[name] for name in OTHERS)]
        run = Schedule(
            self.env,
            lambda: sum(model.search_count(model._domain_to_send()) for model in models_),
            self._wake_dispatcher,
        )
        run.do(engine._record_kept)
        run.do(self._ask_about_earlier, batch, run.go_on)
        for model in models_:
            run.do(model._dispatch, batch, run.go_on)
        run.do(forms._follow_up_due)
        run.end()

    @api.model
    def _cron_reconcile(self, batch=20):
        """Find out what became of what is open, and bring reversals to their end."""
        engine, forms = self.env["fapiao.engine"], self.env["fapiao.red.form"]
        models_ = [self, forms, *(self.env[name] for name in OTHERS)]
        run = Schedule(
            self.env,
            lambda: sum(
                model.search_count(domain)
                for model in models_
                for domain in (model._domain_to_ask(), model._domain_to_watch())
            ),
            self._wake_reconciler,
        )
        run.do(engine._record_kept)
        run.do(engine._sweep_answers)
        run.do(self.env["fapiao.login"]._wipe_left)
        run.do(self.env["fapiao.callback"]._process_new)
        for model in models_:
            run.do(model._reconcile, batch, run.go_on)
        run.do(forms._watch_forms, batch, run.go_on)
        run.do(self.env["fapiao"]._refresh_queued, batch)
        run.do(forms._follow_up_due)
        run.end()
