"""Model ``fapiao.purchase``: overview of received fapiao with the next step for each."""

from odoo import fields, models
from odoo.tools import SQL

from ..cloud import gate
from ..values import STATUSES, TYPES
from .fapiao import DOCUMENTS
from .verdict import DEAD

WORK = [
    ("unmatched", "Unmatched"),
    ("proposed", "To confirm"),
    ("differing", "Differing"),
    ("abnormal", "Abnormal"),
    ("entered", "Bill in draft"),
    ("to_book", "To book"),
    ("done", "Done"),
    ("reversed", "Reversed"),
]


class FapiaoPurchase(models.Model):
    _name = "fapiao.purchase"
    _description = "Purchase Overview"
    _auto = False
    _order = "issue_date desc, id desc"
    _rec_name = "number"

    fapiao_id = fields.Many2one("fapiao", "Fapiao (发票)", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    number = fields.Char(readonly=True)
    issue_date = fields.Date(readonly=True)
    type_code = fields.Selection(TYPES, "Type", readonly=True)
    status = fields.Selection(STATUSES, readonly=True)
    seller_name = fields.Char(readonly=True)
    seller_tax_no = fields.Char("Seller Tax Number", readonly=True)
    work = fields.Selection(WORK, "What Is To Do", readonly=True)
    quantity = fields.Integer("Number of Fapiao", readonly=True)
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        """Entered: matched with an unposted bill or expense. To book: posted, and not yet marked as booked at
        the bureau.
        """
        return SQL(
            """
            SELECT f.id, f.id AS fapiao_id, 1 AS quantity, f.company_id, f.number, f.issue_date, f.type_code,
                   f.status,
                   f.seller_name, f.seller_tax_no, f.amount_untaxed, f.amount_tax, f.amount_total,
                   CASE WHEN f.status = ANY(%(dead)s) THEN 'abnormal'
                        WHEN f.match_state = 'differs' THEN 'differing'
                        WHEN f.status = 'red' THEN 'reversed'
                        WHEN f.match_state = 'proposed' THEN 'proposed'
                        WHEN COALESCE(f.match_state, 'none') IN ('none', 'partial') THEN 'unmatched'
                        WHEN f.booking = 'booked' THEN 'done'
                        WHEN EXISTS (%(documents)s AND b.state IS DISTINCT FROM 'posted') THEN 'entered'
                        ELSE 'to_book' END AS work
              FROM fapiao f WHERE f.direction = 'in'""",
            dead=list(DEAD),
            documents=DOCUMENTS,
        )

    def action_open_fapiao(self):
        """Open the fapiao itself."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self.fapiao_id._get_records_action()

    def action_match(self):
        """Show the candidates of this fapiao side by side."""
        gate.check(self, gate.INVOICER)
        self.ensure_one()
        return self.fapiao_id.action_match()
