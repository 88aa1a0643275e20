"""Special elements: which codes need one, what it says, and how its lines look."""

import unittest
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ..rules import elements
from ..rules.checks import preflight
from ..rules.document import DIGITAL_PAPER, DISCOUNT, DISCOUNTED, ELECTRONIC, NORMAL, Line, from_plain, to_plain
from ..rules.elements import ELEMENTS, TABLE, Terms
from ..rules.limits import Limits
from ..rules.split import split
from .test_rules_checks import draft_of, found

D = Decimal
BUILDING, LEASE, PARKING = "3050200000000000000", "3040502020103000000", elements.PARKING
PLACE = {"province": "江苏省", "city": "苏州市", "cross_city": "N"}
SITE = {**PLACE, "project": "园区厂房安装", "address": "星湖街 1 号"}
ESTATE = {**PLACE, "address": "星湖街 1 号", "certificate_no": "无", "area_unit": "平方米"}
LEASED = {**ESTATE, "date_from": "2026-01-01", "date_to": "2026-12-31"}
PARKED = {**LEASED, "date_from": "2026-01-01 08:00", "date_to": "2026-01-01 10:30", "plate": "苏E12345"}
FREIGHT = {"place_from": "苏州", "place_to": "南京", "vehicle": "road", "plate": "苏E12345", "goods": "钢材"}
TRIP = {
    "traveller": "张三",
    "id_kind": "201",
    "id_no": "110101199003078515",
    "day": "2026-01-05",
    "place_from": "上海",
    "place_to": "北京",
    "vehicle": "train",
    "seat": "second_class",
}
TRACTOR = {"for_register": "Y", "engine_no": "E1", "chassis_no": "C1"}
# A right example of each element that has something to say, with the code of a line and how the line is sold
EXAMPLES = {
    "01": ("1070101030000000000", {"unit": "升"}, None),
    "03": (BUILDING, {"quantity": None, "price": None}, SITE),
    "04": ("3010102020100000000", {}, FREIGHT),
    "05": ("5010101000000000000", {}, {**ESTATE, "contract_no": "2026-17"}),
    "06": (LEASE, {}, LEASED),
    "09": ("3010101010100000000", {}, TRIP),
    "12": ("1010102010000000000", {"unit": "千克"}, None),
    "13": ("1090244010000000000", {"unit": "辆"}, TRACTOR),
    "14": ("1090305010100000000", {"unit": "辆", "spec": "LSVAA4187E2184847"}, None),
}
LINE = Line("*x*y", BUILDING, D("100.00"), D("9.00"), D("0.09"), D(2), D(50), keys=("a",), kind=NORMAL)


def example(element, **changes):
    """Return a right draft of ``element`` with the row of its details changed; None takes a field away."""
    code, texts, row = EXAMPLES[element]
    line = replace(LINE, code=code, **texts)
    row = row and {name: value for name, value in {**row, **changes}.items() if value is not None}
    return draft_of(line, element=element, details=(row,) if row else ())


def problems(draft, limits=None):
    return found(preflight(draft, limits or Limits()))


