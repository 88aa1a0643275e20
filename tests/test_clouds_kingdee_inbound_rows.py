"""金蝶发票云: rows of received fapiao; the quick way reads them as the slow one would."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds import reading
from ..clouds.inbound import InboundFapiao, InboundLine
from ..clouds.kingdee import inbound_codes as codes
from ..clouds.kingdee import inbound_rows
from ..clouds.kingdee.assistant import tickets
from ..clouds.kingdee.inbound_rows import fapiao_in, fapiao_of, identity_of
from ..clouds.reading import rate_of
from ..rules.codes import is_number

D = Decimal
NUMBER = "24952000000028787793"


def fapiao(**row):
    return fapiao_of({"invoiceNo": NUMBER, **row})


def test_a_row_of_the_assistants_example():
    """the assistant's paper, the first message; names as it spells them"""
    row = {
        "serialNo": 1125866,
        "invoiceType": "1",
        "invoiceCode": "044031600113",
        "invoiceNo": "30819002",
        "invoiceDate": "2020-01-01",
        "amount": D("383.76"),
        "totalAmount": 449,
        "taxAmount": D("66.24"),
        "sallerName": "新华书店总店",
        "sallerTaxNo": "440301999999980",
        "buyerName": "某某公司",
        "buyerTaxNo": "440301999999981",
    }
    assert fapiao_of(row) == InboundFapiao(
        number="04403160011330819002",
        type_code="1",
        code="044031600113",
        serial_no="1125866",
        issue_date=date(2020, 1, 1),
        seller_name="新华书店总店",
        seller_tax_no="440301999999980",
        buyer_name="某某公司",
        buyer_tax_no="440301999999981",
        amount_untaxed=D("383.76"),
        amount_tax=D("66.24"),
        amount_total=D("449.00"),
    )


# --- Identity


@pytest.mark.parametrize(
    ("row", "number", "code"),
    [
        ({"invoiceNo": NUMBER}, NUMBER, ""),
        (
            {"etaxInvoiceNo": NUMBER, "invoiceNo": "12345678", "invoiceCode": "1100202130"},
            NUMBER,
            "1100202130",
        ),
        ({"invoiceNum": int(NUMBER)}, NUMBER, ""),
        ({"INVOICENO": f" {NUMBER} "}, NUMBER, ""),
        ({"invoiceCode": "1100202130", "invoiceNo": "00345678"}, "110020213000345678", "1100202130"),
        ({"invoiceCode": 44031600113, "invoiceNo": 345678}, "04403160011300345678", "044031600113"),
        ({"invoiceNo": "7842301234567"}, "7842301234567", ""),
        ({"invoiceNo": "12345", "serialNo": "abc"}, "#abc", ""),
        ({"invoiceNo": "12345"}, "12345", ""),
        ({"invoiceNo": None, "serialNo": 77}, "#77", ""),
        ({"invoiceCode": "1100202130", "serialNo": "abc"}, "#abc", "1100202130"),
        ({"invoiceCode": "20200101", "invoiceNo": "781-2345678901"}, "7812345678901", ""),
        ({"invoiceCode": "20200101", "invoiceNo": "z00x000000"}, "20200101Z00X000000", ""),
        ({"invoiceCode": "20200101", "printingSequenceNo": "E1234567", "serialNo": "s"}, "20200101E1234567", ""),
        ({"invoiceCode": "20200101", "electronicTicketNum": "7812345678901"}, "7812345678901", ""),
        ({"invoiceCode": "20200101", "serialNo": "abc"}, "#abc", ""),
        ({"taxPaidProofNo": "3440350000 00000000", "serialNo": "abc"}, "344035000000000000", ""),
        ({"taxPaidProofNo": "12345", "serialNo": "abc"}, "#abc", ""),
    ],
)
def test_identity(row, number, code):
    assert (fapiao_of(row).number, fapiao_of(row).code) == (number, code)
    assert identity_of(row) == number


@pytest.mark.parametrize("row", [{}, {"invoiceNo": ""}, {"invoiceCode": "1100202130"}, {"invoiceNo": True}])
def test_no_identity(row):
    assert fapiao_of(row) is None
    assert fapiao_in([row]) == ((), (row,))


# --- Amounts


