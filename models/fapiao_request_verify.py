"""The number that an answer gives without saying whose fapiao it is: it is believed, and asked about a little later.

Such an answer can't be compared with what was ordered. Should the number be another order's, the fapiao that was issued
for this one would be missing here, and an invoice would show the wrong one.
"""

from datetime import timedelta

from odoo import models

from ..clouds import base, errors

VERIFY_AFTER = timedelta(minutes=5)  # a busy batch is over by then, and questions have a pace of their own


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    def _verify_later(self, issued):
        """Have the cloud asked by our ID, where its answer to the order has named no amounts."""
        if issued.total is None and self.kind == "blue":
            self.write({"watch_round": 0, "watch_at": self._now() + VERIFY_AFTER})

    def _verify(self, found):
        """Act on the answer about a request that counts as issued."""
        match found:
            case base.Issued() if self._knows(found.number):
                self.watch_at = False
            case base.Issued() if not self._difference(found, is_asked=True):
                self._correct_number(found)
            case base.Issued():
                self._alarm_unverified(found)
                self._watch_later()
            case errors.LoginRequired():
                self.account_id._note_need(found.need, found)
                self._watch_later()
            case _:
                # not shown yet, or not answered: it is asked about again after an hour, a day, a week and a month
                self._watch_later()

    def _correct_number(self, issued):
        """Put the fapiao that was issued for us in the place of the one that the first answer has named."""
        wrong = self.fapiao_ids
        if wrong.red_form_ids or any(fapiao.status != "normal" for fapiao in wrong):
            self._alarm_unverified(issued)
            return
        self.watch_at = False
        self.fapiao_ids = False
        wrong.filtered(lambda fapiao: not fapiao.request_ids).unlink()
        fapiao = self.env["fapiao"]._record_issued(self, issued)
        self._link_fact(fapiao)
        fapiao._queue_if_changed(issued)
        # what was left to a person because its number was taken may be settled now
        self.search([("account_id", "=", self.account_id.id), ("state", "=", "manual")])._watch()

    def _alarm_unverified(self, found):
        note = self.env._(
            "Request %(request)s counts as issued with %(known)s, but under its ID the cloud has %(found)s."
            " Compare them at the tax bureau.",
            request=self.request_uid,
            known=", ".join(self.fapiao_ids.mapped("number")),
            found=found.number,
        )
        self._alarm(self.env._("The fapiao's number may be wrong"), note)
