"""金蝶发票云, reversing: red forms and red fapiao."""

import dataclasses
import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from ..clouds.base import (
    FEATURES,
    MERGES,
    PARTIAL_RED,
    RED,
    RED_APPLY,
    RED_CHECK,
    RED_ISSUE,
    RED_STATE,
    RED_WITHDRAW,
)
from ..clouds.errors import OutcomeUnknown
from ..rules.document import ORDINARY, SPECIAL
from ..rules.red_document import BUYER, SELLER, RedLine, RedOrder
from .test_clouds_kingdee_server import (
    NUMBER,
    TAX_NO,
    UID,
    calls,
    client,
    cloud,
    decoded,
    http,
    ok,
)

RED_NUMBER = "24952000000028787799"
FORM = "44030624031000000001"
ORDER = RedOrder(NUMBER, "02", type=SPECIAL)
WITH_FORM = dataclasses.replace(ORDER, form_number=FORM, form_uuid="U1")
ROW = {
    "govRedConfirmBillUuid": "U1",
    "redConfirmBillStatus": "01",
    "redInfoBillNo": FORM,
    "redConfirmEnterDate": "2024-03-12 08:00:00",
    "originalInvoiceNumber": NUMBER,
}
LINE = RedLine(
    xh=1,
    name="*文化办公用设备*打印机",
    code="1090627010000000000",
    amount=Decimal("-333.33"),
    tax=Decimal("-43.33"),
    rate=Decimal("0.13"),
    quantity=Decimal(-1),
    price=Decimal("333.33"),
    unit="个",
)


def frozen(operation, order=ORDER, **changes):
    return client().freeze(operation, dataclasses.replace(order, **changes), UID)


def page(*rows):
    return ok({"dataList": list(rows), "pageNo": 1, "pageSize": 20, "totalElement": len(rows)})


# --- What a cloud can do


def test_operations_and_features():
    kingdee = client()
    assert {one for one in RED if kingdee.can(one)} == RED - {RED_CHECK}
    assert {one for one in FEATURES if kingdee.can(one)} == {MERGES, PARTIAL_RED}


def test_a_check_that_knows_nothing():
    check = client().check_red(ORDER)
    assert (check.allowed, check.used, check.text) == (True, None, "")


# --- The forms of a period


@pytest.mark.parametrize(("side", "identity"), [(SELLER, "0"), (BUYER, "1")])
def test_the_list_is_of_one_side(side, identity):
    with cloud(ALLE_REDCONFIRMBILL_QUERY=http(page(ROW))) as (kingdee, server):
        (form,) = kingdee.red_forms(side, date(2024, 3, 1), date(2024, 3, 31))
    assert (form.number, form.blue_number, form.state) == (FORM, NUMBER, "01")
    (call,) = calls(server, "ALLE.REDCONFIRMBILL.QUERY")
    assert decoded(call.json["data"]) == {
        "taxpayerId": TAX_NO,
        "identity": identity,
        "startDate": "2024-03-01",
        "endDate": "2024-03-31",
        "pageNo": 1,
        "pageSize": 50,
    }


def listed(*rows, total):
    return http(ok({"dataList": list(rows), "pageNo": 1, "pageSize": 50, "totalElement": total}))


def test_the_list_goes_on_until_all_are_there():
    second = {**ROW, "redInfoBillNo": "F2"}
    with cloud(ALLE_REDCONFIRMBILL_QUERY=[listed(ROW, total=2), listed(second, total="2")]) as (kingdee, server):
        forms = kingdee.red_forms(SELLER, date(2024, 3, 1), date(2024, 3, 31))
    assert [form.number for form in forms] == [FORM, "F2"]
    assert [decoded(call.json["data"])["pageNo"] for call in calls(server, "ALLE.REDCONFIRMBILL.QUERY")] == [1, 2]


def test_a_cloud_that_ignores_the_page_is_not_asked_for_ever():
    with cloud(ALLE_REDCONFIRMBILL_QUERY=listed(ROW, total=99)) as (kingdee, server):
        assert len(kingdee.red_forms(SELLER, date(2024, 3, 1), date(2024, 3, 31))) == 1
    assert len(calls(server, "ALLE.REDCONFIRMBILL.QUERY")) == 2


def test_no_forms_and_no_answer():
    with cloud(ALLE_REDCONFIRMBILL_QUERY=listed(total=0)) as (kingdee, _server):
        assert kingdee.red_forms(BUYER, date(2024, 3, 1), date(2024, 3, 31)) == ()
    other = http(ok({"something": "else"}))
    with cloud(ALLE_REDCONFIRMBILL_QUERY=other) as (kingdee, _server), pytest.raises(OutcomeUnknown):
        kingdee.red_forms(BUYER, date(2024, 3, 1), date(2024, 3, 31))


