"""票单云, reversing: from an answer to its meaning – every doubt stays one."""

import json
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ..clouds.base import (
    RED_APPLY,
    RED_CHECK,
    RED_ISSUE,
    RED_STATE,
    Issued,
    NotFound,
    RawAnswer,
    TokenSlot,
)
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.registry import open_cloud
from ..clouds.words import explain
from ..rules.document import ORDINARY
from ..rules.red_document import RedCheck, RedForm, RedLine
from . import test_clouds_red_seed as seed
from . import test_clouds_seed as blue_seed
from .test_clouds_server import config

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBER = "24112000000064654320"
FORM = "11011424061000028528"
QUESTIONS = (RED_CHECK, RED_STATE)
ORDERS = (RED_APPLY, RED_ISSUE)
EXAMPLES = {
    RED_CHECK: seed.RED_CHECK,
    RED_APPLY: seed.RED_APPLY,
    RED_STATE: seed.RED_APPLY,
    RED_ISSUE: seed.RED_ISSUE,
}


def read(operation, body, status=200):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return open_cloud(config("https://cloud.example.com"), TokenSlot()).read(operation, RawAnswer(status, text))


def answer(code=999, text="", data=None):
    return {"code": code, "msg": text, "data": data}


def changed(operation, **changes):
    body = json.loads(EXAMPLES[operation])
    return {**body, "data": {**body["data"], **changes}}


def without(operation, *names):
    body = json.loads(EXAMPLES[operation])
    return {**body, "data": {key: value for key, value in body["data"].items() if key not in names}}


# --- The paper's own answers


def test_the_check_of_the_seed():
    check = read(RED_CHECK, seed.RED_CHECK)
    assert check == RedCheck(
        allowed=True,
        text="成功,本张发票可以开负数!",
        number=NUMBER,
        type=ORDINARY,
        vat_use=False,
        consumption_use=False,
        booked=False,
        issued_at=datetime(2024, 6, 19, 19, 34, 7, tzinfo=SHANGHAI),
        seller_name="北京民诺科技有限公司",
        seller_tax_no="9111011457319202X9",
        buyer_name="个人",
        buyer_tax_no=None,
        amount=Decimal("-0.99"),
        tax=Decimal("-0.01"),
        lines=(
            RedLine(
                xh=1,
                name="*软件*票单云财税管理系统",
                code="1060301020100000000",
                amount=Decimal("-0.99"),
                tax=Decimal("-0.01"),
                rate=Decimal("0.01"),
                quantity=Decimal(-1),
                price=Decimal("0.990099009901"),
                spec="V1",
                unit="年",
                is_privileged=False,
            ),
        ),
        raw=check.raw,
        levy="0",
    )
    assert check.used is False


@pytest.mark.parametrize(
    ("key", "value", "name", "meaning"),
    [
        ("zsfs", "2", "levy", "2"),
        ("jbr", "王会计", "handler", "王会计"),
        ("tdyslxdm", "03", "special_kind", "03"),
        ("fplxdm", "86", "is_paper", True),
        ("fplxdm", "85", "is_paper", True),
    ],
)
def test_each_key_of_the_check_counts(key, value, name, meaning):
    assert getattr(read(RED_CHECK, seed.RED_CHECK), name) != meaning
    assert getattr(read(RED_CHECK, changed(RED_CHECK, **{key: value})), name) == meaning


@pytest.mark.parametrize(
    ("key", "value", "name", "meaning"),
    [
        ("zxbm", "SKU-1", "own_code", "SKU-1"),
        ("bb", "48.0", "code_version", "48.0"),
        ("sqdh", FORM, "application_no", FORM),
        ("yhzcbs", "1", "is_privileged", True),
    ],
)
def test_each_key_of_a_line_of_the_check_counts(key, value, name, meaning):
    (row,) = json.loads(seed.RED_CHECK)["data"]["mxzb"]
    (line,) = read(RED_CHECK, changed(RED_CHECK, mxzb=[{**row, key: value}])).lines
    assert getattr(line, name) == meaning
    (plain,) = read(RED_CHECK, seed.RED_CHECK).lines
    assert getattr(plain, name) != meaning


def test_the_form_of_the_seed():
    form = read(RED_APPLY, seed.RED_APPLY)
    assert form == RedForm(
        number=FORM,
        state="01",
        state_text="无需确认",
        uuid="4e75f060b492476383338a63aa96537a",
        applied_at=datetime(2024, 6, 19, 19, 55, 40, tzinfo=SHANGHAI),
        raw=form.raw,
    )
    assert read(RED_STATE, seed.RED_APPLY) == form


def test_the_red_fapiao_of_the_seed():
    issued = read(RED_ISSUE, seed.RED_ISSUE)
    assert issued == Issued(
        number="24112000000064636722",
        issued_at=datetime(2024, 6, 19, 19, 55, 40, tzinfo=SHANGHAI),
        color="red",
        seller_name="北京民诺科技有限公司",
        seller_tax_no="9111011457319202X9",
        buyer_name="个人",
        buyer_tax_no="",
        total=Decimal("-1.00"),
        raw=issued.raw,
    )


