"""Model ``fapiao.withdrawal``: withdraws requests that the cloud has accepted but not issued (开票申请单撤回).

One call takes up to fifty requests. Only the cloud knows whether it is in time. If the answer is lost the
call is repeated, and each request is queried by its own ID: one that is not found was withdrawn.
"""

import json

from odoo import api, fields, models

from ...clouds import base, errors
from ..cloud.fapiao_task_mixin import STATES

AT_ONCE = 50
SETTLED = ("issued", "rejected", "withdrawn")


class FapiaoWithdrawal(models.Model):
    _name = "fapiao.withdrawal"
    _description = "Withdrawal of Fapiao Requests"
    _inherit = ["fapiao.task.mixin"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True

    state = fields.Selection(STATES)
    request_ids = fields.One2many("fapiao.request", "withdrawal_id", "Requests", readonly=True)

    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown')")

    # ------------------------------------------------------------------ creation

    @api.model
    def _create_for(self, requests):
        """Create, freeze and queue the withdrawals of ``requests``, pending ones of any accounts."""
        withdrawals = self.browse()
        for (account, _organisation), own in requests.grouped(lambda one: (one.account_id, one.organisation)).items():
            for start in range(0, len(own), AT_ONCE):
                withdrawals |= self._create_one(account, own[start : start + AT_ONCE])
        withdrawals._enqueue()
        return withdrawals

    def _create_one(self, account, requests):
        withdrawal = self.create(
            {"account_id": account.id, "company_id": account.company_id.id, "operation": base.WITHDRAW}
        )
        withdrawal._identify()
        withdrawal._freeze(
            {"request_uids": requests.mapped("request_uid"), "organisation": requests[:1].organisation or ""}
        )
        requests.withdrawal_id = withdrawal
        return withdrawal

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        return self.operation, json.loads(self.payload)

    @api.model
    def _questions(self):
        return (base.WITHDRAW,)

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, call, meaning):
        match meaning:
            case base.Withdrawn() if self.state != "done":
                self._accept(meaning)
            case errors.Rejected() if self.state in ("sending", "unknown"):
                self._set_state("rejected", meaning)
                self._open_requests()._ask_after_withdrawal(meaning.text)
            case errors.OutcomeUnknown() if self.state in ("sending", "unknown"):
                self._doubt(meaning)
            case _ if self.state == "sending":
                return super()._apply_meaning(call, meaning)
            case errors.CloudError() if self.state == "unknown":
                self._schedule_retry(meaning)
        return None

    def _accept(self, result):
        refused = dict(result.refused)
        for request in self._open_requests():
            # a refusal that names no request may concern each of them
            text = refused.get(request.request_uid, refused.get(""))
            if text is None:
                request._set_state("withdrawn")
                request.ended_at_cloud = True
            else:
                request._ask_after_withdrawal(text)
        self._set_state("done")

    def _doubt(self, error):
        """Query the requests, since the outcome is unknown; the call is repeated until each is settled."""
        if not (still_open := self._open_requests()):
            self._set_state("done")
            return
        still_open._ask_after_withdrawal("")
        if self.state == "sending":
            self._set_unknown(error)
        else:
            self._schedule_retry(error)

    def _open_requests(self):
        return self.request_ids.filtered(lambda request: request.state not in SETTLED)
