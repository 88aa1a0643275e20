"""金蝶发票云: what became of a bill, the fapiao it became, and their files."""

import dataclasses
import json

import pytest

from ..clouds.base import FIND, Bill, NotFound, Pending
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown
from .test_clouds_kingdee_fapiao import FAPIAO, OTHER, found
from .test_clouds_kingdee_server import (
    NUMBER,
    TAX_NO,
    UID,
    calls,
    client,
    cloud,
    encoded,
    http,
    ok,
    read,
    refused,
)

# --- What is asked


def test_the_questions():
    kingdee = client()
    assert kingdee.freeze(FIND, None, UID) == {"sellerTaxpayerId": TAX_NO, "serialNo": UID}
    assert kingdee.freeze(FIND, {"number": NUMBER}, "") == {"sellerTaxpayerId": TAX_NO, "invoiceNum": NUMBER}
    assert kingdee.freeze(FIND, {"red": True}, UID) == {
        "sellerTaxpayerId": TAX_NO,
        "serialNo": UID,
        "invoiceNum": "",
    }
    with pytest.raises(ValueError, match="Ask by"):
        kingdee.freeze(FIND, None, "")


def test_a_fapiao_is_asked_for_by_another_interface_than_a_bill():
    """assumption: ALLE.INVOICE.QUERY, which the papers don't list"""
    answers = {"BILL_INVOICE_QUERY": http(ok([{"billNo": UID}])), "ALLE_INVOICE_QUERY": http(ok(_direct()))}
    with cloud(**answers) as (kingdee, server):
        assert isinstance(kingdee.find(UID), Bill)
        assert kingdee.find(number=NUMBER).number == NUMBER
    assert [call.json["interfaceCode"] for call in calls(server)] == [
        "BILL.INVOICE.QUERY",
        "ALLE.INVOICE.QUERY",
    ]


def _direct(**changes):
    """Return one fapiao as it comes without a bill around it."""
    return {**{key: value for key, value in FAPIAO.items() if key != "billNo"}, **changes}


# --- Bills


def test_one_bill_with_one_fapiao():
    bill = found(FAPIAO)
    assert (bill.request_uid, bill.is_complete, bill.state, bill.text) == (UID, True, "", "")
    assert [fapiao.number for fapiao in bill.fapiao] == [NUMBER]


def test_one_bill_with_three():
    numbers = [f"2495200000002878779{digit}" for digit in range(3)]
    bill = found(*({**FAPIAO, "invoiceNum": number} for number in numbers))
    assert [fapiao.number for fapiao in bill.fapiao] == numbers
    assert bill.is_complete


def test_the_same_fapiao_listed_twice_is_one():
    assert len(found(FAPIAO, FAPIAO).fapiao) == 1


def test_one_issued_and_one_refused():
    failed = {**FAPIAO, "invoiceNum": "", "invoiceStatus": "2", "issueErrorMessage": "授信额度不足"}
    bill = found(FAPIAO, failed)
    assert ([fapiao.number for fapiao in bill.fapiao], bill.is_complete) == ([NUMBER], False)
    assert (bill.state, bill.text) == ("waiting", "授信额度不足")


def test_a_bill_without_fapiao_is_known_all_the_same():
    assert dataclasses.replace(found(), raw={}) == Bill(UID, text="成功")


@pytest.mark.parametrize(
    ("word", "state"),
    [("已退回", "returned"), ("开票中", "issuing"), ("待开票", "waiting"), ("已审核", ""), ("", "")],
)
def test_where_a_bill_stands_in_words(word, state):
    """assumption: no source names a key or a code for it"""
    assert found(billStatusName=word).state == state


