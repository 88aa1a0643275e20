"""Model ``fapiao.red.form`` (红字确认单): required for each reversal, from the application to the red fapiao.

``state`` is that of the application as a cloud task, ``bureau_state`` that of the form at the bureau
(rules/red_forms.py); ``stage`` combines both for users.
"""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...clouds import base, errors
from ...rules import red_document, red_forms
from ...rules.document import to_plain
from ...rules.red import REASONS, WRONG
from ...rules.red_document import BUYER, SELLER, RedForm
from ...rules.red_forms import LAPSED, deadline
from ...rules.red_forms import STATES as BUREAU_STATES
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import CLICK_TIME, OPEN_STATES, states
from ..issuing.builder import Builder
from ..values import LEVIES, PROBLEM, as_html, aware, naive
from . import planner
from .follow_up import run_follow_ups
from .progress import progress_of

STAGES = [
    ("draft", "Draft"),
    ("applying", "Applying"),
    ("waiting", "Waiting for confirmation"),
    ("ready", "Ready to issue"),
    ("issuing", "Issuing"),
    ("confirmed", "Confirmed; the seller issues"),
    ("manual", "Needs a decision"),
    ("issued", "Reversed"),
    ("failed", "Rejected"),
    ("refused", "Refused"),
    ("lapsed", "Lapsed"),
    ("withdrawn", "Withdrawn"),
    ("void", "Void"),
]
OPEN_STAGES = ("draft", "applying", "waiting", "ready", "issuing", "confirmed", "manual")
WATCHED_STAGES = ("waiting", "confirmed")  # queried at the bureau until it changes
ENDED_STAGES = ("failed", "refused", "lapsed", "withdrawn", "void")
STAGE_OF_ENDED = {"05": "refused", "06": "refused", "07": "lapsed", "08": "withdrawn", "09": "withdrawn", "10": "void"}
USES = [("no", "No"), ("yes", "Yes"), ("unknown", "Not known")]
# The bureau may not show the original for two hours after its issue; one hour is added as a margin.
SHOWN_AFTER = timedelta(hours=3)
# A form this much older than the application existed before it, even if the clocks differ.
CLOCKS_DIFFER = timedelta(minutes=5)
DEADLINE = "l10n_cn_invoice_cloud.activity_red_form_deadline"
LOOK_FIRST = timedelta(minutes=1)
LOOK_LAST = timedelta(hours=1)
LOOK_FOR_RED = timedelta(hours=6)
LAST_LOOK = timedelta(minutes=5)  # before the deadline
REMIND = (timedelta(days=2), timedelta(days=1))  # before the deadline
NEWS = ("_lock_for_news", "_claim_questions")  # of a turn, see ``fapiao_task_mixin.py``


