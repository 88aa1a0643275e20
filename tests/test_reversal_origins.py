"""Lines of a credit note and the lines of the invoice from which they take."""

from unittest.mock import patch

from odoo.tests import tagged

from ..clouds.piaodanyun import Piaodanyun
from ..models.reversal import planner
from ..rules.red_document import PARTIAL_RED
from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestOrigins(RedCommon):
    def invoice_of(self, *lines):
        return self.issued_invoice([{"name": "甲", "price_unit": 100, **line} for line in lines])

    def plan(self, invoice, note, reason=""):
        can = frozenset({*Piaodanyun.features, PARTIAL_RED})
        with patch.object(Piaodanyun, "features", can):
            return planner.plan(invoice.fapiao_ids, note, reason)

    def taken(self, plan):
        self.assertEqual(plan.problems, [])
        return {line.xh: (line.quantity, line.amount) for line in plan.order.lines}

    def test_each_of_equal_lines_takes_its_own_origin(self):
        invoice = self.invoice_of({"quantity": 3}, {"quantity": 3})
        note = self.credit(invoice, lines={0: {"quantity": 2}, 1: {"quantity": 3}})
        self.assertEqual(sorted(self.taken(self.plan(invoice, note)).values()), [(-3, -300), (-2, -200)])

    def test_a_second_credit_note_takes_what_the_first_left(self):
        invoice = self.invoice_of({"quantity": 3}, {"quantity": 3})
        first = self.credit(invoice, lines={0: {"quantity": 2}})
        second = self.credit(invoice, lines={1: {"quantity": 3}})
        (xh,) = self.taken(self.plan(invoice, first))
        self.assertEqual(self.taken(self.plan(invoice, second)), {3 - xh: (-3, -300)})

    def test_reordered(self):
        invoice = self.invoice_of({"quantity": 5}, {"quantity": 2}, {"quantity": 3})
        note = self.credit(invoice, lines={0: {"quantity": 3}, 1: {"quantity": 4}, 2: {"quantity": 2}})
        self.assertEqual(self.taken(self.plan(invoice, note)), {1: (-4, -400), 2: (-2, -200), 3: (-3, -300)})

    def test_merged(self):
        invoice = self.invoice_of({"quantity": 3}, {"quantity": 4})
        note = self.credit(invoice, lines={0: {"quantity": 6}})
        self.assertEqual(self.taken(self.plan(invoice, note)), {1: (-2, -200), 2: (-4, -400)})

    def test_allowances_on_equal_lines(self):
        invoice = self.invoice_of({}, {})
        changed = {"price_unit": 60}
        note = self.credit(invoice, lines={0: changed, 1: changed})
        plan = self.plan(invoice, note)
        self.assertEqual(plan.order.reason, "04")
        self.assertEqual(self.taken(plan), {1: (None, -60), 2: (None, -60)})

    def test_more_than_all_of_them(self):
        invoice = self.invoice_of({"quantity": 3}, {"quantity": 3}, {"name": "乙", "price_unit": 900})
        note = self.credit(invoice, lines={0: {"quantity": 3}, 1: {"quantity": 4}})
        self.assertIn("red_line_exceeds", [problem.code for problem in self.plan(invoice, note).problems])

    def test_equal_but_for_the_discount(self):
        invoice = self.invoice_of({"quantity": 2}, {"quantity": 2, "discount": 10})
        note = self.credit(invoice, lines={1: {"quantity": 1}})
        self.assertEqual(self.taken(self.plan(invoice, note)), {2: (-1, -90)})

    def test_with_the_discount_line_of_an_item(self):
        """A negative line became the discount of the item: both are one line of the fapiao."""
        invoice = self.invoice_of({"quantity": 5}, {"price_unit": -50, "name": "折扣"})
        self.assertEqual(invoice.fapiao_ids.line_ids.mapped("is_discount"), [False, True])
        note = self.credit(invoice, lines={0: {"quantity": 2}, 1: {"price_unit": -20}})
        plan = self.plan(invoice, note)
        self.assertEqual((plan.order.reason, self.taken(plan)), ("02", {1: (-2, -180)}))
        (line,) = plan.order.lines
        self.assertEqual(line.price, 90)

    def test_another_price_under_a_reason_that_keeps_it(self):
        invoice = self.invoice_of({"quantity": 12, "price_unit": 1000})
        note = self.credit(invoice, lines={0: {"quantity": 2, "price_unit": 1250}})
        plan = self.plan(invoice, note, "02")
        (problem,) = plan.problems
        self.assertEqual((problem.code, problem.severity), ("red_line_price", "error"))
        self.assertIn("Reverse 2.5 at 1000,", problem.fix % problem.values)

    def test_all_in_one_line(self):
        invoice = self.invoice_of({"quantity": 3}, {"quantity": 3})
        note = self.credit(invoice, lines={0: {"quantity": 6}})
        plan = self.plan(invoice, note)
        self.assertEqual((plan.scope, plan.problems), ("full", []))


