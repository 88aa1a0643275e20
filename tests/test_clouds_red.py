"""票单云, reversing: what is asked and ordered, over real HTTP."""

import dataclasses
import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import (
    BUYER_RED,
    EFFECTS,
    FEATURES,
    ISSUE,
    PARTIAL_RED,
    RED,
    RED_APPLY,
    RED_APPLY_FINDS,
    RED_CHECK,
    RED_ISSUE,
    RED_LIST,
    RED_STATE,
    RED_WITHDRAW,
    WITHDRAW,
    NotFound,
    TokenSlot,
)
from ..clouds.canonical import canonical
from ..clouds.errors import OutcomeUnknown
from ..clouds.registry import open_cloud
from ..rules.red_document import BUYER, RedLine, RedOrder
from . import test_clouds_red_seed as seed
from . import test_clouds_seed as blue_seed
from .test_clouds_server import TAX_NO, cloud, config, http, reset, silence

NUMBER = "24112000000064654320"
RED_NUMBER = "24112000000064636722"
FORM = "11011424061000028528"
UID = f"{TAX_NO}_02"
SELLER_TAX_NO = "91310000MA1FL4ABCX"
ORDER = RedOrder(NUMBER, "01", form_number=FORM)
BUYERS = dataclasses.replace(
    ORDER,
    initiator=BUYER,
    seller_tax_no=SELLER_TAX_NO,
    blue_issued_at=datetime(2024, 6, 19, 11, 34, 7, tzinfo=timezone.utc),
)
CALLS = {
    RED_CHECK: ("retInviceMsg", seed.RED_CHECK),
    RED_APPLY: ("hzxxbsq", seed.RED_APPLY),
    RED_STATE: ("hzxxbsq", seed.RED_APPLY),
    RED_ISSUE: ("hzfpkj", seed.RED_ISSUE),
}


def client(**options):
    plain = config("https://cloud.example.com")
    return open_cloud(dataclasses.replace(plain, options={**plain.options, **options}), TokenSlot())


def frozen(operation, order=ORDER, uid=UID, **changes):
    return client().freeze(operation, dataclasses.replace(order, **changes), uid)


# --- What a cloud can do


def test_operations_and_features():
    piaodanyun = client()
    assert {one for one in RED if piaodanyun.can(one)} == RED - {RED_LIST, RED_WITHDRAW}
    assert {one for one in FEATURES if piaodanyun.can(one)} == {BUYER_RED, RED_APPLY_FINDS}
    assert not piaodanyun.can(PARTIAL_RED)
    assert {ISSUE, WITHDRAW, RED_APPLY, RED_ISSUE, RED_WITHDRAW} == EFFECTS & (RED | {ISSUE, WITHDRAW})


def test_what_it_cannot():
    with pytest.raises(ValueError, match="no operation"):
        frozen(RED_WITHDRAW)
    with pytest.raises(ValueError, match="in full only"):
        frozen(RED_APPLY, is_full=False)
    assert client(partial_red=True).can(PARTIAL_RED)
    for changes in ({"reason": "01"}, {"lines": ()}):
        with pytest.raises(ValueError, match="partial reversal"):
            in_part(**changes)


@pytest.mark.parametrize("operation", sorted(EFFECTS))
def test_effects_are_never_just_asked(operation):
    with pytest.raises(ValueError, match="effect"):
        client().ask(operation, {})


# --- freeze

SELLERS_APPLICATION = {"xhdwsbh": TAX_NO, "yfphm": NUMBER, "chyydm": "01", "sqyy": "2"}


