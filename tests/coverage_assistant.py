"""Samples of all that is in the paper of 金蝶发票助手, with made-up values; holds no tests itself."""

import json
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from ..clouds import base, picking, reading
from ..clouds.base import TokenSlot
from ..clouds.kingdee.assistant import Assistant, messages, pages, tickets
from ..clouds.picking import DocumentReport, Visit, VoucherLine, VoucherReport
from .coverage_sample import Sample
from .test_clouds_assistant_server import config, ok, pushed, raw, refused

LINK = "https://link.example.com"


class Road:
    """In place of the connections: keeps what is sent, and answers each call as scripted."""

    def __init__(self, answer):
        self.answer, self.sent = answer, []

    def post_json(self, _path, body=None, params=None, **_more):
        return self.get(_path, {**(params or {}), **(body or {})})

    def get(self, _path, params=None, **_more):
        self.sent.append(dict(params or {}))
        return raw(self.answer)


def client(answer, token="T1", **options):
    """Return an assistant that calls no network, and its :class:`Road`."""
    assistant, road = Assistant(config(options=options), TokenSlot(token)), Road(answer)
    assistant._transport = assistant._tokens._transport = road
    assistant._poll_road = lambda _wait: road
    return assistant, road


def bodies(*calls, answer=None):
    """Return what is sent last by each of ``calls``, functions of a client."""
    sent = []
    for call in calls:
        assistant, road = client(answer or ok("key-1"))
        call(assistant)
        sent.append(road.sent[-1])
    return sent


def reports(operation, *documents):
    """Return the bodies in which ``operation`` tells of ``documents``."""
    return bodies(*(lambda cloud, one=one: cloud.send(operation, cloud.freeze(operation, one)) for one in documents))


def query(kind):
    """Return what stands in the address of a page."""
    address = client(ok())[0].page(kind, "user-key", "link-key", "serial-1")
    return dict(parse_qsl(urlsplit(address).query))


def queries(kind, name, values):
    addresses = [client(ok(), **{name: value})[0].page(kind, "user-key", "link-key") for value in values]
    return [dict(parse_qsl(urlsplit(address).query)) for address in addresses]


# --- keys

VISIT = Visit(
    user="eid-1",
    key="doc-1=",
    number="BX-1",
    company="测试公司",
    random="r1",
    rules="11010",
    line="L1",
    serials=("s1", "s2"),
    attachments=("a1", "a2"),
    buyer_account="测试银行 000",
    buyer_address="测试路 1 号",
)
RULES = ("10000", "01000", "00100", "00010", "00001")
VISITS = [
    VISIT,
    *(replace(VISIT, kind=kind) for kind in (picking.TRAVEL, picking.PURCHASE, picking.PAYMENT, picking.EXPENSE)),
    *(replace(VISIT, rules=rules) for rules in RULES),
]


def token_in(answer):
    assistant, _road = client(answer, token="")
    assistant.prepare()
    return assistant.slot.token, assistant.slot.expires_at is None


# --- messages


def message_in(message):
    """Return the message as a poll brings it."""
    text = json.dumps(pushed(message), ensure_ascii=False)
    return messages.read(reading.loads(text)["data"])


