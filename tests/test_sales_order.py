"""A fapiao requested from a sale order: all of it or a part, and what the order allows meanwhile."""

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestOrder(OrderCommon):
    def test_from_the_button_to_the_number(self):
        order = self.create_order()
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("to_issue", 1130))
        request = self.request(order)
        self.assertEqual(request.state, "issued", request.error_message)
        issued = self.world.issued(request.request_uid)
        self.assertEqual(order.fapiao_ids.mapped("number"), [issued[0].number])
        self.assertRecordValues(
            order,
            [{"fapiao_state": "issued", "fapiao_numbers": issued[0].number, "fapiao_amount_open": 0}],
        )
        self.assertRecordValues(order.fapiao_ids, [{"amount_untaxed": 1000, "amount_tax": 130, "order_ids": order.ids}])
        self.assertEqual(order.order_line.fapiao_qty_covered, 10)
        self.assertIn(issued[0].number, "".join(order.message_ids.mapped("body")))
        self.assertEqual(request._progress()["document"], order.name)
        with self.assertRaisesRegex(UserError, issued[0].number):
            order.action_fapiao_request()

    def test_parts_come_to_the_whole(self):
        """A third of 100 at a time: no fen is lost or found."""
        order = self.create_order([{"product_uom_qty": 3, "price_unit": 33.335, "discount": 7}])
        line = order.order_line
        totals = []
        for _part in range(3):
            fapiao = self.request(order, 1).fapiao_ids
            totals.append((fapiao.amount_untaxed, fapiao.amount_tax))
        self.assertAlmostEqual(sum(amount for amount, _tax in totals), line.price_subtotal, 2)
        self.assertAlmostEqual(sum(tax for _amount, tax in totals), line.price_tax, 2)
        self.assertRecordValues(order, [{"fapiao_state": "issued", "fapiao_amount_open": 0}])

    def test_part_leaves_the_rest_open(self):
        order = self.create_order([{}, {"product_id": self.product_b.id, "tax_ids": self.tax_6.ids}])
        self.request(order, 4, 0)
        self.assertEqual(self.offered(order), [6, 10])
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("partial", 2190 - 452))
        self.request(order)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        self.assertEqual(len(order.fapiao_ids), 2)

    def test_what_no_fapiao_knows_is_left_out(self):
        order = self.create_order(
            [
                {},
                {"price_unit": 0},
                {"product_id": False, "name": "Words", "display_type": "line_section", "tax_ids": []}
                | dict.fromkeys(("product_uom_qty", "price_unit"), 0),
            ]
        )
        dialog = self.open(order)
        self.assertEqual(dialog.line_ids.order_line_id, order.order_line[0])

    def test_discount_is_shown_and_negative_lines_are_folded(self):
        order = self.create_order([{"discount": 10}, {"product_uom_qty": 1, "price_unit": -50}])
        fapiao = self.request(order).fapiao_ids
        self.assertEqual(fapiao.amount_untaxed, 850)
        self.assertEqual(fapiao.line_ids.mapped("amount_untaxed"), [1000, -150])

    def test_foreign_currency_is_converted(self):
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "USD")])
        currency.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": self.company.id,
                "name": fields.Date.today(),
                "rate": 0.14,
            }
        )
        pricelist = self.env["product.pricelist"].create({"name": "Dollars", "currency_id": currency.id})
        order = self.create_order(pricelist_id=pricelist.id)
        self.assertEqual(order.currency_id, currency)
        first = self.request(order, 3).fapiao_ids
        second = self.request(order).fapiao_ids
        self.assertAlmostEqual(first.amount_untaxed + second.amount_untaxed, round(1000 / 0.14, 2), 2)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        invoice = self.invoice(order)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))

    # ------------------------------------------------------------------ the dialog

    def test_choice_goes_to_the_cloud(self):
        order = self.create_order()
        request = self.request(order, remark="分批", fapiao_type="special", email="a@example.com", phone="13800138000")
        draft = request._neutral_draft()
        self.assertEqual(
            (draft.remark, draft.type, draft.buyer.email, draft.buyer.mobile),
            ("分批", "special", "a@example.com", "13800138000"),
        )

    def test_problem_is_mended_without_losing_the_choice(self):
        self.product_a.fapiao_code_id = False
        order = self.create_order()
        dialog = self.open(order)
        self.assertEqual(dialog.problem_ids.mapped("code"), ["code_missing"])
        dialog.line_ids.quantity = 2
        self.assertEqual(self.click(dialog)["res_id"], dialog.id)
        self.assertFalse(order.fapiao_request_ids)
        action = dialog.problem_ids.action_open()
        self.assertEqual((action["res_id"], action["target"]), (self.product_a.product_tmpl_id.id, "new"))
        self.product_a.fapiao_code_id = self.code
        dialog.action_check()
        self.assertFalse(dialog.problem_ids)
        self.click(dialog)
        self.assertEqual(order.fapiao_ids.amount_untaxed, 200)

    def test_impossible_choices(self):
        order = self.create_order()
        for quantity, values, code in (
            (11, {}, "more_than_open"),
            (-1, {}, "more_than_open"),
            (0, {}, "nothing_chosen"),
            (1, {"email": "nowhere"}, "recipient_email"),
            (1, {"phone": "12"}, "recipient_phone"),
        ):
            with self.subTest(code, quantity=quantity):
                dialog = self.open(order)
                dialog.line_ids.quantity = quantity
                dialog.write(values)
                self.click(dialog)
                self.assertIn(code, dialog.problem_ids.mapped("code"))
        self.assertFalse(order.fapiao_request_ids)

    def test_warning_is_shown_before_it_is_accepted(self):
        self.buyer.vat = False
        order = self.create_order()
        dialog = self.open(order)
        self.assertEqual(dialog.problem_ids.mapped("severity"), ["warning"])
        self.assertEqual(dialog.request_label, "Request Anyway")
        self.click(dialog)
        self.assertEqual(order.fapiao_state, "issued")

    def test_more_than_one_fapiao_may_carry(self):
        self.company.fapiao_amount_limit = 600
        order = self.create_order()
        dialog = self.open(order)
        self.assertEqual(dialog.fapiao_count, 2)
        self.click(dialog)
        self.assertEqual(len(order.fapiao_ids), 2)
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))

    def test_only_confirmed_orders(self):
        order = self.create_order(confirm=False)
        self.assertFalse(order.fapiao_can_request)
        with self.assertRaisesRegex(UserError, "Confirm the order"):
            order.action_fapiao_request()

    # ------------------------------------------------------------------ what goes wrong

    def test_second_dialog_requests_nothing(self):
        order = self.create_order()
        first, second = self.open(order), self.open(order)
        self.click(first)
        self.click(second)
        self.assertEqual(second.problem_ids.mapped("code"), ["more_than_open"])
        self.assertEqual(len(order.fapiao_ids), 1)

    def test_database_step_refuses_more_than_is_ordered(self):
        order = self.create_order()
        self.request(order, 7)
        row = order.order_line.fapiao_request_line_ids
        with self.assertRaisesRegex(UserError, "exceed"), self.env.cr.savepoint():
            row.sudo().copy()

    def test_lost_answer(self):
        self.world.faults.add("blueTicket", "drop_after")
        order = self.create_order()
        request = self.request(order)
        self.assertEqual((request.state, order.fapiao_state), ("unknown", "pending"))
        self.assertFalse(order.fapiao_can_request)
        self.assertFalse(order.fapiao_can_withdraw)
        self.make_due(request)
        self.run_cron("_cron_reconcile")
        self.assertEqual(order.fapiao_state, "issued")
        self.assertEqual(len(self.world.issued()), 1)

    def test_rejected_and_corrected(self):
        self.world.faults.add("blueTicket", "refused")
        order = self.create_order()
        first = self.request(order)
        self.assertEqual((first.state, order.fapiao_state), ("rejected", "failed"))
        self.assertEqual(self.offered(order), [10])
        self.assertTrue(order.fapiao_message)
        second = self.request(order)
        self.assertEqual(second.previous_id, first)
        self.assertEqual(order.fapiao_state, "issued")

    def test_withdrawn(self):
        self.world.set_session(self.account.tax_no, "lost")
        order = self.create_order()
        self.request(order)
        self.assertTrue(order.fapiao_waits_for_login and order.fapiao_can_withdraw)
        with self.assertRaisesRegex(UserError, "Withdraw the request"):
            order._action_cancel()
        order.action_fapiao_withdraw()
        self.assertEqual(order.fapiao_state, "to_issue")
        self.assertEqual(self.offered(order), [10])
        order._action_cancel()
        self.assertEqual((order.state, order.fapiao_state), ("cancel", "none"))

    # ------------------------------------------------------------------ what a fapiao forbids

    def test_order_with_a_fapiao_stays(self):
        order = self.create_order()
        number = self.request(order, 4).fapiao_ids.number
        line = order.order_line
        attempts = [
            order._action_cancel,
            line.with_context(force_delete=True).unlink,
            lambda: line.write({"product_uom_qty": 3}),
            lambda: line.write({"price_unit": 30}),
            lambda: line.write({"discount": 70}),
            lambda: line.write({"tax_ids": [Command.set(self.tax_6.ids)]}),
        ]
        for attempt in attempts:
            with self.assertRaises(UserError) as refused, self.env.cr.savepoint():
                attempt()
            if attempt != attempts[1]:  # core has its own word on that
                self.assertIn(number, str(refused.exception))
                self.assertIn("Reverse the fapiao", str(refused.exception))
        line.product_uom_qty = 4
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))
        line.write({"product_uom_qty": 12, "price_unit": 110})
        self.assertEqual(order.fapiao_state, "partial")
        self.assertEqual(self.offered(order), [8])

    def test_higher_price_is_no_rounding(self):
        order = self.create_order()
        self.request(order, 4)
        order.order_line.price_unit = 120
        fapiao = self.request(order).fapiao_ids
        self.assertEqual(fapiao.amount_untaxed, 720, "six units at the new price")
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("partial", 90.4))

    # ------------------------------------------------------------------ rights

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_who_may(self):
        groups = {
            "salesman": self.env.ref("sales_team.group_sale_salesman_all_leads"),
            "issuer": self.issuer_group,
        }
        users = {
            name: self.env["res.users"].create(
                {
                    "name": name,
                    "login": f"order_{name}",
                    "group_ids": [Command.set(group.ids)],
                    "company_id": self.company.id,
                    "company_ids": [Command.set(self.company.ids)],
                }
            )
            for name, group in groups.items()
        }
        order = self.create_order()
        with self.assertRaises(AccessError):
            order.with_user(users["salesman"]).action_fapiao_request()
        request = self.request(order, user=users["issuer"])
        self.assertEqual(request.user_id, users["issuer"])
        theirs = order.with_user(users["salesman"])
        seen = theirs.read(["fapiao_state", "fapiao_numbers", "fapiao_amount_open", "fapiao_message"])[0]
        self.assertEqual(seen["fapiao_numbers"], order.fapiao_ids.number)
        for record in (request, request.line_ids, order.fapiao_ids):
            self.assertFalse(record.with_user(users["salesman"]).has_access("read"))
        with self.assertRaises(AccessError):
            theirs.action_fapiao_refresh()
