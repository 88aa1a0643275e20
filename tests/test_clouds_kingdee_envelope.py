"""金蝶发票云: the envelope, byte for byte against the paper's examples, and every shape of an answer."""

import base64
import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds import reading
from ..clouds.base import FIND, ISSUE, RawAnswer
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, TokenExpired
from ..clouds.kingdee import envelope
from ..clouds.kingdee.envelope import RequestIds, encoded, opened, unpacked, wrapped, written
from .test_clouds_kingdee_server import UID, calls, cloud, http, ok

# The paper: 税局登录接口, 进项表头归集接口, 进项发票表头归集结果查询
LOGIN_DATA = "ewogICAgICAgICJ0YXhObyI6ICI5MTQ0MDMwMDU5MTg3MjEzM0IiCiB9"
DOWN_DATA = (
    "ewogICAgICAgICJ0YXhObyI6ICI5MTQ0MDMwMDU5MTg3MjEzM0IiLAogICAgICAgICJhc3luY0ZsYWciOiAiMSIsCiAgICAgIC"
    "AgInNlYXJjaE9wdCI6IHsKICAgICAgICAgICAgInRheFBlcmlvZCI6ICIyMDIyMDYiLAogICAgICAgICAgICAiaW52b2ljZUNv"
    "ZGUiOiAiIiwKICAgICAgICAgICAgImludm9pY2VObyI6ICIiLAogICAgICAgICAgICAic2FsZXJUYXhObyI6ICIiLAogICAgIC"
    "AgICAgICAiYXV0aGVudGljYXRlRmxhZ3MiOiAiIiwKICAgICAgICAgICAgImludm9pY2VTdGF0dXMiOiAiIiwKICAgICAgICAg"
    "ICAgImludm9pY2VUeXBlIjogIiIsCiAgICAgICAgICAgICJzdGFydFRpbWUiOiAiMjAyMy0wOC0xMiIsCiAgICAgICAgICAgIC"
    "JlbmRUaW1lIjogIjIwMjUtMTEtMjUiCiAgICAgICAgfQogICAgfQ=="
)
QUERY_DATA = (
    "ewogICAgICAgICJ0YXhObyI6ICI5MTQ0MDMwMDU5MTg3MjEzM0IiLAogICAgICAgICJ0YXNrTm8iOiAiMmM0OTEyNjZjODliNG"
    "RjNmExYTRiMGMwYjk5ZmZlZTEiLAogICAgICAgICJzYXZlRmxhZyI6ICIxIiwKICAgICAgICAicGFnZU5vIjogMSwKICAgICAg"
    "ICAicGFnZVNpemUiOiAyMDAKICAgIH0="
)
SEARCH = dict.fromkeys(
    (
        "taxPeriod",
        "invoiceCode",
        "invoiceNo",
        "salerTaxNo",
        "authenticateFlags",
        "invoiceStatus",
        "invoiceType",
    ),
    "",
)
REQUESTS = {
    LOGIN_DATA: {"taxNo": "91440300591872133B"},
    DOWN_DATA: {
        "taxNo": "91440300591872133B",
        "asyncFlag": "1",
        "searchOpt": {**SEARCH, "taxPeriod": "202206", "startTime": "2023-08-12", "endTime": "2025-11-25"},
    },
    QUERY_DATA: {
        "taxNo": "91440300591872133B",
        "taskNo": "2c491266c89b4dc6a1a4b0c0b99ffee1",
        "saveFlag": "1",
        "pageNo": 1,
        "pageSize": 200,
    },
}
ANSWERS = {
    "eyJsb2dpblR5cGUiOiIxIn0=": {"loginType": "1"},
    "eyJhc3luY0ZsYWciOiIxIiwidGFza05vIjoiMmM0OTEyNjZjODliNGRjNmExYTRiMGMwYjk5ZmZlZTEifQ==": {
        "asyncFlag": "1",
        "taskNo": "2c491266c89b4dc6a1a4b0c0b99ffee1",
    },
}
LOGIN_ANSWER = """{
"data": "eyJsb2dpblR5cGUiOiIxIn0=",
"message": "请求成功",
"errorCode": "0000",
"status": true,
"success": true
}"""
OUTSIDE_TENANT = """{
"message": "税号:91440300591872133B,不在租户:5368720388 范围内",
"errorCode": "1130",
"status": false,
"success": false
}"""


