"""Model ``fapiao.element``: of an invoice."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class FapiaoElement(models.Model):
    _inherit = "fapiao.element"
    _fapiao_inputs = frozenset({"move_id"})

    move_id = fields.Many2one("account.move", "Invoice", ondelete="cascade", index="btree_not_null")

    _unique_move = models.UniqueIndex("(move_id, element) WHERE move_id IS NOT NULL")

    @api.model
    def _owner_fields(self):
        return [*super()._owner_fields(), "move_id"]

    @api.depends("move_id.company_id")
    def _compute_company_id(self):
        return super()._compute_company_id()

    def _check_not_issued(self):
        # sudo: the protection is the same for every user
        owners = [record.sudo()._owner() for record in self]
        for owner in owners:
            if "fapiao_state" in owner and owner.fapiao_state in ("pending", "issued"):
                raise UserError(
                    self.env._(
                        "The fapiao of %s is issued or on its way: what it says of its special element can't be changed"
                        " any more. Withdraw or reverse it first.",
                        owner.display_name,
                    )
                )
        return super()._check_not_issued()
