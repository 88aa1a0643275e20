"""The monthly look at what was issued, and questions to a cloud that can't be asked."""

from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from ..clouds.errors import FileAway, LoginRequired, NotSent, OutcomeUnknown, PaceUsedUp, Patience
from ..models.callbacks import fapiao as fapiao_look
from ..models.callbacks.fapiao import Month
from ..models.issuing.fapiao import MAX_TRIES
from ..models.values import SHANGHAI
from .common_red import RedCommon

FIND = "invoiceQueryMx"
FILE = "getInvoicePdfOfd"


@tagged("post_install", "-at_install")
class TestMonth(BaseCase):
    """The calendar of the look; pure."""

    def test_bounds(self):
        month = Month(datetime(2026, 3, 1, 0, 30, tzinfo=SHANGHAI))
        self.assertEqual((str(month.first), str(month.before), month.day), ("2026-03-01", "2026-02-01", 1))
        self.assertEqual(month.start, datetime(2026, 2, 28, 16))
        self.assertEqual(month.quarter, datetime(2025, 12, 31, 16))

    def test_hours(self):
        month = Month(datetime(2026, 3, 9, 12, tzinfo=SHANGHAI))
        self.assertEqual([month.hours_until(day) for day in (10, 9, 8)], [36, 12, 1])

    def test_patience(self):
        patience = Patience()
        self.assertTrue(patience.is_over(NotSent()))
        self.assertTrue(patience.is_over(LoginRequired()))
        self.assertTrue(patience.is_over(PaceUsedUp("bureau", 10, 60, 5)))
        self.assertFalse(patience.is_over(FileAway()))
        lost = OutcomeUnknown("timed out")
        self.assertEqual([patience.is_over(lost) for _n in range(3)], [False, False, True])
        patience = Patience()
        told = [patience.is_over(error) for error in (lost, lost, None, lost, lost)]
        self.assertFalse(any(told), "an answer in between")
        self.assertFalse(any(patience.is_over(OutcomeUnknown("", "500", 500)) for _n in range(5)))


class LookCase(RedCommon):
    def issued(self, count=1):
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(count)])
        self.issue(invoices)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(invoices.fapiao_ids), count)
        self.world.calls.clear()
        return invoices.fapiao_ids

    def issued_ago(self, fapiao, months=1):
        first = Month(fapiao_look.now_in_china()).first
        day = fields.Date.subtract(first, months=months) + timedelta(days=14)
        fapiao.sudo().write({"issue_date": day, "issued_at": fields.Datetime.to_datetime(day)})

    def look(self):
        self.run_cron(("fapiao", "_queue_looks"), "_cron_reconcile")

    def asked(self, call=FIND):
        return len(self.world.calls.of(call))


