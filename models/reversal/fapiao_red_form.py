"""Model ``fapiao.red.form`` (红字确认单): required for each reversal, from the application to the red fapiao.

``state`` is that of the application as a cloud task, ``bureau_state`` that of the form at the bureau
(rules/red_forms.py); ``stage`` combines both for users. Sections: actions, application, forms that wait for
the other side, progress, withdrawal, several forms of one credit note, follow-up.
"""

import functools
import json
import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, format_amount

from ...clouds import base, errors
from ...rules import red_document, red_forms
from ...rules.document import to_plain
from ...rules.red import REASONS
from ...rules.red_document import BUYER, SELLER, RedForm
from ...rules.red_forms import LAPSED, deadline, may_follow
from ...rules.red_forms import STATES as BUREAU_STATES
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import CLICK_TIME, OPEN_STATES, states
from ..issuing.builder import Builder
from ..values import PROBLEM, as_html, aware, naive

_logger = logging.getLogger(__name__)

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
ENDED_STAGES = ("failed", "refused", "lapsed", "withdrawn", "void")
STAGE_OF_ENDED = {
    "05": "refused",
    "06": "refused",
    "07": "lapsed",
    "08": "withdrawn",
    "09": "withdrawn",
    "10": "void",
}
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
        "account.move",
        "fapiao_red_form_move_rel",
        "form_id",
        "move_id",
        "Documents",
        readonly=True,
    )
    credit_id = fields.Many2one(
        "account.move", "Credit Note", readonly=True, index="btree_not_null", check_company=True
    )
    user_id = fields.Many2one(
        "res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user
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
        [(SELLER, "Seller"), (BUYER, "Buyer")],
        "Started By",
        required=True,
        readonly=True,
        default=SELLER,
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

    stage = fields.Selection(STAGES, compute="_compute_stage", store=True, index=True)
    is_open = fields.Boolean(compute="_compute_stage", store=True)
    advice = fields.Text("What Now", compute="_compute_advice")
    can_issue = fields.Boolean(compute="_compute_offers")
    can_apply_again = fields.Boolean(compute="_compute_offers")
    can_withdraw = fields.Boolean(compute="_compute_offers")
    reminders = fields.Integer(readonly=True, copy=False, help="Number of reminders of the deadline sent.")

    call_ids = fields.One2many(
        "fapiao.call",
        "res_id",
        "API Log",
        domain=[("res_model", "=", "fapiao.red.form")],
        readonly=True,
    )

    # The database refuses a second reversal of a fapiao, also under concurrency.
    _one_open = models.UniqueIndex(
        "(fapiao_id) WHERE is_open", "This fapiao is being reversed already. Open its red form."
    )
    _due = models.Index("(account_id, next_try_at, id) WHERE is_open")

    withdrawal_ids = fields.One2many("fapiao.red.withdrawal", "form_id", "Withdrawals", readonly=True)
    can_withdraw_at_bureau = fields.Boolean(compute="_compute_offers")

    taken = fields.Text(
        readonly=True,
        copy=True,
        help="What the credit note takes of this fapiao, where its invoice has several: by line amount, tax"
        " and quantity.",
    )

    make_credit_note = fields.Boolean(
        "Create the Credit Note",
        readonly=True,
        help="Create and post the credit note once the fapiao is reversed.",
    )
    reissue = fields.Boolean(
        "New Fapiao for the Rest",
        readonly=True,
        help="Where only part of an invoice is credited and the cloud reverses in full only: issue a new"
        " fapiao for what is left, as soon as the old one is reversed.",
    )
    rest_request_ids = fields.One2many("fapiao.request", "rest_of_id", "Requests for the Rest", readonly=True)
    rest_fapiao_ids = fields.Many2many("fapiao", compute="_compute_rest_fapiao_ids", string="New Fapiao")
    follow_up = fields.Selection(
        [
            ("none", "Nothing to do"),
            ("todo", "To do"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
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

    @api.depends("state", "bureau_state", "initiator", "red_fapiao_id", "request_ids.state")
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
        if ended := self._stage_of(self.bureau_state):
            return ended
        if not self._may_issue_from():
            return "waiting"
        if self.initiator == BUYER:
            return "confirmed"
        going = self.request_ids.filtered(lambda request: request.state in OPEN_STATES).mapped("state")
        if "manual" in going:
            return "manual"
        return "issuing" if going else "ready"

    @api.model
    def _stage_of(self, bureau_state):
        """Return the stage of a final state at the bureau; ``None`` for other states."""
        return STAGE_OF_ENDED.get(bureau_state)

    def _may_issue_from(self):
        return bool(self.bureau_state) and BUREAU_STATES[self.bureau_state].can_issue

    @api.depends(
        "stage",
        "bureau_state",
        "initiator",
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
            case "waiting" if self.bureau_state:
                whom = self.env._("the buyer") if bureau.waits_for == BUYER else self.env._("the seller")
                return self.env._(
                    "The form waits for %(whom)s to confirm it at the tax bureau. It is checked regularly; once it is"
                    " confirmed, the reversal resumes automatically.",
                    whom=whom,
                )
            case "waiting":
                return self.env._("The cloud did not return the state of the form; it is queried again.")
            case "confirmed":
                return self.env._(
                    "Both parties have confirmed. The seller issues the red fapiao; it is retrieved automatically."
                )
            case "ready" | "issuing" | "manual" if self.request_ids:
                return " ".join(self.request_ids.sorted("id")[-1:]._status_lines())
            case "ready":
                return self.env._("The form may be issued from: issue the red fapiao.")
            case "refused" | "lapsed" | "withdrawn" | "void" if bureau:
                return self.env._(bureau.advice)
        return " ".join(filter(None, [self.error_message, self.error_fix]))

    @api.depends(
        "stage",
        "state",
        "in_doubt",
        "is_open",
        "bureau_state",
        "initiator",
        "number",
        "fapiao_id.status",
        "fapiao_id.red_form_ids.is_open",
        "request_ids.state",
        "withdrawal_ids.state",
    )
    def _compute_offers(self):
        for form in self:
            form.can_issue = form.stage == "ready" and not form._open_withdrawal()
            form.can_apply_again = (
                form.stage in ENDED_STAGES
                and form.stage != "void"
                and form.fapiao_id._is_living()
                and not any(form.fapiao_id.red_form_ids.mapped("is_open"))
            )
            form.can_withdraw_at_bureau = form._can_be_withdrawn()
            form.can_withdraw = form._can_be_given_up() or form.can_withdraw_at_bureau

    @api.depends("rest_request_ids.fapiao_ids")
    def _compute_rest_fapiao_ids(self):
        for form in self:
            form.rest_fapiao_ids = form.rest_request_ids.fapiao_ids

    # ------------------------------------------------------------------ actions

    def action_ask(self):
        """Query these forms now, or send queued ones; nothing is applied for twice."""
        self._check_issuer()
        for form in self.sudo():  # sudo: issuers can't write forms otherwise
            if form.state in ("queued", "waiting_login"):
                form._enqueue()
            elif form.state in ("unknown", "pending") or form.stage in ("waiting", "confirmed"):
                form.next_try_at = form._now()
                form._wake_reconciler()
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
        """Record a manager's decision, based on the bureau's portal, that there is no form. The application
        is withdrawn.
        """
        gate.check(self, gate.MANAGER)
        self._decide_on_manual(
            lambda form: form._reject_by_hand(self.env._("%s decided that no form exists.", self.env.user.name))
        )
        return True

    def action_decide_ask_again(self):
        """Query the application's outcome again."""
        gate.check(self, gate.MANAGER)
        self._decide_on_manual(lambda form: form._requeue_lookup())
        self._attempt_after_commit()
        return self.action_follow()

    def action_open_business_doc(self):
        """Open the form itself; the links of core's ``x2many_buttons`` call this."""
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

    # ------------------------------------------------------------------ helpers

    def _decide_on_manual(self, decide):
        self._lock()
        for form in self.sudo().filtered(lambda form: form.state == "manual"):  # sudo: as in action_ask
            decide(form)

    def _reject_by_hand(self, message):
        self._set_state("rejected")
        self.write({"error_message": message, "error_fix": self.env._("Reverse the fapiao again if it has to be.")})

    # --------------------------------------------------------------------------
    # Application
    #
    # An application has no ID at the cloud. Repeating it is safe because a fapiao has at most one open form:
    # after a lost answer the same frozen application is sent again and finds the form it made
    # (``RED_APPLY_FINDS``). If the cloud doesn't work so, or an ended form exists, the form is queried
    # without applying (see clouds/base.py).
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ creation

    @api.model
    def _enqueue_plans(self, plans):
        """Create and queue a form for each :class:`~.planner.Plan`; return them."""
        # sudo: only this flow creates forms
        forms = self.sudo()._create_applications(plans)
        forms._enqueue()
        return forms.sudo(False)

    @api.model
    def _create_applications(self, plans):
        """Create and freeze a form for each :class:`~.planner.Plan`; nothing is sent yet."""
        forms = self.create([self._values_of(plan) for plan in plans])
        forms._identify()
        for form, plan in zip(forms, plans, strict=True):
            form._freeze(plan.order)
        return forms

    @api.model
    def _values_of(self, plan):
        fapiao, check = plan.fapiao, plan.check
        said = {name: getattr(check, name, None) for name in ("vat_use", "consumption_use", "booked")}
        return {
            "account_id": plan.account.id,
            "company_id": fapiao.company_id.id,
            "fapiao_id": fapiao.id,
            "move_ids": [Command.set((fapiao.move_ids | plan.credit).ids)],
            "credit_id": plan.credit.id,
            "make_credit_note": plan.make_credit_note,
            "reissue": plan.scope == "reissue",
            "taken": self._taken_by(plan),
            "previous_id": max(fapiao.red_form_ids.ids, default=False),
            **{name: {True: "yes", False: "no", None: "unknown"}[value] for name, value in said.items()},
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
        return self._taken_of(values) if self.taken else values

    def _red_order(self):
        """Return the frozen :class:`~..rules.red_document.RedOrder`."""
        self.ensure_one()
        return red_document.from_plain(json.loads(self.draft))

    def _order_at_bureau(self):
        """Return the frozen order completed with the bureau's data of its form."""
        return replace(self._red_order(), form_number=self.number or "", form_uuid=self.uuid or "")

    def _reader(self):
        return self.user_id

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        if self.state == "done" and self.stage == "confirmed":
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
            case RedForm() if self.is_anew and self._is_form_before(meaning):
                self._apply_finding(base.NotFound())
            case RedForm():
                self._accept(meaning)
            case errors.Rejected() if call.operation == base.RED_APPLY and self.state != "manual":
                # sent again and refused: if the first one had arrived, its form would have been found
                self._set_state("rejected", meaning)
            case _:
                self._apply_finding(meaning)

    def _is_form_before(self, found):
        ended = self.env["fapiao.red.form"]._stage_of(found.state) in ENDED_STAGES
        return ended and found.number == self._form_before()

    def _apply_error(self, error):
        if isinstance(error, errors.NotYet) and not self._may_be_hidden():
            error = errors.Rejected(error.text, error.code, error.http_status, problem="not_shown")
        return super()._apply_error(error)

    def _may_be_hidden(self):
        """Return whether the bureau may not show the fapiao yet: up to two hours after its issue."""
        issued_at = self.fapiao_id.issued_at
        return not issued_at or fields.Datetime.now() < issued_at + SHOWN_AFTER

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
                    "At the tax bureau form %(new)s now stands in place of %(old)s.",
                    new=found.number,
                    old=self.number,
                )
            )
        if found.state != (self.bureau_state or ""):
            self.tries = 0
            self._record_unexpected(found)
        self.write(
            {
                "number": found.number,
                "uuid": found.uuid or self.uuid,
                "bureau_state": found.state or False,
                "bureau_text": found.state_text,
                "applied_at": naive(applied_at),
                "deadline": naive(deadline(found.state, applied_at)),
                "checked_at": now,
            }
        )

    def _record_unexpected(self, found):
        """Log a change that the meaning of the states doesn't allow; the bureau's state is taken over anyway."""
        before = self.bureau_state
        if before and found.state and not may_follow(before, found.state):
            self._message_log(
                body=self.env._(
                    "Unexpected at the tax bureau: the form went from “%(before)s” to “%(after)s”.",
                    before=self._name_of(before),
                    after=self._name_of(found.state),
                )
            )

    def _name_of(self, bureau_state):
        return dict(self._fields["bureau_state"]._description_selection(self.env))[bureau_state]

    # ------------------------------------------------------------------ next steps

    def _continue(self):
        """Take the next step that needs no user."""
        if self.stage == "ready" and not self.request_ids and not self._was_to_be_withdrawn():
            self._issue_red()
        elif self.stage in ("waiting", "confirmed"):
            self._schedule_check()
        elif self.stage in ENDED_STAGES:
            self.next_try_at = False
            self._notify_end()
        if self.stage == "ready" and not self.request_ids and not self._open_withdrawal():
            self._notify_not_withdrawn()

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
        successor._identify()
        successor._freeze(order)
        successor._enqueue()
        self._message_log(body=self.env._("This form was made before and has ended: another one is applied for."))

    # --------------------------------------------------------------------------
    # Forms that wait for the other side: queries, reminders, end of the 72 hours
    #
    # Ended or lapsed forms are never queried: at 票单云 the query is the application and might apply again. So
    # the clock ends them, after a last query shortly before.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ scheduled run

    @api.model
    def _watch_forms(self, batch, go_on):
        """Query waiting forms, lapse those after their deadline, and send reminders."""
        engine = Engine(self.env)
        engine._step(end_by_clock)
        waiting = [
            ("state", "=", "done"),
            ("stage", "in", ("waiting", "confirmed")),
            ("next_try_at", "<=", self._now()),
        ]
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
        requests = Engine(self.env)._step(functools.partial(requests_of, ids, field))
        self.env["fapiao.request"]._attempt_until(until, requests)

    # ------------------------------------------------------------------ queries

    def _hint(self):
        """A hint may also concern a form that waits for the other side."""
        result = super()._hint()
        watched = self.filtered(lambda form: form.state == "done" and form.stage in ("waiting", "confirmed"))
        if watched:
            watched.write({"next_try_at": self._now()})
            self._wake_reconciler()
        return result

    @api.model
    def _lock_for_news(self, account, limit, ids=None):
        """Lock and return the forms whose state at the bureau is due for a query."""
        now = self._now()
        waiting = SQL(
            "state = 'done' AND stage IN ('waiting', 'confirmed') AND next_try_at <= %s"
            " AND (deadline IS NULL OR deadline > %s)",
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
            case RedForm():
                self._accept(meaning)
                return
            case base.Issued() if meaning.number == self.fapiao_id.number and meaning.reversed_by:
                # the seller has issued it: the next query is for the red fapiao itself
                self.write({"lookup_number": meaning.reversed_by, "next_try_at": self._now()})
                self._wake_reconciler()
                return
            case base.Issued() if meaning.number == self.lookup_number:
                self.fapiao_id._adopt_red(meaning)
                return
            case errors.LoginRequired():
                self.account_id._record_need(meaning.need, meaning)
        self._schedule_check()

    def _schedule_check(self):
        """Schedule the next query, with growing delays, but once more shortly before the deadline."""
        now = self._now()
        patience = min(LOOK_FIRST * 2 ** min(self.tries, 10), LOOK_LAST)
        at = now + (LOOK_FOR_RED if self.stage == "confirmed" else patience)
        if self.deadline:
            last_look = self.deadline - LAST_LOOK
            at = min(at, last_look if now < last_look else self.deadline)
        self.next_try_at = at
        self._wake_reconciler(at=at)

    # ------------------------------------------------------------------ notifications

    def _notify_end(self):
        """Notify the requester that the form has ended without a red fapiao, with the next step."""
        self._close_activities()
        summary = self.env._(
            "Fapiao %(number)s was not reversed: %(stage)s",
            number=self.fapiao_id.number,
            stage=dict(self._fields["stage"]._description_selection(self.env))[self.stage],
        )
        self.activity_schedule(PROBLEM, summary=summary, note=as_html(self.advice), user_id=self.user_id.id)
        for move in self.move_ids:
            move.with_user(self.user_id).sudo()._message_log(  # sudo: the engine posts in the issuer's name
                body=as_html(f"{summary}. {self.advice or ''}")
            )

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
        self._close_activities()
        self.activity_schedule(
            DEADLINE,
            date_deadline=fields.Datetime.context_timestamp(self, self.deadline).date(),
            summary=self.env._(
                "Red form %(form)s lapses in %(hours)s hours",
                form=self.number,
                hours=int(left.total_seconds() // 3600),
            ),
            note=as_html(self.advice),
            user_id=self.user_id.id,
        )
        self.reminders = due

    def _close_activities(self):
        self.activity_unlink([PROBLEM, DEADLINE])

    # --------------------------------------------------------------------------
    # Progress dialog: one row for each reversal, with its steps
    # --------------------------------------------------------------------------

    @api.model
    def follow(self, form_ids):
        """Return the data of the progress dialog: a dict for each form the user may read."""
        gate.check(self, gate.READER)
        return [form._progress() for form in self.search([("id", "in", form_ids)], order="id")]

    def _status_message(self):
        """Return status and next step for the banner of the document; "" for none.

        An ended form is shown while its activity is open.
        """
        if self.stage == "issued":
            return self.follow_up_text if self.follow_up == "failed" else ""
        if not self or not (self.is_open or self.activity_ids):
            return ""
        label = dict(self._fields["stage"]._description_selection(self.env))[self.stage]
        said = self.env._("Red form %(form)s: %(stage)s.", form=self.number or "", stage=label)
        return f"{said} {self.advice or ''}".strip()

    def _progress(self):
        requests = self.request_ids.sorted("id")[-1:] | self.rest_request_ids
        working = [record for record in [self, *requests] if record.state in OPEN_STATES]
        return {
            "id": self.id,
            "document": ", ".join(self.move_ids.mapped("name")) or self.fapiao_id.number,
            "buyer": self.fapiao_id.buyer_name or "",
            "amount": format_amount(self.env, self.amount_total, self.currency_id),
            "state": self._progress_state(),
            "label": dict(self._fields["stage"]._description_selection(self.env))[self.stage],
            "numbers": (self.red_fapiao_id | self.rest_request_ids.fapiao_ids).mapped("number"),
            "message": self._progress_message(requests),
            "fix": "",
            "cloud": "",
            "steps": self._steps(),
            "settled": all(record.state not in ("queued", "sending") for record in working)
            and self.follow_up != "todo",
            "working": bool(working) or self.stage == "waiting" or self.follow_up == "todo",
        }

    def _progress_state(self):
        """Return the state that determines colour and buttons of the reversal in the dialog."""
        states = [self.state, *self.request_ids.mapped("state"), *self.rest_request_ids.mapped("state")]
        if "waiting_login" in states:
            return "waiting_login"
        if self.follow_up == "failed":
            return "manual"
        if self.stage == "issued":
            rest = [state for state in self.rest_request_ids.mapped("state") if state != "issued"]
            return rest[0] if rest else "queued" if self.follow_up == "todo" else "issued"
        return {"waiting": "pending", "manual": "manual", "failed": "rejected", "ready": "rejected"}.get(
            self.stage, "queued" if self.is_open else "rejected"
        )

    def _progress_message(self, requests):
        said = [self.follow_up_text, *(request.error_message for request in requests)]
        return next(filter(None, said), "") or self.advice or ""

    def _steps(self):
        """Return ``[{"label", "state"}]``, the steps of a reversal: done, now, failed or later."""
        steps = [(self.env._("Red form %s", self.number or ""), self._form_step())]
        if self.stage in ("waiting", "refused", "lapsed") or self.bureau_state == "04":
            steps.append((self.env._("Confirmation by the other side"), self._confirmation_step()))
        steps.append((self.env._("Red fapiao %s", self.red_fapiao_id.number or ""), self._issue_step()))
        if self.make_credit_note:
            done = "done" if self.credit_id else "failed" if self.follow_up == "failed" else "later"
            steps.append((self.env._("Credit note %s", self.credit_id.name or ""), done))
        if self.reissue:
            numbers = ", ".join(self.rest_request_ids.fapiao_ids.mapped("number"))
            steps.append((self.env._("New fapiao for the rest %s", numbers), self._rest_step()))
        return [{"label": label.strip(), "state": state} for label, state in steps]

    def _form_step(self):
        if self.number:
            return "done"
        return "failed" if self.stage in ("failed", "withdrawn", "manual") else "now"

    def _confirmation_step(self):
        if self.stage == "waiting":
            return "now"
        return "failed" if self.stage in ("refused", "lapsed") else "done"

    def _issue_step(self):
        if self.red_fapiao_id:
            return "done"
        if self.stage in ("issuing", "confirmed"):
            return "now"
        return "failed" if self.stage in ("ready", "manual") and self.request_ids else "later"

    def _rest_step(self):
        if self.follow_up == "failed":
            return "failed"
        states = set(self.rest_request_ids.mapped("state"))
        if self.follow_up == "done" and not states:
            return "done"  # issued together with another one
        if states and states <= {"issued"}:
            return "done"
        if states & {"rejected", "manual", "withdrawn"}:
            return "failed"
        return "now" if states or self.follow_up == "todo" else "later"

    # --------------------------------------------------------------------------
    # Withdrawal of a form that is at the bureau (see ``fapiao_red_withdrawal.py``)
    #
    # During a withdrawal no red fapiao is issued from the form; after a refused one only by a user's click,
    # since the user wanted to withdraw it.
    # --------------------------------------------------------------------------

    def _can_be_withdrawn(self):
        """Return whether the cloud may be asked to withdraw this form: our application, still open, no other
        task on its way.
        """
        self.ensure_one()
        return bool(
            self.state == "done"
            and self.stage in ("waiting", "ready")
            and self.number
            and self.initiator == SELLER
            and red_forms.is_open(self.bureau_state)
            and not self._open_withdrawal()
            # sudo: the cloud's abilities are the same for every user
            and self.sudo().account_id._words().can(base.RED_WITHDRAW)
        )

    def _open_withdrawal(self):
        # sudo: users who see the form may know its status
        return self.sudo().withdrawal_ids.filtered(lambda withdrawal: withdrawal.state in OPEN_STATES)

    def _was_to_be_withdrawn(self):
        """Return whether a user wanted this form withdrawn, so that it doesn't continue automatically."""
        return bool(self.withdrawal_ids)

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

    def _notify_not_withdrawn(self):
        """Create an activity for a form that was to be withdrawn and can still be issued from."""
        self._close_activities()
        self.activity_schedule(
            PROBLEM,
            summary=self.env._("Red form %s may be issued from, but was to be withdrawn", self.number),
            note=as_html(self.advice),
            user_id=self.user_id.id,
        )

    # --------------------------------------------------------------------------
    # Several forms of one credit note: each covers its own part
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ coverage

    @api.model
    def _taken_by(self, plan):
        if plan.taken is None:
            return False
        return json.dumps(
            {str(line.id): [str(part.amount), str(part.tax), str(part.quantity)] for line, part in plan.taken.items()}
        )

    def _taken_of(self, values):
        """Return those of ``values``, create values for request lines over the whole credit note, that this
        form covers, with its amounts.
        """
        taken = json.loads(self.taken)
        found = []
        for one in values:
            if figures := taken.get(str(one["move_line_id"])):
                names = ("amount_untaxed", "amount_tax", "quantity")
                own = {name: float(-Decimal(figure)) for name, figure in zip(names, figures, strict=True)}
                found.append({**one, **own, "part": self._part_number()})
        return found

    def _part_number(self):
        """Return the position of this form among all of its credit note, so that no two cover the same slice."""
        return sum(form.id < self.id for form in self._for_same_credit())

    # ------------------------------------------------------------------ other forms

    def _for_same_credit(self):
        """Return all forms ever made for the credit note of this one."""
        return self.credit_id and self.search([("credit_id", "=", self.credit_id.id)]) or self

    def _rest_has_to_wait(self):
        """Return whether other forms of the same credit note are open: new fapiao are issued for the rest
        after all of them.
        """
        return any((self._for_same_credit() - self).mapped("is_open"))

    def _still_due(self):
        """Return the fapiao that still must be reversed for the credit note."""
        credit = self.credit_id
        if not self.taken or not credit:
            return self.env["fapiao"]
        return credit._fapiao_taken_from() if credit._fapiao_still_due() else self.env["fapiao"]

    # --------------------------------------------------------------------------
    # Follow-up of a reversal: the credit note, and the new fapiao for the rest
    #
    # It runs in a separate transaction after the red fapiao is recorded, so that a lock date or a missing
    # code can't lose that fact. If the worker dies in between, ``todo`` remains and the reconciler completes
    # it.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ recording

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
            form._withdraw_idle_requests()
            others = form._for_same_credit().filtered(lambda other: other.follow_up in ("todo", "failed"))
            (others - form).filtered("reissue").follow_up = "todo"
            if wanted or others:
                form._wake_reconciler(at=fields.Datetime.now() + CLICK_TIME)

    def _withdraw_idle_requests(self):
        """Withdraw unsent requests for a red fapiao that exists already."""
        for request in self.request_ids:
            if request.state in ("queued", "waiting_login") and not request.in_doubt:
                request._set_state("withdrawn")

    # ------------------------------------------------------------------ follow-up

    @api.model
    def _follow_up_due(self):
        """Run the follow-up of recorded reversals."""
        self.search([("follow_up", "=", "todo")])._follow_up_in_new_transaction()

    def _follow_up_in_new_transaction(self):
        """Run the follow-up of these forms, each in a separate transaction."""
        engine = Engine(self.env)
        for form_id in self.ids:
            try:
                engine._step(functools.partial(follow_up, form_id))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.info("Fapiao: what follows red form %s is tried again later", form_id)
            except UserError as error:
                engine._step(functools.partial(note_failure, form_id, str(error)))
            except Exception as error:
                _logger.exception("Fapiao: what follows red form %s failed", form_id)
                engine._step(functools.partial(note_failure, form_id, str(error)))

    def _follow_up(self):
        """Create the credit note and request the new fapiao, as far as wanted and missing."""
        self.ensure_one()
        if self.make_credit_note and not self.credit_id:
            self._make_credit_note()
        if self.reissue and not self.rest_request_ids:
            if self._rest_has_to_wait():
                return
            self._issue_rest()
        self.write({"follow_up": "done", "follow_up_text": False})

    def _make_credit_note(self):
        """Create and post the credit notes of the reversed fapiao's invoices, in the requester's name."""
        invoices = (
            self.fapiao_id._invoices()
            .with_user(self.user_id)
            .with_context(allowed_company_ids=self.company_id.ids, fapiao_red_form_id=self.id)
        )
        credits_ = invoices._reverse_moves(
            [
                {
                    "invoice_date": self.red_fapiao_id.issue_date,
                    "date": self.red_fapiao_id.issue_date,
                    "invoice_date_due": self.red_fapiao_id.issue_date,
                    "ref": self.env._(
                        "Red fapiao %(red)s: reversal of %(invoice)s",
                        red=self.red_fapiao_id.number,
                        invoice=invoice.name,
                    ),
                }
                for invoice in invoices
            ]
        )
        # before posting, which then finds the red fapiao
        links = [Command.link(credit.id) for credit in credits_]
        self.write({"credit_id": credits_[:1].id, "move_ids": links})
        self.red_fapiao_id.move_ids = links
        credits_.action_post()

    def _issue_rest(self):
        """Request a new blue fapiao for the remaining amount of the invoices."""
        self.env.flush_all()
        if due := self._still_due():
            raise UserError(
                self.env._(
                    "Fapiao %(number)s is reversed, but %(others)s is not yet. Click Red-flush on %(credit)s"
                    " again; the new fapiao for the rest is issued after that.",
                    number=self.fapiao_id.number,
                    others=", ".join(due.mapped("number")),
                    credit=self.credit_id.display_name,
                )
            )
        # two forms of one credit note may end at the same time: one of them issues the rest
        self.fapiao_id._invoices().sudo()._fapiao_lock()
        invoices = self.fapiao_id._invoices().filtered(
            # less what is requested already by another form of the same credit note
            lambda move: move._fapiao_rest_without(self.env["fapiao"]) > 0
        )
        # sudo: the requester may issue; the engine acts in the requester's name
        orders = Builder(self.env(user=self.user_id, su=True))._build_rest(invoices)
        for built in orders:
            if not built.is_ready:
                raise UserError(
                    self.env._(
                        "Fapiao %(number)s is reversed, but the new one for the rest of %(invoice)s could not"
                        " be ordered: %(problems)s",
                        number=self.fapiao_id.number,
                        invoice=", ".join(built.moves.mapped("name")),
                        problems=" ".join(built.moves._fapiao_describe(problem) for problem in built.problems),
                    )
                )
        # sudo: only this flow creates requests; they still belong to the user
        requests = self.env["fapiao.request"].with_user(self.user_id).sudo()._create_blue(orders)
        requests.rest_of_id = self
        requests._enqueue(wake_after=CLICK_TIME)

    def _notify_failure(self, text):
        """Create an activity: the fapiao is reversed, and the follow-up failed."""
        self.write({"follow_up": "failed", "follow_up_text": text})
        for document in self.fapiao_id._invoices()[:1] or self:
            document.activity_schedule(
                PROBLEM,
                summary=self.env._("After the red fapiao something is missing"),
                note=as_html(text),
                user_id=self.user_id.id,
            )


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


def requests_of(form_ids, field, env):
    return env["fapiao.red.form"].browse(form_ids)[field].ids


def follow_up(form_id, env):
    # not waited for: the worker that holds the lock runs this same follow-up
    form = env["fapiao.red.form"].browse(form_id).try_lock_for_update()
    if form.follow_up == "todo":
        form._in_reader_language()._follow_up()


def note_failure(form_id, text, env):
    form = env["fapiao.red.form"].browse(form_id).try_lock_for_update()
    if form.follow_up == "todo":
        form._in_reader_language()._notify_failure(text)
