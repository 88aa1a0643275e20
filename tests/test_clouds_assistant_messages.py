"""金蝶发票助手: messages – saveBill in its four shapes, saveEntrys, updateInvoice, and others."""

import json
from decimal import Decimal

import pytest

from ..clouds import reading
from ..clouds.kingdee.assistant import messages
from ..clouds.picking import COST, GOODS, PAYEE, SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE, Group
from .test_clouds_assistant_server import pushed

HEAD = {"billnumber": "2018-11-28-0001", "bxd_key": "doc-key=", "userid": "eid-1"}
ONE, TWO, THREE = "e7601aa2-fake-0", "e7fde3ad-fake-0", "a1b2c3d4-fake-0"


def read(message, number="m1"):
    """Return the message as the long poll brings it, decimals exact."""
    text = json.dumps(pushed(message, number), ensure_ascii=False)
    return messages.read(reading.loads(text)["data"])


def bill(**data):
    return read({"type": "saveBill", "data": {**HEAD, **data}})


# --- saveBill

EXPENSE_ROW = {
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
    "sallerTaxNo": "440301000000000",
    "buyerName": "测试公司",
    "buyerTaxNo": "440301000000001",
}


def test_an_expense_claim():
    message = bill(
        data=[EXPENSE_ROW], invoiceSerialNos=f"{ONE},{TWO}", invoicesAmount=178860, isElectronicInvoice=False
    )
    assert (message.id, message.kind) == ("m1", SAVE_BILL)
    assert (message.key, message.number, message.user) == ("doc-key=", "2018-11-28-0001", "eid-1")
    assert message.serials == (ONE, TWO, "1125866"), "the number as text, and each once"
    assert message.renamed == ()
    assert message.groups == ()
    assert (message.total, message.tax, message.is_electronic) == (178860, None, False)


@pytest.mark.parametrize(
    ("told", "meant"),
    [(True, True), ("true", True), ("1", True), (False, False), ("否", False), (None, None), ("?", None), ([], None)],
)
def test_whether_all_are_electronic(told, meant):
    assert bill(data=[EXPENSE_ROW], isElectronicInvoice=told).is_electronic is meant


@pytest.mark.parametrize(
    ("told", "meant"), [(3, 3), ("3", 3), (0, 0), (-1, None), ("2.5", None), ("x", None), (10**30, None), ("NaN", None)]
)
def test_how_many(told, meant):
    assert bill(data=[EXPENSE_ROW], allSize=told).count == meant


def test_files_that_are_no_tickets():
    assert bill(data=[], attachmentSerialNos=f"{ONE},{TWO}").attachments == (ONE, TWO)


def test_a_travel_claim():
    message = bill(
        data=[
            {
                "invoiceData": [
                    {"serialNo": ONE, "classify": "other", "salerAccount": "银行1", "airItemsArr": []},
                    {"serialNo": TWO},
                ],
                "totalAmount": 60.3,
                "amount": 54.97,
                "costName": "其他费用",
                "size": 2,
                "costType": "other",
                "taxAmount": 6.33,
                "invoiceDate": "2018-09-29",
            },
            {"invoiceData": [{"serialNo": THREE}], "costType": "train", "costName": "火车"},
        ],
        invoicesTotalAmount=76.98,
        allSize=3,
        invoiceSerialNos=f"{ONE},{TWO}",
    )
    assert message.serials == (ONE, TWO, THREE)
    assert (message.total, message.count) == (Decimal("76.98"), 3)
    amounts = {"amount": Decimal("54.97"), "tax": Decimal("6.33"), "total": Decimal("60.30")}
    assert message.groups == (
        Group(COST, (ONE, TWO), cost_code="other", cost_name="其他费用", size=2, date="2018-09-29", **amounts),
        Group(COST, (THREE,), cost_code="train", cost_name="火车"),
    )


