"""What is left of an invoice after its credit notes: sums to the fen, whatever is credited."""

from dataclasses import replace
from decimal import Decimal
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..rules.amounts import tax_of
from ..rules.document import Item
from ..rules.netting import net, waived
from ..rules.shares import uncovered

ZERO = Decimal("0.00")


def item(amount, quantity="1", key="1", **values):
    amount = Decimal(amount)
    tax = values.pop("tax", None)
    return Item(
        key=key,
        name="Suite",
        code="1060301020100000000",
        amount=amount,
        tax=(amount * Decimal("0.13")).quantize(Decimal("0.01")) if tax is None else Decimal(tax),
        rate=Decimal("0.13"),
        quantity=None if quantity is None else Decimal(quantity),
        **values,
    )


class TestNet(TestCase):
    def test_units_at_their_own_price_make_the_line_smaller(self):
        (rest,) = net([item("1000", "5")], [item("-400", "-2")])
        self.assertEqual((rest.amount, rest.tax, rest.quantity), (600, 78, 3))

    def test_discount_shrinks_with_the_units(self):
        (rest,) = net([item("900", "5", discount=Decimal("100.00"))], [item("-360", "-2")])
        self.assertEqual((rest.amount, rest.discount, rest.quantity), (540, 60, 3))

    def test_what_is_credited_in_full_is_gone(self):
        rest = net([item("1000", "5"), item("50", key="2")], [item("-1000", "-5")])
        self.assertEqual([line.key for line in rest], ["2"])

    def test_allowance_stays_as_a_reduction(self):
        rest = net([item("1000", "5")], [item("-100", "-1")])
        self.assertEqual([line.amount for line in rest], [1000, -100])

    def test_other_goods_are_not_netted(self):
        other = item("-200", "-1", policy="免税")
        self.assertEqual(len(net([item("1000", "5")], [other])), 2)

    def test_gifts_are_handed_on(self):
        gift = item("0", key="gift")
        self.assertEqual(net([item("1000", "5"), gift], []), [item("1000", "5"), gift])

    def test_more_than_there_is_stays_negative(self):
        rest = net([item("1000", "5")], [item("-1200", "-6")])
        self.assertEqual([line.amount for line in rest], [1000, -1200])

    def test_negative_lines_are_credited_as_well(self):
        """A discount line of the invoice and its reversal take each other away."""
        rest = net([item("1000", "5"), item("-100", key="2")], [item("100", "-1")])
        self.assertEqual([line.amount for line in rest], [1000])

    def test_amount_gone_but_a_fen_of_tax_left_is_kept(self):
        rest = net([item("10", tax="1.30")], [item("-10", "-1", tax="-1.29")])
        self.assertEqual(sum(line.tax for line in rest), Decimal("0.01"))

    @given(
        st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 50)), min_size=1, max_size=6),
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 10**6), st.integers(1, 50)), max_size=6),
    )
    def test_sums_are_kept(self, sold, credited):
        items = [
            item(Decimal(fen).scaleb(-2), str(quantity), key=str(number)) for number, (fen, quantity) in enumerate(sold)
        ]
        credits_ = []
        for place, fen, quantity in credited:
            origin = items[place % len(items)]
            if fen % 2:
                part = (origin.amount * quantity / (origin.quantity * 50)).quantize(Decimal("0.01"))
                credits_.append(item(-part, f"-{origin.quantity * quantity / 50}"))
            else:
                credits_.append(item(-Decimal(fen).scaleb(-2), f"-{quantity}"))
        rest = net(items, credits_)
        for name in ("amount", "tax"):
            before = sum((getattr(line, name) for line in [*items, *credits_]), ZERO)
            self.assertEqual(sum((getattr(line, name) for line in rest), ZERO), before)
        for line in rest:
            if line.key in {item.key for item in items} and line.amount > 0 and line.quantity is not None:
                self.assertGreaterEqual(line.quantity, 0)


class TestGifts(TestCase):
    GIFT = item("0", "2", key="2", discount=Decimal("100.00"))

    def test_returned_gifts_are_gone(self):
        rest = net([item("1000"), self.GIFT], [item("0", "-2", key="c")])
        self.assertEqual([one.key for one in rest], ["1"])

    def test_one_of_two_is_left(self):
        _sold, rest = net([item("1000"), self.GIFT], [item("0", "-1", key="c")])
        self.assertEqual((rest.amount, rest.discount, rest.quantity), (0, 50, 1))

    def test_what_is_covered_is_counted_in_units(self):
        nothing = Decimal("0.00")
        self.assertEqual(uncovered([self.GIFT], {"2": (nothing, nothing, Decimal(2))}), [])
        (rest,) = uncovered([self.GIFT], {"2": (nothing, nothing, Decimal(1))})
        self.assertEqual((rest.discount, rest.quantity), (50, 1))


class TestWaived(TestCase):
    @given(
        st.lists(
            st.tuples(st.integers(1, 10**7), st.sampled_from(("0", "0.01", "0.06", "0.13"))), min_size=1, max_size=20
        ),
        st.integers(0, 99),
        st.booleans(),
    )
    def test_totals_fall_by_what_is_waived(self, lines, fen, is_credit):
        sign = -1 if is_credit else 1
        items = [
            replace(item(amount, key=str(key), tax=tax_of(amount, rate)), rate=rate)
            for key, (amount, rate) in enumerate((sign * Decimal(fens) / 100, Decimal(rate)) for fens, rate in lines)
        ]
        before = sum(one.amount + one.tax for one in items)
        gross = sign * min(Decimal(fen) / 100, abs(before))
        found = waived(items, gross)
        self.assertEqual(sum(one.amount + one.tax for one in found), before - gross)
        for one, old in zip(found, items, strict=True):
            self.assertGreaterEqual(one.amount * sign, 0)
            self.assertGreaterEqual(one.tax * sign, 0)
            self.assertLessEqual(abs(one.amount * one.rate - one.tax), Decimal("0.02"))
            if not is_credit:
                self.assertEqual(one.amount + one.discount, old.amount + old.discount)
