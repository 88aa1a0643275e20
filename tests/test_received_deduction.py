"""Input tax of received fapiao: on bills and expenses, in the deduction dialog, and turned out after a reversal."""

from datetime import date, timedelta
from decimal import Decimal

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..clouds.inbound import InboundFapiao
from .common_match import MatchCommon
from .test_received_marking import OPEN_PERIOD, MarkingCommon


class TaxCommon(MatchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purchase_9 = cls._create_tax("Purchase 9%", 9, type_tax_use="purchase")
        cls.purchase_3 = cls._create_tax("Purchase 3%", 3, type_tax_use="purchase")
        cls.category = cls.env["product.product"].create(
            {"name": "差旅", "type": "service", "can_be_expensed": True, "standard_price": 0}
        )
        cls.employee = cls.env["hr.employee"].sudo().create({"name": "报销员", "company_id": cls.company.id})

    def create_bill(self, fapiao):
        return self.env["account.move"].browse(fapiao.action_create_bill()["res_id"])

    def lines_of(self, move):
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return sorted((line.price_subtotal, line.tax_ids.amount) for line in lines)

    def expense(self, total, tax, **values):
        return (
            self.env["hr.expense"]
            .sudo()
            .create(
                {
                    "name": "机票",
                    "employee_id": self.employee.id,
                    "product_id": self.category.id,
                    "company_id": self.company.id,
                    "total_amount_currency": total,
                    "tax_ids": [Command.set(tax.ids)],
                    **values,
                }
            )
        )


@tagged("post_install", "-at_install")
class TestDocuments(TaxCommon):
    def test_flight_on_a_bill(self):
        told = {"travel_fare": 1000, "travel_surcharge": 50, "travel_fund": 50}
        for type_code in ("28", "10"):
            for values in (told, {}, {"travel_fare": 1000, "travel_surcharge": 50}):
                with self.subTest(type=type_code, told=values):
                    fapiao = self.receive(1100, 86.70, type_code=type_code, **values)
                    bill = self.create_bill(fapiao)
                    self.assertEqual(self.lines_of(bill), [(50, 0), (963.30, 9)])
                    self.assertEqual((bill.amount_tax, bill.amount_total), (86.70, 1100))
                    self.assertEqual(bill.fapiao_in_state, "matched", bill.fapiao_in_reasons)
        bill = self.create_bill(self.receive(2345, 185.37, type_code="28", travel_fund=100))
        self.assertEqual((self.lines_of(bill), bill.amount_tax), ([(100, 0), (2059.63, 9)], 185.37))

    def test_flight_on_an_expense(self):
        """Of 1,100.00 with a fund of 50.00 the tax is that of 1,050.00, on the expense and on its entry."""
        for mode in ("own_account", "company_account"):
            with self.subTest(mode=mode):
                fapiao = self.receive(1100, 86.70, type_code="28")
                expense = self.expense(1100, self.purchase_9, payment_mode=mode)
                self.assertEqual(expense.tax_amount, 90.83)
                self.confirm(fapiao, expense)
                self.assertRecordValues(
                    expense,
                    [{"fapiao_untaxed": 50, "tax_amount": 86.70, "untaxed_amount": 1013.30, "total_amount": 1100}],
                )
                self.assertEqual(expense.fapiao_in_state, "matched", expense.fapiao_in_reasons)
                expense.action_submit()
                expense._do_approve(False)
                if mode == "own_account":
                    move = self.env["account.move"].create(expense._prepare_receipts_vals())
                    self.assertEqual(self.lines_of(move), [(50, 0), (963.30, 9)])
                    self.assertEqual((move.amount_tax, move.amount_total), (86.70, 1100))
                    continue
                values, _payment = expense._prepare_payments_vals()
                lines = [line for _code, _id, line in values["line_ids"]]
                balances = sorted(round(line["balance"], 2) for line in lines)
                self.assertEqual(balances, [-1100, 50, 86.70, 963.30])
                self.assertEqual(sorted(round(line["amount_currency"], 2) for line in lines), balances)

    def test_fund_leaves_with_its_match(self):
        expense = self.expense(1100, self.purchase_9)
        self.confirm(self.receive(1100, 86.70, type_code="28"), expense)
        expense.fapiao_match_ids.action_undo()
        self.assertEqual((expense.fapiao_untaxed, expense.tax_amount), (0, 90.83))

    def test_what_may_not_be_deducted_is_a_cost(self):
        """The tax of an ordinary fapiao is part of the price, with its lines or without."""
        line = {"name": "*餐饮服务*餐费", "quantity": 1, "amount_untaxed": 100, "amount_tax": 13, "rate": 0.13}
        for lines in ([], [Command.create(line)]):
            bill = self.create_bill(self.receive(type_code="26", line_ids=lines))
            self.assertEqual((bill.amount_tax, bill.amount_total), (0, 113))
            self.assertEqual(bill.fapiao_in_state, "matched", bill.fapiao_in_reasons)

    def test_toll_rail_and_customs_have_their_tax(self):
        for type_code, total, tax, rate in (("29", 109, 9, 9), ("72", 103, 3, 3), ("21", 1130, 130, 13)):
            bill = self.create_bill(self.receive(total, tax, type_code=type_code))
            self.assertEqual((bill.invoice_line_ids.tax_ids.amount, bill.amount_tax), (rate, tax))
            self.assertEqual(bill.fapiao_in_state, "matched")
        bill = self.create_bill(self.receive(103, 3, type_code="26", special_element="08"))
        self.assertEqual(bill.amount_tax, 3)

    def test_paper_ticket_by_the_rate_of_the_law(self):
        named = {"travel_passenger": "张三"}
        for type_code, total, tax in (("9", 109, 9), ("16", 103, 3), ("20", 51.50, 1.50)):
            with self.subTest(type=type_code):
                bill = self.create_bill(self.receive(total, 0, type_code=type_code, **named))
                self.assertEqual((bill.amount_tax, bill.amount_total), (tax, total))
                self.assertEqual(bill.fapiao_in_state, "matched", bill.fapiao_in_reasons)
                self.assertFalse(self.create_bill(self.receive(total, 0, type_code=type_code)).amount_tax)

    def test_farm_products(self):
        """Nine percent of the price, which isn't the tax in it."""
        bill = self.create_bill(self.receive(10000, 0, type_code="26", special_element="12"))
        self.assertEqual((bill.amount_untaxed, bill.amount_tax, bill.amount_total), (9100, 900, 10000))
        self.assertEqual(bill.fapiao_in_state, "matched", bill.fapiao_in_reasons)

    def test_other_money_is_converted_or_refused(self):
        """300.00 of another currency are never 300.00 yuan: neither matched nor on a bill."""
        usd = self.env.ref("base.USD")
        usd.active = True
        usd.rate_ids.unlink()
        row = InboundFapiao(
            number="#USD1", type_code="11", serial_no="USD1", currency="USD", issue_date=date(2026, 3, 10),
            seller_name=self.vendor.name, seller_tax_no=self.vendor.vat, amount_total=Decimal("300.00"),
        )  # fmt: skip
        pool = self.env["fapiao"].sudo()
        pool._load(self.company.id, None, [row])
        fapiao = pool.search([("serial_no", "=", "USD1")])
        bill = self.bill(price=300, invoice_line_ids=[Command.create({"name": "x", "price_unit": 300, "tax_ids": []})])
        self.search_matches(fapiao)
        self.assertFalse(fapiao.match_ids | bill.fapiao_match_ids)
        with self.assertRaisesRegex(UserError, "USD 300.00"):
            fapiao.action_create_bill()
        usd.rate_ids = [Command.create({"name": "2026-03-01", "company_id": self.company.id, "rate": 0.14})]
        pool._load(self.company.id, None, [row])
        self.assertEqual(fapiao.amount_total, 2142.86)
        made = self.create_bill(fapiao)
        self.assertEqual((made.amount_total, made.currency_id), (2142.86, self.company.currency_id))
        self.assertIn("USD 300.00 at 7.14285714", made.fapiao_in_warnings)


@tagged("post_install", "-at_install")
class TestDialog(MarkingCommon):
    def dialog(self, fapiao, **values):
        dialog = self.env["fapiao.deduction"].browse(fapiao.action_deduct()["res_id"])
        dialog.write({"period": OPEN_PERIOD, **values})
        return dialog

    def confirm_dialog(self, dialog):
        with self.engine():
            dialog.action_confirm()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.send()
        return self.env["fapiao.marking"].search([], limit=1)

    def test_all_kinds_are_selected_at_the_bureau(self):
        for kind in (15, 21, 28, 29, 72, 83):
            with self.subTest(kind=kind):
                fapiao = self.pooled(kind=kind, net="100.00", tax="9.00")
                short, number = fapiao.number, (fapiao.code or "") + fapiao.number
                fapiao.sudo().write({"number": number, "amount_untaxed": 100, "amount_tax": 9, "amount_total": 109})
                marking = self.confirm_dialog(self.dialog(fapiao))
                self.assertEqual((marking.line_ids.text, fapiao.deduction), (False, "selected"))
                self.assertTrue(self.world.inbound(short).selected)
        toll = self.pooled(kind=26, element="08", net="100.00", tax="3.00")
        toll.sudo().write({"special_element": "08", "amount_untaxed": 100, "amount_tax": 3, "amount_total": 103})
        self.confirm_dialog(self.dialog(toll))
        self.assertTrue(self.mark_of(toll).selected)

    def test_farm_products_at_their_own_rate(self):
        for rate, tax in (("0.09", 900), ("0.10", 1000)):
            fapiao = self.pooled(kind=26, element="12", net="10000.00", tax="0.00")
            fapiao.sudo().write(
                {"special_element": "12", "amount_untaxed": 10000, "amount_tax": 0, "amount_total": 10000}
            )
            dialog = self.dialog(fapiao, farm_rate=rate)
            self.assertEqual((dialog.has_farm, dialog.amount_tax), (True, tax))
            marking = self.confirm_dialog(dialog)
            self.assertEqual((fapiao.deduction, fapiao.deductible), ("selected", tax))
            self.assertIn(f"{tax}.00", marking.payload)

    def test_what_the_law_keeps_out(self):
        """The reason is in the dialog, and the bureau refuses the same."""
        red = self.pooled(net="-100.00", tax="-13.00")
        red.sudo().write({"color": "red", "amount_untaxed": -100, "amount_tax": -13, "amount_total": -113})
        loan = self.pooled(goods="3060102000000000000")
        loan.sudo().line_ids = [Command.create({"name": "*贷款服务*利息", "code": "3060102000000000000"})]
        ordinary, train = self.pooled(kind=26), self.pooled(kind=9)
        train.sudo().type_code = "9"
        bad = red | loan | ordinary | train
        dialog = self.dialog(bad)
        self.assertFalse(dialog.ready_count)
        for fapiao, reason in ((red, "进项税额转出"), (loan, "贷款服务"), (ordinary, "type"), (train, "VAT return")):
            self.assertRegex(dialog.problems, f"{fapiao.number}.*{reason}")
        with self.assertRaises(UserError):
            dialog.action_confirm()
        self.env["fapiao.marking"]._create_for(bad, "select", OPEN_PERIOD)
        self.send()
        self.assertFalse(any(self.mark_of(fapiao).selected for fapiao in bad))
        # a loan is selected as not to be deducted
        self.assertEqual(self.dialog(loan, purpose="2").ready_count, 1)

    def test_catering_is_asked_about(self):
        meal, good = self.pooled(), self.pooled()
        meal.sudo().line_ids = [Command.create({"name": "*餐饮服务*餐费", "code": "3070401000000000000"})]
        dialog = self.dialog(meal | good)
        self.assertEqual((dialog.ready_count, dialog.problems), (1, False))
        self.assertRegex(dialog.questions, f"{meal.number}.*餐饮服务")
        dialog.takes_doubtful = True
        self.assertEqual(dialog.ready_count, 2)
        self.assertFalse(self.dialog(meal, purpose="2").questions)

    def test_issued_after_the_period(self):
        fapiao = self.pooled()
        fapiao.sudo().issue_date = date(2026, 4, 1)
        self.assertRegex(self.dialog(fapiao, period="202603").problems, "2026-04-01")
        self.assertFalse(self.dialog(fapiao, period="202604").problems)

    def test_period_is_the_bureaus(self):
        fapiao, today = self.pooled(), fields.Date.today()
        calendar = self.env["fapiao.deduction"].browse(fapiao.action_deduct()["res_id"])
        self.assertEqual(calendar.period, today.strftime("%Y%m"))
        self.assertIn("calendar", calendar.period_text)
        last = today.replace(day=1) - timedelta(days=1)
        self.account.sudo().write(
            {
                "bureau_open_period": last.strftime("%Y%m"),
                "bureau_deadline": today + timedelta(days=2),
                "bureau_select_until": date(2026, 3, 9),
            }
        )
        dialog = self.env["fapiao.deduction"].browse(fapiao.action_deduct()["res_id"])
        self.assertEqual(dialog.period, last.strftime("%Y%m"))
        self.assertIn(str(self.account.bureau_deadline), dialog.period_text)
        self.assertIn("2026-03-09", dialog.problems)
        with freeze_time(today + timedelta(days=4)):
            # its return was due: the bureau has opened another
            over = self.env["fapiao.deduction"].browse(fapiao.action_deduct()["res_id"])
            self.assertIn("calendar", over.period_text)

    def test_period_as_the_cloud_says_it(self):
        with self.engine():
            self.account.action_ask_bureau()
        month = f"{self.world.clock.now():%Y%m}"
        self.assertEqual(self.account.bureau_open_period, month)
        self.assertTrue(self.account.bureau_deadline and self.account.bureau_select_until)


@tagged("post_install", "-at_install")
class TestTurnOut(TaxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account_in = cls._create_account("应交税费—应交增值税（进项税额）", "22210101")
        cls.account_out = cls._create_account("应交税费—应交增值税（进项税额转出）", "22210107")
        taxes = cls.purchase_13 | cls.purchase_9
        shares = taxes.invoice_repartition_line_ids | taxes.refund_repartition_line_ids
        shares.filtered(lambda share: share.repartition_type == "tax").account_id = cls.account_in

    @classmethod
    def _create_account(cls, name, code):
        values = {"name": name, "code": code, "account_type": "liability_current"}
        return cls.env["account.account"].create({**values, "company_ids": [Command.set(cls.company.ids)]})

    def reverse(self, fapiao, total=-113, tax=-13, number="26319999999999999999"):
        """The red fapiao comes a month later; the one that it reverses doesn't come again."""
        row = InboundFapiao(
            number=number, type_code=fapiao.type_code, color="red", status="normal", issue_date=date(2026, 4, 20),
            seller_name=fapiao.seller_name, seller_tax_no=fapiao.seller_tax_no, original_number=fapiao.number,
            amount_untaxed=Decimal(str(total)) - Decimal(str(tax)), amount_tax=Decimal(str(tax)),
            amount_total=Decimal(str(total)),
        )  # fmt: skip
        self.env["fapiao"].sudo()._load(self.company.id, None, [row])

    def paid_expense(self, fapiao, total, tax):
        expense = self.expense(total, tax)
        self.confirm(fapiao, expense)
        expense.action_submit()
        expense._do_approve(False)
        expense.account_move_id = self.env["account.move"].create(expense._prepare_receipts_vals())
        expense.account_move_id.invoice_date = date(2026, 3, 31)
        expense.account_move_id.action_post()
        return expense

    def test_expense_paid_a_month_ago(self):
        for fapiao, total, tax, own in (
            (self.receive(type_code="27"), 113, 13, self.purchase_13),
            (self.receive(109, 9, type_code="29"), 109, 9, self.purchase_9),
        ):
            with self.subTest(type=fapiao.type_code):
                expense = self.paid_expense(fapiao, total, own)
                self.reverse(fapiao, -total, -tax, f"2631999999999999{total:04}")
                self.assertEqual((fapiao.status, bool(fapiao.status_at)), ("red", True))
                for document in (expense, expense.account_move_id):
                    self.assertIn(fapiao.number, document.activity_ids.summary)
                entry = fapiao.turn_out_ids
                self.assertEqual((entry.state, entry.move_type), ("draft", "entry"))
                credited = entry.line_ids.filtered("credit")
                debited = entry.line_ids.filtered("debit")
                self.assertEqual((credited.account_id, credited.credit), (self.account_out, tax))
                cost = expense.account_move_id.invoice_line_ids.account_id
                self.assertEqual((debited.account_id, debited.debit), (cost, tax))
                self.assertIn(entry.display_name, expense.activity_ids.note)

    def test_bill_and_only_once(self):
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        self.reverse(fapiao, -56.50, -6.50)
        self.assertEqual((fapiao.status, fapiao.turn_out_ids.amount_total), ("partly_red", 6.50))
        self.reverse(fapiao, -56.50, -6.50)
        self.assertEqual(len(fapiao.turn_out_ids), 1)
        self.reverse(fapiao, -56.50, -6.50, number="26319999999999999998")
        self.assertEqual((fapiao.status, sum(fapiao.turn_out_ids.mapped("amount_total"))), ("red", 13))
        self.assertEqual(set(fapiao.turn_out_ids.mapped("state")), {"draft"})
        self.assertEqual(len(bill.activity_ids), 1)

    def test_nothing_where_nothing_was_deducted(self):
        ordinary, bill = self.receive(type_code="26"), self.bill(price=113, post=False)
        bill.invoice_line_ids.tax_ids = [Command.clear()]
        bill.action_post()
        self.confirm(ordinary, bill)
        draft_of, draft = self.receive(), self.bill()
        self.confirm(draft_of, draft)
        for fapiao, number in ((ordinary, "26319999999999999996"), (draft_of, "26319999999999999995")):
            self.reverse(fapiao, number=number)
            self.assertFalse(fapiao.turn_out_ids)
        self.assertTrue(bill.activity_ids)
        with self.assertRaisesRegex(UserError, "no input tax"):
            ordinary.action_turn_out()

    def test_refund_for_the_red_one_is_enough(self):
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        self.reverse(fapiao)
        fapiao.turn_out_ids.unlink()
        self.confirm(fapiao.red_ids, self.bill(move_type="in_refund", post=True))
        with self.assertRaises(UserError):
            fapiao.action_turn_out()

    def test_account_is_asked_for(self):
        self.account_out.name = "应交税费—应交增值税（已交税金）"
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        self.reverse(fapiao)
        self.assertFalse(fapiao.turn_out_ids)
        self.assertIn("进项税额转出", bill.activity_ids.note)
        self.company.fapiao_turn_out_account_id = self.account_out
        entry = self.env["account.move"].browse(fapiao.action_turn_out()["res_id"])
        self.assertEqual((entry, entry.state), (fapiao.turn_out_ids, "draft"))

    def test_chart_with_one_account_for_all_vat(self):
        self.account_in.name, self.account_out.name = "应交税费", "其他"
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        self.reverse(fapiao)
        self.assertEqual(fapiao.turn_out_ids.line_ids.filtered("credit").account_id, self.account_in)
