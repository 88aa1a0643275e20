"""A cloud that hands out pages as a test says, in place of one that answers over HTTP."""

from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields

from ..clouds import inbound
from ..models.cloud.engine import Engine
from .common_kingdee import KingdeeCommon

ENGINE = "odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine.open_cloud"


def header(place, **values):
    """Return the header of fapiao ``place``: 100 without tax, 13 tax."""
    said = {
        "number": f"2644{place:016d}",
        "type_code": "27",
        "serial_no": f"S{place}",
        "status": "normal",
        "issue_date": date(2026, 3, 1) + timedelta(days=place % 28),
        "seller_name": f"Seller {place % 7}",
        "seller_tax_no": f"91440300SELLER{place % 7:04d}",
        "buyer_name": "测试科技有限公司",
        "amount_untaxed": Decimal("100.00"),
        "amount_tax": Decimal("13.00"),
        "amount_total": Decimal("113.00"),
    }
    return inbound.InboundFapiao(**{**said, **values})


def headers(count, first=0):
    return [header(place) for place in range(first, first + count)]


def line(name="*软件*服务", amount="100.00", tax="13.00", **values):
    return inbound.InboundLine(name=name, amount=Decimal(amount), tax=Decimal(tax), rate=Decimal("0.13"), **values)


class FakeCloud:
    """Pages out of ``rows``. What is in ``errors`` is raised by the next calls, by their kind; what is
    in ``answers`` is returned instead of the next pages."""

    def __init__(self):
        self.rows = []
        self.size = None  # what the cloud puts on a page at most
        self.tells_total = True
        self.errors = {"start": [], "page": [], "session": []}
        self.answers = []
        self.session = inbound.BureauSession(channel="1")
        self.started = []
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def is_ready(self):
        return True

    def test(self):
        return None

    def _fault(self, kind):
        if self.errors[kind] and (error := self.errors[kind].pop(0)):
            raise error

    def pool_page(self, window, page, page_size=200):
        return self.pull_page("pool", page, page_size)

    def bureau_session(self):
        self._fault("session")
        return self.session

    def start_pull(self, window):
        self.started.append(window)
        self._fault("start")
        return inbound.PullTask(f"T{len(self.started)}")

    def pull_page(self, task_no, page, page_size=200):
        self.asked.append((task_no, page))
        self._fault("page")
        if self.answers and (answer := self.answers.pop(0)):
            return answer
        size = min(self.size or page_size, page_size)
        rows = self.rows[(page - 1) * size : page * size]
        return inbound.PullPage(tuple(rows), total=len(self.rows) if self.tells_total else None)


class PullCommon(KingdeeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.env["fapiao.account"].sudo().search([]) - cls.account).active = False
        cls.Pull = cls.env["fapiao.pull"]
        cls.env["fapiao"].sudo().search([("direction", "=", "in")]).unlink()

    def setUp(self):
        super().setUp()
        self.cloud = FakeCloud()

    @contextmanager
    def faked(self):
        """Let the engine's calls go to the fake."""
        self.cloud.can = self.account._words().can

        def opened(config, slot):
            self.cloud.slot, self.cloud.config = slot, config
            return self.cloud

        with patch(ENGINE, opened), self.engine():
            yield

    @contextmanager
    def clicked(self):
        """Let what is clicked be committed, and run what was left for after that."""
        with self.faked():
            yield
            self.env.flush_all()
            self.env.cr.postcommit.run()

    def pull_now(self, account=None):
        """Click *Pull now*, let it run as far as a click runs it, and return the pull."""
        with self.clicked():
            action = (account or self.account).action_pull()
        return self.Pull.browse(action["res_id"]).sudo()

    def create_pull(self, **values):
        first, last = self.Pull._recent_days()
        pull = self.Pull._open_pull(self.account, inbound.HEADER, first, last).sudo()
        pull.write(values)
        return pull

    def go_on(self, pull, due=True):
        """Let the time of the next try come and the scheduler run."""
        if due:
            pull.write({"next_try_at": fields.Datetime.now() - timedelta(seconds=1), "lease_until": False})
        with self.faked():
            self.run_cron(("fapiao.pull", "_cron_inbound"))

    def received(self, *numbers):
        domain = [("company_id", "=", self.company.id), ("direction", "=", "in")]
        return self.env["fapiao"].sudo().search([*domain, *([("number", "in", numbers)] if numbers else [])])

    def load(self, rows, **values):
        """Bring rows into the pool as a pull does."""
        with self.engine():
            return Engine(self.env)._step(
                lambda env: env["fapiao"]._load(self.company.id, self.account.id, rows, **values)
            )
