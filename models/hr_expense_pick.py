"""What an expense takes from the fapiao picked for it: amount, tax, date, description, category, vendor."""

from odoo import Command, models

from .fapiao_decimal import exact
from .fapiao_match_verdict import DEDUCTIBLE
from .fapiao_ticket_category import TRAVEL_TYPES

# Tickets whose tax may be deducted: special fapiao, tolls, and passenger transport where they say a tax.
DEDUCTED = frozenset({*DEDUCTIBLE, "9", "10", "15", "16", "20", "28", "29", "72"})
MOST_NAMES = 3


class HrExpense(models.Model):
    _inherit = "hr.expense"

    # ------------------------------------------------------------------ what picking asks

    def _fapiao_pick_kinds(self):
        is_travel = any(match.fapiao_id.type_code in TRAVEL_TYPES for match in self.fapiao_match_ids)
        category = self.env["fapiao.ticket.category"]._category_of(self.company_id[:1], list(TRAVEL_TYPES))
        if is_travel or (category and set(self.product_id) == {category}):
            return ["Tra", "expense"]
        return ["expense", "Tra"]

    def _fapiao_pick_is_open(self):
        return self.state in ("draft", "submitted") and self.is_editable

    def _fapiao_pick_is_own(self):
        # sudo: employees may not read the employee's record
        return all(expense.sudo().employee_id.user_id == self.env.user for expense in self)

    def _fapiao_pick_has_any(self):
        return any(match.active and match.state == "confirmed" for match in self.fapiao_match_ids)

    # ------------------------------------------------------------------ filling

    def _fapiao_pick_refill(self):
        """Bring expenses in line with the fapiao picked for them; one without keeps what it has."""
        for expense in self:
            picked = expense.fapiao_match_ids.filtered(
                lambda match: match.active and match.state == "confirmed" and match.rule == "picked"
            )
            if picked:
                expense._fapiao_pick_fill(picked)

    def _fapiao_pick_fill(self, matches):
        """Take what the fapiao of ``matches`` say. The amount of a category with a fixed cost stays: it is
        worked out from the quantity."""
        self.ensure_one()
        fapiao = matches.fapiao_id
        category = self.env["fapiao.ticket.category"]._category_of(
            self.company_id, fapiao.mapped("type_code")
        )
        if category and category != self.product_id:
            self.product_id = category
        values = {
            "name": self._fapiao_pick_name(fapiao),
            "currency_id": self.company_id.currency_id.id,
            "tax_ids": [Command.set(self._fapiao_pick_taxes(fapiao).ids)],
        }
        if day := max(filter(None, (one._ticket_day() for one in fapiao)), default=None):
            values["date"] = day
        values.update(self._fapiao_pick_vendor(fapiao))
        if not self.product_has_cost:
            values["quantity"] = 1
        self.write(values)
        if not self.product_has_cost:
            self.total_amount_currency = float(sum(exact(match.amount) for match in matches))

    def _fapiao_pick_vendor(self, fapiao):
        """Return the vendor as values: the one seller, where it is known; nobody sells what several sold."""
        if len({one.seller_tax_no or one.seller_name for one in fapiao}) > 1:
            return {"vendor_id": False}
        return {"vendor_id": fapiao.partner_id.id} if len(fapiao.partner_id) == 1 else {}

    def _fapiao_pick_name(self, fapiao):
        names = list(dict.fromkeys(one._ticket_name() for one in fapiao))
        shown = "; ".join(names[:MOST_NAMES])
        return f"{shown} … ({len(fapiao)})" if len(names) > MOST_NAMES else shown

    def _fapiao_pick_taxes(self, fapiao):
        """Return the purchase tax included in the amount: where every ticket's tax may be deducted, and all
        are taxed at one rate for which the company has a tax. Without one the amount is a cost in full, and
        the difference in tax is shown beside the match."""
        none = self.env["account.tax"]
        if self.env["fapiao.account"]._assistant_of(self.company_id).small_scale:
            return none
        rates, taxes = set(), {}
        for one in fapiao:
            if one.type_code not in DEDUCTED or not exact(one.amount_tax):
                return none
            parts = one._bill_parts()
            rates |= {rate for _line, _amount, _tax, rate in parts}
            taxes.update(one._purchase_taxes(parts))
        return taxes.get(rates.pop(), none) if len(rates) == 1 else none
