"""What an answer to an order means, code by code and text by text, at both clouds.

The texts and codes are the tables of the clouds' families (assumption: none was tried on a tenant).
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds import phrases, refusals
from ..clouds.base import (
    FILES,
    FIND,
    ISSUE,
    LOGIN,
    RED_APPLY,
    RED_ISSUE,
    RED_STATE,
    RED_WITHDRAW,
    WITHDRAW,
    Issued,
    LoginStep,
    NotFound,
    RawAnswer,
    TokenSlot,
)
from ..clouds.errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.kingdee import words as kingdee_words
from ..clouds.kingdee.meaning import is_unread
from ..clouds.piaodanyun import account
from ..clouds.piaodanyun import words as piaodanyun_words
from ..clouds.piaodanyun.meaning import is_token_refused, opened
from ..clouds.registry import open_cloud
from ..clouds.reply import MEANINGS, classified, normal
from ..clouds.words import UNCLASSIFIED, explain
from . import test_clouds_kingdee_server as kingdee_server
from .test_clouds_server import config

NUMBER = "26319999179519851416"
FORM = "31000026061000028528"
PIAODANYUN, KINGDEE = "piaodanyun", "kingdee"
ORDERS = {
    PIAODANYUN: (ISSUE, RED_ISSUE, RED_APPLY),
    KINGDEE: (ISSUE, RED_ISSUE, RED_APPLY, RED_WITHDRAW, WITHDRAW),
}
FAILS = {PIAODANYUN: "999", KINGDEE: "9999"}
EVERY_ORDER = [(cloud, operation) for cloud in ORDERS for operation in ORDERS[cloud]]
OF_FAPIAO = [(cloud, operation) for cloud, operation in EVERY_ORDER if operation != WITHDRAW]

ISSUED_TEXTS = ("在当前页已成功开具发票", "已开具过负数发票")
OPEN_TEXTS = (
    *("正在开具中", "发送请求出现异常", "发送请求异常", "发送请求失败", "当前请求异常", "当前请求失败"),
    *("504", "Timeout", "解析返回数据异常", "局端内部异常", "读取局端响应错误", "格式化输出错误"),
    *("局端请求错误", "返回报文为空", "局端未返回数据", "内部错误"),
    *("税局执行超时", "服务器数据返回错误", "税局数据请求超时"),
)
LOGIN_TEXTS = ("获取验证码重新登录", "重新进入开具页面", "身份认证成功时间查询失败")
FACE_TEXTS = ("重新实人认证", "已过实人认证时间")
BUSY_TEXTS = ("请稍后再试", "服务器繁忙")
SET_UP_TEXTS = ("未获取纳税人信息", "请进行商户授权", "身份不可为空")
REFUSALS = (
    ("可用授信额度不足", "credit"),
    ("授信额度不足,无法开具", "credit"),
    ("当前未查询到购买方纳税人信息,请确认是否继续开具", "buyer_unknown"),
    ("购方名称与税号不一致,请确认是否继续开具", "buyer_unknown"),
    ("购方税号格式不正确,应为15至20位数字或大写字母", "tax_number"),
    ("购方税号不能与销方税号相同", "same_parties"),
    ("购方为自然人时不能开具增值税专用发票", "natural_person"),
    ('销方名称"甲"与税务登记名称不一致', "seller_data"),
    ("购方银行账号不正确", "bank_address"),
    ("税收分类编码1050400000000000000错误", "tax_code"),
    ("商品编码1050400000000000000为汇总项,不能用于开票", "tax_code"),
    ('商品名称"套件"格式不正确,应为*简称*名称', "item_name"),
    ("税率0.17不合法", "rate"),
    ("小规模纳税人不能使用该税率", "rate"),
    ("价税合计金额不对", "amounts"),
    ("单价1504.00与数量不符", "amounts"),
    ("第3行:折扣行前必须为被折扣行", "discount"),
    ("差额征税时扣除额不能为空", "levy"),
    ("备注不能超过255个字符", "text"),
    ("参数ghdwmc不能为空", "missing"),
    ("参数billDate应为字符串", "malformed"),
    ("发票类型代码83不支持", "kind"),
    ("该企业为风险纳税人", "stopped"),
    ("该企业暂停开票", "stopped"),
    ("detailId重复:3", "double_line"),
    ("\u8d2d\u65b9\u7a0e\u53f7\u683c\u5f0f\u9519\u8bef\uff0c\u8bf7\u6838\u5bf9", "tax_number"),
)
RED_REFUSALS = (
    ('商品服务编码仅为服务时红冲原因不允许选择"02,销货退回"', "red_reason"),
    ("申请红字信息表原因代码不正确", "red_reason"),
    ("红冲金额12.00超过剩余可红冲金额10.00", "red_amount"),
    ("红字确认单状态为作废(超72小时未确认),不能开具红字发票", "red_form_state"),
)


def read(cloud, operation, code, text, data=None, classified=(), success=False):
    """Return what ``cloud`` reads out of an answer to ``operation``, an unsuccessful one."""
    if cloud == PIAODANYUN:
        body = {"code": code, "msg": text, "data": data}
        client = open_cloud(config("https://cloud.example.com", classified=classified), TokenSlot())
    else:
        body = {"errorCode": code, "success": success, "message": text, "data": data}
        client = open_cloud(kingdee_server.config(classified=classified), TokenSlot())
    return client.read(operation, RawAnswer(200, json.dumps(body, ensure_ascii=False)))


def meant(cloud, operation, code, text, data=None, classified=()):
    """Return the error that the answer means."""
    with pytest.raises(CloudError) as caught:
        read(cloud, operation, code, text, data, classified)
    return caught.value


def rows_of(cloud):
    return (*(piaodanyun_words if cloud == PIAODANYUN else kingdee_words).OWN, *refusals.SHARED)


# --- Texts


@pytest.mark.parametrize("text", [*ISSUED_TEXTS, *OPEN_TEXTS])
@pytest.mark.parametrize(("cloud", "operation"), OF_FAPIAO)
def test_a_text_that_leaves_the_outcome_open(cloud, operation, text):
    """Most of them counted as refused before, and a corrected order made a second fapiao."""
    for said in (text, f"开票失败:{text}", f"{text},税率不合法", f"购方税号错误;{text}"):
        error = meant(cloud, operation, FAILS[cloud], said)
        assert type(error) is OutcomeUnknown, said
        assert not error.is_unclassified


@pytest.mark.parametrize("text", OPEN_TEXTS)
def test_a_withdrawal_is_not_refused_by_trouble(text):
    assert isinstance(meant(KINGDEE, WITHDRAW, "9999", text), OutcomeUnknown)


@pytest.mark.parametrize("text", ["开票失败", "推单失败", "失败", "天气不好", "", "开具失败,请联系管理员"])
@pytest.mark.parametrize(("cloud", "operation"), EVERY_ORDER)
def test_a_text_that_no_table_knows(cloud, operation, text):
    error = meant(cloud, operation, FAILS[cloud], text)
    assert isinstance(error, OutcomeUnknown)
    assert error.is_unclassified
    assert explain(error) == UNCLASSIFIED


@pytest.mark.parametrize(
    ("text", "kind", "need"),
    [
        *((text, LoginRequired, "login") for text in LOGIN_TEXTS),
        *((text, LoginRequired, "face") for text in FACE_TEXTS),
        *((text, LoginRequired, "permission") for text in SET_UP_TEXTS),
        ("token 获取失败", LoginRequired, "permission"),
        *((text, RateLimited, "") for text in BUSY_TEXTS),
    ],
)
@pytest.mark.parametrize(("cloud", "operation"), EVERY_ORDER)
def test_a_text_that_says_that_nothing_happened(cloud, operation, text, kind, need):
    error = meant(cloud, operation, FAILS[cloud], text)
    assert isinstance(error, kind)
    assert getattr(error, "need", "") == need
    assert error.in_words_only, "by its words, not by a code"
    for marker in ("解析返回数据异常", "返回报文为空", "局端内部异常"):
        assert isinstance(meant(cloud, operation, FAILS[cloud], f"{text},{marker}"), OutcomeUnknown)


def test_what_is_set_up_at_the_provider():
    """assumption: of 票单云's family only"""
    assert meant(PIAODANYUN, ISSUE, 999, "销方税号有误").need == "permission"
    assert meant(PIAODANYUN, ISSUE, 999, "可信错误:该用户未注册").need == "credentials"
    assert meant(KINGDEE, ISSUE, "9999", "业务系统编码X不存在").need == "permission"


