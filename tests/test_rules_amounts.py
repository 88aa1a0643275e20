"""Exact arithmetic: rounding, prices, tax inside gross, spreading and settling cents."""

import unittest
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules import amounts

D = Decimal
PROFILE = settings(max_examples=200, derandomize=True, deadline=None)


@dataclass(frozen=True)
class Row:
    amount: Decimal
    tax: Decimal
    rate: Decimal = Decimal("0.13")


def rows(*pairs):
    return [Row(D(amount), D(tax)) for amount, tax in pairs]


class TestRounding(unittest.TestCase):
    def test_round_half_up_away_from_zero(self):
        for value, rounded in (
            ("0.005", "0.01"),
            ("-0.005", "-0.01"),
            ("2.675", "2.68"),
            ("1.0049", "1.00"),
            ("-0.001", "0.00"),
            ("7", "7.00"),
        ):
            with self.subTest(value):
                self.assertEqual(rounded, str(amounts.round2(D(value))))

    def test_trim_never_writes_an_exponent(self):
        for value, trimmed in (("100.00", "100"), ("1E+3", "1000"), ("1.500", "1.5"), ("0.00", "0")):
            with self.subTest(value):
                self.assertEqual(trimmed, str(amounts.trim(D(value))))

    def test_plain_writes_small_prices_in_full(self):
        self.assertEqual("0.0000001", amounts.plain(D("1E-7")))

    def test_tax_inside_gross(self):
        """The first is the paper's example: 1 gross is 0.99 and 0.01."""
        for gross, rate, tax, net in (
            ("1", "0.01", "0.01", "0.99"),
            ("113", "0.13", "13.00", "100.00"),
            ("100", "0.13", "11.50", "88.50"),
            ("100", "0.06", "5.66", "94.34"),
            ("0.04", "0.13", "0.00", "0.04"),
            ("5000", "0.03", "145.63", "4854.37"),
            ("100", "0", "0.00", "100.00"),
        ):
            with self.subTest(gross=gross, rate=rate):
                self.assertEqual(D(tax), amounts.tax_in_gross(D(gross), D(rate)))
                self.assertEqual(D(net), amounts.net_of_gross(D(gross), D(rate)))


class TestPrice(unittest.TestCase):
    def test_the_shortest_price_that_fits(self):
        for amount, quantity, price in (
            ("100.00", "3", "33.333"),
            ("100.00", "1", "100"),
            ("99.99", "3", "33.33"),
            ("0.99", "1", "0.99"),
            ("0.01", "1000", "0.00001"),
            ("88.50", "0.5", "177"),
            ("1234567.89", "987654", "1.25000039"),
            ("10.00", "-2", None),
            ("0.01", "100000000000000", None),
            ("5.00", "0", None),
            ("0.00", "5", None),
        ):
            with self.subTest(amount=amount, quantity=quantity):
                found = amounts.price_of(D(amount), D(quantity))
                self.assertEqual(price, found if found is None else str(found))

    @PROFILE
    @given(st.integers(1, 10**13), st.integers(1, 10**10))
    def test_price_times_quantity_is_the_amount(self, fen, thousandths):
        amount, quantity = D(fen) / 100, D(thousandths) / 1000
        price = amounts.price_of(amount, quantity)
        if price is not None:
            self.assertLessEqual(abs(price * quantity - amount), amounts.PRICE_TOLERANCE)
            self.assertLessEqual(-price.as_tuple().exponent, 13)
            self.assertGreater(price, 0)
        else:
            # 13 decimals settle any amount unless a quantity of billions swallows them.
            self.assertGreater(quantity, 10**9)

    @PROFILE
    @given(st.integers(1, 10**11), st.integers(1, 10**7), st.integers(4, 20))
    def test_a_short_price_is_right_or_none(self, fen, thousandths, length):
        amount, quantity = D(fen) / 100, D(thousandths) / 1000
        price = amounts.price_of(amount, quantity, length=length)
        if price is not None:
            self.assertLessEqual(len(amounts.plain(price)), length)
            self.assertLessEqual(abs(price * quantity - amount), amounts.PRICE_TOLERANCE)
        elif (longer := amounts.price_of(amount, quantity)) is not None:
            self.assertGreater(len(amounts.plain(longer)), length)


class TestSpread(unittest.TestCase):
    def test_proportional_and_exact(self):
        for total, weights, shares in (
            ("10.00", ["50.00", "50.00"], ["5.00", "5.00"]),
            ("10.00", ["33.33", "33.33", "33.34"], ["3.33", "3.33", "3.34"]),
            ("0.01", ["5.00", "7.00"], ["0.00", "0.01"]),
            ("12.00", ["5.00", "7.00"], ["5.00", "7.00"]),
            ("0.00", ["5.00"], ["0.00"]),
            ("0.00", [], []),
        ):
            with self.subTest(total=total, weights=weights):
                self.assertEqual(
                    [D(share) for share in shares],
                    amounts.spread(D(total), [D(weight) for weight in weights]),
                )

    def test_more_than_there_is(self):
        with self.assertRaises(ValueError):
            amounts.spread(D("12.01"), [D("5.00"), D("7.00")])

    @PROFILE
    @given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.data())
    def test_any(self, weights, data):
        total = data.draw(st.integers(0, sum(weights)))
        weights = [D(weight) / 100 for weight in weights]
        shares = amounts.spread(D(total) / 100, weights)
        self.assertEqual(D(total) / 100, sum(shares))
        self.assertTrue(all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True)))


