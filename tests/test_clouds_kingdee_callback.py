"""金蝶发票云: what the cloud pushes to us, whatever it is."""

import base64
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import CreditLine
from ..clouds.kingdee.callback import BILL, FAPIAO, RETURN, News, answer, parse
from .test_clouds_kingdee_server import NUMBER, UID, encoded

OTHER = "24952000000028787794"
PART = {"billNo": UID, "invoiceNum": NUMBER, "invoiceStatus": "0", "issueErrorMessage": "", "serialNo": "S1"}


def body(data, **head):
    envelope = {
        "interfaceCode": "INVOICE.OPEN",
        "returnCode": "0",
        "returnMsg": "success",
        "data": data,
        **head,
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


# --- The three forms


def test_by_bill():
    second = {**PART, "invoiceNum": OTHER}
    assert parse(body([PART, second])) == [News(BILL, UID, (NUMBER, OTHER), "normal")]


CONTROL = {"issueBizType": "", "bizType": "", "monthSurplusLimit": 1999.5, "daySurplusLimit": "20", "isWarning": True}


@pytest.mark.parametrize(
    "control", [CONTROL, json.dumps(CONTROL), base64.b64encode(json.dumps(CONTROL).encode()).decode()]
)
def test_credit_line_that_comes_along(control):
    """assumption: an object, or packed as ``data`` is"""
    (news,) = parse(body([PART], bizControl=control))
    assert news.credit == CreditLine(None, Decimal("1999.50"), left_today=Decimal("20"), is_low=True)


@pytest.mark.parametrize(
    ("key", "value"), [("monthSurplusLimit", "1"), ("daySurplusLimit", "1"), ("isWarning", "0"), ("isWarning", "")]
)
def test_each_figure_that_comes_along_is_read(key, value):
    (news,), (other,) = (parse(body([PART], bizControl=control)) for control in (CONTROL, {**CONTROL, key: value}))
    assert news.credit != other.credit


@pytest.mark.parametrize("control", ["", None, {}, [], "x", 7, {"monthSurplusLimit": "x"}, {"isWarning": "1"}])
def test_no_credit_line_comes_along(control):
    assert parse(body([PART], bizControl=control))[0].credit is None


def test_by_bill_with_failures():
    """A bill's own return code says nothing, the numbers do."""
    failed = {**PART, "invoiceNum": "", "invoiceStatus": "2", "issueErrorMessage": "授信额度不足"}
    (news,) = parse(body([PART, failed], returnCode="9999", returnMsg="部分失败"))
    assert (news.numbers, news.status, news.text) == ((NUMBER,), "", "授信额度不足")


def test_several_bills_at_once():
    news = parse(body([PART, {**PART, "billNo": "B2", "invoiceNum": OTHER}]))
    assert [(one.request_uid, one.numbers) for one in news] == [(UID, (NUMBER,)), ("B2", (OTHER,))]


def test_merged_bills_in_one_text():
    """assumption: how a fapiao names the bills that were merged into it"""
    news = parse(body([{**PART, "billNo": "B1,B2，B3"}]))
    assert [one.request_uid for one in news] == ["B1", "B2", "B3"]
    assert {one.numbers for one in news} == {(NUMBER,)}


def test_by_fapiao():
    assert parse(body(PART)) == [News(FAPIAO, UID, (NUMBER,), "normal")]


def test_by_fapiao_that_failed():
    (news,) = parse(body({"billNo": UID}, returnCode="9999", returnMsg="开票失败"))
    assert (news.kind, news.request_uid, news.numbers, news.text) == (FAPIAO, UID, (), "开票失败")


@pytest.mark.parametrize(
    ("code", "status"), [("0", "normal"), ("2", "waiting"), ("3", "red"), ("6", "void"), ("9", "")]
)
def test_statuses(code, status):
    assert parse(body({**PART, "invoiceStatus": code}))[0].status == status


@pytest.mark.parametrize(
    "pushed",
    [
        body({"billNo": UID, "returnReason": "信息有误"}, interfaceCode=""),
        body({"billNo": UID, "message": "信息有误"}, interfaceCode="BILL.RETURN"),
        body([{"billNo": UID, "backReason": "信息有误"}], interfaceCode="INVOICE.OPEN"),
        json.dumps({"billNo": UID, "returnReason": "信息有误"}).encode(),
    ],
)
def test_a_bill_sent_back(pushed):
    """assumption: its payload is in no source"""
    assert parse(pushed) == [News(RETURN, UID, (), "", "信息有误")]


@pytest.mark.parametrize("wrap", [encoded, json.dumps], ids=["base64", "text"])
@pytest.mark.parametrize("data", [PART, [PART]])
def test_data_in_text(wrap, data):
    assert parse(body(wrap(data))) == parse(body(data))


# --- Whatever else


@pytest.mark.parametrize("data", [None, "", [], {}, "x", 5, ["x"], [None], {"a": 1}, [{"a": 1}]])
def test_unknown_shapes_are_told_by_their_keys(data):
    (news,) = parse(body(data))
    assert (news.kind, news.request_uid, news.numbers) == ("", "", ())
    assert "interfaceCode" in news.keys


def test_a_bill_outside_data_has_no_kind():
    (news,) = parse(json.dumps({"billNo": UID, "x": 1}).encode())
    assert (news.kind, news.request_uid, news.keys) == ("", UID, ("billNo", "x"))


@pytest.mark.parametrize(
    "pushed",
    [
        b"",
        b"x",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"x"',
        b'{"a":',
        b"1" * 10000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"[" * 100000,
    ],
    ids=range(10),
)
def test_what_is_no_callback(pushed):
    with pytest.raises(ValueError, match="callback"):
        parse(pushed)


def test_texts_and_keys_are_bounded():
    (news,) = parse(body({"billNo": UID, "issueErrorMessage": "长" * 10000}))
    assert len(news.text) == 500
    (news,) = parse(body({f"k{place}" * 100: 1 for place in range(1000)}))
    assert len(news.keys) == 40
    assert max(map(len, news.keys)) <= 80


def test_bytes_of_any_kind():
    assert parse(bytearray(body(PART))) == parse(memoryview(body(PART))) == parse(b"\xef\xbb\xbf" + body(PART))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["billNo", "invoiceNum", "data", "invoiceStatus", "issueErrorMessage"]) | st.text(),
            inner,
        )
    ),
)


