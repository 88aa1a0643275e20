"""What the classification table and the privileges say of a line: docs/protocols/tax-rules.md#codes, #privileges."""

import unittest
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.kingdee import billing
from ..clouds.kingdee import codes as kingdee
from ..rules import codes, privileges, rates
from ..rules.checks import preflight
from ..rules.codes import Law
from ..rules.document import EXEMPT, NOT_TAXABLE, ORDINARY, PLAIN_ZERO, SPECIAL
from ..rules.limits import Limits
from ..rules.line_checks import check_line
from ..sandbox.bureau import checks
from ..sandbox.protocol import Refused
from .test_rules_checks import LINE, draft_of, found

D = Decimal
MEALS, LOAN, DESIGN = "3070401000000000000", "3060110000000000000", "3040301000000000000"
SIX = Law(rates=frozenset({D("0.06")}), privileges=("免税", "简易征收"))


def line_of(rate, **values):
    return replace(LINE, rate=D(rate), tax=(LINE.amount * D(rate)).quantize(D("0.01")), **values)


class Case(unittest.TestCase):
    def check(self, expected, *lines, laws=None, small_scale=False, **values):
        values = {"type": ORDINARY, **values}
        problems = preflight(draft_of(*lines, **values), Limits(code_laws=laws or {}, small_scale=small_scale))
        self.assertEqual(expected, found(problems), [str(one) for one in problems])
        for problem in problems:
            self.assertTrue(problem.fix)
            str(problem)  # all placeholders have a value


class TestRateOfCode(Case):
    def test_what_the_table_allows(self):
        for code, allowed, rate, expected in (
            (MEALS, "0.06", "0.13", ["rate_not_of_code"]),
            (MEALS, "0.06", "0.06", []),
            (MEALS, "0.06", "0.09", ["rate_not_of_code"]),
            (MEALS, "0.06", "0.01", ["rate_not_of_code"]),
            (DESIGN, "0.06", "0.13", ["rate_not_of_code"]),
            ("1010101020000000000", "0.09", "0.13", ["rate_not_of_code"]),
            ("1010101020000000000", "0.09", "0.09", []),
        ):
            with self.subTest(code=code, rate=rate):
                self.check(expected, line_of(rate, code=code), laws={code: Law(rates=frozenset({D(allowed)}))})

    def test_several_rates(self):
        law = {MEALS: Law(rates=frozenset({D("0.06"), D("0.09")}))}
        self.check([], line_of("0.09", code=MEALS), laws=law)
        problem = preflight(draft_of(line_of("0.13", code=MEALS), type=ORDINARY), Limits(code_laws=law))[0]
        self.assertIn("6%, 9%", str(problem))

    def test_unknown_rates_check_nothing(self):
        self.check([], line_of("0.13", code=MEALS))
        self.check([], line_of("0.13", code=MEALS), laws={MEALS: Law()})

    def test_levies_old_rates_and_zero_are_not_in_the_table(self):
        law = {MEALS: SIX}
        self.check([], line_of("0.03", code=MEALS, policy="简易征收"), laws=law)
        self.check([], line_of("0.01", code=MEALS), laws=law, small_scale=True)
        self.check([], line_of("0.03", code=MEALS), laws=law, small_scale=True, small_scale_reason="3")
        self.check([], line_of("0.03", code=MEALS), laws=law, small_scale_reason="2")
        self.check(["rate_historic?"], line_of("0.17", code=MEALS), laws=law)
        self.check([], line_of("0", code=MEALS, zero_kind=EXEMPT), laws=law)
        self.check([], line_of("0", code=MEALS, zero_kind=PLAIN_ZERO), laws=law)
        self.check([], line_of("0.05", code=MEALS, price=None, quantity=None), laws=law, levy="2", deduction=D("80.00"))

    def test_a_general_rate_is_wrong_whatever_the_levy(self):
        values = {"laws": {MEALS: SIX}, "levy": "2", "deduction": D("80.00")}
        self.check(["rate_not_of_code"], line_of("0.13", code=MEALS), **values)
        self.check(["rate_not_of_code"], line_of("0.13", code=MEALS), laws={MEALS: SIX}, small_scale_reason="2")


class TestValidity(Case):
    def test_ended_and_not_begun(self):
        self.check(["code_ended"], line_of("0.06", code=MEALS), laws={MEALS: Law(is_ended=True)})
        self.check(["code_not_begun"], line_of("0.06", code=MEALS), laws={MEALS: Law(begins=date(2027, 1, 1))})
        self.check(["code_summary"], line_of("0.06", code=MEALS), laws={MEALS: Law(is_summary=True)})


