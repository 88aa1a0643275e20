"""金蝶发票助手: tickets of every kind, as the paper's blocks have them, with made-up values."""

import json
from datetime import date
from decimal import Decimal

import pytest

from ..clouds import reading
from ..clouds.inbound import InboundLine
from ..clouds.kingdee.assistant import tickets
from ..clouds.kingdee.assistant.shapes import SHAPES

COMMON = {
    "amount": "100.00",
    "authenticateFlag": "1",
    "authenticateTime": "",
    "buyerAccount": "测试银行 000",
    "buyerAddressPhone": "测试路 1 号",
    "buyerName": "测试公司",
    "buyerTaxNo": "91440300FAKE00000X",
    "checkFlag": "1",
    "checkStatus": "1",
    "checkTime": "",
    "downloadUrl": "https://files.example.com/a.pdf?k=1",
    "expenseStatus": "30",
    "invoiceCode": "044031600113",
    "invoiceDate": "2020-01-02",
    "invoiceNo": "30819002",
    "isRevise": "1",
    "originalGraphUrl": "https://files.example.com/original.jpg",
    "pixel": "1,1",
    "region": "",
    "remark": "备注",
    "rotationAngle": "0",
    "salerAccount": "",
    "salerAddressPhone": "",
    "salerName": "测试商家",
    "salerTaxNo": "91000000FAKE00001X",
    "serialNo": "serial-1",
    "snapshotUrl": "https://files.example.com/snapshot.jpg",
    "taxAmount": "13.00",
    "totalAmount": "113.00",
    "trip": "无行程",
}
ITEM = {
    "detailAmount": "100.00",
    "discountType": "",
    "goodsCode": "1060101000000000000",
    "goodsName": "*纸*复印纸",
    "num": "3",
    "specModel": "A4",
    "taxAmount": "13.00",
    "taxRate": "0.13",
    "unit": "箱",
    "unitPrice": "33.3333333333",
}


def ticket(kind, *without, **changes):
    row = {**COMMON, "invoiceType": kind, **changes}
    row = {key: value for key, value in row.items() if key not in without}
    return tickets.ticket_of(reading.loads(json.dumps(row)))


def fapiao(kind, *without, **changes):
    return ticket(kind, *without, **changes).fapiao


# --- What all have in common


def test_a_vat_fapiao():
    found = ticket("4", checkCode="01234567890123456789", invoiceStatus="0", items=[ITEM], checkFlag="2")
    one = found.fapiao
    assert (one.number, one.code, one.serial_no) == ("04403160011330819002", "044031600113", "serial-1")
    assert (one.type_code, one.color, one.status) == ("4", "blue", "normal")
    assert (one.issue_date, one.check_code) == (date(2020, 1, 2), "01234567890123456789")
    assert (one.seller_name, one.seller_tax_no) == ("测试商家", "91000000FAKE00001X")
    assert (one.buyer_name, one.buyer_tax_no) == ("测试公司", "91440300FAKE00000X")
    assert [str(amount) for amount in (one.amount_untaxed, one.amount_tax, one.amount_total)] == [
        "100.00",
        "13.00",
        "113.00",
    ]
    assert (one.deduction, one.remark, one.travel) == ("selected", "备注", None)
    assert one.pdf_address == "https://files.example.com/a.pdf?k=1"
    assert one.lines == (
        InboundLine(
            "*纸*复印纸",
            "1060101000000000000",
            "A4",
            "箱",
            Decimal(3),
            Decimal("33.3333333333"),
            Decimal("0.13"),
            Decimal("100.00"),
            Decimal("13.00"),
            False,
        ),
    )
    state = found.state
    assert (state.serial_no, state.claim, state.verified) == ("serial-1", "30", True)
    assert one.image_address == "https://files.example.com/snapshot.jpg"
    assert found.raw["serialNo"] == "serial-1" and "snapshot" not in repr(found.raw["pixel"])


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_every_kind_is_read(kind):
    one = fapiao(kind)
    assert (one.type_code, one.serial_no) == (kind, "serial-1")
    assert (one.amount_tax, one.amount_total) == (Decimal("13.00"), Decimal("113.00"))
    assert one.issue_date == date(2020, 1, 2)


@pytest.mark.parametrize("kind", ["99", "", "abc", None])
def test_an_unknown_kind_is_another_ticket(kind):
    found = ticket(kind)
    assert (found.fapiao.type_code, found.fapiao.amount_total) == ("11", Decimal("113.00"))
    assert found.raw["invoiceType"] == kind


def test_kinds_and_serial_numbers_as_numbers():
    one = fapiao(8, serialNo=1125866)
    assert (one.type_code, one.serial_no) == ("8", "1125866")


@pytest.mark.parametrize(
    "text",
    ["2020-01-02", "2020:01:02", "2020_01_02", "20200102", "2020/1/2", "2020年1月2日", "2020:01:02 10:30:00"],
)
def test_spellings_of_a_day(text):
    assert fapiao("1", invoiceDate=text).issue_date == date(2020, 1, 2)


