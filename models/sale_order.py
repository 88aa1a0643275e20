"""What an order knows of its fapiao: relations and computes, fed by requests and fapiao as on invoices."""

from odoo import api, fields, models

from .fapiao_outbound import STATES
from .fapiao_types import LIVING


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
        STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
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
        """Return what of the order no fapiao stands for, in the currency of fapiao."""
        issued = self.order_line._fapiao_rows().filtered(lambda row: row.state == "issued")
        currency = self.company_id.currency_id
        if self.currency_id in (currency, self.env["res.currency"]):
            return currency.round(self.amount_total - sum(issued.mapped("amount_total")))
        # each fapiao has a rate of its own: what counts is how many units are left
        left = sum(line.price_total * line._fapiao_share_open(issued) for line in self.order_line)
        return currency.round(left / (self.currency_rate or 1.0))

    def _fapiao_state_from(self, facts):
        """Return the state that requests, red forms, fapiao and the open amount add up to."""
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
        is_employee = self.env.user._is_internal()  # customers read their orders too
        for order in self:
            last, open_ones = order._fapiao_last_request(), order._fapiao_open_outbound()
            said = last._said() if last.state not in ("issued", "withdrawn") else []
            said = order.fapiao_request_ids.filtered("is_double")._double_message() or said
            order.fapiao_message = is_employee and "\n".join(said) or False
            order.fapiao_request_state = is_employee and last.state
            order.fapiao_waits_for_login = any(record.state == "waiting_login" for record in open_ones)
            order.fapiao_can_withdraw = bool(open_ones) and all(
                record._can_be_given_up() for record in open_ones
            )

    @api.depends("state", "company_id", "order_line.fapiao_qty_open")
    def _compute_fapiao_can_request(self):
        for order in self:
            order.fapiao_can_request = (
                order.state == "sale"
                and order.company_id.account_fiscal_country_id.code == "CN"
                and any(order.order_line.mapped("fapiao_qty_open"))
            )

    # ------------------------------------------------------------------ what the mixin asks

    def _fapiao_red_forms(self):
        return self.fapiao_ids.red_form_ids

    def _fapiao_line_of(self, problem):
        return self.order_line.filtered(lambda line: line._fapiao_key() == problem.line)

    def _fapiao_buyer(self):
        return self.partner_invoice_id.commercial_partner_id

    def _fapiao_mend(self, record):
        """The order itself is mended over the dialog as well, so that what was chosen there isn't lost."""
        action = super()._fapiao_mend(record)
        return {**action, "target": "new"} if record == self else action
