"""Model ``account.move``: an invoice of an order with a fapiao shares that fapiao.

Lines of a request from an order have no invoice until posting assigns them; from then on they cover the
invoice, and only the rest is issued.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from odoo import Command, api, models

from ...rules.problems import Problem, _
from ..issuing.builder import Builder


class AccountMove(models.Model):
    _inherit = "account.move"

    # ------------------------------------------------------------------ account

    def _fapiao_default_accounts(self):
        """The sales team comes after the journal."""
        journal, *others = super()._fapiao_default_accounts()
        return [journal, self.team_id.with_company(self.company_id).fapiao_account_id, *others]

    @api.depends("team_id")
    def _compute_fapiao_account_used_id(self):
        return super()._compute_fapiao_account_used_id()

    # ------------------------------------------------------------------ special elements

    def _fapiao_element_sources(self):
        """What an order says of its special elements holds for its invoices."""
        return self.invoice_line_ids.sale_line_ids.order_id.fapiao_element_ids | super()._fapiao_element_sources()

    # ------------------------------------------------------------------ posting

    def _post(self, soft=True):
        """Lock the orders first: a concurrent request is complete and shared here, or is repeated and finds this."""
        self._fapiao_orders()._fapiao_touch()
        return super()._post(soft)

    def _fapiao_before_issuing(self):
        self._fapiao_share_orders()
        return super()._fapiao_before_issuing()

    def _fapiao_orders(self):
        """Return the orders of these documents that are customer invoices in China."""
        invoices = self.filtered(
            lambda move: move.move_type == "out_invoice" and move.company_id.account_fiscal_country_id.code == "CN"
        )
        # sudo: users who invoice an order may lack access to it
        return invoices.sudo().invoice_line_ids.sale_line_ids.order_id

    def _fapiao_share_orders(self):
        """Assign unassigned request lines of their orders to posted invoices."""
        # sudo: only this flow moves request lines
        moves = self.sudo().filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
        rows = self.env["fapiao.request.line"].sudo()
        rows = rows.search(
            [
                ("order_line_id", "in", moves.invoice_line_ids.sale_line_ids.ids),
                ("live", "=", True),
                ("move_line_id", "=", False),
                ("quantity", "!=", 0),
            ],
            order="id",
        )
        waiting = rows.grouped("order_line_id")
        for move in moves:
            taken = rows.browse()
            for line in move.invoice_line_ids:
                for order_line in line.sale_line_ids & rows.order_line_id:
                    own, waiting[order_line] = line._fapiao_take(waiting[order_line])
                    taken |= own
            if taken:
                move._fapiao_settle_shares(taken)

    def _fapiao_settle_shares(self, taken):
        """Adjust the amounts of the assigned lines ``taken`` to the books, and link requests and fapiao."""
        builder = Builder(self.env)
        items, _problems = builder._items(self, builder._catalogue(self))
        booked = {item.key: item for item in items or []}
        for line in taken.move_line_id:
            if str(line.id) in booked:
                line._fapiao_settle_rounding(booked[str(line.id)], taken)
        requests, facts = taken.request_id, taken.request_id.fapiao_ids
        requests.move_ids = [Command.link(self.id)]
        facts.move_ids = [Command.link(self.id)]
        if living := facts.filtered(lambda fapiao: fapiao._is_living()):
            self._message_log(
                body=self.env._(
                    "Fapiao %(numbers)s, issued from %(orders)s, stands for this invoice too.",
                    numbers=", ".join(living.mapped("number")),
                    orders=", ".join(taken.order_id.mapped("name")),
                )
            )

    def _fapiao_line_problems(self):
        """Add the problem of a down payment on goods that have a fapiao already."""
        # sudo: users who invoice an order may lack access to it
        advances = self.sudo().invoice_line_ids.filtered(lambda line: line.is_downpayment and line.balance < 0)
        rows = advances and advances.sale_line_ids.order_id.order_line._fapiao_rows_of_order()
        if not rows:
            return super()._fapiao_line_problems()
        return [
            *super()._fapiao_line_problems(),
            Problem(
                "advance_covered",
                _("The goods that %(invoice)s is a down payment for are on a fapiao already: %(numbers)s."),
                _("Nothing needs to be issued for the down payment."),
                {"invoice": self.display_name, "numbers": rows._describe_what_binds()},
            ),
        ]

    def _fapiao_is_covered(self):
        """Return whether fapiao and open requests cover all of the invoice."""
        self.ensure_one()
        return bool(self.sudo().fapiao_request_line_ids) and (self._fapiao_rest_without(self.env["fapiao"]) <= 0)
