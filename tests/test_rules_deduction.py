"""What input tax may be deducted, how, and what may be selected for it."""

import unittest
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.amounts import tax_in_gross
from ..rules.deduction import (
    COMPUTED,
    FARM,
    FARM_RATES,
    NOT,
    STATED,
    STATED_TYPES,
    Goods,
    Paper,
    fund_of,
    problems,
    split_flight,
    tax_to_deduct,
    way_of,
)

D = Decimal
# docs/protocols/tax-rules.md#deduction, for every type of docs/protocols/kingdee-inbound.md#types: how, and whether it
# is selected at the bureau
LAW = {
    **dict.fromkeys(
        ("1", "3", "5", "7", "8", "11", "13", "14", "17", "19", "23", "24", "25", "26", "84"), (NOT, False)
    ),
    **dict.fromkeys(("2", "4", "12", "15", "21", "27", "28", "29", "72", "83"), (STATED, True)),
    **dict.fromkeys(("9", "10", "16", "20"), (COMPUTED, False)),
}
GOODS = Goods("*信息技术服务*软件维护", "3040201010000000000", D("0.06"))
RICE = Goods("*谷物*稻谷", "1010101010000000000")
MEAL = Goods("*餐饮服务*餐费", "3070401000000000000", D("0.06"))
INTEREST = Goods("*贷款服务*利息", "3060102000000000000", D("0.06"))


def paper(type_code="27", untaxed="100.00", tax="13.00", **values):
    total = D(values.pop("total", None) or D(untaxed) + D(tax))
    fields = {"day": date(2026, 11, 5), "goods": (GOODS,), **values}
    return Paper(type_code, D(untaxed), D(tax), total, **fields)


def flight(total="1100.00", tax="86.70", fund=None, type_code="28", **values):
    return paper(type_code, D(total) - D(tax), tax, goods=(), fund=fund if fund is None else D(fund), **values)


def codes(*args, **values):
    """Return the problems as ``code`` for errors and ``code?`` for what a person decides."""
    found = problems(*args, **values)
    return [one.code.removeprefix("selection_") + ("?" if one.severity == "warning" else "") for one in found]


class TestTable(unittest.TestCase):
    def test_every_type(self):
        for type_code, expected in LAW.items():
            with self.subTest(type=type_code):
                way = way_of(paper(type_code))
                self.assertEqual((way.how, way.is_selected), expected)
                self.assertEqual(type_code in STATED_TYPES, way.how == STATED)

    def test_ordinary_by_element(self):
        law = {"08": (STATED, True), "09": (STATED, False), "12": (FARM, True), "16": (FARM, True), "03": (NOT, False)}
        for element, expected in law.items():
            for type_code in ("1", "26"):
                with self.subTest(element=element, type=type_code):
                    way = way_of(paper(type_code, element=element))
                    self.assertEqual((way.how, way.is_selected), expected)
        # on paper only farm products
        self.assertEqual([way_of(paper("3", element=one)).how for one in law], [NOT, NOT, FARM, FARM, NOT])

    def test_ordinary_by_its_lines(self):
        toll = Goods("*经营租赁*通行费", "3040502020200000000", D("0.03"))
        ride = Goods("*运输服务*客运服务费", "3010101020203000000", D("0.03"))
        freight = Goods("*运输服务*运费", "3010102020100000000", D("0.09"))
        parking = Goods("*经营租赁*停车费", "3040502020200000000", D("0.05"))
        cases = [((toll,), STATED), ((ride, ride), STATED), ((freight,), NOT), ((parking,), NOT), ((toll, GOODS), NOT)]
        for goods, how in cases:
            with self.subTest(goods=goods[-1].name):
                self.assertEqual(way_of(paper("26", tax="3.00", goods=goods)).how, how)

    def test_special_is_stated_whatever_is_on_it(self):
        self.assertEqual([way_of(paper(goods=(one,))).how for one in (GOODS, MEAL, INTEREST)], [STATED] * 3)