class TestPrivileges(Case):
    GENERAL, ALL = {"0.13", "0.09", "0.06"}, {"0.13", "0.09", "0.06", "0.05", "0.03", "0.02", "0.015", "0.01", "0.005"}
    RATES = {
        "简易征收": {"0.03", "0.05"},
        "按3%简易征收": {"0.03"},
        "按5%简易征收": {"0.05"},
        "按5%简易征收减按1.5%计征": {"0.015"},
        "免税": {"0"},
        "不征税": {"0"},
        "稀土产品": GENERAL,
        **dict.fromkeys(("先征后退", "100%先征后退", "50%先征后退"), ALL),
        **dict.fromkeys(("即征即退30%", "即征即退50%", "即征即退70%", "即征即退100%"), ALL),
        **dict.fromkeys(("超税负3%即征即退", "超税负6%即征即退", "超税负8%即征即退", "超税负12%即征即退"), GENERAL),
    }

    def test_the_list_and_the_rates_of_each(self):
        self.assertEqual(self.RATES.keys(), privileges.PRIVILEGES.keys())
        for name, fitting in self.RATES.items():
            for rate in self.ALL | {"0"}:
                with self.subTest(name, rate=rate):
                    kind = {"免税": EXEMPT, "不征税": NOT_TAXABLE}.get(name, "") if rate == "0" else ""
                    problems = list(privileges.privilege_problems(line_of(rate, policy=name, zero_kind=kind)))
                    self.assertEqual([] if rate in fitting else ["privilege_rate"], found(problems))

    def test_each_cloud_has_them_all(self):
        self.assertEqual(sorted(kingdee.PRIVILEGES.values()), sorted(privileges.PRIVILEGES))
        for name in privileges.PRIVILEGES:
            kind = privileges.PRIVILEGES[name].zero_kind
            line = line_of("0" if kind else "0.03", policy=name, zero_kind=kind)
            self.assertEqual(billing.privilege(line), ("1", name))
            self.assertEqual(rates.flags(line.rate, kind, name).content, name)

    def test_a_general_taxpayer_needs_one_for_a_levy_rate(self):
        for rate in ("0.03", "0.05"):
            self.check(["privilege_missing"], line_of(rate))
            self.check([], line_of(rate, policy="简易征收"))
            self.check([], line_of(rate), small_scale_reason="2")
        self.check([], line_of("0.05"), small_scale=True)
        self.check(["privilege_rate"], line_of("0.03", policy="按5%简易征收"))
        self.check(["privilege_rate"], line_of("0.05", policy="按5%简易征收减按1.5%计征"))
        self.check([], line_of("0.015", policy="按5%简易征收减按1.5%计征"))

    def test_one_that_does_not_exist(self):
        for wrong in ("简易计税", "即征即退", "按3％简易征收 ", "超税负5%即征即退"):
            self.check(["privilege_unknown"], line_of("0.03", policy=wrong))

    def test_zero_kinds(self):
        self.check(["privilege_rate"], line_of("0", zero_kind=NOT_TAXABLE, policy="免税"))
        self.check([], line_of("0", zero_kind=EXEMPT, policy="即征即退50%"))  # printed as 免税
        self.check(["policy_on_zero"], line_of("0", zero_kind=PLAIN_ZERO, policy="免税"))

    def test_against_the_code(self):
        for allowed, line, expected in (
            (("免税",), line_of("0.03", policy="简易征收"), ["privilege_not_of_code"]),
            (("简易征收",), line_of("0", zero_kind=EXEMPT), ["privilege_not_of_code"]),
            (("简易征收",), line_of("0.03", policy="按3%简易征收"), []),
            (("按3%简易征收",), line_of("0.03", policy="简易征收"), []),
            (("按5%简易征收",), line_of("0.03", policy="按3%简易征收"), ["privilege_not_of_code"]),
            (("先征后退",), line_of("0.13", policy="50%先征后退"), []),
            (("100%先征后退",), line_of("0.13", policy="50%先征后退"), ["privilege_not_of_code"]),
            (("即征即退30%",), line_of("0.13", policy="即征即退50%"), ["privilege_not_of_code"]),
            (("免税",), line_of("0", zero_kind=NOT_TAXABLE), []),
            ((), line_of("0.13", policy="即征即退50%"), []),
        ):
            with self.subTest(allowed, policy=line.policy):
                self.check(expected, line, laws={line.code: Law(privileges=allowed)})

    def test_reading_the_table(self):
        for text, names, unknown in (
            ("免税、简易征收", ["免税", "简易征收"], []),
            ("按３％简易征收；按 5% 简易征收", ["按3%简易征收", "按5%简易征收"], []),
            ("100%先征后退,免税,免税", ["100%先征后退", "免税"], []),
            ("超税负 3% 即征即退/抵扣", ["超税负3%即征即退"], ["抵扣"]),
            ("", [], []),
        ):
            self.assertEqual((names, unknown), privileges.read_list(text), text)

    def test_reading_rates(self):
        for text, expected, unknown in (
            ("13%、9%", {"0.13", "0.09"}, []),
            ("0.13", {"0.13"}, []),
            ("6", {"0.06"}, []),
            ("16%；10％ 3%", {"0.16", "0.10", "0.03"}, []),
            ("1.5%,0.5%", {"0.015", "0.005"}, []),
            ("免税", {"0"}, []),
            ("13%、***", {"0.13"}, ["***"]),
            ("50%", set(), ["50%"]),
            ("", set(), []),
        ):
            self.assertEqual(({D(one) for one in expected}, unknown), rates.read_list(text), text)

    @settings(max_examples=100, deadline=None)
    @given(st.sets(st.sampled_from(sorted(rates.CURRENT | rates.HISTORIC))), st.sampled_from("、,; /"))
    def test_a_list_of_rates_is_read_as_it_is_written(self, listed, separator):
        self.assertEqual((listed, []), rates.read_list(separator.join(map(rates.percent, listed))))


