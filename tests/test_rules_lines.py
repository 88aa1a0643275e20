"""From items to lines: discounts in pairs, negative items folded away, nothing of no amount."""

import unittest
from dataclasses import replace
from decimal import Decimal

from ..rules.document import DISCOUNT, DISCOUNTED, EXEMPT, NORMAL, NOT_TAXABLE, Item
from ..rules.limits import Limits
from ..rules.lines import fold, to_lines

D = Decimal
CODE = "1060301020100000000"


def item(key, amount, tax, rate="0.13", **values):
    fields = {"name": f"商品{key}", "short_name": "软件", "code": CODE, **values}
    return Item(key=key, amount=D(amount), tax=D(tax), rate=D(rate), **fields)


def lines_of(*items, **values):
    """Return the lines of ``items`` at their own totals, and the problems."""
    total = sum(entry.amount for entry in items)
    return to_lines(list(items), total, sum(entry.tax for entry in items), **values)


def figures(lines):
    return [(line.kind, str(line.amount), str(line.tax)) for line in lines]


def codes(problems):
    return [problem.code for problem in problems]


class TestSingleLines(unittest.TestCase):
    def test_normal(self):
        lines, problems = lines_of(item("a", "100.00", "13.00", quantity=D("3.00"), unit="个", spec="V1"))
        self.assertEqual([], problems)
        (line,) = lines
        self.assertEqual((NORMAL, "*软件*商品a", CODE), (line.kind, line.name, line.code))
        self.assertEqual(("100.00", "13.00"), (str(line.amount), str(line.tax)))
        self.assertEqual(("3", "33.333"), (str(line.quantity), str(line.price)))
        self.assertEqual(("V1", "个", ("a",)), (line.spec, line.unit, line.keys))

    def test_line_discount_becomes_a_pair(self):
        lines, problems = lines_of(
            item("a", "90.00", "11.70", quantity=D(2), unit="个", spec="V1", discount=D("10.00"))
        )
        self.assertEqual([], problems)
        self.assertEqual([(DISCOUNTED, "100.00", "13.00"), (DISCOUNT, "-10.00", "-1.30")], figures(lines))
        first, second = lines
        self.assertEqual(("2", "50"), (str(first.quantity), str(first.price)))
        self.assertEqual(("", "", None, None), (second.spec, second.unit, second.quantity, second.price))
        self.assertEqual((first.name, first.rate, first.code), (second.name, second.rate, second.code))

    def test_the_pair_is_the_item_to_the_fen(self):
        """0.13 of 66.67 and of 33.33 both round; the line bears it, the discount stays exact."""
        lines, _problems = lines_of(item("a", "66.67", "8.67", discount=D("33.33")))
        self.assertEqual([(DISCOUNTED, "100.00", "13.00"), (DISCOUNT, "-33.33", "-4.33")], figures(lines))

    def test_exempt_discount_has_no_negative_zero(self):
        lines, _problems = lines_of(
            item("a", "90.00", "0.00", "0", discount=D("10.00"), zero_kind=EXEMPT, policy="免税")
        )
        self.assertEqual([(DISCOUNTED, "100.00", "0.00"), (DISCOUNT, "-10.00", "0.00")], figures(lines))
        self.assertEqual({(EXEMPT, "免税")}, {(line.zero_kind, line.policy) for line in lines})

    def test_both_signs_turned(self):
        """Minus two at minus 50 is a sale of two at 50."""
        lines, _problems = lines_of(item("a", "100.00", "13.00", quantity=D(-2)))
        self.assertEqual(("2", "50"), (str(lines[0].quantity), str(lines[0].price)))

    def test_negative_discount_is_a_higher_price(self):
        lines, _problems = lines_of(item("a", "110.00", "14.30", quantity=D(1), discount=D("-10.00")))
        self.assertEqual([(NORMAL, "110.00", "14.30")], figures(lines))

    def test_quantity_without_a_price_that_fits(self):
        lines, problems = lines_of(item("a", "0.01", "0.00", quantity=D(10) ** 14))
        self.assertEqual((None, None), (lines[0].quantity, lines[0].price))
        self.assertEqual([("quantity_left_out", "warning")], [(p.code, p.severity) for p in problems])

    def test_long_texts_are_cut_with_a_warning(self):
        lines, problems = lines_of(item("a", "1.00", "0.13", name="长" * 120, spec="规" * 151))
        self.assertEqual((100, 150), (len(lines[0].name), len(lines[0].spec)))
        self.assertEqual(["text_cut"] * 2, codes(problems))
        self.assertEqual({"a"}, {problem.line for problem in problems})
        lines, problems = lines_of(item("a", "1.00", "0.13", name="长" * 120), limits=Limits(name_length=600))
        self.assertEqual([], problems)