class TestAmounts(unittest.TestCase):
    def test_tax(self):
        named = {"is_named": True, "goods": ()}
        cases = [
            (paper(), "13.00"),
            (paper("26"), "0"),
            (paper("29", "91.74", "8.26"), "8.26"),
            (paper("21", "1000.00", "130.00"), "130.00"),
            (paper("15", "97.09", "2.91"), "2.91"),
            # paper tickets: 109 ÷ 1.09 × 9 %, 103 ÷ 1.03 × 3 %
            (paper("9", "109.00", "0", **named), "9.00"),
            (paper("16", "103.00", "0", **named), "3.00"),
            (paper("20", "51.50", "0", **named), "1.50"),
            (paper("10", "1140.00", "0", fund=D("50"), **named), "90.00"),
            (paper("9", "109.00", "0", goods=()), "0"),
            (paper("16", "103.00", "0", is_abroad=True, **named), "0"),
            (paper("9", "100.00", "9.00", goods=()), "9.00"),
        ]
        for one, tax in cases:
            with self.subTest(type=one.type_code, total=one.total):
                self.assertEqual(tax_to_deduct(one), D(tax))

    def test_farm_products_by_their_own_rate(self):
        cases = [
            paper("26", "10000.00", "0", element="12", goods=(RICE,)),
            paper("3", "10000.00", "0", element="16", goods=(RICE,)),
            paper("26", "10000.00", "0", goods=(RICE,)),
            paper("27", "10000.00", "300.00", goods=(RICE._replace(rate=D("0.03")),)),
        ]
        for one in cases:
            with self.subTest(type=one.type_code, element=one.element, tax=one.tax):
                taxes = [tax_to_deduct(one, rate) for rate in FARM_RATES]
                self.assertEqual(taxes, [D("900.00"), D("1000.00")])
        # nine percent stated: as stated
        stated = paper("27", "10000.00", "900.00", goods=(RICE._replace(rate=D("0.09")),))
        self.assertEqual(tax_to_deduct(stated), D("900.00"))

    def test_flights(self):
        cases = [
            (flight(), ("963.30", "86.70", "50.00")),
            (flight(fund="50.00"), ("963.30", "86.70", "50.00")),
            (flight("2200.00", "173.39"), ("1926.61", "173.39", "100.00")),
            (flight("1050.00", "86.70"), ("963.30", "86.70", "0.00")),
            (flight("780.00", "60.28", "50.00"), ("669.72", "60.28", "50.00")),
            # abroad: fund 90 and taxes of other states, none of ours
            (flight("5320.00", "0.00", "1320.00"), ("4000.00", "0.00", "1320.00")),
            # a fund that would explain the tax isn't there: all stands in one
            (flight("1100.00", "80.00"), ("1020.00", "80.00", "0.00")),
            (flight("-1100.00", "-86.70"), ("-963.30", "-86.70", "-50.00")),
        ]
        for one, parts in cases:
            with self.subTest(total=one.total, tax=one.tax):
                self.assertEqual(split_flight(one), tuple(map(D, parts)))

    @settings(max_examples=300, deadline=None)
    @given(st.integers(1, 2_000_000), st.integers(0, 4), st.booleans())
    def test_fund_is_found_or_told(self, fen, legs, is_told):
        """The taxed part of any ticket is fare and fuel; all of it adds up to the fen."""
        fund, gross = D(50 * legs), D(fen).scaleb(-2)
        tax = tax_in_gross(gross, D("0.09"))
        one = flight(gross + fund, tax, fund if is_told else None)
        untaxed, stated, found = split_flight(one)
        self.assertEqual(untaxed + stated + found, one.total)
        self.assertEqual(stated, tax)
        if tax or is_told:
            self.assertEqual(found, fund)
            self.assertEqual(untaxed, gross - tax)

    def test_no_fund_but_of_flights(self):
        self.assertEqual(fund_of(paper("29", "1013.30", "86.70", fund=D("50"))), 0)


class TestSelection(unittest.TestCase):
    def test_period(self):
        self.assertEqual(codes(paper(), "202611"), [])
        self.assertEqual(codes(paper(day=date(2026, 11, 30)), "202611", date(2026, 11, 30)), [])
        self.assertEqual(codes(paper(day=date(2026, 12, 1)), "202611"), ["after_period"])
        self.assertEqual(codes(paper(day=date(2026, 11, 30)), "202611", date(2026, 11, 29)), ["after_last_day"])
        self.assertEqual(codes(paper(day=date(2023, 2, 28)), "202611"), [])

    def test_types(self):
        expected = {NOT: ["type"], COMPUTED: ["computed"], STATED: []}
        for type_code, (how, _is_selected) in LAW.items():
            with self.subTest(type=type_code):
                self.assertEqual(codes(paper(type_code)), expected[how])
        self.assertEqual(codes(paper(tax="0")), ["no_tax"])
        self.assertEqual(codes(paper("27", "-100.00", "-13.00", is_red=True)), ["red"])
        self.assertEqual(codes(paper("26", "-100.00", "-13.00", is_red=True, element="08")), ["red"])

    def test_goods(self):
        daily = Goods("*居民日常服务*洗衣", "3070599000000000000", D("0.06"))
        fun = Goods("*娱乐服务*娱乐", "3070302000000000000", D("0.06"))
        cases = [
            ((INTEREST,), ["loan"]),
            ((INTEREST, GOODS), ["loan?"]),
            ((MEAL,), ["consumption?"]),
            ((daily, GOODS), ["consumption?"]),
            ((fun,), ["consumption?"]),
            ((MEAL, fun), ["consumption?"] * 2),
            ((Goods("*生活服务*体检", "3070102000000000000"),), []),
        ]
        for goods, expected in cases:
            with self.subTest(goods=goods[0].name):
                self.assertEqual(codes(paper(goods=goods)), expected)
                self.assertEqual(codes(paper(goods=goods), purpose="2"), [])

    def test_produce_of_an_unknown_seller_is_asked_about(self):
        self.assertEqual(codes(paper("26", "10000.00", "0", goods=(RICE,))), ["produce?"])
        self.assertEqual(codes(paper("26", "10000.00", "0", goods=(RICE,), element="12")), [])
        self.assertEqual(codes(paper("26", "10000.00", "900.00", goods=(RICE,))), ["type"])