def _parsed(pushed):
    try:
        news = parse(pushed)
    except ValueError as error:
        assert "callback" in str(error)
        return
    assert news
    for one in news:
        assert one.kind in ("", BILL, FAPIAO, RETURN)
        assert all(isinstance(text, str) for text in (one.request_uid, one.status, one.text, *one.numbers))


@settings(deadline=None)
@given(_JSON, st.binary(max_size=50))
def test_nothing_pushed_does_harm(value, noise):
    _parsed(noise)
    _parsed(json.dumps(value).encode())
    for data in (value, json.dumps(value), base64.b64encode(json.dumps(value).encode()).decode()):
        _parsed(json.dumps({"data": data, "interfaceCode": data}).encode())


# --- The reply


def test_the_documented_reply():
    assert answer(True, "回调成功") == {
        "success": True,
        "code": "0",
        "errorCode": "0",
        "message": "回调成功",
    }
    failed = answer(False, "x")
    assert (failed["success"], failed["message"]) == (False, "x")
    assert failed["errorCode"] == failed["code"] != "0"


# --- What has become of a fapiao that was issued


@pytest.mark.parametrize(
    ("changes", "head", "is_change"),
    [
        ({}, {}, False),
        ({"invoiceStatus": "2"}, {}, False),
        ({}, {"interfaceCode": "INVOICE.RED"}, True),
        ({"invoiceStatus": ""}, {"interfaceCode": "INVOICE.CANCEL"}, True),
        ({"invoiceStatus": "3"}, {}, True),
        ({"invoiceStatus": "6"}, {}, True),
        ({"originalInvoiceNumber": OTHER}, {}, True),
    ],
)
def test_changes(changes, head, is_change):
    """assumption: a reversal or voiding shows in the interface's code, the status or the original"""
    (news,) = parse(body({**PART, **changes}, **head))
    assert news.is_change is is_change
    assert news.originals == ((OTHER,) if "originalInvoiceNumber" in changes else ())


def test_a_fapiao_without_a_bill():
    """assumption: what was not pushed as a bill is told by its number alone"""
    (news,) = parse(body({"invoiceNum": NUMBER}, interfaceCode="INVOICE.CANCEL"))
    assert (news.kind, news.request_uid, news.numbers, news.is_change) == (FAPIAO, "", (NUMBER,), True)
