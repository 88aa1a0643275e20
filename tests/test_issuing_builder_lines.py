"""Each peculiarity of an Odoo invoice, and what becomes of it on the fapiao."""

from decimal import Decimal

from odoo import Command, fields
from odoo.tests import tagged

from ..models.issuing.builder import Builder
from ..rules.document import DISCOUNT, DISCOUNTED, NORMAL
from ..rules.problems import errors
from .test_issuing_builder import BuilderCase


class LinesCase(BuilderCase):
    def build_one(self, lines=None, **values):
        """Return what becomes of a posted invoice over ``lines``."""
        return self.build(self.create_invoice(lines, **values))[0]

    def draft_of(self, lines=None, **values):
        """Return the draft of an invoice that must be fit for one."""
        built = self.build_one(lines, **values)
        self.assertEqual([str(problem) for problem in errors(built.problems)], [])
        self.check_draft(built)
        return built.draft

    def assert_refused(self, built, *codes):
        self.assertFalse(built.is_ready)
        self.assertEqual([problem.code for problem in errors(built.problems)], list(codes))
        for problem in built.problems:
            self.assertTrue(problem.fix)
            self.assertNotIn("%(", str(problem))


@tagged("post_install", "-at_install")
class TestPrices(LinesCase):
    def test_price_of_a_discounted_line_is_that_of_the_invoice(self):
        """Worked back from 30.00 at 90 % off, it would be 100 instead of 99.99."""
        for included in (False, True):
            with self.subTest(included=included):
                price = 112.99 if included else 99.99
                tax = self.taxes[13, included]
                draft = self.draft_of([{"price_unit": price, "quantity": 3, "discount": 90, "tax_ids": tax.ids}])
                line, discount = draft.lines
                self.assertEqual((line.kind, discount.kind), (DISCOUNTED, DISCOUNT))
                self.assertEqual(line.amount, Decimal("299.97"))
                self.assertEqual(line.price, Decimal("99.99"))
                self.assertEqual(line.amount + discount.amount, draft.amount)

    def test_surcharge_is_no_discount(self):
        draft = self.draft_of([{"price_unit": 100, "discount": -10}])
        self.assertEqual([line.kind for line in draft.lines], [NORMAL])
        self.assertEqual(draft.amount, Decimal("110.00"))

    def test_global_discount_reduces_lines_of_its_rate(self):
        draft = self.draft_of(
            [
                {"price_unit": 100},
                {"price_unit": 300},
                {"price_unit": 50, "tax_ids": self.tax_6.ids},
                {"price_unit": -40, "quantity": 1},
            ]
        )
        self.assertEqual([str(line.amount) for line in draft.lines], ["100.00", "-10.00", "300.00", "-30.00", "50.00"])

    def test_discount_account_changes_nothing(self):
        """Core then books gross sales and the discount apart, beside the lines."""
        self.company.account_discount_expense_allocation_id = self.company_data["default_account_expense"]
        draft = self.draft_of([{"price_unit": 100, "discount": 20}])
        self.assertEqual([str(line.amount) for line in draft.lines], ["100.00", "-20.00"])

    def test_amount_edited_in_the_journal_items(self):
        invoice = self.create_invoice([{"price_unit": 100}, {"price_unit": 50}], post=False)
        line = invoice.invoice_line_ids[0]
        invoice.write({"line_ids": [Command.update(line.id, {"balance": -100.4})]})
        invoice.action_post()
        built = self.build(invoice)[0]
        self.check_draft(built)
        self.assertEqual(built.draft.lines[0].amount, Decimal("100.40"))

    def test_gift_is_printed_and_what_has_no_price_is_left_out(self):
        for included in (False, True):
            tax = self.taxes[13, included]
            price = 56.5 if included else 50
            built = self.build_one(
                [
                    {"price_unit": 1000},
                    {"price_unit": price, "quantity": 2, "discount": 100, "tax_ids": tax.ids},
                    {"price_unit": 0, "tax_ids": []},
                ]
            )
            self.assertTrue(built.is_ready)
            self.assertEqual([problem.code for problem in built.problems], ["zero_line_left_out"])
            self.assertEqual(
                [(line.kind, str(line.amount), str(line.tax)) for line in built.draft.lines],
                [(NORMAL, "1000.00", "130.00"), (DISCOUNTED, "100.00", "13.00"), (DISCOUNT, "-100.00", "-13.00")],
            )
            self.assertEqual((built.draft.lines[1].quantity, built.draft.lines[1].price), (2, 50))
            self.assertEqual(len(built.shares), 3)
            self.check_draft(built)
            self.check_at_bureau(built.draft)

    def test_foreign_currency_is_issued_in_yuan(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 1 / 7.1234)])
        lines = [
            {"price_unit": 33.33, "quantity": 3, "discount": 15},
            {"price_unit": 19.99, "quantity": 7, "tax_ids": self.taxes[9, True].ids},
            {"price_unit": -5.55, "quantity": 1},
        ]
        for method in ("round_per_line", "round_globally"):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                draft = self.draft_of(lines, currency_id=dollar.id)
                # 99.99 dollars before discounts
                self.assertEqual(draft.lines[0].amount, Decimal("712.27"))

    def test_down_payment_and_final_invoice(self):
        self.env.user.group_ids += self.env.ref("sales_team.group_sale_salesman")
        order = self.env["sale.order"].create(
            {
                "partner_id": self.buyer.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": price, "tax_ids": [Command.set(tax.ids)]})
                    for product, price, tax in (
                        (self.product_b, 10.01, self.tax_13),
                        (self.product_a, 777.77, self.tax_13),
                        (self.product_b, 123.45, self.taxes[6, True]),
                    )
                ],
            }
        )
        self.product_b.fapiao_code_id = self.other_code()
        order.action_confirm()
        self.company.fapiao_advance = "goods"
        advance = self.advance(order, advance_payment_method="percentage", amount=30)
        built = self.build(advance)[0]
        self.check_draft(built)
        self.assertFalse(built.moves.invoice_line_ids.product_id, "sales books an advance without a product")
        self.assertEqual([line.code for line in built.draft.lines], [self.code.code, self.other_code().code])
        self.assertEqual(
            [(line.name, line.quantity) for line in built.draft.lines],
            [("*软件*Accounting suite", None), (f"*服务*{self.product_b.name}", None)],
        )
        final = self.advance(order, advance_payment_method="delivered")
        built = self.build(final)[0]
        self.assertLess(min(built.moves.invoice_line_ids.mapped("balance")) * -1, 10000)
        self.check_draft(built)
        self.assertEqual(sum(1 for line in built.draft.lines if line.kind == DISCOUNT), 3)

    def advance(self, order, **values):
        wizard = self.env["sale.advance.payment.inv"].create({"sale_order_ids": [Command.set(order.ids)], **values})
        order.order_line.filtered("product_id").qty_delivered = 1
        invoice = wizard._create_invoices(order)
        invoice.invoice_date = fields.Date.today()
        invoice.action_post()
        return invoice

    def other_code(self):
        Code = self.env["fapiao.tax.code"]
        values = {"code": "3040201990000000000", "name": "Services", "short_name": "服务"}
        return Code.search([("code", "=", values["code"])]) or Code.create(values)


