"""The turn of one worker at a pull: starts its task and fetches pages, each step in a separate transaction.

A start is announced on the pull and logged before the call. After a lost answer headers are pulled by another task; a
full pull counts as used. A page is fetched while the previous one is loaded into the pool; pool and page number are
committed together.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from ...clouds import base, errors, inbound
from ...clouds.errors import CloudError, OutcomeUnknown
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import QUESTION
from .pool import Pool
from .pull_pages import Place

_logger = logging.getLogger(__name__)

PAGE_SIZE = 200  # docs/protocols/kingdee-inbound.md#limits
PAGE_LOT = 20
PACE_WAIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Claim:
    """A pull claimed by one worker; holds no record."""

    account_id: int
    company_id: int
    window: inbound.PullWindow
    task_no: str
    place: Place
    pause: int
    asks_channel: bool
    lease: timedelta


class PullRun:
    def __init__(self, env, pull_id):
        self.env = env
        self.engine = Engine(env)
        self.pull_id = pull_id

    def run(self, seconds):
        """Run the pull for about ``seconds``; return whether it could be claimed. Errors are stored on the pull."""
        self.claim = self._on_pull("_claim")
        if not self.claim:
            return False
        until = time.monotonic() + seconds
        self.account = self.env["fapiao.account"].browse(self.claim.account_id)
        try:
            if task_no := self.claim.task_no or self._start():
                # counted in batches, since the fetching thread has no transaction
                self.engine._ask(self.account, lambda cloud: self._take_pages(cloud, task_no, until), purpose="")
        except CloudError as error:
            self._record("_record_error", error)
        except Exception as error:
            _logger.exception("Fapiao: pull %s could not go on", self.pull_id)
            self._record("_record_error", _unforeseen(error))
        return True

    def _on_pull(self, method, *args, step=None):
        """Call a method of the pull in a separate transaction."""
        return (step or self.engine._step)(lambda env: getattr(env["fapiao.pull"].browse(self.pull_id), method)(*args))

    def _record(self, method, error):
        """Record ``error`` on the pull by ``method``, and on the account if a user must log in."""
        self.account._record_need_in_new_transaction(error)
        self._on_pull(method, error)

    def _start(self):
        """Start a task at the cloud and return its number; "" if the pull has to wait, has failed, or is done
        already, since the cloud has answered at once. What is in the cloud's pool needs no task.
        """
        window = self.claim.window
        if window.kind == inbound.POOL:
            return self._on_pull("_begin_pool")
        if self.claim.asks_channel:
            session = self.engine._ask(self.account, lambda cloud: cloud.bureau_session())
            self.account._record_in_new_transaction(lambda account: account._record_channel(session))
            if session.needs_person:
                raise errors.LoginRequired(" ".join(filter(None, (session.text, session.url))))
        if not self._on_pull("_announce_start"):
            return ""
        try:
            task = self.engine._ask_logged(
                self.account,
                base.PULL_START,
                {
                    "kind": window.kind,
                    "date_from": str(window.date_from),
                    "date_to": str(window.date_to),
                    **window.filters,
                },
                lambda cloud: cloud.start_pull(window),
                purpose="",  # counted with the announcement
            )
        except CloudError as error:
            self._record("_record_not_started", error)
            return ""
        if task.page is not None:
            self._on_pull("_take_whole", self.claim, task.page)
            return ""
        self._on_pull("_record_started", task.task_no)
        return task.task_no

    def _take_pages(self, cloud, task_no, until):
        """Fetch page after page over one connection; raises ``CloudError``."""
        claim, place = self.claim, self.claim.place
        with (
            self.engine._steps() as step,
            closing(Allowance(step, claim.account_id)) as allowance,
            ThreadPoolExecutor(1, thread_name_prefix="fapiao_pull") as ahead,
        ):
            coming = allowance.take() and ahead.submit(read_page, cloud, claim, task_no, place.page + 1)
            # partner ids by tax number, read once for all pages
            parties = step(lambda env: Pool(env, claim.company_id).parties())
            while coming:
                try:
                    answer = coming.result()
                except errors.Rejected:
                    if not place.may_be_over():
                        raise
                    answer = inbound.PullPage()
                if answer.is_running:
                    self._on_pull("_record_slow", answer.text, step=step)
                    return
                place.turn(answer)
                is_enough = place.is_over or time.monotonic() >= until
                may_go_on = not is_enough and allowance.take()
                coming = may_go_on and ahead.submit(read_page, cloud, claim, task_no, place.page + 1)
                if not self._on_pull("_take_page", claim, task_no, answer, parties, step=step):
                    return
            if not place.is_over:
                wait = PACE_WAIT if allowance.is_used_up else timedelta(0)
                self._on_pull("_record_pause", wait, step=step)


class Allowance:
    """The pages that may still be requested, taken in batches from the account's rate limit; the unused rest
    is given back at the end. ``step``: that of ``Engine._steps``.
    """

    def __init__(self, step, account_id):
        self.step = step
        self.account_id = account_id
        self.left = 0
        self.is_used_up = False

    def close(self):
        if self.left:
            self._on_pace("_give_back", self.left, QUESTION)

    def take(self):
        """Return whether one more page may be requested."""
        if not self.left:
            self.left = self._on_pace("_take", PAGE_LOT)
        if not self.left:
            self.is_used_up = True
            return False
        self.left -= 1
        return True

    def _on_pace(self, method, count, *purpose):
        def work(env):
            account = env["fapiao.account"].browse(self.account_id)
            channel = account._words().channel(base.PULL_PAGE)
            return getattr(env["fapiao.pace"], method)(account, count, channel, *purpose)

        return self.step(work)


def read_page(cloud, claim, task_no, number):
    """Return page ``number`` of a task or of the pool; raises ``CloudError``. Runs in a thread and uses no record."""
    if claim.pause and number > 1:
        time.sleep(claim.pause)
    try:
        if claim.window.kind == inbound.POOL:
            return cloud.pool_page(claim.window, number, PAGE_SIZE)
        return cloud.pull_page(task_no, number, PAGE_SIZE)
    except CloudError:
        raise
    except Exception as error:
        _logger.exception("Fapiao: unforeseen failure in a page of a pull")
        raise _unforeseen(error) from error


def _unforeseen(error):
    return OutcomeUnknown(f"{type(error).__name__}: {error}")
