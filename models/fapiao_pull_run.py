"""Running a pull: announce it, start its task, turn its pages; each step in a transaction of its own.

A start is announced on the pull and journaled before the cloud is asked. Where its answer is lost, headers
are simply pulled by another task; a full one counts as used. A page is asked for while the one before is
brought into the pool, and pool and page number are committed together.
"""

import functools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..clouds import base, errors, inbound
from ..clouds.errors import CloudError, OutcomeUnknown
from .fapiao_pace import QUESTION
from .fapiao_pull import PACE_WAIT, PAGE_SIZE
from .fapiao_pull_pages import Place

_logger = logging.getLogger(__name__)

PAGE_LOT = 20


@dataclass(frozen=True)
class Claim:
    """A pull in the hands of one worker; holds no record.

    ``lease`` and ``parties`` (partner ids by tax number) are what is read once for all pages.
    """

    pull_id: int
    account_id: int
    company_id: int
    window: inbound.PullWindow
    task_no: str
    place: Place
    pause: int = 0
    asks_channel: bool = False
    lease: timedelta = timedelta()
    parties: dict = field(default_factory=dict, repr=False)


class FapiaoPull(models.Model):
    _inherit = "fapiao.pull"

    @api.model
    def _go_on(self, pull_id, seconds):
        """Go on with a pull for about ``seconds``; return whether it was ours to go on with.

        Whatever goes wrong is written on the pull, never raised.
        """
        engine = self.env["fapiao.engine"]
        claim = engine._step(functools.partial(claim_pull, pull_id))
        if not claim:
            return False
        until = time.monotonic() + seconds
        try:
            task_no = claim.task_no or self._start(claim)
            if task_no:
                self._turn_pages(claim, task_no, until)
        except CloudError as error:
            self._note_failure(claim, error)
        except Exception as error:
            _logger.exception("Fapiao: pull %s could not go on", pull_id)
            self._note_failure(claim, OutcomeUnknown(f"{type(error).__name__}: {error}"))
        return True

    # ------------------------------------------------------------------ starting

    @api.model
    def _start(self, claim):
        """Have the cloud begin a task and return its number; "" where the pull has to wait or has failed."""
        engine = self.env["fapiao.engine"]
        account = self.env["fapiao.account"].browse(claim.account_id)
        if claim.asks_channel:
            session = engine._ask(account, lambda cloud: cloud.bureau_session())
            account._note_apart(lambda account: account._note_channel(session))
            if session.needs_person:
                raise errors.LoginRequired(" ".join(filter(None, (session.text, session.url))))
        window = claim.window
        if not engine._step(functools.partial(on_pull, claim.pull_id, "_announce_start")):
            return ""
        try:
            task = engine._ask_journaled(
                account,
                base.PULL_START,
                {"kind": window.kind, "date_from": str(window.date_from), "date_to": str(window.date_to)},
                lambda cloud: cloud.start_pull(window),
                purpose="",  # counted with the announcement
            )
        except CloudError as error:
            engine._step(functools.partial(on_pull, claim.pull_id, "_note_not_started", error))
            account._note_need_apart(error)
            return ""
        engine._step(functools.partial(on_pull, claim.pull_id, "_note_started", task.task_no))
        return task.task_no

    # ------------------------------------------------------------------ pages

    @api.model
    def _turn_pages(self, claim, task_no, until):
        """Ask for page after page over one connection; raises ``CloudError``."""
        account = self.env["fapiao.account"].browse(claim.account_id)
        self.env["fapiao.engine"]._ask(
            account,
            lambda cloud: self._take_pages(Reader(cloud, task_no, claim.pause), claim, until),
            purpose="",  # counted by the lot: the thread that asks has no transaction
        )

    @api.model
    def _take_pages(self, reader, claim, until):
        place = claim.place
        with (
            self.env["fapiao.engine"]._steps() as step,
            Allowance(step, claim.account_id) as allowance,
            ThreadPoolExecutor(1, thread_name_prefix="fapiao_pull") as ahead,
        ):
            coming = allowance.take() and ahead.submit(reader.page, place.page + 1)
            claim = step(functools.partial(prepared, claim))
            while coming:
                answer = self._answer_of(coming, place)
                if answer.is_running:
                    step(functools.partial(on_pull, claim.pull_id, "_note_slow", answer.text))
                    return
                place.turn(answer)
                is_enough = place.is_over or time.monotonic() >= until
                may_go_on = not is_enough and allowance.take()
                coming = may_go_on and ahead.submit(reader.page, place.page + 1)
                if not step(functools.partial(take_page, claim, reader.task_no, place, answer)):
                    return
            if not place.is_over:
                wait = PACE_WAIT if allowance.is_used_up else timedelta(0)
                step(functools.partial(on_pull, claim.pull_id, "_note_pause", wait))

    @api.model
    def _answer_of(self, coming, place):
        """Return the page that was asked for; a refusal behind the last page is an empty page."""
        try:
            return coming.result()
        except errors.Rejected:
            if place.may_be_over():
                return inbound.PullPage()
            raise

    # ------------------------------------------------------------------ a page's transaction

    def _take_page(self, claim, task_no, place, answer):
        """Bring a page into the pool and note it; return False where another worker was faster."""
        self.env.cr.execute(
            SQL(
                "SELECT FROM fapiao_pull WHERE id = %s AND COALESCE(page, 0) = %s AND task_no = %s"
                " AND state = 'running' FOR UPDATE",
                claim.pull_id,
                place.page - 1,
                task_no,
            ),
            log_exceptions=False,
        )
        if not self.env.cr.rowcount:
            return False
        rows = () if place.is_repeated else answer.rows
        unread = () if place.is_repeated else answer.unread
        loaded = self.env["fapiao"]._load(
            claim.company_id, claim.account_id, rows, claim.pull_id, claim.parties
        )
        self._note_page(claim, place, len(rows), loaded)
        pull = self.browse(claim.pull_id)
        if unread:
            pull._keep_unread(unread)
        if place.is_over:
            pull._finish()
        return True

    def _note_page(self, claim, place, count, loaded):
        """Past the ORM: it is done for each page, and nothing is computed from it."""
        self.env.cr.execute(
            SQL(
                """UPDATE fapiao_pull
                      SET page = %s, page_size = %s, page_digest = %s, total = %s, tries = 0, message = NULL,
                          row_count = COALESCE(row_count, 0) + %s, new_count = COALESCE(new_count, 0) + %s,
                          changed_count = COALESCE(changed_count, 0) + %s,
                          same_count = COALESCE(same_count, 0) + %s,
                          lease_until = now() AT TIME ZONE 'UTC' + %s
                    WHERE id = %s
                   RETURNING new_count""",
                *(place.page, place.size, place.digest, place.total, count),
                *(loaded.inserted, loaded.updated, loaded.unchanged, claim.lease, claim.pull_id),
            )
        )
        ((new_count,),) = self.env.cr.fetchall()
        self.env["fapiao"]._tell_planner(new_count - loaded.inserted, new_count)
        self.invalidate_model()


