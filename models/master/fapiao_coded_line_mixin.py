"""Mixin ``fapiao.coded.line.mixin``: the classification code of a line of an invoice or order, for one without product
or with another code than the product's.
"""

from odoo import fields, models


class FapiaoCodedLineMixin(models.AbstractModel):
    _name = "fapiao.coded.line.mixin"
    _description = "Line With a Tax Classification Code"
    _fapiao_inputs = frozenset({"fapiao_tax_code_id"})

    fapiao_tax_code_id = fields.Many2one(
        "fapiao.tax.code",
        "Tax Classification Code",
        domain=[("is_summary", "=", False)],
        index="btree_not_null",
        ondelete="restrict",
        help="For the fapiao (税收分类编码). If empty, the code of the product or its category.",
    )
