"""What the invoice form offers at the moment: nothing here is stored, all of it follows from the requests."""

from odoo import api, fields, models

from .fapiao_outbound import STATES


class AccountMove(models.Model):
    _inherit = "account.move"

    # compute_sudo: salespeople see invoices, but not how their fapiao are requested
    fapiao_request_state = fields.Selection(
        STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
    )
    fapiao_waits_for_login = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_withdraw = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)

    @api.depends(
        "fapiao_state",
        "fapiao_request_ids.state",
        "fapiao_request_ids.in_doubt",
        "fapiao_red_form_ids.state",
        "fapiao_red_form_ids.in_doubt",
    )
    @api.depends_context("uid")
    def _compute_fapiao_offers(self):
        is_employee = self.env.user._is_internal()  # customers read their invoices too
        for move in self:
            open_ones = move._fapiao_open_outbound()
            move.fapiao_request_state = is_employee and move._fapiao_last_request().state
            move.fapiao_waits_for_login = any(record.state == "waiting_login" for record in open_ones)
            move.fapiao_can_withdraw = bool(open_ones) and all(
                record._can_be_given_up() for record in open_ones
            )

    # ------------------------------------------------------------------ what the mixin asks

    def _fapiao_red_forms(self):
        return self.fapiao_red_form_ids

    def _fapiao_line_of(self, problem):
        return self.line_ids.filtered(lambda line: str(line.id) == problem.line)

    def _fapiao_buyer(self):
        return self.commercial_partner_id