class TestSettle(unittest.TestCase):
    def test_nothing_to_do(self):
        pairs, problems = amounts.settle(rows(("100.00", "13.00"), ("50.00", "6.50")), D("150"), D("19.50"))
        self.assertEqual([(D("100.00"), D("13.00")), (D("50.00"), D("6.50"))], pairs)
        self.assertEqual([], problems)

    def test_cents_of_global_rounding(self):
        """Odoo's own example: two lines of 21.53 gross are 17.79 each, but 35.59 together."""
        lines = [Row(D("17.79"), D("3.74"), D("0.21"))] * 2
        pairs, problems = amounts.settle(lines, D("35.59"), D("7.47"))
        self.assertEqual([], problems)
        self.assertEqual(D("35.59"), sum(amount for amount, _tax in pairs))
        self.assertEqual(D("7.47"), sum(tax for _amount, tax in pairs))

    def test_the_largest_line_takes_the_cent(self):
        pairs, _problems = amounts.settle(rows(("10.00", "1.30"), ("90.00", "11.70")), D("100.01"), D("13.00"))
        self.assertEqual([(D("10.00"), D("1.30")), (D("90.01"), D("11.70"))], pairs)

    def test_tax_goes_where_it_is_missing(self):
        """0.065 was rounded up by half a fen, 0.0702 hardly down: the first gives the fen back."""
        high, low = ("0.50", "0.07"), ("0.54", "0.07")
        pairs, _problems = amounts.settle(rows(high, low), D("1.04"), D("0.13"))
        self.assertEqual([D("0.06"), D("0.07")], [tax for _amount, tax in pairs])
        pairs, _problems = amounts.settle(rows(low, high), D("1.04"), D("0.13"))
        self.assertEqual([D("0.07"), D("0.06")], [tax for _amount, tax in pairs])

    def test_tax_changed_by_hand(self):
        """An accountant's correction of 4 fen is carried; more than the lines may bear is refused."""
        pairs, problems = amounts.settle(rows(("100.00", "13.00")), D("100"), D("13.04"))
        self.assertEqual(([(D("100.00"), D("13.04"))], []), (pairs, problems))
        pairs, problems = amounts.settle(rows(("100.00", "13.00")), D("100"), D("13.07"))
        self.assertIsNone(pairs)
        self.assertEqual(["tax_differs"], [problem.code for problem in problems])
        self.assertIn("13.07", str(problems[0]))

    def test_tax_beyond_the_fapiao(self):
        """5 fen on each of 26 lines keep every line in bounds, but come to 1.30."""
        pairs, problems = amounts.settle(rows(*[("100.00", "13.05")] * 26), D("2600"), D("339.30"))
        self.assertIsNone(pairs)
        self.assertEqual(["tax_differs"], [problem.code for problem in problems])
        pairs, problems = amounts.settle(rows(*[("100.00", "13.05")] * 25), D("2500"), D("326.25"))
        self.assertEqual([], problems)

    def test_a_missing_line_is_no_rounding(self):
        pairs, problems = amounts.settle(rows(("100.00", "13.00")), D("150"), D("19.50"))
        self.assertIsNone(pairs)
        self.assertEqual(["amounts_differ"], [problem.code for problem in problems])

    def test_lines_of_no_amount_bring_cents_too(self):
        """Six lines of 0.0049 are nothing each, but three fen together."""
        line = rows(("100.00", "13.00"))
        self.assertEqual("amounts_differ", amounts.settle(line, D("100.03"), D("13.00"))[1][0].code)
        pairs, problems = amounts.settle(line, D("100.03"), D("13.00"), 7)
        self.assertEqual(([(D("100.03"), D("13.00"))], []), (pairs, problems))

    def test_no_negative_tax(self):
        """A small line can't lend what it hasn't got."""
        pairs, problems = amounts.settle(rows(("0.10", "0.01"), ("100.00", "13.00")), D("100.10"), D("12.94"))
        self.assertIsNone(pairs)
        self.assertEqual(["tax_differs"], [problem.code for problem in problems])

    def test_no_tax_at_rate_zero(self):
        pairs, problems = amounts.settle([Row(D("100.00"), D("0.00"), D("0"))], D("100"), D("0.01"))
        self.assertIsNone(pairs)
        self.assertEqual(["tax_differs"], [problem.code for problem in problems])

    def test_a_line_of_one_fen_stays(self):
        pairs, problems = amounts.settle(rows(("0.01", "0.00"), ("0.01", "0.00")), D("0.01"), D("0.00"))
        self.assertIsNone(pairs)
        self.assertEqual(["amounts_differ"], [problem.code for problem in problems])

    def test_drift_cancels_out(self):
        net, gross = amounts.tax_drift(
            [(D("100"), D("0.13"), D("13.05")), (D("100"), D("0.13"), D("12.96"))],
        )
        self.assertEqual((D("0.01"), D("0.09")), (net, gross))