def answered(body, status=200):
    return opened(RawAnswer(status, body if isinstance(body, str) else json.dumps(body)))


# --- What the paper shows


@pytest.mark.parametrize("example", [*REQUESTS, *ANSWERS])
def test_the_seeds_base64_goes_round_byte_for_byte(example):
    assert encoded(reading.decoded(example)) == example


@pytest.mark.parametrize(("example", "meant"), {**REQUESTS, **ANSWERS}.items())
def test_the_seeds_base64_is_understood(example, meant):
    assert unpacked(example) == meant


@pytest.mark.parametrize(("example", "data"), ANSWERS.items())
def test_what_is_written_is_the_compact_json_of_the_cloud_itself(example, data):
    assert encoded(written(data)) == example


def test_the_answers_of_the_seed():
    found = answered(LOGIN_ANSWER)
    assert (found.ok, found.code, found.text, found.data) == (True, "0000", "请求成功", {"loginType": "1"})
    found = answered(OUTSIDE_TENANT)
    assert (found.ok, found.code, found.data) == (False, "1130", None)
    assert found.text.startswith("税号:91440300591872133B")


# --- What goes out


def test_the_body_of_a_call():
    payload = {"taxNo": "91440300591872133B", "名": "票"}
    assert wrapped("taxLogin", payload, "yhtest", "1714981252080746") == {
        "requestId": "1714981252080746",
        "businessSystemCode": "yhtest",
        "interfaceCode": "taxLogin",
        "data": base64.b64encode('{"taxNo":"91440300591872133B","名":"票"}'.encode()).decode(),
    }


def test_amounts_are_frozen_as_text_and_travel_as_numbers():
    """assumption: numbers as in the vendor's example of BILL.PUSH; their very digits, no floats"""
    bill = [{"amount": "0.10", "price": "333.3333333333333", "billNo": "0.10", "taxRate": "0.13"}]
    text = '[{"amount":0.10,"price":333.3333333333333,"billNo":"0.10","taxRate":"0.13"}]'
    assert written(bill) == text


@pytest.mark.parametrize("value", ["", "x", "1e5", "NaN", "1,000", "+1", ".5", "1.", "01", '1,"x":2'])
def test_what_is_no_number_never_leaves(value):
    with pytest.raises(ValueError, match="no number"):
        written({"amount": value})


@given(st.text())
def test_any_text_survives_base64(text):
    sendable = text.encode("utf-8", "replace").decode()
    assert (reading.decoded(encoded(sendable)) or "") == sendable


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON)
def test_what_is_written_is_json(value):
    if not _has_number_key(value):
        assert json.loads(written(value)) == value


def _has_number_key(value):
    if isinstance(value, dict):
        return any(key in envelope.NUMBERS or _has_number_key(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_number_key, value))


def test_request_ids_are_16_digits_of_now():
    ids = RequestIds(now=lambda: 1714981252.080)
    first = ids.next()
    assert len(first) == 16
    assert first.isdigit()
    assert first.startswith("1714981252080")


def test_no_request_id_comes_twice():
    ids = RequestIds(now=lambda: 1714981252.080)
    assert len({ids.next() for _time in range(2000)}) == 2000


def test_a_call_over_http():
    with cloud(path="/tenant", BILL_INVOICE_QUERY=http(ok([{"billNo": UID, "invoiceList": []}]))) as (
        client,
        server,
    ):
        client.find(UID)
    request = calls(server)[0]
    assert (request.method, request.path) == ("POST", "/tenant/kapi/app/sim/openApi")
    assert request.query == {"access_token": "T1"}
    assert request.headers["access_token"] == "T1"
    assert request.headers["content-type"] == "application/json"
    assert set(request.json) == {"requestId", "businessSystemCode", "interfaceCode", "data"}
    assert request.json["businessSystemCode"] == "yhtest"


