"""Model ``sale.order.line``: units covered by fapiao and open requests."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare, float_is_zero

# Fields of a line with a fapiao that can't change: goods, unit and taxes
FIXED = ("product_id", "product_uom_id", "tax_ids", "fapiao_tax_code_id")
GUARDED = {*FIXED, "product_uom_qty", "price_unit", "discount"}


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["fapiao.guard.mixin", "sale.order.line", "fapiao.coded.line.mixin"]

    fapiao_request_line_ids = fields.One2many(
        "fapiao.request.line", "order_line_id", "Fapiao Requests", readonly=True, copy=False
    )
    fapiao_qty_covered = fields.Float(
        "Quantity on Fapiao",
        digits="Product Unit",
        compute="_compute_fapiao_qty_covered",
        store=True,
        copy=False,
        help="On fapiao of the order or of its invoices, or requested.",
    )
    # compute_sudo: salespeople see what is open, not how it is requested
    fapiao_qty_open = fields.Float(
        "Quantity Without Fapiao", digits="Product Unit", compute="_compute_fapiao_qty_open", compute_sudo=True
    )

    # ------------------------------------------------------------------ computes

    @api.depends(
        "product_uom_id",
        "fapiao_request_line_ids.live",
        "fapiao_request_line_ids.quantity",
        "fapiao_request_line_ids.move_line_id",
        "invoice_lines.fapiao_request_line_ids.live",
        "invoice_lines.fapiao_request_line_ids.quantity",
        "invoice_lines.fapiao_request_line_ids.order_line_id",
    )
    def _compute_fapiao_qty_covered(self):
        for line in self:
            line.fapiao_qty_covered = sum(row._quantity_of(line) for row in line._fapiao_rows())

    @api.depends(
        *("product_uom_qty", "fapiao_qty_covered", "display_type", "is_downpayment"),
        *("price_subtotal", "price_unit", "discount"),
    )
    def _compute_fapiao_qty_open(self):
        for line in self:
            # down payments, notes and what has no price can't be on a fapiao; a gift discounted in full can
            is_gift = line.price_unit and line.discount > 0
            is_goods = not line.display_type and not line.is_downpayment and (line.price_subtotal or is_gift)
            left = line.product_uom_qty - line.fapiao_qty_covered
            is_over = left * line.product_uom_qty <= 0 or float_is_zero(left, precision_digits=line._fapiao_digits())
            line.fapiao_qty_open = left if is_goods and not is_over else 0.0

    # ------------------------------------------------------------------ helpers

    def _fapiao_rows(self):
        """Return the request lines that cover these lines: requested from the order or from its invoices."""
        from_invoices = self.invoice_lines.fapiao_request_line_ids.filtered(lambda row: not row.order_line_id)
        return (self.fapiao_request_line_ids | from_invoices).filtered("live")

    def _fapiao_rows_of_order(self):
        """Return the live request lines that were requested from the order."""
        # sudo: coverage is the same for every user
        return self.sudo().fapiao_request_line_ids.filtered("live")

    def _fapiao_share_open(self, rows):
        """Return the share of the line's units, 0 to 1, not covered by ``rows``."""
        self.ensure_one()
        if not self.product_uom_qty:
            return 0.0
        return 1 - sum(row._quantity_of(self) for row in rows & self._fapiao_rows()) / self.product_uom_qty

    def _fapiao_key(self):
        """Return the key of this line in the rules; keys of invoice lines are plain numbers."""
        self.ensure_one()
        return f"order_{self.id}"

    def _fapiao_digits(self):
        return self.env["decimal.precision"].precision_get("Product Unit")

    def _fapiao_check_covered(self):
        """Refuse to cover more than is ordered. Runs in the transaction that has locked the order."""
        digits = self._fapiao_digits()
        for line in self.sudo():  # sudo: as above
            covered, ordered = line.fapiao_qty_covered, line.product_uom_qty
            if float_compare(abs(covered), abs(ordered), precision_digits=digits) > 0:
                raise ValidationError(
                    self.env._(
                        "Fapiao for %(covered)s of “%(line)s” would exceed the %(ordered)s ordered. Another user may"
                        " have requested one in the meantime: open the order again.",
                        covered=covered,
                        line=line.display_name,
                        ordered=ordered,
                    )
                )

    def _prepare_invoice_line(self, **optional_values):
        values = {"fapiao_tax_code_id": self.fapiao_tax_code_id.id} if self.fapiao_tax_code_id else {}
        return {**super()._prepare_invoice_line(**optional_values), **values}

    # ------------------------------------------------------------------ protection

    def write(self, vals):
        bound = self.filtered(lambda line: line._fapiao_rows_of_order()) if GUARDED & set(vals) else self[:0]
        before = {line: [line[name] for name in FIXED] for line in bound}
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
                "%(order)s has a fapiao: %(what)s.", order=order.display_name, what=rows._describe_what_binds()
            )
            said += " " + rows._describe_way_out()
            raise UserError(said)

    def _fapiao_raise_if_less(self, fixed):
        """Refuse to reduce a line below its fapiao."""
        rows = self._fapiao_rows_of_order()
        values = {"line": self.display_name, "what": rows._describe_what_binds()}
        if [self[name] for name in FIXED] != fixed:
            said = self.env._(
                "Product, unit, taxes and code of “%(line)s” can't change: it has a fapiao, %(what)s.", **values
            )
        elif self._fapiao_is_below(covered := sum(row._quantity_of(self) for row in rows)):
            said = self.env._(
                "“%(line)s” can't be reduced below what its fapiao says: %(quantity)s (%(what)s).",
                quantity=covered,
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
        said += " " + rows._describe_way_out()
        raise UserError(said)

    def _fapiao_is_below(self, covered):
        digits = self._fapiao_digits()
        is_less = float_compare(abs(self.product_uom_qty), abs(covered), precision_digits=digits) < 0
        return is_less or self.product_uom_qty * covered < 0

    def _fapiao_is_cheaper(self, rows):
        """In a foreign currency amounts differ by the rate, so only the quantity is compared."""
        currency = self.company_id.currency_id
        if self.currency_id != currency:
            return False
        covered = sum(rows.mapped("amount_total"))
        rounding = currency.rounding * (len(rows) + 1)
        return abs(self.price_total) + rounding < abs(covered)
