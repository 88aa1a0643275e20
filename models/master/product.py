"""Name and classification code of products on a fapiao."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...rules.elements import COAL_CODES


class FapiaoItemMixin(models.AbstractModel):
    """Fapiao fields that a product has itself or takes from its category."""

    _name = "fapiao.item.mixin"
    _description = "Item on a Fapiao"
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


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["fapiao.guard.mixin", "product.template", "fapiao.item.mixin"]
    _fapiao_inputs = frozenset({"fapiao_policy", "fapiao_spec", "fapiao_coal_kind", "fapiao_element_ids"})

    fapiao_policy = fields.Char(
        "Preferential Policy",
        help="Printed with the line where the sale enjoys a tax privilege (优惠政策),"
        " such as 免税, 简易征收 or 即征即退. A policy on the tax goes first.",
    )
    fapiao_spec = fields.Char(
        "Specification on Fapiao", help="Printed as 规格型号. If empty, the internal reference of the product."
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
        found = self.product_variant_ids._fapiao_code()
        for template in self:
            code = found.get(template.product_variant_ids[:1]) or template.fapiao_code_id
            template.fapiao_is_coal = code.code in COAL_CODES


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _fapiao_spec(self):
        """Return what is printed as 规格型号; "" for no product."""
        return self.fapiao_spec or self.default_code or ""

    def _fapiao_code(self):
        """Return ``{product: fapiao.tax.code}``: its own, else the nearest category's, else an empty record."""
        return {product: product._find_fapiao("fapiao_code_id") for product in self}

    def _fapiao_item_name(self):
        """Return ``{product: name on the fapiao}``: its own, else the nearest category's, else an empty text."""
        return {product: product._find_fapiao("fapiao_item_name") or "" for product in self}

    def _find_fapiao(self, name):
        """Return field ``name`` of the product, or of the first category upwards with a value."""
        value, category = self[name], self.categ_id
        # categories are prefetched for all products, one query a level
        while not value and category:
            value, category = category[name], category.parent_id
        return value
