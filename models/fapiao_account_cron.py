"""Hourly look at every account: is the session still good, and how much of the credit line is left?

Asking has no effect at the cloud, so it needs no journal; what comes back is noted on the account.
"""

import logging

from odoo import api, fields, models

from ..clouds.errors import CloudError, PaceUsedUp
from .fapiao_pace import BACKGROUND

_logger = logging.getLogger(__name__)


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    @api.model
    def _cron_accounts(self):
        """Refresh credit line, session and face of every account; one that fails stops no other. First queue
        what the monthly look is to ask about."""
        self.env["fapiao"]._queue_looks()
        cron = self.env["ir.cron"]
        # A wrong password tried every hour gets the user locked at the cloud: a person's turn.
        askable = [("session_state", "!=", "credentials")]
        account_ids = self.search(askable, order="session_at NULLS FIRST, id").ids
        time_left = cron._commit_progress(remaining=len(account_ids))
        for account_id in account_ids:
            if not time_left:
                return
            self.browse(account_id)._refresh_or_note()
            time_left = cron._commit_progress(1)

    def _refresh_or_note(self):
        """Refresh from the cloud; whatever goes wrong is written on the account, never raised."""
        self.ensure_one()
        try:
            self._refresh_from_cloud(BACKGROUND)
        except PaceUsedUp:
            # its time isn't noted, so it comes first in the next hour
            _logger.info("Fapiao: no calls are left to refresh account %s", self.id)
        except CloudError as error:
            if not getattr(error, "need", None):  # a need is noted already, by whoever asked
                words = self._say(error)
                self._note_apart(lambda account: account._note_unreached(words))
        except Exception:
            # rolled back, so that the next account starts in a sound transaction
            self.env.cr.rollback()
            _logger.exception("Fapiao: account %s could not be refreshed", self.id)

    def _note_unreached(self, words):
        """Keep the words of an error that says nothing of the session, e.g. that the network was down."""
        self.write({"session_text": words, "session_at": fields.Datetime.now()})
