"""Model ``fapiao.pick``: one visit to the expense assistant (发票助手) for one document.

A click creates it, the dialog opens the page (keys), a scheduled run listens. What a message does:
``fapiao_pick_message.py`` and ``pick_intake.py``. Source: docs/protocols/kingdee-assistant.md#keys, #pages,
#long-poll. Sections: visit and dialog, cleanup, listening.
"""

import secrets
import time
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ...clouds import picking
from ...clouds.base import ASSISTANT_PAGES
from ...clouds.canonical import fingerprint
from ...clouds.errors import CloudError
from ..cloud.engine import Engine
from . import pick_round as rounds
from . import pick_sorting
from .pick_intake import TAKEN

KINDS = [
    ("expense", "Expense Claim"),
    (picking.TRAVEL, "Travel"),
    (picking.PURCHASE, "Purchase"),
    (picking.PAYMENT, "Corporate Payment"),
]
PAGES = [
    (picking.PICK_PAGE, "Pick fapiao"),
    (picking.LINE_EDIT_PAGE, "Adjust a line's fapiao"),
    (picking.LINE_PAGE, "A line's fapiao"),
    (picking.DOCUMENT_PAGE, "A document's fapiao"),
    (picking.SHOW_PAGE, "One fapiao"),
    (picking.EDIT_PAGE, "Edit one fapiao"),
]
# These pages send no message.
SILENT = (picking.LINE_PAGE, picking.DOCUMENT_PAGE, picking.SHOW_PAGE)
STATES = [
    ("open", "Waiting for the person"),
    ("done", "Done"),
    ("empty", "Nothing chosen"),
    ("closed", "Dialog closed"),
    ("failed", "Failed"),
]
# How long after its opening a visit is polled.
LISTEN_HOURS = 24
# Retention of visits with their names and tickets; shorter if never opened. The raw messages are needed only
# while they may have to be applied again.
KEEP = timedelta(days=180)
KEEP_UNOPENED = timedelta(days=7)
KEEP_RAW = timedelta(days=30)
REMOVED_AT_ONCE = 1000
# How long after a click a visit is polled without a pause, since the user is on the page.
WATCHED = timedelta(minutes=30)
WAIT = 5  # maximum duration of a poll in seconds
RUN = 10  # duration of a scheduled run in seconds; others need the scheduler as well
LEASE = timedelta(minutes=5)  # after which another run may claim a visit; a round ends earlier
AFTER_TROUBLE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
TAKE_OVER = "take_over"
NEWS = "l10n_cn_invoice_cloud.pick"  # bus notification on which the dialog reads the visit again


