"""A pull goes from its task to the last page, and on from its page whatever breaks."""

from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds import errors, inbound
from .common_pull import PullCommon, header, headers

RUN = "odoo.addons.l10n_cn_invoice_cloud.models.received.pull_run"


@tagged("post_install", "-at_install")
class TestPull(PullCommon):
    def counts(self, pull):
        return pull.row_count, pull.new_count, pull.changed_count, pull.same_count

    def test_from_the_click_to_the_pool(self):
        self.cloud.rows = headers(450)
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.page, pull.total, pull.progress), ("done", 3, 450, 100))
        self.assertEqual(self.counts(pull), (450, 450, 0, 0))
        self.assertEqual(pull.task_no, "T1")
        self.assertFalse(pull.lease_until or pull.next_try_at or pull.message)
        self.assertEqual(len(self.received()), 450)
        self.assertEqual(self.received(header(449).number).pull_id, pull)
        first, last = self.Pull._recent_days()
        self.assertEqual(self.cloud.started, [inbound.PullWindow(first, last)])
        journal = self.env["fapiao.call"].search([("operation", "=", "pull_start")])
        self.assertEqual(journal.mapped("state"), ["applied"])

    def test_again_writes_nothing(self):
        self.cloud.rows = headers(250)
        self.pull_now()
        again = self.pull_now()
        self.assertEqual(self.counts(again), (250, 0, 0, 250))

    def test_nothing_received(self):
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.row_count), ("done", 0))

    def test_clicked_twice(self):
        self.cloud.errors["start"] = [errors.NotSent()]
        pull = self.pull_now()
        self.assertEqual(pull.state, "running")
        self.cloud.rows = headers(3)
        self.assertEqual(self.pull_now(), pull)
        self.assertEqual((pull.state, pull.row_count), ("done", 3))

    def test_without_a_total(self):
        """(rows, rows the cloud puts on a page, pages asked for)"""
        self.cloud.tells_total = False
        for rows, size, pages in ((450, 200, 3), (400, 200, 3), (150, 100, 2), (40, None, 2)):
            with self.subTest(rows=rows, size=size):
                self.cloud.rows, self.cloud.size = headers(rows), size
                self.cloud.asked.clear()
                pull = self.pull_now()
                self.assertEqual((pull.state, pull.row_count), ("done", rows))
                self.assertEqual(len(self.cloud.asked), pages)

    def test_fewer_on_a_page_than_asked_for(self):
        self.cloud.rows, self.cloud.size = headers(250), 100
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.page, pull.row_count), ("done", 3, 250))

    def test_pages_that_overlap_all_the_way(self):
        """More than the total comes over the wire; the last ones must not be left out."""
        rows = headers(500)
        starts = range(0, 600, 190)
        self.cloud.answers = [inbound.PullPage(tuple(rows[at : at + 200]), total=500) for at in starts]
        pull = self.pull_now()
        self.assertEqual((pull.state, len(self.received())), ("done", 500))

    def test_the_same_page_for_ever(self):
        page = inbound.PullPage(tuple(headers(200)))
        self.cloud.answers = [page] * 10
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.row_count), ("done", 200))
        self.assertEqual(len(self.cloud.asked), 2)

    def test_the_same_page_though_more_is_told(self):
        self.cloud.answers = [inbound.PullPage(tuple(headers(200)), total=1000)] * 10
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.row_count), ("done", 200))
        self.assertIn("1000", pull.message)

    def test_overlapping_pages(self):
        """A fapiao that came in between has pushed rows to the next page."""
        self.cloud.answers = [
            inbound.PullPage(tuple(headers(200)), total=399),
            inbound.PullPage(tuple(headers(200, first=199)), total=400),
        ]
        pull = self.pull_now()
        self.assertEqual(self.counts(pull), (400, 399, 0, 1))
        self.assertEqual(len(self.received()), 399)

    def test_refusal_behind_a_short_last_page(self):
        self.cloud.tells_total = False
        self.cloud.rows = headers(5)
        self.cloud.errors["page"] = [None, errors.Rejected("没有更多数据")]
        self.assertEqual(self.pull_now().state, "done")

    # ------------------------------------------------------------------ what breaks

    def test_a_page_that_fails_is_asked_for_again(self):
        for error in (
            errors.NotSent("down"),
            errors.RateLimited(retry_after=90),
            errors.OutcomeUnknown("5xx"),
        ):
            with self.subTest(error=type(error).__name__):
                self.received().unlink()
                self.cloud.rows = headers(550)
                self.cloud.errors["page"] = [None, None, error]
                pull = self.pull_now()
                self.assertEqual((pull.state, pull.page, pull.row_count), ("running", 2, 400))
                self.assertTrue(pull.message and not pull.lease_until)
                self.assertGreater(pull.next_try_at, fields.Datetime.now())
                self.cloud.asked.clear()
                self.go_on(pull)
                self.assertEqual((pull.state, pull.row_count, pull.new_count), ("done", 550, 550))
                self.assertEqual([page for _task, page in self.cloud.asked], [3])
                self.assertFalse(pull.message)

    def test_not_before_its_time(self):
        self.cloud.errors["page"] = [errors.NotSent()]
        pull = self.pull_now()
        self.go_on(pull, due=False)
        self.assertEqual(len(self.cloud.asked), 1)

    def test_tries_end(self):
        self.cloud.errors["page"] = [errors.OutcomeUnknown()] * 50
        pull = self.pull_now()
        for _turn in range(20):
            if pull.state == "running":
                self.go_on(pull)
        self.assertEqual(pull.state, "failed")
        self.assertEqual(len(self.cloud.asked), 12)

    def test_slow_task(self):
        running = inbound.PullPage(is_running=True, text="6910")
        self.cloud.rows = headers(10)
        self.cloud.answers = [running, running]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.page), ("running", 0))
        self.assertIn("still collecting", pull.message)
        self.assertGreater(pull.next_try_at, fields.Datetime.now() + timedelta(seconds=20))
        self.go_on(pull)
        self.assertEqual(pull.state, "running")
        self.go_on(pull)
        self.assertEqual((pull.state, pull.row_count, len(self.cloud.started)), ("done", 10, 1))

    def test_refused_page_fails_and_goes_on_by_hand(self):
        self.cloud.rows = headers(300)
        self.cloud.errors["page"] = [None, errors.Rejected("税号不在租户范围内", "1130")]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.page), ("failed", 1))
        self.assertIn("1130", pull.message)
        with self.clicked():
            pull.action_run()
        self.assertEqual((pull.state, pull.row_count, len(self.cloud.started)), ("done", 300, 1))

    def test_refused_start(self):
        self.cloud.errors["start"] = [errors.Rejected("税号不在租户范围内", "1130")]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.start_count), ("failed", 0))
        self.assertIn("税号不在租户范围内", pull.message)

    def test_unknown_shape_shows_the_keys(self):
        self.cloud.errors["page"] = [errors.OutcomeUnknown("data: {fapiaoList2}", "unknown_shape")]
        pull = self.pull_now()
        self.assertEqual(pull.state, "failed")
        self.assertIn("fapiaoList2", pull.message)

    def test_rows_not_understood_are_kept(self):
        unread = tuple({"what": place, "token": "secret"} for place in range(30))
        self.cloud.answers = [inbound.PullPage(tuple(headers(5)), total=35, unread=unread)]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.row_count, pull.unread_count), ("done", 5, 30))
        self.assertEqual(len(pull.unread_text.splitlines()), 20)
        self.assertIn('"what": 0', pull.unread_text)
        self.assertNotIn("secret", pull.unread_text)

    def test_log_in_needed_and_done(self):
        for kind in ("session", "start", "page"):
            with self.subTest(at=kind):
                self.received().unlink()
                self.account.sudo().bureau_channel_at = False
                self.cloud.rows = headers(3)
                self.cloud.errors[kind] = [errors.LoginRequired("请登录")]
                pull = self.pull_now()
                self.assertTrue(pull.needs_person)
                self.assertEqual(self.account.session_state, "login")
                with self.faked():
                    self.run_cron(("fapiao.pull", "_cron_inbound"))
                self.assertNotEqual(pull.state, "done")
                with self.faked():
                    self.account.sudo()._record_ready()
                self.go_on(pull, due=False)
                self.assertEqual((pull.state, pull.row_count), ("done", 3))

    def test_bureau_wants_a_person(self):
        self.cloud.session = inbound.BureauSession(needs_person=True, url="https://etax.example.com")
        pull = self.pull_now()
        self.assertTrue(pull.needs_person)
        self.assertIn("etax.example.com", pull.message)
        self.assertFalse(self.cloud.started)
        self.assertFalse(self.account.bureau_channel_at)

    @mute_logger(RUN)
    def test_bug_in_the_client_or_in_loading(self):
        self.cloud.rows = headers(300)
        self.cloud.errors["page"] = [None, ZeroDivisionError("bug")]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.page), ("running", 1))
        self.cloud.rows[250] = header(250, amount_tax="abc")
        with mute_logger("odoo.sql_db"):
            self.go_on(pull)
        self.assertEqual((pull.state, pull.page), ("running", 1))
        self.assertIn("abc", pull.message)
        self.cloud.rows[250] = header(250)
        self.go_on(pull)
        self.assertEqual((pull.state, pull.row_count), ("done", 300))

    # ------------------------------------------------------------------ starting

    def test_lost_answer_to_the_start_of_headers(self):
        self.cloud.rows = headers(3)
        self.cloud.errors["start"] = [errors.OutcomeUnknown("timeout")]
        pull = self.pull_now()
        self.assertEqual((pull.state, pull.task_no, pull.is_starting), ("running", False, False))
        self.go_on(pull)
        self.assertEqual((pull.state, pull.task_no, pull.start_count), ("done", "T2", 2))

    def test_worker_died_while_starting(self):
        """Starts are counted by the month in China: (started, now, starts counted)"""
        for started, now, count in (
            (datetime(2026, 3, 31, 14, 30), datetime(2026, 3, 31, 15, 30), 2),
            (datetime(2026, 3, 31, 15, 30), datetime(2026, 3, 31, 16, 30), 1),
        ):
            with self.subTest(now=now), freeze_time(now):
                self.cloud.rows = headers(3)
                pull = self.create_pull(state="running", is_starting=True, started_at=started, start_count=1)
                self.go_on(pull)
                self.assertEqual((pull.state, pull.start_count), ("done", count))

    def test_pace_holds_a_start(self):
        self.account.write({"pace_per_minute": 1})
        self.env["fapiao.account"].browse(self.account.id)._take_pace(1)
        pull = self.pull_now()
        self.assertFalse(self.cloud.started)
        self.assertIn("allows", pull.message)
        self.assertEqual((pull.state, pull.tries), ("draft", 0))

    # ------------------------------------------------------------------ workers and people

    def test_held_by_another_worker(self):
        self.cloud.rows = headers(3)
        pull = self.create_pull(lease_until=fields.Datetime.now() + timedelta(minutes=5))
        with self.faked():
            self.assertFalse(self.Pull._continue(pull.id, 10))
        self.assertFalse(self.cloud.started)

    def test_page_taken_by_another_worker(self):
        self.cloud.rows = headers(300)
        pull = self.create_pull(state="running", task_no="T1", started_at=fields.Datetime.now())
        ask = self.cloud.pull_page

        def overtaken(task_no, page, page_size):
            pull.page = 1
            self.env.flush_all()
            return ask(task_no, page, page_size)

        self.cloud.pull_page = overtaken
        with self.faked():
            self.Pull._continue(pull.id, 10)
        self.assertEqual((pull.row_count, len(self.received())), (0, 0))

    def test_a_slice_ends_and_goes_on(self):
        self.cloud.rows = headers(500)
        pull = self.create_pull()
        with self.faked():
            self.Pull._continue(pull.id, 0)
        self.assertEqual((pull.state, pull.page, pull.lease_until), ("running", 1, False))
        self.go_on(pull, due=False)
        self.assertEqual((pull.state, pull.row_count), ("done", 500))
        self.assertEqual([page for _task, page in self.cloud.asked], [1, 2, 3])

    def test_begin_again(self):
        self.cloud.rows = headers(3)
        pull = self.pull_now()
        with self.clicked():
            pull.action_restart()
        self.assertEqual((pull.state, pull.task_no, pull.row_count, pull.new_count), ("done", "T2", 3, 0))
        with self.assertRaisesRegex(UserError, "is done"):
            pull.action_run()
        with self.assertRaisesRegex(UserError, "are kept"):
            pull.unlink()

    def test_one_open_pull_of_the_same_days(self):
        self.cloud.errors["start"] = [errors.Rejected("x"), errors.NotSent()]
        failed = self.pull_now()
        running = self.pull_now()
        self.assertNotEqual(failed, running)
        self.assertEqual((failed.state, running.state), ("failed", "running"))
        with self.assertRaisesRegex(UserError, "already"):
            failed.action_run()

    def test_who_pulls(self):
        group = self.env.ref("account.group_account_invoice")
        values = {"name": "x", "login": "fapiao_x", "company_id": self.company.id}
        user = self.env["res.users"].create({**values, "company_ids": self.company.ids, "group_ids": group.ids})
        pull = self.create_pull()
        self.assertTrue(pull.with_user(user).has_access("read"))
        self.assertFalse(pull.with_user(user).has_access("write"))
        for refused in (pull.with_user(user).action_run, self.account.with_user(user).action_pull):
            with self.assertRaises(AccessError):
                refused()
        user.group_ids += self.issuer_group
        self.cloud.rows = headers(1)
        with self.clicked():
            pull.with_user(user).action_run()
        self.assertEqual(pull.state, "done")


