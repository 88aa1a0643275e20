"""One fapiao-to-be cut into several: to the fen, within every limit, and accounted for line by line."""

import unittest
from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ..rules.checks import preflight
from ..rules.document import DISCOUNT, EXEMPT, NORMAL, NOT_TAXABLE, ORDINARY, Item, Party
from ..rules.draft import DIFFERENTIAL_NET, build
from ..rules.limits import Limits
from ..rules.problems import errors
from ..rules.shares import Share, allot, next_part, uncovered
from ..rules.shares import part as part_of
from ..rules.split import MOST_PARTS, split

D = Decimal
CODE = "1060301020100000000"
SELLER = Party("北京民诺科技有限公司", "91110000600037341L")
BUYER = Party("上海某某科技有限公司", "91310115332701234H")


def item(key, amount, tax=None, rate="0.13", **values):
    amount, rate = D(amount), D(rate)
    tax = (amount * rate).quantize(D("0.01")) if tax is None else D(tax)
    return Item(key=key, name=f"商品{key}", short_name="软件", code=CODE, amount=amount, tax=tax, rate=rate, **values)


def draft_of(*items, **values):
    amount = sum((entry.amount for entry in items), D("0.00"))
    tax = sum((entry.tax for entry in items), D("0.00"))
    draft, problems = build(list(items), SELLER, BUYER, ORDINARY, amount, tax, drawer="开票员", **values)
    assert draft is not None, [str(problem) for problem in problems]
    return draft


def most(amount=None, **values):
    return Limits(amount_limit=amount if amount is None else D(amount), **values)


def keys(draft):
    return [line.keys[0] for line in draft.lines if line.kind != DISCOUNT]