class FapiaoPick(models.Model):
    _name = "fapiao.pick"
    _description = "Expense Assistant Session"
    _order = "id desc"

    account_id = fields.Many2one("fapiao.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", "By", required=True, readonly=True, index=True)
    page = fields.Selection(PAGES, "Opened Page", required=True, readonly=True, default=picking.PICK_PAGE)
    move_id = fields.Many2one("account.move", "Bill", readonly=True, index=True, ondelete="cascade")
    move_line_id = fields.Many2one("account.move.line", "Bill Line", readonly=True, ondelete="set null")
    expense_ids = fields.Many2many("hr.expense", string="Expenses", readonly=True)
    fapiao_id = fields.Many2one(
        "fapiao", "Fapiao (发票)", readonly=True, ondelete="set null", help="That a page shows."
    )
    kind = fields.Selection(KINDS, "Kind of Document", required=True, default="expense")
    together = fields.Boolean("One Expense With the Sum", help="Of several tickets.")
    state = fields.Selection(STATES, required=True, readonly=True, default="open", index=True)
    key = fields.Char("Key at the Assistant", required=True, readonly=True, help="bxd_key")
    number = fields.Char("Document Number", readonly=True)
    link_key = fields.Char(readonly=True, groups="base.group_system", index="btree_not_null", copy=False)
    user_key = fields.Char(readonly=True, groups="base.group_system", copy=False)
    problem = fields.Text("Last Problem", readonly=True)
    opened_at = fields.Datetime(readonly=True)
    last_poll_at = fields.Datetime("Listened", readonly=True)
    next_poll_at = fields.Datetime("Listened to Next", readonly=True)
    polls = fields.Integer("Times Listened", readonly=True)
    watched_until = fields.Datetime(readonly=True, help="Until then a person is taken to be at the page.")
    leased_until = fields.Datetime(readonly=True, help="Until then a run of the listener has this visit.")
    last_claim_at = fields.Datetime(readonly=True)
    message_ids = fields.One2many("fapiao.pick.message", "pick_id", "Messages", readonly=True)
    ticket_ids = fields.One2many("fapiao.pick.ticket", "pick_id", "Tickets", readonly=True)

    _due = models.Index("(next_poll_at) WHERE next_poll_at IS NOT NULL")

    # ------------------------------------------------------------------ computes

    @api.depends("number", "page")
    def _compute_display_name(self):
        pages = dict(self._fields["page"]._description_selection(self.env))
        for pick in self:
            pick.display_name = f"{pages.get(pick.page, '')}: {pick.number or ''}"

    # ------------------------------------------------------------------ visit and dialog

    @api.model
    def _open_dialog(self, documents, page=picking.PICK_PAGE, fapiao=None, line=None):
        """Create a visit of the current user for ``documents`` (bill or expenses, or the ``line`` of a bill), and
        return the action that opens its dialog. Raises AccessError if they may not open the assistant for these,
        UserError if the company has no assistant.
        """
        documents._fapiao_pick_check_look()
        # sudo: only the engine writes visits; the rights on the documents were checked above
        pick = self.sudo().create(self._prepare_values(documents, self.env.uid, page, fapiao, line))
        return {"type": "ir.actions.client", "tag": "l10n_cn_invoice_cloud.pick", "params": {"pick_id": pick.id}}

    @api.model
    def _prepare_values(self, documents, user_id, page, fapiao=None, line=None):
        """Return the values of a visit; raise UserError if the company has no assistant."""
        company = documents.company_id
        account = self.env["fapiao.account"]._assistant_of(company)
        if not account:
            raise UserError(
                self.env._(
                    "%s has no expense assistant (发票助手). Enter its address and client ID on the fapiao account.",
                    company.name,
                )
            )
        is_bill = documents._name == "account.move"
        if is_bill and len(documents) > 1:
            raise UserError(self.env._("Pick fapiao for one bill at a time."))
        first = documents[0]
        return {
            "account_id": account.id,
            "company_id": company.id,
            "user_id": user_id,
            "page": page,
            "move_id": first.id if is_bill else False,
            "move_line_id": line.id if line else False,
            "expense_ids": [Command.set([] if is_bill else documents.ids)],
            "fapiao_id": fapiao.id if fapiao else False,
            "kind": first._fapiao_pick_kinds()[0],
            "key": account._assistant_key(first),
            "number": account._assistant_number(first),
        }

    @api.model
    def _prepare_take_over(self, document, user_id, serials):
        """Create a visit of ``user_id`` for what the assistant has on ``document`` beside our fapiao, and its message
        as if they were picked now; return the ids of both.
        """
        # sudo: only the engine writes visits; the caller has checked the rights on the document
        pick = self.sudo().create(self._prepare_values(document, user_id, picking.DOCUMENT_PAGE))
        values = {"message_key": f"#{TAKE_OVER}", "kind": picking.SAVE_BILL, "serials": serials}
        # nothing was received, so nothing is acknowledged
        message = pick.message_ids.create({"pick_id": pick.id, "receipt_state": "sent", **values})
        return pick.id, message.id

    def _documents(self):
        """Return the existing bill or expenses of this visit."""
        return (self.move_id or self.expense_ids).exists()

    def open_page(self, kind=None, together=None):
        """Request keys and return ``follow`` with ``page_url``, and ``socket``: where to hear that there is news, or
        None. A visit has at most one open page, a second one replaces the first. ``kind``, ``together``: the
        user's choice.
        """
        pick = self._own()
        pick._check_choice(kind)
        engine, account, page = Engine(self.env), pick.account_id, pick.page
        choice = {"kind": kind or pick.kind, "together": pick.together if together is None else bool(together)}
        visit, serial_no = engine._step(lambda env: pick.with_env(env)._prepare_visit(choice))

        def ask(cloud):
            link_key = "" if page in SILENT else cloud.link_key()
            user_key = cloud.user_key(visit)
            return link_key, user_key, cloud.page(page, user_key, link_key, serial_no), cloud.socket(link_key)

        try:
            for document in pick._documents():
                # a page shows the fapiao of a line only once they are related there (entry/cache)
                self.env["fapiao.assistant.update"]._relate(document, visit.line)
            link_key, user_key, url, socket = account._ask_assistant(ask)
            account._check_page(url)
        except UserError as error:
            problem = str(error)
            engine._step(lambda env: pick.with_env(env).write({"state": "failed", "problem": problem}))
            raise
        engine._step(lambda env: pick.with_env(env)._opened(link_key, user_key))
        self.env.invalidate_all()
        return {**self._own().follow(), "page_url": url, "socket": account._socket_for_browser(socket)}

    def follow(self):
        """Return the state of the visit for the dialog; makes no call."""
        pick = self._own()
        kinds = dict(pick._fields["kind"]._description_selection(self.env))
        documents = pick._documents()
        return {
            "id": pick.id,
            "page": pick.page,
            "state": pick.state,
            "kind": pick.kind,
            "kinds": [[kind, kinds[kind]] for kind in documents[:1]._fapiao_pick_kinds()] if documents else [],
            "together": pick.together,
            "title": ", ".join(documents.mapped("display_name")[:3]),
            "is_bill": bool(pick.move_id),
            "is_opened": bool(pick.opened_at),
            "is_silent": pick.page in SILENT,
            "problem": pick.problem or "",
            "late": [text for one in pick.message_ids for text in (one.problem, one.differs) if text],
            "messages": len(pick.message_ids.filtered(lambda message: message.state != "new")),
            "listened_at": fields.Datetime.to_string(pick.last_poll_at) or "",
            "tickets": [ticket._show() for ticket in pick.ticket_ids],
            "documents": [[document.id, document.display_name] for document in documents],
        }

    def close(self, nothing=False):
        """Close the dialog; ``nothing``: the user had closed the page. Late messages are polled for some hours."""
        pick, state = self._own(), "empty" if nothing else "closed"
        Engine(self.env)._step(lambda env: pick.with_env(env)._close(state))
        return True

    def move_ticket(self, ticket_id, expense_id):
        """Move a picked ticket to another expense of this visit, and refill both."""
        pick = self._own()
        ticket = pick.ticket_ids.filtered(lambda one: one.id == ticket_id)
        expense = pick.expense_ids.filtered(lambda one: one.id == expense_id)
        if not (ticket and expense):
            raise UserError(self.env._("This ticket or expense isn't part of the visit."))
        before = ticket.expense_id
        (before | expense).with_user(self.env.user)._fapiao_pick_check()
        if before != expense and ticket.state in TAKEN:
            match = before.fapiao_match_ids.filtered(lambda one: one.fapiao_id == ticket.fapiao_id)
            amount = match.amount or ticket.fapiao_id.amount_total
            match.unlink()
            pick.env["fapiao.match"]._confirm_pair(ticket.fapiao_id, expense, amount, rule="picked")
            ticket.expense_id = expense
            (before | expense)._fapiao_pick_refill()
        return pick.follow()

    def _own(self):
        """Return this visit as superuser; raise AccessError for another user's visit."""
        self.ensure_one()
        # sudo: a visit belongs to its user; the fields shown in the dialog are not secret
        pick = self.sudo()
        if not self.env.su and pick.user_id != self.env.user:
            raise AccessError(self.env._("This assistant session belongs to another user."))
        return pick

    def _check_choice(self, kind):
        documents = self._documents().with_user(self.user_id)
        if not documents:
            raise UserError(self.env._("The document is gone."))
        documents._fapiao_pick_check_look()
        if kind and kind not in documents[0]._fapiao_pick_kinds():
            raise UserError(self.env._("This kind of document doesn't fit here."))
        if self.page not in SILENT:
            documents._fapiao_pick_check()

    def _prepare_visit(self, choice):
        """Store the user's choice; return :class:`~..clouds.picking.Visit` and the fapiao's serial number."""
        self.write(choice)
        documents = self._documents()
        fapiao = documents.fapiao_match_ids.filtered(lambda match: match.state == "confirmed").fapiao_id
        is_line = self.page in (picking.LINE_PAGE, picking.LINE_EDIT_PAGE)
        buyer_account, buyer_address = self.company_id._fapiao_pick_party()
        visit = picking.Visit(
            user=self.account_id._assistant_key(self.user_id),
            key=self.key,
            number=self.number or "",
            kind="" if self.kind == "expense" else self.kind,
            company=self.company_id.name,
            tax_no=self.account_id.tax_no,
            rules=self.company_id._fapiao_pick_rules(),
            random=secrets.token_hex(8),
            line=self.account_id._assistant_line(documents[:1], self.move_line_id.exists()) if is_line else "",
            serials=tuple(filter(None, fapiao.mapped("serial_no"))),
            attachments=self._attachments(),
            buyer_account=buyer_account,
            buyer_address=buyer_address,
        )
        return visit, self.fapiao_id.serial_no or ""

    def _attachments(self):
        """Return the serial numbers of files that are no fapiao, as named in the messages about these documents."""
        visits = self.search([("account_id", "=", self.account_id.id), ("key", "=", self.key)])
        named = (serial for message in visits.message_ids for serial in (message.sorting or {}).get("attachments", ()))
        return tuple(dict.fromkeys(named))

    def _opened(self, link_key, user_key):
        self.write(
            {
                "link_key": link_key,
                "user_key": user_key,
                "opened_at": fields.Datetime.now(),
                "state": "open",
                "problem": False,
                "next_poll_at": False,
            }
        )
        self._schedule_listening(WATCHED)

    def _close(self, state):
        if self.state == "open":
            self.write({"state": state, "watched_until": False})
            self._schedule_listening()

    # ------------------------------------------------------------------ cleanup

    @api.autovacuum
    def _gc_visits(self):
        """Clear the keys of expired visits, the messages after a month, and delete visits after half a year."""
        now = fields.Datetime.now()
        spent = [("opened_at", "<", now - timedelta(hours=LISTEN_HOURS))]
        keys = ["|", ("user_key", "!=", False), ("link_key", "!=", False)]
        self.search([*spent, *keys])._stop_listening()
        self.env["fapiao.pick.message"].search(
            [("raw", "!=", False), ("create_date", "<", now - KEEP_RAW), ("state", "in", ("applied", "ignored"))]
        ).write({"raw": False})
        unopened = ("create_date", "<", now - KEEP_UNOPENED)
        old = self.search(
            ["|", ("create_date", "<", now - KEEP), "&", ("opened_at", "=", False), unopened], limit=REMOVED_AT_ONCE
        )
        old.unlink()
        return len(old), len(old) == REMOVED_AT_ONCE

    # ------------------------------------------------------------------ listening
    # Each message is stored (once per id), its tickets fetched without an open transaction, applied in one
    # transaction, and acknowledged. One scheduled run polls all open visits in parallel (``pick_round.py``), so
    # that no web worker waits.

    @api.model
    def _cron_assistant(self):
        """Poll all due visits in parallel; trigger the run again while a user is on a page. Visits with a
        closed dialog are polled at growing intervals, until ``LISTEN_HOURS`` are over.
        """
        time_left = self.env["ir.cron"]._commit_progress(remaining=0)
        end = time.monotonic() + min(RUN, time_left)
        while self._listen() and time.monotonic() < end:
            pass
        Engine(self.env)._step(lambda env: env["fapiao.pick"]._wake_for_due())
        self.env.invalidate_all()

    @api.model
    def _listen(self, ids=None):
        """Poll the due visits, or ``ids``, once; return whether there were any."""
        engine = Engine(self.env)
        claimed = engine._step(lambda env: env["fapiao.pick"]._claim_visits(ids))
        if claimed:
            rounds.Round(engine, WAIT).run(claimed)
        return bool(claimed)

    def look_again(self):
        """Poll now: the user has closed the page or asks for it, or the browser heard that there is news. Return the
        time from which an answer counts.
        """
        pick = self._own()
        now = self.env["fapiao.task.mixin"]._now()
        Engine(self.env)._step(lambda env: pick.with_env(env)._schedule_listening(WATCHED))
        return fields.Datetime.to_string(now)

    @api.model
    def _claim_visits(self, ids=None):
        """Lease the due visits, or ``ids``, unless another run has them; return ``{account id: [rounds.Visit]}``."""
        now = self.env["fapiao.task.mixin"]._now()
        which = ("next_poll_at", "<=", now) if ids is None else ("id", "in", ids)
        is_free = ["|", ("leased_until", "=", False), ("leased_until", "<", now)]
        due = self.search([which, ("link_key", "!=", False), *is_free], order="next_poll_at, id")
        due = due.try_lock_for_update(limit=rounds.SIDE_BY_SIDE)
        over = due.filtered(lambda pick: pick.opened_at < now - timedelta(hours=LISTEN_HOURS))
        over._stop_listening()
        claimed = {}
        for account, picks in (due - over).grouped("account_id").items():
            allowed = picks[: self.env["fapiao.pace"]._take(account, len(picks), ASSISTANT_PAGES)]
            (picks - allowed).write({"next_poll_at": now + AFTER_TROUBLE})
            allowed.write({"leased_until": now + LEASE, "last_claim_at": now})
            if allowed:
                claimed[account.id] = [rounds.Visit(pick.id, pick.link_key) for pick in allowed]
        return claimed

    def _give_back(self, error=None):
        """End the lease and schedule the next poll; ``error``: why polling failed."""
        if not self.exists():
            return
        now, problem = self.env["fapiao.task.mixin"]._now(), False
        theirs = self.with_context(lang=self.user_id.lang)
        if isinstance(error, CloudError):
            problem = theirs.account_id._error_message(error)
        elif error is not None:
            problem = theirs.env._("The assistant could not be asked; the server's log says why. It is tried again.")
        is_news = (self.problem or "") != (problem or "")
        self.write(
            {
                "leased_until": False,
                "last_poll_at": self.last_claim_at,
                "next_poll_at": now + self._pause(now, bool(problem)),
                "polls": self.polls + 1,
                "problem": problem,
            }
        )
        if is_news:
            self._notify_dialog()

    def _pause(self, now, is_trouble):
        if self.state == "open" and self.watched_until and self.watched_until > now:
            return AFTER_TROUBLE if is_trouble else timedelta(0)
        return min(timedelta(minutes=1) * 2 ** min(self.polls // 3, 10), LONGEST_PAUSE)

    def _stop_listening(self):
        self.write({"next_poll_at": False, "link_key": False, "user_key": False})

    def _schedule_listening(self, watched=None):
        """Schedule an immediate poll; ``watched``: duration of polling without a pause, since the user waits."""
        now = self.env["fapiao.task.mixin"]._now()
        values = {"next_poll_at": now, "polls": 0}
        if watched:
            values["watched_until"] = now + watched
        listened = self.filtered("link_key")
        listened.write(values)
        if listened:
            self._wake_listener()

    @api.model
    def _wake_listener(self, at=None):
        # sudo: all users who pick fapiao need the scheduled run
        self.env.ref("l10n_cn_invoice_cloud.cron_assistant").sudo()._trigger(at)

    @api.model
    def _wake_for_due(self):
        """Trigger the run for the next due visit."""
        first = self.search([("next_poll_at", "!=", False), ("link_key", "!=", False)], order="next_poll_at", limit=1)
        if first:
            self._wake_listener(max(first.next_poll_at, self.env["fapiao.task.mixin"]._now()))

    def _notify_dialog(self):
        """Notify the dialog to read the visit again; the bus carries no content."""
        self.env["bus.bus"]._sendone(self.user_id.partner_id, NEWS, {"id": self.id})

    def _keep(self, message):
        """Store a message unless it is known; return the id of its row and the serial numbers whose tickets are
        to be fetched, None if it is settled.
        """
        message_key = message.id or f"#{fingerprint(message.raw)[:32]}"
        row = self.message_ids.filtered(lambda row: row.message_key == message_key)
        if row:
            row.write({"times": row.times + 1, "receipt_state": "due"})
        else:
            row = row.create(
                {
                    "pick_id": self.id,
                    "message_key": message_key,
                    "kind": message.kind,
                    "raw": message.raw,
                    "serials": list(message.serials),
                    "renamed": [list(pair) for pair in message.renamed],
                    "sorting": pick_sorting.as_json(message),
                }
            )
        return row.id, None if row._is_settled() else row.serials or []
