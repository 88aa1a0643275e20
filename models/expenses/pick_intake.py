"""What a message of a visit does: tickets that documents take, keep, change or give back.

A message only contains serial numbers; the tickets' data was fetched before. Sections: kinds of messages, one
ticket, rules of import, expenses and bills. Source: docs/protocols/kingdee-assistant.md#rules-of-import.
"""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ...clouds.picking import SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE
from ...rules import taxno
from ..values import exact
from . import pick_sorting
from .update_steps import known_after

# States of a ticket that its document has.
TAKEN = ("attached", "known", "updated")


class Intake:
    """Takes over the message of a visit ``pick``, which is read as superuser with its user as author.

    ``tickets``: :class:`~..clouds.picking.Ticket` of the message; ``files``: lists of kind and bytes by serial number.
    """

    def __init__(self, pick, tickets, files):
        self.pick, self.env, self.company, self.files = pick, pick.env, pick.company_id, files
        self.tickets = {ticket.state.serial_no: ticket for ticket in tickets}
        self.groups, self.categories, self.own = (), {}, None

    def apply(self, message):
        """Apply ``message`` (a row); return whether it has an effect. Raises UserError if it is too late."""
        self.groups = message._groups()
        take = {
            SAVE_BILL: self._take_bill,
            SAVE_ENTRIES: self._take_entries,
            UPDATE_INVOICE: self._take_update,
        }.get(message.kind)
        return bool(take) and take(self._open_documents(), message)

    def differences(self, message):
        """Return in words what the page's sums say and the tickets' data don't, or ""; where a ticket is unknown there
        is nothing to compare with.
        """
        serials = message.serials or []
        if not message.sorting or not all(serial in self.tickets for serial in serials):
            return ""
        rows = {serial: self.tickets[serial].fapiao for serial in serials}
        names = {
            "count": self.env._("Number of tickets"),
            "total": self.env._("Total"),
            "tax": self.env._("Tax"),
        }
        found = [
            self.env._(
                "%(what)s: the assistant says %(said)s, its tickets say %(found)s.",
                what=names.get(what, what),
                said=said,
                found=ours,
            )
            for what, said, ours in pick_sorting.differences(message.sorting, rows)
        ]
        return "\n".join([self.env._("Check these tickets at the assistant:"), *found]) if found else ""

    def _open_documents(self):
        """Return the documents that may still take fapiao; raise UserError with the cure if there are none."""
        documents = self.pick._documents()
        if not documents:
            raise UserError(
                self.env._(
                    "Came too late: the document was deleted. Pick the tickets again for another one; nothing"
                    " was claimed."
                )
            )
        as_person = documents.with_user(self.pick.user_id)
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

    # ------------------------------------------------------------------ kinds of messages

    def _take_bill(self, documents, message):
        """Attach the chosen tickets that pass the rules to the documents; the others are listed with reasons."""
        # an earlier message of this visit may have attached some
        taken = self.pick.ticket_ids.filtered(lambda ticket: ticket.state in TAKEN).mapped("serial_no")
        admitted = self._admit([serial for serial in message.serials or [] if serial not in taken])
        if documents._name == "account.move":
            self._put_on_bill(documents, admitted)
        else:
            self._put_on_expenses(documents, admitted)
        self.pick.state = "done" if message.serials else "empty"
        return bool(message.serials)

    def _take_entries(self, documents, message):
        """Set the tickets of a line: others are removed, new ones added."""
        document, line = self._document_of_line(documents, (message.sorting or {}).get("line", ""))
        now = message.serials or []
        picked = document._fapiao_update_matches()
        if line or document._name == "account.move":
            picked = picked.filtered(lambda match: match.move_line_id == line)
        gone = picked.filtered(lambda match: match.fapiao_id.serial_no not in now)
        for match in gone:
            self._note(match.fapiao_id.serial_no, "removed", "", match.fapiao_id)
        gone._undo()
        for match in picked - gone:
            self._sort(match)
        there = (picked - gone).fapiao_id.mapped("serial_no")
        for fapiao, attachments in self._admit([serial for serial in now if serial not in there]).items():
            if self._attach(fapiao, document, line):
                document._fapiao_pick_files(attachments)
        document._fapiao_pick_refill()
        self.pick.state = "done"
        return True

    def _document_of_line(self, documents, key):
        """Return the document and, of a bill, the line (or none) that ``key`` names; without one, those of the visit.

        Raises UserError if the line is not theirs: nothing may be taken off another one.
        """
        line = self.pick.move_line_id.exists()
        if not key:
            return documents[0], line
        for document in documents:
            for known, key_line in document._fapiao_pick_lines():
                if known == key:
                    return document, key_line
        raise UserError(
            self.env._(
                "The assistant names a line that %s doesn't have any more. Pick the tickets again for another line.",
                ", ".join(documents.mapped("display_name")),
            )
        )

    def _take_update(self, documents, message):
        """A ticket was edited, possibly with a new serial number: its match stays, its data changes."""
        before = {new: old for old, new in message.renamed or []}
        changed = False
        for serial in message.serials or []:
            ticket = self.tickets.get(serial)
            fapiao = self._fapiao_before(documents, before.get(serial, ""), serial)
            if ticket and fapiao:
                self._change(documents, fapiao, ticket)
                changed = True
        documents._fapiao_pick_refill()
        if changed:
            self.pick.state = "done"
        return changed

    def _fapiao_before(self, documents, old_serial, serial):
        """Return the edited fapiao: of the old serial number if reported, else of the new one, else of the page."""
        known = documents.fapiao_match_ids.filtered(lambda match: match.state == "confirmed").fapiao_id
        for number in filter(None, (old_serial, serial)):
            if found := known.filtered(lambda one, number=number: one.serial_no == number):
                return found[:1]
        return self.pick.fapiao_id & known

    def _change(self, documents, fapiao, ticket):
        """Take over an edited ticket's data. Its match stays; its amount follows if it was all of the fapiao."""
        matches = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
        whole = matches.filtered(lambda match: match.amount == fapiao.amount_total)
        row = ticket.fapiao
        twin = self._received([row.number]) - fapiao
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
        self.pick.fapiao_id = now
        self._note(row.serial_no, "updated", reason, now, expense=matches.expense_id[:1])

    # ------------------------------------------------------------------ one ticket

    def _admit(self, serials):
        """Load the tickets that pass the rules into the pool; return ``{fapiao: attachments}``."""
        good = []
        for serial in serials:
            ticket = self.tickets.get(serial)
            if ticket is None:
                unknown = self.env._("The assistant doesn't know this ticket any more. Pick again.")
                self._note(serial, "refused", unknown)
            elif reason := self._why_refused(ticket):
                self._note(serial, "refused", reason, row=ticket.fapiao)
            else:
                good.append(ticket)
        found = self._into_pool(good)
        admitted = {}
        for ticket in good:
            fapiao = found[ticket.fapiao.number]
            if fapiao not in admitted:
                admitted[fapiao] = fapiao._keep_ticket_files(self.files.get(ticket.state.serial_no, []))
        return admitted

    def _into_pool(self, tickets):
        """Load tickets into the pool of received fapiao; return ``{number: fapiao}``."""
        rows = [ticket.fapiao for ticket in tickets]
        self.env["fapiao"]._load(self.company.id, self.pick.account_id.id, rows)
        found = self._received([row.number for row in rows]).grouped("number")
        for ticket in tickets:
            found[ticket.fapiao.number]._keep_ticket(ticket)
        return found

    def _received(self, numbers):
        return self.env["fapiao"].search(
            [("company_id", "=", self.company.id), ("direction", "=", "in"), ("number", "in", numbers)]
        )

    def _attach(self, fapiao, document, line=None):
        """Match a fapiao with a document and the ``line`` of a bill, unless it is booked on another one; return whether
        it is attached now. The match keeps how the ticket was sorted.
        """
        serial = fapiao.serial_no or fapiao.number
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                taken = fapiao._lock_taken()[fapiao]
                own = taken.filtered(lambda match: match._document() == document)
                if others := taken - own:
                    fapiao._raise_taken(others, self.pick.user_id)
                match = own or self.env["fapiao.match"]._confirm_pair(
                    fapiao, document, fapiao.amount_total, rule="picked"
                )
                self._sort(match, line)
        except UserError as error:
            self._note(serial, "refused", str(error), fapiao)
            return False
        expense = document if document._name == "hr.expense" else None
        self._note(serial, "known" if own else "attached", "", fapiao, expense=expense)
        return True

    def _sort(self, match, line=None):
        """Keep on a match how a person sorted its ticket; what the message doesn't say stays. ``line``: of a bill,
        empty for the bill as a whole, None to leave it.
        """
        values = pick_sorting.values_of(match.fapiao_id.serial_no, self.groups)
        changed = {name: value for name, value in values.items() if match[name] != value}
        if line is not None and match.move_line_id != line:
            changed["move_line_id"] = line.id
        if changed:
            match.sudo().write(changed)  # sudo: the page was the user's, whose rights on the document were checked

    def _note(self, serial, state, reason="", fapiao=None, row=None, expense=None):
        """Record what became of a ticket; ``row``: its data as reported, if it isn't in the pool."""
        values = {"state": state, "reason": reason or False}
        if text := pick_sorting.describe(serial, self.groups):
            values["sorted_as"] = text
        if (ticket := self.tickets.get(serial)) and ticket.state.claim in dict(self._claims()):
            values["claim"] = ticket.state.claim
        if shown := fapiao or row:
            # what is turned down may be in other money, which is not shown as ours
            is_ours = fapiao or row.currency in ("", self.company.currency_id.name)
            amount = float(shown.amount_total or 0) if is_ours else 0
            values.update(number=shown.number, seller=shown.seller_name, amount=amount)
        if fapiao:
            values["fapiao_id"] = fapiao.id
        if expense:
            values["expense_id"] = expense.id
        known = self.pick.ticket_ids.filtered(lambda ticket: ticket.serial_no == serial)
        if known:
            known.write(values)
        else:
            known.create({"pick_id": self.pick.id, "serial_no": serial, **values})

    def _claims(self):
        return self.env["fapiao.pick.ticket"]._fields["claim"].selection

    # ------------------------------------------------------------------ rules of import (``ticketParam``)
    # Checked here as well, since the company's settings are decisive.

    def _why_refused(self, ticket, is_there=False):
        """Return as text why a :class:`~..clouds.picking.Ticket` may not be imported, or "". ``is_there``:
        the document has it already, so its claim is our own.
        """
        company, row = self.company, ticket.fapiao
        dead = {
            "red": self.env._("It was reversed by a red fapiao."),
            "void": self.env._("It is void."),
            "lost": self.env._("It is out of control (失控) at the tax bureau."),
            "abnormal": self.env._("It is abnormal (异常) at the tax bureau."),
        }
        problems = [dead[row.status]] if row.status in dead else []
        if not row.amount_total:
            problems.append(self.env._("It has no amount."))
        if row.currency and (problem := self.env["fapiao"]._why_not_convertible(company, row)):
            problems.append(problem)
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

    def _is_claimed_elsewhere(self, state):
        if not state.is_claimed:
            return False
        documents = self.pick._documents()
        keys = {self.pick.key, *map(self.pick.account_id._assistant_key, documents)}
        if state.claimed_by:
            return state.claimed_by not in {self.pick.number, *keys}
        if self.own is None:
            self.own = self._own_serials(documents, keys)
        return state.serial_no not in self.own

    def _own_serials(self, documents, keys):
        """Return the serial numbers of tickets whose claim is that of ``documents``: those on them here, and those that
        the assistant has on them by our updates. Its details name no document.
        """
        matches = documents.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
        own = set(matches.fapiao_id.mapped("serial_no"))
        told = self.env["fapiao.assistant.update"]._of_keys(keys).filtered(lambda update: update.state == "done")
        for key in keys:
            about = told.filtered(lambda update, key=key: key in update.keys.split(","))
            lines = known_after(update._as_told() for update in about).lines
            own.update(serial for _line, serials in lines for serial in serials)
        return own

    def _wrong_title(self, row):
        """Tickets without a buyer (taxi, paper train) have no title to check."""
        if not (row.buyer_name or row.buyer_tax_no):
            return []
        company, problems = self.company, []
        if not company.fapiao_pick_title and not company._fapiao_is_own_name(row.buyer_name, row.issue_date):
            problems.append(
                self.env._(
                    "It is made out to %(title)s, not to %(company)s.",
                    title=row.buyer_name or "–",
                    company=company.name,
                )
            )
        ours = taxno.normalise(self.pick.account_id.tax_no)
        if not company.fapiao_pick_tax_no and taxno.normalise(row.buyer_tax_no) != ours:
            problems.append(
                self.env._(
                    "Its buyer's tax number is %(theirs)s, not %(ours)s.",
                    theirs=row.buyer_tax_no or "–",
                    ours=ours,
                )
            )
        return problems

    # ------------------------------------------------------------------ expenses and bills

    def _put_on_expenses(self, expenses, admitted):
        """Match tickets with expenses and fill these: all on one, or one each, on a new one if there is none."""
        shares = self._share_out(list(admitted), expenses)
        touched = self.env["hr.expense"]
        for fapiao, attachments in admitted.items():
            # a copy keeps the employee, analytic accounts and fields of other modules; amounts come with the ticket
            expense = shares.get(fapiao) or expenses[-1:].copy({"vendor_id": False, "description": False})
            if self._attach(fapiao, expense):
                expense._fapiao_pick_files(attachments)
                touched |= expense
                self.pick.expense_ids = [Command.link(expense.id)]
            elif fapiao not in shares:
                expense.unlink()
        touched._fapiao_pick_refill()

    def _share_out(self, fapiao, expenses):
        """Return ``{fapiao: expense}``; tickets left out need a new expense."""
        known = {match.fapiao_id: match.expense_id for match in expenses.fapiao_match_ids if match.active}
        shares = {one: known[one] for one in fapiao if one in known}
        rest = [one for one in fapiao if one not in shares]
        if self.pick.together and len(expenses) == 1:
            return {**shares, **dict.fromkeys(rest, expenses)}
        free = [
            expense
            for expense in expenses
            if not any(match.active and match.state == "confirmed" for match in expense.fapiao_match_ids)
        ]
        for is_fitting in (_same_amount, self._same_category, lambda *_pair: True):
            for one in list(rest):
                fitting = [expense for expense in free if is_fitting(one, expense)]
                if not fitting:
                    continue
                best = min(fitting, key=lambda expense, one=one: _days_apart(one, expense))
                shares[one] = best
                free.remove(best)
                rest.remove(one)
        if self.pick.together:
            shares.update(dict.fromkeys(rest, expenses[-1:]))
        return shares

    def _same_category(self, fapiao, expense):
        if fapiao not in self.categories:
            Category = self.env["fapiao.ticket.category"]
            said = pick_sorting.values_of(fapiao.serial_no, self.groups)
            cost = fapiao._kind_of_cost(said.get("cost_code"), said.get("cost_name"))
            self.categories[fapiao] = Category._category_of_costs(self.company, {cost}) or Category._category_of(
                self.company, [fapiao.type_code]
            )
        return bool(self.categories[fapiao]) and self.categories[fapiao] == expense.product_id

    def _put_on_bill(self, bill, admitted):
        """Match tickets with a bill; a draft without lines takes theirs, of one seller."""
        is_blank = bill.state == "draft" and not bill.invoice_line_ids
        attached, seller = self.env["fapiao"], None
        for fapiao, attachments in admitted.items():
            key = fapiao._seller_key()
            if is_blank and seller not in (None, key):
                other = self.env._("It is another seller's: pick it for a bill of its own.")
                self._note(fapiao.serial_no or fapiao.number, "refused", other, fapiao)
            elif self._attach(fapiao, bill, self.pick.move_line_id.exists() or None):
                seller = key
                attached |= fapiao
                bill._fapiao_pick_files(attachments)
        if is_blank and attached:
            bill._fapiao_pick_take_lines(attached, self.groups)


def _same_amount(fapiao, expense):
    total = exact(expense.total_amount)
    return bool(total) and total == exact(fapiao.amount_total)


def _days_apart(fapiao, expense):
    day = fapiao._ticket_day()
    return abs((day - expense.date).days) if day and expense.date else 10_000
