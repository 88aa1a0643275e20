"""金蝶发票云: one fapiao as the cloud describes it, and its files."""

import dataclasses
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ..clouds.base import FIND, FileAddresses, Issued, LineDetail, NotFound
from ..clouds.errors import NotSent, OutcomeUnknown
from ..clouds.kingdee import fapiao
from ..rules.document import DIGITAL, DISCOUNT, DISCOUNTED, EXEMPT, NORMAL, NOT_TAXABLE, ORDINARY, SPECIAL
from .test_clouds_kingdee_server import NUMBER, TAX_NO, UID, client, cloud, http, ok, read

OTHER = "24952000000028787794"
FAPIAO = {
    "billNo": UID,
    "serialNo": "SO2024_1",
    "invoiceType": "08xdp",
    "invoiceStatus": "0",
    "issueErrorMessage": "",
    "invoiceCode": "",
    "invoiceNum": NUMBER,
    "invoiceDate": "2024-03-11 12:06:51",
    "checkCode": "12345",
    "sellerName": "金蝶票据云科技(深圳)有限公司",
    "sellerTaxpayerId": TAX_NO,
    "buyerName": "深圳金蝶账无忧网络科技有限公司",
    "buyerTaxpayerId": "91440300358768292H",
    "totalAmount": 9,
    "totalTaxAmount": 0.54,
    "includeTaxAmount": 9.54,
    "invoiceFileUrl": "https://x.test/ofd",
    "invoicePdfFileUrl": "https://x.test/pdf",
    "invoiceXmlFileUrl": "https://x.test/xml",
    "originalInvoiceNumber": "",
    "redInfoBillNo": "",
}
GOODS = {
    "goodsName": "*信息技术服务*收票",
    "revenueCode": "3040201010000000000",
    "specification": "S",
    "units": "件",
    "quantity": "2.0000000000000",
    "price": "5.0000000000000",
    "amount": 10,
    "taxRate": "0.06",
    "taxAmount": 0.6,
    "lineProperty": 2,
    "privilegeFlag": 0,
    "privilegeContent": "",
}
LESS = {
    **GOODS,
    "amount": -1,
    "taxAmount": -0.06,
    "lineProperty": 1,
    "quantity": "",
    "price": "",
    "units": "",
}


def found(*fapiao, **head):
    return read(FIND, ok([{"billNo": UID, "invoiceList": list(fapiao), **head}]))


def one(**changes):
    (fapiao,) = found({**FAPIAO, **changes}).fapiao
    return fapiao


# --- One fapiao


def test_all_that_is_said_of_a_fapiao():
    assert dataclasses.replace(one(), raw={}) == Issued(
        number=NUMBER,
        issued_at=datetime(2024, 3, 11, 12, 6, 51, tzinfo=ZoneInfo("Asia/Shanghai")),
        form=DIGITAL,
        type=SPECIAL,
        color="blue",
        status="normal",
        seller_name="金蝶票据云科技(深圳)有限公司",
        seller_tax_no=TAX_NO,
        buyer_name="深圳金蝶账无忧网络科技有限公司",
        buyer_tax_no="91440300358768292H",
        amount=Decimal("9.00"),
        tax=Decimal("0.54"),
        total=Decimal("9.54"),
        request_uid=UID,
        check_code="12345",
        files=FileAddresses(pdf="https://x.test/pdf", ofd="https://x.test/ofd", xml="https://x.test/xml"),
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("08xdp", SPECIAL),
        ("10xdp", ORDINARY),
        ("01", SPECIAL),
        ("02", ORDINARY),
        ("028", SPECIAL),
        ("999", "999"),
        ("", ""),
    ],
)
def test_types(code, kind):
    assert one(invoiceType=code).type == kind


@pytest.mark.parametrize(
    ("code", "status"), [("0", "normal"), (0, "normal"), ("3", "red"), ("6", "void"), ("5", ""), ("", "")]
)
def test_statuses(code, status):
    assert one(invoiceStatus=code).status == status


@pytest.mark.parametrize(
    "change", [{"originalInvoiceNumber": OTHER}, {"includeTaxAmount": -9.54}, {"invoiceProperty": 1}], ids=str
)
def test_a_red_one(change):
    fapiao = one(**change, redInfoBillNo="RED1", invoiceStatus="3")
    assert fapiao.color == "red"
    assert fapiao.status == "", "the code may mean that it is red, or that it was reversed"


@pytest.mark.parametrize(
    ("keys", "files"),
    [
        ({"invoiceFileUrl": "o"}, FileAddresses(ofd="o")),
        ({"invoiceFileUrl": "p", "ofdFileUrl": "o", "xmlFileUrl": "x"}, FileAddresses("p", "o", "x")),
        ({"invoiceFileUrl": "p", "ofdFileUrl": ""}, FileAddresses(pdf="p")),
        ({"invoicePdfFileUrl": "p"}, FileAddresses(pdf="p")),
        ({}, None),
    ],
)
def test_the_files_under_both_sets_of_names(keys, files):
    bare = {key: value for key, value in FAPIAO.items() if not key.endswith("Url")}
    assert found({**bare, **keys}).fapiao[0].files == files


