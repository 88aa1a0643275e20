"""How a person sorted tickets, as plain values: kept as JSON, put on matches, compared with the tickets."""

from dataclasses import replace
from decimal import Decimal

from odoo.tests import BaseCase, tagged

from ..clouds.inbound import InboundFapiao
from ..clouds.picking import COST, GOODS, PAYEE, Group, Message
from ..models.expenses import pick_sorting

MEAL = Group(COST, ("a", "b"), cost_code="dining", cost_name="餐饮费", total=Decimal("212.00"), size=2)
PAPER = Group(GOODS, ("a",), goods_name="*纸*复印纸", unit="箱", quantity=Decimal("2.50"), amount=Decimal(100))
PAYEES = Group(PAYEE, ("a",), payee_name="甲", payee_account="银行 6222")
TICKETS = {
    serial: InboundFapiao(serial, "26", amount_total=Decimal("106.00"), amount_tax=Decimal("6.00"))
    for serial in ("a", "b")
}


def sorted_as(*groups, **values):
    return pick_sorting.as_json(Message("m", "saveBill", groups=groups, **values))


@tagged("post_install", "-at_install")
class TestPickSorting(BaseCase):
    def test_groups_come_back_from_json_as_they_were(self):
        for groups in ((), (MEAL,), (MEAL, PAPER, PAYEES)):
            self.assertEqual(pick_sorting.groups_in(sorted_as(*groups)), groups)
        self.assertEqual(pick_sorting.groups_in(None), ())

    def test_what_a_match_keeps(self):
        groups = (MEAL, PAPER, PAYEES)
        values = pick_sorting.values_of("a", groups)
        self.assertEqual(values, {"cost_code": "dining", "cost_name": "餐饮费", "payee_account": "银行 6222"})
        self.assertEqual(pick_sorting.values_of("c", groups), {})

    def test_the_first_group_that_says_something_counts(self):
        other = replace(MEAL, cost_code="hotel", cost_name="")
        self.assertEqual(pick_sorting.values_of("a", (MEAL, other))["cost_code"], "dining")

    def test_in_words(self):
        self.assertEqual(pick_sorting.describe("a", (MEAL,)), "餐饮费 (dining)")
        self.assertEqual(pick_sorting.describe("a", (PAPER, PAYEES)), "*纸*复印纸 2.5 箱; 甲 银行 6222")
        self.assertEqual(pick_sorting.describe("c", (MEAL,)), "")

    def differences(self, *groups, **values):
        return list(pick_sorting.differences(sorted_as(*groups, **values), TICKETS))

    def test_sums_that_agree(self):
        for total in (Decimal(212), Decimal(200), Decimal(0), None):
            with self.subTest(total=total):
                self.assertEqual(self.differences(MEAL, total=total, tax=Decimal(12), count=2), [])

    def test_sums_that_differ(self):
        self.assertEqual(self.differences(total=Decimal(211)), [("total", "211", "212.00")])
        self.assertEqual(self.differences(tax=Decimal("11.99")), [("tax", "11.99", "12.00")])
        self.assertEqual(self.differences(count=3), [("count", "3", "2")])
        wrong = replace(MEAL, total=Decimal("106.00"))
        self.assertEqual(self.differences(wrong), [("餐饮费", "106.00", "212.00")])

    def test_groups_with_unknown_tickets_are_not_compared(self):
        self.assertEqual(self.differences(replace(MEAL, serials=("a", "x"), total=Decimal(1))), [])
