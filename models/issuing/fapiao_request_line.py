"""Model ``fapiao.request.line``: the slice of an invoice or order line that a request covers."""

from odoo import api, fields, models

from ...rules import pieces
from ...rules.amounts import ZERO, round2, spread
from ...rules.document import DISCOUNT, Item
from ..values import exact
from .builder import QUANTITY_DIGITS

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
    move_line_id = fields.Many2one("account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null")
    part = fields.Integer(default=0, help="Which slice of the invoice line, where a request covers only a slice.")
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
        help="This line deducts what a reversed fapiao stood for where its lines are not known.",
    )
    state = fields.Selection(related="request_id.state", store=True)
    live = fields.Boolean(
        compute="_compute_live",
        store=True,
        help="The request may still lead, or has led, to a fapiao that stands.",
    )

    # The database refuses a second request for the same slice, also under concurrency.
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
        """Return the fapiao of this line; it covers nothing once all of them are reversed."""
        self.ensure_one()
        # a partial reversal belongs to the fapiao it was deducted from
        return self.request_id.red_form_id.fapiao_id or self.fapiao_id or self.request_id.fapiao_ids

    # ------------------------------------------------------------------ attribution to several fapiao

    def _key(self):
        """Return the key of the covered line in the draft."""
        self.ensure_one()
        return self.order_line_id._fapiao_key() if self.order_line_id else str(self.move_line_id.id)

    def _items(self, parts):
        """Return these lines as items with the texts printed in ``parts``. A negative one has no own line: it
        was deducted from others of its rate.
        """
        made = {}
        for line in (line for part in parts for line in part if line.kind != DISCOUNT):
            for key in line.keys[:1]:
                made.setdefault(key, line)
        items = []
        for row in self:
            amount, tax = exact(row.amount_untaxed), exact(row.amount_tax)
            rate = pieces.nearest_rate(amount, tax, {line.rate for line in made.values()})
            like = made.get(str(row.id)) or next(line for line in made.values() if line.rate == rate)
            items.append(
                Item(
                    key=str(row.id),
                    name=like.name if str(row.id) in made else row.name or "",
                    code=like.code,
                    amount=amount,
                    tax=tax,
                    rate=like.rate,
                    quantity=exact(row.quantity, QUANTITY_DIGITS),
                    spec=like.spec,
                    unit=like.unit,
                    zero_kind=like.zero_kind,
                    policy=like.policy,
                )
            )
        return items

    def _stand_on(self, cells):
        """Divide this line into one for each of ``cells``, pairs of fapiao and share."""
        self.ensure_one()
        slices = [
            {
                "fapiao_id": fapiao.id,
                "quantity": float(share.quantity),
                "amount_untaxed": float(share.amount),
                "amount_tax": float(share.tax),
            }
            for fapiao, share in cells
        ]
        if not slices:
            return
        self.write(slices[0])
        for values in slices[1:]:
            part = self.move_line_id._fapiao_free_part() if self.move_line_id else self.part
            self.copy({**values, "part": part})

    # ------------------------------------------------------------------ unattributed amounts

    def _values_taken_off(self, fapiao):
        """Return create values of lines that deduct the amount of ``fapiao`` from the invoices of these
        lines, in proportion if there are several.
        """
        invoices = self.move_id.filtered(lambda move: move.move_type == "out_invoice")
        own = [self.filtered(lambda row, move=move: row.move_id == move) for move in invoices]
        weights = [max(sum((exact(row.amount_total) for row in rows), ZERO), ZERO) for rows in own]
        figures = (exact(fapiao.amount_untaxed), exact(fapiao.amount_tax))
        shares = [spread(min(figure, sum(weights, ZERO)), weights) for figure in figures]
        return [
            {
                "request_id": rows[:1].request_id.id,
                "move_id": move.id,
                "lost_fapiao_id": fapiao.id,
                "name": fapiao.number,
                "amount_untaxed": float(-amount),
                "amount_tax": float(-tax),
            }
            for move, rows, amount, tax in zip(invoices, own, *shares, strict=True)
        ]

    def _weight(self):
        """Return the weight of this slice among those of its line: the amount; of a gift, which has none, the units."""
        return abs(exact(self.amount_untaxed) or exact(self.quantity, QUANTITY_DIGITS))

    # ------------------------------------------------------------------ lines of orders, assigned by posting

    def _cut_off(self, share):
        """Keep ``share`` (``Decimal``, 0 to 1) of this line and return a new line with the rest."""
        self.ensure_one()
        kept = {
            "quantity": float(round(exact(self.quantity, QUANTITY_DIGITS) * share, QUANTITY_DIGITS)),
            "amount_untaxed": float(round2(exact(self.amount_untaxed) * share)),
            "amount_tax": float(round2(exact(self.amount_tax) * share)),
        }
        rest = {
            name: float(exact(self[name], QUANTITY_DIGITS) - exact(value, QUANTITY_DIGITS))
            for name, value in kept.items()
        }
        self.write(kept)
        return self.copy(rest)

    def _shift(self, amount, tax):
        """Move ``amount`` and ``tax`` onto this line from another one of the same request and order line
        without an invoice; from one without units if there is none.
        """
        self.ensure_one()
        siblings = self.request_id.line_ids.filtered(
            lambda row: row.order_line_id == self.order_line_id and not row.move_line_id
        )
        nothing = {"quantity": 0.0, "amount_untaxed": 0.0, "amount_tax": 0.0}
        other = siblings[:1] or self.copy({**nothing, "move_id": False, "move_line_id": False, "part": 0})
        for row, sign in ((self, 1), (other, -1)):
            row.write(
                {
                    "amount_untaxed": float(exact(row.amount_untaxed) + sign * amount),
                    "amount_tax": float(exact(row.amount_tax) + sign * tax),
                }
            )