class TestZeroLines(unittest.TestCase):
    def test_gift_is_printed_with_its_discount(self):
        gift = item("gift", "0.00", "0.00", quantity=D(2), discount=D("100.00"))
        lines, problems = lines_of(item("a", "1000.00", "130.00"), gift)
        self.assertEqual([], problems)
        self.assertEqual(
            [(NORMAL, "1000.00", "130.00"), (DISCOUNTED, "100.00", "13.00"), (DISCOUNT, "-100.00", "-13.00")],
            figures(lines),
        )
        self.assertEqual((D(2), D(50)), (lines[1].quantity, lines[1].price))
        self.assertEqual([("a",), ("gift",), ("gift",)], [line.keys for line in lines])

    def test_gift_at_another_rate_takes_no_fen_of_rounding(self):
        gift = item("gift", "0.00", "0.00", "0.06", quantity=D(3), discount=D("33.33"))
        for total in ("99.99", "100.02"):
            lines, problems = to_lines([gift, item("a", "100.00", "13.00")], D(total), D("13.00"))
            self.assertEqual([], problems)
            self.assertEqual(
                [(DISCOUNTED, "33.33", "2.00"), (DISCOUNT, "-33.33", "-2.00"), (NORMAL, total, "13.00")],
                figures(lines),
            )

    def test_gift_that_may_not_stand_beside_the_others(self):
        gift = item("gift", "0.00", "0.00", "0", quantity=D(1), discount=D("5.00"), zero_kind="not_taxable")
        lines, problems = lines_of(item("a", "1000.00", "130.00"), gift)
        self.assertEqual([("a",)], [line.keys for line in lines])
        self.assertEqual(["zero_line_left_out"], codes(problems))

    def test_free_lines_are_left_out(self):
        lines, problems = lines_of(item("a", "100.00", "13.00"), item("gift", "0.00", "0.00", quantity=D(1)))
        self.assertEqual([("a",)], [line.keys for line in lines])
        self.assertEqual([("zero_line_left_out", "gift", "warning")], [(p.code, p.line, p.severity) for p in problems])

    def test_nothing_but_free_lines(self):
        nets, problems = fold([item("a", "0.00", "0.00", discount=D("5.00"))])
        self.assertIsNone(nets)
        self.assertEqual(["nothing_to_issue"], codes(problems))

    def test_no_items(self):
        nets, problems = fold([])
        self.assertIsNone(nets)
        self.assertEqual(["nothing_to_issue"], codes(problems))


