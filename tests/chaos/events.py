"""What befalls the servers while people work: drawn by the seed, spread evenly over the work."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dev.say import say

from .office import PLENTY, TAX_NO

_KINDS = ("kill", "kill", "kill", "freeze", "freeze", "freeze", "postgres")
_CLOUD_KINDS = ("token", "session", "credit")
_LONG_FROM = 20  # so many events a run must have for a freeze that outlasts leases
_LONGEST_FREEZE = 400
_BACKLOG = 2  # people wait when more events than this are due


class Events:
    """The events of a run and how far it has come; *gate* is passed before each step of the work."""

    def __init__(self, place, options, steps: int):
        self._place = place
        self._options = options
        rng = random.Random(options.seed + 1)
        drawn = [rng.choice(_KINDS) for _event in range(options.events)]
        drawn[: len(set(_KINDS))] = ["kill", "freeze", "postgres"][: options.events]
        rng.shuffle(drawn)
        drawn[1:2] = ["freeze_long"] if options.events >= _LONG_FROM else drawn[1:2]
        for number in range(options.events // 3):
            kind = _CLOUD_KINDS[number % len(_CLOUD_KINDS)]
            drawn.insert(rng.randrange(len(drawn) + 1), kind)
        self._plan = [(kind, rng.random()) for kind in drawn]
        self._steps = steps
        self._passed = 0
        self._is_over = False
        self._turn = threading.Condition()
        self._aside = ThreadPoolExecutor(thread_name_prefix="event")
        self._going: list = []
        self.done: list[str] = []

    @property
    def count(self) -> int:
        """Return how many of those done were kills, freezes and restarts."""
        return sum(kind not in _CLOUD_KINDS for kind in self.done)

    # ------------------------------------------------------------------ pace

    def gate(self) -> None:
        """Count a step of the work, and hold it up where events are behind."""
        with self._turn:
            self._passed += 1
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._is_over or self._due() - len(self.done) <= _BACKLOG)

    def _due(self) -> int:
        return min((len(self._plan) + 1) * self._passed // self._steps, len(self._plan))

    def run(self) -> None:
        """Do the events as they become due, until all are done."""
        for kind, draw in self._plan:
            with self._turn:
                self._turn.wait_for(lambda: self._is_over or self._due() > len(self.done))
                if self._is_over:
                    return
            try:
                getattr(self, f"_{kind}")(draw)
            finally:
                with self._turn:
                    self.done.append(kind)
                    self._turn.notify_all()

    def stop(self) -> None:
        """Do nothing more, and hold nobody up."""
        with self._turn:
            self._is_over = True
            self._turn.notify_all()

    def wait_for_servers(self) -> None:
        """Wait until every server is back; raise what went wrong with one."""
        while self._going:
            self._going.pop().result()

    # ------------------------------------------------------------------ servers

    def _kill(self, draw) -> None:
        server = self._spare(draw)
        say(f"SIGKILL {server.name}")
        server.kill()
        self._continue(self._restart, server, 3 * draw)

    def _restart(self, server, pause) -> None:
        time.sleep(pause)
        server.start()
        server.wait_until_ready()

    def _freeze(self, draw) -> None:
        server = self._spare(draw)
        seconds = 1 + 7 * (draw * 10 % 1)
        say(f"SIGSTOP {server.name} for {seconds:.1f} s")
        server.freeze()
        self._continue(self._thaw_after, server, seconds)

    def _thaw_after(self, server, seconds) -> None:
        time.sleep(seconds)
        server.thaw()

    def _freeze_long(self, draw) -> None:
        """Freeze a server that has calls before it until the others have settled what it had taken."""
        server = self._spare(draw)
        deadline = time.monotonic() + 30
        while not (taken := self._sending()) and time.monotonic() < deadline:
            time.sleep(0.02)
        server.freeze()
        say(f"SIGSTOP {server.name} until others have taken over {len(taken)} requests")
        self._continue(self._thaw_late, server, taken)

    def _thaw_late(self, server, taken) -> None:
        deadline = time.monotonic() + _LONGEST_FREEZE
        while taken and time.monotonic() < deadline:
            time.sleep(2)
            still = "SELECT id FROM fapiao_request WHERE id IN %s AND state IN ('sending', 'unknown', 'queued')"
            taken = [row[0] for row in self._place.sql(still, tuple(taken))]
        say(f"SIGCONT {server.name}")
        server.thaw()

    def _sending(self):
        return [row[0] for row in self._place.sql("SELECT id FROM fapiao_request WHERE state = 'sending'")]

    def _spare(self, draw):
        """Return the server drawn, or the next that is up; wait until another one is as well."""
        while True:
            servers = self._place.servers
            ready = [server for server in servers if server.is_ready]
            if len(ready) > 1:
                drawn = servers[int(draw * len(servers))]
                return drawn if drawn in ready else ready[0]
            time.sleep(0.5)

    def _continue(self, work, *args) -> None:
        self._going.append(self._aside.submit(work, *args))

    # ------------------------------------------------------------------ database and cloud

    def _postgres(self, draw) -> None:
        mode = "fast" if draw < 0.5 else "immediate"
        say(f"PostgreSQL restarts ({mode})")
        self._place.postgres.restart(mode)

    def _token(self, _draw) -> None:
        say("every token expires")
        self._place.sandbox.do("expire_tokens")

    def _session(self, draw) -> None:
        state = "lost" if draw < 0.5 else "sms"
        say(f"the session with the bureau is {state}")
        self._place.sandbox.do("set_session", tax_no=TAX_NO, state=state)

    def _credit(self, draw) -> None:
        """The credit line is used up for some seconds: what is refused meanwhile is refused for good."""
        say("the credit line is used up for a while")
        self._place.sandbox.do("set_credit", tax_no=TAX_NO, total="1")
        time.sleep(1 + 2 * draw)
        self._place.sandbox.do("set_credit", tax_no=TAX_NO, total=PLENTY)
