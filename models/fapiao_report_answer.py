"""How answers move a report, and what they mean for the reports that wait behind it."""

from odoo import models

from ..clouds import errors, picking
from .fapiao_notes import as_html
from .fapiao_outbound import NO_ERROR

ACTIVITY = "l10n_cn_invoice_cloud.activity_fapiao_problem"


class FapiaoReport(models.Model):
    _inherit = "fapiao.report"

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, exchange, meaning):
        match meaning:
            case picking.Told() if self.state not in ("issued", "withdrawn"):
                self._accept(meaning)
            case errors.Rejected() if self.state in ("sending", "unknown"):
                self._become("rejected", meaning)
            case _ if self.state == "sending":
                return super()._apply_meaning(exchange, meaning)
            case errors.CloudError() if self.state == "unknown":
                self._wait_on(meaning)
        return None

    def _apply_error(self, error):
        """The assistant has credentials of its own and no session at the bureau: where it refuses them, the
        report waits, and nothing else does."""
        if isinstance(error, errors.LoginRequired):
            self._try_later(error)
            return None
        return super()._apply_error(error)

    def _accept(self, result):
        self._become("issued")

    def _wait_on(self, error=None):
        """The same call may be made again for ever: nobody has to decide what became of it."""
        self.unknown_since = self._now()
        return super()._wait_on(error)

    # ------------------------------------------------------------------ the reports behind it

    def _try_later(self, error):
        res = super()._try_later(error)
        for report in self._followers():
            report.next_try_at = max(report.next_try_at or self.next_try_at, self.next_try_at)
        return res

    def _settled(self):
        res = super()._settled()
        if self.state == "rejected" and self.kind == "save":
            self._drop_hopeless()
        if self.state in ("rejected", "manual"):
            self._alert()
        elif self.state == "issued":
            self._calm()
        if followers := self._followers():
            followers.write({"next_try_at": self._now()})
            self._wake_dispatcher()
        return res

    def _drop_hopeless(self):
        """Of a document that wasn't saved the assistant takes no status."""
        for report in self._followers():
            if report.kind == "save":
                break
            if report.kind == "status":
                report._become("withdrawn")
                report.error_message = self.env._("The assistant refused to save the document before.")

    def _overtake(self):
        """Drop these reports, which a newer one has overtaken; none of them can have been sent."""
        for report in self:
            report.write({**NO_ERROR, "state": "withdrawn", "next_try_at": False})
            report.error_message = self.env._("Overtaken by a newer report before it was sent.")

    # ------------------------------------------------------------------ telling people

    def _alert(self):
        """Ask the owner of the document, once, to look at what was refused."""
        document = self.expense_id or self.move_id
        if not document:
            return
        note = as_html(self.error_message, self.error_fix, self.cloud_text)
        if known := self._alerts():
            known.write({"note": note})
            return
        document.activity_schedule(ACTIVITY, summary=self._alert_title(), note=note, user_id=self.user_id.id)

    def _calm(self):
        """Nothing of the document is refused any more: the activity has done its work."""
        if not (alerts := self._alerts()):
            return
        if not self._unmended(self._of_keys(self._key_list())):
            alerts.unlink()

    def _alerts(self):
        document = self.expense_id or self.move_id
        kind = self.env.ref(ACTIVITY)
        return document.activity_ids.filtered(
            lambda activity: activity.activity_type_id == kind and activity.summary == self._alert_title()
        )

    def _alert_title(self):
        return self.env._("The expense assistant refuses a report")