@pytest.mark.parametrize(("text", "problem"), REFUSALS)
@pytest.mark.parametrize(("cloud", "operation"), [(PIAODANYUN, ISSUE), (KINGDEE, ISSUE)])
def test_a_fault_of_the_order(cloud, operation, text, problem):
    error = meant(cloud, operation, FAILS[cloud], text)
    assert isinstance(error, Rejected)
    assert (error.problem, error.text) == (problem, text)
    row = next(row for row in refusals.SHARED if row.problem == problem)
    assert explain(error) == (row.message, row.fix)


@pytest.mark.parametrize(("text", "problem"), RED_REFUSALS)
@pytest.mark.parametrize("operation", [RED_APPLY, RED_ISSUE])
@pytest.mark.parametrize("cloud", ORDERS)
def test_a_fault_of_a_reversal(cloud, operation, text, problem):
    assert meant(cloud, operation, FAILS[cloud], text).problem == problem
    assert meant(cloud, ISSUE, FAILS[cloud], "红冲原因不合法").problem == "malformed"


def test_faults_of_one_kind_of_order():
    assert meant(PIAODANYUN, RED_ISSUE, 999, "未能判断当前纳税人与发票中身份").problem == "red_not_ours"
    assert meant(PIAODANYUN, ISSUE, 999, "未能判断当前纳税人与发票中身份").is_unclassified
    assert meant(PIAODANYUN, ISSUE, 999, "农产品收购发票开具不规范").problem == "farm_confirmation"
    assert meant(KINGDEE, WITHDRAW, "9999", "单据B状态为已开票,不能进行该操作").problem == "too_late"
    assert isinstance(meant(KINGDEE, ISSUE, "9999", "单据B状态为已开票"), OutcomeUnknown)
    assert meant(KINGDEE, RED_WITHDRAW, "9999", "只有录入方可以撤销红字确认单").problem == "red_form_side"
    assert meant(PIAODANYUN, RED_ISSUE, 999, "蓝字发票不存在").problem == "original_unknown"
    # may be the cloud that looks for the red fapiao it has just made
    assert isinstance(meant(PIAODANYUN, RED_ISSUE, 999, "未查询到该发票"), OutcomeUnknown)
    for text in (
        "发票号码不能为空",
        "开票日期为空",
        "返回数据格式错误,税率不合法",
        "字段长度超长",
        "税率查询接口返回不存在",
    ):
        assert isinstance(meant(PIAODANYUN, ISSUE, 999, text), OutcomeUnknown), "about the result"
    assert meant(PIAODANYUN, RED_ISSUE, 999, "原发票号码不能为空").problem == "missing"


