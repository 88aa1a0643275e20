"""Model ``fapiao.account``: red forms that were applied for elsewhere are looked for, where the cloud lists forms."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...clouds import base
from ...clouds.errors import CloudError
from ...rules.red_document import SIDES
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import BACKGROUND, QUESTION
from ..values import SHANGHAI, aware, beijing_today

_logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(days=1)
LOOK_BACK = timedelta(days=4)  # longer than a form waits for its confirmation
FIRST_LOOK_BACK = timedelta(days=30)


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"
    _fapiao_inputs = frozenset({"red_forms_daily"})

    has_red_list = fields.Boolean(compute="_compute_has_red_list")
    red_forms_daily = fields.Boolean(
        "Look for Red Forms",
        default=True,
        help="Ask the cloud every day for red forms that were applied for in the tax bureau's portal or by the other"
        " side. They show among the red forms, with what is to be done.",
    )
    red_forms_at = fields.Datetime("Red Forms As Of", readonly=True, copy=False)

    # ------------------------------------------------------------------ computes

    @api.depends("provider")
    def _compute_has_red_list(self):
        for account in self:
            words = account._words() if account.provider and account.base_url and account.tax_no else None
            account.has_red_list = bool(words and words.can(base.RED_LIST))

    # ------------------------------------------------------------------ actions

    def action_red_forms(self):
        """Ask the cloud for the red forms of the last days and show those that are open."""
        self.ensure_one()
        self._check_may_use()
        if not self.has_red_list:
            raise UserError(self.env._("This cloud has no list of red forms: look into the tax bureau's portal."))
        try:
            unknown = self._look_for_red_forms()
        except CloudError as error:
            self._record_need_in_new_transaction(error)
            raise UserError(self._error_message(error)) from error
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_red_form")
        action |= {"domain": [("account_id", "=", self.id), ("is_open", "=", True)], "context": {}}
        if not unknown:
            return action
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "message": self.env._(
                    "Red forms were found for fapiao that are not known here: %s. Pull or issue them first.",
                    ", ".join(unknown),
                ),
                "next": action,
            },
        }

    # ------------------------------------------------------------------ the look

    def _look_for_red_forms(self, purpose=QUESTION):
        """Ask for the forms of both sides and record them; return the numbers of originals not known here.

        Raises ``CloudError``; what was found is committed in a transaction of its own.
        """
        self.ensure_one()
        today = beijing_today()
        before = aware(self.red_forms_at)
        first = before.astimezone(SHANGHAI).date() - LOOK_BACK if before else today - FIRST_LOOK_BACK
        found = Engine(self.env)._ask(
            self,
            lambda cloud: [form for side in SIDES for form in cloud.red_forms(side, first, today)],
            purpose=purpose,
        )
        unique = list({form.number: form for form in found}.values())
        unknown = []
        self._record_in_new_transaction(lambda account: unknown.append(account._record_red_forms(unique)))
        return unknown[-1]

    def _record_red_forms(self, found):
        _forms, unknown = self.env["fapiao.red.form"]._record_elsewhere(self, found)
        self.red_forms_at = fields.Datetime.now()
        return unknown

    def _refresh_or_note(self):
        """With the hourly check, once a day."""
        super()._refresh_or_note()
        is_due = not self.red_forms_at or self.red_forms_at <= fields.Datetime.now() - LOOK_EVERY
        if not (is_due and self.red_forms_daily and self.has_red_list) or self._needs_person():
            return
        try:
            self._look_for_red_forms(BACKGROUND)
        except CloudError as error:
            # the next hour asks again
            _logger.info("Fapiao: red forms of account %s could not be listed: %s", self.id, error)
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Fapiao: red forms of account %s could not be recorded", self.id)