@pytest.mark.parametrize("text", ["", "2020-13-01", "20201", "soon", "2020-01", "202001023"])
def test_what_is_no_day(text):
    assert fapiao("1", invoiceDate=text).issue_date is None


def test_spellings_of_seller_and_goods():
    item = {**ITEM, "goodsCood": "111"}
    del item["goodsCode"]
    one = fapiao("1", "salerName", "salerTaxNo", sallerName="书店", sallerTaxNo="9", items=[item])
    assert (one.seller_name, one.seller_tax_no, one.lines[0].code) == ("书店", "9", "111")


@pytest.mark.parametrize(
    ("word", "status"), [("0", "normal"), ("1", "lost"), ("2", "void"), ("3", "red"), ("4", "abnormal"), ("9", "")]
)
def test_statuses(word, status):
    assert fapiao("1", invoiceStatus=word).status == status


@pytest.mark.parametrize(
    ("word", "verified", "status"),
    [("1", True, "verified"), (2, False, "failed"), ("3", None, "unchecked"), (None, None, "")],
)
def test_checks(word, verified, status):
    found = ticket("1", checkStatus=word)
    assert (found.state.verified, found.fapiao.check_status) == (verified, status)


def test_what_people_changed_is_said():
    assert fapiao("1", isRevise="2").is_revised is True
    assert fapiao("1", isRevise="1").is_revised is False
    assert fapiao("1", isRevise="").is_revised is None


@pytest.mark.parametrize(
    ("flags", "deduction"),
    [
        ({"authenticateFlag": "1", "checkFlag": "1"}, "unselected"),
        ({"authenticateFlag": "1", "checkFlag": "2"}, "selected"),
        ({"authenticateFlag": "2"}, "confirmed"),
        ({"checkFlag": "1", "authenticateFlag": ""}, "unselected"),
        ({"authenticateFlag": "3", "checkFlag": "1"}, "confirmed"),
        ({"authenticateFlag": "", "checkFlag": ""}, ""),
    ],
)
def test_deduction(flags, deduction):
    assert fapiao("2", **flags).deduction == deduction
    assert fapiao("8", **flags).deduction == ""


def test_a_private_persons_fapiao():
    assert ticket("1", buyerName="个人", buyerTaxNo="").state.is_personal
    assert not ticket("1").state.is_personal
    for name in ("张三（个人）", "自然人 李四", "13800138000"):
        assert ticket("1", buyerName=name, buyerTaxNo="").state.is_personal


def test_claims_of_any_word():
    for claim in ("1", "2", "25", "27", "30", "40", "60", "65", "70", "80"):
        assert ticket("1", expenseStatus=int(claim)).state.claim == claim


@pytest.mark.parametrize("claim", ["", "1", "27", "40", "80"])
def test_tickets_of_discarded_refused_and_closed_documents_are_free(claim):
    assert not ticket("1", expenseStatus=claim).state.is_claimed


@pytest.mark.parametrize("claim", ["2", "25", "30", "60", "65", "70", "99"])
def test_all_other_tickets_are_claimed(claim):
    assert ticket("1", expenseStatus=claim).state.is_claimed


@pytest.mark.parametrize(("ending", "field"), [("ofd", "ofd_address"), ("xml", "xml_address"), ("", "pdf_address")])
def test_the_file_by_its_ending(ending, field):
    address = f"https://files.example.com/a.{ending}"
    one = fapiao("26", downloadUrl=address)
    assert getattr(one, field) == address
    assert sum(bool(found) for found in (one.pdf_address, one.ofd_address, one.xml_address)) == 1


# --- Amounts


def test_missing_tax_stays_missing():
    one = fapiao("14", "taxAmount", "amount")
    assert (one.amount_untaxed, one.amount_tax, one.amount_total) == (None, None, Decimal("113.00"))


def test_the_third_amount_follows_from_two():
    assert fapiao("1", "totalAmount").amount_total == Decimal("113.00")
    assert fapiao("1", "amount").amount_untaxed == Decimal("100.00")
    assert fapiao("1", "amount", invoiceMoney="99.99").amount_untaxed == Decimal("99.99")


def test_amounts_are_exact():
    one = fapiao("1", "amount", taxAmount="0.01", totalAmount="99999999999999999999.99")
    assert one.amount_untaxed == Decimal("99999999999999999999.98")


def test_a_red_fapiao():
    one = fapiao("1", amount="-100", taxAmount="-13", totalAmount="-113")
    assert (one.color, one.amount_total) == ("red", Decimal("-113.00"))


@pytest.mark.parametrize(
    ("told", "rate"),
    [("0.13", "0.13"), ("13%", "0.13"), ("13", "0.13"), ("0.099980", "0.09998"), ("1", "0.01"), ("0", "0")],
)
def test_rates(told, rate):
    assert fapiao("1", items=[{**ITEM, "taxRate": told}]).lines[0].rate == Decimal(rate)


