"""Several invoices on one fapiao, and why not."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.values import exact
from .common_split import SplitCommon


@tagged("post_install", "-at_install")
class TestMerge(SplitCommon):
    def three(self, **values):
        return self.env["account.move"].union(
            *(self.create_invoice([{"price_unit": price}], **values) for price in (100.01, 200.02, 300.03))
        )

    def merged(self):
        invoices = self.three()
        self.click(self.open_dialog(invoices, merged=True))
        self.assertEqual(len(invoices.fapiao_ids), 1)
        return invoices

    def test_three_invoices_one_fapiao(self):
        invoices = self.three()
        dialog = self.open_dialog(invoices, merged=True)
        self.assertEqual((dialog.summary, dialog.issue_label), ("3 invoices become one fapiao.", "Issue One Fapiao"))
        self.assertRecordValues(
            dialog.preview_ids,
            [
                {
                    "documents": ", ".join(invoices.mapped("name")),
                    "line_count": 3,
                    "amount_untaxed": 600.06,
                    "amount_tax": 78,
                    "amount_total": 678.06,
                }
            ],
        )
        self.click(dialog)
        (item,) = self.issued_by_bureau(invoices.fapiao_request_ids)
        self.assertEqual(float(item.gross), 678.06)
        for invoice in invoices:
            self.assertEqual(invoice.fapiao_numbers, item.number)
            self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))

    def test_choice_in_the_dialog(self):
        invoices = self.three()
        dialog = self.env["fapiao.issue"].browse(self.env["fapiao.issue"]._open(invoices)["res_id"])
        self.assertTrue(dialog.can_merge)
        self.assertFalse(dialog.preview_ids)
        dialog.action_merge()
        self.assertEqual((dialog.is_merged, dialog.fapiao_count, len(dialog.preview_ids)), (True, 1, 1))
        dialog.action_merge()
        self.assertEqual((dialog.is_merged, dialog.fapiao_count, len(dialog.preview_ids)), (False, 3, 0))
        self.click(dialog)
        self.assertEqual(len(invoices.fapiao_ids), 3)

    def test_merged_and_split(self):
        self.company.fapiao_amount_limit = 350
        invoices = self.three()
        dialog = self.open_dialog(invoices, merged=True)
        self.assertIn("they become 2", dialog.summary)
        self.assertEqual(
            dialog.preview_ids.mapped("documents"),
            [", ".join(invoices[:2].mapped("name")), invoices[2].name],
        )
        self.click(dialog)
        self.assertEqual(len(self.issued_by_bureau(invoices.fapiao_request_ids)), 2)
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"issued"})
        self.assertEqual(len(invoices[2].fapiao_ids), 1)

    def test_credit_notes_are_taken_off(self):
        invoices = self.three()
        self.credit(invoices[1])
        (built,) = self.build(invoices, merged=True)
        self.assertEqual([line.amount for line in built.draft.lines], [exact(100.01), exact(300.03)])
        self.click(self.open_dialog(invoices, merged=True))
        self.assertEqual(invoices.mapped("fapiao_state"), ["issued"] * 3)

    def test_remarks_are_joined(self):
        self.company.fapiao_remark = "{invoice}"
        invoices = self.three()
        (built,) = self.build(invoices, merged=True)
        self.assertEqual(built.draft.remark, "；".join(invoices.mapped("name")))
        invoices[0].fapiao_remark = "x" * 250
        (built,) = self.build(invoices, merged=True)
        self.assertEqual(built.draft.remark, "x" * 250)
        self.assertIn("remarks_cut", [problem.code for problem in built.problems])

    def test_what_cannot_be_merged(self):
        other = self.buyer.copy({"name": "另一采购有限公司", "vat": "91310115332701234H"})
        branch = self.env["res.partner"].create(
            {
                "name": "Branch",
                "parent_id": self.buyer.id,
                "type": "invoice",
                "email": "branch@example.com",
            }
        )
        self.buyer.fapiao_email = False  # else it is that of all contacts
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": dollar.id, "company_id": self.company.id, "rate": 0.14, "name": "2020-01-01"}
        )
        first = self.create_invoice()
        for code, second in (
            ("merge_buyers", self.create_invoice(partner=other)),
            ("merge_types", self.create_invoice(fapiao_type="special")),
            ("merge_currencies", self.create_invoice(currency_id=dollar.id)),
            ("merge_recipients", self.create_invoice(partner=branch)),
        ):
            with self.subTest(code):
                (built,) = self.build(first | second, merged=True)
                self.assertEqual([problem.code for problem in built.problems], [code])
                dialog = self.open_dialog(first | second, merged=True)
                self.assertEqual(dialog.problem_ids.mapped("code"), [code])
                self.assertEqual((dialog.ready_count, dialog.fapiao_count), (0, 0))

    def test_issued_or_alone(self):
        invoices = self.three()
        self.issue(invoices[0])
        with self.assertRaisesRegex(UserError, "already has the fapiao"):
            invoices.action_fapiao_merge()
        with self.assertRaisesRegex(UserError, "at least two"):
            invoices[1].action_fapiao_merge()

    def test_problem_of_one_is_shown_at_that_one(self):
        invoices = self.three()
        self.product_b.fapiao_code_id = False
        self.product_b.categ_id.fapiao_code_id = False
        bad = self.create_invoice([{"product_id": self.product_b.id}])
        dialog = self.open_dialog(invoices | bad, merged=True)
        self.assertEqual(dialog.problem_ids.move_id, bad)

    def test_lost_answer_of_merged_invoices(self):
        invoices = self.three()
        dialog = self.open_dialog(invoices, merged=True)
        self.world.faults.add("blueTicket", "drop_after", times=1)
        self.click(dialog)
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"pending"})
        self.make_due(invoices.fapiao_request_ids)
        self.run_cron("_cron_reconcile")
        self.assertEqual(len(self.issued_by_bureau(invoices.fapiao_request_ids)), 1)
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"issued"})

    def test_reversed_in_full(self):
        invoices = self.merged()
        blue = invoices.fapiao_ids
        self.flush(invoices[0])
        self.assert_reversed_once(blue)
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"red"})
        self.assertEqual(invoices.mapped("fapiao_amount_open"), invoices.mapped("amount_total"))
        self.issue(invoices)
        self.run_cron("_cron_dispatch")
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"issued"})

    def test_credit_note_of_one_leaves_the_others_merged(self):
        invoices = self.merged()
        blue = invoices.fapiao_ids
        note = self.credit(invoices[1])
        dialog = self.open_flush(note)
        self.assertEqual(dialog.scope, "reissue")
        form = self.apply(dialog)
        self.run_cron("_cron_dispatch")
        self.assertEqual((form.stage, form.follow_up), ("issued", "done"), form.follow_up_text)
        self.assert_reversed_once(blue)
        new = invoices.fapiao_ids.filtered(lambda fapiao: fapiao._is_living())
        self.assertEqual((len(new), exact(new.amount_untaxed)), (1, exact(400.04)))
        self.assertEqual(new._invoices(), invoices[0] | invoices[2])
        self.assertEqual(invoices.mapped("fapiao_state"), ["issued", "red", "issued"])
        self.assertEqual(invoices.mapped("fapiao_amount_open"), [0, 0, 0])
