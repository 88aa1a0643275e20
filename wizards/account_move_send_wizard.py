"""Dialog Send & Print: files offered for download."""

from odoo import api, models


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    @api.model
    def _action_download(self, attachments):
        """Offer files of invoices only; those of fapiao have their own button."""
        return super()._action_download(attachments.filtered(lambda file: file.res_model != "fapiao"))
