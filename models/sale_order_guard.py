"""What a fapiao that was requested from an order forbids, as long as it stands or is on its way."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

FIXED = ("product_id", "product_uom_id", "tax_ids")
GUARDED = {*FIXED, "product_uom_qty", "price_unit", "discount"}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _fapiao_raise_if_bound(self):
        """Refuse to give up orders with a living fapiao, and name the way out."""
        self.order_line._fapiao_raise_if_bound()

    def write(self, vals):
        # Here, not in the buttons: the state can be written over RPC as well.
        if vals.get("state", "sale") != "sale":
            self.filtered(lambda order: order.state != vals["state"])._fapiao_raise_if_bound()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def write(self, vals):
        bound = self.filtered(lambda line: line._fapiao_rows_of_order()) if GUARDED & set(vals) else self[:0]
        before = {line: line._fapiao_fixed() for line in bound}
        result = super().write(vals)
        for line in bound:
            line._fapiao_raise_if_less(before[line])
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()

    def _fapiao_raise_if_bound(self):
        for order, rows in self._fapiao_rows_of_order().grouped("order_id").items():
            said = self.env._(
                "%(order)s has a fapiao: %(what)s.", order=order.display_name, what=rows._say_what_binds()
            )
            said += " " + rows._say_way_out()
            raise UserError(said)

    def _fapiao_fixed(self):
        """Return what a line on a fapiao keeps: goods, unit and taxes."""
        return [self[name] for name in FIXED]

    def _fapiao_raise_if_less(self, fixed):
        """Refuse to make a line less than its fapiao says."""
        rows = self._fapiao_rows_of_order()
        values = {"line": self.display_name, "what": rows._say_what_binds()}
        if self._fapiao_fixed() != fixed:
            said = self.env._(
                "Product, unit and taxes of “%(line)s” can't change: it has a fapiao, %(what)s.", **values
            )
        elif self._fapiao_is_below(sum(row._quantity_of(self) for row in rows)):
            said = self.env._(
                "“%(line)s” can't be reduced below what its fapiao says: %(quantity)s (%(what)s).",
                quantity=sum(row._quantity_of(self) for row in rows),
                **values,
            )
        elif self._fapiao_is_cheaper(rows):
            said = self.env._(
                "“%(line)s” can't come to less than its fapiao says: %(amount)s (%(what)s).",
                amount=self.company_id.currency_id.format(sum(rows.mapped("amount_total"))),
                **values,
            )
        else:
            return
        said += " " + rows._say_way_out()
        raise UserError(said)

    def _fapiao_is_below(self, covered):
        digits = self._fapiao_digits()
        is_less = float_compare(abs(self.product_uom_qty), abs(covered), precision_digits=digits) < 0
        return is_less or self.product_uom_qty * covered < 0

    def _fapiao_is_cheaper(self, rows):
        """In a foreign currency, amounts differ by the rate alone; there the quantity has to do."""
        currency = self.company_id.currency_id
        if self.currency_id != currency:
            return False
        covered = sum(rows.mapped("amount_total"))
        rounding = currency.rounding * (len(rows) + 1)
        return abs(self.price_total) + rounding < abs(covered)
