"""Model ``sale.order``: fapiao status, requests from orders, and protection of orders with a fapiao."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..cloud import gate
from ..issuing.fapiao_request import REQUEST_STATES
from ..values import LIVING


class SaleOrder(models.Model):
    _name = "sale.order"
    _inherit = ["fapiao.guard.mixin", "sale.order", "fapiao.document.mixin"]

    fapiao_request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_order_rel", "order_id", "request_id", "Fapiao Requests", copy=False
    )
    fapiao_ids = fields.Many2many("fapiao", "fapiao_order_rel", "order_id", "fapiao_id", copy=False)
    # compute_sudo: salespeople see their orders, but neither fapiao nor requests
    fapiao_message = fields.Text(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_request_state = fields.Selection(
        REQUEST_STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
    )
    fapiao_waits_for_login = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_withdraw = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_request = fields.Boolean(compute="_compute_fapiao_can_request", compute_sudo=True)

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
            order.fapiao_state = order._fapiao_state_from(facts) if order.state == "sale" else "none"

    def _fapiao_open(self):
        """Return the amount of the order without a fapiao, in the currency of fapiao."""
        issued = self.order_line._fapiao_rows().filtered(lambda row: row.state == "issued")
        currency = self.company_id.currency_id
        if self.currency_id in (currency, self.env["res.currency"]):
            return currency.round(self.amount_total - sum(issued.mapped("amount_total")))
        # rates differ between fapiao, so the remaining units count
        left = sum(line.price_total * line._fapiao_share_open(issued) for line in self.order_line)
        return currency.round(left / (self.currency_rate or 1.0))

    def _fapiao_state_from(self, facts):
        """Return the state that follows from requests, red forms, fapiao and the open amount."""
        self.ensure_one()
        is_open = self.company_id.currency_id.compare_amounts(self.fapiao_amount_open, 0) > 0
        if self._fapiao_is_going():
            return "pending"
        if any(fapiao.color == "blue" and fapiao.status in LIVING for fapiao in facts):
            return "partial" if is_open else "issued"
        if facts:
            return "red"
        if "rejected" in self.fapiao_request_ids.mapped("state"):
            return "failed"
        return "to_issue" if is_open and self.company_id.account_fiscal_country_id.code == "CN" else "none"

    @api.depends(
        "fapiao_state",
        "fapiao_request_ids.state",
        "fapiao_request_ids.in_doubt",
        "fapiao_request_ids.cloud_state",
        "fapiao_request_ids.error_message",
        "fapiao_request_ids.error_fix",
        "fapiao_request_ids.is_double",
        "fapiao_ids.red_form_ids.state",
        "fapiao_ids.red_form_ids.in_doubt",
    )
    @api.depends_context("uid")
    def _compute_fapiao_offers(self):
        is_employee = self.env.user._is_internal()  # portal customers read their orders too
        for order in self:
            last, open_ones = order._fapiao_last_request(), order._fapiao_open_tasks()
            said = last._status_lines() if last.state not in ("issued", "withdrawn") else []
            said = order.fapiao_request_ids.filtered("is_double")._double_message() or said
            order.fapiao_message = is_employee and "\n".join(said) or False
            order.fapiao_request_state = is_employee and last.state
            order.fapiao_waits_for_login = any(record.state == "waiting_login" for record in open_ones)
            order.fapiao_can_withdraw = bool(open_ones) and all(record._can_be_given_up() for record in open_ones)

    @api.depends("state", "company_id", "order_line.fapiao_qty_open")
    def _compute_fapiao_can_request(self):
        for order in self:
            order.fapiao_can_request = (
                order.state == "sale"
                and order.company_id.account_fiscal_country_id.code == "CN"
                and any(order.order_line.mapped("fapiao_qty_open"))
            )

    # ------------------------------------------------------------------ hooks of the document mixin

    def _fapiao_red_forms(self):
        return self.fapiao_ids.red_form_ids

    def _fapiao_line_of(self, problem):
        return self.order_line.filtered(lambda line: line._fapiao_key() == problem.line)

    def _fapiao_buyer(self):
        return self.partner_invoice_id.commercial_partner_id

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

    # ------------------------------------------------------------------ helpers

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
        # sudo: only this flow creates requests
        requests = self.env["fapiao.request"].sudo()._create_blue(built)
        requests._enqueue()
        self._fapiao_invoices()._fapiao_share_orders()
        return requests.sudo(False)

    def _fapiao_remark_text(self):
        """Return the company's remark as printed for this order."""
        self.ensure_one()
        remark = self.company_id.fapiao_remark or ""
        invoices = ", ".join(self._fapiao_invoices().mapped("name"))
        return remark.replace("{order}", self.name or "").replace("{invoice}", invoices).strip()

    def _fapiao_default_type(self):
        return self._fapiao_buyer().fapiao_type or self.company_id.fapiao_default_type or "ordinary"

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
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()
