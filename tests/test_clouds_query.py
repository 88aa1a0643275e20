"""票单云: asking for a fapiao – found, pending, not there, or no answer to be believed."""

import json
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ..clouds.base import FIND, Issued, LineDetail, NotFound, Particulars, Pending, RawAnswer, TokenSlot
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown
from ..clouds.registry import open_cloud
from ..rules import document
from ..rules.document import Line
from . import test_clouds_seed as seed
from .test_clouds_server import TAX_NO, cloud, config, http, reset

UID = "9111011457319202X9_01"
NUMBER = "24112000000064654320"
RED_NUMBER = "24112000000064636722"


def read(body, status=200):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return open_cloud(config("https://cloud.example.com"), TokenSlot()).read(FIND, RawAnswer(status, text))


def head(**changes):
    data = json.loads(seed.QUERY)["data"]
    return {"code": 200, "msg": "成功", "data": {**data, **changes}}


def line(**changes):
    row = json.loads(seed.QUERY)["data"]["zbmx"][0]
    return read(head(zbmx=[{**row, **changes}])).lines


def test_the_seeds_answer_with_all_its_facts():
    found = read(seed.QUERY)
    assert found == Issued(
        number=NUMBER,
        issued_at=datetime(2024, 6, 19, 19, 34, 7, tzinfo=ZoneInfo("Asia/Shanghai")),
        form="digital",
        type=document.ORDINARY,
        color="blue",
        status="normal",
        seller_name="北京民诺科技有限公司",
        seller_tax_no="9111011457319202X9",
        buyer_name="个人",
        buyer_tax_no="",
        amount=Decimal("0.99"),
        tax=Decimal("0.01"),
        total=Decimal("1"),
        request_uid=UID,
        lines=(
            Line(
                kind=document.NORMAL,
                name="*软件*票单云财税管理系统",
                code="1060301020100000000",
                amount=Decimal("0.99"),
                tax=Decimal("0.01"),
                rate=Decimal("0.01"),
                quantity=Decimal(1),
                price=Decimal("0.990099009901"),
                spec="V1",
                unit="年",
            ),
        ),
        raw=found.raw,
        particulars=Particulars(
            seller_address="北京市昌平区东小口镇天通中苑二区21号楼2层1428 135819133199",
            seller_bank="中国工商银行股份有限公司北京西三旗支行 0200240109200016984",
            levy="0",
            main_item="*软件*票单云财税管理系统",
        ),
        line_details=(LineDetail(number=1),),
    )
    assert json.loads(json.dumps(found.raw))["zbmx"][0]["spdj"] == "0.990099009901"


@pytest.mark.parametrize(
    ("key", "value", "name", "read_as"),
    [
        ("bz", "合同 7", "remark", "合同 7"),
        ("kpr", "张三", "drawer", "张三"),
        ("skr", "李四", "payee", "李四"),
        ("fhr", "王五", "reviewer", "王五"),
        ("ghdwdzdh", "上海市 021", "buyer_address", "上海市 021"),
        ("ghdwyhzh", "工行 62", "buyer_bank", "工行 62"),
        ("GFKHDH", "13800000000", "buyer_mobile", "13800000000"),
        ("gfkhyx", "a@b.cn", "buyer_email", "a@b.cn"),
        ("xhdwdzdh", "北京市 010", "seller_address", "北京市 010"),
        ("xhdwyhzh", "农行 62", "seller_bank", "农行 62"),
        ("zsfs", "2", "levy", "2"),
        ("kce", "10.5", "deduction", Decimal("10.50")),
        ("slsm", "3", "small_scale_reason", "3"),
        ("zyspmc", "*软件*X", "main_item", "*软件*X"),
        ("qdbz", "1", "has_list", True),
        ("hjzkje", "-5", "discount", Decimal("-5.00")),
        ("hjzkse", "-0.65", "discount_tax", Decimal("-0.65")),
        ("tdyslxDm", "03", "element", "03"),
        ("fwfsd", "上海市", "elements", (("发生地", "上海市"),)),
        ("tdys", [{"fwfsd": "上海市", "x": 1}], "elements", (("发生地", "上海市"), ("x", "1"))),
        ("tzdbh", "31001", "red_form_number", "31001"),
        ("hczt", "1", "reversal_mark", "1"),
        ("rzzt", "2", "booking_mark", "2"),
        ("zfrq", "20240620101112", "voided_at", datetime(2024, 6, 20, 10, 11, 12, tzinfo=ZoneInfo("Asia/Shanghai"))),
        ("zfr", "赵六", "voided_by", "赵六"),
        ("zfyy", "开错", "void_reason", "开错"),
        ("fpdm", "031002100111", "code", "031002100111"),
        ("yfpdm", "031002100112", "original_code", "031002100112"),
        ("sfwzzfp", "1", "is_paper", True),
        ("zzfphm", "12345678", "paper_number", "12345678"),
    ],
)
def test_each_key_of_the_head_is_kept(key, value, name, read_as):
    assert getattr(read(head(**{key: value})).particulars, name) == read_as
    assert getattr(read(head(**{key: None})).particulars, name) == getattr(Particulars(), name)


