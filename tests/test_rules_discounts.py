"""The tax of a discount line, where a cloud allows it less than the bureau does."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.document import DISCOUNT, SPECIAL, Item
from ..rules.draft import build
from ..rules.limits import Limits
from ..rules.line_checks import check_discounts
from .test_rules_checks import CODE, LINE, THEM, US, Case, draft_of

D = Decimal
KINGDEE = Limits(discount_tax_tolerance=D("0.01"))
FIRST = replace(LINE, kind="discounted")
SECOND = replace(LINE, kind=DISCOUNT, amount=D("-10.00"), tax=D("-1.30"), quantity=None, price=None)
PROFILE = settings(max_examples=200, deadline=None)


def off_by(cents):
    return draft_of(FIRST, replace(SECOND, tax=D("-1.30") + D(cents) / 100))


class TestDiscounts(Case):
    def test_a_fen_is_allowed_two_are_not(self):
        for cents, expected in ((1, []), (-1, []), (2, ["discount_tax"]), (-2, ["discount_tax"])):
            with self.subTest(cents=cents):
                lines = off_by(cents).lines
                self.check(expected, *lines, limits=KINGDEE)
                self.check([], *lines)

    def test_what_the_bureau_refuses_is_told_once(self):
        self.check(["line_tax"], *off_by(7).lines, limits=KINGDEE)
        self.check(["discount_tax"], *off_by(6).lines, limits=KINGDEE)

    def test_other_lines_keep_the_bureaus_tolerance(self):
        self.check([], replace(LINE, tax=D("13.06")), limits=KINGDEE)
        self.check([], replace(FIRST, tax=D("13.06")), SECOND, limits=KINGDEE)

    def test_it_names_the_line_and_the_figures(self):
        (problem,) = check_discounts(off_by(2), KINGDEE)
        self.assertEqual(problem.line, "a")
        text = str(problem)
        for part in ("-1.28", "-1.30", "-10.00", "13%", "0.01"):
            self.assertIn(part, text)
        self.assertTrue(problem.fix)

    @PROFILE
    @given(
        st.lists(st.tuples(st.integers(2, 10**8), st.integers(1, 10**8)), min_size=1, max_size=6),
        st.sampled_from(["0.13", "0.09", "0.06", "0.03", "0.01"]),
        st.integers(-3, 3),
    )
    def test_what_is_built_always_passes(self, pairs, rate, drift):
        """A discount line made here is exact to its rate; its line bears what the ledger rounds apart."""
        rate = D(rate)
        items = [
            Item(
                str(place),
                "票单云",
                CODE,
                D(fen) / 100,
                (D(fen) / 100 * rate).quantize(D("0.01")),
                rate,
                discount=D(less) / 100,
                short_name="软件",
            )
            for place, (fen, less) in enumerate(pairs)
        ]
        amount = sum(item.amount for item in items)
        tax = sum(item.tax for item in items) + D(drift) / 100
        draft, _problems = build(items, US, THEM, SPECIAL, amount, tax, drawer="王五")
        if draft is not None:
            self.assertTrue(any(line.kind == DISCOUNT for line in draft.lines))
            self.assertFalse(list(check_discounts(draft, KINGDEE)))