HEAD = {"billnumber": "2018-11-28-00001898", "bxd_key": "doc-1=", "userid": "eid-1"}
CLAIM = {
    "type": "saveBill",
    "data": {
        **HEAD,
        "data": [
            {
                "serialNo": 1125866,
                "invoiceType": "1",
                "invoiceCode": "044031600113",
                "invoiceNo": "30819002",
                "invoiceDate": "2020-01-01",
                "checkStatus": 1,
                "expenseStatus": 1,
                "amount": 383.76,
                "totalAmount": 449,
                "taxAmount": 66.24,
                "taxRate": "0.09",
                "goodsCood": "1010115010000000000",
                "sallerName": "测试书店",
                "sallerTaxNo": "91000000FAKE00001X",
                "buyerName": "测试公司",
                "buyerTaxNo": "91440300FAKE00000X",
            }
        ],
        "invoiceSerialNos": "s1,s2",
        "invoicesAmount": 178860,
        "invoicesTaxAmount": 5.5,
        "isElectronicInvoice": False,
    },
}
COST = {
    "invoiceData": [
        {
            "salerAccount": "测试银行 000",
            "stationGeton": "甲",
            "classify": "other",
            "amount": 50.91,
            "salerName": "测试商家",
            "invoiceDate": "2018-09-29",
            "invoiceCode": "044031600113",
            "serialNo": "s1",
            "totalAmount": 56,
            "taxRate": "0.099980",
            "seatGrade": "二等座",
            "salerAddressPhone": "测试路 1 号",
            "stationGetoff": "乙",
            "salerTaxNo": "91000000FAKE00001X",
            "invoiceType": "1",
            "goodsCode": "3079900000000000000",
            "taxAmount": 5.09,
            "invoiceNo": "30819002",
            "airItemsArr": [{"destination": "丙"}],
            "goodsName": "*水果*苹果",
            "classifyName": "其他费用",
        }
    ],
    "totalAmount": 60.3,
    "amount": 54.97,
    "costName": "其他费用",
    "size": 2,
    "costType": "other",
    "taxAmount": 6.33,
    "invoiceDate": "2018-09-29",
}
TRAVEL = {
    "type": "saveBill",
    "data": {
        **HEAD,
        "data": [COST],
        "invoicesTotalAmount": 76.98,
        "invoicesTaxAmount": 5.82,
        "allSize": 3,
        "invoiceSerialNos": "s1,s2",
        "isElectronicInvoice": False,
    },
}
_UNNAMED = {key: value for key, value in COST.items() if key not in ("costName", "costType")}
UNNAMED = {**TRAVEL, "data": {**TRAVEL["data"], "data": [_UNNAMED]}}
PURCHASED = {
    "salerName": "测试商家",
    "salerTaxNo": "91000000FAKE00001X",
    "goodsName": "*纸*复印纸",
    "goodsCode": "1060101000000000000",
    "invoiceDate": "2020-01-02",
    "unit": "箱",
    "num": "3",
    "unitPrice": "33.33",
    "detailAmount": "100.00",
    "taxAmount": "13.00",
    "size": "1",
    "invoiceData": ["s1"],
}


def purchase(*without):
    payee = {
        "buyerName": "测试商家",
        "buyerTaxNo": "91000000FAKE00001X",
        "buyerAddressPhone": "测试路 1 号",
        "buyerAccount": "测试银行 000",
    }
    payee = {key: value for key, value in payee.items() if key not in without}
    return {
        "type": "saveBill",
        "data": {
            **HEAD,
            "type": "pc",
            "isElectronicInvoice": False,
            "invoiceSerialNos": "s1,s2",
            "data": {"buyerInfo": [payee], "purchaseInfo": [PURCHASED]},
        },
    }


PAYMENT = {
    "type": "saveBill",
    "data": {
        **HEAD,
        "type": "savebill",
        "invoicesTotalAmount": 1200,
        "invoicesTaxAmount": 200,
        "data": [
            {
                "salerTaxNo": "91000000FAKE00001X",
                "salerName": "测试商家",
                "salerAddressPhone": "测试路 1 号",
                "salerAccount": "测试银行 000",
                "amount": 1000,
                "taxAmount": 200,
                "totalAmount": "1200",
                "invoiceType": "4",
                "invoiceNo": "30819002",
                "invoiceCode": "044031600113",
                "goodsCode": "1060101000000000000",
                "goodsName": "*纸*复印纸",
                "taxRate": "0.13",
                "serialNo": "s1",
            }
        ],
    },
}
ENTRY = {
    "fplx": "1",
    "spbm": "1060101000000000000",
    "fpdm": "044031600113",
    "fphm": "30819002",
    "jshj": 113,
    "kprq": "2020-01-02",
    "se": 13,
    "fid": "s1",
}
ENTRIES = {
    "type": "saveEntrys",
    "data": {
        "bxd_key": "doc-1=",
        "branch_id": "L1",
        "list": ENTRY,
        "traList": [
            {
                "invoiceData": [{**ENTRY, "fid": "s2"}],
                "costType": "other",
                "amount": "100.00",
                "costName": "其他费用",
                "size": "1",
                "invoiceDate": "2020-01-02",
                "taxAmount": "13.00",
                "totalAmount": "113.00",
            }
        ],
    },
}
EDITED = {
    "type": "updateInvoice",
    "data": {
        **HEAD,
        "data": {
            "goodsCode": "1010115010000000000",
            "checkStatus": 1,
            "expenseStatus": 1,
            "serialNo": 1125866,
            "invoiceType": "1",
            "invoiceCode": "044031600113",
            "invoiceNo": "30819002",
            "amount": 383.76,
            "totalAmount": 449,
            "taxAmount": 66.24,
            "sallerName": "测试书店",
            "sallerTaxNo": "91000000FAKE00001X",
        },
    },
}

