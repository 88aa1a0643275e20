"""One bill, several fapiao; several bills, one fapiao; and every fen accounted for."""

import random
from decimal import Decimal

from .sandbox_kingdee_case import KingdeeCase, bill, defaults, row


def rows(*amounts, rate="0.13"):
    """Lines of these amounts, with their tax, without quantities."""
    return [
        row(
            detailId=str(number),
            amount=amount,
            quantity=None,
            price=None,
            taxRate=rate,
            taxAmount=f"{Decimal(amount) * Decimal(rate):.2f}",
        )
        for number, amount in enumerate(amounts, 1)
    ]


class SplitCase(KingdeeCase):
    def nets(self, number):
        return [fapiao.net for fapiao in self.issued(number)]

    def check_sums(self, number):
        """The fapiao of a bill are the bill, to the fen; and each one adds up."""
        fapiao, draft = self.issued(number), self.world.bill(number).draft
        for name in ("net", "tax", "gross"):
            self.assertEqual(sum(getattr(each, name) for each in fapiao), getattr(draft, name))
        lines = [line for each in fapiao for line in each.lines]
        for source in {line.source for line in draft.lines}:
            for name in ("amount", "tax"):
                self.assertEqual(
                    sum(getattr(line, name) for line in lines if line.source == source),
                    sum(getattr(line, name) for line in draft.lines if line.source == source),
                )


class TestSplit(SplitCase):
    def test_by_amount(self):
        self.world.set("kingdee", split_amount="250.00")
        self.pushed(bill("A", rows("100.00", "100.00", "100.00", "250.00")))
        self.assertEqual(self.nets("A"), [200, 100, 250])
        self.check_sums("A")
        self.assertEqual(len({item["invoiceNum"] for item in self.invoices("A")}), 3)
        self.assertEqual(len({item["orderNo"] for item in self.invoices("A")}), 3)

    def test_a_line_bigger_than_the_limit_is_cut(self):
        self.world.set("kingdee", split_amount="333.33")
        big = row(quantity="7", price="142.857142857", amount="1000.00", taxAmount="130.00")
        self.pushed(bill("A", [big]))
        self.assertEqual(self.nets("A"), [Decimal("333.33")] * 3 + [Decimal("0.01")])
        self.check_sums("A")
        self.assertEqual(sum(each.lines[0].quantity or 0 for each in self.issued("A")), 7)

    def test_a_discount_stays_with_its_line(self):
        self.world.set("kingdee", split_amount="60.00")
        self.pushed(bill("A", [row(discountAmount="-10.00")], totalAmount="101.70"))
        self.assertEqual(self.nets("A"), [60, 30])
        self.assertEqual([len(each.lines) for each in self.issued("A")], [2, 2])
        self.check_sums("A")

    def test_by_lines_and_by_rate(self):
        self.world.set("kingdee", split_lines=2)
        self.pushed(bill("A", rows("1.00", "2.00", "3.00")))
        self.assertEqual(self.nets("A"), [3, 3])

    def test_exact_whatever_comes(self):
        draws = random.Random(7)
        for number in range(40):
            inclusive = draws.random() < 0.5
            limit = Decimal(draws.randint(500, 90000)) / 100
            lines = []
            for place in range(draws.randint(1, 6)):
                amount = Decimal(draws.randint(1, 300000)) / 100
                rate = Decimal(draws.choice(["0.13", "0.06", "0.01"]))
                tax = round(amount / (1 + rate) * rate if inclusive else amount * rate, 2)
                quantity = draws.choice([None, Decimal(draws.randint(1, 900))])
                lines.append(
                    row(
                        detailId=str(place),
                        amount=str(amount),
                        taxRate=str(rate),
                        taxAmount=str(tax),
                        quantity=quantity and str(quantity),
                        price=quantity and f"{amount / quantity:.11f}",
                    )
                )
            keys = ("amount",) if inclusive else ("amount", "taxAmount")
            total = sum(Decimal(line[key]) for line in lines for key in keys)
            self.world.set("kingdee", split_amount=str(limit))
            self.pushed(bill(f"N{number}", lines, includeTaxFlag=str(int(inclusive)), totalAmount=str(total)))
            self.check_sums(f"N{number}")
            self.assertTrue(all(net <= limit for net in self.nets(f"N{number}")))

    def test_limits_that_make_no_sense(self):
        for number, limit in enumerate(("0", "-1", "0.001")):
            self.world.set("kingdee", split_amount=limit)
            self.pushed(bill(f"N{number}"))
            self.assertEqual(self.nets(f"N{number}"), [100])

    def test_only_a_part_is_issued(self):
        self.world.set("kingdee", split_amount="100.00")
        self.world.set_credit(defaults.TAX_NO, total="250.00")
        self.pushed(bill("A", rows("100.00", "100.00", "100.00")))
        self.assertEqual(self.world.bill("A").state, "partial")
        items = self.invoices("A")
        self.assertEqual([bool(item["invoiceNum"]) for item in items], [True, True, False])
        self.assertIn("授信额度不足", items[2]["issueErrorMessage"])
        self.assertIn("部分开票", self.withdraw("A")["message"])
        self.world.set_credit(defaults.TAX_NO, total="900.00")
        self.world.issue_bill("A")
        self.assertEqual(self.nets("A"), [100, 100, 100])
        self.check_sums("A")


class TestMerge(SplitCase):
    def waiting(self, *numbers, **changes):
        self.pushed(*(bill(number, autoInvoice="0", autoMerge="1", **changes) for number in numbers))

    def test_only_what_belongs_together(self):
        self.waiting("A")
        self.waiting("B", buyerName="别人", buyerTaxpayerId="")
        self.pushed(bill("C", autoInvoice="0"))
        self.waiting("D", invoiceType="08xdp")
