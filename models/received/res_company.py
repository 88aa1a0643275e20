"""Setting of a company: for which received fapiao lines and files are fetched."""

from odoo import fields, models

DETAILS = [
    ("booked", "Those on a Bill or Expense"),
    ("all", "All that Are Received"),
]


class ResCompany(models.Model):
    _inherit = "res.company"
    _fapiao_inputs = frozenset({"fapiao_in_details"})

    fapiao_in_details = fields.Selection(
        DETAILS,
        "Lines and Files Of",
        default="booked",
        required=True,
        help="A pull brings received fapiao without their lines. Lines, and PDF, OFD, XML and pictures, are fetched in"
        " the background for those on a bill or expense, or for all.",
    )
