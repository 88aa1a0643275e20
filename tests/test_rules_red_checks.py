"""What speaks against a reversal: each problem, and orders against which nothing speaks."""

import re
import unittest
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.document import SPECIAL
from ..rules.problems import errors
from ..rules.red import ALLOWANCE, REASONS, RETURNED, STOPPED, WRONG, kinds_of, suits_kinds
from ..rules.red_checks import red_preflight
from ..rules.red_document import BUYER, BUYER_RED, PARTIAL_RED, RedCheck, RedOrder
from ..rules.red_lines import Credit, fold, left, part, takes_units, totals, whole
from .test_rules_red_lines import BLUE, BLUES, NUMBER, PAIR, PLAIN, REASON_CODES, D, blue, credits_of, line

SERVICE = "3040201010000000000"
CAN_ALL = frozenset({PARTIAL_RED, BUYER_RED})
MOMENT = datetime(2024, 6, 19, 11, 34, 7, tzinfo=timezone.utc)
PLACE = re.compile(r"%\(([a-z_]+)\)s")


def order(lines=None, reason=WRONG, original=BLUE, **values):
    """Return the order that reverses ``lines``, or all of it, with everything that belongs to it."""
    is_full = lines is None
    lines = whole(original, reason) if is_full else tuple(lines)
    amount, tax, total = totals(lines)
    fields = {"type": original.type, "is_full": is_full, "lines": lines, **values}
    return RedOrder(NUMBER, reason, **{"amount": amount, "tax": tax, "total": total, **fields})


def found(one, original=BLUE, can=CAN_ALL, check=None):
    return [problem.code for problem in red_preflight(one, original, can, check)]


def red_line(reason=RETURNED, credit=None, **changes):
    """Return one line that takes one of four back, changed."""
    return replace(part(BLUE, reason, [credit or Credit(1, quantity=D(1))])[0], **changes)


SERVICES = blue(*(replace(one, code=SERVICE) for one in BLUE.lines))
ALL_LEFT = left(BLUE)


class TestOrders(unittest.TestCase):
    def test_full_for_each_reason_and_kind(self):
        for original, kind in ((BLUE, "goods"), (SERVICES, "service")):
            for reason in REASONS:
                forbidden = {("goods", STOPPED), ("service", RETURNED)}
                expected = ["red_reason_kind"] if (kind, reason) in forbidden else []
                with self.subTest(reason=reason, kind=kind):
                    self.assertEqual(expected, found(order(reason=reason, original=original), original, ()))

    def test_full_without_lines(self):
        self.assertEqual([], found(RedOrder(NUMBER, WRONG, type=BLUE.type), can=()))
        self.assertEqual([], found(order(lines=None), can=()))
        wrong = RedOrder(NUMBER, WRONG, type=BLUE.type, total=D("-1.00"))
        self.assertEqual(["red_scope"], found(wrong))

    def test_the_order_itself(self):
        later = replace(BLUE, reversed=(red_line(),))
        gone = replace(BLUE, reversed=whole(BLUE, WRONG))
        rows = [
            (["red_number"], replace(order(), blue_number="1"), BLUE),
            (["red_number"], replace(order(), blue_number=NUMBER[:-1] + "1"), BLUE),
            (["red_of_red"], order(), replace(BLUE, color="red")),
            (["red_type"], order(type=SPECIAL), BLUE),
            (["red_type"], order(type=""), BLUE),
            (["red_lines_unreadable"], order(), replace(BLUE, lines=(PAIR[1],))),
            (["red_nothing_left"], order(lines=None, reason=RETURNED), gone),
            (["red_initiator"], order(initiator="me"), BLUE),
            (["red_reason_missing"], replace(order(), reason=""), BLUE),
            (["red_reason_missing"], replace(order(), reason="05"), BLUE),
            (["red_reason_scope"], order(original=later), later),
            (["red_lines_missing"], order([], RETURNED), BLUE),
            (["red_lines_unknown"], order([red_line(), red_line()], RETURNED), BLUE),
            (["red_lines_unknown"], order([red_line(xh=2)], RETURNED), BLUE),
            (["red_scope"], order(ALL_LEFT, RETURNED), BLUE),
            (["red_scope"], replace(order([red_line()], RETURNED), is_full=True), BLUE),
            (["red_totals"], order(total=D("-1.00")), BLUE),
            (["red_totals"], order(amount=None), BLUE),
        ]
        for expected, one, original in rows:
            with self.subTest(expected=expected):
                self.assertEqual(expected, found(one, original))

    def test_wrongly_issued_is_never_partial(self):
        self.assertIn("red_reason_scope", found(order([ALL_LEFT[0]], WRONG)))

    def test_what_the_cloud_can(self):
        partial = order([red_line()], RETURNED)
        buyers = order(initiator=BUYER, seller_tax_no="91", blue_issued_at=MOMENT)
        rows = [
            (partial, CAN_ALL, []),
            (partial, {BUYER_RED}, ["red_partial_unsupported"]),
            (buyers, CAN_ALL, []),
            (buyers, {PARTIAL_RED}, ["red_buyer_unsupported"]),
            (replace(buyers, seller_tax_no=""), CAN_ALL, ["red_buyer_facts"]),
            (replace(buyers, blue_issued_at=None), CAN_ALL, ["red_buyer_facts"]),
        ]
        for one, can, expected in rows:
            with self.subTest(can=can, expected=expected):
                self.assertEqual(expected, found(one, can=can))

    def test_what_the_bureau_says(self):
        check = RedCheck(True, type=BLUE.type, vat_use=False, consumption_use=False, booked=False)
        buyers = order(initiator=BUYER, seller_tax_no="91", blue_issued_at=MOMENT)
        bare = RedOrder(NUMBER, WRONG, type=BLUE.type)
        rows = [
            (order(), check, []),
            (order(), replace(check, lines=ALL_LEFT), []),
            (order(), replace(check, allowed=False, text="已红冲"), ["red_refused"]),
            (order(), replace(check, type=SPECIAL), ["red_type_bureau"]),
            (order(), replace(check, lines=ALL_LEFT[:1]), ["red_lines_bureau"]),
            (bare, replace(check, lines=ALL_LEFT[:1]), ["red_lines_bureau"]),
            (buyers, check, ["red_seller_starts"]),
            (buyers, replace(check, booked=True), []),
            (buyers, replace(check, booked=None), []),
        ]
        for one, said, expected in rows:
            with self.subTest(said=said, expected=expected):
                self.assertEqual(expected, found(one, check=said))
        severities = [problem.severity for problem in red_preflight(bare, BLUE, (), rows[5][1])]
        self.assertEqual(["warning"], severities, "the cloud reverses what it knows to be left")


