"""Models ``fapiao.pick.message``, a message of a visit as received, and ``fapiao.pick.ticket``, its tickets."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...clouds import picking
from ...clouds.errors import CloudError
from ...clouds.inbound import is_number
from ..cloud import gate

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

    def action_apply(self):
        """Apply a message that couldn't be applied before."""
        gate.check(self, gate.INTERNAL)
        for message in self:
            pick = message.pick_id
            if message.state not in ("new", "failed"):
                raise UserError(self.env._("This message was applied already."))
            # sudo: all documents of the visit count, also those that the user may not read
            pick.sudo()._documents().with_user(self.env.user)._fapiao_pick_check()
            try:
                # sudo: the rights on the documents were checked above
                pick.sudo()._work_off(message.id)
            except CloudError as error:
                raise UserError(pick.sudo().account_id._error_message(error)) from error
        self.env.invalidate_all()
        return True

    # --------------------------------------------------------------------------
    # Applying (see ``fapiao_pick.py``)
    # --------------------------------------------------------------------------

    def _todo(self):
        """Return account and serial numbers of a message to apply, else None."""
        if self.state in ("applied", "ignored"):
            return None
        return self.pick_id.account_id, list(self.serials or [])

    def _give_up(self, problem):
        self.write({"state": "failed", "problem": problem})
        self.pick_id._notify_dialog()

    def _receipt_due(self):
        if self.state == "new":
            return None
        return self.pick_id.account_id, self.pick_id.link_key


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
            "expense_id": self.expense_id.id,
        }

    def _move_to(self, expense):
        """Assign this ticket to another expense."""
        self.ensure_one()
        before = self.expense_id
        if before == expense or self.state not in ("attached", "known", "updated"):
            return
        match = before.fapiao_match_ids.filtered(lambda one: one.fapiao_id == self.fapiao_id)
        amount = match.amount or self.fapiao_id.amount_total
        match.unlink()
        self.env["fapiao.match"]._confirm_pair(self.fapiao_id, expense, amount, rule="picked")
        self.expense_id = expense
        (before | expense)._fapiao_pick_refill()
