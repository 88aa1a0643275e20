"""Name and classification code of products on a fapiao."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...rules.elements import COAL_CODES
from ..cloud import gate
from ..values import PRIVILEGES, in_document_language


class FapiaoItemMixin(models.AbstractModel):
    """Fapiao fields that a product has itself or takes from its category."""

    _name = "fapiao.item.mixin"
    _description = "Item on a Fapiao"
    _fapiao_place = ""  # the field by which a record lies below categories
    _fapiao_inputs = frozenset({"fapiao_code_id", "fapiao_item_name"})

    fapiao_code_id = fields.Many2one(
        "fapiao.tax.code",
        "Tax Classification Code",
        domain=[("is_summary", "=", False)],
        index="btree_not_null",
        ondelete="restrict",
        help="Code under which the tax bureau files the sale (税收分类编码).",
    )
    fapiao_item_name = fields.Char(
        "Name on Fapiao",
        help="Item name on the fapiao (项目名称), without the short name that the code puts before it.",
    )
    fapiao_code_missing = fields.Boolean(
        "Without Tax Classification Code",
        compute="_compute_fapiao_code_missing",
        search="_search_fapiao_code_missing",
        help="Neither itself nor a category above has a code.",
    )
    fapiao_code_suggestion_id = fields.Many2one(
        "fapiao.tax.code",
        "Suggested Code",
        compute="_compute_fapiao_code_suggestion_id",
        help="Used before for the same name, else found by the names and keywords of the codes.",
    )

    def _fapiao_above(self):
        """Return the category from which a code or name is taken if there is none here."""
        raise NotImplementedError

    def _find_fapiao(self, name):
        """Return field ``name`` of this record, or of the first category above with a value."""
        value, category = self[name], self._fapiao_above()
        # categories are prefetched for all records, one query a level
        while not value and category:
            value, category = category[name], category.parent_id
        return value

    @api.depends("fapiao_code_id")
    def _compute_fapiao_code_missing(self):
        for record in self:
            record.fapiao_code_missing = not record._find_fapiao("fapiao_code_id")

    def _search_fapiao_code_missing(self, operator, value):
        if operator != "in":
            return NotImplemented
        with_code = self.env["product.category"].search([("fapiao_code_id", "!=", False)])
        covered = Domain("fapiao_code_id", "!=", False)
        if with_code:
            covered |= Domain(self._fapiao_place, "child_of", with_code.ids)
        return ~covered if True in value else covered

    @api.depends("fapiao_code_id", "fapiao_item_name")
    def _compute_fapiao_code_suggestion_id(self):
        names = {one: one.fapiao_item_name or one.name for one in in_document_language(self) if not one.fapiao_code_id}
        found = self.env["fapiao.tax.code"]._suggest(set(filter(None, names.values())))
        by_id = {one.id: found.get(name) for one, name in names.items()}
        for record in self:
            record.fapiao_code_suggestion_id = by_id.get(record.id)

    def action_fapiao_take_suggestion(self):
        """Give each of these records without a code the suggested one."""
        gate.check(self, gate.INTERNAL, "write")
        for code, records in (
            self.filtered(lambda one: not one.fapiao_code_id).grouped("fapiao_code_suggestion_id").items()
        ):
            if code:
                records.fapiao_code_id = code

    @api.constrains("fapiao_code_id")
    def _check_fapiao_code_id(self):
        for record in self:
            if record.fapiao_code_id.is_summary:
                raise ValidationError(
                    self.env._(
                        "%s is a summary; choose one of the codes below it.",
                        record.fapiao_code_id.display_name,
                    )
                )


class ProductCategory(models.Model):
    _name = "product.category"
    _inherit = ["fapiao.guard.mixin", "product.category", "fapiao.item.mixin"]
    _fapiao_place = "id"

    def _fapiao_above(self):
        return self.parent_id


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["fapiao.guard.mixin", "product.template", "fapiao.item.mixin"]
    _fapiao_inputs = frozenset({"fapiao_policy", "fapiao_spec", "fapiao_coal_kind", "fapiao_element_ids"})
    _fapiao_place = "categ_id"

    fapiao_policy = fields.Selection(
        PRIVILEGES,
        "Tax Privilege",
        help="Printed with the line where the sale enjoys a tax privilege (优惠政策). One on the tax goes first.",
    )
    fapiao_spec = fields.Char(
        "Specification on Fapiao",
        compute="_compute_fapiao_spec",
        inverse="_inverse_fapiao_spec",
        search="_search_fapiao_spec",
        help="Printed as 规格型号. If empty, what the settings say: the variant's attributes by default.",
    )
    fapiao_coal_kind = fields.Selection(
        [
            ("0100", "Supply guaranteed by government (政府保供煤)"),
            ("0201", "Contract of less than half a year (长协煤)"),
            ("0202", "Contract of half a year to a year (长协煤)"),
            ("0203", "Contract of one to two years (长协煤)"),
            ("0204", "Contract of more than two years (长协煤)"),
            ("0300", "Market (市场煤)"),
        ],
        "Kind of Coal",
        help="煤炭种类, which the tax bureau wants to know of coal.",
    )
    fapiao_is_coal = fields.Boolean(compute="_compute_fapiao_is_coal")
    fapiao_element_ids = fields.One2many(
        "fapiao.element",
        "product_tmpl_id",
        "Special Elements",
        copy=True,
        help="What is proposed on invoices and orders of this product where the tax bureau asks for a special element"
        " (特定要素).",
    )

    @api.depends("fapiao_code_id", "categ_id")
    def _compute_fapiao_is_coal(self):
        for template in self:
            template.fapiao_is_coal = template._find_fapiao("fapiao_code_id").code in COAL_CODES

    def _fapiao_above(self):
        return self.categ_id

    @api.depends("product_variant_ids.fapiao_spec")
    def _compute_fapiao_spec(self):
        self._compute_template_field_from_variant_field("fapiao_spec")

    def _inverse_fapiao_spec(self):
        self._set_product_variant_field("fapiao_spec")

    def _search_fapiao_spec(self, operator, value):
        return [("product_variant_ids.fapiao_spec", operator, value)]

    @api.model
    def _get_related_fields_variant_template(self):
        return [*super()._get_related_fields_variant_template(), "fapiao_spec"]


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["fapiao.guard.mixin", "product.product"]
    _fapiao_inputs = frozenset({"fapiao_spec"})

    fapiao_spec = fields.Char(
        "Specification on Fapiao",
        help="Printed as 规格型号. If empty, what the settings say: the variant's attributes by default.",
    )

    def _fapiao_spec(self, company):
        """Return what ``company`` prints as 规格型号; "" for no product."""
        if not self or self.fapiao_spec or company.fapiao_spec_source == "none":
            return self.fapiao_spec or ""
        if company.fapiao_spec_source == "reference":
            return self.default_code or ""
        return self._fapiao_attributes()

    def _fapiao_attributes(self):
        """Return the values that tell this variant from others, in the document's language."""
        return in_document_language(self.product_template_attribute_value_ids)._get_combination_name()

    def _fapiao_described(self):
        """Return ``{product: texts}``: how core describes it on the lines of documents, in any language installed."""
        texts = {product: set() for product in self}
        for code, _name in self.env["res.lang"].get_installed():
            for product, named in zip(self, self.with_context(lang=code, display_default_code=False), strict=True):
                texts[product].add(named.display_name)
        return texts

    def _fapiao_code(self):
        """Return ``{product: fapiao.tax.code}``: its own, else the nearest category's, else an empty record."""
        return {product: product.product_tmpl_id._find_fapiao("fapiao_code_id") for product in self}

    def _fapiao_item_name(self):
        """Return ``{product: name on the fapiao}``: its own, else the nearest category's, else an empty text."""
        return {product: product.product_tmpl_id._find_fapiao("fapiao_item_name") or "" for product in self}
