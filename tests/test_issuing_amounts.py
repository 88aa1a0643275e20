"""Amounts that need a second look: nothing to issue, gifts, cash rounding."""

from decimal import Decimal

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.issuing.builder import Builder
from ..rules.document import DISCOUNT, DISCOUNTED
from ..rules.problems import errors
from .common_order import OrderCommon
from .test_issuing_builder_lines import LinesCase


@tagged("post_install", "-at_install")
class TestNothingToIssue(LinesCase):
    def test_invoice_of_zero_waits_for_nothing(self):
        self.company.fapiao_auto_issue = True
        for lines in (
            [{"discount": 100}, {"price_unit": 50, "discount": 100}],
            [{"price_unit": 500}, {"price_unit": -500, "quantity": 1}],
        ):
            invoice = self.create_invoice(lines)
            self.assertEqual((invoice.amount_total, invoice.fapiao_state), (0, "none"))
            self.assertFalse(invoice.fapiao_can_issue)
            self.assertFalse(invoice.fapiao_request_ids or invoice.activity_ids)
            self.assert_refused(self.build(invoice)[0], "nothing_to_issue")

    def test_batch_leaves_it_out_with_a_word(self):
        free, other = self.create_invoice([{"discount": 100}]), self.create_invoice()
        action = self.issue(free | other)
        dialog = self.env["fapiao.issue"].browse(action["res_id"])
        self.assertRecordValues(dialog.problem_ids, [{"code": "nothing_to_issue", "move_id": free.id}])
        self.assertEqual(dialog.ready_count, 1)
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assert_one_fapiao(other)
        self.assertFalse(free.fapiao_request_ids)


@tagged("post_install", "-at_install")
class TestCashRounding(LinesCase):
    def rounding(self, strategy, method="DOWN"):
        return self.env["account.cash.rounding"].create(
            {
                "name": "Rounding",
                "rounding": 1,
                "strategy": strategy,
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
                "rounding_method": method,
            }
        )

    def rounded(self, strategy, method, lines):
        return self.create_invoice(lines, invoice_cash_rounding_id=self.rounding(strategy, method).id)

    def test_rounding_down_is_a_discount(self):
        cases = (
            ([{"price_unit": 1092.53}], "1234.00"),
            ([{"price_unit": 500.3, "tax_ids": self.taxes[13, True].ids}, {"price_unit": 734.26}], "1330.00"),
            ([{"price_unit": 333.33, "quantity": 3}, {"price_unit": 77.77, "tax_ids": self.tax_6.ids}], "1212.00"),
            ([{"price_unit": 0.95}, {"price_unit": 100, "discount": 12.5}, {"price_unit": -3.33}], "96.00"),
        )
        for strategy in ("add_invoice_line", "biggest_tax"):
            for lines, total in cases:
                with self.subTest(strategy, total=total):
                    invoice = self.rounded(strategy, "DOWN", lines)
                    (built,) = self.build(invoice)
                    self.assertEqual([str(problem) for problem in errors(built.problems)], [])
                    self.assertEqual(str(built.draft.total), total)
                    self.assertEqual(float(total), invoice.amount_total)
                    self.assertTrue([line for line in built.draft.lines if line.kind == DISCOUNT])
                    self.check_at_bureau(built.draft)
                    self.assertNotIn("rounding_left_out", [problem.code for problem in built.problems])

    def test_rounding_up_is_left_out_with_a_word(self):
        for strategy in ("add_invoice_line", "biggest_tax"):
            with self.subTest(strategy):
                invoice = self.rounded(strategy, "UP", [{"price_unit": 1092.53}])
                self.assertEqual(invoice.amount_total, 1235)
                (built,) = self.build(invoice)
                self.assertEqual([problem.code for problem in built.problems], ["rounding_left_out"])
                self.assertIn("0.44", str(built.problems[0]))
                self.assertEqual(built.draft.total, Decimal("1234.56"))
                self.check_at_bureau(built.draft)
                self.assertEqual(invoice.fapiao_amount_open, 1234.56)

    def test_issued_and_credited_in_full(self):
        for strategy, method in (("add_invoice_line", "DOWN"), ("biggest_tax", "UP")):
            with self.subTest(strategy, method=method):
                invoice = self.rounded(strategy, method, [{"price_unit": 1092.53}, {"price_unit": 20.2}])
                action = self.issue(invoice)
                if action.get("res_model") == "fapiao.issue":
                    with self.engine():
                        self.env["fapiao.issue"].browse(action["res_id"]).action_issue()
                        self.env.flush_all()
                        self.env.cr.postcommit.run()
                self.assert_one_fapiao(invoice)
                self.assertEqual(invoice.fapiao_amount_open, 0)
                self.assertFalse(invoice.fapiao_can_issue)
        other = self.rounded("add_invoice_line", "DOWN", [{"price_unit": 1092.53}])
        credit = other._reverse_moves([{"invoice_date": fields.Date.today()}])
        credit.action_post()
        self.assertEqual(credit.amount_total, other.amount_total)
        self.assertEqual((other.fapiao_amount_open, other.fapiao_state), (0, "none"))
        self.assert_refused(self.build(other)[0], "nothing_to_issue")


