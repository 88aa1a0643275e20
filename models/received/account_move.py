"""Model ``account.move``: vendor bills matched with received fapiao.

Sections: matching, posting and cancelling, double booking, tax of bills made from fapiao.
"""

import re

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..cloud import gate
from ..values import exact
from .fapiao_matched_mixin import names_for

BILLS = ("in_invoice", "in_refund", "in_receipt")
OPEN = f"WHERE move_type IN {BILLS} AND fapiao_in_state IN ('none', 'proposed')"
# The number of a digital fapiao, or code and number of a paper one.
LONG_NUMBER = re.compile(r"\d{18,20}")
# Day of travel and number of a paper train ticket: docs/protocols/kingdee-inbound.md#identity
TICKET_NUMBER = re.compile(r"(?:19|20)\d{6}[0-9A-Z]{4,}")


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "fapiao.matched.mixin"]

    fapiao_match_ids = fields.One2many("fapiao.match", "move_id", "Fapiao Matches", copy=False)
    fapiao_in_count = fields.Integer(compute="_compute_fapiao_in_count", compute_sudo=True)
    fapiao_in_has_proposals = fields.Boolean(compute="_compute_fapiao_in_count", compute_sudo=True)

    # For the search of a single fapiao: by vendor, and by each field that may contain its number.
    _fapiao_open_bills = models.Index(f"(company_id, write_date) {OPEN}")
    _fapiao_open_vendor = models.Index(f"(commercial_partner_id) {OPEN}")
    _fapiao_open_ref = models.Index(f"(ref) {OPEN} AND ref IS NOT NULL")
    _fapiao_open_payment = models.Index(f"(payment_reference) {OPEN} AND payment_reference IS NOT NULL")
    _fapiao_open_number = models.Index(f"(fapiao) {OPEN} AND fapiao IS NOT NULL")

    # ------------------------------------------------------------------ hooks of the matching mixin

    @api.model
    def _fapiao_in_amount_fields(self):
        return ("amount_total_signed", "amount_tax_signed")

    def _fapiao_in_total(self):
        return -self.amount_total_signed

    def _fapiao_in_tax(self):
        return -self.amount_tax_signed

    def _fapiao_in_vendor(self):
        return self.commercial_partner_id

    def _fapiao_in_can_match(self):
        return self.move_type in BILLS

    def _fapiao_in_is_open(self):
        return self.state != "cancel"

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_match_ids.state", "fapiao_match_ids.active")
    def _compute_fapiao_in_count(self):
        for move in self:
            matches = move.fapiao_match_ids.filtered("active")
            move.fapiao_in_count = len(matches.filtered(lambda match: match.state == "confirmed"))
            move.fapiao_in_has_proposals = any(match.state == "proposed" for match in matches)

    # ------------------------------------------------------------------ actions

    def action_fapiao_in_open(self):
        """Open the received fapiao of this bill."""
        gate.check(self, gate.READER)
        return self.fapiao_match_ids.fapiao_id._get_records_action(name=self.env._("Received Fapiao"))

    def action_fapiao_in_confirm(self):
        """Confirm all proposals for this bill."""
        gate.check(self, gate.INVOICER, "write")
        return self.fapiao_match_ids.filtered(lambda match: match.state == "proposed").action_confirm()

    def action_fapiao_in_search(self):
        """Search the pool of received fapiao for these bills."""
        gate.check(self, gate.INVOICER, "write")
        bills = self.filtered(lambda move: move.move_type in BILLS)
        if not bills:
            raise UserError(self.env._("Only vendor bills are matched with received fapiao."))
        if self.env["fapiao.match"]._match_at_once(bills.company_id.ids, move_ids=bills.ids) is None:
            raise UserError(
                self.env._(
                    "A search for matches is running. Search again in a minute, or choose the bill in the fapiao's"
                    " Match dialog."
                )
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    # ------------------------------------------------------------------ posting and cancelling

    def _post(self, soft=True):
        """Refuse a bill whose fapiao is booked elsewhere; the others are matched in the background."""
        bills = self.filtered(lambda move: move.move_type in BILLS)
        if bills:
            bills._fapiao_in_check_numbers()
        posted = super()._post(soft)
        if bills and bills._fapiao_in_pool_has_some():
            self.env["fapiao.match"]._schedule_match()
        posted._fapiao_in_received()._plan_booking()
        return posted

    def button_cancel(self):
        fapiao = self._fapiao_in_received()
        res = super().button_cancel()
        self.filtered(lambda move: move.move_type in BILLS)._fapiao_in_release()
        fapiao._plan_booking()
        return res

    def button_draft(self):
        res = super().button_draft()
        self._fapiao_in_received()._plan_booking()
        return res

    def _fapiao_in_received(self):
        """Return the received fapiao matched with these moves or their expenses."""
        # sudo: marks are set for bills of all users
        return (self.sudo().fapiao_match_ids | self.sudo().expense_ids.fapiao_match_ids).fapiao_id

    # ------------------------------------------------------------------ double booking

    def _fapiao_in_stated_numbers(self):
        """Return the numbers in the reference that may be a fapiao's."""
        words = " ".join(filter(None, [self.ref, self.payment_reference]))
        alone = re.split(r"[\s,;\uff0c\uff1b]+", words)
        return set(LONG_NUMBER.findall(words)) | {
            word for word in alone if word.isdecimal() or TICKET_NUMBER.fullmatch(word)
        }

    def _fapiao_in_check_numbers(self):
        """Refuse bills whose reference is a fapiao used up by other documents, in any company.

        A fapiao that isn't in the pool has an unknown total: it may be used for one bill until it is
        received.
        """
        said = {move: move._fapiao_in_stated_numbers() for move in self}
        numbers = set().union(*said.values())
        if not numbers:
            return
        totals, uses = self._fapiao_in_uses(numbers)
        for move, own in said.items():
            total = exact(move._fapiao_in_total())
            for number in own:
                others = {doc: amount for doc, amount in uses[number].items() if doc != move}
                used = [amount for amount in others.values() if amount * total > 0]
                if not used or abs(sum(used) + total) <= abs(totals.get(number, 0)):
                    uses[number][move] = total
                    continue
                raise UserError(
                    self.env._(
                        "Fapiao %(number)s, the reference of %(bill)s, is booked already: %(documents)s."
                        " A fapiao is booked once. Correct the reference, or cancel the other document.",
                        number=number,
                        bill=move.display_name,
                        documents=", ".join(names_for(others, self.env.user, move.company_id)),
                    )
                )

    @api.model
    def _fapiao_in_uses(self, numbers):
        """Return ``({number: total of the fapiao}, {number: {document: amount}})`` for numbers used by
        confirmed matches or as the reference of posted bills, in all companies; three queries.
        """
        # sudo: bookings of other companies count
        env = self.sudo().env
        pool = env["fapiao"].search([("direction", "=", "in"), ("number", "in", list(numbers))])
        totals = {fapiao.number: exact(fapiao.amount_total) for fapiao in pool}
        uses = {number: {} for number in numbers}
        matches = env["fapiao.match"].search([("fapiao_id", "in", pool.ids), ("state", "=", "confirmed")])
        for match in matches:
            uses[match.fapiao_id.number][match._document()] = exact(match.amount)
        long_ones = [number for number in numbers if LONG_NUMBER.fullmatch(number)]
        bills = env["account.move"].search(
            [("move_type", "in", BILLS), ("state", "=", "posted"), ("ref", "in", long_ones)]
        )
        for bill in bills:
            # a matched bill counts with the amount of its match
            uses[bill.ref].setdefault(bill, exact(bill._fapiao_in_total()))
        return totals, uses

    def _fapiao_in_pool_has_some(self):
        """Return whether the pool contains an unmatched fapiao that may belong to one of these bills; one
        query.
        """
        numbers = list(set().union(*(move._fapiao_in_stated_numbers() for move in self)))
        keys = [
            (company.id, move.commercial_partner_id._written_tax_no(), total)
            for move in self
            for company in move.company_id._fapiao_lineage()
            if move.commercial_partner_id.vat and (total := exact(move._fapiao_in_total()))
        ]
        conditions = [SQL("f.number = ANY(%s)", numbers)]
        if keys:
            conditions.append(
                SQL(
                    "(f.company_id, f.seller_tax_no, f.amount_total) IN (%s)",
                    SQL(", ").join(SQL("(%s, %s, %s)", *key) for key in keys),
                )
            )
        self.env["fapiao"].flush_model(["match_state"])
        query = SQL(
            "SELECT 1 FROM fapiao f WHERE f.direction = 'in' AND f.match_state = 'none' AND (%s) LIMIT 1",
            SQL(" OR ").join(conditions),
        )
        return bool(self.env.execute_query(query))

    # ------------------------------------------------------------------ bills made from a fapiao

    def _fapiao_in_adjust_tax(self, amounts):
        """Adjust the tax lines of a draft bill to the charged ``{account.tax: Decimal}``: a fapiao is rounded
        line by line, the books may round the sum. Taxes included in prices stay.
        """
        self.ensure_one()
        sign = -1 if self.move_type == "in_refund" else 1
        commands = []
        for tax, amount in amounts.items():
            lines = self.line_ids.filtered(lambda line, t=tax: line.tax_line_id == t)
            wanted = sign * amount
            if tax.price_include or len(lines) != 1 or exact(lines.amount_currency) == wanted:
                continue
            commands.append(Command.update(lines.id, {"amount_currency": float(wanted)}))
        if commands:
            self.write({"line_ids": commands})
