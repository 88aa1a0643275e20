"""The hourly look at the accounts, and what a copied database may do with them."""

from unittest.mock import patch

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.cloud.fapiao_task_mixin import UNSENT_STATES
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestAccountCron(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # others' accounts, such as those of the demo data, lead to clouds that aren't there
        (cls.env["fapiao.account"].search([]) - cls.account).active = False

    def refresh(self):
        self.run_cron(("fapiao.account", "_cron_accounts"))

    def test_credit_session_and_face_are_noted(self):
        self.refresh()
        self.assertRecordValues(
            self.account,
            [{"session_state": "ok", "face_state": "ok", "credit_left": 3000000, "session_text": False}],
        )
        self.assertTrue(self.account.credit_at)

    def test_one_that_fails_stops_no_other(self):
        nowhere = "http://127.0.0.1:1/nowhere"
        unreachable = self._create_fapiao_account(name="Nowhere", base_url=nowhere, tax_username="1")
        lost = self._create_fapiao_account(name="Broken", tax_username="2")
        self.account.sudo().session_at = "2026-01-01"  # asked last: those never asked come first

        accounts = self.registry["fapiao.account"]
        refresh = accounts._refresh_from_cloud

        def broken(account, *args):
            if account.id == lost.id:
                raise ZeroDivisionError
            return refresh(account, *args)

        with (
            patch.object(accounts, "_refresh_from_cloud", broken),
            mute_logger("odoo.addons.l10n_cn_invoice_cloud.models.cloud.fapiao_account"),
        ):
            self.refresh()
        self.assertEqual(self.account.session_state, "ok")
        self.assertEqual(unreachable.session_state, "unknown")
        self.assertIn("could not be reached", unreachable.session_text)

    def test_lost_session_is_noted_and_ends(self):
        self.world.set_session(self.account.tax_no, "lost")
        self.refresh()
        self.assertEqual(self.account.session_state, "login")
        self.world.set_session(self.account.tax_no, "active")
        self.refresh()
        self.assertEqual(self.account.session_state, "ok")

    def test_wrong_password_is_not_tried_again(self):
        self.account.sudo().password = "wrong"
        self.refresh()
        self.assertEqual(self.account.session_state, "credentials")
        before = len(self.world.calls.of())
        self.refresh()
        self.assertEqual(len(self.world.calls.of()), before)

    def test_neutralized_database_reaches_no_cloud(self):
        self.account.write({"mode": "production", "base_url": "https://cloud.example.com/api"})
        self.account.sudo().token = "secret"
        self.env.flush_all()
        (query,) = get_neutralization_queries(["l10n_cn_invoice_cloud"])
        self.env.cr.execute(query)
        self.env.invalidate_all()
        account = self.account.sudo()
        self.assertEqual(account.mode, "sandbox")
        self.assertFalse(account.password or account.tax_password or account.token or account.token_expires_at)
        self.assertFalse(account.callback_token)
        self.assertTrue(account.base_url.startswith("http://127.0.0.1:"))
        account._check_base_url()
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertIn(invoice.fapiao_request_ids.state, UNSENT_STATES)
        self.assertFalse(invoice.fapiao_request_ids.in_doubt)
        self.assertFalse(self.world.calls.of())
