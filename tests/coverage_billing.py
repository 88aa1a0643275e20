"""Samples of 金蝶发票云's calls, billing and collecting, for ``test_docs_coverage``. ``data`` is written unpacked."""

import json
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal

from ..clouds import base
from ..clouds.base import RawAnswer, TokenSlot
from ..clouds.inbound import PullWindow
from ..clouds.kingdee import Kingdee, callback
from ..rules.document import (
    DIGITAL,
    DISCOUNT,
    DISCOUNTED,
    ELECTRONIC,
    EXEMPT,
    NOT_TAXABLE,
    ORDINARY,
    PAPER,
    ROLL,
    SPECIAL,
    Voucher,
)
from .coverage_sample import Sample, bodies, token_sample
from .test_clouds_kingdee_fapiao import FAPIAO, GOODS, LESS
from .test_clouds_kingdee_server import DRAFT, LINE, NUMBER, TAX_NO, UID, config, encoded, with_lines
from .test_rules_elements import example

SETTINGS = {"org_code": "ORG", "goods_codes": True, "line_notes": True, "differential_bills": True}
REFUSED = {"message": "出错了", "errorCode": "9999", "status": False, "success": False}
NOT_OURS = {**REFUSED, "message": "税号不在租户范围内", "errorCode": "1130"}


def client(slot=None, **options):
    settings = config(options={**SETTINGS, **options}, today=date(2026, 1, 1))
    return Kingdee(settings, slot or TokenSlot("T"), now=lambda: datetime(2026, 1, 1, tzinfo=timezone.utc))


READER = client()


def answers(operation, *found):
    def read(answer):
        body = {**answer, "data": encoded(answer["data"])} if answer.get("data") is not None else answer
        return READER.read(operation, RawAnswer(200, json.dumps(body)))

    return [(answer, read) for answer in (*found, REFUSED)]


def ok(data, code="0000"):
    return {"data": data, "message": "成功", "errorCode": code, "status": True, "success": True}


# Tokens

ENDS = 1767229200000  # an hour after the client's now
APP = {
    "data": {"app_token": "A1", "success": True, "error_desc": "", "expire_time": ENDS, "error_code": "0"},
    "state": "success",
}
ACCESS = {
    "data": {"access_token": "T1", "success": True, "error_desc": "", "expire_time": ENDS, "error_code": "0"},
    "state": "success",
}
NO_TOKEN = {"data": {"success": False, "error_desc": "accountId参数不对", "error_code": "1"}, "state": "error"}
TOKEN_CHANGES = {"state": "error", "data.expire_time": ENDS - 600_000}

LOGIN = token_sample(client, ACCESS, NO_TOKEN, before=(APP,), changes=TOKEN_CHANGES)
BY_NAME = token_sample(lambda slot: client(slot, user_type="UserName"), ACCESS, before=(APP,))

# Billing

_DISCOUNT = replace(LINE, kind=DISCOUNT, amount=Decimal("-100.00"), tax=Decimal("-13.00"), quantity=None, price=None)
_LINES = (
    replace(LINE, kind=DISCOUNTED, policy="简易征收", goods_code="A-1", note="合同 7"),
    _DISCOUNT,
    *(replace(LINE, rate=Decimal(0), tax=Decimal(0), zero_kind=zero) for zero in (EXEMPT, NOT_TAXABLE)),
)
KINDS = (
    *((SPECIAL, form) for form in (DIGITAL, ELECTRONIC, PAPER)),
    *((ORDINARY, form) for form in (DIGITAL, ELECTRONIC, PAPER, ROLL)),
)
_BUYER = replace(DRAFT.buyer, address="上海市", phone="021", bank="工行", bank_account="62", is_person=True)
DRAFTS = (
    with_lines(*_LINES, buyer=_BUYER, issue_at_once=True, may_merge=True, priority="0"),
    replace(DRAFT, issue_at_once=False, may_merge=False),
    replace(DRAFT, levy="2", deduction=Decimal(0)),
    replace(
        DRAFT,
        levy="3",
        deduction=Decimal("0.50"),
        vouchers=(
            Voucher("01", Decimal(1), Decimal("0.50"), "26312000000000000017", date="2026-03-01"),
            Voucher("04", Decimal(1), Decimal("0.50"), "00123456", "3100223130", "2015-03-01", "旧票"),
            Voucher("06", Decimal(1), Decimal("0.50"), "沪01"),
        ),
    ),
    *(replace(DRAFT, type=kind, form=form) for kind, form in KINDS),
    # special elements: between them each key
    example("03", cross_city="Y", cross_city_no="1", land_tax_no="1"),
    example("05", contract_no="1", approved_price="1.00", actual_price="1.00", land_tax_no="1"),
    example("06", plate="苏E12345"),
    *map(example, ("01", "04", "09", "12", "14")),
    replace(DRAFT, element="18"),
)