@tagged("post_install", "-at_install")
class TestGiftsOfOrders(OrderCommon):
    LINES = ({"product_uom_qty": 1, "price_unit": 1000}, {"product_uom_qty": 2, "price_unit": 50, "discount": 100})

    def figures(self, fapiao):
        return [(line.amount_untaxed, line.amount_tax) for line in fapiao.line_ids]

    def test_gift_of_an_order_and_of_its_invoice(self):
        order = self.create_order(list(self.LINES))
        self.request(order)
        fapiao = order.fapiao_ids
        self.assertEqual((fapiao.amount_untaxed, fapiao.amount_tax), (1000, 130))
        self.assertEqual(self.figures(fapiao), [(1000, 130), (100, 13), (-100, -13)])
        self.assertEqual(order.fapiao_state, "issued")
        self.assertFalse(order.fapiao_can_request)
        invoice = self.invoice(order)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertEqual(invoice.fapiao_ids, fapiao)

    def test_gifts_alone_are_nothing_to_request(self):
        for lines in (
            [{"product_uom_qty": 2, "price_unit": 50, "discount": 100}],
            [{"price_unit": 50}, {"price_unit": -50}],
        ):
            order = self.create_order(lines)
            self.assertEqual((order.amount_total, order.fapiao_state, order.fapiao_can_request), (0, "none", False))
            with self.assertRaisesRegex(UserError, "no line with an amount"):
                order.action_fapiao_request()

    def test_red_letter_reverses_what_has_an_amount(self):
        invoice = self.create_invoice([{"price_unit": 1000}, {"price_unit": 50, "quantity": 2, "discount": 100}])
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        credit = self.credit(invoice)
        self.flush(credit)
        self.assertEqual(invoice.fapiao_ids.filtered(lambda fact: fact.color == "red").amount_total, -1130)
        self.assertEqual(credit.fapiao_state, "issued")


