"""Model ``account.move.line``: the fapiao of one line of a bill at the assistant, and voucher lines told to it."""

from decimal import Decimal

from odoo import fields, models

from ...clouds import picking
from ..cloud import gate
from ..values import exact, shortest

OPEN_ITEMS = ("asset_receivable", "liability_payable")
PLACES = Decimal("0.00000001")  # of rates and prices


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # ------------------------------------------------------------------ actions

    def action_fapiao_pick_line(self):
        """Show the fapiao of this line at the assistant."""
        gate.check(self, gate.INVOICER)
        self.ensure_one()
        return self.env["fapiao.pick"]._open_dialog(self.move_id, picking.LINE_PAGE, line=self)

    def action_fapiao_pick_adjust(self):
        """Add fapiao to this line at the assistant or take them off, and take over the changes."""
        gate.check(self, gate.INVOICER)
        self.ensure_one()
        self.move_id._fapiao_pick_check()
        return self.env["fapiao.pick"]._open_dialog(self.move_id, picking.LINE_EDIT_PAGE, line=self)

    # ------------------------------------------------------------------ voucher

    def _fapiao_voucher_line(self, number, analytic):
        """Return this line as ``VoucherLine``; ``analytic``: see :meth:`_fapiao_analytic`."""
        self.ensure_one()
        amount = abs(exact(self.amount_currency, self.currency_id.decimal_places))
        is_goods = self.display_type == "product" and (self.product_id or self.move_id.is_invoice(True))
        quantity = rounded(abs(shortest(self.quantity))) if is_goods else 0
        is_open_item = self.account_id.account_type in OPEN_ITEMS
        return picking.VoucherLine(
            number,
            self.account_id.code or "",
            self.account_id.name,
            self.name or self.move_id.ref or self.move_id.name,
            exact(self.debit),
            exact(self.credit),
            self.currency_id.name,
            amount=amount,
            rate=self._fapiao_rate(),
            quantity=quantity or None,
            unit=self.product_uom_id.name or "" if quantity else "",
            price=rounded(amount / quantity) if quantity else None,
            due=fields.Date.to_string(self.date_maturity) if is_open_item and self.date_maturity else "",
            partner=self.partner_id.commercial_partner_id.name or "" if is_open_item else "",
            dimensions=self._fapiao_dimensions(analytic),
        )

    def _fapiao_rate(self):
        """Return the units of the company's currency for one of the line's."""
        if self.currency_id == self.company_currency_id or not self.currency_rate:
            return Decimal(1)
        return rounded(1 / shortest(self.currency_rate))

    def _fapiao_analytic(self):
        """Return ``{id: (plan, account)}``, names, of all analytic accounts of these lines."""
        ids = {int(id_) for line in self for keys in line.analytic_distribution or {} for id_ in keys.split(",")}
        # sudo: a salesperson who posts may lack access to analytic accounts
        accounts = self.env["account.analytic.account"].sudo().browse(ids).exists()
        return {account.id: (account.root_plan_id.name or account.plan_id.name, account.name) for account in accounts}

    def _fapiao_dimensions(self, analytic):
        """Return ``((plan, account and its share), …)`` of the analytic distribution."""
        found = []
        for keys, share in sorted((self.analytic_distribution or {}).items()):
            for id_ in keys.split(","):
                if named := analytic.get(int(id_)):
                    plan, account = named
                    found.append((plan, account if share == 100 else f"{account} {share:g}%"))
        return tuple(found)


def rounded(number):
    """Return a Decimal with eight places at most and no superfluous zeros."""
    return number.quantize(PLACES).normalize()
