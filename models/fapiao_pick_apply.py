"""What a message does to the documents of its visit: which tickets they take, keep, change or give back.

A message only names tickets; what they say was fetched with them (``fapiao_pick_listen``).
"""

from odoo import models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from ..clouds.picking import SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE


class FapiaoPick(models.Model):
    _inherit = "fapiao.pick"

    def _apply_message(self, message, tickets, files):
        """Apply ``message`` (a row); return whether it was of a kind that does anything. Raises UserError
        where the documents can't take it any more."""
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
        """Return the documents that may still take fapiao; raise UserError with the cure if none may."""
        documents = self._documents()
        if not documents:
            raise UserError(
                self.env._(
                    "Came too late: the document was deleted. Pick the tickets again for another one; nothing"
                    " was claimed."
                )
            )
        as_person = documents.with_user(self.user_id)
        still_open = documents.browse(
            document.id for document in as_person if document._fapiao_pick_is_open()
        )
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
        """Tickets were chosen: those that pass come to the documents, the others are listed with reasons."""
        fresh = [serial for serial in message.serials or [] if not self._is_attached(serial)]
        admitted = self._admit(fresh, by_serial, files)
        if documents._name == "account.move":
            self._put_on_bill(documents, admitted)
        else:
            self._put_on_expenses(documents, admitted)
        self.state = "done" if message.serials else "empty"
        return bool(message.serials)

    def _is_attached(self, serial):
        """Tell whether an earlier message of this visit has brought a ticket already."""
        return bool(
            self.ticket_ids.filtered(
                lambda ticket: ticket.serial_no == serial and ticket.state in ("attached", "known", "updated")
            )
        )

    def _admit(self, serials, by_serial, files):
        """Bring the tickets that pass the rules into the pool; return ``[(fapiao, attachments)]``."""
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
                self._note_ticket(ticket, "refused", reason)
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
        """A line's tickets are these from now on: the others go back, new ones come."""
        document, now = documents[0], set(message.serials or [])
        picked = document.fapiao_match_ids.filtered(
            lambda match: match.state == "confirmed" and match.rule == "picked" and match.fapiao_id.serial_no
        )
        gone = picked.filtered(lambda match: match.fapiao_id.serial_no not in now)
        for match in gone:
            self._note(match.fapiao_id.serial_no, "removed", "", match.fapiao_id)
        gone.action_undo()
        there = set((picked - gone).fapiao_id.mapped("serial_no"))
        admitted = self._admit(
            [serial for serial in message.serials or [] if serial not in there], by_serial, files
        )
        for fapiao, attachments in admitted:
            if self._attach(fapiao, document):
                document._fapiao_pick_files(attachments)
        document._fapiao_pick_refill()
        self.state = "done"
        return True

    # ------------------------------------------------------------------ updateInvoice

    def _take_update(self, message, documents, by_serial, files):
        """A ticket was edited, perhaps under another serial number: its match stays, what it says changes."""
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
        """Return the fapiao that was edited: the one of the old serial number, if it is told; of this number;
        or the one that the page was opened for."""
        known = documents.fapiao_match_ids.filtered(lambda match: match.state == "confirmed").fapiao_id
        for number in filter(None, (old_serial, serial)):
            if found := known.filtered(lambda one, number=number: one.serial_no == number):
                return found[:1]
        return self.fapiao_id & known

    def _change(self, documents, fapiao, ticket):
        """Take over what an edited ticket says. Its match stays, and its amount follows where it was all of
        the fapiao."""
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
            matches.action_undo()
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
        """Match a fapiao with a document; a ticket that is claimed elsewhere is refused with the other
        document's name. Return whether it is there now."""
        serial = fapiao.serial_no or fapiao.number
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                taken = fapiao._lock_taken()[fapiao]
                own = taken.filtered(lambda match: match._document() == document)
                if others := taken - own:
                    fapiao._raise_taken(others, self.user_id)
                if not own:
                    self.env["fapiao.match"]._confirm_pair(
                        fapiao, document, fapiao.amount_total, rule="picked"
                    )
        except (UserError, ValidationError) as error:
            self._note(serial, "refused", str(error), fapiao)
            return False
        expense = document if document._name == "hr.expense" else None
        self._note(serial, "known" if own else "attached", "", fapiao, expense)
        return True

    # ------------------------------------------------------------------ what became of each

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

    def _note_ticket(self, ticket, state, reason):
        row = ticket.fapiao
        self._note(ticket.state.serial_no, state, reason)
        self.ticket_ids.filtered(lambda one: one.serial_no == ticket.state.serial_no).write(
            {"number": row.number, "seller": row.seller_name, "amount": float(row.amount_total or 0)}
        )
