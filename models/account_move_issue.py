"""The Issue button and what goes with it: enqueue in the user's transaction, send after it."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..rules.problems import errors
from . import fapiao_gate as gate
from . import fapiao_twins
from .fapiao_notes import as_html
from .fapiao_outbound import OPEN_STATES
from .fapiao_red_form_watch import PROBLEM


class AccountMove(models.Model):
    _inherit = "account.move"

    # ------------------------------------------------------------------ actions

    def action_fapiao_issue(self):
        """Issue the fapiao of these invoices: at once where nothing is wrong and each gets one; otherwise
        open the dialog that lists the problems and shows what an invoice is split into, and send nothing."""
        gate.check(self, gate.ISSUER, "write")
        moves = self._fapiao_lock()
        moves._fapiao_raise_if_impossible()
        going = moves.filtered(lambda move: move.fapiao_state == "pending")
        built = self.env["fapiao.builder"]._build(moves - going)
        if any(item.problems for item in built) or len(built) > len(moves - going):
            return self._fapiao_show_dialog()
        requests = self._fapiao_enqueue(built)
        requests |= going.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES)
        return requests.action_follow()

    def action_fapiao_merge(self):
        """Open the dialog that shows what these invoices become on one fapiao; nothing is sent yet."""
        gate.check(self, gate.ISSUER, "write")
        if len(self) < 2:
            raise UserError(self.env._("Select the invoices that shall share a fapiao: at least two."))
        self._fapiao_raise_if_impossible()
        if going := self.filtered(lambda move: move.fapiao_state == "pending"):
            raise UserError(
                self.env._(
                    "A fapiao for %s is on its way. Wait for its result, or leave the invoice out.",
                    ", ".join(going.mapped("display_name")),
                )
            )
        return self._fapiao_show_dialog(is_merged=True)

    # ------------------------------------------------------------------ posting

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._fapiao_before_issuing()
        posted.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.company_id.fapiao_auto_issue
                and move.company_id.fapiao_account_id
                # by a fapiao of its order
                and not move._fapiao_is_covered()
            )
        )._fapiao_enqueue_on_posting()
        return posted

    def _fapiao_enqueue_on_posting(self):
        """Enqueue only: a call inside posting would roll back with it (shared/odoo19.md, trap 5). What
        can't be issued is posted all the same, and its issuer is told why."""
        if not self:
            return
        built = self.env["fapiao.builder"]._build(self)
        self._fapiao_create([item for item in fapiao_twins.without(built) if item.is_ready])
        for item in built:
            if not item.is_ready:
                item.moves._fapiao_tell_problems(errors(item.problems))
            elif twin := fapiao_twins.warning(item):
                item.moves._fapiao_tell_twin(twin)

    def _fapiao_tell_problems(self, problems):
        self._fapiao_tell(self.env._("The fapiao could not be requested"), problems)

    def _fapiao_tell_twin(self, twin):
        """Say why an invoice that looks like another waits; once, however often it is sent."""
        summary = self.env._("The fapiao waits for a decision")
        if summary not in self.activity_ids.mapped("summary"):
            self._fapiao_tell(summary, [twin])

    def _fapiao_tell(self, summary, problems):
        self.ensure_one()
        self.activity_schedule(
            PROBLEM,
            summary=summary,
            note=as_html(*dict.fromkeys(map(self._fapiao_say, problems))),
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
        # in the order in which a request from an order locks both, or the two would wait for each other
        self._fapiao_orders()._fapiao_touch()
        self.env.cr.execute(
            SQL("SELECT id FROM account_move WHERE id IN %s ORDER BY id FOR UPDATE", tuple(self.ids))
        )
        self.invalidate_recordset(["fapiao_state", "fapiao_request_ids"], flush=False)
        return self

    def _fapiao_raise_if_impossible(self):
        for move in self:
            if move.fapiao_state == "issued":
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

    def _fapiao_show_dialog(self, **values):
        return self.env["fapiao.issue"].create({"move_ids": self.ids, **values})._show()
