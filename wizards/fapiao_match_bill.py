"""Dialog ``fapiao.match.bill``: one bill for all selected fapiao of a seller, or one for each."""

from odoo import Command, fields, models

from ..models.cloud import gate


class FapiaoMatchBill(models.TransientModel):
    _name = "fapiao.match.bill"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Create Bills From Fapiao"
    _fapiao_inputs = frozenset({"together"})

    fapiao_ids = fields.Many2many("fapiao", string="Fapiao (发票)", readonly=True)
    together = fields.Selection(
        [("each", "One bill for each fapiao"), ("seller", "One bill for all fapiao of a seller")],
        "Bills",
        required=True,
        default="each",
    )

    def _open(self, fapiao):
        """Return the dialog for these fapiao."""
        gate.check(fapiao, gate.INVOICER)
        # sudo: only this flow sets the records of a dialog
        dialog = self.sudo().create({"fapiao_ids": [Command.set(fapiao.ids)]})
        return dialog._get_records_action(name=self.env._("Create Bills"), target="new", context={})

    def action_create(self):
        """Create the bills and open them."""
        self.ensure_one()
        gate.check(self, gate.INVOICER, "write")
        gate.check_documents(self, "fapiao_ids")
        bills = self.fapiao_ids._create_bills(together=self.together == "seller")
        return self.fapiao_ids._open_bills(bills)
