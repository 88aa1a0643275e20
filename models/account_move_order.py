"""An invoice made from an order that has its fapiao already shares that fapiao instead of wanting another.

What a request from an order covers lies there as request lines without an invoice. Posting assigns them:
from then on they cover the invoice like any other (``fapiao_builder_split``), and only the rest is issued.
"""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, float_is_zero

from ..rules.amounts import ZERO, round2
from ..rules.order_shares import is_rounding
from .fapiao_builder_split import QUANTITY_DIGITS
from .fapiao_decimal import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    # ------------------------------------------------------------------ posting

    def _post(self, soft=True):
        """The orders are locked first: a request for a fapiao of one of them that is made at this moment is either
        complete, and shared here, or is repeated and finds this invoice."""
        self._fapiao_orders()._fapiao_touch()
        return super()._post(soft)

    def _fapiao_before_issuing(self):
        self._fapiao_share_orders()
        return super()._fapiao_before_issuing()

    def _fapiao_orders(self):
        """Return the orders of those of these documents that are customer invoices in China."""
        invoices = self.filtered(
            lambda move: (
                move.move_type == "out_invoice" and move.company_id.account_fiscal_country_id.code == "CN"
            )
        )
        # sudo: whoever invoices an order needn't be allowed to read it
        return invoices.sudo().invoice_line_ids.sale_line_ids.order_id

    def _fapiao_share_orders(self):
        """Let posted invoices share what was requested from their orders and no invoice has taken yet."""
        # sudo: request lines are moved by this flow alone
        moves = self.sudo().filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
        rows = self.env["fapiao.request.line"].sudo()
        rows = rows.search(
            [
                ("order_line_id", "in", moves.invoice_line_ids.sale_line_ids.ids),
                ("live", "=", True),
                ("move_line_id", "=", False),
                ("quantity", "!=", 0),
            ],
            order="id",
        )
        waiting = rows.grouped("order_line_id")
        for move in moves:
            taken = rows.browse()
            for line in move.invoice_line_ids:
                for order_line in line.sale_line_ids & rows.order_line_id:
                    own, waiting[order_line] = line._fapiao_take(waiting[order_line])
                    taken |= own
            if taken:
                move._fapiao_settle_shares(taken)

    def _fapiao_settle_shares(self, taken):
        """Bring the amounts of what was ``taken`` in line with the books, and link all that is concerned."""
        builder = self.env["fapiao.builder"]
        items, _problems = builder._items(self, builder._catalogue(self))
        booked = {item.key: item for item in items or []}
        for line in taken.move_line_id:
            if str(line.id) in booked:
                line._fapiao_settle_rounding(booked[str(line.id)], taken)
        requests, facts = taken.request_id, taken.request_id.fapiao_ids
        requests.move_ids = [Command.link(self.id)]
        facts.move_ids = [Command.link(self.id)]
        if living := facts.filtered(lambda fapiao: fapiao._is_living()):
            self._message_log(
                body=self.env._(
                    "Fapiao %(numbers)s, issued from %(orders)s, stands for this invoice too.",
                    numbers=", ".join(living.mapped("number")),
                    orders=", ".join(taken.order_id.mapped("name")),
                )
            )

    def _fapiao_is_covered(self):
        """Tell whether fapiao and requests on their way stand for all of the invoice."""
        self.ensure_one()
        return bool(self.sudo().fapiao_request_line_ids) and (
            self._fapiao_rest_without(self.env["fapiao"]) <= 0
        )


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["fapiao.guard.mixin", "account.move.line"]

    fapiao_request_line_ids = fields.One2many("fapiao.request.line", "move_line_id", copy=False)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        """A line that comes back under another id would be covered by nothing."""
        # sudo: what is covered doesn't depend on who asks
        rows = self.sudo().fapiao_request_line_ids.filtered("live")
        # the words of the invoice name the way out
        rows.move_line_id.move_id._fapiao_raise_if_bound()
        if rows:
            said = self.env._(
                "“%(line)s” can't be deleted: it has a fapiao, %(what)s.",
                line=rows[0].move_line_id.display_name,
                what=rows._say_what_binds() or rows[0].request_id.display_name,
            )
            said += " " + rows._say_way_out()
            raise UserError(said)

    def _fapiao_take(self, rows):
        """Assign of ``rows``, which wait for an invoice, as many units as this line needs. Return what was
        taken and what still waits."""
        need = self.quantity - sum(self.fapiao_request_line_ids.filtered("live").mapped("quantity"))
        taken, waiting = rows.browse(), rows.browse()
        for row in rows:
            quantity = row._quantity_for(self)
            if need * quantity <= 0 or float_is_zero(need, precision_digits=QUANTITY_DIGITS):
                waiting |= row
                continue
            if float_compare(abs(quantity), abs(need), precision_digits=QUANTITY_DIGITS) > 0:
                waiting |= row._cut_off(exact(need, QUANTITY_DIGITS) / exact(quantity, QUANTITY_DIGITS))
                quantity = need
            row.write(
                {
                    "move_id": self.move_id.id,
                    "move_line_id": self.id,
                    "part": self._fapiao_free_part(),
                    "quantity": quantity,
                }
            )
            taken |= row
            need -= quantity
        return taken, waiting

    def _fapiao_free_part(self):
        """Return the lowest number that no slice of this line has."""
        numbers = set(self.fapiao_request_line_ids.filtered("live").mapped("part"))
        return next(number for number in range(len(numbers) + 1) if number not in numbers)

    def _fapiao_settle_rounding(self, item, taken):
        """Let the slices of a line that is covered in full come to just what is booked (``item``): invoices
        and orders are rounded each for itself, and another day has another rate. The request keeps its sum;
        a change of price is no rounding and stays open."""
        rows = self.fapiao_request_line_ids.filtered("live")
        if float_compare(sum(rows.mapped("quantity")), self.quantity, precision_digits=QUANTITY_DIGITS):
            return
        amount = item.amount - sum((exact(row.amount_untaxed) for row in rows), ZERO)
        tax = item.tax - sum((exact(row.amount_tax) for row in rows), ZERO)
        is_foreign = self.currency_id != self.company_currency_id
        if (amount or tax) and (is_foreign or all(is_rounding(off, len(rows)) for off in (amount, tax))):
            (rows & taken)[-1:]._shift(amount, tax)


class FapiaoRequestLine(models.Model):
    _inherit = "fapiao.request.line"

    def _cut_off(self, share):
        """Keep ``share`` (``Decimal``, 0 to 1) of this line and return a new one with the rest."""
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
        """Take ``amount`` and ``tax`` onto this line from another of the same request and the same line of
        the order that no invoice has; from one without units if there is none."""
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
