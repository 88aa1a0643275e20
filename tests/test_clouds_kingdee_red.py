"""金蝶发票云, reversing: red forms and red fapiao."""

import dataclasses
import json
from datetime import datetime, timezone
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
from ..rules.document import ORDINARY, SPECIAL
from ..rules.red_document import BUYER, RedLine, RedOrder
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
