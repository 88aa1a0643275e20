"""Red-flush on a sale order: what was requested from it is reversed from it, several fapiao at once too."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestRedOfOrder(OrderCommon):
    def test_reversed_from_the_order(self):
        order = self.create_order()
        self.request(order)
        blue = order.fapiao_ids
        self.assertTrue(order.fapiao_can_red)
        form = self.flush(order)
        self.assertEqual((form.stage, form.fapiao_id), ("issued", blue))
        self.assert_reversed_once(blue)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("red", 1130))
        self.assertEqual(self.offered(order), [10])
        self.assertFalse(order.fapiao_can_red)

    def test_nothing_to_reverse(self):
        order = self.create_order()
        self.assertFalse(order.fapiao_can_red)
        with self.assertRaisesRegex(UserError, "no fapiao to reverse"):
            order.action_fapiao_red()

    def test_waiting_form_shows_on_the_order_and_opens(self):
        order = self.create_order()
        self.request(order)
        self.use(order.fapiao_ids)
        form = self.flush(order)
        self.assertEqual((form.stage, order.fapiao_red_stage), ("waiting", "waiting"))
        self.assertIn(form.number, order.fapiao_red_message)
        self.assertEqual(order.fapiao_red_deadline, form.deadline)
        self.assertFalse(order.fapiao_can_red)
        self.assertEqual(order.action_fapiao_red()["res_id"], form.id)
        self.act(form, "refuse")
        self.assertIn("not reversed", "".join(order.message_ids.mapped("body")))
        self.assertTrue(order.fapiao_can_red)

    def test_several_at_once(self):
        order = self.create_order()
        for _part in range(2):
            self.request(order, 5)
        blue = order.fapiao_ids
        self.assertEqual(len(blue), 2)
        self.assertEqual(order.action_fapiao_red()["domain"], [("id", "in", blue.ids)])
        with self.engine():
            dialog = self.env["fapiao.red.flush"].browse(blue.action_red()["res_id"])
        self.assertEqual((dialog.fapiao_id | dialog.more_ids, dialog.can_apply), (blue, True))
        self.assertIn("2 fapiao are reversed", dialog.scope_text)
        self.assertFalse(dialog.can_make_credit_note)
        forms = self.apply(dialog)
        self.assertEqual(forms.mapped("stage"), ["issued", "issued"])
        for one in blue:
            self.assert_reversed_once(one)
        self.assertEqual(order.fapiao_state, "red")

    def test_several_orders(self):
        orders = self.create_order() | self.create_order([{"price_unit": 70}])
        for order in orders:
            self.request(order)
        action = orders.action_fapiao_red()
        self.assertEqual(action["domain"], [("id", "in", orders.fapiao_ids.ids)])

    def test_one_of_several_is_refused_and_none_is_reversed(self):
        order = self.create_order()
        for _part in range(2):
            self.request(order, 5)
        first, second = order.fapiao_ids.sorted("id")
        self.world.reverse_elsewhere(second.number)
        with self.engine():
            dialog = self.env["fapiao.red.flush"].browse((first | second).action_red()["res_id"])
        self.assertFalse(dialog.can_apply)
        self.assertFalse(self.reds_of(first))

    def test_by_a_salesperson_before_anything_is_invoiced(self):
        """Who issues may reverse from the order without rights in accounting; then it is requested again or
        cancelled."""
        order = self.create_order()
        self.request(order)
        blue = order.fapiao_ids
        groups = ("sales_team.group_sale_salesman_all_leads", "l10n_cn_invoice_cloud.group_fapiao_issuer")
        seller = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "seller_with_fapiao",
                "group_ids": [(6, 0, [self.env.ref(group).id for group in groups])],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        with self.assertRaises(UserError):
            order.with_user(seller).action_cancel()
        dialog = self.open_flush(order, seller).with_user(seller)
        self.assertEqual((dialog.scope, dialog.reason, dialog.can_make_credit_note), ("full", "01", False))
        form = self.apply(dialog)
        self.assertEqual((form.stage, form.user_id, order.fapiao_state), ("issued", seller, "red"))
        self.assert_reversed_once(blue)
        self.request(order)
        self.assertEqual(len(order.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())), 1)
        self.flush(order)
        order.with_user(seller).action_cancel()
        self.assertEqual((order.state, order.fapiao_can_red), ("cancel", False))

    def test_only_issuers(self):
        order = self.create_order()
        self.request(order)
        clerk = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "seller_without_fapiao",
                "group_ids": [(6, 0, self.env.ref("sales_team.group_sale_manager").ids)],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            order.with_user(clerk).action_fapiao_red()
