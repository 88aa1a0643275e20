"""票单云: from the answer to an order to the fapiao it is – or to what went wrong."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import FIND, ISSUE, Config, RawAnswer, TokenSlot
from ..clouds.errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.registry import open_cloud
from . import test_clouds_seed as seed
from .test_clouds_server import config


def client():
    return open_cloud(config("https://cloud.example.com"), TokenSlot())


def read(body, status=200):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return client().read(ISSUE, RawAnswer(status, text))


def test_the_seeds_answer():
    issued = read(seed.BLUE_TICKET)
    assert issued.number == "22111111111111111180"
    assert issued.issued_at == datetime(2022, 11, 28, 15, 28, 11, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert issued.raw["Gmfyx"] is None


def answer(code=999, text="", **more):
    return {"code": code, "msg": text, "data": None, **more}


@pytest.mark.parametrize(
    "body",
    [
        answer(text="该流水号已成功开具发票"),
        answer(text="发票正在开具中,请稍后"),
        answer(text="504 Gateway Time-out"),
        answer(text="局端内部异常,请稍后再试"),
        answer(text="10400:请使用原流水号查询"),
        answer(10400, "请查询"),
        answer("10400"),
        answer(text="发票请求流水号重复"),
        answer(text="系统繁忙"),
        answer(text="连接税局超时"),
        answer(text=""),
        answer(500, "服务器内部错误"),
        answer(12345, "什么"),
        answer(500, "请重新登录"),
        answer(500, "密码错误"),
        answer(10400, "请重新登录"),
        answer(12345, "操作频繁"),
        answer(200, "成功"),
        answer(200, "成功", data={"Fphm": None}),
        answer(200, "成功", data={"Fphm": "", "ewm": None}),
        answer(200, "成功", data={"Fphm": "2211111111111111118"}),
        answer(200, "成功", data={"Fphm": "2211111111111111118A"}),
        answer(200, "成功", data={"Fphm": "22111111111111111180 1"}),
        answer(200, "成功", data={"Fphm": 2.2e19}),
        answer(200, "成功", data={"Fphm": True}),
        answer(200, "成功", data="22111111111111111180"),
        answer(200, "成功", data=[]),
        answer(40000, "系统异常"),
        {"msg": "成功", "data": {"Fphm": "22111111111111111180"}},
        {"code": None, "data": {"Fphm": "22111111111111111180"}},
        {"code": True},
        {"code": {}},
        [],
        "null",
        "",
        "   ",
        "200",
        '{"code":200,"msg":"成功","data":{"Fphm":"2211111111',
        "<html><body>502 Bad Gateway</body></html>",
        seed.BLUE_TICKET + "}",
        "[" * 100000,
        '{"code":200,"data":' + '{"a":' * 80 + "1" + "}" * 81,
        '{"code":200,"data":{"Fphm":' + "9" * 5000 + "}}",
        '{"code":NaN}',
    ],
)
def test_whatever_leaves_a_doubt_is_unknown(body):
    with pytest.raises(OutcomeUnknown):
        read(body)


@pytest.mark.parametrize(
    ("body", "need"),
    [
        (answer(302, "会话失效"), "login"),
        (answer("302"), "login"),
        (answer(420), "sms"),
        (answer(430), "face"),
        (answer(403), "permission"),
        (answer(40000, "用户名或密码错误"), "credentials"),
        (answer(text="登录已失效,请重新登录"), "login"),
        (answer(text="登录超时"), "login"),
        (answer(text="需要短信验证"), "sms"),
        (answer(text="请先进行人脸识别"), "face"),
        (answer(text="该企业没有接口权限"), "permission"),
        (answer(text="纳税人识别号91110114573192021X未在平台授权"), "permission"),
        (json.loads(seed.LOGIN_UNREGISTERED), "credentials"),
        (json.loads(seed.FACE_IMG), "face"),
        (json.loads(seed.FACE_STATE), "face"),
        (answer(200, "成功", data={"Sfsl": "Y"}), "face"),
        (answer(200, "需要人脸认证"), "face"),
    ],
)
def test_a_person_must_act_first(body, need):
    """assumption: 302, 420, 430 and these texts mean that nothing was issued"""
    with pytest.raises(LoginRequired) as caught:
        read(body)
    assert caught.value.need == need


def test_a_number_beside_a_qr_code_is_a_fapiao():
    issued = read(answer(200, "成功", data={"Fphm": "22111111111111111180", "ewm": "https://x", "rzid": ""}))
    assert issued.number == "22111111111111111180"


@pytest.mark.parametrize(
    "text",
    [
        "可用授信额度不足",
        "当前未查询到购买方纳税人信息,请确认是否继续开具",
        "商品编码为汇总项,不可开票",
        "价税合计金额不对",
        "购方银行账号不正确",
        "单价1504.00与数量不符",
        "税收分类编码1050400000000000000错误",
    ],
)
def test_a_plain_refusal(text):
    with pytest.raises(Rejected) as caught:
        read(answer(text=text))
    assert (caught.value.code, caught.value.text) == ("999", text)


def test_a_missing_parameter_is_a_refusal():
    with pytest.raises(Rejected):
        read(seed.PARAMETER_EMPTY)


@pytest.mark.parametrize("body", [answer(401), answer("2004"), answer(2005), answer(20000, "token不能为空")])
def test_a_refused_token_was_not_read(body):
    """assumption: 401, 2004 and 2005 are about the token"""
    with pytest.raises(NotSent):
        read(body)


@pytest.mark.parametrize("body", [answer(text="操作频繁,请稍后再试"), answer(429), answer("429", "慢")])
def test_pace(body):
    """assumption: these texts turn a call away unread"""
    with pytest.raises(RateLimited):
        read(body)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotSent),
        (403, LoginRequired),
        (404, NotSent),
        (405, NotSent),
        (413, NotSent),
        (400, OutcomeUnknown),
    ],
)
def test_refused_by_http(status, error):
    with pytest.raises(error):
        read("<html>no</html>", status)


def test_forbidden_by_http_is_about_rights():
    with pytest.raises(LoginRequired) as caught:
        read("<html>no</html>", 403)
    assert caught.value.need == "permission"


def test_a_page_is_called_unreadable():
    with pytest.raises(OutcomeUnknown) as caught:
        read("<html>系统 \n 维护</html>")
    assert (caught.value.code, caught.value.text) == ("unreadable", "<html>系统 维护</html>")


def test_success_under_an_error_of_http_is_no_success():
    with pytest.raises(OutcomeUnknown):
        read(seed.BLUE_TICKET, 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "msg", "message", "data", "Fphm", "fphm", "zbmx", "je", "sl", "ewm", "Sfsl"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
CODES = st.sampled_from([200, "200", 200.0, 999, "999", 302, 420, 430, 401, 10400, 20000, 40000, None, "x", True])
BODIES = st.one_of(
    st.text(max_size=60),
    JSON.map(json.dumps),
    st.builds(lambda code, data: json.dumps({"code": code, "msg": "成功", "data": data}), CODES, JSON),
)
OPERATIONS = sorted(client().capabilities)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(OPERATIONS), BODIES, st.sampled_from([200, 201, 400, 401, 403, 404]))
def test_no_answer_whatever_breaks_reading(operation, body, status):
    raw = RawAnswer(status, body)
    try:
        first = client().read(operation, raw)
    except CloudError as error:
        first = type(error), error.code, error.text
    try:
        assert client().read(operation, raw) == first, "reading again gives the same meaning"
    except CloudError as error:
        assert (type(error), error.code, error.text) == first


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_whatever_become_a_fapiao_or_its_absence(body):
    text = body.decode("latin-1")
    for operation in (ISSUE, FIND):
        with pytest.raises(CloudError):
            client().read(operation, RawAnswer(200, text))


def test_texts_fit_into_a_database():
    with pytest.raises(OutcomeUnknown) as caught:
        read('{"code":999,"msg":"a\\u0000b\\ud800c"}')
    assert caught.value.text == "ab?c"


def test_secrets_are_not_shown():
    assert "open-sesame" not in repr(config("https://x.example.com"))
    assert "abc" not in repr(TokenSlot("abc"))


def test_an_unknown_cloud():
    with pytest.raises(ValueError, match="nuonuo"):
        open_cloud(Config("nuonuo", "", ""), TokenSlot())