# --- documents

REPORT = DocumentReport(
    user="eid-1",
    key="doc-1=",
    number="BX-1",
    kind=picking.TRAVEL,
    user_key="user-key",
    lines=(("L1", ("s1", "s2")),),
    line="L1",
    rules="10000",
    company="测试公司",
    costs=(("L1", "C9", "业务招待费"),),
    cover="QUJD",
    cover_type="pdf",
    cover_number="YX-1",
    taken=(
        {"serial_no": "s1", "entry_amount": Decimal("9.00"), "deductible": True, "reason": ""},
        {"serial_no": "s2", "entry_amount": None, "deductible": False, "reason": "集体福利"},
    ),
)
STATUSES = (picking.UNUSED, picking.SUBMITTED, picking.APPROVED, picking.BOOKED)
COVERS = ("pdf", "jpg", "png")
VOUCHER = VoucherReport(
    id="v-1",
    number="记-001",
    date="2025-01-31",
    business_date="2025-01-30",
    kind="记",
    company="测试公司",
    company_code="C1",
    chart="企业会计准则",
    currency="CNY",
    maker="制单人",
    examiner="审核人",
    reviewer="复核人",
    attachments=2,
    cash_items=("支付其他",),
    cash_amount=Decimal("710.00"),
    keys=("doc-1=",),
    serials=("s1", "s2"),
    lines=(
        VoucherLine(
            *(1, "2202", "应付账款", "报销", Decimal(0), Decimal("710.00"), "USD"),
            amount=Decimal("100.00"),
            rate=Decimal("7.1"),
            quantity=Decimal(4),
            unit="台",
            price=Decimal(25),
            due="2025-02-28",
            partner="供应商",
            dimensions=(("部门", "研发"),),
        ),
    ),
    taken=REPORT.taken,
)
WORDS = (picking.GENERAL, picking.RECEIPT_WORD, picking.PAYMENT_WORD, picking.TRANSFER)

# --- tickets


COMMON = {
    "amount": "100.00",
    "authenticateFlag": "1",
    "authenticateTime": "2020:01:05 10:30:00",
    "buyerAccount": "测试银行 111",
    "buyerAddressPhone": "测试路 2 号",
    "buyerName": "测试公司",
    "buyerTaxNo": "91440300FAKE00000X",
    "checkFlag": "1",
    "checkStatus": "1",
    "checkTime": "2020:01:06 10:30:00",
    "downloadUrl": "https://files.example.com/a.pdf",
    "expenseStatus": "1",
    "invoiceCode": "044031600113",
    "invoiceDate": "2020-01-02",
    "invoiceNo": "30819002",
    "isRevise": "1",
    "originalGraphUrl": "https://files.example.com/original.jpg",
    "pixel": "1,1",
    "region": "0,0,1,1",
    "remark": "备注",
    "rotationAngle": "0",
    "salerAccount": "测试银行 000",
    "salerAddressPhone": "测试路 1 号",
    "salerName": "测试商家",
    "salerTaxNo": "91000000FAKE00001X",
    "serialNo": "s1",
    "snapshotUrl": "https://files.example.com/snapshot.jpg",
    "taxAmount": "13.00",
    "totalAmount": "113.00",
}
LINE = {
    "detailAmount": "100.00",
    "discountType": "1",
    "goodsCode": "1060101000000000000",
    "goodsName": "*纸*复印纸",
    "num": "3",
    "specModel": "A4",
    "taxAmount": "13.00",
    "taxRate": "0.13",
    "unit": "箱",
    "unitPrice": "33.33",
}


