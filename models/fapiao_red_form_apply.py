"""Applying for a red form, and what the answers mean.

An application carries no id of its own at the cloud. What makes it safe to repeat is that a fapiao has
one open form at most: where the answer is lost, the same frozen application is sent again and finds the
form it made (``RED_APPLY_FINDS``); where that isn't so, or a form that has ended is in the way, the cloud
is asked for the form without applying (see clouds/base.py).
"""

import json
from dataclasses import replace
from datetime import timedelta

from odoo import Command, api, fields, models

from ..clouds import base, errors
from ..rules import red_document
from ..rules.document import to_plain
from ..rules.red_document import RedForm
from ..rules.red_forms import deadline, may_follow
from .fapiao_outbound import CLICK_TIME
from .fapiao_red_form import ENDED_STAGES
from .fapiao_time import aware, naive

# So long after its issue the bureau may not show the original yet: two hours, and one to be safe.
SHOWN_AFTER = timedelta(hours=3)
# A form older than our application by this much was there before it, whatever the clocks say.
CLOCKS_DIFFER = timedelta(minutes=5)


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    # ------------------------------------------------------------------ making an application

    @api.model
    def _enqueue_plans(self, plans):
        """Make and queue a form for each :class:`~.fapiao_red_planner.Plan`; return them."""
        # sudo: forms are made by this flow alone, nobody may create one by hand
        forms = self.sudo()._create_applications(plans)
        forms._enqueue()
        return forms.sudo(False)

    @api.model
    def _create_applications(self, plans):
        """Create and freeze a form for each :class:`~.fapiao_red_planner.Plan`; nothing is sent yet."""
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
            "line_ids": [
                Command.create(values) for values in self.env["fapiao.red.form.line"]._values_of(order.lines)
            ],
        }

    def _shares(self):
        """Return create values for the lines of the red request: what of the credit note it covers. A
        reversal in full covers none: the fapiao it takes back covers nothing any more either."""
        if self.is_full:
            return []
        builder = self.env["fapiao.builder"]
        items, _problems = builder._items(self.credit_id, builder._catalogue(self.credit_id))
        values = builder._shares([(self.credit_id, item) for item in items or []])
        return self._taken_of(values) if self.taken else values

    def _red_order(self):
        """Return the frozen :class:`~..rules.red_document.RedOrder`."""
        self.ensure_one()
        return red_document.from_plain(json.loads(self.draft))

    def _order_at_bureau(self):
        """Return the frozen order with what the bureau has said of its form since."""
        return replace(self._red_order(), form_number=self.number or "", form_uuid=self.uuid or "")

    def _reader(self):
        return self.user_id

    # ------------------------------------------------------------------ asking

    def _question(self, words):
        if self.state == "issued" and self.stage == "confirmed":
            number = self.lookup_number or self.fapiao_id.number
            return base.FIND, words.freeze(base.FIND, {"number": number}, "")
        if self.state == "issued":
            return base.RED_STATE, words.freeze(base.RED_STATE, self._order_at_bureau(), self.request_uid)
        if self.is_anew or not words.can(base.RED_APPLY_FINDS):
            order = replace(self._red_order(), form_number=self._form_before())
            return base.RED_STATE, words.freeze(base.RED_STATE, order, self.request_uid)
        return self.operation, json.loads(self.payload)

    @api.model
    def _questions(self):
        # the same application again finds the form it made
        return (base.FIND, base.RED_STATE, base.RED_APPLY)

    def _form_before(self):
        """Return the number of the form that has ended and is in the way of this application, or ""."""
        return next((form.number for form in self.fapiao_id.red_form_ids - self if form.number), "")

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, exchange, meaning):
        if self.state == "issued":
            self._apply_news(meaning)
        elif self.state in ("unknown", "pending", "manual"):
            self._apply_to_doubt(exchange, meaning)
        else:
            return super()._apply_meaning(exchange, meaning)
        return None

    def _apply_to_doubt(self, exchange, meaning):
        """Act on an answer while it isn't known whether the application has arrived."""
        match meaning:
            case RedForm() if self.is_anew and self._is_form_before(meaning):
                self._apply_finding(base.NotFound())
            case RedForm():
                self._accept(meaning)
            case errors.Rejected() if exchange.operation == base.RED_APPLY and self.state != "manual":
                # sent again and refused: had the first one arrived, its form would have been found
                self._become("rejected", meaning)
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
        """The bureau shows a fapiao up to two hours after its issue (fapiao-rules, "Red letter")."""
        issued_at = self.fapiao_id.issued_at
        return not issued_at or fields.Datetime.now() < issued_at + SHOWN_AFTER

    def _accept(self, result):
        if isinstance(result, base.Pending):
            self._become_pending(result.text)
            return
        is_first = self.state != "issued"
        self._note_bureau(result)
        if is_first:
            self._become("issued")
        if self.account_id.session_state != "ok":
            self.account_id._note_ready()
        if is_first and self.stage in ENDED_STAGES and self._was_there_before():
            self._apply_after_old()
        else:
            self._go_on()

    def _note_bureau(self, found):
        """Write down where the form stands at the bureau."""
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
            self._note_unexpected(found)
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

    def _note_unexpected(self, found):
        """Keep a word of a change that the states' meaning doesn't allow; the bureau is right anyhow."""
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

    # ------------------------------------------------------------------ what follows

    def _go_on(self):
        """Take the next step that needs no person."""
        if self.stage == "ready" and not self.request_ids and not self._was_to_be_withdrawn():
            self._issue_red()
        elif self.stage in ("waiting", "confirmed"):
            self._look_later()
        elif self.stage in ENDED_STAGES:
            self.next_try_at = False
            self._tell_end()
        if self.stage == "ready" and not self.request_ids and not self._open_withdrawal():
            self._tell_not_withdrawn()

    def _issue_red(self):
        # sudo: requests are made by this flow alone; the request is its user's all the same
        requests = self.env["fapiao.request"].with_user(self.user_id).sudo()
        requests._create_red(self)._enqueue(wake_after=CLICK_TIME)

    def _was_there_before(self):
        """Tell whether the cloud has answered with a form that had ended before we applied."""
        return (
            not self.is_anew and self.stage != "void" and self.applied_at < self.create_date - CLOCKS_DIFFER
        )

    def _apply_after_old(self):
        """Apply anew in place of a form that somebody made before and that has ended: what was found
        is no answer to what was asked for."""
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
        self._message_log(
            body=self.env._("This form was made before and has ended: another one is applied for.")
        )
