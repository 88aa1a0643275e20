"""The engine: the only place that commits around remote calls.

Every call with an effect runs through the same steps, so that after a crash at any point the outcome can be
found under the same ID (docs/architecture.md#transactions):

prepare  fetch the access token, before anything is claimed
claim    lock the documents, write the log row ``sent`` with the frozen payload, commit
call     network only, not after the fence: no SQL, no lock, no ORM in the threads
record   write the raw answer to the log row, commit; to disk while the database is unavailable
apply    record the fapiao it names, commit; update the document, commit
recover  rows whose worker died are applied from the stored answer, or queried by the same ID

Calls of several accounts run in parallel: network in threads, everything else in the main thread, which alone
uses the database. Each account has its own line with its own threads, so that a hanging cloud doesn't block
other accounts.
"""

import functools
import logging
import math
import random
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from odoo import SUPERUSER_ID, api
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...clouds import fence
from ...clouds.base import EFFECTS, RawAnswer, part_of
from ...clouds.errors import CloudError, NotSent, OutcomeUnknown, RateLimited
from ...clouds.redact import redact
from ...clouds.registry import open_cloud
from . import spool
from .fapiao_pace import QUESTION

_logger = logging.getLogger(__name__)

TRIES = 8
CLICK_CALL = 15  # seconds a question lasts at most, and the wait for a token, while a web worker waits
TOKEN_PATIENCE = 60  # seconds a call waits for another worker that fetches the token
TOKEN_PAUSE = 0.2  # seconds between two looks whether another worker has fetched the token
BREAK_AFTER = 3  # connection failures in a row before calls to a cloud are paused


class Engine:
    """Transactions around remote calls. Of ``env``, only database and language count."""

    def __init__(self, env):
        self.env = env

    # ------------------------------------------------------------------ transactions

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
                    work(Engine(api.Environment(cr, SUPERUSER_ID, context)))
            except Exception:
                _logger.exception("Fapiao: the attempt after commit failed; the dispatcher carries on")

        self.env.cr.postcommit.add(run)

    # ------------------------------------------------------------------ the steps around a call

    def _run(self, turns, go_on=None):
        """Process the ``turns`` (:class:`Turn`) of several accounts in parallel.

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

    def _record_kept(self):
        """Record and apply answers written to disk while the database was unavailable."""
        for path, call_id, request_uid, answer in list(spool.kept(self.env.cr.dbname)):
            if self._step(functools.partial(record_kept, call_id, request_uid, answer)):
                self._apply(call_id)
            spool.forget(path)

    def _sweep_answers(self):
        """Apply recorded answers whose application failed, whatever the state of their document."""
        for call_id in self._step(lambda env: env["fapiao.call"]._claim_unapplied()):
            self._apply(call_id)

    # ------------------------------------------------------------------ calls without a document

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
        with open_cloud(config, slot) as cloud:
            self._prepare(cloud, account.id, part, patience)
            if purpose:
                cloud.before_call = lambda channel: self._spend(account, channel, purpose)
            try:
                return question(cloud)
            finally:
                self._keep_token(account.id, slot, part)

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
            self._spend(account, channel, purpose)

        def open_call(env):
            return env["fapiao.call"]._open(env["fapiao.account"].browse(account.id), operation, shown).id

        call_id = self._step(open_call)
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

    def _spend(self, account, channel, purpose=QUESTION, calls=1):
        """Count ``calls`` calls of ``fapiao.pace``; raise ``PaceUsedUp`` if not all may start."""

        def spend(env):
            return env["fapiao.pace"]._spend(env["fapiao.account"].browse(account.id), channel, purpose, calls)

        if error := self._step(spend):
            raise error

    # ------------------------------------------------------------------ the token

    def _on_account(self, account_id, method, *args):
        """Call ``method`` of the account in a transaction of its own."""
        return self._step(lambda env: getattr(env["fapiao.account"].browse(account_id), method)(*args))

    def _connection(self, account_id, part):
        return self._on_account(account_id, "_connection", part)

    def _prepare(self, cloud, account_id, part="", patience=TOKEN_PATIENCE):
        """Provide a valid token before any call: one worker fetches it, the others wait up to ``patience``
        seconds.

        No transaction is open meanwhile. Raises ``CloudError``.
        """
        waited = 0.0
        while not cloud.is_ready():
            if self._on_account(account_id, "_take_token_lease", part):
                try:
                    # another worker may have fetched it since this client was opened
                    self._read_token(cloud, account_id, part)
                    cloud.prepare()
                    self._keep_token(account_id, cloud.slot, part)
                finally:
                    self._on_account(account_id, "_leave_token_lease", part)
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
            self._on_account(account_id, "_store_token", slot, part)
            slot.changed = False


# ---------------------------------------------------------------------- calls side by side


@dataclass(frozen=True)
class Job:
    """One claimed call: log row, operation, payload. Holds no record.

    ``not_after``: value of :func:`~..clouds.fence.now` after which it must not start.
    """

    call_id: int
    operation: str
    payload: dict = field(repr=False)
    request_uid: str = ""
    not_after: float = math.inf


@dataclass(frozen=True)
class Turn:
    """The work for one account.

    ``due`` names the method of ``model`` that locks the due records, ``claim`` the one that makes jobs of
    them. ``ids`` restricts them to those of a click. No call starts after ``until`` (of
    :func:`~..clouds.fence.now`).
    """

    model: str
    due: str
    claim: str
    account_id: int
    limit: int
    ids: tuple | None = None
    part: str = ""
    until: float = math.inf


@dataclass(eq=False)
class Line:
    """Progress of one account's turn."""

    turn: Turn
    cloud: object = None
    asker: object = None  # for tokens and questions: of a click, which a worker waits for, they are short
    pool: object = None
    window: float = 0.0  # seconds from the claim in which its calls may start
    open: int = 0  # running calls
    answers: int = 0  # in the current batch
    claimed: int = 0
    waited: float = 0.0  # seconds, for a token that another worker fetches
    failures: int = 0  # connection failures in a row
    was_away: bool = False  # according to the account
    is_over: bool = False

    def close(self):
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)
        for cloud in {self.cloud, self.asker} - {None}:
            cloud.close()


