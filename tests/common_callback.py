"""Calling back over real HTTP, as 金蝶发票云 does."""

import base64
import json
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import Command, fields
from odoo.tests import HttpCase

from .common_kingdee import KingdeeCommon

ANSWER = {"success": True, "code": "0", "errorCode": "0", "message": "success"}
FAKE = "26319999999999999999"
ISSUER = "l10n_cn_invoice_cloud.group_fapiao_issuer"
MANAGER = "l10n_cn_invoice_cloud.group_fapiao_manager"
AUDITOR = "account.group_account_readonly"


class CallbackCase(KingdeeCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.path = urlsplit(self.account.sudo().callback_url).path
        self.account.auto_invoice = False

    # ------------------------------------------------------------------ calling

    def call(self, body, path=None, **headers):
        """POST ``body`` (bytes, or what ``told`` makes) as the cloud does."""
        with self.engine():
            return self.opener.request(
                "POST",
                self.base_url() + (path or self.path),
                data=body,
                timeout=12,
                headers={"Content-Type": "application/json;charset=UTF-8", **headers},
                allow_redirects=False,
            )

    def told(self, uid, number=FAKE, packed=True, **changes):
        """Return the body of a callback by bill, as documented."""
        data = [{"billNo": uid, "serialNo": uid, "invoiceNum": number, "invoiceStatus": "0", **changes}]
        if packed:
            data = base64.b64encode(json.dumps(data).encode()).decode()
        return json.dumps(
            {"interfaceCode": "INVOICE.OPEN", "returnCode": "0", "returnMsg": "success", "data": data}
        ).encode()

    def store(self, body):
        """Take in a callback as the controller does, without the way there."""
        with self.engine():
            self.env["fapiao.callback"]._take(self.account, body, "127.0.0.1")

    def callbacks(self):
        return self.env["fapiao.callback"].search([("account_id", "=", self.account.id)])

    def process(self):
        """Let the scheduled run come that a callback has woken."""
        self.run_cron("_cron_reconcile")

    def pending(self):
        """Return a request that lies in the cloud and is next asked about in an hour."""
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "pending")
        request.sudo().write({"next_try_at": fields.Datetime.now() + timedelta(hours=1), "tries": 9})
        self.world.calls.clear()
        return request

    def user_of(self, *groups):
        """Return a user of the tests' company in ``groups``."""
        login = f"callback {groups}"
        return self.env["res.users"].search([("login", "=", login)]) or self.env["res.users"].create(
            {
                "name": groups[-1],
                "login": login,
                "group_ids": [Command.set([self.env.ref(group).id for group in groups])],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )

    # ------------------------------------------------------------------ what must hold

    def assert_taken(self, response):
        self.assertEqual((response.status_code, response.json()), (200, ANSWER))
        self.assertTrue(response.headers["Content-Type"].startswith("application/json"))
        self.assert_tells_nothing(response)

    def assert_turned_away(self, response, status=404):
        self.assertEqual(response.status_code, status)
        self.assertFalse(self.callbacks())
        self.assert_tells_nothing(response)

    def assert_tells_nothing(self, response):
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertNotIn("Traceback", response.text)
