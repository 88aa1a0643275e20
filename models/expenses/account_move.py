"""Model ``account.move``: vendor bills with fapiao picked at the assistant, updates of bills and vouchers."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ...clouds import picking
from ...clouds.canonical import fingerprint
from ..cloud import gate
from ..master.res_partner import split_bank
from ..received.account_move import BILLS
from ..values import exact
from .pick_lines import bill_lines

CASH = ("asset_cash", "liability_credit_card")
MONEY = ("bank", "cash", "credit")  # journals
WORDS = {
    "general": picking.GENERAL,
    "receipt": picking.RECEIPT_WORD,
    "payment": picking.PAYMENT_WORD,
    "transfer": picking.TRANSFER,
}


class AccountMove(models.Model):
    _inherit = "account.move"

    fapiao_update_ids = fields.One2many("fapiao.assistant.update", "move_id", "Assistant Updated", readonly=True)
    # compute_sudo: shown to users without access to bank accounts, who can't add it
    fapiao_payee_account = fields.Char(
        "Bank Account on the Fapiao", compute="_compute_fapiao_payee_account", compute_sudo=True
    )
    # Of entries whose documents the assistant knows: a voucher names them
    fapiao_posted_by_id = fields.Many2one("res.users", "Posted By", readonly=True, copy=False)
    fapiao_checked_by_id = fields.Many2one("res.users", "Checked By", readonly=True, copy=False)

    # ------------------------------------------------------------------ computes

    @api.depends(
        "fapiao_match_ids.payee_account", "fapiao_match_ids.state", "partner_id.commercial_partner_id.bank_ids"
    )
    def _compute_fapiao_payee_account(self):
        """The account named at the assistant that the vendor doesn't have yet, if all its fapiao name one."""
        for move in self:
            matches = move.fapiao_match_ids.filtered(lambda match: match.active and match.state == "confirmed")
            named = set(filter(None, matches.mapped("payee_account")))
            known = {
                _digits(bank.acc_number) for bank in move.partner_id.commercial_partner_id.bank_ids if bank.acc_number
            }
            account = named.pop() if len(named) == 1 else ""
            is_new = account and split_bank(account)[1] and _digits(split_bank(account)[1]) not in known
            move.fapiao_payee_account = account if is_new and not any(matches.mapped("seller_differs")) else False

    # ------------------------------------------------------------------ actions

    def action_fapiao_take_bank(self):
        """Add the bank account named at the assistant to the vendor, not trusted yet; a bill without one takes it."""
        gate.check(self, gate.INVOICER, "write")
        for move in self:
            text = move.fapiao_payee_account
            if not (text and move.partner_id):
                raise UserError(self.env._("%s names no bank account that its vendor doesn't have.", move.display_name))
            name, number = split_bank(text)
            vendor = move.partner_id.commercial_partner_id
            values = {"partner_id": vendor.id, "acc_number": number}
            if name:
                Bank = self.env["res.bank"]
                values["bank_id"] = (Bank.search([("name", "=", name)], limit=1) or Bank.create({"name": name})).id
            # with the user's rights; paying to it takes a person who trusts it first
            account = self.env["res.partner.bank"].create(values)
            vendor._message_log(
                body=self.env._(
                    "Bank account %(account)s was added from the fapiao of %(bill)s. Check it before you pay to it.",
                    account=text,
                    bill=move.display_name,
                )
            )
            if not move.partner_bank_id and move.state == "draft":
                move.partner_bank_id = account
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    # ------------------------------------------------------------------ hooks of the matching mixin: picking

    def _fapiao_pick_kinds(self):
        return ["Pur", "BizOut"]

    def _fapiao_pick_is_open(self):
        return self.state in ("draft", "posted") and self.has_access("write")

    def _fapiao_pick_refill(self):
        """Nothing to do: a bill has its own lines, and differences are shown beside them."""

    # ------------------------------------------------------------------ lines from picked fapiao

    def _fapiao_pick_take_lines(self, fapiao, groups=()):
        """Set the lines of a draft bill without lines from its fapiao and the purchases (``picking.Group``) into which
        they were sorted, and vendor, date and reference if empty. Each fapiao's match names its first line.
        """
        self.ensure_one()
        lines = bill_lines(fapiao, groups)
        values = {"invoice_line_ids": [Command.create(line) for line, _fapiao in lines]}
        if not self.partner_id:
            values["partner_id"] = fapiao._find_vendors()[fapiao[0]].id
        if not self.invoice_date and (days := list(filter(None, fapiao.mapped("issue_date")))):
            values["invoice_date"] = max(days)
        if not self.ref:
            values["ref"] = ", ".join(fapiao.mapped("number"))
        self.write(values)
        self._fapiao_in_adjust_tax(fapiao._tax_of_lines())
        fapiao._record_missing_taxes(self)
        made = self.invoice_line_ids.sorted("id")
        for match in self.fapiao_match_ids.filtered(lambda match: match.fapiao_id in fapiao and not match.move_line_id):
            places = [place for place, (_line, one) in enumerate(lines) if one == match.fapiao_id]
            if places and len(made) == len(lines):
                match.sudo().move_line_id = made[places[0]]  # sudo: users who pick may not write matches

    # ------------------------------------------------------------------ hooks of the matching mixin: updates

    def _fapiao_pick_lines(self):
        own = super()._fapiao_pick_lines()
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return [*own, *((self.env["fapiao.account"]._assistant_line(self, line), line) for line in lines)]

    def _fapiao_update_lines(self):
        """Return each line with its own tickets, and those of the bill as a whole under its own key."""
        Account, serials = self.env["fapiao.account"], {}
        for match in self._fapiao_update_matches():
            line = match.move_line_id & self.invoice_line_ids
            serials.setdefault(Account._assistant_line(self, line), set()).add(match.fapiao_id.serial_no)
        return tuple((line, tuple(sorted(own))) for line, own in sorted(serials.items()))

    def _fapiao_update_cost(self, line_key=""):
        line = dict(self._fapiao_pick_lines()).get(line_key) or self.env["account.move.line"]
        if product := line.product_id:
            return product.default_code or str(product.id), product.name
        account = line.with_company(self.company_id).account_id
        return (account.code or "", account.name) if account else ("", "")

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
        if "state" in vals or "checked" in vals:
            self._fapiao_record_people(vals)
        if "state" in vals:
            (self | self.reversed_entry_id)._fapiao_update_soon()
        elif "checked" in vals:
            self._fapiao_update_soon()
        return res

    def _fapiao_record_people(self, vals):
        """Remember who posts and checks bills and expenses where an assistant may be told of them; their tickets may
        be picked later.
        """
        # sudo: whoever posts may lack access to the expenses of an entry
        moves = self.sudo().filtered(lambda move: move.move_type in BILLS or move.expense_ids)
        Account, values = self.env["fapiao.account"], {}
        companies = moves.company_id.filtered(Account._assistant_of)
        told = moves.filtered(lambda move: move.company_id in companies)
        if "state" in vals:
            values["fapiao_posted_by_id"] = vals["state"] == "posted" and self.env.uid
        if "checked" in vals:
            values["fapiao_checked_by_id"] = bool(vals["checked"]) and self.env.uid
        elif vals["state"] != "posted":
            values["fapiao_checked_by_id"] = False
        if told and values:
            told.with_context(skip_is_manually_modified=True).write(values)

    # ------------------------------------------------------------------ voucher

    def _fapiao_update_documents(self):
        """Return the documents with picked tickets booked by this entry: expenses, or itself."""
        self.ensure_one()
        documents = self.expense_ids or self
        return documents.filtered("fapiao_match_ids").filtered(lambda one: one._fapiao_update_lines())

    def _fapiao_update_entries(self):
        """Return the ``VoucherLine`` values of this entry."""
        lines = self.with_company(self.company_id).line_ids.filtered("account_id")
        analytic = lines._fapiao_analytic()
        return tuple(line._fapiao_voucher_line(number, analytic) for number, line in enumerate(lines, 1))

    def _fapiao_voucher_word(self):
        """Return the word of this entry: its journal's, by default that of its kind."""
        word = self.journal_id.fapiao_voucher_word
        if word and word != "money":
            return WORDS[word]
        if not word and self.journal_id.type not in MONEY:
            return picking.TRANSFER
        moved = sum((exact(line.balance) for line in self._fapiao_cash_lines()), exact(0))
        if not moved:
            return picking.TRANSFER
        return picking.RECEIPT_WORD if moved > 0 else picking.PAYMENT_WORD

    def _fapiao_cash_lines(self):
        """Return the lines that move money: on liquidity accounts, or on the journal's own outstanding ones."""
        methods = self.journal_id.inbound_payment_method_line_ids | self.journal_id.outbound_payment_method_line_ids
        outstanding = methods.payment_account_id if self.journal_id.type in MONEY else self.env["account.account"]
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type in CASH or line.account_id in outstanding
        )

    def _fapiao_cash_items(self):
        """Return the names of the cash-flow items of this entry: the tags on the accounts against which money moves,
        and what was moved."""
        cash = self._fapiao_cash_lines()
        tags = (self.line_ids - cash).account_id.tag_ids.filtered(lambda tag: tag.applicability == "accounts")
        if not (cash and tags):
            return (), None
        names = tuple(sorted(tags.with_context(lang=self.company_id.partner_id.lang).mapped("name")))
        return names, abs(sum((exact(line.balance) for line in cash), exact(0)))

    def _fapiao_update_attachments(self):
        """Return the number of files on this entry and its expenses."""
        own = [("res_model", "=", self._name), ("res_id", "=", self.id)]
        expenses = [("res_model", "=", "hr.expense"), ("res_id", "in", self.expense_ids.ids)]
        files = self.env["ir.attachment"].sudo()  # sudo: a count only
        return files.search_count([("res_field", "=", False), "|", *("&", *own), *("&", *expenses)])

    def _fapiao_update_voucher(self):
        """Return the ``VoucherReport`` of this entry."""
        self.ensure_one()
        Account, documents = self.env["fapiao.account"], self._fapiao_update_documents()
        cash_items, cash_amount = self._fapiao_cash_items()
        charts = dict(self.company_id._fields["chart_template"]._description_selection(self.env))
        return picking.VoucherReport(
            id=Account._assistant_key(self),
            number=self.name,
            date=fields.Date.to_string(self.date),
            business_date=fields.Date.to_string(self.invoice_date or self.date),
            period=self.date.strftime("%Y%m"),
            kind=self._fapiao_voucher_word(),
            company=self.company_id.name,
            company_code=self.company_id.fapiao_company_code or "",
            chart=charts.get(self.company_id.chart_template) or "",
            currency=self.company_currency_id.name,
            maker=(self.invoice_user_id or self.create_uid).name or "",
            examiner=self.fapiao_posted_by_id.name or "",
            reviewer=self.fapiao_checked_by_id.name or "",
            attachments=self._fapiao_update_attachments(),
            cash_items=cash_items,
            cash_amount=cash_amount,
            keys=tuple(Account._assistant_key(document) for document in documents),
            serials=tuple(sorted(set(documents._fapiao_update_matches().fapiao_id.mapped("serial_no")))),
            lines=self._fapiao_update_entries(),
            taken=tuple(row for document in documents for row in document._fapiao_update_taken()),
        )

    @api.model
    def _fapiao_update_hash(self, voucher):
        """Return a hash of the voucher's content without names, which may change, and without its files."""
        entries = [
            [line.account_code, line.currency, line.due, str(line.debit), str(line.credit), str(line.amount)]
            for line in voucher.lines
        ]
        parts = {"keys": list(voucher.keys), "serials": list(voucher.serials), "entries": entries}
        parts |= {"kind": voucher.kind, "business_date": voucher.business_date, "checked": bool(voucher.reviewer)}
        return fingerprint({"number": voucher.number, "date": voucher.date, **parts})


def _digits(number):
    return "".join(char for char in number if char.isalnum())
