"""What forms and lists show of a fapiao beside its facts: links to its files, its QR code as a picture."""

import base64
import io

import qrcode

from odoo import api, fields, models

from . import fapiao_gate as gate
from .fapiao_types import FILES


class Fapiao(models.Model):
    _inherit = "fapiao"

    pdf_url = fields.Char("PDF Link", compute="_compute_file_urls")
    ofd_url = fields.Char("OFD Link", compute="_compute_file_urls")
    xml_url = fields.Char("XML Link", compute="_compute_file_urls")
    qr_image = fields.Binary("QR Picture", compute="_compute_qr_image")
    account_mode = fields.Selection(related="account_id.mode", string="Account Mode")

    @api.depends("pdf_id", "ofd_id", "xml_id")
    def _compute_file_urls(self):
        for fapiao in self:
            for kind in FILES:
                attachment_id = fapiao[f"{kind}_id"].id
                fapiao[f"{kind}_url"] = f"/web/content/{attachment_id}?download=1" if attachment_id else False

    @api.depends("qr_text")
    def _compute_qr_image(self):
        for fapiao in self:
            # not /report/barcode: it needs a renderer that many servers lack
            fapiao.qr_image = draw_qr(fapiao.qr_text) if fapiao.qr_text else False

    def action_open_business_doc(self):
        """Open the fapiao itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self._get_records_action()


def draw_qr(text):
    """Return ``text`` as a QR code: a PNG in base64."""
    picture = io.BytesIO()
    qrcode.make(text, box_size=6, border=2).save(picture, format="PNG")
    return base64.b64encode(picture.getvalue())
