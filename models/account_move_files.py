"""The fapiao files that go out with an invoice."""

from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fapiao_living(self):
        """Return the fapiao that stand for these invoices today."""
        # sudo: who may read an invoice may know its fapiao; salespeople may not list them
        return self.sudo().fapiao_ids.filtered(lambda fapiao: fapiao._is_living())

    def _fapiao_files_to_send(self):
        """Return the files of the living fapiao, as far as the user may read them."""
        files = self._fapiao_living()._files()
        return self.env["ir.attachment"].browse(files.ids)._filtered_access("read")