class TestSplit(unittest.TestCase):
    def split(self, draft, limits):
        parts, problems = split(draft, limits)
        self.assertEqual([], problems)
        check(self, draft, parts, limits)
        return parts

    def test_what_may_stand_is_left_alone(self):
        draft = draft_of(item("a", "100"))
        self.assertEqual([draft], self.split(draft, most("100")))
        self.assertEqual([draft], self.split(draft, most()))

    def test_lines_are_laid_where_there_is_room(self):
        draft = draft_of(item("a", "60"), item("b", "70"), item("c", "30"), item("d", "40"))
        self.assertEqual([["a", "c"], ["b"], ["d"]], [keys(part) for part in self.split(draft, most("100"))])

    def test_line_too_large_is_cut_by_whole_units(self):
        draft = draft_of(item("a", "2500", quantity=D(25), unit="个"), item("b", "500"))
        parts = self.split(draft, most("1000"))
        self.assertEqual([["a"], ["a"], ["a", "b"]], [keys(part) for part in parts])
        self.assertEqual([10, 10, 5], [part.lines[0].quantity for part in parts])
        self.assertEqual({D(100)}, {part.lines[0].price for part in parts})
        self.assertEqual([NORMAL] * 3, [part.lines[0].kind for part in parts])

    def test_unit_dearer_than_the_limit_is_cut_in_fractions(self):
        parts = self.split(draft_of(item("a", "250000", quantity=D(1), unit="套")), most("100000"))
        self.assertEqual([D("0.4"), D("0.4"), D("0.2")], [part.lines[0].quantity for part in parts])
        self.assertEqual([D(100000), D(100000), D(50000)], [part.amount for part in parts])

    def test_line_without_quantity_is_cut_by_amount(self):
        parts = self.split(draft_of(item("a", "250.05")), most("100"))
        self.assertEqual([D("100"), D("100"), D("50.05")], [part.amount for part in parts])
        self.assertEqual({None}, {part.lines[0].quantity for part in parts})

    def test_discount_stays_with_its_line(self):
        draft = draft_of(item("a", "900", quantity=D(10), discount=D("100.00")), item("b", "50"))
        parts = self.split(draft, most("500"))
        self.assertEqual([D(500), D(450)], [part.amount for part in parts])
        self.assertEqual([["a", "b"], ["a"]], [keys(part) for part in parts])
        self.assertEqual(D("-50"), parts[0].lines[1].amount)
        self.assertEqual(D("5"), parts[0].lines[0].quantity)

    def test_line_limit_counts_discounts(self):
        draft = draft_of(*(item(str(n), "90", discount=D("10.00")) for n in range(5)))
        parts = self.split(draft, most(max_lines=5))
        self.assertEqual([4, 4, 2], [len(part.lines) for part in parts])

    def test_beyond_the_line_limit_the_recommended_number_is_kept(self):
        draft = draft_of(*(item(str(n), "1") for n in range(7)))
        parts = self.split(draft, most(max_lines=6, many_lines=3))
        self.assertEqual([3, 3, 1], [len(part.lines) for part in parts])

    def test_not_taxable_has_a_fapiao_of_its_own(self):
        free = {"rate": "0", "tax": "0", "policy": "不征税"}
        draft = draft_of(
            item("a", "10"),
            item("b", "20", zero_kind=NOT_TAXABLE, **free),
            item("c", "30", rate="0", tax="0", zero_kind=EXEMPT),
            item("d", "40", zero_kind=NOT_TAXABLE, **free),
        )
        self.assertEqual([["a", "c"], ["b", "d"]], [keys(part) for part in self.split(draft, most())])

    def test_gift_stays_with_a_line(self):
        gift = item("g", "0", "0", quantity=D(2), discount=D("100.00"))
        for order, homes in (("gab", [["g", "a"], ["b"]]), ("agb", [["a", "g"], ["b"]]), ("abg", [["a"], ["b", "g"]])):
            entries = {"a": item("a", "60"), "b": item("b", "70"), "g": gift}
            draft = draft_of(*(entries[key] for key in order))
            self.assertEqual(homes, [keys(part) for part in self.split(draft, most("100"))])
            parts, _problems = split(draft, most(max_lines=2, many_lines=2))
            self.assertTrue(all(part.amount > 0 for part in parts))
            items = [entries[key] for key in order]
            shares = allot(items, [part.lines for part in self.split(draft, most("100"))])
            self.assertEqual(2, sum(share.quantity for part in shares for share in part if share.item is gift))

    def test_what_is_collected_along_stays_beside_the_taxed(self):
        fund = {"rate": "0", "tax": "0", "zero_kind": NOT_TAXABLE}
        items = [item("a", "1000"), replace(item("b", "50", **fund), code="6130000000000000000")]
        self.assertEqual([["a", "b"]], [keys(part) for part in self.split(draft_of(*items), most())])
        items.append(item("c", "20", **fund))
        self.assertEqual([["a", "b"], ["c"]], [keys(part) for part in self.split(draft_of(*items), most())])

    def test_what_cannot_be_done_is_said(self):
        draft = draft_of(item("a", "250", quantity=D(1)))
        for limits, code in (
            (most("0.50"), "split_limit"),
            (most("0"), "split_limit"),
            (most("-1"), "split_limit"),
        ):
            with self.subTest(code):
                parts, problems = split(draft, limits)
                self.assertIsNone(parts)
                self.assertEqual([code], [problem.code for problem in errors(problems)])
        parts, problems = split(draft_of(item("a", MOST_PARTS + 1)), most("1"))
        self.assertEqual((None, ["split_too_many"]), (parts, [problem.code for problem in problems]))

    def test_differential_cannot_be_split(self):
        draft = replace(draft_of(item("a", "250")), levy=DIFFERENTIAL_NET, deduction=D("10.00"))
        parts, problems = split(draft, most("100"))
        self.assertEqual((None, ["split_differential"]), (parts, [problem.code for problem in problems]))

    def test_smallest_unit_at_the_very_limit(self):
        parts = self.split(draft_of(item("a", "300", quantity=D(3))), most("100"))
        self.assertEqual([1, 1, 1], [part.lines[0].quantity for part in parts])


