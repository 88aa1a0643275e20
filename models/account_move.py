"""What an invoice knows of its fapiao: relations and stored computes, never a state of its own.

A write on ``account.move`` costs fifty times one on our own models and marks the invoice as edited by
hand (shared/odoo19.md, trap 3), so requests and fapiao feed these fields.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from .fapiao_outbound import OPEN_STATES
from .fapiao_types import LIVING


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["fapiao.guard.mixin", "account.move", "fapiao.document.mixin"]
    _fapiao_inputs = frozenset({"fapiao_type", "fapiao_remark"})

    fapiao_request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_move_rel", "move_id", "request_id", "Fapiao Requests", copy=False
    )
    fapiao_request_line_ids = fields.One2many("fapiao.request.line", "move_id", copy=False)
    fapiao_ids = fields.Many2many("fapiao", "fapiao_move_rel", "move_id", "fapiao_id", copy=False)
    fapiao_type = fields.Selection(
        [("special", "Special (专票)"), ("ordinary", "Ordinary (普票)")],
        compute="_compute_fapiao_type",
        store=True,
        readonly=False,
        copy=False,
    )
    fapiao_remark = fields.Char(
        compute="_compute_fapiao_remark",
        store=True,
        readonly=False,
        copy=False,
        help="Printed as 备注. {invoice} and {order} stand for the numbers of this invoice and its order.",
    )
    # compute_sudo: salespeople see invoices, but neither fapiao nor requests
    fapiao_message = fields.Text(compute="_compute_fapiao_message", compute_sudo=True)
    fapiao_can_issue = fields.Boolean(compute="_compute_fapiao_can_issue")

    # for the search of invoices that look alike (fapiao_twins)
    _fapiao_twins = models.Index(
        "(company_id, commercial_partner_id, invoice_date)"
        " WHERE move_type = 'out_invoice' AND state = 'posted'"
    )

    # ------------------------------------------------------------------ computes

    @api.depends(
        "state",
        "move_type",
        "amount_total_signed",
        "fapiao_request_ids.state",
        "fapiao_request_line_ids.live",
        "fapiao_request_line_ids.state",
        "fapiao_request_line_ids.amount_total",
        "fapiao_ids.status",
        "fapiao_ids.number",
        "fapiao_red_form_ids.is_open",
        "fapiao_red_form_ids.stage",
        "fapiao_red_form_ids.follow_up",
        "reversal_move_ids.state",
        "reversal_move_ids.amount_total_signed",
        "reversal_move_ids.fapiao_request_line_ids.live",
        "reversal_move_ids.fapiao_request_line_ids.state",
        "reversed_entry_id.fapiao_ids.status",
        "reversed_entry_id.fapiao_request_line_ids.live",
    )
    def _compute_fapiao_state(self):
        for move in self:
            facts = move.fapiao_ids.sorted("id")
            move.fapiao_numbers = ", ".join(facts.mapped("number")) or False
            move.fapiao_amount_open = 0.0
            move.fapiao_state = "none"
            if move.state != "posted":
                continue
            if move.move_type == "out_invoice":
                move.fapiao_amount_open = move._fapiao_open()
                move.fapiao_state = move._fapiao_state_from(facts)
            elif move.move_type == "out_refund":
                move.fapiao_state = move._fapiao_state_of_credit()
                if move.fapiao_state not in ("none", "issued"):
                    move.fapiao_amount_open = move._fapiao_open_of_credit()

    def _fapiao_open(self):
        """Return what no fapiao stands for: the invoice less its credit notes, less what is issued for
        them. Below zero, a fapiao says more than the books: its red letter is due."""
        documents = self | self._fapiao_credits()
        total = sum(document.amount_total_signed for document in documents)
        return self.company_currency_id.round(
            total - sum(documents.mapped(lambda move: move._fapiao_covered()))
        )

    def _fapiao_covered(self):
        """Return the amount of this document that living fapiao stand for."""
        issued = self.fapiao_request_line_ids.filtered(lambda line: line.live and line.state == "issued")
        return sum(issued.mapped("amount_total"))

    def _fapiao_state_from(self, facts):
        """Return the state that requests, red forms, fapiao and the open amount add up to."""
        self.ensure_one()
        states = set(self.fapiao_request_ids.mapped("state"))
        living = facts.filtered(lambda fapiao: fapiao.color == "blue" and fapiao.status in LIVING)
        currency = self.company_currency_id
        if self._fapiao_is_going():
            return "pending"
        if living:
            return "partial" if currency.compare_amounts(self.fapiao_amount_open, 0) > 0 else "issued"
        if facts:
            return "red"
        if self._fapiao_credits() and currency.is_zero(self.fapiao_amount_open):
            return "none"  # credited in full before any fapiao was issued
        if "rejected" in states:
            return "failed"
        # only where fapiao exist at all: a database can hold companies of other countries
        return "to_issue" if self.company_id.account_fiscal_country_id.code == "CN" else "none"

    @api.depends("commercial_partner_id", "company_id", "move_type")
    def _compute_fapiao_type(self):
        for move in self:
            move.fapiao_type = move.move_type == "out_invoice" and move._fapiao_default_type()

    def _fapiao_default_type(self):
        return self.commercial_partner_id.fapiao_type or self.company_id.fapiao_default_type or "ordinary"

    def _fapiao_type_or_default(self):
        """Return the invoice's type; one from before the addon has none chosen yet."""
        return self.fapiao_type or self._fapiao_default_type()

    @api.depends("company_id", "move_type")
    def _compute_fapiao_remark(self):
        """The company's remark with its places still open: the invoice gets its number when it is posted,
        and what a person has written meanwhile must not be computed anew then."""
        for move in self:
            move.fapiao_remark = move.move_type == "out_invoice" and move.company_id.fapiao_remark

    def _fapiao_remark_text(self):
        """Return the remark as it is printed."""
        self.ensure_one()
        places = {"{invoice}": self.name, "{order}": self.invoice_origin}
        remark = self.fapiao_remark or ""
        for place, text in places.items():
            remark = remark.replace(place, text or "")
        return remark.strip()

    @api.depends(
        "fapiao_state",
        "fapiao_request_ids.state",
        "fapiao_request_ids.error_message",
        "fapiao_request_ids.error_fix",
        "fapiao_request_ids.cloud_state",
        "fapiao_request_ids.is_double",
    )
    @api.depends_context("uid")
    def _compute_fapiao_message(self):
        """That two fapiao stand for this invoice; else the words of the last request, as long as it has not led to
        one."""
        for move in self:
            last = move._fapiao_last_request()
            said = last._said() if last.state not in ("issued", "withdrawn") else []
            said = move.fapiao_request_ids.filtered("is_double")._double_message() or said
            # the cloud's words are for employees: customers read their invoices too
            move.fapiao_message = self.env.user._is_internal() and "\n".join(said) or False

    @api.depends("move_type", "state", "fapiao_state", "fapiao_amount_open", "fapiao_lost_text")
    def _compute_fapiao_can_issue(self):
        for move in self:
            move.fapiao_can_issue = (
                move.move_type == "out_invoice"
                and move.state == "posted"
                # partly issued: what a rejected or reversed slice has left open
                and move.fapiao_state not in ("pending", "issued")
                # reversed and credited in full: there is nothing to issue
                and not (move._fapiao_credits() and move.company_currency_id.is_zero(move.fapiao_amount_open))
                and move.company_id.account_fiscal_country_id.code == "CN"
                and not move.fapiao_lost_text
            )

    # ------------------------------------------------------------------ what a living fapiao forbids

    def _fapiao_raise_if_bound(self):
        """Refuse to change documents whose fapiao lives or may be on its way, and name the way out."""
        for move in self:
            if obstacle := move._fapiao_bound_by():
                raise UserError(obstacle)

    def _fapiao_bound_by(self):
        """Return in words what keeps this document from being changed, or ''.

        The links of the document are joined by the facts that lead to it: request lines, requests and the
        red forms of their fapiao.
        """
        self.ensure_one()
        # sudo: what binds a document doesn't depend on who asks
        move = self.sudo()
        rows = (move.fapiao_request_line_ids | move.line_ids.fapiao_request_line_ids).filtered("live")
        requests = move.fapiao_request_ids | rows.request_id
        issued = (move.fapiao_ids | requests.fapiao_ids).filtered(lambda fapiao: fapiao.direction == "out")
        if living := issued.filtered(lambda fapiao: fapiao._is_living()):
            return self.env._(
                "%(invoice)s has the fapiao %(numbers)s, which the tax bureau knows. Reverse it with a red"
                " fapiao first (Red-flush); then the invoice can be changed. Or credit the invoice.",
                invoice=self.display_name,
                numbers=", ".join(living.mapped("number")),
            )
        reds = issued.filtered(lambda fapiao: fapiao.color == "red" and fapiao.status == "normal")
        if self.move_type == "out_refund" and reds:
            return self.env._(
                "%(credit)s has the red fapiao %(numbers)s, which can't be undone. If the reversal was wrong,"
                " make a new invoice and issue a new fapiao for it.",
                credit=self.display_name,
                numbers=", ".join(reds.mapped("number")),
            )
        if form := (move.fapiao_red_form_ids | issued.red_form_ids).filtered("is_open")[:1]:
            return self.env._(
                "The fapiao of %(invoice)s is being reversed (%(form)s). Wait for the result; as long as"
                " nothing is sent, the form can be withdrawn.",
                invoice=self.display_name,
                form=form.display_name,
            )
        if request := requests.filtered(lambda request: request.state in OPEN_STATES)[:1]:
            return self.env._(
                "A fapiao for %(invoice)s is on its way (request %(request)s). Withdraw the request as long"
                " as nothing is sent, or wait for its result.",
                invoice=self.display_name,
                request=request.request_uid,
            )
        if rows:
            return self.env._(
                "%(invoice)s is covered by %(what)s, which is not reversed. Check it at the tax bureau, then"
                " click Refresh; to correct the invoice, credit it.",
                invoice=self.display_name,
                what=", ".join((rows.request_id.fapiao_ids or rows.request_id).mapped("display_name")),
            )
        return ""

    def write(self, vals):
        # Here, not in the buttons: the state can be written over RPC as well.
        if vals.get("state") in ("draft", "cancel"):
            self.filtered(lambda move: move.state != vals["state"])._fapiao_raise_if_bound()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()

    def _fapiao_before_issuing(self):
        """Hook: what has to be known of invoices that were just posted before they may be issued."""
