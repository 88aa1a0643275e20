"""Model ``account.move``: an invoice of an order with a fapiao shares that fapiao.

Lines of a request from an order have no invoice until posting assigns them; from then on they cover the
invoice, and only the rest is issued.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ...rules.problems import Problem, _
from ..issuing.builder import Builder
from ..values import ADVANCE_GOODS, ADVANCE_LATER, ADVANCE_RECEIPT, ORDINARY


class AccountMove(models.Model):
    _inherit = "account.move"

    # compute_sudo: users who invoice an order may lack access to it
    fapiao_is_advance = fields.Boolean(compute="_compute_fapiao_is_advance", compute_sudo=True)

    # ------------------------------------------------------------------ down payments

    @api.depends("invoice_line_ids.is_downpayment", "invoice_line_ids.balance")
    def _compute_fapiao_is_advance(self):
        for move in self:
            move.fapiao_is_advance = move.move_type == "out_invoice" and bool(move._fapiao_advance_lines())

    @api.depends("fapiao_advance", "invoice_line_ids.sale_line_ids.invoice_lines.move_id.fapiao_advance")
    def _compute_fapiao_state(self):
        return super()._compute_fapiao_state()

    @api.depends("fapiao_advance")
    def _compute_fapiao_can_issue(self):
        return super()._compute_fapiao_can_issue()

    @api.depends("fapiao_advance")
    def _compute_fapiao_type(self):
        """What is not taxed stands on an ordinary fapiao."""
        receipts = self.filtered(lambda move: move.fapiao_advance == ADVANCE_RECEIPT)
        receipts.fapiao_type = ORDINARY
        return super(AccountMove, self - receipts)._compute_fapiao_type()

    def _fapiao_left_off(self):
        """Leave off a down payment without a fapiao of its own for now, and on the final invoice the deduction of one
        that no fapiao shows as goods: that fapiao shows the whole price.
        """
        lines = super()._fapiao_left_off()
        origin = self.reversed_entry_id or self
        if origin.fapiao_advance not in (ADVANCE_GOODS, ADVANCE_RECEIPT):
            lines |= self._fapiao_advance_lines()
        for line in self.invoice_line_ids.filtered("is_downpayment") - self._fapiao_advance_lines():
            advances = line._fapiao_advances_deducted()
            if advances and set(advances.mapped("fapiao_advance")) != {ADVANCE_GOODS}:
                lines |= line
        return lines

    def _fapiao_advances_deducted(self):
        """Return the down payment invoices that these invoices deduct."""
        deductions = self.invoice_line_ids.filtered("is_downpayment") - self._fapiao_advance_lines()
        return deductions._fapiao_advances_deducted() if deductions else self.browse()

    def _fapiao_rows_instead(self):
        """Return the live request lines of the invoices that deduct these down payments."""
        # sudo: coverage is the same for every user
        lines = self.sudo()._fapiao_advance_lines()
        final = lines.sale_line_ids.invoice_lines.move_id.filtered(lambda move: self & move._fapiao_advances_deducted())
        return final.fapiao_request_line_ids.filtered("live")

    def _fapiao_may_decide(self):
        return super()._fapiao_may_decide() or bool(
            self.fapiao_advance not in (ADVANCE_GOODS, ADVANCE_RECEIPT)
            and self._fapiao_advance_lines()
            and not self._fapiao_rows_instead()
        )

    def _fapiao_decision_problem(self):
        values = {"invoice": self.display_name}
        if not self._fapiao_advance_lines():
            return super()._fapiao_decision_problem()
        if not self.fapiao_advance:
            return Problem(
                "advance_undecided",
                _("%(invoice)s is a down payment, and it isn't decided what its fapiao shows."),
                _("Choose it under Down Payment, or for all of the company in Settings > Accounting > Fapiao."),
                values,
            )
        if self.fapiao_advance == ADVANCE_LATER and not self._fapiao_total():
            return Problem(
                "advance_later",
                _("%(invoice)s is a down payment that gets no fapiao yet: the final invoice's shows all."),
                _("Nothing needs to be done; to issue one, choose what it shows under Down Payment."),
                values,
            )
        if self.fapiao_advance == ADVANCE_RECEIPT and not self.fapiao_advance_code_id:
            return Problem(
                "advance_code_missing",
                _("The advance receipt of %(invoice)s has no tax classification code."),
                _("Choose one that begins with 6 beside the choice."),
                values,
            )
        return None

    def _fapiao_decide(self, choice, code=None):
        """Let the fapiao of these down payments show ``choice``, with ``code`` where it is an advance receipt."""
        code = code or self.env["fapiao.tax.code"]
        if not self:
            return
        self.write({"fapiao_advance": choice, "fapiao_advance_code_id": choice == ADVANCE_RECEIPT and code.id})

    def _fapiao_decide_on_posting(self):
        """Take over what the company remembers; where the order has a fapiao of its own, that one shows all."""
        for move in self.filtered(lambda move: move.fapiao_is_advance and not move.fapiao_advance):
            order_lines = move._fapiao_orders().order_line
            company = move.company_id
            if order_lines._fapiao_rows_of_order():
                move._fapiao_decide(ADVANCE_LATER)
            elif company.fapiao_advance:
                move._fapiao_decide(company.fapiao_advance, company.fapiao_advance_code_id)

    def _fapiao_fix_decisions(self):
        """Keep what the fapiao of these invoices and of the down payments they deduct rest on, as a request is made.

        A fapiao issued elsewhere may stand for a down payment that nobody has decided on: it shows goods.
        """
        own = self.filtered(lambda move: move.fapiao_is_advance)
        own.filtered(lambda move: move.fapiao_advance not in (ADVANCE_GOODS, ADVANCE_RECEIPT))._fapiao_decide(
            ADVANCE_GOODS
        )
        self._fapiao_advances_deducted().filtered(lambda move: not move.fapiao_advance)._fapiao_decide(ADVANCE_LATER)

    def write(self, vals):
        if "fapiao_advance" in vals:
            self._fapiao_raise_if_decided(vals["fapiao_advance"] or False)
        return super().write(vals)

    def _fapiao_raise_if_decided(self, choice):
        """Refuse another choice for a down payment whose fapiao, or that of its final invoice, rests on it."""
        for move in self.filtered(lambda move: move.fapiao_advance and move.fapiao_advance != choice):
            # sudo: coverage is the same for every user
            rows = move.sudo().fapiao_request_line_ids.filtered("live") | move._fapiao_rows_instead()
            if rows:
                raise UserError(
                    self.env._(
                        "What the fapiao of the down payment %(invoice)s shows can't be changed: %(what)s rests on it.",
                        invoice=move.display_name,
                        what=rows._describe_what_binds() or rows[0].request_id.display_name,
                    )
                )

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
        self.sudo()._fapiao_decide_on_posting()  # sudo: a setting of the company decides
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
        advances = self.sudo()._fapiao_advance_lines() if self.fapiao_advance == ADVANCE_GOODS else None
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
