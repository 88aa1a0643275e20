"""One visit to the expense assistant (发票助手) for one document: opened, listened to, brought to its end.

The way of a visit: a click makes it, the dialog opens it (keys), a scheduled run listens, each message is kept,
applied and acknowledged in transactions of its own (``fapiao_pick_listen``).
Source: shared/protocols/kingdee-assistant.md; seed 002, sections 4 to 9.
"""

import secrets
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..clouds import picking
from ..clouds.base import ASSISTANT_PART
from ..clouds.errors import CloudError

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
# From these pages no message comes.
SILENT = (picking.LINE_PAGE, picking.DOCUMENT_PAGE, picking.SHOW_PAGE)
STATES = [
    ("open", "Waiting for the person"),
    ("done", "Done"),
    ("empty", "Nothing chosen"),
    ("closed", "Dialog closed"),
    ("failed", "Failed"),
]
# How long messages are listened for after a visit was opened.
LISTEN_HOURS = 24
# How long visits are kept, with the names and tickets in them; one that was never opened goes sooner. What the
# assistant has said, word for word, is needed only while it may have to be applied again.
KEEP = timedelta(days=180)
KEEP_UNOPENED = timedelta(days=7)
KEEP_RAW = timedelta(days=30)
REMOVED_AT_ONCE = 1000
# How long after a click a visit is listened to without a pause: a person is at the page.
WATCHED = timedelta(minutes=30)


class FapiaoPick(models.Model):
    _name = "fapiao.pick"
    _description = "Visit to the Expense Assistant"
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

    # ------------------------------------------------------------------ made by a click

    @api.model
    def _visit(self, documents, page=picking.PICK_PAGE, fapiao=None):
        """Return a new visit of the current user for ``documents`` (bill or expenses). Raises AccessError where
        they may not open the assistant for these, UserError where the company has no assistant."""
        documents._fapiao_pick_check_look()
        company = documents.company_id
        account = self.env["fapiao.account"]._assistant_of(company)
        if not account:
            raise UserError(
                self.env._(
                    "%s has no expense assistant (发票助手). Enter its address and client ID on the fapiao"
                    " account.",
                    company.name,
                )
            )
        is_bill = documents._name == "account.move"
        if is_bill and len(documents) > 1:
            raise UserError(self.env._("Pick fapiao for one bill at a time."))
        first = documents[0]
        # sudo: visits are written by the engine alone; the rights on the documents were checked above
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
        """Return what opens the dialog of this visit."""
        self.ensure_one()
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.pick",
            "params": {"pick_id": self.id},
        }

    def _documents(self):
        """Return the bill or the expenses of this visit that are still there."""
        return (self.move_id or self.expense_ids).exists()

    # ------------------------------------------------------------------ what the dialog calls

    def open_page(self, kind=None, together=None):
        """Ask for keys and return ``follow`` with ``page_url``; at most one page is open for a visit, a
        second one replaces the first. ``kind``, ``together``: what the person chose before."""
        pick = self._own()
        pick._check_choice(kind)
        engine, pick_id = self.env["fapiao.engine"], pick.id
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
            self._tell_relation()
            link_key, user_key, url = engine._ask(account, ask, ASSISTANT_PART)
            pick.account_id._check_page(url)
        except (CloudError, UserError) as error:
            problem = pick.account_id._say(error) if isinstance(error, CloudError) else str(error)
            engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._fail(problem))
            raise UserError(problem) from error
        engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._opened(link_key, user_key))
        self.env.invalidate_all()
        return {**self._own().follow(), "page_url": url}

    def follow(self):
        """Return how the visit stands, as the dialog shows it; no call."""
        pick = self._own()
        kinds = dict(pick._fields["kind"]._description_selection(self.env))
        documents = pick._documents()
        return {
            "id": pick.id,
            "page": pick.page,
            "state": pick.state,
            "kind": pick.kind,
            "kinds": [[kind, kinds[kind]] for kind in documents[:1]._fapiao_pick_kinds()]
            if documents
            else [],
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
        """The dialog goes; ``nothing``: the person had closed the page. It is listened to for some hours
        more, for what comes late."""
        pick_id = self._own().id
        state = "empty" if nothing else "closed"
        self.env["fapiao.engine"]._step(lambda env: env["fapiao.pick"].browse(pick_id)._close(state))
        return True

    def move_ticket(self, ticket_id, expense_id):
        """Put a picked ticket on another expense of this visit, and fill both anew."""
        pick = self._own()
        ticket = pick.ticket_ids.filtered(lambda one: one.id == ticket_id)
        expense = pick.expense_ids.filtered(lambda one: one.id == expense_id)
        if not (ticket and expense):
            raise UserError(self.env._("This ticket or expense isn't part of the visit."))
        (ticket.expense_id | expense).with_user(self.env.user)._fapiao_pick_check()
        ticket._move_to(expense)
        return pick.follow()

    # ------------------------------------------------------------------ private steps

    def _own(self):
        """Return this visit as superuser; raise AccessError where it is somebody else's."""
        self.ensure_one()
        # sudo: a visit is its user's; the fields the dialog is shown hold no secret
        pick = self.sudo()
        if not self.env.su and pick.user_id != self.env.user:
            raise AccessError(self.env._("This is somebody else's visit to the assistant."))
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
        """Note the person's choice; return account, page, :class:`~..clouds.picking.Visit`, serial number."""
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

    def _tell_relation(self):
        """Which fapiao lie on which line has to be told before a page shows them (entry/cache)."""
        for document in self._own()._documents():
            self.env["fapiao.report"]._relate(document)

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
        self._listen_soon(WATCHED)

    def _fail(self, problem):
        self.write({"state": "failed", "problem": problem})

    def _close(self, state):
        if self.state == "open":
            self.write({"state": state, "watched_until": False})
            self._listen_soon()

    # ------------------------------------------------------------------ the end

    @api.autovacuum
    def _gc_visits(self):
        """Wipe the keys of visits whose hours are over, what the assistant said after a month, and all of it after
        half a year."""
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
