"""What a person may do with a red form."""

from odoo import models
from odoo.exceptions import UserError

from . import fapiao_gate as gate
from .fapiao_outbound import OPEN_STATES


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    # ------------------------------------------------------------------ actions

    def action_ask(self):
        """Ask now how these forms stand, or send what is queued; nothing is applied for twice."""
        self._check_issuer()
        for form in self.sudo():  # sudo: what follows is all an issuer may change of a form
            if form.state in ("queued", "waiting_login"):
                form._enqueue()
            elif form.state in ("unknown", "pending") or form.stage in ("waiting", "confirmed"):
                form.next_try_at = form._now()
                form._wake_reconciler()
        if requests := self.request_ids.filtered(lambda request: request.state in OPEN_STATES):
            requests.action_retry()
        self._attempt_after_commit()
        return self.action_follow()

    def action_issue_red(self):
        """Issue the red fapiao of a form whose last order for it was refused: a new order, a new id."""
        self.ensure_one()
        self._check_issuer()
        self._lock()
        if self._open_withdrawal():
            raise UserError(self.env._("Red form %s is being withdrawn.", self.display_name))
        if not self.can_issue:
            raise UserError(self.env._("No red fapiao can be issued from this form now."))
        self.sudo()._issue_red()  # sudo: as in action_ask
        self._attempt_after_commit()
        return self.action_follow()

    def action_apply_anew(self):
        """Open the dialog for another form, where this one has ended without a red fapiao."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.env["fapiao.red.flush"]._open(self.fapiao_id, self.credit_id, reason=self.reason)

    def action_withdraw(self):
        """Give up an application the cloud has not seen, or have the cloud withdraw the form."""
        self._check_issuer()
        self._lock()
        at_bureau = self.filtered(lambda form: form._can_be_withdrawn())
        for form in (self - at_bureau).sudo():  # sudo: as in action_ask
            if not form._can_be_given_up():
                raise UserError(
                    self.env._(
                        "Red form %s may have reached the tax bureau already. It can be withdrawn there;"
                        " what becomes of it shows here.",
                        form.display_name,
                    )
                )
            form._become("withdrawn")
        return at_bureau._withdraw_at_bureau() if at_bureau else True

    def action_login(self):
        """Open what the form waits for: log-in, face code or, to correct it, the account."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_decide_not_applied(self):
        """A manager's word, after looking at the bureau: there is no form. The application is given up."""
        gate.check(self, gate.MANAGER)
        self._decide_on_manual(
            lambda form: form._reject_by_hand(
                self.env._("%s decided that no form exists.", self.env.user.name)
            )
        )
        return True

    def action_decide_ask_again(self):
        """Look once more what became of the application."""
        gate.check(self, gate.MANAGER)
        self._decide_on_manual(lambda form: form._doubt_anew())
        self._attempt_after_commit()
        return self.action_follow()

    def action_open_business_doc(self):
        """Open the form itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._get_records_action()

    # ------------------------------------------------------------------ private steps

    def _decide_on_manual(self, decide):
        self._lock()
        for form in self.sudo().filtered(lambda form: form.state == "manual"):  # sudo: as in action_ask
            decide(form)

    def _reject_by_hand(self, message):
        self._become("rejected")
        self.write(
            {"error_message": message, "error_fix": self.env._("Reverse the fapiao again if it has to be.")}
        )