class TestLines(unittest.TestCase):
    def test_one_line_for_each_reason(self):
        whole_line = red_line(credit=Credit(1))
        bare = {"quantity": None, "price": None}
        less = red_line(amount=D("-22.50"), tax=D("-2.93"))
        rows = [
            # goods are returned by quantity
            (RETURNED, less, []),
            (RETURNED, replace(less, **bare), ["red_line_quantity_missing"]),
            (RETURNED, replace(less, quantity=None), ["red_line_half"]),
            (RETURNED, replace(less, price=None), ["red_line_half"]),
            (RETURNED, replace(less, price=D("22.505")), ["red_line_price"]),
            (RETURNED, replace(less, amount=D("-22.52")), ["red_line_product"]),
            (RETURNED, replace(less, amount=D("-22.51")), []),
            (
                RETURNED,
                replace(less, quantity=D("-5"), price=D("4.5")),
                ["red_line_price", "red_line_exceeds"],
            ),
            (RETURNED, whole_line, []),
            # services stop by amount and quantity
            (STOPPED, less, ["red_reason_kind"]),
            (STOPPED, replace(less, quantity=D("-0.5"), price=D(45)), ["red_reason_kind", "red_line_price"]),
            (STOPPED, replace(less, **bare), ["red_reason_kind", "red_line_quantity_missing"]),
            # an allowance is an amount
            (ALLOWANCE, replace(less, **bare), []),
            (ALLOWANCE, less, ["red_line_quantity_needless"]),
            # whatever the reason
            (ALLOWANCE, replace(less, **bare, amount=D("-90.01")), ["red_line_exceeds", "red_line_tax"]),
            (ALLOWANCE, replace(less, **bare, tax=D("-2.99")), ["red_line_tax"]),
            (ALLOWANCE, replace(less, **bare, tax=D("-2.98")), []),
            (ALLOWANCE, replace(less, **bare, amount=D("-90.00"), tax=D("-11.69")), ["red_line_tax"]),
            (ALLOWANCE, replace(less, **bare, amount=D("-89.99"), tax=D("-11.70")), ["red_line_tax"]),
            (ALLOWANCE, replace(less, **bare, amount=D("22.50")), ["red_line_sign"]),
            (ALLOWANCE, replace(less, **bare, amount=D("0.00")), ["red_line_sign"]),
            (ALLOWANCE, replace(less, **bare, tax=D("2.93")), ["red_line_sign"]),
            (RETURNED, replace(less, quantity=D(1)), ["red_line_sign"]),
            (RETURNED, replace(less, price=D("-22.5")), ["red_line_sign"]),
            (RETURNED, replace(less, rate=D("0.06")), ["red_line_differs"]),
            (RETURNED, replace(less, code=SERVICE), ["red_line_differs"]),
            (RETURNED, replace(less, name="x"), ["red_line_differs"]),
        ]
        for reason, one, expected in rows:
            with self.subTest(reason=reason, line=one):
                self.assertEqual(expected, found(order([one], reason)))

    def test_the_price_never_changes(self):
        """Under a stopped service amount and quantity may change: 2 at another price are as many at the blue one."""
        months = blue(line("12000.00", "720.00", "12", "1000", rate="0.06", code=SERVICE))
        thirds = blue(line("100.00", "6.00", "3", "33.333", rate="0.06", code=SERVICE))
        goods = blue(line("90.00", "11.70", "4", "22.5"))
        rows = [
            # original, reason, credit, quantity that is proposed
            (months, STOPPED, Credit(1, D(2), D("2500.00")), "2.5 at 1000,"),
            (months, STOPPED, Credit(1, D(1), D("250.00")), "0.25 at 1000,"),
            (months, STOPPED, Credit(1, D(12), D("11999.00")), "11.999 at 1000,"),
            (thirds, STOPPED, Credit(1, D(1), D("50.00")), "1.50001500015 at 33.333,"),
            (goods, RETURNED, Credit(1, D(1), D("45.00")), "2 at 22.5,"),
        ]
        for original, reason, credit, proposed in rows:
            with self.subTest(credit=credit):
                lines = part(original, reason, [credit])
                self.assertEqual(-credit.quantity, lines[0].quantity)
                (problem,) = red_preflight(order(lines, reason, original), original, CAN_ALL)
                self.assertEqual(("red_line_price", "error"), (problem.code, problem.severity))
                self.assertIn("Reverse " + proposed, problem.fix % problem.values)
                self.assertIn("sales allowance", problem.fix)
                self.assertEqual([], found(order(part(original, ALLOWANCE, [credit]), ALLOWANCE, original), original))
        fitting = part(months, STOPPED, [Credit(1, D("2.5"), D("2500.00"))])
        self.assertEqual([], found(order(fitting, STOPPED, months), months))

    def test_after_an_allowance_the_price_is_still_that_of_the_original(self):
        later = replace(BLUE, reversed=part(BLUE, ALLOWANCE, [Credit(1, amount=D("9.00"))]))
        lines = part(later, RETURNED, [Credit(1, quantity=D(1))])
        self.assertEqual((D("22.5"), D("-22.50")), (lines[0].price, lines[0].amount))
        self.assertEqual([], found(order(lines, RETURNED, later), later))
        whole_line = part(later, RETURNED, [Credit(1)])
        self.assertEqual(["red_line_price"], found(order(whole_line, RETURNED, later), later))

    def test_a_line_credited_whole_in_other_units(self):
        lines = part(BLUE, RETURNED, [Credit(1, D(1), D("90.00"))])
        self.assertEqual((D("-4"), D("22.5")), (lines[0].quantity, lines[0].price))
        self.assertEqual([], found(order(lines, RETURNED)))

    def test_whether_units_are_taken(self):
        later = replace(BLUE, reversed=part(BLUE, ALLOWANCE, [Credit(1, amount=D("9.00"))]))
        rows = [
            (BLUE, Credit(1, D(1), D("22.50")), True),
            (BLUE, Credit(1, D(1), D("22.52")), False),
            (BLUE, Credit(1, D(1), D("90.00")), True),
            (BLUE, Credit(1, None, D("22.50")), False),
            (later, Credit(1, D(2), D("45.00")), True),
            (later, Credit(1, D(4), D("81.00")), False),
        ]
        for original, credit, expected in rows:
            with self.subTest(credit=credit, reversed=original.reversed):
                self.assertEqual(expected, takes_units(original, [credit]))

    def test_price_times_quantity_of_the_original_is_off(self):
        """As on fapiao of a tax control device: an amount alone."""
        for amount in ("100.02", "99.98", "133.00"):
            original = blue(line(amount, "13.00", "4", "25"), PLAIN)
            with self.subTest(amount=amount):
                self.assertIn("red_line_product", found(order(original=original), original))
                self.assertEqual([], found(order(reason=ALLOWANCE, original=original), original))
                lines = part(original, ALLOWANCE, [Credit(1, amount=D("50.00"), tax=D("6.50"))])
                self.assertEqual([], found(order(lines, ALLOWANCE, original), original))

    def test_the_name_stands_behind_the_second_star(self):
        cases = [
            ("*餐饮服务*套餐*大", "套餐*大", []),
            ("*餐饮服务*套餐", "*餐饮*套餐", []),
            ("*餐饮服务*电缆2*1.5", "1.5", ["red_line_differs"]),
            ("*餐饮服务*套餐*大", "大", ["red_line_differs"]),
        ]
        for printed, named, expected in cases:
            original = blue(line("100.00", "13.00", "4", "25", name=printed))
            with self.subTest(printed=printed, named=named):
                lines = [replace(one, name=named) for one in part(original, RETURNED, [Credit(1, quantity=D(1))])]
                self.assertEqual(expected, found(order(lines, RETURNED, original), original))

    def test_wrongly_issued_lines_are_identical(self):
        for change in ({"quantity": None, "price": None}, {"price": D("22.501")}, {"quantity": D("-3.9999")}):
            lines = (replace(ALL_LEFT[0], **change), ALL_LEFT[1])
            with self.subTest(change=change):
                self.assertIn("red_line_not_same", found(replace(order(), lines=lines)))

    def test_goods_without_a_quantity_return_as_a_whole(self):
        original = blue(line("100.00", "13.00"), line("50.00", "6.50"))
        one, other = fold(original.lines)
        self.assertEqual([], found(order([one], RETURNED, original), original))
        less = replace(one, amount=D("-50.00"), tax=D("-6.50"))
        self.assertEqual(["red_line_no_quantity"], found(order([less], RETURNED, original), original))
        invented = replace(other, quantity=D(-1), price=D(50))
        self.assertIn("red_line_exceeds", found(order([invented], RETURNED, original), original))

    def test_a_problem_names_the_line_of_origin(self):
        (problem,) = red_preflight(order([red_line(name="x")], RETURNED), BLUE, CAN_ALL)
        self.assertEqual("a", problem.line)


