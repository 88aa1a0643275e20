"""Which record a person mends so that a problem goes away."""

from odoo import models

# By the problem's code; a code that isn't here is mended on the invoice itself.
BUYER = {
    "same_party",
    "name_missing",
    "name_too_long",
    "buyer_tax_no_missing",
    "buyer_tax_no_absent",
    "tax_no_malformed",
    "tax_no_doubtful",
    "person_special",
    "person_name_short",
    "person_sole_trader",
    "person_business_name",
    "bank_half",
}
PRODUCT = {"item_name_missing", "item_name_too_long", "code_missing", "code_malformed", "code_summary"}
TAX_CODE = {"short_name_missing"}
TAX = {"rate_historic", "rate_unknown", "zero_kind_missing", "zero_kind_needless", "small_scale_rate"}
ACCOUNT = {"credit_low", "seller_tax_no_missing", "account_archived", "small_scale_reason_missing"}
COMPANY = {"no_account", "company_currency", "drawer_missing", "split_limit", "split_too_many"}
SELLER = {
    "seller_address_missing",
    "seller_bank_missing",
    "company_tax_no_missing",
    "company_tax_no_differs",
}


class FapiaoDocumentMixin(models.AbstractModel):
    _inherit = "fapiao.document.mixin"

    def _fapiao_record_to_mend(self, problem):
        """Return the record to change because of ``problem``: buyer, product, tax, account, company or,
        where nothing else fits, the invoice."""
        self.ensure_one()
        line = self._fapiao_line_of(problem)
        company = self.company_id
        record = self
        if problem.code in BUYER:
            record = self._fapiao_party_to_mend(problem)
        elif problem.code in PRODUCT:
            record = line.product_id.product_tmpl_id
        elif problem.code in TAX_CODE:
            record = line.product_id._fapiao_code().get(line.product_id)
        elif problem.code in TAX:
            record = line.tax_ids[:1]
        elif problem.code in ACCOUNT:
            record = company.fapiao_account_id
        elif problem.code in COMPANY:
            record = company
        elif problem.code in SELLER:
            record = company.partner_id
        return record or self

    def _fapiao_party_to_mend(self, problem):
        """The rules speak of both parties alike: what bears the seller's name is mended where the seller
        is kept, a tax number on the account under which it issues."""
        company = self.company_id
        if problem.code == "same_party" or problem.values.get("name") != company._fapiao_seller().name:
            return self._fapiao_buyer()
        return company.fapiao_account_id if problem.values.get("number") else company.partner_id

    def _fapiao_mend(self, record):
        """Return the action that opens ``record``, one that :meth:`_fapiao_record_to_mend` named. What can
        be mended over a dialog has the target ``new``; the invoice and the settings take its place."""
        if record._name == "res.company":
            return self.env["ir.actions.act_window"]._for_xml_id("account.action_account_config")
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "target": "current" if record == self else "new",
        }
