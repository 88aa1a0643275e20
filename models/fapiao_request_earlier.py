"""A new ID goes out only when every earlier ID for the same documents is proven dead by asking.

A request that has ended may have led to a fapiao all the same: a cloud can answer with an error after it has issued. So
before a new request is sent, the cloud is asked about those before it that may have been sent, in the same run: found →
taken over, and the new one is withdrawn or left to a person; not known → the new one goes out; else → it waits.
"""

import functools
import math
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.fields import Domain

from ..clouds import errors
from ..clouds.canonical import fingerprint
from .fapiao_outbound import DEAD_STATES
from .fapiao_outbound_run import WATCHING

PROOF_HOLDS = timedelta(minutes=10)  # so long "not known" lets a new ID go out
WAIT_FIRST = timedelta(seconds=30)
WAIT_LAST = timedelta(minutes=15)
ALIKE_SINCE = timedelta(days=60)  # an invoice that was entered again has no link to the one before
SIBLINGS = 3  # IDs of later attempts that are asked for in a database that was restored
AT_ONCE = 500


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

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


# What the engine runs in transactions of its own; the environment is that transaction's.


def want_proof(ids, env):
    return env["fapiao.request"]._want_proof(ids)
