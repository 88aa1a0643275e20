"""What the cloud doesn't allow is refused here, each time with its reason."""

from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..clouds import errors, inbound
from .common_pull import PullCommon, header, headers, line


@tagged("post_install", "-at_install")
class TestLimits(PullCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write({"full_interface": "invoiceFullDown", "pull_daily": False})

    def refusals(self, kind="header", first=None, last=None):
        today = self.Pull._today()
        first = first or today - timedelta(days=4)
        return "\n".join(self.Pull._refusals(self.account, kind, first, last or today - timedelta(days=1)))

    def full(self, days=1, account=None):
        """Click a full pull of one day and return it."""
        day = self.Pull._today() - timedelta(days=days)
        with self.clicked():
            pull = self.Pull._open_pull(account or self.account, "full", day, day).sudo()
            pull._queue_now()
        return pull

    def test_allowed(self):
        self.assertFalse(self.refusals())
        self.assertFalse(self.refusals("full"))

    def test_never_the_current_day(self):
        today = self.Pull._today()
        self.assertIn("after it is over", self.refusals(last=today))
        self.assertIn("after it is over", self.refusals("full", last=today))

    def test_the_day_is_chinas(self):
        with freeze_time(datetime(2026, 3, 10, 17)):  # one in the morning of the 11th there
            self.assertFalse(self.refusals(last=date(2026, 3, 10)))
            self.assertTrue(self.refusals(last=date(2026, 3, 11)))

    def test_how_far_back(self):
        with freeze_time("2026-03-10 04:00:00"):
            for channel, earliest in (
                ("login", date(2021, 3, 10)),
                ("unknown", date(2021, 3, 10)),
                ("direct", date(2024, 3, 10)),
            ):
                with self.subTest(channel=channel):
                    self.account.bureau_channel = channel
                    self.assertFalse(self.refusals("full", first=earliest))
                    said = self.refusals("full", first=earliest - timedelta(days=1))
                    self.assertIn("years only", said)
                    self.assertIn(str(earliest), said)

    def test_no_headers_on_the_direct_channel(self):
        self.account.bureau_channel = "direct"
        self.assertIn("乐企", self.refusals())
        with self.assertRaisesRegex(UserError, "乐企"), self.faked():
            self.account.action_pull()

    def test_wrong_way_round(self):
        day = self.Pull._today() - timedelta(days=9)
        self.assertIn("after the last", self.refusals(last=day))

    def test_no_interface_for_full_pulls(self):
        self.account.full_interface = False
        self.assertIn("portal", self.refusals("full"))

    def test_a_cloud_without_received_fapiao(self):
        self.account = self.piaodanyun
        self.assertIn("hands out no received", self.refusals())

    def test_five_full_ones_a_month(self):
        for days in range(1, 6):
            self.assertEqual(self.full(days).state, "done")
        self.assertIn("Only 5 full pulls", self.refusals("full"))
        with self.assertRaisesRegex(UserError, "Only 5 full pulls"):
            self.full(6)
        self.assertFalse(self.refusals(), "headers aren't counted")
        for pull in self.Pull.sudo().search([]):
            pull.started_at -= timedelta(days=31)
        self.assertFalse(self.refusals("full"), "next month they are allowed again")

    def test_counted_over_companies(self):
        company = self.env["res.company"].create({"name": "Branch"})
        other = self._create_kingdee_account(company_id=company.id, full_interface="invoiceFullDown")
        for days in range(1, 6):
            self.full(days, other)
        self.assertIn("Only 5 full pulls", self.refusals("full"))

    def test_those_that_wait_count_as_well(self):
        for days in range(1, 6):
            day = self.Pull._today() - timedelta(days=days)
            pull = self.Pull._open_pull(self.account, "full", day, day).sudo()
        self.assertIn("Only 5 full pulls", self.refusals("full"))
        self.go_on(pull)
        self.assertEqual(pull.state, "done", "the fifth isn't in its own way")

    def test_what_was_not_begun_does_not_count(self):
        for error in (errors.NotSent(), errors.Rejected("x"), errors.RateLimited()):
            self.cloud.errors["start"] = [error]
            pull = self.full()
            self.assertEqual(pull.start_count, 0)
            pull.write({"state": "failed"})
        self.assertEqual(self.Pull._full_used(self.account.tax_no), 0)

    def test_a_lost_one_counts_and_is_started_again_while_some_are_left(self):
        self.cloud.errors["start"] = [errors.OutcomeUnknown("timeout")] * 9
        pull = self.full()
        self.assertEqual(self.Pull._full_used(self.account.tax_no), 1)
        self.assertIn("counts as one", pull.message)
        for _turn in range(9):
            if pull.state == "running":
                self.go_on(pull)
        self.assertEqual((pull.state, len(self.cloud.started)), ("failed", 5))
        self.assertIn("lost", pull.message)
        self.assertIn("Only 5 full pulls", pull.message)
        with self.assertRaisesRegex(UserError, "Only 5"):
            pull.action_restart()

    def test_lines_come_with_a_full_pull(self):
        self.cloud.rows = [header(1, lines=(line(), line("b")))]
        self.assertEqual(self.full().state, "done")
        self.assertEqual(len(self.received().line_ids), 2)
        self.assertEqual(self.cloud.started[0].kind, inbound.FULL)

    def test_the_day_has_come_meanwhile(self):
        """Looked at again before the cloud is asked."""
        pull = self.create_pull(date_to=self.Pull._today())
        self.go_on(pull)
        self.assertEqual(pull.state, "failed")
        self.assertIn("after it is over", pull.message)
        self.assertFalse(self.cloud.started)


@tagged("post_install", "-at_install")
class TestDialog(PullCommon):
    def test_cut_where_months_end(self):
        windows = self.Pull._windows("header", date(2026, 1, 30), date(2026, 3, 2))
        self.assertEqual(
            windows,
            [
                (date(2026, 1, 30), date(2026, 1, 31)),
                (date(2026, 2, 1), date(2026, 2, 28)),
                (date(2026, 3, 1), date(2026, 3, 2)),
            ],
        )
        self.assertEqual(len(self.Pull._windows("full", date(2026, 1, 30), date(2026, 3, 2))), 1)

    def test_previews_and_pulls(self):
        self.cloud.rows = headers(3)
        wizard = self.env["fapiao.pull.wizard"].with_context(default_account_id=self.account.id)
        with Form(wizard) as form:
            form.date_from = form.date_to + timedelta(days=-100)
            self.assertGreaterEqual(form.window_count, 4)
            self.assertIn(str(form.date_from), form.preview)
            form.kind = "full"
            self.assertIn("portal", form.refusal)
            form.kind = "header"
            self.assertFalse(form.refusal)
        dialog = form.record
        with self.clicked():
            action = dialog.action_pull()
        with self.faked():
            self.run_cron(("fapiao.pull", "_cron_inbound"))
        pulls = self.Pull.search(action["domain"])
        self.assertEqual(len(pulls), dialog.window_count)
        self.assertEqual(set(pulls.mapped("state")), {"done"})

    def test_refuses(self):
        today = self.Pull._today()
        wizard = self.env["fapiao.pull.wizard"].create({"account_id": self.account.id, "date_to": today})
        with self.assertRaisesRegex(UserError, "after it is over"):
            wizard.action_pull()

    def test_views_open_for_each_who_may(self):
        pull = self.create_pull()
        for name in ("account.group_account_readonly", "l10n_cn_invoice_cloud.group_fapiao_issuer"):
            values = {"name": name, "login": name, "company_id": self.company.id}
            user = self.env["res.users"].create(
                {**values, "company_ids": self.company.ids, "group_ids": self.env.ref(name).ids}
            )
            with self.subTest(user=name), Form(pull.with_user(user)) as form:
                self.assertEqual(form.state, "draft")
