"""What is refused: the five rules of the company, dead fapiao, and tickets that are booked elsewhere."""

from odoo.tests import tagged

from ..sandbox import defaults
from .common_pick import PickCommon


@tagged("post_install", "-at_install")
class TestPickRules(PickCommon):
    def forced(self, pick, serials, unknown=""):
        """Let the page let through whatever it would refuse: our own rules have to hold."""
        message = self.world.assistant_message_for(pick.user_key, serials)
        message["data"]["invoiceSerialNos"] += unknown
        self.world.assistant_message(pick.link_key, message["type"], message["data"])
        self.listen(pick)

    def assert_rule(self, serial, field, reason):
        expense = self.expense()
        pick = self.visit(expense)
        self.forced(pick, [serial])
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn(reason, pick.ticket_ids.reason)
        self.assertFalse(expense.fapiao_match_ids)
        self.assertFalse(self.env["fapiao"].search([("serial_no", "=", serial)]))
        self.company[field] = True
        again = self.visit(expense)
        self.forced(again, [serial])
        self.assertEqual(again.ticket_ids.state, "attached", again.ticket_ids.reason)
        self.assertTrue(expense.fapiao_match_ids)

    def test_claimed_already(self):
        serial = self.ticket("26")
        self.world.claim_elsewhere(serial, document="OTHER-1")
        self.assert_rule(serial, "fapiao_pick_claimed", "claimed already")

    def test_another_name(self):
        self.assert_rule(self.ticket("26", title="别的公司"), "fapiao_pick_title", "别的公司")

    def test_former_name_until_its_day(self):
        self.env["fapiao.former.name"].create(
            {"name": "旧名 公司", "until": "2026-03-10", "company_id": self.company.id}
        )
        for day, state in (("2026-03-10", "attached"), ("2026-01-31", "attached"), ("2026-03-11", "refused")):
            with self.subTest(day):
                pick = self.visit(self.expense())
                self.forced(pick, [self.ticket("26", title="旧名公司", invoiceDate=day)])
                self.assertEqual(pick.ticket_ids.state, state, pick.ticket_ids.reason)
        self.assertIn("旧名公司", pick.ticket_ids.reason)

    def test_registered_name(self):
        self.company.fapiao_account_id.registered_name = "登记公司"
        pick = self.visit(self.expense())
        self.forced(pick, [self.ticket("26", title="登记公司")])
        self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)

    def test_titles_of_persons(self):
        for title in ("张三（个人）", "自然人 李四", "13800138000"):
            with self.subTest(title):
                pick = self.visit(self.expense())
                self.forced(pick, [self.ticket("26", title=title, buyerTaxNo="")])
                self.assertEqual(pick.ticket_ids.state, "refused")
                self.assertIn("personal", pick.ticket_ids.reason)
        self.company.fapiao_pick_personal = True
        pick = self.visit(self.expense())
        self.forced(pick, [self.ticket("26", title="张三（个人）", buyerTaxNo="")])
        self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)

    def test_another_tax_number(self):
        serial = self.ticket("26", buyerTaxNo="91440300MA5BUYER26")
        self.assert_rule(serial, "fapiao_pick_tax_no", "91440300MA5BUYER26")

    def test_failed_verification(self):
        self.assert_rule(self.ticket("26", check_status="2"), "fapiao_pick_unverified", "verify")

    def test_personal(self):
        self.assert_rule(self.ticket("26", personal=True), "fapiao_pick_personal", "personal")

    def test_the_page_knows_the_rules_too(self):
        pick = self.visit(self.expense())
        (key,) = self.world.user_keys
        self.assertEqual(self.world.user_keys[key].ticket_param, "00000")
        self.company.write({"fapiao_pick_claimed": True, "fapiao_pick_personal": True})
        with self.engine():
            pick.with_user(self.employee_user).sudo(False).open_page()
        keys = list(self.world.user_keys.values())
        self.assertEqual(keys[-1].ticket_param, "10001")

    def test_tickets_without_a_title_pass(self):
        pick = self.picked(self.expense(), [self.ticket("8", total=30)])
        self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)

    def test_a_void_fapiao_is_refused(self):
        pick = self.visit(self.expense())
        self.forced(pick, [self.ticket("26", invoiceStatus="2")])
        self.assertIn("void", pick.ticket_ids.reason)

    def test_one_bad_ticket_does_not_keep_back_the_others(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.forced(pick, [self.ticket("26", total=100), self.ticket("26", title="别的公司")], ",not-known")
        self.assertEqual(sorted(pick.ticket_ids.mapped("state")), ["attached", "refused", "refused"])
        self.assertEqual(expense.total_amount, 100)

    # ------------------------------------------------------------------ double booking

    def test_booked_on_another_expense(self):
        first = self.expense(name="Dinner of Monday")
        serial = self.ticket("26", total=100)
        self.picked(first, [serial])
        second = self.expense()
        pick = self.visit(second)
        self.forced(pick, [serial])
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn(first.display_name, pick.ticket_ids.reason)
        self.assertFalse(second.fapiao_match_ids)

    def test_booked_on_a_bill(self):
        serial = self.ticket("27", eid=self.account._assistant_key(self.env.user), total=113, tax=13)
        bill = self.blank_bill()
        self.picked(bill, [serial], kind="Pur")
        expense = self.expense()
        pick = self.visit(expense)
        self.forced(pick, [serial])
        self.assertIn("booked already", pick.ticket_ids.reason)
        self.assertNotIn(bill.display_name, pick.ticket_ids.reason, "the employee may not see the bill")

    def test_booked_in_another_company(self):
        serial = self.ticket("26", total=100)
        other = self.env["res.company"].create({"name": "另一公司", "country_id": self.env.ref("base.cn").id})
        number = self.world.slips[serial].told["invoiceNo"]
        theirs = (
            self.env["fapiao"]
            .sudo()
            .create(
                {
                    "company_id": other.id,
                    "direction": "in",
                    "number": number,
                    "type_code": "26",
                    "amount_untaxed": 100,
                    "amount_total": 100,
                }
            )
        )
        bill = self.env["account.move"].sudo().search([("company_id", "=", other.id)], limit=1)
        journal = self.env["account.journal"].create(
            {"name": "Bills", "code": "OB", "type": "purchase", "company_id": other.id}
        )
        bill = (
            self.env["account.move"]
            .with_company(other)
            .create({"move_type": "in_invoice", "journal_id": journal.id, "company_id": other.id})
        )
        self.env["fapiao.match"]._confirm_pair(theirs, bill, 100)
        pick = self.picked(self.expense(), [serial])
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn("booked already", pick.ticket_ids.reason)
        self.assertNotIn("另一公司", pick.ticket_ids.reason, "nor whose it is")


@tagged("post_install", "-at_install")
class TestPickBill(PickCommon):
    def give(self, kind="27", **fields):
        return self.ticket(kind, eid=self.account._assistant_key(self.env.user), **fields)

    def test_a_blank_bill_takes_lines_vendor_date_and_files(self):
        bill = self.blank_bill()
        pick = self.picked(bill, [self.give(total=113, tax=13)], kind="Pur")
        self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)
        self.assertEqual((bill.amount_total, bill.amount_tax), (113, 13))
        self.assertEqual(bill.invoice_line_ids.tax_ids.mapped("amount"), [13])
        fapiao = bill.fapiao_match_ids.fapiao_id
        self.assertEqual((bill.partner_id.vat, bill.ref), (fapiao.seller_tax_no, fapiao.number))
        self.assertEqual((bill.fapiao_in_state, bill.invoice_date), ("matched", fapiao.issue_date))
        self.assertTrue(bill.attachment_ids)

    def test_a_bill_with_lines_keeps_them_and_shows_the_difference(self):
        bill = self.blank_bill(
            partner_id=self.buyer.id,
            invoice_line_ids=[(0, 0, {"name": "Goods", "price_unit": 500, "tax_ids": []})],
        )
        self.picked(bill, [self.give(total=113, tax=13)], kind="BizOut")
        self.assertEqual((bill.amount_total, bill.fapiao_in_state), (500, "differs"))
        self.assertEqual(bill.fapiao_match_ids.amount_difference, 387)

    def test_kinds_by_document(self):
        bill, expense = self.blank_bill(), self.expense()
        for document, kinds in ((bill, {"Pur", "BizOut"}), (expense, {"expense", "Tra"})):
            with self.engine():
                pick = document.env["fapiao.pick"].browse(document.action_fapiao_pick()["params"]["pick_id"])
                self.assertEqual({kind for kind, _label in pick.follow()["kinds"]}, kinds)
        travel = self.expense(product_id=self.travel.id)
        self.env["fapiao.ticket.category"].create(
            [
                {"company_id": self.company.id, "type_code": code, "product_id": self.travel.id}
                for code in ("8", "10", "16", "20", "24", "28", "29")
            ]
        )
        self.assertEqual(travel._fapiao_pick_kinds()[0], "Tra")

    def test_another_seller_gets_a_bill_of_its_own(self):
        bill = self.blank_bill()
        other = {"salerName": "另一供货有限公司", "salerTaxNo": "91310000MA1OTHER88"}
        serials = [self.give(total=113, tax=13), self.give(total=226, tax=26, **other)]
        pick = self.picked(bill, serials, kind="Pur")
        self.assertEqual(sorted(pick.ticket_ids.mapped("state")), ["attached", "refused"])
        self.assertEqual(bill.amount_total, 113)

    def test_the_company_of_the_key_is_the_accounts(self):
        self.picked(self.blank_bill(), [self.give()], kind="Pur")
        (key,) = self.world.user_keys.values()
        self.assertEqual((key.tin, key.title, key.bill_type), (defaults.TAX_NO, self.company.name, "Pur"))
