"""Buyer-initiated forms (sqyy 3): a vendor bill whose fapiao has to be reversed by the vendor."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..sandbox import defaults
from .common_red import RedCommon

VENDOR_TAX_NO = "91310000MA1VEND0R5"


@tagged("post_install", "-at_install")
class TestBuyer(RedCommon):
    def setUp(self):
        super().setUp()
        self.vendor = self.env["res.partner"].create(
            {"name": "供应商有限公司", "is_company": True, "vat": self.company.vat and defaults.BUYER_TAX_NO}
        )
        self.theirs = self.vendor_issues()
        self.world.set_use(self.theirs.number, booked="01")

    def vendor_issues(self):
        """Return a fapiao that the sandbox's other company has issued to us, as the bureau has it."""
        ours = self.issued_invoice()
        record = self.world.fapiao[ours.fapiao_ids.number]
        ours.fapiao_ids.sudo().unlink()
        record.seller_no, record.buyer_no = defaults.BUYER_TAX_NO, defaults.TAX_NO
        record.seller_name, record.buyer_name = defaults.BUYER_NAME, self.company.name
        return record

    def bill(self, **values):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "company_id": self.company.id,
                "partner_id": self.vendor.id,
                "invoice_date": fields.Date.today(),
                "ref": self.theirs.number,
                "invoice_line_ids": self.product_line(product_id=self.product_a.id, price_unit=1000, tax_ids=[]),
                **values,
            }
        )
        bill.action_post()
        return bill

    def test_apply_confirm_and_take_over_the_red(self):
        bill = self.bill()
        self.assertTrue(bill.fapiao_can_red)
        dialog = self.open_flush(bill)
        self.assertEqual((dialog.initiator, dialog.answer), ("buyer", "allowed"), dialog.answer_text)
        self.assertEqual(bill.fapiao_ids.number, self.theirs.number)
        self.assertEqual(bill.fapiao_ids.direction, "in")
        self.assertIn("seller has to confirm", dialog.confirmer_text)
        form = self.apply(dialog)
        self.assertEqual((form.bureau_state, form.stage), ("03", "waiting"))
        self.act(form, "confirm")
        self.assertEqual((form.bureau_state, form.stage), ("04", "confirmed"))
        self.assertFalse(form.request_ids, "the seller issues, not we")
        self.world.reverse_elsewhere(self.theirs.number)
        for _turn in range(2):
            self.look(form)
        self.assertEqual(form.stage, "issued")
        self.assertEqual((form.red_fapiao_id.color, form.red_fapiao_id.direction), ("red", "in"))
        self.assertEqual(bill.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue").status, "red")

    def test_refused_by_the_seller(self):
        form = self.apply(self.open_flush(self.bill()))
        self.act(form, "refuse")
        self.assertEqual((form.bureau_state, form.stage), ("06", "refused"))

    def test_not_used_so_only_the_seller_starts(self):
        self.world.set_use(self.theirs.number, booked="00")
        dialog = self.open_flush(self.bill())
        self.assertFalse(dialog.can_apply)
        self.assertIn("only the seller can start", dialog.error_text)

    def test_without_a_number_it_is_asked_for(self):
        dialog = self.open_flush(self.bill(ref="PO 17"))
        self.assertFalse(dialog.fapiao_id)
        with self.assertRaisesRegex(UserError, "20 digits"), self.engine():
            dialog.action_ask()
        dialog.number = self.theirs.number
        with self.engine():
            dialog.action_ask()
        self.assertEqual(dialog.fapiao_id.number, self.theirs.number)

    def test_facts_by_hand_where_the_cloud_shows_nothing(self):
        self.world.faults.add("invoiceQueryMx", "not_found", times=-1)
        dialog = self.open_flush(self.bill())
        self.assertEqual(dialog.answer, "none")
        self.assertIn("exact time", dialog.answer_text)
        moment = self.theirs.issued_at.astimezone(tz=None).replace(tzinfo=None)
        dialog.issued_at = fields.Datetime.to_datetime(moment) + timedelta(0)
        with self.engine():
            dialog.action_ask()
        self.assertEqual(dialog.answer, "allowed", dialog.answer_text)

    def test_special_element_is_named_for_the_original_that_has_one(self):
        """retInviceMsg demands it of a buyer; the fapiao itself says it."""
        self.theirs.special_kind = "03"
        dialog = self.open_flush(self.bill())
        self.assertEqual((dialog.special_kind, dialog.answer), ("03", "allowed"), dialog.answer_text)
        (asked,) = self.world.calls.of("retInviceMsg")
        self.assertEqual(asked.form["tdyslxDm"], "03")
        form = self.apply(dialog)
        self.assertEqual((form.bureau_state, form.special_kind), ("03", "03"))

    def test_who_applies_and_what_a_buyer_has_to_do(self):
        self.world.set_use(self.theirs.number, vat="01")
        form = self.apply(self.open_flush(self.bill()))
        (applied,) = self.world.calls.of("hzxxbsq")
        self.assertEqual(applied.form["nsrsbh"], self.account.tax_no)
        self.assertEqual(len(applied.form["kprq"]), 19)
        self.assertIn("红字信息确认单", form.advice)
        self.assertIn("进项税额转出", form.advice)
        self.act(form, "confirm")
        self.assertIn("进项税额转出", form.advice)
