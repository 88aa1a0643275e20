"""The whole state of the sandbox behind one lock, and the controls over it.

`with world.acting():` is the only way in: it locks, lets time do its work (lapsed forms,
fapiao accepted earlier) and, on the way out, writes what changed to the store.
"""
import itertools
import json
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from . import defaults
from .bureau import credit, issue, red
from .calls import Calls
from .clock import Clock
from .errors import Refused
from .faults import Faults
from .piaodanyun.quirks import Quirks
from .records import BureauUser, Taxpayer, Tenant, Ticket, dump
from .settings import Settings
from .store import Store

SESSIONS = ('active', 'lost', 'sms', 'logged_out')


class World:
    def __init__(self, state_dir=None, empty=False):
        self.lock = threading.RLock()
        self.depth = 0
        self.dirty = {}
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

    def _forget(self):
        self.settings = Settings()
        self.piaodanyun = Quirks()
        self.tenants, self.taxpayers, self.tokens, self.tickets = {}, {}, {}, {}
        self.fapiao, self.requests, self.red_forms, self.pending = {}, {}, {}, {}
        self.buyers = {}            # tax number → name: whom the bureau knows
        self.paces = {}             # tax number → times of its issuing calls

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
        red.lapse(self)
        now = self.clock.now()
        for request in list(self.pending.values()):
            due = request.ready_at is not None and request.ready_at <= now
            if due or (request.queries_left is not None and request.queries_left <= 0):
                issue.finish(self, request)

    def _flush(self):
        changed, self.dirty = self.dirty, {}
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
        """How many fapiao really exist for this request id: the "exactly one" of tests."""
        with self.acting():
            request = self.requests.get(fpqqlsh)
            return request.count if request else 0

    def issued(self, fpqqlsh=None):
        with self.acting():
            return [fapiao for fapiao in self.fapiao.values()
                    if fpqqlsh in (None, fapiao.request)]

    @property
    def max_parallel(self):
        return self.calls.max_parallel

    def next_serial(self):
        return next(self.serials)

    def next_form_serial(self):
        return next(self.form_serials)

    # --- controls: each is reachable as POST /control/<name> too ---

    def populate(self):
        """The demo company and one buyer."""
        self.add_tenant(defaults.PHONE, defaults.PASSWORD, defaults.TENANT_ID)
        self.add_taxpayer(
            defaults.TAX_NO, defaults.NAME, defaults.USERNAME, defaults.TAX_PASSWORD,
            defaults.CREDIT_TOTAL, address=defaults.ADDRESS, bank=defaults.BANK,
            cert_pin=defaults.CERT_PIN)
        self.add_taxpayer(
            defaults.BUYER_TAX_NO, defaults.BUYER_NAME, defaults.BUYER_USERNAME,
            defaults.TAX_PASSWORD, defaults.CREDIT_TOTAL, region='44',
            address=defaults.BUYER_ADDRESS, bank=defaults.BUYER_BANK)

    def add_tenant(self, phone, password, tenant_id):
        with self.acting():
            tenant = self.tenants[phone] = Tenant(phone, password, int(tenant_id))
            self.keep(tenant)
            return tenant

    def add_taxpayer(self, tax_no, name, username, password, credit_total=defaults.CREDIT_TOTAL,
                     small_scale=False, tenant_id=defaults.TENANT_ID, region=None, address='',
                     bank='', session='active', cert_pin=''):
        with self.acting():
            taxpayer = Taxpayer(
                tax_no, name, tenant_id, Decimal(str(credit_total)), small_scale,
                region or (tax_no[2:4] if tax_no[2:4].isdigit() else '31'), address, bank)
            self.taxpayers[tax_no] = taxpayer
            self.buyers[tax_no] = name
            self.add_user(tax_no, username, password, session, cert_pin)
            return taxpayer

    def add_user(self, tax_no, username, password, session='active', cert_pin='', has_cert=True):
        """One more person who may log in to the bureau for this taxpayer."""
        with self.acting():
            user = BureauUser(username, password, session, self.clock.now(), cert_pin=cert_pin,
                              has_cert=has_cert)
            taxpayer = self.taxpayer(tax_no)
            taxpayer.users[username] = user
            self.keep(taxpayer)
            return user

    def add_buyer(self, tax_no, name):
        """Somebody the bureau knows; only asked about when gfxxConfirm is 1."""
        with self.acting():
            self.buyers[tax_no] = name
            self._keep_text('buyers', self.buyers)

    def set_session(self, tax_no, state, username=None):
        """active | lost (302) | sms (420) | logged_out (302)."""
        if state not in SESSIONS:
            raise ValueError(f'session is one of {SESSIONS}')
        with self.acting():
            user = self.user(tax_no, username)
            user.session, user.session_at = state, self.clock.now()
            self.keep(self.taxpayer(tax_no))

    def set_face(self, tax_no, due, username=None):
        with self.acting():
            user = self.user(tax_no, username)
            user.face_due = bool(due)
            if not due:
                user.face_at = self.clock.now()
            self.keep(self.taxpayer(tax_no))

    def set_credit(self, tax_no, total=None, used=None):
        with self.acting():
            taxpayer = self.taxpayer(tax_no)
            if total is not None:
                taxpayer.credit_total = Decimal(str(total))
            if used is not None:
                credit.set_used(taxpayer, used, self.clock.now())
            self.keep(taxpayer)

    def credit_left(self, tax_no):
        with self.acting():
            return credit.left(self.taxpayer(tax_no), self.clock.now())

    def set_use(self, number, consumption=None, vat=None, booked=None):
        """What the buyer did: XfsytDm (00 none), ZzsytDm (03 none), FprzztDm (00 none)."""
        with self.acting():
            fapiao = self.fapiao[number]
            fapiao.consumption_use = consumption or fapiao.consumption_use
            fapiao.vat_use = vat or fapiao.vat_use
            fapiao.booked = booked or fapiao.booked
            self.keep(fapiao)

    def set_red_form(self, number, state):
        with self.acting():
            red.move(self, self.red_forms[number], state)

    def act_red_form(self, number, action):
        """confirm | refuse | withdraw | spoil, as the people at the bureau may."""
        with self.acting():
            red.act(self, self.red_forms[number], action)

    def fail_pending(self, fpqqlsh, text='局端开具失败'):
        """A fapiao the bureau had accepted comes to nothing."""
        with self.acting():
            request = self.pending[fpqqlsh]
            request.failure = text
            issue.finish(self, request)

    def finish_pending(self, fpqqlsh):
        with self.acting():
            issue.finish(self, self.pending[fpqqlsh])

    def open_ticket(self, purpose, kind, tax_no, username, text):
        with self.acting():
            life = timedelta(seconds=self.settings.ticket_seconds)
            ticket = Ticket(uuid.uuid4().hex, purpose, kind, tax_no, username, text,
                            self.clock.now() + life)
            self.tickets[ticket.uid] = ticket
            self.keep(ticket)
            return ticket

    def scan(self, uid=None):
        """Scan this QR code, or the newest one waiting: face done, or login confirmed."""
        with self.acting():
            ticket = self.tickets.get(uid) if uid else next(
                (each for each in reversed(self.tickets.values()) if each.state == 'waiting'), None)
            if ticket is None or ticket.expires_at < self.clock.now():
                raise Refused('二维码不存在或已过期')
            ticket.state = 'scanned'
            self.keep(ticket)
            if ticket.purpose == 'face':
                self.set_face(ticket.tax_no, False, ticket.username)
            return ticket

    def sms_code(self, tax_no=defaults.TAX_NO, username=None):
        """The code last sent to this person's phone."""
        with self.acting():
            return self.user(tax_no, username).sms_code

    def expire_tokens(self):
        with self.acting():
            for token in self.tokens.values():
                token.expires_at = self.clock.now() - timedelta(seconds=1)
                self.keep(token)

    def set(self, group='settings', **values):
        """Turn switches: of the bureau (`settings`) or of a cloud (`piaodanyun`)."""
        with self.acting():
            switches = {'settings': self.settings, 'piaodanyun': self.piaodanyun}[group]
            for key, value in values.items():
                if not hasattr(switches, key):
                    raise ValueError(f'{group} has no switch {key!r}')
                setattr(switches, key, tuple(value) if isinstance(value, list) else value)
            self._keep_text(group, asdict(switches))

    def advance(self, seconds=0, minutes=0, hours=0, days=0):
        with self.acting():
            self._save_clock(self.clock.advance(seconds, minutes, hours, days))
        with self.acting():     # what has become due by now
            return self.clock.now()

    def set_clock(self, moment):
        with self.acting():
            self._save_clock(self.clock.set(moment))
        with self.acting():
            return self.clock.now()

    def reset_parallel(self):
        self.calls.reset_parallel()

    def reset(self):
        """A fresh world; the number sequence runs on, so that no number comes twice."""
        with self.lock:
            self._forget()
            self.dirty = {}
            self.faults.clear()
            self.calls.clear()
            self.clock.offset = timedelta(0)
            if self.store:
                self.store.clear()
            self.populate()

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
                   'ticket': self.tickets}
        for kind, key, record in self.store.read():
            if kind in shelves:
                shelves[kind][key] = record
            else:
                self._read_text(key, json.loads(record))
        self.buyers.update({each.tax_no: each.name for each in self.taxpayers.values()})
        # More than the clock's hundred numbers a second may have been used before the restart.
        last = max((int(number[8:]) for number in self.fapiao), default=0)
        self.serials = itertools.count(max(last + 1, next(self.serials)))
        self.pending = {uid: each for uid, each in self.requests.items() if each.state == 'pending'}

    def _read_text(self, key, value):
        if key == 'clock':
            self.clock.offset = timedelta(seconds=value)
        elif key == 'buyers':
            self.buyers.update(value)
        else:
            switches = {'settings': self.settings, 'piaodanyun': self.piaodanyun}[key]
            for name, each in value.items():
                setattr(switches, name, tuple(each) if isinstance(each, list) else each)