# --- Tolerance


def test_numbers_as_text_or_not_and_of_either_sign():
    row = json.loads(seed.RED_CHECK)["data"]["mxzb"][0]
    for values in (
        {"xh": "1", "sl": "0.01", "se": "-0.01", "je": "-0.99", "spsl": -1, "spdj": 0.990099009901},
        {"se": 0.01, "je": 0.99, "spsl": "1", "sl": "1%"},
        {"spdj": "-0.990099009901"},
        {"je": "-1.00", "hsbz": "1"},
    ):
        check = read(RED_CHECK, changed(RED_CHECK, mxzb=[{**row, **values}], hjje="0.99", hjse="0.01"))
        assert check.lines == read(RED_CHECK, seed.RED_CHECK).lines
        assert (check.amount, check.tax) == (Decimal("-0.99"), Decimal("-0.01"))


@pytest.mark.parametrize("name", ["fphm", "Fphm", "FPHM"])
def test_the_number_in_any_case(name):
    number = "24112000000064636722"
    body = without(RED_ISSUE, "fphm")
    body["data"][name] = number
    assert read(RED_ISSUE, body).number == number
    body["data"][name] = int(number)
    assert read(RED_ISSUE, body).number == number


def test_missing_keys():
    check = read(RED_CHECK, answer(200, "成功", {"fphm": NUMBER}))
    assert (check.allowed, check.text, check.used, check.lines) == (True, "成功", None, ())
    assert read(RED_APPLY, answer("200", "", {"xxbbh": int(FORM)})) == RedForm(FORM, raw={"xxbbh": int(FORM)})
    issued = read(RED_ISSUE, answer("200", "", {"fphm": NUMBER}))
    assert (issued.color, issued.total, issued.issued_at, issued.original_number) == ("red", None, None, "")


def test_lines_that_cannot_be_read_are_none_at_all():
    row = json.loads(seed.RED_CHECK)["data"]["mxzb"][0]
    for rows in ([row, {**row, "je": "?"}], None, {}, "x", [None]):
        assert read(RED_CHECK, changed(RED_CHECK, mxzb=rows)).lines == ()
    assert [line.xh for line in read(RED_CHECK, changed(RED_CHECK, mxzb=[row, {**row, "xh": None}])).lines] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ({}, (False, False, False)),
        ({"ZzsytDm": "01"}, (True, False, False)),
        ({"ZzsytDm": "00"}, (True, False, False)),
        ({"ZzsytDm": 3}, (False, False, False)),
        ({"XfsytDm": "01"}, (False, True, False)),
        ({"FprzztDm": "01"}, (False, False, True)),
        ({"FprzztDm": 0}, (False, False, False)),
        ({"FprzztDm": None}, (False, False, None)),
        ({"ZzsytDm": "", "XfsytDm": None, "FprzztDm": {}}, (None, None, None)),
    ],
)
def test_use_and_booking(changes, used):
    """assumption: whatever code isn't the paper's unused one is use"""
    check = read(RED_CHECK, changed(RED_CHECK, **changes))
    assert (check.vat_use, check.consumption_use, check.booked) == used
    assert check.used is (True if True in used else None if None in used else False)


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"])
def test_every_state_of_a_form(code):
    for value in (code, int(code), f" {int(code)} "):
        assert read(RED_APPLY, changed(RED_APPLY, xxbztDm=value)).state == code


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"xxbztDm": None}, "01"),
        ({"xxbztDm": None, "xxbzt": "作废（发起方已撤销）"}, "08"),
        ({"xxbztDm": "11", "xxbzt": "?"}, ""),
        ({"xxbztDm": None, "xxbzt": None}, ""),
    ],
)
def test_a_state_by_its_name_or_not_known(changes, state):
    assert read(RED_APPLY, changed(RED_APPLY, **changes)).state == state


# --- May it be reversed?


@pytest.mark.parametrize(
    "text",
    ["该发票已红冲,不可再次红冲", "没有可红冲的金额", "本张发票不允许开负数!", "该发票状态异常不能红冲"],
)
def test_no(text):
    """assumption: a refusal is a plain 999, or a success whose inner message says no"""
    assert read(RED_CHECK, answer(999, text)) == RedCheck(False, text)
    check = read(RED_CHECK, changed(RED_CHECK, message=text))
    assert (check.allowed, check.text) == (False, text)
    assert not read(RED_CHECK, answer(200, "成功", {"message": text})).allowed


@pytest.mark.parametrize(
    "body",
    [
        answer(999, "未查询到蓝字发票信息"),
        answer(999, "发票不存在"),
        answer(200, "成功"),
        answer(200, "成功", {}),
    ],
)
def test_too_early(body):
    """assumption: up to two hours after issue these mean "not yet" """
    assert isinstance(read(RED_CHECK, body), NotFound)


