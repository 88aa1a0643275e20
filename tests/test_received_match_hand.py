"""A person confirms, splits and undoes; the dialog shows both sides."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.sql_db import db_connect
from odoo.tests import Form, tagged

from .common_match import MatchCommon


@tagged("post_install", "-at_install")
class TestByHand(MatchCommon):
    def dialog(self, fapiao):
        return self.env["fapiao.match.wizard"].browse(fapiao.action_match()["res_id"])

    def test_confirm_in_the_dialog(self):
        fapiao, bill = self.receive(), self.bill(price=90)
        dialog = self.dialog(fapiao)
        line = dialog.line_ids
        self.assertEqual(line.move_id, bill)
        self.assertTrue(line.total_differs and line.tax_differs and line.untaxed_differs)
        self.assertFalse(line.seller_differs or line.tax_no_differs)
        self.assertAlmostEqual(line.difference, -11.3)
        self.assertAlmostEqual(line.amount, 101.7)
        line.amount = 113
        line.action_confirm()
        match = fapiao.match_ids
        self.assertEqual((match.state, match.user_id, match.rule), ("confirmed", self.env.user, "manual"))
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))

    def test_vendors_are_proposed_however_they_were_entered(self):
        for total, (name, vat) in enumerate(
            (("别名", "CN91310000MA1VENDOR7"), ("别名", "9131 0000-ma1\u200bvendor7"), ("甲(集团) 公司", False)),
            start=200,
        ):
            with self.subTest(name=name, vat=vat):
                bill = self.bill(price=total, vendor=self._create_vendor(name, vat))
                fapiao = self.receive(seller_name="甲（集团）公司", seller_tax_no="91310000MA1VENDOR7")
                line = self.dialog(fapiao).line_ids.filtered(lambda line, bill=bill: line.move_id == bill)
                self.assertTrue(line)
                self.assertEqual(line.seller_differs, name == "别名")

    def test_split_over_two_bills(self):
        fapiao = self.receive(total=339, tax=39)
        bills = self.bill(100) | self.bill(150)
        dialog = self.dialog(fapiao)
        amounts = {bills[0]: 113, bills[1]: 169.5}
        for line in dialog.line_ids:
            line.write({"is_chosen": True, "amount": amounts[line.move_id]})
        dialog.action_confirm()
        self.assertEqual((fapiao.match_state, fapiao.match_amount), ("partial", 282.5))
        self.assertEqual(set(bills.mapped("fapiao_in_state")), {"matched"})
        self.assertAlmostEqual(dialog.amount_open, 56.5)

    def test_undo_frees_the_fapiao(self):
        fapiao, bill = self.receive(), self.bill()
        dialog = self.dialog(fapiao)
        self.assertEqual(fapiao.match_state, "matched")
        dialog.line_ids.action_undo()
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("none", "none"))
        self.assertEqual((fapiao.match_amount, bill.fapiao_in_numbers), (0, False))
        self.confirm(fapiao, bill)
        self.assertEqual((fapiao.match_state, len(fapiao.match_ids)), ("matched", 1))

    def test_add_another_bill(self):
        fapiao = self.receive()
        bill = self.bill(price=100, vendor=self._create_vendor("别家", "91310000MA1OTHER08"))
        dialog = self.dialog(fapiao)
        with Form(dialog) as form:
            form.move_id = bill
        dialog.line_ids.unlink()
        dialog.action_add()
        dialog.action_confirm()
        self.assertEqual((bill.fapiao_in_state, fapiao.match_ids.seller_differs), ("differs", True))

    def test_no_more_than_the_total(self):
        fapiao, bills = self.receive(), self.bill(price=60, post=True) | self.bill(price=60)
        self.confirm(fapiao, bills[0], 67.8)
        with self.assertRaisesRegex(ValidationError, bills[0].name):
            self.confirm(fapiao, bills[1], 67.8)
        with self.assertRaisesRegex(ValidationError, "same sign"):
            self.confirm(self.receive(), bills[1], -67.8)

    def test_two_halves_fit(self):
        fapiao, bills = self.receive(), self.bill(price=50) | self.bill(price=50)
        for bill in bills:
            self.confirm(fapiao, bill, 56.5)
        self.assertEqual(fapiao.match_state, "matched")

    def test_bill_that_goes_frees_its_fapiao(self):
        fapiao = self.receive()
        for leave in ("unlink", "button_cancel"):
            bill = self.bill()
            self.confirm(fapiao, bill)
            getattr(bill, leave)()
            self.assertEqual((fapiao.match_state, fapiao.match_amount), ("none", 0), leave)

    def test_changed_bill_differs(self):
        fapiao, bill = self.receive(), self.bill()
        self.confirm(fapiao, bill)
        self.assertEqual(bill.fapiao_in_state, "matched")
        bill.invoice_line_ids.price_unit = 90
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))
        self.assertIn("113.00", bill.fapiao_in_reasons)
        self.assertIn("101.70", bill.fapiao_in_reasons)

    def test_fapiao_that_goes_bad_differs(self):
        fapiao, bill = self.receive(), self.bill()
        self.confirm(fapiao, bill)
        self.assertFalse(bill.fapiao_in_reasons)
        fapiao.sudo().status = "abnormal"
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))
        self.assertIn("Ask the seller for another one", bill.fapiao_in_reasons)

    def test_other_tax_is_said(self):
        fapiao, bill = self.receive(tax=6), self.bill()
        self.confirm(fapiao, bill)
        self.assertEqual(bill.fapiao_in_state, "differs")
        self.assertIn("The tax on the fapiao is", bill.fapiao_in_reasons)
        self.assertNotIn("come to", bill.fapiao_in_reasons)

    def test_other_seller_is_said(self):
        fapiao, bill = self.receive(), self.bill(vendor=self._create_vendor("别家", "91310000MA1OTHERS9"))
        self.confirm(fapiao, bill)
        self.assertEqual(
            bill.fapiao_in_reasons,
            f"The seller of fapiao {fapiao.number} is {self.vendor.name}, the vendor here is 别家.",
        )

    def test_expense_with_several_rates_is_told_the_cure(self):
        """Odoo holds one set of taxes for an expense."""
        employee = self.env["hr.employee"].sudo().create({"name": "小票", "company_id": self.company.id})
        expense = (
            self.env["hr.expense"]
            .sudo()
            .create(
                {
                    "name": "Trip",
                    "employee_id": employee.id,
                    "company_id": self.company.id,
                    "total_amount": 226,
                    "tax_ids": False,
                }
            )
        )
        for _ticket in range(2):
            self.confirm(self.receive(), expense)
        self.assertEqual(expense.fapiao_in_state, "differs")
        self.assertIn("split the expense", expense.fapiao_in_reasons)

    def test_reversed_later_differs_until_the_refund_is_there(self):
        fapiao, bill = self.receive(), self.bill()
        self.confirm(fapiao, bill)
        fapiao.sudo().status = "red"
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))
        self.assertIn("was reversed", bill.fapiao_in_reasons)
        red = self.receive(total=-113, tax=-13, original_id=fapiao.id)
        self.assertEqual(bill.fapiao_in_state, "differs")
        match = self.confirm(red, self.bill(move_type="in_refund"))
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("matched", "matched"))
        match.action_undo()
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))

    def test_search_finds_the_refund_of_what_was_reversed(self):
        fapiao, bill = self.receive(), self.bill()
        self.confirm(fapiao, bill)
        fapiao.sudo().status = "red"
        red = self.receive(total=-113, tax=-13, original_id=fapiao.id)
        refund = self.bill(move_type="in_refund")
        self.search_matches(red)
        self.assert_matched(red, refund, "tax_no_total")
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("matched", "matched"))

    def test_void_later_differs(self):
        fapiao, bill = self.receive(), self.bill()
        self.confirm(fapiao, bill)
        fapiao.sudo().status = "void"
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("differs", "differs"))

    def test_only_received_ones_and_vendor_bills(self):
        outbound = self.receive(direction="out")
        with self.assertRaises(ValidationError):
            self.confirm(outbound, self.bill())
        with self.assertRaises(ValidationError):
            self.confirm(self.receive(), self.create_invoice(post=False))
        with self.assertRaises(UserError):
            outbound.action_match()

    def test_several_at_once_say_what_came_of_it(self):
        facts = self.receive() | self.receive(total=226, tax=26)
        self.bill()
        self.assertIn("1 matched, 0 proposed, 1 without", facts.action_match()["params"]["message"])


@tagged("post_install", "-at_install")
class TestMatchAccess(MatchCommon):
    def user_of(self, group):
        return self.env["res.users"].create(
            {
                "name": group,
                "login": f"match_{group}",
                "group_ids": [Command.set(self.env.ref(group).ids)],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )

    def test_bookkeeper_matches_and_makes_bills(self):
        user = self.user_of("account.group_account_invoice")
        fapiao, bill = self.receive(), self.bill()
        action = fapiao.with_user(user).action_match()
        self.assertEqual(fapiao.match_state, "matched")
        line = self.env["fapiao.match.wizard"].browse(action["res_id"]).with_user(user).line_ids
        line.action_undo()
        self.assertEqual(bill.fapiao_in_state, "none")
        stranger = self.receive(seller_name="新卖家", seller_tax_no="91310000MA1NEWONE0")
        made = stranger.with_user(user).action_create_bill()
        self.assertEqual(self.env["account.move"].browse(made["res_id"]).partner_id.vat, "91310000MA1NEWONE0")

    def test_auditor_reads_only(self):
        user = self.user_of("account.group_account_readonly")
        fapiao, bill = self.receive(), self.bill(post=True)
        match = self.confirm(fapiao, bill)
        self.confirm(self.receive(total=226, tax=26), self.bill(price=200))
        self.assertEqual(match.with_user(user).document_name, bill.display_name)
        with self.assertRaises(AccessError):
            match.with_user(user).action_undo()
        work = self.env["fapiao.purchase"].with_user(user)._read_group([], ["work"], ["__count", "amount_total:sum"])
        self.assertIn(("to_book", 1, 113), work)
        self.assertIn(("entered", 1, 226), work)

    def test_bill_and_dialog_can_be_opened(self):
        fapiao, bill = self.receive(), self.bill(price=90)
        bill.ref = fapiao.number
        dialog = self.env["fapiao.match.wizard"].browse(fapiao.action_match()["res_id"])
        for group in ("account.group_account_readonly", "account.group_account_invoice"):
            user = self.user_of(group)
            for record in (fapiao, bill):
                with self.subTest(group=group, record=record), Form(record.with_user(user)) as form:
                    self.assertTrue(form.id)
        with Form(dialog) as form:
            self.assertEqual(form.match_state, "proposed")
        for view in ("pivot", "graph", "list"):
            self.assertTrue(self.env["fapiao.purchase"].get_view(view_type=view))


@tagged("post_install", "-at_install")
class TestWhileTheSearchRuns(MatchCommon):
    """Another connection is in the middle of a search, as the scheduled action is for minutes."""

    def setUp(self):
        super().setUp()
        self.fapiao, self.post = self.receive(), self.bill()
        self.env.flush_all()
        self.search = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(self.search.close)
        self.search.execute("SELECT pg_advisory_xact_lock(hashtext('fapiao.match'))")
        # what waits all the same fails soon, and not when the run does
        self.env.cr.execute("SET LOCAL lock_timeout = '2s'")

    def test_one_fapiao_opens_its_dialog_and_is_matched(self):
        dialog = self.env["fapiao.match.wizard"].browse(self.fapiao.action_match()["res_id"])
        self.assertEqual(dialog.line_ids.move_id, self.post)
        dialog.line_ids.action_confirm()
        self.assertEqual(self.fapiao.match_state, "matched")
        dialog.line_ids.action_undo()
        self.assertEqual(self.fapiao.match_state, "none")

    def test_what_needs_a_search_says_so(self):
        for click in (
            (self.fapiao | self.receive()).action_match,
            self.post.action_fapiao_in_search,
        ):
            with self.subTest(click.__self__._name), self.assertRaisesRegex(UserError, "search for matches is running"):
                click()

    def test_search_is_made_once_the_other_has_ended(self):
        self.search.rollback()
        self.post.action_fapiao_in_search()
        self.assertEqual(self.fapiao.match_state, "matched")
