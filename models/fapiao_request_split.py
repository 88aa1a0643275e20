"""Which lines of an order stand on which fapiao, where the cloud has made several of it.

So what one of them stood for is open again once it is reversed alone: just its lines. Where these can't be
told (``rules/pieces.py``), see ``fapiao_request_lost``.
"""

from dataclasses import replace

from odoo import models

from ..rules import pieces, shares
from ..rules.amounts import ZERO
from ..rules.document import DISCOUNT, Item
from .fapiao_builder_split import QUANTITY_DIGITS
from .fapiao_decimal import exact
from .fapiao_types import LIVING


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    def _bundle(self):
        """Return these requests and all that share fapiao with them, however far."""
        bundle = self
        while more := bundle.fapiao_ids.request_ids.filtered(lambda request: request.kind == "blue") - bundle:
            bundle |= more
        return bundle

    def _facts_of_bundle(self):
        """Return the fapiao that the requests were made into: those that live if they come to all of it
        (what was reversed before was issued anew by the cloud), else all."""
        facts = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue").sorted("id")
        living = facts.filtered(lambda fapiao: fapiao.status in LIVING)
        ordered = sum(self.mapped("amount_total"))
        is_all = living and self.currency_id.compare_amounts(sum(living.mapped("amount_total")), ordered) == 0
        return living if is_all else facts

    def _pieces(self, rows=None):
        """Return ``{fapiao: [pieces of each of its lines]}``, or ``{}`` where that can't be told for sure.

        ``rows``: see :func:`~..rules.pieces.rekeyed`.
        """
        facts = self._facts_of_bundle()
        if len(facts) < 2 or not all(self.mapped("draft")):
            return {}
        printed = [fact._lines_as_printed() for fact in facts]
        if not all(fact._is_total_of(lines) for fact, lines in zip(facts, printed, strict=True)):
            return {}
        ordered = [line for request in self for line in request._neutral_draft().lines]
        found = pieces.attributed(pieces.rekeyed(ordered, rows or {}), printed)
        return dict(zip(facts, found, strict=True)) if found else {}

    def _lines_printed_on(self, fapiao):
        """Return the lines of ``fapiao``, one of several, with the keys of those they were made of; ``()``
        where that can't be told."""
        lines = self._bundle()._pieces().get(fapiao, [])
        return tuple(
            replace(line, keys=tuple(dict.fromkeys(key for piece in made for key in piece.keys)))
            for line, made in zip(fapiao._lines_as_printed() if lines else (), lines, strict=True)
        )

    # ------------------------------------------------------------------ keeping it

    def _attribute(self):
        """Let each request line stand on the fapiao it is printed on, cut where it is on several; do
        nothing where that can't be told to the fen."""
        bundle = self._bundle()
        rows = bundle.line_ids
        if not rows or rows.fapiao_id or rows.lost_fapiao_id:
            return
        by_key = {}
        for row in rows:
            by_key.setdefault(row._key(), []).append((str(row.id), abs(exact(row.amount_untaxed))))
        found = bundle._pieces(by_key)
        parts = [[piece for line in lines for piece in line] for lines in found.values()]
        if not parts or not rows._come_to(parts):
            return
        cells = {row: [] for row in rows}
        for fapiao, of_part in zip(found, shares.allot(rows._items(parts), parts), strict=True):
            for share in of_part:
                cells[rows.browse(int(share.item.key))].append((fapiao, share))
        for row, of_row in cells.items():
            row._stand_on(of_row)


class FapiaoRequestLine(models.Model):
    _inherit = "fapiao.request.line"

    def _key(self):
        """Return how the draft names the line that this one covers."""
        self.ensure_one()
        return self.order_line_id._fapiao_key() if self.order_line_id else str(self.move_line_id.id)

    def _come_to(self, parts):
        """Tell whether these lines come to ``parts``, amount and tax."""
        lines = [line for part in parts for line in part]
        return all(
            sum((exact(row[field]) for row in self), ZERO)
            == sum((getattr(line, name) for line in lines), ZERO)
            for field, name in (("amount_untaxed", "amount"), ("amount_tax", "tax"))
        )

    def _items(self, parts):
        """Return these lines as items with the words of what was made of them in ``parts``. A negative one
        has no line of its own: it was taken off others of its rate."""
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
        """Cut this line into one for each of ``cells``: pairs of fapiao and the share on it."""
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


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _is_total_of(self, lines):
        """Tell whether ``lines`` come to this fapiao, amount and tax."""
        return all(
            exact(self[field]) == sum((getattr(line, name) for line in lines), ZERO)
            for field, name in (("amount_untaxed", "amount"), ("amount_tax", "tax"))
        )
