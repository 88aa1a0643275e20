"""Model ``account.journal``: the word of its vouchers (凭证字)."""

from odoo import fields, models


class AccountJournal(models.Model):
    _name = "account.journal"
    _inherit = ["fapiao.guard.mixin", "account.journal"]
    _fapiao_inputs = frozenset({"fapiao_voucher_word"})

    fapiao_voucher_word = fields.Selection(
        [
            ("general", "General (记)"),
            ("money", "Receipt or Payment, by Direction (收/付)"),
            ("receipt", "Receipt (收)"),
            ("payment", "Payment (付)"),
            ("transfer", "Transfer (转)"),
        ],
        "Voucher Word",
        help="凭证字 of this journal's vouchers, as the expense assistant is told. Empty: receipt or payment for bank,"
        " cash and cards, transfer for all others.",
    )
