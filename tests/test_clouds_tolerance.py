"""票单云: one test for every quirk that the protocol asks to tolerate."""

import base64
import json
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ..clouds import reading
from ..clouds.base import CREDIT, FACE_STATE, FIND, ISSUE, RawAnswer, TokenSlot
from ..clouds.errors import Rejected
from ..clouds.registry import open_cloud
from . import test_clouds_seed as seed
from .test_clouds_server import config

NUMBER = "22111111111111111180"
MOMENT = datetime(2024, 6, 19, 19, 34, 7, tzinfo=ZoneInfo("Asia/Shanghai"))


def read(operation, body):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return open_cloud(config("https://cloud.example.com"), TokenSlot()).read(operation, RawAnswer(200, text))


@pytest.mark.parametrize("code", [200, "200", 200.0, " 200 "])
def test_code_as_number_or_text(code):
    assert read(ISSUE, {"code": code, "data": {"Fphm": NUMBER}}).number == NUMBER


@pytest.mark.parametrize("key", ["msg", "message", "Msg"])
def test_message_under_either_name(key):
    with pytest.raises(Rejected) as caught:
        read(ISSUE, {"code": 999, key: "授信额度不足"})
    assert caught.value.text == "授信额度不足"


@pytest.mark.parametrize("key", ["Fphm", "fphm", "FPHM"])
def test_number_in_any_case(key):
    assert read(ISSUE, {"code": 200, "data": {key: NUMBER}}).number == NUMBER


@pytest.mark.parametrize("value", [NUMBER, f" {NUMBER} ", int(NUMBER)])
def test_number_as_text_or_number(value):
    assert read(ISSUE, {"code": 200, "data": {"Fphm": value}}).number == NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-19 19:34:07",
        "20240619193407",
        "2024-06-19T19:34:07",
        "2024/06/19 19:34:07",
        "2024-06-19 19:34:07.0",
    ],
)
def test_dates_of_both_kinds(text):
    assert read(ISSUE, {"code": 200, "data": {"Fphm": NUMBER, "Kprq": text}}).issued_at == MOMENT


@pytest.mark.parametrize(
    "text", [None, "", "soon", "2024-13-01 00:00:00", "2024061919340", 20240619.5, {}, "0000-01-01"]
)
def test_a_date_that_is_none_does_not_hide_the_number(text):
    issued = read(ISSUE, {"code": 200, "data": {"Fphm": NUMBER, "Kprq": text}})
    assert (issued.number, issued.issued_at) == (NUMBER, None)


def test_numbers_as_strings():
    body = json.loads(seed.QUERY)
    body["data"].update(jshj="1.00", hjje=0.99, se=".01")
    found = read(FIND, body)
    assert (found.total, found.amount, found.tax) == (Decimal("1.00"), Decimal("0.99"), Decimal("0.01"))


@pytest.mark.parametrize("kce", [0, "0", "0.00", None, ""])
def test_deduction_as_number_or_text(kce):
    body = json.loads(seed.QUERY)
    body["data"]["kce"] = kce
    assert read(FIND, body).number == "24112000000064654320"


def test_missing_keys():
    found = read(FIND, {"code": 200, "data": {"fphm": NUMBER}})
    assert found.number == NUMBER
    assert (found.issued_at, found.buyer_name, found.total, found.lines) == (None, None, None, ())


def test_data_as_json_in_a_string():
    assert read(ISSUE, {"code": 200, "data": json.dumps({"Fphm": NUMBER})}).number == NUMBER


def test_data_in_a_list_of_one():
    assert read(ISSUE, {"code": 200, "data": [{"Fphm": NUMBER}]}).number == NUMBER


def test_credit_line_of_the_seed():
    line = read(CREDIT, seed.CREDIT)
    assert line.total == Decimal("3000000.00")
    assert line.left == Decimal("2995145.63")
    assert line.used == Decimal("4854.37")
    assert line.count == 1


@pytest.mark.parametrize(
    "data",
    [
        "eyJZampiIjoiMDEiLCJTeGxiIjoiMyIsIlNmc2wiOiJZIiwiSXRzU2NhbkZsYWciOiJOIn0=",
        {"sfsl": "y"},
        {"Sfsl": "Y"},
    ],
)
def test_face_state_in_every_form(data):
    assert read(FACE_STATE, {"code": 200, "data": data}) is True


@pytest.mark.parametrize("text", ['{"yjjb":"01","Slxb":"3","Sfsl":"N"}', '{"Yjjb":"01","Sxlb":"3","SFSL":"N"}'])
def test_face_state_in_both_spellings(text):
    assert read(FACE_STATE, {"code": 200, "data": base64.b64encode(text.encode()).decode()}) is False


@pytest.mark.parametrize("data", [None, "", "%%%", "e30=", {}, {"Sfsl": None}, 5, "eyI="])
def test_a_face_state_that_says_nothing(data):
    assert read(FACE_STATE, {"code": 200, "data": data}) is None


# --- The readers themselves


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("2,995,145.63", "2995145.63"),
        ("0.990000000000000000", "0.99"),
        ("1.50", "1.50"),
        ("-1", "-1"),
        ("+1.0", "1.0"),
        ("1E+2", "100"),
        ("0.000000", "0.00"),
        ("5.", "5"),
        (Decimal("0.1230"), "0.123"),
        (7, "7"),
    ],
)
def test_numbers(value, number):
    assert str(reading.as_decimal(value)) == number


@pytest.mark.parametrize(
    "value",
    [None, "", "x", "1,23", "٣", "1e999", "NaN", "Infinity", True, [], 10**30, "1" * 70, "1_000", "0x1"],
)
def test_no_numbers(value):
    assert reading.as_decimal(value) is None


@pytest.mark.parametrize(
    ("value", "money"),
    [(1, "1.00"), ("1.5", "1.50"), ("-0.990000", "-0.99"), ("0.125", "0.125"), (None, "None")],
)
def test_money_has_two_places_at_least(value, money):
    assert str(reading.money_at({"je": value}, "je")) == money


def test_base64_in_every_form():
    content = bytes(range(256))
    plain = base64.b64encode(content).decode()
    folded = "\r\n".join(plain[i : i + 76] for i in range(0, len(plain), 76))
    urlsafe = base64.urlsafe_b64encode(content).decode().rstrip("=")
    for text in (plain, folded, urlsafe, "data:application/pdf;base64," + plain):
        assert reading.unbase64(text) == content
    assert reading.unbase64("发票") is None
    assert reading.unbase64("") is None


def test_an_exact_key_wins_over_another_case():
    assert reading.pick({"fphm": "1", "Fphm": "2"}, "Fphm") == "2"
    assert reading.pick({"FPHM": "", "fphm": "1"}, "Fphm") == "1"
    assert reading.pick(None, "x") is None