@pytest.mark.parametrize("key", ["goods", "invoiceDetail"])
def test_lines(key):
    lines = one(**{key: [GOODS, LESS, GOODS]}).lines
    assert [line.kind for line in lines] == [DISCOUNTED, DISCOUNT, NORMAL]
    first, less, _last = lines
    assert (first.amount, first.tax, first.rate) == (Decimal("10.00"), Decimal("0.60"), Decimal("0.06"))
    assert (first.quantity, first.price, first.spec, first.unit) == (Decimal(2), Decimal(5), "S", "件")
    assert (less.amount, less.quantity, less.price, less.unit) == (Decimal("-1.00"), None, None, "")


@pytest.mark.parametrize("rate", ["0.06", "6%", "6", 6, 0.06])
def test_rates_in_the_three_spellings(rate):
    assert one(goods=[{**GOODS, "taxRate": rate}]).lines[0].rate == Decimal("0.06")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"privilegeContent": "免税"}, EXEMPT),
        ({"privilegeContent": "不征税"}, NOT_TAXABLE),
        ({"taxRate": "免税"}, EXEMPT),
        ({"zeroTaxRateFlag": "2"}, NOT_TAXABLE),
        ({}, ""),
    ],
)
def test_kinds_of_zero(change, kind):
    line = one(goods=[{**GOODS, "taxRate": "0", "taxAmount": 0, **change}]).lines[0]
    assert (line.rate, line.zero_kind, line.policy) == (0, kind, "")


def test_a_privilege_that_is_no_zero():
    assert one(goods=[{**GOODS, "privilegeContent": "简易征收"}]).lines[0].policy == "简易征收"


@pytest.mark.parametrize("rows", [[GOODS, {"goodsName": "x"}], "x", [None], {}])
def test_lines_that_can_not_be_read_are_none_at_all(rows):
    assert one(goods=rows).lines == ()


# --- Files


def test_files_have_no_number_here():
    assert client().file(NUMBER, "pdf") == NotFound("", "no_address")


@pytest.mark.parametrize(
    ("kind", "content"), [("pdf", b"%PDF-1.7"), ("ofd", b"PK\x03\x04"), ("xml", b"<?xml version='1.0'?><a/>")]
)
def test_a_file_at_its_address(kind, content):
    with cloud(f=http(content, content_type="x")) as (kingdee, server):
        assert kingdee.file_at(f"{server.url}/f", kind) == content
        assert "access_token" not in server.requests[-1].target, "no token travels there"


def test_what_is_no_file():
    with cloud(f=http("<html>")) as (kingdee, server), pytest.raises(OutcomeUnknown) as caught:
        kingdee.file_at(f"{server.url}/f", "pdf")
    assert caught.value.code == "unreadable_file"
    assert client().file_at("", "pdf") == NotFound("", "no_address")
    with pytest.raises(ValueError, match="no kind of file"):
        client().file_at("https://x.test/f", "doc")
    with pytest.raises(NotSent):
        client().file_at("ftp://x.test/f", "pdf")


@pytest.mark.parametrize(
    ("keys", "name", "read_as"),
    [
        ({"remark": "合同 7"}, "remark", "合同 7"),
        ({"drawer": "张三"}, "drawer", "张三"),
        ({"payee": "李四"}, "payee", "李四"),
        ({"reviewer": "王五"}, "reviewer", "王五"),
        ({"buyerAddressAndTel": "上海市 021"}, "buyer_address", "上海市 021"),
        ({"buyerAddress": "上海市", "buyerTel": "021"}, "buyer_address", "上海市 021"),
        ({"buyerBank": "工行", "buyerBankAccount": "62"}, "buyer_bank", "工行 62"),
        ({"sellerBankAndAccount": "农行 62"}, "seller_bank", "农行 62"),
        ({"sellerAddress": "北京市"}, "seller_address", "北京市"),
        ({"buyerRecipientPhone": "138"}, "buyer_mobile", "138"),
        ({"buyerRecipientMail": "a@b.cn"}, "buyer_email", "a@b.cn"),
        ({"redInfoBillNo": "31001"}, "red_form_number", "31001"),
        ({"deduction": "10.5", "deductionType": "02"}, "levy", "3"),
        ({"deduction": "10.5"}, "deduction", Decimal("10.50")),
        ({"specialType": "E03"}, "element", "03"),
        ({"specialType": "06"}, "element", "06"),
        ({"specialType": "00"}, "element", ""),
        ({"buildInfo": {"simpleAddress": "上海市"}}, "elements", (("simpleAddress", "上海市"),)),
        ({"freightList": [{"startPlace": "上海"}]}, "elements", (("startPlace", "上海"),)),
        ({"invoiceCode": "031002100111"}, "code", "031002100111"),
    ],
)
def test_particulars_of_one_fapiao(keys, name, read_as):
    assert getattr(fapiao.issued({**FAPIAO, **keys}).particulars, name) == read_as


def test_what_a_line_says_beside_what_is_printed():
    """The query of one fapiao says privileges by code, bills in words."""
    row = {
        **GOODS,
        "seq": 3,
        "billNo": "SO7",
        "goodsCode": "A-1",
        "taxRate": "0",
        "taxAmount": 0,
        "privilegeType": "03",
    }
    found = fapiao.issued({**FAPIAO, "invoiceDetail": [row]})
    assert found.line_details == (LineDetail(3, "SO7", "A-1", True),)
    assert found.lines[0].zero_kind == EXEMPT
