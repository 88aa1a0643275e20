"""开票申请单: one order to issue a fapiao. The process; the fact it leads to is ``fapiao``."""

import base64
import hashlib
import json
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_amount

from ..clouds import base, errors
from ..rules.document import from_plain, to_plain
from .fapiao_outbound import ATTENTION_STATES, OPEN_STATES, UNSENT_STATES

CLICK_LIMIT = 3  # so many requests a click sends itself; more go to the dispatcher, with progress shown


class FapiaoRequest(models.Model):
    _name = "fapiao.request"
    _description = "Fapiao Request"
    _inherit = ["fapiao.outbound"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True

    kind = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, default="blue", readonly=True)
    type = fields.Selection(
        [("special", "Special (专票)"), ("ordinary", "Ordinary (普票)")], required=True, readonly=True
    )
    user_id = fields.Many2one("res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user)
    move_ids = fields.Many2many(
        "account.move", "fapiao_request_move_rel", "request_id", "move_id", "Invoices", readonly=True, copy=False
    )
    line_ids = fields.One2many("fapiao.request.line", "request_id", "Lines", readonly=True)
    fapiao_ids = fields.Many2many(
        "fapiao", "fapiao_request_fapiao_rel", "request_id", "fapiao_id", "Fapiao", readonly=True, copy=False
    )
    previous_id = fields.Many2one("fapiao.request", "Corrects", readonly=True, copy=False)
    partner_id = fields.Many2one("res.partner", "Buyer", readonly=True)
    buyer_name = fields.Char(readonly=True)
    buyer_tax_no = fields.Char("Buyer Tax Number", readonly=True)
    draft = fields.Text(readonly=True, copy=False, help="The fapiao in neutral words, before it was put into the cloud's.")
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

    # ------------------------------------------------------------------ computes

    @api.depends("request_uid")
    def _compute_display_name(self):
        for request in self:
            request.display_name = request.request_uid or self.env._("New request")

    @api.depends("state")
    def _compute_needs_attention(self):
        for request in self:
            request.needs_attention = request.state in ATTENTION_STATES

    def _search_needs_attention(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("state", "in" if True in value else "not in", ATTENTION_STATES)]

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Ask about or send the requests now instead of at their next try; ids stay the same."""
        self._check_issuer()
        for request in self.sudo():  # sudo: what follows is all an issuer may change of a request
            if request.state in ("queued", "waiting_login"):
                request._enqueue()
            elif request.state in ("unknown", "pending"):
                request.next_try_at = fields.Datetime.now()
                request._wake_reconciler()
        self._attempt_after_commit()
        return self.action_follow()

    def action_withdraw(self):
        """Give up requests the cloud has not seen. What may have been sent is never forgotten."""
        self._check_issuer()
        self._lock()
        for request in self.sudo():  # sudo: as in action_retry
            if request.in_doubt or request.state not in UNSENT_STATES:
                raise UserError(
                    self.env._(
                        "Request %s may have reached the cloud already. It is being looked up under its ID;"
                        " wait for the result.",
                        request.request_uid,
                    )
                )
            request._become("withdrawn")
        return True

    def action_open_business_doc(self):
        """Open the request itself; the links of core's ``x2many_buttons`` call this."""
        self.ensure_one()
        return self._get_records_action()

    def action_login(self):
        """Open what a waiting request waits for: log-in, face code or, to correct it, the account."""
        self.ensure_one()
        account = self.account_id
        if account.session_state in ("credentials", "permission"):
            return account._get_records_action()
        return account.action_face() if account.session_state == "face" else account.action_login()

    def action_follow(self):
        """Return the client action that shows how the requests get on."""
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"request_ids": self.ids},
        }

    def action_decide_not_issued(self):
        """A manager's word, after looking at the cloud's portal: nothing was issued. The request is
        given up, and a new one gets a new id."""
        self._check_manager()
        self._lock()
        for request in self.sudo().filtered(lambda request: request.state == "manual"):  # sudo: as in action_retry
            request._become("rejected", errors.Rejected())
            request.write(
                {
                    "error_message": self.env._("%s decided that nothing was issued.", self.env.user.name),
                    "error_fix": self.env._("Issue again from the invoice when all is corrected."),
                }
            )
        return True

    def action_decide_ask_again(self):
        """Look once more: the order goes back among those that are queried by their id."""
        self._check_manager()
        self._lock()
        for request in self.sudo().filtered(lambda request: request.state == "manual"):  # sudo: as in action_retry
            request._become_unknown(errors.OutcomeUnknown(), soon=timedelta(0))
        self._attempt_after_commit()
        return self.action_follow()

    # ------------------------------------------------------------------ making a request

    @api.model
    def _create_blue(self, built):
        """Create and freeze requests, one for each :class:`~.fapiao_builder.Built`; nothing is sent yet.

        The request id is a function of database, record and nothing else: whoever repeats an attempt
        repeats the id.
        """
        requests = self.create([self._blue_values(item) for item in built])
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")  # sudo: not readable by issuers
        for request, item in zip(requests, built):
            request.request_uid = request._make_uid(database)
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
            "move_ids": [Command.set(moves.ids)],
            "previous_id": max(self._rejected_of(moves).ids, default=False),
            "partner_id": moves.commercial_partner_id[:1].id,
            "buyer_name": draft.buyer.name,
            "buyer_tax_no": draft.buyer.tax_no,
            "draft": json.dumps(to_plain(draft), ensure_ascii=False),
            "amount_untaxed": float(draft.amount),
            "amount_tax": float(draft.tax),
            "amount_total": float(draft.total),
            "line_ids": [Command.create(share) for share in built.shares],
        }

    def _rejected_of(self, moves):
        return moves.fapiao_request_ids.filtered(lambda request: request.state == "rejected")

    def _make_uid(self, database):
        """Return "tax number_own part", at most 40 characters (seed 003, fpqqlsh)."""
        seed = f"{database}/{self._name}/{self.id}"
        own = base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode().lower()
        tax_no = self.account_id.tax_no
        return f"{tax_no}_{own[: min(39 - len(tax_no), 20)]}"

    # ------------------------------------------------------------------ the click

    def _attempt_after_commit(self):
        """Make one bounded attempt as soon as the user's transaction is safe, so that the number shows
        on the form; a large batch is the dispatcher's, and a slow cloud as well."""
        if not self or len(self) > CLICK_LIMIT:
            return
        ids_of = {account.id: requests.ids for account, requests in self.grouped("account_id").items()}

        def attempt(engine):
            for account_id, ids in ids_of.items():
                engine._run(account_id, lambda env: env["fapiao.request"]._claim(account_id, CLICK_LIMIT, ids))
                engine._run(account_id, lambda env: env["fapiao.request"]._claim_unsettled(account_id, CLICK_LIMIT, ids))

        self.env["fapiao.engine"]._after_commit(attempt)

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
            "account_id": self.account_id.id,
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
        compared = [
            (self.env._("request ID"), self.request_uid, found.request_uid or self.request_uid),
            (self.env._("buyer tax number"), draft.buyer.tax_no, found.buyer_tax_no),
            (self.env._("total"), draft.total, found.total),
            (self.env._("tax"), draft.tax, found.tax),
        ]
        differing = [
            self.env._("%(what)s: %(ours)s here, %(theirs)s there", what=what, ours=ours or "–", theirs=theirs or "–")
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
        for move in self.move_ids:
            move.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
               
                body=self.env._("Fapiao %s issued.", ", ".join(fapiao.mapped("number")))
            )

    def _alarm_second_number(self, result):
        """The worst case has happened outside our reach: make sure somebody sees it."""
        self.move_ids[:1].activity_schedule(
            "mail.mail_activity_data_warning",
            summary=self.env._("Two fapiao under one request"),
            note=self.env._(
                "Beside %(known)s the cloud reports %(second)s. Check both at the tax bureau and reverse one.",
                known=", ".join(self.fapiao_ids.mapped("number")),
                second=result.number,
            ),
            user_id=self.user_id.id,
        )

    def _settled(self):
        """Tell the person who asked, where the request can't go on by itself."""
        if self.state not in ("rejected", "manual"):
            return
        for move in self.move_ids:
            move.with_user(self.user_id).sudo()._message_log(  # sudo: the engine speaks for the issuer
               
                body=self.env._(
                    "Fapiao request %(uid)s: %(message)s", uid=self.request_uid, message=self.error_message or ""
                )
            )

    # ------------------------------------------------------------------ scheduled actions

    @api.model
    def _cron_dispatch(self, batch=20):
        """Send what is queued, account by account, in the order of the next try."""
        self._run_for_accounts(
            [("state", "=", "queued"), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: lambda env: env["fapiao.request"]._claim(account_id, batch),
            self._wake_dispatcher,
        )

    @api.model
    def _cron_reconcile(self, batch=20):
        """Find out what became of requests whose answer was lost or comes later."""
        engine = self.env["fapiao.engine"]
        now = fields.Datetime.now()
        for account in self._accounts_of([("state", "=", "sending"), ("lease_until", "<", now)]):
            account_id = account.id
            for exchange_id in engine._step(lambda env: env["fapiao.request"]._expire_leases(account_id)):
                engine._apply(exchange_id)
        self._run_for_accounts(
            [("state", "in", ("unknown", "pending")), ("next_try_at", "<=", fields.Datetime.now())],
            lambda account_id: lambda env: env["fapiao.request"]._claim_unsettled(account_id, batch),
            self._wake_reconciler,
        )

    @api.model
    def _accounts_of(self, domain):
        groups = self._read_group([*domain, ("account_id.active", "=", True)], ["account_id"])
        return [account for (account,) in groups]

    @api.model
    def _run_for_accounts(self, domain, claim_for, wake):
        """Run the engine over every account with due records, a batch at a time, as long as the
        scheduler grants time. An account whose pace is used up yields nothing; ``wake`` comes back for it."""
        engine = self.env["fapiao.engine"]
        cron = self.env["ir.cron"]
        accounts = self._accounts_of(domain)
        cron._commit_progress(remaining=self.search_count(domain))
        while accounts:
            for account in list(accounts):
                done = engine._run(account.id, claim_for(account.id))
                if not done:
                    accounts.remove(account)
                if not cron._commit_progress(done):
                    return
        if self.search_count(domain, limit=1):
            wake(at=fields.Datetime.now() + timedelta(minutes=1))

    # ------------------------------------------------------------------ rights and locks

    def _lock(self):
        """Lock the records against engine and other users, then look at them afresh."""
        self.lock_for_update()
        self.invalidate_recordset()

    def _check_issuer(self):
        if not self.env.user.has_group("l10n_cn_invoice_cloud.group_fapiao_issuer"):
            raise AccessError(self.env._("Only fapiao issuers may do this."))
        self.check_access("read")

    def _check_manager(self):
        if not self.env.user.has_group("l10n_cn_invoice_cloud.group_fapiao_manager"):
            raise AccessError(self.env._("Only fapiao managers may decide what became of an order."))
        self.check_access("read")
