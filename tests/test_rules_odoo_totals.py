"""Whatever Odoo posts, the fapiao comes to the same totals or a named problem says why not.

Odoo's arithmetic is modelled here in Decimal, after ``_round_base_lines_tax_details`` in
``addons/account/models/account_tax.py`` (19.0): prices with and without tax, line discounts, negative
lines, tax rounded per line or globally.
"""

import unittest
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules import amounts
from ..rules.checks import preflight
from ..rules.document import DISCOUNT, DISCOUNTED, EXEMPT, SPECIAL, Item, Party
from ..rules.draft import build
from ..rules.problems import errors

SOFTWARE = "1060301020100000000"
SELLER = Party("北京民诺科技有限公司", "91110000600037341L")
BUYER = Party("上海某某科技有限公司", "91310115332701234H")
RATES = [Decimal(rate) for rate in ("0.13", "0.09", "0.06", "0.03", "0.01", "0")]

# What may keep an invoice of sane lines from becoming a fapiao: only that there is nothing on it.
EMPTY = {"nothing_to_issue", "total_not_positive"}


@dataclass(frozen=True)
class Posted:
    """A line as it is typed into Odoo."""

    price: Decimal
    quantity: Decimal
    discount: Decimal  # percent
    rate: Decimal
    included: bool


@dataclass
class Computed:
    """A line with what Odoo makes of it."""

    posted: Posted
    raw_base: Decimal
    raw_tax: Decimal
    base: Decimal
    tax: Decimal
    list_base: Decimal


def compute(lines, globally):
    """Return Odoo's ``(computed lines, amount_untaxed, amount_tax)``."""
    computed = [_compute_line(line, globally) for line in lines]
    # Without the deltas below, what is left is price_subtotal and price_total - price_subtotal.
    subtotals = [(line.base, line.tax) for line in computed]
    by_tax = defaultdict(list)
    for line in computed:
        by_tax[line.posted.rate, line.posted.included].append(line)
    for group in by_tax.values():
        delta = amounts.round2(_sum(line.raw_tax for line in group)) - _sum(line.tax for line in group)
        for line, share in zip(group, _distribute(delta, [line.raw_tax for line in group]), strict=True):
            line.tax += share
    if any(not line.posted.included for line in computed):
        delta = amounts.round2(_sum(line.raw_base for line in computed))
        delta -= _sum(line.base for line in computed)
        factors = [line.raw_base for line in computed]
    else:
        delta = amounts.round2(_sum(line.raw_base + line.raw_tax for line in computed))
        delta -= _sum(line.base + line.tax for line in computed)
        factors = [line.raw_base + line.raw_tax for line in computed]
    for line, share in zip(computed, _distribute(delta, factors), strict=True):
        line.base += share
    return computed, subtotals, _sum(line.base for line in computed), _sum(line.tax for line in computed)


def _compute_line(line, globally):
    raw, tax = _base_and_tax(line, line.price * (1 - line.discount / 100) * line.quantity, globally)
    list_base, _list_tax = _base_and_tax(line, line.price * line.quantity, globally)
    return Computed(line, raw, tax, amounts.round2(raw), amounts.round2(tax), amounts.round2(list_base))


def _base_and_tax(line, raw, globally):
    rounded = (lambda value: value) if globally else amounts.round2
    raw = rounded(raw)
    if line.included:
        tax = rounded(raw / (1 + line.rate) * line.rate)
        return raw - tax, tax
    return raw, rounded(raw * line.rate)


def _distribute(delta, factors):
    """``_distribute_delta_amount_smoothly``: by size first, the remaining cents from the largest on."""
    shares = [amounts.ZERO] * len(factors)
    cents = int(abs(delta) * 100)
    step = amounts.CENT if delta > 0 else -amounts.CENT
    order = sorted(range(len(factors)), key=lambda index: -abs(factors[index]))
    whole = _sum(abs(factor) for factor in factors)
    rest = cents
    for index in order:
        part = abs(factors[index]) / whole if whole else Decimal(1) / len(factors)
        taken = min(int((part * cents).quantize(Decimal(1), ROUND_HALF_EVEN)), rest)
        shares[index] += taken * step
        rest -= taken
    for index in order[:rest]:
        shares[index] += step
    return shares


def _sum(values):
    return sum(values, amounts.ZERO)


