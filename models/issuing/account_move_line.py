"""Model ``account.move.line``: slices covered by a fapiao, and protection against deletion."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, float_is_zero

from ...rules.amounts import ZERO
from ...rules.differential import DIFFERENTIAL_NET
from ...rules.shares import is_rounding
from ..values import exact
from .builder import QUANTITY_DIGITS, lowest_free


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["fapiao.guard.mixin", "account.move.line", "fapiao.coded.line.mixin"]

    # compute_sudo: salespeople and customers see invoices, but no vouchers
    fapiao_deducted = fields.Monetary(
        "Deducted Here",
        compute="_compute_fapiao_deducted",
        compute_sudo=True,
        currency_field="company_currency_id",
        help="What of the price bears no tax under differential taxation.",
    )
    fapiao_request_line_ids = fields.One2many("fapiao.request.line", "move_line_id", copy=False)

    def write(self, vals):
        if "fapiao_tax_code_id" in vals:
            self._fapiao_check_code_change(vals["fapiao_tax_code_id"])
        return super().write(vals)

    def _fapiao_check_code_change(self, code_id):
        """Refuse another code on lines that a fapiao or a request stands for: it is printed there."""
        changed = self.filtered(lambda line: line.fapiao_tax_code_id.id != (code_id or False))
        # sudo: coverage is the same for every user
        if rows := changed.sudo().fapiao_request_line_ids.filtered("live"):
            raise UserError(
                self.env._(
                    "The tax classification code of “%(line)s” can't change: %(what)s stands for the line. %(cure)s",
                    line=rows[0].move_line_id.display_name,
                    what=rows._describe_what_binds() or rows[0].request_id.display_name,
                    cure=rows._describe_way_out(),
                )
            )

    # not the setting of the tax: what was posted under another one stays as it is
    @api.depends("tax_ids", "move_id.fapiao_voucher_ids.deducted")
    def _compute_fapiao_deducted(self):
        for line in self:
            is_net = line.display_type == "product" and DIFFERENTIAL_NET in line.tax_ids.mapped("fapiao_levy")
            line.fapiao_deducted = is_net and sum(line.move_id.fapiao_voucher_ids.mapped("deducted"))

    @api.depends("fapiao_deducted")
    def _compute_totals(self):
        return super()._compute_totals()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        """Refuse to delete lines with a fapiao: a new line with another id would be covered by nothing."""
        # sudo: coverage is the same for every user
        rows = self.sudo().fapiao_request_line_ids.filtered("live")
        # the message of the invoice gives the cure
        rows.move_line_id.move_id._fapiao_raise_if_bound()
        if rows:
            said = self.env._(
                "“%(line)s” can't be deleted: it has a fapiao, %(what)s.",
                line=rows[0].move_line_id.display_name,
                what=rows._describe_what_binds() or rows[0].request_id.display_name,
            )
            said += " " + rows._describe_way_out()
            raise UserError(said)

    def _fapiao_take(self, rows):
        """Assign as many units of ``rows``, request lines without an invoice, as this line needs. Return the
        assigned rows and the remaining ones.
        """
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
        """Return the lowest number without a slice of this line."""
        return lowest_free(set(self.fapiao_request_line_ids.filtered("live").mapped("part")))

    def _fapiao_free_part_beside(self, row):
        """Return the lowest slice number of this line that no other row has, in any state."""
        return lowest_free(set((self.fapiao_request_line_ids - row).mapped("part")))

    def _fapiao_settle_rounding(self, item, taken):
        """Adjust the slices of a line that is covered in full to the booked amount (``item``): invoices and
        orders are rounded separately, and the rate differs by day. The request keeps its sum; a change of
        price is no rounding and stays open.
        """
        rows = self.fapiao_request_line_ids.filtered("live")
        if float_compare(sum(rows.mapped("quantity")), self.quantity, precision_digits=QUANTITY_DIGITS):
            return
        amount = item.amount - sum((exact(row.amount_untaxed) for row in rows), ZERO)
        tax = item.tax - sum((exact(row.amount_tax) for row in rows), ZERO)
        is_foreign = self.currency_id != self.company_currency_id
        if (amount or tax) and (is_foreign or all(is_rounding(off, len(rows)) for off in (amount, tax))):
            (rows & taken)[-1:]._shift(amount, tax)