def check(case, draft, parts, limits):
    """Assert what holds for every split."""
    for name in ("amount", "tax", "total"):
        case.assertEqual(getattr(draft, name), sum(getattr(part, name) for part in parts), name)
    order = {key: place for place, key in enumerate(keys(draft))}
    for part in parts:
        case.assertTrue(part.lines)
        found = [problem for problem in errors(preflight(part, limits)) if problem.code != "tax_drift"]
        case.assertEqual([], [str(problem) for problem in found])
        case.assertLessEqual(len(part.lines), limits.max_lines)
        if limits.amount_limit is not None:
            case.assertLessEqual(part.amount, limits.amount_limit)
        places = [order[key] for key in keys(part)]
        case.assertEqual(sorted(places), places)
    for key in order:
        lines = [line for line in draft.lines if line.kind != DISCOUNT and line.keys[0] == key]
        cut = [line for part in parts for line in part.lines if line.kind != DISCOUNT and line.keys[0] == key]
        if all(line.quantity for line in cut):
            case.assertEqual(lines[0].quantity or 0, sum(line.quantity for line in cut))


RATES = ("0.13", "0.09", "0.06", "0.03", "0.01")
money = st.integers(1, 10**7).map(lambda fen: D(fen).scaleb(-2))
quantities = st.none() | st.integers(1, 400).map(D) | st.integers(1, 10**5).map(lambda n: D(n).scaleb(-2))


@st.composite
def ledger(draw):
    """Items of an invoice: some with discounts, some negative, the tax some cents off."""
    items = []
    for number in range(draw(st.integers(1, 6))):
        amount, rate = draw(money), draw(st.sampled_from(RATES))
        tax = (amount * D(rate)).quantize(D("0.01")) + D(draw(st.integers(-3, 3))).scaleb(-2)
        items.append(
            item(
                f"p{number}",
                amount,
                max(tax, D("0.00")),
                rate,
                quantity=draw(quantities),
                discount=draw(st.just(D("0.00")) | money.map(lambda value: value / 10)).quantize(D("0.01")),
            )
        )
    for number in range(draw(st.integers(0, 3))):
        target = items[draw(st.integers(0, len(items) - 1))]
        share = (target.amount * draw(st.integers(1, 20)) / 100).quantize(D("0.01"))
        if target.amount > 0 and share:
            items.append(item(f"n{number}", -share, rate=str(target.rate), quantity=D(1)))
    return items


def try_draft(items):
    totals = [sum((getattr(entry, name) for entry in items), D("0.00")) for name in ("amount", "tax")]
    draft, _problems = build(items, SELLER, BUYER, ORDINARY, *totals, drawer="开票员")
    assume(draft is not None and not errors(preflight(draft)))
    return draft


