"""Folding, parts and remainders of a reversal: exact to the fen, whatever is taken."""

import json
import unittest
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules import red_lines
from ..rules.amounts import PRICE_TOLERANCE, ZERO, price_difference, price_of, tax_of
from ..rules.document import DISCOUNT, DISCOUNTED, NORMAL, ORDINARY, Line, to_plain
from ..rules.red import ALLOWANCE, REASONS, RETURNED, STOPPED, WRONG
from ..rules.red_document import Blue, RedOrder, from_plain
from ..rules.red_lines import Credit, aligned, fold, left, mirrored, part, totals, whole, without

D = Decimal
NUMBER = "24112000000064654320"
GOODS = "1060301020100000000"


def remainder(blue, red):
    """Return what is left of ``blue`` after ``red``, as blue lines."""
    return mirrored(without(left(blue), red))


def line(amount, tax, quantity=None, price=None, kind=NORMAL, rate="0.13", **values):
    number = (None if value is None else D(value) for value in (quantity, price))
    fields = {"name": "*软件*云", "code": GOODS, "unit": "年", "keys": ("a",), **values}
    return Line(
        kind=kind,
        amount=D(amount),
        tax=D(tax),
        rate=D(rate),
        **dict(zip(("quantity", "price"), number, strict=True)),
        **fields,
    )


def blue(*lines, **values):
    return Blue(NUMBER, ORDINARY, lines, **values)


def figures(lines):
    def text(number):
        return None if number is None else str(number)

    return [(one.xh, str(one.amount), str(one.tax), text(one.quantity), text(one.price)) for one in lines]


PAIR = (
    line("100.00", "13.00", "4", "25", DISCOUNTED),
    line("-10.00", "-1.30", kind=DISCOUNT, keys=("a", "b")),
)
PLAIN = line("33.33", "4.33", "3", "11.11", keys=("c",))
BLUE = blue(*PAIR, PLAIN)


class TestFold(unittest.TestCase):
    def test_a_discount_goes_into_its_line(self):
        self.assertEqual(
            [(1, "-90.00", "-11.70", "-4", "22.5"), (3, "-33.33", "-4.33", "-3", "11.11")],
            figures(fold(BLUE.lines)),
        )
        self.assertEqual([("a", "b"), ("c",)], [one.keys for one in fold(BLUE.lines)])

    def test_several_discounts_of_one_line(self):
        self.assertEqual([(1, "-80.00", "-10.40", "-4", "20")], figures(fold((*PAIR, PAIR[1]))))

    def test_a_line_discounted_to_nothing_is_gone_and_keeps_its_number(self):
        free = replace(PAIR[1], amount=D("-100.00"), tax=D("-13.00"))
        self.assertEqual([3], [one.xh for one in fold((PAIR[0], free, PLAIN))])

    def test_a_price_that_cannot_be_is_left_out_with_its_quantity(self):
        odd = replace(PAIR[0], quantity=D(10) ** 16, price=D("0.00000000000001"))
        self.assertEqual([(1, "-90.00", "-11.70", None, None)], figures(fold((odd, PAIR[1]))))

    def test_a_discount_of_nothing(self):
        for lines in [(PAIR[1],), (replace(PLAIN, rate=D("0.06")), PAIR[1])]:
            with self.assertRaises(ValueError):
                fold(lines)

    def test_exempt_lines_have_no_negative_zero(self):
        self.assertEqual("0.00", str(fold((line("5.00", "0.00", rate="0"),))[0].tax))