# A fapiao in the spelling of 5.1.03, one in that of the query of one fapiao, and one with a code
TOLD = {
    **FAPIAO,
    "invoiceImageUrl": "https://x.test/image",
    "issueErrorMessage": "",
    "remark": "备注",
    "drawer": "张三",
    "payee": "李四",
    "reviewer": "王五",
    "sellerAddressAndTel": "深圳市 0755",
    "sellerBankAndAccount": "招行 62",
    "buyerAddressAndTel": "上海市 021",
    "buyerBankAndAccount": "工行 62",
    "buyerRecipientPhone": "138",
    "buyerRecipientMail": "a@b.cn",
    "invoiceProperty": "0",
    "deduction": "10.50",
    "deductionType": "02",
    "specialType": "E03",
    "buildInfo": {"simpleAddress": "上海市"},
    "goods": [
        {
            **GOODS,
            "detailRowNo": 3,
            "billNo": "SO7",
            "goodsCode": "A-1",
            "privilegeFlag": "1",
            "privilegeContent": "简易",
        },
        LESS,
        {**GOODS, "taxRate": "0", "taxAmount": 0, "privilegeContent": "", "zeroTaxRateFlag": "3"},
    ],
}
_SAID = {"serialNo": "S1", "invoiceType": "004", "invoiceDate": "2024-03-12 12:06:51", "includeTaxAmount": -9.54}
CODED = {
    **_SAID,
    "invoiceNum": "00012345",
    "invoiceCode": "031002600111",
    "originalInvoiceNumber": "00012344",
    "originalInvoiceCode": "031002600112",
    "redInfoBillNo": "R7",
}
WAITING = {"invoiceStatus": "2", "issueErrorMessage": "授信额度不足"}
QUERIED = ok([{"billNo": UID, "invoiceList": [TOLD, CODED]}], "0")
STILL = ok([{"billNo": UID, "billStatus": "待开", "invoiceList": [WAITING]}], "0")
BILL_CHANGES = {"data[].billStatus": "开票中"}
PUSHED = ok([{"billNo": UID, "invoiceList": [{"invoiceNum": NUMBER, "issueErrorMessage": ""}]}], "0")
TAKEN_BACK = ok([{"billNo": UID, "success": False, "message": "已开票"}, {"billNo": UID, "success": True}], "0")
CALLED = {
    "interfaceCode": "INVOICE.OPEN",
    "returnCode": "0",
    "returnMsg": "部分失败",
    "data": [
        {**{key: FAPIAO[key] for key in ("billNo", "invoiceNum", "invoiceStatus")}, "serialNo": "S1"},
        {**WAITING, "billNo": f"{UID}2"},
        {**CODED, "billNo": f"{UID}3"},
    ],
    "bizControl": {
        "issueBizType": "1",
        "bizType": "1",
        "monthSurplusLimit": "1999.50",
        "daySurplusLimit": "20.00",
        "isWarning": True,
    },
}
FAILED = {"interfaceCode": "INVOICE.OPEN", "returnCode": "9999", "returnMsg": "失败", "data": []}


def called_back(answer):
    return callback.parse(json.dumps(answer).encode())


# Collecting

