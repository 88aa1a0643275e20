"""The one place that commits around remote calls.

Every call with an effect runs through the same five steps, so that whatever breaks in between, the
outcome can be found again under the same id (shared/odoo19.md, "Transaction rule"):

claim    lock the documents, write the journal row ``sent`` with the frozen payload, commit
call     the network and nothing else: no SQL, no lock, no ORM in the threads
record   write the raw answer to the journal row, commit
apply    let the document draw its conclusions from the row, commit
recover  rows whose worker died are replayed from the answer, or queried by the same id
"""

import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field

from odoo import SUPERUSER_ID, api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..clouds.base import RawAnswer, part_of
from ..clouds.errors import CloudError, OutcomeUnknown
from ..clouds.redact import redact
from ..clouds.registry import open_cloud
from .fapiao_pace import QUESTION

_logger = logging.getLogger(__name__)

TRIES = 8
TOKEN_LOCK = 20251  # names the advisory lock among those of other modules


@dataclass(frozen=True)
class Job:
    """One claimed call: which journal row, which operation, what to send. Holds no record."""

    exchange_id: int
    operation: str
    payload: dict = field(repr=False)


class FapiaoEngine(models.AbstractModel):
    _name = "fapiao.engine"
    _description = "Fapiao: transactions around remote calls"

    # ------------------------------------------------------------------ transactions

    @api.model
    def _step(self, work, cr=None):
        """Run ``work(env)`` in a transaction of its own, commit it and return what it returned.

        ``work`` may run several times: it's repeated when another transaction got in between, so it
        must not call out. It sees the database as superuser: the caller has checked the rights.
        ``cr``: see :meth:`_steps`.
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
        """Give ``step(work)``, which is :meth:`_step` for many in a row: each in a transaction of its own,
        all over one connection, since borrowing one takes as long as a small step.
        """
        with self.env.registry.cursor() as cr:
            yield lambda work: self._step(work, cr)

    def _step_context(self):
        """Keep the language of who waits for the words; a background run speaks the company's."""
        lang = self.env.context.get("lang")
        return {"lang": lang} if lang else {}

    @api.model
    def _after_commit(self, work):
        """Run ``work(engine)`` once the current transaction is safe in the database.

        The HTTP layer repeats a handler when transactions collide; what is registered here runs once,
        after the last repetition (shared/odoo19.md, trap 1). A failure in it is logged, never raised:
        the user's own work is already committed.
        """
        registry, context = self.env.registry, self._step_context()

        def run():
            try:
                with registry.cursor() as cr:
                    work(api.Environment(cr, SUPERUSER_ID, context)["fapiao.engine"])
            except Exception:
                _logger.exception("Fapiao: the attempt after commit failed; the dispatcher carries on")

        self.env.cr.postcommit.add(run)

    # ------------------------------------------------------------------ the five steps

    @api.model
    def _run(self, account_id, claim):
        """Claim with ``claim(env) -> [Job]``, call, record and apply; return how many were claimed."""
        jobs = self._step(claim)
        if jobs:
            for job, answer in self._call_side_by_side(account_id, jobs):
                self._record(job, answer)
                self._apply(job.exchange_id)
        return len(jobs)

    def _call_side_by_side(self, account_id, jobs):
        """Yield ``(job, answer)`` as answers come; an answer is a ``RawAnswer`` or a ``CloudError``."""
        part = part_of(jobs[0].operation)
        try:
            config, slot = self._connection(account_id, part)
            cloud = open_cloud(config, slot)
            self._prepare(cloud, account_id, part)
        except CloudError as error:
            yield from ((job, error) for job in jobs)
            return
        with cloud, ThreadPoolExecutor(config.calls_at_once, thread_name_prefix="fapiao") as pool:
            calls = {pool.submit(send, cloud, job): job for job in jobs}
            for call in as_completed(calls):
                yield calls[call], call.result()
        self._keep_token(account_id, slot, part)

    def _record(self, job, answer):
        """Commit the answer as it came, before anybody draws conclusions from it."""
        self._step(lambda env: env["fapiao.exchange"].browse(job.exchange_id)._record(answer))

    def _apply(self, exchange_id):
        """Let the document act on the recorded answer. A bug there must not lose the answer: it's
        logged, the row stays ``answered`` and the reconciler applies it again."""
        try:
            self._step(lambda env: env["fapiao.exchange"].browse(exchange_id)._apply())
        except Exception:
            _logger.exception("Fapiao: the answer in exchange %s could not be applied yet", exchange_id)

    # ------------------------------------------------------------------ calls without a document

    @api.model
    def _ask(self, account, question, part="", purpose=QUESTION):
        """Return ``question(cloud)`` for a call without effect; raises ``CloudError``.

        Reads nothing and writes nothing in the caller's transaction; a renewed token is stored. ``part``:
        see :func:`~..clouds.base.part_of`. Each call is counted for ``purpose`` (``fapiao.pace``), or by the
        caller where that is "".
        """
        config, slot = self._connection(account.id, part)
        pace = self.env["fapiao.pace"]
        with open_cloud(config, slot) as cloud:
            self._prepare(cloud, account.id, part)
            if purpose:
                cloud.before_call = lambda channel: pace._spend(account, channel, purpose)
            try:
                return question(cloud)
            finally:
                self._keep_token(account.id, slot, part)

    @api.model
    def _ask_journaled(self, account, operation, payload, question, purpose=QUESTION):
        """Return ``question(cloud)`` for a call with an effect on no document, such as a log-in.

        Its row is committed before the call and closed after it: there is nothing to apply and nothing
        to repeat, so recovery never meets it. ``payload`` is what the journal shows, secrets taken out;
        of the answer it keeps ``state`` and ``text``, never a code to scan. ``purpose``: see :meth:`_ask`; a
        call that the pace keeps back leaves no row. Raises ``CloudError``.
        """
        shown, part = redact(payload), part_of(operation)
        if purpose:
            channel = account._words(part).channel(operation)
            self.env["fapiao.pace"]._spend(account, channel, purpose)

        def claim(env):
            return env["fapiao.exchange"]._open(env["fapiao.account"].browse(account.id), operation, shown).id

        exchange_id = self._step(claim)
        job = Job(exchange_id, operation, shown)
        try:
            result = self._ask(account, question, part, purpose="")
            answer = RawAnswer(0, f"{result.state}: {result.text}")
        except CloudError as error:
            answer = error
        except Exception as error:
            _logger.exception("Fapiao: unforeseen failure in a call (%s)", operation)
            answer = OutcomeUnknown(f"{type(error).__name__}: {error}")
        self._record(job, answer)
        self._apply(exchange_id)
        if isinstance(answer, CloudError):
            raise answer
        return result

    def _connection(self, account_id, part):
        return self._step(lambda env: env["fapiao.account"].browse(account_id)._connection(part))

    def _prepare(self, cloud, account_id, part=""):
        """See to a good token before any call: one worker of all fetches it, the others wait and take it.

        The lock is advisory and held in a transaction that touches no row; it ends with the transaction.
        Raises ``CloudError``.
        """
        if cloud.is_ready():
            return
        with self.env.registry.cursor() as cr:
            cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", TOKEN_LOCK, account_id))
            # read in a step of its own: this transaction's snapshot is older than the wait
            _config, kept = self._connection(account_id, part)
            cloud.slot.token, cloud.slot.expires_at = kept.token, kept.expires_at
            cloud.prepare()
            self._keep_token(account_id, cloud.slot, part)

    def _keep_token(self, account_id, slot, part=""):
        if slot.changed:
            self._step(lambda env: env["fapiao.account"].browse(account_id)._store_token(slot, part))
            slot.changed = False


@contextmanager
def committed(cr):
    """Commit what the block does on ``cr``, or roll it back where it fails; the cursor stays open."""
    try:
        yield cr
        # a cursor of the engine's own, never a request's
        cr.commit()  # pylint: disable=invalid-commit
    except BaseException:
        if not cr.closed:
            cr.rollback()
        raise


def send(cloud, job):
    """Make one call; runs in a thread and touches no record.

    Whatever is not one of the contract's errors is a bug in the client *after which nobody knows*
    whether the call left: it counts as an unknown outcome, never as a failure.
    """
    try:
        return cloud.send(job.operation, job.payload)
    except CloudError as error:
        return error
    except Exception as error:
        _logger.exception("Fapiao: unforeseen failure in a call (%s)", job.operation)
        return OutcomeUnknown(f"{type(error).__name__}: {error}")
