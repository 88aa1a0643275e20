"""The same business entered twice: it is asked about, and nothing but a person's word issues it again."""

from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.issuing import fapiao_twins
from ..models.issuing.builder import Builder
from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestTwins(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.fapiao_twin_days = 10

    def dialog(self, moves):
        action = self.issue(moves)
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def issue_from(self, dialog):
        with self.engine():
            action = dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def first(self, **values):
        invoice = self.create_invoice(**values)
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        return invoice

    def looks_like(self, invoice):
        """Return whether ``invoice`` is held for looking like another."""
        (built,) = Builder(self.env)._build(invoice)
        return bool(fapiao_twins.warning(built))

    # ------------------------------------------------------------------ what looks alike

    def test_click_asks_and_names_the_other(self):
        first, second = self.first(), self.create_invoice()
        dialog = self.dialog(second)
        self.assertFalse(second.fapiao_request_ids)
        problem = dialog.problem_ids
        self.assertEqual((problem.code, problem.severity, problem.move_id), ("twin", "warning", second))
        for word in (second.name, first.name, first.fapiao_numbers):
            self.assertIn(word, problem.message)
        self.assertIn("cancel or credit", problem.fix)
        self.assertFalse(dialog.twin_ids)
        self.issue_from(dialog)
        self.assert_one_fapiao(second)

    def test_open_request_counts_too(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        self.issue(self.create_invoice())
        self.assertIn("is requested", self.dialog(self.create_invoice()).problem_ids.message)

    def test_what_makes_a_difference(self):
        today = fields.Date.today()
        self.first()
        other = self.buyer.copy({"name": "别的买家有限公司", "vat": "91440300MA5BUYER34"})
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": self.buyer.id})
        half = [{"quantity": 2, "price_unit": 500}]
        for expected, values in [
            (True, {}),
            (True, {"partner": contact}),
            (True, {"invoice_date": today - timedelta(days=10)}),
            (False, {"invoice_date": today - timedelta(days=11)}),
            (False, {"partner": other}),
            (False, {"lines": [{"price_unit": 1000.01}]}),
            (False, {"lines": half}),
            (False, {"lines": [{"product_id": self.product_b.id}]}),
            (False, {"lines": [{"price_unit": 1130, "tax_ids": []}]}),
        ]:
            with self.subTest(values=values):
                (built,) = Builder(self.env)._build(self.create_invoice(**values))
                self.assertEqual(bool(fapiao_twins.warning(built)), expected)

    def test_lines_in_another_order_look_alike(self):
        lines = [{}, {"product_id": self.product_b.id, "tax_ids": self.tax_6.ids}]
        self.first(lines=lines)
        self.assertTrue(self.looks_like(self.create_invoice(lines[::-1])))

    def test_what_is_over_or_repeats_nothing(self):
        first = self.first()
        second = self.create_invoice()
        self.assertTrue(self.looks_like(second))
        self.company.fapiao_twin_days = 0
        self.assertFalse(self.looks_like(second))
        self.company.fapiao_twin_days = 10
        first.fapiao_ids.sudo().status = "red"
        self.assertFalse(self.looks_like(second), "its fapiao is reversed")
        self.issue(second)
        self.assertFalse(self.looks_like(first), "it had a fapiao before: this one replaces it")

    def test_credit_note_in_between(self):
        first, second = self.first(), self.create_invoice()
        credit = self.credit(first)
        self.assertTrue(self.looks_like(second), "the fapiao is not reversed yet")
        self.flush(credit)
        self.assertFalse(self.looks_like(second))

    def test_deliveries_of_one_order_are_no_twins(self):
        order = self.create_order()
        first = self.invoice(order, 5)
        self.issue(first)
        second = self.invoice(order, 5)
        self.assertEqual(first.amount_total, second.amount_total)
        self.assertFalse(self.looks_like(second))
        third = self.invoice(self.create_order([{"product_uom_qty": 5}]))
        self.assertTrue(self.looks_like(third))

    def test_days_are_days(self):
        for days in (-1, 367):
            with (
                self.subTest(days),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.company.fapiao_twin_days = days
                self.env.flush_all()

    # ------------------------------------------------------------------ several at once

    def test_batch_leaves_it_out_until_chosen(self):
        first, other = self.first(), self.create_invoice([{"price_unit": 7}])
        second = self.create_invoice()
        dialog = self.dialog(second | other)
        self.assertFalse(dialog.problem_ids)
        self.assertRecordValues(dialog.twin_ids, [{"move_id": second.id, "is_chosen": False}])
        self.assertIn(first.fapiao_numbers, dialog.twin_ids.message)
        self.assertEqual((dialog.ready_count, dialog.issue_label), (1, "Issue the One That Is Ready"))
        self.assertIn("look like another invoice: 1", dialog.summary)
        self.issue_from(dialog)
        self.assert_one_fapiao(other)
        self.assertFalse(second.fapiao_request_ids)

    def test_batch_issues_what_is_chosen(self):
        self.first()
        second, other = self.create_invoice(), self.create_invoice([{"price_unit": 7}])
        dialog = self.dialog(second | other)
        with Form(dialog) as form, form.twin_ids.edit(0) as twin:
            twin.is_chosen = True
        self.assertEqual(dialog.issue_label, "Issue the 2 That Are Ready")
        dialog.action_check()
        self.assertTrue(dialog.twin_ids.is_chosen, "looking again forgets nothing")
        self.issue_from(dialog)
        for invoice in (second, other):
            self.assert_one_fapiao(invoice)

    def test_two_of_one_batch(self):
        """The first is issued, the second waits."""
        invoices = self.create_invoice() | self.create_invoice() | self.create_invoice()
        dialog = self.dialog(invoices.sorted("id", reverse=True))
        self.assertEqual(dialog.twin_ids.move_id, invoices[1:])
        self.assertIn("is chosen as well", dialog.twin_ids[0].message)
        self.assertIn(invoices[0].name, dialog.twin_ids[0].message)
        self.issue_from(dialog)
        self.assert_one_fapiao(invoices[0])
        self.assertFalse(invoices[1:].fapiao_request_ids)

    def test_nothing_but_twins(self):
        self.first()
        dialog = self.dialog(self.create_invoice() | self.create_invoice())
        self.assertEqual((dialog.ready_count, dialog.issue_count), (0, 0))
        with self.assertRaisesRegex(UserError, "Choose the invoices"):
            self.issue_from(dialog)

    def test_twin_that_came_meanwhile_is_shown_first(self):
        for batch in (False, True):
            with self.subTest(batch=batch):
                price = 500 + batch
                invoice = self.create_invoice([{"price_unit": price}])
                moves = invoice | self.create_invoice([{"price_unit": 3}]) if batch else invoice
                dialog = self.env["fapiao.issue"].browse(self.env["fapiao.issue"]._open(moves)["res_id"])
                self.assertFalse(dialog.problem_ids or dialog.twin_ids)
                self.first(lines=[{"price_unit": price}])
                action = self.issue_from(dialog)
                self.assertEqual((action["res_model"], action["res_id"]), ("fapiao.issue", dialog.id))
                self.assertTrue(dialog.problem_ids or dialog.twin_ids)
                self.assertFalse(invoice.fapiao_request_ids)

    def test_one_query_for_many(self):
        self.first()
        moves = self.env["account.move"].union(*(self.create_invoice() for _number in range(20)))
        counts = []
        for some in (moves[:2], moves):
            fapiao_twins.of_invoices(some)
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            found = fapiao_twins.of_invoices(some)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(set(found), set(some))
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------------ without a person

    def test_posting_waits_and_says_why(self):
        first = self.first()
        self.company.fapiao_auto_issue = True
        second, other = self.create_invoice(), self.create_invoice([{"price_unit": 7}])
        self.assertEqual(other.fapiao_request_ids.state, "queued")
        self.assertFalse(second.fapiao_request_ids)
        told = second.activity_ids
        self.assertEqual(told.summary, "The fapiao waits for a decision")
        self.assertIn(first.name, told.note)
        self.issue_from(self.dialog(second))
        self.assertEqual(second.fapiao_state, "issued")
        self.assertFalse(second.activity_ids, "decided")

    def test_two_posted_at_once(self):
        self.company.fapiao_auto_issue = True
        invoices = self.create_invoice(post=False) | self.create_invoice(post=False)
        invoices.action_post()
        self.assertEqual(invoices.mapped("fapiao_state"), ["pending", "to_issue"])

    def test_sending_leaves_it_out(self):
        self.first()
        second = self.create_invoice()
        wizard = self.env["account.move.send.wizard"].create({"move_id": second.id})
        wizard.extra_edi_checkboxes = {"cn_fapiao": {**wizard.extra_edi_checkboxes["cn_fapiao"], "checked": True}}
        self.assertIn("click Issue Fapiao", wizard.alerts["fapiao_twins"]["message"])
        for _time in range(2):
            self.env["account.move.send"]._generate_and_send_invoices(
                second, sending_methods=["manual"], extra_edis=["cn_fapiao"]
            )
        self.assertFalse(second.fapiao_request_ids)
        self.assertEqual(len(second.activity_ids), 1)

    # ------------------------------------------------------------------ orders

    def test_order_that_looks_like_another(self):
        first = self.create_order()
        self.request(first)
        second = self.create_order()
        dialog = self.open(second)
        problem = dialog.problem_ids
        self.assertEqual((problem.code, problem.severity), ("twin", "warning"))
        self.assertIn(first.name, problem.message)
        self.assertIn(first.fapiao_numbers, problem.message)
        self.click(dialog)
        self.assertEqual(second.fapiao_state, "issued")

    def test_orders_that_do_not(self):
        first = self.create_order()
        self.request(first)
        late = self.create_order()
        late.date_order = fields.Datetime.now() + timedelta(days=12)
        for order in (self.create_order([{"product_uom_qty": 5, "price_unit": 200}]), late):
            self.assertFalse(self.open(order).problem_ids)
        first.fapiao_ids.sudo().status = "red"
        self.assertFalse(self.open(self.create_order()).problem_ids)

    def test_orders_on_one_fapiao(self):
        orders = self.create_order() | self.create_order()
        dialog = self.open(orders)
        self.assertIn("is chosen as well", dialog.problem_ids.message)
        self.assertIn(orders[0].name, dialog.problem_ids.message)

    def test_invoice_of_an_order_with_its_fapiao_counts(self):
        order = self.create_order()
        self.request(order)
        first = self.invoice(order)
        second = self.create_invoice(
            [{"quantity": 10, "price_unit": 100, "product_uom_id": first.invoice_line_ids.product_uom_id.id}]
        )
        self.assertEqual(first.fapiao_state, "issued")
        self.assertTrue(self.looks_like(second))

    def test_invoice_beside_an_order_that_has_its_fapiao(self):
        """Entered by hand instead of made from the order, it shares nothing of its fapiao."""
        order = self.create_order()
        self.request(order)
        unit = order.order_line.product_uom_id.id
        invoice = self.create_invoice([{"quantity": 10, "price_unit": 100, "product_uom_id": unit}])
        problem = self.dialog(invoice).problem_ids
        self.assertEqual(problem.code, "twin")
        self.assertIn(order.name, problem.message)
        self.assertIn(order.fapiao_numbers, problem.message)
        self.assertFalse(self.looks_like(self.create_invoice([{"quantity": 20, "price_unit": 50}])))

    def test_merging_warns(self):
        self.first()
        second, other = self.create_invoice(), self.create_invoice([{"price_unit": 7}])
        action = (second | other).action_fapiao_merge()
        dialog = self.env["fapiao.issue"].browse(action["res_id"])
        self.assertEqual(dialog.problem_ids.mapped("code"), ["twin"])
        self.assertEqual(dialog.problem_ids.move_id, second)
        self.assertFalse(dialog.twin_ids)

    def test_settings(self):
        with Form(self.env["res.config.settings"].sudo().with_company(self.company)) as settings:
            settings.fapiao_twin_days = 3
        settings.record.execute()
        self.assertEqual(self.company.fapiao_twin_days, 3)
        self.assertEqual(self.env["res.company"].create({"name": "Fresh"}).fapiao_twin_days, 10)
