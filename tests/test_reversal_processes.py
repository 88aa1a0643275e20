"""One red fapiao, when processes are killed in the middle of a reversal and users collide."""

from odoo.tests import tagged

from .common_processes import KILLED, ProcessCase
from .live.database import finish

# A reversal makes two calls, form and red fapiao; each has these gaps.
GAPS = (
    "DIE_IN _call",
    "DIE_IN _record",
    "DIE_AFTER _record",
    "DIE_IN _apply",
    "DIE_AFTER _apply",
)


@tagged("post_install", "-at_install")
class TestProcesses(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        _code, ids = cls.database.run("copy_invoices", 12)
        cls.lead_to_sandbox()
        cls.database.run("enqueue", *ids.split())
        cls.database.run("cron", "_cron_dispatch")
        cls.invoices = iter(ids.split())

    def let_time_pass(self):
        """Leases end, next tries come, and the grace period is over."""
        for table in ("fapiao_request", "fapiao_red_form"):
            self.database.sql(
                f"UPDATE {table} SET lease_until = lease_until - interval '1 day',"
                " next_try_at = next_try_at - interval '1 day',"
                " unknown_since = unknown_since - interval '1 day'"
            )
        self.database.sql("UPDATE fapiao_call SET answered_at = answered_at - interval '1 day'")

    def fapiao_of(self, invoice):
        return self.database.sql(
            "SELECT f.number, f.color, f.status FROM fapiao f JOIN fapiao_move_rel m ON m.fapiao_id = f.id"
            f" WHERE m.move_id = {invoice} ORDER BY f.id"
        )

    def assert_reversed_once(self, invoice, rest=0):
        facts = [row.split("|") for row in self.fapiao_of(invoice)]
        blue, red = facts[:2]
        self.assertEqual(blue[1:], ["blue", "red"])
        self.assertEqual(red[1], "red")
        there = [item.number for item in self.world.fapiao.values() if item.original == blue[0]]
        self.assertEqual(there, [red[0]], "the bureau has exactly one red fapiao, and Odoo that one")
        forms = [form for form in self.world.red_forms.values() if form.blue == blue[0]]
        self.assertEqual(len(forms), 1)
        self.assertEqual(len(facts), 2 + rest)

    def test_killed_between_each_two_steps(self):
        deaths = [(next(self.invoices), gap, at) for at in ("1", "2") for gap in GAPS]
        for call in ("1", "2"):  # no more at once than a busy machine can bear
            dying = []
            for invoice, gap, at in (death for death in deaths if death[2] == call):
                variable, method = gap.split()
                process = self.database.start("flush", invoice, **{variable: method, "DIE_AT": at})
                dying.append((process, (invoice, gap, at)))
            for process, death in dying:
                self.assertEqual(finish(process)[0], KILLED, death)
        self.recover()
        for invoice, gap, at in deaths:
            with self.subTest(gap=gap, call=at):
                self.assert_reversed_once(invoice)

    def recover(self):
        for _pass in range(3):
            self.let_time_pass()
            self.database.run("cron", "_cron_reconcile", "_cron_dispatch")

    def test_two_users_reverse_at_once(self):
        invoice = next(self.invoices)
        self.world.faults.add("hzxxbsq", "delay", times=-1, seconds=0.5)
        self.addCleanup(self.world.faults.clear)
        for process in [self.database.start("flush", invoice) for _user in range(3)]:
            process.communicate(timeout=120)
        self.database.run("cron", "_cron_reconcile", "_cron_dispatch")
        self.assert_reversed_once(invoice)

    def test_killed_between_red_fapiao_and_the_new_one(self):
        """Reversed, and the worker dies before the rest is ordered: the buyer must not be left without."""
        invoice = next(self.invoices)
        process = self.database.start("credit_in_part", invoice, DIE_AFTER="_apply", DIE_AT="2")
        self.assertEqual(finish(process)[0], KILLED)
        self.assertEqual(len(self.fapiao_of(invoice)), 2)
        self.recover()
        self.assert_reversed_once(invoice, rest=1)
        self.assertEqual(
            self.database.sql(f"SELECT fapiao_state, fapiao_amount_open FROM account_move WHERE id = {invoice}"),
            ["issued|0.00"],
        )
