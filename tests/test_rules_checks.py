"""Every check before sending, one by one, and what build() itself refuses."""

import re
import unittest
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.checks import SELLER, check_parties, check_party, preflight
from ..rules.codes import Law
from ..rules.document import (
    DISCOUNT,
    DISCOUNTED,
    EXEMPT,
    NORMAL,
    NOT_TAXABLE,
    ORDINARY,
    PLAIN_ZERO,
    SPECIAL,
    Draft,
    Item,
    Line,
    Party,
    from_plain,
    to_plain,
)
from ..rules.draft import build
from ..rules.limits import Limits
from ..rules.line_checks import check_discounts

D = Decimal
CODE = "1060301020100000000"
US = Party("北京民诺科技有限公司", "91110000600037341L", bank="工商银行", bank_account="0200")
THEM = Party("上海某某科技有限公司", "110108123456789")
PERSON = Party("张三", is_person=True)
LINE = Line("*软件*票单云", CODE, D("100.00"), D("13.00"), D("0.13"), D(2), D(50), keys=("a",), kind=NORMAL)
FIRST = replace(LINE, kind=DISCOUNTED)
SECOND = replace(LINE, kind=DISCOUNT, amount=D("-10.00"), tax=D("-1.30"), quantity=None, price=None)
KINGDEE = Limits(discount_tax_tolerance=D("0.01"))


def item(key="a", amount="100.00", tax="13.00", rate="0.13", **values):
    return Item(key, "票单云", CODE, D(amount), D(tax), D(rate), short_name="软件", **values)


def draft_of(*lines, **values):
    amount = sum((line.amount for line in lines), D("0.00"))
    tax = sum((line.tax for line in lines), D("0.00"))
    fields = {"type": SPECIAL, "seller": US, "buyer": THEM, "drawer": "王五", **values}
    return Draft(lines=lines, **{"amount": amount, "tax": tax, "total": amount + tax, **fields})


def found(problems):
    """Return the problems as ``code`` for errors and ``code?`` for warnings."""
    return [problem.code + ("?" if problem.severity == "warning" else "") for problem in problems]


class Case(unittest.TestCase):
    def check(self, expected, *lines, limits=None, **values):
        problems = preflight(draft_of(*(lines or (LINE,)), **values), limits or Limits())
        self.assertEqual(expected, found(problems))
        for problem in problems:
            text = str(problem)
            self.assertNotIn("%", re.sub(r"\d%", "", text))
            self.assertTrue(problem.fix)


class TestParties(Case):
    def test_all_is_well(self):
        self.check([])

    def test_buyer_on_special(self):
        self.check(["buyer_tax_no_missing"], buyer=replace(THEM, tax_no=""))
        self.check(["tax_no_malformed"], buyer=replace(THEM, tax_no="1234"))
        self.check(["tax_no_doubtful?"], buyer=replace(THEM, tax_no="91110000600037342L"))
        self.check(["name_missing"], buyer=replace(THEM, name=" "))
        self.check(["person_special", "buyer_tax_no_missing"][::-1], buyer=PERSON)

    def test_buyer_on_ordinary(self):
        self.check([], type=ORDINARY, buyer=PERSON)
        self.check(["buyer_tax_no_absent?"], type=ORDINARY, buyer=replace(THEM, tax_no=""))
        self.check(["tax_no_malformed"], type=ORDINARY, buyer=replace(THEM, tax_no="1234"))

    def test_natural_persons(self):
        for name, tax_no, expected in (
            ("张", "", ["person_name_short"]),
            ("张三", "92310115MA1HXXXX0Q", ["tax_no_doubtful?", "person_sole_trader"]),
            ("张三商行", "", ["person_business_name?"]),
            ("张三", "11010519491231002X", []),
        ):
            with self.subTest(name=name, tax_no=tax_no):
                self.check(expected, type=ORDINARY, buyer=Party(name, tax_no, is_person=True))

    def test_seller(self):
        self.check(["seller_tax_no_missing"], seller=replace(US, tax_no=""))
        self.check(["tax_no_malformed"], seller=replace(US, tax_no="X"))

    def test_seller_whom_a_cloud_wants_to_know_better(self):
        strict = Limits(seller_contact_required=True)
        self.check([], seller=replace(US, phone="010-1", bank="", bank_account=""))
        self.check([], seller=replace(US, phone="010-1"), limits=strict)
        self.check(["seller_address_missing"], limits=strict)
        bare = replace(US, address="北京", bank="", bank_account=" ")
        self.check(["seller_bank_missing"], seller=bare, limits=strict)
        self.assertEqual([], found(check_parties(bare, THEM, SPECIAL)))

    def test_seller_is_buyer(self):
        self.check(["same_party"], buyer=replace(THEM, tax_no=" 91110000600037341l"))
        self.check(["same_party"], buyer=replace(THEM, name=US.name))

    def test_half_a_bank(self):
        self.check(["bank_half?"], buyer=replace(THEM, bank="工商银行"))

    def test_long_names_are_not_cut(self):
        self.check([], buyer=replace(THEM, name="长" * 300))
        self.check(["name_too_long"], buyer=replace(THEM, name="长" * 301))

    def test_alone_for_a_form(self):
        self.assertEqual([], found(check_party(THEM)))
        self.assertEqual(["buyer_tax_no_absent?"], found(check_party(replace(THEM, tax_no=""))))
        self.assertEqual(["seller_tax_no_missing"], found(check_party(replace(US, tax_no=""), SELLER)))


