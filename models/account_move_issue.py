"""The Issue button and what goes with it: enqueue in the user's transaction, send after it."""

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..rules.problems import errors
from .fapiao_outbound import OPEN_STATES
from .fapiao_red_form_watch import PROBLEM


class AccountMove(models.Model):
    _inherit = "account.move"

    # ------------------------------------------------------------------ actions

    def action_fapiao_issue(self):
        """Issue the fapiao of these invoices: at once where nothing is wrong; otherwise open the dialog
        that lists the problems, and send nothing."""
        self._fapiao_check_issuer()
        moves = self._fapiao_lock()
        moves._fapiao_raise_if_impossible()
        going = moves.filtered(lambda move: move.fapiao_state == "pending")
        built = self.env["fapiao.builder"]._build(moves - going)
        if any(item.problems for item in built):
            return self._fapiao_show_problems()
        requests = self._fapiao_enqueue(built)
        requests |= going.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES)
        return requests.action_follow()

    def action_fapiao_withdraw(self):
        """Withdraw what of these documents' requests and red forms has not been sent."""
        self._fapiao_check_issuer()
        requests = self.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES)
        forms = self.fapiao_red_form_ids.filtered(lambda form: form.state in OPEN_STATES)
        if not (requests or forms):
            raise UserError(self.env._("There is no request to withdraw."))
        return forms.action_withdraw() and requests.action_withdraw()

    def action_fapiao_refresh(self):
        """Bring requests, red forms and fapiao of these documents up to date with the cloud."""
        self._fapiao_check_issuer()
        if forms := self.fapiao_red_form_ids.filtered("is_open"):
            return forms.action_ask()
        if requests := self.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES):
            return requests.action_retry()
        if not self.fapiao_ids:
            raise UserError(self.env._("There is neither a request nor a fapiao to refresh."))
        self.fapiao_ids.action_refresh()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_fapiao_files(self):
        """Download the files of these invoices' fapiao in one zip."""
        if not self.fapiao_ids:
            raise UserError(self.env._("There is no fapiao yet, so there are no files."))
        return self.fapiao_ids.action_download()

    def action_fapiao_open(self):
        """Open the fapiao of this invoice."""
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_out")
        if len(self.fapiao_ids) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.fapiao_ids.id, "domain": []}
        return {**action, "domain": [("id", "in", self.fapiao_ids.ids)], "context": {}}

    # ------------------------------------------------------------------ posting

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.company_id.fapiao_auto_issue
                and move.company_id.fapiao_account_id
            )
        )._fapiao_enqueue_on_posting()
        return posted

    def _fapiao_enqueue_on_posting(self):
        """Enqueue only: a call inside posting would roll back with it (shared/odoo19.md, trap 5). What
        can't be issued is posted all the same, and its issuer is told why."""
        if not self:
            return
        built = self.env["fapiao.builder"]._build(self)
        self._fapiao_create([item for item in built if item.is_ready])
        for item in built:
            if not item.is_ready:
                item.moves._fapiao_tell_problems(item.problems)

    def _fapiao_tell_problems(self, problems):
        self.ensure_one()
        words = [self._fapiao_say(problem) for problem in errors(problems)]
        self.activity_schedule(
            PROBLEM,
            summary=self.env._("The fapiao could not be requested"),
            note="\n".join(words),
            user_id=(self.invoice_user_id or self.env.user).id,
        )

    def _fapiao_close_problems(self):
        """Close what was to be looked at: it has come right."""
        self.activity_unlink([PROBLEM])

    # ------------------------------------------------------------------ private steps

    def _fapiao_lock(self):
        """Lock the invoices and return them read afresh.

        Whoever was first has changed the row by its stored status, so the second user's transaction
        is repeated by the HTTP layer and then sees the first one's request.
        """
        self.check_access("write")
        self.env.cr.execute(
            SQL("SELECT id FROM account_move WHERE id IN %s ORDER BY id FOR UPDATE", tuple(self.ids))
        )
        self.invalidate_recordset(["fapiao_state", "fapiao_request_ids"], flush=False)
        return self

    def _fapiao_raise_if_impossible(self):
        for move in self:
            if move.fapiao_state in ("issued", "partial"):
                raise UserError(
                    self.env._(
                        "%(invoice)s already has the fapiao %(numbers)s.",
                        invoice=move.display_name,
                        numbers=move.fapiao_numbers,
                    )
                )

    def _fapiao_enqueue(self, built):
        requests = self._fapiao_create(built)
        requests._attempt_after_commit()
        return requests

    def _fapiao_create(self, built):
        # sudo: requests are made by this flow alone, nobody may create one by hand
        requests = self.env["fapiao.request"].sudo()._create_blue(built)
        requests._enqueue()
        return requests.sudo(False)

    def _fapiao_show_problems(self):
        return self.env["fapiao.issue"].create({"move_ids": self.ids})._show()

    def _fapiao_say(self, problem):
        """Return a rule's problem in the user's language, the cure behind it."""
        parts = [self.env._(text, **problem.values) for text in (problem.message, problem.fix) if text]
        return " ".join(parts)

    def _fapiao_check_issuer(self):
        if not self.env.user.has_group("l10n_cn_invoice_cloud.group_fapiao_issuer"):
            raise AccessError(self.env._("Only fapiao issuers may do this."))
