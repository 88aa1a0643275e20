"""Dialog ``fapiao.red.flush``: the bureau's check of a fapiao, and the application for its reversal.

Opening the dialog queries the bureau, which has no effect; the click applies through the engine.
"""

import json

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..clouds.base import Issued, NotFound
from ..clouds.errors import CloudError
from ..models.cloud import gate
from ..models.cloud.engine import Engine
from ..models.reversal import planner
from ..models.reversal.fapiao_red_form import LEVIES, USES, details_of, uses_of
from ..models.values import aware, naive
from ..rules import red
from ..rules.codes import is_number
from ..rules.document import to_plain
from ..rules.problems import errors
from ..rules.red_document import BUYER, SELLER, RedOrder, check_from_plain

# Fields that identify the queried fapiao.
NAMED = ("number", "seller_tax_no", "issued_at", "special_kind")


class FapiaoRedFlush(models.TransientModel):
    _name = "fapiao.red.flush"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Reverse a Fapiao"
    _rec_name = "fapiao_id"
    # The other values come from the document for which the dialog was opened, and from the bureau's answer.
    _fapiao_inputs = frozenset({"number", "seller_tax_no", "issued_at", "special_kind", "reason", "make_credit_note"})

    company_id = fields.Many2one("res.company", required=True)
    account_id = fields.Many2one("fapiao.account", required=True, ondelete="cascade")
    fapiao_id = fields.Many2one("fapiao", ondelete="cascade")
    more_ids = fields.Many2many("fapiao", string="Reversed With It", readonly=True)
    credit_id = fields.Many2one("account.move", "Credit Note", ondelete="cascade")
    bill_id = fields.Many2one("account.move", "Vendor Bill", ondelete="cascade")
    initiator = fields.Selection([(SELLER, "Seller"), (BUYER, "Buyer")], required=True, default=SELLER)

    # required from a buyer
    number = fields.Char("Fapiao Number")
    seller_tax_no = fields.Char("Seller Tax Number")
    issued_at = fields.Datetime("Issued On")
    special_kind = fields.Char(
        "Special Element",
        size=2,
        help="Two digits where the fapiao has a special element (特定要素), such as 03 construction, 05 sale or"
        " 06 lease of real estate, 09 passenger transport; otherwise empty.",
    )
    has_facts = fields.Boolean(readonly=True)  # the cloud was asked what the buyer has to name

    answer = fields.Selection(
        [
            ("none", "Not asked yet"),
            ("allowed", "May be reversed"),
            ("refused", "May not be reversed"),
            ("already", "Reversed already"),
            ("not_yet", "Not shown yet"),
            ("failed", "No answer"),
        ],
        "The Bureau Says",
        required=True,
        default="none",
        readonly=True,
    )
    answer_text = fields.Text(readonly=True)
    checks = fields.Text("Check", readonly=True)  # the bureau's answers that allow it, by number
    needs_login = fields.Boolean(readonly=True)
    red_fapiao_id = fields.Many2one("fapiao", compute="_compute_red_fapiao_id")
    vat_use = fields.Selection(USES, "Deducted by the Buyer", compute="_compute_uses")
    consumption_use = fields.Selection(USES, "Used for Consumption Tax", compute="_compute_uses")
    booked = fields.Selection(USES, "Booked by the Buyer", compute="_compute_uses")
    confirmer_text = fields.Char("Confirmation", compute="_compute_uses")
    levy = fields.Selection(LEVIES, compute="_compute_uses", help="Of the original (征收方式).")
    handler = fields.Char(compute="_compute_uses", help="Of the original (经办人).")
    is_paper = fields.Boolean("On Paper (数电纸票)", compute="_compute_uses")

    reason = fields.Selection([(reason.code, f"{reason.name} ({reason.name_zh})") for reason in red.REASONS.values()])
    legal_reasons = fields.Char(compute="_compute_plan")
    scope = fields.Selection(
        [("full", "In full"), ("partial", "In part"), ("reissue", "In full, with a new fapiao for the rest")],
        compute="_compute_plan",
    )
    scope_text = fields.Text("What Happens", compute="_compute_plan")
    credit_text = fields.Char("Credit Line", compute="_compute_plan")
    error_text = fields.Text("In the Way", compute="_compute_plan")
    warning_text = fields.Text("Look At", compute="_compute_plan")
    can_apply = fields.Boolean(compute="_compute_plan")
    make_credit_note = fields.Boolean(
        "Create the Credit Note", help="It is posted as soon as the fapiao is reversed, and not before."
    )
    can_make_credit_note = fields.Boolean(compute="_compute_plan")

    # ------------------------------------------------------------------ computes

    @api.depends("answer", "fapiao_id")
    def _compute_red_fapiao_id(self):
        for flush in self:
            flush.red_fapiao_id = flush.answer == "already" and flush.fapiao_id.red_ids[:1]

    @api.depends("checks", "number", "initiator")
    def _compute_uses(self):
        confirmations = {
            "": self.env._("None needed: the red fapiao is issued at once."),
            "buyer": self.env._(
                "The buyer has to confirm at the tax bureau within 72 hours (税务数字账户 → 红字信息确认单)."
            ),
            "seller": self.env._(
                "The seller has to confirm at the tax bureau within 72 hours (税务数字账户 → 红字信息确认单)."
            ),
            None: self.env._("Shows when the form is applied for."),
        }
        for flush in self:
            check = flush._checks().get(flush.number)
            flush.update(uses_of(check))
            details = details_of(check)
            flush.levy, flush.handler = details.get("levy"), details.get("handler")
            flush.is_paper = bool(check and check.is_paper)
            flush.confirmer_text = confirmations[red.confirmer(flush.initiator, check.used if check else None)]

    @api.depends("fapiao_id", "more_ids", "credit_id", "reason", "checks", "answer", "make_credit_note")
    def _compute_plan(self):
        for flush in self:
            plans = flush._plans() if flush.fapiao_id else []
            plan = plans[0] if plans else None
            flush.legal_reasons = ",".join(plan.reasons) if plan else ""
            flush.scope = plan and plan.scope
            flush.scope_text = flush._describe_scopes(plans)
            flush.credit_text = plan and flush._describe_credit(plan)
            problems = [problem for plan in plans for problem in plan.problems]
            stopping = errors(problems)
            flush.error_text = flush._describe_all(stopping)
            flush.warning_text = flush._describe_all([p for p in problems if p not in stopping])
            flush.can_apply = bool(
                plans and all(plan.is_ready for plan in plans) and flush.answer not in ("refused", "already", "not_yet")
            )
            flush.can_make_credit_note = flush._can_make_credit_note()

    def _can_make_credit_note(self):
        """Only if nothing is credited yet and this fapiao covers its invoices, since all is credited."""
        invoices = self.fapiao_id._invoices()
        if not invoices or self.credit_id or self.more_ids or invoices._fapiao_credits():
            return False
        total = sum(float(move._fapiao_net_total()) for move in invoices)
        return self.fapiao_id.currency_id.compare_amounts(total, self.fapiao_id.amount_total) == 0

    def _describe_scopes(self, plans):
        """Return what happens, a line for each fapiao, preceded by the total."""
        lines = [self._describe_scope(plan) for plan in plans]
        if len(plans) > 1 and not self.credit_id:
            total = -sum(plan.order.total for plan in plans)
            intro = self.env._(
                "%(count)s fapiao are reversed, %(total)s in all:",
                count=len(plans),
                total=self.fapiao_id.currency_id.format(float(total)),
            )
            lines.insert(0, intro)
        elif len(plans) > 1:
            total = -sum(plan.order.total for plan in plans)
            intro = self.env._(
                "%(credit)s takes from %(count)s fapiao. Each gets a red fapiao, %(total)s in all:",
                credit=self.credit_id.display_name,
                count=len(plans),
                total=self.credit_id.company_currency_id.format(float(total)),
            )
            lines.insert(0, intro)
        return "\n".join(lines) or False

    def _describe_scope(self, plan):
        """Return what happens to the fapiao of ``plan``, as text."""
        fapiao, money = plan.fapiao, plan.fapiao.currency_id.format
        part = money(abs(float(plan.order.total)))
        values = {"number": fapiao.number, "total": part if plan.scope == "full" else money(fapiao.amount_total)}
        if plan.scope == "full" and plan.order.blue_is_paper:
            return self.env._(
                "Fapiao %(number)s over %(total)s, which is on paper (数电纸票), is reversed in full by an electronic"
                " one. Get all its sheets back from the buyer.",
                **values,
            )
        if plan.scope == "full":
            return self.env._("Fapiao %(number)s over %(total)s is reversed in full.", **values)
        if plan.scope == "partial":
            return self.env._("%(part)s of fapiao %(number)s over %(total)s are reversed.", part=part, **values)
        if self.more_ids and self.credit_id:
            return self.env._(
                "Fapiao %(number)s over %(total)s is reversed in full, and what remains of it is issued again as soon"
                " as all are reversed.",
                **values,
            )
        rest = sum(float(move._fapiao_rest_without(fapiao)) for move in fapiao._invoices())
        return self.env._(
            "This cloud reverses in full only. So fapiao %(number)s over %(total)s is reversed in full, and"
            " as soon as that is done a new one over %(rest)s is issued for what remains of the invoice.",
            rest=money(rest),
            **values,
        )

    def _describe_credit(self, plan):
        """Return the restored part of our credit line as text; a buyer's reversal restores none."""
        issued_at = aware(plan.fapiao.issued_at)
        if self.initiator == BUYER or not issued_at:
            return False
        restored = red.credit_restored(plan.order.amount, issued_at, aware(fields.Datetime.now()))
        if restored:
            amount = plan.fapiao.currency_id.format(float(restored))
            return self.env._("%s come back to the credit line (授信额度) if it is reversed this month.", amount)
        return self.env._("Nothing comes back to the credit line (授信额度): it was issued in another month.")

    def _describe_all(self, problems):
        say = (self.bill_id or self.credit_id or self.env["account.move"])._fapiao_describe
        return "\n".join(dict.fromkeys(say(problem) for problem in problems)) or False

    # ------------------------------------------------------------------ write

    def write(self, vals):
        """Drop the bureau's answer if another fapiao is entered, since it applies to the queried one."""
        before = {flush: [flush[name] for name in NAMED] for flush in self}
        result = super().write(vals)
        if not self.env.su:  # the flow itself sets several in turn
            for flush in self.filtered(lambda flush: [flush[name] for name in NAMED] != before[flush]):
                flush._forget_answer()
        return result

    def _forget_answer(self):
        is_other = self.fapiao_id and self.number != self.fapiao_id.number
        if is_other and self.initiator == SELLER:
            raise UserError(self.env._("Open this dialog from the fapiao to reverse."))
        if is_other:
            self.sudo().write({"fapiao_id": False, "more_ids": [Command.clear()]})  # sudo: as in _note
        self._note("none", False, checks=False)

    # ------------------------------------------------------------------ opening

    @api.model
    def _open(self, fapiao, credit=None, reason=""):
        """Return the dialog that reverses ``fapiao``, of one account; of several with a ``credit`` note, those it
        affects."""
        fapiao = planner.together(fapiao, credit)
        fapiao, more = fapiao[:1], fapiao[1:]
        flush = self._create_dialog(
            fapiao.company_id,
            fapiao._reversing(),
            {
                "fapiao_id": fapiao.id,
                "more_ids": more.ids,
                "credit_id": credit.id if credit else False,
                "bill_id": fapiao.move_ids.filtered(lambda move: move.is_purchase_document())[:1].id,
                "initiator": SELLER if fapiao.direction == "out" else BUYER,
                "number": fapiao.number,
                "seller_tax_no": fapiao.seller_tax_no,
                "issued_at": fapiao.issued_at,
            },
        )
        flush.reason = reason or flush._plans()[0].order.reason
        flush._ask_all()
        return flush._show()

    @api.model
    def _open_for_bill(self, bill):
        """Return the dialog that applies, as the buyer, for the reversal of a vendor bill's fapiao."""
        if known := bill.fapiao_ids.filtered(lambda fapiao: fapiao.direction == "in" and fapiao._is_living()):
            return self._open(known[:1])
        flush = self._create_dialog(
            bill.company_id,
            bill.company_id._fapiao_own_account(),
            {
                "bill_id": bill.id,
                "initiator": BUYER,
                "number": bill.ref if is_number(bill.ref or "") else False,
                "seller_tax_no": bill.commercial_partner_id._fapiao_tax_no(),
            },
        )
        if flush.number:
            flush._ask_all()
        return flush._show()

    def _create_dialog(self, company, account, values):
        if not account:
            raise UserError(self.env._("%s has no fapiao account.", company.display_name))
        self.check_access("create")
        # sudo: only this flow sets the records of a dialog
        flush = self.sudo().create({"company_id": company.id, "account_id": account.id, **values})
        return flush.sudo(self.env.su)

    def _show(self):
        return self._get_records_action(name=self.env._("Red-flush (红冲)"), target="new", context={})

    # ------------------------------------------------------------------ actions

    def action_ask(self):
        """Query the bureau (again)."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.account_id._check_may_use()
        self._ask_all()
        return self._show()

    def action_login(self):
        """Log in to the tax bureau; then query again."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_apply(self):
        """Apply for the red form, and continue as far as no user is needed."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.account_id._check_may_use()
        fapiao = self._lock()
        if under_way := fapiao.red_form_ids.filtered("is_open"):
            return under_way.action_follow()
        plans = self._plans()
        if not self.can_apply:
            raise UserError(self.error_text or self.answer_text or self.env._("Ask the tax bureau first."))
        forms = self.env["fapiao.red.form"]._enqueue_plans(plans)
        forms._attempt_after_commit()
        return forms.action_follow()

    # ------------------------------------------------------------------ helpers

    def _lock(self):
        """Lock the documents and return the fapiao reread; see ``account.move._fapiao_lock``. For a fapiao
        without documents the database refuses a concurrent second form.
        """
        if not self.fapiao_id:
            raise UserError(self.env._("Name the fapiao and ask the tax bureau first."))
        fapiao = self.fapiao_id | self.more_ids
        documents = fapiao.move_ids | self.credit_id
        if documents:
            documents._fapiao_lock()
        fapiao.invalidate_recordset(["red_form_ids", "status"], flush=False)
        return fapiao

    def _plans(self):
        return planner.plan_all(
            self.fapiao_id | self.more_ids,
            self.credit_id,
            self.reason,
            self._checks(),
            make_credit_note=self.make_credit_note and self._can_make_credit_note(),
        )

    def _checks(self):
        return {number: check_from_plain(check) for number, check in json.loads(self.checks or "{}").items()}

    # ------------------------------------------------------------------ asking the bureau, without effect

    def _ask_all(self):
        """Query the bureau for each of the fapiao; one refusal prevents the reversal of all."""
        self.sudo().checks = False  # sudo: as in _note
        self._ask(self.fapiao_id, self.number or "")
        text = self.answer_text
        for fapiao in self.more_ids if self.answer == "allowed" else ():
            self._ask(fapiao, fapiao.number)
            if self.answer != "allowed":
                text = f"{fapiao.number}: {self.answer_text}"
                break
        self.sudo().answer_text = text  # sudo: as in _note

    def _ask(self, fapiao, number):
        """Query the bureau whether the fapiao may be reversed, and store the answer."""
        try:
            self._find_facts(number)
            if self.initiator == BUYER and not (self.seller_tax_no and self.issued_at):
                self._note(
                    "none",
                    self.env._(
                        "The cloud doesn't show this fapiao. Enter the seller's tax number and the exact"
                        " time of issue, as the tax bureau shows it."
                    ),
                )
                return
            order = RedOrder(
                blue_number=number,
                initiator=self.initiator,
                seller_tax_no=self.seller_tax_no or "",
                blue_issued_at=aware(self.issued_at),
                special_kind=self.special_kind or "",
            )
            said = Engine(self.env)._ask(self.account_id, lambda cloud: cloud.check_red(order))
            self._record_said(fapiao, number, said)
        except CloudError as error:
            self.account_id._record_need_in_new_transaction(error)
            self._note("failed", self.account_id._error_message(error), needs_login=bool(getattr(error, "need", "")))

    def _find_facts(self, number):
        """Query the cloud once for seller, time of issue and special element, which a buyer must provide."""
        if not is_number(number):
            raise UserError(self.env._("“%s” is not the number of a fapiao: that has 20 digits.", number))
        is_named = bool(self.issued_at and self.seller_tax_no)
        if is_named and (self.has_facts or self.initiator == SELLER):
            return
        try:
            found = Engine(self.env)._ask(self.account_id, lambda cloud: cloud.find(number=number))
        except CloudError as error:
            if not is_named or getattr(error, "need", None):
                raise
            return  # the check itself may do without what is missing
        if isinstance(found, Issued):
            # sudo: as in _note
            self.sudo().write(
                {
                    "issued_at": self.issued_at or naive(found.issued_at),
                    "seller_tax_no": self.seller_tax_no or found.seller_tax_no,
                    "special_kind": self.special_kind or found.particulars.element,
                    "has_facts": True,
                }
            )

    def _record_said(self, fapiao, number, said):
        if isinstance(said, NotFound):
            self._note(
                "not_yet",
                self.env._(
                    "The tax bureau doesn't show this fapiao yet, which takes up to two hours after issue."
                    " Try again later: nothing is lost."
                ),
            )
        elif said.allowed:
            checks = {**json.loads(self.checks or "{}"), number: to_plain(said)}
            self._note("allowed", self._describe_allowed(said), checks=json.dumps(checks, ensure_ascii=False))
            self._keep_inbound(said)
            if fapiao:
                fapiao.sudo()._record_paper(said)  # sudo: as in _keep_inbound
        # after a refusal: it may have been reversed elsewhere, which is taken over
        elif fapiao and (found := fapiao._find_red_in_new_transaction()):
            self._note(
                "already",
                self.env._(
                    "Fapiao %(number)s is reversed already, by red fapiao %(red)s, which was unknown here and"
                    " is taken over now.",
                    number=number,
                    red=found,
                ),
            )
        else:
            self._note("refused", said.text)

    def _describe_allowed(self, check):
        """Return the bureau's text, and a warning if the fapiao isn't one of the vendor."""
        vendor = self.bill_id.commercial_partner_id._fapiao_tax_no() if self.bill_id else ""
        if not vendor or not check.seller_tax_no or vendor == check.seller_tax_no:
            return check.text
        return self.env._(
            "Careful: this fapiao was issued by %(seller)s (%(number)s), not by the vendor of %(bill)s.",
            seller=check.seller_name or "–",
            number=check.seller_tax_no,
            bill=self.bill_id.display_name,
        )

    def _keep_inbound(self, check):
        """Record the vendor's fapiao shown by the bureau, if not known."""
        if self.fapiao_id:
            return
        # sudo: as in _note, and fapiao are created from a cloud's answer only, users can't create them
        sudo = self.sudo()
        sudo.fapiao_id = sudo.fapiao_id._record_checked(
            self.company_id, self.account_id, self.number, check, self.bill_id
        )
        self.reason = self._plans()[0].order.reason

    def _note(self, answer, text, **values):
        # sudo: only this flow writes the bureau's answer
        self.sudo().write({"answer": answer, "answer_text": text, "needs_login": False, **values})
