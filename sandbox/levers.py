"""What a person or a test can turn in the world: people, clock, credit, sessions, buttons.

Every public method is reachable as POST /control/<name> too, its arguments as a JSON object.
"""

import functools
import uuid
from dataclasses import fields, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from . import defaults
from .auth import expire
from .bureau import inbound, issue, red
from .bureau.received import Batch, Received
from .protocol import Refused
from .records import CENT, BureauUser, Fapiao, Line, Request, Taxpayer, Tenant, Ticket


def locked(cls):
    """Every public method of these levers is one effect, under the world's lock."""

    def under_lock(method):
        @functools.wraps(method)
        def act(world, *args, **kwargs):
            with world.acting():
                return method(world, *args, **kwargs)

        return act

    for name, method in list(vars(cls).items()):
        if not name.startswith("_"):
            setattr(cls, name, under_lock(method))
    return cls


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

    def add_taxpayer(self, tax_no, name, username, password, tenant_id=defaults.TENANT_ID, cert_pin="", **about):
        """`about`: small_scale, address, bank."""
        region = tax_no[2:4] if tax_no[2:4].isdigit() else "31"
        self.taxpayers[tax_no] = Taxpayer(tax_no, name, tenant_id, defaults.CREDIT_TOTAL, region=region, **about)
        self.buyers[tax_no] = name
        self.add_user(tax_no, username, password, cert_pin=cert_pin)
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
        user = BureauUser(username, password, session, cert_pin=cert_pin, has_cert=has_cert)
        self.taxpayer(tax_no).users[username] = user
        return user

    def set_session(self, tax_no, state, username=None):
        """active | lost (302) | sms (420) | logged_out (302)."""
        if state not in SESSIONS:
            raise ValueError(f"session is one of {SESSIONS}")
        self.user(tax_no, username).session = state

    def set_face(self, tax_no, due, username=None):
        self.user(tax_no, username).face_due = bool(due)

    def set_credit(self, tax_no, total=None, used=None):
        taxpayer = self.taxpayer(tax_no)
        if total is not None:
            taxpayer.credit_total = Decimal(str(total))
        if used is not None:
            issue.month(taxpayer, self.clock.now())["used"] = Decimal(str(used))

    def set_channel(self, tax_no, channel):
        """How clouds reach the bureau for it: by login, or direct (乐企), where texts may be longer."""
        self.taxpayer(tax_no).channel = channel

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

    def issue_elsewhere(self, net="1000.00", buyer_no=defaults.BUYER_TAX_NO, tax_no=defaults.TAX_NO, **about):
        """Issue a fapiao in the bureau's own portal, over one line at 13 %; `about`: further attributes. No cloud's
        tenant is told an id of it. The fapiao.
        """
        net = Decimal(str(net))
        tax = (net * Decimal("0.13")).quantize(CENT, ROUND_HALF_UP)
        seller = self.taxpayer(tax_no)
        line = Line("*软件*沙箱软件", "1060301020100000000", net, Decimal("0.13"), tax, unit="套")
        line.quantity, line.price = Decimal(1), net
        buyer_name = self.buyers.get(buyer_no, about.pop("buyer_name", ""))
        parties = (tax_no, seller.name, buyer_no, buyer_name)
        draft = Fapiao(*parties, net, tax, net + tax, [line], **{"drawer": "门户开票员", **about})
        request = Request(f"portal-{uuid.uuid4().hex[:12]}", "", tax_no)
        return issue.blue(self, request, draft)

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
        self.calls.max_parallel = self.calls.running

    def reset(self):
        """A fresh world; the number sequence runs on, so that no number comes twice."""
        self._forget()
        self.faults.clear()
        self.calls.clear()
        self.clock.offset = timedelta(0)
        self.populate()

    # --- what is there ---

    def issued_count(self, fpqqlsh):
        """How many fapiao really exist for this order: the "exactly one" of tests."""
        return len(self.issued(fpqqlsh))

    def issued(self, fpqqlsh=None):
        """The fapiao of a request id, of a serial of Kingdee's red letter, or of a bill number."""
        return [each for each in self.fapiao.values() if fpqqlsh is None or fpqqlsh in each.orders]

    def ledger(self, tax_no=None):
        """What this seller issued, or every seller, as plain dicts."""
        return issue.ledger(self, tax_no)

    def credit_left(self, tax_no):
        return issue.credit_left(self.taxpayer(tax_no), self.clock.now())

    def sms_code(self, tax_no=defaults.TAX_NO, username=None):
        """The code last sent to this person's phone."""
        return self.user(tax_no, username).sms_code

    # --- received fapiao ---

    def seed_inbound(self, tax_no=defaults.TAX_NO, count=1000, seed=1, first_day=None, days=90):
        """So many made-up fapiao to this tax number, over `days` days from `first_day` (YYYY-MM-DD) on.

        Without a first day the last of them is yesterday. The same seed again replaces the batch. The Batch.
        """
        first = str(first_day or self.clock.now().date() - timedelta(days=int(days)))
        batch = Batch(int(seed), int(count), first, int(days), tax_no, self._inbound_name(tax_no))
        self.batches[batch.key] = batch
        return batch

    def receive_fapiao(self, tax_no=defaults.TAX_NO, **given):
        """One fapiao comes in; what isn't given is made up. The Received, with its `number`.

        Fields of bureau.received.Received; of the amounts `gross` or `net` will do, with `rate` in percent.
        Yesterday unless `day`.
        """
        kind, place = int(given.pop("kind", 27)), len(self.received)
        day = str(given.pop("day", None) or self.clock.now().date() - timedelta(days=1))
        single = Batch("single", place + 1, day, 1, tax_no, self._inbound_name(tax_no), kind)
        row = single.row(place)
        known = {each.name for each in fields(Received)} - {"kind", "buyer_no"}
        if not set(given) <= known:
            raise ValueError(f"no such field: {', '.join(sorted(set(given) - known))}")
        row = replace(row, **{**given, **_amounts(row, given)})
        if inbound.find(self, tax_no, row.number, row.code):
            raise ValueError(f"{row.number} is already there")
        self.received[row.key] = row
        return row

    def set_inbound_status(self, number, status, tax_no=None, code=""):
        """0 normal, 1 lost, 2 void, 3 red, 4 abnormal, 7 partly and 8 fully reversed."""
        if str(status) not in inbound.STATUSES:
            raise ValueError(f"status is one of {', '.join(inbound.STATUSES)}")
        mark = inbound.mark_for(self, self._inbound_row(number, tax_no, code))
        mark.status = str(status)
        inbound.keep(self, mark)

    def inbound(self, number, tax_no=None, code=""):
        """What happened to it: a bureau.inbound.Mark with its status now, and the fapiao as `row`."""
        row = self._inbound_row(number, tax_no, code)
        mark = inbound.mark_for(self, row)
        return replace(mark, status=inbound.status_of(row, mark), row=row)

    def inbound_count(self, tax_no=defaults.TAX_NO):
        """How many fapiao this pool holds, of any day."""
        return len(inbound.choose(self, tax_no, inbound.Wish()))

    def expire_inbound_tasks(self):
        """Every task number is unknown from now on."""
        self.inbound_tasks.clear()

    def _inbound_row(self, number, tax_no, code):
        for owner in [tax_no] if tax_no else inbound.owners(self):
            row = inbound.find(self, owner, number, code)
            if row is not None:
                return row
        raise KeyError(number)

    def _inbound_name(self, tax_no):
        return self.taxpayers[tax_no].name if tax_no in self.taxpayers else self.buyers.get(tax_no, "")


def _amounts(row, given):
    """Net, tax, gross and rate that fit what is given of them."""
    rate = Decimal(str(given.get("rate", row.rate))) / 100
    net, tax, gross = (None if given.get(key) is None else _money(given[key]) for key in ("net", "tax", "gross"))
    if net is None:
        net = row.net if gross is None else gross - tax if tax is not None else _money(gross / (1 + rate))
    if tax is None:
        tax = gross - net if gross is not None else _money(net * rate)
    return {"net": net, "tax": tax, "gross": gross or net + tax}


def _money(value):
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)
