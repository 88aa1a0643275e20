"""Model ``fapiao.request`` (开票申请单): one task to issue a fapiao. The result is a ``fapiao``.

Sections: actions, scheduled runs, blue requests, earlier IDs, verification of numbers, double fapiao,
attribution of lines to several fapiao, unattributed amounts, the cloud's own queue, withdrawal.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

import json
import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount

from ...clouds import base, errors
from ...clouds.canonical import fingerprint
from ...rules import checks, pieces, shares
from ...rules.document import from_plain, to_plain
from ...rules.problems import _
from ...rules.problems import errors as problems_of
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import (
    ATTENTION_STATES,
    DEAD_STATES,
    NOT_SENT,
    OPEN_STATES,
    OTHERS,
    UNSENT_STATES,
    WATCHING,
    Schedule,
    states,
)
from ..values import DIGITAL_FORM, FORMS, KINDS, LIVING, PROBLEM, as_html, exact
from . import elsewhere
from .fapiao import sums_to

PROOF_HOLDS = timedelta(minutes=10)  # how long "not found" allows a new ID
WAIT_FIRST = timedelta(seconds=30)
WAIT_LAST = timedelta(minutes=15)
ALIKE_SINCE = timedelta(days=60)  # an invoice entered again has no link to the deleted one
SIBLINGS = 3  # IDs of later attempts that are queried in a restored database
AT_ONCE = 500
VERIFY_AFTER = timedelta(minutes=5)  # after a busy batch; queries have their own rate limit
ALARM = "mail.mail_activity_data_warning"  # stays until a user closes it
LOST = _("Fapiao %(number)s over %(total)s is reversed, and it is not certain which lines stood on it.")
WAY_OUT = _("Reverse the others of the same request too (%(rest)s); then all of it can be issued again.")
REQUEST_STATES = states("issued", issued="Issued")


class FapiaoRequest(models.Model):
    _name = "fapiao.request"
    _description = "Fapiao Request"
    _inherit = ["fapiao.task.mixin"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True
    _is_watched = True
    _final_state = "issued"

    state = fields.Selection(REQUEST_STATES)
    kind = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, default="blue", readonly=True)
    type = fields.Selection(KINDS, required=True, readonly=True)
    organisation = fields.Char(
        "Organization", readonly=True, help="组织编码 of the cloud's organization, where it isn't the account's."
    )
    form = fields.Selection(FORMS, "Fapiao Form", required=True, default=DIGITAL_FORM, readonly=True)
    move_ids = fields.Many2many(
        "account.move",
        "fapiao_request_move_rel",
        "request_id",
        "move_id",
        "Invoices",
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many("fapiao.request.line", "request_id", readonly=True)
    fapiao_ids = fields.Many2many(
        "fapiao", "fapiao_request_fapiao_rel", "request_id", "fapiao_id", readonly=True, copy=False
    )
    previous_id = fields.Many2one("fapiao.request", "Corrects", readonly=True, copy=False)
    partner_id = fields.Many2one("res.partner", "Buyer", readonly=True)
    buyer_name = fields.Char(readonly=True)
    buyer_tax_no = fields.Char("Buyer Tax Number", readonly=True)
    draft = fields.Text(
        readonly=True, copy=False, help="The fapiao in neutral words, before it was put into the cloud's."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)
    call_ids = fields.One2many(
        "fapiao.call", "res_id", "API Log", domain=[("res_model", "=", "fapiao.request")], readonly=True
    )
    needs_attention = fields.Boolean(compute="_compute_needs_attention", search="_search_needs_attention")

    _unique_uid = models.UniqueIndex("(request_uid)", "Two requests can't share one request ID.")
    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown', 'pending')")

    earlier_ids = fields.Many2many(
        "fapiao.request",
        "fapiao_request_earlier_rel",
        "request_id",
        "earlier_id",
        "Earlier Requests",
        readonly=True,
        copy=False,
        help="Requests for the same documents that may have been sent before this one.",
    )
    later_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_earlier_rel", "earlier_id", "request_id", readonly=True, copy=False
    )
    absent_at = fields.Datetime(
        "Not Known Since", readonly=True, copy=False, help="When the cloud last said that it has no such request."
    )
    last_sent_at = fields.Datetime(readonly=True, copy=False)
    ended_at_cloud = fields.Boolean(
        "Ended at the Cloud",
        readonly=True,
        copy=False,
        help="The cloud itself has ended it: refused for a fault of its own, taken back or sent back.",
    )
    attempt = fields.Integer(readonly=True, copy=False)
    sibling = fields.Integer(
        readonly=True, copy=False, help="Which later attempt's ID is asked for, in a restored database."
    )

    double_ids = fields.Many2many(
        "fapiao.request",
        "fapiao_request_double_rel",
        "request_id",
        "double_id",
        "Stands Beside",
        readonly=True,
        copy=False,
        help="Other requests that stand for the same lines.",
    )
    is_double = fields.Boolean(
        "Second Fapiao",
        compute="_compute_is_double",
        store=True,
        help="Two fapiao stand for the same lines: one of them has to be reversed.",
    )

    cloud_state = fields.Selection(
        [
            ("waiting", "Waits for a person in the cloud"),
            ("issuing", "Being issued"),
            ("returned", "Sent back"),
        ],
        "In the Cloud",
        readonly=True,
        copy=False,
    )

    is_elsewhere = fields.Boolean(
        "Issued Elsewhere",
        readonly=True,
        copy=False,
        help="Links a fapiao that was issued elsewhere with its invoices; nothing was ever sent for it.",
    )

    can_withdraw = fields.Boolean(compute="_compute_can_withdraw")

    withdrawal_id = fields.Many2one("fapiao.withdrawal", readonly=True, copy=False, index="btree_not_null")
    withdraw_asked = fields.Boolean(
        readonly=True, copy=False, help="It is not known whether a withdrawal took effect: the cloud is queried."
    )

    # ------------------------------------------------------------------ computes

    @api.depends("request_uid")
    def _compute_display_name(self):
        for request in self:
            request.display_name = request.request_uid or self.env._("New request")

    @api.depends("state", "is_double")
    def _compute_needs_attention(self):
        for request in self:
            request.needs_attention = request.is_double or request.state in ATTENTION_STATES

    def _search_needs_attention(self, operator, value):
        if operator != "in":
            return NotImplemented
        needing = Domain("state", "in", ATTENTION_STATES) | Domain("is_double", "=", True)
        return needing if True in value else ~needing

    @api.depends("line_ids.live", "double_ids.line_ids.live")
    def _compute_is_double(self):
        for request in self:
            request.is_double = any(request.line_ids.mapped("live")) and any(
                any(other.line_ids.mapped("live")) for other in request.double_ids
            )

    @api.depends("state", "in_doubt", "fapiao_ids")
    def _compute_can_withdraw(self):
        for request in self:
            request.can_withdraw = request._can_be_given_up()

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Query or send the requests now instead of at their next try; IDs stay the same."""
        self._check_issuer()
        for request in self.sudo():  # sudo: issuers can't write requests otherwise
            if request.state in ("queued", "waiting_login"):
                request._enqueue()
            elif request.state in ("unknown", "pending"):
                request.next_try_at = request._now()
                request._wake_reconciler()
        self._attempt_after_commit()
        return self.action_follow()

    def action_withdraw(self):
        """Withdraw requests the cloud has not seen, and ask it to withdraw those it has accepted but not
        issued. Requests that may have been sent are kept.
        """
        self._check_issuer()
        self._lock()
        requests = self.sudo()  # sudo: as in action_retry
        taken = requests.filtered(lambda request: request._can_be_taken_back())
        for request in requests - taken:
            if request.in_doubt or request.state not in UNSENT_STATES:
                raise UserError(
                    self.env._(
                        "Request %s may have reached the cloud already. It is being looked up under its ID;"
                        " wait for the result.",
                        request.request_uid,
                    )
                )
            request._set_state("withdrawn")
        if not taken:
            return True
        # sudo: only this flow creates withdrawals
        self.env["fapiao.withdrawal"].sudo()._create_for(taken)._attempt_after_commit()
        return taken.sudo(False).action_follow()

    def action_open_business_doc(self):
        """Open the request itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._get_records_action()

    def action_login(self):
        """Open what a waiting request needs: log-in, face code or, to correct it, the account."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_follow(self):
        """Return the client action that shows the progress of the requests."""
        gate.check(self, gate.READER)
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"request_ids": self.ids},
        }

    def action_decide_not_issued(self):
        """Record a manager's decision, based on the cloud's portal, that nothing was issued. The request is
        rejected; a new one gets a new ID, after the cloud was queried about this one once more.
        """
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            request._set_state(
                "rejected",
                message=self.env._("%s decided that nothing was issued.", self.env.user.name),
                fix=self.env._("Issue again from the invoice when all is corrected."),
            )
        return True

    def action_decide_ask_again(self):
        """Move the requests back to those that are queried by their ID."""
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            if request.was_sent:
                request._requeue_lookup()
            else:
                request._enqueue()
        self._attempt_after_commit()
        return self.action_follow()

    def action_move(self):
        """Open the dialog that sends these requests, which no cloud has seen, through another account."""
        gate.check(self, gate.ISSUER)
        return self.env["fapiao.request.move"]._open(self)

    # ------------------------------------------------------------------ another account
    #
    # For an account that is dead or whose credit line is used up. Nothing that may have left is ever moved: asked by
    # another account, the cloud would deny knowing it, and it would be issued a second time.

    def _unsent_for_sure(self):
        """Return those of these requests that were never sent, as requests and call log say; no user writes either.

        Stricter than what may be withdrawn: an answer "not read" came from the cloud as well. In a database that was
        restored from a backup, what was sent may be forgotten: nothing there counts as unsent.
        """
        never = self.filtered(
            lambda request: (
                request.kind == "blue"
                and request.operation == base.ISSUE
                and request.state in UNSENT_STATES
                and not (request.in_doubt or request.was_sent or request.resends or request.fapiao_ids)
                and not request.account_id._asks_first()
            )
        )
        # sudo: the log is the same for every user
        sent = self.env["fapiao.call"].sudo()._read_group(never._domain_attempts_that_left(), ["res_id"])
        return never - self.browse(id_ for (id_,) in sent)

    def _domain_attempts_that_left(self):
        """Return the domain of the calls for these requests, but for those that provably never left."""
        left = Domain("outcome", "=", False) | Domain("outcome", "not in", NOT_SENT) | Domain("http_status", "!=", 0)
        return self._domain_calls() & Domain("operation", "=", base.ISSUE) & left

    def _move_to(self, account):
        """Send these requests through ``account`` of the same taxpayer; the caller has checked the rights.

        Raises ``UserError`` where one of them may have left or breaks a limit of that account. Under the locks of the
        claims of all accounts: none of them can be sent meanwhile, and a claim that came first is seen.
        """
        for id_ in sorted((self.account_id | account).ids):
            self._lock_account(id_)
        self._lock()
        self.account_id.invalidate_recordset()
        if stays := self - self._unsent_for_sure():
            raise UserError(
                self.env._(
                    "Request %s may have left already: it stays with its account, which is asked about it. Only what"
                    " was never sent can be moved.",
                    ", ".join(stays.mapped("request_uid")),
                )
            )
        self._check_may_move_to(account)
        drafts = {request: request._neutral_draft() for request in self}
        used = {line.code for draft in drafts.values() for line in draft.lines}
        limits = account._limits(self.env["fapiao.tax.code"]._laws_of(used))
        for request, draft in drafts.items():
            request._refreeze_for(account, draft, limits)
        self._enqueue()

    def _check_may_move_to(self, account):
        """Raise ``UserError`` unless ``account`` may issue these requests in place of theirs."""
        for source in self.account_id:
            is_same_taxpayer = (source.tax_no, source.mode, source.company_id) == (
                account.tax_no,
                account.mode,
                account.company_id,
            )
            if not account.active or source == account or not is_same_taxpayer:
                raise UserError(
                    self.env._(
                        "%(target)s can't take over from %(old)s: it has to be another account of the same company"
                        " and taxpayer, in the same mode, and not archived.",
                        target=account.display_name,
                        old=source.display_name,
                    )
                )

    def _refreeze_for(self, account, draft, limits):
        """Freeze this request's ``draft`` again, in the words of the cloud of ``account``; its ID stays."""
        self.ensure_one()
        source = self.account_id
        if account.drawer and draft.drawer == source.drawer:
            draft = replace(draft, drawer=account.drawer)
        if problems := problems_of(checks.preflight(draft, limits)):
            said = " ".join(map(self.env["account.move"]._fapiao_describe, problems))
            raise UserError(
                self.env._("Request %(request)s can't be moved: %(problems)s", request=self.request_uid, problems=said)
            )
        self.write(
            {
                "account_id": account.id,
                "draft": json.dumps(to_plain(draft), ensure_ascii=False),
                "tries": 0,
                "asked_first": False,
            }
        )
        self._freeze(draft)
        moved = self.env._(
            "Fapiao request %(request)s was not sent yet and goes through %(target)s instead of %(old)s.",
            request=self.request_uid,
            target=account.display_name,
            old=source.display_name,
        )
        for document in self._documents():
            document._message_log(body=moved)

    # ------------------------------------------------------------------ scheduled runs over all cloud tasks

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send queued tasks; red forms first, since they lead to requests and follow-ups."""
        engine, forms = Engine(self.env), self.env["fapiao.red.form"]
        models_ = [forms, self, *(self.env[name] for name in OTHERS)]
        run = Schedule(
            self.env,
            lambda: sum(model.search_count(model._domain_to_send()) for model in models_),
            self._wake_dispatcher,
        )
        run.do(engine._record_kept)
        run.do(self._ask_about_earlier, batch, run.go_on)
        for model in models_:
            run.do(model._dispatch, batch, run.go_on)
        run.do(forms._follow_up_due)
        run.end()

    @api.model
    def _cron_reconcile(self, batch=20):
        """Query open tasks, and complete reversals."""
        engine, forms = Engine(self.env), self.env["fapiao.red.form"]
        models_ = [self, forms, *(self.env[name] for name in OTHERS)]
        run = Schedule(
            self.env,
            lambda: sum(
                model.search_count(domain)
                for model in models_
                for domain in (model._domain_to_ask(), model._domain_to_watch())
            ),
            self._wake_reconciler,
        )
        run.do(engine._record_kept)
        run.do(engine._sweep_answers)
        run.do(self.env["fapiao.login"]._wipe_left)
        run.do(self.env["fapiao.callback"]._process_new)
        for model in models_:
            run.do(model._reconcile, batch, run.go_on)
        run.do(forms._watch_forms, batch, run.go_on)
        run.do(self.env["fapiao"]._refresh_queued, batch)
        run.do(forms._follow_up_due)
        run.end()

    # ------------------------------------------------------------------ blue requests: from the invoices to the fapiao

    @api.model
    def _create_blue(self, built):
        """Create and freeze requests, one for each :class:`~.builder.Built`; nothing is sent yet."""
        requests = self.create([self._blue_values(item) for item in built])
        requests._identify()
        for request, item in zip(requests, built, strict=True):
            request._freeze(item.draft)
        return requests

    @api.model
    def _blue_values(self, built):
        draft = built.draft
        moves = built.moves
        account = moves[:1]._fapiao_account()
        return {
            "account_id": account.id,
            "company_id": moves.company_id.id,
            "operation": base.ISSUE,
            "kind": "blue",
            "type": draft.type,
            "form": draft.form,
            "organisation": draft.organisation,
            "move_ids": [Command.set(built.documents.ids)],
            "previous_id": max(self._rejected_of(built).ids, default=False),
            "partner_id": moves.commercial_partner_id[:1].id,
            "buyer_name": draft.buyer.name,
            "buyer_tax_no": draft.buyer.tax_no,
            "draft": json.dumps(to_plain(draft), ensure_ascii=False),
            "amount_untaxed": float(draft.amount),
            "amount_tax": float(draft.tax),
            "amount_total": float(draft.total),
            "line_ids": [Command.create(share) for share in built.shares],
        }

    def _rejected_of(self, built):
        """Return the rejected requests for slices of ``built``."""
        lines = {share.get("move_line_id") for share in built.shares}
        return built.moves.fapiao_request_ids.filtered(
            lambda request: (
                request.kind == "blue"
                and request.state == "rejected"
                and lines & set(request.line_ids.move_line_id.ids)
            )
        )

    # ------------------------------------------------------------------ progress

    @api.model
    def follow(self, request_ids):
        """Return the data of the progress dialog: a dict for each request the user may read."""
        gate.check(self, gate.READER)
        requests = self.search([("id", "in", request_ids)], order="id")
        return [request._progress() for request in requests]

    def _progress(self):
        return {
            "id": self.id,
            "document": ", ".join(self.move_ids.mapped("name")) or self.display_name,
            "buyer": self.buyer_name or "",
            "amount": format_amount(self.env, self.amount_total, self.currency_id),
            "state": self.state,
            "label": dict(self._fields["state"]._description_selection(self.env))[self.state],
            "numbers": self.fapiao_ids.mapped("number"),
            "message": self.error_message or self._place_in_cloud_queue(),
            "fix": self.error_fix or "",
            "cloud": " ".join(filter(None, [self.cloud_text, self.cloud_code and f"({self.cloud_code})"])),
            # queued behind others or after an error: the dialog doesn't wait for it
            "settled": self.state not in ("queued", "sending"),
            "working": self.state in OPEN_STATES,
        }

    # ------------------------------------------------------------------ results

    def _take_facts_from(self, call):
        """Record the fapiao named by an answer, in every state of the request, so that an exception or a
        conflict in the following steps doesn't lose it. Contradictions are left to a user.
        """
        meaning = call._meaning()
        is_bill = isinstance(meaning, base.Bill)
        # a total above the request's is no reason to lose the fapiao
        difference = self._difference_on_bill if is_bill else self._difference_of
        for issued in meaning.fapiao if is_bill else (meaning,):
            is_fact = isinstance(issued, base.Issued) and issued.color == self.kind
            if is_fact and not difference(issued) and not self._knows(issued.number):
                self.env["fapiao"]._record_issued(self, issued)

    def _accept(self, result):
        """Take over the answer to the call if it agrees with the request."""
        if difference := self._difference_of(result):
            self._dispute(difference)
        else:
            self._take(result)

    def _adopt(self, found):
        """Take over a fapiao found under the request's ID if they agree; else return the difference."""
        if difference := self._difference_of(found, is_asked=True):
            return difference
        self._take(found)
        return ""

    def _take(self, result):
        """Take over a result of this request; an ended one is reactivated."""
        self._keep_sibling()
        self._take_from_links_by_hand(result)
        comes_back = self.state in DEAD_STATES and not self._is_settled_by(result)
        if comes_back:
            self._come_back()
        self._take_result(result)
        if comes_back and self.double_ids:
            self._alarm_double()
        if self.account_id.session_state != "ok" and not isinstance(result, base.Pending):
            self.account_id._record_ready()

    def _take_from_links_by_hand(self, result):
        """Take over a fapiao that a person has linked with the same documents meanwhile: it was this request's."""
        found = result.fapiao if isinstance(result, base.Bill) else [result]
        numbers = [issued.number for issued in found if isinstance(issued, base.Issued)]
        for link in self._requests_with(numbers)._links_by_hand_of(self):
            message = self.env._("Withdrawn: the fapiao was issued by request %s.", self.request_uid)
            elsewhere.release(link, message)

    def _requests_with(self, numbers):
        """Return the other requests of this company with fapiao of these ``numbers``."""
        named = Domain("company_id", "=", self.company_id.id) & Domain("direction", "=", "out")
        named &= Domain("number", "in", numbers)
        return self.search(Domain("fapiao_ids", "any", named) & Domain("id", "!=", self.id))

    def _links_by_hand_of(self, request):
        """Return those of these requests that link a fapiao issued elsewhere with documents of ``request``."""
        documents = request._documents()
        return self.filtered(lambda one: one.is_elsewhere and all(own in documents for own in one._documents()))

    def _is_settled_by(self, result):
        """Return whether ``result`` changes nothing: a billing request sent back can't be issued any more."""
        return isinstance(result, base.Bill) and not result.fapiao and result.state == "returned"

    def _take_result(self, result):
        if isinstance(result, base.Bill):
            return self._take_bill(result)
        if isinstance(result, base.Pending):
            if self.state != "issued":
                self._set_pending(result.text)
            return None
        if not self._knows(result.number):
            if self.fapiao_ids:
                self._alarm_second_number(result)
            self._record_found(result)
        if self.state != "issued":
            self._set_state("issued")
            self._verify_later(result)
        return None

    def _dispute(self, difference):
        """Leave an answer that differs from the request to a user; nothing is linked before the decision."""
        if self.state in DEAD_STATES:
            self._alarm_stranger(difference)
            self._watch_later()
        else:
            self._need_decision(difference, self.env._("Compare both and decide; nothing is sent meanwhile."))

    def _knows(self, number):
        return number in self.fapiao_ids.mapped("number")

    def _status_lines(self):
        """Return message and cure as lines; for a refusal also the cloud's own text."""
        if place := self._place_in_cloud_queue():
            return [place]
        said = [self.error_message, self.error_fix]
        if self.state == "rejected" and self.cloud_text:
            said.append(
                self.env._("The cloud says: %(text)s (%(code)s)", text=self.cloud_text, code=self.cloud_code or "–")
            )
        return [line for line in said if line]

    def _neutral_draft(self):
        """Return the frozen :class:`~..rules.document.Draft`."""
        self.ensure_one()
        return from_plain(json.loads(self.draft))

    def _difference_of(self, result, is_asked=False):
        """Return as text why ``result`` does not belong to this request, or "". An answer to the call itself
        may omit values; the answer to a query (``is_asked``) must contain those that are compared.
        """
        if isinstance(result, base.Bill):
            return self._difference_of_bill(result)
        if not isinstance(result, base.Issued) or self._knows(result.number):
            return ""
        return self._number_of_another(result) or self._difference(result, is_asked)

    def _number_of_another(self, issued):
        """Return as text that this fapiao belongs to another request, or "". The cloud may merge requests:
        then several share a fapiao, and none is complete with it alone.
        """
        others = self._requests_with([issued.number])
        others -= others._links_by_hand_of(self)
        if not others or self._is_merged_into(others):
            return ""
        return self.env._(
            "The cloud answers with fapiao %(number)s, which is that of request %(other)s.",
            number=issued.number,
            other=", ".join(others.mapped("request_uid")),
        )

    def _difference(self, found, is_asked=False):
        """Return as text how ``found`` differs from the request, or ""."""
        draft = self._neutral_draft()
        return self._describe_difference(
            found,
            [
                (self.env._("request ID"), self._uid_to_ask(), found.request_uid or self._uid_to_ask()),
                (self.env._("buyer tax number"), draft.buyer.tax_no, found.buyer_tax_no),
                (self.env._("total"), draft.total, found.total),
                (self.env._("tax"), draft.tax, found.tax),
            ],
            is_asked,
        )

    def _describe_difference(self, found, compared, is_asked=True):
        """Return as text which of ``compared`` (label, ours, theirs) differ, or "". A missing value counts as
        a difference only in the answer to a query (``is_asked``).
        """
        differing = [
            self.env._("%(what)s: %(ours)s here, %(theirs)s there", what=what, ours=ours or "–", theirs=theirs or "–")
            for what, ours, theirs in compared
            if (ours or None) != (theirs or None) and (is_asked or theirs is not None)
        ]
        if not differing:
            return ""
        return self.env._(
            "The cloud has fapiao %(number)s under this request ID, but it differs: %(differences)s.",
            number=found.number,
            differences="; ".join(differing),
        )

    def _link_fact(self, fapiao):
        self.fapiao_ids = [Command.link(item.id) for item in fapiao]
        fapiao._want_files()
        self.move_ids._fapiao_close_problems()
        self._log_on_documents(self._describe_issued(fapiao))

    def _log_on_documents(self, body):
        for document in self._documents():
            # sudo: the engine posts in the issuer's name
            document.with_user(self.user_id).sudo()._message_log(body=body)

    def _documents(self):
        """Return the documents that show messages about this request, as a list."""
        return list(self.move_ids)

    def _describe_issued(self, fapiao):
        if self.is_elsewhere:
            return self.env._("Fapiao %s, issued elsewhere, stands for this.", ", ".join(fapiao.mapped("number")))
        return self.env._("Fapiao %s issued.", ", ".join(fapiao.mapped("number")))

    def _on_final_state(self):
        """Notify the requester if the request can't continue automatically."""
        if self.state in ("rejected", "manual"):
            uid, message = self.request_uid, self.error_message or ""
            said = self.env._("Fapiao request %(uid)s: %(message)s", uid=uid, message=message)
            self._log_on_documents(as_html(said))

    # ------------------------------------------------------------------ earlier IDs

    # A new ID is sent only after a query has proven every earlier one dead, since a cloud can answer with an error
    # after it has issued. Found: taken over, and the new request is withdrawn or left to a user. Not found: the new
    # one is sent. Otherwise: it waits.

    def _identify(self):
        """Set the ID of new requests as a function of their content: the same invoice in a restored database
        finds its own request, and another invoice can't have the same ID.
        """
        self._record_earlier()
        return super()._identify()

    def _seed_of_uid(self, database):
        return f"{database}/{self._name}/{fingerprint(self._stands_for())}/{self.attempt + self.sibling}"

    def _number_to_show(self):
        """Return the number of the first document, or that of the fapiao that a red request reverses."""
        documents = sorted(self._documents(), key=lambda one: (one._name != "account.move", one.id))
        return (documents[0].name if documents else self.red_form_id.fapiao_id.number) or ""

    def _stands_for(self):
        """Return the values the ID is computed from: documents, lines and slices, parties, amounts."""
        self.ensure_one()
        return {
            "kind": self.kind,
            "seller": self.account_id.tax_no,
            "buyer": self.partner_id.id,
            "documents": sorted([one._name, one.id, one.display_name or ""] for one in self._documents()),
            "reverses": self.red_form_id.fapiao_id.number or "",
            "lines": sorted(
                [
                    row.move_line_id.id,
                    row.order_line_id.id,
                    row.part,
                    f"{row.quantity:.6f}",
                    f"{row.amount_untaxed:.2f}",
                    f"{row.amount_tax:.2f}",
                ]
                for row in self.line_ids
            ),
            "total": f"{self.amount_total:.2f}",
        }

    def _uid_to_ask(self):
        if not self.sibling:
            return super()._uid_to_ask()
        return self._make_uid(self._database_uuid())

    # ------------------------------------------------------------------ earlier requests

    def _record_earlier(self):
        """Link new requests with earlier ones for the same documents, and count the attempts."""
        alike = self._alike()
        for request in self:
            own = request._of_same_documents().filtered(lambda one, request=request: one.id < request.id)
            others = alike.filtered(
                lambda one, request=request: (
                    one.partner_id == request.partner_id
                    and request.currency_id.compare_amounts(one.amount_total, request.amount_total) == 0
                )
            )
            request.write(
                {
                    "earlier_ids": [Command.set((own | others).filtered("was_sent").ids)],
                    "attempt": len(own),
                }
            )

    def _of_same_documents(self):
        """Return the requests of this kind for the same documents: invoices, credit notes and their orders."""
        self.ensure_one()
        if self.kind == "red":
            return self.red_form_id.fapiao_id.red_form_ids.request_ids
        moves = self.move_ids | self.move_ids.reversed_entry_id | self.move_ids.reversal_move_ids
        moves |= self.order_ids.invoice_ids
        orders = self.order_ids | moves.invoice_line_ids.sale_line_ids.order_id
        found = moves.fapiao_request_ids | orders.fapiao_request_ids
        return found.filtered(lambda request: request.kind == self.kind)

    def _alike(self):
        """Return ended blue requests of the same buyers and amounts: of an invoice that was entered again."""
        blue = self.filtered(lambda request: request.kind == "blue")
        return self.search(
            [
                ("id", "not in", self.ids),
                ("kind", "=", "blue"),
                ("state", "in", DEAD_STATES),
                ("was_sent", "=", True),
                ("company_id", "in", blue.company_id.ids),
                ("partner_id", "in", blue.partner_id.ids),
                ("amount_total", "in", blue.mapped("amount_total")),
                ("create_date", ">", self._now() - ALIKE_SINCE),
            ]
        )

    # ------------------------------------------------------------------ proof

    def _unproven(self):
        """Return the earlier requests that are not proven dead now."""
        return self.earlier_ids.filtered(
            lambda earlier: earlier.state in DEAD_STATES and not earlier._is_absent_for_sure()
        )

    def _is_absent_for_sure(self):
        """Return whether the cloud has just reported this request as unknown. If an answer was lost or
        unclear, this counts only after the grace period, since the bureau may show a fapiao late. If the
        cloud had refused or ended the request, it counts at once.
        """
        self.ensure_one()
        if not self.absent_at or self.absent_at < self._now() - PROOF_HOLDS:
            return False
        if self.ended_at_cloud or not self.in_doubt or not self.last_sent_at:
            return True
        return self.absent_at >= self.last_sent_at + self._grace()

    def _is_ready_to_send(self, account):
        if not super()._is_ready_to_send(account):
            return False
        if unproven := self._unproven():
            self._wait_for_proof(account, unproven)
            return False
        return True

    def _wait_for_proof(self, account, unproven):
        """Wait for the result of the earlier requests."""
        if account._needs_person() and not self._part:
            self._set_state("waiting_login", errors.LoginRequired(need=account.session_state))
            return
        tries = self.tries + 1
        at = self._now() + min(WAIT_FIRST * 2 ** min(tries - 1, 10), WAIT_LAST)
        self.write(
            {
                "tries": tries,
                "next_try_at": at,
                "error_message": self.env._(
                    "An earlier request for this may have led to a fapiao (%s). The cloud is asked about it first.",
                    ", ".join(unproven.mapped("request_uid")),
                ),
                "error_fix": self.env._(
                    "Nothing to do: it is sent as soon as the cloud says that nothing was issued. That may take"
                    " up to %s minutes, as long as the tax bureau may show a fapiao late.",
                    account.grace_minutes,
                ),
            }
        )
        self._wake_dispatcher(at=at)

    @api.model
    def _ask_about_earlier(self, batch=AT_ONCE, go_on=None, ids=None, until=math.inf):
        """Query the unproven earlier requests of what is due to be sent, through their own accounts. No call
        starts after ``until`` (of ``fence.now``).
        """
        engine = Engine(self.env)
        by_account = engine._step(lambda env: env["fapiao.request"]._want_proof(ids))
        turns = [self._turn(WATCHING, id_, len(own), own, until) for id_, own in by_account.items()]
        if turns:
            # while answers lead to further queries; missing answers are retried by the scheduler
            engine._run(turns, lambda _answers: True)

    def _want_proof(self, ids=None):
        """Schedule a query of the earlier requests now; return their ids by account."""
        due = self.search(
            Domain(self._domain_to_send()) if ids is None else Domain("id", "in", ids) & Domain("state", "=", "queued"),
            order="next_try_at, id",
            limit=AT_ONCE,
        )
        unproven = due._unproven()
        unproven.write({"watch_at": self._now()})
        return unproven._ids_by_account()

    @api.model
    def _attempt_until(self, until, ids):
        self._ask_about_earlier(ids=ids, until=until)
        return super()._attempt_until(until, ids)

    def _claim_orders(self, account):
        jobs = super()._claim_orders(account)
        self.filtered(lambda request: request.state == "sending").write({"last_sent_at": self._now()})
        return jobs

    # ------------------------------------------------------------------ answers

    def _apply_error(self, error):
        if isinstance(error, errors.Rejected):
            self.ended_at_cloud = not self.in_doubt
        return super()._apply_error(error)

    def _record_absent(self):
        self.absent_at = self._now()
        return super()._record_absent()

    def _keep_sibling(self):
        """Keep the ID of a later attempt under which the fapiao was found, for further queries."""
        if self.sibling:
            uid = self._uid_to_ask()
            self.write({"request_uid": uid, "attempt": self.attempt + self.sibling, "sibling": 0})

    def _apply_not_found(self, answer):
        """A request accepted by the cloud and unknown after a withdrawal was withdrawn. After a restore the
        request may have been sent under the ID of a later attempt, so these are queried too. A reversal shows
        at the original, whatever the ID.
        """
        if self.withdraw_asked and self.state == "pending" and self._grace_is_over():
            self._set_state("withdrawn")
            return None
        is_restored = self.kind == "blue" and self.state == "unknown" and not self.was_sent
        if is_restored and self._grace_is_over():
            if self.sibling < SIBLINGS:
                self.write({"sibling": self.sibling + 1, "next_try_at": self._now()})
                self._wake_reconciler()
                return None
            self.sibling = 0
        return super()._apply_not_found(answer)

    def _apply_pending(self, answer):
        """A request that the cloud is carrying out is not sent again, though it may be reported as unknown between
        its issue and the time when the bureau shows it.
        """
        if self.kind == "blue" and self.state == "unknown":
            return self._set_pending(answer.text)
        return super()._apply_pending(answer)

    def _supersede_later(self):
        """Withdraw unsent later requests or leave them to a user, since this earlier one took effect."""
        numbers = ", ".join(self.fapiao_ids.mapped("number")) or self.request_uid
        for request in self.later_ids.filtered(lambda request: request._can_be_given_up()):
            later = request._in_reader_language()
            if set(later._documents()) & set(self._documents()):
                message = self.env._(
                    "Withdrawn: the earlier request %(request)s has led to a fapiao after all (%(numbers)s).",
                    request=self.request_uid,
                    numbers=numbers,
                )
                later._set_state("withdrawn", message=message)
            else:
                later._need_decision(
                    self.env._(
                        "Not sent: an earlier request of the same buyer and amount, for %(documents)s, has led to a"
                        " fapiao after all (%(numbers)s).",
                        documents=", ".join(one.display_name for one in self._documents()) or self.request_uid,
                        numbers=numbers,
                    ),
                    self.env._(
                        "If it is the same business, reverse one or withdraw this request. If both are right, ask"
                        " again to have this one sent."
                    ),
                )

    # ------------------------------------------------------------------ verification of a number

    # One that came without amounts or buyer is accepted, then queried. If it belonged to another request, the invoice
    # would show a wrong fapiao and the right one would be missing.

    def _verify_later(self, issued):
        """Schedule a query by ID if the answer to the call contained no amounts."""
        if issued.total is None and self.kind == "blue":
            self.write({"watch_round": 0, "watch_at": self._now() + VERIFY_AFTER})

    def _verify(self, found):
        """Act on the answer about an issued request."""
        match found:
            case errors.LoginRequired():
                self.account_id._record_need(found.need, found)
                self._watch_later()
            case base.Issued() | base.NotFound() if self.lookup_number:
                self._verify_first_number(found)
            case base.Issued() if self._knows(found.number):
                self.watch_at = False
            case base.Issued() if not self._difference(found, is_asked=True):
                self._take_over_number(found)
            case base.Issued():
                self._alarm_unverified(found)
                self._watch_later()
            case _:
                # not shown yet, or no answer: queried again after an hour, a day, a week and a month
                self._watch_later()

    def _take_over_number(self, issued):
        """Record the fapiao found for this request beside the one named by the first answer, and query that one:
        the cloud named a wrong number, or it has issued twice. One that is being reversed is left to a user.
        """
        first = self.fapiao_ids
        if len(first) > 1 or first.red_form_ids or first.status != "normal":
            self._alarm_unverified(issued)
            self._record_found(issued)
            self.watch_at = False
            return
        self._record_found(issued)
        self.write({"lookup_number": first.number, "watch_at": self._now()})
        self._wake_reconciler()

    def _record_found(self, issued):
        """Record a fapiao and link it with this request and its documents."""
        fapiao = self.env["fapiao"]._record_issued(self, issued)
        self._link_fact(fapiao)
        if issued.color == "blue" and (issued.reversed_by or issued.status not in ("", "normal")):
            fapiao._queue_refresh(issued)
        return fapiao

    def _verify_first_number(self, found):
        """Keep the fapiao named by the first answer if it is this request's as well, which makes it the second
        one; unlink it if it isn't. "Not found" counts after the grace period.
        """
        first = self.fapiao_ids.filtered(lambda fapiao: fapiao.number == self.lookup_number)
        is_there = isinstance(found, base.Issued) and found.number == self.lookup_number
        if not is_there and self._now() < (self.last_sent_at or self.create_date) + self._grace():
            self.watch_at = self._now() + self._grace()
            return
        self.write({"lookup_number": False, "watch_at": False})
        if is_there and not self._difference(found, is_asked=True):
            self._alarm_second_number(found)
            return
        self.fapiao_ids -= first
        first.filtered(lambda fapiao: not fapiao.request_ids and not fapiao.red_form_ids).unlink()
        # requests left to a user because their number was in use may be settled now
        self.search([("account_id", "=", self.account_id.id), ("state", "=", "manual")])._watch()

    def _alarm_unverified(self, found):
        note = self.env._(
            "Request %(request)s counts as issued with %(known)s, but under its ID the cloud has %(found)s."
            " Compare them at the tax bureau.",
            request=self.request_uid,
            known=", ".join(self.fapiao_ids.mapped("number")),
            found=found.number,
        )
        self._alarm(self.env._("The fapiao's number may be wrong"), note)

    # ------------------------------------------------------------------ reactivation of an ended request

    def _revive(self, found):
        """Take over what was found for an ended request."""
        if self._is_settled_by(found):
            self._record_absent()
        else:
            self._accept(found)

    def _come_back(self):
        """Reactivate an ended request. Later requests that have not been sent are withdrawn; those that may
        have been sent stay beside it, and a user has to reverse one.
        """
        self._supersede_later()
        rivals = self._rivals()
        unsent = rivals.filtered(lambda request: request._can_be_given_up())
        message = self.env._("Withdrawn: request %s has led to a fapiao after all.", self.request_uid)
        for rival in unsent:
            rival._set_state("withdrawn", message=message)
        self._stand_beside(rivals - unsent)
        # the other lines leave the unique index before these enter it
        self.env.flush_all()

    def _rivals(self):
        """Return the other requests that cover the same lines, or exceed the same documents with this one."""
        own = self.line_ids
        lines, order_lines = own.move_line_id, own.order_line_id
        rows = (lines.fapiao_request_line_ids | order_lines.fapiao_request_line_ids).filtered("live") - own
        same = rows.filtered(
            lambda row: any(
                (row.move_line_id and row.move_line_id == one.move_line_id and row.part == one.part)
                or (not row.move_line_id and row.order_line_id and row.order_line_id == one.order_line_id)
                for one in own
            )
        )
        return (same.request_id | self._rivals_by_amount()).filtered(
            lambda request: request.kind == self.kind and request != self
        )

    def _rivals_by_amount(self):
        """Return the valid requests for these invoices if the invoices can't hold both: after lines were
        entered again, only the amounts show it.
        """
        rivals = self.browse()
        for move in self.move_ids.filtered(lambda move: move.move_type == "out_invoice"):
            rows = move.fapiao_request_line_ids
            ours = sum(rows.filtered(lambda row: row.request_id == self).mapped("amount_total"))
            left = float(move._fapiao_rest_without(self.env["fapiao"]))
            if move.company_currency_id.compare_amounts(ours, left) > 0:
                rivals |= rows.filtered("live").request_id - self
        return rivals

    def _stand_beside(self, rivals):
        """Give this request's lines other slice numbers than those of ``rivals``."""
        if not rivals:
            return
        self.double_ids |= rivals
        for row in self.line_ids.filtered("move_line_id"):
            row.part = row.move_line_id._fapiao_free_part_beside(row)

    # ------------------------------------------------------------------ alarms

    def _double_message(self):
        """Return as lines that two fapiao cover the same lines, and the cure; empty if there are none."""
        if not self:
            return []
        numbers = (self | self.double_ids).fapiao_ids.filtered(lambda fapiao: fapiao._is_living()).mapped("number")
        return [
            self.env._("Two fapiao stand for the same lines: %s.", ", ".join(numbers)),
            self.env._("Look both up at the tax bureau and reverse one of them: open it and choose Red-Flush."),
        ]

    def _alarm_double(self):
        """Create an activity if two fapiao cover, or may cover, the same lines."""
        others = self.double_ids
        note = self.env._(
            "Request %(request)s (%(numbers)s) stands beside %(others)s (%(other_numbers)s) for the same lines."
            " Look both up at the tax bureau. Where two fapiao exist, reverse one of them: open it and choose"
            " Red-Flush.",
            request=self.request_uid,
            numbers=", ".join(self.fapiao_ids.mapped("number")) or "–",
            others=", ".join(others.mapped("request_uid")),
            other_numbers=", ".join(others.fapiao_ids.mapped("number")) or "–",
        )
        self._alarm(self.env._("Two fapiao for the same lines"), note)

    def _alarm_second_number(self, result):
        """Create an activity if the cloud has issued twice under one ID."""
        note = self.env._(
            "Besides %(known)s the cloud reports %(second)s. Check both at the tax bureau and reverse one.",
            known=", ".join(number for number in self.fapiao_ids.mapped("number") if number != result.number),
            second=result.number,
        )
        self._alarm(self.env._("Two fapiao under one request"), note)

    def _alarm_stranger(self, difference):
        """Create an activity if the fapiao under the ID of an ended request differs from the request."""
        note = self.env._(
            "Request %(request)s was given up here. %(difference)s Compare both at the tax bureau.",
            request=self.request_uid,
            difference=difference,
        )
        self._alarm(self.env._("A fapiao under a request that was given up"), note)

    def _alarm(self, summary, note):
        """Create one activity for each ``summary`` on each document, and store the message on the request."""
        for document in self._documents():
            known = document.activity_ids.filtered(lambda activity: activity.summary == summary)
            if known:
                known.note = as_html(note)
            else:
                document.activity_schedule(ALARM, summary=summary, note=as_html(note), user_id=self.user_id.id)
        if self.state in (*DEAD_STATES, *OPEN_STATES):
            self.error_message = note

    # ------------------------------------------------------------------ attribution of lines to several fapiao

    # If the cloud has issued several for one request, it reopens exactly the lines of one that is reversed alone.

    def _bundle(self):
        """Return these requests and all that share fapiao with them, directly or indirectly."""
        bundle = self
        while more := bundle.fapiao_ids.request_ids.filtered(lambda request: request.kind == "blue") - bundle:
            bundle |= more
        return bundle

    def _facts_of_bundle(self):
        """Return the fapiao issued for these requests: the valid ones if they sum to the total (the cloud has
        reissued those reversed before), else all.
        """
        facts = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue").sorted("id")
        living = facts.filtered(lambda fapiao: fapiao.status in LIVING)
        return living if living and self._is_total_of(living) else facts

    def _is_total_of(self, facts):
        """Return whether the fapiao ``facts`` sum to the total of these requests."""
        total, ordered = (sum(records.mapped("amount_total")) for records in (facts, self))
        return self.currency_id.compare_amounts(total, ordered) == 0

    def _pieces(self, rows=None):
        """Return ``{fapiao: [slices of each of its lines]}``, or ``{}`` if not certain.

        ``rows``: see :func:`~..rules.pieces.rekeyed`.
        """
        facts = self._facts_of_bundle()
        if len(facts) < 2 or not all(self.mapped("draft")):
            return {}
        printed = [fact._lines_as_printed() for fact in facts]
        if not all(sums_to(fact, lines) for fact, lines in zip(facts, printed, strict=True)):
            return {}
        ordered = [line for request in self for line in request._neutral_draft().lines]
        found = pieces.attributed(pieces.rekeyed(ordered, rows or {}), printed)
        return dict(zip(facts, found, strict=True)) if found else {}

    def _lines_printed_on(self, fapiao):
        """Return the lines of ``fapiao`` with the keys of their source lines; ``()`` if unknown."""
        lines = self._bundle()._pieces().get(fapiao, [])
        return tuple(
            replace(line, keys=tuple(dict.fromkeys(key for piece in made for key in piece.keys)))
            for line, made in zip(fapiao._lines_as_printed() if lines else (), lines, strict=True)
        )

    # ------------------------------------------------------------------ storing

    def _attribute(self):
        """Link each request line to the fapiao it is printed on, divided if it is on several; does nothing
        unless the amounts agree to the fen.
        """
        bundle = self._bundle()
        rows = bundle.line_ids
        if not rows or rows.fapiao_id or rows.lost_fapiao_id:
            return
        by_key = {}
        for row in rows:
            by_key.setdefault(row._key(), []).append((str(row.id), abs(exact(row.amount_untaxed))))
        found = bundle._pieces(by_key)
        parts = [[piece for line in lines for piece in line] for lines in found.values()]
        if not parts or not sums_to(rows, [line for part in parts for line in part]):
            return
        cells = {row: [] for row in rows}
        for fapiao, of_part in zip(found, shares.allot(rows._items(parts), parts), strict=True):
            for share in of_part:
                cells[rows.browse(int(share.item.key))].append((fapiao, share))
        for row, of_row in cells.items():
            row._stand_on(of_row)

    # ------------------------------------------------------------------ unattributed amounts

    # One of several fapiao is reversed alone, and its lines are unknown. Nothing is issued until they are known;
    # after the reversal of the others that is the whole request.

    def _take_off(self, fapiao):
        """Reopen the amount of ``fapiao``, unless its lines are known or all fapiao are reversed."""
        rows = self.line_ids
        if rows.fapiao_id or fapiao in rows.lost_fapiao_id or not any(rows.mapped("live")):
            return
        self.env["fapiao.request.line"].create(rows._values_taken_off(fapiao))
        for document in self[:1]._documents():
            document.activity_schedule(
                PROBLEM,
                summary=self.env._("One of several fapiao was reversed"),
                note=as_html(self._describe_lost(fapiao)),
                user_id=self[:1].user_id.id,
            )

    def _values_of_loss(self, fapiao):
        living = self.fapiao_ids.filtered(lambda fact: fact._is_living())
        return {
            "number": ", ".join(fapiao.mapped("number")),
            "total": fapiao.currency_id.format(sum(fapiao.mapped("amount_total"))),
            "rest": ", ".join(living.mapped("number")),
        }

    def _describe_lost(self, fapiao):
        values = self._values_of_loss(fapiao)
        return " ".join(self.env._(text, **values) for text in (LOST, WAY_OUT))

    # ------------------------------------------------------------------ the cloud's own queue

    # A request is issued when its fapiao sum to its total; if merged with others, when they sum to the total of all of
    # them (docs/protocols/kingdee-billing.md#billing-request).

    def _difference_on_bill(self, issued):
        """Return as text why one fapiao of a billing request does not belong to this request, or ""."""
        if self._knows(issued.number):
            return ""
        if issued.buyer_tax_no and issued.buyer_tax_no != (self.buyer_tax_no or ""):
            return self._describe_difference(
                issued, [(self.env._("buyer tax number"), self.buyer_tax_no, issued.buyer_tax_no)]
            )
        return self._number_of_another(issued)

    def _is_all_issued_alone(self):
        """Return whether this request's fapiao sum to its own total, i.e. nothing was merged."""
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        return bool(blue) and self._is_total_of(blue)

    def _excess_of(self, bill):
        """Return as text that the fapiao of ``bill`` exceed all they can cover, or "". The cloud may have
        merged it with open requests of the same buyer.
        """
        told = [issued.total for issued in bill.fapiao if issued.color == "blue"]
        if not told or None in told:
            return ""
        others = self.search(
            [
                ("id", "!=", self.id),
                ("account_id", "=", self.account_id.id),
                ("kind", "=", "blue"),
                ("buyer_tax_no", "=", self.buyer_tax_no),
                "|",
                ("state", "in", OPEN_STATES),
                ("fapiao_ids.number", "in", [issued.number for issued in bill.fapiao]),
            ]
        )
        ordered = sum((self | others).mapped("amount_total"))
        total = float(sum(told, Decimal(0)))
        has_ended = any(issued.status not in ("", "normal") for issued in bill.fapiao)
        if has_ended or self.currency_id.compare_amounts(total, ordered) <= 0:
            return ""
        return self.env._(
            "The cloud has issued %(theirs)s for this request, but %(ours)s was ordered (%(numbers)s).",
            theirs=self.currency_id.format(total),
            ours=self.currency_id.format(self.amount_total),
            numbers=", ".join(issued.number for issued in bill.fapiao),
        )

    def _take_bill(self, result):
        """Apply the state of the cloud's own queue: the issued fapiao, and the rest."""
        for issued in result.fapiao:
            if not self._knows(issued.number):
                # merged: fapiao of another request cover these documents as well
                self._record_found(issued).move_ids |= self.move_ids
        self.cloud_state = result.state or False
        if result.is_complete and self._is_all_issued():
            (self | self._merged_with()).filtered(lambda request: request.state != "issued")._settle_bill()
        elif result.state == "returned" and not self.fapiao_ids:
            self._set_state("rejected", errors.Rejected(result.text or self.env._("Sent back by the cloud.")))
            self.ended_at_cloud = True  # reported as ended by the cloud
        else:
            self._wait_for_bill(result)

    def _place_in_cloud_queue(self):
        """Return as text the position in the cloud's own queue, or ""."""
        if self.state != "pending" or not self.cloud_state:
            return ""
        label = dict(self._fields["cloud_state"]._description_selection(self.env))[self.cloud_state]
        return " ".join(filter(None, [f"{label}.", self.cloud_text]))

    def _difference_of_bill(self, bill):
        """Return as text why ``bill`` does not belong to this request, or "". It belongs by its number,
        unless a fapiao has another buyer, the total is exceeded, or another request is complete with one of
        the fapiao.
        """
        differences = (self._difference_on_bill(issued) for issued in bill.fapiao)
        return next(filter(None, differences), "") or self._excess_of(bill)

    def _is_merged_into(self, others):
        """Return whether the cloud merges requests and none of ``others`` is complete with its fapiao alone. One whose
        number is being verified has too many fapiao for a while.
        """
        if self.operation != base.ISSUE or not self.account_id._words().can(base.MERGES):
            return False
        return not any(other.lookup_number or other._is_all_issued_alone() for other in others)

    def _settle_bill(self):
        for request in self:
            request.cloud_state = False
            request._set_state("issued")
        self._attribute()
        self.fapiao_ids._record_uncovered()

    def _wait_for_bill(self, bill):
        if self.state not in ("pending", "manual"):
            self._set_pending(bill.text)
            return
        if bill.state == "waiting":
            # known to be in the queue: three days without a result are normal
            self.unknown_since = self._now()
        self.cloud_text = bill.text or False
        self._schedule_retry()

    # ------------------------------------------------------------------ sums

    def _merged_with(self):
        """Return the other requests covered by this request's fapiao."""
        return self.fapiao_ids.request_ids - self

    def _is_all_issued(self):
        """Return whether the fapiao sum to the total of their requests: the valid ones or, failing that, all."""
        requests = self | self._merged_with()
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        living = blue.filtered(lambda fapiao: fapiao.status in LIVING)
        return requests._is_total_of(living) or requests._is_total_of(blue)

    # ------------------------------------------------------------------ withdrawal (see ``fapiao_withdrawal.py``)

    def _can_be_taken_back(self):
        """Return whether the cloud may be asked to withdraw this request: accepted, and nothing issued yet."""
        return (
            self.state == "pending"
            and self.operation == base.ISSUE
            and not self.fapiao_ids
            and self.account_id._words().can(base.WITHDRAW)
        )

    def _can_be_given_up(self):
        return super()._can_be_given_up() or self._can_be_taken_back()

    def _ask_after_withdrawal(self, text):
        """Query requests whose withdrawal was refused or got no answer."""
        now = self._now()
        for request in self:
            if not request.withdraw_asked:
                # from here on "not found" counts after the grace period
                request.unknown_since = now
            request.write(
                {
                    "withdraw_asked": not text,
                    "next_try_at": now,
                    "cloud_text": text or request.cloud_text,
                }
            )
        self._wake_reconciler()
