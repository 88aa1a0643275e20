"""The log-in dialog: what can go wrong, and who may use it."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.cloud.engine import Engine
from .common_login import LoginCommon


@tagged("post_install", "-at_install")
class TestLoginTroubles(LoginCommon):
    def test_cloud_is_down(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        login = self.open(method="sms")
        self.click(login, "action_start")
        self.assertEqual(login.state, "start")
        self.assertIn("could not be reached", login.message)
        self.assertNotIn("automatically", login.message)
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

        self.patch(Engine, "_ask", break_down)
        login = self.open(method="sms")
        with self.assertLogs("odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine", "ERROR"):
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
