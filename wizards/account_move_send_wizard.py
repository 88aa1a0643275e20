"""What the download of Send & Print can take."""

from odoo import api, models


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    @api.model
    def _action_download(self, attachments):
        """The download takes files of invoices only; those of fapiao have a button of their own."""
        return super()._action_download(attachments.filtered(lambda file: file.res_model != "fapiao"))
