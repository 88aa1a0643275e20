"""One invoice over several fapiao: exact to the fen, and no slice ordered twice."""

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.values import exact
from ..rules.problems import errors
from .common_split import SplitCommon


@tagged("post_install", "-at_install")
class TestSplit(SplitCommon):
    def test_one_invoice_three_fapiao(self):
        invoice = self.large_invoice()
        dialog = self.open_dialog(invoice)
        self.assertFalse(invoice.fapiao_request_ids, "nothing is sent before the preview was seen")
        self.assertIn("split into 3", dialog.summary)
        self.assertEqual((dialog.fapiao_count, dialog.issue_label), (3, "Issue 3 Fapiao"))
        rows = dialog.preview_ids
        self.assertEqual(rows.mapped("documents"), [invoice.name] * 3)
        self.assertEqual(sum(rows.mapped("line_count")), 3)
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            self.assertEqual(sum(exact(row[name]) for row in rows), exact(invoice[name]))
        self.assertTrue(all(row.amount_untaxed <= 1000 for row in rows))
        action = self.click(dialog)
        self.assertEqual(len(action["params"]["request_ids"]), 3)
        self.assert_all_there(invoice, 3)
        slices = invoice.fapiao_request_line_ids.filtered(lambda line: line.move_line_id == invoice.invoice_line_ids[0])
        self.assertEqual((sorted(slices.mapped("part")), sum(slices.mapped("quantity"))), ([0, 1], 15))

    def test_within_the_limit_nothing_is_asked(self):
        self.company.fapiao_amount_limit = 1000
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assert_one_fapiao(invoice)

    def test_not_taxable_lines_have_a_fapiao_of_their_own(self):
        free = self._create_tax("不征税", 0, fapiao_zero_kind="not_taxable", fapiao_policy="不征税")
        invoice = self.create_invoice([{}, {"price_unit": 50, "tax_ids": free.ids}])
        built = self.build(invoice)
        self.assertEqual([problem.code for item in built for problem in errors(item.problems)], [])
        self.assertEqual([item.draft.amount for item in built], [1000, 50])

    def test_global_discount_is_shared_out(self):
        self.company.fapiao_amount_limit = 1000
        invoice = self.create_invoice(
            [{"price_unit": 900}, {"price_unit": 900}, {"price_unit": -333.33}],
        )
        built = self.build(invoice)
        self.assertEqual(len(built), 2)
        for item in built:
            self.assertEqual(sum(exact(share["amount_untaxed"]) for share in item.shares), item.draft.amount)
            self.assertEqual(sum(exact(share["amount_tax"]) for share in item.shares), item.draft.tax)
        self.click(self.open_dialog(invoice))
        self.assert_all_there(invoice, 2)

    def test_on_posting_all_are_enqueued(self):
        self.company.fapiao_auto_issue = True
        invoice = self.large_invoice()
        self.run_cron("_cron_dispatch")
        self.assert_all_there(invoice, 3)

    def test_limit_that_allows_nothing_is_named(self):
        self.company.fapiao_amount_limit = 0.5
        (built,) = self.build(self.create_invoice())
        self.assertEqual([problem.code for problem in errors(built.problems)], ["split_limit"])

    def test_credit_line_has_to_do_for_all(self):
        self.account.sudo().write({"credit_left_told": 2000, "credit_at": fields.Datetime.now()})
        (built,) = self.build(self.large_invoice())
        self.assertEqual([problem.code for problem in errors(built.problems)], ["credit_low"])

    def test_what_changed_since_the_preview_is_shown_again(self):
        invoice = self.large_invoice()
        dialog = self.open_dialog(invoice)
        self.company.fapiao_amount_limit = 1300
        action = self.click(dialog)
        self.assertEqual((action["res_model"], dialog.fapiao_count), ("fapiao.issue", 2))
        self.assertFalse(invoice.fapiao_request_ids)
        self.click(dialog)
        self.assert_all_there(invoice, 2)

    def test_two_users_cannot_order_a_slice_twice(self):
        invoice = self.large_invoice()
        first, second = self.build(invoice), self.build(invoice)
        Request = self.env["fapiao.request"].sudo()
        Request._create_blue(first)._enqueue()
        for stale in second:
            with (
                self.subTest(stale.draft.amount),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                Request._create_blue([stale])
                self.env.flush_all()
        self.run_cron("_cron_dispatch")
        self.assert_all_there(invoice, 3)

    def test_whole_and_slices_exclude_each_other(self):
        """Two people who cut differently meet in the same index."""
        invoice = self.large_invoice()
        slices = self.build(invoice)
        self.company.fapiao_amount_limit = 0
        whole = self.build(invoice)
        Request = self.env["fapiao.request"].sudo()
        Request._create_blue(whole)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            Request._create_blue(slices)
            self.env.flush_all()

    def test_second_dialog_orders_nothing(self):
        invoice = self.large_invoice()
        first, second = self.open_dialog(invoice), self.open_dialog(invoice)
        self.click(first)
        with self.assertRaisesRegex(UserError, "None of these"):
            self.click(second)
        self.assert_all_there(invoice, 3)


@tagged("post_install", "-at_install")
class TestSlicesApart(SplitCommon):
    """What happens to one slice is no business of the others."""

    def click_with_fault(self, kind, **params):
        invoice = self.large_invoice()
        dialog = self.open_dialog(invoice)
        self.world.faults.add("blueTicket", kind, times=1, **params)
        self.click(dialog)
        return invoice

    def test_rejected_slice_is_corrected_alone(self):
        invoice = self.click_with_fault("refused")
        rejected = invoice.fapiao_request_ids.filtered(lambda request: request.state == "rejected")
        self.assertEqual(len(rejected), 1)
        self.assertEqual((invoice.fapiao_state, len(invoice.fapiao_ids)), ("partial", 2))
        self.assertEqual(exact(invoice.fapiao_amount_open), exact(rejected.amount_total))
        self.assertTrue(invoice.fapiao_can_issue)
        self.assertIn(rejected.cloud_text, invoice.fapiao_message)
        self.issue(invoice)
        new = invoice.fapiao_request_ids.sorted("id")[-1:]
        self.assertEqual(new.previous_id, rejected)
        self.assertEqual(exact(new.amount_tax), exact(rejected.amount_tax))
        self.assertEqual(new.line_ids.mapped("part"), rejected.line_ids.mapped("part"))
        self.assert_all_there(invoice, 3)
        self.assertFalse(invoice.fapiao_message)

    def test_lost_answer_of_one_slice(self):
        invoice = self.click_with_fault("drop_after")
        lost = invoice.fapiao_request_ids.filtered(lambda request: request.state == "unknown")
        self.assertEqual((len(lost), invoice.fapiao_state), (1, "pending"))
        self.assertFalse(invoice.fapiao_can_issue, "nobody orders it again while its outcome is open")
        self.assertEqual(invoice.fapiao_request_state, "unknown")
        self.make_due(lost)
        self.run_cron("_cron_reconcile")
        self.assert_all_there(invoice, 3)

    def test_withdrawn_and_issued_anew(self):
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.large_invoice()
        self.click(self.open_dialog(invoice))
        self.assertEqual(set(invoice.fapiao_request_ids.mapped("state")), {"waiting_login"})
        invoice.action_fapiao_withdraw()
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("to_issue", invoice.amount_total))
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.action_refresh_credit()
        self.click(self.open_dialog(invoice))
        self.assert_all_there(invoice, 3)

    def test_one_slice_withdrawn(self):
        invoice = self.large_invoice()
        requests = self.env["fapiao.request"].sudo()._create_blue(self.build(invoice))
        requests._enqueue()
        requests[1].action_withdraw()
        self.run_cron("_cron_dispatch")
        self.assertEqual(invoice.fapiao_state, "partial")
        self.assertEqual(exact(invoice.fapiao_amount_open), exact(requests[1].amount_total))
        self.issue(invoice)
        self.assert_all_there(invoice, 3)
