"""票单云: from a draft to the form that is sent, and from the answer to a fapiao – or to what went wrong."""

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import FIND, ISSUE, Config, RawAnswer, TokenSlot
from ..clouds.canonical import canonical, fingerprint
from ..clouds.errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.registry import open_cloud
from ..rules import document
from ..rules.document import Draft, Line, Party
from . import test_clouds_seed as seed
from .test_clouds_server import TAX_NO, cloud, config, http, reset, silence

UID = f"{TAX_NO}_01"
SELLER = Party(
    name="北京民诺科技有限公司",
    tax_no=TAX_NO,
    address="北京市昌平区东小口镇",
    phone="135819133199",
    bank="中国工商银行",
    bank_account="0200240109200016984",
)
BUYER = Party(name="上海某某科技有限公司", tax_no="91310000MA1FL4ABCX", email="b@example.com", mobile="139")
LINE = Line(
    kind=document.NORMAL,
    name="*软件*票单云财税管理系统",
    code="1060301020100000000",
    amount=Decimal("0.99"),
    tax=Decimal("0.01"),
    rate=Decimal("0.01"),
    quantity=Decimal(1),
    price=Decimal("0.9900990099010"),
    spec="V1",
    unit="年",
)
DRAFT = Draft(
    type=document.ORDINARY,
    seller=SELLER,
    buyer=BUYER,
    lines=(LINE,),
    amount=Decimal("0.99"),
    tax=Decimal("0.01"),
    total=Decimal("1.00"),
    remark="备注",
    drawer="张三",
    payee="李四",
    reviewer="王五",
)


def client(**options):
    return open_cloud(config("https://cloud.example.com", options={"tenant": 1, **options}), TokenSlot())


def frozen(draft=DRAFT, line=None, **changes):
    if line:
        draft = dataclasses.replace(draft, lines=(dataclasses.replace(LINE, **line),))
    return client().freeze(ISSUE, dataclasses.replace(draft, **changes), UID)


def read(body, status=200):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return client().read(ISSUE, RawAnswer(status, text))


# --- freeze


def test_the_form_of_the_seed_in_its_order():
    assert list(frozen().items()) == [
        ("fpqqlsh", UID),
        ("fplxdm", "82"),
        ("tdyslxDm", ""),
        ("kplx", "0"),
        ("xhdwsbh", TAX_NO),
        ("xhdwmc", "北京民诺科技有限公司"),
        ("xhdwdzdh", "北京市昌平区东小口镇 135819133199"),
        ("xhdwyhzh", "中国工商银行 0200240109200016984"),
        ("ghdwsbh", "91310000MA1FL4ABCX"),
        ("ghdwmc", "上海某某科技有限公司"),
        ("zsfs", "0"),
        ("fyxm[0][fphxz]", "0"),
        ("fyxm[0][spmc]", "*软件*票单云财税管理系统"),
        ("fyxm[0][ggxh]", "V1"),
        ("fyxm[0][dw]", "年"),
        ("fyxm[0][spsl]", "1"),
        ("fyxm[0][dj]", "0.990099009901"),
        ("fyxm[0][je]", "0.99"),
        ("fyxm[0][sl]", "0.01"),
        ("fyxm[0][se]", "0.01"),
        ("fyxm[0][hsbz]", "0"),
        ("fyxm[0][spbm]", "1060301020100000000"),
        ("fyxm[0][yhzcbs]", "0"),
        ("fyxm[0][lslbs]", "0"),
        ("hjje", "0.99"),
        ("hjse", "0.01"),
        ("jshj", "1.00"),
        ("kpr", "张三"),
        ("skr", "李四"),
        ("fhr", "王五"),
        ("gfkhdh", "139"),
        ("gfkhyx", "b@example.com"),
        ("bz", "备注"),
        ("gfzrrbs", "N"),
    ]