class TestParts(unittest.TestCase):
    def test_whole_for_each_reason(self):
        with_quantity = [(1, "-90.00", "-11.70", "-4", "22.5"), (3, "-33.33", "-4.33", "-3", "11.11")]
        without_quantity = [(1, "-90.00", "-11.70", None, None), (3, "-33.33", "-4.33", None, None)]
        for reason in REASONS:
            with self.subTest(reason=reason):
                expected = without_quantity if reason == ALLOWANCE else with_quantity
                self.assertEqual(expected, figures(whole(BLUE, reason)))

    def test_part_for_each_reason(self):
        rows = [
            # reason, credit, red line, remainder
            (
                RETURNED,
                Credit(1, quantity=D(1)),
                ("-22.50", "-2.93", "-1", "22.5"),
                ("67.50", "8.77", "3", "22.5"),
            ),
            (
                STOPPED,
                Credit(1, quantity=D("0.5")),
                ("-11.25", "-1.46", "-0.5", "22.5"),
                ("78.75", "10.24", "3.5", "22.5"),
            ),
            (
                STOPPED,
                Credit(1, amount=D(45)),
                ("-45.00", "-5.85", "-2", "22.5"),
                ("45.00", "5.85", "2", "22.5"),
            ),
            (
                STOPPED,
                Credit(1, D(1), D("30.00")),
                ("-30.00", "-3.90", "-1", "30"),
                ("60.00", "7.80", "3", "20"),
            ),
            (
                ALLOWANCE,
                Credit(1, amount=D("9.00")),
                ("-9.00", "-1.17", None, None),
                ("81.00", "10.53", "4", "20.25"),
            ),
            (
                ALLOWANCE,
                Credit(1, quantity=D(1)),
                ("-22.50", "-2.93", None, None),
                ("67.50", "8.77", "4", "16.875"),
            ),
            (
                RETURNED,
                Credit(1, D(1), D("22.50"), D("2.92")),
                ("-22.50", "-2.92", "-1", "22.5"),
                ("67.50", "8.78", "3", "22.5"),
            ),
        ]
        for reason, credit, expected, rest in rows:
            with self.subTest(reason=reason, credit=credit):
                lines = part(BLUE, reason, [credit])
                self.assertEqual([(1, *expected)], figures(lines))
                again = remainder(BLUE, lines)
                shown = tuple(None if value is None else str(value) for value in (again[0].quantity, again[0].price))
                self.assertEqual(rest, (str(again[0].amount), str(again[0].tax), *shown))
                self.assertEqual([NORMAL, NORMAL], [one.kind for one in again])

    def test_a_line_taken_whole_is_gone(self):
        lines = part(BLUE, RETURNED, [Credit(3, quantity=D(3))])
        self.assertEqual(figures(fold(BLUE.lines))[1:], figures(lines))
        self.assertEqual(["90.00"], [str(one.amount) for one in remainder(BLUE, lines)])
        self.assertEqual((), remainder(BLUE, whole(BLUE, WRONG)))

    def test_what_was_reversed_before_is_taken_off(self):
        before = part(BLUE, RETURNED, [Credit(1, quantity=D(3))])
        later = replace(BLUE, reversed=before)
        self.assertEqual([(1, "-22.50", "-2.92"), (3, "-33.33", "-4.33")], [row[:3] for row in figures(left(later))])
        self.assertEqual((), left(replace(BLUE, reversed=whole(BLUE, WRONG))))

    def test_later_reversals_keep_the_numbers_of_the_original(self):
        names = ("甲", "乙", "丙", "丁", "戊")
        original = blue(*(line("100.00", "13.00", "4", "25", name=name) for name in names))
        second = replace(original, reversed=part(original, RETURNED, [Credit(2), Credit(4)]))
        self.assertEqual([1, 3, 5], [one.xh for one in whole(second, RETURNED)])
        lines = part(second, RETURNED, [Credit(1, quantity=D(1)), Credit(3), Credit(5, quantity=D(2))])
        self.assertEqual([(1, "-1"), (3, "-4"), (5, "-2")], [(one.xh, str(one.quantity)) for one in lines])
        third = replace(original, reversed=(*second.reversed, *lines))
        self.assertEqual([1, 5], [one.xh for one in left(third)])
        with self.assertRaises(ValueError):
            part(second, RETURNED, [Credit(2, quantity=D(1))])

    def test_the_price_of_a_discounted_line(self):
        """It follows the amount less the discount, also where the printed one would still be near enough."""
        rows = [("-10.00", "4", "25", "22.5"), ("-0.01", "1", "100", "99.99"), ("-0.01", "3", "33.333", "33.33")]
        for off, quantity, price, expected in rows:
            discounted = (line("100.00", "13.00", quantity, price, DISCOUNTED), line(off, "0.00", kind=DISCOUNT))
            with self.subTest(off=off, quantity=quantity):
                self.assertEqual(expected, str(fold(discounted)[0].price))

    def test_lines_that_are_not_there(self):
        with self.assertRaises(ValueError):
            part(BLUE, RETURNED, [Credit(2, quantity=D(1))])
        with self.assertRaises(ValueError):
            without(fold(BLUE.lines), [replace(fold(BLUE.lines)[0], xh=9)])

    def test_the_last_fen_of_tax_goes_with_the_whole_amount_only(self):
        tiny = blue(line("0.99", "0.01", "1", "0.99", rate="0.01"))
        red = part(tiny, ALLOWANCE, [Credit(1, amount=D("0.50"))])
        self.assertEqual([(1, "-0.50", "0.00", None, None)], figures(red))

    def test_the_bureaus_numbers(self):
        ours = fold(BLUE.lines)
        theirs = tuple(replace(one, xh=number) for number, one in enumerate(ours, 1))
        self.assertEqual([1, 2], [one.xh for one in aligned(ours, theirs)])
        gift = replace(theirs[0], xh=3, amount=ZERO, tax=ZERO)
        self.assertEqual([1, 2], [one.xh for one in aligned(ours, (theirs[0], gift, theirs[1]))])
        self.assertIsNone(aligned(ours, theirs[:1]))
        self.assertIsNone(aligned(ours, (replace(theirs[0], tax=D("-1")), theirs[1])))


# --- Laws

MONEY = st.integers(1, 10**9).map(lambda fen: D(fen).scaleb(-2))
QUANTITIES = st.integers(1, 10**7).map(lambda value: D(value).scaleb(-3))
RATES = st.sampled_from([D("0.13"), D("0.06"), D("0.01"), D("0")])


