"""Model ``fapiao.match``: matches made by a pick, and assistant updates of changed matches."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...clouds import picking
from ..cloud import gate


class FapiaoMatch(models.Model):
    _inherit = "fapiao.match"

    ticket_name = fields.Char("What For", compute="_compute_ticket_name", compute_sudo=True)
    cost_code = fields.Char("Code of the Kind of Cost", readonly=True, help="costType at the expense assistant")
    cost_name = fields.Char("Kind of Cost", readonly=True, help="Into which it was sorted at the expense assistant.")
    payee_account = fields.Char(
        "Payee's Bank Account", readonly=True, help="Of the seller, as named at the expense assistant."
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        "Bill Line",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="For which it was picked, or that was made from it. Other fapiao are those of the bill as a whole.",
    )

    @api.depends("fapiao_id")
    def _compute_ticket_name(self):
        for match in self:
            match.ticket_name = match.fapiao_id._ticket_name()

    def action_pick_show(self):
        """Show this fapiao at the assistant."""
        gate.check(self, gate.INTERNAL)
        return self._pick_page(picking.SHOW_PAGE)

    def action_pick_edit(self):
        """Edit this fapiao at the assistant; changes are taken over automatically."""
        gate.check(self, gate.INTERNAL)
        self._document()._fapiao_pick_check()
        return self._pick_page(picking.EDIT_PAGE)

    def action_pick_remove(self):
        """Remove a picked fapiao from a document that is still open."""
        gate.check(self, gate.INTERNAL)
        for match in self:
            document = match._document()
            document._fapiao_pick_check()
            # sudo: users who may change an expense may remove what was picked for it
            match.sudo().action_undo()
            document.sudo()._fapiao_pick_refill()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _pick_page(self, page):
        self.ensure_one()
        document = self._document()
        document._fapiao_pick_check_look()
        fapiao = self.sudo().fapiao_id  # sudo: users who may read the match may see its fapiao
        if not fapiao.serial_no:
            raise UserError(self.env._("The assistant doesn't know fapiao %s: it wasn't picked there.", fapiao.number))
        return self.env["fapiao.pick"]._open_dialog(document, page, fapiao)

    # ------------------------------------------------------------------ assistant updates

    @api.model_create_multi
    def create(self, vals_list):
        matches = super().create(vals_list)
        matches._fapiao_update_soon()
        return matches

    def write(self, vals):
        res = super().write(vals)
        if {"state", "active", "rule", "amount", "move_line_id"} & set(vals):
            self._fapiao_update_soon()
        return res

    def unlink(self):
        self._fapiao_update_soon()
        return super().unlink()

    def _fapiao_update_soon(self):
        picked = self.filtered(lambda match: match.rule == "picked")
        picked.move_id._fapiao_update_soon()
        picked.expense_id._fapiao_update_soon()
