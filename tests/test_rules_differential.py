"""Differential taxation (差额征税): the tax for every rate, and what each kind of voucher has to name."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.checks import preflight
from ..rules.differential import DIFFERENTIAL_FULL, DIFFERENTIAL_NET, VOUCHERS, tax_of_difference
from ..rules.document import NORMAL, ORDINARY, Item, Line, Voucher, from_plain, to_plain
from ..rules.draft import build
from ..rules.limits import Limits
from ..rules.red_checks import red_preflight
from ..rules.red_document import PARTIAL_RED, Blue, RedCheck, RedLine, RedOrder
from .test_rules_checks import CODE, THEM, US, found

D = Decimal
FIVE = "0.05"
DIGITAL = Voucher("01", D("90000.00"), D("80000.00"), number="26312000000000000017", date="2026-03-01")
OLD = Voucher(
    "04", D("80000.00"), D("80000.00"), number="00123456", code="3100223130", date="2015-03-01", remark="旧票"
)
OTHER = Voucher("09", D("80000.00"), D("80000.00"), remark="拆迁补偿协议")


def drafted(amount="99047.62", tax="952.38", levy=DIFFERENTIAL_NET, vouchers=(DIGITAL,), rate=FIVE, **values):
    deduction = values.pop("deduction", sum((voucher.deducted for voucher in vouchers), D("0.00")))
    item = Item("a", "旅游服务", CODE, D(amount), D(tax), D(rate), short_name="旅游服务", quantity=D(1))
    rest = {"levy": levy, "deduction": deduction, "vouchers": tuple(vouchers), "drawer": "王五"}
    return build([item], US, THEM, ORDINARY, D(amount), D(tax), **{**rest, **values})


def checked(*vouchers, limits=None, **values):
    draft, problems = drafted(vouchers=vouchers or (DIGITAL,), **values)
    return found([*problems, *(preflight(draft, limits or Limits()) if draft else ())])


@pytest.mark.parametrize(
    ("gross", "deducted", "rate", "tax"),
    [
        ("100000.00", "80000.00", "0.05", "952.38"),
        ("100000.00", "80000.00", "0.06", "1132.08"),
        ("100000.00", "80000.00", "0.03", "582.52"),
        ("0.63", "0.42", "0.05", "0.01"),  # 0.01 exactly
        ("1.05", "0.84", "0.05", "0.01"),
        ("113.00", "56.50", "0.13", "6.50"),
        ("100.00", "100.00", "0.09", "0.00"),
        ("1.00", "0.79", "0.05", "0.01"),
        ("0.30", "0.195", "0.05", "0.01"),  # 0.005 is rounded up
    ],
)
def test_tax_of_a_difference(gross, deducted, rate, tax):
    assert tax_of_difference(D(gross), D(deducted), D(rate)) == D(tax)


def test_the_two_ways_of_issue():
    assert checked() == []
    draft, _problems = drafted()
    assert [(line.kind, line.amount, line.tax) for line in draft.lines] == [(NORMAL, D("99047.62"), D("952.38"))]
    # of a full issue the tax is that of the whole price, and the vouchers are optional
    full = {"amount": "95238.10", "tax": "4761.90", "levy": DIFFERENTIAL_FULL}
    assert checked(**full) == []
    draft, _problems = drafted(**full, vouchers=())
    assert found(preflight(draft)) == []
    assert drafted(**{**full, "levy": DIFFERENTIAL_NET})[1][0].code == "differential_tax"


@pytest.mark.parametrize("off", ["0.01", "-0.01", "0.06"])
def test_the_tax_is_exact(off):
    tax = D("952.38") + D(off)
    draft, problems = drafted(amount=str(D("100000.00") - tax), tax=str(tax))
    assert (draft, found(problems)) == (None, ["differential_tax"])
    good, _problems = drafted()
    line = replace(good.lines[0], amount=D("100000.00") - tax, tax=tax)
    wrong = replace(good, lines=(line,), amount=line.amount, tax=tax)
    assert "differential_tax" in found(preflight(wrong))


FEN = st.integers(1, 10**10).map(lambda fen: D(fen).scaleb(-2))


@settings(max_examples=200, deadline=None)
@given(FEN, st.integers(0, 10**4), st.sampled_from(["0.13", "0.09", "0.06", "0.05", "0.03", "0.015", "0.01"]))
def test_any_difference(gross, share, rate):
    """Computed with whole numbers: half up, the totals exact, the deduction no more than the amount without tax."""
    deducted = (gross * share / 10**4).quantize(D("0.01"))
    tax = tax_of_difference(gross, deducted, D(rate))
    top, bottom = int((gross - deducted) * 100) * int(D(rate) * 1000), 1000 + int(D(rate) * 1000)
    assert int(tax * 100) == (2 * top + bottom) // (2 * bottom)
    assert tax == ((gross - deducted) / (1 + D(rate)) * D(rate)).quantize(D("0.01"), ROUND_HALF_UP)
    assert deducted <= gross - tax
    if deducted and gross - tax > 0:
        voucher = Voucher("05", total=deducted, deducted=deducted)
        draft, problems = drafted(str(gross - tax), str(tax), vouchers=(voucher,), rate=rate)
        assert found([*problems, *preflight(draft)]) == []
        assert draft.total == gross


def test_every_kind_and_what_it_has_to_name():
    """The list of the law: a number, a code, a date, a remark."""
    demands = {}
    for kind, row in VOUCHERS.items():
        marks = (("n", row.needs_number), ("c", row.has_code), ("d", row.needs_date), ("r", row.needs_remark))
        demands[kind] = "".join(letter for letter, has in marks if has)
    of_fapiao, others = {"01": "nd", "02": "ncd", "03": "ncd", "04": "ncdr"}, {"05": "", "06": "", "07": ""}
    assert demands == {**of_fapiao, **others, "08": "r", "09": "r"}


@pytest.mark.parametrize(
    ("voucher", "problems"),
    [
        (DIGITAL, []),
        (OLD, []),
        (OTHER, []),
        (replace(OLD, kind="02", remark=""), []),
        (replace(OTHER, kind="06", remark="", number="(2026)沪01民初1号"), []),
        (replace(DIGITAL, number="2631200000000000001"), ["voucher_number"]),
        (replace(DIGITAL, number=""), ["voucher_number"]),
        (replace(DIGITAL, date=""), ["voucher_date"]),
        (replace(DIGITAL, date="2026-02-30"), ["voucher_date"]),
        (replace(OLD, kind="03", code=""), ["voucher_number"]),
        (replace(OLD, date=""), ["voucher_date"]),
        (replace(OLD, remark=" "), ["voucher_remark"]),
        (replace(OTHER, kind="08", remark=""), ["voucher_remark"]),
        (replace(OTHER, remark="长" * 101), ["voucher_remark_long"]),
        (replace(OTHER, kind="12"), ["voucher_kind"]),
        (replace(DIGITAL, total=D("79999.99")), ["voucher_amount"]),
    ],
)
def test_vouchers(voucher, problems):
    assert checked(voucher) == problems


def test_the_list():
    half = replace(DIGITAL, deducted=D("40000.00"))
    other = replace(half, number="26312000000000000018")
    assert checked(half, other) == []
    assert checked(half, half) == ["voucher_twice"]
    assert checked(half, other, deduction=D("80000.01")) == ["vouchers_differ"]
    assert checked(half, deduction=D("80000.00")) == ["vouchers_differ"]
    assert checked(deduction=D("80000.00")) == []
    draft, _problems = drafted()
    assert found(preflight(replace(draft, vouchers=()))) == ["vouchers_missing"]
    assert "deduction_needless" in found(preflight(replace(draft, levy="0", deduction=None)))
    assert from_plain(to_plain(draft)) == draft


def test_a_cloud_that_cannot():
    assert checked(limits=Limits(levies=frozenset({"0"}))) == ["levy_unsupported"]
    assert checked(limits=Limits(levies=frozenset({"0", "2", "3"}))) == []


LINE = Line("*旅游服务*旅游服务", CODE, D("99047.62"), D("952.38"), D(FIVE), keys=("a",), kind=NORMAL)
BLUE = Blue("26312000000000000001", ORDINARY, (LINE,), levy=DIFFERENTIAL_NET)
HALF = RedLine(xh=1, name=LINE.name, code=CODE, amount=D("-50000.00"), tax=D("-480.77"), rate=D(FIVE))


@pytest.mark.parametrize("levy", [DIFFERENTIAL_NET, DIFFERENTIAL_FULL])
def test_reversed_in_full_only(levy):
    blue = replace(BLUE, levy=levy)
    part = RedOrder(
        BLUE.number,
        "04",
        type=ORDINARY,
        is_full=False,
        lines=(HALF,),
        amount=HALF.amount,
        tax=HALF.tax,
        total=HALF.amount + HALF.tax,
    )
    assert "red_differential_partial" in found(red_preflight(part, blue, {PARTIAL_RED}))
    # the original is known here without its levy, but the bureau tells it
    check = RedCheck(True, levy=levy)
    assert "red_differential_partial" in found(red_preflight(part, replace(blue, levy=""), {PARTIAL_RED}, check))
    assert "red_differential_partial" not in found(red_preflight(part, replace(blue, levy="0"), {PARTIAL_RED}))
    whole = RedOrder(BLUE.number, "01", type=ORDINARY)
    assert found(red_preflight(whole, blue, {PARTIAL_RED})) == []