@tagged("post_install", "-at_install")
class TestInPart(RedCommon):
    """票单云, where the account says that it reverses in part (assumption: the keys are a sister's)."""

    def test_two_credit_notes(self):
        self.account.sudo().partial_red = True
        invoice = self.issued_invoice(
            [{"quantity": 5, "price_unit": 200, "name": name} for name in ("甲", "乙", "丙", "丁", "戊")]
        )
        blue = invoice.fapiao_ids
        first = self.credit(invoice, lines={1: {}, 3: {}})
        dialog = self.open_flush(first)
        self.assertEqual((dialog.scope, dialog.reason), ("partial", "02"))
        form = self.apply(dialog)
        self.assertEqual((form.stage, form.line_ids.mapped("xh")), ("issued", [2, 4]), form.advice)
        self.assertEqual((first.fapiao_state, blue.status, invoice.fapiao_amount_open), ("issued", "partly_red", 0))
        second = self.credit(invoice, lines={0: {"quantity": 1}, 2: {}, 4: {"quantity": 4}})
        form = self.flush(second)
        self.assertEqual((form.stage, form.line_ids.mapped("xh")), ("issued", [1, 3, 5]), form.advice)
        self.assertEqual(form.line_ids.mapped("quantity"), [-1, -5, -4])
        self.assertEqual((second.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        third = self.credit(invoice, lines={0: {"quantity": 4, "price_unit": 25}})
        form = self.flush(third)
        self.assertEqual((form.stage, form.reason, form.amount_untaxed), ("issued", "04", -100), form.advice)
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(float(total), blue.amount_total + sum(blue.red_ids.mapped("amount_total")))
        self.assertEqual(float(total), float(invoice._fapiao_net_total()))

    def test_a_discounted_line(self):
        self.account.sudo().partial_red = True
        invoice = self.issued_invoice([{"quantity": 4, "price_unit": 100, "discount": 10}, {"price_unit": 50}])
        note = self.credit(invoice, lines={0: {"quantity": 1}})
        form = self.flush(note)
        self.assertEqual((form.stage, form.reason), ("issued", "02"), form.advice)
        self.assertRecordValues(form.line_ids, [{"xh": 1, "quantity": -1, "amount_untaxed": -90}])
        self.assertAlmostEqual(form.line_ids.price, 90)


@tagged("post_install", "-at_install")
class TestReasons(RedCommon):
    """The reason that is proposed for a credit note, where the cloud reverses in full only."""

    def test_by_what_changed(self):
        Code = self.env["fapiao.tax.code"]
        service = Code.search([("code", "=", "3040201010000000000")]) or Code.create(
            {"code": "3040201010000000000", "name": "Service", "short_name": "服务"}
        )
        rows = [
            # code, what is credited, reason
            (self.code, {"quantity": 1}, "02"),
            (self.code, {"quantity": 1, "price_unit": 36}, "04"),
            (self.code, {"quantity": 10, "price_unit": 3.6}, "04"),
            (service, {"quantity": 1}, "03"),
            (service, {"quantity": 1, "price_unit": 36}, "04"),
        ]
        for code, credited, reason in rows:
            with self.subTest(code=code.code, credited=credited):
                self.product_a.fapiao_code_id = code
                tax = self.tax_6 if code == service else self.tax_13
                invoice = self.issued_invoice([{"quantity": 10, "price_unit": 38380, "tax_ids": tax.ids}])
                dialog = self.open_flush(self.credit(invoice, lines={0: credited}))
                self.assertEqual((dialog.scope, dialog.reason), ("reissue", reason))
                self.assertTrue(dialog.can_apply, dialog.error_text)
                self.assertIn(f"{invoice.amount_total:,.2f}", dialog.scope_text)
                self.assertIn("the whole fapiao is reversed", dialog.scope_text)

    def test_a_credit_of_something_else(self):
        invoice = self.issued_invoice([{"quantity": 10, "price_unit": 38380}])
        other = {"product_id": self.product_b.id, "tax_ids": self.tax_13.ids, "quantity": 1, "price_unit": 36}
        note = self.credit(invoice, post=False, lines={0: other})
        self.post(note)
        self.assertEqual(self.open_flush(note).reason, "04")