class SideBySide:
    """One run over the turns of several accounts; see :meth:`Engine._run`."""

    def __init__(self, engine, go_on=None):
        self.engine = engine
        self.go_on = go_on
        self.out = {}  # future → (line, job); without job the token is being fetched
        self.may_claim = True

    def run(self, turns):
        """Process the turns and return how many calls were claimed."""
        lines = [Line(turn) for turn in turns]
        try:
            for line in lines:
                self._guarded(line, self._begin)
            while self.out:
                done, _pending = wait(self.out, return_when=FIRST_COMPLETED)
                for future in done:
                    line, job = self.out[future]
                    self._guarded(line, self._take, job, future)
                    # not earlier: if this process is stopped, unrecorded answers are written to disk
                    del self.out[future]
        finally:
            self._close(lines)
        return sum(line.claimed for line in lines)

    # ------------------------------------------------------------------ one line

    def _guarded(self, line, work, *args):
        """Do ``work(line, …)``; on failure this line ends and the others continue."""
        try:
            work(line, *args)
        except Exception:
            line.is_over = True
            _logger.exception("Fapiao: account %s can't go on (%s)", line.turn.account_id, line.turn.model)

    def _begin(self, line):
        turn = line.turn
        try:
            config, slot = self.engine._connection(turn.account_id, turn.part)
        except CloudError as error:
            self._postpone(line, error)
            return
        line.cloud = line.asker = open_cloud(config, slot)
        if turn.until < math.inf:
            # a call with an effect keeps its time: cut off, it would be of unknown outcome
            line.asker = open_cloud(hasty(config, CLICK_CALL), slot)
        line.window = config.start_window
        line.pool = ThreadPoolExecutor(config.calls_at_once, thread_name_prefix="fapiao")
        self._continue(line)

    def _continue(self, line):
        """Fetch a token if there is none, else claim. Without anything to send no token is fetched."""
        if fence.now() > line.turn.until:
            line.is_over = True
        elif line.cloud.is_ready():
            self._claim(line)
        elif not line.waited and not self.engine._step(functools.partial(locked, line.turn)):
            line.is_over = True
        elif self._on_account(line, "_take_token_lease", line.turn.part):
            # another worker may have fetched it since this client was opened
            self.engine._read_token(line.cloud, line.turn.account_id, line.turn.part)
            self._submit(line, None, functools.partial(prepare, line.asker))
        elif line.waited < TOKEN_PATIENCE:
            line.waited += TOKEN_PAUSE
            self._submit(line, None, functools.partial(time.sleep, TOKEN_PAUSE))
        else:
            self._postpone(line, token_busy())

    def _on_account(self, line, method, *args):
        return self.engine._on_account(line.turn.account_id, method, *args)

    def _submit(self, line, job, work):
        self.out[line.pool.submit(work)] = (line, job)
        line.open += 1

    def _take(self, line, job, future):
        line.open -= 1
        if job is None:
            self._take_token(line, future.result())
            return
        answer = NotSent("The call was not started", "not_started") if future.cancelled() else future.result()
        if not self.engine._record_or_keep(job, answer):
            self._stop()
            return
        self.engine._apply(job.call_id)
        line.answers += 1
        self._record_failure(line, answer)
        if not line.open:
            self._end_of_batch(line)

    # ------------------------------------------------------------------ token and claim

    def _take_token(self, line, result):
        turn = line.turn
        if isinstance(result, CloudError):
            self._on_account(line, "_leave_token_lease", turn.part)
            self._record_failure(line, result)
            self._postpone(line, result)
        elif result is prepare:
            self.engine._keep_token(turn.account_id, line.cloud.slot, turn.part)
            self._on_account(line, "_leave_token_lease", turn.part)
            self._claim(line)
        else:
            self.engine._read_token(line.cloud, turn.account_id, turn.part)
            self._continue(line)

    def _postpone(self, line, error):
        """Store on the due records why they wait; nothing was claimed or sent."""
        line.is_over = True
        self.engine._step(functools.partial(postpone, line.turn, error))

    def _claim(self, line):
        if not self.may_claim or fence.now() > line.turn.until:
            return
        started = fence.now()  # before the transaction whose clock starts the lease
        jobs, line.was_away = self.engine._step(functools.partial(claim, line.turn))
        if not jobs:
            line.is_over = True
            return
        line.claimed += len(jobs)
        self.engine._call(functools.partial(self._start, line, jobs, started + line.window))

    def _start(self, line, jobs, not_after):
        for job in jobs:
            has_effect = job.operation in EFFECTS
            timed = replace(job, not_after=not_after if has_effect else math.inf)
            self._submit(line, timed, functools.partial(send, line.cloud if has_effect else line.asker, timed))

    def _end_of_batch(self, line):
        self.engine._keep_token(line.turn.account_id, line.cloud.slot, line.turn.part)
        answers, line.answers = line.answers, 0
        if line.is_over or not self.go_on:
            return
        if self.go_on(answers):
            self._continue(line)
        else:
            self.may_claim = False

    # ------------------------------------------------------------------ failures

    def _record_failure(self, line, answer):
        """Pause calls to a cloud after several connection failures in a row; resume once it answers."""
        is_away = not isinstance(answer, RateLimited) and (
            isinstance(answer, (NotSent, OutcomeUnknown)) and answer.http_status is None
        )
        if not is_away:
            line.failures = 0
            if line.was_away:
                line.was_away = False
                self._on_account(line, "_record_cloud_reached")
            return
        line.failures += 1
        if line.failures >= BREAK_AFTER:
            line.is_over = True
            self._on_account(line, "_record_cloud_away")

    def _stop(self):
        """Stop starting calls if answers can't be recorded. Answers of running calls are written to disk."""
        self.may_claim = False
        for future in self.out:
            future.cancel()

    def _close(self, lines):
        """Release threads and connections. After an interruption, write answers that still arrive to disk."""
        for future in self.out:
            future.cancel()
        for line in lines:
            line.close()
        for future, (_line, job) in self.out.items():
            if job is None:
                continue
            is_cancelled = future.cancelled()
            answer = NotSent("The call was not started", "not_started") if is_cancelled else future.result()
            spool.keep(self.engine.env.cr.dbname, job.call_id, job.request_uid, answer)


