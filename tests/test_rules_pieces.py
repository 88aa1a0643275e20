"""Which line each printed line is a piece of, and what a credit note takes of which fapiao."""

from dataclasses import replace
from decimal import Decimal
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..rules.document import DISCOUNT, DISCOUNTED, NORMAL, Line
from ..rules.pieces import attributed, rekeyed
from ..rules.red_lines import Part, due, share_out


def line(amount, key="", name="软件", price="10", kind=NORMAL, tax=None, **values):
    amount = Decimal(amount)
    is_discount = kind == DISCOUNT
    return Line(
        kind=kind,
        name=name,
        code="1060301020100000000",
        amount=amount,
        tax=(amount * Decimal("0.13")).quantize(Decimal("0.01")) if tax is None else Decimal(tax),
        rate=Decimal("0.13"),
        quantity=None if is_discount else amount / Decimal(price),
        price=None if is_discount else Decimal(price),
        keys=(key,) if key else (),
        **values,
    )


def keys(found):
    return [[[piece.keys for piece in made] for made in lines] for lines in found]


class TestAttributed(TestCase):
    def test_by_words(self):
        ordered = [line("100", "a"), line("200", "b", "服务")]
        found = attributed(ordered, [[line("200", name="*信息*服务")], [line("100")]])
        self.assertEqual(keys(found), [[[("b",)]], [[("a",)]]])

    def test_by_price(self):
        ordered = [line("100", "a"), line("200", "b", price="20")]
        found = attributed(ordered, [[line("100", price="20"), line("100")], [line("100", price="20.000001")]])
        self.assertEqual(keys(found), [[[("b",)], [("a",)]], [[("b",)]]])

    def test_discount_stays_with_its_line(self):
        ordered = [line("100", "a", kind=DISCOUNTED), line("-10", "d", kind=DISCOUNT)]
        half = [line("50", kind=DISCOUNTED), line("-5", kind=DISCOUNT)]
        self.assertEqual(keys(attributed(ordered, [half, half])), [[[("a",)], [("d",)]]] * 2)

    def test_alike_lines_that_the_cloud_has_joined(self):
        found = attributed([line("100", "a"), line("100", "b")], [[line("150")], [line("50")]])
        self.assertEqual(keys(found), [[[("a",), ("b",)]], [[("b",)]]])
        self.assertEqual([piece.amount for piece in found[0][0]], [100, 50])

    def test_nothing_is_guessed(self):
        ordered = [line("100", "a"), line("200", "b", price="20")]
        for name, printed in {
            "a fen is off": [[line("100")], [line("199.99", price="20")]],
            "tax is off": [[line("100")], [line("200", price="20", tax="26.01")]],
            "other words": [[line("100", name="服务")], [line("200", price="20")]],
            "no price, and two have one": [[replace(line("100"), price=None)], [line("200", price="20")]],
            "a line is missing": [[line("100")], []],
        }.items():
            with self.subTest(name):
                self.assertIsNone(attributed(ordered, printed))

    def test_rekeyed_by_rows(self):
        cut = rekeyed([line("100", "a")], {"a": [("1", Decimal(30)), ("2", Decimal(70))]})
        self.assertEqual(
            [(one.keys, one.amount, one.tax) for one in cut],
            [(("1",), 30, Decimal("3.90")), (("2",), 70, Decimal("9.10"))],
        )

    @given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(2, 4))
    def test_pieces_come_to_the_order(self, fen, count):
        ordered = [line(Decimal(one) / 100, str(place)) for place, one in enumerate(fen)]
        whole = sum(one.amount for one in ordered)
        tax = sum(one.tax for one in ordered)
        part = (whole / count).quantize(Decimal("0.01"))
        share = (tax / count).quantize(Decimal("0.01"))
        printed = [[line(part, tax=share)] for _number in range(count - 1)]
        printed.append([line(whole - part * (count - 1), tax=tax - share * (count - 1))])
        found = attributed(ordered, printed)
        for lines, made in zip(printed, found, strict=True):
            for name in ("amount", "tax"):
                total = sum(getattr(piece, name) for piece in made[0])
                self.assertEqual(total, getattr(lines[0], name))


class TestShareOut(TestCase):
    def part(self, amount):
        return Part(Decimal(amount), Decimal(amount) / 10, Decimal(amount))

    def test_the_one_that_holds_just_that(self):
        held = {"x": {"o": self.part(90)}, "y": {"o": self.part(50)}}
        self.assertEqual(share_out({"c": ("o", self.part(50))}, held), {"y": {"c": self.part(50)}})

    def test_over_two(self):
        held = {"x": {"o": self.part(90)}, "y": {"o": self.part(50)}}
        taken = share_out({"c": ("o", self.part(100))}, held)
        self.assertEqual(taken, {"x": {"c": self.part(90)}, "y": {"c": self.part(10)}})

    def test_one_that_is_touched_anyway(self):
        held = {"x": {"o": self.part(90)}, "y": {"o": self.part(80), "p": self.part(10)}}
        taken = share_out({"c": ("p", self.part(10)), "d": ("o", self.part(20))}, held)
        self.assertEqual(list(taken), ["y"])

    def test_more_than_there_is(self):
        self.assertIsNone(share_out({"c": ("o", self.part(60))}, {"y": {"o": self.part(50)}}))

    def test_due_is_no_more_than_living_fapiao_have_too_much(self):
        self.assertEqual(due(self.part(30), self.part(100), self.part(70)), self.part(30))
        self.assertEqual(due(self.part(30), self.part(80), self.part(70)), self.part(10))
        self.assertEqual(due(self.part(30), self.part(40), self.part(70)), Part())
        discount = Part(Decimal(-30))
        self.assertEqual(due(discount, Part(Decimal(-30)), Part()), discount)