@pytest.mark.parametrize(
    ("operation", "changes", "form"),
    [
        (RED_CHECK, {}, {"nsrsbh": TAX_NO, "fphm": NUMBER, "sqyy[0]": "2"}),
        (RED_APPLY, {"form_number": ""}, SELLERS_APPLICATION),
        (RED_APPLY, {"reason": "04"}, {**SELLERS_APPLICATION, "chyydm": "04"}),
        (RED_APPLY, {"blue_is_paper": True}, {**SELLERS_APPLICATION, "sdfpbz": "1"}),
        (RED_APPLY, {"is_anew": True}, {**SELLERS_APPLICATION, "hzxxbcheck": "1"}),
        (RED_STATE, {}, SELLERS_APPLICATION),
        (RED_STATE, {"is_anew": True}, SELLERS_APPLICATION),
        (RED_ISSUE, {}, {"fpqqlsh": UID, "xhdwsbh": TAX_NO, "tzdbh": FORM, "yfphm": NUMBER}),
        (
            RED_ISSUE,
            {"special_kind": "03", "seller_tax_no": TAX_NO},
            {"fpqqlsh": UID, "xhdwsbh": TAX_NO, "tzdbh": FORM, "yfphm": NUMBER, "tdyslxDm": "03"},
        ),
    ],
)
def test_the_sellers_forms(operation, changes, form):
    assert list(frozen(operation, **changes).items()) == list(form.items())


RED_LINE = RedLine(
    name="*软件*云", code="1", amount=Decimal("-45.00"), tax=Decimal("-5.85"), rate=Decimal("0.13"),
    quantity=Decimal("-2"), price=Decimal("22.5"), xh=3, bureau_xh=4,
)  # fmt: skip


def in_part(*lines, **changes):
    values = {"reason": "02", "lines": lines or (RED_LINE,), "amount": Decimal("-45.00"), "tax": Decimal("-5.85")}
    order = dataclasses.replace(ORDER, is_full=False, **{**values, **changes})
    return client(partial_red=True).freeze(RED_APPLY, order, UID)


def test_a_part():
    """assumption: keys of a sister's manual; the numbers are those of the bureau's list"""
    form = {
        **SELLERS_APPLICATION,
        "chyydm": "02",
        "bfch": "1",
        "hjje": "-45.00",
        "hjse": "-5.85",
        "fyxm[0][xh]": "4",
        "fyxm[0][spsl]": "-2",
        "fyxm[0][je]": "-45.00",
        "fyxm[0][se]": "-5.85",
        "fyxm[0][hsbz]": "0",
    }
    assert in_part() == form
    bare = dataclasses.replace(RED_LINE, quantity=None, price=None, bureau_xh=None)
    allowance = in_part(bare, reason="04")
    assert allowance["fyxm[0][xh]"] == "3"
    assert "fyxm[0][spsl]" not in allowance


def test_a_part_of_a_list():
    """assumption: only a fapiao on paper with more than eight lines is a list"""
    form = in_part(blue_is_paper=True, blue_lines=9)
    assert {key: form[f"fyxm[0][{key}]"] for key in ("xh", "je", "se")} == {"xh": "0", "je": "-45.00", "se": "-5.85"}
    assert (form["fyxm[1][xh]"], form["sdfpbz"]) == ("4", "1")
    for changes in ({"blue_is_paper": True, "blue_lines": 8}, {"blue_lines": 9}):
        assert in_part(**changes)["fyxm[0][xh]"] == "4"


def test_the_side_as_one_plain_key():
    """assumption: a server of the family may read one key instead of the paper's array"""
    form = client(side_as_list=False).freeze(RED_CHECK, ORDER, UID)
    assert form == {"nsrsbh": TAX_NO, "fphm": NUMBER, "sqyy": "2"}


def test_the_buyers_forms():
    """assumption: xhdwsbh is the seller of the blue fapiao whoever applies"""
    assert frozen(RED_CHECK, BUYERS, special_kind="03") == {
        "nsrsbh": TAX_NO,
        "fphm": NUMBER,
        "sqyy[0]": "3",
        "xhdwsbh": SELLER_TAX_NO,
        "kprq": "2024-06-19 19:34:07",
        "tdyslxDm": "03",
    }
    assert frozen(RED_APPLY, BUYERS, special_kind="03") == {
        **SELLERS_APPLICATION,
        "xhdwsbh": SELLER_TAX_NO,
        "sqyy": "3",
        "nsrsbh": TAX_NO,
        "kprq": "2024-06-19 19:34:07",
        "tdyslxDm": "03",
    }
    assert "tdyslxDm" not in frozen(RED_APPLY, BUYERS)


