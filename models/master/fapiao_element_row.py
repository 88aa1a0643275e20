"""Model ``fapiao.element.row``: one journey, of goods or of a traveller."""

from odoo import api, fields, models
from odoo.exceptions import AccessError

from .fapiao_element import COLUMNS, _text_of

FREIGHT = [
    ("rail", "Railway"),
    ("road", "Road"),
    ("water", "Ship"),
    ("air", "Aircraft"),
    ("pipe", "Pipeline"),
    ("other", "Other"),
]
VEHICLES = [
    ("plane", "Aircraft"),
    ("train", "Train"),
    ("coach", "Coach"),
    ("public", "Public Transport"),
    ("taxi", "Taxi"),
    ("car", "Car"),
    ("ship", "Ship"),
    ("other", "Other"),
]
SEATS = [
    ("business", "Aircraft: Business (公务舱)"),
    ("first", "Aircraft: First (头等舱)"),
    ("economy", "Aircraft: Economy (经济舱)"),
    ("first_class", "Train: First Class (一等座)"),
    ("second_class", "Train: Second Class (二等座)"),
    ("soft", "Train: Soft (软席)"),
    ("hard", "Train: Hard (硬席)"),
    ("ship_first", "Ship: First (一等舱)"),
    ("ship_second", "Ship: Second (二等舱)"),
    ("ship_third", "Ship: Third (三等舱)"),
]
PAPERS = [
    ("201", "Resident identity card"),
    ("208", "Foreign passport"),
    ("210", "Permit of Hong Kong or Macau residents"),
    ("213", "Permit of Taiwan residents"),
    ("227", "Chinese passport"),
    ("233", "Permanent residence of foreigners"),
    ("237", "Residence permit of Hong Kong or Macau residents"),
    ("238", "Residence permit of Taiwan residents"),
    ("299", "Other"),
]


class FapiaoElementRow(models.Model):
    _name = "fapiao.element.row"
    _inherit = "fapiao.guard.mixin"
    _description = "Journey on a Fapiao"
    _order = "sequence, id"
    _fapiao_inputs = frozenset(
        {
            *("element_id", "sequence", "place_from", "place_to", "freight_vehicle", "plate", "goods"),
            *("traveller", "id_kind", "id_no", "day", "vehicle", "seat"),
        }
    )

    element_id = fields.Many2one("fapiao.element", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="element_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    place_from = fields.Char("From")
    place_to = fields.Char("To")
    freight_vehicle = fields.Selection(FREIGHT, "Means of Transport")
    plate = fields.Char(help="Of the vehicle, or the number of train, ship or flight (运输工具牌号).")
    goods = fields.Char("Goods Carried")
    traveller = fields.Char()
    id_kind = fields.Selection(PAPERS, "Identity Paper", default="201")
    id_no = fields.Char("Paper Number")
    day = fields.Date("Day of Travel")
    vehicle = fields.Selection(VEHICLES, "Travels By")
    seat = fields.Selection(SEATS, "Class")

    def _check_access(self, operation):
        """Journeys are as open as the details that they belong to."""
        refused = super()._check_access(operation)
        if refused or self.env.su or not self:
            return refused
        # sudo: to see whose journeys they are
        closed = self.filtered(lambda row: not row.sudo().element_id.sudo(False).has_access(operation))
        if not closed:
            return None
        return closed, lambda: AccessError(self.env._("You can't access the product or document of these details."))

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records.element_id._check_not_issued()
        return records

    def write(self, vals):
        self.element_id._check_not_issued()
        result = super().write(vals)
        if "element_id" in vals:
            self.check_access("write")
            self.element_id._check_not_issued()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_issued(self):
        self.element_id._check_not_issued()

    def _row(self, element):
        """Return this row as a draft wants it."""
        columns = {one: COLUMNS.get((element.code, one.name), one.name) for one in element.fields}
        texts = {one.name: _text_of(self[column], one) for one, column in columns.items()}
        return {name: value for name, value in texts.items() if value}