@settings(max_examples=150, deadline=None)
@given(BLUES, REASON_CODES)
def test_nothing_speaks_against_reversing_what_there_is(original, reason):
    if left(original) and all(one.amount for one in left(original)) and suits_kinds(reason, kinds_of(original.lines)):
        assert red_preflight(order(reason=reason, original=original), original, ()) == []


@settings(max_examples=200, deadline=None)
@given(st.data(), BLUES)
def test_an_allowance_of_whatever_size_passes_or_says_why(data, original):
    """The one thing that can stop it: a line of some fen whose tax the bureau accepted at its limit."""
    red = part(original, ALLOWANCE, data.draw(credits_of(original)))
    one = order(red, ALLOWANCE, original, is_full=totals(red) == totals(left(original)))
    problems = red_preflight(one, original, CAN_ALL)
    codes = {problem.code for problem in errors(problems)}
    assert codes <= {"red_lines_missing", "red_nothing_left", "red_line_tax", "red_line_sign"}
    for problem in problems:
        for text in (problem.message, problem.fix):
            assert set(PLACE.findall(text)) <= set(problem.values)
        assert str(problem)


def test_every_text_has_its_values():
    """Each problem of the tables above can be shown."""
    for one, original, check in [
        (replace(order([red_line(amount=Decimal(-99))], RETURNED), blue_number="x", total=D(1)), BLUE, None),
        (order(), replace(BLUE, color="red", reversed=whole(BLUE, WRONG)), RedCheck(False)),
        (order([red_line(price=D(1))], RETURNED), BLUE, RedCheck(True, type="x", lines=ALL_LEFT[:1])),
    ]:
        problems = red_preflight(one, original, (), check)
        assert problems
        assert all("%(" not in str(problem) for problem in problems)
