"""Dialog ``fapiao.match.wizard``: one received fapiao beside the documents it may belong to."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..models.cloud import gate
from ..models.received.account_move import BILLS
from ..models.received.fapiao_match import DOCUMENT_FIELDS
from ..models.received.pool import Pool
from ..models.values import exact
from ..rules import taxno
from ..rules.names import name_key

MOST_LINES = 30


class FapiaoMatchWizard(models.TransientModel):
    _name = "fapiao.match.wizard"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Match a Fapiao"
    # The fapiao and its documents are listed by the dialog itself.
    _fapiao_inputs = frozenset({"move_id", "line_ids"})

    fapiao_id = fields.Many2one("fapiao", "Fapiao (发票)", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="fapiao_id.company_id")
    currency_id = fields.Many2one(related="fapiao_id.currency_id")
    number = fields.Char(related="fapiao_id.number")
    seller_name = fields.Char(related="fapiao_id.seller_name", string="Seller")
    seller_tax_no = fields.Char(related="fapiao_id.seller_tax_no")
    issue_date = fields.Date(related="fapiao_id.issue_date")
    amount_untaxed = fields.Monetary(related="fapiao_id.amount_untaxed")
    amount_tax = fields.Monetary(related="fapiao_id.amount_tax")
    amount_total = fields.Monetary(related="fapiao_id.amount_total")
    status = fields.Selection(related="fapiao_id.status")
    match_state = fields.Selection(related="fapiao_id.match_state")
    amount_open = fields.Monetary("Not Matched", compute="_compute_amount_open")
    line_ids = fields.One2many("fapiao.match.wizard.line", "wizard_id")
    move_id = fields.Many2one(
        "account.move",
        "Another Bill",
        domain="[('move_type', 'in', ('in_invoice', 'in_refund', 'in_receipt')),"
        " ('state', '!=', 'cancel'), ('company_id', '=', company_id)]",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_id.amount_total", "fapiao_id.match_amount")
    def _compute_amount_open(self):
        for wizard in self:
            fapiao = wizard.fapiao_id
            wizard.amount_open = fapiao.amount_total - fapiao.match_amount

    # ------------------------------------------------------------------ actions

    @api.model
    def _open(self, fapiao):
        """Return the dialog for ``fapiao``: its matches first, then candidate bills."""
        gate.check(fapiao, gate.INVOICER)
        # sudo: only this flow sets the records of a dialog
        return self.sudo().create({"fapiao_id": fapiao.id}).sudo(self.env.su)._refill()

    def action_confirm(self):
        """Confirm the selected lines with their amounts; several lines split the fapiao."""
        self.ensure_one()
        self._check_use()
        chosen = self.line_ids.filtered("is_chosen")
        if not chosen:
            raise UserError(self.env._("Choose the documents that this fapiao stands for."))
        for line in chosen:
            line._confirm()
        return self._refill()

    def action_add(self):
        """Add another bill to the list, with the open amount of the fapiao."""
        self.ensure_one()
        self._check_use()
        if not self.move_id:
            raise UserError(self.env._("Choose a bill first."))
        if self.move_id not in self.line_ids.move_id:
            self.move_id.check_access("read")
            # sudo: as in _open
            values = {**self._values_of(self.move_id), "is_chosen": True}
            self.sudo().line_ids = [fields.Command.create(values)]
        self.move_id = False
        return self._show()

    def action_create_bill(self):
        """Create a bill from the fapiao instead."""
        self._check_use()
        return self.fapiao_id.action_create_bill()

    # ------------------------------------------------------------------ helpers

    def _check_use(self):
        gate.check(self, gate.INVOICER, "write")
        self.fapiao_id.check_access("read")

    def _show(self):
        context = {"dialog_size": "extra-large"}
        return self._get_records_action(name=self.env._("Match a Fapiao"), target="new", context=context)

    def _refill(self):
        """List the documents again, and show them."""
        documents = [match._document() for match in self.fapiao_id.match_ids]
        documents += [bill for bill in self._candidates() if bill not in documents]
        # sudo: as in _open
        self.sudo().line_ids = [
            fields.Command.clear(),
            *(fields.Command.create(self._values_of(document)) for document in documents[:MOST_LINES]),
        ]
        return self._show()

    def _values_of(self, document):
        amount = self._match_with(document).amount or self._share(document)
        return {DOCUMENT_FIELDS[document._name]: document.id, "amount": amount}

    def _match_with(self, document):
        return self.fapiao_id.match_ids.filtered(lambda match: match._document() == document)

    def _share(self, document):
        """Return the part of the fapiao's open amount that fits the document."""
        rest, total = exact(self.amount_open), exact(document._fapiao_in_total())
        return float(min(rest, total, key=abs) if total * rest > 0 else rest)

    def _candidates(self):
        """Return bills without fapiao of the same seller, number or total, the most similar first."""
        fapiao = self.fapiao_id
        number = taxno.normalise(fapiao.seller_tax_no)
        likely = Domain("ref", "=", fapiao.number) | Domain("amount_total_signed", "=", -fapiao.amount_total)
        pool = Pool(self.env, fapiao.company_id.id)
        if sellers := pool.numbered(number) + pool.named(fapiao.seller_name):
            likely |= Domain("commercial_partner_id", "in", sellers)
        bills = self.env["account.move"].search(
            Domain("company_id", "in", fapiao.company_id._fapiao_same_taxpayer().ids)
            & Domain("move_type", "in", BILLS)
            & Domain("state", "in", ("draft", "posted"))
            & Domain("fapiao_in_state", "in", (False, "none", "proposed", "partial"))
            & likely,
            order="invoice_date desc, id desc",
            limit=200,
        )
        return bills.sorted(
            lambda bill: (
                bill.ref != fapiao.number,
                abs(exact(bill._fapiao_in_total()) - exact(fapiao.amount_total)),
            )
        )


