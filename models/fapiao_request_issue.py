"""A blue request from the invoices it is made of to the fapiao it leads to."""

import json

from odoo import Command, api, models
from odoo.tools import format_amount

from ..clouds import base
from ..rules.document import from_plain, to_plain
from . import fapiao_gate as gate
from .fapiao_notes import as_html
from .fapiao_outbound import DEAD_STATES, OPEN_STATES


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

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
