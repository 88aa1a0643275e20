"""Model ``account.move``: fapiao of customer invoices.

Sections: status, protection of documents with a fapiao, issuing, files, unattributed
amounts.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...rules.problems import errors
from ..cloud import gate
from ..cloud.fapiao_task_mixin import OPEN_STATES
from ..values import ADVANCES, DIGITAL_FORM, FORMS, KINDS, LEVIES, PROBLEM, SMALL_SCALE_REASONS, as_html, exact
from . import fapiao_twins
from .builder import Builder


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["fapiao.guard.mixin", "account.move", "fapiao.document.mixin"]
    _fapiao_inputs = frozenset(
        {
            *("fapiao_type", "fapiao_form", "fapiao_remark", "fapiao_small_scale_reason"),
            *("fapiao_account_id", "fapiao_drawer", "fapiao_element_ids"),
            *("fapiao_advance", "fapiao_advance_code_id", "fapiao_voucher_ids"),
        }
    )

    fapiao_request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_move_rel", "move_id", "request_id", "Fapiao Requests", copy=False
    )
    fapiao_request_line_ids = fields.One2many("fapiao.request.line", "move_id", copy=False)
    fapiao_ids = fields.Many2many("fapiao", "fapiao_move_rel", "move_id", "fapiao_id", copy=False)
    fapiao_type = fields.Selection(
        KINDS,
        compute="_compute_fapiao_type",
        store=True,
        readonly=False,
        copy=False,
    )
    fapiao_form = fields.Selection(
        FORMS,
        compute="_compute_fapiao_form",
        store=True,
        readonly=False,
        copy=False,
        help="What the fapiao is made of (票种), as far as the cloud of your account issues it.",
    )
    # compute_sudo: salespeople see invoices, but no accounts
    fapiao_forms = fields.Char(compute="_compute_fapiao_forms", compute_sudo=True)
    fapiao_is_small_scale = fields.Boolean(compute="_compute_fapiao_forms", compute_sudo=True)
    fapiao_small_scale_reason = fields.Selection(
        SMALL_SCALE_REASONS,
        "Reason for 3 %",
        copy=False,
        help="Why a small-scale taxpayer charges 3 percent on this invoice. If empty, the account's reason.",
    )
    fapiao_remark = fields.Char(
        compute="_compute_fapiao_remark",
        store=True,
        readonly=False,
        copy=False,
        help="Printed as 备注. {invoice} and {order} stand for the numbers of this invoice and its order.",
    )
    fapiao_advance = fields.Selection(
        ADVANCES,
        "Fapiao of the Down Payment",
        copy=False,
        help="What the fapiao of this down payment shows. Empty: not decided, nothing is issued.",
    )
    fapiao_advance_code_id = fields.Many2one(
        "fapiao.tax.code",
        "Code of the Advance Receipt",
        copy=False,
        domain=[("code", "=like", "6%")],
        help="Of what is not taxed: 601 for prepaid cards, 602 for real estate, and so on.",
    )
    fapiao_can_issue = fields.Boolean(compute="_compute_fapiao_can_issue")
    fapiao_element_ids = fields.One2many(
        "fapiao.element",
        "move_id",
        "Special Elements",
        copy=False,
        help="What the tax bureau wants to know of building services, real estate, transport and the like (特定要素).",
    )
    fapiao_voucher_ids = fields.One2many("fapiao.voucher", "move_id", "Deducted Vouchers", copy=False)
    fapiao_levy = fields.Selection(LEVIES, "Taxation", compute="_compute_fapiao_levy", compute_sudo=True)

    # for the search of similar invoices (fapiao_twins)
    _fapiao_twins = models.Index(
        "(company_id, commercial_partner_id, invoice_date) WHERE move_type = 'out_invoice' AND state = 'posted'"
    )

    # compute_sudo: salespeople see invoices, but neither fapiao nor requests
    fapiao_lost_text = fields.Text(compute="_compute_fapiao_lost_text", compute_sudo=True)

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
                is_zero = move.company_currency_id.is_zero(move.fapiao_amount_open)
                move.fapiao_state = move._fapiao_state_from(
                    facts, is_credited=is_zero and move._fapiao_credits(), is_due=not is_zero
                )
            elif move.move_type == "out_refund":
                move.fapiao_state = move._fapiao_state_of_credit()
                if move.fapiao_state not in ("none", "issued"):
                    move.fapiao_amount_open = move._fapiao_open_of_credit()

    def _fapiao_open(self):
        """Return the amount without a fapiao: invoice less credit notes, less what is issued for them. A
        negative amount means that a red fapiao is due.
        """
        documents = self | self._fapiao_credits()
        total = sum(document._fapiao_total() for document in documents)
        return self.company_currency_id.round(total - sum(documents.mapped(lambda move: move._fapiao_covered())))

    def _fapiao_total(self):
        """Return what fapiao are to show of this document, with tax, in CNY, signed as ``amount_total_signed``."""
        self.ensure_one()
        if left_off := self._fapiao_left_off():
            return Builder(self.env)._total_without(self, left_off)
        return self.amount_total_signed + sum(self._fapiao_rounding_up().mapped("balance"))

    def _fapiao_advance_lines(self):
        """Return the lines that ask for a down payment, or credit one; a final invoice deducts it by its opposite."""
        return self.invoice_line_ids.filtered(
            lambda line: line.is_downpayment and line.balance * line.move_id.direction_sign > 0
        )

    def _fapiao_left_off(self):
        """Hook: return the invoice lines that stay off the fapiao of this document."""
        return self.env["account.move.line"]

    def _fapiao_may_decide(self):
        """Hook: return whether it is still to be decided that this invoice gets a fapiao."""
        return False

    def _fapiao_decision_problem(self):
        """Hook: return the problem of an invoice of which it isn't decided what its fapiao shows, or None."""

    def _fapiao_rounding_lines(self):
        return self.line_ids.filtered(lambda line: line.display_type == "rounding")

    def _fapiao_rounding_up(self):
        """Return the line by which cash rounding has raised the total: it is no price of anything and stays off."""
        return self._fapiao_rounding_lines().filtered(lambda line: line.balance * self.direction_sign > 0)

    def _fapiao_covered(self):
        """Return the amount of this document covered by valid fapiao."""
        issued = self.fapiao_request_line_ids.filtered(lambda line: line.live and line.state == "issued")
        return sum(issued.mapped("amount_total"))

    @api.depends("commercial_partner_id", "company_id", "move_type")
    def _compute_fapiao_type(self):
        for move in self:
            move.fapiao_type = move.move_type == "out_invoice" and move._fapiao_default_type()

    @api.depends("move_type")
    def _compute_fapiao_form(self):
        for move in self:
            move.fapiao_form = move.move_type == "out_invoice" and DIGITAL_FORM

    def _fapiao_form_or_default(self):
        """Return the invoice's form; invoices from before the installation have none."""
        return self.fapiao_form or DIGITAL_FORM

    @api.depends("move_type", "fapiao_type", "fapiao_account_used_id")
    def _compute_fapiao_forms(self):
        for move in self:
            account = move.fapiao_account_used_id
            forms = account._forms(move._fapiao_type_or_default()) if move.move_type == "out_invoice" else []
            move.fapiao_forms = ",".join(forms)
            move.fapiao_is_small_scale = bool(forms) and account.small_scale

    def _fapiao_type_or_default(self):
        """Return the invoice's type; invoices from before the installation have none."""
        return self.fapiao_type or self._fapiao_default_type()

    @api.depends("company_id", "move_type")
    def _compute_fapiao_remark(self):
        """The company's remark with its placeholders: the number is set on posting, and a remark edited by
        the user must not be recomputed then.
        """
        for move in self:
            move.fapiao_remark = move.move_type == "out_invoice" and move.company_id._fapiao_setting("fapiao_remark")

    def _fapiao_remark_text(self):
        self.ensure_one()
        remark = (self.fapiao_remark or "").replace("{invoice}", self.name or "")
        return remark.replace("{order}", self.invoice_origin or "").strip()

    def _fapiao_lines(self):
        return self.invoice_line_ids

    def _fapiao_asks_for_notes(self):
        """Return whether a person shall say if the notes of one of these invoices are printed."""
        return any(move.company_id.fapiao_notes == "ask" and move._fapiao_notes() for move in self)

    @api.depends("move_type", "state", "fapiao_state", "fapiao_amount_open", "fapiao_lost_text")
    def _compute_fapiao_can_issue(self):
        for move in self:
            move.fapiao_can_issue = (
                move.move_type == "out_invoice"
                and move.state == "posted"
                # partly issued: the slices left open by a rejection or reversal
                and move.fapiao_state not in ("pending", "issued")
                and (move._fapiao_is_due() or move._fapiao_may_decide())
                and move.company_id.account_fiscal_country_id.code == "CN"
                and not move.fapiao_lost_text
            )

    def _fapiao_is_due(self):
        """Return whether an amount is left to issue; none is of an invoice of zero or one credited in full."""
        # sudo: coverage is the same for every user; computed, as invoices from before the installation store 0
        return self.company_currency_id.compare_amounts(self.sudo()._fapiao_open(), 0) > 0

    @api.depends("move_type", "invoice_line_ids.tax_ids.fapiao_levy")
    def _compute_fapiao_levy(self):
        for move in self:
            taxes = move.is_sale_document() and move._fapiao_differential_lines().tax_ids
            move.fapiao_levy = taxes and next(filter(None, taxes.mapped("fapiao_levy")), False)

    @api.depends("fapiao_voucher_ids.deducted")
    def _compute_tax_totals(self):
        return super()._compute_tax_totals()

    @api.depends("fapiao_red_form_ids.state", "fapiao_red_form_ids.in_doubt")
    def _compute_fapiao_offers(self):
        return super()._compute_fapiao_offers()

    @api.depends("fapiao_request_line_ids.live", "fapiao_request_line_ids.lost_fapiao_id")
    def _compute_fapiao_lost_text(self):
        for move in self:
            rows = move._fapiao_rows_lost()
            said = rows and rows.request_id._bundle()._describe_lost(rows.lost_fapiao_id)
            move.fapiao_lost_text = said or False

    # ------------------------------------------------------------------ protection of documents with a fapiao

    def _fapiao_raise_if_bound(self):
        """Raise ``UserError`` with the cure for documents with a valid fapiao or one on its way."""
        for move in self:
            if obstacle := move._fapiao_bound_by():
                raise UserError(obstacle)

    def _fapiao_bound_by(self):
        """Return as text what prevents changes of this document, or "".

        Beside the links of the document this reads what leads to it: request lines, requests and the red
        forms of their fapiao.
        """
        self.ensure_one()
        # sudo: the protection is the same for every user
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
        # here, not in the buttons, since RPC can write the state as well
        if vals.get("state") in ("draft", "cancel"):
            self.filtered(lambda move: move.state != vals["state"])._fapiao_raise_if_bound()
        self._fapiao_check_choice(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_fapiao(self):
        self._fapiao_raise_if_bound()

    def _fapiao_before_issuing(self):
        """Hook: called for posted invoices before they may be issued."""

    def _fapiao_line_problems(self):
        """Hook: return further problems of this invoice's lines."""
        return []

    # ------------------------------------------------------------------ differential taxation

    def _fapiao_differential_lines(self):
        """Return the lines of these documents whose tax is levied on a difference, or is declared so."""
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and any(line.tax_ids.mapped("fapiao_levy"))
        )

    def _prepare_product_base_line_for_taxes_computation(self, product_line):
        base_line = super()._prepare_product_base_line_for_taxes_computation(product_line)
        if product_line.fapiao_deducted and self.is_sale_document():
            self.env["account.tax"]._fapiao_deduct(base_line, exact(product_line.fapiao_deducted), self.company_id)
        return base_line

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note takes back the tax of the invoice, so it deducts the same."""
        default_values_list = default_values_list or [{} for _move in self]
        for move, values in zip(self, default_values_list, strict=True):
            if move.fapiao_voucher_ids and move.move_type == "out_invoice":
                values["fapiao_voucher_ids"] = move.fapiao_voucher_ids._copied()
        return super()._reverse_moves(default_values_list, cancel)

    def _fapiao_check_differential(self):
        """Raise ``UserError`` where the tax of a difference can't be posted: of several lines it isn't known which one
        bears it, and no more than the price is deducted.
        """
        for move in self.filtered("fapiao_levy"):
            lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product" and line.balance)
            if len(lines) > 1:
                raise UserError(
                    self.env._(
                        "%(invoice)s has %(count)s lines, but under differential taxation (差额征税) a fapiao has one."
                        " Invoice each line on its own.",
                        invoice=move.display_name,
                        count=len(lines),
                    )
                )
            deducted = sum(move.fapiao_voucher_ids.mapped("deducted"))
            if move.company_currency_id.compare_amounts(deducted, abs(move.amount_total_signed)) > 0:
                raise UserError(
                    self.env._(
                        "The vouchers of %(invoice)s deduct %(deducted)s, more than its total. Correct what they"
                        " deduct.",
                        invoice=move.display_name,
                        deducted=move.company_currency_id.format(deducted),
                    )
                )

    # ------------------------------------------------------------------ actions

    def action_fapiao_issue(self):
        """Issue the fapiao of these invoices if there is no problem and each gets one; otherwise send nothing
        and open the dialog with the problems or the split.
        """
        gate.check(self, gate.ISSUER, "write")
        moves = self._fapiao_lock()
        moves._fapiao_raise_if_impossible()
        going = moves.filtered(lambda move: move.fapiao_state == "pending")
        built = Builder(self.env)._build(moves - going)
        free = moves - going
        if any(item.problems for item in built) or len(built) > len(free) or free._fapiao_asks_for_notes():
            return self.env["fapiao.issue"]._open(self)
        requests = self._fapiao_enqueue(built)
        requests |= going.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES)
        return requests.action_follow()

    def action_fapiao_issue_options(self):
        """Open the dialog that says how the fapiao of these invoices are to be issued; nothing is sent yet."""
        gate.check(self, gate.ISSUER, "write")
        self._fapiao_raise_if_impossible()
        return self.env["fapiao.issue"]._open(self)

    def action_fapiao_line_codes(self):
        """Open the lines for entering tax classification codes; the lines of a posted invoice are fixed on its form."""
        gate.check(self, gate.INVOICER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Tax Classification Codes of the Lines"),
            "res_model": "account.move.line",
            "views": [(self.env.ref("l10n_cn_invoice_cloud.view_move_line_code_list").id, "list")],
            "domain": [("move_id", "in", self.ids), ("display_type", "=", "product")],
            "context": {"create": False},
        }

    def action_fapiao_merge(self):
        """Open the dialog that previews these invoices on one fapiao; nothing is sent yet."""
        gate.check(self, gate.ISSUER, "write")
        if len(self) < 2:
            raise UserError(self.env._("Select the invoices that shall share a fapiao: at least two."))
        self._fapiao_raise_if_impossible()
        if going := self.filtered(lambda move: move.fapiao_state == "pending"):
            raise UserError(
                self.env._(
                    "A fapiao for %s is on its way. Wait for its result, or leave the invoice out.",
                    ", ".join(going.mapped("display_name")),
                )
            )
        return self.env["fapiao.issue"]._open(self, is_merged=True)

    # ------------------------------------------------------------------ posting

    def _post(self, soft=True):
        self._fapiao_check_differential()
        posted = super()._post(soft)
        posted.filtered(lambda move: move.move_type == "out_invoice")._fapiao_fill_elements()
        posted._fapiao_before_issuing()
        posted.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.company_id.fapiao_auto_issue
                and move._fapiao_account()
                # what waits for a decision is told by an activity, what is put off is not
                and (move._fapiao_is_due() or (not move.fapiao_advance and move._fapiao_may_decide()))
                # by a fapiao of its sale order
                and not move._fapiao_is_covered()
            )
        )._fapiao_enqueue_on_posting()
        return posted

    def _fapiao_enqueue_on_posting(self):
        """Only queue, since a call inside posting would roll back with it. Invoices that can't be issued are
        posted anyway, with an activity that gives the reason.
        """
        if not self:
            return
        built = Builder(self.env)._build(self)
        self._fapiao_create([item for item in fapiao_twins.without(built) if item.is_ready])
        for item in built:
            if not item.is_ready:
                item.moves._fapiao_tell(self.env._("The fapiao could not be requested"), errors(item.problems))
            elif twin := fapiao_twins.warning(item):
                item.moves._fapiao_tell_twin(twin)

    def _fapiao_tell_twin(self, twin):
        """Notify, once, that an invoice similar to another one is not issued automatically."""
        summary = self.env._("The fapiao waits for a decision")
        if summary not in self.activity_ids.mapped("summary"):
            self._fapiao_tell(summary, [twin])

    def _fapiao_tell(self, summary, problems):
        self.ensure_one()
        self.activity_schedule(
            PROBLEM,
            summary=summary,
            note=as_html(*dict.fromkeys(map(self._fapiao_describe, problems))),
            user_id=(self.invoice_user_id or self.env.user).id,
        )

    def _fapiao_close_problems(self):
        """Close the activity about problems, which are solved."""
        self.activity_unlink([PROBLEM])

    # ------------------------------------------------------------------ helpers

    def _fapiao_builder(self):
        return Builder(self.env)

    def _fapiao_lock(self):
        """Lock the invoices and return them reread.

        The first user has changed the row by its stored status, so the second user's transaction fails, is
        repeated by the HTTP layer and then reads the first one's request.
        """
        self.check_access("write")
        # in the order in which a request from a sale order locks both, to avoid a deadlock
        if orders := self._fapiao_orders():
            orders._fapiao_touch()
        self.env.cr.execute(SQL("SELECT id FROM account_move WHERE id IN %s ORDER BY id FOR UPDATE", tuple(self.ids)))
        self.invalidate_recordset(["fapiao_state", "fapiao_request_ids"], flush=False)
        return self

    def _fapiao_raise_if_impossible(self):
        for move in self:
            if move.fapiao_state == "issued":
                raise UserError(
                    self.env._(
                        "%(invoice)s already has the fapiao %(numbers)s.",
                        invoice=move.display_name,
                        numbers=move.fapiao_numbers,
                    )
                )

    def _fapiao_enqueue(self, built):
        requests = self._fapiao_create(built)
        requests._attempt_after_commit()
        return requests

    # ------------------------------------------------------------------ hooks of the document mixin

    def _fapiao_red_forms(self):
        return self.fapiao_red_form_ids

    def _fapiao_line_of(self, problem):
        return self.line_ids.filtered(lambda line: str(line.id) == problem.line)

    def _fapiao_buyer(self):
        return self.commercial_partner_id

    def _fapiao_products(self):
        return self.invoice_line_ids.product_id

    def _fapiao_delivered_to(self):
        return self.partner_shipping_id or self.partner_id

    def _fapiao_default_accounts(self):
        return [self.journal_id.fapiao_account_id, *super()._fapiao_default_accounts()]

    def _fapiao_salesperson(self):
        return self.invoice_user_id

    @api.depends("journal_id", "invoice_user_id")
    def _compute_fapiao_account_used_id(self):
        return super()._compute_fapiao_account_used_id()

    # ------------------------------------------------------------------ fapiao files sent with an invoice

    def _fapiao_living(self):
        """Return the valid fapiao of these invoices."""
        # sudo: users who read an invoice may know its fapiao; salespeople may not list them
        return self.sudo().fapiao_ids.filtered(lambda fapiao: fapiao._is_living())

    def _fapiao_files_to_send(self):
        """Return the files of the valid fapiao that the user may read."""
        files = self._fapiao_living()._files()
        return self.env["ir.attachment"].browse(files.ids)._filtered_access("read")

    # ------------------------------------------------------------------ unattributed amounts

    def _fapiao_rows_lost(self):
        return self.fapiao_request_line_ids.filtered(lambda row: row.live and row.lost_fapiao_id)