class TestNotTaxed(Case):
    def test_chapter_six(self):
        for code in ("6010000000000000000", "6020000000000000000", "6150000000000000000", "6110000000000000000"):
            with self.subTest(code):
                self.check(["code_not_taxed"], line_of("0.06", code=code))
                self.check(["code_not_taxed"], line_of("0", code=code, zero_kind=EXEMPT))
                self.check(["code_not_taxed"], line_of("0", code=code, zero_kind=PLAIN_ZERO))
                self.check([], line_of("0", code=code, zero_kind=NOT_TAXABLE))
                self.check(["zero_on_special"], line_of("0", code=code, zero_kind=NOT_TAXABLE), type=SPECIAL)

    def test_lawful_mixtures(self):
        fund = line_of("0", code="6130000000000000000", zero_kind=NOT_TAXABLE)
        water = line_of("0", code="6110000000000000000", zero_kind=NOT_TAXABLE)
        card = line_of("0", code="6010000000000000000", zero_kind=NOT_TAXABLE)
        plain = line_of("0", zero_kind=NOT_TAXABLE)
        self.check([], line_of("0.09"), fund)
        self.check([], water, line_of("0.03", policy="简易征收"), fund)
        self.check(["not_taxable_mixed"], line_of("0.09"), fund, card)
        self.check(["not_taxable_mixed"], line_of("0.13"), plain)
        self.check(["not_taxable_mixed"], line_of("0", zero_kind=EXEMPT), card)
        self.check([], card, plain)


class TestDeduction(Case):
    def test_what_the_buyer_can_not_deduct(self):
        for code in (MEALS, "3070401010000000000", LOAN, "3070500000000000000", "3070599000000000000", "3070302"):
            line = line_of("0.06", code=code.ljust(19, "0"))
            with self.subTest(code):
                self.check(["not_deductible?"], line, type=SPECIAL)
                self.check([], line)
        for code in ("3070402000000000000", DESIGN, "3070301000000000000", "3060200000000000000"):
            self.assertTrue(codes.is_deductible(code), code)
            self.check([], line_of("0.06", code=code), type=SPECIAL)

    def test_each_line_is_named(self):
        meal, work = line_of("0.06", code=MEALS, keys=("m",)), line_of("0.06", code=DESIGN, keys=("w",))
        problems = preflight(draft_of(work, meal), Limits())
        self.assertEqual([("not_deductible", "m")], [(one.code, one.line) for one in problems])


class TestBureau(Case):
    """What is refused before sending is what the bureau refuses, and nothing else."""

    CODES = {LINE.code: (), MEALS: ("0.06",), LOAN: ("0.06",), "3050200000000000000": ("0.09",)}

    def refused(self, line, small_scale, reason):
        draft = SimpleNamespace(special=False, levy="0", small_reason=reason)
        theirs = SimpleNamespace(
            code=line.code,
            rate=line.rate,
            zero_kind={EXEMPT: "exempt", NOT_TAXABLE: "untaxed"}.get(line.zero_kind, ""),
            policy=rates.flags(line.rate, line.zero_kind, line.policy).content,
            preferential=bool(rates.flags(line.rate, line.zero_kind, line.policy).content),
        )
        try:
            checks._check_zero_rate(theirs, draft)
            checks._check_privilege(theirs)
            checks._check_rate(theirs, draft, SimpleNamespace(small_scale=small_scale))
        except Refused:
            return True
        return False

    @settings(max_examples=400, deadline=None)
    @given(
        st.sampled_from(sorted(CODES)),
        st.sampled_from(["0.13", "0.09", "0.06", "0.05", "0.03", "0.015", "0"]),
        st.sampled_from(["", "", *privileges.PRIVILEGES]),
        st.booleans(),
        st.sampled_from(["", "2"]),
        st.sampled_from([EXEMPT, NOT_TAXABLE]),
    )
    def test_both_refuse_the_same(self, code, rate, policy, small_scale, reason, kind):
        line = line_of(rate, code=code, policy=policy, zero_kind="" if D(rate) else kind)
        laws = {code: Law(rates=frozenset(map(D, self.CODES[code])))}
        limits = Limits(code_laws=laws, small_scale=small_scale)
        draft = draft_of(line, type=ORDINARY, small_scale_reason=reason)
        ours = {problem.code for problem in check_line(draft, line, limits) if problem.severity == "error"}
        self.assertEqual(bool(ours), self.refused(line, small_scale, reason), ours)
