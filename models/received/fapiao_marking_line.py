"""Model ``fapiao.marking.line``: one received fapiao of a marking task."""

from odoo import fields, models

# State of a fapiao after the mark
WANTED = {
    "book": ("booked",),
    "unbook": ("unbooked",),
    "select": ("selected", "confirmed"),
    "unselect": ("unselected",),
}


class FapiaoMarkingLine(models.Model):
    _name = "fapiao.marking.line"
    _description = "Mark on a Received Fapiao"
    _order = "marking_id, id"
    _rec_name = "fapiao_id"

    marking_id = fields.Many2one("fapiao.marking", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="marking_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    fapiao_id = fields.Many2one(
        "fapiao", "Fapiao (发票)", required=True, readonly=True, index=True, ondelete="restrict"
    )
    family = fields.Selection([("booking", "Booking"), ("deduction", "Deduction")], required=True, readonly=True)
    state = fields.Selection(
        [("open", "On its way"), ("done", "Done"), ("refused", "Turned Down"), ("dropped", "Not sent")],
        required=True,
        readonly=True,
        default="open",
    )
    text = fields.Text("Cloud's Words", readonly=True)
    seller_name = fields.Char(related="fapiao_id.seller_name")
    amount_tax = fields.Monetary(related="fapiao_id.amount_tax")
    amount_total = fields.Monetary(related="fapiao_id.amount_total")

    _one_open = models.UniqueIndex("(fapiao_id, family) WHERE state = 'open'", "This fapiao is being marked already.")

    # ------------------------------------------------------------------ results

    def _take_over(self, result):
        """Store a ``Marked`` result, and the mark on the fapiao itself."""
        for line in self.filtered(lambda line: line.state == "open"):
            keys = line.fapiao_id._marked_keys()
            said = next((result.results[key] for key in keys if key in result.results), None)
            stands = next((result.states[key] for key in keys if key in result.states), None)
            is_so_already = any(key in result.already for key in keys)
            marking = line.marking_id
            if said == "" or stands in WANTED[marking.kind] or (is_so_already and marking.in_doubt):
                line.write({"state": "done", "text": False})
                line.fapiao_id._record_mark(marking.kind, marking.period)
            elif said is not None:
                line._refuse(said)
                if is_so_already:
                    # set elsewhere: recorded, but not as our own mark
                    line.fapiao_id._record_mark(marking.kind, marking.period)

    def _refuse(self, text):
        self.filtered(lambda line: line.state == "open").write({"state": "refused", "text": text})
