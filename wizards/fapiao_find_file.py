"""Row ``fapiao.find.file``: a cover or attachment of a document at the cloud, by its address there."""

from odoo import fields, models


class FapiaoFindFile(models.TransientModel):
    _name = "fapiao.find.file"
    _description = "File of a Document in the Cloud"
    _inherit = ["fapiao.guard.mixin"]

    find_id = fields.Many2one("fapiao.find", required=True, ondelete="cascade", readonly=True)
    name = fields.Char(readonly=True)
    role = fields.Selection([("cover", "Cover"), ("attachment", "Attachment")], readonly=True)
    kind = fields.Char("Kind of File", readonly=True)
    address = fields.Char(readonly=True)
    serial_no = fields.Char("Of the Fapiao", readonly=True, help="The cloud's ID of the fapiao it belongs to.")
    remark = fields.Char(readonly=True)
