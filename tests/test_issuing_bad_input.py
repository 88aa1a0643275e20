"""What can't become a fapiao is refused in plain words with the cure: nothing is sent, nothing is lost.

What only the cloud finds out, or what goes wrong on the way, ends in words on the request, and the
invoice gets its fapiao once the cause is mended.
"""

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FapiaoCommon


class BadInputCase(FapiaoCommon):
    def refuse(self, moves):
        """Click *Issue*, which must send nothing, and return the dialog with the problems."""
        states = moves.mapped("state")
        action = self.issue(moves)
        self.assertEqual(action["res_model"], "fapiao.issue")
        self.assertFalse(moves.fapiao_request_ids)
        self.assertEqual(self.world.calls.of(), [], "nothing may have been sent")
        self.assertEqual(moves.mapped("state"), states)
        return self.env["fapiao.issue"].browse(action["res_id"])

    def assert_refused(self, moves, code, *words):
        """The dialog names problem ``code`` in ``words``, with a cure, and can't be overruled."""
        dialog = self.refuse(moves)
        problem = dialog.problem_ids.filtered(lambda problem: problem.code == code)[:1]
        self.assertTrue(problem, f"{code} is not among {dialog.problem_ids.mapped('code')}")
        self.assertEqual(problem.severity, "error")
        self.assertTrue(problem.fix)
        for word in words:
            self.assertIn(word, f"{problem.message} {problem.fix}")
        self.assertNotIn("%(", problem.message + problem.fix)
        with self.assertRaisesRegex(UserError, "None of these"):
            dialog.action_issue()
        self.assertEqual(self.world.calls.of(), [])
        return problem

    def warn(self, moves, code):
        """The dialog warns of ``code`` and issues all the same; return what the bureau issued."""
        dialog = self.refuse(moves)
        self.assertEqual(set(dialog.problem_ids.mapped("severity")), {"warning"})
        self.assertIn(code, dialog.problem_ids.mapped("code"))
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assert_one_fapiao(moves)
        return self.world.issued(moves.fapiao_request_ids.request_uid)[0]

    def issued(self, invoice):
        """Issue and return what the bureau issued."""
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        return self.world.issued(invoice.fapiao_request_ids.request_uid)[0]


@tagged("post_install", "-at_install")
class TestBadDocuments(BadInputCase):
    def test_draft_invoice(self):
        self.assert_refused(self.create_invoice(post=False), "not_posted", "Confirm the invoice")

    def test_other_documents(self):
        for move_type in ("in_invoice", "out_refund", "in_refund", "out_receipt"):
            with self.subTest(move_type):
                move = self.create_invoice(move_type=move_type)
                self.assert_refused(move, "not_an_invoice", "customer invoice")

    def test_invoice_of_nothing(self):
        self.assert_refused(self.create_invoice([{"price_unit": 0}]), "nothing_to_issue", "nothing to issue")

    def test_lines_that_cancel_out(self):
        lines = [{"price_unit": 100}, {"price_unit": -100}]
        self.assert_refused(self.create_invoice(lines), "nothing_to_issue")

    def test_deduction_of_another_rate(self):
        lines = [{"price_unit": 100}, {"price_unit": -10, "tax_ids": self.tax_6.ids}]
        self.assert_refused(self.create_invoice(lines), "negative_exceeds", "10.00", "6%", "same rate")

    def test_negative_total_is_refused_by_odoo_itself(self):
        invoice = self.create_invoice([{"price_unit": -100}], post=False)
        with self.assertRaisesRegex(UserError, "negative total"), self.env.cr.savepoint():
            invoice.action_post()
        self.assert_refused(invoice, "not_posted")

    def test_invoice_of_notes(self):
        note = Command.create({"display_type": "line_note", "name": "Nothing but a note"})
        invoice = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.buyer.id, "invoice_line_ids": [note]}
        )
        invoice.action_post()
        self.assert_refused(invoice, "nothing_to_issue")

    def test_taxes_of_a_line(self):
        self.assert_refused(self.create_invoice([{"tax_ids": []}]), "no_tax", "no tax", "Choose a VAT")
        two = self.create_invoice([{"tax_ids": (self.tax_13 + self.tax_6).ids}])
        self.assert_refused(two, "several_taxes", "more than one tax", "exactly one VAT rate")

    def test_rate_that_does_not_exist(self):
        odd = self._create_tax("7%", 7)
        problem = self.assert_refused(self.create_invoice([{"tax_ids": odd.ids}]), "rate_unknown", "7%")
        self.assertEqual(problem.mend_id, odd.id)

    def test_foreign_currency_without_a_rate(self):
        currency = self.env["res.currency"].create({"name": "XTS", "symbol": "X"})
        invoice = self.create_invoice(currency_id=currency.id)
        self.assertEqual(invoice.amount_untaxed_signed, 1000, "the ledger took it one for one")
        self.assert_refused(invoice, "no_currency_rate", "XTS", "Enter the rate")

    def test_books_in_another_currency(self):
        invoice = self.create_invoice()
        # the form refuses it once there are entries
        self.env.cr.execute(
            "UPDATE res_company SET currency_id = %s WHERE id = %s",
            (self.env.ref("base.EUR").id, self.company.id),
        )
        self.env.invalidate_all()
        self.assert_refused(invoice, "company_currency", "CNY")