@pytest.mark.parametrize("cloud", ORDERS)
def test_a_marker_with_spaces_or_full_width_signs(cloud):
    for text in (
        "税率不合法;解析 返回\n数据 异常",
        "税率不合法:\uff15\uff10\uff14",
        "购方税号错误 TIME  OUT",
    ):
        assert isinstance(meant(cloud, ISSUE, FAILS[cloud], text), OutcomeUnknown)


def test_the_number_of_a_line_is_no_gateway():
    assert meant(PIAODANYUN, ISSUE, 999, "第504行:税率0.17不合法").problem == "rate"


# --- Codes of 票单云


@pytest.mark.parametrize("operation", ORDERS[PIAODANYUN])
@pytest.mark.parametrize(
    ("code", "kind", "need"),
    [
        (234, OutcomeUnknown, ""),
        (302, LoginRequired, "login"),
        (310, OutcomeUnknown, ""),
        (400, LoginRequired, "permission"),
        (401, NotSent, ""),
        (403, LoginRequired, "permission"),
        (404, LoginRequired, "permission"),
        (420, LoginRequired, "sms"),
        (429, RateLimited, ""),
        (430, LoginRequired, "face"),
        (503, OutcomeUnknown, ""),
        (999, OutcomeUnknown, ""),
        (2001, LoginRequired, "permission"),
        (2002, LoginRequired, "permission"),
        (2003, LoginRequired, "permission"),
        (2004, NotSent, ""),
        (2005, NotSent, ""),
        (2006, LoginRequired, "permission"),
        (3002, LoginRequired, "permission"),
        (7706, Rejected, ""),
        (9002, LoginRequired, "permission"),
        (10400, OutcomeUnknown, ""),
        (20000, OutcomeUnknown, ""),
        (40000, OutcomeUnknown, ""),
        (12345, OutcomeUnknown, ""),
    ],
)
def test_codes_of_piaodanyun(operation, code, kind, need):
    error = meant(PIAODANYUN, operation, code, "失败")
    assert isinstance(error, kind)
    assert getattr(error, "need", "") == need
    assert not error.in_words_only
    assert isinstance(meant(PIAODANYUN, operation, code, "在当前页已成功开具发票"), OutcomeUnknown)


