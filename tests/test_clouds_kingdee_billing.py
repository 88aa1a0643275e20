"""金蝶发票云: from a draft to the bill that is pushed, and bills taken back."""

import dataclasses
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import ISSUE
from ..clouds.canonical import canonical, fingerprint
from ..clouds.kingdee.client import Options
from ..clouds.kingdee.envelope import written
from ..rules import document
from ..rules.document import Voucher
from .test_clouds_kingdee_server import (
    DISCOUNT,
    DRAFT,
    LINE,
    TAX_NO,
    UID,
    calls,
    client,
    cloud,
    config,
    decoded,
    http,
    ok,
    with_lines,
)


def frozen(draft=DRAFT, options=None, **changes):
    (bill,) = client(**(options or {})).freeze(ISSUE, dataclasses.replace(draft, **changes), UID)
    return bill


def frozen_line(**changes):
    (line,) = frozen(with_lines(dataclasses.replace(LINE, **changes)))["billDetail"]
    return line


# --- The bill


def test_the_bill_in_the_order_of_the_protocol():
    assert list(frozen().items()) == [
        ("billNo", UID),
        ("billSource", "5"),
        ("priority", "0"),
        ("invoiceType", "08xdp"),
        ("includeTaxFlag", "0"),
        ("totalAmount", "1000.00"),
        ("autoInvoice", "1"),
        ("autoMerge", "0"),
        ("sellerName", "金蝶软件"),
        ("sellerTaxpayerId", TAX_NO),
        ("sellerBankAndAccount", "招商银行 6225"),
        ("sellerAddressAndTel", "深圳市 0755"),
        ("buyerName", "上海某某公司"),
        ("buyerTaxpayerId", "91310000MA1FL4ABCX"),
        ("buyerProperty", "0"),
        ("buyerRecipientMail", "b@example.com"),
        ("buyerRecipientPhone", "139"),
        ("drawer", "开票人"),
        ("payee", "收款人"),
        ("reviewer", "复核人"),
        ("remark", "备注"),
        ("taxationStyle", "0"),
        ("billDetail", [frozen_line()]),
    ]


def test_the_line_in_the_order_of_the_protocol():
    assert list(frozen_line().items()) == [
        ("lineProperty", "2"),
        ("detailId", "1"),
        ("goodsName", "*文化办公用设备*打印机"),
        ("revenueCode", "1090627010000000000"),
        ("specification", "P1"),
        ("units", "个"),
        ("quantity", "3"),
        ("price", "333.3333333333333"),
        ("amount", "1000.00"),
        ("taxRate", "0.13"),
        ("taxAmount", "130.00"),
        ("privilegeFlag", "0"),
    ]


def test_an_ordinary_one_for_a_person():
    buyer = dataclasses.replace(DRAFT.buyer, name="张三", tax_no="", is_person=True)
    bill = frozen(type=document.ORDINARY, buyer=buyer)
    assert (bill["invoiceType"], bill["buyerProperty"]) == ("10xdp", "1")
    assert "buyerTaxpayerId" not in bill


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ("1", "0")),
        ({"auto_invoice": True, "auto_merge": True}, ("1", "1")),
        ({"auto_invoice": False}, ("0", "0")),
        ({"auto_invoice": ""}, ("0", "0")),
        ({"auto_invoice": None}, ("1", "0")),
    ],
)
def test_automatic_or_manual(options, said):
    bill = frozen(options=options)
    assert (bill["autoInvoice"], bill["autoMerge"]) == said


def test_the_date_is_that_of_the_day_or_not_there_at_all():
    """assumption: a bill without a date is dated by the cloud"""
    kingdee = client()
    kingdee.config = dataclasses.replace(kingdee.config, today=date(2025, 7, 24))
    (bill,) = kingdee.freeze(ISSUE, DRAFT, UID)
    assert list(bill)[:2] == ["billNo", "billDate"]
    assert bill["billDate"] == "2025-07-24"
    assert {key: value for key, value in bill.items() if key != "billDate"} == frozen()


def test_the_organisation_if_there_is_one():
    assert frozen(options={"org_code": "A1"})["orgCode"] == "A1"


