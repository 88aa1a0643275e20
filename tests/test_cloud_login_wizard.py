"""The log-in dialog: every way in."""

import base64
import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.cloud.engine import Engine
from ..sandbox import defaults
from .common_login import LoginCommon


@tagged("post_install", "-at_install")
class TestLoginWizard(LoginCommon):
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

    def test_codes_of_a_dialog_that_was_left_are_wiped(self):
        login = self.open(method="sms")
        self.click(login, "action_start")
        login.write({"sms_code": "123456", "pin": "9876"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE fapiao_login SET write_date = write_date - interval '1 hour'")
        self.env.invalidate_all()
        self.run_cron("_cron_reconcile")
        self.env.invalidate_all()
        self.assertFalse(login.sms_code or login.pin or login.qr_id)

    def test_journal_is_there_before_the_call(self):
        login = self.open(method="sms")
        seen = []
        original = Engine._ask

        def look_first(self_, account, question, part="", purpose=""):
            seen.append(self_._step(lambda env: env["fapiao.call"].search([], limit=1).state))
            return original(self_, account, question, part, purpose)

        self.patch(Engine, "_ask", look_first)
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
        self.assertIn("queried again", answer["message"])
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
