"""The bureau's rules for lines of a reversal: what passes our checks passes the sandbox's, which are written apart."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..rules.document import DISCOUNT
from ..rules.problems import errors
from ..rules.red import ALLOWANCE, RETURNED, STOPPED, WRONG
from ..rules.red_checks import red_preflight
from ..rules.red_document import PARTIAL_RED, RedOrder
from ..rules.red_lines import Credit, left, part, totals, whole
from ..sandbox.bureau import red as bureau
from ..sandbox.protocol import Refused
from ..sandbox.records import Fapiao, RedLine
from ..sandbox.records import Line as BureauLine
from .test_rules_red_lines import BLUES, NUMBER, D, blue, credits_of, line

SERVICE = "3040201010000000000"


def of_kind(original, reason):
    """Return ``original`` with codes that the reason is for."""
    if reason != STOPPED:
        return original
    return replace(original, lines=tuple(replace(one, code=SERVICE) for one in original.lines))


def ours(original, reason, lines, is_full=False):
    amount, tax, total = totals(lines)
    order = RedOrder(
        NUMBER, reason, type=original.type, is_full=is_full, lines=tuple(lines), amount=amount, tax=tax, total=total
    )
    return [problem.code for problem in errors(red_preflight(order, original, {PARTIAL_RED}))]


def bureaus(original, reason, lines):
    """Return the bureau's refusal, "" if there is none."""
    printed = [
        BureauLine(
            name=one.name,
            code=one.code,
            amount=one.amount,
            tax=one.tax,
            rate=one.rate,
            nature="discount" if one.kind == DISCOUNT else "normal",
            quantity=one.quantity,
            price=one.price,
        )
        for one in original.lines
    ]
    gross = sum(one.gross for one in printed)
    fapiao = Fapiao("", "", "", "", gross, D(0), gross, printed, number=NUMBER)
    world = SimpleNamespace(red_forms={})
    for number, taken in enumerate(original.reversed):
        world.red_forms[number] = SimpleNamespace(blue=NUMBER, red_number="1", lines=[asked(taken)])
    try:
        bureau._check_parts(fapiao, bureau.left(world, fapiao), reason, [asked(one) for one in lines])
    except Refused as refused:
        return refused.text
    return ""


def asked(one):
    quantity = one.quantity and -one.quantity
    return RedLine(one.xh - 1, -one.amount, -one.tax, quantity, one.price)


REASONS = st.sampled_from([RETURNED, STOPPED, ALLOWANCE])
FEN = st.integers(-8, 8).map(lambda fen: D(fen).scaleb(-2))
CHANGES = st.fixed_dictionaries({"amount": FEN, "tax": FEN, "price": st.sampled_from([D(1), D("1.01"), D("0.5")])})


@settings(max_examples=200, deadline=None)
@given(st.data(), BLUES, REASONS, st.none() | CHANGES)
def test_what_we_pass_the_bureau_passes(data, original, reason, changes):
    original = of_kind(original, reason)
    lines = list(part(original, reason, data.draw(credits_of(original))))
    if not lines:
        return
    if changes:
        first = lines[0]
        price = first.price and first.price * changes["price"]
        lines[0] = replace(first, amount=first.amount + changes["amount"], tax=first.tax + changes["tax"], price=price)
    is_full = totals(lines) == totals(left(original))
    if not ours(original, reason, lines, is_full):
        assert bureaus(original, reason, lines) == ""


PLAIN = blue(line("100.00", "13.00", "4", "25"), line("50.00", "6.50", "2", "25"))
SERVICES = of_kind(PLAIN, STOPPED)
HALF = part(PLAIN, RETURNED, [Credit(1, quantity=D(2))])[0]


@pytest.mark.parametrize(
    ("original", "reason", "change", "code", "text"),
    [
        (PLAIN, RETURNED, {"price": D("24.99"), "amount": D("-49.98")}, "red_line_price", "单价必须与蓝字发票一致"),
        (SERVICES, STOPPED, {"price": D("20"), "amount": D("-40.00"), "tax": D("-5.20")}, "red_line_price", "单价必须"),
        (PLAIN, RETURNED, {"amount": D("-50.02")}, "red_line_product", "单价×数量"),
        (PLAIN, RETURNED, {"tax": D("-6.57")}, "red_line_tax", "误差超过"),
        (PLAIN, ALLOWANCE, {"amount": D("-100.00"), "tax": D("-12.99")}, "red_line_tax", "税额应为"),
        (PLAIN, ALLOWANCE, {"amount": D("-100.01")}, "red_line_exceeds", "超过剩余"),
        (PLAIN, RETURNED, {"quantity": D("-5"), "amount": D("-125.00")}, "red_line_exceeds", "超过剩余"),
        (PLAIN, RETURNED, {"quantity": None, "price": None}, "red_line_quantity_missing", "数量不能为空"),
        (SERVICES, STOPPED, {"quantity": None, "price": None}, "red_line_quantity_missing", "数量不能为空"),
        (PLAIN, ALLOWANCE, {"quantity": D("-2"), "price": D("25")}, "red_line_quantity_needless", "不能填写"),
        (PLAIN, WRONG, {}, "red_reason_scope", "全额红冲"),
    ],
)
def test_both_refuse(original, reason, change, code, text):
    base = HALF if reason != ALLOWANCE else replace(HALF, quantity=None, price=None)
    one = replace(base, code=original.lines[0].code, **change)
    assert code in ours(original, reason, [one])
    assert text in bureaus(original, reason, [one])


@settings(max_examples=100, deadline=None)
@given(st.data(), BLUES)
def test_a_full_reversal_equals_the_totals_of_the_original(data, original):
    lines = whole(original, WRONG)
    # a discount may leave the tax of a line and nothing of its amount, which no red line can say
    if not lines or not all(one.amount for one in lines):
        return
    assert [-value for value in totals(lines)] == list(totals(original.lines))
    assert ours(original, WRONG, lines, is_full=True) == []
    place = data.draw(st.integers(0, len(lines) - 1))
    fen = data.draw(st.sampled_from([D("0.01"), D("-0.01")]))
    name = data.draw(st.sampled_from(["amount", "tax"]))
    changed = replace(lines[place], **{name: getattr(lines[place], name) + fen})
    assert ours(original, WRONG, [*lines[:place], changed, *lines[place + 1 :]], is_full=True)
