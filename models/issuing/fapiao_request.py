"""开票申请单: one order to issue a fapiao. The process; the fact it leads to is ``fapiao``."""

import functools
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
from ...rules import pieces, shares
from ...rules.document import from_plain, to_plain
from ...rules.problems import _
from ..cloud import gate
from ..cloud.fapiao_task_mixin import (
    ATTENTION_STATES,
    DEAD_STATES,
    OPEN_STATES,
    OTHERS,
    UNSENT_STATES,
    WATCHING,
    Schedule,
)
from ..values import LIVING, PROBLEM, as_html, exact

PROOF_HOLDS = timedelta(minutes=10)  # so long "not known" lets a new ID go out
WAIT_FIRST = timedelta(seconds=30)
WAIT_LAST = timedelta(minutes=15)
ALIKE_SINCE = timedelta(days=60)  # an invoice that was entered again has no link to the one before
SIBLINGS = 3  # IDs of later attempts that are asked for in a database that was restored
AT_ONCE = 500
VERIFY_AFTER = timedelta(minutes=5)  # a busy batch is over by then, and questions have a pace of their own
ALARM = "mail.mail_activity_data_warning"  # stays until a person closes it
LOST = _(
    "Fapiao %(number)s over %(total)s is reversed, and it can't be told for sure which lines stood on it."
)
WAY_OUT = _("Reverse the others of the same order too (%(rest)s); then all of it can be issued anew.")


