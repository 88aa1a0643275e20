"""Models ``fapiao.pick.message``, a message of a visit as received, and ``fapiao.pick.ticket``, its tickets."""

import logging
from functools import partial
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...clouds import picking
from ...clouds.base import RECEIPT
from ...clouds.errors import CloudError
from ...clouds.inbound import is_number
from ..cloud import gate
from ..cloud.engine import Engine
from ..values import as_html
from . import pick_sorting
from .fapiao import CLAIMS
from .pick_intake import Intake
from .pick_round import fetch_all

_logger = logging.getLogger(__name__)

MESSAGE_STATES = [
    ("new", "To process"),
    ("applied", "Applied"),
    ("ignored", "Nothing to do"),
    ("failed", "Not applied"),
]
# Kinds of messages. The assistant may send unknown kinds.
MESSAGE_KINDS = [
    (picking.SAVE_BILL, "Fapiao of a document"),
    (picking.SAVE_ENTRIES, "Fapiao of a line"),
    (picking.UPDATE_INVOICE, "Changed fapiao"),
]


class FapiaoPickMessage(models.Model):
    _name = "fapiao.pick.message"
    _description = "Message of the Expense Assistant"
    _order = "id"
    _rec_name = "message_key"

    pick_id = fields.Many2one("fapiao.pick", required=True, readonly=True, index=True, ondelete="cascade")
    message_key = fields.Char("Message ID", required=True, readonly=True)
    kind = fields.Char(readonly=True, help="saveBill, saveEntrys, updateInvoice")
    topic = fields.Selection(MESSAGE_KINDS, "About", compute="_compute_topic")
    raw = fields.Json(readonly=True, groups="base.group_system")
    serials = fields.Json(readonly=True)
    renamed = fields.Json(readonly=True)
    sorting = fields.Json(readonly=True, help="Groups, sums and line, as the message names them.")
    is_electronic = fields.Boolean(
        "All Electronic", compute="_compute_is_electronic", help="Else paper originals have to be handed in."
    )
    differs = fields.Text("What Differs", readonly=True, help="Sums of the message that its tickets don't have.")
    state = fields.Selection(MESSAGE_STATES, required=True, readonly=True, default="new")
    problem = fields.Text(readonly=True)
    receipt_state = fields.Selection(
        [("due", "Due"), ("sent", "Acknowledged")], required=True, readonly=True, default="due"
    )
    times = fields.Integer("Times Received", readonly=True, default=1)

    _unique_message = models.UniqueIndex("(pick_id, message_key)", "This message is known already.")

    @api.depends("kind")
    def _compute_topic(self):
        known = dict(MESSAGE_KINDS)
        for message in self:
            message.topic = message.kind if message.kind in known else False

    @api.depends("sorting")
    def _compute_is_electronic(self):
        for message in self:
            message.is_electronic = bool((message.sorting or {}).get("is_electronic"))

    def action_apply(self):
        """Apply a message that couldn't be applied before."""
        gate.check(self, gate.INTERNAL)
        for message in self:
            if message._is_settled():
                raise UserError(self.env._("This message was applied already."))
            # sudo: all documents of the visit count, also those that the user may not read
            pick = message.pick_id.sudo()
            pick._documents().with_user(self.env.user)._fapiao_pick_check()
            found = pick.account_id._ask_assistant(partial(fetch_all, serials=message.serials or []))
            # sudo: the rights on the documents were checked above
            message.sudo()._decide(*found)
        self.env.invalidate_all()
        return True

    # ------------------------------------------------------------------ applying

    def _is_settled(self):
        """Return whether there is nothing left to apply; a failed message may be applied again."""
        return self.state in ("applied", "ignored")

    def _decide(self, tickets, files):
        """Apply a message in a separate transaction, or store why it can't be applied; both settle it."""
        engine = Engine(self.env)
        try:
            engine._step(lambda env: self.with_env(env)._apply(tickets, files))
            return
        except UserError as error:
            problem = str(error)
        except Exception:
            # an exception must not block the following messages, nor lose this one
            _logger.exception("Fapiao: message %s could not be applied", self.id)
            problem = self.env._("It could not be applied; the server's log says why. Apply it again later.")
        engine._step(lambda env: self.with_env(env)._give_up(problem))

    def _apply(self, tickets, files):
        """Apply a message to the documents, as its user; one message after the other."""
        self.env.cr.execute(SQL("SELECT id FROM fapiao_pick WHERE id = %s FOR UPDATE", self.pick_id.id))
        if self._is_settled():
            return
        # sudo: the content was chosen by the user in the page, whose rights are checked below
        pick = self.pick_id.with_user(self.pick_id.user_id).with_company(self.pick_id.company_id).sudo()
        intake = Intake(pick, tickets, files)
        is_effective = intake.apply(self)
        differs = intake.differences(self)
        self.write({"state": "applied" if is_effective else "ignored", "problem": False, "differs": differs or False})
        if differs:
            pick._documents()[:1]._message_log(body=as_html(differs))
        pick._notify_dialog()

    def _groups(self):
        """Return the ``picking.Group`` into which a person sorted the tickets."""
        return pick_sorting.groups_in(self.sorting)

    def _give_up(self, problem):
        self.write({"state": "failed", "problem": problem})
        self.pick_id._notify_dialog()

    def _acknowledge(self, message_key):
        """Send the receipt of a message that was decided and committed; return whether it went through. One
        that doesn't is harmless: the message comes again.
        """
        engine = Engine(self.env)
        due = engine._step(lambda env: self.with_env(env)._receipt_due())
        if not due or not message_key:
            return False
        account, link_key, pick_id = due

        def tell(cloud):
            payload = cloud.freeze(RECEIPT, {"key": link_key, "message_key": message_key}, "")
            return SimpleNamespace(state="told", text=cloud.read(RECEIPT, cloud.send(RECEIPT, payload)).text)

        try:
            engine._ask_logged(account, RECEIPT, {"msgId": message_key, "visit": pick_id}, tell)
        except CloudError as error:
            _logger.info("Fapiao: receipt of message %s isn't taken yet: %s", message_key, error)
            return False
        engine._step(lambda env: self.with_env(env).write({"receipt_state": "sent"}))
        return True

    def _receipt_due(self):
        pick = self.pick_id
        return self.state != "new" and (pick.account_id, pick.link_key, pick.id)


