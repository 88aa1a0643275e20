"""The log of calls, and how many ran at once."""
import itertools
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

SECRET = {'pass', 'password', 'sms', 'pin', 'Authorization', 'appSecret', 'appSecuret', 'apptoken'}
KEPT_KEYS = 600     # a 5,000-line form would make the log the biggest thing in memory


@dataclass
class CallEntry:
    id: int
    cloud: str
    call: str
    at: str                     # the sandbox's clock
    started: float              # real seconds (time.time), for pacing
    ended: float = 0.0
    tax_no: str = ''
    fpqqlsh: str = ''
    parallel: int = 0           # calls under way when this one began, itself included
    code: object = None
    text: str = ''
    status: int = 0
    faults: list = field(default_factory=list)
    form: dict = field(default_factory=dict)
    shared: bool = False        # of the tenant's, such as logging in: counts for each of its tax numbers

    @property
    def outcome(self):
        return ' + '.join([*self.faults, f'{self.code} {self.text}'.strip()])

    def as_dict(self):
        return {**asdict(self), 'outcome': self.outcome}


class Calls:
    def __init__(self, clock):
        self.clock = clock
        self.lock = threading.Lock()
        self.clear()

    def clear(self):
        with self.lock:
            self.entries = deque(maxlen=10000)
            self.ids = itertools.count(1)
            self.running = 0
            self.max_parallel = 0

    @contextmanager
    def record(self, cloud, call):
        with self.lock:
            self.running += 1
            self.max_parallel = max(self.max_parallel, self.running)
            entry = CallEntry(next(self.ids), cloud, call, self.clock.now().isoformat(),
                              time.time(), parallel=self.running)
            self.entries.append(entry)
        try:
            yield entry
        finally:
            with self.lock:
                entry.ended = time.time()
                self.running = max(0, self.running - 1)

    def reset_parallel(self):
        with self.lock:
            self.max_parallel = self.running

    def of(self, call=None, fpqqlsh=None, tax_no=None, cloud=None):
        """Those of a tax number have the token calls among them."""
        with self.lock:
            return [entry for entry in self.entries
                    if call in (None, entry.call) and fpqqlsh in (None, entry.fpqqlsh)
                    and cloud in (None, entry.cloud)
                    and (tax_no in (None, entry.tax_no) or entry.shared)]

    def busiest(self, tax_no=None, cloud=None, seconds=60):
        """The most calls, of any kind, that began within so many seconds of the sandbox's clock."""
        moments = sorted(datetime.fromisoformat(entry.at) for entry in self.of(tax_no=tax_no, cloud=cloud))
        most, oldest = 0, 0
        for place, moment in enumerate(moments):
            while moment - moments[oldest] >= timedelta(seconds=seconds):
                oldest += 1
            most = max(most, place - oldest + 1)
        return most

    def pace(self, tax_no=None, cloud=None):
        """Calls a minute, cloud and tax number, each kind counted; token calls stand under no tax number."""
        minutes = {}
        for entry in self.of(tax_no=tax_no, cloud=cloud):
            key = entry.at[:16], entry.cloud, '' if entry.shared else entry.tax_no
            minutes.setdefault(key, Counter())[entry.call] += 1
        return [{'minute': minute, 'cloud': each, 'tax_no': number, 'calls': count.total(),
                 'by_call': dict(count)} for (minute, each, number), count in sorted(minutes.items())]


def redacted(form):
    if len(form) > KEPT_KEYS:
        return {'…': f'{len(form)} keys'}
    return {key: '***' if key in SECRET else value for key, value in form.items()}
