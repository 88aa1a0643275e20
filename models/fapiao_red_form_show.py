"""How a reversal gets on, in the words of the progress dialog: one row, with its steps."""

from odoo import api, models
from odoo.tools import format_amount

from . import fapiao_gate as gate
from .fapiao_outbound import OPEN_STATES


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    def action_follow(self):
        """Return the client action that shows how the reversals get on."""
        gate.check(self, gate.READER)
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"model": self._name, "request_ids": self.ids},
        }

    @api.model
    def follow(self, form_ids):
        """Return what the progress dialog shows: a plain dict for each form the user may read."""
        gate.check(self, gate.READER)
        return [form._progress() for form in self.search([("id", "in", form_ids)], order="id")]

    def _say(self):
        """Return where the reversal stands and what now, for the banner of the document; "" for nothing.

        What has ended is told as long as the activity about it is open: done is done.
        """
        if self.stage == "issued":
            return self.follow_up_text if self.follow_up == "failed" else ""
        if not self or not (self.is_open or self.activity_ids):
            return ""
        label = dict(self._fields["stage"]._description_selection(self.env))[self.stage]
        said = self.env._("Red form %(form)s: %(stage)s.", form=self.number or "", stage=label)
        return f"{said} {self.advice or ''}".strip()

    def _progress(self):
        requests = self.request_ids.sorted("id")[-1:] | self.rest_request_ids
        working = [record for record in [self, *requests] if record.state in OPEN_STATES]
        return {
            "id": self.id,
            "document": ", ".join(self.move_ids.mapped("name")) or self.fapiao_id.number,
            "buyer": self.fapiao_id.buyer_name or "",
            "amount": format_amount(self.env, self.amount_total, self.currency_id),
            "state": self._progress_state(),
            "label": dict(self._fields["stage"]._description_selection(self.env))[self.stage],
            "numbers": (self.red_fapiao_id | self.rest_request_ids.fapiao_ids).mapped("number"),
            "message": self._progress_message(requests),
            "fix": "",
            "cloud": "",
            "steps": self._steps(),
            "settled": all(record.state not in ("queued", "sending") for record in working)
            and self.follow_up != "todo",
            "working": bool(working) or self.stage == "waiting" or self.follow_up == "todo",
        }

    def _progress_state(self):
        """Return the state whose colour and buttons the dialog takes for the whole reversal."""
        states = [self.state, *self.request_ids.mapped("state"), *self.rest_request_ids.mapped("state")]
        if "waiting_login" in states:
            return "waiting_login"
        if self.follow_up == "failed":
            return "manual"
        if self.stage == "issued":
            rest = [state for state in self.rest_request_ids.mapped("state") if state != "issued"]
            return rest[0] if rest else "queued" if self.follow_up == "todo" else "issued"
        return {"waiting": "pending", "manual": "manual", "failed": "rejected", "ready": "rejected"}.get(
            self.stage, "queued" if self.is_open else "rejected"
        )

    def _progress_message(self, requests):
        said = [self.follow_up_text, *(request.error_message for request in requests)]
        return next(filter(None, said), "") or self.advice or ""

    def _steps(self):
        """Return ``[{"label", "state"}]``: what a reversal consists of; done, now, failed or later."""
        steps = [(self.env._("Red form %s", self.number or ""), self._form_step())]
        if self.stage in ("waiting", "refused", "lapsed") or self.bureau_state == "04":
            steps.append((self.env._("Confirmation by the other side"), self._confirmation_step()))
        steps.append((self.env._("Red fapiao %s", self.red_fapiao_id.number or ""), self._issue_step()))
        if self.make_credit_note:
            done = "done" if self.credit_id else "failed" if self.follow_up == "failed" else "later"
            steps.append((self.env._("Credit note %s", self.credit_id.name or ""), done))
        if self.reissue:
            numbers = ", ".join(self.rest_request_ids.fapiao_ids.mapped("number"))
            steps.append((self.env._("New fapiao for the rest %s", numbers), self._rest_step()))
        return [{"label": label.strip(), "state": state} for label, state in steps]

    def _form_step(self):
        if self.number:
            return "done"
        return "failed" if self.stage in ("failed", "withdrawn", "manual") else "now"

    def _confirmation_step(self):
        if self.stage == "waiting":
            return "now"
        return "failed" if self.stage in ("refused", "lapsed") else "done"

    def _issue_step(self):
        if self.red_fapiao_id:
            return "done"
        if self.stage in ("issuing", "confirmed"):
            return "now"
        return "failed" if self.stage in ("ready", "manual") and self.request_ids else "later"

    def _rest_step(self):
        if self.follow_up == "failed":
            return "failed"
        states = set(self.rest_request_ids.mapped("state"))
        if self.follow_up == "done" and not states:
            return "done"  # issued together with that of another
        if states and states <= {"issued"}:
            return "done"
        if states & {"rejected", "manual", "withdrawn"}:
            return "failed"
        return "now" if states or self.follow_up == "todo" else "later"
