"""Builds neutral fapiao from sale orders: texts and checks as for invoices, amounts by units."""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, replace

from odoo import fields
from odoo.tools import email_normalize

from ...rules import checks
from ...rules import draft as drafting
from ...rules.amounts import ZERO, plain
from ...rules.document import DIGITAL, Item
from ...rules.problems import Problem, _
from ...rules.shares import next_part
from ..issuing import fapiao_twins
from ..issuing.builder import Builder, Built, Covered
from ..master.res_partner import _mobile
from ..values import exact

NOTHING_COVERED = Covered({}, {}, {})  # coverage is not needed here


@dataclass(frozen=True)
class BuiltOrder(Built):
    """One planned fapiao of an order, or of several; it has no invoices."""

    orders: object = None

    @property
    def sources(self):
        return self.orders


@dataclass(frozen=True)
class Choice:
    """Input of the request dialog: ``quantities`` by order line, and data to print or send. ``reason``: for charging
    3 percent.
    """

    quantities: dict
    type: str
    remark: str = ""
    email: str = ""
    phone: str = ""
    form: str = DIGITAL
    reason: str = ""


class OrderBuilder(Builder):
    def _build_orders(self, orders, choice):
        """Return the :class:`BuiltOrder` of the selected lines, several beyond the limits of one; reads only."""
        nobody = self.env["account.move"]
        if problems := self._orders_obstacles(orders):
            return [BuiltOrder(nobody, None, problems, orders=orders)]
        company, account = orders.company_id, orders[:1]._fapiao_account()
        limits = account._limits(self.env["fapiao.tax.code"]._summary_codes())
        recipient, problems = self._recipient(orders[:1], choice)
        parties = company._fapiao_seller(account), recipient, choice.type
        items, found = self._items_of_orders(orders, choice)
        problems += found + self._company_problems(company, account) + list(fapiao_twins.of_orders(orders).values())
        draft, found = self._orders_draft(orders[:1], choice, items, parties, limits)
        problems += found
        whole = BuiltOrder(nobody, draft, problems, orders=orders)
        if not draft:
            # the user sees all problems at once
            problems += checks.check_parties(*parties, limits)
            return [whole]
        all_built = self._split(whole, items, NOTHING_COVERED, limits)
        return self.env["fapiao.accepted.warning"]._without_accepted(all_built)

    def _orders_draft(self, order, choice, items, parties, limits):
        """Return ``(draft, problems)`` of ``items``, pairs of order and item."""
        if items is None:
            return None, []
        items = [item for _order, item in items]
        return drafting.build(
            items,
            *parties,
            sum((item.amount for item in items), ZERO),
            sum((item.tax for item in items), ZERO),
            limits=limits,
            remark=choice.remark,
            drawer=order._fapiao_drawer_text() or self.env.user.name or "",
            **self._printed(order, items, choice.form, choice.reason),
        )

    def _values_of_share(self, document, share, sequence):
        return {
            "sequence": sequence,
            "move_id": False,
            "order_line_id": int(share.item.key.removeprefix("order_")),
            "name": share.item.name,
            "quantity": float(share.quantity),
            "amount_untaxed": float(share.amount),
            "amount_tax": float(share.tax),
        }

    def _part_of(self, whole, draft, share_values):
        part = super()._part_of(whole, draft, share_values)
        lines = {values["order_line_id"] for values in share_values}
        return replace(part, orders=whole.orders.filtered(lambda order: lines.intersection(order.order_line.ids)))

    # ------------------------------------------------------------------ lines

    def _items_of_orders(self, orders, choice):
        """Return ``(items, problems)`` of the selected lines, in CNY at today's rate, as an invoice of today;
        ``items`` as pairs of order and item, None if a line is invalid.
        """
        lines = orders.order_line.filtered(choice.quantities.get)
        if not lines:
            problem = Problem("nothing_chosen", _("Nothing is chosen."), _("Enter the quantity of at least one line."))
            return None, [problem]
        catalogue = self._catalogue_of(lines.product_id)
        items, problems = [], []
        for order in orders:
            for base_line in self._order_base_lines(order):
                if (line := base_line["record"]) in lines:
                    item, found = self._order_item(base_line, choice.quantities[line], catalogue)
                    items.append((order, item))
                    problems += found
        return (None if problems else items), self._once(problems)

    def _order_base_lines(self, order):
        """Return core's base lines of the order, rounded together so that they sum to its totals."""
        taxes, company = self.env["account.tax"], order.company_id
        rate = self.env["res.currency"]._get_conversion_rate(
            company.currency_id, order.currency_id, company, fields.Date.context_today(order)
        )
        base_lines = [line._prepare_base_line_for_taxes_computation(rate=rate) for line in order._get_priced_lines()]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        return base_lines

    def _order_item(self, base_line, wanted, catalogue):
        line, details = base_line["record"], base_line["tax_details"]
        tax_data, problems = self._tax_of(base_line)
        problems = [replace(problem, line=line._fapiao_key()) for problem in problems]
        quantity = exact(wanted, catalogue.quantity_digits)
        problems += self._quantity_problems(line, quantity, catalogue)
        total = exact(details["total_excluded"] + details["delta_total_excluded"])
        amount = self._order_share(line, total, "amount_untaxed", quantity, catalogue)
        if amount > 0 and not line.product_id:
            problems.append(replace(self._no_product(line), line=line._fapiao_key()))
        tax = exact(tax_data["tax_amount"]) if tax_data else ZERO
        return Item(
            **self._texts_of(line, line.product_id, tax_data, catalogue),
            key=line._fapiao_key(),
            amount=amount,
            tax=self._order_share(line, tax, "amount_tax", quantity, catalogue) if tax_data else ZERO,
            quantity=quantity,
            discount=self._discount(base_line, tax_data, quantity, amount),
            document=f"order_{line.order_id.id}",
        ), problems

    def _order_share(self, line, total, name, quantity, catalogue):
        """Return the share of ``quantity`` in ``total``: the last units get the whole remainder."""
        rows = line._fapiao_rows()
        digits = catalogue.quantity_digits
        return next_part(
            total,
            exact(line.product_uom_qty, digits),
            exact(line.fapiao_qty_covered, digits),
            quantity,
            sum((exact(row[name]) for row in rows), ZERO),
            len(rows),
        )

    # ------------------------------------------------------------------ problems of an order, or of the selected lines

    def _orders_obstacles(self, orders):
        """Return the first problem of each order that prevents any fapiao, or why they can't be merged."""
        checks_in_turn = (
            self._confirmation_problem,
            self._account_problem,
            self._order_currency_problem,
            self._order_cover_problem,
            self._down_payment_problem,
        )
        found = self._merge_problems(orders) if len(orders) > 1 else []
        return found or self._once(
            [problem for order in orders for problem in self._first_problem(order, *checks_in_turn)]
        )

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
        """An order is converted at today's rate, as an invoice of today."""
        today = fields.Date.context_today(move)
        is_converted = move.currency_id != move.company_id.currency_id
        return is_converted and not self._has_rate(move, ("name", "<=", today))

    def _order_cover_problem(self, order):
        # sudo: coverage is the same for every user
        rows = order.sudo().fapiao_request_ids.line_ids.filtered(
            lambda row: row.live and not (row.order_line_id or row.move_id or row.lost_fapiao_id)
        )
        return self._lost_line(order, rows) if rows else None

    def _down_payment_problem(self, order):
        """A down payment with its own fapiao is deducted on the final invoice, so the order can't be issued."""
        # sudo: coverage is the same for every user
        rows = order.sudo().order_line.filtered("is_downpayment")._fapiao_rows()
        if not rows or not exact(sum(rows.mapped("amount_total"))):
            return None
        return Problem(
            "down_payment_issued",
            _("A down payment of %(order)s has a fapiao already: %(numbers)s."),
            _("Issue the rest from the final invoice, which takes the down payment off."),
            {"order": order.display_name, "numbers": rows._describe_what_binds()},
        )

    # ------------------------------------------------------------------ selection

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

    def _recipient(self, order, choice):
        """Return ``(party, problems)``: the buyer, with mail and phone chosen in the dialog."""
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
