"""Invoicing data (开票信息) of a partner as buyer on a fapiao."""

import re

from odoo import api, fields, models
from odoo.tools import email_normalize

from ...rules import taxno
from ...rules.checks import check_party
from ...rules.document import Party
from ..values import KINDS

FAPIAO_FIELDS = [
    "fapiao_title_type",
    "fapiao_type",
    "fapiao_bank",
    "fapiao_address",
    "fapiao_phone",
    "fapiao_email",
]
MOBILE = re.compile(r"(?:\+|00)?(?:86)?(1[3-9]\d{9})")
# The account number is the digits at the end, possibly in groups; some begin with letters (NRA…, FTN…).
BANK_ACCOUNT = re.compile(r"(?P<bank>.*?\D)??[\s,，:：;；]*(?P<account>(?:(?<=\s)[A-Za-z]{1,4})?\d[\d\s-]{4,}\d)")
TAX_NO_DOUBTS = {"tax_no_malformed", "tax_no_doubtful"}


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["fapiao.guard.mixin", "res.partner"]
    _fapiao_inputs = frozenset(FAPIAO_FIELDS)

    fapiao_title_type = fields.Selection(
        [("company", "Company"), ("person", "Person")],
        "Fapiao Title",
        help="Whether a fapiao is made out to a company or a natural person (抬头类型)."
        " If empty: a person is who is no company in Odoo and has no tax number but an identity number."
        " A sole trader (个体工商户) counts as a company.",
    )
    fapiao_type = fields.Selection(
        KINDS,
        help="If empty, the company's default.",
    )
    fapiao_bank = fields.Char(
        "Bank and Account", help="Name of the bank, a space, number of the account (开户行及账号)."
    )
    fapiao_address = fields.Char("Address on Fapiao", help="If empty, the partner's own address.")
    fapiao_phone = fields.Char(
        "Phone on Fapiao",
        help="If empty, the partner's own phone. A cloud that delivers by text message takes it if it is a mobile.",
    )
    fapiao_email = fields.Char(
        help="Where a cloud that delivers by mail sends the fapiao. If empty, the partner's own email."
    )
    fapiao_bank_placeholder = fields.Char(compute="_compute_fapiao_placeholders")
    fapiao_address_placeholder = fields.Char(compute="_compute_fapiao_placeholders")
    fapiao_phone_placeholder = fields.Char(compute="_compute_fapiao_placeholders")
    fapiao_email_placeholder = fields.Char(compute="_compute_fapiao_placeholders")
    fapiao_tax_no_warning = fields.Char(compute="_compute_fapiao_tax_no_warning")

    # ------------------------------------------------------------------ computes

    @api.depends(
        "street",
        "street2",
        "city",
        "state_id",
        "phone",
        "email",
        "bank_ids.acc_number",
        "bank_ids.bank_id.name",
    )
    def _compute_fapiao_placeholders(self):
        for partner in self:
            partner.fapiao_bank_placeholder = " ".join(filter(None, partner._own_bank()))
            partner.fapiao_address_placeholder = partner._own_address()
            partner.fapiao_phone_placeholder = partner.phone
            partner.fapiao_email_placeholder = partner.email

    @api.depends("vat", "name", "country_id", "fiscal_country_codes")
    @api.depends_context("allowed_company_ids")
    def _compute_fapiao_tax_no_warning(self):
        for partner in self:
            party = Party(name=partner.name or "", tax_no=partner._fapiao_tax_no())
            problems = check_party(party) if partner._is_taxed_in_china() and party.tax_no else []
            doubts = [problem for problem in problems if problem.code in TAX_NO_DOUBTS]
            partner.fapiao_tax_no_warning = " ".join(map(self.env["account.move"]._fapiao_describe, doubts))

    # ------------------------------------------------------------------ overrides

    @api.model
    def _commercial_fields(self):
        return super()._commercial_fields() + FAPIAO_FIELDS

    def check_vat_cn(self, vat):
        """Return whether ``vat`` may be a Chinese tax number; called by base_vat if installed.

        base_vat refuses numbers without a valid GB 32100-2015 check digit, among them older numbers still in
        use. Here a wrong check digit is a warning on the form.
        """
        return taxno.judge(taxno.normalise(vat)) != taxno.MALFORMED

    # ------------------------------------------------------------------ helpers

    def _fapiao_party(self):
        """Return the :class:`~..rules.document.Party` of one partner (or none), from its commercial partner.

        Uses prefetched records only, so that calls in a loop cost no extra queries.
        """
        commercial = self.commercial_partner_id
        phone = commercial.fapiao_phone or commercial.phone or ""
        mobiles = map(_mobile, (commercial.fapiao_phone, self.phone, commercial.phone))
        own_line = commercial.fapiao_bank
        bank, account = split_bank(own_line) if own_line else commercial._own_bank()
        email = commercial.fapiao_email or self.email or commercial.email
        return Party(
            name=(commercial.name or "").strip(),
            tax_no=commercial._fapiao_tax_no(),
            address=commercial.fapiao_address or commercial._own_address(),
            phone=_mobile(phone) or phone.strip(),
            bank=bank,
            bank_account=account,
            email=email_normalize(email, strict=False) or "",
            mobile=next(filter(None, mobiles), ""),
            is_person=commercial._is_fapiao_person(),
        )

    def _fapiao_tax_no(self):
        """Return the tax number as printed on a fapiao: none for a partner abroad whose number isn't a Chinese one."""
        tax_no = self._written_tax_no()
        is_abroad = self.country_id and self.country_id.code != "CN"
        return "" if is_abroad and not taxno.is_certain(tax_no) else tax_no

    def _written_tax_no(self):
        """Return the number in the tax ID, of whichever country; "/" is Odoo's value for "none"."""
        tax_no = taxno.normalise(self.vat)
        # no Chinese number begins with CN: C and N are no codes of a registration authority
        return "" if tax_no == "/" else tax_no.removeprefix("CN")

    def _is_fapiao_person(self):
        if self.fapiao_title_type:
            return self.fapiao_title_type == "person"
        tax_no = self._written_tax_no()
        return bool(self) and not self.is_company and (not tax_no or taxno.is_person(tax_no))

    def _is_taxed_in_china(self):
        if self.country_id:
            return self.country_id.code == "CN"
        return "CN" in (self.fiscal_country_codes or "").split(",")

    def _own_bank(self):
        """Return ``(bank name, account number)`` of the partner's first bank account."""
        bank = self.bank_ids[:1]
        return bank.bank_name or "", re.sub(r"\s", "", bank.acc_number or "")

    def _own_address(self):
        """Return the address on one line in Chinese order: province, city, street; without postcode."""
        parts = []
        for part in (self.state_id.name, self.city, self.street, self.street2):
            if part := (part or "").strip():
                _drop_repeated(parts, part)
                parts.append(part)
        return _join(parts)


def split_bank(text):
    """Return ``(bank name, account number)`` from one line; without a number all of it is the bank."""
    match = BANK_ACCOUNT.fullmatch(text.strip())
    if not match:
        return text.strip(), ""
    return (match["bank"] or "").strip(" ,，:：;；"), re.sub(r"[\s-]", "", match["account"])


def _mobile(phone):
    """Return the eleven digits of a Chinese mobile number, or ""."""
    match = MOBILE.fullmatch(re.sub(r"[^\d+]", "", phone or ""))
    return match[1] if match else ""


def _drop_repeated(parts, part):
    """Remove from the end of ``parts`` what ``part`` begins with: 北京市 is province and city at once, and both
    are often repeated in the street. Only for Chinese text.
    """
    for start in range(len(parts)):
        if not part.isascii() and part.startswith("".join(parts[start:])):
            del parts[start:]
            return


def _join(parts):
    """Join parts of an address: Chinese ones directly, others with a space."""
    line = ""
    for part in parts:
        line += (" " if line and line[-1].isascii() and part[0].isascii() else "") + part
    return line
