"""金蝶发票助手: what it is told – the bodies of the paper, and what the answers mean."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ..clouds.base import (
    ASSISTANT,
    DROP_DOCUMENT,
    DROP_LINE,
    DROP_VOUCHER,
    EFFECTS,
    ISSUE,
    LOGIN,
    RECEIPT,
    RELATE,
    SAVE_DOCUMENT,
    TELL_STATUS,
    TELL_VOUCHER,
    TokenSlot,
)
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..clouds.kingdee.assistant import Assistant
from ..clouds.picking import APPROVED, Told, VoucherLine, VoucherReport
from .test_clouds_assistant_server import KEY, REPORT, TAX_NO, calls, client, cloud, config, ok, raw, refused
from .test_clouds_server import http, reset, silence

DOCUMENT = {
    "userKey": "",
    "eid": "eid-1",
    "billTypeId": "Expense",
    "billnumber": "BX-001",
    "bxd_key": KEY,
    "tin": TAX_NO,
}
TAKEN = (
    {"serial_no": "s1", "entry_amount": Decimal("9.00"), "deductible": True, "reason": ""},
    {"serial_no": "s2", "entry_amount": None, "deductible": False, "reason": "集体福利"},
)
VOUCHER = VoucherReport(
    id="v-1",
    number="记-001",
    date="2025-01-31",
    kind="记",
    company="测试公司",
    company_code="C1",
    maker="制单人",
    keys=(KEY,),
    serials=("s1", "s2"),
    lines=(
        VoucherLine(2, "1001", "库存现金", "报销", Decimal(0), Decimal("109.00")),
        VoucherLine(1, "6602", "管理费用", "报销", Decimal("109.00"), Decimal(0)),
    ),
    taken=TAKEN,
)
RECEIVED = {"key": "link-1", "message_key": "m1"}
REPORTS = {
    RELATE: REPORT,
    SAVE_DOCUMENT: REPORT,
    TELL_STATUS: replace(REPORT, status=APPROVED),
    DROP_LINE: replace(REPORT, line="L1"),
    DROP_DOCUMENT: REPORT,
    TELL_VOUCHER: VOUCHER,
    DROP_VOUCHER: VOUCHER,
    RECEIPT: RECEIVED,
}
NAMES = {
    RELATE: "relate",
    SAVE_DOCUMENT: "save",
    TELL_STATUS: "status",
    DROP_LINE: "drop_line",
    DROP_DOCUMENT: "drop",
    TELL_VOUCHER: "voucher",
    DROP_VOUCHER: "drop_voucher",
    RECEIPT: "receipt",
}
ENDINGS = (DROP_LINE, DROP_DOCUMENT, DROP_VOUCHER, RECEIPT)
STATES = sorted(ASSISTANT - set(ENDINGS))


def freeze(operation, report):
    return client().freeze(operation, report)


# --- Bodies


def test_a_relation():
    assert freeze(RELATE, REPORT) == {
        **DOCUMENT,
        "data": [{"entryid": "L1", "fid": ["s1", "s2"]}, {"entryid": "L2", "fid": []}],
    }


def test_a_document_without_a_number_is_called_by_its_key():
    assert freeze(RELATE, replace(REPORT, number=""))["billnumber"] == KEY


def test_the_kind_of_document_is_never_empty():
    assert freeze(RELATE, replace(REPORT, kind="Tra"))["billTypeId"] == "Tra"
    assert freeze(RELATE, replace(REPORT, kind=""))["billTypeId"] == "Expense"


def test_the_user_key_is_only_there_where_it_is_given():
    assert freeze(RELATE, replace(REPORT, user_key="u"))["userKey"] == "u"


def test_a_saved_document_with_costs_and_cover():
    report = replace(REPORT, costs=(("L1", "C9", "业务招待费"),), cover="QUJD", cover_type="pdf", cover_number="YX-1")
    assert freeze(SAVE_DOCUMENT, report) == {
        **DOCUMENT,
        "coverBase64": "QUJD",
        "coverFileType": "pdf",
        "coverNumber": "YX-1",
        "data": [
            {"entryid": "L1", "fid": ["s1", "s2"], "costTypeId": "C9", "costTypeName": "业务招待费"},
            {"entryid": "L2", "fid": [], "costTypeId": "", "costTypeName": ""},
        ],
    }


def test_a_saved_document_without_cover():
    assert not {"coverBase64", "coverFileType", "coverNumber"} & set(freeze(SAVE_DOCUMENT, REPORT))


def test_a_status():
    report = replace(REPORT, status=APPROVED, taken=TAKEN)
    assert freeze(TELL_STATUS, report) == {
        **DOCUMENT,
        "expenseStatus": "60",
        "invoiceData": [
            {"serialNo": "s1", "canBeDeduction": "1", "entryAmount": "9.00", "outputReason": ""},
            {"serialNo": "s2", "canBeDeduction": "0", "entryAmount": "", "outputReason": "集体福利"},
        ],
    }


def test_the_rules_go_along_where_they_are_given():
    for operation in (TELL_STATUS, DROP_LINE, DROP_DOCUMENT):
        report = replace(REPORTS[operation], rules="11010")
        assert freeze(operation, report)["ticketParam"] == "11010"
        assert "ticketParam" not in freeze(operation, REPORTS[operation])


def test_a_saved_document_has_its_rules_only_where_they_allow_something():
    assert "rulesOf" not in freeze(SAVE_DOCUMENT, replace(REPORT, rules="00000", company="测试公司"))
    about = {"ticketParam": "10000", "ghf_mc": "测试公司", "billType": ""}
    assert freeze(SAVE_DOCUMENT, replace(REPORT, rules="10000", company="测试公司"))["rulesOf"] == about


def test_saving_asks_for_a_key_that_carries_the_rules():
    with cloud(user=ok({"userKey": "u1"}), save=ok()) as (assistant, server):
        payload = assistant.freeze(SAVE_DOCUMENT, replace(REPORT, rules="10000", company="测试公司"))
        assert assistant.read(SAVE_DOCUMENT, assistant.send(SAVE_DOCUMENT, payload)) == Told("操作成功")
        (asked,), (saved,) = calls(server, "user"), calls(server, "save")
    assert asked.json["ticketParam"] == "10000"
    assert (asked.json["bxd_key"], asked.json["ghf_mc"], asked.json["eid"]) == (KEY, "测试公司", "eid-1")
    assert saved.json["userKey"] == "u1"
    assert "rulesOf" not in saved.json
    assert payload["userKey"] == "", "the key is stored nowhere"


@pytest.mark.parametrize("answer", [refused("企业不存在"), http("<html>", status=500), ok({})])
def test_nothing_is_saved_where_no_key_is_given(answer):
    with cloud(user=answer, save=ok()) as (assistant, server):
        payload = assistant.freeze(SAVE_DOCUMENT, replace(REPORT, rules="10000"))
        with pytest.raises(NotSent):
            assistant.send(SAVE_DOCUMENT, payload)
        assert not calls(server, "save")


def test_deletions():
    assert freeze(DROP_LINE, REPORTS[DROP_LINE]) == {**DOCUMENT, "branch_id": "L1"}
    assert freeze(DROP_DOCUMENT, REPORT) == DOCUMENT


def test_a_voucher():
    assert freeze(TELL_VOUCHER, VOUCHER) == {
        "accountInfo": {"accountId": "C1"},
        "voucherInfo": {
            "vouchId": "v-1",
            "vouchNo": "记-001",
            "businessDate": "2025_01_31",
            "accountDate": "2025_01_31",
            "period": "202501",
            "voucherAccountId": "C1",
            "voucherCompanyId": "C1",
            "type": "记",
            "creator": "制单人",
            "entries": [
                {
                    "subject": "6602 管理费用",
                    "abstract": "报销",
                    "currency": "CNY",
                    "debitsAmount": "109.00",
                    "creditAmount": "0",
                },
                {
                    "subject": "1001 库存现金",
                    "abstract": "报销",
                    "currency": "CNY",
                    "debitsAmount": "0",
                    "creditAmount": "109.00",
                },
            ],
        },
        "companyInfo": {"companyId": "C1", "number": "C1", "name": "测试公司"},
        "expenseIdArray": [KEY],
        "serialNoArray": ["s1", "s2"],
        "invoiceData": [
            {"serialNo": "s1", "deductionFlag": 1, "deductionTaxAmount": "9.00", "remark": ""},
            {"serialNo": "s2", "deductionFlag": 0, "deductionTaxAmount": "", "remark": "集体福利"},
        ],
    }


WHOLE = replace(
    VOUCHER,
    business_date="2025-01-30",
    chart="企业会计准则",
    currency="CNY",
    examiner="审核人",
    reviewer="复核人",
    attachments=2,
    cash_items=("购买商品、接受劳务支付的现金", "支付其他"),
    cash_amount=Decimal("109.00"),
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
            dimensions=(("部门", "研发 60%"), ("项目", "A")),
        ),
    ),
)


def test_a_voucher_with_all_that_odoo_knows():
    body = freeze(TELL_VOUCHER, WHOLE)
    assert body["accountInfo"] == {"accountId": "C1", "subject": "企业会计准则", "baseCurrency": "CNY"}
    info = body["voucherInfo"]
    assert (info["businessDate"], info["accountDate"]) == ("2025_01_30", "2025_01_31")
    assert {key: info[key] for key in ("examiner", "reviewer", "attachmentsCount", "item", "accountItemAmount")} == {
        "examiner": "审核人",
        "reviewer": "复核人",
        "attachmentsCount": "2",
        "item": "购买商品、接受劳务支付的现金;支付其他",
        "accountItemAmount": "109.00",
    }
    assert info["entries"] == [
        {
            "subject": "2202 应付账款",
            "abstract": "报销",
            "currency": "USD",
            "debitsAmount": "0",
            "creditAmount": "710.00",
            "amount": "100.00",
            "exchangeRate": "7.1",
            "num": "4",
            "unit": "台",
            "price": "25",
            "accountDimension": "部门:研发 60%;项目:A;往来单位:供应商",
            "dueDate": "2025_02_28",
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        *({"business_date": "2025-01-01"}, {"chart": ""}, {"currency": "USD"}, {"examiner": "x"}, {"reviewer": "x"}),
        *({"attachments": 0}, {"attachments": None}, {"cash_items": ()}, {"cash_amount": Decimal(1)}, {"kind": "付"}),
    ],
)
def test_each_word_of_a_voucher_is_told(change):
    assert freeze(TELL_VOUCHER, replace(WHOLE, **change)) != freeze(TELL_VOUCHER, WHOLE)


@pytest.mark.parametrize(
    "change",
    [
        *({"currency": "EUR"}, {"amount": None}, {"rate": Decimal(8)}, {"quantity": Decimal(1)}, {"unit": ""}),
        *({"price": Decimal(1)}, {"due": ""}, {"partner": ""}, {"dimensions": ()}),
    ],
)
def test_each_word_of_an_entry_is_told(change):
    changed = replace(WHOLE, lines=(replace(WHOLE.lines[0], **change),))
    assert freeze(TELL_VOUCHER, changed) != freeze(TELL_VOUCHER, WHOLE)


def test_books_without_a_company_code():
    body = freeze(TELL_VOUCHER, replace(WHOLE, company_code=""))
    assert (body["accountInfo"]["accountId"], body["companyInfo"]["number"]) == (TAX_NO, "")


def test_a_voucher_deleted():
    assert freeze(DROP_VOUCHER, VOUCHER) == {"vouchNo": "记-001", "vouchId": "v-1"}


def test_a_receipt():
    assert freeze(RECEIPT, RECEIVED) == {"key": "link-1", "msgId": "m1"}


@pytest.mark.parametrize(
    ("operation", "report"),
    [
        (RELATE, replace(REPORT, key="")),
        (TELL_STATUS, REPORT),
        (DROP_LINE, REPORT),
        (SAVE_DOCUMENT, replace(REPORT, cover="QUJD", cover_type="pdf")),
        (TELL_VOUCHER, replace(VOUCHER, id="")),
        (TELL_VOUCHER, replace(VOUCHER, date="31.01.2025")),
        (DROP_VOUCHER, replace(VOUCHER, number="")),
        (RECEIPT, {"key": "link-1", "message_key": ""}),
        (ISSUE, REPORT),
    ],
)
def test_what_a_call_cannot_do_without(operation, report):
    with pytest.raises(ValueError):
        freeze(operation, report)


# --- Calls


@pytest.mark.parametrize("operation", sorted(ASSISTANT))
def test_every_report_reaches_its_call(operation):
    with cloud(**{NAMES[operation]: ok(None, "成功")}) as (assistant, server):
        payload = assistant.freeze(operation, REPORTS[operation])
        assert assistant.read(operation, assistant.send(operation, payload)) == Told("成功")
    (call,) = calls(server, NAMES[operation])
    if operation == RECEIPT:
        assert (call.method, call.query) == ("GET", {"access_token": "T1", "key": "link-1", "msgId": "m1"})
        return
    assert call.method == "POST"
    is_signed = operation not in (TELL_VOUCHER, DROP_VOUCHER)
    assert ("sign" in call.json) == is_signed
    assert call.query == ({} if is_signed else {"access_token": "T1"})
    assert {key: value for key, value in call.json.items() if key in payload} == payload


@pytest.mark.parametrize("operation", [RELATE, TELL_VOUCHER, RECEIPT])
@pytest.mark.parametrize("answer", [reset, silence, http("", status="502 Bad"), http("{")])
def test_a_lost_answer(operation, answer):
    with cloud(**{NAMES[operation]: answer}) as (assistant, _server), pytest.raises(OutcomeUnknown):
        payload = assistant.freeze(operation, REPORTS[operation])
        assistant.read(operation, assistant.send(operation, payload))


@pytest.mark.parametrize("operation", sorted(ASSISTANT))
def test_nothing_is_sent_without_a_connection(operation):
    with Assistant(config("http://127.0.0.1:9"), TokenSlot("T")) as assistant, pytest.raises(NotSent):
        assistant.send(operation, assistant.freeze(operation, REPORTS[operation]))


def test_it_can_what_the_contract_names_and_nothing_else():
    assistant = client()
    assert all(map(assistant.can, ASSISTANT))
    assert ASSISTANT <= EFFECTS
    assert not assistant.can(ISSUE) and not assistant.can(LOGIN)
    for call in (
        assistant.credit_line,
        assistant.face_needed,
        assistant.face_qr,
        assistant.find,
        lambda: assistant.login("sms"),
        lambda: assistant.ask(RELATE, {}),
    ):
        with pytest.raises(ValueError):
            call()
    assert not assistant.file("1", "pdf").text


# --- Answers


@pytest.mark.parametrize("operation", sorted(ASSISTANT))
def test_a_success_with_failing_words_is_one_and_its_words_are_kept(operation):
    """The papers print 0000 under the failure as well: a copied example."""
    assert client().read(operation, raw(ok(None, "错误描述"))) == Told("错误描述")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (refused("错误描述"), Rejected),
        (refused("流水号0000不正确"), Rejected),
        (refused("发票重复报销"), Rejected),
        (refused("userKey已失效"), Rejected),
        (refused("userKey会话超时"), Rejected),
        (refused("参数0000", "10000"), Rejected),
        (refused("签名错误"), LoginRequired),
        (refused("sign invalid"), LoginRequired),
        (refused("没有接口权限"), LoginRequired),
        (refused("操作过于频繁"), RateLimited),
        (refused("access_token失效"), NotSent),
        (refused("系统异常"), OutcomeUnknown),
        (refused(""), OutcomeUnknown),
        ({"description": "0000"}, OutcomeUnknown),
        ({"errcode": None, "description": "成功"}, OutcomeUnknown),
        ("0000", OutcomeUnknown),
        ("", OutcomeUnknown),
        ("[]", OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("operation", sorted(ASSISTANT))
def test_what_an_answer_means(operation, body, kind):
    """assumption: the texts"""
    with pytest.raises(kind) as caught:
        client().read(operation, raw(body))
    assert type(caught.value) is kind
    if kind is Rejected:
        assert (caught.value.text, caught.value.code) == (body["description"], body["errcode"])


@pytest.mark.parametrize(("status", "kind"), [(404, NotSent), (403, LoginRequired), (400, OutcomeUnknown)])
def test_what_http_alone_says(status, kind):
    with pytest.raises(kind):
        client().read(RELATE, raw("no", status))
    with pytest.raises(OutcomeUnknown):
        client().read(RELATE, raw(ok(), 400))


def test_a_401_is_about_the_signature_or_the_token():
    with pytest.raises(LoginRequired):
        client().read(RELATE, raw("no", 401))
    with pytest.raises(NotSent):
        client().read(TELL_VOUCHER, raw("no", 401))


@pytest.mark.parametrize("text", ["单据不存在", "该分录已删除", "未查询到凭证", "消息不存在"])
def test_what_is_to_be_gone_may_be_gone(text):
    """assumption: the words. A repeated deletion must not end as a refusal."""
    for operation in ENDINGS:
        assert client().read(operation, raw(refused(text))) == Told(text)
    for operation in STATES:
        with pytest.raises(Rejected):
            client().read(operation, raw(refused(text)))
