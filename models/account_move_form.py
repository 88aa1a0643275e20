"""What the invoice form offers at the moment: nothing here is stored, all of it follows from the requests."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .fapiao_outbound import OPEN_STATES, STATES, UNSENT_STATES


class AccountMove(models.Model):
    _inherit = "account.move"

    # compute_sudo: salespeople see invoices, but not how their fapiao are requested
    fapiao_request_state = fields.Selection(
        STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
    )
    fapiao_waits_for_login = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_withdraw = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)

    @api.depends("fapiao_request_ids.state", "fapiao_request_ids.in_doubt")
    def _compute_fapiao_offers(self):
        for move in self:
            requests = move.fapiao_request_ids
            open_requests = requests.filtered(lambda request: request.state in OPEN_STATES)
            move.fapiao_request_state = requests.sorted("id")[-1:].state
            move.fapiao_waits_for_login = "waiting_login" in requests.mapped("state")
            move.fapiao_can_withdraw = bool(open_requests) and all(
                request.state in UNSENT_STATES and not request.in_doubt for request in open_requests
            )

    def action_fapiao_login(self):
        """Open what the waiting requests of these invoices wait for: log-in, face code or account."""
        self._fapiao_check_issuer()
        waiting = self.fapiao_request_ids.filtered(lambda request: request.state == "waiting_login")
        if not waiting:
            raise UserError(self.env._("No fapiao request is waiting for a log-in."))
        return waiting[:1].action_login()

    def action_fapiao_requests(self):
        """Open the last fapiao request of this invoice, with all that was said about it."""
        self.ensure_one()
        return self.fapiao_request_ids.sorted("id")[-1:]._get_records_action()
