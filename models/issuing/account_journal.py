"""Model ``account.journal``: the account through which its invoices are issued."""

from odoo import fields, models


class AccountJournal(models.Model):
    _name = "account.journal"
    _inherit = ["fapiao.guard.mixin", "account.journal"]
    _fapiao_inputs = frozenset({"fapiao_account_id"})

    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('company_id', 'parent_of', company_id)]",
        help="Invoices of this journal are issued through it, where the invoice names no other.",
    )