@pytest.mark.parametrize(
    "body",
    [
        answer(999, "局端内部异常"),
        answer(999, "查询超时"),
        answer(999, ""),
        answer(12345, "不能红冲"),
        answer(20000, "参数不能为空"),
        answer(200, "成功", {"fphm": "1"}),
        answer(200, "成功", {"xhdwmc": "x"}),
        answer(200, "成功", "x"),
        "<html>不能红冲</html>",
        seed.RED_CHECK[:-20],
    ],
)
def test_a_fault_is_not_a_no(body):
    with pytest.raises(OutcomeUnknown):
        read(RED_CHECK, body)


# --- Did it take effect?


@pytest.mark.parametrize("operation", ORDERS)
@pytest.mark.parametrize(
    "body",
    [
        answer(999, "局端内部异常"),
        answer(999, "504 Gateway Time-out"),
        answer(999, "系统繁忙"),
        answer(999, "没有可红冲的金额"),
        answer(999, ""),
        answer(10400, "请查询"),
        answer(500, "x"),
        answer(200, "成功"),
        answer(200, "成功", {"fphm": "1"}),
        answer(200, "成功", {"xxbbh": "", "uuid": "x", "xxbztDm": "01"}),
        {"data": {"fphm": NUMBER, "xxbbh": FORM}},
        "<html>502</html>",
        '{"code":200,"data":{"fphm":"241120',
        "",
    ],
)
def test_whatever_leaves_a_doubt_is_unknown(operation, body):
    with pytest.raises(OutcomeUnknown):
        read(operation, body)


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (RED_APPLY, "该发票已申请红字信息表"),
        (RED_APPLY, "存在未完成的红字确认单"),
        (RED_APPLY, "已有待确认的红字信息表"),
        (RED_APPLY, "存在进行中的红字确认单保存操作"),
        (RED_APPLY, "请勿重复申请"),
        (RED_ISSUE, "该信息表已开具红字发票"),
        (RED_ISSUE, "该蓝票已红冲"),
        (RED_ISSUE, "红字信息表已使用"),
        (RED_ISSUE, "发票请求流水号重复"),
        (RED_ISSUE, "红字发票正在开具中"),
    ],
)
def test_what_may_be_from_our_own_earlier_call(operation, text):
    """assumption: these texts; in doubt the cloud is asked"""
    with pytest.raises(OutcomeUnknown) as caught:
        read(operation, answer(999, text))
    assert (caught.value.code, caught.value.text) == ("999", text)


@pytest.mark.parametrize(
    ("operation", "text", "word"),
    [
        (RED_APPLY, "货物不允许选择红冲原因03", "reason"),
        (RED_APPLY, "原蓝字发票为货物时不允许选择服务中止", "reason"),
        (RED_ISSUE, "未查询到蓝字发票", "to be reversed"),
        (RED_APPLY, "该发票已全额红冲\uff0c不能申请", "reversed already"),
        (RED_ISSUE, "红字确认单购方未确认", "not confirmed"),
        (RED_ISSUE, "红字信息表已作废,不能开具", "ended"),
        (RED_ISSUE, "可用授信额度不足", "credit line"),
    ],
)
def test_a_plain_refusal_in_plain_words(operation, text, word):
    with pytest.raises(Rejected) as caught:
        read(operation, answer(999, text))
    assert word in explain(caught.value)[0]


WORDS_OF_DOUBT = [
    ("已申请红字信息表", "red form"),
    ("该蓝票已红冲", "may have been reversed"),
    ("该红字确认单已开具红字发票26319999179519851416", "may have been reversed"),
]


def test_the_words_of_doubt():
    for text, word in WORDS_OF_DOUBT:
        message, fix = explain(OutcomeUnknown(text, "999"))
        assert word in message
        assert fix.startswith("Do nothing")
    assert "red form" in explain(OutcomeUnknown("", "no_form_number"))[0]


@pytest.mark.parametrize("operation", [*ORDERS, *QUESTIONS])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (answer(302, "会话失效"), LoginRequired),
        (answer(420), LoginRequired),
        (answer(430), LoginRequired),
        (answer(999, "登录已失效,请重新登录"), LoginRequired),
        (answer(999, "没有申请权限"), LoginRequired),
        (answer(401), NotSent),
        (answer(429), RateLimited),
        (answer(999, "操作频繁,请稍后再试"), RateLimited),
    ],
)
def test_nothing_happened(operation, body, error):
    with pytest.raises(error):
        read(operation, body)


@pytest.mark.parametrize("operation", ORDERS)
def test_face_due_instead_of_a_number(operation):
    """assumption: as for a blue order"""
    with pytest.raises(LoginRequired) as caught:
        read(operation, blue_seed.FACE_IMG)
    assert caught.value.need == "face"


# --- How does the form stand?


def test_no_form_is_there():
    assert isinstance(read(RED_STATE, answer(999, "未查询到红字信息表")), NotFound)


@pytest.mark.parametrize("body", [answer(200, "成功"), answer(999, "不能申请"), answer(999, "查询超时"), "x"])
def test_a_form_is_never_gone_by_mistake(body):
    with pytest.raises(OutcomeUnknown):
        read(RED_STATE, body)
