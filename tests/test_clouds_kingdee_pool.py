"""金蝶发票云: what was collected before, the files of a document, and all that a pull can be narrowed to."""

import base64
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds import base
from ..clouds.addresses import is_path
from ..clouds.errors import NotSent, OutcomeUnknown, Rejected
from ..clouds.inbound import FILTERS, HEADER, POOL, RED_ITSELF, PullPage, PullWindow
from ..clouds.kingdee import Kingdee, pool
from ..clouds.kingdee.inbound_codes import FLAGS_ASKED, STATUS_ASKED
from .test_clouds_kingdee_inbound import NUMBER, ROW, answer, deduction
from .test_clouds_kingdee_server import TAX_NO, client, cloud, http, read

DAYS = {"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}
POOL_OPTIONS = {"pool_path": "/kapi/app/rim/deduction", "pool_interface": "poolQuery"}


def asked_of(server):
    """Return path and data of the last call, out of whatever body it travelled in."""
    request = server.requests[-1]
    data = request.json.get("data", request.json)
    return request.path, json.loads(base64.b64decode(data)) if isinstance(data, str) else data


# --- What a pull is narrowed to


def test_every_filter_travels():
    window = PullWindow(
        **DAYS,
        tax_period="202603",
        code="044002000111",
        number="12345678",
        seller_tax_no=TAX_NO,
        deduction="selected",
        status="void",
        type_code="4",
    )
    assert list(window.filters) == list(FILTERS)
    assert client().freeze(base.PULL_START, window)["searchOpt"] == {
        "taxPeriod": "202603",
        "invoiceCode": "044002000111",
        "invoiceNo": "12345678",
        "salerTaxNo": TAX_NO,
        "authenticateFlags": "2",
        "invoiceStatus": "2",
        "invoiceType": "4",
        "startTime": "2026-03-01",
        "endTime": "2026-03-31",
    }


@given(st.sampled_from(FILTERS), st.data())
def test_each_filter_changes_what_is_asked_and_nothing_else(name, data):
    words = {"deduction": FLAGS_ASKED, "status": STATUS_ASKED}.get(name)
    value = data.draw(st.sampled_from(sorted(words)) if words else st.text("0123456789ABC", min_size=1, max_size=20))
    plain = client().freeze(base.PULL_START, PullWindow(**DAYS))["searchOpt"]
    asked = client().freeze(base.PULL_START, PullWindow(**DAYS, **{name: value}))["searchOpt"]
    assert list(asked) == list(plain)
    (changed,) = [key for key in asked if asked[key] != plain[key]]
    assert asked[changed] == (words[value] if words else value)


def test_a_reversed_one_and_the_red_one_are_asked_apart():
    """assumption: 8 is the reversed blue one, 3 the red one"""
    codes = [STATUS_ASKED[status] for status in ("red", RED_ITSELF)]
    assert codes == ["8", "3"]


@pytest.mark.parametrize("filters", [{"status": "odd"}, {"deduction": "odd"}])
def test_a_filter_without_a_code(filters):
    with pytest.raises(ValueError, match="No code"):
        client().freeze(base.PULL_START, PullWindow(**DAYS, **filters))


def test_a_pull_needs_its_days():
    with pytest.raises(ValueError, match="between two days"):
        client().freeze(base.PULL_START, PullWindow(number=NUMBER))


# --- A pull that is answered at once


def test_asked_to_answer_at_once():
    at_once = client(pull_at_once=True).freeze(base.PULL_START, PullWindow(**DAYS))
    assert (at_once["asyncFlag"], client().freeze(base.PULL_START, PullWindow(**DAYS))["asyncFlag"]) == ("0", "1")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (answer({"asyncFlag": "0", "invoices": [ROW], "total": 1}), 1),
        (answer({"asyncFlag": "0", "dataList": []}), 0),
        (answer([ROW]), 1),
        (answer([]), 0),
        (answer(None, dataList=[ROW], totalElement=1), 1),
    ],
)
def test_an_answer_that_holds_what_was_found(body, count):
    task = read(base.PULL_START, body)
    assert (task.task_no, task.state, len(task.page.rows)) == ("", "complete", count)


def test_nothing_received_at_once():
    body = {"message": "未查询到发票数据", "errorCode": "9999", "status": False, "success": False}
    assert read(base.PULL_START, body).page == PullPage(total=0, text="未查询到发票数据")


def test_a_task_counts_more_than_what_lies_beside_it():
    task = read(base.PULL_START, answer({"asyncFlag": "1", "taskNo": "T", "invoices": []}))
    assert (task.task_no, task.page) == ("T", None)