class TestTheWhole(Case):
    def test_type(self):
        self.check(["type_unknown"], type="")

    def test_totals(self):
        self.check(["totals_differ"], total=D("113.01"))
        self.check(["totals_differ"], amount=D("100.01"), total=D("113.01"))
        self.check(["total_not_positive"], amount=D("0.00"), total=D("13.00"))

    def test_no_lines(self):
        problems = preflight(replace(draft_of(LINE), lines=()))
        self.assertEqual(["total_not_positive"], found(problems))

    def test_tax_drift(self):
        off = replace(LINE, tax=D("13.05"))
        self.check([], *[off] * 25)
        self.check(["tax_drift"], *[off] * 26)
        self.check(["tax_drift?"], *[off, replace(LINE, tax=D("12.95"))] * 13)

    def test_money_limits(self):
        self.check([], limits=Limits(amount_limit=D("100.00"), credit_left=D("100.00")))
        self.check(["amount_limit"], limits=Limits(amount_limit=D("99.99")))
        self.check(["credit_low"], limits=Limits(credit_left=D("99.99")))

    def test_line_count(self):
        self.check([], *[LINE] * 3, limits=Limits(many_lines=3))
        self.check(["many_lines?"], *[LINE] * 4, limits=Limits(many_lines=3))
        self.check(["too_many_lines"], *[LINE] * 6, limits=Limits(many_lines=3, max_lines=5))
        self.assertEqual((5000, 2000), (Limits().max_lines, Limits().many_lines))

    def test_remark_and_drawer(self):
        self.check([], remark="备" * 255, limits=Limits(remark_length=255))
        self.check(["remark_too_long"], remark="备" * 256, limits=Limits(remark_length=255))
        self.check(["drawer_missing"], drawer=" ")

    def test_small_scale(self):
        line = replace(LINE, rate=D("0.03"), tax=D("3.00"))
        self.check(["privilege_missing"], line)
        self.check(["small_scale_reason_missing"], line, limits=Limits(small_scale=True))
        self.check([], line, small_scale_reason="3", limits=Limits(small_scale=True))
        self.check(["small_scale_reason_unknown"], line, small_scale_reason="1")
        self.check(["small_scale_rate"], limits=Limits(small_scale=True))
        problem = preflight(draft_of(LINE), Limits(small_scale=True))[0]
        self.assertEqual(problem.line, "a", "it is mended on the tax of that line")
        one = replace(LINE, rate=D("0.010"), tax=D("1.00"))
        self.check([], one, limits=Limits(small_scale=True))

    def test_levy(self):
        self.check(["levy_unknown"], levy="9")
        self.check(["deduction_needless"], deduction=D("1.00"))
        self.check(["deduction_missing"], levy="2")
        self.check([], levy="2", deduction=D("0.00"))
        self.check([], deduction=D("0.00"))
        self.check(["deduction_missing"], levy="3")
        self.check(["differential_lines"], LINE, LINE, levy="2", deduction=D("1.00"))
        self.check(["deduction_range"], levy="2", deduction=D("113.01"))
        self.check(["deduction_range"], levy="2", deduction=D("-0.01"))
        # 113 gross minus 56.5 leaves 56.5, of which 6.5 are tax.
        line = replace(LINE, amount=D("106.50"), tax=D("6.50"), price=None, quantity=None)
        self.check([], line, levy="3", deduction=D("56.50"))
        self.check(["line_tax"], line, levy="3", deduction=D("0.00"))