class FapiaoRedForm(models.Model):
    _name = "fapiao.red.form"
    _description = "Red Form (红字确认单)"
    _inherit = ["fapiao.task.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "number"
    _rec_names_search = ["number", "fapiao_id.number"]
    _check_company_auto = True
    # users can't write on a form, but may post messages on it
    _mail_post_access = "read"

    fapiao_id = fields.Many2one("fapiao", "Original", required=True, readonly=True, index=True, ondelete="restrict")
    red_fapiao_id = fields.Many2one("fapiao", readonly=True, copy=False, index="btree_not_null")
    move_ids = fields.Many2many(
        "account.move", "fapiao_red_form_move_rel", "form_id", "move_id", "Documents", readonly=True
    )
    credit_id = fields.Many2one(
        "account.move", "Credit Note", readonly=True, index="btree_not_null", check_company=True
    )
    previous_id = fields.Many2one("fapiao.red.form", "Previous Form", readonly=True, copy=False)
    request_ids = fields.One2many("fapiao.request", "red_form_id", "Requests", readonly=True)
    buyer_name = fields.Char(related="fapiao_id.buyer_name")

    # content of the application
    reason = fields.Selection(
        [(reason.code, f"{reason.name} ({reason.name_zh})") for reason in REASONS.values()],
        required=True,
        readonly=True,
    )
    initiator = fields.Selection(
        [(SELLER, "Seller"), (BUYER, "Buyer")], "Started By", required=True, readonly=True, default=SELLER
    )
    is_full = fields.Boolean("In full", readonly=True, default=True)
    is_anew = fields.Boolean(readonly=True, help="A form before this one has ended.")
    draft = fields.Text(readonly=True, copy=False, help="The reversal in neutral words.")
    line_ids = fields.One2many("fapiao.red.form.line", "form_id", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)

    # answer of the bureau
    state = fields.Selection(states(done="At the bureau"), "Application")
    number = fields.Char("Form Number", readonly=True, copy=False, index="btree_not_null")
    uuid = fields.Char("Form UUID", readonly=True, copy=False)
    bureau_state = fields.Selection(
        [(state.code, f"{state.name} ({state.name_zh})") for state in BUREAU_STATES.values()],
        "At the Bureau",
        readonly=True,
        copy=False,
    )
    bureau_text = fields.Char("Bureau's Words", readonly=True, copy=False)
    applied_at = fields.Datetime("Applied On", readonly=True, copy=False)
    deadline = fields.Datetime(
        readonly=True, copy=False, help="The other side has 72 hours to confirm; then the form lapses."
    )
    checked_at = fields.Datetime("Asked At", readonly=True, copy=False)
    vat_use = fields.Selection(USES, "Deducted by the Buyer", readonly=True)
    consumption_use = fields.Selection(USES, "Used for Consumption Tax", readonly=True)
    booked = fields.Selection(USES, "Booked by the Buyer", readonly=True)
    levy = fields.Selection(LEVIES, readonly=True, help="Of the original (征收方式).")
    handler = fields.Char(readonly=True, help="Of the original (经办人).")
    special_kind = fields.Char("Special Element", readonly=True, help="Code of the original's (特定要素类型).")
    is_paper = fields.Boolean(
        "Original on Paper", readonly=True, help="The original is a digital fapiao on paper (数电纸票)."
    )
    is_found = fields.Boolean(
        "Applied for Elsewhere",
        readonly=True,
        copy=False,
        help="Entered at the tax bureau or by the other side; no red fapiao is issued from it without a click.",
    )

    stage = fields.Selection(STAGES, compute="_compute_stage", store=True, index=True)
    is_open = fields.Boolean(compute="_compute_stage", store=True)
    advice = fields.Text("What Now", compute="_compute_advice")
    can_issue = fields.Boolean(compute="_compute_offers")
    can_apply_again = fields.Boolean(compute="_compute_offers")
    can_withdraw = fields.Boolean(compute="_compute_offers")
    can_withdraw_at_bureau = fields.Boolean(compute="_compute_offers")
    withdrawal_ids = fields.One2many("fapiao.red.withdrawal", "form_id", "Withdrawals", readonly=True)
    reminders = fields.Integer(readonly=True, copy=False, help="Number of reminders of the deadline sent.")

    call_ids = fields.One2many(
        "fapiao.call", "res_id", "API Log", domain=[("res_model", "=", "fapiao.red.form")], readonly=True
    )

    # The database refuses a second reversal of a fapiao, also under concurrency.
    _one_open = models.UniqueIndex(
        "(fapiao_id) WHERE is_open", "This fapiao is being reversed already. Open its red form."
    )
    _due = models.Index("(account_id, next_try_at, id) WHERE is_open")

    taken = fields.Text(
        readonly=True,
        copy=True,
        help="What the credit note takes of this fapiao, where its invoice has several: by line amount, tax"
        " and quantity.",
    )

    make_credit_note = fields.Boolean(
        "Create the Credit Note", readonly=True, help="Create and post the credit note once the fapiao is reversed."
    )
    reissue = fields.Boolean(
        "New Fapiao for the Rest",
        readonly=True,
        help="Where only part of an invoice is credited and the cloud reverses in full only: issue a new"
        " fapiao for what is left, as soon as the old one is reversed.",
    )
    rest_request_ids = fields.One2many("fapiao.request", "rest_of_id", "Requests for the Rest", readonly=True)
    follow_up = fields.Selection(
        [("none", "Nothing to do"), ("todo", "To do"), ("done", "Done"), ("failed", "Failed")],
        "What Follows",
        required=True,
        default="none",
        readonly=True,
        copy=False,
        index=True,
    )
    follow_up_text = fields.Text("What Is Missing", readonly=True, copy=False)

    # ------------------------------------------------------------------ computes

    @api.depends("number", "fapiao_id.number")
    def _compute_display_name(self):
        for form in self:
            form.display_name = form.number or self.env._("Red form for %s", form.fapiao_id.number)

    @api.depends("state", "bureau_state", "fapiao_id.direction", "red_fapiao_id", "request_ids.state")
    def _compute_stage(self):
        for form in self:
            form.stage = form._stage()
            form.is_open = form.stage in OPEN_STAGES

    def _stage(self):
        """Return the stage that follows from application, form and red request."""
        if self.red_fapiao_id:
            return "issued"
        if self.state != "done":
            return {"rejected": "failed", "draft": "draft", "manual": "manual", "withdrawn": "withdrawn"}.get(
                self.state, "applying"
            )
        if self.bureau_state in STAGE_OF_ENDED:
            return STAGE_OF_ENDED[self.bureau_state]
        if not red_forms.can_issue(self.bureau_state):
            return "waiting"
        if not self._we_sell():
            return "confirmed"
        going = self.request_ids.filtered(lambda request: request.state in OPEN_STATES).mapped("state")
        if "manual" in going:
            return "manual"
        return "issuing" if going else "ready"

    def _we_sell(self):
        """Return whether the original is ours, so that we issue the red fapiao, whoever applied."""
        return self.fapiao_id.direction == "out"

    def _waits_for_us(self):
        """Return whether it is our turn to confirm this form at the bureau."""
        waits_for = BUREAU_STATES[self.bureau_state].waits_for if self.bureau_state else ""
        return self.stage == "waiting" and waits_for == (SELLER if self._we_sell() else BUYER)

    def _is_watched_at_bureau(self):
        """Return whether the form's state changes without us: the other side confirms, or the seller issues."""
        return self.stage in WATCHED_STAGES or (self.is_found and self.stage == "ready")

    def _label_of(self, name):
        """Return the user's label of the selection field ``name``."""
        return dict(self._fields[name]._description_selection(self.env)).get(self[name], "")

    @api.depends(
        "stage",
        "bureau_state",
        "fapiao_id.direction",
        "vat_use",
        "is_found",
        "is_full",
        "error_message",
        "error_fix",
        "request_ids.error_message",
        "withdrawal_ids.state",
        "withdrawal_ids.error_message",
    )
    def _compute_advice(self):
        for form in self:
            form.advice = form._advice_on_withdrawal() or form._advice() or False

    def _advice(self):
        """Return the status and the next step as text."""
        bureau = BUREAU_STATES.get(self.bureau_state)
        match self.stage:
            case "waiting" if self._waits_for_us():
                return self.env._(
                    "The other side has applied for this form: it waits for us. Confirm or refuse it in the electronic"
                    " tax bureau under 税务数字账户 → 红字信息确认单. Until then nothing is reversed; the decision"
                    " shows here."
                )
            case "waiting" if self.bureau_state:
                return self._advice_on_confirmation(bureau)
            case "waiting":
                return self.env._("The cloud did not return the state of the form; it is queried again.")
            case "confirmed":
                said = self.env._(
                    "Both parties have confirmed. The seller issues the red fapiao; it is retrieved automatically."
                )
                return " ".join(filter(None, [said, self._advice_on_deduction()]))
            case "ready" | "issuing" | "manual" if self.request_ids:
                return " ".join(self.request_ids.sorted("id")[-1:]._status_lines())
            case "ready" if self.is_found and not self.is_full:
                return self.env._(
                    "This form was applied for elsewhere and takes back a part only. Issue the red fapiao where it was"
                    " applied for; it is retrieved automatically."
                )
            case "ready" if self.is_found:
                return self.env._(
                    "This form was applied for elsewhere and may be issued from. Issue the red fapiao here, or where it"
                    " was applied for: then it is retrieved automatically."
                )
            case "ready":
                return self.env._("The form may be issued from: issue the red fapiao.")
            case "refused" | "lapsed" | "withdrawn" | "void" if bureau:
                return self.env._(bureau.advice)
        return " ".join(filter(None, [self.error_message, self.error_fix]))

    def _advice_on_confirmation(self, bureau):
        """Return who has to confirm the form, where they do so, and what happens then."""
        whom = self.env._("the buyer") if bureau.waits_for == BUYER else self.env._("the seller")
        return " ".join(
            filter(
                None,
                [
                    self.env._(
                        "The form waits for %(whom)s to confirm it at the tax bureau. It is checked regularly; once it"
                        " is confirmed, the reversal resumes automatically.",
                        whom=whom,
                    ),
                    self.env._(
                        "Tell %(whom)s its number: it is found in their electronic tax bureau under 税务数字账户 →"
                        " 红字信息确认单.",
                        whom=whom,
                    ),
                    self._advice_on_deduction(),
                ],
            )
        )

    def _advice_on_deduction(self):
        """Return what a buyer has to do who has deducted the tax, or ""."""
        if self._we_sell() or self.vat_use != "yes":
            return ""
        return self.env._(
            "Its tax was deducted: transfer it out (进项税额转出) in the period in which the form is confirmed."
        )

    @api.depends(
        "stage",
        "state",
        "in_doubt",
        "is_open",
        "is_found",
        "is_full",
        "bureau_state",
        "initiator",
        "fapiao_id.direction",
        "number",
        "fapiao_id.status",
        "fapiao_id.red_form_ids.is_open",
        "request_ids.state",
        "withdrawal_ids.state",
    )
    def _compute_offers(self):
        for form in self:
            # of a part applied for elsewhere the lines aren't known here
            is_known = form.is_full or not form.is_found
            form.can_issue = form.stage == "ready" and is_known and not form._open_withdrawal()
            form.can_apply_again = (
                form.stage in ENDED_STAGES
                and form.stage != "void"
                and form.fapiao_id._is_living()
                and not any(form.fapiao_id.red_form_ids.mapped("is_open"))
            )
            form.can_withdraw_at_bureau = form._can_be_withdrawn()
            form.can_withdraw = form._can_be_given_up() or form.can_withdraw_at_bureau

    def _status_message(self):
        """Return status and next step for the document's banner, or ""; of an ended form while it has an activity."""
        if self.stage == "issued":
            return self.follow_up_text if self.follow_up == "failed" else ""
        if not self or not (self.is_open or self.activity_ids):
            return ""
        said = self.env._("Red form %(form)s: %(stage)s.", form=self.number or "", stage=self._label_of("stage"))
        return f"{said} {self.advice or ''}".strip()

    # ------------------------------------------------------------------ actions

    def action_ask(self):
        """Query these forms now, or send queued ones; nothing is applied for twice."""
        self._check_issuer()
        for form in self.sudo():  # sudo: issuers can't write forms otherwise
            if form.state in ("queued", "waiting_login"):
                form._enqueue()
            elif form.state in ("unknown", "pending") or form._is_watched_at_bureau():
                form._ask_now()
        if requests := self.request_ids.filtered(lambda request: request.state in OPEN_STATES):
            requests.action_retry()
        self._attempt_after_commit()
        return self.action_follow()

    def action_issue_red(self):
        """Issue the red fapiao of a form whose last request was refused: a new request with a new ID."""
        self.ensure_one()
        self._check_issuer()
        self._lock()
        if self._open_withdrawal():
            raise UserError(self.env._("Red form %s is being withdrawn.", self.display_name))
        if not self.can_issue:
            raise UserError(self.env._("No red fapiao can be issued from this form now."))
        self.sudo()._issue_red()  # sudo: as in action_ask
        self._attempt_after_commit()
        return self.action_follow()

    def action_apply_again(self):
        """Open the dialog for another form, after this one ended without a red fapiao."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.env["fapiao.red.flush"]._open(self.fapiao_id, self.credit_id, reason=self.reason)

    def action_withdraw(self):
        """Withdraw an application the cloud has not seen, or have the cloud withdraw the form."""
        self._check_issuer()
        self._lock()
        at_bureau = self.filtered(lambda form: form._can_be_withdrawn())
        for form in (self - at_bureau).sudo():  # sudo: as in action_ask
            if not form._can_be_given_up():
                raise UserError(
                    self.env._(
                        "Red form %s may have reached the tax bureau already. It can be withdrawn there;"
                        " what becomes of it shows here.",
                        form.display_name,
                    )
                )
            form._set_state("withdrawn")
        return at_bureau._withdraw_at_bureau() if at_bureau else True

    def action_login(self):
        """Open what the form needs: log-in, face code or, to correct it, the account."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_decide_not_applied(self):
        """Record a manager's decision, based on the bureau's portal, that there is no form."""
        gate.check(self, gate.MANAGER)
        for form in self._lock_manual():
            # with its reason at once: activity and chatter are made of it
            form._set_state(
                "rejected",
                message=self.env._("%s decided that no form exists.", self.env.user.name),
                fix=self.env._("Reverse the fapiao again if it has to be."),
            )
        return True

    def action_decide_ask_again(self):
        """Query the application's outcome again."""
        gate.check(self, gate.MANAGER)
        for form in self._lock_manual():
            form._requeue_lookup()
        self._attempt_after_commit()
        return self.action_follow()

    def action_open_business_doc(self):
        """Open the form; called by core's ``x2many_buttons``."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._get_records_action()

    def action_follow(self):
        """Return the client action that shows the progress of the reversals."""
        gate.check(self, gate.READER)
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"model": self._name, "request_ids": self.ids},
        }

    @api.model
    def follow(self, form_ids):
        """Return the data of the progress dialog: a dict for each form the user may read."""
        gate.check(self, gate.READER)
        return [progress_of(form) for form in self.search([("id", "in", form_ids)], order="id")]

    def _lock_manual(self):
        self._lock()
        return self.sudo().filtered(lambda form: form.state == "manual")  # sudo: as in action_ask

    # ------------------------------------------------------------------ application
    #
    # An application has no ID at the cloud. Repeating it is safe because a fapiao has at most one open form:
    # after a lost answer the same frozen application is sent again and finds the form it made
    # (``RED_APPLY_FINDS``). If the cloud doesn't work so, or an ended form exists, the form is queried
    # without applying (see clouds/base.py).

    @api.model
    def _enqueue_plans(self, plans):
        """Create, freeze and queue a form for each :class:`~.planner.Plan`; return them."""
        # sudo: only this flow creates forms
        forms = self.sudo().create([self._values_of(plan) for plan in plans])
        forms._enqueue_orders([plan.order for plan in plans])
        return forms.sudo(False)

    def _enqueue_orders(self, orders):
        """Freeze and queue these new forms, each with its order."""
        self._identify()
        for form, order in zip(self, orders, strict=True):
            form._freeze(order)
        self._enqueue()

    @api.model
    def _values_of(self, plan):
        fapiao = plan.fapiao
        return {
            "account_id": plan.account.id,
            "company_id": fapiao.company_id.id,
            "fapiao_id": fapiao.id,
            "move_ids": [Command.set((fapiao.move_ids | plan.credit).ids)],
            "credit_id": plan.credit.id,
            "make_credit_note": plan.make_credit_note,
            "reissue": plan.scope == "reissue",
            "taken": plan.taken is not None
            and json.dumps(
                {
                    str(line.id): [str(part.amount), str(part.tax), str(part.quantity)]
                    for line, part in plan.taken.items()
                }
            ),
            "previous_id": max(fapiao.red_form_ids.ids, default=False),
            **uses_of(plan.check),
            **details_of(plan.check),
            **self._order_values(plan.order),
        }

    @api.model
    def _order_values(self, order):
        return {
            "operation": base.RED_APPLY,
            "reason": order.reason,
            "initiator": order.initiator,
            "is_full": order.is_full,
            "is_anew": order.is_anew,
            "is_paper": order.blue_is_paper,
            "draft": json.dumps(to_plain(order), ensure_ascii=False),
            "amount_untaxed": float(order.amount or 0),
            "amount_tax": float(order.tax or 0),
            "amount_total": float(order.total or 0),
            "line_ids": [Command.create(values) for values in self.env["fapiao.red.form.line"]._values_of(order.lines)],
        }

    def _shares(self):
        """Return create values for the lines of the red request: the part of the credit note it covers. A
        full reversal covers none, since its original covers nothing any more.
        """
        if self.is_full:
            return []
        builder = Builder(self.env)
        items, _problems = builder._items(self.credit_id, builder._catalogue(self.credit_id))
        values = builder._shares([(self.credit_id, item) for item in items or []])
        if not self.taken:
            return values
        taken = json.loads(self.taken)
        # no two forms of the credit note cover the same slice
        position = sum(form.id < self.id for form in self._for_same_credit())
        own = []
        for one in values:
            if figures := taken.get(str(one["move_line_id"])):
                names = ("amount_untaxed", "amount_tax", "quantity")
                amounts = {name: float(-Decimal(figure)) for name, figure in zip(names, figures, strict=True)}
                own.append({**one, **amounts, "part": position})
        return own

    def _for_same_credit(self):
        """Return all forms ever made for the credit note of this one."""
        return self.credit_id and self.search([("credit_id", "=", self.credit_id.id)]) or self

    def _red_order(self):
        """Return the frozen :class:`~..rules.red_document.RedOrder`."""
        self.ensure_one()
        return red_document.from_plain(json.loads(self.draft))

    def _order_at_bureau(self):
        """Return the frozen order completed with the bureau's data of its form."""
        return replace(self._red_order(), form_number=self.number or "", form_uuid=self.uuid or "")

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        # where the cloud lists forms, its list names the red fapiao too
        is_of_original = self.stage == "confirmed" and not words.can(base.RED_LIST)
        if self.state == "done" and (self.lookup_number or is_of_original):
            number = self.lookup_number or self.fapiao_id.number
            return base.FIND, words.freeze(base.FIND, {"number": number}, "")
        if self.state == "done":
            return base.RED_STATE, words.freeze(base.RED_STATE, self._order_at_bureau(), self.request_uid)
        if self.is_anew or not words.can(base.RED_APPLY_FINDS):
            order = replace(self._red_order(), form_number=self._form_before())
            return base.RED_STATE, words.freeze(base.RED_STATE, order, self.request_uid)
        return self.operation, json.loads(self.payload)

    @api.model
    def _questions(self):
        # the repeated application finds the form it made
        return (base.FIND, base.RED_STATE, base.RED_APPLY)

    def _form_before(self):
        """Return the number of the ended form that blocks this application, or ""."""
        return next((form.number for form in self.fapiao_id.red_form_ids - self if form.number), "")

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, call, meaning):
        if self.state == "done":
            self._apply_news(meaning)
        elif self.state in ("unknown", "pending", "manual"):
            self._apply_to_doubt(call, meaning)
        else:
            return super()._apply_meaning(call, meaning)
        return None

    def _apply_to_doubt(self, call, meaning):
        """Act on an answer while it isn't known whether the application arrived."""
        match meaning:
            case RedForm() if (
                self.is_anew and meaning.state in STAGE_OF_ENDED and meaning.number == self._form_before()
            ):
                self._apply_finding(base.NotFound())
            case RedForm():
                self._accept(meaning)
            case errors.Rejected() if call.operation == base.RED_APPLY and self.state != "manual":
                # sent again and refused: if the first one had arrived, its form would have been found
                self._set_state("rejected", meaning)
            case _:
                self._apply_finding(meaning)

    def _apply_error(self, error):
        issued_at = self.fapiao_id.issued_at
        if isinstance(error, errors.NotYet) and issued_at and fields.Datetime.now() >= issued_at + SHOWN_AFTER:
            error = errors.Rejected(error.text, error.code, error.http_status, problem="not_shown")
        return super()._apply_error(error)

    def _accept(self, result):
        if isinstance(result, base.Pending):
            self._set_pending(result.text)
            return
        is_first = self.state != "done"
        self._record_bureau(result)
        if is_first:
            self._set_state("done")
        if self.account_id.session_state != "ok":
            self.account_id._record_ready()
        if is_first and self.stage in ENDED_STAGES and self._was_there_before():
            self._apply_after_old()
        else:
            self._continue()

    def _record_bureau(self, found):
        """Store the form's state at the bureau."""
        now = fields.Datetime.now()
        applied_at = found.applied_at or aware(self.applied_at or now)
        if self.number and found.number != self.number:
            self._message_log(
                body=self.env._(
                    "At the tax bureau form %(new)s now stands in place of %(old)s.", new=found.number, old=self.number
                )
            )
        before, label_before = self.bureau_state or "", self._label_of("bureau_state")
        self.write(
            {
                "number": found.number,
                "uuid": found.uuid or self.uuid,
                "bureau_state": found.state or False,
                "bureau_text": found.state_text,
                "applied_at": naive(applied_at),
                "deadline": naive(deadline(found.state, applied_at)),
                "checked_at": now,
                **({"initiator": found.initiator} if found.initiator else {}),
                "tries": self.tries if found.state == before else 0,
            }
        )
        # a change that the meaning of the states doesn't allow is taken over anyway
        if before and found.state and not red_forms.may_follow(before, found.state):
            self._message_log(
                body=self.env._(
                    "Unexpected at the tax bureau: the form went from “%(before)s” to “%(after)s”.",
                    before=label_before,
                    after=self._label_of("bureau_state"),
                )
            )

    # ------------------------------------------------------------------ next steps

    def _continue(self):
        """Take the next step that needs no user."""
        if self.stage == "ready" and self.is_found:
            # a person decides; the red fapiao may be issued where the form was applied for
            self._schedule_check()
        elif self.stage == "ready" and not self.request_ids:
            if not self.withdrawal_ids:
                self._issue_red()
            elif not self._open_withdrawal():
                summary = self.env._("Red form %s may be issued from, but was to be withdrawn", self.number)
                self._notify(summary, self.advice)
        elif self.stage in WATCHED_STAGES:
            self._schedule_check()
        elif self.stage in ENDED_STAGES:
            self.next_try_at = False
            self._notify_end()

    def _issue_red(self):
        # sudo: only this flow creates requests; the request still belongs to its user
        requests = self.env["fapiao.request"].with_user(self.user_id).sudo()
        requests._create_red(self)._enqueue(wake_after=CLICK_TIME)

    def _was_there_before(self):
        """Return whether the cloud has answered with a form that ended before the application."""
        return not self.is_anew and self.stage != "void" and self.applied_at < self.create_date - CLOCKS_DIFFER

    def _apply_after_old(self):
        """Apply again if the form found was made and ended before: it is not the result of this application."""
        order = replace(self._red_order(), is_anew=True)
        self.flush_recordset()
        successor = (
            self.with_user(self.user_id)
            .sudo()
            .copy({**self._order_values(order), "previous_id": self.id, "user_id": self.user_id.id})
        )
        successor._enqueue_orders([order])
        self._message_log(body=self.env._("This form was made before and has ended: another one is applied for."))

    # ------------------------------------------------------------------ forms that wait for the other side
    #
    # Ended or lapsed forms are never queried: at 票单云 the query is the application and might apply again. So
    # the clock ends them, after a last query shortly before.

    @api.model
    def _watch_forms(self, batch, go_on):
        """Query waiting forms, lapse those after their deadline, and send reminders."""
        engine = Engine(self.env)
        engine._step(end_by_clock)
        watched = ["|", ("stage", "in", WATCHED_STAGES), "&", ("is_found", "=", True), ("stage", "=", "ready")]
        waiting = [("state", "=", "done"), *watched, ("next_try_at", "<=", self._now())]
        self._run_due(NEWS, waiting, batch, go_on)
        engine._step(remind)

    @api.model
    def _attempt_until(self, until, ids):
        """Make as many steps as possible in one click: form, red fapiao, follow-up."""
        attempted = super()._attempt_until(until, ids)
        self._run_for_ids(ids, NEWS, until)
        self._attempt_requests(ids, "request_ids", until)
        self.browse(ids)._follow_up_in_new_transaction()
        self._attempt_requests(ids, "rest_request_ids", until)
        return attempted

    @api.model
    def _attempt_requests(self, ids, field, until):
        """Send the requests that the forms have created meanwhile."""
        requests = Engine(self.env)._step(lambda env: env[self._name].browse(ids)[field].ids)
        self.env["fapiao.request"]._attempt_until(until, requests)

    def _hint(self):
        """A hint may also concern a form that waits for the other side."""
        result = super()._hint()
        if watched := self.filtered(lambda form: form.state == "done" and form._is_watched_at_bureau()):
            watched._ask_now()
        return result

    def _ask_now(self):
        self.write({"next_try_at": self._now()})
        self._wake_reconciler()

    @api.model
    def _lock_for_news(self, account, limit, ids=None):
        """Lock and return the forms whose state at the bureau is due for a query."""
        now = self._now()
        waiting = SQL(
            "state = 'done' AND (stage IN %s OR is_found AND stage = 'ready') AND next_try_at <= %s"
            " AND (deadline IS NULL OR deadline > %s)",
            WATCHED_STAGES,
            now,
            now,
        )
        return self._lock_questions(waiting, account, limit, ids)

    def _postpone(self, error):
        if self.state != "done":
            return super()._postpone(error)
        return self._schedule_check()

    def _apply_news(self, meaning):
        """Act on an answer about a form that is known to be at the bureau."""
        if not self.is_open:
            return
        match meaning:
            case RedForm() if meaning.red_number:
                self._record_bureau(meaning)
                self._apply_red_number(meaning.red_number)
                return
            case RedForm():
                self._accept(meaning)
                return
            case base.Issued() if meaning.number == self.fapiao_id.number and meaning.reversed_by:
                # the seller has issued it: the next query is for the red fapiao itself
                self.lookup_number = meaning.reversed_by
                self._ask_now()
                return
            case base.Issued() if meaning.number == self.lookup_number:
                self.fapiao_id._adopt_red(meaning)
                return
            case base.NotFound():
                # such as a fapiao that the cloud shows to its seller only: it comes with a pull
                self.lookup_number = False
            case errors.LoginRequired():
                self.account_id._record_need(meaning.need, meaning)
        self._schedule_check()

    def _apply_red_number(self, number):
        """The red fapiao was issued, by the seller or where the form was applied for: link it if it is known here,
        or query it next.
        """
        red = self.env["fapiao"].search([*self.fapiao_id._same_register(), ("number", "=", number)])
        if red:
            self._record_reversed_by(red)
        else:
            self.lookup_number = number
            self._ask_now()

    def _schedule_check(self):
        """Schedule the next query, with growing delays, but once more shortly before the deadline."""
        now = self._now()
        patience = min(LOOK_FIRST * 2 ** min(self.tries, 10), LOOK_LAST)
        at = now + (LOOK_FOR_RED if self.stage in ("confirmed", "ready") else patience)
        if self.deadline:
            last_look = self.deadline - LAST_LOOK
            at = min(at, last_look if now < last_look else self.deadline)
        self.next_try_at = at
        self._wake_reconciler(at=at)

    # ------------------------------------------------------------------ forms applied for elsewhere

    @api.model
    def _record_elsewhere(self, account, found):
        """Record those of ``found`` (``RedForm``) that are open and not known here, and what the cloud says of the
        others. Return ``(new forms, numbers of originals that are not known here)``.
        """
        company = [("company_id", "in", account._companies().ids)]
        known = self.search([*company, ("number", "in", [one.number for one in found])]).grouped("number")
        reversed_ = [("number", "in", [one.blue_number for one in found]), ("color", "=", "blue")]
        originals = {fapiao.number: fapiao for fapiao in self.env["fapiao"].search([*company, *reversed_])}
        forms, unknown = self.browse(), []
        for one in found:
            fapiao = originals.get(one.blue_number)
            if one.number in known:
                known[one.number]._apply_news_of_each(one)
            elif one.red_number or not red_forms.is_open(one.state):
                continue
            elif not fapiao:
                unknown.append(one.blue_number)
            elif fapiao._is_living() and not any(fapiao.red_form_ids.mapped("is_open")):
                forms |= self._create_found(account, fapiao, one)
        return forms, unknown

    def _apply_news_of_each(self, found):
        for form in self.filtered(lambda form: form.state == "done" and form._is_watched_at_bureau()):
            form._in_reader_language()._apply_news(found)

    @api.model
    def _create_found(self, account, fapiao, found):
        """Create and return the record of the form ``found``, which reverses ``fapiao``, and tell its documents."""
        order = planner.plan(fapiao, reason=found.reason).order
        is_full = found.amount is None or abs(found.amount) == abs(order.amount)
        if not is_full:
            amount, tax = -abs(found.amount), -abs(found.tax or 0)
            order = replace(order, is_full=False, lines=(), amount=amount, tax=tax, total=amount + tax)
        order = replace(order, reason=found.reason or order.reason or WRONG, initiator=found.initiator or SELLER)
        form = self.create(
            {
                "account_id": account.id,
                "company_id": fapiao.company_id.id,
                "fapiao_id": fapiao.id,
                "move_ids": [Command.set(fapiao.move_ids.ids)],
                "user_id": (account._first_manager() or self.env.user).id,
                "previous_id": max(fapiao.red_form_ids.ids, default=False),
                "is_found": True,
                "state": "done",
                "identity": account._identity_fingerprint(),
                **self._order_values(order),
                "is_anew": False,
            }
        )
        form._identify()
        form = form._in_reader_language()
        form._record_bureau(found)
        form._continue()
        summary = form.env._("A red form for fapiao %s was applied for elsewhere", fapiao.number)
        form._notify(summary, form.advice)
        for document in form._documents():
            document._message_log(body=as_html(f"{summary}. {form.advice or ''}"))
        return form

    # ------------------------------------------------------------------ notifications

    def _notify_end(self):
        """Notify the requester that the form has ended without a red fapiao, with the next step."""
        summary = self.env._(
            "Fapiao %(number)s was not reversed: %(stage)s", number=self.fapiao_id.number, stage=self._label_of("stage")
        )
        self._notify(summary, self.advice)
        for document in self._documents():
            document.with_user(self.user_id).sudo()._message_log(  # sudo: the engine posts in the issuer's name
                body=as_html(f"{summary}. {self.advice or ''}")
            )

    def _documents(self):
        """Return the documents that show messages about this reversal, as a list."""
        return [*self.move_ids]

    def _notify(self, summary, *note, user=None, kind=PROBLEM, **values):
        """Replace the activities of the form by this one."""
        self._close_activities()
        user = user or self.user_id
        self.activity_schedule(kind, summary=summary, note=as_html(*note), user_id=user.id, **values)

    def _on_final_state(self):
        """Notify the requester if the application can't continue automatically."""
        if self.state in ("rejected", "manual"):
            self._notify_end()

    def _remind(self):
        """Create a reminder of the deadline, once for each of :data:`REMIND`."""
        left = self.deadline - fields.Datetime.now()
        due = sum(left <= before for before in REMIND)
        if due <= self.reminders:
            return
        self._notify(
            self.env._(
                "Red form %(form)s lapses in %(hours)s hours", form=self.number, hours=int(left.total_seconds() // 3600)
            ),
            self.advice,
            kind=DEADLINE,
            date_deadline=fields.Datetime.context_timestamp(self, self.deadline).date(),
        )
        self.reminders = due

    def _close_activities(self):
        self.activity_unlink([PROBLEM, DEADLINE])

    # ------------------------------------------------------------------ withdrawal at the bureau
    #
    # During a withdrawal no red fapiao is issued from the form; after a refused one only by a user's click,
    # since the user wanted to withdraw it.

    def _can_be_withdrawn(self):
        """Return whether the cloud may withdraw this form: our application, open, no other task on its way."""
        self.ensure_one()
        return bool(
            self.state == "done"
            and self.stage in ("waiting", "ready")
            and self.number
            and self.initiator == SELLER
            and self._we_sell()
            and red_forms.is_open(self.bureau_state)
            and not self._open_withdrawal()
            # sudo: the cloud's abilities are the same for every user
            and self.sudo().account_id._words().can(base.RED_WITHDRAW)
        )

    def _open_withdrawal(self):
        # sudo: users who see the form may know its status
        return self.sudo().withdrawal_ids.filtered(lambda withdrawal: withdrawal.state in OPEN_STATES)

    def _withdraw_at_bureau(self):
        """Create and queue the withdrawal of these locked forms, and show its progress."""
        Withdrawal = self.env["fapiao.red.withdrawal"].sudo()  # sudo: only this flow creates withdrawals
        withdrawals = Withdrawal.create(
            [
                {
                    "account_id": form.account_id.id,
                    "company_id": form.company_id.id,
                    "operation": base.RED_WITHDRAW,
                    "form_id": form.id,
                }
                for form in self
            ]
        )
        withdrawals._identify()
        for withdrawal in withdrawals:
            withdrawal._freeze(withdrawal.form_id._order_at_bureau())
        withdrawals._enqueue()
        withdrawals._attempt_after_commit()
        return self.action_follow()

    def _advice_on_withdrawal(self):
        """Return status or result of a withdrawal as text, or ""."""
        if self._open_withdrawal():
            return self.env._(
                "The form is being withdrawn; no red fapiao is issued from it. What comes of it shows here."
            )
        last = self.sudo().withdrawal_ids.sorted("id")[-1:]  # sudo: as in _open_withdrawal
        if self.stage not in ("waiting", "ready") or last.state != "rejected":
            return ""
        said = [self.env._("The form was not withdrawn."), last.error_message, last.error_fix]
        if self.stage == "ready":
            said.append(self.env._("It may be issued from: issue the red fapiao, or withdraw it again."))
        else:
            said.append(self._advice())
        return " ".join(filter(None, said))

    # ------------------------------------------------------------------ result and what follows

    def _record_reversed_by(self, red):
        """Store the red fapiao of these forms, issued by them or elsewhere."""
        for form in self:
            wanted = form.make_credit_note or form.reissue
            form.write(
                {
                    "red_fapiao_id": red.id,
                    "next_try_at": False,
                    "lookup_number": False,
                    "follow_up": "todo" if wanted else "none",
                }
            )
            if not red.original_id:
                red.original_id = form.fapiao_id
            form.fapiao_id._record_reversed()
            form.fapiao_id.red_form_ids._close_activities()
            form.move_ids._fapiao_close_problems()
            for request in form.request_ids:
                # unsent ones are for a red fapiao that exists already
                if request.state in ("queued", "waiting_login") and not request.in_doubt:
                    request._set_state("withdrawn")
            others = form._for_same_credit().filtered(lambda other: other.follow_up in ("todo", "failed"))
            (others - form).filtered("reissue").follow_up = "todo"
            if wanted or others:
                form._wake_reconciler(at=fields.Datetime.now() + CLICK_TIME)

    @api.model
    def _follow_up_due(self):
        """Run the follow-up of recorded reversals."""
        self.search([("follow_up", "=", "todo")])._follow_up_in_new_transaction()

    def _follow_up_in_new_transaction(self):
        """Run the follow-up of these forms, each in a separate transaction."""
        run_follow_ups(self.env, self.ids)


def details_of(check):
    """Return the values of the fields that say what the original is, from a ``RedCheck``, or ``None``."""
    if check is None:
        return {}
    levy = check.levy if check.levy in dict(LEVIES) else False
    return {"levy": levy, "handler": check.handler, "special_kind": check.special_kind}


def uses_of(check):
    """Return the values of the fields with :data:`USES` from a ``RedCheck``, or ``None``."""
    names = ("vat_use", "consumption_use", "booked")
    return {name: {True: "yes", False: "no", None: "unknown"}[getattr(check, name, None)] for name in names}


# ------------------------------------------------------------------ steps of the engine


def end_by_clock(env):
    """Lapse the forms whose 72 hours are over."""
    due = env["fapiao.red.form"].search([("stage", "=", "waiting"), ("deadline", "<=", fields.Datetime.now())])
    for form in due:
        spoken = form._in_reader_language()
        spoken.write({"bureau_state": LAPSED, "next_try_at": False, "bureau_text": False})
        spoken._continue()


def remind(env):
    soon = fields.Datetime.now() + max(REMIND)
    for form in env["fapiao.red.form"].search(
        [("stage", "=", "waiting"), ("deadline", "<=", soon), ("reminders", "<", len(REMIND))]
    ):
        form._in_reader_language()._remind()