@pytest.mark.parametrize(
    ("told", "amounts"),
    [
        ({"totalAmount": "1,234.50", "taxAmount": "34.5"}, ("1200.00", "34.50", "1234.50")),
        ({"totalAmount": 113, "invoiceAmount": D("100.0")}, ("100.00", "13.00", "113.00")),
        ({"amount": "100", "totalTaxAmount": None}, ("100.00", None, None)),
        ({"amount": "100", "totalTaxAmount": 13}, ("100.00", "13.00", "113.00")),
        (
            {"includeTaxAmount": "9.54", "totalAmount": "9", "totalTaxAmount": "0.54"},
            ("9.00", "0.54", "9.54"),
        ),
        ({"invoiceMoney": "1.00", "totalAmount": "x", "taxAmount": "***"}, ("1.00", None, None)),
        ({"invoiceType": "10", "amount": "900", "totalAmount": "1000"}, ("900.00", None, "1000.00")),
        (
            {"invoiceType": "10", "amount": "900", "totalAmount": "1000", "taxAmount": "74"},
            ("926.00", "74.00", "1000.00"),
        ),
        # the tax that nobody tells: of train and coach in the price, of a flight in fare and surcharge
        ({"invoiceType": "9", "totalAmount": "109", "taxRate": "0.09"}, ("100.00", "9.00", "109.00")),
        ({"invoiceType": "16", "totalAmount": "103", "taxRate": "3%"}, ("100.00", "3.00", "103.00")),
        ({"invoiceType": "16", "totalAmount": "103", "taxRate": "0"}, (None, None, "103.00")),
        ({"invoiceType": "9", "totalAmount": "109", "taxRate": "0.09", "taxAmount": "0"}, ("109.00", "0.00", "109.00")),
        (
            {
                "invoiceType": "10",
                "amount": "1000",
                "fuelSurcharge": "90",
                "airportConstructionFee": "50",
                "totalAmount": "1140",
                "taxRate": "0.09",
            },
            ("1050.00", "90.00", "1140.00"),
        ),
        ({"invoiceType": "26", "totalAmount": "109", "taxRate": "0.09"}, (None, None, "109.00")),
        ({"totalAmount": "0.3", "taxAmount": D("0.1")}, ("0.20", "0.10", "0.30")),
    ],
)
def test_amounts(told, amounts):
    found = fapiao(**told)
    expected = tuple(amount and D(amount) for amount in amounts)
    assert (found.amount_untaxed, found.amount_tax, found.amount_total) == expected


