"""One click, one fapiao, when processes are killed and users collide: nothing here is simulated."""

import os
import signal
from pathlib import Path

from odoo.tests import tagged

from .common_processes import KILLED, ProcessCase
from .live.database import finish


@tagged("post_install", "-at_install")
class TestProcesses(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        _code, ids = cls.database.run("copy_invoices", 16)
        cls.fresh_invoices = iter(ids.split())
        cls.lead_to_sandbox()

    def setUp(self):
        super().setUp()
        self.reset_world()

    def invoices(self, count):
        """Return the ids of posted invoices that no test has touched."""
        return [next(self.fresh_invoices) for _n in range(count)]

    def request_of(self, invoice):
        rows = self.database.sql(
            "SELECT r.state, r.request_uid FROM fapiao_request r"
            f" JOIN fapiao_request_move_rel m ON m.request_id = r.id WHERE m.move_id = {invoice}"
        )
        self.assertEqual(len(rows), 1, "one invoice, one request")
        return rows[0].split("|")

    def assert_one_fapiao(self, invoice):
        state, uid = self.request_of(invoice)
        self.assertEqual(state, "issued")
        self.assertEqual(self.world.issued_count(uid), 1)
        numbers = self.database.sql(
            f"SELECT f.number FROM fapiao f JOIN fapiao_move_rel m ON m.fapiao_id = f.id WHERE m.move_id = {invoice}"
        )
        self.assertEqual(numbers, [fapiao.number for fapiao in self.world.issued(uid)])

    def attempts_at(self, invoice):
        _state, uid = self.request_of(invoice)
        return int(self.database.sql(f"SELECT count(*) FROM fapiao_call WHERE request_uid = '{uid}'")[0])

    def let_time_pass(self):
        """Leases end, next tries come, and the grace period is over."""
        self.database.sql(
            "UPDATE fapiao_request SET lease_until = lease_until - interval '1 day',"
            " next_try_at = next_try_at - interval '1 day', unknown_since = unknown_since - interval '1 day'"
        )
        self.database.sql("UPDATE fapiao_call SET answered_at = answered_at - interval '1 day'")

    def test_killed_between_each_two_steps(self):
        deaths = [
            {"DIE_IN": "_call"},
            {"DIE_IN": "_record"},
            {"DIE_AFTER": "_record"},
            {"DIE_IN": "_apply"},
            {"DIE_AFTER": "_apply"},
        ]
        invoices = self.invoices(len(deaths))
        dying = [
            self.database.start("click", invoice, **death) for invoice, death in zip(invoices, deaths, strict=True)
        ]
        for process, death in zip(dying, deaths, strict=True):
            self.assertEqual(finish(process)[0], KILLED, death)
        self.assertEqual(len(self.world.issued()), 4, "only the first died before the call")
        for _pass in range(2):
            self.let_time_pass()
            self.database.run("cron", "_cron_reconcile", "_cron_dispatch")
        for invoice in invoices:
            self.assert_one_fapiao(invoice)

    def test_worker_that_sleeps_past_its_lease(self):
        """Its machine is suspended between claim and call; meanwhile the order is settled without it."""
        (invoice,) = self.invoices(1)
        self.world.set(deduplicate=False)
        frozen = self.database.start("click", invoice, PAUSE_IN="_call")
        wait_until_stopped(frozen.pid)
        for _pass in range(3):
            self.let_time_pass()
            self.database.run("cron", "_cron_reconcile", "_cron_dispatch")
        self.assert_one_fapiao(invoice)
        os.kill(frozen.pid, signal.SIGCONT)
        finish(frozen)
        self.database.run("cron", "_cron_reconcile", "_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_two_users_click_at_once(self):
        (invoice,) = self.invoices(1)
        self.world.faults.add("blueTicket", "delay", times=-1, seconds=0.5)
        clicks = [self.database.start("click", invoice) for _user in range(3)]
        for process in clicks:
            process.communicate(timeout=120)
        self.assert_one_fapiao(invoice)

    def test_click_that_the_web_layer_repeats(self):
        (invoice,) = self.invoices(1)
        _code, runs = self.database.run("click_among_others", invoice)
        self.assertGreater(int(runs), 1, "the collision must have happened")
        self.assert_one_fapiao(invoice)
        self.assertEqual(self.attempts_at(invoice), 1)

    def test_two_dispatchers_share_the_work(self):
        invoices = self.invoices(8)
        self.database.run("enqueue", *invoices)
        self.world.faults.add("blueTicket", "delay", times=-1, seconds=0.2)
        for process in [self.database.start("cron", "_cron_dispatch") for _worker in range(2)]:
            finish(process)
        for invoice in invoices:
            self.assert_one_fapiao(invoice)
            self.assertEqual(self.attempts_at(invoice), 1, "neither dispatcher took what the other had")


def wait_until_stopped(pid):
    """Wait until the process has stopped itself."""
    os.waitpid(pid, os.WUNTRACED)
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    assert state == "T", f"the worker ended instead of stopping: {state}"