def test_the_total_follows_the_flag():
    """assumption: without tax, as in the vendor's example; error 3 of the paper names the gross total"""
    assert frozen()["totalAmount"] == "1000.00"
    assert frozen(options={"gross_total": True})["totalAmount"] == "1130.00"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate": Decimal(0), "tax": Decimal("0.00"), "zero_kind": document.EXEMPT}, ("0", "1", "免税")),
        (
            {"rate": Decimal(0), "tax": Decimal("0.00"), "zero_kind": document.NOT_TAXABLE},
            ("0", "1", "不征税"),
        ),
        ({"rate": Decimal(0), "tax": Decimal("0.00"), "zero_kind": document.PLAIN_ZERO}, ("0", "0", None)),
        ({"rate": Decimal("0.03"), "tax": Decimal("30.00"), "policy": "简易征收"}, ("0.03", "1", "简易征收")),
    ],
)
def test_zero_rates_and_privileges(changes, said):
    """assumption: the kind of zero is told as a privilege, the bill has no other key for it"""
    line = frozen_line(**changes)
    assert (line["taxRate"], line["privilegeFlag"], line.get("privilegeContent")) == said


# --- Discounts


def test_a_discount_is_a_line_of_its_own_behind_the_one_it_discounts():
    parent = dataclasses.replace(LINE, kind=document.DISCOUNTED)
    lines = frozen(with_lines(parent, DISCOUNT, LINE))["billDetail"]
    assert [line["lineProperty"] for line in lines] == ["2", "1", "2"], "not 票单云's coding"
    assert lines[1] == {
        "lineProperty": "1",
        "detailId": "2",
        "goodsName": LINE.name,
        "revenueCode": LINE.code,
        "amount": "-100.00",
        "taxRate": "0.13",
        "taxAmount": "-13.00",
        "privilegeFlag": "0",
    }


@pytest.mark.parametrize(
    "lines",
    [
        (DISCOUNT, LINE),
        (LINE, DISCOUNT, DISCOUNT),
        (dataclasses.replace(LINE, rate=Decimal("0.06")), DISCOUNT),
        (dataclasses.replace(LINE, code="1060301020100000000"), DISCOUNT),
    ],
    ids=["first", "twice", "another rate", "another code"],
)
def test_a_discount_of_nothing_is_refused(lines):
    with pytest.raises(ValueError, match="discount"):
        frozen(with_lines(*lines))


# --- Totals: error 3 of the paper, 价税合计金额不对


@pytest.mark.parametrize(
    "change",
    [
        {"total": Decimal("1130.01")},
        {"amount": Decimal("999.99"), "total": Decimal("1129.99")},
        {"tax": Decimal("129.99"), "total": Decimal("1129.99")},
        {"lines": (LINE, LINE)},
    ],
    ids=str,
)
def test_totals_that_do_not_add_up_never_become_a_bill(change):
    with pytest.raises(ValueError, match="totals"):
        frozen(**change)


def test_no_fraction_of_a_fen():
    with pytest.raises(ValueError, match="fen"):
        frozen(with_lines(dataclasses.replace(LINE, amount=Decimal("0.999"), tax=Decimal("0.13"))))


@pytest.mark.parametrize("change", [{"levy": "2"}, {"levy": "3"}, {"deduction": Decimal("1.00")}], ids=str)
def test_differential_taxation_has_no_place(change):
    with pytest.raises(ValueError, match="ordinary taxation"):
        frozen(**change)


VOUCHER = Voucher("02", Decimal("90"), Decimal("80"), "00123456", "3100223130", "2015-03-01")