class TestLines(Case):
    def test_code(self):
        self.check(["code_missing"], replace(LINE, code=""))
        self.check(["code_malformed"], replace(LINE, code="106"))
        self.check(["code_summary"], replace(LINE, code="1" + "0" * 18))
        self.check(["code_summary"], limits=Limits(code_laws={CODE: Law(is_summary=True)}))

    def test_name(self):
        self.check(["item_name_missing"], replace(LINE, name=""))
        self.check(["item_name_too_long"], replace(LINE, name="长" * 101))
        self.check([], replace(LINE, name="长" * 101), limits=Limits(name_length=120))
        self.check(["short_name_missing"], replace(LINE, name="票单云"), limits=Limits(short_name_required=True))

    def test_rate(self):
        self.check(["rate_unknown"], replace(LINE, rate=D("0.07"), tax=D("7.00")))
        self.check(["rate_historic?"], replace(LINE, rate=D("0.16"), tax=D("16.00")))
        self.check(["zero_kind_missing"], replace(LINE, rate=D("0"), tax=D("0.00")))
        zero = replace(LINE, rate=D("0"), tax=D("0.00"), zero_kind=PLAIN_ZERO, policy="免税")
        self.check(["policy_on_zero"], zero, type=ORDINARY)
        self.check(["zero_kind_needless"], replace(LINE, zero_kind=PLAIN_ZERO), type=ORDINARY)

    def test_zero_rate_on_special(self):
        for kind, expected in (
            (EXEMPT, ["zero_on_special"]),
            (NOT_TAXABLE, ["zero_on_special"]),
            (PLAIN_ZERO, ["zero_on_special?"]),
        ):
            with self.subTest(kind):
                line = replace(LINE, rate=D("0"), tax=D("0.00"), zero_kind=kind)
                self.check(expected, line)
                self.check([], line, type=ORDINARY)

    def test_not_taxable_alone(self):
        line = replace(LINE, rate=D("0"), tax=D("0.00"), zero_kind=NOT_TAXABLE)
        self.check(["not_taxable_mixed"], line, LINE, type=ORDINARY)
        self.check(["not_taxable_mixed"], line, replace(line, zero_kind=EXEMPT), type=ORDINARY)
        self.check([], line, line, type=ORDINARY)

    def test_what_is_collected_along_may_be_mixed(self):
        free = replace(LINE, rate=D("0"), tax=D("0.00"), zero_kind=NOT_TAXABLE)
        for code in ("6110000000000000000", "6130000000000000000"):
            along = replace(free, code=code)
            self.check([], LINE, along, type=ORDINARY)
            self.check([], replace(free, code="6010000000000000000"), along, type=ORDINARY)
            self.check(["not_taxable_mixed"], LINE, along, free, type=ORDINARY)
        self.check(["not_taxable_mixed"], LINE, replace(free, code="6120000000000000000"), type=ORDINARY)

    def test_code_of_what_is_not_taxed(self):
        for code in ("6010000000000000000", "6130000000000000000", "6990000000000000000"):
            line = replace(LINE, code=code)
            free = replace(line, rate=D("0"), tax=D("0.00"))
            self.check(["code_not_taxed"], line, type=ORDINARY)
            self.check(["code_not_taxed"], replace(free, zero_kind=EXEMPT), type=ORDINARY)
            self.check(["code_not_taxed"], replace(free, zero_kind=PLAIN_ZERO), type=ORDINARY)
            self.check([], replace(free, zero_kind=NOT_TAXABLE), type=ORDINARY)
            self.check(["zero_on_special"], replace(free, zero_kind=NOT_TAXABLE))

    def test_tax_of_a_line(self):
        self.check([], replace(LINE, tax=D("13.06")))
        self.check([], replace(LINE, tax=D("12.94")))
        self.check(["line_tax"], replace(LINE, tax=D("13.07")))
        self.check(["line_tax"], replace(LINE, tax=D("12.93")))

    def test_signs(self):
        self.check(["line_sign"], LINE, replace(LINE, amount=D("-10.00"), tax=D("-1.30"), price=None, quantity=None))
        self.check(["line_sign", "price_differs"], LINE, replace(LINE, amount=D("0.00"), tax=D("0.00")))

    def test_price_and_quantity(self):
        self.check(["price_without_quantity"], replace(LINE, quantity=None))
        self.check(["price_without_quantity"], replace(LINE, price=None))
        self.check([], replace(LINE, price=None, quantity=None))
        self.check([], replace(LINE, price=D("50.005")))
        self.check(["price_differs"], replace(LINE, price=D("50.006")))
        self.check(["price_differs"], replace(LINE, price=D("-50"), quantity=D("-2")))
        self.check([], replace(LINE, price=D("50.0000000000001")))
        self.check(["price_decimals"], replace(LINE, price=D("50.00000000000001")))
        self.check(["price_decimals"], replace(LINE, quantity=D("2.00000000000001")))


