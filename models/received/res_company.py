"""Settings of a company: for which received fapiao lines and files are fetched, where input tax is turned out."""

from odoo import fields, models

DETAILS = [
    ("booked", "Those on a Bill or Expense"),
    ("all", "All that Are Received"),
]


class ResCompany(models.Model):
    _inherit = "res.company"
    _fapiao_inputs = frozenset({"fapiao_in_details", "fapiao_turn_out_account_id"})

    fapiao_in_details = fields.Selection(
        DETAILS,
        "Lines and Files Of",
        default="booked",
        required=True,
        help="A pull brings received fapiao without their lines. Lines, and PDF, OFD, XML and pictures, are fetched in"
        " the background for those on a bill or expense, or for all.",
    )
    fapiao_turn_out_account_id = fields.Many2one(
        "account.account",
        "Turned Out Input Tax",
        help="应交税费—应交增值税（进项税额转出）: credited when a fapiao whose tax was deducted is reversed. Without"
        " one it is looked up by its name.",
    )
