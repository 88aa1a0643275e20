"""Fapiao settings of a company."""

from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...rules.document import ORDINARY
from ..values import ADVANCES, KINDS


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["fapiao.guard.mixin", "res.company"]
    _fapiao_inputs = frozenset(
        {
            *("fapiao_account_id", "fapiao_auto_issue", "fapiao_red_on_credit", "fapiao_default_type"),
            *("fapiao_drawer", "fapiao_payee", "fapiao_reviewer", "fapiao_remark", "fapiao_amount_limit"),
            *("fapiao_credit_threshold", "fapiao_credit_days", "fapiao_twin_days"),
            *("fapiao_show_seller_bank", "fapiao_show_buyer_bank", "fapiao_advance", "fapiao_advance_code_id"),
        }
    )

    # Employees, portal and public users can read a company's fields, so none of these is secret. Passwords
    # and tokens are fields of the account that only administrators read.
    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        domain="[('company_id', '=', id)]",
        ondelete="restrict",
        help="Log-in at the invoice cloud through which this company issues.",
    )
    fapiao_auto_issue = fields.Boolean(
        "Issue on Posting", help="Request the fapiao as soon as a customer invoice is posted."
    )
    fapiao_red_on_credit = fields.Selection(
        [("ask", "Ask"), ("automatic", "Reverse Automatically"), ("never", "Do Nothing")],
        "Red Letter on Credit Notes",
        default="ask",
        required=True,
        help="When a credit note of an invoice with a fapiao is posted.",
    )
    fapiao_default_type = fields.Selection(
        KINDS,
        "Default Fapiao Type",
        default=ORDINARY,
        required=True,
        help="For customers who have no type of their own.",
    )
    fapiao_advance = fields.Selection(
        ADVANCES,
        "Fapiao of Down Payments",
        help="What the fapiao of a down payment shows. Empty: asked for each; it waits until somebody decides.",
    )
    fapiao_advance_code_id = fields.Many2one(
        "fapiao.tax.code",
        "Code of Advance Receipts",
        domain=[("code", "=like", "6%")],
        help="Of what is not taxed: 601 for prepaid cards, 602 for real estate, and so on.",
    )
    fapiao_drawer = fields.Char("Drawer", help="Printed as 开票人.")
    fapiao_payee = fields.Char("Payee", help="Printed as 收款人.")
    fapiao_reviewer = fields.Char("Reviewer", help="Printed as 复核人.")
    fapiao_remark = fields.Char(
        "Default Remark",
        help="Printed as 备注. {invoice} and {order} stand for the numbers of the invoice and its order.",
    )
    fapiao_amount_limit = fields.Monetary(
        "Limit per Fapiao",
        help="Most that one fapiao may carry, without tax (最高开票限额); a larger invoice is split. 0: no limit.",
    )
    fapiao_credit_threshold = fields.Monetary(
        "Warn below Credit of",
        help="Warn when less than this is left of the credit line (授信额度). 0: never.",
    )
    fapiao_credit_days = fields.Integer(
        "Warn Days Ahead",
        default=7,
        help="Warn when the credit line will run out within this number of days by what is posted without fapiao,"
        " in draft and on confirmed orders. 0: never.",
    )
    fapiao_twin_days = fields.Integer(
        "Same Sale Within (Days)",
        default=10,
        help="Ask before a fapiao is issued for an invoice or order with the same customer, lines and total as"
        " another one dated within this number of days. 0: never.",
    )
    fapiao_show_seller_bank = fields.Boolean("Show Our Bank", help="Print our bank and account in the remark.")
    fapiao_show_buyer_bank = fields.Boolean(
        "Show the Customer's Bank", help="Print the customer's bank and account in the remark."
    )

    _positive_fapiao_amounts = models.Constraint(
        "CHECK (COALESCE(fapiao_amount_limit, 0) >= 0 AND COALESCE(fapiao_credit_threshold, 0) >= 0)",
        "The limit per fapiao and the credit warning can't be negative.",
    )
    _valid_fapiao_credit_days = models.Constraint(
        "CHECK (COALESCE(fapiao_credit_days, 0) BETWEEN 0 AND 31)",
        "Enter 0 to 31 days for the warning of the credit line: it is renewed every month.",
    )
    _valid_fapiao_twin_days = models.Constraint(
        "CHECK (COALESCE(fapiao_twin_days, 0) BETWEEN 0 AND 366)",
        "Enter 0 to 366 days for invoices that look alike.",
    )

    # ------------------------------------------------------------------ constraints

    @api.constrains("fapiao_account_id")
    def _check_fapiao_account_id(self):
        for company in self:
            account = company.fapiao_account_id
            if account and account.company_id != company:
                raise ValidationError(
                    self.env._(
                        "Fapiao account %(account)s belongs to another company than %(company)s.",
                        account=account.name,
                        company=company.name,
                    )
                )

    # ------------------------------------------------------------------ helpers

    def _fapiao_seller(self, account=None):
        """Return the company as seller (:class:`~..rules.document.Party`) through ``account``, by default its own.

        It is never a natural person; its tax number is that of the account, if there is one.
        """
        self.ensure_one()
        party = self.partner_id._fapiao_party()
        return replace(party, tax_no=(account or self.fapiao_account_id).tax_no or party.tax_no, is_person=False)