@tagged("post_install", "-at_install")
class TestBadMasterData(BadInputCase):
    def test_classification_codes(self):
        self.product_b.write({"name": "Nameless", "fapiao_code_id": False})
        self.product_b.categ_id.fapiao_code_id = False
        invoice = self.create_invoice([{"product_id": self.product_b.id}])
        problem = self.assert_refused(invoice, "code_missing", "Nameless", "on the line, the product or its category")
        self.assertEqual(problem.mend_id, self.product_b.product_tmpl_id.id)
        # a table imported later may show that there is a finer code below the chosen one
        self.env["fapiao.tax.code"].create({"code": "1060301020101000000", "name": "Finer", "short_name": "软件"})
        self.assert_refused(self.create_invoice(), "code_summary", self.code.code, "a code below it")

    def test_short_name_of_a_code(self):
        self.code.short_name = False
        problem = self.assert_refused(self.create_invoice(), "short_name_missing", "short name")
        self.assertEqual((problem.mend_model, problem.mend_id), ("fapiao.tax.code", self.code.id))

    def test_buyer_of_a_special_fapiao(self):
        self.buyer.vat = False
        invoice = self.create_invoice(fapiao_type="special")
        problem = self.assert_refused(invoice, "buyer_tax_no_missing", "tax number", self.buyer.name, "ordinary")
        self.assertEqual(problem.mend_id, self.buyer.id)
        self.buyer.vat = "91440300MA5BUYER26"
        self.assertTrue(self.issued(invoice).special)

    def test_malformed_tax_number(self):
        for number in ("12345", "91440300-MA5-BUYER26-9999", "九一四四〇三〇〇"):
            with self.subTest(number):
                self.buyer.vat = number
                self.assert_refused(self.create_invoice(), "tax_no_malformed", "15 to 20 digits")

    def test_natural_person(self):
        person = self.env["res.partner"].create({"name": "张三", "fapiao_title_type": "person"})
        fapiao = self.issued(self.create_invoice(partner=person))
        self.assertEqual((fapiao.natural_person, fapiao.buyer_no, fapiao.buyer_name), (True, "", "张三（个人）"))
        self.world.calls.clear()
        special = self.create_invoice(partner=person, fapiao_type="special")
        self.assert_refused(special, "person_special", "natural person", "ordinary")
        person.write({"name": "张"})
        self.assert_refused(self.create_invoice(partner=person), "person_name_short", "two characters")

    def test_seller_is_buyer(self):
        invoice = self.create_invoice(partner=self.company.partner_id)
        self.assert_refused(invoice, "same_party", self.company.name, "another customer")

    def test_company_without_an_account(self):
        invoice = self.create_invoice()
        self.company.fapiao_account_id = False
        self.assert_refused(invoice, "no_account", self.company.name, "Settings")

    def test_archived_account(self):
        invoice = self.create_invoice()
        self.account.active = False
        problem = self.assert_refused(invoice, "account_archived", "archived", "Restore it")
        self.assertEqual((problem.mend_model, problem.mend_id), ("fapiao.account", self.account.id))

    def test_seller_without_address_or_bank(self):
        """The paper marks both lines as required; without them the cloud refuses."""
        partner = self.company.partner_id
        partner.write({"fapiao_address": False, "fapiao_phone": False, "fapiao_bank": False})
        partner.write({"street": False, "street2": False, "city": False, "state_id": False, "phone": False})
        invoice = self.create_invoice()
        problem = self.assert_refused(invoice, "seller_address_missing", "Address on Fapiao", "your company")
        self.assertEqual(problem.mend_id, partner.id)
        self.assert_refused(invoice, "seller_bank_missing", "Bank and Account", "your company")
        partner.write({"phone": "021-1", "bank_ids": [Command.create({"acc_number": "6200 0001"})]})
        fapiao = self.warn(invoice, "bank_half")
        self.assertEqual((fapiao.seller_address, fapiao.seller_bank), ("021-1", "62000001"))

    def test_account_of_another_taxpayer(self):
        invoice = self.create_invoice()
        self.company.vat = "91110000600037341L"
        problem = self.assert_refused(
            invoice,
            "company_tax_no_differs",
            "91110000600037341L",
            self.account.tax_no,
            "Correct whichever is wrong",
        )
        self.assertEqual(problem.mend_id, self.company.partner_id.id)
        self.company.vat = False
        self.assert_refused(invoice, "company_tax_no_missing", "Tax ID")

    def test_credit_line_known_to_be_too_low(self):
        self.account.sudo().write(
            {"credit_total": 5000, "credit_left_told": 999.99, "credit_at": fields.Datetime.now()}
        )
        problem = self.assert_refused(self.create_invoice(), "credit_low", "999.99", "1000.00", "credit line")
        self.assertEqual(problem.mend_id, self.account.id)
        self.account.sudo().credit_left_told = 1000
        self.issued(self.create_invoice())
