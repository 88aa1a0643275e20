"""Model ``fapiao.element.row``: one journey, of goods or of a traveller."""

from odoo import api, fields, models

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
    _description = "Journey on a Fapiao"
    _order = "sequence, id"

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

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records.element_id._check_may_change()
        return records

    def write(self, vals):
        self.element_id._check_may_change()
        result = super().write(vals)
        if "element_id" in vals:
            self.element_id._check_may_change()
        return result

    def unlink(self):
        self.element_id._check_may_change()
        return super().unlink()

    def _row(self, element):
        """Return this row as a draft wants it."""
        columns = {one: COLUMNS.get((element.code, one.name), one.name) for one in element.fields}
        texts = {one.name: _text_of(self[column], one) for one, column in columns.items()}
        return {name: value for name, value in texts.items() if value}