def ticket(kind, *without, **own):
    """Return one ticket of an answer, and how it is read."""
    row = {**COMMON, "invoiceType": kind, **own}
    return {key: value for key, value in row.items() if key not in without}, ticket_in


def ticket_in(row):
    return tickets.ticket_of(reading.loads(json.dumps(row)))


def sample(*rows):
    return Sample(answers=list(rows))


def asked(question, data):
    """Return the sample of a ``question`` that is put to a client and answered with ``data``."""

    def read(answer):
        return question(client(answer)[0])

    return Sample(sent=bodies(question, answer=ok(data)), answers=[(ok(data), read), (REFUSED, read)])


def told(operation, *documents, data=None):
    """Return the sample of ``operation`` that tells of ``documents``; ``data``: whether its answer has it."""
    answers = [{**answer, "data": None} if data else answer for answer in (DONE, REFUSED)]

    def read(answer):
        return client(answer)[0].read(operation, raw(answer))

    return Sample(sent=reports(operation, *documents), answers=[(answer, read) for answer in answers])


VAT = {
    "checkCode": "01234567890123456789",
    "drawer": "开票员",
    "invoiceMoney": "100.00",
    "invoiceStatus": "0",
    "items": [LINE],
    "payee": "收款员",
    "proxyMark": "1",
    "reviewer": "复核员",
}
MACHINE = {
    "checkCode": "01234567890123456789",
    "detailAmount": "100.00",
    "discountType": "1",
    "proxyMark": "1",
    "trip": "甲-乙",
}
RIDE = {
    "checkCode": "01234567890123456789",
    "licenseNumber": "粤A00000",
    "mileage": "12.5",
    "place": "深圳",
    "price": "2.6",
    "timeGetOff": "11:30",
    "timeGetOn": "10:30",
    "trip": "无行程",
}
TRAIN = {
    "invoiceCode": "20200101",
    "invoiceNo": "Z12A345678",
    "passengerName": "测试员",
    "printingSequenceNo": "12345678901A123456",
    "seatGrade": "二等座",
    "stationGetOff": "乙",
    "stationGetOn": "甲",
    "taxRate": "0.09",
    "trainNum": "G1",
    "trainTime": "10:30:00",
    "trip": "无行程",
}
FLIGHT = {
    "airTime": "10:30",
    "airportConstructionFee": "50.00",
    "customerIdentityNum": "ID-0001",
    "destination": "乙",
    "electronicTicketNum": "1234567890",
    "fillingUnit": "测试航空",
    "flightNum": "CZ1",
    "fuelSurcharge": "10.00",
    "insurancePremium": "20.00",
    "invoiceCode": "20200101",
    "invoiceNo": "7812345678901",
    "otherTotalTaxAmount": "1.00",
    "passengerName": "测试员",
    "placeOfDeparture": "甲",
    "salesUnitCode": "SHA001",
    "seatGrade": "Y",
    "seatGradeName": "经济舱",
    "taxRate": "0.09",
    "trip": "甲-乙",
}
FIXED = {
    "consumptionType": "dining",
    "otherTotalTaxAmount": "1.00",
    "passengerName": "测试员",
    "place": "深圳",
    "taxRate": "0.03",
    "trip": "无行程",
}
PASSAGE = {
    "currencyType": "HKD",
    "passengerName": "测试员",
    "stationGetOff": "乙",
    "stationGetOn": "甲",
    "taxRate": "0.03",
    "time": "10:30:00",
    "trip": "甲-乙",
}
TOLL = {
    "entrance": "甲",
    "exit": "乙",
    "place": "深圳",
    "taxRate": "0.03",
    "time": "10:30:00",
    "trip": "甲-乙",
}
TAX = {"taxAuthorityName": "测试税务局", "taxPaidProofNo": "344030200101000001", "trip": "无行程"}

