"""A blue request from the invoices it is made of to the fapiao it leads to."""

import json

from odoo import Command, api, models
from odoo.tools import format_amount

from ..clouds import base
from ..rules.document import from_plain, to_plain
from .fapiao_outbound import OPEN_STATES


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    # ------------------------------------------------------------------ making a request

    @api.model
    def _create_blue(self, built):
        """Create and freeze requests, one for each :class:`~.fapiao_builder.Built`; nothing is sent yet.

        The request id is a function of database, record and nothing else: whoever repeats an attempt
        repeats the id.
        """
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
            "message": self.error_message or "",
            "fix": self.error_fix or "",
            "cloud": " ".join(filter(None, [self.cloud_text, self.cloud_code and f"({self.cloud_code})"])),
            # queued behind others or after a fault: the dialog needn't wait for it
            "settled": self.state not in ("queued", "sending"),
            "working": self.state in OPEN_STATES,
        }

    # ------------------------------------------------------------------ results

    def _accept(self, result):
        if isinstance(result, base.Pending):
            if self.state != "issued":
                self._become_pending(result.text)
            return
        known = self.fapiao_ids.mapped("number")
        if known and result.number not in known:
            self._alarm_second_number(result)
        if result.number not in known:
            self._link_fact(self.env["fapiao"]._record_issued(self, result))
        if self.state != "issued":
            self._become("issued")
        if self.account_id.session_state != "ok":
            self.account_id._note_ready()

    def _said(self):
        """Return what happened and what to do as lines; for a refusal the cloud's own words behind, since
        the plain ones may send the reader to them."""
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

    def _adopt(self, found):
        """Take over a fapiao found under our id if buyer, total and tax are ours; else say what differs."""
        if difference := self._difference(found):
            return difference
        self._accept(found)
        return ""

    def _neutral_draft(self):
        """Return the frozen :class:`~..rules.document.Draft`."""
        self.ensure_one()
        return from_plain(json.loads(self.draft))

    def _difference(self, found):
        """Return in words what speaks against ``found`` being this request's fapiao, or ''.

        Source: shared/odoo19.md, "Transaction rule": adopt only if buyer tax number, total and tax match.
        """
        draft = self._neutral_draft()
        return self._say_difference(
            found,
            [
                (self.env._("request ID"), self.request_uid, found.request_uid or self.request_uid),
                (self.env._("buyer tax number"), draft.buyer.tax_no, found.buyer_tax_no),
                (self.env._("total"), draft.total, found.total),
                (self.env._("tax"), draft.tax, found.tax),
            ],
        )

    def _say_difference(self, found, compared):
        """Return in words which of ``compared`` (what, ours, theirs) differ, or ''."""
        differing = [
            self.env._(
                "%(what)s: %(ours)s here, %(theirs)s there", what=what, ours=ours or "–", theirs=theirs or "–"
            )
            for what, ours, theirs in compared
            if (ours or None) != (theirs or None)
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

    def _alarm_second_number(self, result):
        """The worst case has happened outside our reach: make sure somebody sees it."""
        for document in self._documents()[:1]:
            document.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("Two fapiao under one request"),
                note=self.env._(
                    "Beside %(known)s the cloud reports %(second)s. Check both at the tax bureau and"
                    " reverse one.",
                    known=", ".join(self.fapiao_ids.mapped("number")),
                    second=result.number,
                ),
                user_id=self.user_id.id,
            )

    def _settled(self):
        """Tell the person who asked, where the request can't go on by itself."""
        if self.state not in ("rejected", "manual"):
            return
        for document in self._documents():
            document.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
                body=self.env._(
                    "Fapiao request %(uid)s: %(message)s",
                    uid=self.request_uid,
                    message=self.error_message or "",
                )
            )
