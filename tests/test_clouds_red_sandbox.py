"""票单云, reversing against the sandbox: client and bureau, each written from the protocol alone."""

import dataclasses
import json
from decimal import Decimal

import pytest

from ..clouds.base import (
    RED_APPLY,
    RED_CHECK,
    RED_ISSUE,
    RED_STATE,
    Config,
    Issued,
    NotFound,
    TokenSlot,
)
from ..clouds.canonical import canonical
from ..clouds.errors import CloudError, NotYet, OutcomeUnknown, Rejected
from ..clouds.piaodanyun import Piaodanyun
from ..rules.red_document import BUYER, RedOrder
from ..rules.red_lines import totals
from ..sandbox import defaults
from .sandbox_case import SandboxCase, discount, line

D = Decimal


@pytest.fixture
def bureau():
    """Its server, and its own way to a valid blue fapiao."""
    case = SandboxCase()
    case.setUp()
    yield case
    case.doCleanups()


@pytest.fixture
def world(bureau):
    return bureau.world


@pytest.fixture
def blue(bureau):
    return bureau.issue()


@pytest.fixture
def seller(bureau):
    with client(bureau, defaults.TAX_NO, defaults.USERNAME) as piaodanyun:
        yield piaodanyun


@pytest.fixture
def buyer(bureau):
    with client(bureau, defaults.BUYER_TAX_NO, defaults.BUYER_USERNAME) as piaodanyun:
        yield piaodanyun


def client(bureau, tax_no, username):
    config = Config(
        provider="piaodanyun",
        base_url=bureau.server.base_url,
        tax_no=tax_no,
        username=username,
        secrets={
            "phone": defaults.PHONE,
            "password": defaults.PASSWORD,
            "tax_password": defaults.TAX_PASSWORD,
        },
        options={"tenant_number": str(defaults.TENANT_ID), "partial_red": True},
        is_sandbox=True,
    )
    return Piaodanyun(config, TokenSlot())


def sellers(fapiao, **changes):
    return RedOrder(fapiao.number, "01", seller_tax_no=fapiao.seller_no, **changes)


def buyers(fapiao, **changes):
    return sellers(fapiao, initiator=BUYER, blue_issued_at=fapiao.issued_at, **changes)


def apply(piaodanyun, order):
    return order_of(piaodanyun, RED_APPLY, order)


def order_of(piaodanyun, operation, order, uid=""):
    return piaodanyun.read(operation, piaodanyun.send(operation, piaodanyun.freeze(operation, order, uid)))


# --- The whole way


def test_the_seller_alone(blue, seller, world):
    assert seller.check_red(sellers(blue)).used is False
    form = apply(seller, sellers(blue))
    assert form.state == "01"
    order = sellers(blue, form_number=form.number)
    red = order_of(seller, RED_ISSUE, order, f"{defaults.TAX_NO}_r1")
    assert (red.color, red.total) == ("red", -blue.gross)
    found = seller.find(number=blue.number)
    assert (found.color, found.status, found.reversed_by) == ("blue", "", red.number)
    assert world.fapiao[red.number].original == blue.number


def test_the_buyer_asks_and_the_seller_confirms(blue, buyer, seller, world):
    check = buyer.check_red(buyers(blue))
    assert (check.allowed, check.number, check.buyer_tax_no) == (True, blue.number, defaults.BUYER_TAX_NO)
    form = apply(buyer, buyers(blue))
    assert form.state == "03"
    asked = buyers(blue, form_number=form.number)
    assert buyer.ask(RED_STATE, buyer.freeze(RED_STATE, asked, "")).state == "03"
    world.act_red_form(form.number, "confirm")
    assert buyer.ask(RED_STATE, buyer.freeze(RED_STATE, asked, "")).state == "04"
    # only the seller issues, from the form that the buyer began
    assert apply(seller, sellers(blue)).number == form.number
    red = order_of(seller, RED_ISSUE, sellers(blue, form_number=form.number), f"{defaults.TAX_NO}_r1")
    inbound = buyer.find(number=blue.number)
    assert (inbound.number, inbound.reversed_by, inbound.request_uid) == (blue.number, red.number, "")
    assert buyer.find_red(blue.number).original_number == blue.number