class TestTable(unittest.TestCase):
    def test_each_code_once_and_no_prefix_demands_two(self):
        self.assertEqual(len(ELEMENTS), len(TABLE))
        demands = [(prefix, one.code) for one in TABLE for prefix in one.demands]
        for prefix, code in demands:
            self.assertEqual({prefix, code} & {p for p, c in demands if c != code}, set())
            self.assertFalse([p for p, c in demands if c != code and (p.startswith(prefix) or prefix.startswith(p))])

    def test_rows_name_their_own_fields(self):
        for element in TABLE:
            names = [one.name for one in element.fields]
            self.assertEqual(len(names), len(set(names)))
            for one in element.fields:
                self.assertTrue(not one.when or one.when[0] in names, one)
                self.assertTrue(one.length or one.choices or one.kind == elements.DAY, one)

    def test_which_code_demands_which(self):
        for code, element in (
            (BUILDING, "03"),
            ("3059900000000000000", "03"),
            (PARKING, "06"),
            ("3040502010200000000", ""),  # lease of movables
            ("5030000000000000000", "05"),
            ("3010302010000000000", "04"),
            ("3010301010100000000", ""),  # passengers: chosen by people
            ("1070101020100000000", "01"),
            ("1070101080000000000", ""),  # grease
            ("1010102010000000000", ""),
            ("3040201010000000000", ""),
            ("", ""),
            (None, ""),
        ):
            self.assertEqual(elements.demanded(code), element, code)

    def test_an_offered_element_goes_with_the_codes_that_fit(self):
        self.assertEqual(elements.chosen("1010102010000000000", {"12": ()}), "12")
        self.assertEqual(elements.chosen("3040201010000000000", {"12": ()}), "")
        self.assertEqual(elements.chosen(BUILDING, {"12": ()}), "03")


class TestDetails(unittest.TestCase):
    def test_right_ones_pass_and_round_trip(self):
        for element in EXAMPLES:
            draft = example(element)
            self.assertEqual(problems(draft), [], element)
            self.assertEqual(from_plain(to_plain(draft)), draft)

    def test_a_draft_stored_before_has_no_element(self):
        data = to_plain(draft_of(LINE))
        del data["element"], data["details"]
        for line in data["lines"]:
            del line["coal_kind"]
        self.assertEqual(from_plain(data), draft_of(LINE))

    def test_each_required_field(self):
        for element, (_code, _texts, row) in EXAMPLES.items():
            for one in ELEMENTS[element].fields:
                wanted = ["element_field_missing"] if one.is_demanded(row) else []
                if one.name in (row or ()):
                    self.assertEqual(problems(example(element, **{one.name: None})), wanted, (element, one.name))

    def test_each_length(self):
        for element in EXAMPLES:
            for one in ELEMENTS[element].fields:
                if not one.length or one.kind == elements.MONEY:
                    continue
                more = {"cross_city": "Y"} if one.name == "cross_city_no" else {}
                self.assertEqual(problems(example(element, **{one.name: "长" * one.length, **more})), [])
                self.assertEqual(
                    problems(example(element, **{one.name: "长" * (one.length + 1), **more})), ["element_field_long"]
                )

    def test_what_depends_on_another_field(self):
        for expected, element, changes in (
            (["element_field_missing"], "03", {"cross_city": "Y"}),
            ([], "03", {"cross_city": "Y", "cross_city_no": "跨区 1"}),
            (["element_field_invalid"], "03", {"cross_city": "1"}),
            (["element_field_missing"], "05", {"approved_price": "100.00"}),
            (["element_field_invalid"], "05", {"approved_price": "-1", "actual_price": "1"}),
            (["element_field_invalid"], "05", {"approved_price": "1.001", "actual_price": "1"}),
            ([], "05", {"approved_price": "100.00", "actual_price": "99.5"}),
            (["element_field_invalid"], "06", {"area_unit": "平米"}),
            (["element_field_invalid"], "06", {"date_from": "2026-02-30"}),
            (["element_field_invalid"], "06", {"date_from": "20260101"}),
            (["element_period"], "06", {"date_to": "2025-12-31"}),
            (["element_field_missing"], "09", {"vehicle": "ship", "seat": None}),
            ([], "09", {"vehicle": "coach", "seat": None}),
            (["element_seat"], "09", {"vehicle": "plane"}),
            (["element_field_invalid"], "04", {"vehicle": "car"}),
            ([], "13", {"for_register": "N", "engine_no": None, "chassis_no": None}),
        ):
            with self.subTest(element, **changes):
                self.assertEqual(problems(example(element, **changes)), expected)

    def test_parking_has_a_name_times_and_a_plate(self):
        line = replace(LINE, code=PARKING, name="*经营租赁*车辆停放服务")
        for expected, name, row in (
            ([], line.name, PARKED),
            (["element_parking_name"], "*经营租赁*停车费", PARKED),
            (["element_field_invalid"], line.name, {**PARKED, "date_to": "2026-01-02"}),
            (["element_field_missing"], line.name, {**PARKED, "plate": ""}),
        ):
            self.assertEqual(problems(draft_of(replace(line, name=name), element="06", details=(row,))), expected)

    def test_a_list_has_rows_and_the_others_one(self):
        draft = example("04")
        self.assertEqual(problems(replace(draft, details=(FREIGHT, FREIGHT))), [])
        self.assertEqual(problems(replace(draft, details=())), ["element_empty"])
        self.assertEqual(problems(replace(example("03"), details=(SITE, SITE))), ["element_details"])
        self.assertEqual(problems(replace(example("01"), details=(SITE,))), ["element_details"])

    def test_what_a_cloud_wants_beyond(self):
        limits = Limits(elements={"03": Terms(("address",), {"address": 5}, {})})
        self.assertEqual(problems(example("03", address=None), limits), ["element_field_missing"])
        self.assertEqual(problems(example("03", address="一二三四五六"), limits), ["element_field_long"])
        self.assertEqual(problems(example("03", address="一二三四五"), limits), [])
        self.assertEqual(problems(example("06"), limits), ["element_unsupported"])
        narrow = Limits(elements={"06": Terms((), {}, {"area_unit": ("亩",)})})
        self.assertEqual(problems(example("06"), narrow), ["element_field_invalid"])