@pytest.mark.parametrize(
    ("changes", "name", "meaning"),
    [
        ({"redConfirmBillStatus": "02"}, "initiator", SELLER),
        ({"redConfirmBillStatus": "03"}, "initiator", BUYER),
        ({"redConfirmBillStatus": "06"}, "initiator", BUYER),
        ({"redConfirmBillStatus": "04", "enteridentity": "1"}, "initiator", BUYER),
        ({"redReason": "2"}, "reason", "02"),
        ({"redReason": "9"}, "reason", ""),
        ({"redInvoiceNum": RED_NUMBER}, "red_number", RED_NUMBER),
        ({"totalAmount": "-12.30"}, "amount", Decimal("-12.30")),
        ({"totalTaxAmount": -1.6}, "tax", Decimal("-1.60")),
    ],
)
def test_what_a_row_says_of_its_form(changes, name, meaning):
    with cloud(ALLE_REDCONFIRMBILL_QUERY=http(page({**ROW, **changes}))) as (kingdee, _server):
        (form,) = kingdee.red_forms(SELLER, date(2024, 3, 1), date(2024, 3, 31))
    assert getattr(form, name) == meaning


# --- What is asked


def test_the_application():
    assert frozen(RED_APPLY) == {
        "orderNo": UID,
        "invoiceNo": NUMBER,
        "redReason": "2",
        "invoiceType": "01",
        "sellerTaxpayerId": TAX_NO,
    }


@pytest.mark.parametrize(("kind", "code"), [(SPECIAL, "01"), (ORDINARY, "02")])
def test_types_of_the_direct_calls(kind, code):
    """assumption: 01 and 02 as in the vendor's pages on digital fapiao, not 08xdp as on bills"""
    assert frozen(RED_APPLY, type=kind)["invoiceType"] == code
    assert frozen(RED_ISSUE, type=kind)["invoiceType"] == code


def test_a_part_lists_its_lines():
    """assumption: the keys of a line are those of the answers"""
    payload = frozen(RED_APPLY, is_full=False, lines=(LINE,))
    assert payload["invoiceDetail"] == [
        {
            "originalSeq": 1,
            "goodsName": LINE.name,
            "revenueCode": LINE.code,
            "units": "个",
            "quantity": "-1",
            "price": "333.33",
            "amount": "-333.33",
            "taxRate": "0.13",
            "taxAmount": "-43.33",
            "privilegeFlag": "0",
        }
    ]


def test_the_question_by_number():
    """assumption: keys of the vendor's page; invoiceNo is ours, for telling the forms apart"""
    assert frozen(RED_STATE, WITH_FORM) == {"taxpayerId": TAX_NO, "redInfoBillNo": FORM, "invoiceNo": NUMBER}


def test_the_question_without_a_number():
    """assumption: the forms of a tax number are listed from a day on"""
    issued_at = datetime(2024, 3, 11, 20, 0, tzinfo=timezone.utc)
    assert frozen(RED_STATE, blue_issued_at=issued_at) == {
        "taxpayerId": TAX_NO,
        "orderNo": UID,
        "invoiceNo": NUMBER,
        "startDate": "2024-03-12",
    }


def test_the_withdrawal():
    """assumption: enteridentity 0 is the seller"""
    assert frozen(RED_WITHDRAW, WITH_FORM) == {
        "taxNo": TAX_NO,
        "number": FORM,
        "enteridentity": "0",
        "qrlx": "C",
    }


def test_the_order_for_the_red_fapiao():
    """assumption: the form goes along under the names of the answers"""
    direct = {
        "serialNo": UID,
        "invoiceNum": NUMBER,
        "redReason": "02",
        "invoiceType": "01",
        "sellerTaxpayerId": TAX_NO,
    }
    assert frozen(RED_ISSUE) == direct
    assert frozen(RED_ISSUE, WITH_FORM) == {**direct, "redInfoBillNo": FORM, "govRedConfirmBillUuid": "U1"}


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        (RED_APPLY, {"initiator": BUYER}),
        (RED_APPLY, {"reason": ""}),
        (RED_APPLY, {"blue_number": "1"}),
        (RED_APPLY, {"type": ""}),
        (RED_APPLY, {"is_full": False}),
        (RED_WITHDRAW, {}),
        (RED_ISSUE, {"reason": ""}),
        (RED_ISSUE, {"blue_number": ""}),
        (RED_CHECK, {}),
    ],
    ids=str,
)
def test_what_it_cannot(operation, changes):
    with pytest.raises(ValueError):
        frozen(operation, **changes)


def test_what_is_frozen_is_plain():
    for operation in (RED_APPLY, RED_STATE, RED_WITHDRAW, RED_ISSUE):
        payload = frozen(operation, WITH_FORM)
        assert json.loads(json.dumps(payload)) == payload


def test_each_call_has_its_interface():
    with cloud(
        REDCONFIRMBILL_APPLY=http(ok(ROW)),
        ALLE_REDCONFIRMBILL_QUERY=http(page(ROW)),
        REDCONFIRMBILL_REVOKE=http(ok()),
        ALLE_INVOICE_RED=http(ok()),
    ) as (kingdee, server):
        for operation in (RED_APPLY, RED_STATE, RED_WITHDRAW, RED_ISSUE):
            payload = frozen(operation, WITH_FORM)
            kingdee.send(operation, payload)
            assert decoded(calls(server)[-1].json["data"]) == payload