@pytest.mark.parametrize("code", [10400, 503, 234, 500, 40000, 12345])
def test_a_code_of_doubt_is_never_refused_by_its_text(code):
    assert isinstance(meant(PIAODANYUN, ISSUE, code, "税率不合法"), OutcomeUnknown)


def test_the_words_of_the_account_s_set_up():
    assert "subscribed" in explain(meant(PIAODANYUN, ISSUE, 2006, "x"))[0]
    assert "signature" in explain(meant(PIAODANYUN, ISSUE, 2001, "x"))[0]
    assert "as it is set up" in explain(meant(PIAODANYUN, ISSUE, 9002, "x"))[0]
    assert "not set up" in explain(meant(PIAODANYUN, ISSUE, 999, "请进行商户授权"))[0]
    assert "scrap" in explain(meant(PIAODANYUN, ISSUE, 7706, "需确认"))[0]


@pytest.mark.parametrize("code", [420, 430])
def test_the_text_wins_where_a_code_has_two_meanings(code):
    """assumption: an older edition has 420 and 430 for parameters and signatures"""
    assert meant(PIAODANYUN, ISSUE, code, "参数ghdwmc不能为空").problem == "missing"
    assert meant(PIAODANYUN, ISSUE, code, "参数").is_unclassified
    assert meant(PIAODANYUN, ISSUE, code, "签名错误").need == "permission"


def test_a_red_fapiao_that_exists_is_taken_over():
    """assumption: 310 carries the red fapiao of this form"""
    data = {"fphm": NUMBER, "kprq": "2026-06-19 19:55:40"}
    red = read(PIAODANYUN, RED_ISSUE, 310, "已开具过负数发票", data)
    assert isinstance(red, Issued)
    assert (red.number, red.color) == (NUMBER, "red")
    assert red.issued_at.isoformat() == "2026-06-19T19:55:40+08:00"


@pytest.mark.parametrize("data", [None, {}, {"fphm": "1"}, {"kprq": "2026-06-19 19:55:40"}, "x"])
def test_a_310_without_a_number_is_judged_by_its_text(data):
    assert isinstance(meant(PIAODANYUN, RED_ISSUE, 310, "失败", data), OutcomeUnknown)
    assert meant(PIAODANYUN, RED_ISSUE, 310, "授信额度不足", data).problem == "credit"


@pytest.mark.parametrize("code", [310, 999, 20000])
def test_a_refusal_that_names_a_fapiao_is_none(code):
    assert isinstance(meant(PIAODANYUN, ISSUE, code, "税率不合法", {"Fphm": NUMBER}), OutcomeUnknown)
    assert isinstance(meant(PIAODANYUN, RED_APPLY, code, "红冲原因不合法", {"xxbbh": FORM}), OutcomeUnknown)
    told = [{"billNo": "B", "invoiceList": [{"billNo": "B", "invoiceNum": NUMBER}]}]
    assert isinstance(meant(KINGDEE, ISSUE, str(code), "税率不合法", told), OutcomeUnknown)
    red = {"redInvoiceNum": NUMBER}
    assert isinstance(meant(KINGDEE, RED_ISSUE, str(code), "税率不合法", red), OutcomeUnknown)


def test_a_310_of_the_log_in_hands_out_a_code():
    body = {"code": 310, "msg": "请扫码", "data": {"ewmid": "7", "qrcode": "https://x"}}
    step = account.read_login(RawAnswer(200, json.dumps(body)), {"ewmlx": "10"})
    assert (step.state, step.qr_id, step.qr_text) == ("qr", "7", "https://x")
    assert isinstance(read(PIAODANYUN, LOGIN, 310, "请扫码", body["data"]), LoginStep)
    with pytest.raises(Rejected):
        account.read_login(RawAnswer(200, json.dumps({"code": 310, "msg": "不可用"})), {"ewmlx": "10"})


def test_a_file_that_is_not_ready():
    assert isinstance(read(PIAODANYUN, FILES, 234, "局端处理较慢"), NotFound)