class FapiaoPickTicket(models.Model):
    _name = "fapiao.pick.ticket"
    _description = "Ticket Picked in a Session"
    _order = "id"
    _rec_name = "serial_no"

    pick_id = fields.Many2one("fapiao.pick", required=True, readonly=True, index=True, ondelete="cascade")
    serial_no = fields.Char("Cloud's ID", readonly=True)
    fapiao_id = fields.Many2one("fapiao", "Fapiao (发票)", readonly=True, ondelete="set null")
    expense_id = fields.Many2one("hr.expense", readonly=True, ondelete="set null")
    number = fields.Char(readonly=True)
    number_shown = fields.Char("Shown Number", compute="_compute_shown")
    name_shown = fields.Char("Ticket", compute="_compute_shown")
    seller = fields.Char(readonly=True)
    currency_id = fields.Many2one(related="pick_id.company_id.currency_id")
    amount = fields.Monetary(readonly=True)
    state = fields.Selection(
        [
            ("attached", "Attached"),
            ("known", "There already"),
            ("updated", "Updated"),
            ("removed", "Taken away"),
            ("refused", "Turned Down"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Text("Not Taken Because", readonly=True)
    sorted_as = fields.Char(readonly=True, help="Kind of cost, goods or payee, as sorted at the assistant.")
    claim = fields.Selection(CLAIMS, "At the Assistant", readonly=True)

    _unique_serial = models.UniqueIndex("(pick_id, serial_no)", "This ticket is known already.")

    @api.depends("number", "seller", "serial_no", "fapiao_id")
    def _compute_shown(self):
        """Hide the cloud's ID, which takes the place of a missing number."""
        for ticket in self:
            ticket.number_shown = ticket.number if is_number(ticket.number) else ""
            # sudo: a visit shows the tickets picked in it
            fapiao = ticket.sudo().fapiao_id
            ticket.name_shown = fapiao._ticket_name() if fapiao else ticket.seller or ticket.serial_no

    def _show(self):
        labels = dict(self._fields["state"]._description_selection(self.env))
        return {
            "id": self.id,
            "state": self.state,
            "label": labels[self.state],
            "number": self.number_shown,
            "name": self.name_shown or "",
            "amount": self.currency_id.format(self.amount) if self.amount else "",
            "reason": self.reason or "",
            "sorted_as": self.sorted_as or "",
            "expense_id": self.expense_id.id,
        }
