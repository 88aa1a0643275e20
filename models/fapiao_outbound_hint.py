"""A hint that the cloud has news of a document: it is asked about sooner, and nothing else.

A hint may come while a call is out, even before the answer to the order itself. It is kept until the next
question is put, so that none is lost between a question and its answer.
"""

from odoo import fields, models

from .fapiao_outbound_answer import QUERY_SOON

OUT_STATES = ("queued", "sending")  # nothing to ask about until the order's own answer is in
ASKED_STATES = ("pending", "unknown")


class FapiaoOutbound(models.AbstractModel):
    _inherit = "fapiao.outbound"

    hinted_at = fields.Datetime(
        "News Since", readonly=True, copy=False, help="The cloud has said that there are news; not asked yet."
    )

    watch_at = fields.Datetime(readonly=True, copy=False)

    def _watch(self):
        self.write({"watch_at": fields.Datetime.now()})

    def _hint(self):
        """Ask about the records now, or as soon as the answer that is out has come; others stay alone."""
        heeding = self.filtered(lambda record: record.state in OUT_STATES + ASKED_STATES)
        heeding.write({"hinted_at": fields.Datetime.now()})
        heeding._ask_if_hinted()

    def _ask_if_hinted(self):
        due = self.filtered(lambda record: record.hinted_at and record.state in ASKED_STATES)
        if due:
            # patience starts anew: news may show in the cloud's answers a little later than in its hint
            due.write({"next_try_at": fields.Datetime.now(), "tries": 0})
            self._wake_reconciler()

    # ------------------------------------------------------------------ where a next try is set

    def _become_pending(self, text=""):
        result = super()._become_pending(text)
        self._ask_if_hinted()
        return result

    def _become_unknown(self, error, soon=QUERY_SOON):
        result = super()._become_unknown(error, soon)
        self._ask_if_hinted()
        return result

    def _wait_on(self, error=None):
        result = super()._wait_on(error)
        self._ask_if_hinted()
        return result

    def _claim_questions(self, account):
        jobs = super()._claim_questions(account)
        self.filtered("hinted_at").write({"hinted_at": False})
        return jobs
