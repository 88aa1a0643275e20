"""What the assistant told of a visit, as it came, and what became of each ticket."""

from odoo import fields, models
from odoo.exceptions import UserError

MESSAGE_STATES = [
    ("new", "New"),
    ("applied", "Applied"),
    ("ignored", "Nothing to do"),
    ("failed", "Not applied"),
]


class FapiaoPickMessage(models.Model):
    _name = "fapiao.pick.message"
    _description = "Message of the Expense Assistant"
    _order = "id"
    _rec_name = "msg_id"

    pick_id = fields.Many2one("fapiao.pick", required=True, readonly=True, index=True, ondelete="cascade")
    msg_id = fields.Char("Message", required=True, readonly=True)
    kind = fields.Char(readonly=True, help="saveBill, saveEntrys, updateInvoice")
    raw = fields.Json(readonly=True, groups="base.group_system")
    serials = fields.Json(readonly=True)
    renamed = fields.Json(readonly=True)
    state = fields.Selection(MESSAGE_STATES, required=True, readonly=True, default="new")
    problem = fields.Text(readonly=True)
    receipt_state = fields.Selection(
        [("due", "Due"), ("sent", "Acknowledged")], required=True, readonly=True, default="due"
    )
    times = fields.Integer("Times Received", readonly=True, default=1)

    _unique_message = models.UniqueIndex("(pick_id, msg_id)", "This message is known already.")

    def action_apply(self):
        """Apply a message that couldn't be applied before."""
        for message in self:
            pick = message.pick_id
            if message.state not in ("new", "failed"):
                raise UserError(self.env._("This message was applied already."))
            pick._documents().with_user(self.env.user)._fapiao_pick_check()
            # sudo: the rights on the document were checked just now
            pick.sudo()._work_off(message.id)
        self.env.invalidate_all()
        return True


class FapiaoPickTicket(models.Model):
    _name = "fapiao.pick.ticket"
    _description = "Ticket Picked in a Visit"
    _order = "id"
    _rec_name = "serial_no"

    pick_id = fields.Many2one("fapiao.pick", required=True, readonly=True, index=True, ondelete="cascade")
    serial_no = fields.Char("Cloud's ID", readonly=True)
    fapiao_id = fields.Many2one("fapiao", readonly=True, ondelete="set null")
    expense_id = fields.Many2one("hr.expense", readonly=True, ondelete="set null")
    number = fields.Char(readonly=True)
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
    reason = fields.Text(readonly=True)

    _unique_serial = models.UniqueIndex("(pick_id, serial_no)", "This ticket is known already.")

    def _show(self):
        labels = dict(self._fields["state"]._description_selection(self.env))
        return {
            "id": self.id,
            "state": self.state,
            "label": labels[self.state],
            "number": "" if (self.number or "").startswith("#") else self.number or "",
            "name": self.fapiao_id._ticket_name() if self.fapiao_id else self.seller or self.serial_no or "",
            "amount": self.currency_id.format(self.amount) if self.amount else "",
            "reason": self.reason or "",
            "expense_id": self.expense_id.id,
        }

    def _move_to(self, expense):
        """Let this ticket count for another expense."""
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