def test_a_success_with_neither():
    with pytest.raises(OutcomeUnknown) as caught:
        read(base.PULL_START, answer({"asyncFlag": "0"}))
    assert caught.value.code == "unknown_shape"


# --- The pool


def test_only_an_account_that_says_how_queries_the_pool():
    assert not client().can(base.POOL_QUERY)
    assert not client(pool_path="/x").can(base.POOL_QUERY)
    assert client(**POOL_OPTIONS).can(base.POOL_QUERY)
    assert client(pool_path="/x", pool_style="plain").can(base.POOL_QUERY)
    with pytest.raises(ValueError, match="how the pool"):
        client().pool_page(PullWindow(**DAYS, kind=POOL), 1)


def test_a_page_of_the_pool():
    body = answer({"dataList": [ROW, {**ROW, "invoiceNo": NUMBER[:-1] + "4", "buyerTaxNo": TAX_NO}], "totalElement": 2})
    named = {"options": POOL_OPTIONS}
    with cloud(config_changes=named, deduction=deduction({"poolQuery": http(body)})) as (kingdee, server):
        page = kingdee.pool_page(PullWindow(**DAYS, kind=POOL, number=NUMBER), 3, 50)
        path, asked = asked_of(server)
    assert (len(page.rows), page.total, page.others) == (2, 2, ())
    assert path == "/kapi/app/rim/deduction"
    assert asked == {
        "taxNo": TAX_NO,
        "invoiceNo": NUMBER,
        "startTime": "2026-03-01",
        "endTime": "2026-03-31",
        "pageNo": 3,
        "pageSize": 50,
    }


def test_other_companies_of_the_tenant_are_left_out():
    other = {**ROW, "invoiceNo": NUMBER[:-1] + "4", "buyerTaxNo": "91310000MA1FL4ABCX"}
    page = pool.own(read(base.POOL_PAGE, answer({"data": [ROW, other], "totalElement": 2})), TAX_NO)
    assert ([row.number for row in page.rows], page.others) == ([NUMBER], (NUMBER[:-1] + "4",))


@pytest.mark.parametrize("name", ["dataList", "data", "invoice"])
def test_lists_and_totals_on_either_level(name):
    """assumption: as the lists of the vendor's other interfaces"""
    inside = read(base.POOL_PAGE, answer({name: [ROW], "totalElement": 7}))
    beside = read(base.POOL_PAGE, {**answer({name: [ROW]}), "totalElement": 7})
    if name != "data":
        top = read(base.POOL_PAGE, {**answer(), name: [ROW], "totalElement": "7"})
        assert top == inside
    assert (len(inside.rows), inside.total) == (1, 7)
    assert beside == inside


def test_keys_as_the_account_names_them():
    keys = "number = query.no + query.etaxInvoiceNo\ntax_no=companyTaxNo, page_size=\ndate_from=query.day.from"
    options = {**POOL_OPTIONS, "pool_keys": keys, "pool_from_zero": True}
    window = PullWindow(**DAYS, kind=POOL, number=NUMBER)
    asked = client(**options).freeze(base.POOL_PAGE, {"window": window, "page": 1})
    assert asked == {
        "companyTaxNo": TAX_NO,
        "query": {"no": NUMBER, "etaxInvoiceNo": NUMBER, "day": {"from": "2026-03-01"}},
        "endTime": "2026-03-31",
        "pageNo": 0,
    }


@pytest.mark.parametrize("text", ["number", "nummer=x", "number=a b", "number=.x", "=x", "number=x=y"])
def test_keys_that_name_nothing(text):
    assert Kingdee.problem_with("pool_keys", text)
    with pytest.raises(ValueError, match="no key"):
        pool.keys_of(text)


def test_keys_left_as_they_are():
    assert not Kingdee.problem_with("pool_keys", "")
    assert pool.keys_of("\n , ") == {name: (key,) for name, key in pool.KEYS.items()}


@given(st.text(max_size=60))
def test_any_text_of_keys_is_refused_or_read(text):
    """What the account's form accepts never fails in a call."""
    try:
        keys = pool.keys_of(text)
    except ValueError:
        assert Kingdee.problem_with("pool_keys", text)
        return
    assert set(keys) == set(pool.KEYS)
    assert not Kingdee.problem_with("pool_keys", text)


