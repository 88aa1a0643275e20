"""Model ``fapiao.engine``: the only place that commits around remote calls.

Every call with an effect runs through the same steps, so that after a crash at any point the outcome can be
found under the same ID (docs/architecture.md#transactions):

prepare  fetch the access token, before anything is claimed
claim    lock the documents, write the log row ``sent`` with the frozen payload, commit
call     network only, not after the fence: no SQL, no lock, no ORM in the threads
record   write the raw answer to the log row, commit; to disk while the database is unavailable
apply    record the fapiao it names, commit; update the document, commit
recover  rows whose worker died are applied from the stored answer, or queried by the same ID
"""

import logging
import random
import time
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, models
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...clouds.base import RawAnswer, part_of
from ...clouds.errors import CloudError, OutcomeUnknown
from ...clouds.redact import redact
from ...clouds.registry import open_cloud
from . import spool
from .fapiao_pace import QUESTION
from .side_by_side import CLICK_CALL, Job, SideBySide, hasty, token_busy

_logger = logging.getLogger(__name__)

TRIES = 8
TOKEN_PATIENCE = 60  # seconds a call waits for another worker that fetches the token
TOKEN_PAUSE = 0.2


class FapiaoEngine(models.AbstractModel):
    _name = "fapiao.engine"
    _description = "Fapiao: transactions around remote calls"

    # ------------------------------------------------------------------ transactions

    @api.model
    def _step(self, work, cr=None):
        """Run ``work(env)`` in its own transaction, commit it and return the result.

        ``work`` is repeated after a serialization failure, so it must not make remote calls. It runs as
        superuser: the caller has checked the rights. ``cr``: see :meth:`_steps`.
        """
        for attempt in range(1, TRIES + 1):
            try:
                with committed(cr) if cr else self.env.registry.cursor() as own:
                    return work(api.Environment(own, SUPERUSER_ID, self._step_context()))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if attempt == TRIES:
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def _steps(self):
        """Yield ``step(work)``: :meth:`_step` for many steps in a row. Each has its own transaction, all
        share one connection, since borrowing one takes as long as a small step.
        """
        with self.env.registry.cursor() as cr:
            yield lambda work: self._step(work, cr)

    def _step_context(self):
        """Keep the language of the user who clicked; a background run uses the company's."""
        lang = self.env.context.get("lang")
        return {"lang": lang} if lang else {}

    @api.model
    def _after_commit(self, work):
        """Run ``work(engine)`` after the current transaction is committed.

        The HTTP layer repeats a handler on serialization failures; ``work`` runs once, after the last
        repetition. Its exceptions are logged and not raised, because the user's transaction is already
        committed.
        """
        registry, context = self.env.registry, self._step_context()

        def run():
            try:
                with registry.cursor() as cr:
                    work(api.Environment(cr, SUPERUSER_ID, context)["fapiao.engine"])
            except Exception:
                _logger.exception("Fapiao: the attempt after commit failed; the dispatcher carries on")

        self.env.cr.postcommit.add(run)

    # ------------------------------------------------------------------ the steps around a call

    @api.model
    def _run(self, turns, go_on=None):
        """Process the ``turns`` (:class:`~.side_by_side.Turn`) of several accounts in parallel.

        Without ``go_on`` each turn claims once. With it, each claims again until nothing is due or
        ``go_on(number of answers)`` returns false. Return the number of claimed calls.
        """
        return SideBySide(self, go_on).run(turns)

    def _call(self, start):
        """Start the calls of a committed claim."""
        start()

    def _record(self, job, answer):
        """Store the raw answer and commit, before it is interpreted."""
        self._step(lambda env: env["fapiao.call"].browse(job.call_id)._record(answer))

    def _record_or_keep(self, job, answer):
        """Record the answer, or write it to disk if that fails; return whether it is recorded."""
        try:
            self._record(job, answer)
        except Exception:
            path = spool.keep(self.env.cr.dbname, job.call_id, job.request_uid, answer)
            _logger.exception("Fapiao: an answer could not be recorded; it is kept in %s", path)
            return False
        return True

    def _apply(self, call_id):
        """Let the document process the recorded answer; the fapiao it names is recorded first, in its own
        step. An exception must not lose the answer: it is logged, the row stays ``answered`` and is applied
        again.
        """
        try:
            self._step(lambda env: env["fapiao.call"].browse(call_id)._take_facts())
            self._step(lambda env: env["fapiao.call"].browse(call_id)._apply())
        except Exception:
            _logger.exception("Fapiao: the answer in call %s could not be applied yet", call_id)

    @api.model
    def _record_kept(self):
        """Record and apply answers written to disk while the database was unavailable."""
        for path, call_id, request_uid, answer in list(spool.kept(self.env.cr.dbname)):
            record = _Kept(call_id, request_uid, answer)
            if self._step(record):
                self._apply(call_id)
            spool.forget(path)

    @api.model
    def _sweep_answers(self):
        """Apply recorded answers whose application failed, whatever the state of their document."""
        for call_id in self._step(lambda env: env["fapiao.call"]._claim_unapplied()):
            self._apply(call_id)

    # ------------------------------------------------------------------ calls without a document

    @api.model
    def _ask(self, account, question, part="", purpose=QUESTION):
        """Return ``question(cloud)`` for a call without effect; raises ``CloudError``.

        Reads and writes nothing in the caller's transaction; a renewed token is stored. ``part``: see
        :func:`~..clouds.base.part_of`. Each call is counted for ``purpose`` (``fapiao.pace``); with "" the
        caller counts.
        """
        config, slot = self._connection(account.id, part)
        patience = TOKEN_PATIENCE
        if is_click():
            patience = CLICK_CALL
            # a call with an effect keeps its timeout: if interrupted, its outcome would be unknown
            config = hasty(config, CLICK_CALL) if purpose else config
        pace = self.env["fapiao.pace"]
        with open_cloud(config, slot) as cloud:
            self._prepare(cloud, account.id, part, patience)
            if purpose:
                cloud.before_call = lambda channel: pace._spend(account, channel, purpose)
            try:
                return question(cloud)
            finally:
                self._keep_token(account.id, slot, part)

    @api.model
    def _ask_logged(self, account, operation, payload, question, purpose=QUESTION):
        """Return ``question(cloud)`` for a call that has an effect but no document, such as a log-in.

        Its row is committed before the call and closed after it: nothing is applied or repeated, so recovery
        skips it. ``payload`` is logged without secrets; of the answer only ``state`` and ``text`` are logged,
        never a code to scan. ``purpose``: see :meth:`_ask`; a call refused by the rate limit leaves no row.
        Raises ``CloudError``.
        """
        shown, part = redact(payload), part_of(operation)
        if purpose:
            # the caller's account may belong to a transaction that has ended
            channel = self._step(lambda env: env["fapiao.account"].browse(account.id)._words(part).channel(operation))
            self.env["fapiao.pace"]._spend(account, channel, purpose)

        def claim(env):
            return env["fapiao.call"]._open(env["fapiao.account"].browse(account.id), operation, shown).id

        call_id = self._step(claim)
        job = Job(call_id, operation, shown)
        try:
            result = self._ask(account, question, part, purpose="")
            answer = RawAnswer(0, f"{result.state}: {result.text}")
        except CloudError as error:
            answer = error
        except Exception as error:
            _logger.exception("Fapiao: unforeseen failure in a call (%s)", operation)
            answer = OutcomeUnknown(f"{type(error).__name__}: {error}")
        self._record(job, answer)
        self._apply(call_id)
        if isinstance(answer, CloudError):
            raise answer
        return result

    # ------------------------------------------------------------------ the token

    def _connection(self, account_id, part):
        return self._step(lambda env: env["fapiao.account"].browse(account_id)._connection(part))

    def _take_token_lease(self, account_id, part=""):
        """Return whether this worker fetches the account's token now."""
        return self._step(lambda env: env["fapiao.account"].browse(account_id)._take_token_lease(part))

    def _leave_token_lease(self, account_id, part=""):
        self._step(lambda env: env["fapiao.account"].browse(account_id)._leave_token_lease(part))

    def _prepare(self, cloud, account_id, part="", patience=TOKEN_PATIENCE):
        """Provide a valid token before any call: one worker fetches it, the others wait up to ``patience``
        seconds.

        No transaction is open meanwhile. Raises ``CloudError``.
        """
        waited = 0.0
        while not cloud.is_ready():
            if self._take_token_lease(account_id, part):
                try:
                    # another worker may have fetched it since this client was opened
                    self._read_token(cloud, account_id, part)
                    cloud.prepare()
                    self._keep_token(account_id, cloud.slot, part)
                finally:
                    self._leave_token_lease(account_id, part)
                return
            if waited >= patience:
                raise token_busy()
            time.sleep(TOKEN_PAUSE)
            waited += TOKEN_PAUSE
            self._read_token(cloud, account_id, part)

    def _read_token(self, cloud, account_id, part=""):
        """Load the token that another worker has stored."""
        _config, stored = self._connection(account_id, part)
        cloud.slot.token, cloud.slot.expires_at = stored.token, stored.expires_at

    def _keep_token(self, account_id, slot, part=""):
        if slot.changed:
            self._step(lambda env: env["fapiao.account"].browse(account_id)._store_token(slot, part))
            slot.changed = False


def is_click():
    """Return whether the code runs in a web request, which occupies a worker until it ends."""
    return bool(request)


class _Kept:
    """Step that records an answer from disk; returns whether the row was waiting for it."""

    def __init__(self, call_id, request_uid, answer):
        self.call_id, self.request_uid, self.answer = call_id, request_uid, answer

    def __call__(self, env):
        call = env["fapiao.call"].browse(self.call_id).exists()
        if not call or (call.request_uid or "") != self.request_uid:
            return False
        if call.state not in ("sent", "lost"):
            return False
        call._record(self.answer)
        return True


@contextmanager
def committed(cr):
    """Commit the block's changes on ``cr``, or roll them back if it raises; the cursor stays open."""
    try:
        yield cr
        # the engine's own cursor, never that of a web request
        cr.commit()  # pylint: disable=invalid-commit
    except BaseException:
        if not cr.closed:
            cr.rollback()
        raise