@tagged("post_install", "-at_install")
class TestLook(LookCase):
    def test_last_month(self):
        fapiao = self.issued(2)
        self.look()
        self.assertFalse(self.asked(), "this month's are asked about in the next")
        self.issued_ago(fapiao)
        self.look()
        self.assertEqual(self.asked(), 2)
        self.assertTrue(all(fapiao.mapped("checked_at")))
        self.look()
        self.assertEqual(self.asked(), 2, "asked once")

    def test_reversed_in_the_portal_and_no_callback(self):
        fapiao = self.issued()
        red = self.world.reverse_elsewhere(fapiao.number)
        self.issued_ago(fapiao)
        self.look()
        self.assertEqual((fapiao.status, fapiao.red_ids.number), ("red", red.number))
        self.assertEqual(fapiao.move_ids.fapiao_state, "red")
        self.assertFalse(fapiao.refresh_at or fapiao.refresh_is_look)

    def test_asked_this_month_already(self):
        fapiao = self.issued()
        self.issued_ago(fapiao)
        fapiao.sudo().checked_at = fields.Datetime.now()
        self.look()
        self.assertFalse(self.asked())

    def test_earlier_ones_once_a_quarter(self):
        fapiao = self.issued()
        self.issued_ago(fapiao, months=2)
        self.look()
        self.assertFalse(self.asked(), "it was due last month")
        self.issued_ago(fapiao, months=4)
        self.look()
        self.assertEqual(self.asked(), 1)
        self.look()
        self.assertEqual(self.asked(), 1)
        past = fields.Datetime.now() - timedelta(days=100)
        fapiao.sudo().write({"checked_at": past, "looked_at": past})
        self.look()
        self.assertEqual(self.asked(), 2)

    def test_who_is_left_out(self):
        fapiao = self.issued(3)
        self.issued_ago(fapiao)
        dead, received, kept = fapiao
        dead.sudo().status = "void"
        received.sudo().direction = "in"
        self.account.recheck_day = 0
        self.look()
        self.assertFalse(self.asked())
        self.account.recheck_day = 10
        self.account.sudo().session_state = "login"
        self.look()
        self.assertFalse(self.asked() or kept.looked_at)
        self.account.sudo().session_state = "ok"
        self.look()
        self.assertEqual([call.form["fphm"] for call in self.world.calls.of(FIND)], [kept.number])

    def test_spread(self):
        fapiao = self.issued(6)
        self.issued_ago(fapiao)
        with patch.object(fapiao_look, "QUEUED_LEAST", 2), self.on_day(1):
            self.look()
            self.assertEqual(self.asked(), 2)
            self.look()
            self.assertEqual(self.asked(), 4)
        with patch.object(fapiao_look, "QUEUED_LEAST", 1), self.on_day(10, hour=23):
            self.look()
        self.assertEqual(self.asked(), 6, "all that is left, in the last hour")

    def test_pace_of_background_work(self):
        fapiao = self.issued(8)
        self.issued_ago(fapiao)
        self.account.pace_per_minute = 10
        self.age_pace(minutes=2)
        self.look()
        self.assertEqual(self.asked(), 5)
        waiting = fapiao.filtered("refresh_at")
        self.assertEqual((len(waiting), set(waiting.mapped("refresh_tries"))), (3, {0}))
        self.assertTrue(all(one.refresh_at > fields.Datetime.now() for one in waiting))
        self.age_pace(minutes=2)
        waiting.sudo().write({"refresh_at": fields.Datetime.now()})
        self.look()
        self.assertEqual(self.asked(), 8)

    def test_told_where_it_could_not_be_done(self):
        fapiao = self.issued()
        self.issued_ago(fapiao)
        self.account.sudo().session_state = "login"
        with self.on_day(10):
            self.look()
        self.assertFalse(self.account.activity_ids)
        for _time in range(2):
            with self.on_day(11):
                self.look()
            self.assertEqual(len(self.account.activity_ids), 1)
        self.account.activity_ids.action_feedback()
        with self.on_day(12):
            self.look()
        self.assertFalse(self.account.activity_ids, "once a month")

    def test_settings(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.account.recheck_day = 31
            self.env.flush_all()

    def on_day(self, day, hour=0):
        now = fapiao_look.now_in_china().replace(day=day, hour=hour, minute=0)
        return patch.object(fapiao_look, "now_in_china", lambda: now)


@tagged("post_install", "-at_install")
class TestRuns(LookCase):
    """Runs of questions end where the cloud can't be asked, and burn no tries."""

    def fetch(self):
        self.run_cron(("fapiao", "_cron_files"))

    def due_again(self, fapiao):
        now = fields.Datetime.now()
        fapiao.sudo().write({"files_try_at": now})

    def test_files_of_a_dead_cloud(self):
        fapiao = self.issued(5)
        fapiao.sudo().files_tries = MAX_TRIES - 1
        self.world.faults.add(FILE, "rate_limited", times=-1)
        self.fetch()
        self.assertEqual(self.asked(FILE), 1)
        self.assertEqual(set(fapiao.mapped("files_tries")), {MAX_TRIES - 1})
        self.assertEqual(set(fapiao.mapped("files_state")), {"wanted"})
        self.world.faults.clear()
        self.due_again(fapiao)
        self.fetch()
        self.assertEqual(set(fapiao.mapped("files_state")), {"done"})

    def test_files_without_session(self):
        fapiao = self.issued(3)
        self.world.piaodanyun.session_calls += (FILE,)
        self.world.set_session(self.account.tax_no, "lost")
        self.fetch()
        self.assertEqual(self.asked(FILE), 1)
        self.assertEqual(self.account.session_state, "login")
        self.assertEqual(set(fapiao.mapped("files_tries")), {0})
        self.due_again(fapiao)
        self.fetch()
        self.assertEqual(self.asked(FILE), 1, "the account waits for a person")

    def test_files_without_an_answer(self):
        fapiao = self.issued(5)
        self.world.faults.add(FILE, "drop_before", times=-1)
        self.fetch()
        self.assertEqual(self.asked(FILE), 3)
        self.assertEqual(sum(fapiao.mapped("files_tries")), 1, "one was tried, the others wait")

    def test_files_beyond_the_pace(self):
        fapiao = self.issued(4)
        self.account.pace_per_minute = 10
        self.age_pace(minutes=2)
        self.fetch()
        self.assertEqual(self.asked(FILE), 5)
        begun = fapiao.filtered(lambda one: one._files() and one.files_state == "wanted")
        self.assertEqual(len(begun), 1, "what was fetched is kept")
        self.assertEqual(set((fapiao - fapiao.filtered("pdf_id")).mapped("files_tries")), {0})

    def test_click_beyond_the_pace(self):
        fapiao = self.issued()
        self.account.pace_per_minute = 1
        with self.engine(), self.assertRaisesRegex(UserError, "Try again in"):
            fapiao.action_fetch_files()

    def test_refresh_of_a_dead_cloud(self):
        fapiao = self.issued(5)
        self.issued_ago(fapiao)
        self.world.faults.add(FIND, "rate_limited", times=-1)
        self.look()
        self.assertEqual(self.asked(), 1)
        self.assertEqual(set(fapiao.mapped("refresh_tries")), {0})
        self.assertTrue(all(one.refresh_at > fields.Datetime.now() for one in fapiao))