@pytest.mark.parametrize("code", ["", "elevenchars"])
def test_a_business_system_that_is_none_never_leaves(code):
    with cloud(config_changes={"options": {"business_system": code}}) as (client, server):
        with pytest.raises(LoginRequired) as caught:
            client.find(UID)
        assert not calls(server)
    assert caught.value.code == "no_business_system"


# --- What comes back

BILLS = [{"billNo": UID, "invoiceList": []}]


@pytest.mark.parametrize(
    "data",
    [
        encoded(json.dumps(BILLS)),
        encoded(json.dumps(json.dumps(BILLS))),
        "\n".join([encoded(json.dumps(BILLS))[:20], encoded(json.dumps(BILLS))[20:]]),
        json.dumps(BILLS),
        BILLS,
        BILLS[0],
    ],
    ids=["base64", "json in json", "base64 with line breaks", "json text", "array", "object"],
)
def test_every_shape_of_data(data):
    body = {"data": data, "errorCode": "0", "success": True}
    assert unpacked(answered(body).data) in (BILLS, BILLS[0])


@pytest.mark.parametrize("data", [None, "", [], {}, encoded("[]"), encoded("{}"), encoded("")])
def test_data_that_is_missing(data):
    assert answered({"data": data, "errorCode": "0"}).data is None
    assert answered({"errorCode": "0"}).data is None


@pytest.mark.parametrize("data", ["24952000000028787793", "serial-1", "票", "a", "====", "ew==", 7, Decimal(1)])
def test_data_that_is_no_json_stays_as_it_is(data):
    assert unpacked(data) == data


@pytest.mark.parametrize("code", ["0", "0000", 0, 0.0, " 0 ", "0.0"])
@pytest.mark.parametrize("key", ["errorCode", "errcode", "code", "ErrorCode"])
def test_both_codes_of_success_however_written(code, key):
    assert answered({key: code, "message": "x"}).ok


@pytest.mark.parametrize(
    ("body", "is_ok"),
    [
        ({"success": True}, True),
        ({"success": "true"}, True),
        ({"status": True}, True),
        ({"state": "success"}, True),
        ({"success": False}, False),
        ({"success": "false"}, False),
        ({"status": False}, False),
        ({"state": "error"}, False),
        ({"errorCode": "0", "success": False}, False),
        ({"errorCode": "0", "status": True, "success": False}, False),
        ({"errorCode": "1130", "success": True}, False),
        ({"errorCode": "00"}, False),
        ({"errorCode": "200"}, False),
        ({"data": {"success": True, "error_code": "0"}}, True),
        ({"data": {"success": False, "error_code": "0"}, "state": "success"}, False),
        ({"data": {"error_code": "603", "error_desc": "x"}, "state": "success"}, False),
    ],
    ids=str,
)
def test_success_in_all_its_words(body, is_ok):
    assert answered(body).ok is is_ok


def test_no_answer_is_a_success_by_http_alone():
    assert not answered({"errorCode": "0", "success": True}, 400).ok


@pytest.mark.parametrize("body", ["", "<html>", "null", "[]", '"x"', "{}", '{"a":1}', '{"errorCode":"0"', "7"])
def test_what_is_no_answer(body):
    with pytest.raises(OutcomeUnknown) as caught:
        answered(body)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize(
    ("status", "error"), [(401, TokenExpired), (403, LoginRequired), (404, NotSent), (400, OutcomeUnknown)]
)
def test_what_http_refused(status, error):
    with pytest.raises(error):
        answered("<html>", status)


@pytest.mark.parametrize("operation", [ISSUE, FIND])
def test_reading_knows_no_token_error(operation):
    """assumption: an answer read again later can't renew a token; nothing was read, so it goes out again"""
    with cloud() as (client, _server), pytest.raises(NotSent):
        client.read(operation, RawAnswer(401, "no"))


@given(_JSON)
def test_opening_never_fails_otherwise(value):
    for body in (value, {"errorCode": "0", "data": value}, {"success": value, "message": value}):
        with suppress(OutcomeUnknown):
            answered(body)
