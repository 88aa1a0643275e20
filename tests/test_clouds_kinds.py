"""Kinds of fapiao beyond the digital ones, how one order is handled, and the numbers of orders, at both clouds."""

import dataclasses
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds.base import FIND, ISSUE, WITHDRAW, NotFound, RawAnswer
from ..clouds.kingdee import callback
from ..clouds.kingdee import codes as kingdee_codes
from ..clouds.kingdee.fapiao import number_in
from ..clouds.piaodanyun import Piaodanyun
from ..clouds.writing import serial_of, uid_of
from ..rules import checks, codes
from ..rules.document import (
    DIGITAL,
    DIGITAL_PAPER,
    ELECTRONIC,
    ORDINARY,
    PAPER,
    ROLL,
    SPECIAL,
    Draft,
    from_plain,
    to_plain,
)
from ..rules.limits import Limits
from . import test_clouds_issue as bureau
from . import test_clouds_kingdee_fapiao as told
from . import test_clouds_kingdee_server as kingdee

CODE, SHORT = "031002600111", "00012345"
SHEET = {"paper_code": "3100223130", "paper_number": "00123456"}


def form_of(draft, **options):
    return bureau.client(**options).freeze(ISSUE, draft, bureau.UID)


def bill_of(draft, **options):
    (bill,) = kingdee.client(**options).freeze(ISSUE, draft, kingdee.UID)
    return bill


def on_paper(kind=SPECIAL, count=1, **changes):
    lines = bureau.DRAFT.lines * count
    return dataclasses.replace(bureau.DRAFT, type=kind, form=DIGITAL_PAPER, lines=lines, **{**SHEET, **changes})


def answered(operation, data):
    return bureau.client().read(operation, RawAnswer(200, json.dumps({"code": 200, "msg": "成功", "data": data})))


# --- 票单云: digital fapiao on paper


@pytest.mark.parametrize(("kind", "code", "sheet"), [(SPECIAL, "85", "1130"), (ORDINARY, "86", "04")])
def test_a_digital_one_on_paper_names_its_sheet(kind, code, sheet):
    """assumption: zpFppzDm, zzfpdm and zzfphm, which the paper doesn't list"""
    form = form_of(on_paper(kind))
    assert [form[key] for key in ("fplxdm", "zpFppzDm", "zzfpdm", "zzfphm")] == [
        code,
        sheet,
        SHEET["paper_code"],
        SHEET["paper_number"],
    ]


def test_the_kind_of_sheet_is_a_setting():
    assert form_of(on_paper(), paper_kind_special="1160")["zpFppzDm"] == "1160"
    assert form_of(on_paper(ORDINARY), paper_kind_ordinary="05")["zpFppzDm"] == "05"


@pytest.mark.parametrize(("count", "is_list"), [(8, False), (9, True)])
def test_more_than_eight_lines_are_a_list(count, is_list):
    assert ("qdbz" in form_of(on_paper(count=count))) == is_list


def test_an_electronic_one_names_no_sheet():
    form = form_of(dataclasses.replace(on_paper(count=9), form=DIGITAL))
    assert not {"qdbz", "zpFppzDm", "zzfpdm", "zzfphm"} & form.keys()


@pytest.mark.parametrize("form", [ELECTRONIC, PAPER, ROLL])
def test_what_the_cloud_has_no_code_for_is_not_frozen(form):
    with pytest.raises(ValueError, match="no code"):
        form_of(dataclasses.replace(bureau.DRAFT, form=form))


def test_the_answer_and_the_query_tell_the_sheet():
    issued = answered(
        ISSUE, {"Fphm": "24312000000136634917", "Kprq": "2024-05-14 10:00:00", "zzfpdm": CODE, "zzfphm": SHORT}
    )
    assert (issued.number, issued.code, issued.short_number) == ("24312000000136634917", CODE, SHORT)
    found = answered(FIND, {"fphm": "24312000000136634917", "fplxdm": "85", "fpdm": CODE, "zzfphm": SHORT})
    assert (found.type, found.form, found.code, found.short_number) == (SPECIAL, DIGITAL_PAPER, CODE, SHORT)


def test_half_a_sheet_is_none():
    found = answered(FIND, {"fphm": "24312000000136634917", "fplxdm": "82", "fpdm": "", "zzfphm": SHORT})
    assert (found.form, found.code, found.short_number) == (DIGITAL, "", "")


@pytest.mark.parametrize("reason", ["2", "3"])
def test_the_reason_for_three_percent_is_the_drafts(reason):
    """assumption: the two figures mean what the paper says; other sources have them the other way round"""
    assert form_of(dataclasses.replace(bureau.DRAFT, small_scale_reason=reason))["slsm"] == reason


# --- 金蝶发票云: fapiao by tax control device