@pytest.mark.parametrize(
    ("operation", "order"),
    [
        (RED_CHECK, dataclasses.replace(BUYERS, seller_tax_no="")),
        (RED_CHECK, dataclasses.replace(BUYERS, blue_issued_at=None)),
        (RED_CHECK, dataclasses.replace(BUYERS, blue_issued_at=datetime(2024, 6, 19))),
        (RED_APPLY, dataclasses.replace(ORDER, reason="")),
        (RED_APPLY, dataclasses.replace(BUYERS, seller_tax_no="")),
        (RED_APPLY, dataclasses.replace(BUYERS, blue_issued_at=None)),
        (RED_STATE, dataclasses.replace(ORDER, form_number="")),
        (RED_ISSUE, dataclasses.replace(ORDER, form_number="")),
        (RED_ISSUE, dataclasses.replace(ORDER, blue_number="1")),
    ],
)
def test_what_no_form_can_carry(operation, order):
    with pytest.raises(ValueError, match=r"\w"):
        client().freeze(operation, order, UID)


@pytest.mark.parametrize("uid", ["", "x" * 41, "税号_1", None, "a&b"])
def test_a_serial_number_that_does_not_fit(uid):
    with pytest.raises(ValueError, match="order's number"):
        client().freeze(RED_ISSUE, ORDER, uid)


DIGITS = st.text("0123456789", min_size=20, max_size=20)
ORDERS = st.builds(
    RedOrder,
    blue_number=DIGITS,
    reason=st.sampled_from(["01", "02", "03", "04"]),
    initiator=st.sampled_from(["seller", "buyer"]),
    seller_tax_no=st.text("0123456789ABCDEFGH", min_size=15, max_size=20),
    blue_issued_at=st.datetimes(timezones=st.just(timezone.utc), min_value=datetime(2000, 1, 1)),
    blue_is_paper=st.booleans(),
    special_kind=st.sampled_from(["", "03"]),
    form_number=DIGITS,
    is_anew=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(CALLS)), ORDERS)
def test_any_order_can_be_read_back_from_its_form(operation, order):
    form = client().freeze(operation, order, UID)
    assert all(isinstance(value, str) and value for value in form.values())
    assert json.loads(canonical(form)) == form
    assert not [secret for secret in ("open-sesame", "bureau-pass", "13800000000") if secret in canonical(form)]
    assert form.get("yfphm", form.get("fphm")) == order.blue_number
    if operation != RED_ISSUE:
        side = form.get("sqyy", form.get("sqyy[0]"))
        assert {"2": "seller", "3": "buyer"}[side] == order.initiator
    if operation in (RED_APPLY, RED_STATE):
        assert form["chyydm"] == order.reason
        assert ("sdfpbz" in form) is order.blue_is_paper
    assert form.get("hzxxbcheck") == ("1" if operation == RED_APPLY and order.is_anew else None)
    if operation == RED_ISSUE:
        assert (form["tzdbh"], form["xhdwsbh"]) == (order.form_number, order.seller_tax_no)


# --- send


@pytest.mark.parametrize("operation", sorted(CALLS))
def test_a_call_on_the_wire(operation):
    path, answer = CALLS[operation]
    with cloud(**{path: http(answer)}) as (piaodanyun, server):
        payload = piaodanyun.freeze(operation, ORDER, UID)
        meaning = piaodanyun.read(operation, piaodanyun.send(operation, payload))
    call = server.requests[1]
    assert (call.method, call.path) == ("POST", f"/qdjk/fullExteriorInvoke/{path}")
    assert call.headers["authorization"] == "T1"
    assert call.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert call.pairs == [("username", "13800000000"), *payload.items()]
    assert meaning.number == {RED_CHECK: NUMBER, RED_ISSUE: RED_NUMBER}.get(operation, FORM)


