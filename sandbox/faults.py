"""Faults on demand: which call goes wrong, how, and how often."""

import itertools
import random
from dataclasses import asdict, dataclass, field, replace

from . import misleading, wire
from .auth import expire
from .protocol import Refused, words

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
    match: dict  # form key → value: only these requests
    params: dict
    draws: random.Random = field(repr=False, default=None)
    fired: int = 0

    def strikes(self, call, form):
        if self.call not in ("*", call) or (self.times is not None and self.fired >= self.times):
            return False
        if any(form.get(key) != value for key, value in self.match.items()):
            return False
        if self.rate is not None and self.draws.random() >= self.rate:
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

    def add(self, call="*", kind=None, when=None, times=None, rate=None, seed=0, match=None, **params):
        """Plan a fault. Without `times` and `rate` it strikes once; `times=-1` always.

        `kind` may carry its moment: 'drop_after', 'http_500_before'. `params` go to the kind:
        seconds, status, text, code, text_class, megabytes, queries, reset, page.
        """
        kind, when = _split(kind, when)
        if params.get("text_class") not in (None, *misleading.CLASSES):
            raise ValueError(f"text_class is one of {', '.join(misleading.CLASSES)}")
        if times is None and rate is None:
            times = 1
        if times is not None and times < 0:
            times = None
        with self.lock:
            plan = (next(self.ids), call, kind, when, times, rate, match or {}, params)
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


def strike(cloud, exchange, fault, answer=None):
    """What a cloud says in its own words: its answer instead of, or after, the deed. None: as if there were no fault.

    The cloud's tables, by kind: FAULTS, text and code; EFFECTS, function(exchange, fault) that acts first, and whether
    the call then goes on; OWN, function(exchange, fault) that answers. FAULTS and OWN also by (call, kind). By call:
    ORDERS, function(exchange, fapiao) → what it answers to an order. NUMBERS are the keys of fapiao numbers.
    """
    kind, name, world = fault.kind, exchange.call.name, exchange.world
    if own := cloud.OWN.get((name, kind)) or cloud.OWN.get(kind):
        return own(exchange, fault)
    tell = cloud.ORDERS.get(name)
    if kind == "issuing" and fault.when == "before" and cloud.ORDERS:
        exchange.defer = fault
        return None
    if kind == "repeat":
        first = next(iter(world.issued(exchange.uid)), None)
        return tell(exchange, first) if tell and first else None
    if kind == "wrong_number":
        # The true answer, or without a deed that to another order, under another order's number.
        number = misleading.another(world, exchange.tax_no, exchange.uid)
        if number and answer is not None:
            answer.data = misleading.renumbered(answer.data, cloud.NUMBERS, number)
            return answer
        return tell(exchange, world.fapiao[number]) if number and tell else None
    if kind == "misleading":
        code, text = misleading.chosen(cloud.NAME, fault)
        raise Refused(text, code)
    if kind == "expired_token":
        # Token or user key, whichever let the call in.
        for each in (exchange.token, exchange.user):
            expire(world, each)
    if kind in cloud.EFFECTS and cloud.EFFECTS[kind](exchange, fault):
        return None
    text, code = cloud.FAULTS.get((name, kind)) or cloud.FAULTS[kind]
    raise Refused(fault.params.get("text", text), fault.params.get("code", code))
