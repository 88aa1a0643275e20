"""Texts, lengths and weather that would spoil a fapiao: cut, cleaned, refused, or waited out."""

from decimal import Decimal

from odoo.tests import tagged

from ..rules import draft as drafting
from ..rules.checks import preflight
from ..rules.document import ORDINARY, Item
from ..rules.problems import errors
from .test_issuing_bad_input import BadInputCase


@tagged("post_install", "-at_install")
class TestBadTexts(BadInputCase):
    def test_long_remark(self):
        invoice = self.create_invoice(fapiao_remark="备" * 300)
        self.assert_refused(invoice, "remark_too_long", "300", "230")
        invoice.fapiao_remark = "备" * 230
        self.assertEqual(self.issued(invoice).remark, "备" * 230)

    def test_long_names(self):
        invoice = self.create_invoice([{"name": "软" * 300}])
        self.assert_refused(invoice, "item_name_too_long", "300", "100")
        self.product_a.fapiao_item_name = "软" * 100
        self.assertEqual(self.issued(invoice).lines[0].name, "*软件*" + "软" * 100)

    def test_long_buyer_name(self):
        self.buyer.name = "长" * 101
        self.assert_refused(self.create_invoice(), "name_too_long", "100", "can't be cut")

    def test_odd_characters(self):
        """Line breaks, tabs, control characters, emoji, zero-width marks: none may reach the bureau."""
        self.buyer.name = "演示\u200b采购\x0b有限公司😀\n"
        invoice = self.create_invoice([{"name": "会计\t软\u200b件🚀\x07\n第二行"}], fapiao_remark="一\n二\x1b三🎉")
        fapiao = self.issued(invoice)
        self.assertEqual(fapiao.buyer_name, "演示采购 有限公司")
        self.assertEqual(fapiao.lines[0].name, "*软件*会计 软件")
        self.assertEqual(fapiao.remark, "一 二 三")

    def test_name_of_which_nothing_is_left(self):
        self.product_a.name = "🚀"
        self.assert_refused(self.create_invoice([{"name": "🚀"}]), "item_name_missing", "no item name")

    def test_too_many_lines(self):
        """5,001 lines never leave the house. Built from the pieces: posting so many takes minutes."""
        items = [
            Item(
                str(number),
                "软件",
                self.code.code,
                Decimal("1.00"),
                Decimal("0.13"),
                Decimal("0.13"),
                short_name="软件",
            )
            for number in range(5001)
        ]
        seller, buyer = self.company._fapiao_seller(), self.buyer._fapiao_party()
        limits = self.account._limits({})
        draft, _problems = drafting.build(
            items, seller, buyer, ORDINARY, Decimal("5001.00"), Decimal("650.13"), limits=limits, drawer="x"
        )
        problem = errors(preflight(draft, limits))[0]
        self.assertEqual(problem.code, "too_many_lines")
        self.assertIn("5001", str(problem))
        self.assertIn("5000", str(problem))

    def test_two_hundred_lines_do_well(self):
        lines = [
            {"name": f"Suite {number}", "price_unit": 1 + number / 100, "discount": 10 * (number % 2)}
            for number in range(200)
        ]
        invoice = self.create_invoice(lines)
        fapiao = self.issued(invoice)
        self.assertEqual(len(fapiao.lines), 300, "a discount is a line of its own")
        self.assertEqual(len(invoice.fapiao_ids.line_ids), 300)
        self.assertEqual(float(fapiao.gross), invoice.amount_total)
        self.assertEqual(invoice.fapiao_amount_open, 0)


@tagged("post_install", "-at_install")
class TestBadWeather(BadInputCase):
    def fail(self, state):
        """Issue an invoice that must end in ``state`` with plain words, and return it."""
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, state)
        self.assertTrue(request.error_message)
        self.assertTrue(request.error_fix)
        self.assertIn(request.error_message, invoice.fapiao_message)
        self.assertNotIn("Traceback", invoice.fapiao_message)
        return invoice

    def test_answers_nobody_can_read(self):
        """Pages, halves, errors and floods: the outcome is open, and found out under the same id."""
        for kind in ("html_before", "http_500_before", "half_json_before", "html_after", "huge_after"):
            with self.subTest(kind):
                self.world.faults.add("blueTicket", kind)
                invoice = self.fail("unknown")
                self.assertEqual(invoice.fapiao_state, "pending")
                request = invoice.fapiao_request_ids
                self.make_due(request, minutes=60)
                self.run_cron("_cron_reconcile", "_cron_dispatch")
                self.assert_one_fapiao(invoice)

    def test_cloud_down(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        invoice = self.fail("queued")
        self.assertEqual(invoice.fapiao_state, "pending")
        invoice.action_fapiao_withdraw()
        self.assertEqual(invoice.fapiao_state, "to_issue")

    def test_wrong_password(self):
        self.account.password = "wrong"
        invoice = self.fail("waiting_login")
        self.assertEqual(self.account.session_state, "credentials")
        self.assertIn("password", invoice.fapiao_message.lower())
        self.assertEqual(self.world.issued(), [])

    def test_credit_line_the_cloud_finds_too_low(self):
        self.world.taxpayer(self.account.tax_no).credit_total = Decimal(100)
        invoice = self.fail("rejected")
        self.assertEqual(invoice.fapiao_state, "failed")
        self.assertIn("credit line", invoice.fapiao_message)
        self.assertIn("授信额度", invoice.fapiao_request_ids.cloud_text)
        self.world.taxpayer(self.account.tax_no).credit_total = Decimal(100000)
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