def test_a_kind_of_cost_that_only_its_tickets_name():
    rows = [{"serialNo": ONE, "classify": "city", "classifyName": "市内交通费"}]
    (group,) = bill(data=[{"invoiceData": rows}]).groups
    assert (group.cost_code, group.cost_name) == ("city", "市内交通费")


@pytest.mark.parametrize("tickets", [[ONE, TWO], f"{ONE},{TWO}", [{"serialNo": ONE}, {"serialNo": TWO}]])
def test_a_purchase(tickets):
    message = bill(
        type="savebill",
        invoiceSerialNos=f"{ONE},{TWO}",
        data={
            "buyerInfo": [{"buyerName": "供应商", "buyerTaxNo": "9144", "buyerAccount": "银行1"}],  # the payee
            "purchaseInfo": [
                {
                    "salerName": "供应商",
                    "salerTaxNo": "9144",
                    "goodsName": "*纸*复印纸",
                    "goodsCode": "1060105040000000000",
                    "invoiceDate": "2020-01-01",
                    "unit": "箱",
                    "num": "2",
                    "unitPrice": "56.5",
                    "detailAmount": "113.00",
                    "taxAmount": "13",
                    "size": "1",
                    "invoiceData": tickets,
                },
                {"salerName": "别家", "goodsName": "*笔*笔", "invoiceData": []},
            ],
        },
    )
    assert message.serials == (ONE, TWO)
    assert message.groups == (
        Group(
            GOODS,
            (ONE, TWO),
            payee_name="供应商",
            payee_tax_no="9144",
            payee_account="银行1",
            goods_name="*纸*复印纸",
            goods_code="1060105040000000000",
            unit="箱",
            quantity=Decimal(2),
            price=Decimal("56.5"),
            amount=Decimal(113),
            tax=Decimal(13),
            size=1,
            date="2020-01-01",
        ),
        Group(GOODS, payee_name="别家", goods_name="*笔*笔"),
    )


def test_a_payment_to_companies():
    row = {"salerName": "甲", "salerTaxNo": "91A", "salerAddressPhone": "地址", "salerAccount": "银行1"}
    message = bill(
        type="savebill",
        invoicesTotalAmount=1000,
        data=[
            {**row, "totalAmount": "100.10", "taxAmount": 10, "serialNo": ONE, "goodsName": "*纸*纸"},
            {**row, "totalAmount": "0.20", "taxAmount": 0.1, "serialNo": TWO},
            {**row, "salerAccount": "银行2", "totalAmount": "", "serialNo": THREE},
        ],
    )
    assert message.serials == (ONE, TWO, THREE)
    payee = {"payee_name": "甲", "payee_tax_no": "91A", "payee_address": "地址"}
    amounts = {"tax": Decimal("10.10"), "total": Decimal("100.30")}
    assert message.groups == (
        Group(PAYEE, (ONE, TWO), payee_account="银行1", goods_name="*纸*纸", **payee, **amounts),
        Group(PAYEE, (THREE,), payee_account="银行2", **payee),
    )


def test_a_bill_without_tickets():
    message = bill(data=[], invoiceSerialNos="")
    assert (message.kind, message.serials) == (SAVE_BILL, ())


def test_serials_as_a_list():
    assert bill(data=[], invoiceSerialNos=[ONE, 12]).serials == (ONE, "12")


# --- saveEntrys

ENTRY = {"fplx": "1", "spbm": "", "fpdm": "044", "fphm": "1", "jshj": 10.5, "kprq": "2020-01-01", "se": 0.5}


def entries(**data):
    return read({"type": "saveEntrys", "data": {"bxd_key": "doc-key=", "branch_id": "L1", **data}})


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: [row], lambda row: json.dumps([row])])
def test_a_line_with_one_ticket(wrap):
    message = entries(list=wrap({**ENTRY, "fid": ONE}))
    assert (message.kind, message.key, message.serials) == (SAVE_ENTRIES, "doc-key=", (ONE,))
    assert message.line == "L1"


