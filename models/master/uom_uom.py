"""Unit of measure as printed on a fapiao (单位)."""

from odoo import api, fields, models

from ..values import in_document_language

# Odoo's own units, which have no Chinese name or one that isn't printed: unit on the fapiao, names as Odoo has them.
UNITS = {
    "uom.product_uom_unit": ("个", {"Units", "单位"}),
    "uom.product_uom_pack_6": ("包", {"Pack of 6", "6 件装"}),
    "uom.product_uom_dozen": ("打", {"Dozens", "打"}),
    "uom.product_uom_day": ("天", {"Days", "天"}),
    "uom.product_uom_hour": ("小时", {"Hours", "小时"}),
    "uom.product_uom_minute": ("分钟", {"Minutes", "分钟"}),
    "uom.product_uom_millimeter": ("毫米", {"mm"}),
    "uom.product_uom_cm": ("厘米", {"cm"}),
    "uom.product_uom_meter": ("米", {"m"}),
    "uom.product_uom_km": ("千米", {"km", "千米"}),
    "uom.product_uom_square_meter": ("平方米", {"m²"}),
    "uom.product_uom_milliliter": ("毫升", {"ml", "毫升"}),
    "uom.product_uom_litre": ("升", {"L"}),
    "uom.product_uom_cubic_meter": ("立方米", {"m³"}),
    "uom.product_uom_gram": ("克", {"g"}),
    "uom.product_uom_kgm": ("千克", {"kg"}),
    "uom.product_uom_ton": ("吨", {"Ton", "吨"}),
    "uom.product_uom_oz": ("盎司", {"oz"}),
    "uom.product_uom_lb": ("磅", {"lb"}),
    "uom.product_uom_inch": ("英寸", {"in", "在"}),
    "uom.product_uom_foot": ("英尺", {"ft"}),
    "uom.product_uom_yard": ("码", {"yd"}),
    "uom.product_uom_mile": ("英里", {"mi", "英里"}),
    "uom.product_uom_square_foot": ("平方英尺", {"ft²"}),
    "uom.product_uom_floz": ("液量盎司", {"fl oz (US)"}),
    "uom.product_uom_qt": ("夸脱", {"qt (US)"}),
    "uom.product_uom_gal": ("加仑", {"gal (US)"}),
    "uom.product_uom_cubic_inch": ("立方英寸", {"in³"}),
    "uom.product_uom_cubic_foot": ("立方英尺", {"ft³"}),
    "uom.product_uom_kwh": ("千瓦时", {"KWH"}),
}


class UomUom(models.Model):
    _name = "uom.uom"
    _inherit = ["fapiao.guard.mixin", "uom.uom"]
    _fapiao_inputs = frozenset({"fapiao_name", "fapiao_own_name"})

    fapiao_name = fields.Char(
        "Unit on Fapiao",
        compute="_compute_fapiao_name",
        inverse="_inverse_fapiao_name",
        help="Printed as 单位. If cleared, the usual Chinese unit, or the unit's Chinese name.",
    )
    fapiao_own_name = fields.Char("Unit on Fapiao, as Entered")

    @api.depends("name", "fapiao_own_name")
    def _compute_fapiao_name(self):
        """The default isn't stored, so that databases of any age have it and no update touches what was entered."""
        defaults = self._fapiao_default_name()
        for unit in self:
            unit.fapiao_name = unit.fapiao_own_name or defaults[unit]

    def _inverse_fapiao_name(self):
        defaults = self._fapiao_default_name()
        for unit in self:
            unit.fapiao_own_name = unit.fapiao_name != defaults[unit] and unit.fapiao_name
        self._compute_fapiao_name()

    def _fapiao_default_name(self):
        """Return ``{unit: name}``: of a unit of Odoo that was not renamed the usual one, else its Chinese name."""
        keys = self.get_external_id()
        names = {}
        for unit, named in zip(self, in_document_language(self), strict=True):
            usual, own = UNITS.get(keys.get(unit.id), ("", ()))
            names[unit] = usual if named.name in own else named.name
        return names