DONE, REFUSED = {"errcode": "0000", "description": "操作成功"}, refused("网络异常")
SLIP = {"serialNo": "s1", "invoiceType": "8", "totalAmount": "12.00"}
PUSHED = pushed({"type": "saveBill", "data": {"invoiceSerialNos": "s1"}})
CALLS = {
    "base/oauth/token": Sample(
        sent=bodies(lambda cloud: cloud.test(), answer={**DONE, "access_token": "T2"}),
        answers=[({**DONE, "access_token": "T2"}, token_in), (REFUSED, token_in)],
    ),
    "getLinkKey": asked(lambda cloud: cloud.link_key(), "link-1"),
    "getUserKey": replace(
        asked(lambda cloud: cloud.user_key(VISIT), {"userKey": "user-key"}),
        sent=bodies(*(lambda cloud, one=one: cloud.user_key(one) for one in VISITS)),
    ),
    "index": Sample(
        sent=[
            *queries(picking.PICK_PAGE, "grid", picking.GRIDS),
            *queries(picking.PICK_PAGE, "announce", ("polling", "socket")),
        ]
    ),
    "branch/update": Sample(sent=[query(picking.LINE_EDIT_PAGE)]),
    "branch/info": Sample(sent=[query(picking.LINE_PAGE)]),
    "invoice/list": Sample(sent=[query(picking.DOCUMENT_PAGE)]),
    "showInvoice": Sample(sent=[query(picking.SHOW_PAGE)]),
    "invoice/update": Sample(sent=[query(picking.EDIT_PAGE)]),
    "invoice/data/v2": asked(lambda cloud: cloud.poll("link-1"), PUSHED["data"]),
    "portal/receipt": told(base.RECEIPT, {"key": "link-1", "message_key": "m1"}),
    "socket.io": Sample(sent=[pages.socket(LINK, 3, "link-1").query]),
    "saveBill": Sample(answers=[(CLAIM, message_in)]),
    "saveBill Tra": Sample(answers=[(TRAVEL, message_in), (UNNAMED, message_in)]),
    "saveBill Pur": Sample(
        answers=[(purchase(), message_in), (purchase("buyerName"), message_in), (purchase("buyerTaxNo"), message_in)]
    ),
    "saveBill BizOut": Sample(answers=[(PAYMENT, message_in)]),
    "saveEntrys": Sample(answers=[(ENTRIES, message_in)]),
    "updateInvoice": Sample(answers=[(EDITED, message_in)]),
    "entry/cache": told(base.RELATE, REPORT),
    "entry/save": told(base.SAVE_DOCUMENT, *(replace(REPORT, cover_type=kind) for kind in COVERS)),
    "invoice/status/update": told(
        base.TELL_STATUS, *(replace(REPORT, status=status) for status in STATUSES), data=True
    ),
    "invoice/del/entry": told(base.DROP_LINE, REPORT, data=True),
    "invoice/del": told(base.DROP_DOCUMENT, REPORT, data=True),
    "invoice/detail/query": asked(lambda cloud: cloud.tickets(["s1", "s2"]), [SLIP]),
    "invoices/query": asked(lambda cloud: cloud.document_tickets("user-key", "BX-1"), [SLIP]),
    "detail VAT": sample(ticket("1", **VAT), ticket("1", "amount", **VAT)),
    "detail machine": sample(ticket("7", **MACHINE)),
    "detail taxi": sample(ticket("8", "remark", **RIDE)),
    "detail train": sample(ticket("9", "remark", **TRAIN)),
    "detail air": sample(
        ticket("10", "remark", **FLIGHT),
        ticket("10", "remark", "seatGradeName", "placeOfDeparture", "destination", **FLIGHT),
    ),
    "detail fixed": sample(ticket("14", **FIXED)),
    "detail passage": sample(ticket("16", **PASSAGE), ticket("16", "stationGetOn", "stationGetOff", **PASSAGE)),
    "detail toll": sample(ticket("17", **TOLL), ticket("17", "entrance", "exit", **TOLL)),
    "detail tax": sample(ticket("19", "remark", **TAX), ticket("19", "invoiceCode", "invoiceNo", "remark", **TAX)),
    "detail other": sample(ticket("11", trip="无行程")),
    "additionalInformation/collect": told(base.TELL_VOUCHER, *(replace(VOUCHER, kind=word) for word in WORDS)),
    "voucher/del": told(base.DROP_VOUCHER, VOUCHER),
}
