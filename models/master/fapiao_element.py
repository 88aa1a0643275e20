"""Model ``fapiao.element``: what a fapiao says of its special element (特定要素), as defaults of a product.

Later packages add the documents that have one. Which field belongs to which element says ``rules.elements``.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ...rules.elements import AREA_UNITS, DAY, ELEMENTS, NO, TABLE, YES, as_printed
from ...rules.names import clean
from ..values import SHANGHAI, aware, exact

# Those that people fill in or choose; others follow from the classification alone, or no cloud can issue them
CHOICES = [(one.code, one.name) for one in TABLE if one.fields or (one.fits and not one.demands)]
# Columns of what a row calls otherwise: the means of transport differ
COLUMNS = {("04", "vehicle"): "freight_vehicle"}


class FapiaoElement(models.Model):
    _name = "fapiao.element"
    _inherit = "fapiao.guard.mixin"
    _description = "Special Element of a Fapiao"
    _order = "id"
    _fapiao_inputs = frozenset(
        {
            *("product_tmpl_id", "element", "province", "city", "district", "address", "project", "cross_city"),
            *("cross_city_no", "land_tax_no", "certificate_no", "area_unit", "contract_no", "approved_price"),
            *("actual_price", "date_from", "date_to", "is_parking", "time_from", "time_to", "plate"),
            *("for_register", "engine_no", "chassis_no", "row_ids"),
        }
    )

    product_tmpl_id = fields.Many2one("product.template", "Product", ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, index=True)
    element = fields.Selection(
        CHOICES,
        "Special Element",
        required=True,
        help="Kind of business that the tax bureau wants to know more of (特定要素).",
    )
    summary = fields.Char(compute="_compute_summary")

    # Building services and real estate
    province = fields.Char(help="As in 江苏省. Of a municipality (直辖市): its name here, and again as city.")
    city = fields.Char(help="As in 苏州市.")
    district = fields.Char()
    address = fields.Char("Street Address", help="Where the building stands (详细地址).")
    project = fields.Char("Building Project", help="Name of the project (建筑项目名称).")
    cross_city = fields.Boolean("Across Cities", help="The place is in another city than the seller (跨地市标志).")
    cross_city_no = fields.Char(
        "Cross-Region Report", help="Number of the report to the tax bureau (跨区域涉税事项报验管理编号)."
    )
    land_tax_no = fields.Char("Land VAT Project Number", help="土地增值税项目编号")
    certificate_no = fields.Char("Title Certificate", help="房屋产权证书/不动产权证号码; 无 if there is none.")
    area_unit = fields.Selection([(unit, unit) for unit in AREA_UNITS], "Unit of Area", default=AREA_UNITS[0])
    contract_no = fields.Char("Filed Contract or Unit Number", help="不动产单元代码/网签合同备案编码")
    approved_price = fields.Float("Assessed Price", digits=(16, 2), help="核定计税价格")
    actual_price = fields.Float("Price Agreed, With Tax", digits=(16, 2), help="实际成交含税金额")
    date_from = fields.Date("Leased From")
    date_to = fields.Date("Leased To")
    is_parking = fields.Boolean("Parking or Toll", help="车辆停放服务: says the time and the plate of the vehicle.")
    time_from = fields.Datetime("Parked From")
    time_to = fields.Datetime("Parked To")
    plate = fields.Char()

    # Tractors and combine harvesters
    for_register = fields.Boolean("For Registration", help="是否用于拖拉机和联合收割机登记")
    engine_no = fields.Char("Engine Number")
    chassis_no = fields.Char("Chassis Number")

    # Goods and passenger transport
    row_ids = fields.One2many("fapiao.element.row", "element_id", "Journeys", copy=True)

    _unique_product = models.UniqueIndex("(product_tmpl_id, element) WHERE product_tmpl_id IS NOT NULL")

    # ------------------------------------------------------------------ computes

    @api.depends("product_tmpl_id.company_id")
    def _compute_company_id(self):
        for record in self:
            record.company_id = record._owner().company_id

    @api.depends(lambda self: [*self._columns(), "row_ids"])
    def _compute_summary(self):
        for record in self:
            said = as_printed(record.element, record._details()) if record.element else []
            record.summary = ", ".join(value for _name, value in said if value not in (YES, NO))

    def _compute_display_name(self):
        labels = dict(self._fields["element"]._description_selection(self.env))
        for record in self:
            record.display_name = labels.get(record.element, "")

    # ------------------------------------------------------------------ owner

    @api.model
    def _owner_fields(self):
        """Return the names of the fields of which one says whose details these are."""
        return ["product_tmpl_id"]

    @api.model
    def _owner_field(self, owner):
        """Return the name of the field for ``owner``, a product or a document."""
        return next(name for name in self._owner_fields() if self._fields[name].comodel_name == owner._name)

    def _owner(self):
        """Return the product or document that these are details of."""
        return next((owner for name in self._owner_fields() if (owner := self[name])), self.env["product.template"])

    @api.constrains(lambda self: self._owner_fields())
    def _check_owner(self):
        for record in self:
            if sum(bool(record[name]) for name in record._owner_fields()) != 1:
                raise ValidationError(self.env._("Details of a special element belong to one product or document."))

    def _check_access(self, operation):
        """Details are as open as the product or document that they belong to."""
        refused = super()._check_access(operation)
        if refused or self.env.su or not self:
            return refused
        needed = "read" if operation == "read" else "write"
        # sudo: to see whose details they are
        owners = {one: one.sudo()._owner().sudo(False) for one in self}
        closed = self.filtered(lambda one: owners[one] and not owners[one].has_access(needed))
        if not closed:
            return None
        return closed, lambda: AccessError(self.env._("You can't access the product or document of these details."))

    def _check_not_issued(self):
        """Hook: raise ``UserError`` where details stand on a fapiao."""

    # ------------------------------------------------------------------ CRUD

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._check_not_issued()
        return records

    def write(self, vals):
        self._check_not_issued()
        result = super().write(vals)
        if set(self._owner_fields()) & vals.keys():
            self.check_access("write")
            self._check_not_issued()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        self._check_not_issued()

    # ------------------------------------------------------------------ values

    @api.model
    def _columns(self):
        """Return the names of all fields that hold details here, not in rows."""
        names = {one.name for element in TABLE if not element.repeated for one in element.fields}
        return [*sorted(names), "element", "is_parking", "time_from", "time_to"]

    def _details(self):
        """Return the rows of this record as a draft wants them: texts by the names of ``rules.elements``."""
        self.ensure_one()
        element = ELEMENTS[self.element]
        if not element.fields:
            return ()
        return tuple(record._row(element) for record in (self.row_ids if element.repeated else self))

    def _row(self, element):
        row = {one.name: _text_of(self[one.name], one) for one in element.fields}
        if element.code == "06" and self.is_parking:
            row |= {"date_from": _minute(self.time_from), "date_to": _minute(self.time_to)}
        elif element.code == "06":
            del row["plate"]
        return {name: value for name, value in row.items() if value}

    def _copy_values(self):
        """Return create values of a copy without owner."""
        self.ensure_one()
        (values,) = self.copy_data()
        return {name: value for name, value in values.items() if name not in self._owner_fields()}


def _text_of(value, field):
    if field.choices == (YES, NO):
        return YES if value else NO
    if field.kind == DAY:
        return value.isoformat() if value else ""
    if isinstance(value, float):
        return str(exact(value)) if value else ""
    # a choice is the bureau's own word, such as ㎡
    return (value or "") if field.choices else clean(value or "")


def _minute(moment):
    """Return a moment as the bureau's day and time in China."""
    return aware(moment).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else ""