WINDOW = PullWindow(
    date_from=date(2023, 8, 12),
    date_to=date(2025, 11, 25),
    tax_period="202206",
    code="031002600111",
    number="00012345",
    seller_tax_no="440301999999980",
    deduction="selected",
    status="normal",
    type_code="27",
)
LOGGED_IN = ok(
    {
        "loginType": "1",
        "needAuth": "1",
        "loginWebUrl": "https://x.test/login",
        "companyName": "某某公司",
        "companyType": "01",
        "etaxAccountType": 2,
        "taxNo": TAX_NO,
        "skssq": "202601",
        "gxrqfw": "2026-01",
        "city": "深圳",
    }
)
TASK = "2c491266c89b4dc6a1a4b0c0b99ffee1"
ROWS = [
    {
        "serialNo": "s1",
        "invoiceType": "27",
        "invoiceNo": NUMBER,
        "invoiceDate": "2024-03-11",
        "salerName": "某某公司",
        "salerTaxNo": "440301999999980",
        "buyerName": "我们",
        "buyerTaxNo": TAX_NO,
        "totalAmount": "113.00",
        "totalTaxAmount": "13.00",
        "invoiceStatus": "0",
        "remark": "备注",
        "authenticateFlag": "1",
        "checkFlag": "1",
        "entryMarkStatus": "02",
        "deductionPeriod": "202401",
        "effectiveTaxAmount": "13.00",
        "invoicePdfFileUrl": "https://x.test/pdf",
        "ofdFileUrl": "https://x.test/ofd",
        "invoiceXmlFileUrl": "https://x.test/xml",
        "salerAddressPhone": "北京市",
        "salerAccount": "62",
        "buyerAddressPhone": "深圳市",
        "buyerAccount": "63",
        "drawer": "张三",
        "payee": "李四",
        "reviewer": "王五",
    },
    {
        "invoiceType": "3",
        "invoiceCode": "031002600111",
        "invoiceNo": "00012345",
        "invoiceAmount": "-8.00",
        "totalTaxAmount": "-0.40",
        "originalInvoiceNumber": "00012344",
        "originalInvoiceCode": "031002600112",
    },
]
ROW_CHANGES = {"data.invoices[].entryMarkStatus": "01"}  # 03 is booked, too
PAGE = ok({"total": 2, "invoices": ROWS})


CALLS = {
    "getAppToken": token_sample(client, APP, NO_TOKEN, after=(ACCESS,), changes=TOKEN_CHANGES),
    "login": replace(LOGIN, sent=[*LOGIN.sent, *BY_NAME.sent]),
    "taxLogin": Sample(
        bodies(client(), base.BUREAU_LOGIN, None), answers(base.BUREAU_LOGIN, LOGGED_IN, ok({"loginType": "1"}))
    ),
    "invoiceDown": Sample(
        [
            *bodies(client(), base.PULL_START, WINDOW),
            *bodies(client(pull_at_once=True), base.PULL_START, WINDOW),
        ],
        answers(base.PULL_START, ok({"asyncFlag": "1", "taskNo": TASK})),
    ),
    "invoiceDownQuery": Sample(
        bodies(client(), base.PULL_PAGE, {"task_no": TASK, "page": 1}),
        answers(base.PULL_PAGE, PAGE, NOT_OURS),
        ROW_CHANGES,
    ),
    "BILL.PUSH": Sample(
        bodies(client(), base.ISSUE, *DRAFTS, uid=UID), answers(base.ISSUE, PUSHED, STILL, ok(None, "0"))
    ),
    "BILL.WITHDRAW": Sample(bodies(client(), base.WITHDRAW, [UID]), answers(base.WITHDRAW, TAKEN_BACK, ok(None, "0"))),
    "BILL.INVOICE.QUERY": Sample(
        bodies(client(), base.FIND, None, uid=UID), answers(base.FIND, QUERIED, STILL), BILL_CHANGES
    ),
    "5.1.03": Sample(
        [callback.answer(True)], [(CALLED, called_back), (FAILED, called_back)], {"interfaceCode": "INVOICE.RED"}
    ),
}
