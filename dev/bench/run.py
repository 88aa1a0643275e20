"""The bench: a database and a sandbox cloud of its own, all that is measured, and what was promised and not kept."""

import os
import platform

import odoo.init  # noqa: F401 - fills the namespace `odoo`

from .. import servers, setup
from ..say import Failure, say
from . import figures, measures
from .world import World

_LARGER = 10


def run() -> int:
    """Measure with ROWS headers (100,000) and ten times as many; return the exit code."""
    rows = figures.count_of(os.environ.get("ROWS", ""))
    with setup.ready() as tools, tools.databases.temporary("bench") as db, servers.sandbox(tools, "bench") as url:
        os.environ.update(tools.environment)
        world, report = World(db, url), figures.Report()
        try:
            _measure(world, report, rows)
        finally:
            # what was measured before a failure isn't wrong
            print(figures.table(report), flush=True)
        ((version, fsync),) = world.query("SELECT current_setting('server_version'), current_setting('fsync')")
    missed = report.missed()
    print("\n" + ("Not kept: " + " ".join(missed) if missed else "All that was promised is kept.") + "\n")
    about = {"rows": rows, "cores": os.cpu_count(), "python": platform.python_version()}
    print(figures.as_json(report, **about, postgresql=version, fsync=fsync), flush=True)
    return 1 if missed else 0


def _measure(world, report, rows):
    # modules, connections, the token, the channel to the bureau: loaded once
    _pull(world, world.seed(1000), [])
    pulled = _pull_and_raw(world, world.seed(rows), report)
    # Before there are bills and vendors: ten times as many rows are to be all that differs.
    runs, many = [], world.seed(_LARGER * rows)
    say(f"pull of {many.count:,}")
    _pull(world, many, runs)
    grown = report.add(f"Pull, {_LARGER} times as many", runs, many.count)
    report.demands.append(figures.growth_demand(grown, pulled))
    say("list, search and groups")
    world.maintain("VACUUM (ANALYZE)", "fapiao")
    for key, figure in measures.lists(world, many, report).items():
        report.demands.append(figures.quick_demand(figure, key))
    say("matching")
    _pull(world, world.seed(rows), [])
    measures.match(world, report)


def _pull_and_raw(world, batch, report):
    """Pull into the empty pool and load the same rows raw, in turns; at last pull again what is there."""
    pulls, loads, repeats = [], [], []
    for run in range(1, measures.RUNS + 1):
        say(f"pull of {batch.count:,} and the same raw, {run} of {measures.RUNS}")
        _pull(world, batch, pulls)
        rows = measures.take_rows(world)
        world.empty()
        measures.load(world, *rows, loads)
        world.check_pool(batch)
    say("pull, again and again")
    _pull(world, batch, [])
    before = world.written()
    for _run in range(measures.RUNS):
        measures.pull(world, batch, repeats, is_first=False)
    world.check_pool(batch)
    if world.written() != before:
        raise Failure("Pulling again has written to the pool.")
    pulled = report.add("Pull", pulls, batch.count)
    loaded = report.add("Raw COPY + ON CONFLICT", loads, batch.count)
    report.add("Pull again", repeats, batch.count)
    report.demands.append(figures.pull_demand(pulled, loaded))
    say(report.demands[-1].sentence())
    return pulled


def _pull(world, batch, runs):
    """Pull ``batch`` into the empty pool and append the seconds to ``runs``."""
    world.empty()
    measures.pull(world, batch, runs)
    world.check_pool(batch)
