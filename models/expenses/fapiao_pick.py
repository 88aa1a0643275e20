"""Model ``fapiao.pick``: one visit to the expense assistant (发票助手) for one document.

A click creates it, the dialog opens the page (keys), a scheduled run listens; each message is stored, applied
and acknowledged in separate transactions. Source: docs/protocols/kingdee-assistant.md#keys, #pages,
#long-poll. Sections: visit and dialog, listening, rules of import, messages, expenses and bills.
"""

import functools
import logging
import secrets
import time
from datetime import timedelta
from types import SimpleNamespace

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, mute_logger

from ...clouds import picking
from ...clouds.base import ASSISTANT_PAGES, ASSISTANT_PART, RECEIPT
from ...clouds.canonical import fingerprint
from ...clouds.errors import CloudError
from ...clouds.picking import SAVE_BILL, SAVE_ENTRIES, UNUSED, UPDATE_INVOICE
from ...rules import taxno
from ..cloud.engine import Engine
from ..received.fapiao_match import plain_name
from ..received.verdict import DEAD
from ..values import exact
from . import pick_round as rounds

_logger = logging.getLogger(__name__)

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

    # ------------------------------------------------------------------ creation

    @api.model
    def _visit(self, documents, page=picking.PICK_PAGE, fapiao=None):
        """Return a new visit of the current user for ``documents`` (bill or expenses). Raises AccessError if
        they may not open the assistant for these, UserError if the company has no assistant.
        """
        documents._fapiao_pick_check_look()
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
        # sudo: only the engine writes visits; the rights on the documents were checked above
        return self.sudo().create(
            {
                "account_id": account.id,
                "company_id": company.id,
                "user_id": self.env.uid,
                "page": page,
                "move_id": first.id if is_bill else False,
                "expense_ids": [Command.set([] if is_bill else documents.ids)],
                "fapiao_id": fapiao.id if fapiao else False,
                "kind": first._fapiao_pick_kinds()[0],
                "key": account._assistant_key(first),
                "number": account._assistant_number(first),
            }
        )

    def _dialog(self):
        """Return the action that opens the dialog of this visit."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.pick",
            "params": {"pick_id": self.id},
        }

    def _documents(self):
        """Return the existing bill or expenses of this visit."""
        return (self.move_id or self.expense_ids).exists()

    # ------------------------------------------------------------------ methods called by the dialog

    def open_page(self, kind=None, together=None):
        """Request keys and return ``follow`` with ``page_url``; a visit has at most one open page, a second
        one replaces the first. ``kind``, ``together``: the user's choice.
        """
        pick = self._own()
        pick._check_choice(kind)
        engine, pick_id = Engine(self.env), pick.id
        choice = {
            **({"kind": kind} if kind else {}),
            **({"together": bool(together)} if together is not None else {}),
        }
        account, page, visit, serial_no = engine._step(
            lambda env: env["fapiao.pick"].browse(pick_id)._prepare_visit(choice)
        )

        def ask(cloud):
            link_key = "" if page in SILENT else cloud.link_key()
            user_key = cloud.user_key(visit)
            return link_key, user_key, cloud.page(page, user_key, link_key, serial_no)

        try:
            self._notify_relation()
            link_key, user_key, url = engine._ask(account, ask, ASSISTANT_PART)
            pick.account_id._check_page(url)
        except (CloudError, UserError) as error:
            problem = pick.account_id._error_message(error) if isinstance(error, CloudError) else str(error)
            engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._fail(problem))
            raise UserError(problem) from error
        engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._opened(link_key, user_key))
        self.env.invalidate_all()
        return {**self._own().follow(), "page_url": url}

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
            "late": [message.problem for message in pick.message_ids if message.problem],
            "messages": len(pick.message_ids.filtered(lambda message: message.state != "new")),
            "listened_at": fields.Datetime.to_string(pick.last_poll_at) or "",
            "tickets": [ticket._show() for ticket in pick.ticket_ids],
            "documents": [[document.id, document.display_name] for document in documents],
        }

    def close(self, nothing=False):
        """Close the dialog; ``nothing``: the user had closed the page. The visit is polled for some hours
        more, for late messages.
        """
        pick_id = self._own().id
        state = "empty" if nothing else "closed"
        Engine(self.env)._step(lambda env: env["fapiao.pick"].browse(pick_id)._close(state))
        return True

    def move_ticket(self, ticket_id, expense_id):
        """Move a picked ticket to another expense of this visit, and refill both."""
        pick = self._own()
        ticket = pick.ticket_ids.filtered(lambda one: one.id == ticket_id)
        expense = pick.expense_ids.filtered(lambda one: one.id == expense_id)
        if not (ticket and expense):
            raise UserError(self.env._("This ticket or expense isn't part of the visit."))
        (ticket.expense_id | expense).with_user(self.env.user)._fapiao_pick_check()
        ticket._move_to(expense)
        return pick.follow()

    # ------------------------------------------------------------------ helpers

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
        """Store the user's choice; return account, page, :class:`~..clouds.picking.Visit`, serial number."""
        self.write(choice)
        documents = self._documents()
        fapiao = documents.fapiao_match_ids.filtered(lambda match: match.state == "confirmed").fapiao_id
        is_line = self.page in (picking.LINE_PAGE, picking.LINE_EDIT_PAGE)
        visit = picking.Visit(
            user=self.account_id._assistant_user(self.user_id),
            key=self.key,
            number=self.number or "",
            kind="" if self.kind == "expense" else self.kind,
            company=self.company_id.name,
            tax_no=self.account_id.tax_no,
            rules=self.company_id._fapiao_pick_rules(),
            random=secrets.token_hex(8),
            line=self.account_id._assistant_line(documents[:1]) if is_line else "",
            serials=tuple(filter(None, fapiao.mapped("serial_no"))),
        )
        return self.account_id, self.page, visit, self.fapiao_id.serial_no or ""

    def _notify_relation(self):
        """Send the relation of fapiao and line, which a page needs before it shows them (entry/cache)."""
        for document in self._own()._documents():
            self.env["fapiao.assistant.update"]._relate(document)

    def _opened(self, link_key, user_key):
        now = fields.Datetime.now()
        self.write(
            {
                "link_key": link_key,
                "user_key": user_key,
                "opened_at": now,
                "state": "open",
                "problem": False,
                "next_poll_at": False,
            }
        )
        self._schedule_listening(WATCHED)

    def _fail(self, problem):
        self.write({"state": "failed", "problem": problem})

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
        old = self.search(
            [
                "|",
                ("create_date", "<", now - KEEP),
                *("&", ("opened_at", "=", False), ("create_date", "<", now - KEEP_UNOPENED)),
            ],
            limit=REMOVED_AT_ONCE,
        )
        old.unlink()
        return len(old), len(old) == REMOVED_AT_ONCE

    # --------------------------------------------------------------------------
    # Listening for the user's actions in the assistant's page. Each message is stored (once per id), its tickets
    # fetched without an open transaction, applied in one transaction, and acknowledged. One scheduled run polls
    # all open visits in parallel (``pick_round.py``), so that no web worker waits.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ entry points

    @api.model
    def _cron_assistant(self):
        """Poll all due visits in parallel; trigger the run again while a user is on a page. Visits with a
        closed dialog are polled at growing intervals, until ``LISTEN_HOURS`` are over.
        """
        time_left = self.env["ir.cron"]._commit_progress(remaining=0)
        end = time.monotonic() + min(RUN, time_left)
        while self._listen() and time.monotonic() < end:
            pass
        Engine(self.env)._step(wake_for_due)
        self.env.invalidate_all()

    @api.model
    def _listen(self, ids=None):
        """Poll the due visits, or ``ids``, once; return whether there were any."""
        engine = Engine(self.env)
        claimed = engine._step(functools.partial(claim_visits, ids))
        if claimed:
            rounds.Round(engine, WAIT).run(claimed)
        return bool(claimed)

    def look_again(self):
        """Poll now, because the user has closed the page or asks for it. Return the time from which an answer
        counts.
        """
        pick_id = self._own().id
        now = self.env["fapiao.task.mixin"]._now()
        Engine(self.env)._step(lambda env: env["fapiao.pick"].browse(pick_id)._schedule_listening(WATCHED))
        return fields.Datetime.to_string(now)

    @api.model
    def _announced(self, link_key):
        """Schedule a poll after a hint that there is a message for ``link_key``."""
        # sudo: a hint causes one poll, whatever its sender
        self.sudo().search([("link_key", "=", link_key)])._schedule_listening()

    # ------------------------------------------------------------------ claiming and releasing

    @api.model
    def _claim_visits(self, ids=None):
        """Lease the due visits, or ``ids``, and return ``{account id: [rounds.Visit]}``. Those claimed by
        another run are skipped.
        """
        now = self.env["fapiao.task.mixin"]._now()
        self.flush_model(["link_key", "next_poll_at", "leased_until"])
        self.env.cr.execute(
            SQL(
                "SELECT id FROM fapiao_pick WHERE link_key IS NOT NULL AND %s"
                " AND (leased_until IS NULL OR leased_until < %s)"
                " ORDER BY next_poll_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
                SQL("next_poll_at <= %s", now) if ids is None else SQL("id IN %s", tuple(ids)),
                *(now, rounds.SIDE_BY_SIDE),
            )
        )
        due = self.browse(row[0] for row in self.env.cr.fetchall())
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
        now, problem = self.env["fapiao.task.mixin"]._now(), False
        if error is not None:
            problem = self.with_context(lang=self.user_id.lang)._describe_deaf(error)
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

    def _describe_deaf(self, error):
        if isinstance(error, CloudError):
            return self.account_id._error_message(error)
        return self.env._("The assistant could not be asked; the server's log says why. It is tried again.")

    # ------------------------------------------------------------------ keep

    def _keep(self, message):
        """Write a message down unless it is known; return the id of its row."""
        message_key = message.id or f"#{fingerprint(message.raw)[:32]}"
        known = self.message_ids.filtered(lambda row: row.message_key == message_key)
        if known:
            known.write({"times": known.times + 1, "receipt_state": "due"})
            return known.id
        return (
            self.env["fapiao.pick.message"]
            .create(
                {
                    "pick_id": self.id,
                    "message_key": message_key,
                    "kind": message.kind,
                    "raw": message.raw,
                    "serials": list(message.serials),
                    "renamed": [list(pair) for pair in message.renamed],
                }
            )
            .id
        )

    # ------------------------------------------------------------------ fetch and apply

    def _work_off(self, message_id):
        """Fetch the tickets of a message and apply it, unless applied. Raises ``CloudError`` if they can't be
        fetched now; it is retried.
        """
        engine = Engine(self.env)
        todo = engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._todo())
        if not todo:
            return
        account, serials = todo
        result = engine._ask(account, lambda cloud: rounds.fetch_all(cloud, serials), ASSISTANT_PART)
        self._decide(message_id, *result)

    def _decide(self, message_id, tickets, files):
        """Apply a message in a separate transaction, or store why it can't be applied; both settle it."""
        engine, pick_id = Engine(self.env), self.id
        try:
            engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._apply(message_id, tickets, files))
        except (UserError, ValidationError, AccessError) as error:
            problem = str(error)
            engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._give_up(problem))
        except Exception:
            # an exception must not block the following messages, nor lose this one
            _logger.exception("Fapiao: message %s could not be applied", message_id)
            problem = self.env._("It could not be applied; the server's log says why. Apply it again later.")
            engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._give_up(problem))

    def _apply(self, message_id, tickets, files):
        """Apply a message to the documents, as its user; one message after the other."""
        self.env.cr.execute(SQL("SELECT id FROM fapiao_pick WHERE id = %s FOR UPDATE", self.id))
        # sudo: the content was chosen by the user in the page, whose rights are checked below
        pick = self.with_user(self.user_id).with_company(self.company_id).sudo()
        message = pick.message_ids.filtered(lambda row: row.id == message_id)
        if message.state in ("applied", "ignored"):
            return
        is_effective = pick._apply_message(message, tickets, files)
        message.write({"state": "applied" if is_effective else "ignored", "problem": False})
        self._notify_dialog()

    # ------------------------------------------------------------------ receipt

    @api.model
    def _acknowledge(self, pick_id, message_id, message_key):
        """Send the receipt of a message that was decided and committed; return whether it went through. One
        that doesn't is harmless: the message comes again."""
        engine = Engine(self.env)
        due = engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._receipt_due())
        if not due or not message_key:
            return False
        account, link_key = due

        def tell(cloud):
            payload = cloud.freeze(RECEIPT, {"key": link_key, "message_key": message_key}, "")
            return SimpleNamespace(state="told", text=cloud.read(RECEIPT, cloud.send(RECEIPT, payload)).text)

        try:
            engine._ask_logged(account, RECEIPT, {"msgId": message_key, "visit": pick_id}, tell)
        except CloudError as error:
            _logger.info("Fapiao: receipt of message %s isn't taken yet: %s", message_key, error)
            return False
        engine._step(lambda env: env["fapiao.pick.message"].browse(message_id).write({"receipt_state": "sent"}))
        return True

    # --------------------------------------------------------------------------
    # Rules of import (``ticketParam``), checked here as well, since the company's settings are decisive
    #
    # Source: docs/protocols/kingdee-assistant.md#rules-of-import.
    # --------------------------------------------------------------------------

    def _why_refused(self, ticket, is_there=False):
        """Return as text why a :class:`~..clouds.picking.Ticket` may not be imported, or "". ``is_there``:
        the document has it already, so its claim is our own.
        """
        company, row = self.company_id, ticket.fapiao
        problems = self._dead(row)
        if not row.amount_total:
            problems.append(self.env._("It has no amount."))
        if not is_there and not company.fapiao_pick_claimed and self._is_claimed_elsewhere(ticket.state):
            problems.append(
                self.env._("It is claimed already: %s.", ticket.state.claimed_by or self.env._("elsewhere"))
            )
        if ticket.state.is_personal:
            if not company.fapiao_pick_personal:
                problems.append(self.env._("It is a personal fapiao. Ask the seller for one in the company's name."))
        else:
            problems += self._wrong_title(row)
        if ticket.state.verified is False and not company.fapiao_pick_unverified:
            problems.append(self.env._("The tax bureau could not verify it. Correct its data, or don't use it."))
        return " ".join(problems)

    def _dead(self, row):
        if row.status not in (*DEAD, "red"):
            return []
        return [
            {
                "red": self.env._("It was reversed by a red fapiao."),
                "void": self.env._("It is void."),
                "lost": self.env._("It is out of control (失控) at the tax bureau."),
                "abnormal": self.env._("It is abnormal (异常) at the tax bureau."),
            }[row.status]
        ]

    def _is_claimed_elsewhere(self, state):
        own = {self.key, self.number, *map(self.account_id._assistant_key, self._documents())}
        return state.claim not in ("", UNUSED) and state.claimed_by not in own

    def _wrong_title(self, row):
        """Tickets without a buyer (taxi, paper train) have no title to check."""
        if not (row.buyer_name or row.buyer_tax_no):
            return []
        company, problems = self.company_id, []
        if not company.fapiao_pick_title and plain_name(row.buyer_name) != plain_name(company.name):
            problems.append(
                self.env._(
                    "It is made out to %(title)s, not to %(company)s.",
                    title=row.buyer_name or "–",
                    company=company.name,
                )
            )
        ours = taxno.normalise(self.account_id.tax_no)
        if not company.fapiao_pick_tax_no and taxno.normalise(row.buyer_tax_no) != ours:
            problems.append(
                self.env._(
                    "Its buyer's tax number is %(theirs)s, not %(ours)s.",
                    theirs=row.buyer_tax_no or "–",
                    ours=ours,
                )
            )
        return problems

    # --------------------------------------------------------------------------
    # Messages: tickets that documents take, keep, change or give back
    #
    # A message only contains serial numbers; the tickets' data was fetched before.
    # --------------------------------------------------------------------------

    def _apply_message(self, message, tickets, files):
        """Apply ``message`` (a row); return whether its kind has an effect. Raises UserError if the documents
        can't take it any more.
        """
        take = {
            SAVE_BILL: self._take_bill,
            SAVE_ENTRIES: self._take_entries,
            UPDATE_INVOICE: self._take_update,
        }.get(message.kind)
        if take is None:
            return False
        documents = self._open_documents()
        by_serial = {ticket.state.serial_no: ticket for ticket in tickets}
        return take(message, documents, by_serial, files)

    def _open_documents(self):
        """Return the documents that may still take fapiao; raise UserError with the cure if there are none."""
        documents = self._documents()
        if not documents:
            raise UserError(
                self.env._(
                    "Came too late: the document was deleted. Pick the tickets again for another one; nothing"
                    " was claimed."
                )
            )
        as_person = documents.with_user(self.user_id)
        still_open = documents.browse(document.id for document in as_person if document._fapiao_pick_is_open())
        if not still_open:
            raise UserError(
                self.env._(
                    "Came too late: %s can't be changed any more. Set it back to draft and apply this message"
                    " again, or pick the tickets for another document.",
                    ", ".join(documents.mapped("display_name")),
                )
            )
        return still_open

    # ------------------------------------------------------------------ saveBill

    def _take_bill(self, message, documents, by_serial, files):
        """Attach the chosen tickets that pass the rules to the documents; the others are listed with reasons."""
        fresh = [serial for serial in message.serials or [] if not self._is_attached(serial)]
        admitted = self._admit(fresh, by_serial, files)
        if documents._name == "account.move":
            self._put_on_bill(documents, admitted)
        else:
            self._put_on_expenses(documents, admitted)
        self.state = "done" if message.serials else "empty"
        return bool(message.serials)

    def _is_attached(self, serial):
        """Return whether an earlier message of this visit has attached a ticket already."""
        return bool(
            self.ticket_ids.filtered(
                lambda ticket: ticket.serial_no == serial and ticket.state in ("attached", "known", "updated")
            )
        )

    def _admit(self, serials, by_serial, files):
        """Load the tickets that pass the rules into the pool; return ``[(fapiao, attachments)]``."""
        good = []
        for serial in serials:
            ticket = by_serial.get(serial)
            if ticket is None:
                self._note(
                    serial,
                    "refused",
                    self.env._("The assistant doesn't know this ticket any more. Pick again."),
                )
            elif reason := self._why_refused(ticket):
                self._record_ticket(ticket, "refused", reason)
            else:
                good.append(ticket)
        found = self._into_pool(good)
        admitted = []
        for ticket in good:
            fapiao = found[ticket.fapiao.number]
            if fapiao not in [one for one, _files in admitted]:
                admitted.append((fapiao, fapiao._keep_ticket_files(files.get(ticket.state.serial_no, []))))
        return admitted

    def _into_pool(self, tickets):
        """Load tickets into the pool of received fapiao; return ``{number: fapiao}``."""
        Fapiao = self.env["fapiao"]
        rows = [ticket.fapiao for ticket in tickets]
        Fapiao._load(self.company_id.id, self.account_id.id, rows)
        found = Fapiao.search(
            [
                ("company_id", "=", self.company_id.id),
                ("direction", "=", "in"),
                ("number", "in", [row.number for row in rows]),
            ]
        ).grouped("number")
        for row in rows:
            if row.travel:
                found[row.number]._keep_travel(row.travel)
        return found

    # ------------------------------------------------------------------ saveEntrys

    def _take_entries(self, message, documents, by_serial, files):
        """Set the tickets of a line: others are removed, new ones added."""
        document, now = documents[0], set(message.serials or [])
        picked = document.fapiao_match_ids.filtered(
            lambda match: match.state == "confirmed" and match.rule == "picked" and match.fapiao_id.serial_no
        )
        gone = picked.filtered(lambda match: match.fapiao_id.serial_no not in now)
        for match in gone:
            self._note(match.fapiao_id.serial_no, "removed", "", match.fapiao_id)
        gone._undo()
        there = set((picked - gone).fapiao_id.mapped("serial_no"))
        admitted = self._admit([serial for serial in message.serials or [] if serial not in there], by_serial, files)
        for fapiao, attachments in admitted:
            if self._attach(fapiao, document):
                document._fapiao_pick_files(attachments)
        document._fapiao_pick_refill()
        self.state = "done"
        return True

    # ------------------------------------------------------------------ updateInvoice

    def _take_update(self, message, documents, by_serial, files):
        """A ticket was edited, possibly with a new serial number: its match stays, its data changes."""
        before = {new: old for old, new in message.renamed or []}
        changed = False
        for serial in message.serials or []:
            ticket = by_serial.get(serial)
            fapiao = self._fapiao_before(documents, before.get(serial, ""), serial)
            if ticket is None or not fapiao:
                continue
            self._change(documents, fapiao, ticket)
            changed = True
        documents._fapiao_pick_refill()
        self.state = "done" if changed else self.state
        return changed

    def _fapiao_before(self, documents, old_serial, serial):
        """Return the edited fapiao: that of the old serial number if reported, else of the new number, else
        the one the page was opened for.
        """
        known = documents.fapiao_match_ids.filtered(lambda match: match.state == "confirmed").fapiao_id
        for number in filter(None, (old_serial, serial)):
            if found := known.filtered(lambda one, number=number: one.serial_no == number):
                return found[:1]
        return self.fapiao_id & known

    def _change(self, documents, fapiao, ticket):
        """Take over an edited ticket's data. Its match stays, and its amount follows if it was all of the
        fapiao.
        """
        matches = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
        whole = matches.filtered(lambda match: match.amount == fapiao.amount_total)
        row = ticket.fapiao
        twin = self.env["fapiao"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("direction", "=", "in"),
                ("number", "=", row.number),
                ("id", "!=", fapiao.id),
            ]
        )
        if twin:
            matches._undo()
        else:
            fapiao.write({"number": row.number, "serial_no": row.serial_no})
        now = self._into_pool([ticket])[row.number]
        reason = self._why_refused(ticket, is_there=True)
        if twin:
            for document in documents & matches.mapped(lambda match: match._document()):
                self._attach(now, document)
            return
        whole.write({"amount": now.amount_total})
        self.fapiao_id = now
        self._note(row.serial_no, "updated", reason, now, matches.expense_id[:1])

    # ------------------------------------------------------------------ one ticket, one document

    def _attach(self, fapiao, document):
        """Match a fapiao with a document; a ticket claimed by another document is refused with that
        document's name. Return whether it is attached now.
        """
        serial = fapiao.serial_no or fapiao.number
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                taken = fapiao._lock_taken()[fapiao]
                own = taken.filtered(lambda match: match._document() == document)
                if others := taken - own:
                    fapiao._raise_taken(others, self.user_id)
                if not own:
                    self.env["fapiao.match"]._confirm_pair(fapiao, document, fapiao.amount_total, rule="picked")
        except (UserError, ValidationError) as error:
            self._note(serial, "refused", str(error), fapiao)
            return False
        expense = document if document._name == "hr.expense" else None
        self._note(serial, "known" if own else "attached", "", fapiao, expense)
        return True

    # ------------------------------------------------------------------ result of each ticket

    def _note(self, serial, state, reason="", fapiao=None, expense=None):
        values = {"state": state, "reason": reason or False}
        if fapiao:
            values.update(
                fapiao_id=fapiao.id,
                number=fapiao.number,
                seller=fapiao.seller_name,
                amount=fapiao.amount_total,
            )
        if expense:
            values["expense_id"] = expense.id
        known = self.ticket_ids.filtered(lambda ticket: ticket.serial_no == serial)
        if known:
            known.write(values)
        else:
            self.env["fapiao.pick.ticket"].create({"pick_id": self.id, "serial_no": serial, **values})

    def _record_ticket(self, ticket, state, reason):
        row = ticket.fapiao
        self._note(ticket.state.serial_no, state, reason)
        self.ticket_ids.filtered(lambda one: one.serial_no == ticket.state.serial_no).write(
            {"number": row.number, "seller": row.seller_name, "amount": float(row.amount_total or 0)}
        )

    # --------------------------------------------------------------------------
    # Assignment of tickets to expenses, bills, and files
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ expenses

    def _put_on_expenses(self, expenses, admitted):
        """Match tickets with expenses and fill these: all on one, or one each; tickets without an expense get
        a new one.
        """
        shares = self._share_out([fapiao for fapiao, _files in admitted], expenses)
        touched = self.env["hr.expense"]
        for fapiao, attachments in admitted:
            expense = shares.get(fapiao)
            is_new = expense is None
            if is_new:
                expense = self._another_expense(expenses[-1:])
            if self._attach(fapiao, expense):
                expense._fapiao_pick_files(attachments)
                touched |= expense
                self.expense_ids = [Command.link(expense.id)]
            elif is_new:
                expense.unlink()
        touched._fapiao_pick_refill()

    def _share_out(self, fapiao, expenses):
        """Return ``{fapiao: expense}``; tickets left out need a new expense."""
        known = {match.fapiao_id: match.expense_id for match in expenses.fapiao_match_ids if match.active}
        shares = {one: known[one] for one in fapiao if one in known}
        rest = [one for one in fapiao if one not in shares]
        if self.together and len(expenses) == 1:
            return {**shares, **dict.fromkeys(rest, expenses)}
        free = [one for one in expenses if not one._fapiao_pick_has_any()]
        for is_fitting in (_same_amount, self._same_category, _any):
            for one in list(rest):
                fitting = [expense for expense in free if is_fitting(one, expense)]
                if not fitting:
                    continue
                best = min(fitting, key=lambda expense, one=one: _days_apart(one, expense))
                shares[one] = best
                free.remove(best)
                rest.remove(one)
        if self.together:
            shares.update(dict.fromkeys(rest, expenses[-1:]))
        return shares

    def _same_category(self, fapiao, expense):
        category = self.env["fapiao.ticket.category"]._category_of(self.company_id, [fapiao.type_code])
        return bool(category) and category == expense.product_id

    def _another_expense(self, expense):
        """Return a new draft expense of the same employee, with the same payment mode."""
        # a copy keeps analytic accounts and fields of other modules; amounts come with the ticket
        return expense.copy({"vendor_id": False, "description": False})

    # ------------------------------------------------------------------ bill

    def _put_on_bill(self, bill, admitted):
        """Match tickets with a bill; a draft without lines takes theirs, of one seller."""
        is_blank = bill.state == "draft" and not bill.invoice_line_ids
        attached, seller = self.env["fapiao"], None
        for fapiao, attachments in admitted:
            key = fapiao.seller_tax_no or fapiao.seller_name
            if is_blank and seller not in (None, key):
                self._note(
                    fapiao.serial_no or fapiao.number,
                    "refused",
                    self.env._("It is another seller's: pick it for a bill of its own."),
                    fapiao,
                )
                continue
            if self._attach(fapiao, bill):
                seller = key
                attached |= fapiao
                bill._fapiao_pick_files(attachments)
        if is_blank and attached:
            bill._fapiao_pick_take_lines(attached)


# ------------------------------------------------------------------ steps of the engine


def claim_visits(ids, env):
    return env["fapiao.pick"]._claim_visits(ids)


def wake_for_due(env):
    env["fapiao.pick"]._wake_for_due()


def _same_amount(fapiao, expense):
    total = exact(expense.total_amount)
    return bool(total) and total == exact(fapiao.amount_total)


def _any(_fapiao, _expense):
    return True


def _days_apart(fapiao, expense):
    day = fapiao._ticket_day()
    return abs((day - expense.date).days) if day and expense.date else 10_000