def to_items(computed, subtotals, distributed):
    """Return items with Odoo's distributed amounts, or with each line's own price_subtotal."""
    items = []
    for number, (line, (subtotal, subtax)) in enumerate(zip(computed, subtotals, strict=True)):
        amount, tax = (line.base, line.tax) if distributed else (subtotal, subtax)
        rate = line.posted.rate
        items.append(
            Item(
                key=str(number),
                name=f"商品{number}",
                short_name="软件",
                code=SOFTWARE,
                amount=amount,
                tax=tax,
                rate=rate,
                quantity=line.posted.quantity,
                discount=max(line.list_base - amount, amounts.ZERO) if line.posted.discount else amounts.ZERO,
                zero_kind="" if rate else EXEMPT,
                policy="简易征收" if rate == Decimal("0.03") else "",
                unit="个",
            )
        )
    return items


def decimals(low, high, places):
    scale = 10**places
    return st.integers(int(low * scale), int(high * scale)).map(lambda units: Decimal(units) / scale)


def posted_lines(price, quantity, discount, rate=st.sampled_from(RATES)):  # noqa: B008
    return st.builds(Posted, price, quantity, discount, rate, st.booleans())


SANE_LINE = posted_lines(decimals(1, 20000, 2), decimals(1, 500, 2), st.one_of(st.just(Decimal(0)), decimals(0, 90, 2)))
WILD_LINE = posted_lines(
    st.one_of(decimals(-50, 50, 4), decimals(-1000000, 1000000, 2)),
    st.one_of(decimals(-10, 10, 3), st.integers(-5, 5).map(Decimal)),
    decimals(0, 100, 2),
)
FLAGS = {"globally": st.booleans(), "distributed": st.booleans()}
PROFILE = settings(max_examples=250, derandomize=True, deadline=None)


class Common(unittest.TestCase):
    def draft_of(self, lines, globally, distributed, fapiao_type="ordinary"):
        """Return draft, all problems and the invoice's totals; checks what must hold for every draft."""
        computed, subtotals, untaxed, tax = compute(lines, globally)
        items = to_items(computed, subtotals, distributed)
        draft, problems = build(items, SELLER, BUYER, fapiao_type, untaxed, tax, drawer="王五")
        self.assertEqual(draft is None, bool(errors(problems)))
        for problem in problems:
            self.assertTrue(problem.code)
            self.assertNotIn("%(", str(problem))
        if draft is not None:
            self.assertEqual((draft.amount, draft.tax, draft.total), (untaxed, tax, untaxed + tax))
            self.check_lines(draft)
            problems = problems + preflight(draft)
        return draft, problems

    def check_lines(self, draft):
        self.assertEqual(_sum(line.amount for line in draft.lines), draft.amount)
        self.assertEqual(_sum(line.tax for line in draft.lines), draft.tax)
        before = None
        for line in draft.lines:
            self.assertLessEqual(abs(line.amount * line.rate - line.tax), amounts.LINE_TAX_TOLERANCE)
            self.assertEqual(line.amount, amounts.round2(line.amount))
            if line.price is not None:
                self.assertLessEqual(abs(line.price * line.quantity - line.amount), Decimal("0.005"))
            if line.kind == DISCOUNT:
                self.check_pair(before, line)
            else:
                self.assertGreater(line.amount, 0)
                self.assertGreaterEqual(line.tax, 0)
            self.assertFalse(before is not None and before.kind == DISCOUNTED and line.kind != DISCOUNT)
            before = line
        self.assertNotEqual(before.kind, DISCOUNTED)

    def check_pair(self, line, discount):
        self.assertEqual(line.kind, DISCOUNTED)
        self.assertEqual((line.name, line.rate, line.code), (discount.name, discount.rate, discount.code))
        self.assertFalse(discount.spec or discount.unit or discount.quantity or discount.price)
        self.assertLess(discount.amount, 0)
        self.assertGreater(line.amount + discount.amount, 0)
        self.assertGreaterEqual(line.tax + discount.tax, 0)
        # Kingdee allows the discount line itself only one fen.
        self.assertLessEqual(abs(discount.amount * discount.rate - discount.tax), amounts.CENT)


