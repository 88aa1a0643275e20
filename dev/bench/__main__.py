"""`python -m dev.bench DATABASE SANDBOX ROWS`: measure all of it and say what was promised and not kept."""

import os
import platform
import sys

from ..say import Failure, say
from . import figures, listing, matching, pulling, raw
from .world import World

RUNS = 3
_LARGER = 10


def main(db, sandbox_url, rows):
    """Run the measurements, print them and return the exit code."""
    report = figures.Report()
    world = World(db, sandbox_url)
    try:
        _measure(world, report, rows)
    except Failure:
        # what was measured before it isn't wrong
        print(figures.table(report), flush=True)
        raise
    return _tell(world, report, rows)


def _measure(world, report, rows):
    _warm_up(world)
    few = world.seed(rows)
    pulled = _pull_and_raw(world, few, report)
    # Before there are bills and vendors: ten times as many rows are to be all that differs.
    many = world.seed(_LARGER * rows)
    report.demands.append(figures.growth_demand(_pull_large(world, many, report), pulled))
    say("list, search and groups")
    world.maintain("VACUUM (ANALYZE)", "fapiao")
    for key, figure in listing.measure(world, many, report).items():
        report.demands.append(figures.quick_demand(figure, key))
    _match(world, report, rows)


def _warm_up(world):
    """Load what is loaded once: modules, connections, the token, the channel to the bureau."""
    batch = world.seed(1000)
    world.empty()
    pulling.pull(world, batch, [])


def _pull_and_raw(world, batch, report):
    """Pull into the empty pool and load the same rows raw, in turns; at last pull again what is there."""
    pulls, loads, repeats = [], [], []
    rows = None
    for run in range(1, RUNS + 1):
        say(f"pull of {batch.count:,} and the same raw, {run} of {RUNS}")
        if rows:
            _load_raw(world, batch, rows, loads)
        world.empty()
        pulling.pull(world, batch, pulls)
        world.check_pool(batch)
        if not rows:
            rows = raw.take_rows(world)
            _load_raw(world, batch, rows, loads)
    say("pull, again and again")
    before = world.written()
    for _run in range(RUNS):
        pulling.pull(world, batch, repeats, is_first=False)
    world.check_pool(batch)
    if world.written() != before:
        raise Failure("Pulling again has written to the pool.")
    pulled = report.add("Pull", pulls, batch.count)
    loaded = report.add("Raw COPY + ON CONFLICT", loads, batch.count)
    report.add("Pull again", repeats, batch.count)
    report.demands.append(figures.pull_demand(pulled, loaded))
    say(report.demands[-1].sentence())
    return pulled


def _match(world, report, rows):
    say("matching")
    batch = world.seed(rows)
    world.empty()
    pulling.pull(world, batch, [])
    matching.measure(world, report)


def _load_raw(world, batch, rows, runs):
    world.empty()
    raw.load(world, *rows, runs)
    world.check_pool(batch)


def _pull_large(world, batch, report):
    runs = []
    say(f"pull of {batch.count:,}")
    world.empty()
    pulling.pull(world, batch, runs)
    world.check_pool(batch)
    return report.add(f"Pull, {_LARGER} times as many", runs, batch.count)


def _tell(world, report, rows):
    ((version, fsync),) = world.query("SELECT current_setting('server_version'), current_setting('fsync')")
    print(figures.table(report))
    missed = report.missed()
    print("\n" + ("Not kept: " + " ".join(missed) if missed else "All that was promised is kept.") + "\n")
    about = {"rows": rows, "cores": os.cpu_count(), "python": platform.python_version()}
    print(figures.as_json(report, **about, postgresql=version, fsync=fsync), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    except Failure as failure:
        sys.exit(f"The bench failed: {failure}")