def test_special_fapiao_to_a_person_with_every_option():
    form = client(confirm_buyer=False, check_person=True).freeze(
        ISSUE,
        dataclasses.replace(
            DRAFT,
            type=document.SPECIAL,
            buyer=Party(
                name="李雷", address="路1号", phone="010", bank="某行", bank_account="1", is_person=True
            ),
            levy="2",
            deduction=Decimal("0.5"),
            small_scale_reason="3",
            show_buyer_bank=True,
            show_seller_bank=True,
        ),
        UID,
    )
    expected = {
        "fplxdm": "81",
        "gfzrrbs": "Y",
        "ghdwdzdh": "路1号 010",
        "ghdwyhzh": "某行 1",
        "zsfs": "2",
        "kce": "0.50",
        "slsm": "3",
        "gfxxConfirm": "1",
        "spflxConfirm": "1",
        "sfzsgmfyhzh": "Y",
        "sfzsxsfyhzh": "Y",
    }
    assert {key: form.get(key) for key in expected} == expected
    assert not {"ghdwsbh", "gfkhdh", "gfkhyx"} & set(form), "empty optional keys are left out"


@pytest.mark.parametrize(
    ("kind", "policy", "flags"),
    [
        ("", "", ("0", "0", None)),
        ("", "简易征收", ("1", "0", "简易征收")),
        (document.EXEMPT, "", ("1", "1", "免税")),
        (document.PLAIN_ZERO, "", ("0", "3", None)),
    ],
)
def test_zero_rate_flags(kind, policy, flags):
    form = frozen(line={"zero_kind": kind, "policy": policy, "rate": Decimal("0.00")})
    assert tuple(form.get(f"fyxm[0][{key}]") for key in ("yhzcbs", "lslbs", "zzstsgl")) == flags
    assert form["fyxm[0][sl]"] == "0"


def test_not_taxable():
    assert frozen(line={"zero_kind": document.NOT_TAXABLE, "rate": Decimal(0)})["fyxm[0][lslbs]"] == "2"


def test_a_discount_follows_its_line_in_this_clouds_own_coding():
    first = dataclasses.replace(LINE, kind=document.DISCOUNTED)
    second = dataclasses.replace(
        LINE, kind=document.DISCOUNT, amount=Decimal("-0.1"), tax=Decimal("-0.00"), quantity=None, price=None
    )
    form = frozen(lines=(first, second))
    assert (form["fyxm[0][fphxz]"], form["fyxm[1][fphxz]"]) == ("2", "1")
    assert (form["fyxm[1][je]"], form["fyxm[1][se]"]) == ("-0.10", "0.00")
    assert "fyxm[1][spsl]" not in form
    assert "fyxm[1][dj]" not in form


def test_no_credential_is_frozen():
    text = canonical(frozen())
    assert not [
        secret for secret in ("open-sesame", "bureau-pass", "13500000000", "13800000000") if secret in text
    ]


@pytest.mark.parametrize("uid", ["", "x" * 41, "税号_1", "a b", None, "a&b"])
def test_a_serial_number_that_does_not_fit(uid):
    with pytest.raises(ValueError, match="serial number"):
        client().freeze(ISSUE, DRAFT, uid)


@pytest.mark.parametrize(
    "line",
    [
        {"amount": Decimal("0.005")},
        {"tax": Decimal("NaN")},
        {"price": Decimal("0.12345678901234")},
        {"quantity": Decimal("Infinity")},
    ],
)
def test_what_no_form_can_carry(line):
    with pytest.raises(ValueError, match=r"fen|number|decimals"):
        frozen(line=line)


def decimals(places):
    return st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=places)


def exponents(values):
    """The same numbers written with other exponents: 1E+2, 100.00000."""
    return values.flatmap(lambda value: st.sampled_from([value, value.normalize(), value + Decimal("0E-20")]))


