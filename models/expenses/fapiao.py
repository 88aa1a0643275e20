"""Model ``fapiao``: journey tickets and their files, and updates of the documents of a fapiao."""

import contextlib

from odoo import api, fields, models

from ..issuing.fapiao import MIMETYPES
from .fapiao_ticket_category import TICKET_NAMES

NUMBERS = ("mileage", "fare", "fund", "surcharge", "insurance", "other_taxes")
FIELDS = {
    "from_place": "travel_from",
    "to_place": "travel_to",
    **{name: f"travel_{name}" for name in ("passenger", "vehicle", "seat", "departs", "arrives", *NUMBERS)},
}
_PICTURES = ((b"\x89PNG", "png"), (b"GIF8", "gif"), (b"%PDF-", "pdf"), (b"BM", "bmp"))


class Fapiao(models.Model):
    _inherit = "fapiao"

    travel_passenger = fields.Char("Passenger", readonly=True)
    travel_from = fields.Char("Place of Departure", readonly=True)
    travel_to = fields.Char("Destination", readonly=True)
    travel_vehicle = fields.Char("Train, Flight or Plate", readonly=True)
    travel_seat = fields.Char("Seat", readonly=True)
    travel_departs = fields.Char("Departs", readonly=True, help="As printed, in China's time.")
    travel_arrives = fields.Char("Arrives", readonly=True)
    travel_mileage = fields.Float("Mileage (km)", readonly=True)
    travel_fare = fields.Monetary("Fare", readonly=True)
    travel_fund = fields.Monetary("Airport Fund", readonly=True, help="民航发展基金")
    travel_surcharge = fields.Monetary("Fuel Surcharge", readonly=True, help="燃油附加费")
    travel_insurance = fields.Monetary("Insurance", readonly=True)
    travel_other_taxes = fields.Monetary("Other Taxes on the Ticket", readonly=True)
    is_journey = fields.Boolean(compute="_compute_is_journey")

    # ------------------------------------------------------------------ computes

    @api.depends("travel_from", "travel_to", "travel_vehicle", "travel_departs")
    def _compute_is_journey(self):
        for fapiao in self:
            fapiao.is_journey = bool(
                fapiao.travel_from or fapiao.travel_to or fapiao.travel_vehicle or fapiao.travel_departs
            )

    # ------------------------------------------------------------------ helpers

    def _keep_travel(self, travel):
        """Store the reported journey (:class:`~..clouds.inbound.Travel`); values not reported are kept. The
        passenger's identity number isn't stored, since it isn't needed.
        """
        said = {
            field: float(value) if name in NUMBERS else value
            for name, field in FIELDS.items()
            if (value := getattr(travel, name)) not in (None, "")
        }
        changed = {field: value for field, value in said.items() if self[field] != value}
        if changed:
            self.write(changed)

    def _ticket_day(self):
        """Return the date of the expense: that of the journey, else of the fapiao."""
        self.ensure_one()
        digits = "".join(char for char in (self.travel_departs or "")[:10] if char.isdigit())
        if len(digits) == 8:
            # an invalid date was misread from the picture
            with contextlib.suppress(ValueError):
                return fields.Date.to_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
        return self.issue_date

    def _ticket_name(self):
        """Return a short description of the ticket: journey, or seller and goods."""
        self.ensure_one()
        head = TICKET_NAMES.get(self.type_code, "")
        if self.is_journey:
            route = "–".join(filter(None, (self.travel_from, self.travel_to)))
            return " ".join(filter(None, (head, route, self.travel_vehicle, self.travel_seat)))
        goods = self.line_ids[:1].name or ""
        named = " ".join(filter(None, (head, self.seller_name, goods)))
        types = dict(self._fields["type_code"]._description_selection(self.env))
        return named or types.get(self.type_code, self.number)

    def _keep_ticket_files(self, files):
        """Attach ``files`` (list of kind and bytes) to the fapiao unless it has them; return all its files."""
        self.ensure_one()
        attachments = self._files()
        for kind, raw in files:
            if kind in MIMETYPES and self[f"{kind}_id"]:
                continue
            ending = kind if kind in MIMETYPES else _ending_of(raw)
            kept = self.env["ir.attachment"].create(
                {
                    "name": self._file_name(ending),
                    "raw": raw,
                    "mimetype": MIMETYPES.get(ending) or f"image/{ending}",
                    "res_model": "fapiao",
                    "res_id": self.id,
                }
            )
            if kind in MIMETYPES:
                self.write({f"{kind}_id": kept.id, "files_state": "done"})
            attachments |= kept
        return attachments

    # ------------------------------------------------------------------ updates of the matched documents

    def write(self, vals):
        res = super().write(vals)
        if "serial_no" in vals:
            # an edited ticket gets another serial number
            self.sudo().match_ids._fapiao_update_soon()  # sudo: users who edit it may lack access to some matches
        return res


def _ending_of(raw):
    return next((ending for start, ending in _PICTURES if raw.startswith(start)), "jpeg")