@pytest.mark.parametrize(
    "data",
    [
        [{"billNo": UID, "invoiceList": [FAPIAO]}],
        {"billNo": UID, "invoiceList": [FAPIAO]},
        [FAPIAO],
        FAPIAO,
        {"invoiceList": [FAPIAO]},
        [{"billNo": UID, "invoices": [FAPIAO]}],
    ],
)
@pytest.mark.parametrize("wrap", [encoded, json.dumps, lambda data: data], ids=["base64", "text", "plain"])
def test_every_shape_of_data(data, wrap):
    bill = read(FIND, {"errorCode": "0", "data": wrap(data)})
    assert isinstance(bill, Bill)
    assert (bill.request_uid, bill.fapiao[0].number) == (UID, NUMBER)


@pytest.mark.parametrize("key", ["invoiceNum", "invoiceNo", "etaxInvoiceNo", "InvoiceNum"])
def test_the_number_under_any_of_its_names(key):
    fapiao = {**FAPIAO, key: NUMBER}
    if key != "invoiceNum":
        del fapiao["invoiceNum"]
    assert found(fapiao).fapiao[0].number == NUMBER


@pytest.mark.parametrize("value", ["", None, "12345678", "2495200000002878779x", True, 1.5])
def test_what_is_no_number_is_no_fapiao(value):
    bill = found({**FAPIAO, "invoiceNum": value})
    assert (bill.fapiao, bill.is_complete) == ((), False)


# --- One fapiao without a bill


def test_one_fapiao_by_itself():
    assert read(FIND, ok(_direct())).number == NUMBER
    assert read(FIND, ok(_direct(invoiceNum="", issueErrorMessage="开票中"))) == Pending("开票中")


def test_another_fapiao_than_the_one_asked_for():
    answer = http(ok(_direct()))
    with cloud(ALLE_INVOICE_QUERY=answer) as (kingdee, _server), pytest.raises(OutcomeUnknown) as caught:
        kingdee.find(number=OTHER)
    assert caught.value.code == "other_number"


def test_another_bill_than_the_one_asked_for():
    answer = http(ok([{"billNo": "B2"}]))
    with cloud(BILL_INVOICE_QUERY=answer) as (kingdee, _server), pytest.raises(OutcomeUnknown) as caught:
        kingdee.find(UID)
    assert caught.value.code == "other_serial"


def test_a_number_is_picked_from_a_bill():
    body = http(ok([{"billNo": UID, "invoiceList": [{**FAPIAO, "invoiceNum": OTHER}, FAPIAO]}]))
    with cloud(ALLE_INVOICE_QUERY=body) as (kingdee, _server):
        assert kingdee.find(number=NUMBER).number == NUMBER
        assert isinstance(kingdee.find(number=NUMBER[::-1]), NotFound)


# --- Not there, or not known


@pytest.mark.parametrize(
    "body",
    [ok(), ok([]), {"errorCode": "0", "success": True}, refused("未查询到单据"), refused("单据不存在")],
)
def test_not_found(body):
    """assumption: how a bill looks that the cloud doesn't know"""
    assert isinstance(read(FIND, body), NotFound)


def test_not_found_by_http_is_not_found_by_the_cloud():
    with pytest.raises(OutcomeUnknown):
        read(FIND, refused("不存在"), status=404)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (refused("系统异常"), OutcomeUnknown),
        (refused("税号不在租户范围内", "1130"), LoginRequired),
        (refused("销售方不存在"), OutcomeUnknown),
        (refused("接口不存在"), LoginRequired),
        (refused("请求的资源不存在"), OutcomeUnknown),
        (refused("不存在", "404"), LoginRequired),
        (ok([{"billNo": UID}, {"billNo": "B2"}]), OutcomeUnknown),
        (refused(""), OutcomeUnknown),
        (ok("x"), OutcomeUnknown),
        (ok([1]), OutcomeUnknown),
        (ok({"a": 1}), OutcomeUnknown),
        (refused("未授权"), LoginRequired),
        (refused("token已过期"), NotSent),
    ],
    ids=str,
)
def test_nothing_else_is_ever_not_found(body, error):
    with pytest.raises(error):
        read(FIND, body)
