"""Name and classification code of products on a fapiao."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..cloud import gate
from ..values import PRIVILEGES, in_chinese


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
        """Return the category from which a code is taken if there is none here."""
        raise NotImplementedError

    @api.depends("fapiao_code_id")
    def _compute_fapiao_code_missing(self):
        for record in self:
            category = record._fapiao_above()
            while category and not category.fapiao_code_id:
                category = category.parent_id
            record.fapiao_code_missing = not (record.fapiao_code_id or category)

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
        names = {one: one.fapiao_item_name or one.name for one in in_chinese(self) if not one.fapiao_code_id}
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
    _fapiao_inputs = frozenset({"fapiao_policy", "fapiao_spec"})
    _fapiao_place = "categ_id"

    fapiao_policy = fields.Selection(
        PRIVILEGES,
        "Tax Privilege",
        help="Printed with the line where the sale enjoys a tax privilege (优惠政策). One on the tax goes first.",
    )
    fapiao_spec = fields.Char(
        "Specification on Fapiao", help="Printed as 规格型号. If empty, the internal reference of the product."
    )

    def _fapiao_above(self):
        return self.categ_id


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
