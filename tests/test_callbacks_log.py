"""The log of callbacks: who reads it, replays from it, and what becomes of old ones."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, Form, tagged

from .common_callback import AUDITOR, ISSUER, MANAGER, CallbackCase
from .live.database import LiveDatabase, finish


@tagged("post_install", "-at_install")
class TestCallbackLog(CallbackCase):
    """Who reads, replays and removes what came."""

    def test_rights(self):
        self.call(self.told("U1"))
        callback = self.callbacks()
        readers = {
            "base.group_user": False,
            "account.group_account_invoice": False,
            AUDITOR: True,
            ISSUER: True,
            MANAGER: True,
        }
        for group, reads in readers.items():
            theirs = callback.with_user(self.user_of(group))
            with self.subTest(group):
                self.assertEqual(theirs.has_access("read"), reads)
                self.assertFalse(any(theirs.has_access(name) for name in ("write", "create", "unlink")))
                self.assertNotIn("callback_url", theirs.env["fapiao.account"].fields_get())
                if reads:
                    with Form(theirs) as form:
                        self.assertEqual(form.state, "new")
        with self.assertRaises(UserError):
            callback.with_user(self.env.ref("base.user_admin")).write({"state": "done"})
        with self.assertRaises(AccessError):
            callback.with_user(self.user_of(AUDITOR)).action_replay()

    def test_other_companies(self):
        self.call(self.told("U1"))
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.user_of(MANAGER)
        stranger.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.assertFalse(self.callbacks().with_user(stranger).has_access("read"))

    def test_replay(self):
        request = self.pending()
        uid = request.request_uid
        self.call(self.told(uid))
        request.sudo().request_uid = "NOT_YET"
        self.process()
        self.assertEqual(self.callbacks().state, "unknown")
        request.sudo().request_uid = uid
        self.world.issue_bill(uid)
        issuer = self.user_of(ISSUER)
        with self.engine():
            self.callbacks().with_user(issuer).action_replay()
        self.assertEqual((self.callbacks().state, self.callbacks().request_ids), ("done", request))
        self.process()
        self.assert_issued(request)

    def test_old_ones_go(self):
        self.call(self.told("U1"))
        self.call(self.told("U2"))
        new, old = self.callbacks()
        moment = fields.Datetime.now() - timedelta(days=181)
        old.sudo().write({"received_at": moment, "last_at": moment})
        new.sudo().write({"received_at": moment})
        self.assertEqual(self.env["fapiao.callback"].sudo()._gc_old(), (1, False))
        self.assertEqual(self.callbacks(), new)

    def test_address_of_the_account(self):
        account = self.account.sudo()
        self.assertTrue(account.has_callbacks)
        self.assertFalse(self.piaodanyun.has_callbacks)
        self.assertFalse(self.piaodanyun.sudo().callback_url)
        self.assertRegex(account.callback_url, r"^http.*/invoice_cloud/callback/kingdee/[\w-]{43}$")
        self.assertNotEqual(account.callback_token, self.piaodanyun.sudo().callback_token)
        manager = self.user_of(MANAGER)
        made = self.account.with_user(manager).copy({"tax_username": "another"})
        self.assertTrue(made.sudo().callback_token)
        with Form(self.account.with_user(manager)) as form:
            form.callback_addresses = "203.0.113.7"


@tagged("post_install", "-at_install")
class TestCallbackProcesses(BaseCase):
    """The same deliveries in several processes at once: nothing here is simulated."""

    def test_deliveries_at_once(self):
        database = LiveDatabase()
        self.addCleanup(database.close)
        account = database.sql("UPDATE fapiao_account SET provider = 'kingdee' RETURNING id")[0]
        for process in [database.start("take_callbacks", account, 40) for _worker in range(3)]:
            finish(process)
        rows = database.sql("SELECT times, state, count(*) FROM fapiao_callback GROUP BY times, state")
        self.assertEqual(rows, ["3|unknown|40"])
