"""Histories drawn at random, played against the addon: `make chaos HISTORIES=n`.

Each process has its own copy of the template database and its own sandbox clouds; what it plays is in
tests/stateful. Prints how it gets on, for each violation the shortest history that leads to it, and one line of
JSON with the sums. Exit code 1 on a violation.
"""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dev import setup
from dev.say import say

PLAYER = Path(__file__).resolve().parent.parent / "stateful/run.py"
PROCESSES = 2
APART = 1_000_000  # between the seeds of two processes


@dataclass
class Played:
    """What the processes have said: sums over all, and the violations in words."""

    histories: int = 0
    steps: int = 0
    violations: list = field(default_factory=list)
    seconds: float = 0.0
    counts: dict = field(default_factory=dict)
    broken: list = field(default_factory=list)  # processes that ended before their time, in words

    @property
    def is_good(self) -> bool:
        return not self.violations and not self.broken

    def line(self) -> str:
        """Return the line of JSON."""
        sums = {"histories": self.histories, "steps": self.steps, "violations": len(self.violations)}
        return json.dumps({**sums, "broken": len(self.broken), "seconds": round(self.seconds)})


def run(count: int, seed: int) -> int:
    """Play *count* histories on fresh copies of the template, print what came of it and return the exit code."""
    with setup.ready() as tools, ExitStack() as stack:
        names = [stack.enter_context(tools.databases.temporary(f"histories{n}")) for n in range(PROCESSES)]
        played = play(names, count, seed, sys.executable, tools.environment, say)
    for name, number in sorted(played.counts.items()):
        print(f"{number:>8}  {name}")
    for trouble in played.broken:
        print(trouble, file=sys.stderr)
    print(played.line())
    return 0 if played.is_good else 1


def play(names: list, count: int, seed: int, python, environment: dict, tell=lambda _text: None) -> Played:
    """Play *count* histories, shared among the databases *names*; *tell* is called with the progress."""
    played, started = Played(), time.monotonic()
    shares = [count // len(names) + (number < count % len(names)) for number in range(len(names))]
    players = [
        _Player(name, share, seed + APART * number, python, environment, played, tell)
        for number, (name, share) in enumerate(zip(names, shares, strict=True))
    ]
    try:
        for player in players:
            player.join()
    finally:
        for player in players:
            player.stop()
    played.seconds = time.monotonic() - started
    return played


class _Player(threading.Thread):
    """One process, and who listens to it."""

    lock = threading.Lock()

    def __init__(self, name, count, seed, python, environment, played, tell):
        super().__init__(name=name, daemon=True)
        self.played, self.tell = played, tell
        self.before = (0, 0)
        self.is_done = False
        command = [str(python), "-P", str(PLAYER), name, str(count), str(seed)]
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors = threading.Thread(target=self._read_errors, daemon=True)
        self.said = ""
        self.errors.start()
        self.start()

    def run(self):
        for line in self.process.stdout:
            with self.lock:
                self._take(json.loads(line))
        self.process.wait()
        self.errors.join()
        if not self.is_done:
            with self.lock:
                self.played.broken.append(f"exit code {self.process.returncode}\n{self.said[-4000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _read_errors(self):
        self.said = self.process.stderr.read()

    def _take(self, news):
        if "found" in news:
            now = (news["histories"], news["steps"])
            self.played.histories += now[0] - self.before[0]
            self.played.steps += now[1] - self.before[1]
            self.before = now
            if news["found"]:
                self.played.violations.append(news["found"])
                self.tell(f"violated, from seed {news['seed']}:\n{news['found']}")
            self.tell(f"{self.played.histories} histories, {len(self.played.violations)} violations")
        elif news.get("done"):
            self.is_done = True
            for name, number in news["counts"].items():
                self.played.counts[name] = self.played.counts.get(name, 0) + number
