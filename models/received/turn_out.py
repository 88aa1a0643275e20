"""Input tax of a reversed fapiao that is booked: a draft entry that turns it out (进项税额转出), plain Python.

Cost accounts of the documents are debited, the account of 进项税额转出 is credited. A person posts the entry, or
deletes it where the refund for the red fapiao is booked instead. Source: docs/protocols/tax-rules.md#deduction.
"""

from odoo import Command, fields
from odoo.exceptions import UserError

from ..values import exact, in_chinese
from .verdict import FEN

TURNED_OUT, INPUT_TAX = "进项税额转出", "进项税额"
COSTS = ("expense", "expense_direct_cost", "expense_depreciation", "asset_current", "asset_fixed", "asset_non_current")


class TurnOut:
    """Proposes the entry of one received fapiao."""

    def __init__(self, fapiao):
        self.fapiao = fapiao.sudo()  # sudo: users who book may lack access to some matches and settings
        self.env = self.fapiao.env
        self.company = self.fapiao.company_id

    def propose(self):
        """Draft the entry and return what was done, or has to be, in the user's language; "" if there is nothing to
        turn out. Raises nothing: it is part of a pull."""
        try:
            with self.env.cr.savepoint():
                entries = self.draft()
        except UserError as error:
            return str(error)
        if not entries:
            return ""
        return self.env._(
            "A draft entry that turns out the input tax is proposed: %s. Post it, or delete it if the refund for the"
            " red fapiao is booked instead.",
            ", ".join(entries.mapped("display_name")),
        )

    def draft(self):
        """Return the entries that turn out the tax, drafted as far as they are missing; raise ``UserError`` where an
        account or a journal is missing."""
        entries = self.fapiao.turn_out_ids.filtered(lambda move: move.state != "cancel")
        documents = self._documents()
        missing = min(self._reversed_tax(), sum(tax for _move, tax in documents)) - exact(
            sum(entries.mapped("amount_total"))
        )
        if missing < FEN:
            return entries
        journal = self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(self.company), ("type", "=", "general")], limit=1
        )
        if not journal:
            raise UserError(self.env._("There is no journal for the entry that turns out the input tax."))
        name = self.env._("Input tax turned out (进项税额转出): fapiao %s", self.fapiao.number)
        lines, left = [], missing
        for move, tax in documents:
            part = min(tax, left)
            left -= part
            if part:
                lines.append((self._cost_account(move), float(part), 0))
        lines.append((self._account(documents[0][0]), 0, float(missing)))
        values = [
            {"name": name, "account_id": account.id, "debit": debit, "credit": credit, "tax_ids": [Command.clear()]}
            for account, debit, credit in lines
        ]
        return entries | self.env["account.move"].create(
            {
                "move_type": "entry",
                "company_id": self.company.id,
                "journal_id": journal.id,
                "date": fields.Date.context_today(self.fapiao),
                "ref": name,
                "fapiao_turned_out_id": self.fapiao.id,
                "line_ids": [Command.create(line) for line in values],
            }
        )

    def _reversed_tax(self):
        """Return the tax of what is reversed and not on a refund, as positive ``Decimal``."""
        reds = self.fapiao.red_ids
        open_reds = reds.filtered(lambda red: "confirmed" not in red.match_ids.mapped("state"))
        if reds:
            return -exact(sum(open_reds.mapped("amount_tax")))
        # partly reversed by a red fapiao that isn't here: how much isn't known
        return abs(self.fapiao._tax_on_documents()) if self.fapiao.status == "red" else exact(0)

    def _documents(self):
        """Return ``[(posted move, input tax of this fapiao in it)]`` without those that took none."""
        found = []
        for match in self.fapiao.match_ids.filtered(lambda match: match.active and match.state == "confirmed"):
            move = match.move_id or match.expense_id.account_move_id
            if move.state == "posted":
                taxed = move.line_ids.filtered(
                    lambda line: line.tax_line_id and not line.account_id.account_type.startswith("expense")
                )
                tax = min(abs(exact(match.amount_tax)), abs(exact(sum(taxed.mapped("balance")))))
                found += [(move, tax)] if tax else []
        return found

    def _cost_account(self, move):
        """Return the account that bears most of the cost of a document."""
        costs = move.line_ids.filtered(
            lambda line: not line.tax_line_id and line.account_id.account_type in COSTS and line.balance
        )
        if not costs:
            raise UserError(
                self.env._("%s has no line with a cost: enter the turned out tax by hand.", move.display_name)
            )
        return max(costs, key=lambda line: abs(line.balance)).account_id

    def _account(self, move):
        """Return the account to credit: as set, else by its name, else that of the input tax where the chart keeps all
        VAT in one account."""
        if account := self.company.fapiao_turn_out_account_id:
            return account
        Account = in_chinese(self.env["account.account"]).with_company(self.company)
        vat = Account.search([*Account._check_company_domain(self.company), ("name", "like", INPUT_TAX)])
        named = vat.filtered(lambda account: TURNED_OUT in account.name)
        if len(named) == 1:
            return named
        if not vat and len(used := move.line_ids.filtered("tax_line_id").account_id) == 1:
            return used
        raise UserError(
            self.env._(
                "Choose the account for turned out input tax (进项税额转出) in the accounting settings, then use"
                " Turn Out Input Tax on the fapiao."
            )
        )
