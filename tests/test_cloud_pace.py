"""The pace: every call is counted by provider and tax number, and a share is kept for what is urgent."""

from datetime import timedelta
from types import SimpleNamespace

from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from ..clouds.base import (
    ASSISTANT_CHANNEL,
    ASSISTANT_PAGES,
    BUREAU,
    DOWNLOAD,
    FIND,
    LOGIN,
    PAGES,
    PULL_PAGE,
    RECEIPT,
    TELL_STATUS,
)
from ..clouds.errors import PaceUsedUp
from ..clouds.registry import CLOUDS
from ..models.cloud.engine import Engine
from ..models.cloud.fapiao_pace import BACKGROUND, ISSUE, QUESTION, reserved, rules
from .common import FapiaoCommon
from .live.database import LiveDatabase, finish

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestShares(BaseCase):
    """What each purpose may use; pure."""

    def test_reserved(self):
        cases = {(10, 30): 3, (1, 30): 0, (2, 30): 1, (3, 1): 1, (10, 0): 0, (500, 30): 150, (10, 90): 9}
        for (allowed, percent), kept in cases.items():
            with self.subTest(allowed=allowed, percent=percent):
                self.assertEqual(reserved(allowed, percent), kept)

    def test_rules(self):
        own = {
            purpose: [allowed for _span, _kinds, allowed in rules([(MINUTE, 10)], 30, purpose)]
            for purpose in (ISSUE, QUESTION, BACKGROUND)
        }
        self.assertEqual(own, {ISSUE: [10], QUESTION: [10, 7], BACKGROUND: [10, 7, 5]})
        for allowed in (1, 2):
            least = [number for *_rule, number in rules([(MINUTE, allowed), (HOUR, 1)], 30, BACKGROUND)]
            self.assertGreaterEqual(min(least), 1, "no purpose is shut out for good")

    def test_channels(self):
        config = SimpleNamespace()
        for name, operations in {
            "piaodanyun": {FIND: BUREAU, DOWNLOAD: PAGES},
            "kingdee": {FIND: BUREAU, PULL_PAGE: PAGES, DOWNLOAD: PAGES},
            "kingdee_assistant": {
                TELL_STATUS: ASSISTANT_CHANNEL,
                RECEIPT: ASSISTANT_PAGES,
                DOWNLOAD: ASSISTANT_PAGES,
            },
        }.items():
            cloud = CLOUDS[name].__new__(CLOUDS[name])
            cloud.config = config
            for operation, channel in operations.items():
                with self.subTest(cloud=name, operation=operation):
                    self.assertEqual(cloud.channel(operation), channel)