def test_the_reason_may_stand_in_data():
    error = meant(PIAODANYUN, ISSUE, 999, "失败", "授信额度不足")
    assert (error.problem, error.text) == ("credit", "失败; 授信额度不足")
    assert isinstance(meant(PIAODANYUN, ISSUE, 999, "税率不合法", "解析返回数据异常"), OutcomeUnknown)
    assert isinstance(meant(PIAODANYUN, ISSUE, 999, "税率不合法", "Timeout"), OutcomeUnknown)
    assert meant(PIAODANYUN, ISSUE, 999, "税率不合法", "QUJDREVGR0hJSktMTU5P").text == "税率不合法"
    both = {"code": 999, "msg": "失败", "message": "税率不合法"}
    with pytest.raises(Rejected) as caught:
        open_cloud(config("https://x.example.com"), TokenSlot()).read(ISSUE, RawAnswer(200, json.dumps(both)))
    assert caught.value.text == "失败; 税率不合法"


# --- Codes of 金蝶发票云


@pytest.mark.parametrize("operation", ORDERS[KINGDEE])
@pytest.mark.parametrize(
    ("code", "kind", "need"),
    [
        ("10127", OutcomeUnknown, ""),
        ("6910", OutcomeUnknown, ""),
        ("503", OutcomeUnknown, ""),
        ("9999", OutcomeUnknown, ""),
        ("0001", OutcomeUnknown, ""),
        ("0", OutcomeUnknown, ""),
        ("1130", LoginRequired, "permission"),
        ("403", LoginRequired, "permission"),
        ("404", LoginRequired, "permission"),
        ("401", NotSent, ""),
        ("429", RateLimited, ""),
    ],
)
def test_codes_of_kingdee(operation, code, kind, need):
    error = meant(KINGDEE, operation, code, "失败")
    assert isinstance(error, kind)
    assert getattr(error, "need", "") == need


@pytest.mark.parametrize("code", ["10127", "503", "0", "6910"])
def test_a_code_of_kingdee_that_is_never_a_refusal(code):
    assert isinstance(meant(KINGDEE, ISSUE, code, "税率不合法"), OutcomeUnknown)
    assert "already at the cloud" in explain(meant(KINGDEE, ISSUE, "10127", "x"))[0]


def test_a_marker_counts_wherever_it_stands_in_a_list():
    row = {"billNo": "B", "success": False, "message": "税率不合法"}
    assert meant(KINGDEE, ISSUE, "9999", "处理完成", [row]).problem == "rate"
    assert isinstance(meant(KINGDEE, ISSUE, "9999", "解析返回数据异常", [row]), OutcomeUnknown)
    assert isinstance(meant(KINGDEE, ISSUE, "9999", "该单据正在处理", [row]), OutcomeUnknown)


# --- Calls that are repeated inside, and questions


@pytest.mark.parametrize("code", [999, 401, 2004, 20000])
def test_no_order_is_repeated_that_may_have_taken_effect(code):
    said = {"code": code, "msg": "token已过期,该流水号已成功开具发票"}
    assert not is_token_refused(opened(RawAnswer(200, json.dumps(said))))
    assert is_token_refused(opened(RawAnswer(200, json.dumps({"code": code, "msg": "token已过期"}))))
    trouble = {"errorCode": "9999", "success": False, "message": "接口未授权:解析返回数据异常"}
    assert not is_unread(RawAnswer(200, json.dumps(trouble)))


@pytest.mark.parametrize("text", ["查询超时,未查询到发票", "返回报文为空,发票不存在", "未查询到发票,504"])
def test_trouble_is_never_not_found(text):
    """Else the same order would go out again while its fapiao exists."""
    assert isinstance(meant(PIAODANYUN, FIND, 999, text), OutcomeUnknown)
    assert isinstance(meant(PIAODANYUN, FIND, 200, text), OutcomeUnknown)
    assert isinstance(meant(KINGDEE, FIND, "9999", text), OutcomeUnknown)
    assert isinstance(meant(KINGDEE, RED_STATE, "9999", text), OutcomeUnknown)
    good = {"errorCode": "0", "success": True, "message": text}
    for operation in (FIND, RED_STATE):
        with pytest.raises(OutcomeUnknown):
            kingdee_server.client().read(operation, RawAnswer(200, json.dumps(good)))


def test_a_bill_sent_back_by_trouble_may_have_been_issued():
    assert isinstance(meant(KINGDEE, FIND, "9999", "单据B已退回:税局执行超时"), OutcomeUnknown)
    assert read(KINGDEE, FIND, "9999", "单据B已退回:税率不合法").state == "returned"
    for text, state in (("税局执行超时", ""), ("税率不合法", "returned")):
        row = {"billNo": "B", "billStatusName": "已退回", "message": text, "invoiceList": []}
        assert read(KINGDEE, FIND, "0", text, [row], success=True).state == state


