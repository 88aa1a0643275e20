"""Picking fapiao for expenses: from the click to the filled form, whatever happens to window and messages."""

from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_pick import PickCommon


@tagged("post_install", "-at_install")
class TestPick(PickCommon):
    # ------------------------------------------------------------------ what an expense takes

    def test_an_employee_picks_and_the_expense_is_filled(self):
        expense = self.expense()
        serial = self.ticket("27", total=113, tax=13)
        pick = self.picked(expense, [serial])
        self.assertEqual((pick.state, pick.ticket_ids.state), ("done", "attached"), self.reasons(pick))
        self.assertEqual((expense.total_amount_currency, expense.tax_amount), (113, 13))
        self.assertEqual(expense.tax_ids.mapped("amount"), [13])
        self.assertEqual(expense.product_id, self.category, "no category of its own for this type")
        match = expense.fapiao_match_ids
        self.assertEqual((match.rule, match.state, match.amount), ("picked", "confirmed", 113))
        self.assertEqual(match.user_id, self.employee_user)
        fapiao = match.sudo().fapiao_id
        self.assertEqual((fapiao.direction, fapiao.serial_no, fapiao.amount_total), ("in", serial, 113))
        self.assertEqual(expense.date, fapiao.issue_date)
        self.assertIn(fapiao.seller_name, expense.name)
        self.assertEqual(expense.fapiao_in_state, "matched")

    def test_a_train_ticket_says_journey_category_and_tax(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("9", total=109, tax=9)])
        self.assertEqual(expense.name, "火车票 上海虹桥–杭州东 G7301 二等座")
        self.assertEqual((expense.product_id, expense.total_amount), (self.travel, 109))
        self.assertEqual((expense.tax_ids.amount, expense.tax_amount), (9, 9))
        fapiao = expense.fapiao_match_ids.sudo().fapiao_id
        self.assertEqual((fapiao.travel_from, fapiao.travel_vehicle), ("上海虹桥", "G7301"))
        self.assertEqual(expense.date, fapiao._ticket_day())
        told = self.world.slips[fapiao.serial_no].told
        self.assertEqual(fapiao.number, told["invoiceCode"] + told["invoiceNo"], "the day of travel and its number")
        self.assertTrue(fapiao.has_number)
        ticket = self.env["fapiao.pick"].sudo().search([("account_id", "=", self.account.id)]).ticket_ids
        self.assertEqual((ticket.number_shown, ticket.name_shown), (fapiao.number, expense.name))

    def test_tax_of_an_ordinary_fapiao_is_cost(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=106, tax=6)])
        self.assertEqual((expense.total_amount, expense.tax_amount), (106, 0))
        self.assertFalse(expense.tax_ids)

    def test_a_flight_with_fund_has_no_rate_that_fits_the_whole(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("10", total=1000, tax="76.79")])
        self.assertEqual(expense.total_amount, expense.fapiao_match_ids.amount)
        self.assertFalse(expense.tax_ids, "9 % of all would deduct tax on the airport's fund")

    def test_a_flight_is_taxed_without_the_fund(self):
        for kind in ("28", "10"):
            with self.subTest(kind=kind):
                expense = self.expense()
                self.picked(expense, [self.ticket(kind, total=1100, tax="86.70")])
                self.assertEqual((expense.total_amount, expense.tax_amount), (1100, 86.70))
                self.assertEqual((expense.tax_ids.amount, expense.fapiao_untaxed), (9, 50))
                self.assertEqual(expense.fapiao_in_state, "matched", expense.fapiao_in_reasons)

    def test_the_files_come_with_it(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("26")])
        fapiao = expense.fapiao_match_ids.sudo().fapiao_id
        self.assertTrue(fapiao.pdf_id.raw.startswith(b"%PDF-"))
        self.assertEqual(expense.attachment_ids.mapped("checksum"), [fapiao.pdf_id.checksum])
        self.assertEqual(expense.message_main_attachment_id, expense.attachment_ids)

    # ------------------------------------------------------------------ several

    def test_several_tickets_become_several_expenses(self):
        expense = self.expense()
        serials = [self.ticket("26", total=total) for total in (100, 200, 300)]
        pick = self.picked(expense, serials, together=False)
        self.assertEqual(len(pick.expense_ids), 3)
        self.assertEqual(sorted(pick.expense_ids.mapped("total_amount")), [100, 200, 300])
        self.assertEqual(pick.expense_ids.employee_id, self.employee_user.employee_id)
        self.assertEqual(set(pick.expense_ids.mapped("fapiao_in_state")), {"matched"})

    def test_several_tickets_become_one_expense_with_the_sum(self):
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("26", total=total) for total in (100, 200)], together=True)
        self.assertEqual(pick.expense_ids, expense.sudo())
        self.assertEqual((expense.total_amount, len(expense.fapiao_match_ids)), (300, 2))

    def test_several_sellers_are_no_vendor(self):
        """The vendor of the first ticket would make all others look wrong."""
        known = self.env["res.partner"].sudo().create({"name": "沙箱餐厅", "vat": "91310000MA1DINER01"})
        dinner = self.ticket("26", total=106, tax=6, salerTaxNo=known.vat, salerName=known.name)
        expense = self.expense()
        self.picked(expense, [dinner])
        self.assertEqual(expense.vendor_id, known)
        train = self.ticket("9", total=109, tax=9)
        self.picked(expense, [train], together=True)
        self.assertEqual(len(expense.fapiao_match_ids), 2)
        self.assertFalse(expense.vendor_id)
        self.assertEqual(expense.fapiao_match_ids.mapped("seller_differs"), [False, False])
        self.assertEqual(expense.fapiao_in_state, "matched")

    def test_several_expenses_get_the_ticket_that_fits(self):
        first, second = self.expense(), self.expense(total_amount_currency=250)
        pick = self.picked(first + second, [self.ticket("26", total=250), self.ticket("26", total=90)])
        self.assertEqual((first.total_amount, second.total_amount), (90, 250))
        other = pick.ticket_ids.filtered(lambda ticket: ticket.amount == 90)
        with self.engine():
            pick.with_user(self.employee_user).move_ticket(other.id, second.id)
        self.assertEqual(second.total_amount, 340, "what was shared out wrongly can be corrected")
        self.assertFalse(first.fapiao_match_ids)

    # ------------------------------------------------------------------ windows that close

    def test_the_window_is_closed_and_nothing_was_chosen(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.listen(pick)
        with self.engine():
            pick.with_user(self.employee_user).close(nothing=True)
        self.assertEqual(pick.state, "empty")
        self.assertEqual((expense.name, expense.total_amount), ("To be picked", 0))

    def test_what_was_chosen_before_the_dialog_was_closed_comes_by_the_scheduled_run(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.press(pick, [self.ticket("26", total=88)])
        with self.engine():
            pick.with_user(self.employee_user).close()
        self.assertEqual(pick.state, "closed")
        self.run_cron(("fapiao.pick", "_cron_assistant"))
        self.assertEqual((pick.state, expense.total_amount), ("done", 88))

    def test_closed_visits_are_listened_to_ever_more_rarely_and_not_for_good(self):
        pick = self.visit(self.expense())
        with self.engine():
            pick.with_user(self.employee_user).close()
        pauses = []
        for _n in range(8):
            pick.next_poll_at = fields.Datetime.now()
            self.run_cron(("fapiao.pick", "_cron_assistant"))
            pauses.append(round((pick.next_poll_at - pick.last_poll_at).total_seconds(), -1))
        self.assertEqual(pauses, sorted(pauses))
        self.assertGreater(pauses[-1], pauses[0])
        pick.write({"opened_at": date(2026, 1, 1), "next_poll_at": fields.Datetime.now()})
        self.run_cron(("fapiao.pick", "_cron_assistant"))
        self.assertFalse(pick.next_poll_at or pick.link_key or pick.user_key)

    def test_too_late_is_kept_and_said_with_what_to_do(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.press(pick, [self.ticket("26", total=88)])
        expense.total_amount_currency = 5
        expense.sudo().approval_state = "approved"
        self.listen(pick)
        message = pick.message_ids
        self.assertEqual((message.state, message.receipt_state), ("failed", "sent"))
        self.assertIn("Came too late", message.problem)
        self.assertIn("draft", message.problem)
        self.assertFalse(expense.fapiao_match_ids)
        expense.sudo().approval_state = False
        with self.engine():
            message.with_user(self.employee_user).action_apply()
        self.assertEqual((message.state, expense.total_amount), ("applied", 88))

    # ------------------------------------------------------------------ the account, rights

    def test_without_an_assistant_the_cure_is_said(self):
        self.account.assistant_url = False
        expense = self.expense()
        self.assertFalse(expense.fapiao_can_pick)
        with self.assertRaisesRegex(UserError, "address and client ID"):
            expense.action_fapiao_pick()

    def test_wrong_credentials_are_said_and_the_visit_may_be_repeated(self):
        self.account.client_secret = "wrong"
        expense = self.expense()
        with self.engine():
            action = expense.action_fapiao_pick()
            pick = expense.env["fapiao.pick"].browse(action["params"]["pick_id"])
            try:
                pick.open_page()
                self.fail("the assistant has refused nothing")
            except UserError:
                # assertRaises would roll back what was committed apart
                self.env.invalidate_all()
                self.assertEqual(pick.sudo().state, "failed")
            self.account.client_secret = "sandbox-client-secret"
            self.env.flush_all()
            self.assertTrue(pick.open_page()["page_url"])

    def test_nobody_picks_for_the_expense_of_another(self):
        other = self._create_employee_user("other")
        with self.assertRaises(AccessError):
            self.expense().with_user(other).action_fapiao_pick()
        pick = self.visit(self.expense())
        for call in ("follow", "open_page", "close"):
            with self.subTest(call=call), self.assertRaises(AccessError):
                getattr(pick.with_user(other).with_env(self.env(user=other)), call)()
        self.assertFalse(pick.with_user(other).sudo(False).has_access("read"))

    def test_keys_are_for_nobody_and_not_in_the_journal(self):
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("26")])
        theirs = pick.with_user(self.employee_user).sudo(False)
        self.assertTrue(theirs.has_access("read"))
        with self.assertRaises(AccessError):
            theirs.read(["user_key"])
        self.assertNotIn(pick.user_key, str(theirs.follow()))
        rows = self.env["fapiao.call"].search([("operation", "=", "receipt")])
        self.assertTrue(rows)
        self.assertNotIn(pick.link_key, " ".join(f"{row.request_body}{row.answer_body}" for row in rows))

    def test_an_employee_sees_the_fapiao_of_own_expenses_only(self):
        self.picked(self.expense(), [self.ticket("26")])
        mine = self.env["fapiao"].with_user(self.employee_user).search([])
        self.assertEqual(len(mine), 1)
        other = self._create_employee_user("other")
        self.assertFalse(self.env["fapiao"].with_user(other).search([]))
        self.assertFalse(self.env["fapiao.match"].with_user(other).search([]))
