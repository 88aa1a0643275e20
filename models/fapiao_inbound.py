"""What only a received fapiao has, and what keeps a pool of a million of them quick."""

from odoo import api, fields, models

from ..clouds.inbound import is_number

BOOKINGS = [("booked", "Booked"), ("unbooked", "Not booked")]
DEDUCTIONS = [("unselected", "Not selected"), ("selected", "Selected"), ("confirmed", "Confirmed")]


class Fapiao(models.Model):
    _inherit = "fapiao"

    number = fields.Char(index="trigram")
    has_number = fields.Boolean(compute="_compute_has_number")
    seller_name = fields.Char(index="trigram")
    code = fields.Char("Fapiao Code", readonly=True, help="发票代码, of those that aren't digital.")
    serial_no = fields.Char("Cloud's ID", readonly=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Vendor",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The contact with the seller's tax number.",
    )
    booking = fields.Selection(
        BOOKINGS, "Booking State", readonly=True, help="Whether it is marked as booked (入账)."
    )
    deduction = fields.Selection(
        DEDUCTIONS, readonly=True, help="Whether it is selected for deduction (勾选)."
    )
    deduction_period = fields.Char(readonly=True, help="yyyymm")
    deductible = fields.Monetary("Deductible Tax", readonly=True)
    original_number = fields.Char("Number of the Original", readonly=True, help="Of a red fapiao.")
    status_at = fields.Datetime(
        "Status Changed", readonly=True, help="When another status than the first was noted."
    )
    pull_id = fields.Many2one(
        "fapiao.pull", "First Pulled By", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _listing_of_all = models.Index("(direction, issue_date DESC, id DESC)")
    _orphan_red = models.Index(
        "(company_id, original_number) WHERE original_id IS NULL AND original_number IS NOT NULL"
    )
    _without_partner = models.Index(
        "(company_id, seller_tax_no) WHERE direction = 'in' AND partner_id IS NULL"
    )

    # ------------------------------------------------------------------ computes

    @api.depends("number")
    def _compute_has_number(self):
        """A ticket that has none carries "#" and the cloud's ID in its place: not for a person's eyes."""
        for fapiao in self:
            fapiao.has_number = is_number(fapiao.number)
