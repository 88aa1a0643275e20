"""Calls of several accounts in parallel: network in threads, everything else in the main thread.

Each account has its own line with its own threads, so that a hanging cloud doesn't block other accounts. Only
the main thread uses the database.
"""

import functools
import logging
import math
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from ...clouds import fence
from ...clouds.base import EFFECTS
from ...clouds.errors import CloudError, NotSent, OutcomeUnknown, RateLimited
from ...clouds.registry import open_cloud
from . import spool
from .fapiao_pace import QUESTION

_logger = logging.getLogger(__name__)

CLICK_CALL = 15  # seconds a question lasts at most, and the wait for a token, while a web worker waits
TOKEN_PAUSE = 0.2  # seconds between two looks whether another worker has fetched the token
TOKEN_LOOKS = 300
BREAK_AFTER = 3  # connection failures in a row before calls to a cloud are paused


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


class Line:
    """Progress of one account's turn."""

    def __init__(self, turn):
        self.turn = turn
        self.cloud = None
        self.asker = None  # for tokens and questions: of a click, which a worker waits for, they are short
        self.pool = None
        self.window = 0.0  # seconds from the claim in which its calls may start
        self.open = 0  # running calls
        self.answers = 0  # in the current batch
        self.claimed = 0
        self.looks = 0  # checks for a token that another worker fetches
        self.failures = 0  # connection failures in a row
        self.was_away = False  # according to the account
        self.is_over = False

    def close(self):
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)
        for cloud in {self.cloud, self.asker} - {None}:
            cloud.close()


class SideBySide:
    """One run over the turns of several accounts; see ``fapiao.engine._run``."""

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
        elif not line.looks and not self.engine._step(functools.partial(is_any_due, line.turn)):
            line.is_over = True
        elif self.engine._take_token_lease(line.turn.account_id, line.turn.part):
            # another worker may have fetched it since this client was opened
            self.engine._read_token(line.cloud, line.turn.account_id, line.turn.part)
            self._submit(line, None, functools.partial(prepare, line.asker))
        elif line.looks < TOKEN_LOOKS:
            line.looks += 1
            self._submit(line, None, functools.partial(time.sleep, TOKEN_PAUSE))
        else:
            self._postpone(line, token_busy())

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
            self.engine._leave_token_lease(turn.account_id, turn.part)
            self._record_failure(line, result)
            self._postpone(line, result)
        elif result is prepare:
            self.engine._keep_token(turn.account_id, line.cloud.slot, turn.part)
            self.engine._leave_token_lease(turn.account_id, turn.part)
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
                self.engine._step(functools.partial(note_reached, line.turn.account_id))
            return
        line.failures += 1
        if line.failures >= BREAK_AFTER:
            line.is_over = True
            self.engine._step(functools.partial(note_away, line.turn.account_id))

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


def hasty(config, seconds):
    """Return ``config`` with calls of ``seconds`` at most."""
    return replace(
        config,
        read_timeout=min(config.read_timeout, seconds),
        total_timeout=min(config.total_timeout, seconds),
    )


# ---------------------------------------------------------------------- in the threads


def token_busy():
    """Return the error of a call that isn't made, since another worker has been fetching the token for too long: the
    cloud doesn't answer."""
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


def is_any_due(turn, env):
    return bool(locked(turn, env))


def postpone(turn, error, env):
    for record in locked(turn, env):
        record._in_reader_language()._postpone(error)


def note_reached(account_id, env):
    env["fapiao.account"].browse(account_id)._record_cloud_reached()


def note_away(account_id, env):
    env["fapiao.account"].browse(account_id)._record_cloud_away()
