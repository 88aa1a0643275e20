"""金蝶发票云: received fapiao marked as booked or for deduction, and what became of it."""

import base64
import json
from datetime import date
from decimal import Decimal

import pytest

from ..clouds.base import BOOK, BOOK_STATE, EFFECTS, SELECT, SELECT_STATE
from ..clouds.errors import LoginRequired, OutcomeUnknown, Rejected
from ..clouds.inbound import Marked, MarkOrder
from .test_clouds_kingdee_inbound import NUMBER, answer, deduction
from .test_clouds_kingdee_server import TAX_NO, client, cloud, http, read, refused

PAPER = {"number": "110020213012345678", "code": "1100202130", "serial_no": "s2"}
DIGITAL = {
    "number": NUMBER,
    "code": "",
    "serial_no": "s1",
    "issue_date": date(2026, 1, 5),
    "tax": Decimal("13"),
}


def freeze(operation, *fapiao, **changes):
    return client().freeze(
        operation,
        MarkOrder(do=True, fapiao=fapiao) if not changes else MarkOrder(**{"do": True, "fapiao": fapiao, **changes}),
    )


# --- Orders


def test_booking():
    order = freeze(BOOK, DIGITAL, PAPER, at="2026-02-01 10:00:00", period="202602")
    when = {"recordedTime": "2026-02-01 10:00:00", "recordedPeriod": "202602"}
    assert order == {
        "taxNo": TAX_NO,
        "nextEntryMarkStatus": "02",
        "invoices": [
            {"serilNo": "s1", "invoiceNo": NUMBER, "invoiceCode": "", **when},
            {"serilNo": "s2", "invoiceNo": "12345678", "invoiceCode": "1100202130", **when},
        ],
    }


def test_a_booking_taken_back():
    """assumption: 06 [clients]"""
    assert freeze(BOOK, DIGITAL, do=False)["nextEntryMarkStatus"] == "06"


def test_selecting():
    """assumption: billType and asyncFlag as in the vendor's page"""
    order = freeze(SELECT, DIGITAL)
    assert order == {
        "authenticateFlag": 1,
        "taxNo": TAX_NO,
        "deductionPurpose": "1",
        "billType": "0",
        "asyncFlag": "1",
        "invoices": [
            {
                "serialNo": "s1",
                "invoiceNo": NUMBER,
                "invoiceCode": "",
                "etaxInvoiceNo": NUMBER,
                "invoiceDate": "2026-01-05",
                "effectiveTaxAmount": "13.00",
                "totalTaxAmount": "13.00",
            }
        ],
    }
    assert freeze(SELECT, DIGITAL, do=False)["authenticateFlag"] == 0
    assert freeze(SELECT, DIGITAL, purpose="2")["deductionPurpose"] == "2"


def test_what_else_a_selection_may_tell():
    told = {
        **PAPER,
        "type_code": "4",
        "amount_untaxed": Decimal("100"),
        "seller_name": "甲",
        "seller_tax_no": "1",
    }
    entry = freeze(SELECT, told)["invoices"][0]
    assert (entry["invoiceType"], entry["invoiceAmount"], entry["salerName"], entry["salerTaxNo"]) == (
        "4",
        "100.00",
        "甲",
        "1",
    )
    assert "etaxInvoiceNo" not in entry


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        ("04403160011330819002", "044031600113", "30819002"),
        ("110020213012345678", "1100202130", "12345678"),
        (NUMBER, "044031600113", NUMBER),
        (NUMBER, "", NUMBER),
        ("7842301234567", "", "7842301234567"),
    ],
)
def test_code_and_number_apart(number, code, told):
    for operation in (BOOK, SELECT):
        entry = freeze(operation, {"number": number, "code": code})["invoices"][0]
        assert (entry["invoiceNo"], entry["invoiceCode"]) == (told, code)
        assert entry.get("etaxInvoiceNo", "") == (told if operation == SELECT and told == NUMBER else "")


def test_one_without_a_number_goes_by_its_serial_number():
    entry = freeze(BOOK, {"number": "#s3", "code": "", "serial_no": "s3"})["invoices"][0]
    assert entry == {"serilNo": "s3", "invoiceNo": "", "invoiceCode": ""}


@pytest.mark.parametrize("operation", [BOOK, SELECT])
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"fapiao": ()}, "at once"),
        ({"fapiao": (DIGITAL,) * 201}, "at once"),
        ({"fapiao": ({"number": "", "serial_no": ""},)}, "can't be marked"),
        ({"fapiao": (DIGITAL,), "period": "2026-02"}, "period"),
    ],
)
def test_orders_that_can_not_be(operation, changes, word):
    with pytest.raises(ValueError, match=word):
        freeze(operation, **changes)


def test_a_purpose_that_is_none():
    with pytest.raises(ValueError, match="purpose"):
        freeze(SELECT, DIGITAL, purpose="9")


