"""How an answer moves a document from state to state; see ``fapiao_outbound`` for the states."""

from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..clouds import base, errors
from ..clouds.words import explain
from .fapiao_outbound import NO_ERROR

QUERY_SOON = timedelta(seconds=15)
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
MAX_RESENDS = 2  # an order the cloud twice claims not to know is looked at by a person
PENDING_LIMIT = timedelta(days=3)


class FapiaoOutbound(models.AbstractModel):
    _inherit = "fapiao.outbound"

    # ------------------------------------------------------------------ applying an answer

    def _apply_exchange(self, exchange):
        """Draw the conclusions from a recorded answer; runs in the engine's transaction."""
        self.ensure_one()
        self.env.cr.execute(
            SQL("SELECT id FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id)
        )
        self = self._in_reader_language()  # noqa: PLW0642
        meaning = exchange._meaning()
        self.env["fapiao.answer.text"]._note(self.account_id, exchange.operation, meaning)
        self._apply_meaning(exchange, meaning)

    def _apply_meaning(self, exchange, meaning):
        """Act on the ``meaning`` of an exchange: a value of the contract or a ``CloudError``."""
        if exchange.operation == base.FIND:
            self._apply_finding(meaning)
        elif not isinstance(meaning, errors.CloudError):
            self._accept(meaning)  # however late it comes: what exists at the bureau exists
        elif self.state == "sending" and exchange == self._last_attempt():
            self._apply_error(meaning)

    def _in_reader_language(self):
        """Return the record so that words stored on it are in the language of who will read them."""
        return self.with_context(lang=self._reader().lang or self.env.lang)

    def _reader(self):
        """Return the user for whom stored words are meant."""
        return self.create_uid

    def _last_attempt(self):
        return self.env["fapiao.exchange"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("operation", "=", self.operation)],
            limit=1,
        )

    def _apply_error(self, error):
        match error:
            case errors.NotSent():
                wait = getattr(error, "retry_after", None)
                self._try_later(error, wait and timedelta(seconds=wait))
            case errors.LoginRequired():
                self._become("waiting_login", error)
                self.account_id._note_need(error.need, error)
            case errors.Rejected():
                self._become("rejected", error)
            case _:
                self._become_unknown(error)

    def _apply_finding(self, meaning):
        """Act on the answer to a query by id. Only ``NotFound`` and ``Issued`` say anything; whatever
        else leaves the request as open as it was."""
        if self.state not in ("unknown", "pending", "manual"):
            return
        match meaning:
            case base.Issued() | base.Bill():
                if difference := self._adopt(meaning):
                    self._need_decision(
                        difference, self.env._("Compare both and decide; nothing is sent meanwhile.")
                    )
            case base.NotFound():
                self._apply_not_found(meaning)
            case base.Pending():
                self._wait_on()
            case errors.CloudError():
                if isinstance(meaning, errors.LoginRequired):
                    self.account_id._note_need(meaning.need, meaning)
                self._wait_on(meaning)

    def _apply_not_found(self, answer):
        """Believe "not found" only after the grace period: the bureau may show an order late."""
        if self.state == "manual":
            return
        if self.state == "pending" or not self._grace_is_over():
            self._wait_on()
        elif self.resends >= MAX_RESENDS:
            self._need_decision(
                self.env._("The cloud does not know this order, although it was sent several times."),
                self.env._("Ask the cloud's support about the request ID before anything else is sent."),
            )
        else:
            self._send_again()

    def _send_again(self):
        # the same id: should the first order show up after all, the cloud refuses the second
        self.write(
            {"state": "queued", "next_try_at": fields.Datetime.now(), "resends": self.resends + 1, "tries": 0}
        )
        self._wake_dispatcher()

    def _grace_is_over(self):
        grace = timedelta(minutes=self.account_id.grace_minutes)
        return fields.Datetime.now() >= (self.unknown_since or self.write_date) + grace

    # ------------------------------------------------------------------ reaching a state

    def _become(self, state, error=None):
        values = {"state": state, "lease_until": False, **(self._words_of(error) if error else NO_ERROR)}
        if state not in ("unknown", "pending"):
            values["unknown_since"] = False
        if state not in ("unknown", "pending", "queued"):
            values["next_try_at"] = False
        self.write(values)
        if state not in ("queued", "unknown", "pending"):
            self._settled()

    def _become_unknown(self, error, soon=QUERY_SOON):
        now = fields.Datetime.now()
        self.write(
            {
                **self._words_of(error),
                "state": "unknown",
                "lease_until": False,
                "tries": 0,
                "in_doubt": True,
                "unknown_since": now,
                "next_try_at": now + soon,
            }
        )
        self._wake_reconciler(at=now + soon)

    def _doubt_anew(self):
        """Put a record that a person was to decide on back among those that are asked about."""
        self._become_unknown(errors.OutcomeUnknown(), soon=timedelta(0))

    def _become_pending(self, text=""):
        now = fields.Datetime.now()
        self.write(
            {
                **NO_ERROR,
                "state": "pending",
                "cloud_text": text,
                "lease_until": False,
                "tries": 0,
                "unknown_since": now,
                "next_try_at": now + QUERY_SOON,
            }
        )
        self._wake_reconciler(at=now + QUERY_SOON)

    def _try_later(self, error, wait=None):
        """Back to the queue under the same id: the cloud never saw this attempt."""
        at = fields.Datetime.now() + (wait or self._backoff())
        self.write({**self._words_of(error), "state": "queued", "lease_until": False, "next_try_at": at})
        self._wake_dispatcher(at=at)

    def _wait_on(self, error=None):
        """Leave the outcome open and query again later, ever more patiently."""
        now = fields.Datetime.now()
        if self.state == "manual":
            return
        if now > (self.unknown_since or self.create_date) + PENDING_LIMIT:
            self._need_decision(
                self.env._("The cloud has given no result for three days."),
                self.env._(
                    "Look the order up in the cloud's own portal, then decide here what became of it."
                ),
            )
            return
        at = now + self._backoff()
        self.write({"next_try_at": at, **(self._words_of(error) if error else {})})
        self._wake_reconciler(at=at)

    def _need_decision(self, message, fix):
        self.write(
            {
                "state": "manual",
                "lease_until": False,
                "next_try_at": False,
                "error_message": message,
                "error_fix": fix,
            }
        )
        for record in self:
            record._settled()

    def _backoff(self):
        return min(BACKOFF_FIRST * 2 ** min(max(self.tries - 1, 0), 10), BACKOFF_LAST)

    def _words_of(self, error):
        """Return the error fields for ``error``: plain words first, the cloud's own beside them."""
        message, fix = explain(error)
        return {
            "error_message": self.env._(message),
            "error_fix": fix and self.env._(fix),
            "cloud_code": error.code,
            "cloud_text": error.text,
        }