@pytest.mark.parametrize("operation", [RED_APPLY, RED_ISSUE])
@pytest.mark.parametrize("how", [reset, None, silence])
def test_a_lost_answer_is_unknown_and_is_not_repeated(operation, how):
    path, _answer = CALLS[operation]
    with cloud(**{path: how}, config_changes={"read_timeout": 0.1}) as (piaodanyun, server):
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(operation, piaodanyun.freeze(operation, ORDER, UID))
        assert len(server.requests) == 2


def test_a_first_application_is_settled_by_the_same_bytes():
    with cloud(hzxxbsq=[None, http(seed.RED_APPLY)]) as (piaodanyun, server):
        payload = piaodanyun.freeze(RED_APPLY, dataclasses.replace(ORDER, form_number=""), "")
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(RED_APPLY, payload)
        form = piaodanyun.read(RED_APPLY, piaodanyun.send(RED_APPLY, payload))
    assert form.number == FORM
    assert server.requests[1].body == server.requests[2].body
    assert "hzxxbcheck" not in server.requests[1].form


# --- asking


def test_may_it_be_reversed():
    with cloud(retInviceMsg=http(seed.RED_CHECK)) as (piaodanyun, _server):
        assert piaodanyun.check_red(ORDER).allowed


def test_an_answer_about_another_fapiao_is_not_believed():
    with cloud(retInviceMsg=http(seed.RED_CHECK)) as (piaodanyun, _server), pytest.raises(OutcomeUnknown):
        piaodanyun.check_red(dataclasses.replace(ORDER, blue_number=RED_NUMBER))


def test_not_there_yet():
    answer = http({"code": 999, "msg": "未查询到该发票", "data": None})
    with cloud(retInviceMsg=answer, hzxxbsq=answer) as (piaodanyun, _server):
        assert piaodanyun.check_red(ORDER) == NotFound("未查询到该发票", "999")
        assert piaodanyun.ask(RED_STATE, piaodanyun.freeze(RED_STATE, ORDER, "")) == NotFound("未查询到该发票", "999")


def test_how_a_form_stands():
    with cloud(hzxxbsq=http(seed.RED_APPLY)) as (piaodanyun, server):
        assert piaodanyun.ask(RED_STATE, piaodanyun.freeze(RED_STATE, ORDER, "")).state == "01"
        with pytest.raises(ValueError, match="would apply"):
            piaodanyun.ask(RED_STATE, piaodanyun.freeze(RED_STATE, dataclasses.replace(ORDER, form_number=""), ""))
    assert len(server.requests) == 2, "a form that may not exist was not asked for"


def found(**changes):
    data = json.loads(blue_seed.QUERY)["data"]
    return http({"code": 200, "msg": "成功", "data": {**data, **changes}})


def test_a_red_fapiao_is_found_by_its_serial_like_a_blue_one():
    answer = found(fphm=RED_NUMBER, yfphm=NUMBER, fpqqlsh=UID, jshj="-1", hjje="-0.99", se="-0.01")
    with cloud(invoiceQueryMx=answer) as (piaodanyun, _server):
        red = piaodanyun.find(request_uid=UID)
    assert (red.number, red.color, red.original_number) == (RED_NUMBER, "red", NUMBER)
    assert str(red.total) == "-1.00"


def test_the_red_fapiao_that_somebody_else_issued():
    """assumption: hcFphm of the blue fapiao names it"""
    answers = [found(hcFphm=RED_NUMBER), found(fphm=RED_NUMBER, yfphm=NUMBER, jshj="-1")]
    with cloud(invoiceQueryMx=answers) as (piaodanyun, server):
        assert piaodanyun.find_red(NUMBER).original_number == NUMBER
    assert [call.form["fphm"] for call in server.requests[1:]] == [NUMBER, RED_NUMBER]


@pytest.mark.parametrize("changes", [{}, {"hcFphm": "soon"}])
def test_no_red_fapiao_is_named(changes):
    with cloud(invoiceQueryMx=found(**changes)) as (piaodanyun, _server):
        assert isinstance(piaodanyun.find_red(NUMBER), NotFound)