@pytest.mark.parametrize("told", ["", "99", "-1", "***"])
def test_what_is_no_rate(told):
    assert fapiao("1", items=[{**ITEM, "taxRate": told}]).lines[0].rate is None


def test_a_discount_line():
    one = fapiao("1", items=[ITEM, {**ITEM, "discountType": "1", "detailAmount": "-10"}])
    assert [line.is_discount for line in one.lines] == [False, True]
    assert one.lines[1].amount == Decimal("-10.00")


@pytest.mark.parametrize(
    ("told", "currency"),
    [("USD", "USD"), ("港币", "HKD"), ("CNY", "CNY"), ("人民币", "CNY"), ("", ""), ("1", "CNY"), ("2", "2")],
)
def test_foreign_money_is_said(told, currency):
    assert fapiao("20", currencyType=told).currency == currency


def test_the_tax_of_a_ticket_that_tells_its_rate_only():
    one = fapiao("16", "taxAmount", "amount", totalAmount="103.00", taxRate="0.03")
    assert (one.amount_tax, one.amount_untaxed, one.tax_rate) == (Decimal("3.00"), Decimal("100.00"), Decimal("0.03"))
    one = fapiao("14", "taxAmount", "amount", totalAmount="103.00", taxRate="0.03")
    assert one.amount_tax is None


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_every_kind_has_what_a_bookkeeper_reads(kind):
    one = fapiao(
        kind,
        salerAccount="卖方银行",
        salerAddressPhone="卖方路",
        isRevise="2",
        checkStatus="2",
        authenticateTime="2020-01-03 10:00:00",
        checkTime="2020:01:02 10:00:00",
    )
    assert (one.buyer_bank, one.buyer_address) == ("测试银行 000", "测试路 1 号")
    assert (one.seller_bank, one.seller_address) == ("卖方银行", "卖方路")
    assert (one.is_revised, one.check_status) == (True, "failed")
    assert one.certified_at.isoformat() == "2020-01-03T10:00:00+08:00"
    assert one.selected_at.isoformat() == "2020-01-02T10:00:00+08:00"
    assert one.image_address == "https://files.example.com/snapshot.jpg"
    assert one.original_image_address == "https://files.example.com/original.jpg"


def test_what_some_kinds_have():
    vat = fapiao("4", drawer="张", payee="李", reviewer="王", proxyMark="1")
    assert (vat.drawer, vat.payee, vat.reviewer, vat.is_proxy) == ("张", "李", "王", True)
    assert fapiao("4", proxyMark="").is_proxy is None
    fixed = fapiao("14", consumptionType="dining", place="深圳")
    assert (fixed.consumption, fixed.place) == ("dining", "深圳")
    assert fapiao("14", consumptionType="cinema").consumption == ""
    train = fapiao("9", printingSequenceNo="E0001", invoiceCode="20200102", invoiceNo="E0001")
    assert (train.ticket_no, train.number) == ("E0001", "20200102E0001")
    air = fapiao("10", electronicTicketNum="784000", fillingUnit="某航空", salesUnitCode="SZX000")
    assert (air.eticket_no, air.filling_unit, air.sales_unit_code) == ("784000", "某航空", "SZX000")
    assert fapiao("19", taxAuthorityName="某税务局").tax_authority == "某税务局"
    assert fapiao("8", price="2.70").unit_price == Decimal("2.70")


# --- Numbers


@pytest.mark.parametrize("kind", ["1", "26", "27", "28", "29", "83"])
def test_twenty_digits_are_a_number_alone(kind):
    digital = "25442000000000000001"
    assert fapiao(kind, invoiceNo=digital, invoiceCode="").number == digital


@pytest.mark.parametrize("kind", ["9", "10", "24"])
def test_the_code_of_a_paper_ticket_is_a_day(kind):
    one = fapiao(kind, invoiceCode="20200102", invoiceNo="7810000000000")
    assert (one.number, one.code) == ("7810000000000", "")
    assert fapiao(kind, invoiceCode="20200102", invoiceNo="E123456").number == "20200102E123456"


def test_without_a_code_the_serial_number_counts():
    assert fapiao("14", "invoiceCode").number == "#serial-1"
    proof = fapiao("19", "invoiceCode", "invoiceNo", taxPaidProofNo="344035000000000000")
    assert proof.number == "344035000000000000"


def test_a_row_that_cannot_be_told_apart_is_left_out():
    assert (
        tickets.read([{"invoiceType": "8"}, {"invoiceType": "8", "serialNo": "s1"}, "x", None, []])[0].state.serial_no
        == "s1"
    )
    assert len(tickets.read([{"invoiceType": "8"}])) == 0


@pytest.mark.parametrize(
    "wrap", [lambda row: [row], lambda row: row, lambda row: {"list": [row]}, lambda row: json.dumps([row])]
)
def test_rows_as_they_may_come(wrap):
    (found,) = tickets.read(wrap({**COMMON, "invoiceType": "8"}))
    assert found.state.serial_no == "serial-1"