class Allowance:
    """The pages that may still be asked for, taken from the account's pace in lots; what is left is given
    back at the end. ``step``: as of ``fapiao.engine._steps``.
    """

    def __init__(self, step, account_id):
        self.step = step
        self.account_id = account_id
        self.left = 0
        self.is_used_up = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.left:
            self.step(functools.partial(give_back_pages, self.account_id, self.left))

    def take(self):
        """Return whether one more page may be asked for."""
        if not self.left:
            self.left = self.step(functools.partial(take_pages, self.account_id, PAGE_LOT))
        if not self.left:
            self.is_used_up = True
            return False
        self.left -= 1
        return True


class Reader:
    """Reads the pages of one task; runs in a thread and touches no record."""

    def __init__(self, cloud, task_no, pause):
        self.cloud = cloud
        self.task_no = task_no
        self.pause = pause

    def page(self, number):
        """Return page ``number``; raises ``CloudError``."""
        if self.pause and number > 1:
            time.sleep(self.pause)
        try:
            return self.cloud.pull_page(self.task_no, number, PAGE_SIZE)
        except CloudError:
            raise
        except Exception as error:
            _logger.exception("Fapiao: unforeseen failure in a page of a pull")
            raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error


# What the engine runs in transactions of its own; the environment is that transaction's.


def claim_pull(pull_id, env):
    return env["fapiao.pull"]._claim(pull_id)


def on_pull(pull_id, method, *args):
    *args, env = args
    return getattr(env["fapiao.pull"].browse(pull_id), method)(*args)


def take_pages(account_id, count, env):
    account = env["fapiao.account"].browse(account_id)
    return env["fapiao.pace"]._take(account, count, account._words().channel(base.PULL_PAGE))


def give_back_pages(account_id, count, env):
    account = env["fapiao.account"].browse(account_id)
    env["fapiao.pace"]._give_back(account, count, account._words().channel(base.PULL_PAGE), QUESTION)


def prepared(claim, env):
    lease = env["fapiao.account"].browse(claim.account_id)._lease()
    return replace(claim, lease=lease, parties=env["fapiao"]._parties(claim.company_id))


def take_page(claim, task_no, place, answer, env):
    return env["fapiao.pull"]._take_page(claim, task_no, place, answer)
