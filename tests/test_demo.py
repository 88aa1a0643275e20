"""The demonstration data: what a newcomer finds ready to try."""

from odoo.tests import TransactionCase, tagged

ADDON = "l10n_cn_invoice_cloud"


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def setUp(self):
        super().setUp()
        self.company = self.env.ref("base.demo_company_cn", raise_if_not_found=False)
        if not self.company or not self.env.ref(f"{ADDON}.order_buyer", raise_if_not_found=False):
            self.skipTest("without demonstration data")
        self.env.user.group_ids += self.env.ref(f"{ADDON}.group_fapiao_issuer")
        self.env.user.company_ids += self.company

    def test_orders_are_ready_to_be_requested(self):
        for name, kind, total in (
            ("order_buyer", "company", 12 * 280 * 1.13 + 8 * 315 * 1.06),
            ("order_person", "person", round(2 * 69.9 * 1.13, 2)),
        ):
            with self.subTest(name):
                order = self.env.ref(f"{ADDON}.{name}").with_company(self.company)
                self.assertEqual((order.state, order.company_id), ("sale", self.company))
                self.assertEqual(order.partner_id.fapiao_title_type, kind)
                self.assertTrue(order.fapiao_can_request)
                self.assertEqual(order.fapiao_state, "to_issue")
                self.assertAlmostEqual(order.fapiao_amount_open, total, 2)
                action = order.action_fapiao_request()
                dialog = self.env[action["res_model"]].browse(action["res_id"])
                stopping = dialog.problem_ids.filtered(lambda problem: problem.severity == "error")
                self.assertFalse(stopping.mapped("message"))
