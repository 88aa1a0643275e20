"""The whole state of the sandbox, behind one lock.

`with world.acting():` is the only way in: it locks, lets time do its work (lapsed forms,
fapiao accepted earlier) and, on the way out, writes what changed to the store.
"""
import itertools
import json
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

from . import defaults
from .assistant.levers import AssistantLevers
from .assistant.quirks import Quirks as AssistantQuirks
from .bureau import credit, issue, ledger, red
from .calls import Calls
from .clock import Clock
from .errors import RateLimited, Refused
from .faults import Faults
from .kingdee import queue
from .kingdee.inbound_levers import InboundLevers
from .kingdee.levers import KingdeeLevers
from .kingdee.quirks import Quirks as KingdeeQuirks
from .levers import Levers
from .piaodanyun.quirks import Quirks
from .records import dump
from .settings import Settings
from .store import Store


class World(Levers, KingdeeLevers, InboundLevers, AssistantLevers):
    def __init__(self, state_dir=None, empty=False):
        self.lock = threading.RLock()
        self.depth = 0
        self.dirty = {}
        self.url = ''               # where it is served, for the addresses it hands out
        self.stirred = threading.Event()    # something changed: for those who wait for it
        self.stopping = threading.Event()   # nobody is served any more: for those who wait
        self.clock = Clock()
        self.calls = Calls(self.clock)
        self.faults = Faults(self.lock)
        # Unused numbers even after a restart without a state folder.
        self.serials = itertools.count(int(time.time() * 100))
        self.form_serials = itertools.count(9_000_000_000 + int(time.time()) % 10**8 * 10)
        self._forget()
        self.store = Store(state_dir) if state_dir else None
        if self.store:
            self._read_store()
        if not empty and not self.taxpayers:
            self.populate()
        if not empty and not self.assistant_clients:
            self.populate_assistant()       # the state folder is older than the assistant

    def _forget(self):
        self.settings = Settings()
        self.piaodanyun = Quirks()
        self.kingdee = KingdeeQuirks()
        self.assistant = AssistantQuirks()
        self.tenants, self.taxpayers, self.tokens, self.tickets = {}, {}, {}, {}
        self.fapiao, self.requests, self.red_forms, self.pending = {}, {}, {}, {}
        self.buyers = {}            # tax number → name: whom the bureau knows
        self.paces = {}             # tax number → times of its issuing calls
        self.kingdee_tenants, self.kingdee_tokens, self.used_ids = {}, {}, {}
        self.bills, self.orders, self.deliveries = {}, {}, {}
        self.issuing = {}           # of the bills: those that wait for their time
        self.late = []              # moments and deeds, of calls that were lost and come after all: not kept
        # What others issued to us (bureau/inbound.py), and who is downloading it.
        self.batches, self.received, self.marks, self.inbound_tasks = {}, {}, {}, {}
        self.selections = {}        # task number → what it found: not kept, found again
        self.inbound_version = 0    # counts the changes of any pool
        self.assistant_clients, self.assistant_tokens, self.link_keys, self.user_keys = {}, {}, {}, {}
        self.slips, self.documents, self.letters, self.vouchers = {}, {}, {}, {}
        self.assistant_entries = {}
        self.sockets = {}           # session id → its state: not kept

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
                if self.depth == 0:
                    self._flush()

    def keep(self, record):
        self.dirty[record.table, record.key] = record

    def _settle(self):
        self._act_late()
        red.lapse(self)
        now = self.clock.now()
        for request in list(self.pending.values()):
            due = request.ready_at is not None and request.ready_at <= now
            if due or (request.queries_left is not None and request.queries_left <= 0):
                issue.finish(self, request)
        queue.settle(self)

    def postpone(self, seconds, deed):
        """Does it so many seconds of the clock from now, as soon as anybody asks anything."""
        with self.acting():
            self.late.append((self.clock.now() + timedelta(seconds=seconds), deed))

    def _act_late(self):
        now = self.clock.now()
        due = sorted((each for each in self.late if each[0] <= now), key=lambda each: each[0])
        self.late = [each for each in self.late if each[0] > now]
        for _moment, deed in due:
            try:
                deed()
            except (Refused, RateLimited):
                pass        # there is nobody to tell

    def _flush(self):
        changed, self.dirty = self.dirty, {}
        self.stirred.set()
        if self.store and changed:
            self.store.write([(kind, key, dump(record)) for (kind, key), record in changed.items()])

    # --- looking things up ---

    def taxpayer(self, tax_no):
        try:
            return self.taxpayers[tax_no]
        except KeyError:
            raise Refused(f'纳税人识别号{tax_no}未在平台授权') from None

    def user(self, tax_no, username=None):
        users = self.taxpayer(tax_no).users
        if username is None:
            username = next(iter(users))
        if username not in users:
            raise Refused('局端账号不存在或与税号不匹配')
        return users[username]

    def issued_count(self, fpqqlsh):
        """How many fapiao really exist for this order: the "exactly one" of tests."""
        return len(self.issued(fpqqlsh))

    def issued(self, fpqqlsh=None):
        """The fapiao of a request id, of a serial of Kingdee's red letter, or of a bill number."""
        with self.acting():
            return [fapiao for fapiao in self.fapiao.values()
                    if fpqqlsh is None or fpqqlsh in fapiao.orders]

    def is_shown(self, fapiao, lag=0):
        """Do queries find it by now? `lag` are the seconds this kind of query lags anyway."""
        lag = max(lag, self.settings.show_after)
        return self.clock.now() >= fapiao.issued_at + timedelta(seconds=lag)

    def ledger(self, tax_no=None):
        """What this seller issued, or every seller, as plain dicts."""
        with self.acting():
            return ledger.rows(self, tax_no)

    def credit_left(self, tax_no):
        with self.acting():
            return credit.left(self.taxpayer(tax_no), self.clock.now())

    def sms_code(self, tax_no=defaults.TAX_NO, username=None):
        """The code last sent to this person's phone."""
        with self.acting():
            return self.user(tax_no, username).sms_code

    @property
    def switches(self):
        return {'settings': self.settings, 'piaodanyun': self.piaodanyun, 'kingdee': self.kingdee,
                'assistant': self.assistant}

    @property
    def max_parallel(self):
        return self.calls.max_parallel

    def next_serial(self):
        return next(self.serials)

    def next_form_serial(self):
        return next(self.form_serials)

    def next_delivery(self):
        return max((each.number for each in self.deliveries.values()), default=0) + 1

    def close(self):
        with self.lock:
            if self.store:
                self.store.close()
                self.store = None

    # --- the state folder ---

    def _save_clock(self, now):
        self._keep_text('clock', self.clock.offset.total_seconds())
        return now

    def _keep_text(self, key, value):
        if self.store:
            self.store.write([('text', key, json.dumps(value, default=list))])

    def _read_store(self):
        shelves = {'tenant': self.tenants, 'taxpayer': self.taxpayers, 'fapiao': self.fapiao,
                   'request': self.requests, 'red_form': self.red_forms, 'token': self.tokens,
                   'ticket': self.tickets, 'kingdee_tenant': self.kingdee_tenants,
                   'kingdee_token': self.kingdee_tokens, 'kingdee_request_id': self.used_ids,
                   'kingdee_bill': self.bills, 'kingdee_order': self.orders,
                   'kingdee_delivery': self.deliveries, 'kingdee_inbound_task': self.inbound_tasks,
                   'received': self.received, 'received_batch': self.batches, 'inbound_mark': self.marks,
                   'assistant_client': self.assistant_clients, 'assistant_token': self.assistant_tokens,
                   'assistant_link': self.link_keys, 'assistant_user_key': self.user_keys,
                   'assistant_slip': self.slips, 'assistant_document': self.documents,
                   'assistant_message': self.letters, 'assistant_voucher': self.vouchers,
                   'assistant_entry': self.assistant_entries}
        for kind, key, record in self.store.read():
            if kind in shelves:
                shelves[kind][key] = record
            else:
                self._read_text(key, json.loads(record))
        self.buyers.update({each.tax_no: each.name for each in self.taxpayers.values()})
        # More than the clock's hundred numbers a second may have been used before the restart.
        used = (*(number[8:] for number in self.fapiao), *(number[11:] for number in self.orders))
        last = max(map(int, used), default=0)
        self.serials = itertools.count(max(last + 1, next(self.serials)))
        self.pending = {uid: each for uid, each in self.requests.items() if each.draft is not None}
        self.issuing = {key: each for key, each in self.bills.items() if each.state == 'issuing'}

    def _read_text(self, key, value):
        if key == 'clock':
            self.clock.offset = timedelta(seconds=value)
        elif key == 'buyers':
            self.buyers.update(value)
        else:
            switches = self.switches[key]
            for name, each in value.items():
                setattr(switches, name, tuple(each) if isinstance(each, list) else each)
