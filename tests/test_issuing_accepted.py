"""A warning that was accepted once for a partner or product isn't shown again; errors and the others always are."""

import ast
from pathlib import Path

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .. import rules
from ..models import issuing
from ..rules.problems import PARTNER, PRODUCT, REMEMBERED
from .common_order import OrderCommon

NEVER = {"twin", "credit_low", "registered_name_differs", "tax_drift", "many_lines", "remarks_cut", "quantity_left_out"}


@tagged("post_install", "-at_install")
class TestAccepted(OrderCommon):
    def dialog(self, moves):
        action = self.issue(moves)
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def accept(self, moves, user=None):
        """Click *Issue Anyway* on the warnings; return their codes."""
        dialog = self.dialog(moves).with_user(user or self.env.user)
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return dialog.problem_ids.mapped("code")

    def issued_at_once(self, moves):
        self.assertNotIn("res_model", self.issue(moves))
        self.assertTrue(moves.fapiao_request_ids)

    @property
    def accepted(self):
        return self.env["fapiao.accepted.warning"].search([])

    def buyer_like(self, **values):
        return self.buyer.copy({"name": "无税号有限公司", "vat": False, **values})

    def test_table(self):
        for code, (about, facts) in REMEMBERED.items():
            with self.subTest(code):
                self.assertIn(about, (PARTNER, PRODUCT))
                self.assertIsInstance(facts, tuple)
                self.assertNotIn(code, NEVER)
        folders = (Path(rules.__file__).parent, Path(issuing.__file__).parent)
        trees = [ast.parse(path.read_text()) for folder in folders for path in folder.glob("*.py")]
        texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        self.assertLessEqual({*REMEMBERED, *NEVER}, texts)

    def test_about_a_partner(self):
        for values, code in (
            ({}, "buyer_tax_no_absent"),
            ({"vat": "91110000600037342L"}, "tax_no_doubtful"),
            ({"name": "某某商行", "fapiao_title_type": "person"}, "person_business_name"),
            ({"vat": self.buyer.vat, "fapiao_bank": "工商银行"}, "bank_half"),
        ):
            with self.subTest(code):
                buyer = self.buyer_like(**values)
                self.assertEqual(self.accept(self.create_invoice(partner=buyer)), [code])
                row = self.accepted[:1]
                self.assertEqual((row.partner_id, row.code, row.user_id), (buyer, code, self.env.user))
                self.issued_at_once(self.create_invoice(partner=buyer))
                contact = self.env["res.partner"].create({"name": "收票人", "parent_id": buyer.id})
                self.issued_at_once(self.create_invoice(partner=contact))
                other = self.buyer_like(**{"vat": False, **values, "name": f"另一{buyer.name}"})
                self.assertEqual(self.accept(self.create_invoice(partner=other)), [code])

    def test_about_a_product(self):
        old_rate = self._create_tax("Test 16%", 16)
        line = {"tax_ids": old_rate.ids}
        self.assertEqual(self.accept(self.create_invoice([line])), ["rate_historic"])
        self.assertEqual(self.accepted.product_id, self.product_a)
        self.issued_at_once(self.create_invoice([{**line, "name": "Another text", "price_unit": 5}]))
        older = self._create_tax("Test 17%", 17)
        self.assertEqual(self.accept(self.create_invoice([{"tax_ids": older.ids}])), ["rate_historic"])
        self.product_b.write({"name": "B", "fapiao_code_id": self.code.id})
        self.assertEqual(
            self.accept(self.create_invoice([{**line, "product_id": self.product_b.id}])), ["rate_historic"]
        )

    def test_another_number_is_another_warning(self):
        buyer = self.buyer_like(vat="91110000600037342L")
        self.accept(self.create_invoice(partner=buyer))
        buyer.vat = "91110000600037343L"
        self.assertEqual(self.accept(self.create_invoice(partner=buyer)), ["tax_no_doubtful"])

    def test_error_is_never_accepted(self):
        buyer = self.buyer_like()
        self.accept(self.create_invoice(partner=buyer))
        self.product_b.write({"fapiao_code_id": False, "taxes_id": [Command.set(self.tax_13.ids)]})
        self.product_b.categ_id.fapiao_code_id = False
        invoice = self.create_invoice([{"product_id": self.product_b.id}], partner=buyer)
        self.assertEqual(self.dialog(invoice).problem_ids.mapped("code"), ["code_missing"])
        special = self.create_invoice(partner=buyer, fapiao_type="special")
        self.assertEqual(self.dialog(special).problem_ids.mapped("code"), ["buyer_tax_no_missing"])

    def test_sale_entered_twice_is_asked_each_time(self):
        self.company.fapiao_twin_days = 10
        buyer = self.buyer_like()
        self.accept(self.create_invoice(partner=buyer))
        for _time in range(2):
            self.assertEqual(self.accept(self.create_invoice(partner=buyer)), ["twin"])

    def test_what_was_not_shown_is_not_accepted(self):
        buyer = self.buyer_like()
        dialog = self.dialog(self.create_invoice(partner=buyer))
        buyer.fapiao_bank = "工商银行"
        with self.engine():
            dialog.action_issue()
        self.assertEqual(self.accepted.mapped("code"), ["buyer_tax_no_absent"])

    def test_closed_dialog_accepts_nothing(self):
        buyer = self.buyer_like()
        self.dialog(self.create_invoice(partner=buyer))
        self.assertFalse(self.accepted)

    def test_deleted_and_asked_again(self):
        buyer = self.buyer_like()
        self.accept(self.create_invoice(partner=buyer))
        issuer = self.env["res.users"].create(
            {
                "name": "Issuer",
                "login": "accepting_issuer",
                "group_ids": [Command.set(self.issuer_group.ids)],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )
        row = self.accepted.with_user(issuer)
        with self.assertRaises(AccessError):
            row.partner_id = self.buyer
        with self.assertRaises(AccessError):
            row.create({"code": "bank_half", "message": "x", "company_id": self.company.id, "user_id": issuer.id})
        row.unlink()
        self.assertEqual(self.accept(self.create_invoice(partner=buyer)), ["buyer_tax_no_absent"])

    def test_another_company_asks_for_itself(self):
        buyer = self.buyer_like()
        self.accept(self.create_invoice(partner=buyer))
        self.accepted.sudo().company_id = self.env["res.company"].create({"name": "Other"})
        self.assertEqual(self.accept(self.create_invoice(partner=buyer)), ["buyer_tax_no_absent"])

    def test_orders_and_invoices_alike(self):
        buyer = self.buyer_like()
        dialog = self.open(self.create_order(partner_id=buyer.id))
        self.assertEqual(dialog.problem_ids.mapped("code"), ["buyer_tax_no_absent"])
        self.click(dialog)
        self.assertFalse(self.open(self.create_order(partner_id=buyer.id)).problem_ids)
        self.issued_at_once(self.create_invoice(partner=buyer, invoice_date=fields.Date.today()))