@tagged("post_install", "-at_install")
class TestDownPayments(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Code = cls.env["fapiao.tax.code"]
        number = "6020000000000000000"
        cls.receipt_code = Code.search([("code", "=", number)]) or Code.create(
            {"code": number, "name": "销售自行开发的房地产项目预收款", "short_name": "不征税项目"}
        )

    def down_payment(self, order, percent=30):
        invoice = self.make(order, advance_payment_method="percentage", amount=percent)
        self.post(invoice)
        return invoice

    def final(self, order):
        invoice = self.make(order, advance_payment_method="delivered")
        self.post(invoice)
        return invoice

    def make(self, order, **values):
        wizard = self.env["sale.advance.payment.inv"].create({"sale_order_ids": [Command.set(order.ids)], **values})
        return wizard._create_invoices(order)

    def dialog(self, moves):
        action = self.issue(moves)
        self.assertEqual(action.get("res_model"), "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def issue_from(self, dialog):
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()

    def built(self, moves):
        (built,) = Builder(self.env)._build(moves)
        self.assertEqual([str(problem) for problem in errors(built.problems)], [])
        return built

    def test_nothing_goes_out_without_a_decision(self):
        self.company.fapiao_auto_issue = True
        order = self.create_order()
        advance = self.down_payment(order)
        self.assertEqual((advance.fapiao_state, advance.fapiao_amount_open), ("none", 0))
        self.assertTrue(advance.fapiao_can_issue)
        self.assertFalse(advance.fapiao_request_ids)
        self.assertIn("decided what its fapiao shows", advance.activity_ids.note)
        self.assertFalse(self.env["account.move.send"]._fapiao_is_applicable(advance))
        self.company.fapiao_auto_issue = False
        other = self.create_invoice()
        dialog = self.dialog(advance | other)
        self.assertEqual(dialog.problem_ids.mapped("code"), ["advance_undecided"])
        self.issue_from(dialog)
        self.assertFalse(advance.fapiao_request_ids)
        self.assert_one_fapiao(other)

    def test_goods_of_the_order_are_deducted_in_the_end(self):
        order = self.create_order()
        advance = self.down_payment(order)
        dialog = self.dialog(advance)
        self.assertTrue(dialog.has_advance)
        dialog.advance = "goods"
        dialog.advance_remember = True
        dialog.action_decide()
        self.assertEqual(self.company.fapiao_advance, "goods")
        self.assertFalse(dialog.problem_ids)
        self.issue_from(dialog)
        self.assert_one_fapiao(advance)
        line = advance.fapiao_ids.line_ids
        self.assertEqual((line.name, line.amount_untaxed, line.amount_tax), ("*软件*Accounting suite", 300, 39))
        self.assertNotIn("预付款", line.name)
        with self.assertRaisesRegex(UserError, "can't be changed"):
            advance.fapiao_advance = "later"
        final = self.final(order)
        self.assertEqual(final.fapiao_amount_open, 791)
        draft = self.built(final).draft
        self.assertEqual([line.kind for line in draft.lines], [DISCOUNTED, DISCOUNT])
        self.assertEqual(draft.total, Decimal(791))
        self.issue(final)
        self.assertEqual((final.fapiao_state, order.fapiao_state, order.fapiao_amount_open), ("issued", "issued", 0))

    def test_advance_receipt_is_not_taxed_and_leaves_the_whole_price(self):
        self.buyer.fapiao_type = "special"
        order = self.create_order()
        advance = self.down_payment(order)
        dialog = self.dialog(advance)
        dialog.advance = "receipt"
        with self.assertRaisesRegex(UserError, "needs its code"):
            dialog.action_decide()
        dialog.advance_code_id = self.receipt_code
        dialog.action_decide()
        self.assertFalse(self.company.fapiao_advance)
        draft = self.built(advance).draft
        (line,) = draft.lines
        self.assertEqual((draft.type, line.code, line.zero_kind), ("ordinary", self.receipt_code.code, "not_taxable"))
        self.assertEqual((line.amount, line.tax, draft.total), (339, 0, 339))
        self.issue_from(dialog)
        self.assert_one_fapiao(advance)
        self.assertEqual(order.fapiao_amount_open, 1130)
        final = self.final(order)
        self.assertEqual((final.amount_total, final.fapiao_amount_open), (791, 1130))
        self.assertEqual(self.built(final).draft.total, Decimal(1130))
        self.issue(final)
        self.assertEqual((final.fapiao_state, final.fapiao_amount_open), ("issued", 0))
        self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))

    def test_not_yet_leaves_all_to_the_final_invoice(self):
        for choice, percent in (("later", 30), (False, 30), ("later", 100)):
            with self.subTest(choice=choice, percent=percent):
                self.company.fapiao_advance = choice
                order = self.create_order()
                advance = self.down_payment(order, percent)
                self.assertEqual((advance.fapiao_advance, advance.fapiao_state), (choice, "none"))
                self.assertFalse(advance.activity_ids)
                final = self.final(order)
                self.assertEqual((final.fapiao_state, final.fapiao_amount_open), ("to_issue", 1130))
                self.issue(final)
                self.assert_one_fapiao(final)
                self.assertEqual(final.fapiao_ids.amount_total, 1130)
                self.assertEqual(advance.fapiao_advance, "later")
                self.assertFalse(advance.fapiao_can_issue)
                with self.assertRaisesRegex(UserError, "can't be changed"):
                    advance.fapiao_advance = "goods"
                self.company.fapiao_advance = "goods"
                self.assertEqual((advance.fapiao_advance, advance.fapiao_state), ("later", "none"))
                self.assertEqual((order.fapiao_state, order.fapiao_amount_open), ("issued", 0))

    def test_final_invoice_credited(self):
        order = self.create_order()
        self.down_payment(order)
        final = self.final(order)
        self.issue(final)
        credit = self.credit(final)
        self.flush(credit)
        self.assertEqual((credit.fapiao_state, final.fapiao_amount_open), ("issued", 0))

    def test_setting_decides_what_waits(self):
        advance = self.down_payment(self.create_order())
        self.company.write({"fapiao_advance": "receipt", "fapiao_advance_code_id": self.receipt_code.id})
        self.assertEqual((advance.fapiao_state, advance.fapiao_amount_open), ("to_issue", 339))
        self.assertEqual(self.built(advance).draft.lines[0].code, self.receipt_code.code)
        self.env["res.config.settings"].create({"fapiao_advance": "goods"})
        self.assertEqual(self.company.fapiao_advance, "goods")

    def test_several_rates_and_down_payments(self):
        self.company.fapiao_advance = "goods"
        lines = [{}, {"product_id": self.product_b.id, "tax_ids": self.tax_6.ids, "price_unit": 33.33}]
        order = self.create_order(lines)
        first = self.down_payment(order)
        self.issue(first)
        second = self.down_payment(order, 20)
        second.fapiao_advance = "later"
        final = self.final(order)
        draft = self.built(final).draft
        self.assertEqual(float(draft.total), round(order.amount_total - first.amount_total, 2))
        self.issue(final)
        self.assertEqual((final.fapiao_state, order.fapiao_amount_open), ("issued", 0))
