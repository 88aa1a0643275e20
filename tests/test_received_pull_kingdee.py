"""The whole way, from the click to the pool, against the sandbox's 金蝶发票云."""

from odoo.tests import tagged

from .common_pull import PullCommon


@tagged("post_install", "-at_install")
class TestPullFromTheCloud(PullCommon):
    def faked(self):
        """Let the calls go to the sandbox."""
        return self.engine()

    def seed(self, count):
        first, _last = self.Pull._recent_days()
        self.world.seed_inbound(self.account.tax_no, count, first_day=str(first), days=4)

    def test_all_of_it_and_nothing_twice(self):
        self.seed(450)
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.row_count, pull.unread_count), ("done", 450, 0), pull.message)
        received = self.received()
        self.assertEqual(len(received), 450)
        self.assertEqual(self.account.bureau_channel, "login")
        self.assertTrue(all(received.mapped("issue_date")))
        again = self.pull_now()
        self.assertEqual((again.new_count, again.changed_count, again.same_count), (0, 0, 450))

    def test_one_fapiao_as_it_was_received(self):
        row = self.world.receive_fapiao(self.account.tax_no, gross="113.00", rate=13)
        self.pull_now()
        fapiao = self.received(row.number)
        amounts = [f"{fapiao[name]:.2f}" for name in ("amount_untaxed", "amount_tax", "amount_total")]
        self.assertEqual(amounts, ["100.00", "13.00", "113.00"])
        self.assertEqual((fapiao.status, fapiao.color, fapiao.type_code), ("normal", "blue", "27"))
        self.world.set_inbound_status(row.number, "2")
        self.pull_now()
        self.assertEqual(fapiao.status, "void")
        self.assertTrue(fapiao.status_at)

    def test_pages_that_overlap_or_grow(self):
        self.seed(450)
        for quirk in ("inbound_overlap", "inbound_arrivals"):
            with self.subTest(quirk=quirk):
                self.received().unlink()
                self.world.set("kingdee", **{quirk: 7})
                pull = self.pull_now()
                self.assertEqual(pull.state, "done", pull.message)
                self.assertGreaterEqual(len(self.received()), 450)
                self.world.set("kingdee", **{quirk: 0})

    def test_without_a_total(self):
        self.world.set("kingdee", inbound_total_key="")
        self.seed(250)
        pull = self.pull_now()
        self.assertEqual((pull.state, len(self.received())), ("done", 250))

    def test_slow_task(self):
        self.world.set("kingdee", inbound_queries=1)
        self.seed(10)
        pull = self.pull_now()
        self.assertEqual(pull.state, "running")
        self.assertIn("still collecting", pull.message)
        self.go_on(pull)
        self.assertEqual((pull.state, pull.row_count), ("done", 10))

    def test_unknown_shape(self):
        self.world.set("kingdee", inbound_list_key="fapiaoList2")
        self.seed(10)
        pull = self.pull_now()
        self.assertEqual(pull.state, "failed")
        self.assertIn("fapiaoList2", pull.message)
        self.world.set("kingdee", inbound_list_key="invoices")
        with self.clicked():
            pull.action_run()
        self.assertEqual((pull.state, pull.row_count), ("done", 10))

    def test_tax_number_of_another_tenant(self):
        """1130"""
        self.account.tax_no = "91440300NOTOURS001"
        pull = self.pull_now()
        self.assertNotEqual(pull.state, "done")
        self.assertIn("1130", pull.message)

    def test_task_forgotten_by_the_cloud(self):
        self.world.set("kingdee", inbound_queries=1)
        self.seed(10)
        pull = self.pull_now()
        self.world.expire_inbound_tasks()
        self.go_on(pull)
        self.assertEqual(pull.state, "failed")
        with self.clicked():
            pull.action_restart()
        self.go_on(pull)
        self.assertEqual((pull.state, pull.row_count), ("done", 10))

    def test_session_lost_and_back(self):
        self.seed(10)
        self.world.set_session(self.account.tax_no, "lost")
        pull = self.pull_now()
        self.assertTrue(pull.needs_person, pull.message)
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.action_test_connection()
            self.account.action_refresh_credit()
        self.run_cron(("fapiao.pull", "_cron_inbound"))
        self.assertEqual((pull.state, pull.row_count), ("done", 10))

    def test_faults_at_each_call(self):
        self.seed(450)
        for call in ("taxLogin", "invoiceDown", "invoiceDownQuery"):
            for fault in ("drop_before", "drop_after", "http_500", "html"):
                with self.subTest(call=call, fault=fault):
                    self.received().unlink()
                    self.account.sudo().bureau_channel_at = False
                    self.world.faults.add(call, fault, times=1)
                    pull = self.pull_now()
                    if pull.state in ("running", "draft"):
                        self.go_on(pull)
                    self.assertEqual(pull.state, "done", pull.message)
                    self.assertEqual(len(self.received()), 450)
