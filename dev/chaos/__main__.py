"""`python -m dev.chaos OPTIONS`: one run, from an empty sandbox to the comparison of both ledgers."""

import json
import random
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ..say import Failure, say
from . import faults, ledger, passing, place, report, stories
from .events import Events
from .office import CLOUDS, Office
from .people import People
from .start import Options

_DAY_HOURS = 6  # no run lets more time pass than this
_ROUNDS = 14
_ROUND_MINUTES = 15
_ROUND_SECONDS = 30


def main(options: Options) -> int:
    """Run, print what came of it, and return the exit code."""
    print(f"chaos: SEED={options.seed}, {options}", flush=True)
    began = time.monotonic()
    with place.ready(options.servers) as ground:
        _stay_within_a_day(ground.sandbox)
        say(f"{options.invoices} invoices")
        office = Office(ground, options)
        people = People(ground, office)
        rounds = office.plan()
        events = Events(ground, options, sum(len(steps) for _cloud, steps in rounds))
        clock = passing.Clock(ground)
        faults.plan(ground.sandbox, random.Random(options.seed + 2))
        struck = _work(ground, office, people, rounds, events, clock)
        _settle(ground, people, clock)
        outcome = ledger.compare(ground, office.moves)
        seconds = time.monotonic() - began
        print(report.stories(outcome, lambda finding: stories.tell(ground, finding)))
        print(report.table(options, outcome, events, struck, people.notes, seconds))
        print(report.as_json(options, outcome, events, struck, seconds), flush=True)
    if report.is_sound(outcome):
        shutil.rmtree(ground.folder)
        return 0
    say(f"the logs are kept in {ground.folder}")
    return 1


def _stay_within_a_day(sandbox) -> None:
    """Let the bureau's clock, which will be moved on, not come to tomorrow before Odoo's does."""
    now = sandbox.look("clock")["now"]
    if int(now[11:13]) + _DAY_HOURS >= 24:
        sandbox.do("advance", hours=-_DAY_HOURS)


def _work(ground, office, people, rounds, events, clock) -> int:
    """Let everybody work while things go wrong, with time passing between *rounds*; return the faults."""
    ground.sandbox.do("set", latency=0.1)
    with ThreadPoolExecutor(2) as pool:
        background = [pool.submit(events.run), pool.submit(people.watch_sessions)]
        try:
            for cloud, steps in rounds:
                say(f"{len(steps)} steps through {CLOUDS[cloud]}")
                office.issue_through(cloud)
                people.work(steps, events.gate)
                events.wait_for_servers()
                clock.advance(_ROUND_MINUTES)
                say(f"{_ROUND_MINUTES} minutes pass: {passing.wait_while_due(ground, _ROUND_SECONDS)}")
            background[0].result()
            events.wait_for_servers()
        finally:
            people.home.set()
            events.stop()
    return faults.clear(ground.sandbox)


def _settle(ground, people, clock) -> None:
    """With faults off let time pass until nothing is open."""
    ground.sandbox.do("set", latency=0)
    say("faults are off")
    quiet = 0
    for number in range(_ROUNDS):
        clicked = people.finish()
        left = passing.wait_while_due(ground, _ROUND_SECONDS)
        say(f"round {number + 1}: {clicked} clicked, open: {left or 'nothing'}")
        quiet = 0 if clicked or left else quiet + 1
        if quiet > 1:
            break
        clock.advance(_ROUND_MINUTES)


def _end(number, _frame):
    sys.exit(128 + number)


if __name__ == "__main__":
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)  # as an exception, so that whatever was started is stopped
    threading.excepthook = lambda args: say(f"{args.thread.name}: {args.exc_value!r}")
    try:
        sys.exit(main(Options(**json.loads(sys.argv[1]))))
    except Failure as failure:
        sys.exit(f"The run failed: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
