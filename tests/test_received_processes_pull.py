"""A pull whose worker is killed between any two steps: nothing is lost, nothing comes twice."""

from odoo.tests import tagged

from ..sandbox import defaults
from .common_processes import KILLED, ProcessCase
from .live.database import finish

COUNT = 650  # four pages


@tagged("post_install", "-at_install")
class TestPullProcesses(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database.sql("UPDATE fapiao_account SET active = false")
        _code, cls.account = cls.database.run("connect_kingdee", cls.sandbox.kingdee_url)

    def setUp(self):
        super().setUp()
        self.world.reset()
        self.world.seed_inbound(defaults.TAX_NO, COUNT, days=3)
        self.database.sql("DELETE FROM fapiao WHERE direction = 'in'")
        self.database.sql("DELETE FROM fapiao_pull")

    def value(self, statement):
        return self.database.sql(statement)[0]

    def go_on(self):
        """Leases end, next tries come, and the scheduler runs."""
        self.database.sql(
            "UPDATE fapiao_pull SET lease_until = lease_until - interval '1 day',"
            " next_try_at = next_try_at - interval '1 day'"
        )
        self.database.sql("UPDATE fapiao_account SET token_lease_until = token_lease_until - interval '1 day'")
        self.database.run("go_on_pulling")

    def assert_all_there(self):
        self.assertEqual(
            self.value("SELECT state, row_count, new_count, changed_count, same_count FROM fapiao_pull"),
            f"done|{COUNT}|{COUNT}|0|0",
        )
        self.assertEqual(
            self.value("SELECT count(*), count(DISTINCT number) FROM fapiao WHERE direction = 'in'"),
            f"{COUNT}|{COUNT}",
        )

    def test_killed_between_each_two_steps(self):
        pages = set()
        for death, place in (
            ("DIE_IN", 5),
            ("DIE_AFTER", 8),
            ("DIE_IN", 11),
            ("DIE_AFTER", 13),
            ("DIE_IN", 16),
        ):
            with self.subTest(death=death, place=place):
                self.setUp()
                env = {death: "_step", "DIE_AT": str(place)}
                code, _status_lines = finish(self.database.start("pull", self.account, **env))
                self.assertEqual(code, KILLED)
                pages.add(self.value("SELECT page FROM fapiao_pull"))
                self.go_on()
                self.assert_all_there()
        self.assertGreater(len(pages), 2, f"killed before and between pages: {pages}")

    def test_two_workers_share_the_pulls(self):
        """Both start at once; each page is asked for by one of them."""
        finish(self.database.start("pull", self.account, DIE_IN="_step"))
        self.assertEqual(self.value("SELECT state FROM fapiao_pull"), "draft")
        self.world.faults.add("invoiceDownQuery", "delay", times=-1, seconds=0.2)
        for process in [self.database.start("go_on_pulling") for _worker in range(2)]:
            finish(process)
        self.assertEqual(self.value("SELECT count(*) FROM fapiao_pull"), "1")
        self.assert_all_there()
        self.assertEqual(len(self.world.calls.of("invoiceDownQuery")), 4)
