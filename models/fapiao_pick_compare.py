"""Whether the expense assistant has the same fapiao on a document as Odoo; a person asks."""

from odoo import models
from odoo.exceptions import UserError

from ..clouds import picking
from ..clouds.base import ASSISTANT_PART
from ..clouds.errors import CloudError


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    def action_fapiao_pick_compare(self):
        """Ask the assistant which fapiao lie on this document (19), and say what is here or there alone."""
        self.ensure_one()
        self._fapiao_pick_check_look()
        theirs = {ticket.fapiao.serial_no: ticket.fapiao for ticket in self._fapiao_pick_ask()}
        # sudo: an employee sees what lies on the own expense, whoever else may read fapiao
        confirmed = self.sudo().fapiao_match_ids.filtered(
            lambda match: match.state == "confirmed" and match.fapiao_id.serial_no
        )
        ours = {match.fapiao_id.serial_no: match.fapiao_id for match in confirmed}
        return self._fapiao_pick_say_difference(
            [ours[serial].display_name for serial in ours if serial not in theirs],
            [theirs[serial].number for serial in theirs if serial not in ours],
            len(ours),
        )

    # ------------------------------------------------------------------ private steps

    def _fapiao_pick_ask(self):
        """Return the ``picking.Ticket`` that the assistant has on this document; raises ``UserError``."""
        account = self.env["fapiao.account"]._assistant_of(self.company_id)
        account._check_assistant()
        visit = picking.Visit(
            user=account._assistant_user(self.env.user),
            key=account._assistant_key(self),
            number=account._assistant_number(self),
            company=self.company_id.name,
            tax_no=account.tax_no,
            rules=self.company_id._fapiao_pick_rules(),
        )

        def ask(cloud):
            return cloud.document_tickets(cloud.user_key(visit), visit.number)

        try:
            return self.env["fapiao.engine"]._ask(account, ask, ASSISTANT_PART)
        except CloudError as error:
            raise UserError(account._say(error)) from error

    def _fapiao_pick_say_difference(self, ours_alone, theirs_alone, count):
        parts = []
        if ours_alone:
            parts.append(
                self.env._("Here, but not at the assistant: %(numbers)s.", numbers=", ".join(ours_alone))
            )
        if theirs_alone:
            parts.append(
                self.env._("At the assistant, but not here: %(numbers)s.", numbers=", ".join(theirs_alone))
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if parts else "success",
                "sticky": bool(parts),
                "message": " ".join(parts)
                or self.env._("The assistant has the same fapiao on this document: %s.", count),
            },
        }
