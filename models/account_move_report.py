"""How a bill stands, for the expense assistant, and the journal entries that book bills and expenses."""

from odoo import api, fields, models

from ..clouds import picking
from ..clouds.canonical import fingerprint
from .fapiao_decimal import exact


class AccountMove(models.Model):
    _inherit = "account.move"

    fapiao_report_ids = fields.One2many("fapiao.report", "move_id", "Told to the Assistant", readonly=True)

    # ------------------------------------------------------------------ what the mixin asks

    def _fapiao_report_status(self):
        return picking.BOOKED if self._fapiao_report_stands() else picking.UNUSED

    def _fapiao_report_is_draft(self):
        return self.state == "draft"

    def _fapiao_report_owner(self):
        return self.invoice_user_id or self.create_uid

    def _fapiao_report_move(self):
        return self if self._fapiao_report_stands() else self.browse()

    def _fapiao_report_tax(self):
        # a tax without an account of its own is a cost
        lines = self.line_ids.filtered(
            lambda line: line.tax_line_id and line.tax_repartition_line_id.account_id
        )
        return sum((exact(line.balance) for line in lines), exact(0))

    def _fapiao_report_cover_rows(self):
        return [
            (self.env._("Vendor"), self.partner_id.name),
            (self.env._("Reference"), self.ref),
            (self.env._("Date"), fields.Date.to_string(self.invoice_date or self.date)),
            (self.env._("Total"), self.currency_id.format(self.amount_total)),
            (self.env._("Tax"), self.currency_id.format(self.amount_tax)),
        ]

    # ------------------------------------------------------------------ where it changes

    def write(self, vals):
        res = super().write(vals)
        if "state" in vals:
            (self | self.reversed_entry_id)._fapiao_report_soon()
        return res

    # ------------------------------------------------------------------ private steps

    def _fapiao_report_stands(self):
        """Tell whether this is a posted entry that nothing has reversed."""
        return self.state == "posted" and self.payment_state != "reversed"

    def _fapiao_report_documents(self):
        """Return the documents with picked tickets that this entry books: expenses, or itself."""
        self.ensure_one()
        documents = self.expense_ids or self
        return documents.filtered("fapiao_match_ids").filtered(lambda one: one._fapiao_report_lines())

    def _fapiao_report_entries(self):
        """Return ``VoucherLine`` of this entry, amounts in the company's currency."""
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

    def _fapiao_report_voucher(self):
        """Return the ``VoucherReport`` of this entry."""
        self.ensure_one()
        Account, documents = self.env["fapiao.account"], self._fapiao_report_documents()
        return picking.VoucherReport(
            id=Account._assistant_key(self),
            number=self.name,
            date=fields.Date.to_string(self.date),
            period=self.date.strftime("%Y%m"),
            kind=self.journal_id.code or "",
            company=self.company_id.name,
            maker=(self.invoice_user_id or self.create_uid).name or "",
            keys=tuple(Account._assistant_key(document) for document in documents),
            serials=tuple(sorted(set(documents._fapiao_report_matches().fapiao_id.mapped("serial_no")))),
            lines=self._fapiao_report_entries(),
            taken=tuple(row for document in documents for row in document._fapiao_report_taken()),
        )

    @api.model
    def _fapiao_report_hash(self, voucher):
        """Return what two vouchers of the same content have in common; names may change meanwhile."""
        entries = [[line.account_code, str(line.debit), str(line.credit)] for line in voucher.lines]
        return fingerprint(
            {
                "number": voucher.number,
                "date": voucher.date,
                "keys": list(voucher.keys),
                "serials": list(voucher.serials),
                "entries": entries,
            }
        )


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """A credit note may take a bill back long after it was posted."""
        partials = super().create(vals_list)
        partials._fapiao_report_moves()._fapiao_report_soon()
        return partials

    def unlink(self):
        moves = self._fapiao_report_moves()
        res = super().unlink()
        moves._fapiao_report_soon()
        return res

    def _fapiao_report_moves(self):
        return (self.debit_move_id | self.credit_move_id).move_id


class FapiaoMatch(models.Model):
    _inherit = "fapiao.match"

    @api.model_create_multi
    def create(self, vals_list):
        matches = super().create(vals_list)
        matches._fapiao_report_soon()
        return matches

    def write(self, vals):
        res = super().write(vals)
        if {"state", "active", "rule", "amount"} & set(vals):
            self._fapiao_report_soon()
        return res

    def unlink(self):
        self._fapiao_report_soon()
        return super().unlink()

    def _fapiao_report_soon(self):
        picked = self.filtered(lambda match: match.rule == "picked")
        picked.move_id._fapiao_report_soon()
        picked.expense_id._fapiao_report_soon()


class Fapiao(models.Model):
    _inherit = "fapiao"

    def write(self, vals):
        res = super().write(vals)
        if "serial_no" in vals:
            # an edited ticket gets another serial number
            self.sudo().match_ids._fapiao_report_soon()  # sudo: whoever edits it needn't read every match
        return res
