"""What keeps an order, or what is chosen of it, from becoming a fapiao, each with its cure."""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import replace

from odoo import fields, models
from odoo.tools import email_normalize

from ..rules.amounts import plain
from ..rules.problems import Problem, _
from .fapiao_decimal import exact
from .res_partner import _mobile


class FapiaoBuilder(models.AbstractModel):
    _inherit = "fapiao.builder"

    def _orders_obstacles(self, orders):
        """Return what keeps ``orders`` from becoming a fapiao at all, whatever their lines are: of each the
        first that is found, of several also what keeps them apart."""
        found = self._merge_problems(orders) if len(orders) > 1 else []
        return found or self._once([problem for order in orders for problem in self._order_obstacles(order)])

    def _order_obstacles(self, order):
        checks_in_turn = (
            self._confirmation_problem,
            self._account_problem,
            self._order_currency_problem,
            self._order_cover_problem,
            self._down_payment_problem,
        )
        return [problem for check in checks_in_turn if (problem := check(order))][:1]

    def _confirmation_problem(self, order):
        if order.state == "sale":
            return None
        return Problem(
            "not_confirmed",
            _("%(order)s is not confirmed."),
            _("Confirm the order first."),
            {"order": order.display_name},
        )

    def _order_currency_problem(self, order):
        problem = self._currency_problem(order)
        if problem and problem.code == "no_currency_rate":
            return replace(problem, fix=_("Enter the rate, then check again."))
        return problem

    def _lacks_rate(self, move):
        """An order is converted at today's rate, as an invoice of today would be."""
        if move._name != "sale.order":
            return super()._lacks_rate(move)
        company = move.company_id
        if move.currency_id == company.currency_id:
            return False
        # sudo: whether there is a rate, nothing else
        domain = [
            ("currency_id", "=", move.currency_id.id),
            ("company_id", "in", (False, company.root_id.id)),
            ("name", "<=", fields.Date.context_today(move)),
        ]
        return not self.env["res.currency.rate"].sudo().search_count(domain, limit=1)

    def _order_cover_problem(self, order):
        # sudo: what is covered doesn't depend on who asks
        rows = order.sudo().fapiao_request_ids.line_ids.filtered(
            lambda row: row.live and not (row.order_line_id or row.move_id or row.lost_fapiao_id)
        )
        return self._lost_line(order, rows) if rows else None

    def _down_payment_problem(self, order):
        """A down payment with its own fapiao is taken off on the final invoice; the order can't know how."""
        # sudo: what is covered doesn't depend on who asks
        rows = order.sudo().order_line.filtered("is_downpayment")._fapiao_rows()
        if not rows or not exact(sum(rows.mapped("amount_total"))):
            return None
        return Problem(
            "down_payment_issued",
            _("A down payment of %(order)s has a fapiao already: %(numbers)s."),
            _("Issue the rest from the final invoice, which takes the down payment off."),
            {"order": order.display_name, "numbers": rows._say_what_binds()},
        )

    # ------------------------------------------------------------------ what is chosen

    def _quantity_problems(self, line, quantity, catalogue):
        left = exact(line.fapiao_qty_open, catalogue.quantity_digits)
        if quantity * left > 0 and abs(quantity) <= abs(left):
            return []
        return [
            Problem(
                "more_than_open",
                _("Of “%(line)s” %(left)s are left without a fapiao, not %(quantity)s."),
                _("Choose as many or fewer."),
                {"line": self._words_of(line), "left": plain(left), "quantity": plain(quantity)},
                line=line._fapiao_key(),
            )
        ]

    def _nothing_chosen(self):
        return Problem(
            "nothing_chosen",
            _("Nothing is chosen."),
            _("Enter the quantity of at least one line."),
        )

    def _recipient(self, order, choice):
        """Return ``(party, problems)``: the buyer, with the mail and phone chosen for this fapiao."""
        email, mobile = email_normalize(choice.email or "", strict=False) or "", _mobile(choice.phone)
        problems = []
        if choice.email and not email:
            problems.append(
                Problem(
                    "recipient_email",
                    _("“%(email)s” is no mail address, so the fapiao can't be sent there."),
                    _("Correct the address, or leave it empty."),
                    {"email": choice.email},
                )
            )
        if choice.phone and not mobile:
            problems.append(
                Problem(
                    "recipient_phone",
                    _("“%(phone)s” is no Chinese mobile number, so no text message can be sent there."),
                    _("Enter eleven digits, or leave it empty."),
                    {"phone": choice.phone},
                )
            )
        party = order.partner_invoice_id._fapiao_party()
        return replace(party, email=email, mobile=mobile), problems

    # ------------------------------------------------------------------ down payments of a covered order

    def _net_items(self, moves, credits_, catalogue):
        items, problems = super()._net_items(moves, credits_, catalogue)
        problems = problems + [problem for move in moves for problem in self._advance_problems(move)]
        return (None if problems else items), problems

    def _advance_problems(self, move):
        """Return the problem of a down payment on goods that have their fapiao already."""
        # sudo: whoever invoices an order needn't be allowed to read it
        advances = move.sudo().invoice_line_ids.filtered(
            lambda line: line.is_downpayment and line.balance < 0
        )
        rows = advances.sale_line_ids.order_id.order_line._fapiao_rows_of_order()
        if not rows:
            return []
        return [
            Problem(
                "advance_covered",
                _("The goods that %(invoice)s is a down payment for are on a fapiao already: %(numbers)s."),
                _("Nothing needs to be issued for the down payment."),
                {"invoice": move.display_name, "numbers": rows._say_what_binds()},
            )
        ]