@st.composite
def groups(draw):
    """The lines of one item: a normal line, or a discounted one and its discount."""
    amount, rate = draw(MONEY), draw(RATES)
    quantity = draw(st.none() | QUANTITIES)
    price = price_of(amount, quantity) if quantity else None
    cents = draw(st.integers(-5, 5)) if rate else 0
    tax = max(tax_of(amount, rate) + D(cents).scaleb(-2), ZERO)
    first = line(amount, tax, quantity if price else None, price, rate=rate)
    if not draw(st.booleans()):
        return (first,)
    off = (amount * draw(st.integers(1, 100)) / 100).quantize(D("0.01"))
    discount = replace(first, kind=DISCOUNT, amount=-off, tax=-min(tax_of(off, rate), tax), quantity=None, price=None)
    return replace(first, kind=DISCOUNTED), discount


BLUES = st.lists(groups(), min_size=1, max_size=5).map(
    lambda several: blue(*[one for group in several for one in group])
)
REASON_CODES = st.sampled_from(list(REASONS))


@st.composite
def credits_of(draw, original):
    chosen = draw(st.lists(st.sampled_from(left(original)), unique=True)) if left(original) else []
    shares = []
    for one in chosen:
        percent = draw(st.integers(1, 100))
        amount = (one.amount * -percent / 100).quantize(D("0.01"))
        if one.quantity is not None and draw(st.booleans()):
            shares.append(Credit(one.xh, quantity=-one.quantity * percent / 100))
        elif amount:
            shares.append(Credit(one.xh, amount=amount))
    return shares


@settings(max_examples=150, deadline=None)
@given(BLUES)
def test_folding_keeps_the_totals(original):
    folded = fold(original.lines)
    assert [-value for value in totals(folded)] == list(totals(original.lines))
    for one in folded:
        assert (one.quantity is None) == (one.price is None)
        assert one.quantity is None or abs(price_difference(one.amount, one.quantity, one.price)) <= PRICE_TOLERANCE


@settings(max_examples=250, deadline=None)
@given(st.data(), BLUES, REASON_CODES)
def test_part_and_remainder_are_the_original(data, original, reason):
    red = part(original, reason, data.draw(credits_of(original)))
    rest = remainder(original, red)
    assert [new - old for new, old in zip(totals(rest), totals(red), strict=True)] == list(totals(original.lines))
    assert left(replace(original, reversed=red)) == without(left(original), red)
    known = {one.xh: one for one in left(original)}
    for one in red:
        assert known[one.xh].amount <= one.amount < 0 or not one.amount
        assert known[one.xh].tax <= one.tax <= 0
        assert reason != ALLOWANCE or (one.quantity, one.price) == (None, None)
        if one.amount == known[one.xh].amount:
            assert one.tax == known[one.xh].tax
    for one in rest:
        assert (one.quantity is None) == (one.price is None)
        assert one.quantity is None or abs(price_difference(one.amount, one.quantity, one.price)) <= PRICE_TOLERANCE


@settings(max_examples=100, deadline=None)
@given(BLUES, REASON_CODES, st.booleans())
def test_an_order_is_stored_and_read_back(original, reason, is_anew):
    lines = whole(original, reason)
    amount, tax, total = totals(lines)
    order = RedOrder(
        NUMBER,
        reason,
        lines=lines,
        amount=amount,
        tax=tax,
        total=total,
        blue_issued_at=datetime(2024, 6, 19, tzinfo=timezone.utc),
        is_anew=is_anew,
    )
    assert from_plain(json.loads(json.dumps(to_plain(order)))) == order
    assert red_lines.totals(from_plain(to_plain(order)).lines) == (amount, tax, total)


def test_an_order_without_a_date():
    assert from_plain(to_plain(RedOrder(NUMBER))) == RedOrder(NUMBER)


# --- red fapiao issued elsewhere: which lines they reverse


def printed_of(lines):
    """Return red lines as a cloud shows them on the red fapiao: without the numbers of the original."""
    return [
        Line(
            kind=NORMAL,
            **{
                name: getattr(one, name)
                for name in vars(one)
                if name not in ("xh", "bureau_xh", *red_lines.BUREAU_DETAILS)
            },
        )
        for one in lines
    ]


@settings(max_examples=100, deadline=None)
@given(BLUES)
def test_lines_of_a_full_reversal_are_numbered(original):
    lines = left(original)
    assert red_lines.reversed_by(printed_of(lines), original) == tuple(one.xh for one in lines)


class TestReversedBy(unittest.TestCase):
    def test_part_is_found_by_its_words(self):
        original = blue(line("100.00", "13.00", name="*软件*甲"), line("50.00", "6.50", name="*软件*乙"))
        self.assertEqual(red_lines.reversed_by([line("-20.00", "-2.60", name="乙")], original), (2,))

    def test_what_is_not_certain_has_no_number(self):
        original = blue(line("100.00", "13.00"), line("50.00", "6.50"))
        self.assertEqual(red_lines.reversed_by([line("-20.00", "-2.60")], original), (None,))
        self.assertEqual(red_lines.reversed_by([line("-200.00", "-26.00")], original), (None,))