@pytest.mark.parametrize("style", ["message", "plain"])
def test_other_bodies_of_the_pool(style):
    options = {"pool_path": "/kapi/app/rim/poolQuery", "pool_interface": "poolQuery", "pool_style": style}
    body = {"success": "true", "errorCode": "0000", "message": "ok", "data": {"dataList": [ROW]}}
    ways = {"deduction": http(body)}
    options["pool_path"] = "/kapi/app/rim/deduction"
    with cloud(config_changes={"options": options}, **ways) as (kingdee, server):
        page = kingdee.pool_page(PullWindow(**DAYS, kind=POOL), 1)
        sent = server.requests[-1].json
    assert len(page.rows) == 1
    data = sent["data"] if style == "message" else sent
    assert (data["taxNo"], data["pageNo"]) == (TAX_NO, 1)
    assert (style == "message") == (sent.get("messageType") == "poolQuery")
    assert "interfaceCode" not in sent


def test_a_path_stays_behind_the_address():
    bad = ["", "x", "//evil.example/x", "@evil.example", "/a/../b", "/a?b", "/a#b", "/a b", "/a/", "/a\n"]
    assert not any(map(is_path, bad))
    assert all(map(is_path, ["/api/login.do", "/kapi/app/rim/queryCover", "/a-b_c/~d"]))
    for name in Kingdee.path_settings:
        assert not Kingdee.problem_with(name, "")
        assert all(Kingdee.problem_with(name, path) for path in bad[1:])
    with cloud(config_changes={"options": {"app_token_path": "@evil.example/x"}}) as (kingdee, server):
        with pytest.raises(NotSent):
            kingdee.test()
        assert not server.requests


# --- What lies on a document


def test_a_documents_fapiao_and_files():
    files = {
        "cover": [{"localUrl": "https://f/c.pdf", "coverNo": "C1", "snapshotUrl": "", "fileType": "1"}],
        "attachment": [
            {
                "attachmentName": "合同",
                "localUrl": "https://f/a",
                "snapshotUrl": "https://f/s",
                "serialNo": "s1",
                "remark": "r",
                "attachmentType": 2,
            },
            {"attachmentName": "nowhere"},
        ],
    }
    found = read(base.DOCUMENT_FILES, {"success": True, "errorCode": "0000", "data": files, "invoice": [ROW]})
    assert [row.number for row in found.fapiao] == [NUMBER]
    cover, attachment = found.files
    assert (cover.role, cover.kind, cover.number, cover.address) == ("cover", "pdf", "C1", "https://f/c.pdf")
    assert (attachment.role, attachment.kind, attachment.name, attachment.serial_no, attachment.remark) == (
        *("attachment", "image", "合同", "s1", "r"),
    )
    assert attachment.snapshot == "https://f/s"


def test_a_document_with_nothing_on_it():
    for data in ({}, {"cover": [], "attachment": []}):
        found = read(base.DOCUMENT_FILES, {"success": True, "errorCode": "0000", "data": data, "invoice": []})
        assert (found.fapiao, found.files) == ((), ())
    with pytest.raises(OutcomeUnknown) as caught:
        read(base.DOCUMENT_FILES, {"success": True, "errorCode": "0000", "data": {"other": 1}})
    assert caught.value.code == "unknown_shape"


def test_a_document_is_asked_without_envelope():
    assert client().freeze(base.DOCUMENT_FILES, {"kind": "ap_finapbill", "key": "42"}) == {
        "billType": "ap_finapbill",
        "billId": "42",
    }
    with pytest.raises(ValueError, match="a kind and a key"):
        client().freeze(base.DOCUMENT_FILES, {"kind": "", "key": "42"})


def test_a_refused_question_is_no_rejected_order():
    body = {"message": "单据不存在", "errorCode": "9999", "status": False, "success": False}
    with pytest.raises(Exception) as caught:
        read(base.DOCUMENT_FILES, body)
    assert not isinstance(caught.value, Rejected)


def test_who_is_logged_in():
    told = {
        "loginType": 1,
        "companyName": "某某公司",
        "taxNo": TAX_NO,
        "companyType": "1",
        "etaxAccountType": 3,
        "skssq": "202603;2026-04-15;202603",
        "gxrqfw": "2017-01-01-2026-03-31",
        "city": "深圳",
    }
    session = read(base.BUREAU_LOGIN, answer(told))
    assert (session.tax_no, session.company_type, session.account_type, session.city) == (TAX_NO, "1", "3", "深圳")
    assert (session.period, session.select_days) == (told["skssq"], told["gxrqfw"])


def test_windows_are_values():
    window = PullWindow(**DAYS)
    assert (window.kind, window.filters) == (HEADER, {})
    assert replace(window, number="1").filters == {"number": "1"}
