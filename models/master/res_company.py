"""Fapiao settings of a company."""

from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...rules.document import ORDINARY
from ...rules.names import name_key
from ..values import KINDS


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["fapiao.guard.mixin", "res.company"]
    _fapiao_inputs = frozenset(
        {
            *("fapiao_account_id", "fapiao_auto_issue", "fapiao_red_on_credit", "fapiao_default_type"),
            *("fapiao_drawer", "fapiao_payee", "fapiao_reviewer", "fapiao_remark", "fapiao_amount_limit"),
            *("fapiao_credit_threshold", "fapiao_credit_days", "fapiao_twin_days"),
            *("fapiao_show_seller_bank", "fapiao_show_buyer_bank"),
        }
    )

    # Employees, portal and public users can read a company's fields, so none of these is secret. Passwords
    # and tokens are fields of the account that only administrators read.
    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        domain="[('company_id', 'parent_of', id)]",
        ondelete="restrict",
        help="Log-in at the invoice cloud through which this company issues. A branch without tax number of its own"
        " issues through that of its parent company, if empty.",
    )
    fapiao_former_name_ids = fields.One2many("fapiao.former.name", "company_id", "Former Names")
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
            if account and account.company_id not in company._fapiao_lineage():
                raise ValidationError(
                    self.env._(
                        "Fapiao account %(account)s belongs to another company than %(company)s.",
                        account=account.name,
                        company=company.name,
                    )
                )

    # ------------------------------------------------------------------ helpers

    def _fapiao_lineage(self):
        """Return this company and the parents that are the same taxpayer, itself first.

        A branch belongs to its parent's taxpayer (总分机构 under one number) unless it has another tax number.
        """
        # sudo: users of a branch may lack access to its parents
        lineage = company = self.sudo()
        number = company.partner_id._written_tax_no()
        between = company.browse()
        for parent in company.parent_ids[::-1][1:]:
            between |= parent
            theirs = parent.partner_id._written_tax_no()
            if number and not theirs:
                continue  # in between, where a parent above has the number as well
            if number and theirs != number:
                break
            number = theirs
            lineage |= between
        return lineage

    def _fapiao_taxpayer(self):
        """Return the company that is the taxpayer: this one, or the parent whose branch it is."""
        return self._fapiao_lineage()[-1:]

    def _fapiao_same_taxpayer(self):
        """Return the companies that are the same taxpayers as these: parents and branches with one tax number."""
        taxpayers = self.browse().union(*(company._fapiao_taxpayer() for company in self))
        # sudo: as in _fapiao_lineage
        every = self.sudo().with_context(active_test=False)
        below = every.search([("id", "child_of", taxpayers.ids)])
        return below.filtered(lambda company: company._fapiao_taxpayer() in taxpayers)

    def _fapiao_setting(self, name):
        """Return the setting ``name``; of a branch where it is empty, that of its parent of the same taxpayer."""
        return next(filter(None, (company[name] for company in self._fapiao_lineage())), self[name])

    def _fapiao_own_account(self):
        """Return the account through which this company issues, or none."""
        return self._fapiao_setting("fapiao_account_id").sudo(self.env.su)

    def _fapiao_is_own_name(self, name, day):
        """Return whether a ticket of ``day`` (or None) may be made out to ``name``: this company's, its taxpayer's, the
        one registered at the tax bureau, or a former one in use until then."""
        lineage = self._fapiao_lineage()
        names = [*lineage.mapped("name"), self._fapiao_own_account().sudo().registered_name]
        names += [one.name for one in lineage.fapiao_former_name_ids if day and day <= one.until]
        return name_key(name) in set(map(name_key, filter(None, names)))

    def _fapiao_seller(self, account=None):
        """Return the taxpayer as seller (:class:`~..rules.document.Party`) through ``account``, by default its own.

        It is never a natural person. Its tax number is that of the account, if there is one, and its name the one
        that is registered, if the account knows it.
        """
        self.ensure_one()
        party = self._fapiao_taxpayer().partner_id._fapiao_party()
        account = account or self._fapiao_own_account()
        account = account.sudo()  # sudo: who sees a document may lack access to accounts
        return replace(
            party,
            name=account.registered_name or party.name,
            tax_no=account.tax_no or party.tax_no,
            is_person=False,
        )
