"""What a person or a test can turn in the world: people, clock, credit, sessions, buttons.

Every public method is reachable as POST /control/<name> too, its arguments as a JSON object.
"""

import functools
import uuid
from datetime import timedelta
from decimal import Decimal

from . import defaults
from .auth import expire
from .bureau import credit, issue, red
from .errors import Refused
from .records import BureauUser, Request, Taxpayer, Tenant, Ticket


def locked(cls):
    """Every public method of these levers is one effect, under the world's lock."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_"):
            setattr(cls, name, _locked(method))
    return cls


def _locked(method):
    @functools.wraps(method)
    def act(world, *args, **kwargs):
        with world.acting():
            return method(world, *args, **kwargs)

    return act


SESSIONS = ("active", "lost", "sms", "logged_out")
TICKET_SECONDS = 300  # life of a QR code and of an SMS code


@locked
class Levers:
    def populate(self):
        """The demo company, at every cloud, and one buyer."""
        self.add_tenant(defaults.PHONE, defaults.PASSWORD, defaults.TENANT_ID)
        own = {"address": defaults.ADDRESS, "bank": defaults.BANK, "cert_pin": defaults.CERT_PIN}
        self.add_taxpayer(defaults.TAX_NO, defaults.NAME, defaults.USERNAME, defaults.TAX_PASSWORD, **own)
        theirs = {"address": defaults.BUYER_ADDRESS, "bank": defaults.BUYER_BANK}
        buyer = (defaults.BUYER_TAX_NO, defaults.BUYER_NAME, defaults.BUYER_USERNAME, defaults.TAX_PASSWORD)
        self.add_taxpayer(*buyer, **theirs)
        self.add_kingdee_tenant()
        self.add_assistant_client()

    def add_tenant(self, phone, password, tenant_id):
        self.tenants[phone] = Tenant(phone, password, int(tenant_id))
        return self.tenants[phone]

    def add_taxpayer(
        self,
        tax_no,
        name,
        username,
        password,
        credit_total=defaults.CREDIT_TOTAL,
        small_scale=False,
        tenant_id=defaults.TENANT_ID,
        address="",
        bank="",
        session="active",
        cert_pin="",
    ):
        region = tax_no[2:4] if tax_no[2:4].isdigit() else "31"
        about = (tax_no, name, tenant_id, Decimal(str(credit_total)), small_scale, region, address, bank)
        self.taxpayers[tax_no] = Taxpayer(*about)
        self.buyers[tax_no] = name
        self.add_user(tax_no, username, password, session, cert_pin)
        return self.taxpayers[tax_no]

    def add_second_tenant(self, cloud="piaodanyun", tax_no=defaults.TAX_NO, name="第二公司"):
        """One more tenant of 票单云 or kingdee for this tax number, which knows nothing of another's orders.

        An unknown tax number becomes a taxpayer first. The tenant tells what an account is given.
        """
        number = max((each.tenant_id for each in self.tenants.values()), default=0) + 1
        at_kingdee = cloud == "kingdee"
        if tax_no not in self.taxpayers:
            first = None if at_kingdee else number
            self.add_taxpayer(tax_no, name, defaults.USERNAME, defaults.TAX_PASSWORD, tenant_id=first)
        elif not at_kingdee:
            self.taxpayer(tax_no).other_tenants.append(number)
        if at_kingdee:
            return self.add_kingdee_tenant(len(self.kingdee_tenants) + 1, [tax_no])
        return self.add_tenant(f"138{number:08d}", defaults.PASSWORD, number)

    def add_user(self, tax_no, username, password, session="active", cert_pin="", has_cert=True):
        """One more person who may log in to the bureau for this taxpayer."""
        now = self.clock.now()
        user = BureauUser(username, password, session, now, cert_pin=cert_pin, has_cert=has_cert)
        self.taxpayer(tax_no).users[username] = user
        return user

    def add_buyer(self, tax_no, name):
        """Somebody the bureau knows; only asked about when gfxxConfirm is 1."""
        self.buyers[tax_no] = name

    def set_session(self, tax_no, state, username=None):
        """active | lost (302) | sms (420) | logged_out (302)."""
        if state not in SESSIONS:
            raise ValueError(f"session is one of {SESSIONS}")
        user = self.user(tax_no, username)
        user.session, user.session_at = state, self.clock.now()

    def set_face(self, tax_no, due, username=None):
        self.user(tax_no, username).face_due = bool(due)

    def set_credit(self, tax_no, total=None, used=None):
        taxpayer = self.taxpayer(tax_no)
        if total is not None:
            taxpayer.credit_total = Decimal(str(total))
        if used is not None:
            credit.book(taxpayer, self.clock.now())["used"] = Decimal(str(used))

    def set_use(self, number, consumption=None, vat=None, booked=None):
        """What the buyer did: XfsytDm (00 none), ZzsytDm (03 none), FprzztDm (00 none)."""
        fapiao = self.fapiao[number]
        fapiao.consumption_use = consumption or fapiao.consumption_use
        fapiao.vat_use = vat or fapiao.vat_use
        fapiao.booked = booked or fapiao.booked

    def set_red_form(self, number, state):
        red.move(self, self.red_forms[number], state)

    def act_red_form(self, number, action):
        """confirm | refuse | withdraw | spoil, as the people at the bureau may."""
        red.act(self, self.red_forms[number], action)

    def apply_elsewhere(self, number, reason="01", side="2"):
        """A red form somebody applies for in the bureau's own portal; side 2 seller, 3 buyer."""
        return red.apply(self, self.fapiao[number], reason, side)

    def reverse_elsewhere(self, number, reason="01"):
        """Reverse a fapiao in the bureau's portal, from the form under way or a new one. The red fapiao."""
        red.reversible(self.fapiao[number])
        form = red.latest(self, number)
        if form is None or form.state not in red.OPEN or form.red_number:
            form = self.apply_elsewhere(number, reason)
        if form.state in red.WAITING:
            red.act(self, form, "confirm")
        request = Request(f"portal-{form.number}", "", self.fapiao[number].seller_no)
        return issue.red(self, request, form)

    def fail_pending(self, fpqqlsh, text="局端开具失败"):
        """A fapiao the bureau had accepted comes to nothing."""
        self.pending[fpqqlsh].failure = text
        issue.finish(self, self.pending[fpqqlsh])

    def finish_pending(self, fpqqlsh):
        issue.finish(self, self.pending[fpqqlsh])

    def open_ticket(self, purpose, kind, tax_no, username, text):
        until = self.clock.now() + timedelta(seconds=TICKET_SECONDS)
        ticket = Ticket(uuid.uuid4().hex, purpose, kind, tax_no, username, text, until)
        self.tickets[ticket.uid] = ticket
        return ticket

    def scan(self, uid=None):
        """Scan this QR code, or the newest one waiting: face done, or login confirmed."""
        waiting = [each for each in self.tickets.values() if each.state == "waiting"]
        ticket = self.tickets.get(uid) if uid else next(reversed(waiting), None)
        if ticket is None or ticket.expires_at < self.clock.now():
            raise Refused("二维码不存在或已过期")
        ticket.state = "scanned"
        if ticket.purpose == "face":
            self.set_face(ticket.tax_no, False, ticket.username)
        return ticket

    def expire_tokens(self):
        for token in self.tokens.values():
            expire(self, token)

    def set(self, group="settings", **values):
        """Turn switches, of the bureau (`settings`) or of a cloud (`piaodanyun`, `kingdee` …); kept."""
        switches = self.switches[group]
        for key, value in values.items():
            if not hasattr(switches, key):
                raise ValueError(f"{group} has no switch {key!r}")
            setattr(switches, key, tuple(value) if isinstance(value, list) else value)

    def advance(self, seconds=0, minutes=0, hours=0, days=0):
        self.clock.advance(seconds, minutes, hours, days)
        self._settle()  # what has become due by now
        return self.clock.now()

    def reset_parallel(self):
        self.calls.reset_parallel()

    def reset(self):
        """A fresh world; the number sequence runs on, so that no number comes twice."""
        self._forget()
        self.faults.clear()
        self.calls.clear()
        self.clock.offset = timedelta(0)
        self.populate()
