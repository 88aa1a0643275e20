"""The quota of callbacks: beyond it no body is kept, and the account's open requests are asked about."""

import re
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.callbacks import fapiao_callback
from .common_callback import ISSUER, MANAGER, CallbackCase


@tagged("post_install", "-at_install")
class TestCallbackQuota(CallbackCase):
    def over_quota(self):
        return self.callbacks().filtered(lambda callback: callback.state == "over_quota")

    def an_hour_later(self):
        past = fields.Datetime.now() - timedelta(minutes=61)
        self.callbacks().sudo().write({"received_at": past, "last_at": past})
        if self.account.callback_over_at:
            self.account.sudo().callback_over_at = past

    def test_rows(self):
        self.account.callback_rows_per_hour = 3
        for number in range(5):
            self.assert_taken(self.call(self.told(f"U{number}")))
        over = self.over_quota()
        self.assertEqual(len(over), 2)
        self.assertFalse(any(over.mapped("body")))
        self.assertTrue(all(over.mapped("digest")) and all(over.mapped("size")))
        self.an_hour_later()
        self.assert_taken(self.call(self.told("U9")))
        self.assertEqual(self.callbacks()[0].state, "new")

    def test_a_flood_of_distinct_bodies_is_counted_and_not_kept(self):
        self.account.callback_rows_per_hour = 2
        with patch.object(fapiao_callback, "KEPT_DIGESTS", 3):
            for number in range(20):
                self.store(self.told(f"U{number}"))
            self.store(self.told("U0"))
        self.assertEqual((len(self.callbacks()), len(self.over_quota())), (5, 3))
        self.assertEqual(sum(self.callbacks().mapped("times")), 21)

    def test_bytes(self):
        self.account.callback_bytes_per_hour = 3000
        for number in range(3):
            self.assert_taken(self.call(self.told(f"U{number}", remark="x" * 1000, packed=False)))
        self.assertEqual(len(self.over_quota()), 1)
        self.assert_taken(self.call(b"{}"))
        self.assertEqual(len(self.over_quota()), 1, "a small one still fits")

    def test_other_accounts_have_their_own(self):
        other = self._create_kingdee_account(tax_username="another", callback_rows_per_hour=1)
        self.store(self.told("U1"))
        with self.engine():
            self.env["fapiao.callback"]._take(other, self.told("U1"), "127.0.0.1")
        self.assertFalse(self.env["fapiao.callback"].search([("state", "=", "over_quota")]))

    def test_open_requests_are_asked_about_once(self):
        request = self.pending()
        self.world.issue_bill(request.request_uid)
        self.account.callback_rows_per_hour = 1
        for number in range(4):
            self.store(self.told(f"U{number}"))
        self.process()
        self.assert_issued(request)
        self.assertTrue(self.account.callback_is_over)
        activity = self.account.activity_ids.filtered(lambda one: "callbacks" in one.summary)
        self.assertEqual(len(activity), 1)
        waiting = self.pending()
        before = waiting.next_try_at
        self.store(self.told("U7"))
        self.process()
        self.assertEqual(waiting.next_try_at, before, "asked once within the hour")
        self.an_hour_later()
        self.account.callback_rows_per_hour = 1
        for number in (8, 9):
            self.store(self.told(f"U{number}"))
        self.process()
        self.assertNotEqual(waiting.next_try_at, before)
        self.assertEqual(len(self.account.activity_ids & activity), 1)
        self.assertEqual(len(self.account.activity_ids), 1, "one activity at a time")

    def test_body_that_comes_again_within_the_quota_is_kept(self):
        request = self.pending()
        self.account.callback_rows_per_hour = 1
        self.store(self.told("U1"))
        self.store(self.told(request.request_uid))
        self.assertEqual((self.over_quota().times, self.over_quota().body), (1, False))
        self.an_hour_later()
        self.store(self.told(request.request_uid))
        callback = self.callbacks()[0]
        self.assertEqual((callback.state, callback.times), ("new", 2))
        self.process()
        self.assertEqual((callback.state, callback.request_ids), ("done", request))

    def test_repetition_of_what_is_known_needs_no_room(self):
        self.account.callback_rows_per_hour = 1
        for _time in range(3):
            self.store(self.told("U1"))
        callback = self.callbacks()
        self.assertEqual((len(callback), callback.times, callback.state), (1, 3, "new"))

    def test_not_replayed(self):
        self.account.callback_rows_per_hour = 1
        self.store(self.told("U1"))
        self.store(self.told("U2"))
        over = self.over_quota()
        with self.engine():
            over.with_user(self.user_of(ISSUER)).action_replay()
        self.assertEqual(over.state, "over_quota")

    def test_goes_after_a_week(self):
        self.account.callback_rows_per_hour = 1
        self.store(self.told("U1"))
        self.store(self.told("U2"))
        self.callbacks().sudo().write({"last_at": fields.Datetime.now() - timedelta(days=8)})
        self.env["fapiao.callback"].sudo()._gc_old()
        self.assertEqual(self.callbacks().mapped("state"), ["new"])

    def test_settings(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.account.callback_rows_per_hour = 0
            self.env.flush_all()

    def test_form_says_when_the_cloud_called(self):
        self.assertFalse(self.account.callback_last_at)
        hint = self.account.sudo().callback_hint
        self.assertIn("dbfilter = ^", hint)
        self.assertIn(re.escape(self.env.cr.dbname), hint)
        self.store(self.told("U1"))
        self.account.invalidate_recordset(["callback_last_at", "callback_hint"])
        self.assertTrue(self.account.callback_last_at)
        self.assertFalse(self.account.sudo().callback_hint)
        with Form(self.account.with_user(self.user_of(MANAGER))) as form:
            self.assertTrue(form.callback_last_at)