class TestPairs(Case):
    def test_well_formed(self):
        self.check([], FIRST, SECOND)
        self.check([], LINE, FIRST, SECOND, FIRST, SECOND, LINE)

    def test_out_of_order(self):
        for lines in (
            (SECOND, LINE),
            (LINE, SECOND),
            (FIRST,),
            (FIRST, LINE),
            (FIRST, SECOND, SECOND),
        ):
            with self.subTest([line.kind for line in lines]):
                self.check(["discount_pair"], *lines)

    def test_two_lines_before_one_discount(self):
        self.check(["discount_pair"], FIRST, FIRST, SECOND)

    def test_unlike(self):
        for values in (
            {"name": "*软件*别的"},
            {"code": "1060301020200000000"},
            {"rate": D("0.10"), "tax": D("-1.00")},
            {"spec": "V1"},
            {"unit": "个"},
            {"quantity": D(1), "price": D(10)},
            {"policy": "简易征收"},
        ):
            with self.subTest(values):
                self.check(["discount_pair"], FIRST, replace(SECOND, **values))

    def test_more_than_the_line(self):
        big = replace(SECOND, amount=D("-100.01"), tax=D("-13.00"))
        self.check(["discount_pair"], LINE, FIRST, big)


class TestDiscounts(Case):
    """The tax of a discount line, where a cloud allows it less than the bureau does."""

    def off_by(self, cents):
        return draft_of(FIRST, replace(SECOND, tax=D("-1.30") + D(cents) / 100))

    def test_a_fen_is_allowed_two_are_not(self):
        for cents, expected in ((1, []), (-1, []), (2, ["discount_tax"]), (-2, ["discount_tax"])):
            with self.subTest(cents=cents):
                lines = self.off_by(cents).lines
                self.check(expected, *lines, limits=KINGDEE)
                self.check([], *lines)

    def test_what_the_bureau_refuses_is_reported_once(self):
        self.check(["line_tax"], *self.off_by(7).lines, limits=KINGDEE)
        self.check(["discount_tax"], *self.off_by(6).lines, limits=KINGDEE)

    def test_other_lines_keep_the_bureaus_tolerance(self):
        self.check([], replace(LINE, tax=D("13.06")), limits=KINGDEE)
        self.check([], replace(FIRST, tax=D("13.06")), SECOND, limits=KINGDEE)

    def test_it_names_the_line_and_the_figures(self):
        (problem,) = check_discounts(self.off_by(2), KINGDEE)
        self.assertEqual(problem.line, "a")
        text = str(problem)
        for part in ("-1.28", "-1.30", "-10.00", "13%", "0.01"):
            self.assertIn(part, text)
        self.assertTrue(problem.fix)

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(2, 10**8), st.integers(1, 10**8)), min_size=1, max_size=6),
        st.sampled_from(["0.13", "0.09", "0.06", "0.03", "0.01"]),
        st.integers(-3, 3),
    )
    def test_what_is_built_always_passes(self, pairs, rate, drift):
        """A discount line made here is exact to its rate; its line bears what the ledger rounds apart."""
        items = []
        for place, (fen, less) in enumerate(pairs):
            amount = D(fen) / 100
            tax = (amount * D(rate)).quantize(D("0.01"))
            items.append(item(str(place), amount, tax, rate, discount=D(less) / 100))
        amount = sum(one.amount for one in items)
        tax = sum(one.tax for one in items) + D(drift) / 100
        draft, _problems = build(items, US, THEM, SPECIAL, amount, tax, drawer="王五")
        if draft is not None:
            self.assertTrue(any(line.kind == DISCOUNT for line in draft.lines))
            self.assertFalse(list(check_discounts(draft, KINGDEE)))


