"""Model ``fapiao.red.withdrawal``: withdraws a red form that is at the bureau, if the cloud can.

A cloud task of its own. If its answer is lost, the form is queried: its state shows the result.
"""

from dataclasses import replace

from odoo import api, fields, models

from ...clouds import base, errors
from ...rules import red_forms
from ...rules.red_document import RedForm
from ..cloud.fapiao_task_mixin import MAX_RESENDS, STATES


class FapiaoRedWithdrawal(models.Model):
    _name = "fapiao.red.withdrawal"
    _description = "Withdrawal of a Red Form"
    _inherit = ["fapiao.task.mixin"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True

    state = fields.Selection(STATES)
    form_id = fields.Many2one(
        "fapiao.red.form", "Red Form", required=True, readonly=True, index=True, ondelete="restrict"
    )

    _one_open = models.UniqueIndex(
        "(form_id) WHERE state NOT IN ('done', 'rejected', 'withdrawn')", "This red form is being withdrawn already."
    )
    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown')")

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        order = self.form_id._order_at_bureau()
        return base.RED_STATE, words.freeze(base.RED_STATE, order, self.form_id.request_uid)

    @api.model
    def _questions(self):
        return (base.RED_STATE,)

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, call, meaning):
        if call.operation != base.RED_STATE:
            return super()._apply_meaning(call, meaning)
        if self.state == "unknown":
            self._apply_state(meaning)
        return None

    def _apply_state(self, meaning):
        """Act on the form's state after the answer to the withdrawal was lost."""
        match meaning:
            case RedForm() if red_forms.is_open(meaning.state):
                self.form_id._accept(meaning)
                self._apply_not_found(base.NotFound())
            case RedForm():
                self.form_id._accept(meaning)
                self._set_state("done")
            case errors.CloudError():
                if isinstance(meaning, errors.LoginRequired):
                    self.account_id._record_need(meaning.need, meaning)
                self._schedule_retry(meaning)
            case _:
                self._schedule_retry()

    def _apply_not_found(self, answer):
        """The form exists: after the grace period the withdrawal has not arrived and is sent again."""
        if self.form_id.red_fapiao_id or (self._grace_is_over() and self.resends >= MAX_RESENDS):
            self._need_decision(self.env._("The form was not withdrawn: it stands as before at the tax bureau."), False)
            return None
        return super()._apply_not_found(answer)

    def _accept(self, result):
        form = self.form_id
        if not result.number:
            # the answer doesn't repeat the form, so its withdrawal is set here
            is_after = form.bureau_state == red_forms.CONFIRMED
            state = red_forms.WITHDRAWN_AFTER if is_after else red_forms.WITHDRAWN
            result = replace(result, number=form.number, state=state)
        if form.is_open:
            form._accept(result)
        self._set_state("done")

    def _need_decision(self, message, fix):
        """End the withdrawal instead: the form continues automatically, and can be withdrawn again."""
        self._set_state("rejected")
        self.write({"error_message": message, "error_fix": fix})
        self._notify_refused()

    def _on_final_state(self):
        if self.state == "rejected" and self.error_message:
            self._notify_refused()

    def _notify_refused(self):
        """Notify the requester that the form still exists, and query it now."""
        form = self.form_id
        if not form.is_open:
            return
        if form._is_watched_at_bureau():
            form._ask_now()
        summary = self.env._("Red form %s was not withdrawn", form.number)
        form._notify(summary, self.error_message, self.error_fix, self.cloud_text, user=self.user_id)