def test_a_line_with_several_tickets():
    message = entries(list=[{**ENTRY, "fid": ONE}, {**ENTRY, "fid": TWO}])
    assert message.serials == (ONE, TWO)


def test_a_line_by_costs_names_each_ticket_once():
    cost = {"invoiceData": [{"fid": ONE}], "costType": "t", "costName": "差旅", "totalAmount": "10.5"}
    message = entries(list=[{**ENTRY, "fid": ONE}, {**ENTRY, "fid": TWO}], traList=[cost])
    assert message.serials == (ONE, TWO)
    assert message.groups == (Group(COST, (ONE,), cost_code="t", cost_name="差旅", total=Decimal("10.5")),)


@pytest.mark.parametrize("left", [[], {}, {"fid": ""}, None])
def test_an_emptied_line(left):
    message = entries(list=left, traList=[{"invoiceData": []}])
    assert message.serials == ()
    assert message.groups == ()


# --- updateInvoice


def test_an_edited_ticket():
    row = {key: value for key, value in EXPENSE_ROW.items() if key != "goodsCood"}
    message = read({"type": "updateInvoice", "data": {**HEAD, "data": {**row, "goodsCode": "101"}}})
    assert (message.kind, message.key, message.user) == (UPDATE_INVOICE, "doc-key=", "eid-1")
    assert (message.serials, message.renamed) == (("1125866",), (("", "1125866"),))


@pytest.mark.parametrize(("old", "renamed"), [(ONE, ((ONE, TWO),)), (TWO, ())])
def test_a_ticket_whose_serial_number_is_told_with_the_old_one(old, renamed):
    """assumption: the key of the old one"""
    message = read({"type": "updateInvoice", "data": {"data": {"serialNo": TWO, "oldSerialNo": old}}})
    assert (message.serials, message.renamed) == ((TWO,), renamed)


# --- How they come


@pytest.mark.parametrize("layers", [1, 2])
def test_json_text_within_json(layers):
    message = {"type": "saveBill", "data": json.dumps({**HEAD, "data": [{"serialNo": ONE}]})}
    for _layer in range(layers):
        message = json.dumps(message)
    found = read(message)
    assert (found.kind, found.serials) == (SAVE_BILL, (ONE,))
    assert found.raw["type"] == "saveBill"


def test_an_answer_whose_data_is_text():
    inner = json.dumps({"data": {"type": "saveBill", "data": {"data": []}}, "msgId": 77})
    assert messages.read(inner).id == "77"


def test_a_bare_message_as_a_socket_hands_it_over():
    found = messages.read({"type": "saveBill", "data": {"data": [{"serialNo": ONE}]}})
    assert (found.id, found.serials) == ("", (ONE,))


def test_the_first_of_several():
    assert messages.read([{"msgId": "1", "data": {"type": "a"}}, {"msgId": "2", "data": {}}]).id == "1"


def test_an_unknown_message_is_kept():
    told = {"type": "saveAttachment", "data": {**HEAD, "invoiceSerialNos": ONE, "x": [1.10]}}
    found = read(told)
    assert (found.kind, found.key, found.serials) == ("saveAttachment", "doc-key=", (ONE,))
    assert found.raw["data"]["x"] == ["1.1"]
    assert "saveAttachment" not in repr(found).partition("kind=")[0]


@pytest.mark.parametrize("told", ["hello", [], {}, "", None, 7, {"type": ["x"]}])
def test_a_message_without_sense_can_still_be_acknowledged(told):
    found = read(told)
    assert (found.id, found.kind, found.serials) == ("m1", "", ())


def test_spellings_of_its_keys():
    assert read({"type": "SAVEBILL", "data": {"billNumber": "B1", "data": []}}).number == "B1"


@pytest.mark.parametrize("data", [None, "", {}, [], "x", 7, {"data": None}, {"msgId": "", "data": ""}])
def test_no_message(data):
    assert messages.read(data) is None
