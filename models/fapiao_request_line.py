"""Which part of which document a request covers; what keeps a line from being ordered twice."""

from odoo import api, fields, models

DEAD_STATES = ("rejected", "withdrawn")


class FapiaoRequestLine(models.Model):
    _name = "fapiao.request.line"
    _description = "Fapiao Request Line"
    _order = "request_id, sequence, id"

    request_id = fields.Many2one("fapiao.request", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="request_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer()
    move_id = fields.Many2one("account.move", "Invoice", index="btree_not_null", ondelete="set null")
    move_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null"
    )
    part = fields.Integer(
        default=0, help="Which slice of the invoice line, where a request covers only a slice."
    )
    name = fields.Char()
    quantity = fields.Float(
        digits=(16, 6), help="Finer than the document's own: a unit may be cut where one is too dear."
    )
    amount_untaxed = fields.Monetary()
    amount_tax = fields.Monetary()
    amount_total = fields.Monetary(compute="_compute_amount_total", store=True)
    fapiao_id = fields.Many2one(
        "fapiao",
        "Stands On",
        index="btree_not_null",
        ondelete="set null",
        help="Where the cloud has made several fapiao of the request: the one this line is printed on.",
    )
    lost_fapiao_id = fields.Many2one(
        "fapiao",
        "Taken Off By",
        index="btree_not_null",
        ondelete="set null",
        help="This line takes off what a reversed fapiao stood for, where it can't be told which lines.",
    )
    state = fields.Selection(related="request_id.state", store=True)
    live = fields.Boolean(
        compute="_compute_live",
        store=True,
        help="The request may still lead, or has led, to a fapiao that stands.",
    )

    # The database itself refuses a second order for the same slice, whatever two users do at once.
    _one_live_order = models.UniqueIndex(
        "(move_line_id, part) WHERE live", "A fapiao for this invoice line is already requested."
    )

    @api.depends("amount_untaxed", "amount_tax")
    def _compute_amount_total(self):
        for line in self:
            line.amount_total = line.amount_untaxed + line.amount_tax

    @api.depends(
        "request_id.state",
        "request_id.fapiao_ids.status",
        "request_id.red_form_id.fapiao_id.status",
        "fapiao_id.status",
    )
    def _compute_live(self):
        for line in self:
            reversed_ = [fact.status == "red" for fact in line._facts()]
            line.live = line.request_id.state not in DEAD_STATES and not (reversed_ and all(reversed_))

    def _facts(self):
        """Return the fapiao this line stands on; it covers nothing any more once they all are reversed."""
        self.ensure_one()
        # a partial reversal goes with the fapiao it was taken from
        return self.request_id.red_form_id.fapiao_id or self.fapiao_id or self.request_id.fapiao_ids
