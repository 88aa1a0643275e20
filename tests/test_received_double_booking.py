"""A fapiao number is booked once: on bills and expenses, in all companies; the message names the other."""

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_match import MatchCommon


@tagged("post_install", "-at_install")
class TestDoubleBooking(MatchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = cls.env["hr.employee"].sudo().create({"name": "报销员", "company_id": cls.company.id})
        cls.branch = cls.env["res.company"].create(
            {"name": "上海分公司", "parent_id": cls.company.id, "country_id": cls.env.ref("base.cn").id}
        )
        cls.env.cr.precommit.run()  # gives the branch its parent's chart of accounts
        cls.env.user.company_ids += cls.branch

    def expense(self, total=113):
        expense = self.env["hr.expense"].sudo()
        return expense.create(
            {
                "name": "办公用品",
                "employee_id": self.employee.id,
                "company_id": self.company.id,
                "total_amount_currency": total,
                "tax_ids": [Command.clear()],
            }
        )

    def test_reference_that_another_bill_has_used(self):
        fapiao, first = self.receive(), self.bill(post=True)
        self.confirm(fapiao, first)
        second = self.bill(ref=fapiao.number)
        with self.assertRaisesRegex(UserError, first.name):
            second.action_post()
        self.assertEqual(second.state, "draft")

    def test_reference_nobody_has_received(self):
        number = "26310000000099999999"
        first, second = self.bill(ref=number, post=True), self.bill(ref=number, price=20)
        with self.assertRaisesRegex(UserError, first.name):
            second.action_post()
        first.button_draft()
        first.button_cancel()
        second.action_post()
        self.assertEqual(second.state, "posted")

    def test_both_at_once(self):
        number = "26310000000099999998"
        bills = self.bill(ref=number) | self.bill(ref=number)
        with self.assertRaisesRegex(UserError, number):
            bills.action_post()

    def test_parts_of_a_fapiao_fit(self):
        fapiao = self.receive(total=226, tax=26)
        bills = self.bill(ref=fapiao.number) | self.bill(ref=fapiao.number)
        bills.action_post()
        with self.assertRaisesRegex(UserError, fapiao.number):
            self.bill(ref=fapiao.number, price=1).action_post()

    def test_refund_may_name_the_same_fapiao(self):
        fapiao = self.receive()
        self.confirm(fapiao, self.bill(ref=fapiao.number, post=True))
        refund = self.bill(move_type="in_refund", ref=fapiao.number, post=True)
        self.assertEqual(refund.state, "posted")

    def test_expense_then_bill(self):
        fapiao, expense = self.receive(), self.expense()
        self.confirm(fapiao, expense)
        self.assertEqual(fapiao.match_documents, expense.display_name)
        with self.assertRaisesRegex(ValidationError, "办公用品"):
            self.confirm(fapiao, self.bill())
        with self.assertRaisesRegex(UserError, "办公用品"):
            self.bill(ref=fapiao.number).action_post()
        with self.assertRaisesRegex(UserError, "办公用品"):
            fapiao.action_create_bill()

    def test_bill_then_expense(self):
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        with self.assertRaisesRegex(ValidationError, bill.name):
            self.confirm(fapiao, self.expense())

    def test_deleted_expense_frees_the_fapiao(self):
        fapiao, expense = self.receive(), self.expense()
        self.confirm(fapiao, expense)
        self.assertEqual(fapiao.match_state, "differs" if expense.fapiao_in_state == "differs" else "matched")
        expense.unlink()
        self.assertEqual(fapiao.match_state, "none")

    def test_other_company_of_the_database(self):
        fapiao, bill = self.receive(), self.bill(post=True)
        self.confirm(fapiao, bill)
        twin = self.receive(number=fapiao.number, company_id=self.branch.id)
        theirs = self.bill(company_id=self.branch.id)
        alone = self.env["fapiao.match"].with_context(allowed_company_ids=self.branch.ids)
        with self.assertRaisesRegex(ValidationError, bill.name), self.cr.savepoint():
            alone._confirm_pair(twin, theirs, 113)
        theirs.ref = fapiao.number
        with self.assertRaisesRegex(UserError, bill.name):
            theirs.action_post()
        self.env["fapiao.match"]._match(self.branch.ids)
        self.assertNotIn("confirmed", twin.match_ids.mapped("state"))

    def test_document_of_another_company(self):
        self.branch.partner_id.vat = "91310115MA1BRANC17"  # a taxpayer of its own
        with self.assertRaisesRegex(ValidationError, self.branch.name):
            self.confirm(self.receive(), self.bill(company_id=self.branch.id))

    def test_each_number_of_a_reference_counts(self):
        """A bill that names two fapiao uses both, known or not, in whatever spelling."""
        for known in (True, False):
            with self.subTest(known=known):
                numbers = [f"2631{900 + known}0000{place:09}" for place in (1, 2)]
                if known:
                    for number in numbers:
                        self.receive(number=number)
                first = self.bill(ref=" / ".join(numbers), price=200, post=True)
                for ref in (numbers[1], f"发票号{numbers[0]}", f"X, {numbers[1]}"):
                    with self.assertRaisesRegex(UserError, first.name):
                        self.bill(ref=ref).action_post()
        with self.assertRaisesRegex(UserError, first.name):
            self.bill(payment_reference=numbers[0]).action_post()

    def test_bill_over_the_rest_of_one_and_another(self):
        parts = self.receive(total=226, tax=26)
        whole = self.receive()
        self.bill(ref=parts.number, post=True)
        both = self.bill(ref=f"{parts.number}, {whole.number}", price=200)
        both.action_post()
        self.assertEqual(both.state, "posted")
        for fapiao in (parts, whole):
            with self.assertRaisesRegex(UserError, both.name):
                self.bill(ref=fapiao.number, price=1).action_post()

    def test_tickets_by_their_own_numbers(self):
        """Code and number apart, a day of travel and its ticket, an air ticket with signs, a tax payment."""
        cases = [
            ("04403190011112345678", "044031900111 12345678"),
            ("20260310A0123456", "2026-03-10 a0123456"),
            ("7812345678901", "781-2345678901"),
            ("332126210300012345", "No.332126210300012345"),
        ]
        for number, ref in cases:
            with self.subTest(number=number):
                self.confirm(self.receive(number=number, type_code="10"), first := self.bill(post=True))
                with self.assertRaisesRegex(UserError, first.name):
                    self.bill(ref=ref).action_post()
        # what no fapiao is known by may be any reference
        self.bill(ref="7840000000001", post=True)
        self.bill(ref="7840000000001", post=True)

    def test_reference_typed_before_the_fapiao_came(self):
        number = "26310000000099999997"
        first = self.bill(ref=f"{number}, 26310000000099999996", price=200, post=True)
        fapiao = self.receive(number=number)
        with self.assertRaisesRegex(UserError, first.name):
            fapiao.action_create_bill()
        for document in (self.bill(), self.expense()):
            with self.assertRaisesRegex(ValidationError, first.name), self.cr.savepoint():
                self.confirm(fapiao, document)
        self.confirm(fapiao, first)
        self.assertEqual(fapiao.match_ids.filtered("active").move_id, first)
