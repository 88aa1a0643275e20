"""The whole state of the sandbox, behind one lock.

`with world.acting():` is the only way in: it locks and lets time do its work (lapsed forms, fapiao
accepted earlier). With a state folder, all of it is read at the start and written at the end.
"""

import pickle
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from .assistant.levers import AssistantLevers
from .bureau import issue, red
from .calls import Calls
from .clock import Clock
from .faults import Faults
from .kingdee import callbacks
from .kingdee.levers import KingdeeLevers
from .levers import Levers
from .protocol import Refused, words
from .settings import AssistantQuirks, KingdeeQuirks, PiaodanyunQuirks, Settings

# Dictionaries of records, by what they are told apart.
SHELVES = words(
    "tenants taxpayers tokens tickets fapiao requests red_forms pending buyers "
    "kingdee_tenants used_ids bills deliveries issuing "
    # What others issued to us (bureau/inbound.py), and who is downloading it.
    "batches received marks inbound_tasks collected inbound_documents "
    "assistant_clients user_keys slips documents letters vouchers assistant_entries"
)
KEPT = (*SHELVES, "settings", "piaodanyun", "kingdee", "assistant", "serial", "form_serial")


class World(Levers, KingdeeLevers, AssistantLevers):
    def __init__(self, state_dir=None):
        self.lock = threading.RLock()
        self.depth = 0
        self.url = ""  # where it is served, for the addresses it hands out
        self.stopping = threading.Event()  # the server stops: for those who wait
        self.clock = Clock()
        self.calls = Calls()
        self.faults = Faults(self.lock)
        # Unused numbers even after a restart without a state folder.
        self.serial = int(time.time() * 100)
        self.form_serial = 9_000_000_000 + int(time.time()) % 10**8 * 10
        self._forget()
        self.state = Path(state_dir) / "world.pickle" if state_dir else None
        if self.state and self.state.exists():
            self._read()
        else:
            self.populate()

    def _forget(self):
        for shelf in SHELVES:
            setattr(self, shelf, {})
        self.settings, self.piaodanyun = Settings(), PiaodanyunQuirks()
        self.kingdee, self.assistant = KingdeeQuirks(), AssistantQuirks()
        # Not kept: deeds of calls that were lost and come after all, what tasks found, open sockets.
        self.late, self.selections, self.sockets = [], {}, {}

    # --- the lock, and what happens under it ---

    @contextmanager
    def acting(self):
        with self.lock:
            self.depth += 1
            try:
                if self.depth == 1:
                    self._settle()
                yield self
            finally:
                self.depth -= 1

    def _settle(self):
        now = self.clock.now()
        due = sorted((each for each in self.late if each[0] <= now), key=lambda each: each[0])
        self.late = [each for each in self.late if each[0] > now]
        for _moment, deed in due:
            try:
                deed()
            except Refused:
                pass  # there is no caller left to tell
        red.lapse(self)
        for request in list(self.pending.values()):
            due = request.ready_at is not None and request.ready_at <= now
            if due or (request.queries_left is not None and request.queries_left <= 0):
                issue.finish(self, request)
        callbacks.settle(self)

    def postpone(self, seconds, deed):
        """Does it so many seconds of the clock from now, as soon as anybody asks anything."""
        with self.acting():
            self.late.append((self.clock.now() + timedelta(seconds=seconds), deed))

    # --- looking things up ---

    def taxpayer(self, tax_no):
        if tax_no not in self.taxpayers:
            raise Refused(f"纳税人识别号{tax_no}未在平台授权")
        return self.taxpayers[tax_no]

    def user(self, tax_no, username=None):
        users = self.taxpayer(tax_no).users
        username = next(iter(users)) if username is None else username
        if username not in users:
            raise Refused("局端账号不存在或与税号不匹配")
        return users[username]

    def is_shown(self, fapiao, lag=0):
        """Do queries find it by now? `lag` are the seconds this kind of query lags anyway."""
        return self.clock.now() >= fapiao.issued_at + timedelta(seconds=max(lag, self.settings.show_after))

    @property
    def switches(self):
        return {name: getattr(self, name) for name in ("settings", "piaodanyun", "kingdee", "assistant")}

    @property
    def max_parallel(self):
        return self.calls.max_parallel

    def next_serial(self):
        self.serial += 1
        return self.serial

    # --- the state folder ---

    def close(self):
        if not self.state:
            return
        with self.lock:
            kept = {"offset": self.clock.offset, **{name: getattr(self, name) for name in KEPT}}
            self.state.parent.mkdir(parents=True, exist_ok=True)
            self.state.write_bytes(pickle.dumps(kept))

    def _read(self):
        # Written by a sandbox of this machine: the folder is ours.
        try:
            kept = pickle.loads(self.state.read_bytes())
        except (AttributeError, ImportError, EOFError, pickle.UnpicklingError) as error:
            raise SystemExit(f"SANDBOX: {self.state} is of another version; delete it ({error})") from None
        self.clock.offset = kept.pop("offset")
        vars(self).update(kept)