@tagged("post_install", "-at_install")
class TestWords(LinesCase):
    def test_lines_stand_in_the_order_of_the_invoice(self):
        lines = [
            {"name": name, "sequence": sequence} for name, sequence in (("third", 30), ("first", 10), ("second", 20))
        ]
        names = [line.name for line in self.draft_of(lines).lines]
        self.assertEqual(names, ["*软件*first", "*软件*second", "*软件*third"])

    def test_headings_and_notes_are_none_of_the_fapiaos_business(self):
        invoice = self.create_invoice([{"name": "Desk"}], post=False)
        kinds = ("line_section", "line_subsection", "line_note")
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.create({"display_type": kind, "name": kind, "sequence": 1}) for kind in kinds
                ]
            }
        )
        invoice.action_post()
        built = self.build(invoice)[0]
        self.check_draft(built)
        self.assertEqual([line.name for line in built.draft.lines], ["*软件*Desk"])

    def test_reference_stands_in_its_own_column(self):
        self.product_a.default_code = "SUITE-1"
        line = self.draft_of().lines[0]
        self.assertEqual((line.name, line.spec), ("*软件*Accounting suite", "SUITE-1"))

    def test_first_line_of_a_description(self):
        line = self.draft_of([{"name": "Suite for you\nwith many words\nbehind"}]).lines[0]
        self.assertEqual(line.name, "*软件*Suite for you")

    def test_name_on_fapiao_goes_first(self):
        self.product_a.fapiao_item_name = "财务软件"
        self.assertEqual(self.draft_of([{"name": "whatever"}]).lines[0].name, "*软件*财务软件")

    def test_unit_is_chinese_whoever_issues(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.product_a.uom_id.with_context(lang="zh_CN").name = "套"
        self.assertEqual(self.env.user.lang, "en_US")
        self.assertEqual(self.draft_of().lines[0].unit, "套")

    def test_line_without_a_product(self):
        built = self.build_one([{"product_id": False, "name": "Something"}])
        self.assert_refused(built, "product_missing")
        self.assertIn("Something", str(built.problems[0]))

    def test_all_that_is_wrong_is_said_at_once(self):
        self.company.partner_id.fapiao_bank = False
        self.buyer.vat = False
        built = self.build_one([{"tax_ids": []}], fapiao_type="special")
        self.assert_refused(built, "no_tax", "seller_bank_missing", "buyer_tax_no_missing")

    def test_drawer(self):
        self.assertEqual(self.draft_of().drawer, "开票员")
        self.company.fapiao_drawer = False
        self.assertEqual(self.draft_of().drawer, self.env.user.name)
        invoice = self.create_invoice(invoice_user_id=self.env.ref("base.user_admin").id)
        robot = Builder(self.env(user=self.env.ref("base.user_root")))
        self.assertEqual(robot._build(invoice)[0].draft.drawer, self.env.ref("base.user_admin").name)
        invoice.invoice_user_id = False
        self.assert_refused(robot._build(invoice)[0], "drawer_missing")

    def test_contact_of_the_invoice_gets_it(self):
        contact = self.env["res.partner"].create(
            {"name": "Bookkeeping", "parent_id": self.buyer.id, "email": "books@example.com"}
        )
        self.buyer.fapiao_email = False
        draft = self.draft_of(partner_id=contact.id)
        self.assertEqual((draft.buyer.name, draft.buyer.email), (self.buyer.name, "books@example.com"))