class TestSaneInvoices(Common):
    """Invoices as people write them: no error may come."""

    @PROFILE
    @given(lines=st.lists(SANE_LINE, min_size=1, max_size=50), **FLAGS)
    def test_line_discounts(self, lines, globally, distributed):
        draft, problems = self.draft_of(lines, globally, distributed)
        self.assertIsNotNone(draft)
        self.assertEqual([], errors(problems))

    @PROFILE
    @given(
        lines=st.lists(SANE_LINE, min_size=1, max_size=30),
        percent=decimals(1, 99, 1),
        **FLAGS,
    )
    def test_global_discount_or_down_payment(self, lines, percent, globally, distributed):
        """As the discount wizard and the down payment do it: one negative line per tax."""
        lines = lines + self.deductions(lines, percent)
        draft, problems = self.draft_of(lines, globally, distributed)
        self.assertIsNotNone(draft)
        self.assertEqual([], errors(problems))

    def deductions(self, lines, percent):
        totals = defaultdict(lambda: Decimal(0))
        for line in lines:
            totals[line.rate, line.included] += line.price * line.quantity * (1 - line.discount / 100)
        return [
            Posted(-amounts.round2(total * percent / 100), Decimal(1), Decimal(0), rate, included)
            for (rate, included), total in totals.items()
            if amounts.round2(total * percent / 100)
        ]

    @PROFILE
    @given(
        lines=st.lists(SANE_LINE, min_size=1, max_size=6),
        others=st.lists(SANE_LINE, min_size=1, max_size=3),
        **FLAGS,
    )
    def test_one_rate_fully_deducted(self, lines, others, globally, distributed):
        """A final invoice whose down payment covers some lines entirely issues the others."""
        paid = [Posted(*self.values(line, Decimal("0.09"))) for line in lines]
        open_ = [Posted(*self.values(line, Decimal("0.13"))) for line in others]
        deducted = [Posted(-line.price, line.quantity, line.discount, line.rate, line.included) for line in paid]
        draft, problems = self.draft_of(paid + open_ + deducted, globally, distributed)
        self.assertIsNotNone(draft)
        self.assertEqual([], errors(problems))
        # Odoo may leave a fen of rounding on the deducted lines, which then still belongs to them.
        left = _sum(line.amount for line in draft.lines if line.rate != Decimal("0.13"))
        self.assertLessEqual(left, len(lines) * 2 * amounts.CENT)

    def values(self, line, rate):
        return line.price, line.quantity, line.discount, rate, line.included

    @PROFILE
    @given(lines=st.lists(SANE_LINE, min_size=1, max_size=10), **FLAGS)
    def test_special_fapiao(self, lines, globally, distributed):
        taxed = [line for line in lines if line.rate]
        if taxed:
            draft, problems = self.draft_of(taxed, globally, distributed, SPECIAL)
            self.assertIsNotNone(draft)
            self.assertEqual([], errors(problems))

    @settings(max_examples=3, derandomize=True, deadline=None)
    @given(line=SANE_LINE, **FLAGS)
    def test_many_lines(self, line, globally, distributed):
        """2,000 lines whose rounding adds up to yuan are still one fapiao."""
        cents = [Decimal(number % 97) / 100 for number in range(2000)]
        lines = [Posted(line.price + cent, line.quantity, Decimal(0), Decimal("0.13"), line.included) for cent in cents]
        draft, problems = self.draft_of(lines, globally, distributed)
        self.assertIsNotNone(draft)
        self.assertEqual([], errors(problems))


class TestWildInvoices(Common):
    """Anything Odoo lets one post: a correct draft, or an error with a name."""

    @settings(PROFILE, max_examples=600)
    @given(lines=st.lists(WILD_LINE, min_size=1, max_size=20), **FLAGS)
    def test_totals_or_a_problem(self, lines, globally, distributed):
        draft, problems = self.draft_of(lines, globally, distributed)
        known = EMPTY | {"negative_exceeds", "amounts_differ", "tax_differs"}
        found = {problem.code for problem in errors(problems)}
        self.assertLessEqual(found, known)
        if draft is None:
            self.assertTrue(found)
        else:
            self.assertFalse(found)

    @settings(PROFILE, max_examples=200)
    @given(lines=st.lists(WILD_LINE, min_size=1, max_size=20), globally=st.booleans())
    def test_positive_lines_never_fail(self, lines, globally):
        """Without negative lines only an empty invoice is refused, however odd prices and quantities are."""
        lines = [Posted(abs(line.price), abs(line.quantity), line.discount, line.rate, line.included) for line in lines]
        _draft, problems = self.draft_of(lines, globally, True)
        self.assertLessEqual({problem.code for problem in errors(problems)}, EMPTY)