class TestLines(unittest.TestCase):
    def test_a_code_without_its_element_and_one_that_does_not_fit(self):
        for element, (code, texts, _row) in EXAMPLES.items():
            bare = draft_of(replace(LINE, code=code, **texts))
            wanted = ["element_missing"] if elements.demanded(code) else []
            self.assertEqual(problems(bare), wanted, element)
            software = replace(example(element).lines[0], code="3040201010000000000")
            self.assertEqual(problems(replace(example(element), lines=(software,))), ["element_unfit"], element)
        self.assertEqual(problems(replace(example("03"), element="77")), ["element_unknown"])

    def test_only_digital_fapiao_have_elements(self):
        draft = draft_of(replace(LINE, code=BUILDING))
        self.assertEqual(problems(replace(draft, form=ELECTRONIC)), [])
        self.assertEqual(problems(replace(draft, form=DIGITAL_PAPER)), ["element_missing"])

    def test_how_the_line_is_sold(self):
        for expected, element, changes in (
            (["element_bare"] * 2, "03", {"quantity": D(2), "price": D(50)}),
            (["element_bare"], "03", {"unit": "项"}),
            (["element_bare"], "06", {"spec": "三楼"}),
            (["element_line_lacks"], "06", {"quantity": None, "price": None}),
            (["element_unit"], "01", {"unit": "桶"}),
            (["element_line_lacks"], "01", {"unit": ""}),
            (["element_line_lacks"] * 2, "01", {"quantity": None, "price": None}),
            ([], "01", {"unit": "吨"}),
            (["element_vin"], "14", {"spec": "LSVAA4187E218484"}),
            (["element_vin"], "14", {"spec": "LSVAA4187E218484I"}),
            (["element_line_lacks"], "14", {"spec": ""}),
            (["element_unit"], "13", {"unit": "台"}),
        ):
            with self.subTest(element, **changes):
                draft = example(element)
                draft = replace(draft, lines=(replace(draft.lines[0], **changes),))
                self.assertEqual(problems(draft), expected)

    def test_one_line(self):
        for element in ("03", "05", "06", "09", "13"):
            draft = example(element)
            other = replace(draft.lines[0], keys=("b",))
            self.assertEqual(problems(draft_of(draft.lines[0], other, element=element, details=draft.details)),
                             ["element_lines"])  # fmt: skip

    def test_no_differential_taxation(self):
        draft = replace(example("12"), levy="2", deduction=D("10.00"))
        self.assertEqual(problems(draft), ["element_levy"])

    def test_coal_names_its_kind(self):
        coal = replace(LINE, code="1020102000000000000", coal_kind="0300")
        for expected, changes, limits in (
            ([], {}, None),
            (["coal_kind_missing"], {"coal_kind": ""}, None),
            (["coal_kind_missing"], {"coal_kind": "0200"}, None),
            (["coal_kind_needless"], {"code": "3040201010000000000"}, None),
            (["element_unsupported"], {}, Limits(elements={})),
            ([], {}, Limits(elements={"coal": Terms()})),
            (
                ["coal_large"],
                {"amount": D("10000000.01"), "tax": D("900000.00"), "quantity": None, "price": None},
                None,
            ),
        ):
            self.assertEqual(problems(draft_of(replace(coal, **changes)), limits), expected, changes)


