"""金蝶发票云, reversing: what the answers mean."""

import pytest

from ..clouds.base import RED_APPLY, RED_ISSUE, RED_STATE, RED_WITHDRAW, NotFound, Pending
from ..clouds.errors import LoginRequired, NotYet, OutcomeUnknown, Rejected
from .test_clouds_kingdee_red import FORM, ORDER, ROW, WITH_FORM, frozen, page
from .test_clouds_kingdee_server import NUMBER, UID, client, cloud, http, ok, read, refused

RED_NUMBER = "24952000000028787799"

# --- Applied


@pytest.mark.parametrize("data", [ROW, [ROW], {"dataList": [ROW]}], ids=["object", "array", "page"])
def test_applied(data):
    """assumption: how the answer names the form"""
    form = read(RED_APPLY, ok(data))
    assert (form.number, form.state, form.uuid, form.blue_number) == (FORM, "01", "U1", NUMBER)
    assert form.applied_at.isoformat() == "2024-03-12T08:00:00+08:00"


@pytest.mark.parametrize("data", [None, "serial", {"orderNo": UID}])
def test_applied_without_naming_the_form(data):
    assert read(RED_APPLY, ok(data)) == Pending("成功")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("该发票已申请红字确认单", OutcomeUnknown),
        ("存在未处理的红字确认单", OutcomeUnknown),
        ("单据编号已存在", OutcomeUnknown),
        ("未查询到该发票", NotYet),
        ("蓝字发票不存在", NotYet),
        ("红冲原因不合法", Rejected),
        ("请重新登录电子税局", LoginRequired),
        ("系统异常", OutcomeUnknown),
    ],
)
def test_not_applied(text, error):
    """assumption: the words"""
    with pytest.raises(error):
        read(RED_APPLY, refused(text))


def test_refused_inside():
    with pytest.raises(Rejected):
        read(RED_APPLY, ok({"success": False, "message": "红冲原因不合法"}))


# --- How it stands


def asked(*rows, order=WITH_FORM):
    """Return what the client understands of a page of forms, asked over HTTP for that of ``order``."""
    with cloud(ALLE_REDCONFIRMBILL_QUERY=http(page(*rows))) as (kingdee, _server):
        return kingdee.ask(RED_STATE, frozen(RED_STATE, order))


@pytest.mark.parametrize("state", [f"{number:02}" for number in range(1, 11)])
def test_states(state):
    assert asked({**ROW, "redConfirmBillStatus": state}).state == state
    assert asked({**ROW, "redConfirmBillStatus": int(state)}).state == state


@pytest.mark.parametrize(("text", "state"), [("购销双方已确认", "04"), ("11", ""), ("", "")])
def test_states_in_words(text, state):
    form = asked({**ROW, "redConfirmBillStatus": text})
    assert (form.state, form.state_text) == (state, text)


def test_the_form_of_another_fapiao_is_never_taken_for_ours():
    others = [
        {**ROW, "redInfoBillNo": "F2", "originalInvoiceNumber": "24952000000028787700"},
        {**ROW, "redInfoBillNo": "F3", "originalInvoiceNumber": None},
    ]
    assert isinstance(asked(*others), NotFound)
    assert isinstance(asked(*others, order=ORDER), NotFound)
    assert asked(*others, ROW).number == FORM
    assert asked(*others, ROW, order=ORDER).number == FORM


def test_of_several_forms_for_one_fapiao_the_open_one_counts():
    ended = {**ROW, "redInfoBillNo": "F1", "redConfirmBillStatus": "07"}
    later = {**ended, "redInfoBillNo": "F2", "redConfirmEnterDate": "2024-03-13 08:00:00"}
    assert asked(ended, later, order=ORDER).number == "F2"
    assert asked(ended, ROW, later, order=ORDER).number == FORM


def test_what_is_kept_can_be_read_again():
    with cloud(ALLE_REDCONFIRMBILL_QUERY=http(page({**ROW, "redInfoBillNo": "F9"}, ROW))) as (
        kingdee,
        _server,
    ):
        raw = kingdee.send(RED_STATE, frozen(RED_STATE, WITH_FORM))
        assert kingdee.read(RED_STATE, raw) == kingdee.read(RED_STATE, raw)
    assert "F9" not in raw.text


@pytest.mark.parametrize("body", [page(), ok(), refused("未查询到红字确认单")])
def test_no_form(body):
    assert isinstance(read(RED_STATE, body), NotFound)


@pytest.mark.parametrize("body", [refused("系统异常"), ok("x"), ok({"a": 1}), refused("")], ids=str)
def test_nothing_else_is_no_form(body):
    with pytest.raises(OutcomeUnknown):
        read(RED_STATE, body)


def test_looking_for_a_form():
    with cloud(ALLE_REDCONFIRMBILL_QUERY=http(page(ROW))) as (kingdee, _server):
        assert kingdee.ask(RED_STATE, kingdee.freeze(RED_STATE, ORDER, "")).number == FORM


# --- Withdrawn


def test_withdrawn():
    assert read(RED_WITHDRAW, ok()).state == "08"
    assert read(RED_WITHDRAW, ok({**ROW, "redConfirmBillStatus": "09"})).state == "09"
    assert read(RED_WITHDRAW, ok(ROW)).number == FORM


def test_not_withdrawn():
    with pytest.raises(Rejected):
        read(RED_WITHDRAW, refused("确认单状态不允许撤销"))
    with pytest.raises(Rejected):
        read(RED_WITHDRAW, ok({"success": False, "message": "确认单状态不允许撤销"}))


# --- The red fapiao


@pytest.mark.parametrize("data", [None, "serial", {"serialNo": UID}, {"invoiceNum": NUMBER}, [{"x": 1}]])
def test_ordered_and_not_shown_yet(data):
    """assumption: a number alone may be the original's, as in the question"""
    assert read(RED_ISSUE, ok(data)) == Pending("成功")


@pytest.mark.parametrize(
    "data",
    [
        {"invoiceNum": RED_NUMBER, "originalInvoiceNumber": NUMBER},
        {"invoiceNum": RED_NUMBER, "includeTaxAmount": -1130},
        {"invoiceNum": NUMBER, "redInvoiceNum": RED_NUMBER},
        [{"invoiceNum": RED_NUMBER, "invoiceProperty": "1"}],
    ],
    ids=str,
)
def test_issued(data):
    red = read(RED_ISSUE, ok(data))
    assert (red.number, red.color) == (RED_NUMBER, "red")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("该发票已红冲", OutcomeUnknown),
        ("没有可红冲金额", OutcomeUnknown),
        ("流水号重复", OutcomeUnknown),
        ("红字确认单未确认", Rejected),
        ("需要人脸识别", LoginRequired),
    ],
)
def test_not_issued(text, error):
    with pytest.raises(error):
        read(RED_ISSUE, refused(text))


def test_the_red_fapiao_of_a_blue_one_is_named_nowhere():
    assert client().find_red(NUMBER) == NotFound("", "not_asked")
