"""Model ``fapiao.marking``: marks received fapiao at the bureau as booked (入账) or selected for deduction
(勾选), and takes marks back.

The call sets a state, so it may be repeated after a lost answer: fapiao in that state aren't changed. Source:
docs/protocols/kingdee-inbound.md#booking-and-deduction.
"""

import json

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ...clouds import base, errors
from ...clouds.inbound import Marked, MarkOrder
from ..cloud.fapiao_pace import QUESTION
from ..cloud.fapiao_task_mixin import OPEN_STATES, states
from ..values import SHANGHAI, aware
from .fapiao import FAMILY

AT_ONCE = 50
KINDS = [
    ("book", "Book (入账)"),
    ("unbook", "Take back the booking"),
    ("select", "Select for deduction (勾选)"),
    ("unselect", "Take back the selection"),
]
OPERATIONS = {"booking": base.BOOK, "deduction": base.SELECT}
QUESTIONS = {base.BOOK: base.BOOK_STATE, base.SELECT: base.SELECT_STATE}


class FapiaoMarking(models.Model):
    _name = "fapiao.marking"
    _description = "Marks on Received Fapiao"
    _inherit = ["fapiao.task.mixin"]
    _purpose = QUESTION
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True

    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        states(queued="Waiting", rejected="Turned Down", unknown="Answer lost", withdrawn="Given up")
    )
    period = fields.Char(readonly=True, help="yyyymm: of the booking, or of the deduction.")
    purpose = fields.Selection(
        [("1", "Deduct"), ("2", "Not to be deducted")], readonly=True, default="1", required=True
    )
    task_no = fields.Char("Task", readonly=True, copy=False, help="Of the cloud, under which results come.")
    line_ids = fields.One2many("fapiao.marking.line", "marking_id", "Fapiao", readonly=True)
    fapiao_count = fields.Integer("Number of Fapiao", compute="_compute_counts")
    refused_count = fields.Integer("Turned Down", compute="_compute_counts")

    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown', 'pending')")

    # ------------------------------------------------------------------ computes

    @api.depends("line_ids.state")
    def _compute_counts(self):
        for marking in self:
            marking.fapiao_count = len(marking.line_ids)
            marking.refused_count = len(marking.line_ids.filtered(lambda line: line.state == "refused"))

    @api.depends("kind", "period")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for marking in self:
            marking.display_name = " ".join(filter(None, [kinds.get(marking.kind), marking.period]))

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Send or query these now instead of at their next try."""
        self._check_issuer()
        todo = self.filtered(lambda marking: marking.state in ("queued", "waiting_login", "unknown", "pending"))
        if not todo:
            raise UserError(self.env._("There is nothing left to do here."))
        # sudo: users can't write these records; this only makes them due
        waiting = todo.sudo().filtered(lambda marking: marking.state == "waiting_login")
        waiting._enqueue()
        todo.sudo().write({"next_try_at": self._now()})
        todo._attempt_after_commit()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_withdraw(self):
        """Withdraw marks that no cloud has seen."""
        self._check_issuer()
        markings = self.sudo()  # sudo: see action_retry
        markings._lock()
        if not all(marking._can_be_given_up() for marking in markings):
            raise UserError(self.env._("Only what was not sent yet can be given up."))
        for marking in markings:
            marking._set_state("withdrawn")
        return True

    # ------------------------------------------------------------------ creation

    @api.model
    def _create_for(self, fapiao, kind, period="", purpose="1"):
        """Create, freeze and queue the tasks that mark ``fapiao`` (received, of any accounts) as ``kind``,
        except those with an open task of the same family. Returns the tasks.
        """
        family = FAMILY[kind]
        # sudo: only their own flows create them
        free = fapiao.sudo().filtered(lambda one: family not in one._open_mark_families())
        markings = self.sudo()
        for account, own in free.grouped(lambda one: one._marking_account()).items():
            if account:
                for batch in split_every(AT_ONCE, own.ids):
                    markings |= self._create_one(account, own.browse(batch), kind, period, purpose)
        markings._enqueue()
        return markings.sudo(False)

    def _create_one(self, account, fapiao, kind, period, purpose):
        marking = self.sudo().create(
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "operation": OPERATIONS[FAMILY[kind]],
                "kind": kind,
                "period": period,
                "purpose": purpose,
                "line_ids": [Command.create({"fapiao_id": one.id, "family": FAMILY[kind]}) for one in fapiao],
            }
        )
        marking._identify()
        marking._freeze(marking._mark_order())
        return marking

    def _mark_order(self):
        at = aware(fields.Datetime.now()).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        return MarkOrder(
            do=self.kind in ("book", "select"),
            fapiao=tuple(line.fapiao_id._as_marked() for line in self.line_ids),
            period=self.period or "",
            purpose=self.purpose,
            at=at if self.kind == "book" else "",
        )

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        """Query the results of a task number. After a lost answer repeat the call; if it was accepted without
        a task number, query the state of the fapiao.
        """
        question = QUESTIONS[self.operation]
        if self.task_no:
            return question, words.freeze(question, {"task_no": self.task_no, "page": 1}, "")
        if self.state == "unknown":
            return self.operation, json.loads(self.payload)
        open_lines = self.line_ids.filtered(lambda line: line.state == "open")
        asked = {"fapiao": [line.fapiao_id._as_marked() for line in open_lines]}
        return question, words.freeze(question, asked, "")

    @api.model
    def _questions(self):
        return (*QUESTIONS, *QUESTIONS.values())

    # ------------------------------------------------------------------ answers

    def _words_of(self, error):
        """Replace the usual message, which warns about a fapiao: nothing is issued here."""
        words = super()._words_of(error)
        if isinstance(error, errors.OutcomeUnknown):
            words["error_message"] = self.env._(
                "The cloud did not answer, so it is not known whether the mark was set."
            )
            words["error_fix"] = self.env._("Do nothing: the cloud is queried again automatically.")
        return words

    def _apply_meaning(self, call, meaning):
        match meaning:
            case Marked() if self.state not in ("done", "withdrawn"):
                self._accept(meaning)
            case errors.Rejected() if call.operation in QUESTIONS and self.state in (
                "sending",
                "unknown",
            ):
                self.line_ids._refuse(meaning.text or self._words_of(meaning)["error_message"])
                self._set_state("rejected", meaning)
            case _ if self.state == "sending":
                return super()._apply_meaning(call, meaning)
            case errors.CloudError() if self.state in ("unknown", "pending"):
                self._schedule_retry(meaning)
        return None

    def _accept(self, result):
        """Store the reported results; done when each fapiao has one."""
        if result.task_no:
            self.task_no = result.task_no
        self.line_ids._take_over(result)
        if any(line.state == "open" for line in self.line_ids):
            if self.state != "pending":
                self._set_pending(result.text)
            else:
                self._schedule_retry()
            return
        self._set_state("done")

    def _on_final_state(self):
        """Plan the marks again, since the bill may have been reset or posted meanwhile."""
        if self.state not in OPEN_STATES:
            self.line_ids.filtered(lambda line: line.state == "open").state = "dropped"
        if self.state in ("done", "rejected", "withdrawn"):
            self.line_ids.fapiao_id._plan_booking()
