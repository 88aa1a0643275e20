"""Model ``fapiao.ticket.category``: a company's expense category for each type of ticket, and for each kind of cost
into which people sort tickets at the expense assistant.
"""

from odoo import api, fields, models

from ..values import TYPES, in_chinese

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
# Code of the expense app's category, if installed, for journeys and tolls
DEFAULTS = dict.fromkeys((*TRAVEL_TYPES, "15", "17", "72"), "TRANS & ACC")


class FapiaoTicketCategory(models.Model):
    _name = "fapiao.ticket.category"
    _description = "Expense Category by Type of Fapiao"
    _order = "company_id, sequence, id"
    _check_company_auto = True

    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    type_code = fields.Selection(TYPES, "Type of Fapiao")
    cost_code = fields.Char(
        "Kind of Cost",
        help="Code of a kind of cost at the expense assistant, such as “hotel” or “dining” (costType), or its name."
        " It counts before the type of fapiao.",
    )
    product_id = fields.Many2one(
        "product.product",
        "Expense Category",
        required=True,
        check_company=True,
        ondelete="cascade",
        domain=[("can_be_expensed", "=", True)],
    )

    _unique_type = models.UniqueIndex("(company_id, type_code)", "This type has its category already.")
    _unique_cost = models.UniqueIndex("(company_id, cost_code)", "This kind of cost has its category already.")
    _one_key = models.Constraint(
        "CHECK(num_nonnulls(type_code, NULLIF(cost_code, '')) = 1)",
        "Each row is for a type of fapiao or for a kind of cost: fill one of the two.",
    )

    @api.depends("type_code", "cost_code", "product_id")
    def _compute_display_name(self):
        names = dict(self._fields["type_code"]._description_selection(self.env))
        for category in self:
            what = category.cost_code or names.get(category.type_code, "")
            category.display_name = f"{what} – {category.product_id.name or ''}"

    @api.model
    def _category_of_costs(self, company, costs):
        """Return the product for kinds of cost, pairs of code and name: the company's choice, else the one expense
        category of that code or name that has no fixed cost; none if they have no category in common.
        """
        words = {word for cost in costs for word in cost if word}
        if not words:
            return self.env["product.product"]
        # sudo: employees use the setting without write access
        rows = self.sudo().search([("company_id", "=", company.id), ("cost_code", "in", list(words))])
        chosen = {row.cost_code: row.product_id for row in rows}
        named = self._named(company, words - chosen.keys())
        products = set()
        for cost in costs:
            own = {word for word in cost if word}
            fits = named.filtered(lambda one, own=own: one.default_code in own or one.name in own)
            row = next((chosen[word] for word in cost if word in chosen), None)
            products.add(row or self._of_no_fixed_cost(fits, company))
        return products.pop() if len(products) == 1 else self.env["product.product"]

    def _named(self, company, words):
        """Return the expense categories with one of ``words`` as code or name."""
        Product = in_chinese(self.env["product.product"].sudo())  # sudo: see _category_of_costs
        if not words:
            return Product
        is_named = ["|", ("default_code", "in", list(words)), ("name", "in", list(words))]
        return Product.search([*Product._check_company_domain(company), ("can_be_expensed", "=", True), *is_named])

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
        return self._of_no_fixed_cost(found, company)

    def _of_no_fixed_cost(self, products, company):
        fits = products.filtered(lambda product: not product.with_company(company).standard_price)
        return fits if len(fits) == 1 else products.browse()