@pytest.mark.parametrize(
    ("key", "value", "detail"),
    [
        ("fpmxxh", 12, LineDetail(number=12)),
        ("fpmxxh", "x", LineDetail()),
        ("xsdjbh", "SO7", LineDetail(number=1, document="SO7")),
        ("zxbm", "A-1", LineDetail(number=1, item_code="A-1")),
        ("yhzcbs", "1", LineDetail(number=1, is_privileged=True)),
    ],
)
def test_what_a_line_says_beside_what_is_printed(key, value, detail):
    row = json.loads(seed.QUERY)["data"]["zbmx"][0]
    assert read(head(zbmx=[{**row, key: value}])).line_details == (detail,)


def test_amount_with_tax_serves_where_the_one_without_is_missing():
    (read_as,) = line(je=None, hsje="1.00")
    assert read_as.amount == Decimal("0.99")


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        ({"request_uid": UID}, {"nsrsbh": TAX_NO, "fpqqlsh": UID}),
        ({"number": NUMBER}, {"nsrsbh": TAX_NO, "fphm": NUMBER}),
        ({"number": NUMBER, "request_uid": UID}, {"nsrsbh": TAX_NO, "fphm": NUMBER}),
    ],
)
def test_what_is_asked(asked, form):
    with cloud(invoiceQueryMx=http(seed.QUERY)) as (client, server):
        assert client.find(**asked).number == NUMBER
    assert server.requests[1].path == "/qdjk/fullExteriorInvoke/invoiceQueryMx"
    assert server.requests[1].form == {"username": "13800000000", **form}


def test_asking_for_nothing():
    with cloud() as (client, _server), pytest.raises(ValueError, match="serial"):
        client.find()


@pytest.mark.parametrize("asked", [{"request_uid": UID[:-1] + "2"}, {"number": NUMBER[:-1] + "1"}])
def test_an_answer_about_another_fapiao_is_not_believed(asked):
    with cloud(invoiceQueryMx=http(seed.QUERY)) as (client, _server), pytest.raises(OutcomeUnknown):
        client.find(**asked)


@pytest.mark.parametrize("text", ["发票正在开具中", "开票中,请稍后查询", "处理中"])
def test_pending(text):
    assert read({"code": 999, "msg": text, "data": None}) == Pending(text)
    assert read({"code": 200, "msg": text, "data": None}) == Pending(text)


def test_pending_order_without_a_number():
    """assumption: a head with the serial number and no number is an order under way"""
    assert isinstance(read(head(fphm="")), Pending)


@pytest.mark.parametrize(
    "text",
    [
        "未查询到发票信息",
        "发票不存在",
        "没有找到该流水号",
        "未查询到数据",
        "查无此票",
        "暂无数据",
        "未查到发票",
        "没查到",
    ],
)
def test_not_found_by_a_text(text):
    """assumption: an unknown serial number is a 999 with such a text"""
    assert read({"code": 999, "msg": text, "data": None}) == NotFound(text, "999")


@pytest.mark.parametrize("data", [None, "", {}, []])
def test_not_found_by_an_empty_success(data):
    """assumption: or a 200 without data"""
    assert read({"code": "200", "message": "成功", "data": data}) == NotFound("成功", "200")


