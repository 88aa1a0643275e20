"""Model ``account.move``: vendor bills with fapiao picked at the assistant, updates of bills and vouchers."""

from odoo import Command, api, fields, models

from ...clouds import picking
from ...clouds.canonical import fingerprint
from ..values import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    fapiao_update_ids = fields.One2many("fapiao.assistant.update", "move_id", "Assistant Updated", readonly=True)

    # ------------------------------------------------------------------ hooks of the matching mixin: picking

    def _fapiao_pick_kinds(self):
        return ["Pur", "BizOut"]

    def _fapiao_pick_is_open(self):
        return self.state in ("draft", "posted") and self.has_access("write")

    def _fapiao_pick_refill(self):
        """Nothing to do: a bill has its own lines, and differences are shown beside them."""

    # ------------------------------------------------------------------ lines from picked fapiao

    def _fapiao_pick_take_lines(self, fapiao):
        """Set the lines of a draft bill without lines from its fapiao, and vendor, date and reference if empty."""
        self.ensure_one()
        values = {"invoice_line_ids": [Command.create(line) for one in fapiao for line in one._bill_lines()]}
        if not self.partner_id:
            values["partner_id"] = fapiao._find_vendors()[fapiao[0]].id
        if not self.invoice_date and (days := list(filter(None, fapiao.mapped("issue_date")))):
            values["invoice_date"] = max(days)
        if not self.ref:
            values["ref"] = ", ".join(fapiao.mapped("number"))
        self.write(values)
        self._fapiao_in_adjust_tax(fapiao._tax_of_lines())
        fapiao._record_missing_taxes(self)

    # ------------------------------------------------------------------ hooks of the matching mixin: updates

    def _fapiao_update_status(self):
        return picking.BOOKED if self._fapiao_update_move() else picking.UNUSED, self.state == "draft"

    def _fapiao_update_owner(self):
        return self.invoice_user_id or self.create_uid

    def _fapiao_update_move(self):
        return self.filtered(lambda move: move.state == "posted" and move.payment_state != "reversed")

    def _fapiao_update_tax(self):
        # a tax line without its own account is a cost
        lines = self.line_ids.filtered(lambda line: line.tax_line_id and line.tax_repartition_line_id.account_id)
        return sum((exact(line.balance) for line in lines), exact(0))

    def _fapiao_update_cover_rows(self):
        return [
            (self.env._("Vendor"), self.partner_id.name),
            (self.env._("Reference"), self.ref),
            (self.env._("Date"), fields.Date.to_string(self.invoice_date or self.date)),
            (self.env._("Total"), self.currency_id.format(self.amount_total)),
            (self.env._("Tax"), self.currency_id.format(self.amount_tax)),
        ]

    # ------------------------------------------------------------------ changes

    def write(self, vals):
        res = super().write(vals)
        if "state" in vals:
            (self | self.reversed_entry_id)._fapiao_update_soon()
        return res

    # ------------------------------------------------------------------ helpers

    def _fapiao_update_documents(self):
        """Return the documents with picked tickets booked by this entry: expenses, or itself."""
        self.ensure_one()
        documents = self.expense_ids or self
        return documents.filtered("fapiao_match_ids").filtered(lambda one: one._fapiao_update_lines())

    def _fapiao_update_entries(self):
        """Return the ``VoucherLine`` values of this entry, amounts in the company's currency."""
        lines = self.with_company(self.company_id).line_ids.filtered("account_id")
        return tuple(
            picking.VoucherLine(
                number,
                line.account_id.code or "",
                line.account_id.name,
                line.name or self.ref or self.name,
                exact(line.debit),
                exact(line.credit),
                self.company_currency_id.name,
            )
            for number, line in enumerate(lines, 1)
        )

    def _fapiao_update_voucher(self):
        """Return the ``VoucherReport`` of this entry."""
        self.ensure_one()
        Account, documents = self.env["fapiao.account"], self._fapiao_update_documents()
        return picking.VoucherReport(
            id=Account._assistant_key(self),
            number=self.name,
            date=fields.Date.to_string(self.date),
            period=self.date.strftime("%Y%m"),
            kind=self.journal_id.code or "",
            company=self.company_id.name,
            maker=(self.invoice_user_id or self.create_uid).name or "",
            keys=tuple(Account._assistant_key(document) for document in documents),
            serials=tuple(sorted(set(documents._fapiao_update_matches().fapiao_id.mapped("serial_no")))),
            lines=self._fapiao_update_entries(),
            taken=tuple(row for document in documents for row in document._fapiao_update_taken()),
        )

    @api.model
    def _fapiao_update_hash(self, voucher):
        """Return a hash of the voucher's content without names, which may change."""
        entries = [[line.account_code, str(line.debit), str(line.credit)] for line in voucher.lines]
        parts = {"keys": list(voucher.keys), "serials": list(voucher.serials), "entries": entries}
        return fingerprint({"number": voucher.number, "date": voucher.date, **parts})
