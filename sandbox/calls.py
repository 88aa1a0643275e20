"""The log of calls, and how many ran at once."""

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field

SECRET = {"pass", "password", "sms", "pin", "Authorization", "appSecret", "appSecuret", "apptoken"}
KEPT_KEYS = 600  # a 5,000-line form would make the log the biggest thing in memory


@dataclass
class CallEntry:
    cloud: str
    call: str
    tax_no: str = ""
    fpqqlsh: str = ""
    code: object = None
    text: str = ""
    status: int = 0
    faults: list = field(default_factory=list)
    form: dict = field(default_factory=dict)


class Calls:
    def __init__(self):
        self.lock = threading.Lock()
        self.clear()

    def clear(self):
        with self.lock:
            self.entries = deque(maxlen=10000)
            self.running = self.max_parallel = 0

    @contextmanager
    def record(self, cloud, call):
        with self.lock:
            self.running += 1
            self.max_parallel = max(self.max_parallel, self.running)
            entry = CallEntry(cloud, call)
            self.entries.append(entry)
        try:
            yield entry
        finally:
            with self.lock:
                self.running = max(0, self.running - 1)

    def of(self, call=None, fpqqlsh=None, tax_no=None, cloud=None):
        wanted = {"call": call, "fpqqlsh": fpqqlsh, "tax_no": tax_no, "cloud": cloud}
        with self.lock:
            return [
                entry
                for entry in self.entries
                if all(value in (None, getattr(entry, key)) for key, value in wanted.items())
            ]


def redacted(form):
    if len(form) > KEPT_KEYS:
        return {"…": f"{len(form)} keys"}
    return {key: "***" if key in SECRET else value for key, value in form.items()}
