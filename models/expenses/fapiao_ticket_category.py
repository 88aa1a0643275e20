"""Model ``fapiao.ticket.category``: a company's expense category for each type of ticket."""

from odoo import api, fields, models

from ..received.verdict import DEDUCTIBLE
from ..values import TYPES

# First words of an expense's description, by type of ticket.
TICKET_NAMES = {
    "8": "出租车票",
    "9": "火车票",
    "10": "机票",
    "14": "定额发票",
    "15": "通行费",
    "16": "客运票",
    "17": "过路过桥费",
    "19": "完税证明",
    "20": "船票",
    "24": "火车退票",
    "28": "机票",
    "29": "火车票",
    "72": "通行费",
}
TRAVEL_TYPES = ("8", "9", "10", "16", "20", "24", "28", "29")
# Tickets with deductible tax: special fapiao, tolls, and passenger transport with a tax amount.
DEDUCTED = frozenset({*DEDUCTIBLE, "9", "10", "15", "16", "20", "28", "29", "72"})
# Code of the expense app's category, if installed, for journeys and tolls
DEFAULTS = dict.fromkeys((*TRAVEL_TYPES, "15", "17", "72"), "TRANS & ACC")


class FapiaoTicketCategory(models.Model):
    _name = "fapiao.ticket.category"
    _description = "Expense Category by Type of Fapiao"
    _order = "company_id, sequence, id"
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    type_code = fields.Selection(TYPES, "Type of Fapiao", required=True)
    product_id = fields.Many2one(
        "product.product",
        "Expense Category",
        required=True,
        check_company=True,
        ondelete="cascade",
        domain=[("can_be_expensed", "=", True)],
    )

    _unique_type = models.UniqueIndex("(company_id, type_code)", "This type has its category already.")

    @api.depends("type_code", "product_id")
    def _compute_display_name(self):
        names = dict(self._fields["type_code"]._description_selection(self.env))
        for category in self:
            category.display_name = f"{names.get(category.type_code, '')} – {category.product_id.name or ''}"

    @api.model
    def _category_of(self, company, type_codes):
        """Return the product for tickets of these types: the company's choice, else the expense app's
        category if it has no fixed cost; none if the types have no category in common.
        """
        chosen = {
            row.type_code: row.product_id
            # sudo: employees use the setting without write access
            for row in self.sudo().search([("company_id", "=", company.id), ("type_code", "in", type_codes)])
        }
        products = {chosen.get(code) or self._default_of(company, code) for code in type_codes}
        return products.pop() if len(products) == 1 else self.env["product.product"]

    def _default_of(self, company, code):
        Product = self.env["product.product"].sudo()  # sudo: see _category_of
        if code not in DEFAULTS:
            return Product
        found = Product.search(
            [
                *Product._check_company_domain(company),
                ("default_code", "=", DEFAULTS[code]),
                ("can_be_expensed", "=", True),
            ]
        )
        fits = found.filtered(lambda product: not product.with_company(company).standard_price)
        return fits if len(fits) == 1 else Product
