"""Faults on demand: which call goes wrong, how, and how often."""

import itertools
import random
from dataclasses import asdict, dataclass, field, replace

from . import misleading, wire
from .protocol import words

# Before acting unless told otherwise; all others after it: the effect has happened.
BEFORE = words("rate_limited echo expired_token session_lost face_due issuing not_found refused late")
AFTER = words("maybe_issued gateway_504 bureau_error no_number misleading repeat wrong_number delay")
KINDS = {**dict.fromkeys((*wire.KINDS, *AFTER), "after"), **dict.fromkeys(BEFORE, "before")}


@dataclass
class Fault:
    id: int
    call: str  # a call's name, or '*'
    kind: str
    when: str  # before | after acting
    times: int | None  # None: without end
    rate: float | None
    skip: int
    match: dict  # form key → value: only these requests
    params: dict
    draws: random.Random = field(repr=False, default=None)
    seen: int = 0
    fired: int = 0

    def strikes(self, call, form):
        if self.call not in ("*", call) or (self.times is not None and self.fired >= self.times):
            return False
        if any(form.get(key) != value for key, value in self.match.items()):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.rate is not None and self.draws.random() >= self.rate):
            return False
        self.fired += 1
        return True

    def __str__(self):
        return f"{self.kind}_{self.when}"

    def as_dict(self):
        return asdict(replace(self, draws=None))  # a generator can't be copied into JSON


class Faults:
    def __init__(self, lock):
        self.lock = lock
        self.planned = []
        self.ids = itertools.count(1)

    def add(self, call="*", kind=None, when=None, times=None, rate=None, seed=0, skip=0, match=None, **params):
        """Plan a fault. Without `times` and `rate` it strikes once; `times=-1` always.

        `kind` may carry its moment: 'drop_after', 'http_500_before'. `params` go to the kind:
        seconds, status, text, code, text_class, megabytes, queries, announce, reset, page.
        """
        kind, when = _split(kind, when)
        if params.get("text_class") not in (None, *misleading.CLASSES):
            raise ValueError(f"text_class is one of {', '.join(misleading.CLASSES)}")
        if times is None and rate is None:
            times = 1
        if times is not None and times < 0:
            times = None
        with self.lock:
            plan = (next(self.ids), call, kind, when, times, rate, skip, match or {}, params)
            self.planned.append(Fault(*plan, random.Random(seed)))
            return self.planned[-1]

    def clear(self, number=None):
        with self.lock:
            self.planned = [fault for fault in self.planned if number not in (None, fault.id)]

    def draw(self, call, form):
        """The faults of this call: every delay that strikes, and at most one other."""
        with self.lock:
            drawn, taken = [], False
            for fault in self.planned:
                if (fault.kind == "delay" or not taken) and fault.strikes(call, form):
                    drawn.append(fault)
                    taken = taken or fault.kind != "delay"
            return drawn


def _split(kind, when):
    for moment in ("before", "after"):
        if kind and kind.endswith(f"_{moment}") and kind.removesuffix(f"_{moment}") in KINDS:
            kind, when = kind.removesuffix(f"_{moment}"), moment
    if kind not in KINDS:
        raise ValueError(f"unknown fault kind {kind!r}; known: {', '.join(sorted(KINDS))}")
    if when not in (None, "before", "after"):
        raise ValueError(f"when is before or after, not {when!r}")
    return kind, when or KINDS[kind]