# --- Colour and status


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("0", "normal"),
        ("1", "lost"),
        ("2", "void"),
        ("3", "red"),
        ("4", "abnormal"),
        ("7", "partly_red"),
        ("8", "red"),
        (0, "normal"),
        (8, "red"),
        ("作废", "void"),
        ("5", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_statuses(code, status):
    found = fapiao(invoiceStatus=code, totalAmount="113.00")
    assert (found.color, found.status) == ("blue", status)


@pytest.mark.parametrize(("code", "status"), [("3", "normal"), ("8", "normal"), ("0", "normal"), ("2", "void")])
def test_statuses_of_a_red_fapiao(code, status):
    """assumption: 3 on a negative fapiao says that it is red itself"""
    found = fapiao(invoiceStatus=code, totalAmount="-113.00", originalInvoiceNo="24952000000028787790")
    assert (found.color, found.status, found.original_number) == ("red", status, "24952000000028787790")


def test_the_original_of_a_red_fapiao_in_its_remark():
    """assumption"""
    remark = f"被红冲蓝字数电发票号码\uff1a{NUMBER} 红字发票信息确认单编号\uff1a1"
    assert fapiao(remark=remark, totalAmount="-1").original_number == NUMBER
    assert fapiao(remark=remark, totalAmount="1").original_number == ""


def test_red_without_a_total():
    assert fapiao(amount="-1.00").color == "red"
    assert fapiao(taxAmount="13.00").color == "blue"
    assert fapiao(blueInvoiceCode="1100202130", blueInvoiceNo="12345678").original_number == "110020213012345678"


@pytest.mark.parametrize(
    "code", [1, 2, 3, 4, 5, 7, 8, 9, *range(10, 18), 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 72, 83, 84]
)
def test_types(code):
    assert fapiao(invoiceType=code).type_code == fapiao(invoiceType=f" {code} ").type_code == str(code)


# --- Marks


@pytest.mark.parametrize(
    ("value", "booking"),
    [
        ("01", "unbooked"),
        ("06", "unbooked"),
        ("02", "booked"),
        ("03", "booked"),
        (2, "booked"),
        ("99", ""),
        ("", ""),
    ],
)
def test_booking(value, booking):
    """assumption: the codes [clients]"""
    assert fapiao(entryMarkStatus=value).booking == booking


@pytest.mark.parametrize(
    ("told", "deduction"),
    [
        ({}, ""),
        ({"authenticateFlag": "1"}, "unselected"),
        ({"authenticateFlag": 2}, "confirmed"),
        ({"authenticateFlag": "3"}, "confirmed"),
        ({"authenticateFlag": "2", "checkFlag": "1"}, "confirmed"),
        ({"checkFlag": "2"}, "selected"),
        ({"checkFlag": "3"}, ""),
        ({"authenticateFlag": "0"}, "unselected"),
        ({"authenticateFlag": "1", "checkFlag": "2"}, "selected"),
        ({"authenticateFlag": "1", "selectTime": "2026-01-01"}, "selected"),
        ({"checkFlag": "1", "selectTime": ""}, "unselected"),
        ({"authenticateFlag": "9"}, ""),
    ],
)
def test_deduction(told, deduction):
    """assumption: 1, 2, 3 as the paper has them for the detail query; both keys mean there what they mean here"""
    assert fapiao(**told).deduction == deduction
    flags = {key: value for key, value in told.items() if key in codes.SELECTIONS}
    if flags and flags == told:
        details = tickets.fapiao_of({"invoiceNo": NUMBER, "invoiceType": "27", **told})
        assert details.deduction == deduction


@pytest.mark.parametrize(
    ("value", "period"),
    [("202601", "202601"), (202601, "202601"), ("2026-01", "202601"), ("x", ""), (None, "")],
)
def test_periods(value, period):
    found = fapiao(taxPeriod=value, effectiveTaxAmount="12.5")
    assert (found.deduction_period, found.deductible) == (period, D("12.50"))


# --- What else a row may tell


def test_what_a_bookkeeper_reads():
    found = fapiao(
        checkStatus="3",
        isRevise=2,
        proxyMark="1",
        currencyType="港币",
        taxRate="9%",
        authenticateTime="2026:01:02 03:04:05",
        checkTime="2026-01-01 00:00:00",
        price="2.7",
        salerAddressPhone="a",
        salerAccount="b",
        buyerAddressPhone="c",
        buyerAccount="d",
        drawer="e",
        payee="f",
        reviewer="g",
        place="h",
        consumptionType="telephoneCharge",
        fillingUnit="i",
        salesUnitCode="j",
        taxAuthorityName="k",
    )
    assert (found.check_status, found.is_revised, found.is_proxy, found.currency) == ("unchecked", True, True, "HKD")
    assert (found.certified_at.isoformat(), found.selected_at.isoformat()) == (
        "2026-01-02T03:04:05+08:00",
        "2026-01-01T00:00:00+08:00",
    )
    assert (found.unit_price, found.tax_rate, found.consumption, found.place) == (
        D("2.70"),
        D("0.09"),
        "telephoneCharge",
        "h",
    )
    assert (found.seller_address, found.seller_bank) == ("a", "b")
    assert (found.buyer_address, found.buyer_bank) == ("c", "d")
    assert (found.drawer, found.payee, found.reviewer) == ("e", "f", "g")
    assert (found.filling_unit, found.sales_unit_code, found.tax_authority) == ("i", "j", "k")


@pytest.mark.parametrize("told", ["CNY", "cny", "RMB", "人民币", "1", " 元 "])
def test_yuan(told):
    assert fapiao(currencyType=told).currency == "CNY"


def test_no_currency_is_not_yuan():
    """A row that tells none must not make yuan of a ticket that is known to be in other money."""
    assert fapiao(currencyType="").currency == fapiao(currencyType=None).currency == fapiao().currency == ""


@pytest.mark.parametrize("told", ["x", "", "2026-13-01 00:00:00", "2026:01"])
def test_what_is_no_moment(told):
    assert fapiao(checkTime=told).selected_at is None


@pytest.mark.parametrize(
    "row",
    [
        {"invoiceType": "9", "invoiceCode": "20200101", "invoiceNo": "Z00X000000"},
        {"invoiceType": "9", "invoiceCode": "20200101", "printingSequenceNo": "Z00X000000"},
        {"invoiceType": "10", "invoiceCode": "20200101", "invoiceNo": "7810000000000"},
        {"invoiceType": "10", "invoiceCode": "20200101", "electronicTicketNum": "7810000000000"},
        {"invoiceType": "19", "taxPaidProofNo": "344035000000000000"},
        {"invoiceType": "14", "invoiceCode": "144031600113", "invoiceNo": "30819002"},
        {"invoiceType": "14", "invoiceNo": "30819002"},
        {"invoiceType": "28", "invoiceNo": NUMBER},
    ],
)
def test_pool_and_assistant_name_a_ticket_alike(row):
    """Two numbers for one ticket would be two fapiao, and could be booked twice."""
    row = {**row, "serialNo": "s1", "totalAmount": "109.00", "taxRate": "0.09"}
    pool, details = fapiao_of(row), tickets.fapiao_of(row)
    assert (pool.number, pool.amount_total, pool.amount_tax) == (
        details.number,
        details.amount_total,
        details.amount_tax,
    )
    assert not pool.number.startswith("#") or row["invoiceType"] == "14"


# --- Files, lines


@pytest.mark.parametrize(
    ("told", "files"),
    [
        ({"invoicePdfFileUrl": "p", "invoiceXmlFileUrl": "x", "invoiceFileUrl": "o"}, ("p", "o", "x")),
        ({"ofdFileUrl": "o", "invoiceFileUrl": "p"}, ("p", "o", "")),
        ({"downloadUrl": "https://x/1"}, ("https://x/1", "", "")),
        ({"downloadUrl": "https://x/1.ofd?a=b"}, ("", "https://x/1.ofd?a=b", "")),
        ({"snapshotUrl": "https://x/1.jpg"}, ("", "", "")),
        ({"snapshotUrl": "https://x/1.PDF"}, ("https://x/1.PDF", "", "")),
        ({"pdfUrl": "p", "downloadUrl": "q"}, ("p", "", "")),
    ],
)
def test_files(told, files):
    found = fapiao(**told)
    assert (found.pdf_address, found.ofd_address, found.xml_address) == files


def test_both_pictures():
    found = fapiao(snapshotUrl="https://x/1.jpg", originalGraphUrl="https://x/all.jpg")
    assert (found.image_address, found.original_image_address) == ("https://x/1.jpg", "https://x/all.jpg")
    assert fapiao(snapshotUrl="https://x/1.pdf").image_address == ""


def test_lines():
    items = [
        {
            "goodsName": "*软件*云",
            "goodsCode": "1010115010000000000",
            "specModel": "V1",
            "unit": "套",
            "num": "2",
            "unitPrice": "50",
            "detailAmount": "100",
            "taxRate": "0.13",
            "taxAmount": D("13"),
        },
        {"goodsName": "*软件*云", "amount": "-10", "discountType": "1", "taxRate": "13%"},
        "odd",
    ]
    first, second = fapiao(items=items).lines
    assert first == InboundLine(
        "*软件*云", "1010115010000000000", "V1", "套", D(2), D(50), D("0.13"), D("100.00"), D("13.00")
    )
    assert (second.amount, second.rate, second.is_discount) == (D("-10.00"), D("0.13"), True)
    assert fapiao(items="x").lines == ()


@pytest.mark.parametrize(
    ("told", "rate"),
    [("6", "0.06"), ("免税", "0"), (D("0.06"), "0.06"), ("***", None), ("", None), (-1, None)],
)
def test_rates(told, rate):
    assert rate_of(told) == (rate and D(rate))


# --- The quick way and the slow one


def slow(row):
    """Return what :func:`fapiao_of` should, looked up key by key for this row alone."""

    def text(*names):
        return reading.as_text(reading.pick(row, *names))

    serial, code = text("serialNo", "serilNo"), text("invoiceCode")
    if len(code) == 11 and type(reading.pick(row, "invoiceCode")) is int:
        code = code.zfill(12)
    tickets_numbers = [text(name) for name in codes.TICKET_NUMBERS]
    numbers = [(text(name), type(reading.pick(row, name)) is int) for name in codes.NUMBERS]
    number = next((told for told, _is_int in numbers if is_number(told)), "")
    is_day = len(code) == 8 and inbound_rows._DAY.fullmatch(code)
    if is_day or not (code or number or any(told for told, _is_int in numbers)):
        number = next((told for told in [told for told, _ in numbers] + tickets_numbers if is_number(told)), "")
        if not number:
            every = [*([told for told, _is_int in numbers] if is_day else []), *tickets_numbers]
            bare = next(filter(None, (inbound_rows._SIGNS.sub("", told).upper() for told in every)), "")
            if is_day:
                number = bare if len(bare) >= 13 else bare and code + bare
            else:
                number = bare if len(bare) >= 10 else ""
        code = "" if is_day else code
        number = number or ("#" + serial if serial else "")
    elif not number:
        short = next(((told, is_int) for told, is_int in reversed(numbers) if told), ("", False))
        short = short[0].zfill(8) if code and short[1] else short[0]
        number = code + short if short and (code or len(short) >= 10 or not serial) else ""
        number = number or ("#" + serial if serial else "")
    if not number:
        return None
    total, tax = reading.money_at(row, *codes.KEYS["total"]), reading.money_at(row, *codes.KEYS["tax"])
    untaxed = reading.money_at(row, *codes.KEYS["untaxed"])
    is_air = text("invoiceType") == "10"
    if total is None and None not in (tax, untaxed) and not is_air:
        total = untaxed + tax
    elif total is not None and tax is not None and (untaxed is None or is_air):
        untaxed = total - tax
    elif total is not None and tax is None and untaxed is not None and not is_air:
        tax = total - untaxed
    told = {name: text(*names) for name, names in codes.TEXTS.items()}
    return {**told, "number": number, "code": code, "untaxed": untaxed, "tax": tax, "total": total}


_NAMES = sorted(
    {
        *(name for table in (codes.TEXTS, codes.KEYS) for names in table.values() for name in names),
        *(*codes.NUMBERS, *codes.SELECTIONS),
    }
)
_KEYS = st.sampled_from(_NAMES) | st.builds(
    lambda name, way: way(name), st.sampled_from(_NAMES), st.sampled_from([str.upper, str.lower, str.title])
)
_VALUES = (
    st.sampled_from(["", " ", None, True, NUMBER, "12345678", 345678, "1,234.50", "-1.5", "10", "044031600113"])
    | st.text(max_size=8)
    | st.integers(-(10**21), 10**21)
    | st.decimals(-1000000, 1000000, places=2)
    | st.decimals(-10, 10, places=5)
    | st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=2)
)


