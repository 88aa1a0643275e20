"""Request Fapiao from an order: the button, the lock, and what is made under it."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from . import fapiao_gate as gate


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # ------------------------------------------------------------------ actions

    def action_fapiao_request(self):
        """Open the dialog that asks for lines and quantities; nothing is sent yet. Several orders go on one
        fapiao."""
        gate.check(self, gate.ISSUER)
        for order in self:
            if order.state != "sale":
                raise UserError(
                    self.env._("%s is not confirmed. Confirm the order first.", order.display_name)
                )
        # those that are covered already are left out, the oldest comes first however they were selected
        open_ones = self.filtered("fapiao_can_request").sorted(lambda order: (order.date_order, order.id))
        if not open_ones:
            raise UserError("\n".join(order._fapiao_why_nothing() for order in self))
        return self.env["fapiao.order.request"]._open(open_ones)

    # ------------------------------------------------------------------ private steps

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
        """Lock the orders and their invoices; what is read after it holds until the end."""
        self.check_access("write")
        self._fapiao_touch()
        invoices = self._fapiao_invoices()
        if invoices:
            invoices._fapiao_lock()
        self.order_line.invalidate_recordset(["fapiao_qty_covered", "fapiao_request_line_ids"], flush=False)
        return self

    def _fapiao_touch(self):
        """Lock the rows of these orders and make them new, though nothing changes: a transaction that began
        before can't lock them any more and is repeated, so that it sees what was done here."""
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
        # sudo: what is invoiced doesn't depend on who asks
        return self.sudo().invoice_ids.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted"
        )

    def _fapiao_create(self, built):
        """Make and queue the requests of ``built`` (``Built`` of these orders, which are locked). Invoices
        that are posted already share them."""
        # sudo: requests are made by this flow alone, nobody may create one by hand
        requests = self.env["fapiao.request"].sudo()._create_blue(built)
        requests._enqueue()
        self._fapiao_invoices()._fapiao_share_orders()
        return requests.sudo(False)

    def _fapiao_remark_text(self):
        """Return the company's remark as it is printed for this order."""
        self.ensure_one()
        remark = self.company_id.fapiao_remark or ""
        invoices = ", ".join(self._fapiao_invoices().mapped("name"))
        return remark.replace("{order}", self.name or "").replace("{invoice}", invoices).strip()

    def _fapiao_default_type(self):
        return self._fapiao_buyer().fapiao_type or self.company_id.fapiao_default_type or "ordinary"