TEXT = st.text(max_size=20)
MONEY = exponents(decimals(2))
LINES = st.builds(
    Line,
    kind=st.sampled_from([document.NORMAL, document.DISCOUNT, document.DISCOUNTED]),
    name=TEXT,
    code=TEXT,
    amount=MONEY,
    tax=MONEY,
    rate=exponents(st.decimals(0, 1, allow_nan=False, places=3)),
    quantity=st.none() | exponents(decimals(6)),
    price=st.none() | exponents(decimals(13)),
    spec=TEXT,
    unit=TEXT,
    zero_kind=st.sampled_from(["", document.EXEMPT, document.NOT_TAXABLE, document.PLAIN_ZERO]),
    policy=TEXT,
)
PARTIES = st.builds(Party, *[TEXT] * 8, is_person=st.booleans())
DRAFTS = st.builds(
    Draft,
    type=st.sampled_from([document.SPECIAL, document.ORDINARY]),
    seller=PARTIES,
    buyer=PARTIES,
    lines=st.lists(LINES, max_size=4).map(tuple),
    amount=MONEY,
    tax=MONEY,
    total=MONEY,
    remark=TEXT,
    drawer=TEXT,
    levy=st.sampled_from(["0", "1", "2", "3"]),
    deduction=st.none() | MONEY,
    show_buyer_bank=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(DRAFTS)
def test_any_draft_is_frozen_exactly(draft):
    form = client().freeze(ISSUE, draft, UID)
    assert all(isinstance(value, str) for value in form.values())
    sent = {"hjje": draft.amount, "hjse": draft.tax, "jshj": draft.total, "kce": draft.deduction}
    for index, line in enumerate(draft.lines):
        sent.update(
            {
                f"fyxm[{index}][je]": line.amount,
                f"fyxm[{index}][se]": line.tax,
                f"fyxm[{index}][sl]": line.rate,
                f"fyxm[{index}][spsl]": line.quantity,
                f"fyxm[{index}][dj]": line.price,
            }
        )
    for key, number in sent.items():
        if number is None:
            assert key not in form
            continue
        assert Decimal(form[key]) == number
        assert not set(form[key]) - set("-0123456789."), "plain notation, no exponent"
    for key in form:
        if key.endswith(("[je]", "[se]")) or key in ("hjje", "hjse", "jshj", "kce"):
            assert len(form[key].partition(".")[2]) == 2
    assert json.loads(canonical(form)) == form


def test_the_fingerprint_does_not_depend_on_the_order_of_keys():
    form = frozen()
    shuffled = dict(sorted(form.items(), reverse=True))
    assert fingerprint(form) == fingerprint(shuffled) == fingerprint(json.loads(canonical(form)))
    assert fingerprint(form) != fingerprint({**form, "jshj": "1.01"})
    assert len(fingerprint({"a": "\ud800"})) == 64


# --- send


def test_an_order_on_the_wire():
    with cloud(blueTicket=http(seed.BLUE_TICKET)) as (piaodanyun, server):
        payload = piaodanyun.freeze(ISSUE, DRAFT, UID)
        issued = piaodanyun.read(ISSUE, piaodanyun.send(ISSUE, payload))
    order = server.requests[1]
    assert (order.method, order.path) == ("POST", "/qdjk/fullExteriorInvoke/blueTicket")
    assert order.headers["authorization"] == "T1"
    assert order.pairs == [("username", "13800000000"), *payload.items()]
    assert issued.number == "22111111111111111180"


@pytest.mark.parametrize("how", [reset, None])
def test_a_lost_answer_is_unknown(how):
    with cloud(blueTicket=how) as (piaodanyun, server):
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(ISSUE, {})
        assert len(server.requests) == 2


def test_a_late_answer_is_unknown():
    changes = {"read_timeout": 0.1}
    with cloud(blueTicket=silence, config_changes=changes) as (piaodanyun, server):
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(ISSUE, {})
        assert len(server.requests) == 2


def test_asking_does_not_take_orders():
    with pytest.raises(ValueError, match="effect"):
        client().ask(ISSUE, {})


# --- read


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
            st.sampled_from(
                ["code", "msg", "message", "data", "Fphm", "fphm", "zbmx", "je", "sl", "ewm", "Sfsl"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
CODES = st.sampled_from(
    [200, "200", 200.0, 999, "999", 302, 420, 430, 401, 10400, 20000, 40000, None, "x", True]
)
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
    with pytest.raises(Rejected) as caught:
        read('{"code":999,"msg":"a\\u0000b\\ud800c"}')
    assert caught.value.text == "ab?c"


def test_secrets_are_not_shown():
    assert "open-sesame" not in repr(config("https://x.example.com"))
    assert "abc" not in repr(TokenSlot("abc"))


def test_an_unknown_cloud():
    with pytest.raises(ValueError, match="nuonuo"):
        open_cloud(Config("nuonuo", "", ""), TokenSlot())