def test_the_buyer_finds_what_is_not_reversed(blue, buyer):
    found = buyer.find(number=blue.number)
    assert isinstance(found, Issued)
    assert (found.seller_tax_no, found.status, found.reversed_by) == (defaults.TAX_NO, "normal", "")
    assert isinstance(buyer.find(request_uid=blue.request), NotFound), "the id is the seller's"


# --- In part (assumption: the keys are a sister's; both sides are written from the same page)


def part_of(seller, blue, reason, *shares):
    """Return the order over ``shares`` of what is left of a fapiao, and the numbers that the bureau shows."""
    check = seller.check_red(sellers(blue))
    known = {one.xh: one for one in check.lines}
    taken = tuple(
        dataclasses.replace(known[xh], quantity=quantity and -D(quantity), amount=-amount, tax=-tax)
        for xh, quantity, amount, tax in shares
    )
    amount, tax, total = totals(taken)
    order = sellers(blue, is_full=False, lines=taken, amount=amount, tax=tax, total=total)
    return dataclasses.replace(order, reason=reason), list(known)


def reverse(seller, order, serial):
    form = apply(seller, dataclasses.replace(order, is_anew=True))
    asked = dataclasses.replace(order, form_number=form.number)
    return order_of(seller, RED_ISSUE, asked, f"{defaults.TAX_NO}_{serial}")


def test_parts_keep_the_numbers_of_the_original(bureau, seller, world):
    """The first takes lines 2 and 4 in full, the second of 1, 3 and 5; then what is left in full."""
    blue = bureau.issue([line() for _number in range(5)])
    price = blue.lines[0].amount
    tax = blue.lines[0].tax
    first, shown = part_of(seller, blue, "02", (2, 2, price, tax), (4, 2, price, tax))
    assert shown == [1, 2, 3, 4, 5]
    assert reverse(seller, first, "p1").total == first.total
    assert not world.fapiao[blue.number].reversed_by
    half, half_tax = (price / 2).quantize(D("0.01")), (tax / 2).quantize(D("0.01"))
    second, shown = part_of(seller, blue, "04", *((xh, None, half, half_tax) for xh in (1, 3, 5)))
    assert shown == [1, 3, 5]
    assert reverse(seller, second, "p2").total == second.total
    check = seller.check_red(sellers(blue))
    assert check.amount + check.tax == -blue.gross - first.total - second.total
    rest = dataclasses.replace(sellers(blue), reason="04")
    assert reverse(seller, rest, "p3").total == check.amount + check.tax
    assert world.fapiao[blue.number].reversed_by


def test_a_discounted_line_in_part(bureau, seller):
    parent = line(fphxz="2")
    blue = bureau.issue([parent, discount(), line()])
    check = seller.check_red(sellers(blue))
    assert [one.xh for one in check.lines] == [1, 3]
    assert check.lines[0].amount == -(blue.lines[0].net + blue.lines[1].net)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"chyydm": "01"}, "01,开票有误"),
        ({"hjje": "-1.00"}, "之和不一致"),
        ({"fyxm[0][xh]": "7"}, "不存在"),
        ({"fyxm[0][spsl]": "1"}, "应为负数"),
        ({"bfch": ""}, "不需要明细"),
    ],
)
def test_parts_that_the_bureau_refuses(bureau, seller, changes, text):
    blue = bureau.issue()
    one = blue.lines[0]
    order, _shown = part_of(seller, blue, "02", (1, 2, one.net, one.tax))
    form = {**seller.freeze(RED_APPLY, order, ""), **changes}
    with pytest.raises(CloudError) as raised:
        seller.read(RED_APPLY, seller.send(RED_APPLY, form))
    assert text in raised.value.text


# --- Too early


