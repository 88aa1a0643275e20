"""What the invoice form offers at the moment: nothing here is stored, all of it follows from the requests."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .fapiao_outbound import OPEN_STATES, STATES


class AccountMove(models.Model):
    _inherit = "account.move"

    # compute_sudo: salespeople see invoices, but not how their fapiao are requested
    fapiao_request_state = fields.Selection(
        STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
    )
    fapiao_waits_for_login = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_withdraw = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)

    @api.depends(
        "fapiao_request_ids.state",
        "fapiao_request_ids.in_doubt",
        "fapiao_red_form_ids.state",
        "fapiao_red_form_ids.in_doubt",
    )
    def _compute_fapiao_offers(self):
        for move in self:
            open_ones = move._fapiao_open_outbound()
            move.fapiao_request_state = move.fapiao_request_ids.sorted("id")[-1:].state
            move.fapiao_waits_for_login = any(record.state == "waiting_login" for record in open_ones)
            move.fapiao_can_withdraw = bool(open_ones) and all(
                record._can_be_given_up() for record in open_ones
            )

    def _fapiao_open_outbound(self):
        """Return the requests and red forms whose call at the cloud has not come to its end, as a list."""
        return [
            record
            for records in (self.fapiao_red_form_ids, self.fapiao_request_ids)
            for record in records
            if record.state in OPEN_STATES
        ]

    def action_fapiao_login(self):
        """Open what these documents wait for: log-in, face code or account."""
        self._fapiao_check_issuer()
        waiting = [record for record in self._fapiao_open_outbound() if record.state == "waiting_login"]
        if not waiting:
            raise UserError(self.env._("Nothing here is waiting for a log-in."))
        return waiting[0].action_login()

    def action_fapiao_requests(self):
        """Open the last fapiao request of this invoice, with all that was said about it."""
        self.ensure_one()
        return self.fapiao_request_ids.sorted("id")[-1:]._get_records_action()
