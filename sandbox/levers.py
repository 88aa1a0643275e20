"""What a person or a test can turn in the world: people, clock, credit, sessions, buttons.

Every public method is reachable as POST /control/<name> too, its arguments as a JSON object.
"""
import uuid
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from . import defaults
from .bureau import credit, issue, red
from .errors import Refused
from .records import BureauUser, Request, Taxpayer, Tenant, Ticket

SESSIONS = ('active', 'lost', 'sms', 'logged_out')


class Levers:
    def populate(self):
        """The demo company, at every cloud, and one buyer."""
        self.add_tenant(defaults.PHONE, defaults.PASSWORD, defaults.TENANT_ID)
        self.add_taxpayer(
            defaults.TAX_NO, defaults.NAME, defaults.USERNAME, defaults.TAX_PASSWORD,
            defaults.CREDIT_TOTAL, address=defaults.ADDRESS, bank=defaults.BANK,
            cert_pin=defaults.CERT_PIN)
        self.add_taxpayer(
            defaults.BUYER_TAX_NO, defaults.BUYER_NAME, defaults.BUYER_USERNAME,
            defaults.TAX_PASSWORD, defaults.CREDIT_TOTAL, region='44',
            address=defaults.BUYER_ADDRESS, bank=defaults.BUYER_BANK)
        self.populate_kingdee()
        self.populate_assistant()

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

    def add_second_tenant(self, cloud='piaodanyun', tax_no=defaults.TAX_NO, name='第二公司'):
        """One more tenant of 票单云 or kingdee for this tax number, which knows nothing of another's orders.

        An unknown tax number becomes a taxpayer first. The tenant tells what an account is given.
        """
        with self.acting():
            add = {'piaodanyun': self._second_at_piaodanyun, 'kingdee': self._second_at_kingdee}[cloud]
            return add(tax_no, name)

    def _second_at_piaodanyun(self, tax_no, name):
        number = max((each.tenant_id for each in self.tenants.values()), default=0) + 1
        tenant = self.add_tenant(f'138{number:08d}', defaults.PASSWORD, number)
        self._share(tax_no, name, number)
        return tenant

    def _share(self, tax_no, name, tenant_id):
        if tax_no not in self.taxpayers:
            self.add_taxpayer(tax_no, name, defaults.USERNAME, defaults.TAX_PASSWORD, tenant_id=tenant_id)
        elif tenant_id is not None:
            self.taxpayer(tax_no).other_tenants.append(tenant_id)
            self.keep(self.taxpayer(tax_no))

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

    def apply_elsewhere(self, number, reason='01', side='2'):
        """A red form somebody applies for in the bureau's own portal; side 2 seller, 3 buyer."""
        with self.acting():
            return red.apply(self, self.fapiao[number], reason, side)

    def reverse_elsewhere(self, number, reason='01'):
        """Reverse a fapiao in the bureau's portal, from the form under way or a new one. The red fapiao."""
        with self.acting():
            red.reversible(self, self.fapiao[number])
            form = red.latest(self, number)
            if form is None or form.state not in red.OPEN or form.red_number:
                form = self.apply_elsewhere(number, reason)
            if form.state in red.WAITING:
                red.act(self, form, 'confirm')
            request = Request(f'portal-{form.number}', '', self.fapiao[number].seller_no)
            return issue.red(self, request, form)

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

    def expire_tokens(self):
        with self.acting():
            for token in (*self.tokens.values(), *self.kingdee_tokens.values(),
                          *self.assistant_tokens.values()):
                token.expires_at = self.clock.now() - timedelta(seconds=1)
                self.keep(token)

    def set(self, group='settings', **values):
        """Turn switches, of the bureau (`settings`) or of a cloud (`piaodanyun`, `kingdee` …); kept."""
        with self.acting():
            switches = self.switches[group]
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