class TestBuild(unittest.TestCase):
    def build(self, *items, amount="100", tax="13", **values):
        return build(items, US, THEM, SPECIAL, D(amount), D(tax), **values)

    def test_draft(self):
        draft, problems = self.build(item(quantity=D(2)), drawer="王五", remark=" 第一行\n第二行 ", payee="李四")
        self.assertEqual([], problems)
        self.assertEqual((LINE,), draft.lines)
        self.assertEqual(("100.00", "13.00", "113.00"), (str(draft.amount), str(draft.tax), str(draft.total)))
        self.assertEqual(("第一行 第二行", "王五", "李四"), (draft.remark, draft.drawer, draft.payee))
        self.assertEqual([], preflight(draft))

    def test_it_survives_freezing(self):
        draft, _problems = self.build(item(quantity=D(3), discount=D("12.34")))
        self.assertEqual(draft, from_plain(to_plain(draft)))

    def test_parties_are_tidied(self):
        buyer = Party(" 上海某某\n科技有限公司", "９１１１００００ 600037341l", address="人民路\t1 号", is_person=False)
        draft, _problems = build([item()], US, buyer, SPECIAL, D(100), D(13))
        self.assertEqual(
            ("上海某某 科技有限公司", "91110000600037341L", "人民路 1 号"),
            (draft.buyer.name, draft.buyer.tax_no, draft.buyer.address),
        )

    def test_nothing_to_sell(self):
        for amount, tax in (("0", "0"), ("-5", "-0.65"), ("5", "-1")):
            with self.subTest(amount):
                draft, problems = self.build(item(), amount=amount, tax=tax)
                self.assertIsNone(draft)
                self.assertEqual(["total_not_positive"], found(problems))

    def test_differential_net(self):
        values = {"levy": "3", "deduction": D("56.50")}
        draft, problems = self.build(
            item(amount="106.50", tax="6.50", quantity=D(1), discount=D("5.00")),
            amount="106.50",
            tax="6.50",
            **values,
        )
        self.assertEqual([], problems)
        self.assertEqual([(NORMAL, D("106.50"))], [(line.kind, line.amount) for line in draft.lines])
        self.assertEqual([], preflight(replace(draft, drawer="王五")))
        _draft, problems = self.build(item(), **values)
        self.assertEqual(["differential_tax"], found(problems))
        _draft, problems = self.build(item(amount="106.52", tax="6.50"), amount="106.50", tax="6.50", **values)
        self.assertEqual(["amounts_differ"], found(problems))

    def test_differential_full(self):
        draft, problems = self.build(item(discount=D("5.00")), levy="2", deduction=D("10.00"))
        self.assertEqual([], problems)
        self.assertEqual([NORMAL], [line.kind for line in draft.lines])

    def test_differential_has_one_line(self):
        for items in (
            (item(), item("b")),
            (item(), item("b", "-10.00", "-1.30")),
            (item("b", "-100.00", "-13.00"),),
        ):
            with self.subTest(len(items)):
                draft, problems = self.build(*items, levy="3", deduction=D("1.00"))
                self.assertIsNone(draft)
                self.assertEqual(["differential_lines"], found(problems))
