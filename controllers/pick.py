"""The long poll of the dialog in which fapiao are picked."""

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from ..clouds.errors import CloudError


class FapiaoPick(http.Controller):
    @http.route("/invoice_cloud/pick/<int:pick_id>/poll", type="jsonrpc", auth="user")
    def poll(self, pick_id):
        """Wait some seconds for what a person does in the assistant's page; return ``follow`` of the visit,
        with ``trouble`` where the assistant couldn't be asked."""
        pick = request.env["fapiao.pick"].browse(pick_id).exists()
        if not pick:
            raise AccessError(request.env._("This visit is gone. Pick the fapiao again."))
        account = pick._own().account_id
        # nothing was written: end the transaction, so that none is open while it is waited
        request.env.cr.rollback()
        trouble = ""
        try:
            pick._listen(pick_id)
        except CloudError as error:
            trouble = account._say(error)
        request.env.invalidate_all()
        return {**pick.follow(), "trouble": trouble}
