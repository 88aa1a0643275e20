"""One round of polling many visits to the expense assistant in parallel.

Polls and downloads run in threads; the main thread makes every step in the database. A message is stored
(committed), applied (committed) and then acknowledged.
"""

import functools
import logging
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ...clouds.base import ASSISTANT_PAGES, ASSISTANT_PART
from ...clouds.errors import CloudError
from ...clouds.registry import open_cloud
from ..cloud.engine import hasty
from ..issuing.fapiao import fetch

_logger = logging.getLogger(__name__)

SIDE_BY_SIDE = 32  # visits in one round
GLIMPSE = 1  # duration of a poll in seconds for what follows a message
PAUSE = 2  # seconds between two polls, also if the cloud answers at once
MOST_AT_ONCE = 20  # messages of a visit processed in one round
TOKEN_TIME = 5  # maximum duration of fetching a token in seconds, since other accounts wait


@dataclass
class Visit:
    """State of polling one visit; holds no record."""

    id: int
    link_key: str = field(repr=False)
    line: object = field(default=None, repr=False)
    messages: int = 0
    message_id: int = 0
    message_key: str = ""


class Line:
    """The connections of an account: for polls, and for the content of messages, whose calls are counted later."""

    def __init__(self, account_id, config, slot):
        self.account_id, self.slot, self.calls = account_id, slot, []
        self.poller, self.fetcher = open_cloud(config, slot), open_cloud(config, slot)
        self.fetcher.before_call = self.calls.append

    def close(self):
        self.poller.close()
        self.fetcher.close()


class Round:
    def __init__(self, engine, wait):
        self.engine, self.wait = engine, wait
        self.out = {}  # future → (visit, what is done with its result)
        self.pool = None

    def run(self, claimed):
        """Poll ``claimed``, ``{account id: [Visit]}``, until none has a message left."""
        lines = []
        with ThreadPoolExecutor(max(1, sum(map(len, claimed.values()))), thread_name_prefix="fapiao-pick") as self.pool:
            try:
                for account_id, visits in claimed.items():
                    if line := self._open(account_id, visits):
                        lines.append(line)
                        for visit in visits:
                            visit.line = line
                            self._submit(visit, self._polled, poll, line.poller, visit.link_key, self.wait, PAUSE)
                self._take_all()
            finally:
                for future in self.out:
                    future.cancel()
        for line in lines:
            self._close(line)

    # ------------------------------------------------------------------ one account

    def _open(self, account_id, visits):
        """Return the connections of an account, with a valid token; None if it can't be called."""
        try:
            config, slot = self.engine._connection(account_id, ASSISTANT_PART)
            with open_cloud(hasty(config, TOKEN_TIME), slot) as cloud:
                self.engine._prepare(cloud, account_id, ASSISTANT_PART, patience=TOKEN_TIME)
            return Line(account_id, config, slot)
        except Exception as error:
            for visit in visits:
                self._end(visit, error)
            return None

    def _close(self, line):
        self.engine._keep_token(line.account_id, line.slot, ASSISTANT_PART)
        if counts := Counter(line.calls):
            self.engine._step(functools.partial(count_calls, line.account_id, counts))
        line.close()

    # ------------------------------------------------------------------ one visit

    def _submit(self, visit, then, work, *args):
        self.out[self.pool.submit(work, *args)] = (visit, then)

    def _take_all(self):
        while self.out:
            done, _pending = wait(self.out, return_when=FIRST_COMPLETED)
            for future in done:
                visit, then = self.out.pop(future)
                try:
                    then(visit, future.result())
                except Exception as error:
                    self._end(visit, error)

    def _polled(self, visit, message):
        if message is None:
            self._end(visit)
            return
        visit.messages += 1
        visit.message_key = message.id
        visit.message_id, serials = self.engine._step(lambda env: env["fapiao.pick"].browse(visit.id)._keep(message))
        if serials is None:
            self._acknowledge(visit)
        else:
            self._submit(visit, self._fetched, fetch_all, visit.line.fetcher, serials)

    def _fetched(self, visit, result):
        self.engine.env["fapiao.pick.message"].browse(visit.message_id)._decide(*result)
        self._acknowledge(visit)

    def _acknowledge(self, visit):
        """Send the receipt and poll for the next message; if it fails, the same message would come again."""
        message = self.engine.env["fapiao.pick.message"].browse(visit.message_id)
        if not message._acknowledge(visit.message_key) or visit.messages >= MOST_AT_ONCE:
            self._end(visit)
            return
        visit.line.calls.append(ASSISTANT_PAGES)
        self._submit(visit, self._polled, poll, visit.line.poller, visit.link_key, GLIMPSE)

    def _end(self, visit, error=None):
        """Release the visit, with the error if polling failed."""
        if error is not None and not isinstance(error, CloudError):
            _logger.error("Fapiao: visit %s could not be listened to", visit.id, exc_info=error)
        try:
            self.engine._step(lambda env: env["fapiao.pick"].browse(visit.id)._give_back(error))
        except Exception:
            # its lease expires, and the next round claims it
            _logger.exception("Fapiao: visit %s could not be given back", visit.id)


# ---------------------------------------------------------------------- in the threads


def poll(cloud, link_key, seconds, at_least=0):
    """Return a message or None; without a message last at least ``at_least`` seconds."""
    started = time.monotonic()
    message = cloud.poll(link_key, seconds)
    if message is None:
        time.sleep(max(0, at_least - (time.monotonic() - started)))
    return message


def fetch_all(cloud, serials):
    """Return ``(tickets, {serial number: [(kind, bytes)]})``; unavailable files are left out."""
    tickets = cloud.tickets(serials) if serials else ()
    files = {}
    for ticket in tickets:
        fapiao = ticket.fapiao
        wanted = {kind: getattr(fapiao, f"{kind}_address") for kind in ("pdf", "ofd", "xml")}
        found, *_problem = fetch(cloud, fapiao.number, None, {k: url for k, url in wanted.items() if url})
        if not found:
            addresses = {kind: getattr(fapiao, f"{kind}_address") for kind in ("image", "original_image")}
            if fapiao.image_address == fapiao.original_image_address:
                del addresses["original_image"]
            pictures, *_problem = fetch(cloud, fapiao.number, None, {k: url for k, url in addresses.items() if url})
            found.update(pictures)
        files[ticket.state.serial_no] = list(found.items())
    return tickets, files


def count_calls(account_id, counts, env):
    account = env["fapiao.account"].browse(account_id)
    for channel, calls in counts.items():
        env["fapiao.pace"]._take(account, calls, channel)