@tagged("post_install", "-at_install")
class TestPace(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Pace = cls.env["fapiao.pace"]
        cls.other = cls._create_fapiao_account(name="Another user", tax_username="another", pace_per_minute=50)

    def take(self, count, purpose=QUESTION, channel=BUREAU, account=None):
        with self.engine():
            return Engine(self.env)._step(
                lambda env: env["fapiao.pace"]._take(
                    env["fapiao.account"].browse((account or self.account).id), count, channel, purpose
                )
            )

    def times(self, channel=BUREAU):
        self.env.cr.execute(
            "SELECT at FROM fapiao_pace WHERE key = %s AND kind <> 'gate' ORDER BY at",
            [self.account._pace_key(channel)],
        )
        return [at for (at,) in self.env.cr.fetchall()]

    def assert_within(self, limit, span=MINUTE):
        times = self.times()
        for at in times:
            started = [one for one in times if at - span < one <= at]
            self.assertLessEqual(len(started), limit)

    # ------------------------------------------------------------------ counting

    def test_shares(self):
        self.account.pace_per_minute = 10
        self.assertEqual(self.take(20, BACKGROUND), 5)
        self.assertEqual(self.take(20, BACKGROUND), 0)
        self.assertEqual(self.take(20, QUESTION), 2)
        self.assertEqual(self.take(20, QUESTION), 0)
        self.assertEqual(self.take(20, ISSUE), 3)
        self.assertEqual(self.take(20, ISSUE), 0)
        self.assertEqual(self.take(20, channel=PAGES), 20, "another channel")

    def test_issuing_uses_all(self):
        self.account.pace_per_minute = 10
        self.assertEqual(self.take(8, ISSUE), 8)
        self.assertEqual(self.take(20, QUESTION), 2, "its own share is used, the rest is free")
        self.assertEqual(self.take(20, ISSUE), 0)

    def test_accounts_with_one_tax_number_share(self):
        self.account.pace_per_minute = 10
        self.assertEqual(self.take(6, ISSUE, account=self.other), 6)
        self.assertEqual(self.take(20, ISSUE), 4)
        self.assertEqual(self.take(20, ISSUE, account=self.other), 0, "the strictest setting applies")
        self.account.active = False
        self.age_pace(minutes=2)
        self.assertEqual(self.take(60, ISSUE, account=self.other), 50, "an archived account sets no limit")

    def test_other_tax_number(self):
        self.account.pace_per_minute = 10
        stranger = self._create_fapiao_account(name="Else", tax_no="91440300MA5ELSE026", pace_per_minute=10)
        self.assertEqual(self.take(20, ISSUE), 10)
        self.assertEqual(self.take(20, ISSUE, account=stranger), 10)

    def test_hour_and_day(self):
        self.account.write({"pace_per_minute": 1000, "pace_per_hour": 20, "pace_per_day": 30})
        self.assertEqual(self.take(100, ISSUE), 20)
        self.age_pace(minutes=61)
        self.assertEqual(self.take(100, ISSUE), 10)
        self.age_pace(minutes=24 * 60)
        self.assertEqual(self.take(100, ISSUE), 20)

    def test_given_back(self):
        self.account.pace_per_minute = 10
        self.assertEqual(self.take(10, ISSUE), 10)
        self.Pace._give_back(self.account, 4, BUREAU)
        self.assertEqual(self.take(10, ISSUE), 4)

    def test_refusal_says_when(self):
        self.account.pace_per_minute = 10
        self.take(7)
        self.age_pace(minutes=0.5)
        with self.engine(), self.assertRaises(PaceUsedUp) as caught:
            Engine(self.env)._spend(self.account, BUREAU)
        error = caught.exception
        self.assertEqual((error.allowed, error.span), (10, 60))
        self.assertTrue(25 <= error.retry_after <= 31, error.retry_after)

    def test_old_rows_go(self):
        self.take(3)
        self.age_pace(minutes=24 * 60 + 1)
        self.take(2)
        self.assertEqual(self.Pace._gc_old(), (3, False))
        self.assertEqual(len(self.times()), 2)

    # ------------------------------------------------------------------ every flow

    def test_all_flows_of_two_accounts_share_one_pace(self):
        self.account.pace_per_minute = 10
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(6)])
        self.issue(invoices)
        rounds = 0
        while set(invoices.mapped("fapiao_state")) != {"issued"} or invoices.fapiao_ids.filtered(
            lambda fapiao: fapiao.files_state == "wanted"
        ):
            rounds += 1
            self.assertLess(rounds, 20)
            self.run_cron(("fapiao.account", "_cron_accounts"), "_cron_dispatch", ("fapiao", "_cron_files"))
            self.run_cron("_cron_reconcile")
            self.assert_within(10)
            self.age_pace(minutes=1.1)
            self.env.cr.execute("UPDATE fapiao SET files_try_at = now() WHERE files_state = 'wanted'")
            self.env.invalidate_all()
        self.assertGreater(rounds, 2)
        counted = len(self.times()) + len(self.times(PAGES))
        made = [call for call in self.world.calls.of() if call.call != "obtainToken"]
        self.assertEqual(counted, len(made), "every call is counted once")
        credit = {call.form.get("username") for call in made if call.call == "getCreditLine"}
        self.assertEqual(len(credit), 2, "both accounts had their turn")

    def test_issuing_goes_on_beside_questions(self):
        self.account.pace_per_minute = 10
        first = self.create_invoice()
        self.issue(first)
        for _n in range(7):
            self.refresh(first.fapiao_ids)
        with self.assertRaisesRegex(UserError, r"allows 10 calls a minute.*Try again in \d+ seconds"):
            self.refresh(first.fapiao_ids)
        second = self.create_invoice()
        self.issue(second)
        self.assert_one_fapiao(second)

    def test_a_call_that_is_kept_back_leaves_no_journal_row(self):
        self.account.pace_per_minute = 1
        self.take(1)
        before = self.env["fapiao.call"].search_count([])
        with self.engine(), self.assertRaises(PaceUsedUp):
            Engine(self.env)._ask_logged(self.account, LOGIN, {}, lambda cloud: 1 / 0)
        self.assertEqual(self.env["fapiao.call"].search_count([]), before)

    def refresh(self, fapiao):
        with self.engine():
            fapiao.action_refresh()


@tagged("post_install", "-at_install")
class TestPaceProcesses(BaseCase):
    """The same pace in several processes at once: nothing here is simulated."""

    def test_never_more_than_allowed(self):
        database = LiveDatabase()
        self.addCleanup(database.close)
        accounts = database.sql(
            "UPDATE fapiao_account SET provider = 'kingdee', tax_no = '91440300MA5PACE026',"
            " tax_username = id::text, pace_per_minute = 100 RETURNING id"
        )
        self.assertGreater(len(accounts), 1)
        workers = [database.start("take_pace", accounts[place % 2], 25) for place in range(4)]
        taken = [int(finish(process)[1]) for process in workers]
        self.assertEqual(sum(taken), 100)
        self.assertEqual(
            database.sql("SELECT count(*), count(DISTINCT key) FROM fapiao_pace WHERE kind = 'issue'"),
            ["100|1"],
        )
