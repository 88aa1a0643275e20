"""What the sandbox's 金蝶发票云 itself pushes: by bill, by fapiao, returned, repeated and reordered."""

import json

from odoo.tests import tagged

from ..sandbox.kingdee import callbacks
from .common_callback import CallbackCase


@tagged("post_install", "-at_install")
class TestCloudCallsBack(CallbackCase):
    def setUp(self):
        super().setUp()
        # held, so that the test delivers them in the order it wants
        self.world.set_callback_url("http://127.0.0.1:1/held")
        self.invoice = self.create_invoice()
        self.issue(self.invoice)
        self.request = self.invoice.fapiao_request_ids

    def pushed(self):
        return [json.dumps(callbacks.wire_body(delivery)).encode() for delivery in self.world.deliveries.values()]

    def deliver(self, bodies):
        for body in bodies:
            self.assertTrue(self.call(body).json()["success"])
        self.process()

    def test_by_bill_and_by_fapiao(self):
        for style in ("bill", "fapiao", "both"):
            with self.subTest(style=style):
                self.world.set("kingdee", callback_style=style)
                self.setUp_request()
                self.world.issue_bill(self.request.request_uid)
                self.deliver(self.pushed())
                self.assert_issued(self.request)

    def test_credit_line_that_comes_along(self):
        self.world.set_credit(self.account.tax_no, total="5000")
        self.world.issue_bill(self.request.request_uid)
        self.deliver(self.pushed())
        self.assertEqual(self.account.credit_left_told, float(self.world.credit_left(self.account.tax_no)))
        self.assertRecordValues(self.account, [{"credit_left": 4000, "credit_source": "pushed", "credit_low": False}])
        row = self.env["fapiao.credit"].search([("account_id", "=", self.account.id)])
        self.assertEqual((row.credit_left_told, row.credit_source), (4000, "pushed"))

    def setUp_request(self):
        self.world.deliveries.clear()
        self.invoice = self.create_invoice()
        self.issue(self.invoice)
        self.request = self.invoice.fapiao_request_ids

    def test_three_fapiao_told_backwards_and_twice(self):
        self.world.set("kingdee", callback_style="fapiao", split_amount="400")
        self.setUp_request()
        self.world.issue_bill(self.request.request_uid)
        bodies = self.pushed()
        self.assertEqual(len(bodies), 3)
        self.deliver([*reversed(bodies), *bodies])
        self.assert_issued(self.request, 3)
        self.assertEqual(len(self.callbacks()), 3, "each is kept once")

    def test_sent_back(self):
        self.world.return_bill(self.request.request_uid, "客户要求换抬头")
        self.deliver(self.pushed())
        self.assertEqual(self.request.state, "rejected")
        self.assertIn("换抬头", self.request.cloud_text)
        self.assertEqual(self.invoice.fapiao_state, "failed")
