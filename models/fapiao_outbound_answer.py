"""How an answer moves a document from state to state; see ``fapiao_outbound`` for the states.

A document that has ended still listens: what exists at the bureau exists, whatever was decided here.
"""

from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..clouds import base, errors
from ..clouds.words import explain
from .fapiao_outbound import DEAD_STATES, NO_ERROR, OPEN_STATES

QUERY_SOON = timedelta(seconds=15)
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
MAX_RESENDS = 2  # an order the cloud twice claims not to know is looked at by a person
PENDING_LIMIT = timedelta(days=3)
# After its end a document that may have been sent is asked about again: the last of these is the last time
WATCH = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
NOT_SENT = ("not_sent", "rate_limited")
OUT_STATES = ("queued", "sending")  # nothing to ask about until the order's own answer is in
ASKED_STATES = ("pending", "unknown")


class FapiaoOutbound(models.AbstractModel):
    _inherit = "fapiao.outbound"

    # ------------------------------------------------------------------ applying an answer

    def _take_facts_from(self, exchange):
        """Record what a stored answer says to exist, before any conclusion is drawn from it."""

    def _apply_exchange(self, exchange):
        """Draw the conclusions from a recorded answer; runs in the engine's transaction."""
        self.ensure_one()
        self._lock_row()
        self = self._in_reader_language()  # noqa: PLW0642
        meaning = exchange._meaning()
        self.env["fapiao.answer.text"]._note(self.account_id, exchange.operation, meaning)
        self._apply_meaning(exchange, meaning)

    def _lock_row(self):
        self.env.cr.execute(
            SQL("SELECT id FROM %s WHERE id = %s FOR UPDATE", SQL.identifier(self._table), self.id)
        )

    def _apply_meaning(self, exchange, meaning):
        """Act on the ``meaning`` of an exchange: a value of the contract or a ``CloudError``."""
        if exchange.operation == base.FIND:
            self._apply_finding(meaning)
        elif not isinstance(meaning, errors.CloudError):
            self._accept(meaning)  # however late it comes: what exists at the bureau exists
        elif exchange != self._last_attempt():
            return
        elif self.state == "sending":
            self._apply_error(meaning)
        elif self.state == "unknown" and self._never_left(meaning):
            self.in_doubt = False
            self._apply_error(meaning)

    def _never_left(self, error):
        """Tell whether a late answer proves that no attempt has left: the last one says so, and so did each
        before it."""
        return isinstance(error, errors.NotSent) and not self._has_reached_cloud()

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
        if error.in_words_only and not isinstance(error, errors.Rejected):
            # no code vouches for it: the deed may have been done all the same
            if isinstance(error, errors.LoginRequired):
                self.account_id._note_need(error.need, error)
            self._become_unknown(error)
            return
        match error:
            case errors.NotSent():
                self._note_not_sent()
                self._try_later(error)
            case errors.LoginRequired():
                self._become("waiting_login", error)
                self.account_id._note_need(error.need, error)
            case errors.Rejected():
                self._become("rejected", error)
                self._watch_after_end()
            case _:
                self._become_unknown(error)

    def _note_not_sent(self):
        """Forget that an attempt was made where none of them has left."""
        if not self.in_doubt and not self._has_reached_cloud():
            self.was_sent = False

    def _has_reached_cloud(self):
        """Tell whether an attempt may have got as far as the cloud. What an answer says of it doesn't count: one that
        says "not read" has come from the cloud all the same."""
        return bool(
            self.env["fapiao.exchange"].search_count(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("operation", "=", self.operation),
                    "|",
                    "|",
                    ("outcome", "=", False),
                    ("outcome", "not in", NOT_SENT),
                    ("http_status", "!=", 0),
                ],
                limit=1,
            )
        )

    def _postpone(self, error):
        """The call could not even be prepared: this record was due, and nothing was claimed or sent."""
        if self.state == "queued":
            self.tries += 1
            self._apply_error(error)
        elif self.state in ASKED_STATES:
            self.tries += 1
            self._wait_on(error)
        else:
            self.watch_at = self._now() + BACKOFF_LAST

    def _apply_finding(self, meaning):
        """Act on the answer to a query by id. Only ``NotFound`` and ``Issued`` say anything; whatever
        else leaves the request as open as it was."""
        if self.state in DEAD_STATES:
            self._apply_finding_after_end(meaning)
            return
        if self.state == "issued":
            self._verify(meaning)
            return
        if self.state not in ("unknown", "pending", "manual"):
            return
        if isinstance(meaning, errors.LoginRequired):
            self.account_id._note_need(meaning.need, meaning)
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
                self._wait_on(meaning)

    def _apply_not_found(self, answer):
        """Believe "not found" only after the grace period: the bureau may show an order late."""
        if self.state == "manual":
            self._watch_later()
        elif self.state == "pending" or not self._grace_is_over():
            self._wait_on()
        elif self.resends >= MAX_RESENDS:
            self._need_decision(
                self.env._("The cloud does not know this order, although it was sent several times."),
                self.env._("Ask the cloud's support about the request ID before anything else is sent."),
            )
        else:
            self._send_again()

    def _send_again(self):
        # the same ID: should the first order show up after all, the cloud refuses the second
        if not self.account_id.active:
            self._end_with_account()
            return
        now = self._now()
        self.write(
            {
                "state": "queued",
                "next_try_at": now,
                "queued_at": now,
                "asked_first": True,
                "is_asking_first": False,
                "resends": self.resends + (1 if self.in_doubt else 0),
                "tries": 0,
            }
        )
        self._wake_dispatcher()

    def _end_with_account(self):
        """End an order that the cloud doesn't know, or was never sent: its account sends nothing any more."""
        self._become("withdrawn")
        self.write(
            {
                "error_message": self.env._(
                    "Not sent: account %s is archived.", self.account_id.display_name
                ),
                "error_fix": self.env._("Issue again by hand if it is still right."),
            }
        )
        self._watch_after_end()

    def _grace_is_over(self):
        grace = max(timedelta(minutes=self.account_id.grace_minutes), self.account_id._lease())
        return self._now() >= (self.unknown_since or self.write_date) + grace

    def _verify(self, found):
        """Compare what was found with what a record that counts as issued has led to, where a model wants it."""

    # ------------------------------------------------------------------ after the end

    def _apply_finding_after_end(self, meaning):
        """Act on the answer about a record that has ended: what exists is taken over, with an alarm where
        something else stands in its place."""
        match meaning:
            case errors.CloudError():
                if isinstance(meaning, errors.LoginRequired):
                    self.account_id._note_need(meaning.need, meaning)
                self.watch_at = self._now() + self._backoff()
                self._wake_reconciler(at=self.watch_at)
            case base.NotFound():
                self._note_absent()
            case _:
                self._revive(meaning)

    def _note_absent(self):
        """The cloud doesn't know the record: it is dead as far as that can be known today."""
        self._watch_later()

    def _revive(self, found):
        """Take over what was found for a record that has ended; a concrete model says how."""
        self._watch_later()

    def _watch_after_end(self):
        """Ask about an ended record again after an hour, a day, a week and a month, if it may have been sent."""
        for record in self.filtered("was_sent") if self._is_watched else ():
            record.write({"watch_round": 0, "watch_at": self._now() + WATCH[0]})

    def _watch_later(self):
        """Set the next of these times; after the last nothing more is asked."""
        following = self.watch_round + 1
        is_last = following >= len(WATCH) or not self._is_watched
        self.write(
            {
                "watch_round": following,
                "watch_at": False if is_last else self._now() + WATCH[following] - WATCH[self.watch_round],
            }
        )

    def _watch(self):
        """Ask about these ended records now: there is evidence that one of them has led to something."""
        ended = self.filtered(lambda record: record.state in (*DEAD_STATES, "manual"))
        if ended and self._is_watched:
            ended.write({"watch_at": self._now()})
            self._wake_reconciler()

    # ------------------------------------------------------------------ news

    def _hint(self):
        """Ask about the records now, or as soon as the answer that is out has come. A hint is kept until the next
        question is put, so that none is lost between a question and its answer."""
        heeding = self.filtered(lambda record: record.state in OUT_STATES + ASKED_STATES)
        heeding.write({"hinted_at": self._now()})
        heeding._ask_if_hinted()
        (self - heeding)._watch()

    def _ask_if_hinted(self):
        due = self.filtered(lambda record: record.hinted_at and record.state in ASKED_STATES)
        if due:
            # patience starts from the beginning: news may show in the cloud's answers a little later than in its hint
            due.write({"next_try_at": self._now(), "tries": 0})
            self._wake_reconciler()

    # ------------------------------------------------------------------ reaching a state

    def _become(self, state, error=None):
        words = self._words_of(error) if error else NO_ERROR
        values = {"state": state, "lease_until": False, "is_asking_first": False, **words}
        if state not in ("unknown", "pending"):
            values["unknown_since"] = False
        if state not in ("unknown", "pending", "queued"):
            values["next_try_at"] = False
        if state in OPEN_STATES or state == "issued":
            values["watch_at"] = False
        self.write(values)
        if state not in ("queued", "unknown", "pending"):
            self._settled()

    def _become_unknown(self, error, soon=QUERY_SOON):
        """Leave the outcome open: it is asked about by the same ID."""
        now = self._now()
        self.write(
            {
                **self._words_of(error),
                "state": "unknown",
                "lease_until": False,
                "tries": 0,
                "in_doubt": True,
                "is_asking_first": False,
                "unknown_since": now,
                "next_try_at": now + soon,
                "watch_at": False,
            }
        )
        self._wake_reconciler(at=now + soon)
        self._ask_if_hinted()

    def _doubt_anew(self):
        """Put a record that a person was to decide on back among those that are asked about."""
        self._become_unknown(errors.OutcomeUnknown(), soon=timedelta(0))

    def _become_pending(self, text=""):
        now = self._now()
        self.write(
            {
                **NO_ERROR,
                "state": "pending",
                "cloud_text": text,
                "lease_until": False,
                "tries": 0,
                "unknown_since": now,
                "next_try_at": now + QUERY_SOON,
                "watch_at": False,
            }
        )
        self._wake_reconciler(at=now + QUERY_SOON)
        self._ask_if_hinted()

    def _try_later(self, error):
        """Back to the queue under the same id: the cloud never saw this attempt, or says so."""
        is_token = isinstance(error, errors.TokenRefused) and self.tries <= 1
        told = timedelta(seconds=getattr(error, "retry_after", None) or 0)
        wait = timedelta(0) if is_token else told or self._backoff()
        at = self._now() + wait
        self.write({**self._words_of(error), "state": "queued", "lease_until": False, "next_try_at": at})
        self._wake_dispatcher(at=at)

    def _wait_on(self, error=None):
        """Leave the outcome open and query again later, ever more patiently."""
        now = self._now()
        if self.state == "manual":
            self._watch_later()
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
        self._ask_if_hinted()

    def _need_decision(self, message, fix):
        """Leave the record to a person. Meanwhile it is asked about now and then: a query may settle it."""
        for record in self:
            is_known = record.state == "manual" and record.error_message == message
            record.write(
                {
                    "watch_round": record.watch_round if is_known else 0,
                    "watch_at": self._is_watched and self._now() + WATCH[0],
                    "state": "manual",
                    "lease_until": False,
                    "next_try_at": False,
                    "error_message": message,
                    "error_fix": fix,
                }
            )
            if is_known:
                record._watch_later()
            else:
                record._settled()

    def _backoff(self):
        return min(BACKOFF_FIRST * 2 ** min(max(self.tries - 1, 0), 10), BACKOFF_LAST)

    @api.model
    def _words_of(self, error):
        """Return the error fields for ``error``: plain words first, the cloud's own beside them."""
        message, fix = explain(error)
        return {
            "error_message": self.env._(message),
            "error_fix": fix and self.env._(fix),
            "cloud_code": error.code,
            "cloud_text": error.text,
        }