class TestAnything(unittest.TestCase):
    @settings(max_examples=200, deadline=None)
    @given(ledger(), st.integers(1, 40), st.sampled_from((2, 3, 5000)))
    def test_split_is_exact(self, items, count, max_lines):
        draft = try_draft(items)
        limits = most(max((draft.amount / count).quantize(D("0.01")), D(1)), max_lines=max_lines)
        parts, problems = split(draft, limits)
        self.assertEqual([], [str(problem) for problem in problems])
        check(self, draft, parts, limits)
        self.assertEqual(parts, split(draft, limits)[0])

    @settings(max_examples=200, deadline=None)
    @given(ledger(), st.integers(1, 20))
    def test_shares_add_up_both_ways(self, items, count):
        gift = item("gift", "0", quantity=D(1))
        draft = try_draft(items)
        parts, _problems = split(draft, most(max((draft.amount / count).quantize(D("0.01")), D(1))))
        assume(parts)
        shares = allot([*items, gift], [part.lines for part in parts])
        for part, of_part in zip(parts, shares, strict=True):
            self.assertEqual(part.amount, sum((share.amount for share in of_part), D(0)))
            self.assertEqual(part.tax, sum((share.tax for share in of_part), D(0)))
            self.assertEqual(len(of_part), len({share.item.key for share in of_part}))
        for entry in [*items, gift]:
            own = [share for of_part in shares for share in of_part if share.item.key == entry.key]
            self.assertTrue(own)
            for name in ("amount", "tax", "quantity"):
                total = sum((getattr(share, name) for share in own), D(0))
                self.assertEqual(getattr(entry, name) or 0, total, f"{name} of {entry.key}")
        self.check_parts_can_be_issued_anew([*items, gift], parts, shares)

    def check_parts_can_be_issued_anew(self, items, parts, shares):
        """What the others don't cover is a fapiao of the very totals of the part that fell away."""
        for number, part in enumerate(parts):
            covered = {}
            for other, of_part in enumerate(shares):
                for share in of_part if other != number else ():
                    amount, tax, quantity = covered.get(share.item.key, (D(0), D(0), D(0)))
                    covered[share.item.key] = (
                        amount + share.amount,
                        tax + share.tax,
                        quantity + share.quantity,
                    )
            rest = uncovered(items, covered)
            self.assertEqual(part.amount, sum(entry.amount for entry in rest))
            self.assertEqual(part.tax, sum(entry.tax for entry in rest))


class TestShares(unittest.TestCase):
    def test_one_part_takes_all(self):
        items = [item("a", "100", quantity=D(2)), item("n", "-10")]
        (shares,) = allot(items, [draft_of(*items).lines])
        self.assertEqual([Share(items[0], D(100), D(13), D(2)), Share(items[1], D(-10), D("-1.30"), D(0))], shares)

    def test_deduction_goes_with_the_lines_it_has_reduced(self):
        items = [item("a", "100"), item("b", "200"), item("n", "-30", quantity=D(1))]
        parts, _problems = split(draft_of(*items), most("180"))
        shares = allot(items, [part.lines for part in parts])
        self.assertEqual(
            [[("a", 100), ("n", -10)], [("b", 200), ("n", -20)]],
            [[(share.item.key, share.amount) for share in of_part] for of_part in shares],
        )
        self.assertEqual([D("0.333333"), D("0.666667")], [of_part[1].quantity for of_part in shares])

    def test_what_is_left_keeps_its_discount(self):
        (rest,) = uncovered([item("a", "900", quantity=D(10), discount=D("100.00"))], {"a": (D(450), D("58.50"), D(5))})
        self.assertEqual((450, D("58.50"), 5, 50), (rest.amount, rest.tax, rest.quantity, rest.discount))

    def test_what_is_covered_is_gone_gifts_included(self):
        items = [item("a", "100"), item("gift", "0")]
        covered = {"a": (D(100), D(13), D(0)), "gift": (D(0), D(0), D(1))}
        self.assertEqual([], uncovered(items, covered))
        self.assertEqual(items, uncovered(items, {}))


class TestOrderShares(unittest.TestCase):
    """Shares of an order's line: no fen is lost, whatever the order of parts."""

    def test_parts_add_up(self):
        for total in map(D, ("100.00", "0.01", "-33.34", "99999999.99")):
            parts = [part_of(total, D(7), D(place), D(1)) for place in range(7)]
            self.assertEqual(sum(parts), total)

    def test_last_part_takes_what_is_left(self):
        """The middle part was reversed and is taken last: 33.33 + 33.34 are out already."""
        taken = D("66.68")
        last = next_part(D("100.00"), D(3), D(2), D(1), taken, 2)
        self.assertEqual(last, D("33.32"))

    def test_change_of_price_is_no_rounding(self):
        last = next_part(D(1200), D(10), D(4), D(6), D(400), 1)
        self.assertEqual(last, D(720))