@given(st.dictionaries(_KEYS | st.text(max_size=3), _VALUES, max_size=25))
def test_the_quick_way_reads_as_the_slow_one(row):
    expected, found = slow(row), fapiao_of(row)
    if expected is None:
        assert found is None
        return
    amounts = {"untaxed": found.amount_untaxed, "tax": found.amount_tax, "total": found.amount_total}
    got = {**{name: getattr(found, name) for name in (*codes.TEXTS, "number", "code")}, **amounts}
    assert got == expected
    assert identity_of(row) == found.number
    assert fapiao_of(dict(row)) == found, "the second time by the kept plan"


@given(st.lists(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6), max_size=6))
def test_no_row_is_lost(rows):
    found, unread = fapiao_in(rows)
    assert len(found) + len(unread) == len(rows)


def test_the_plans_stay_few():
    for place in range(1200):
        fapiao_of({"invoiceNo": NUMBER, f"k{place}": 1})
    assert inbound_rows._planned.cache_info().currsize <= 500


_FLAGS = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(["", "0", "1", "2", "3", 2, None, "已勾选", "x"]) for key in codes.SELECTIONS}
)


@given(_FLAGS)
def test_flags_mean_the_same_wherever_they_are_told(flags):
    row = {"invoiceNo": NUMBER, "invoiceType": "27", **flags}
    assert fapiao_of(row).deduction == tickets.fapiao_of(row).deduction


@given(
    st.fixed_dictionaries(
        {"invoiceType": st.sampled_from(["9", "10", "14", "19", "24", "27", "28", "3"]), "serialNo": st.just("s1")},
        optional={
            name: st.sampled_from(
                ["", "E1234567", "781-2345678901", NUMBER, "12345678", "344035000000000000", "20200102"]
            )
            for name in (*codes.NUMBERS, *codes.TICKET_NUMBERS, "invoiceCode")
        },
    )
)
def test_numbers_are_the_same_wherever_they_are_told(row):
    assert fapiao_of(row).number == tickets.fapiao_of(row).number
