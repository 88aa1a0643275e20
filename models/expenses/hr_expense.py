"""Model ``hr.expense``: values from picked fapiao (amount, tax, date, description, category, vendor), updates."""

from odoo import Command, api, fields, models

from ...clouds import picking
from ..values import exact
from .fapiao_ticket_category import DEDUCTED, TRAVEL_TYPES

MOST_NAMES = 3
NOTED = {"approval_state", "account_move_id", "state", "tax_ids", "total_amount", "total_amount_currency"}


class HrExpense(models.Model):
    _inherit = "hr.expense"

    fapiao_update_ids = fields.One2many("fapiao.assistant.update", "expense_id", "Assistant Updated", readonly=True)

    # ------------------------------------------------------------------ hooks of the matching mixin: picking

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

    # ------------------------------------------------------------------ values from picked fapiao

    def _fapiao_pick_refill(self):
        """Update expenses from their picked fapiao; an expense without any keeps its values."""
        for expense in self:
            picked = expense.fapiao_match_ids.filtered(
                lambda match: match.active and match.state == "confirmed" and match.rule == "picked"
            )
            if picked:
                expense._fapiao_pick_fill(picked)

    def _fapiao_pick_fill(self, matches):
        """Take the values of the fapiao of ``matches``. A fixed cost of the category stays, times the quantity."""
        self.ensure_one()
        fapiao = matches.fapiao_id
        category = self._fapiao_pick_category(matches)
        if category and category != self.product_id:
            self.product_id = category
        values = {
            "name": self._fapiao_pick_name(fapiao),
            "currency_id": self.company_id.currency_id.id,
            "tax_ids": [Command.set(self._fapiao_pick_taxes(fapiao).ids)],
        }
        if day := max(filter(None, (one._ticket_day() for one in fapiao)), default=None):
            values["date"] = day
        if len({one._seller_key() for one in fapiao}) > 1:
            values["vendor_id"] = False
        elif len(fapiao.partner_id) == 1:
            values["vendor_id"] = fapiao.partner_id.id
        if not self.product_has_cost:
            values["quantity"] = 1
        self.write(values)
        if not self.product_has_cost:
            self.total_amount_currency = float(sum(exact(match.amount) for match in matches))

    def _fapiao_pick_category(self, matches):
        """Return the category of the kind of cost into which the tickets were sorted, else of their types."""
        Category = self.env["fapiao.ticket.category"]
        costs = {one.fapiao_id._kind_of_cost(one.cost_code, one.cost_name) for one in matches}
        return Category._category_of_costs(self.company_id, costs) or Category._category_of(
            self.company_id, matches.fapiao_id.mapped("type_code")
        )

    def _fapiao_pick_name(self, fapiao):
        names = list(dict.fromkeys(one._ticket_name() for one in fapiao))
        shown = "; ".join(names[:MOST_NAMES])
        return f"{shown} … ({len(fapiao)})" if len(names) > MOST_NAMES else shown

    def _fapiao_pick_taxes(self, fapiao):
        """Return the purchase tax included in the amount, if every ticket's tax is deductible and all have
        one rate for which the company has a tax. Without a tax the amount is a cost in full, and the
        difference is shown beside the match.
        """
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

    # ------------------------------------------------------------------ hooks of the matching mixin: updates

    def _fapiao_update_status(self):
        states = {"submitted": picking.SUBMITTED, "approved": picking.APPROVED}
        status = picking.BOOKED if self._fapiao_update_move() else states.get(self.approval_state, picking.UNUSED)
        return status, not self.approval_state

    def _fapiao_update_owner(self):
        return self.employee_id.user_id or self.create_uid

    def _fapiao_update_move(self):
        return self.account_move_id._fapiao_update_move()

    def _fapiao_update_tax(self):
        shares = self.tax_ids.flatten_taxes_hierarchy().invoice_repartition_line_ids
        taxes = shares.filtered(lambda share: share.repartition_type == "tax")
        # a tax line without its own account is a cost
        return exact(self.tax_amount if taxes and all(share.account_id for share in taxes) else 0)

    def _fapiao_update_cost(self, line_key=""):
        product = self.product_id
        return (product.default_code or str(product.id), product.name) if product else ("", "")

    def _fapiao_update_cover_rows(self):
        return [
            (self.env._("Employee"), self.employee_id.name),
            (self.env._("Description"), self.name),
            (self.env._("Category"), self.product_id.name),
            (self.env._("Date"), fields.Date.to_string(self.date)),
            (self.env._("Total"), self.company_currency_id.format(self.total_amount)),
            (self.env._("Tax"), self.company_currency_id.format(self.tax_amount)),
        ]

    # ------------------------------------------------------------------ changes

    @api.model_create_multi
    def create(self, vals_list):
        expenses = super().create(vals_list)
        expenses.filtered("approval_state")._fapiao_update_soon()
        return expenses

    def write(self, vals):
        res = super().write(vals)
        if NOTED & set(vals):
            self._fapiao_update_soon()
        return res
