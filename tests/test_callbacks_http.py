"""Callbacks over real HTTP: who gets in, and what they are answered."""

import logging
import socket
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..controllers.callback import IN_LOG, MOST, HideTokens
from .common_callback import MANAGER, CallbackCase


@tagged("post_install", "-at_install")
class TestCallbackDoor(CallbackCase):
    """Who gets in."""

    def test_documented_answer(self):
        self.assert_taken(self.call(self.told("U1")))
        callback = self.callbacks()
        self.assertEqual((callback.state, callback.times, callback.company_id), ("new", 1, self.company))
        self.assertEqual(callback.remote_addr, "127.0.0.1")
        self.assertIn("U1", callback.body)

    def test_account_is_looked_up_once(self):
        Account = self.env.registry["fapiao.account"]
        with patch.object(Account, "_called_back", autospec=True, side_effect=Account._called_back) as looked_up:
            self.assert_taken(self.call(self.told("U1")))
        self.assertEqual(looked_up.call_count, 1)

    def test_nothing_is_done_before_the_answer(self):
        request = self.pending()
        before = request.next_try_at
        self.assert_taken(self.call(self.told(request.request_uid)))
        self.assertEqual((request.next_try_at, request.hinted_at), (before, False))
        self.assertFalse(self.world.calls.of())
        triggers = self.env["ir.cron.trigger"].search(
            [
                ("cron_id", "=", self.env.ref("l10n_cn_invoice_cloud.cron_reconcile").id),
                ("call_at", "<=", fields.Datetime.now()),
            ]
        )
        self.assertTrue(triggers)

    def test_whatever_is_wrong_looks_the_same(self):
        token = self.account.sudo().callback_token
        wrong = [
            f"/invoice_cloud/callback/kingdee/{token[:-1]}",
            f"/invoice_cloud/callback/kingdee/{token}x",
            "/invoice_cloud/callback/kingdee/发票",
            "/invoice_cloud/callback/kingdee/%00",
            f"/invoice_cloud/callback/piaodanyun/{token}",
            f"/invoice_cloud/callback/piaodanyun/{self.piaodanyun.sudo().callback_token}",
            f"/invoice_cloud/callback/kingdee/{self.piaodanyun.sudo().callback_token}",
            f"/invoice_cloud/callback/nobody/{token}",
        ]
        answers = [self.call(self.told("U1"), path) for path in wrong]
        for path, response in zip(wrong, answers, strict=True):
            with self.subTest(path):
                self.assert_turned_away(response)
        self.account.callback_addresses = "203.0.113.7"
        answers.append(self.call(self.told("U1")))
        shown = {(one.status_code, one.text, one.headers["Content-Type"]) for one in answers}
        self.assertEqual(len(shown), 1)
        self.assertFalse(self.env["fapiao.callback"].search([]))

    def test_archived_account_is_still_called(self):
        """What is open at an account outlives its archiving."""
        other = self._create_kingdee_account(tax_username="another").sudo()
        other.active = False
        self.assert_taken(self.call(self.told("U1"), f"/invoice_cloud/callback/kingdee/{other.callback_token}"))
        self.assertEqual(self.env["fapiao.callback"].search([]).account_id, other)

    def test_empty_token_opens_nothing(self):
        self.account.sudo().callback_token = False
        self.assert_turned_away(self.call(self.told("U1"), "/invoice_cloud/callback/kingdee/False"))
        self.assertEqual(self.call(self.told("U1"), "/invoice_cloud/callback/kingdee/").status_code, 404)
        self.assertFalse(self.account.sudo().callback_url)

    def test_rotated_token(self):
        with self.assertRaises(AccessError):
            self.account.with_user(self.user_of(MANAGER)).action_rotate_callback_token()
        self.account.with_user(self.user_of(MANAGER, "base.group_system")).action_rotate_callback_token()
        self.assert_turned_away(self.call(self.told("U1")))
        self.assert_taken(self.call(self.told("U1"), urlsplit(self.account.sudo().callback_url).path))

    def test_address_list(self):
        for lines in ("127.0.0.1", "203.0.113.7\n 127.0.0.0/8 \n", "::1\n127.0.0.1/32"):
            with self.subTest(lines):
                self.account.callback_addresses = lines
                self.assert_taken(self.call(self.told(lines)))
        self.callbacks().sudo().unlink()
        self.account.callback_addresses = "203.0.113.7\n2001:db8::/32"
        self.assert_turned_away(self.call(self.told("U1")))
        # only a proxy that Odoo was told of may say who calls
        self.assert_turned_away(self.call(self.told("U1"), **{"X-Forwarded-For": "203.0.113.7"}))
        self.assertTrue(self.account._may_be_called_from("::ffff:203.0.113.7"))
        for caller in ("", None, "unix:", "203.0.113.8"):
            self.assertFalse(self.account._may_be_called_from(caller))

    def test_address_list_is_checked(self):
        for lines in ("here", "203.0.113.7, 203.0.113.8", "203.0.113.0/33", "203.0.113.7\n256.0.0.1"):
            with self.subTest(lines), self.assertRaisesRegex(ValidationError, "203.0.113.0/24"):
                self.account.callback_addresses = lines

    def test_other_methods(self):
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            with self.subTest(method), self.engine():
                response = self.opener.request(method, self.base_url() + self.path, timeout=12)
                self.assert_turned_away(response, 405)

    def test_too_large(self):
        self.assert_turned_away(self.call(self.told("U1", remark="x" * MOST)), 413)
        self.assert_turned_away(self.call(iter([b"x" * MOST, b"x"])), 413)

    def test_a_stranger_is_turned_away_before_the_body_is_read(self):
        """The body never comes: who waits for it isn't answered."""
        where = urlsplit(self.base_url())
        for path in (self.path + "x", self.path.replace("kingdee", "nobody")):
            with (
                self.subTest(path),
                self.engine(),
                self.allow_requests(all_requests=True),
                socket.create_connection((where.hostname, where.port), timeout=10) as line,
            ):
                line.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
                    "Content-Length: 1000000\r\n\r\n".encode()
                )
                self.assertRegex(line.recv(1000).decode(), r"^HTTP/1.[01] 404 ")
        self.assertFalse(self.callbacks())

    def test_body_in_pieces(self):
        self.assert_taken(self.call(iter([self.told("U1")])))
        self.assertIn("U1", self.callbacks().body)

    def test_content_types(self):
        for place, kind in enumerate(
            ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "x")
        ):
            with self.subTest(kind):
                self.assert_taken(self.call(self.told(f"a=1&U{place}+"), **{"Content-Type": kind}))
                self.assertIn(f"a=1&U{place}+", self.callbacks()[0].body)

    def test_token_stays_out_of_the_log(self):
        args = ("::1", f"POST {self.path} HTTP/1.1")
        line = logging.LogRecord("werkzeug", logging.INFO, "", 0, '%s "%s"', args, None)
        self.assertTrue(HideTokens().filter(line))
        self.assertIn("/invoice_cloud/callback/kingdee/*** HTTP/1.1", line.getMessage())
        self.assertTrue(IN_LOG.search(self.path))
        kept = [one for one in logging.getLogger("werkzeug").filters if isinstance(one, HideTokens)]
        self.assertEqual(len(kept), 1)