@pytest.mark.parametrize(
    "text",
    [
        "该用户不存在",
        "未查询到该企业的登录信息",
        "未查询到购买方纳税人信息",
        "税号不存在",
        "接口不存在",
        "token不存在",
        "租户不存在",
        "局端内部异常,未查询到发票",
        "查询发票异常",
        "已成功开具发票",
        "数据库不存在",
        "系统繁忙",
        "",
    ],
)
def test_something_else_missing_is_not_not_found(text):
    with pytest.raises((OutcomeUnknown, LoginRequired, NotSent)):
        read({"code": 999, "msg": text, "data": None})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 200),
        ("<html>发票不存在</html>", 200),
        ("<html>not found</html>", 404),
        ('{"code":999,"msg":"发票不存在"', 200),
        ({"msg": "发票不存在"}, 200),
        ({"code": 404, "msg": "发票不存在"}, 200),
        ({"code": 500, "msg": "发票不存在"}, 200),
        ({"code": 999, "msg": None}, 200),
        ({"code": 200, "msg": "", "data": None}, 400),
        ({"code": 200, "data": {"x": 1}}, 200),
        ({"code": 200, "data": "发票不存在"}, 200),
        ({"code": 200, "data": [1, 2]}, 200),
        ({"code": 200, "data": 0}, 200),
        ({"code": 200, "data": False}, 200),
        ({"code": 302}, 200),
    ],
)
def test_no_other_answer_becomes_not_found(body, status):
    with pytest.raises((OutcomeUnknown, LoginRequired, NotSent)):
        read(body, status)


def test_a_lost_answer_is_not_not_found():
    with cloud(invoiceQueryMx=reset) as (client, _server), pytest.raises(OutcomeUnknown):
        client.find(UID)


# --- Details


def test_red_by_its_original():
    found = read(head(yfphm="24112000000064654319", jshj=-1, hjje="-0.99", se="-0.01"))
    assert (found.color, found.original_number, found.total) == ("red", "24112000000064654319", Decimal(-1))


def test_red_by_either_sign():
    assert read(head(jshj=-1)).color == "red"
    assert read(head(yfphm="24112000000064654319")).color == "red"


def test_the_other_date_where_the_first_is_missing():
    assert read(head(kprq=None)).issued_at == read(head()).issued_at


@pytest.mark.parametrize(("code", "kind"), [("81", "special"), (85, "special"), ("86", "ordinary"), ("51", "51")])
def test_type(code, kind):
    assert read(head(fplxdm=code)).type == kind


@pytest.mark.parametrize(
    ("changes", "status", "reversed_by"),
    [
        ({}, "normal", ""),
        ({"fpzt": "02"}, "", ""),
        ({"fpzt": None}, "", ""),
        ({"hcFphm": RED_NUMBER}, "", RED_NUMBER),
        ({"fpzt": "02", "hcFphm": RED_NUMBER}, "", RED_NUMBER),
        ({"hcFphm": int(RED_NUMBER)}, "", RED_NUMBER),
        ({"hcFphm": "soon"}, "normal", ""),
    ],
)
def test_status_and_what_reversed_it(changes, status, reversed_by):
    """assumption: hcFphm names the red fapiao; of fpzt only the paper's 00 is known, on one not reversed"""
    found = read(head(**changes))
    assert (found.status, found.reversed_by) == (status, reversed_by)
    assert found.raw["fpzt"] == changes.get("fpzt", "00"), "the cloud's own word stays in raw"


def test_amounts_that_cannot_be_read_are_not_set():
    found = read(head(hjje="一元", jshj=None, se="1e999"))
    assert (found.amount, found.total, found.tax) == (None, None, None)


def test_gross_lines_are_made_net():
    assert line(hsbz="1", je="1", se="0.01")[0].amount == Decimal("0.99")


@pytest.mark.parametrize(
    ("sl", "lslbs", "rate", "zero"),
    [
        ("13%", "", "0.13", ""),
        (0.06, "0", "0.06", ""),
        ("0", "1", "0", document.EXEMPT),
        ("0", "2", "0", document.NOT_TAXABLE),
        ("0.000000", 3, "0", document.PLAIN_ZERO),
        ("免税", "", "0", document.EXEMPT),
        ("不征税", "", "0", document.NOT_TAXABLE),
    ],
)
def test_rates(sl, lslbs, rate, zero):
    read_line = line(sl=sl, lslbs=lslbs)[0]
    assert (read_line.rate, read_line.zero_kind) == (Decimal(rate), zero)


@pytest.mark.parametrize("change", [{"je": None, "hsje": None}, {"je": "x"}, {"se": "x"}, {"sl": "?"}])
def test_one_unreadable_line_leaves_no_lines_at_all(change):
    assert line(**change) == ()


def test_lines_under_the_other_name():
    rows = json.loads(seed.QUERY)["data"]["zbmx"]
    assert read(head(zbmx=None, mxzb=rows)).lines[0].amount == Decimal("0.99")


def test_kinds_of_lines():
    assert [line(fphxz=code)[0].kind for code in ("0", 1, "2")] == ["normal", "discount", "discounted"]