class TestSplit(unittest.TestCase):
    def split(self, *lines, details=None, **values):
        parts, faults = split(draft_of(*lines, **values), details=details)
        self.assertEqual(faults, [])
        whole = draft_of(*lines)
        self.assertEqual(sum(part.total for part in parts), whole.total)
        return parts

    def test_each_element_on_its_own_and_the_others_together(self):
        software = replace(LINE, code="3040201010000000000")
        lines = [
            replace(one, keys=(str(number),))
            for number, one in enumerate(
                (software, replace(LINE, spec="x", unit="项"), replace(LINE, code=LEASE, unit="月"), software, LINE)
            )
        ]
        parts = self.split(*lines, details={"03": (SITE,), "06": (LEASED,)})
        self.assertEqual([(part.element, len(part.lines), part.details) for part in parts],
                         [("", 2, ()), ("03", 1, (SITE,)), ("06", 1, (LEASED,)), ("03", 1, (SITE,))])  # fmt: skip
        for part in parts:
            self.assertEqual(problems(part), [])

    def test_a_discount_goes_into_the_price_where_there_is_one_line(self):
        first = replace(LINE, code=LEASE, kind=DISCOUNTED)
        less = replace(first, kind=DISCOUNT, amount=D("-10.00"), tax=D("-0.90"), quantity=None, price=None)
        (part,) = self.split(first, less, details={"06": (LEASED,)})
        self.assertEqual([(line.kind, line.amount, line.quantity, line.price) for line in part.lines],
                         [(NORMAL, D("90.00"), D(2), D("45.00"))])  # fmt: skip
        self.assertEqual(problems(part), [])

    def test_nothing_of_it_without_a_digital_fapiao_or_where_it_does_not_matter(self):
        lines = LINE, replace(LINE, code=LEASE)
        self.assertEqual(len(self.split(*lines)), 1)
        self.assertEqual(len(self.split(*lines, details={}, form=ELECTRONIC)), 1)
        self.assertEqual(len(self.split(*lines, details={})), 2)

    @given(st.lists(st.tuples(st.sampled_from([BUILDING, LEASE, "3040201010000000000", "1070101030000000000"]),
                              st.integers(1, 10**9)), min_size=1, max_size=12))  # fmt: skip
    def test_parts_come_to_the_whole_and_obey(self, rows):
        details = {"03": (SITE,), "06": (LEASED,)}
        lines = []
        for number, (code, fen) in enumerate(rows):
            amount = D(fen) / 100
            tax = round(amount * D("0.09"), 2)
            line = replace(LINE, code=code, amount=amount, tax=tax, quantity=D(1), price=amount, unit="升")
            lines.append(replace(line, keys=(str(number),)))
        parts = self.split(*lines, details=details)
        for part in parts:
            codes = {problem.code for problem in preflight(part, Limits())}
            self.assertFalse([code for code in codes if code.startswith("element")], codes)
        self.assertEqual(sorted(line.keys for part in parts for line in part.lines), sorted(one.keys for one in lines))
