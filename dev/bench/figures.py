"""What was measured, whether it keeps what was promised, and how that is shown. Knows no Odoo."""

import json
import statistics
from dataclasses import dataclass, field

from ..say import Failure

ROWS = 100_000
LEAST_ROWS = 1000
LEAST_SHARE = 0.5  # of raw COPY and INSERT … ON CONFLICT, in rows a second
MOST_TIMES = 11.0  # the time for ten times as many rows
MOST_SECONDS = 1.0  # for a list, a search, a group


def count_of(rows: str) -> int:
    """Return the number in *rows*, 100,000 where there is none; raise Failure for what is no number."""
    text = rows.replace(",", "").replace("_", "")
    count = int(text) if text.isdecimal() else 0 if text else ROWS
    if count < LEAST_ROWS:
        raise Failure(f"ROWS={rows} is no number of rows from {LEAST_ROWS} on.")
    return count


@dataclass(frozen=True)
class Figure:
    """One measurement: ``seconds`` for ``rows``, the middle one of all ``runs``."""

    name: str
    seconds: float
    rows: int
    runs: tuple = ()
    note: str = ""

    @property
    def rate(self):
        """Return the rows a second."""
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Demand:
    """What was promised of a value: at least or at most ``limit``."""

    name: str
    text: str
    value: float
    limit: float
    is_least: bool = False
    unit: str = "×"

    @property
    def is_kept(self):
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    def sentence(self):
        """Return in plain words what was promised and what it is."""
        bound = "at least" if self.is_least else "at most"
        return f"{self.text} is {self.value:.3f}{self.unit}; promised is {bound} {self.limit:g}{self.unit}."


@dataclass
class Report:
    """All figures of a run by name, in the order in which they were taken, and the demands on them."""

    figures: dict = field(default_factory=dict)
    demands: list = field(default_factory=list)

    def add(self, name, runs, rows, note=""):
        """Add the figure of ``runs`` (seconds each) over ``rows`` and return it."""
        figure = Figure(name, statistics.median(runs), rows, tuple(runs), note)
        self.figures[name] = figure
        return figure

    def missed(self):
        """Return a sentence for each demand that isn't kept."""
        return [demand.sentence() for demand in self.demands if not demand.is_kept]


def pull_demand(pull, raw):
    """Return the demand on a pull against raw loading of the same rows (:class:`Figure` both)."""
    text = "The speed of the whole pull against raw COPY and INSERT … ON CONFLICT of the same rows"
    return Demand("pull_to_raw", text, pull.rate / raw.rate, LEAST_SHARE, is_least=True)


def growth_demand(large, small):
    """Return the demand on the time of a pull of ten times as many rows."""
    text = f"The time to pull {large.rows:,} rows against {small.rows:,}"
    return Demand("growth", text, large.seconds / small.seconds, MOST_TIMES)


def quick_demand(figure, key):
    """Return the demand on a list, a search or a group."""
    return Demand(key, f"{figure.name} over {figure.rows:,} rows", figure.seconds, MOST_SECONDS, unit=" s")


def table(report):
    """Return the figures as lines of text, then the demands."""
    lines = [f"{'':<26}{'rows':>12}{'seconds':>11}{'rows/s':>13}"]
    for figure in report.figures.values():
        runs = figure.runs
        spread = f"  {min(runs):.3f}–{max(runs):.3f} in {len(runs)} runs" if len(runs) > 1 else ""
        numbers = f"{figure.rows:>12,}{figure.seconds:>11.3f}{figure.rate:>13,.0f}"
        lines.append(f"{figure.name:<26}{numbers}{spread}  {figure.note}".rstrip())
    kept = [f"{'kept  ' if demand.is_kept else 'MISSED'}  {demand.sentence()}" for demand in report.demands]
    return "\n".join([*lines, "", *kept])


def as_json(report, **about):
    """Return all of it as one line of JSON."""
    figures, demands = {}, {}
    for name, figure in report.figures.items():
        seconds = {"seconds": round(figure.seconds, 4), "runs": [round(run, 4) for run in figure.runs]}
        figures[name] = {"rows": figure.rows, "rows_per_second": round(figure.rate), **seconds}
    for demand in report.demands:
        bound = {"limit": demand.limit, "bound": "min" if demand.is_least else "max"}
        demands[demand.name] = {"value": round(demand.value, 4), **bound, "kept": demand.is_kept}
    return json.dumps({**about, "figures": figures, "demands": demands, "ok": not report.missed()}, ensure_ascii=False)