def is_click():
    """Return whether the code runs in a web request, which occupies a worker until it ends."""
    return bool(request)


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


def hasty(config, seconds):
    """Return ``config`` with calls of ``seconds`` at most."""
    return replace(
        config,
        read_timeout=min(config.read_timeout, seconds),
        total_timeout=min(config.total_timeout, seconds),
    )


# ---------------------------------------------------------------------- in the threads


def token_busy():
    """Return the error of a call that isn't made: another worker has been fetching the token for too long."""
    return NotSent("Another worker is still waiting to be let in", "token_busy")


def send(cloud, job):
    """Make one call; runs in a thread and uses no record.

    An exception outside the contract is a bug in the client *after which it isn't known* whether the call was
    sent: it counts as an unknown outcome, never as a failure.
    """
    try:
        with fence.until(job.not_after):
            fence.check()
            return cloud.send(job.operation, job.payload)
    except fence.TooLate as error:
        return NotSent(str(error), "too_late")
    except CloudError as error:
        return error
    except Exception as error:
        _logger.exception("Fapiao: unforeseen failure in a call (%s)", job.operation)
        return OutcomeUnknown(f"{type(error).__name__}: {error}")


def prepare(cloud):
    """Fetch a token; return the error, or this function if there is a token."""
    try:
        cloud.prepare()
    except CloudError as error:
        return error
    return prepare


# ------------------------------------------------------------------ steps of the engine


def record_kept(call_id, request_uid, answer, env):
    """Record an answer from disk; return whether the row was waiting for it."""
    call = env["fapiao.call"].browse(call_id).exists()
    is_waiting = bool(call) and (call.request_uid or "") == request_uid and call.state in ("sent", "lost")
    if is_waiting:
        call._record(answer)
    return is_waiting


def claim(turn, env):
    account = env["fapiao.task.mixin"]._lock_account(turn.account_id)
    account._notice_restore()
    due = getattr(env[turn.model], turn.due)(account, turn.limit, turn.ids)
    jobs = getattr(due, turn.claim)(account)
    effects = [job.call_id for job in jobs if job.operation in EFFECTS]
    if effects:
        # before the calls are made: a restored backup knows fewer of them
        spool.mark(env.cr.dbname, account._database_identity(), max(effects))
    return jobs, bool(account.away_since)


def locked(turn, env):
    """Return the due records, locked; those that must not be sent change state. No call is counted."""
    account = env["fapiao.task.mixin"]._lock_account(turn.account_id)
    due = getattr(env[turn.model], turn.due)(account, turn.limit, turn.ids)
    account._give_back_pace(len(due), turn.part, due._purpose if turn.due == "_lock_to_send" else QUESTION)
    return due


def postpone(turn, error, env):
    for record in locked(turn, env):
        record._in_reader_language()._postpone(error)
