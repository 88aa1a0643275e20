"""金蝶发票云: what the answers to a push and to a withdrawal mean."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds.base import ISSUE, WITHDRAW, Bill, Pending, RawAnswer, Withdrawn
from ..clouds.errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.words import explain
from .test_clouds_kingdee_server import NUMBER, UID, client, encoded, ok, read, refused

# --- Pushed


@pytest.mark.parametrize(
    "body",
    [
        {"errorCode": "0", "success": True, "message": "推单成功"},
        {"errorCode": 0, "status": True, "message": "推单成功"},
        {"errorCode": "0000", "message": "推单成功"},
        {"success": "true", "message": "推单成功"},
        ok(None, message="推单成功"),
        ok([], message="推单成功"),
        ok([{"billNo": UID, "success": True, "errorCode": "0"}], message="推单成功"),
        ok({"billNo": UID}, message="推单成功"),
        ok("serial", message="推单成功"),
        ok([{"billNo": UID, "invoiceList": []}], message="推单成功"),
    ],
    ids=str,
)
def test_taken(body):
    assert read(ISSUE, body) == Pending("推单成功")


def test_taken_and_issued_already():
    bill = read(ISSUE, ok([{"billNo": UID, "invoiceList": [{"billNo": UID, "invoiceNum": NUMBER}]}]))
    assert isinstance(bill, Bill)
    assert (bill.request_uid, [one.number for one in bill.fapiao]) == (UID, [NUMBER])


def test_taken_though_issuing_failed():
    """assumption: what the cloud says about the fapiao doesn't undo that it has the bill"""
    failed = [{"billNo": UID, "invoiceStatus": "2", "issueErrorMessage": "授信额度不足"}]
    assert read(ISSUE, ok(failed)) == Pending("授信额度不足")


# --- Refused


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("价税合计金额不对", "do not add up"),
        ("购方税号格式错误", "tax number"),
        ("商品编码不存在", "classification code"),
        ("税率不合法", "rate"),
        ("明细行号重复", "number of another"),
    ],
)
def test_refused(text, word):
    with pytest.raises(Rejected) as caught:
        read(ISSUE, refused(text))
    assert (caught.value.text, caught.value.code) == (text, "9999")
    assert word in explain(caught.value)[0]


def test_refused_without_a_code():
    with pytest.raises(Rejected):
        read(ISSUE, {"success": False, "message": "价税合计金额不对"})


@pytest.mark.parametrize("outer", [{"errorCode": "0", "success": True}, {"errorCode": "1", "success": False}])
@pytest.mark.parametrize("inner", [{"success": False}, {"errorCode": "1001"}, {"success": "false", "errorCode": 1}])
def test_refused_inside_the_list(outer, inner):
    """assumption: the list may be taken as a whole and a bill in it refused"""
    body = {
        **outer,
        "message": "处理完成",
        "data": encoded([{"billNo": UID, "message": "税率不合法", **inner}]),
    }
    with pytest.raises(Rejected) as caught:
        read(ISSUE, body)
    assert caught.value.text == "税率不合法"


@pytest.mark.parametrize("code", ["9999", "1", "0"])
@pytest.mark.parametrize(
    "text",
    [
        "单据编号已存在",
        "单据重复推送",
        "billNo重复",
        "该单据正在处理中",
        "申请单已推送",
        "单据已开票",
        "税局异常504",
    ],
)
def test_it_may_be_our_own_earlier_push(text, code):
    """assumption: a number in use was used by an earlier call of the same order"""
    with pytest.raises(OutcomeUnknown) as caught:
        read(ISSUE, {"errorCode": code, "success": False, "message": text})
    assert caught.value.text == text


@pytest.mark.parametrize(
    "body",
    [
        {"errorCode": "0", "success": False, "message": "?"},
        {"errorCode": "500", "success": False},
        {"errorCode": "9999", "success": False, "message": "系统异常"},
        {"errorCode": "9999", "success": False, "message": "java.lang.NullPointerException"},
        {"errorCode": "1", "message": "请求超时"},
        {"errorCode": "0", "success": True, "data": [{"success": False}]},
        {"errorCode": "0", "success": True, "message": "成功", "data": [{"success": False}]},
        ok([{"billNo": "B1"}, {"billNo": "B2"}]),
    ],
    ids=str,
)
def test_what_says_nothing_clear_is_unknown(body):
    with pytest.raises(OutcomeUnknown):
        read(ISSUE, body)


@pytest.mark.parametrize(
    ("body", "need"),
    [
        (refused("未进行接口授权"), "permission"),
        (refused("没有访问权限"), "permission"),
        (refused("x", code="403"), "permission"),
        (refused("数据中心accountId不存在"), "credentials"),
        (refused("请重新登录电子税局"), "login"),
        (refused("需要人脸识别"), "face"),
        (refused("请进行短信验证"), "sms"),
    ],
    ids=str,
)
def test_a_person_must_act_first(body, need):
    with pytest.raises(LoginRequired) as caught:
        read(ISSUE, body)
    assert caught.value.need == need


def test_pace_and_token():
    with pytest.raises(RateLimited):
        read(ISSUE, refused("请求过于频繁"))
    with pytest.raises(RateLimited):
        read(ISSUE, refused("x", code="429"))
    with pytest.raises(NotSent):
        read(ISSUE, refused("access_token已过期"))


_VALUES = st.none() | st.booleans() | st.text(max_size=5) | st.integers(-2, 2)


@given(
    st.dictionaries(st.sampled_from(["errorCode", "success", "status", "message", "x"]), _VALUES),
    st.recursive(
        _VALUES,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["billNo", "invoiceNum", "invoiceList", "success", "goods"]), inner)
        ),
    ),
)
def test_any_answer_has_a_meaning_of_the_contract(head, data):
    for operation in sorted(client().capabilities):
        with suppress(CloudError):
            read(operation, {**head, "data": data})


# --- Withdrawn


@pytest.mark.parametrize("body", [ok(), {"errorCode": "0", "message": "成功"}, ok([]), ok([{"billNo": UID}])])
def test_withdrawn(body):
    assert read(WITHDRAW, body) == Withdrawn(text="成功")


def test_some_of_several_are_refused():
    """assumption: how they are listed"""
    body = ok([{"billNo": "B1", "success": True}, {"billNo": "B2", "success": False, "message": "已开票"}])
    assert read(WITHDRAW, body) == Withdrawn((("B2", "已开票"),), "成功")


@pytest.mark.parametrize("text", ["单据已开票,不能撤回", "正在开票,不允许撤回", "已下推开票的单据不支持撤回"])
def test_too_late(text):
    """assumption: the words; that it was not withdrawn is final"""
    with pytest.raises(Rejected) as caught:
        read(WITHDRAW, refused(text))
    assert "can no longer be taken back" in explain(caught.value)[0]


@pytest.mark.parametrize("text", ["单据不存在", "未查询到申请单"])
def test_what_is_not_there_may_have_been_withdrawn_before(text):
    with pytest.raises(OutcomeUnknown):
        read(WITHDRAW, refused(text))


def test_what_can_not_be_read_stays_unread():
    with pytest.raises(OutcomeUnknown):
        client().read(WITHDRAW, RawAnswer(200, "<html>"))