@pytest.mark.parametrize("operation", [BOOK_STATE, SELECT_STATE])
def test_the_question(operation):
    kingdee = client()
    assert kingdee.freeze(operation, {"task_no": "T"}) == {
        "taxNo": TAX_NO,
        "taskNo": "T",
        "pageNo": 1,
        "pageSize": 200,
    }
    # assumption: by the fapiao where there is no task
    by_fapiao = {"taxNo": TAX_NO, "invoices": [{"serialNo": "s1", "invoiceNo": NUMBER, "invoiceCode": ""}]}
    assert kingdee.freeze(operation, {"fapiao": (DIGITAL,)}) == by_fapiao
    with pytest.raises(ValueError, match="Ask by"):
        kingdee.freeze(operation, {})


def test_the_interfaces():
    assert {BOOK, SELECT} <= EFFECTS
    answers = dict.fromkeys(
        ("invoiceRecorded", "invoiceRecordedQuery", "invoiceSelect", "invoiceSelectQuery"),
        http(answer({"taskNo": "T"})),
    )
    with cloud(deduction=deduction(answers)) as (kingdee, server):
        for operation, document in (
            (BOOK, MarkOrder(True, (DIGITAL,))),
            (BOOK_STATE, {"task_no": "T"}),
            (SELECT, MarkOrder(True, (DIGITAL,))),
            (SELECT_STATE, {"task_no": "T"}),
        ):
            found = kingdee.read(operation, kingdee.send(operation, kingdee.freeze(operation, document)))
            assert (found.task_no, found.is_running) == ("T", True)
    called = [one.json for one in server.requests if one.path.endswith("deduction")]
    assert [one["interfaceCode"] for one in called] == list(answers)
    assert json.loads(base64.b64decode(called[2]["data"]))["authenticateFlag"] == 1


# --- Answers

DONE = {"invoiceNo": NUMBER, "invoiceCode": "", "serialNo": "s1"}
FAILED = {"invoiceNo": "12345678", "invoiceCode": "1100202130", "description": "已入账"}


@pytest.mark.parametrize("operation", [BOOK, BOOK_STATE, SELECT, SELECT_STATE])
def test_some_were_marked_and_some_not(operation):
    """What was refused because it stands so already is told apart (assumption: by its words)."""
    expected = Marked({NUMBER: "", PAPER["number"]: "已入账"}, text="成功", already=frozenset({PAPER["number"]}))
    assert read(operation, answer({"success": [DONE], "fail": [FAILED]})) == expected
    body = {**refused("部分失败", "9999"), "data": answer({"success": [DONE], "fail": [FAILED]})["data"]}
    assert read(operation, body).results == expected.results


@pytest.mark.parametrize("operation", [BOOK, BOOK_STATE])
def test_a_list_in_which_each_says_for_itself(operation):
    """assumption"""
    rows = [{**DONE, "success": True}, {**FAILED, "success": False}]
    assert read(operation, answer(rows)).results == {NUMBER: "", PAPER["number"]: "已入账"}


def test_how_the_fapiao_stand_instead_of_results():
    """assumption: a question by fapiao is answered with their marks"""
    rows = [{**DONE, "entryMarkStatus": "02"}, {**FAILED, "entryMarkStatus": ""}]
    found = read(BOOK_STATE, answer({"invoices": rows}))
    assert (found.results, found.states, found.is_running) == (
        {},
        {NUMBER: "booked", PAPER["number"]: ""},
        False,
    )
    chosen = read(SELECT_STATE, answer([{**DONE, "checkFlag": "2"}]))
    assert chosen.states == {NUMBER: "selected"}
    chosen = read(SELECT_STATE, answer([{**DONE, "authenticateFlag": "2"}]))
    assert chosen.states == {NUMBER: "confirmed"}


def test_a_failure_without_words_is_a_failure():
    found = read(SELECT, answer({"success": [], "fail": [{"invoiceNo": NUMBER}]}, message=""))
    assert found.results[NUMBER]


@pytest.mark.parametrize("operation", [BOOK, BOOK_STATE, SELECT, SELECT_STATE])
def test_still_running(operation):
    assert read(operation, refused("任务处理中", "6910")).is_running


def test_taken_without_a_word():
    assert read(BOOK, answer()) == Marked(is_running=True, text="成功")
    assert read(BOOK_STATE, answer()) == Marked(text="成功")
    assert read(SELECT_STATE, answer({"success": [], "fail": []})) == Marked(text="成功")


@pytest.mark.parametrize("operation", [BOOK, BOOK_STATE, SELECT, SELECT_STATE])
@pytest.mark.parametrize("data", [{"x": 1}, [{"x": 1}], {"success": [{"x": 1}]}])
def test_unknown_shapes(operation, data):
    with pytest.raises(OutcomeUnknown) as caught:
        read(operation, answer(data))
    assert caught.value.code == "unknown_shape"


def test_refused():
    with pytest.raises(Rejected):
        read(SELECT, refused("发票不能勾选"))
    with pytest.raises(OutcomeUnknown):
        read(SELECT_STATE, refused("发票不能勾选"))
    with pytest.raises(LoginRequired):
        read(BOOK, refused("请先登录税局"))
    with pytest.raises(OutcomeUnknown):
        read(BOOK, refused("系统异常"))
