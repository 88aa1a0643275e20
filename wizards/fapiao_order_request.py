"""Dialog ``fapiao.order.request``: lines, quantities and recipient of a request from sale orders."""

from odoo import Command, api, fields, models

from ..models.cloud import gate
from ..models.issuing.builder import SEPARATOR, on_sheets
from ..models.sales.order_lines import Choice, OrderBuilder
from ..models.values import DIGITAL_FORM, FORMS, KINDS, SMALL_SCALE_REASONS


class FapiaoOrderRequest(models.TransientModel):
    _name = "fapiao.order.request"
    _inherit = ["fapiao.guard.mixin", "fapiao.wishes.mixin"]
    _description = "Request Fapiao for Orders"
    # The orders and their problems are set by the dialog, not by the user.
    _fapiao_inputs = frozenset(
        {"line_ids", "fapiao_type", "fapiao_form", "small_scale_reason", "remark", "email", "phone"}
    )

    order_ids = fields.Many2many("sale.order", required=True, readonly=True)
    is_merged = fields.Boolean(compute="_compute_is_merged")
    currency_id = fields.Many2one(related="order_ids.currency_id")
    line_ids = fields.One2many("fapiao.order.request.line", "dialog_id", "Lines")
    fapiao_type = fields.Selection(KINDS, required=True)
    fapiao_form = fields.Selection(
        FORMS,
        required=True,
        default=DIGITAL_FORM,
        help="What the fapiao is made of (票种), as far as the cloud of your account issues it.",
    )
    fapiao_forms = fields.Char(compute="_compute_fapiao_forms", compute_sudo=True)
    small_scale_reason = fields.Selection(SMALL_SCALE_REASONS, "Reason for 3 %", help="If empty, the account's reason.")
    is_small_scale = fields.Boolean(compute="_compute_fapiao_forms", compute_sudo=True)
    remark = fields.Char(help="Printed as 备注.")
    email = fields.Char("Send To", help="Where a cloud that delivers by mail sends the fapiao.")
    phone = fields.Char("Text Message To", help="A mobile, for a cloud that delivers by text message.")
    amount_total = fields.Monetary("Total", compute="_compute_amount_total")
    problem_ids = fields.One2many("fapiao.order.request.problem", "dialog_id", "Problems", readonly=True)
    fapiao_count = fields.Integer(readonly=True)
    request_label = fields.Char(compute="_compute_request_label")

    # ------------------------------------------------------------------ computes

    @api.depends("order_ids")
    def _compute_is_merged(self):
        for dialog in self:
            dialog.is_merged = len(dialog.order_ids) > 1

    @api.depends("order_ids", "fapiao_type")
    def _compute_fapiao_forms(self):
        for dialog in self:
            account = dialog._wishes_account()
            dialog.fapiao_forms = ",".join(account._forms(dialog.fapiao_type))
            dialog.is_small_scale = account.small_scale

    @api.depends("fapiao_form")
    def _compute_needs_sheet(self):
        for dialog in self:
            dialog.needs_sheet = dialog._has_sheets(dialog.fapiao_form)

    @api.depends("line_ids.amount_total")
    def _compute_amount_total(self):
        for dialog in self:
            dialog.amount_total = sum(dialog.line_ids.mapped("amount_total"))

    @api.depends("problem_ids.severity", "fapiao_count")
    def _compute_request_label(self):
        for dialog in self:
            if dialog.fapiao_count > 1:
                dialog.request_label = self.env._("Request %s Fapiao", dialog.fapiao_count)
            elif dialog.problem_ids and "error" not in dialog.problem_ids.mapped("severity"):
                dialog.request_label = self.env._("Request Anyway")
            else:
                dialog.request_label = self.env._("Request Fapiao")

    # ------------------------------------------------------------------ opening

    @api.model
    def _open(self, orders):
        """Return the dialog that proposes all of ``orders`` that no fapiao stands for."""
        gate.check(orders, gate.ISSUER)
        first = orders[0]
        party = first.partner_invoice_id._fapiao_party()
        remarks = dict.fromkeys(filter(None, (order._fapiao_remark_text() for order in orders)))
        # sudo: what a dialog is about is set by this flow alone
        dialog = self.sudo().create(
            {
                "order_ids": [Command.set(orders.ids)],
                **self._wishes_values(orders.fapiao_account_used_id),
                "fapiao_type": first._fapiao_default_type(),
                "remark": SEPARATOR.join(remarks),
                "email": party.email,
                "phone": party.mobile,
                "line_ids": [
                    Command.create({"order_line_id": line.id, "quantity": line.fapiao_qty_open})
                    for line in orders.order_line
                    if line.fapiao_qty_open
                ],
            }
        )
        return dialog.sudo(self.env.su)._check()

    def _show(self):
        name = self.env._("Request Fapiao")
        if self.is_merged:
            name = self.env._("Request One Fapiao for %s Orders", len(self.order_ids))
        return self._get_records_action(name=name, target="new", context={"dialog_size": "extra-large"})

    # ------------------------------------------------------------------ actions

    def action_check(self):
        """Check again after a fix or another selection."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "order_ids")
        return self._check()

    def action_request(self):
        """Request the selected lines, accepting warnings, and show the progress.

        Everything is built again under the lock, since problems may have been fixed or added meanwhile.
        """
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "order_ids", "write")
        orders = self.order_ids
        orders._fapiao_check_issuer()
        orders._fapiao_lock()
        built = self._build()
        if not all(item.is_ready for item in built) or self._is_news(built):
            return self._check(built)
        self.env["fapiao.accepted.warning"]._accept(built)  # all of them were shown
        requests = orders._fapiao_create(on_sheets(built, self._wishes().paper_number))
        requests._attempt_after_commit()
        return requests.action_follow()

    # ------------------------------------------------------------------ helpers

    def _build(self):
        return OrderBuilder(self.env, self._wishes())._build_orders(
            self.order_ids,
            Choice(
                {line.order_line_id: line.quantity for line in self.line_ids if line.quantity},
                self.fapiao_type,
                self.remark or "",
                self.email or "",
                self.phone or "",
                self.fapiao_form,
                self.small_scale_reason or "",
            ),
        )

    def _wishes_account(self):
        return self.order_ids[:1]._fapiao_account()

    def _is_news(self, built):
        """Return whether the request would differ from what the dialog has shown."""
        told = {values["message"] for values in self._problem_values(built)}
        return len(built) != self.fapiao_count or not told <= set(self.problem_ids.mapped("message"))

    def _check(self, built=None):
        """Store the problems of ``built``, and how many fapiao it becomes; return the dialog."""
        built = self._build() if built is None else built
        problems = [Command.clear(), *map(Command.create, self._problem_values(built))]
        self.sudo().write({"fapiao_count": len(built), "problem_ids": problems})  # sudo: as in _open
        return self._show()

    def _problem_values(self, built):
        """Return create values for the problems, errors first."""
        problems = [problem for item in built for problem in item.problems]
        return self.env["fapiao.order.request.problem"]._prepare_problem_values(problems, self._order_of)

    def _order_of(self, problem):
        """Return the order concerned by ``problem``: that of its line, or else the first."""
        return self.order_ids._fapiao_line_of(problem).order_id or self.order_ids[:1]


class FapiaoOrderRequestLine(models.TransientModel):
    _name = "fapiao.order.request.line"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Request Fapiao for an Order: Line"
    _order = "id"
    _rec_name = "order_line_id"
    _fapiao_inputs = frozenset({"quantity"})

    dialog_id = fields.Many2one("fapiao.order.request", required=True, ondelete="cascade")
    order_line_id = fields.Many2one("sale.order.line", required=True, readonly=True, ondelete="cascade")
    order_id = fields.Many2one(related="order_line_id.order_id")
    name = fields.Text(related="order_line_id.name")
    qty_ordered = fields.Float(related="order_line_id.product_uom_qty", string="Ordered")
    qty_open = fields.Float(related="order_line_id.fapiao_qty_open", string="Without Fapiao")
    product_uom_id = fields.Many2one(related="order_line_id.product_uom_id")
    quantity = fields.Float("On This Fapiao", digits="Product Unit")
    currency_id = fields.Many2one(related="dialog_id.currency_id")
    amount_total = fields.Monetary("Total", compute="_compute_amount_total")

    @api.depends("quantity", "order_line_id.price_total", "order_line_id.product_uom_qty")
    def _compute_amount_total(self):
        for line in self:
            ordered = line.order_line_id
            share = line.quantity / ordered.product_uom_qty if ordered.product_uom_qty else 0.0
            line.amount_total = ordered.price_total * share


class FapiaoOrderRequestProblem(models.TransientModel):
    _name = "fapiao.order.request.problem"
    _inherit = ["fapiao.guard.mixin", "fapiao.problem.mixin"]
    _description = "Request Fapiao for an Order: Problem"

    dialog_id = fields.Many2one("fapiao.order.request", required=True, ondelete="cascade")

    def _document(self):
        """Return the order to fix, or the first where the problem is elsewhere."""
        orders = self.dialog_id.order_ids
        record = self._to_mend()
        return record if record._name == orders._name and record in orders else orders[:1]
