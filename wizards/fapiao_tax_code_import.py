"""Dialog ``fapiao.tax.code.import``: reads the bureau's classification table (商品和服务税收分类编码表) from a file."""

import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate
from ..models.master import code_table


class FapiaoTaxCodeImport(models.TransientModel):
    _name = "fapiao.tax.code.import"
    _description = "Import Tax Classification Codes"

    file = fields.Binary(attachment=False)
    filename = fields.Char()

    def action_import(self):
        """Compare the file with the codes that are known, and show what it changes; nothing is changed yet."""
        gate.check(self, gate.MANAGER, "write")
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose the file with the classification table first."))
        try:
            content = base64.b64decode(self.file)
        except binascii.Error:
            raise UserError(self.env._("The file did not arrive whole. Choose it again.")) from None
        table = code_table.read(self.env, content)
        update = self.env["fapiao.tax.code.update"]._create_from(table, self.filename)
        self.file = False
        return update._get_records_action(name=self.env._("Update of the Classification Table"))