def test_differential_taxation_where_the_account_has_it():
    """assumption: a bill has the keys of a direct fapiao; of a full issue the deduction is 0."""
    options = {"differential_bills": True}
    bill = frozen(options=options, levy="3", deduction=Decimal("80"), vouchers=(VOUCHER,))
    assert {key: bill[key] for key in ("taxationStyle", "deduction", "deductionType")} == {
        "taxationStyle": "2",
        "deduction": "80.00",
        "deductionType": "02",
    }
    assert bill["deductionList"] == [
        {
            "evidenceType": "02",
            "invoiceCode": "3100223130",
            "invoiceNo": "00123456",
            "invoiceDate": "2015-03-01",
            "evidenceAmount": "90.00",
            "deduction": "80.00",
        }
    ]
    full = frozen(options=options, levy="2", deduction=Decimal("80"), vouchers=(VOUCHER,))
    assert (full["deduction"], full["deductionType"], "deductionList" in full) == ("0.00", "01", False)
    assert "deductionType" not in frozen(options=options)


_FEN = st.integers(1, 10**9).map(lambda fen: Decimal(fen).scaleb(-2))
_LINES = st.lists(st.tuples(_FEN, st.sampled_from(("0.13", "0.06", "0.01")), st.booleans()), min_size=1, max_size=12)


def _lines_of(rows):
    for amount, rate, is_discounted in rows:
        tax = (amount * Decimal(rate)).quantize(Decimal("0.01"))
        line = dataclasses.replace(LINE, amount=amount, tax=tax, rate=Decimal(rate), quantity=None, price=None)
        if not is_discounted:
            yield line
            continue
        half = (amount / 2).quantize(Decimal("0.01"))
        yield dataclasses.replace(line, kind=document.DISCOUNTED)
        yield dataclasses.replace(
            DISCOUNT, amount=-half, tax=-(half * Decimal(rate)).quantize(Decimal("0.01")), rate=Decimal(rate)
        )


@settings(deadline=None)
@given(_LINES)
def test_what_arrives_adds_up_to_the_draft(rows):
    draft = with_lines(*_lines_of(rows))
    bill = _arrived(frozen(draft))
    assert bill["totalAmount"] == draft.amount == sum(line["amount"] for line in bill["billDetail"])
    assert sum(line["taxAmount"] for line in bill["billDetail"]) == draft.tax
    for before, line in zip(bill["billDetail"], bill["billDetail"][1:], strict=False):
        if line["lineProperty"] == 1:
            assert before["lineProperty"] == 2
            assert (before["taxRate"], before["revenueCode"]) == (line["taxRate"], line["revenueCode"])


def _arrived(bill):
    """Return the bill as the cloud's parser sees it, its numbers as exact decimals."""
    return json.loads(written(bill), parse_float=Decimal)


# --- Freezing


@pytest.mark.parametrize("uid", ["", None, "a b", "x" * 41, "单1"])
def test_what_is_no_number_of_a_bill(uid):
    with pytest.raises(ValueError, match="order's number"):
        client().freeze(ISSUE, DRAFT, uid)


def test_what_is_frozen_is_plain_and_the_same_each_time():
    payload = client().freeze(ISSUE, DRAFT, UID)
    assert json.loads(json.dumps(payload)) == payload
    assert fingerprint(payload) == fingerprint(client().freeze(ISSUE, DRAFT, UID))
    assert "12345678" not in canonical(payload)


def test_what_is_frozen_is_what_is_sent():
    payload = client().freeze(ISSUE, with_lines(LINE, DISCOUNT), UID)
    with cloud(BILL_PUSH=http(ok())) as (opened, server):
        opened.send(ISSUE, payload)
    (sent,) = decoded(calls(server, "BILL.PUSH")[0].json["data"])
    (bill,) = payload
    assert list(sent) == list(bill)
    assert sent["totalAmount"] == Decimal("900.00")
    assert [line["amount"] for line in sent["billDetail"]] == [Decimal("1000.00"), Decimal("-100.00")]
    assert sent["billDetail"][0]["price"] == Decimal("333.3333333333333")
    assert sent["billDetail"][0]["lineProperty"] == 2
    assert sent["billDetail"][0]["taxRate"] == "0.13"


def test_options_keep_their_defaults_where_nothing_is_said():
    options = Options.of(config(options={"token_lifetime": "", "unknown": 1, "login_path": "", "cloud_user": False}))
    assert (options.token_lifetime, options.login_path, options.auto_invoice) == (7200, "/api/login.do", True)