def test_not_shown_yet(bureau, seller, buyer, world):
    world.settings.red_lag = 7200
    blue = bureau.issue()
    for piaodanyun, order in ((seller, sellers(blue)), (buyer, buyers(blue))):
        assert isinstance(piaodanyun.check_red(order), NotFound)
        with pytest.raises(NotYet):
            apply(piaodanyun, order)
    assert world.red_forms == {}, "nothing happened"
    world.settings.red_lag = 0
    assert apply(seller, sellers(blue)).state == "01"


# --- Lost answers


@pytest.mark.parametrize("kind", ["drop_after", "half_json", "http_500", "gateway_504", "bureau_error"])
def test_a_lost_answer_is_settled_by_the_same_frozen_payload(kind, blue, seller, world):
    frozen = canonical(seller.freeze(RED_APPLY, sellers(blue), ""))
    world.faults.add("hzxxbsq", kind)
    with pytest.raises(OutcomeUnknown):
        seller.read(RED_APPLY, seller.send(RED_APPLY, json.loads(frozen)))
    (form,) = world.red_forms.values()
    again = [seller.read(RED_APPLY, seller.send(RED_APPLY, json.loads(frozen))) for _ in range(2)]
    assert [one.number for one in again] == [form.number] * 2
    assert list(world.red_forms) == [form.number], "one form, however often it is sent"


def test_a_lost_question_before_it_acts_changes_nothing(blue, seller, world):
    payload = seller.freeze(RED_APPLY, sellers(blue), "")
    world.faults.add("hzxxbsq", "drop_before")
    with pytest.raises(OutcomeUnknown):
        seller.send(RED_APPLY, payload)
    assert world.red_forms == {}
    form = seller.read(RED_APPLY, seller.send(RED_APPLY, payload))
    assert list(world.red_forms) == [form.number]


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_a_lost_answer_to_a_new_application_is_settled_by_asking(side, blue, seller, buyer, world):
    piaodanyun, made = (seller, sellers) if side == "seller" else (buyer, buyers)
    first = apply(piaodanyun, made(blue))
    world.act_red_form(first.number, "withdraw")
    anew = made(blue, form_number=first.number, is_anew=True)
    world.faults.add("hzxxbsq", "drop_after")
    with pytest.raises(OutcomeUnknown):
        apply(piaodanyun, anew)
    found = piaodanyun.ask(RED_STATE, piaodanyun.freeze(RED_STATE, anew, ""))
    assert found.number not in ("", first.number)
    assert list(world.red_forms) == [first.number, found.number]


def test_a_new_application_that_never_arrived_leaves_the_old_form(blue, seller, world):
    first = apply(seller, sellers(blue))
    world.act_red_form(first.number, "withdraw")
    anew = sellers(blue, form_number=first.number, is_anew=True)
    world.faults.add("hzxxbsq", "drop_before")
    with pytest.raises(OutcomeUnknown):
        apply(seller, anew)
    form = seller.ask(RED_STATE, seller.freeze(RED_STATE, anew, ""))
    assert (form.number, form.state) == (first.number, "08")
    assert list(world.red_forms) == [first.number], "the question applied for nothing"


def test_a_new_application_sent_twice_makes_no_second_form(blue, seller, world):
    first = apply(seller, sellers(blue))
    world.act_red_form(first.number, "withdraw")
    anew = sellers(blue, form_number=first.number, is_anew=True)
    apply(seller, anew)
    with pytest.raises(OutcomeUnknown):
        apply(seller, anew)
    assert len(world.red_forms) == 2


# --- Past this client


def test_reversed_in_the_portal(blue, seller, world):
    assert isinstance(seller.find_red(blue.number), NotFound)
    red = world.reverse_elsewhere(blue.number)
    check = seller.check_red(sellers(blue))
    assert (check.allowed, "已全额红冲" in check.text) == (False, True)
    assert seller.find(number=blue.number).reversed_by == red.number
    found = seller.find_red(blue.number)
    assert (found.number, found.color, found.total) == (red.number, "red", red.gross)