@tagged("post_install", "-at_install")
class TestDaily(PullCommon):
    def cron(self):
        with self.faked():
            self.run_cron(("fapiao.pull", "_cron_inbound"))
        return self.Pull.sudo().search([("account_id", "=", self.account.id)])

    def test_once_a_day_the_previous_four_days(self):
        self.cloud.rows = headers(3)
        pull = self.cron()
        today = self.Pull._today()
        self.assertRecordValues(
            pull,
            [
                {
                    "is_scheduled": True,
                    "kind": "header",
                    "state": "done",
                    "date_from": today - timedelta(days=4),
                    "date_to": today - timedelta(days=1),
                    "row_count": 3,
                }
            ],
        )
        self.assertEqual(self.cron(), pull)
        self.account.sudo().pull_day = today - timedelta(days=1)
        self.assertEqual(len(self.cron()), 2)

    def test_only_for_those_that_want_and_can(self):
        self.piaodanyun.active = True
        self.account.pull_daily = False
        self.assertFalse(self.cron())
        self.assertFalse(self.piaodanyun.pull_ids)

    def test_the_direct_channel_says_why_not(self):
        self.account.bureau_channel = "direct"
        self.assertFalse(self.cron())
        self.assertIn("乐企", self.account.pull_text)

    def test_one_that_fails_stops_no_other(self):
        other = self._create_kingdee_account(name="Other", tax_no="91440300OTHERACC01")
        self.cloud.errors["start"] = [errors.Rejected("x")]
        self.cloud.rows = headers(3)
        self.cron()
        states = (self.account | other).pull_ids.mapped("state")
        self.assertEqual(sorted(states), ["done", "failed"])
