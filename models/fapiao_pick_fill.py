"""Which of several tickets goes to which expense, what a bill takes, and the files of all."""

from odoo import Command, models

from .fapiao_decimal import exact
from .fapiao_files import MIMETYPES
from .fapiao_ticket_category import TICKET_NAMES

_PICTURES = ((b"\x89PNG", "png"), (b"GIF8", "gif"), (b"%PDF-", "pdf"), (b"BM", "bmp"))


class FapiaoPick(models.Model):
    _inherit = "fapiao.pick"

    # ------------------------------------------------------------------ expenses

    def _put_on_expenses(self, expenses, admitted):
        """Match tickets with expenses and fill these: all on one, or one each; what finds no expense gets a
        new one beside the last."""
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
        """Return ``{fapiao: expense}``; those left out need an expense of their own."""
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
        """Return a new draft expense of the same person, paid in the same way."""
        # a copy takes over analytic accounts and whatever other modules keep; amounts come with the ticket
        return expense.copy({"vendor_id": False, "description": False})

    # ------------------------------------------------------------------ a bill

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


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    def _fapiao_pick_files(self, attachments):
        """Put copies of a ticket's files on the document; the first one that can be shown is its main one."""
        if not attachments:
            return
        known = self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", False)]
        )
        fresh = attachments.filtered(lambda one: one.checksum not in known.mapped("checksum"))
        copies = self.env["ir.attachment"].create(
            [
                {
                    "name": one.name,
                    "raw": one.raw,
                    "mimetype": one.mimetype,
                    "res_model": self._name,
                    "res_id": self.id,
                }
                for one in fresh
            ]
        )
        if copies and hasattr(self, "_message_set_main_attachment_id"):
            self._message_set_main_attachment_id(copies)


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _ticket_name(self):
        """Return in a few words, as on the ticket, what it is for: journey, or seller and goods."""
        self.ensure_one()
        head = TICKET_NAMES.get(self.type_code, "")
        if self.is_journey:
            route = "–".join(filter(None, (self.travel_from, self.travel_to)))
            return " ".join(filter(None, (head, route, self.travel_vehicle, self.travel_seat)))
        goods = self.line_ids[:1].name or ""
        named = " ".join(filter(None, (head, self.seller_name, goods)))
        types = dict(self._fields["type_code"]._description_selection(self.env))
        return named or types.get(self.type_code, self.number)

    def _keep_ticket_files(self, files):
        """Attach ``files`` (list of kind and bytes) to the fapiao unless it has them; return all it has."""
        self.ensure_one()
        attachments = self._files()
        for kind, raw in files:
            if kind in MIMETYPES and self[f"{kind}_id"]:
                continue
            ending = kind if kind in MIMETYPES else _ending_of(raw)
            kept = self.env["ir.attachment"].create(
                {
                    "name": f"{self.number.lstrip('#')}.{ending}",
                    "raw": raw,
                    "mimetype": MIMETYPES.get(ending) or f"image/{ending}",
                    "res_model": "fapiao",
                    "res_id": self.id,
                }
            )
            if kind in MIMETYPES:
                self.write({f"{kind}_id": kept.id, "files_state": "done"})
            attachments |= kept
        return attachments


def _same_amount(fapiao, expense):
    total = exact(expense.total_amount)
    return bool(total) and total == exact(fapiao.amount_total)


def _any(_fapiao, _expense):
    return True


def _days_apart(fapiao, expense):
    day = fapiao._ticket_day()
    return abs((day - expense.date).days) if day and expense.date else 10_000


def _ending_of(raw):
    return next((ending for start, ending in _PICTURES if raw.startswith(start)), "jpeg")
