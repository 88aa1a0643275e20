"""`make chaos`: what a run shall be like, from make's variables, and the run itself, from an empty sandbox to the
comparison of both ledgers."""

import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dev import setup
from dev.say import Failure, say

from . import faults, histories, ledger, passing, place, report, stories
from .events import Events
from .office import CLOUDS, Office
from .people import People

_DAY_HOURS = 6  # no run lets more time pass than this
_ROUNDS = 14
_ROUND_MINUTES = 15
_ROUND_SECONDS = 30


@dataclass(frozen=True)
class Options:
    """How large a run is. *events* counts kills, freezes and restarts; the seed decides all that is drawn."""

    seed: int
    invoices: int = 500
    reversals: int = 100
    events: int = 32
    servers: int = 3


_SHORT = {"invoices": 40, "reversals": 8, "events": 8, "servers": 2}
_LEAST = {"invoices": 2, "reversals": 0, "events": 0, "servers": 2}


def run(get=os.environ.get) -> int:
    """Run with the options that make's variables name; return the exit code. HISTORIES plays so many random histories
    (`histories.py`) instead of one run of several servers."""
    if count := get("HISTORIES"):
        seed = _number("seed", get("SEED") or str(random.randrange(1, 10**6)), 1)
        return histories.run(_number("histories", count, 1), seed)
    options = read(get)
    with setup.ready() as tools:
        return _play(options, tools.databases.template(), tools.environment)


def read(get) -> Options:
    """Return the options among the variables *get* knows; raise Failure for what is no number."""
    values = dict(_SHORT) if get("SHORT") else {}
    for name, least in _LEAST.items():
        if text := get(name.upper()):
            values[name] = _number(name, text, least)
    values["seed"] = _number("seed", get("SEED") or str(random.randrange(10**6)), 0)
    if values.get("reversals", Options.reversals) > values.get("invoices", Options.invoices):
        raise Failure("REVERSALS must not be more than INVOICES.")
    return Options(**values)


def _number(name: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise Failure(f"{name.upper()}={text} is no number from {least} on.")
    return int(text)


def _play(options: Options, template: str, environment: dict) -> int:
    """Run on a copy of *template*, print what came of it, and return the exit code."""
    print(f"chaos: SEED={options.seed}, {options}", flush=True)
    threading.excepthook = lambda args: say(f"{args.thread.name}: {args.exc_value!r}")
    began = time.monotonic()
    with place.ready(options.servers, template, environment) as ground:
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
