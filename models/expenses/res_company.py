"""Settings of a company for picking fapiao in the expense assistant."""

from odoo import fields, models

# In the order of ``ticketParam``.
PICK_RULES = (
    "fapiao_pick_claimed",
    "fapiao_pick_title",
    "fapiao_pick_tax_no",
    "fapiao_pick_unverified",
    "fapiao_pick_personal",
)


class ResCompany(models.Model):
    _inherit = "res.company"
    _fapiao_inputs = frozenset({*PICK_RULES, "fapiao_company_code", "fapiao_pick_bank"})

    fapiao_company_code = fields.Char(
        "Company Code",
        help="企业编码 by which the expense assistant knows this company and its books; empty: the tax number.",
    )

    fapiao_pick_claimed = fields.Boolean("Tickets Claimed Already")
    fapiao_pick_title = fields.Boolean("Another Company's Name")
    fapiao_pick_tax_no = fields.Boolean("Another Tax Number")
    fapiao_pick_unverified = fields.Boolean("Failed Verification")
    fapiao_pick_personal = fields.Boolean("Personal Fapiao")
    fapiao_pick_bank = fields.Boolean(
        "Compare Our Bank and Address",
        help="The expense assistant warns of special fapiao on which our bank account, or our address and phone,"
        " are other ones than those of the company's contact.",
    )

    def _fapiao_pick_rules(self):
        """Return the five characters of ``ticketParam``; 1 allows."""
        self.ensure_one()
        company = self.sudo()  # sudo: settings of the company, no secrets
        allowed = {name for name in PICK_RULES if company[name]}
        if company._fapiao_lineage().fapiao_former_name_ids:
            allowed.add("fapiao_pick_title")  # the assistant knows no former names: they are compared here
        return "".join("1" if name in allowed else "0" for name in PICK_RULES)

    def _fapiao_pick_party(self):
        """Return our bank with account, and address with phone, as printed on special fapiao; "" where the assistant
        shall not compare them.
        """
        self.ensure_one()
        company = self.sudo()  # sudo: employees may not read the company's bank accounts
        if not company.fapiao_pick_bank:
            return "", ""
        party = company.partner_id._fapiao_party()
        return " ".join(filter(None, (party.bank, party.bank_account))), " ".join(
            filter(None, (party.address, party.phone))
        )