class TestNegativeItems(unittest.TestCase):
    def test_global_discount_over_two_lines(self):
        lines, problems = lines_of(
            item("a", "100.00", "13.00", quantity=D(1)),
            item("b", "300.00", "39.00", quantity=D(3)),
            item("rebate", "-40.00", "-5.20", quantity=D(1)),
        )
        self.assertEqual([], problems)
        self.assertEqual(
            [
                (DISCOUNTED, "100.00", "13.00"),
                (DISCOUNT, "-10.00", "-1.30"),
                (DISCOUNTED, "300.00", "39.00"),
                (DISCOUNT, "-30.00", "-3.90"),
            ],
            figures(lines),
        )
        self.assertEqual([("a",), ("a", "rebate"), ("b",), ("b", "rebate")], [line.keys for line in lines])
        self.assertEqual(["100", None, "100", None], [line.price and str(line.price) for line in lines])

    def test_merged_with_the_lines_own_discount(self):
        """A line has one discount line, however many reasons it has."""
        lines, _problems = lines_of(
            item("a", "90.00", "11.70", quantity=D(1), discount=D("10.00")), item("rebate", "-9.00", "-1.17")
        )
        self.assertEqual([(DISCOUNTED, "100.00", "13.00"), (DISCOUNT, "-19.00", "-2.47")], figures(lines))

    def test_only_lines_of_the_same_rate(self):
        lines, _problems = lines_of(
            item("a", "100.00", "13.00"),
            item("b", "100.00", "6.00", "0.06"),
            item("r", "-10.00", "-0.60", "0.06"),
        )
        self.assertEqual(
            [(NORMAL, "100.00", "13.00"), (DISCOUNTED, "100.00", "6.00"), (DISCOUNT, "-10.00", "-0.60")],
            figures(lines),
        )

    def test_only_lines_of_the_same_privilege(self):
        exempt = item("a", "100.00", "0.00", "0", zero_kind=EXEMPT)
        other = item("b", "100.00", "0.00", "0", zero_kind=NOT_TAXABLE)
        _lines, problems = lines_of(exempt, replace(other, key="r", amount=D("-10.00")))
        self.assertEqual(["negative_exceeds"], codes(problems))
        simple = item("a", "100.00", "3.00", "0.03", policy="简易征收")
        _lines, problems = lines_of(simple, item("r", "-10.00", "-0.30", "0.03"))
        self.assertEqual(["negative_exceeds"], codes(problems))

    def test_more_negative_than_positive(self):
        lines, problems = lines_of(
            item("a", "100.00", "13.00"),
            item("b", "100.00", "6.00", "0.06"),
            item("r", "-150.00", "-9.00", "0.06"),
        )
        self.assertIsNone(lines)
        (problem,) = problems
        self.assertEqual(("negative_exceeds", "r"), (problem.code, problem.line))
        for figure in ("150.00", "6%", "100.00"):
            self.assertIn(figure, str(problem))

    def test_exactly_used_up(self):
        """A down payment that covers its rate entirely leaves the other rates."""
        lines, problems = lines_of(
            item("a", "100.00", "13.00"),
            item("b", "50.00", "3.00", "0.06"),
            item("r", "-50.00", "-3.00", "0.06"),
        )
        self.assertEqual([(NORMAL, "100.00", "13.00")], figures(lines))
        self.assertEqual([("zero_line_left_out", "b")], [(problem.code, problem.line) for problem in problems])

    def test_used_up_but_for_rounding(self):
        lines, problems = to_lines(
            [
                item("a", "100.00", "13.00"),
                item("b", "50.00", "3.00", "0.06"),
                item("r", "-50.01", "-3.00", "0.06"),
            ],
            D("99.99"),
            D("13.00"),
        )
        self.assertEqual(["zero_line_left_out"], codes(problems))
        self.assertEqual([(NORMAL, "99.99", "13.00")], figures(lines))

    def test_a_fen_too_much_is_too_much(self):
        """Each line may have been rounded by a fen, no more."""
        _nets, problems = fold([item("b", "50.00", "3.00", "0.06"), item("r", "-50.02", "-3.00", "0.06")])
        self.assertEqual(["negative_exceeds"], codes(problems))

    def test_the_groups_tax_stays_in_the_group(self):
        """A tax that was changed by hand is not evened out by folding."""
        nets, _problems = fold([item("a", "33.33", "4.34"), item("r", "-10.00", "-1.30")])
        self.assertEqual([(D("23.33"), D("3.04"))], [(net.amount, net.tax) for net in nets])

    def test_free_lines_count_for_rounding(self):
        free = [item(str(number), "0.00", "0.00") for number in range(6)]
        lines, _problems = to_lines([item("a", "100.00", "13.00"), *free], D("100.03"), D("13.00"))
        self.assertEqual([(NORMAL, "100.03", "13.00")], figures(lines))

    def test_keys_of_what_was_folded_in(self):
        """A line too small to take a share doesn't stand for the deduction."""
        lines, _problems = lines_of(
            item("a", "0.01", "0.00", discount=D("1.00")),
            item("b", "100.00", "13.00"),
            item("r", "-0.10", "-0.01"),
        )
        self.assertEqual([("a",), ("a",), ("b",), ("b", "r")], [line.keys for line in lines])

    def test_first_on_its_own_document(self):
        lines, problems = lines_of(
            item("a", "3000", "390", document="1"),
            item("b", "15000", "1950", document="2"),
            item("c", "-7500", "-975", document="2"),
        )
        self.assertEqual([], problems)
        self.assertEqual(
            [
                (NORMAL, "3000.00", "390.00"),
                (DISCOUNTED, "15000.00", "1950.00"),
                (DISCOUNT, "-7500.00", "-975.00"),
            ],
            figures(lines),
        )
        self.assertEqual([("a",), ("b",), ("b", "c")], [line.keys for line in lines])

    def test_what_exceeds_its_own_document_is_on_the_others(self):
        nets, _problems = fold(
            [
                item("a", "100", "13", document="1"),
                item("b", "300", "39", document="1"),
                item("c", "50", "6.5", document="2"),
                item("d", "-90", "-11.7", document="2"),
                item("e", "-20", "-2.6", document="1"),
            ]
        )
        self.assertEqual([("a", D(85)), ("b", D(255))], [(net.item.key, net.amount) for net in nets])
        self.assertEqual(("d", "e"), nets[0].folded)

    def test_never_beyond_a_line(self):
        lines, _problems = lines_of(
            item("a", "0.01", "0.00"), item("b", "100.00", "13.00"), item("r", "-99.99", "-13.00")
        )
        self.assertEqual([("b",), ("b", "r")], [line.keys for line in lines if line.amount])
        self.assertEqual(D("0.02"), sum(line.amount for line in lines))

    def test_order_is_the_ledgers(self):
        lines, _problems = lines_of(
            item("a", "1.00", "0.06", "0.06"), item("b", "1.00", "0.13"), item("c", "1.00", "0.06", "0.06")
        )
        self.assertEqual([("a",), ("b",), ("c",)], [line.keys for line in lines])
