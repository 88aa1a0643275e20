"""Dialog ``fapiao.request.move``: sends requests that no cloud has seen through another account."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate


class FapiaoRequestMove(models.TransientModel):
    _name = "fapiao.request.move"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Move Requests to Another Account"
    # The requests are set by the dialog, not by the user.
    _fapiao_inputs = frozenset({"target_id"})

    request_ids = fields.Many2many("fapiao.request", readonly=True)
    source_ids = fields.Many2many("fapiao.account", compute="_compute_source_ids")
    request_count = fields.Integer("Requests to Move", compute="_compute_source_ids")
    stay_count = fields.Integer(readonly=True)
    company_id = fields.Many2one("res.company", compute="_compute_source_ids")
    tax_no = fields.Char("Tax Number", compute="_compute_source_ids")
    mode = fields.Char(compute="_compute_source_ids")
    target_id = fields.Many2one("fapiao.account", "New Account")

    @api.depends("request_ids")
    def _compute_source_ids(self):
        for dialog in self:
            dialog.source_ids = dialog.request_ids.account_id
            dialog.request_count = len(dialog.request_ids)
            account = dialog.source_ids[:1]
            dialog.company_id, dialog.tax_no, dialog.mode = account.company_id, account.tax_no, account.mode

    @api.model
    def _open(self, requests):
        """Return the dialog for those of ``requests`` that no cloud has seen."""
        # sudo: what a dialog is about is set by this flow alone
        unsent = requests.sudo()._unsent_for_sure()
        if not unsent:
            raise UserError(
                self.env._(
                    "Each of these requests may have left already, or has ended. It stays with its account; only what"
                    " was never sent can be moved."
                )
            )
        if len(set(unsent.account_id.mapped("tax_no"))) > 1:
            raise UserError(self.env._("Move the requests of one taxpayer at a time."))
        dialog = self.sudo().create(
            {"request_ids": [Command.set(unsent.ids)], "stay_count": len(requests) - len(unsent)}
        )
        dialog = dialog.sudo(self.env.su)
        return dialog._get_records_action(name=self.env._("Move to Another Account"), target="new")

    def action_move(self):
        """Move the requests and send them; what may have left meanwhile stops all of it."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "request_ids")
        if not self.target_id:
            raise UserError(self.env._("Choose the account that takes over."))
        self.target_id._check_may_use()
        # sudo: issuers can't write requests otherwise
        requests = self.request_ids.sudo()
        requests._move_to(self.target_id.sudo())
        requests._attempt_after_commit()
        return requests.sudo(False).action_follow()
