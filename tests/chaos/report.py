"""How a run is shown: a table, what led to each finding, one line of JSON."""

import json
from collections import Counter

_MOST_STORIES = 12
_MUST_BE_ZERO = ("double", "lost", "needless", "open")
_WORDS = {
    "double": "invoices with more at the bureau than the books say",
    "lost": "fapiao that one side doesn't know, or knows otherwise",
    "needless": "tasks that wait for a person, though asking would settle them",
    "open": "tasks and invoices that never came to an end",
}


def is_sound(outcome) -> bool:
    """Tell whether nothing is there that must not be."""
    return not any(outcome.count(kind) for kind in _MUST_BE_ZERO)


def table(options, outcome, events, faults, notes, seconds) -> str:
    """Return the figures as lines of text."""
    rows = [
        ("seed", options.seed, "SEED= repeats what is drawn"),
        ("servers", options.servers, "one of them an hour ahead"),
        ("issued", outcome.issued, f"blue fapiao at the bureau, for {options.invoices} invoices"),
        ("red", outcome.red, f"red fapiao at the bureau, {options.reversals} reversals wanted"),
        ("events", events.count, _counted(events.done)),
        ("faults", faults, "answers that the cloud lost, garbled, delayed or lied in"),
        ("manual", outcome.manual, "tasks that wait for a person in the end"),
        *((kind, outcome.count(kind), _WORDS[kind]) for kind in _MUST_BE_ZERO),
        ("seconds", round(seconds), ""),
    ]
    lines = [f"{name:<10}{value:>8}  {text}".rstrip() for name, value, text in rows]
    told = Counter(notes).most_common(8)
    lines += ["", *(f"{count:>6} × {text}" for text, count in told)] if told else []
    return "\n".join(lines)


def stories(outcome, story) -> str:
    """Return what led to the first findings; *story* tells one."""
    shown = outcome.findings[:_MOST_STORIES]
    lines = [line for finding in shown for line in (*story(finding), "")]
    if more := len(outcome.findings) - len(shown):
        lines.append(f"… and {more} more")
    return "\n".join(lines)


def as_json(options, outcome, events, faults, seconds) -> str:
    """Return all of it as one line of JSON."""
    told = {
        "issued": outcome.issued,
        "red": outcome.red,
        "double": outcome.count("double"),
        "lost": outcome.count("lost"),
        "manual": outcome.manual,
        "needless": outcome.count("needless"),
        "open": outcome.count("open"),
        "events": events.count,
        "faults": faults,
        "seconds": round(seconds),
        "seed": options.seed,
        "ok": is_sound(outcome),
    }
    return json.dumps(told)


def _counted(kinds) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(kinds).items()))