@pytest.mark.parametrize(("pair", "code"), kingdee_codes.TYPES.items())
def test_a_bill_names_its_kind(pair, code):
    kind, form = pair
    assert bill_of(dataclasses.replace(kingdee.DRAFT, type=kind, form=form))["invoiceType"] == code
    assert (told.one(invoiceType=code).type, told.one(invoiceType=code).form) == pair


@pytest.mark.parametrize("pair", [(SPECIAL, ROLL), (SPECIAL, DIGITAL_PAPER)])
def test_a_bill_has_no_other_kind(pair):
    kind, form = pair
    with pytest.raises(ValueError, match="no code"):
        bill_of(dataclasses.replace(kingdee.DRAFT, type=kind, form=form))


def test_a_fapiao_with_a_code_is_known_by_both():
    one = told.one(invoiceType="026", invoiceCode=CODE, invoiceNum=SHORT)
    assert (one.number, one.code, one.short_number, one.form) == (CODE + SHORT, CODE, SHORT, ELECTRONIC)


@pytest.mark.parametrize("changes", [{"invoiceCode": ""}, {"invoiceCode": "12"}, {"invoiceNum": "123"}])
def test_half_a_number_is_none(changes):
    assert number_in({"invoiceCode": CODE, "invoiceNum": SHORT, **changes}) == ""


def test_a_code_beside_a_digital_number_is_not_its_own():
    one = told.one(invoiceCode=CODE)
    assert (one.number, one.code) == (kingdee.NUMBER, "")


def test_a_red_one_names_code_and_number_of_the_original():
    """assumption: originalInvoiceCode"""
    one = told.one(originalInvoiceCode=CODE, originalInvoiceNumber=SHORT)
    assert (one.color, one.original_number) == ("red", CODE + SHORT)


def test_a_picture_is_among_the_files():
    assert told.one(invoiceImageUrl="https://x.test/image").files.image == "https://x.test/image"
    bare = dict.fromkeys(("invoiceFileUrl", "invoicePdfFileUrl", "invoiceXmlFileUrl"), "")
    assert told.one(**bare, invoiceImageUrl="https://x.test/image").files.pdf == ""


def test_a_callback_tells_of_one_with_a_code():
    row = {"billNo": "B1", "invoiceCode": CODE, "invoiceNum": SHORT, "invoiceStatus": "0"}
    (news,) = callback.parse(json.dumps({"interfaceCode": "INVOICE.OPEN", "data": [row]}).encode())
    assert news.numbers == (CODE + SHORT,)
    red = {**row, "originalInvoiceCode": "3100223130", "originalInvoiceNumber": "00000001"}
    (news,) = callback.parse(json.dumps({"interfaceCode": "INVOICE.RED", "data": [red]}).encode())
    assert news.originals == ("310022313000000001",)


def test_one_with_a_code_is_looked_for_on_its_bill():
    listed = {**told.FAPIAO, "invoiceType": "026", "invoiceCode": CODE, "invoiceNum": SHORT}
    answer = kingdee.http(kingdee.ok([{"billNo": kingdee.UID, "invoiceList": [told.FAPIAO, listed]}]))
    with kingdee.cloud(BILL_INVOICE_QUERY=answer) as (client, server):
        found = client.find(kingdee.UID, CODE + SHORT, CODE)
        (asked,) = [kingdee.decoded(call.json["data"]) for call in kingdee.calls(server)]
    assert (found.number, found.code) == (CODE + SHORT, CODE)
    assert asked["serialNo"] == kingdee.UID
    assert "invoiceNum" not in asked


def test_one_with_a_code_and_no_bill_is_not_asked_for():
    assert isinstance(kingdee.client().find("", CODE + SHORT, CODE), NotFound)


# --- 金蝶发票云: how one bill is handled


HANDLED = ("autoInvoice", "autoMerge", "priority", "orgCode")
SETTINGS = {"auto_invoice": True, "auto_merge": True, "priority": "2", "org_code": "A"}


def handled(options, **changes):
    bill = bill_of(dataclasses.replace(kingdee.DRAFT, **changes), **options)
    return tuple(bill.get(key) for key in HANDLED)


def test_without_a_wish_the_account_decides():
    assert handled(SETTINGS) == ("1", "1", "2", "A")
    assert handled({"auto_invoice": False}) == ("0", "0", "0", None)


def test_a_wish_goes_before_the_account():
    wish = {"issue_at_once": False, "may_merge": False, "priority": "9", "organisation": "B"}
    assert handled(SETTINGS, **wish) == ("0", "0", "9", "B")
    assert handled({"auto_invoice": False}, issue_at_once=True, may_merge=True) == ("1", "1", "0", None)


def test_goods_codes_and_notes_are_settings():
    line = dataclasses.replace(kingdee.LINE, goods_code="P" * 40, note="N" * 200)
    draft = kingdee.with_lines(line)
    assert not {"goodsCode", "remark"} & bill_of(draft)["billDetail"][0].keys()
    (row,) = bill_of(draft, goods_codes=True, line_notes=True)["billDetail"]
    assert (row["goodsCode"], row["remark"]) == ("P" * 32, "N" * 100)


