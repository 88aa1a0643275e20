"""Dialog ``fapiao.take.in``: looks up a fapiao issued elsewhere by its number, and links it with its invoice."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate
from ..rules.codes import is_number


class FapiaoTakeIn(models.TransientModel):
    _name = "fapiao.take.in"
    _description = "Take In a Fapiao Issued Elsewhere"

    account_id = fields.Many2one("fapiao.account", required=True, default=lambda self: self._default_account())
    company_id = fields.Many2one(related="account_id.company_id")
    number = fields.Char(required=True, help="The 20 digits of the fapiao (发票号码).")
    move_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        help="What it was issued for. They count as issued then, and no other fapiao is issued for them.",
    )

    def _default_account(self):
        return self.env.company._fapiao_own_account()

    @api.model
    def _open(self, fapiao):
        """Return the dialog for a fapiao that is taken in already: it is asked about again before it is linked."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link to Invoice"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {"default_account_id": fapiao.account_id.id, "default_number": fapiao.number},
        }

    def action_take_in(self):
        """Query the fapiao, record it, link it with the chosen invoices, and open it."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "move_ids", "write")
        account, number, moves = self.account_id, (self.number or "").strip(), self.move_ids
        account._check_may_use()
        if not is_number(number):
            raise UserError(self.env._("A fapiao number has 20 digits; %s has not.", number or "–"))
        fapiao_id = self.env["fapiao"]._take_in_from_cloud(account, number)
        if moves:
            self.env["fapiao"].browse(fapiao_id)._link_in_new_transaction(moves)
        # by hand: this transaction may not see the record yet
        return {
            "type": "ir.actions.act_window",
            "name": number,
            "res_model": "fapiao",
            "res_id": fapiao_id,
            "views": [(False, "form")],
            "target": "current",
        }
