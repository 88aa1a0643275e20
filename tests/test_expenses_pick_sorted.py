"""How people sort tickets at the assistant reaches categories, bill lines and the vendor's bank."""

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_pick import PickCommon


@tagged("post_install", "-at_install")
class TestPickSorted(PickCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.account_purchase_tax_id = cls._create_tax("Purchase 13%", 13, type_tax_use="purchase")

    # ------------------------------------------------------------------ kinds of cost

    def cost(self, code, product):
        return self.env["fapiao.ticket.category"].create(
            {"company_id": self.company.id, "cost_code": code, "product_id": product.id}
        )

    def test_a_kind_of_cost_sets_the_category(self):
        hotel = self._create_category("Hotel")
        self.cost("hotel", hotel)
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("2", total=212, tax=12)], kind="Tra")
        match = expense.fapiao_match_ids.sudo()
        self.assertEqual((match.cost_code, match.cost_name), ("hotel", "住宿费"))
        self.assertEqual(expense.product_id, hotel)
        self.assertEqual(pick.ticket_ids.sorted_as, "住宿费 (hotel)")

    def test_a_kind_of_cost_counts_before_the_type(self):
        """Trains have a category by their type."""
        suburb = self._create_category("Long Distance")
        self.cost("长途交通费", suburb)
        expense = self.expense()
        self.picked(expense, [self.ticket("9", total=109)], kind="Tra")
        self.assertEqual(expense.product_id, suburb)

    def test_a_category_of_the_same_name_needs_no_row(self):
        meals = self._create_category("餐饮费")
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=106)], kind="Tra")
        self.assertEqual(expense.product_id, meals)

    def test_an_unknown_kind_leaves_it_to_the_type(self):
        expense = self.expense()
        self.picked(expense, [self.ticket("9", total=109)], kind="Tra")
        self.assertEqual(expense.product_id, self.travel)

    def test_an_expense_claim_without_groups_keeps_its_category(self):
        self.cost("dining", self._create_category("Meals"))
        expense = self.expense()
        self.picked(expense, [self.ticket("26", total=106)], kind="expense")
        self.assertEqual(expense.product_id, self.category)
        self.assertFalse(expense.fapiao_match_ids.cost_code)

    def test_a_fixed_amount_ticket_says_its_kind_itself(self):
        """consumptionType; what a person sorts counts before it."""
        meals, hotel = self._create_category("Meals"), self._create_category("Hotel")
        self.cost("dining", meals)
        self.cost("hotel", hotel)
        fixed = {"total": 50, "consumptionType": "dining"}
        expense = self.expense()
        self.picked(expense, [self.ticket("14", **fixed)], kind="expense")
        self.assertEqual((expense.fapiao_match_ids.sudo().fapiao_id.consumption, expense.product_id), ("dining", meals))
        sorted_otherwise = self.expense()
        pick = self.visit(sorted_otherwise, kind="Tra")
        serial = self.ticket("14", **fixed)
        groups = [{"invoiceData": [{"serialNo": serial}], "costType": "hotel"}]
        self.forged(pick, [serial], data=groups)
        self.assertEqual(sorted_otherwise.product_id, hotel)

    def test_tickets_go_to_the_expense_of_their_kind(self):
        hotel = self._create_category("Hotel")
        self.cost("hotel", hotel)
        meal, room = self.expense(), self.expense(product_id=hotel.id)
        self.picked(meal | room, [self.ticket("2", total=212), self.ticket("1", total=106)], kind="Tra")
        self.assertEqual((room.total_amount, meal.total_amount), (212, 106))

    def test_a_row_has_one_key(self):
        values = {"company_id": self.company.id, "product_id": self.category.id}
        for keys in ({}, {"cost_code": "dining", "type_code": "26"}):
            with (
                self.subTest(keys=keys),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.env["fapiao.ticket.category"].create({**values, **keys})

    def test_an_adjusted_line_brings_its_kinds_of_cost(self):
        """traList of saveEntrys."""
        hotel = self._create_category("Hotel")
        self.cost("hotel", hotel)
        expense = self.expense()
        serial = self.ticket("2", total=212)
        self.picked(expense, [serial])
        self.assertEqual(expense.product_id, self.category)
        with self.engine():
            action = expense.action_fapiao_pick_adjust()
            pick = self.env["fapiao.pick"].with_user(self.employee_user).browse(action["params"]["pick_id"])
            self.answer = pick.open_page()
        self.press(pick.sudo(), [serial], button="save")
        self.listen(pick.sudo())
        self.assertEqual((expense.fapiao_match_ids.cost_code, expense.product_id), ("hotel", hotel))

    # ------------------------------------------------------------------ sums

    def forged(self, pick, serials, **changes):
        message = self.world.assistant_message_for(pick.user_key, serials)
        message["data"].update(changes)
        self.world.assistant_message(pick.link_key, message["type"], message["data"])
        self.listen(pick)
        return pick.message_ids

    def test_sums_that_agree_say_nothing(self):
        pick = self.picked(self.expense(), [self.ticket("26", total=106), self.ticket("10", total=800)], kind="Tra")
        self.assertFalse(pick.message_ids.differs)
        self.assertEqual(pick.message_ids.sorting["count"], 2)

    def test_sums_that_differ_are_said(self):
        expense = self.expense()
        pick = self.visit(expense)
        message = self.forged(pick, [self.ticket("26", total=106, tax=6)], invoicesAmount=178860, invoicesTaxAmount=5)
        self.assertEqual(message.state, "applied")
        for part in ("178860", "106.00", "5", "6.00"):
            self.assertIn(part, message.differs)
        self.assertIn(message.differs, pick.with_user(self.employee_user).sudo(False).follow()["late"])
        self.assertIn("178860", "".join(expense.sudo().message_ids.mapped("body")))

    # ------------------------------------------------------------------ purchases

    def bill_of(self, serials, kind="Pur"):
        bill = self.blank_bill()
        pick = self.picked(bill, serials, kind=kind)
        return bill, pick

    def own(self, kind="27", **fields):
        return self.ticket(kind, eid=self.account._assistant_key(self.env.user), **fields)

    def item(self, amount, tax, num, **values):
        return {
            "goodsCode": "1060105040000000000",
            "goodsName": "*纸制品*复印纸",
            "specModel": "A4",
            "unit": "箱",
            "num": str(num),
            "unitPrice": str(amount / num),
            "detailAmount": f"{amount:.2f}",
            "taxAmount": f"{tax:.2f}",
            "taxRate": "0.13",
            "discountType": "0",
            **values,
        }

    def test_goods_of_several_fapiao_are_one_line(self):
        serials = [
            self.own(total=113, tax=13, items=[self.item(100, 13, 4)]),
            self.own(total=226, tax=26, items=[self.item(200, 26, 8)]),
        ]
        bill, pick = self.bill_of(serials)
        line = bill.invoice_line_ids
        self.assertEqual(len(line), 1, line.mapped("name"))
        self.assertEqual((line.quantity, line.price_unit, line.price_subtotal), (12, 25, 300))
        self.assertEqual(line.name, "*纸制品*复印纸 A4")
        self.assertEqual(bill.amount_total, 339)
        self.assertEqual(bill.fapiao_match_ids.move_line_id, line)
        self.assertEqual(bill.fapiao_in_state, "matched")
        self.assertIn("12 箱", pick.ticket_ids[0].sorted_as)

    def test_goods_beside_others_of_the_same_fapiao(self):
        pens = self.item(50, 6.5, 10, goodsName="*文具*笔", specModel="", unit="支")
        serials = [
            self.own(total="169.50", tax="19.50", items=[self.item(100, 13, 4), pens]),
            self.own(total=113, tax=13, items=[self.item(100, 13, 4)]),
        ]
        bill, _pick = self.bill_of(serials)
        amounts = {line.name: (line.quantity, line.price_subtotal) for line in bill.invoice_line_ids}
        self.assertEqual(amounts, {"*纸制品*复印纸 A4": (8, 200), "*文具*笔": (10, 50)})
        self.assertEqual(bill.fapiao_in_state, "matched")

    def test_a_purchase_that_its_fapiao_do_not_make_up_leaves_their_lines(self):
        serials = [
            self.own(total=113, tax=13, items=[self.item(100, 13, 4)]),
            self.own(total=226, tax=26, items=[self.item(200, 26, 8)]),
        ]
        bill = self.blank_bill()
        pick = self.visit(bill, kind="Pur")
        message = self.world.assistant_message_for(pick.user_key, serials)
        message["data"]["data"]["purchaseInfo"][0]["detailAmount"] = "299.00"
        self.world.assistant_message(pick.link_key, message["type"], message["data"])
        self.listen(pick)
        self.assertEqual(sorted(bill.invoice_line_ids.mapped("price_subtotal")), [100, 200])
        self.assertEqual(bill.fapiao_in_state, "matched")

    # ------------------------------------------------------------------ the payee's bank

    def test_the_payees_account_is_proposed(self):
        for kind in ("Pur", "BizOut"):
            with self.subTest(kind=kind):
                bill, _pick = self.bill_of([self.own(total=113, tax=13)], kind)
                self.assertEqual(bill.fapiao_payee_account, "沙箱银行 6200000000000000009")
                self.assertFalse(bill.partner_id.bank_ids, "until a person adds it")
                bill.unlink()

    def test_the_account_is_added_by_a_person_and_not_trusted(self):
        bill, _pick = self.bill_of([self.own(total=113, tax=13)], "BizOut")
        bill.action_fapiao_take_bank()
        account = bill.partner_id.bank_ids
        self.assertEqual((account.acc_number, account.bank_id.name), ("6200000000000000009", "沙箱银行"))
        self.assertFalse(account.allow_out_payment)
        self.assertEqual(bill.partner_bank_id, account)
        self.assertFalse(bill.fapiao_payee_account)
        with self.assertRaises(UserError):
            bill.action_fapiao_take_bank()

    def test_another_account_of_the_vendor_is_never_overwritten(self):
        first, _pick = self.bill_of([self.own(total=113, tax=13)], "BizOut")
        known = self.env["res.partner.bank"].create({"partner_id": first.partner_id.id, "acc_number": "111"})
        second = self.blank_bill(partner_id=first.partner_id.id, partner_bank_id=known.id)
        self.picked(second, [self.own(total=226, tax=26)], kind="BizOut")
        second.action_fapiao_take_bank()
        self.assertEqual(second.partner_bank_id, known)
        self.assertEqual(len(first.partner_id.bank_ids), 2)

    def test_a_known_account_is_not_proposed(self):
        bill, _pick = self.bill_of([self.own(total=113, tax=13)], "BizOut")
        self.env["res.partner.bank"].create({"partner_id": bill.partner_id.id, "acc_number": "6200 0000 0000 0000 009"})
        self.assertFalse(bill.fapiao_payee_account)

    # ------------------------------------------------------------------ what a visit says

    def test_our_bank_and_address_are_compared_where_the_company_wants_it(self):
        self.company.partner_id.write({"fapiao_bank": "招商银行 62220001", "fapiao_address": "深圳市沙箱路1号"})
        self.visit(self.expense())
        self.company.fapiao_pick_bank = True
        self.visit(self.expense())
        off, on = list(self.world.user_keys.values())[-2:]
        self.assertEqual((off.buyer_account, off.buyer_address), ("", ""))
        self.assertEqual(on.buyer_account, "招商银行 62220001")
        self.assertIn("深圳市沙箱路1号", on.buyer_address)

    def test_attachments_named_before_are_named_again(self):
        expense = self.expense()
        pick = self.visit(expense)
        self.forged(pick, [self.ticket("26")], attachmentSerialNos="a1,a2")
        self.visit(expense)
        self.assertEqual(list(self.world.user_keys.values())[-1].attachments, ["a1", "a2"])
        self.visit(self.expense())
        self.assertEqual(list(self.world.user_keys.values())[-1].attachments, [])

    def test_the_ways_to_add_fapiao(self):
        self.account.assistant_grid = "0011"
        pick = self.visit(self.expense())
        self.assertIn("gridParam=0011", self.answer["page_url"])
        self.press(pick, [self.ticket("26")])

    # ------------------------------------------------------------------ claims

    def test_tickets_of_documents_that_ended_are_free(self):
        for status in ("27", "40", "80"):
            serial = self.ticket("26", total=50)
            self.world.claim_elsewhere(serial, status, document="OTHER-1")
            with self.subTest(status=status):
                pick = self.picked(self.expense(), [serial])
                self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)
                self.assertEqual(pick.ticket_ids.claim, status)

    def test_tickets_that_were_submitted_elsewhere_are_claimed(self):
        serial = self.ticket("26", total=50)
        self.world.claim_elsewhere(serial, "25", document="OTHER-1")
        pick = self.visit(self.expense())
        self.forged(pick, [serial])
        self.assertEqual((pick.ticket_ids.state, pick.ticket_ids.claim), ("refused", "25"))