def test_bills_are_withdrawn_by_organisation():
    asked = {"request_uids": ["B1"], "organisation": "B"}
    assert kingdee.client(org_code="A").freeze(WITHDRAW, asked)["orgCode"] == "B"
    assert kingdee.client(org_code="A").freeze(WITHDRAW, {**asked, "organisation": ""})["orgCode"] == "A"


# --- What rules say


def problems(draft, **limits):
    return {problem.code for problem in checks.preflight(draft, Limits(**limits))} & {
        "form_unsupported",
        "form_unknown",
        "paper_number",
    }


@pytest.mark.parametrize(("cloud", "draft"), [(Piaodanyun, bureau.DRAFT), (kingdee.Kingdee, kingdee.DRAFT)])
@pytest.mark.parametrize("form", [DIGITAL, DIGITAL_PAPER, ELECTRONIC, PAPER, ROLL])
@pytest.mark.parametrize("kind", [SPECIAL, ORDINARY])
def test_what_a_cloud_cannot_issue_is_refused_before_sending(cloud, draft, form, kind):
    """The check and what can be frozen are one."""
    draft = dataclasses.replace(draft, type=kind, form=form, **SHEET)
    client = bureau.client() if cloud is Piaodanyun else kingdee.client()
    try:
        client.freeze(ISSUE, draft, kingdee.UID)
        is_frozen = True
    except ValueError:
        is_frozen = False
    assert ("form_unsupported" in problems(draft, kinds=frozenset(cloud.types))) != is_frozen


def test_an_unknown_form():
    assert problems(dataclasses.replace(bureau.DRAFT, form="stone")) == {"form_unknown"}


@pytest.mark.parametrize("changes", [{}, {"paper_code": "123"}, {"paper_number": ""}, {"paper_number": "1234567x"}])
def test_a_sheet_has_code_and_number(changes):
    draft = on_paper(**changes)
    assert problems(draft, paper_number_required=True) == ({"paper_number"} if changes else set())
    assert problems(draft) == set()


def test_a_draft_of_before_is_read_as_digital():
    data = to_plain(bureau.DRAFT)
    for name in ("form", "paper_code", "paper_number", "issue_at_once", "may_merge", "organisation", "priority"):
        data.pop(name)
    assert from_plain(data) == bureau.DRAFT


@given(st.booleans() | st.none(), st.booleans() | st.none())
def test_wishes_survive_storing(at_once, merge):
    draft = dataclasses.replace(bureau.DRAFT, issue_at_once=at_once, may_merge=merge, form=PAPER, priority="1")
    assert from_plain(json.loads(json.dumps(to_plain(draft))), Draft) == draft


@given(st.from_regex(r"[0-9]{10}([0-9]{2})?", fullmatch=True), st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_code_and_number_are_parted_again(code, number):
    assert codes.parted(codes.with_code(code, number), code) == (code, number)


def test_a_digital_number_has_no_parts():
    assert codes.parted("24312000000136634917", "") == ("", "24312000000136634917")
    assert codes.parted("24312000000136634917", CODE) == ("", "24312000000136634917")


@pytest.mark.parametrize(("number", "steps", "after"), [("00000099", 1, "00000100"), ("99999999", 1, ""), ("x", 1, "")])
def test_the_sheets_that_follow(number, steps, after):
    assert codes.following(number, steps) == after


# --- Numbers of orders


TAX_NUMBERS = st.from_regex(r"[0-9A-Z]{15,20}", fullmatch=True)


@given(TAX_NUMBERS, st.text(), st.text())
def test_an_order_number_fits_every_cloud(tax_no, seed, document):
    uid = uid_of(tax_no, seed, document)
    assert serial_of(uid) == uid
    assert uid.startswith(f"{tax_no}_")
    assert uid == uid_of(tax_no, seed, document)


@given(TAX_NUMBERS, st.text(), st.text(), st.text())
def test_another_seed_is_another_number(tax_no, seed, other, document):
    same = uid_of(tax_no, seed, document) == uid_of(tax_no, other, document)
    assert same == (seed == other)


def test_the_documents_number_can_be_read():
    assert re.fullmatch(
        r"91110114573192029X_INV202600042-[a-z2-7]{8}", uid_of("91110114573192029X", "s", "INV/2026/00042")
    )
    assert uid_of("91110114573192029X", "s", "发票/2026/7").startswith("91110114573192029X_20267-")


def test_of_a_long_number_the_end_is_kept():
    uid = uid_of("9" * 20, "s", "COMPANY/OUT/2026/12/000042")
    assert re.fullmatch(r"9{20}_2612000042-[a-z2-7]{8}", uid)


def test_without_a_document_the_digest_stands_alone():
    assert re.fullmatch(r"91110114573192029X_[a-z2-7]{20}", uid_of("91110114573192029X", "s"))
    assert Decimal(len(uid_of("9" * 15, "s"))) == 36