class FapiaoMatchWizardLine(models.TransientModel):
    _name = "fapiao.match.wizard.line"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Document Beside a Fapiao"
    _fapiao_inputs = frozenset({"is_chosen", "amount"})

    wizard_id = fields.Many2one("fapiao.match.wizard", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Bill", readonly=True, ondelete="cascade")
    expense_id = fields.Many2one("hr.expense", readonly=True, ondelete="cascade")
    # not stored: the reference would wait for a search that replaces proposals
    match_id = fields.Many2one("fapiao.match", compute="_compute_match_id")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    is_chosen = fields.Boolean("Chosen")
    amount = fields.Monetary("Amount to Match", help="What of the fapiao stands for this document.")
    match_state = fields.Selection(related="match_id.state", string="Match")
    reason = fields.Char(related="match_id.reason", string="Matched By")

    document_name = fields.Char("Document", compute="_compute_document")
    document_ref = fields.Char("Reference", compute="_compute_document")
    document_seller = fields.Char("Seller", compute="_compute_document")
    document_tax_no = fields.Char("Tax Number", compute="_compute_document")
    document_date = fields.Date("Date", compute="_compute_document")
    document_untaxed = fields.Monetary("Untaxed", compute="_compute_document")
    document_tax = fields.Monetary("Tax", compute="_compute_document")
    document_total = fields.Monetary("Total", compute="_compute_document")
    difference = fields.Monetary(compute="_compute_document", help="Document less fapiao.")
    ref_differs = fields.Boolean(compute="_compute_document")
    seller_differs = fields.Boolean(compute="_compute_document")
    tax_no_differs = fields.Boolean(compute="_compute_document")
    untaxed_differs = fields.Boolean(compute="_compute_document")
    tax_differs = fields.Boolean(compute="_compute_document")
    total_differs = fields.Boolean(compute="_compute_document")

    # ------------------------------------------------------------------ computes

    @api.depends("move_id", "expense_id", "wizard_id.fapiao_id.match_ids.active")
    def _compute_match_id(self):
        for line in self:
            line.match_id = line.wizard_id._match_with(line._document())

    @api.depends("move_id", "expense_id", "wizard_id.fapiao_id")
    def _compute_document(self):
        for line in self:
            fapiao, document = line.wizard_id.fapiao_id, line._document()
            vendor = document._fapiao_in_vendor()
            line.document_name = document.display_name
            line.document_ref = line.move_id.ref
            line.document_seller, line.document_tax_no = vendor.name, vendor._fapiao_tax_no()
            line.document_date = line.move_id.invoice_date or line.expense_id.date
            line.document_tax, line.document_total = document._fapiao_in_tax(), document._fapiao_in_total()
            line.document_untaxed = line.document_total - line.document_tax
            line.difference = line.document_total - fapiao.amount_total
            line.ref_differs = bool(line.document_ref) and fapiao.number not in line.document_ref
            line.seller_differs = name_key(line.document_seller) != name_key(fapiao.seller_name)
            line.tax_no_differs = line.document_tax_no != taxno.normalise(fapiao.seller_tax_no)
            for part in ("untaxed", "tax", "total"):
                line[f"{part}_differs"] = exact(line[f"document_{part}"]) != exact(fapiao[f"amount_{part}"])

    # ------------------------------------------------------------------ actions

    def action_confirm(self):
        """Confirm this pair with its amount."""
        gate.check(self, gate.INVOICER, "write")
        self.wizard_id._check_use()
        self._confirm()
        return self.wizard_id._refill()

    def action_undo(self):
        """Undo the match, or reject the proposal."""
        gate.check(self, gate.INVOICER, "write")
        self.wizard_id._check_use()
        self.match_id.action_undo()
        return self.wizard_id._refill()

    def action_open_document(self):
        """Open the bill or the expense."""
        gate.check(self, gate.INVOICER)
        self._document().check_access("read")
        return self._document()._get_records_action()

    # ------------------------------------------------------------------ helpers

    def _document(self):
        self.ensure_one()
        return self.move_id or self.expense_id

    def _confirm(self):
        self.ensure_one()
        fapiao, document = self.wizard_id.fapiao_id, self._document()
        document.check_access("read")
        Match = self.env["fapiao.match"]
        Match._hold(fapiao, document)
        match = self.match_id
        rule = match.rule if match and match.amount == self.amount else "manual"
        Match._confirm_pair(fapiao, document, self.amount, rule)
