"""Model ``sale.order``: fapiao status, requests from orders, and protection of orders with a fapiao."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..cloud import gate
from ..reversal.fapiao_red_form import STAGES


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["fapiao.guard.mixin", "sale.order", "fapiao.document.mixin"]

    _fapiao_inputs = frozenset({"fapiao_account_id", "fapiao_drawer"})

    fapiao_request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_order_rel", "order_id", "request_id", "Fapiao Requests", copy=False
    )
    fapiao_ids = fields.Many2many("fapiao", "fapiao_order_rel", "order_id", "fapiao_id", copy=False)
    # compute_sudo: salespeople see their orders, but neither fapiao nor requests
    fapiao_can_request = fields.Boolean(compute="_compute_fapiao_can_request", compute_sudo=True)
    fapiao_can_red = fields.Boolean(compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_stage = fields.Selection(STAGES, compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_message = fields.Text(compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_deadline = fields.Datetime(compute="_compute_fapiao_red", compute_sudo=True)

    # ------------------------------------------------------------------ computes

    @api.depends(
        "state",
        "currency_id",
        "company_id",
        "amount_total",
        "order_line.fapiao_qty_covered",
        "order_line.fapiao_request_line_ids.live",
        "order_line.fapiao_request_line_ids.state",
        "order_line.fapiao_request_line_ids.amount_total",
        "order_line.invoice_lines.fapiao_request_line_ids.live",
        "order_line.invoice_lines.fapiao_request_line_ids.state",
        "order_line.invoice_lines.fapiao_request_line_ids.amount_total",
        "fapiao_request_ids.state",
        "fapiao_ids.status",
        "fapiao_ids.number",
        "fapiao_ids.red_form_ids.is_open",
        "fapiao_ids.red_form_ids.follow_up",
    )
    def _compute_fapiao_state(self):
        for order in self:
            facts = order.fapiao_ids.sorted("id")
            order.fapiao_numbers = ", ".join(facts.mapped("number")) or False
            order.fapiao_amount_open = order._fapiao_open() if order.state == "sale" else 0.0
            is_due = order.company_id.currency_id.compare_amounts(order.fapiao_amount_open, 0) > 0
            order.fapiao_state = order._fapiao_state_from(facts, is_due=is_due) if order.state == "sale" else "none"

    def _fapiao_open(self):
        """Return the amount of the order without a fapiao, in the currency of fapiao."""
        issued = self.order_line._fapiao_rows().filtered(lambda row: row.state == "issued")
        currency = self.company_id.currency_id
        if self.currency_id in (currency, self.env["res.currency"]):
            return currency.round(self.amount_total - sum(issued.mapped("amount_total")))
        # rates differ between fapiao, so the remaining units count
        left = sum(line.price_total * line._fapiao_share_open(issued) for line in self.order_line)
        return currency.round(left / (self.currency_rate or 1.0))

    @api.depends("fapiao_ids.red_form_ids.state", "fapiao_ids.red_form_ids.in_doubt")
    def _compute_fapiao_offers(self):
        return super()._compute_fapiao_offers()

    @api.depends("state", "company_id", "order_line.fapiao_qty_open")
    def _compute_fapiao_can_request(self):
        for order in self:
            order.fapiao_can_request = (
                order.state == "sale"
                and order.company_id.account_fiscal_country_id.code == "CN"
                and any(order.order_line.mapped("fapiao_qty_open"))
            )

    @api.depends(
        "fapiao_ids.can_reverse",
        "fapiao_ids.red_form_ids.stage",
        "fapiao_ids.red_form_ids.advice",
        "fapiao_ids.red_form_ids.follow_up_text",
        "fapiao_ids.red_form_ids.activity_ids",
    )
    @api.depends_context("uid")
    def _compute_fapiao_red(self):
        is_employee = self.env.user._is_internal()  # portal customers read their orders too
        for order in self:
            last = order._fapiao_red_last()
            order.fapiao_can_red = any(order.fapiao_ids.mapped("can_reverse"))
            order.fapiao_red_stage = last.stage
            order.fapiao_red_deadline = last.deadline if last.stage == "waiting" else False
            order.fapiao_red_message = is_employee and last._status_message()

    # ------------------------------------------------------------------ hooks of the document mixin

    def _fapiao_red_forms(self):
        return self.fapiao_ids.red_form_ids

    def _fapiao_line_of(self, problem):
        return self.order_line.filtered(lambda line: line._fapiao_key() == problem.line)

    def _fapiao_buyer(self):
        return self.partner_invoice_id.commercial_partner_id

    def _fapiao_default_accounts(self):
        team = self.team_id.with_company(self.company_id)
        return [team.fapiao_account_id, *super()._fapiao_default_accounts()]

    def _fapiao_salesperson(self):
        return self.user_id

    @api.depends("team_id", "user_id")
    def _compute_fapiao_account_used_id(self):
        return super()._compute_fapiao_account_used_id()

    def _prepare_invoice(self):
        """The invoice is issued through the account, and by the drawer, chosen on the order."""
        values = super()._prepare_invoice()
        # values that sort, as they are grouped by
        return {**values, "fapiao_account_id": self.fapiao_account_id.id, "fapiao_drawer": self.fapiao_drawer or ""}

    def _get_invoice_grouping_keys(self):
        """Orders issued through different accounts, or by different drawers, share no invoice."""
        return [*super()._get_invoice_grouping_keys(), "fapiao_account_id", "fapiao_drawer"]

    def _fapiao_mend(self, record):
        """The order itself is fixed in a dialog, so that the input of the request dialog is kept."""
        action = super()._fapiao_mend(record)
        return {**action, "target": "new"} if record == self else action

    # --------------------------------------------------------------------------
    # Request Fapiao: button, lock and creation
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ actions

    def action_fapiao_request(self):
        """Open the dialog that selects lines and quantities; nothing is sent yet. Several orders are put on
        one fapiao.
        """
        gate.check(self, gate.ISSUER)
        for order in self:
            if order.state != "sale":
                raise UserError(self.env._("%s is not confirmed. Confirm the order first.", order.display_name))
        # covered orders are left out, the oldest comes first in whatever order they were selected
        open_ones = self.filtered("fapiao_can_request").sorted(lambda order: (order.date_order, order.id))
        if not open_ones:
            raise UserError("\n".join(order._fapiao_why_nothing() for order in self))
        return self.env["fapiao.order.request"]._open(open_ones)

    def action_fapiao_red(self):
        """Open the dialog that reverses the fapiao of these orders, the list to choose from where there are
        several, or the red forms that are open.
        """
        gate.check(self, gate.ISSUER)
        fapiao = self.fapiao_ids.filtered("can_reverse")
        if not fapiao and (under_way := self._fapiao_red_forms().filtered("is_open")):
            return under_way._get_records_action()
        if not fapiao:
            raise UserError(self.env._("There is no fapiao to reverse: none was issued, or it is reversed already."))
        if len(fapiao) > 1:
            return fapiao._get_records_action(name=self.env._("Which of These to Reverse?"))
        return fapiao.action_red()

    def action_fapiao_red_forms(self):
        """Open the red forms of the fapiao of these orders."""
        gate.check(self, gate.READER)
        return self._fapiao_red_forms()._get_records_action(name=self.env._("Red Forms"))

    # ------------------------------------------------------------------ helpers

    def _fapiao_red_last(self):
        """Return the red form that determines the status of this order: of several, one that isn't done."""
        forms = self._fapiao_red_forms().sorted("id")
        latest = self.env["fapiao.red.form"].union(*{form.fapiao_id: form for form in forms}.values())
        undone = latest.filtered(lambda form: form.stage != "issued" or form.follow_up == "failed")
        return (undone or forms)[-1:]

    def _fapiao_why_nothing(self):
        self.ensure_one()
        if self.fapiao_state == "pending":
            return self.env._(
                "All of %s is on its way to a fapiao. Wait for the result, or withdraw the request.",
                self.display_name,
            )
        if self.fapiao_numbers:
            return self.env._(
                "All of %(order)s has its fapiao: %(numbers)s.",
                order=self.display_name,
                numbers=self.fapiao_numbers,
            )
        return self.env._("%s has no line with an amount to put on a fapiao.", self.display_name)

    def _fapiao_lock(self):
        """Lock the orders and their invoices; data read afterwards stay valid until the commit."""
        self.check_access("write")
        self._fapiao_touch()
        invoices = self._fapiao_invoices()
        if invoices:
            invoices._fapiao_lock()
        self.order_line.invalidate_recordset(["fapiao_qty_covered", "fapiao_request_line_ids"], flush=False)
        return self

    def _fapiao_touch(self):
        """Write the rows of these orders without a change: a transaction that began earlier can't lock them
        any more and is repeated, so that it sees this one's result.
        """
        if not self:
            return
        self.flush_recordset()
        ids = tuple(self.ids)
        self.env.cr.execute(
            SQL("SELECT id FROM sale_order WHERE id IN %s ORDER BY id FOR NO KEY UPDATE", ids),
            log_exceptions=False,
        )
        self.env.cr.execute(SQL("UPDATE sale_order SET write_date = write_date WHERE id IN %s", ids))

    def _fapiao_invoices(self):
        """Return the posted invoices of these orders."""
        # sudo: the invoices are the same for every user
        return self.sudo().invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")

    def _fapiao_create(self, built):
        """Create and queue the requests of ``built`` (``Built`` of these locked orders). Posted invoices
        share them.
        """
        requests = super()._fapiao_create(built)
        self._fapiao_invoices()._fapiao_share_orders()
        return requests

    def _fapiao_remark_text(self):
        """Return the company's remark as printed for this order."""
        self.ensure_one()
        remark = self.company_id._fapiao_setting("fapiao_remark") or ""
        invoices = ", ".join(self._fapiao_invoices().mapped("name"))
        return remark.replace("{order}", self.name or "").replace("{invoice}", invoices).strip()

    # --------------------------------------------------------------------------
    # Protection of orders with a valid fapiao or a request on its way
    # --------------------------------------------------------------------------

    def _fapiao_raise_if_bound(self):
        """Raise ``UserError`` with the cure for orders with a valid fapiao."""
        self.order_line._fapiao_raise_if_bound()

    def write(self, vals):
        # here, not in the buttons, since RPC can write the state as well
        if vals.get("state", "sale") != "sale":
            self.filtered(lambda order: order.state != vals["state"])._fapiao_raise_if_bound()
        self._fapiao_check_choice(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()
