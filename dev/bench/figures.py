"""What was measured, whether it keeps what was promised, and how that is shown. Knows no Odoo."""

import json
import statistics
import unicodedata
from dataclasses import dataclass, field

LEAST_SHARE = 0.5  # of raw COPY and INSERT … ON CONFLICT, in rows a second
MOST_TIMES = 11.0  # the time for ten times as many rows
MOST_SECONDS = 1.0  # for a list, a search, a group


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
        value = f"{self.value:.3f}" if self.unit == " s" else f"{self.value:.2f}"
        return f"{self.text} is {value}{self.unit}; promised is {bound} {self.limit:g}{self.unit}."


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
    text = f"{figure.name} over {figure.rows:,} rows"
    return Demand(key, text, figure.seconds, MOST_SECONDS, unit=" s")


def table(report):
    """Return the figures as lines of text, then the demands."""
    rows = [("", "rows", "seconds", "rows/s", "")]
    for figure in report.figures.values():
        note = " ".join(filter(None, (_spread(figure.runs), figure.note)))
        rows.append((figure.name, f"{figure.rows:,}", f"{figure.seconds:.3f}", f"{figure.rate:,.0f}", note))
    lines = _aligned(rows)
    lines.append("")
    for demand in report.demands:
        lines.append(f"{'kept  ' if demand.is_kept else 'MISSED'}  {demand.sentence()}")
    return "\n".join(lines)


def as_json(report, **about):
    """Return all of it as one line of JSON."""
    figures = {
        name: {
            "rows": figure.rows,
            "seconds": round(figure.seconds, 4),
            "rows_per_second": round(figure.rate),
            "runs": [round(seconds, 4) for seconds in figure.runs],
        }
        for name, figure in report.figures.items()
    }
    demands = {
        demand.name: {
            "value": round(demand.value, 4),
            "limit": demand.limit,
            "bound": "min" if demand.is_least else "max",
            "kept": demand.is_kept,
        }
        for demand in report.demands
    }
    told = {**about, "figures": figures, "demands": demands, "ok": not report.missed()}
    return json.dumps(told, ensure_ascii=False)


def _spread(runs):
    if len(runs) < 2:
        return ""
    return f"{min(runs):.3f}–{max(runs):.3f} in {len(runs)} runs"


def _aligned(rows):
    """Return lines in columns, the first and the last to the left, numbers to the right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for first, *numbers, last in rows:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=False)]
        lines.append("  ".join([*cells, last]).rstrip())
    return lines


def _width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