# --- Whatever comes


CODES = st.one_of(
    st.sampled_from(["999", "310", "20000", "40000", "7706", "10400", "503", "420", "9999", "10127", "0", "1"]),
    st.text(alphabet="0123456789", min_size=1, max_size=5),
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from([*(text for text, _problem in REFUSALS + RED_REFUSALS), "失败", ",", "税率", "长度", "风险"]),
        max_size=3,
    ).map("".join),
)
MARKERS = st.sampled_from([*ISSUED_TEXTS, *OPEN_TEXTS])


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(EVERY_ORDER), CODES, TEXTS)
def test_nothing_is_refused_but_what_a_row_names(order, code, text):
    cloud, operation = order
    try:
        read(cloud, operation, code, text)
    except Rejected as error:
        row = refusals.refusal_of(rows_of(cloud), operation, error.code, error.text)
        assert row is not None
        assert row.problem == error.problem
        assert not phrases.says_open(text)
    except CloudError as error:
        assert not getattr(error, "problem", "")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(OF_FAPIAO), CODES, TEXTS, MARKERS, TEXTS, st.booleans())
def test_a_marker_anywhere_forbids_to_believe_a_refusal(order, code, before, marker, after, in_data):
    cloud, operation = order
    # a number is only read where it doesn't go on
    text = f"{before},{marker},{after}" if marker.isdigit() else before + marker + after
    said = (before, text[:400]) if in_data and cloud == PIAODANYUN else (text, None)
    try:
        read(cloud, operation, code, *said)
    except CloudError as error:
        assert not isinstance(error, Rejected)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EVERY_ORDER), CODES, TEXTS, st.sampled_from(MEANINGS))
def test_what_an_administrator_says_is_asked_last(order, code, text, meaning):
    cloud, operation = order

    def outcome(rows):
        try:
            return read(cloud, operation, code, text, classified=rows)
        except CloudError as error:
            return error

    plain = outcome(())
    told = outcome(((getattr(plain, "code", ""), normal(getattr(plain, "text", "")), meaning),))
    if getattr(plain, "is_unclassified", False):
        kinds = {
            "refused": Rejected,
            "login": LoginRequired,
            "throttled": RateLimited,
            "open": OutcomeUnknown,
        }
        assert type(told) is (kinds[meaning] if plain.text else type(told))
        assert not isinstance(told, Rejected) or told.text
    else:
        assert type(told) is type(plain)


# --- What an administrator has said


def test_the_same_words_with_another_number_are_one_text():
    assert normal("流水号91310000MA_ab12 第3行,金额1,234.50 有误") == normal("流水号91310000MB_x9 第12行,金额9 有误")
    assert normal("税率不同") == "税率不同"
    assert len(normal("中" * 1000)) == 300


def test_a_classified_text():
    rows = (("999", normal("开票失败7"), "refused"),)
    error = meant(PIAODANYUN, ISSUE, 999, "开票失败8", classified=rows)
    assert isinstance(error, Rejected)
    assert "administrator" in explain(error)[0]
    assert meant(PIAODANYUN, ISSUE, 998, "开票失败8", classified=rows).is_unclassified
    for text in ("开票失败8,解析返回数据异常", "在当前页已成功开具发票8"):
        beaten = (("999", normal(text), "refused"),)
        assert isinstance(meant(PIAODANYUN, ISSUE, 999, text, classified=beaten), OutcomeUnknown)
    assert isinstance(meant(KINGDEE, ISSUE, "9999", "", classified=(("9999", "", "refused"),)), OutcomeUnknown)
    assert meant(KINGDEE, ISSUE, "7", "x", classified=(("7", "x", "login"),)).need == "login"
    error = OutcomeUnknown("x", "7")
    assert classified(error, (("7", "x", "refused"),)) is error, "known already"


# --- The table itself


@pytest.mark.parametrize("rows", [rows_of(cloud) for cloud in ORDERS], ids=ORDERS)
def test_every_row_has_its_problem_words_and_cure(rows):
    problems = [row.problem for row in rows]
    assert len(problems) == len(set(problems))
    for row in rows:
        assert row.message.endswith(".")
        assert row.fix.endswith(".")
        assert row.pattern or row.codes or row.operations == frozenset()
        for text in (*ISSUED_TEXTS, *OPEN_TEXTS, "开票失败", "失败", ""):
            if row.problem != "too_late":
                assert not row.fits("999", text)