class FapiaoRequest(models.Model):
    _name = "fapiao.request"
    _description = "Fapiao Request"
    _inherit = ["fapiao.outbound"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True
    _is_watched = True

    kind = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, default="blue", readonly=True)
    type = fields.Selection(
        [("special", "Special (专票)"), ("ordinary", "Ordinary (普票)")], required=True, readonly=True
    )
    user_id = fields.Many2one(
        "res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user
    )
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
    exchange_ids = fields.One2many(
        "fapiao.exchange", "res_id", "Exchanges", domain=[("res_model", "=", "fapiao.request")], readonly=True
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

    can_withdraw = fields.Boolean(compute="_compute_can_withdraw")

    withdrawal_id = fields.Many2one("fapiao.withdrawal", readonly=True, copy=False, index="btree_not_null")
    withdraw_asked = fields.Boolean(
        readonly=True, copy=False, help="Whether a withdrawal took effect isn't known: the cloud is asked."
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

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Ask about or send the requests now instead of at their next try; ids stay the same."""
        self._check_issuer()
        for request in self.sudo():  # sudo: what follows is all an issuer may change of a request
            if request.state in ("queued", "waiting_login"):
                request._enqueue()
            elif request.state in ("unknown", "pending"):
                request.next_try_at = request._now()
                request._wake_reconciler()
        self._attempt_after_commit()
        return self.action_follow()

    def action_withdraw(self):
        """Give up requests the cloud has not seen, and ask it to give up those it has taken but not issued.
        What may have been sent is never forgotten."""
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
            request._become("withdrawn")
            request._watch_after_end()
        if not taken:
            return True
        # sudo: withdrawals are made by this flow alone
        self.env["fapiao.withdrawal"].sudo()._create_for(taken)._attempt_after_commit()
        return taken.sudo(False).action_follow()

    def action_open_business_doc(self):
        """Open the request itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._get_records_action()

    def action_login(self):
        """Open what a waiting request waits for: log-in, face code or, to correct it, the account."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_follow(self):
        """Return the client action that shows how the requests get on."""
        gate.check(self, gate.READER)
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"request_ids": self.ids},
        }

    def action_decide_not_issued(self):
        """A manager's decision, after looking at the cloud's portal: nothing was issued. The request is given up; a
        new one gets a new ID, and only after the cloud was asked about this one once more."""
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            request._give_up(
                self.env._("%s decided that nothing was issued.", self.env.user.name),
                self.env._("Issue again from the invoice when all is corrected."),
            )
        return True

    def _give_up(self, message, fix):
        """End a request by a person's decision, with these words; it is still asked about now and then."""
        self.write(
            {
                "state": "rejected",
                "lease_until": False,
                "next_try_at": False,
                "unknown_since": False,
                "error_message": message,
                "error_fix": fix,
                "cloud_code": False,
                "cloud_text": False,
            }
        )
        self._settled()
        self._watch_after_end()

    def action_decide_ask_again(self):
        """Look once more: the order goes back among those that are queried by their id."""
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            if request.was_sent:
                request._doubt_anew()
            else:
                request._enqueue()
        self._attempt_after_commit()
        return self.action_follow()

    # --------------------------------------------------------------------------
    # The scheduled runs over all that has an effect at the cloud: requests, red forms and the others.
    # --------------------------------------------------------------------------

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send what is queued; red forms first, for one that needs no confirmation leads to a request, and
        that to what follows a reversal."""
        engine, forms = self.env["fapiao.engine"], self.env["fapiao.red.form"]
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
        """Find out what became of what is open, and bring reversals to their end."""
        engine, forms = self.env["fapiao.engine"], self.env["fapiao.red.form"]
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

    # --------------------------------------------------------------------------
    # A blue request from the invoices it is made of to the fapiao it leads to.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ making a request

    @api.model
    def _create_blue(self, built):
        """Create and freeze requests, one for each :class:`~.fapiao_builder.Built`; nothing is sent yet."""
        requests = self.create([self._blue_values(item) for item in built])
        requests._identify()
        for request, item in zip(requests, built, strict=True):
            request._freeze(item.draft)
        return requests

    @api.model
    def _blue_values(self, built):
        draft = built.draft
        moves = built.moves
        account = moves.company_id.fapiao_account_id
        return {
            "account_id": account.id,
            "company_id": moves.company_id.id,
            "operation": base.ISSUE,
            "kind": "blue",
            "type": draft.type,
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
        """Return the rejected requests for something that ``built`` covers."""
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
        """Return what the progress dialog shows: a plain dict for each request the user may read."""
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
            # queued behind others or after a fault: the dialog needn't wait for it
            "settled": self.state not in ("queued", "sending"),
            "working": self.state in OPEN_STATES,
        }

    # ------------------------------------------------------------------ results

    def _take_facts_from(self, exchange):
        """Record the fapiao that an answer names, whatever state this request is in: a bug or a conflict in what
        follows must not lose it. What contradicts the order is left to a person."""
        meaning = exchange._meaning()
        is_bill = isinstance(meaning, base.Bill)
        # that a bill comes to more than was ordered is no reason to lose what is on it
        difference = self._difference_on_bill if is_bill else self._difference_of
        for issued in meaning.fapiao if is_bill else (meaning,):
            is_fact = isinstance(issued, base.Issued) and issued.color == self.kind
            if is_fact and not difference(issued) and not self._knows(issued.number):
                self.env["fapiao"]._record_issued(self, issued)

    def _accept(self, result):
        """Take over the answer to the order, where nothing in it contradicts what was ordered."""
        if difference := self._difference_of(result):
            self._dispute(difference)
        else:
            self._take(result)

    def _adopt(self, found):
        """Take over a fapiao found under our ID if buyer, total and tax are ours; else return what differs."""
        if difference := self._difference_of(found, is_asked=True):
            return difference
        self._take(found)
        return ""

    def _take(self, result):
        """Take over a result that is ours; one that has ended comes back to life."""
        self._keep_sibling()
        comes_back = self.state in DEAD_STATES and not self._is_settled_by(result)
        if comes_back:
            self._come_back()
        self._take_result(result)
        if comes_back and self.double_ids:
            self._alarm_double()
        if self.account_id.session_state != "ok" and not isinstance(result, base.Pending):
            self.account_id._note_ready()

    def _is_settled_by(self, result):
        """Tell whether ``result`` changes nothing for a request that has ended: a bill that was sent back has nothing
        left that could be issued."""
        return isinstance(result, base.Bill) and not result.fapiao and result.state == "returned"

    def _take_result(self, result):
        if isinstance(result, base.Bill):
            return self._take_bill(result)
        if isinstance(result, base.Pending):
            if self.state != "issued":
                self._become_pending(result.text)
            return None
        known = self.fapiao_ids.mapped("number")
        if known and result.number not in known:
            self._alarm_second_number(result)
        if result.number not in known:
            fapiao = self.env["fapiao"]._record_issued(self, result)
            self._link_fact(fapiao)
            fapiao._queue_if_changed(result)
        if self.state != "issued":
            self._become("issued")
            self._verify_later(result)
        return None

    def _dispute(self, difference):
        """The cloud answers with something that isn't what was ordered: nothing is linked before a person decides."""
        if self.state in DEAD_STATES:
            self._alarm_stranger(difference)
            self._watch_later()
        else:
            self._need_decision(difference, self.env._("Compare both and decide; nothing is sent meanwhile."))

    def _knows(self, number):
        return number in self.fapiao_ids.mapped("number")

    def _said(self):
        """Return what happened and what to do as lines; for a refusal the cloud's own words behind, since
        the plain ones may send the reader to them."""
        if place := self._place_in_cloud_queue():
            return [place]
        said = [self.error_message, self.error_fix]
        if self.state == "rejected" and self.cloud_text:
            said.append(
                self.env._(
                    "The cloud says: %(text)s (%(code)s)", text=self.cloud_text, code=self.cloud_code or "–"
                )
            )
        return [line for line in said if line]

    def _reader(self):
        return self.user_id

    def _neutral_draft(self):
        """Return the frozen :class:`~..rules.document.Draft`."""
        self.ensure_one()
        return from_plain(json.loads(self.draft))

    def _difference_of(self, result, is_asked=False):
        """Return in words what speaks against ``result`` being ours, or ''. An answer to the order itself may leave
        things out; the answer to a question (``is_asked``) must name what is compared."""
        if isinstance(result, base.Bill):
            return self._difference_of_bill(result)
        if not isinstance(result, base.Issued) or self._knows(result.number):
            return ""
        return self._number_of_another(result) or self._difference(result, is_asked)

    def _number_of_another(self, issued):
        """Return in words that this fapiao is known from another request, or ''. The cloud may merge orders: then
        several requests share a fapiao, and none is complete with it alone."""
        known = self.env["fapiao"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("direction", "=", "out"),
                ("number", "=", issued.number),
            ]
        )
        others = known.request_ids - self
        if not others or (self.operation == base.ISSUE and self._is_merged_into(others)):
            return ""
        return self.env._(
            "The cloud answers with fapiao %(number)s, which is that of request %(other)s.",
            number=issued.number,
            other=", ".join(others.mapped("request_uid")),
        )

    def _difference(self, found, is_asked=False):
        """Return in words how ``found`` differs from what was ordered, or ''."""
        draft = self._neutral_draft()
        return self._say_difference(
            found,
            [
                (self.env._("request ID"), self._uid_to_ask(), found.request_uid or self._uid_to_ask()),
                (self.env._("buyer tax number"), draft.buyer.tax_no, found.buyer_tax_no),
                (self.env._("total"), draft.total, found.total),
                (self.env._("tax"), draft.tax, found.tax),
            ],
            is_asked,
        )

    def _say_difference(self, found, compared, is_asked=True):
        """Return in words which of ``compared`` (what, ours, theirs) differ, or ''. What isn't told differs only in the
        answer to a question (``is_asked``)."""
        differing = [
            self.env._(
                "%(what)s: %(ours)s here, %(theirs)s there", what=what, ours=ours or "–", theirs=theirs or "–"
            )
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
        for document in self._documents():
            document.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
                body=self._say_issued(fapiao)
            )

    def _documents(self):
        """Return the documents of this request as a list: where people look for news of it."""
        return list(self.move_ids)

    def _say_issued(self, fapiao):
        return self.env._("Fapiao %s issued.", ", ".join(fapiao.mapped("number")))

    def _settled(self):
        """Tell the person who asked, where the request can't go on by itself."""
        if self.state not in ("rejected", "manual"):
            return
        for document in self._documents():
            document.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
                body=as_html(
                    self.env._(
                        "Fapiao request %(uid)s: %(message)s",
                        uid=self.request_uid,
                        message=self.error_message or "",
                    )
                )
            )

    # --------------------------------------------------------------------------
    # A new ID goes out only when every earlier ID for the same documents is proven dead by asking.
    #
    # A request that has ended may have led to a fapiao all the same: a cloud can answer with an error after it has
    # issued. So before a new request is sent, the cloud is asked about those before it that may have been sent, in
    # the same run: found → taken over, and the new one is withdrawn or left to a person; not known → the new one goes
    # out; else → it waits.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ identity

    def _identify(self):
        """Give new requests their ID: a function of what they stand for, so that the same invoice in a database that
        was restored finds its own order, and another invoice can't have the same ID."""
        self._note_earlier()
        return super()._identify()

    def _seed_of_uid(self, database):
        return f"{database}/{self._name}/{fingerprint(self._stands_for())}/{self.attempt + self.sibling}"

    def _stands_for(self):
        """Return, as plain values, what the ID is a function of: documents, lines and slices, parties, amounts."""
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

    # ------------------------------------------------------------------ which came before

    def _note_earlier(self):
        """Link new requests with those before them for the same documents, and count the attempts."""
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
        """Return the requests of this kind for the same documents: invoices, credit notes and orders around them."""
        self.ensure_one()
        if self.kind == "red":
            return self.red_form_id.fapiao_id.red_form_ids.request_ids
        moves = self.move_ids | self.move_ids.reversed_entry_id | self.move_ids.reversal_move_ids
        moves |= self.order_ids.invoice_ids
        orders = self.order_ids | moves.invoice_line_ids.sale_line_ids.order_id
        found = moves.fapiao_request_ids | orders.fapiao_request_ids
        return found.filtered(lambda request: request.kind == self.kind)

    def _alike(self):
        """Return ended blue requests of the same buyers and amounts: those of an invoice that was deleted, or credited,
        and entered again."""
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
        """Return the earlier requests that are not proven dead at this moment."""
        return self.earlier_ids.filtered(
            lambda earlier: earlier.state in DEAD_STATES and not earlier._is_absent_for_sure()
        )

    def _is_absent_for_sure(self):
        """Tell whether the cloud has just said that it doesn't know this request. Where an answer to it was lost or
        unclear, this counts after the grace period only: the bureau may show an order late. Where the cloud had
        turned it away, or has ended it itself, it counts at once."""
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
        """Wait until the cloud has said what became of the requests before this one."""
        if account._needs_person() and not self._part:
            self._become("waiting_login", errors.LoginRequired(need=account.session_state))
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
        """Ask about the unproven earlier requests of what is due to be sent, at the accounts they were made for.
        Nothing is begun after ``until`` (of ``fence.now``)."""
        engine = self.env["fapiao.engine"]
        by_account = engine._step(functools.partial(want_proof, ids))
        turns = [self._turn(WATCHING, id_, len(own), own, until) for id_, own in by_account.items()]
        if turns:
            # as long as an answer leads to another question; one that doesn't come is waited for later
            engine._run(turns, lambda _answers: True)

    def _want_proof(self, ids=None):
        """Have the earlier requests asked about now; return their ids by account."""
        due = self.search(
            Domain(self._domain_to_send()) if ids is None else Domain("id", "in", ids) & Domain("state", "=", "queued"),
            order="next_try_at, id",
            limit=AT_ONCE,
        )
        unproven = due._unproven()
        unproven.write({"watch_at": self._now()})
        return {account.id: own.ids for account, own in unproven.grouped("account_id").items()}

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

    def _note_absent(self):
        self.absent_at = self._now()
        return super()._note_absent()

    def _keep_sibling(self):
        """What was found under the ID of a later attempt is ours: from now on that is the ID to ask by."""
        if self.sibling:
            uid = self._uid_to_ask()
            self.write({"request_uid": uid, "attempt": self.attempt + self.sibling, "sibling": 0})

    def _apply_not_found(self, answer):
        """What the cloud had taken, and doesn't know after a withdrawal, was taken back. After a restore the order may
        have gone out under the ID of a later attempt: these are asked for too. What was reversed shows at the
        original, whatever the ID."""
        if self.withdraw_asked and self.state == "pending" and self._grace_is_over():
            self._become("withdrawn")
            self._watch_after_end()
            return None
        is_restored = self.kind == "blue" and self.state == "unknown" and not self.was_sent
        if is_restored and self._grace_is_over():
            if self.sibling < SIBLINGS:
                self.write({"sibling": self.sibling + 1, "next_try_at": self._now()})
                self._wake_reconciler()
                return None
            self.sibling = 0
        return super()._apply_not_found(answer)

    def _supersede_later(self):
        """This earlier request has led to something after all: those that were to be sent in its place aren't."""
        numbers = ", ".join(self.fapiao_ids.mapped("number")) or self.request_uid
        for request in self.later_ids.filtered(lambda request: request._can_be_given_up()):
            later = request._in_reader_language()
            if set(later._documents()) & set(self._documents()):
                later._become("withdrawn")
                later.error_message = self.env._(
                    "Not sent: the earlier request %(request)s has led to a fapiao after all (%(numbers)s).",
                    request=self.request_uid,
                    numbers=numbers,
                )
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

    # --------------------------------------------------------------------------
    # The number that an answer gives without saying whose fapiao it is: it is believed, and asked about a little
    # later.
    #
    # Such an answer can't be compared with what was ordered. Should the number be another order's, the fapiao that
    # was issued for this one would be missing here, and an invoice would show the wrong one.
    # --------------------------------------------------------------------------

    def _verify_later(self, issued):
        """Have the cloud asked by our ID, where its answer to the order has named no amounts."""
        if issued.total is None and self.kind == "blue":
            self.write({"watch_round": 0, "watch_at": self._now() + VERIFY_AFTER})

    def _verify(self, found):
        """Act on the answer about a request that counts as issued."""
        match found:
            case base.Issued() if self._knows(found.number):
                self.watch_at = False
            case base.Issued() if not self._difference(found, is_asked=True):
                self._correct_number(found)
            case base.Issued():
                self._alarm_unverified(found)
                self._watch_later()
            case errors.LoginRequired():
                self.account_id._note_need(found.need, found)
                self._watch_later()
            case _:
                # not shown yet, or not answered: it is asked about again after an hour, a day, a week and a month
                self._watch_later()

    def _correct_number(self, issued):
        """Put the fapiao that was issued for us in the place of the one that the first answer has named."""
        wrong = self.fapiao_ids
        if wrong.red_form_ids or any(fapiao.status != "normal" for fapiao in wrong):
            self._alarm_unverified(issued)
            return
        self.watch_at = False
        self.fapiao_ids = False
        wrong.filtered(lambda fapiao: not fapiao.request_ids).unlink()
        fapiao = self.env["fapiao"]._record_issued(self, issued)
        self._link_fact(fapiao)
        fapiao._queue_if_changed(issued)
        # what was left to a person because its number was taken may be settled now
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

    # --------------------------------------------------------------------------
    # A request that has ended and has led to a fapiao all the same, and two fapiao where one was wanted.
    # --------------------------------------------------------------------------

    @api.depends("line_ids.live", "double_ids.line_ids.live")
    def _compute_is_double(self):
        for request in self:
            request.is_double = any(request.line_ids.mapped("live")) and any(
                any(other.line_ids.mapped("live")) for other in request.double_ids
            )

    # ------------------------------------------------------------------ coming back

    def _revive(self, found):
        """Take over what was found for a request that has ended."""
        if isinstance(found, base.Bill) and found.state == "returned" and not found.fapiao:
            self._note_absent()  # sent back to us: the cloud has nothing left to issue
            return
        if difference := self._difference_of(found):
            self._alarm_stranger(difference)
            self._watch_later()
            return
        self._take(found)

    def _come_back(self):
        """Make room for a request that has ended and is alive after all. What was to be sent in its place is not; what
        may have been sent stands beside it, and a person has to reverse one."""
        self._supersede_later()
        rivals = self._rivals()
        unsent = rivals.filtered(lambda request: request._can_be_given_up())
        for rival in unsent:
            rival._in_reader_language()._become("withdrawn")
            rival.error_message = self.env._(
                "Not sent: request %s has led to a fapiao after all.", self.request_uid
            )
        self._stand_beside(rivals - unsent)
        # the lines of the others are out of the unique index before ours come into it
        self.env.flush_all()

    def _rivals(self):
        """Return the other requests that stand for the same lines, or for more than the same documents hold."""
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
        """Return the living requests for our invoices where these can't hold both: their lines may have been entered
        again, so that nothing but the amount tells."""
        rivals = self.browse()
        for move in self.move_ids.filtered(lambda move: move.move_type == "out_invoice"):
            rows = move.fapiao_request_line_ids
            ours = sum(rows.filtered(lambda row: row.request_id == self).mapped("amount_total"))
            left = float(move._fapiao_rest_without(self.env["fapiao"]))
            if move.company_currency_id.compare_amounts(ours, left) > 0:
                rivals |= rows.filtered("live").request_id - self
        return rivals

    def _stand_beside(self, rivals):
        """Let this request's lines be further slices of lines that others stand for."""
        if not rivals:
            return
        self.double_ids |= rivals
        for row in self.line_ids.filtered("move_line_id"):
            row.part = row.move_line_id._fapiao_free_part_beside(row)

    # ------------------------------------------------------------------ alarms

    def _double_message(self):
        """Return as lines that two fapiao stand for the same lines, and what to do; nothing where none do."""
        if not self:
            return []
        numbers = (self | self.double_ids).fapiao_ids.filtered(lambda fapiao: fapiao._is_living()).mapped("number")
        return [
            self.env._("Two fapiao stand for the same lines: %s.", ", ".join(numbers)),
            self.env._("Look both up at the tax bureau and reverse one of them: open it and choose Red-Flush."),
        ]

    def _alarm_double(self):
        """Two fapiao stand, or may stand, for the same lines: say it where it is seen, with the way out."""
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
        """The cloud has issued twice under one ID."""
        note = self.env._(
            "Beside %(known)s the cloud reports %(second)s. Check both at the tax bureau and reverse one.",
            known=", ".join(self.fapiao_ids.mapped("number")),
            second=result.number,
        )
        self._alarm(self.env._("Two fapiao under one request"), note)

    def _alarm_stranger(self, difference):
        """Under the ID of a request that has ended there is a fapiao that isn't what was ordered."""
        note = self.env._(
            "Request %(request)s was given up here. %(difference)s Compare both at the tax bureau.",
            request=self.request_uid,
            difference=difference,
        )
        self._alarm(self.env._("A fapiao under a request that was given up"), note)

    def _alarm(self, summary, note):
        """Raise one activity for each ``summary`` on the first document, and keep the words on the request."""
        for document in self._documents()[:1]:
            known = document.activity_ids.filtered(lambda activity: activity.summary == summary)
            if known:
                known.note = as_html(note)
            else:
                document.activity_schedule(ALARM, summary=summary, note=as_html(note), user_id=self.user_id.id)
        if self.state in DEAD_STATES or self.state in OPEN_STATES:
            self.error_message = note

    # --------------------------------------------------------------------------
    # Which lines of an order stand on which fapiao, where the cloud has made several of it.
    #
    # So what one of them stood for is open again once it is reversed alone: just its lines. Where these can't be told
    # (``rules/pieces.py``), see ``fapiao_request_lost``.
    # --------------------------------------------------------------------------

    def _bundle(self):
        """Return these requests and all that share fapiao with them, however far."""
        bundle = self
        while more := bundle.fapiao_ids.request_ids.filtered(lambda request: request.kind == "blue") - bundle:
            bundle |= more
        return bundle

    def _facts_of_bundle(self):
        """Return the fapiao that the requests were made into: those that live if they come to all of it
        (what was reversed before was issued anew by the cloud), else all."""
        facts = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue").sorted("id")
        living = facts.filtered(lambda fapiao: fapiao.status in LIVING)
        ordered = sum(self.mapped("amount_total"))
        is_all = living and self.currency_id.compare_amounts(sum(living.mapped("amount_total")), ordered) == 0
        return living if is_all else facts

    def _pieces(self, rows=None):
        """Return ``{fapiao: [pieces of each of its lines]}``, or ``{}`` where that can't be told for sure.

        ``rows``: see :func:`~..rules.pieces.rekeyed`.
        """
        facts = self._facts_of_bundle()
        if len(facts) < 2 or not all(self.mapped("draft")):
            return {}
        printed = [fact._lines_as_printed() for fact in facts]
        if not all(fact._is_total_of(lines) for fact, lines in zip(facts, printed, strict=True)):
            return {}
        ordered = [line for request in self for line in request._neutral_draft().lines]
        found = pieces.attributed(pieces.rekeyed(ordered, rows or {}), printed)
        return dict(zip(facts, found, strict=True)) if found else {}

    def _lines_printed_on(self, fapiao):
        """Return the lines of ``fapiao``, one of several, with the keys of those they were made of; ``()``
        where that can't be told."""
        lines = self._bundle()._pieces().get(fapiao, [])
        return tuple(
            replace(line, keys=tuple(dict.fromkeys(key for piece in made for key in piece.keys)))
            for line, made in zip(fapiao._lines_as_printed() if lines else (), lines, strict=True)
        )

    # ------------------------------------------------------------------ keeping it

    def _attribute(self):
        """Let each request line stand on the fapiao it is printed on, cut where it is on several; do
        nothing where that can't be told to the fen."""
        bundle = self._bundle()
        rows = bundle.line_ids
        if not rows or rows.fapiao_id or rows.lost_fapiao_id:
            return
        by_key = {}
        for row in rows:
            by_key.setdefault(row._key(), []).append((str(row.id), abs(exact(row.amount_untaxed))))
        found = bundle._pieces(by_key)
        parts = [[piece for line in lines for piece in line] for lines in found.values()]
        if not parts or not rows._come_to(parts):
            return
        cells = {row: [] for row in rows}
        for fapiao, of_part in zip(found, shares.allot(rows._items(parts), parts), strict=True):
            for share in of_part:
                cells[rows.browse(int(share.item.key))].append((fapiao, share))
        for row, of_row in cells.items():
            row._stand_on(of_row)

    # --------------------------------------------------------------------------
    # One of several fapiao of an order is reversed alone, and it can't be told which lines stood on it.
    #
    # Then its amount is open again all the same, a person is told, and nothing is issued anew until it is known what:
    # after the others are reversed too, that is all of it.
    # --------------------------------------------------------------------------

    def _take_off(self, fapiao):
        """Make the amount of ``fapiao`` open again, unless its lines are known or all is reversed."""
        rows = self.line_ids
        if rows.fapiao_id or fapiao in rows.lost_fapiao_id or not any(rows.mapped("live")):
            return
        self.env["fapiao.request.line"].create(rows._values_taken_off(fapiao))
        for document in self[:1]._documents():
            document.activity_schedule(
                PROBLEM,
                summary=self.env._("One of several fapiao was reversed"),
                note=as_html(self._say_lost(fapiao)),
                user_id=self[:1].user_id.id,
            )

    def _values_of_loss(self, fapiao):
        living = self.fapiao_ids.filtered(lambda fact: fact._is_living())
        return {
            "number": ", ".join(fapiao.mapped("number")),
            "total": fapiao.currency_id.format(sum(fapiao.mapped("amount_total"))),
            "rest": ", ".join(living.mapped("number")),
        }

    def _say_lost(self, fapiao):
        values = self._values_of_loss(fapiao)
        return " ".join(self.env._(text, **values) for text in (LOST, WAY_OUT))

    # --------------------------------------------------------------------------
    # A request at a cloud that takes orders into a queue of its own, splits and merges them.
    #
    # Such a cloud answers with a bill: none, one or several fapiao, and where the rest of it stands. The request is
    # issued when its fapiao come to its total; where the cloud has merged it with others, when they come to the total
    # of all the requests that they stand for (seed 001, 支持拆分合并).
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ computes

    @api.depends("state", "in_doubt", "fapiao_ids")
    def _compute_can_withdraw(self):
        for request in self:
            request.can_withdraw = request._can_be_given_up()

    # ------------------------------------------------------------------ results

    def _difference_on_bill(self, issued):
        """Return in words what speaks against one fapiao of a bill being ours, or ''."""
        if self._knows(issued.number):
            return ""
        if issued.buyer_tax_no and issued.buyer_tax_no != (self.buyer_tax_no or ""):
            return self._say_difference(
                issued, [(self.env._("buyer tax number"), self.buyer_tax_no, issued.buyer_tax_no)]
            )
        return self._number_of_another(issued)

    def _is_all_issued_alone(self):
        """Tell whether this request's fapiao come to its own total, as they do where nothing was merged."""
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        total = sum(blue.mapped("amount_total"))
        return bool(blue) and self.currency_id.compare_amounts(total, self.amount_total) == 0

    def _excess_of(self, bill):
        """Return in words that the fapiao of a bill come to more than all that they can stand for, or ''. The cloud may
        have merged it with other orders of the same buyer that are on their way."""
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
        """Apply what the cloud's own queue says of an order: the fapiao it has issued, and what is left."""
        for issued in result.fapiao:
            self._take_one_of_several(issued)
        self.cloud_state = result.state or False
        if result.is_complete and self._is_all_issued():
            (self | self._merged_with()).filtered(lambda request: request.state != "issued")._settle_bill()
        elif result.state == "returned" and not self.fapiao_ids:
            self._become("rejected", errors.Rejected(result.text or self.env._("Sent back by the cloud.")))
            self.ended_at_cloud = True  # the cloud itself says that it has ended there
            self._watch_after_end()
        else:
            self._wait_for_bill(result)

    def _place_in_cloud_queue(self):
        """Return in words where an order lies in the cloud's own queue, or ''."""
        if self.state != "pending" or not self.cloud_state:
            return ""
        label = dict(self._fields["cloud_state"]._description_selection(self.env))[self.cloud_state]
        return " ".join(filter(None, [f"{label}.", self.cloud_text]))

    def _difference_of_bill(self, bill):
        """Return in words what speaks against ``bill`` being ours, or ''. A bill is ours by its number; against it
        speak another buyer on one of its fapiao, more than was ordered, or a fapiao that another request is complete
        with."""
        differences = (self._difference_on_bill(issued) for issued in bill.fapiao)
        return next(filter(None, differences), "") or self._excess_of(bill)

    @staticmethod
    def _is_merged_into(others):
        """Tell whether none of ``others`` is complete with its fapiao alone, so that the cloud has merged orders."""
        return not any(other._is_all_issued_alone() for other in others)

    def _settle_bill(self):
        for request in self:
            request.cloud_state = False
            request._become("issued")
        self._attribute()
        self.fapiao_ids._note_uncovered()

    def _wait_for_bill(self, bill):
        if self.state not in ("pending", "manual"):
            self._become_pending(bill.text)
            return
        if bill.state == "waiting":
            # it is known to lie there: three days without a result are no sign of trouble
            self.unknown_since = self._now()
        self.cloud_text = bill.text or False
        self._wait_on()

    def _take_one_of_several(self, issued):
        """Record and link one of the fapiao that the bill has become."""
        if issued.number in self.fapiao_ids.mapped("number"):
            return
        fapiao = self.env["fapiao"]._record_issued(self, issued)
        # merged: what another request has brought stands for our documents as well
        fapiao.move_ids = [Command.link(move.id) for move in self.move_ids]
        self._link_fact(fapiao)
        fapiao._queue_if_changed(issued)

    # ------------------------------------------------------------------ sums

    def _merged_with(self):
        """Return the other requests that our fapiao stand for."""
        return self.fapiao_ids.request_ids - self

    def _is_all_issued(self):
        """Tell whether the fapiao come to the total of the requests they stand for: those that live, or,
        where somebody has reversed one meanwhile, all of them."""
        ordered = sum((self | self._merged_with()).mapped("amount_total"))
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        living = blue.filtered(lambda fapiao: fapiao.status in LIVING)
        return any(
            self.currency_id.compare_amounts(sum(facts.mapped("amount_total")), ordered) == 0
            for facts in (living, blue)
        )

    # --------------------------------------------------------------------------
    # Taking back requests that the cloud has taken but not issued (开票申请单撤回): up to fifty in one call.
    #
    # Only the cloud knows whether it is in time. Where its answer is lost the same call is made again, and each
    # request is asked for by its own id: what isn't there any more was taken back.
    # --------------------------------------------------------------------------

    def _can_be_taken_back(self):
        """Tell whether the cloud may be asked to give this request up: taken, and nothing issued yet."""
        return (
            self.state == "pending"
            and self.operation == base.ISSUE
            and not self.fapiao_ids
            and self.account_id._words().can(base.WITHDRAW)
        )

    def _can_be_given_up(self):
        return super()._can_be_given_up() or self._can_be_taken_back()

    def _ask_after_withdrawal(self, text):
        """Ask now what became of requests whose withdrawal was refused or got no answer."""
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



# What the engine runs in transactions of its own; the environment is that transaction's.


def want_proof(ids, env):
    return env["fapiao.request"]._want_proof(ids)
