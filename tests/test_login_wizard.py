"""The log-in dialog: every way in, and every way it can go wrong."""

import base64
import json
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..sandbox import defaults
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestLoginWizard(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls._create_user("Issuer", cls.issuer_group)

    @classmethod
    def _create_user(cls, name, groups):
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": name.lower(),
                "group_ids": [Command.set(groups.ids)],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def open(self, purpose="login", **values):
        """Open the dialog as the issuer and choose ``values``."""
        account = self.account.with_user(self.issuer)
        action = account.action_face() if purpose == "face" else account.action_login()
        return self.env["fapiao.login"].with_user(self.issuer).with_context(action["context"]).create(values)

    def click(self, login, button):
        with self.engine():
            action = getattr(login, button)()
        self.assertEqual((action["res_model"], action["res_id"]), ("fapiao.login", login.id))

    def poll(self, login, later=True):
        """Ask as the dialog does; ``later``: so late that the cloud is asked as well."""
        if later and login.asked_at:
            login.sudo().asked_at -= timedelta(minutes=1)
        with self.engine():
            return login.poll()

    def calls(self, name="loginDppt"):
        return len(self.world.calls.of(name))

    def journal(self):
        return self.env["fapiao.exchange"].search([("account_id", "=", self.account.id)])

    def wait_for_login(self):
        """Return an invoice whose request waits for somebody to log in."""
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "waiting_login")
        return invoice

    # ------------------------------------------------------------------ SMS

    def test_waiting_requests_go_on(self):
        invoice = self.wait_for_login()
        login = self.open(method="sms")
        self.click(login, "action_start")
        self.assertEqual(login.state, "sms_sent")
        login.sms_code = f" {self.world.sms_code()} "
        self.click(login, "action_confirm")
        self.assertEqual(login.state, "done")
        self.assertIn("One waiting request", login.message)
        self.assertFalse(login.sms_code)
        self.assertEqual(self.account.session_state, "ok")
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_wrong_code_can_be_typed_again(self):
        login = self.open(method="sms")
        self.click(login, "action_start")
        login.sms_code = "000000x"
        self.click(login, "action_confirm")
        self.assertEqual(login.state, "sms_sent")
        self.assertIn("短信验证码错误", login.message)
        self.assertFalse(login.sms_code)
        login.sms_code = self.world.sms_code()
        self.click(login, "action_confirm")
        self.assertEqual(login.state, "done")

    def test_empty_code_calls_nobody(self):
        login = self.open(method="sms")
        self.click(login, "action_start")
        calls = self.calls()
        self.click(login, "action_confirm")
        self.assertEqual((login.state, self.calls()), ("sms_sent", calls))
        self.assertTrue(login.message)

    def test_journal_has_no_secret_and_no_document(self):
        login = self.open(method="sms")
        self.click(login, "action_start")
        code = self.world.sms_code()
        login.sms_code = code
        self.click(login, "action_confirm")
        second, first = self.journal()
        self.assertEqual(json.loads(first.request_body), {"method": "sms"})
        self.assertEqual(json.loads(second.request_body), {"method": "sms", "sms": "***"})
        for row in first, second:
            self.assertRecordValues(
                row, [{"operation": "login", "state": "applied", "outcome": "answered", "res_model": False}]
            )
            self.assertNotIn(code, f"{row.request_body}{row.answer_body}")

    def test_journal_is_there_before_the_call(self):
        login = self.open(method="sms")
        seen = []
        engine = type(self.env["fapiao.engine"])
        original = engine._ask

        def look_first(self_, account, question):
            seen.append(self_._step(lambda env: env["fapiao.exchange"].search([], limit=1).state))
            return original(self_, account, question)

        self.patch(engine, "_ask", look_first)
        self.click(login, "action_start")
        self.assertEqual(seen, ["sent"])

    # ------------------------------------------------------------------ codes to scan

    def test_app_code(self):
        invoice = self.wait_for_login()
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        self.assertEqual(login.state, "qr")
        self.assertTrue(base64.b64decode(login.qr_image).startswith(b"\x89PNG"))
        self.assertEqual(self.poll(login)["state"], "waiting")
        self.world.scan()
        answer = self.poll(login)
        self.assertEqual(answer["state"], "done")
        self.assertIn("goes on by itself", answer["message"])
        self.assertFalse(login.qr_image)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_cloud_is_asked_no_faster_than_the_pace(self):
        self.account.pace_per_minute = 10
        login = self.open(method="face_qr")
        self.click(login, "action_start")
        calls = self.calls()
        for _again in range(3):
            self.assertEqual(self.poll(login, later=False)["state"], "qr")
        self.assertEqual(self.calls(), calls)
        login.sudo().asked_at -= timedelta(seconds=7)
        self.poll(login, later=False)
        self.poll(login, later=False)
        self.assertEqual(self.calls(), calls + 1)

    def test_expired_code_is_replaced(self):
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        first = login.qr_id
        self.world.clock.advance(minutes=10)
        self.assertEqual(self.poll(login)["state"], "expired")
        self.assertTrue(login.message)
        self.click(login, "action_start")
        self.assertEqual(login.state, "qr")
        self.assertNotEqual(login.qr_id, first)
        self.assertFalse(login.message)

    def test_our_own_end_of_a_code(self):
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        login.sudo().expires_at = fields.Datetime.now() - timedelta(minutes=1)
        calls = self.calls()
        self.assertEqual(self.poll(login)["state"], "expired")
        self.assertEqual(self.calls(), calls)

    def test_lost_answer_while_waiting_changes_nothing(self):
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        self.world.faults.add("loginDppt", "http_500_before")
        answer = self.poll(login)
        self.assertEqual(answer["state"], "qr")
        self.assertIn("asked again", answer["message"])
        self.world.scan()
        self.assertEqual(self.poll(login)["state"], "done")

    def test_done_is_asked_no_more(self):
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        self.world.scan()
        self.poll(login)
        calls = self.calls()
        self.assertEqual(self.poll(login)["state"], "done")
        self.assertEqual(self.calls(), calls)

    # ------------------------------------------------------------------ face

    def test_face_resumes_requests(self):
        self.world.set_face(self.account.tax_no, True)
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "waiting_login")
        self.assertEqual(self.account.session_state, "face")
        for app in ("tax", "income"):
            with self.subTest(app):
                login = self.open("face", app=app)
                self.click(login, "action_start")
                self.assertEqual(login.state, "qr")
                self.assertTrue(base64.b64decode(login.qr_image).startswith(b"\x89PNG"))
                self.assertEqual(self.poll(login)["state"], "qr")
        self.world.scan()
        self.assertEqual(self.poll(login)["state"], "done")
        self.assertEqual((self.account.face_state, self.account.session_state), ("ok", "ok"))
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_only_the_code_is_journaled(self):
        self.world.set_face(self.account.tax_no, True)
        login = self.open("face")
        self.click(login, "action_start")
        self.poll(login)
        row = self.journal()
        self.assertRecordValues(row, [{"operation": "face_qr", "state": "applied", "outcome": "answered"}])
        self.assertNotIn("qrcode_id", row.answer_body)

    # ------------------------------------------------------------------ certificates

    def test_certificate(self):
        login = self.open(method="cert")
        self.click(login, "action_start")
        self.assertEqual(login.state, "done")
        self.assertEqual(login.message, "You are logged in to the tax bureau.")

    def test_soft_certificate_with_pin(self):
        login = self.open(method="soft_cert", pin="wrong")
        self.click(login, "action_start")
        self.assertEqual(login.state, "start")
        self.assertIn("软证书口令错误", login.message)
        self.assertFalse(login.pin)
        login.pin = defaults.CERT_PIN
        self.click(login, "action_start")
        self.assertEqual(login.state, "done")
        self.assertFalse(login.pin)
        self.assertNotIn(defaults.CERT_PIN, "".join(self.journal().mapped("request_body")))

    # ------------------------------------------------------------------ troubles and rights

    def test_cloud_is_down(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        login = self.open(method="sms")
        self.click(login, "action_start")
        self.assertEqual(login.state, "start")
        self.assertIn("could not be reached", login.message)
        self.assertNotIn("by itself", login.message)
        self.assertEqual(self.journal().outcome, "not_sent")

    def test_lost_answer_does_not_speak_of_a_fapiao(self):
        self.world.faults.add("loginDppt", "drop_after")
        login = self.open(method="sms")
        self.click(login, "action_start")
        self.assertEqual(login.state, "start")
        self.assertNotIn("fapiao", login.message)
        self.assertRecordValues(self.journal(), [{"outcome": "unknown", "state": "applied"}])

    def test_wrong_password_is_noted_on_the_account(self):
        self.account.sudo().tax_password = "wrong"
        login = self.open(method="sms")
        self.click(login, "action_start")
        self.assertIn("账号或密码错误", login.message)
        self.assertEqual(self.account.session_state, "credentials")

    def test_bug_in_the_client_stays_in_the_dialog(self):
        def break_down(*_args):
            raise KeyError("surprise")

        self.patch(type(self.env["fapiao.engine"]), "_ask", break_down)
        login = self.open(method="sms")
        with self.assertLogs("odoo.addons.l10n_cn_invoice_cloud.models.fapiao_engine", "ERROR"):
            self.click(login, "action_start")
        self.assertEqual(login.state, "start")
        self.assertTrue(login.message)

    def test_another_way(self):
        login = self.open(method="app_qr")
        self.click(login, "action_start")
        self.click(login, "action_back")
        self.assertEqual((login.state, login.message), ("start", False))

    def test_dialog_is_ones_own(self):
        login = self.open(method="sms")
        other = self._create_user("Other", self.issuer_group)
        with self.assertRaises(AccessError):
            login.with_user(other).read(["sms_code"])
        with self.assertRaises(AccessError):
            login.with_user(other).action_start()
        with self.assertRaises(AccessError):
            login.with_user(other).poll()
        self.assertFalse(self.env["fapiao.login"].with_user(other).search([]))

    def test_only_issuers(self):
        bookkeeper = self._create_user("Bookkeeper", self.env.ref("account.group_account_invoice"))
        with self.assertRaises(AccessError):
            self.account.with_user(bookkeeper).action_login()
        with self.assertRaises(AccessError):
            self.env["fapiao.login"].with_user(bookkeeper).create({"account_id": self.account.id})

    def test_account_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        account = self._create_fapiao_account(company_id=company.id)
        login = self.env["fapiao.login"].with_user(self.issuer).create({"account_id": account.id})
        with self.assertRaises(AccessError):
            login.action_start()