def test_reversed_in_the_portal_between_form_and_fapiao(blue, seller, world):
    form = apply(seller, sellers(blue))
    red = world.reverse_elsewhere(blue.number)
    uid = f"{defaults.TAX_NO}_r1"
    with pytest.raises(OutcomeUnknown):
        order_of(seller, RED_ISSUE, sellers(blue, form_number=form.number), uid)
    assert world.issued_count(uid) == 0
    assert isinstance(seller.find(request_uid=uid), NotFound)
    assert seller.find_red(blue.number).number == red.number, "the trail leads there"


def test_applied_for_in_the_portal(blue, seller, world):
    form = world.apply_elsewhere(blue.number, "02", "3")
    assert (apply(seller, sellers(blue)).number, list(world.red_forms)) == (form.number, [form.number])
    asked = sellers(blue, form_number=form.number)
    assert seller.read(RED_STATE, seller.send(RED_STATE, seller.freeze(RED_STATE, asked, ""))).state == "03"


def test_a_cloud_that_knows_its_own_forms_only(blue, seller, world):
    """assumption: then the bureau says that there is one, and nobody can tell whose"""
    world.piaodanyun.portal_forms = False
    world.apply_elsewhere(blue.number)
    with pytest.raises(OutcomeUnknown):
        apply(seller, sellers(blue))
    world.reverse_elsewhere(blue.number)
    with pytest.raises(Rejected):
        apply(seller, sellers(blue))


def test_nothing_is_asked_about_somebody_elses(blue, buyer, world):
    world.add_taxpayer("91110000MA0FAKE175", "旁人", "third", defaults.TAX_PASSWORD)
    order = dataclasses.replace(buyers(blue), seller_tax_no="91110000MA0FAKE175")
    assert isinstance(buyer.ask(RED_CHECK, buyer.freeze(RED_CHECK, order, "")), NotFound)


# --- A digital fapiao on paper, special elements, the buyer's side


def test_one_on_paper_is_reversed_by_an_electronic_one(seller, blue, world):
    blue.form = "digital_paper"
    check = seller.check_red(sellers(blue))
    assert check.is_paper
    form = apply(seller, sellers(blue, blue_is_paper=check.is_paper))
    red = order_of(seller, RED_ISSUE, sellers(blue, form_number=form.number), f"{blue.seller_no}_paper")
    assert world.fapiao[red.number].form == "digital"


def test_without_the_mark_the_red_one_would_need_a_sheet_of_paper(seller, blue):
    blue.form = "digital_paper"
    form = apply(seller, sellers(blue))
    with pytest.raises((OutcomeUnknown, Rejected)):
        order_of(seller, RED_ISSUE, sellers(blue, form_number=form.number), f"{blue.seller_no}_paper")


def test_the_mark_is_for_paper_only(seller, blue):
    with pytest.raises((OutcomeUnknown, Rejected)):
        apply(seller, sellers(blue, blue_is_paper=True))


def test_a_buyer_names_the_special_element(buyer, blue, world):
    blue.special_kind = "03"
    world.set_use(blue.number, booked="01")
    assert not buyer.check_red(buyers(blue)).allowed
    check = buyer.check_red(buyers(blue, special_kind=buyer.find(number=blue.number).particulars.element))
    assert (check.allowed, check.special_kind) == (True, "03")


def test_a_buyers_form_says_who_applies(buyer, blue, world):
    world.set_use(blue.number, booked="01")
    form = apply(buyer, buyers(blue))
    assert (form.state, form.initiator) == ("03", BUYER)
    with pytest.raises((OutcomeUnknown, Rejected)):
        apply(buyer, dataclasses.replace(buyers(blue), blue_issued_at=blue.issued_at.replace(year=2001)))


def test_the_check_names_the_form_that_exists(seller, blue, world):
    world.set_use(blue.number, booked="01")
    assert {line.application_no for line in seller.check_red(sellers(blue)).lines} == {""}
    form = world.apply_elsewhere(blue.number, side="3")
    assert {line.application_no for line in seller.check_red(sellers(blue)).lines} == {form.number}
