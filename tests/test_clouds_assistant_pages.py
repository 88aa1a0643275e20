"""金蝶发票助手: keys, pages, the long poll, and questions for tickets."""

from dataclasses import asdict
from urllib.parse import parse_qs, urlsplit

import pytest

from ..clouds.base import TokenSlot
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, Rejected
from ..clouds.kingdee.assistant import Assistant
from ..clouds.picking import (
    DOCUMENT_PAGE,
    EDIT_PAGE,
    GRIDS,
    LINE_EDIT_PAGE,
    LINE_PAGE,
    PICK_PAGE,
    SHOW_PAGE,
    TRAVEL,
    Socket,
    Visit,
)
from .test_clouds_assistant_server import CLIENT_ID, SECRETS, TAX_NO, calls, client, cloud, config, ok, pushed, refused
from .test_clouds_server import http, reset, silence

BASE = "https://cloud.example.com/test"
SAVED = {"type": "saveBill", "data": {"bxd_key": "k", "data": [{"serialNo": "s1"}]}}


# --- Keys


def test_a_link_key():
    with cloud(link=ok("link-1")) as (assistant, server):
        assert assistant.link_key() == "link-1"
    (call,) = server.requests
    assert (call.method, call.path, call.body) == ("POST", "/test/m4/fpzs/getLinkKey", b"")


def test_a_user_key_for_a_document():
    visit = Visit(user="eid-1", key="doc=", number="BX-1", company="测试公司", random="r1", rules="11010")
    with cloud(user=ok({"userKey": "u1"})) as (assistant, server):
        assert assistant.user_key(visit) == "u1"
    body = calls(server)[0].json
    assert {"client_id", "timestamp", "sign"} <= set(body)
    assert {key: body[key] for key in body if key not in ("client_id", "timestamp", "sign")} == {
        "tin": TAX_NO,
        "ghf_mc": "测试公司",
        "eid": "eid-1",
        "billNumber": "BX-1",
        "bxd_key": "doc=",
        "random": "r1",
        "ticketParam": "11010",
        "billType": "",
    }


def test_a_user_key_with_everything():
    visit = Visit(
        user="e",
        key="k",
        kind=TRAVEL,
        tax_no="OTHER",
        line="L1",
        serials=("s1", "s2"),
        attachments=("a1", "a2"),
        buyer_account="中国银行 6222",
        buyer_address="深圳 0755-1",
    )
    with cloud(user=[ok({"userKey": "u1"}), ok({"userKey": "u2"})]) as (assistant, server):
        assistant.user_key(visit)
        assistant.user_key(visit)
    first, second = (call.json for call in calls(server))
    optional = ("branch_id", "invoiceSerialNos", "attachmentSerialNos", "buyerAccount", "buyerAddressPhone")
    assert [first[key] for key in optional] == ["L1", "s1,s2", "a1,a2", "中国银行 6222", "深圳 0755-1"]
    assert (first["tin"], first["billType"]) == ("OTHER", "Tra")
    assert first["random"] and first["random"] != second["random"], "drawn where none is given"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ok({}), OutcomeUnknown),
        (ok({"userKey": ["x"]}), OutcomeUnknown),
        (ok("a b"), OutcomeUnknown),
        (refused("企业未开通"), Rejected),
        (refused("签名错误"), LoginRequired),
        (http("no", status="401 No"), LoginRequired),
        (http("no", status="404 No"), NotSent),
    ],
)
def test_no_user_key(answer, kind):
    with cloud(user=answer) as (assistant, _server), pytest.raises(kind):
        assistant.user_key(Visit("e", "k"))


# --- Pages


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (
            PICK_PAGE,
            {"link_key": "l"},
            "/m4-web/fpzs/index?userKey=u&linkKey=l&gridParam=1111&sourceType=polling",
        ),
        (LINE_EDIT_PAGE, {"link_key": "l"}, "/m4-web/fpzs/expense/branch/update?userKey=u&linkKey=l"),
        (LINE_PAGE, {}, "/m4-web/fpzs/expense/branch/info?userKey=u"),
        (DOCUMENT_PAGE, {}, "/m4-web/fpzs/expense/invoice/list?userKey=u"),
        (SHOW_PAGE, {"serial_no": "s"}, "/m4-web/fpzs/expense/showInvoice?userKey=u&serialNo=s"),
        (
            EDIT_PAGE,
            {"serial_no": "s", "link_key": "l"},
            "/m4-web/fpzs/invoice/update?userKey=u&serialNo=s&linkKey=l",
        ),
        (EDIT_PAGE, {"serial_no": "s"}, "/m4-web/fpzs/invoice/update?userKey=u&serialNo=s"),
    ],
)
def test_the_address_of_a_page(kind, values, expected):
    assert client().page(kind, "u", **values) == BASE + expected


@pytest.mark.parametrize("grid", GRIDS)
def test_the_ways_to_add_fapiao_are_a_setting(grid):
    address = client(options={"grid": grid}).page(PICK_PAGE, "u", "l")
    assert parse_qs(urlsplit(address).query)["gridParam"] == [grid]


def test_pages_may_lie_elsewhere():
    assistant = client(options={"page_url": "https://pages.example.com/"})
    assert assistant.page(LINE_PAGE, "u").startswith("https://pages.example.com/m4-web/")


def test_how_the_page_is_to_send():
    assert client(options={"announce": "socket"}).page(PICK_PAGE, "u", "l").endswith("&sourceType=socket")
    assert client(options={"announce": ""}).page(PICK_PAGE, "u", "l").endswith("&sourceType=polling")


def test_keys_are_escaped():
    nasty = "a&b=c d#e?f/g+中%41"
    address = client().page(SHOW_PAGE, nasty, serial_no=nasty)
    assert parse_qs(urlsplit(address).query) == {"userKey": [nasty], "serialNo": [nasty]}
    assert not urlsplit(address).fragment and " " not in address


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (PICK_PAGE, {"user_key": "u"}),
        (LINE_PAGE, {"user_key": ""}),
        (SHOW_PAGE, {"user_key": "u"}),
        (EDIT_PAGE, {"user_key": "u", "link_key": "l"}),
        ("elsewhere", {"user_key": "u"}),
    ],
)
def test_a_page_that_lacks_something(kind, values):
    with pytest.raises(ValueError):
        client().page(kind, **values)


def test_a_page_under_no_address():
    with pytest.raises(NotSent):
        client(options={"page_url": "cloud"}).page(LINE_PAGE, "u")


# --- The socket


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://link.example.com", "https://link.example.com", "/socket.io"),
        ("https://link.example.com:8443/", "https://link.example.com:8443", "/socket.io"),
        ("https://link.example.com/a/link.example.com/", "https://link.example.com", "/a/link.example.com/socket.io"),
        ("http://127.0.0.1:8900/assistant", "http://127.0.0.1:8900", "/assistant/socket.io"),
    ],
)
def test_where_a_browser_listens(url, origin, path):
    socket = client(options={"link_url": url, "link_version": "4"}).socket("l")
    assert socket == Socket(origin, path, 4, {"userId": "l"}, "l")
    assert "'l'" not in repr(socket), "the key stays out of logs"


def test_a_socket_speaks_the_papers_version_unless_told():
    assert client(options={"link_url": "https://link.example.com"}).socket("l").version == 3


def test_a_socket_holds_nothing_but_the_key():
    socket = client(options={"link_url": "https://link.example.com"}).socket("l")
    told = str(asdict(socket))
    assert not any(secret in told for secret in (CLIENT_ID, *SECRETS.values(), TAX_NO, "sign"))


@pytest.mark.parametrize(("url", "key"), [("", "l"), ("https://link.example.com", "")])
def test_no_socket(url, key):
    assert client(options={"link_url": url}).socket(key) is None


@pytest.mark.parametrize("url", ["link", "http://link.example.com", "https://u@link.example.com", "https://a?b"])
def test_a_socket_under_no_address(url):
    with pytest.raises(NotSent):
        client(options={"link_url": url}).socket("l")


# --- The long poll


def test_a_message():
    with cloud(poll=pushed(SAVED)) as (assistant, server):
        message = assistant.poll("link 1&x")
    assert (message.id, message.key, message.serials) == ("m1", "k", ("s1",))
    (call,) = calls(server)
    assert (call.method, call.query) == ("GET", {"access_token": "T1", "key": "link 1&x"})


@pytest.mark.parametrize(
    "answer",
    [
        ok(),
        ok({}),
        ok(""),
        ok([]),
        http(""),
        http("null"),
        http("", status="204 No Content"),
        http("late", status="408 Timeout"),
        http("late", status="504 Gateway Timeout"),
        refused("暂无消息"),
        refused("请求超时", "0001"),
    ],
)
def test_no_message(answer):
    """assumption: how an empty poll looks; no source shows one"""
    with cloud(poll=answer) as (assistant, _server):
        assert assistant.poll("l") is None


def test_silence_is_no_message():
    with cloud(poll=silence) as (assistant, server):
        assert assistant.poll("l", wait=1) is None
        assert len(calls(server)) == 1, "and it is not asked again by itself"


def test_an_answer_that_stops_halfway_is_no_message():
    def halfway(sock, server):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        server.stopped.wait(10)

    with cloud(poll=halfway) as (assistant, _server):
        assert assistant.poll("l", wait=1) is None


def test_a_poll_waits_longer_than_other_calls():
    with cloud(poll=ok(), config_changes={"read_timeout": 0.2, "total_timeout": 0.4}) as (assistant, server):
        server.script.answers["poll"] = lambda sock, server: server.stopped.wait(0.6) or http(pushed(SAVED))
        assistant.prepare()
        assert assistant.poll("l", wait=5).id == "m1"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused("key错误"), Rejected),
        (refused("没有接口权限"), LoginRequired),
        (reset, OutcomeUnknown),
        (http("<html>"), OutcomeUnknown),
        (http("", status="500 No"), OutcomeUnknown),
    ],
)
def test_a_poll_that_fails(answer, kind):
    with cloud(poll=answer) as (assistant, _server), pytest.raises(kind):
        assistant.poll("l")


def test_a_poll_without_a_cloud():
    with Assistant(config("http://127.0.0.1:9"), TokenSlot("T")) as assistant, pytest.raises(NotSent):
        assistant.poll("l")


def test_the_code_of_an_empty_poll_can_be_set():
    with cloud(poll=refused("x", "0815"), config_changes={"options": {"quiet_codes": "1, 0815"}}) as (
        assistant,
        _server,
    ):
        assert assistant.poll("l") is None


def test_a_refused_token_is_renewed_under_a_poll():
    with cloud(TokenSlot("OLD"), poll=[refused("token已失效"), pushed(SAVED)]) as (assistant, server):
        assert assistant.poll("l").id == "m1"
    assert [call.query["access_token"] for call in calls(server)] == ["OLD", "T1"]


# --- Questions for tickets


def test_tickets_are_asked_in_lots_of_fifty():
    serials = [f"s{place}" for place in range(120)]
    rows = [{"serialNo": serial, "invoiceType": "8"} for serial in serials]
    with cloud(detail=[ok(rows[:50]), ok(rows[50:100]), ok(rows[100:])]) as (assistant, server):
        found = assistant.tickets([*serials, "s1", ""])
    assert [one.state.serial_no for one in found] == serials
    asked = [call.json["fid"].split(",") for call in calls(server)]
    assert [len(lot) for lot in asked] == [50, 50, 20]
    assert sum(asked, []) == serials, "each once"
    assert {"client_id", "timestamp", "sign"} <= set(calls(server)[0].json)


def test_nothing_is_asked_for_no_tickets():
    with cloud() as (assistant, server):
        assert assistant.tickets([]) == ()
        assert not server.requests


def test_the_tickets_of_a_document():
    rows = [{"serialNo": "s1", "invoiceType": "8", "expenseStatus": "60"}]
    with cloud(document=ok(rows)) as (assistant, server):
        (ticket,) = assistant.document_tickets("u1", "BX-1")
    assert (ticket.state.serial_no, ticket.state.claim) == ("s1", "60")
    assert calls(server)[0].json == {"userKey": "u1", "billNumber": "BX-1"}


def test_a_refused_question():
    with cloud(detail=refused("错误描述"), document=refused("userKey已失效")) as (assistant, _server):
        with pytest.raises(Rejected, match="错误描述"):
            assistant.tickets(["s1"])
        with pytest.raises(Rejected, match="userKey"):
            assistant.document_tickets("u", "BX-1")


# --- Files


def test_files_at_an_address():
    with cloud() as (assistant, server):
        server.script = lambda request: http(b"\x89PNG..." if "png" in request.path else b"%PDF-1.7")
        assert assistant.file_at(server.url + "/a.png", "image").startswith(b"\x89PNG")
        assert assistant.file_at(server.url + "/a.pdf", "pdf") == b"%PDF-1.7"
        with pytest.raises(OutcomeUnknown):
            assistant.file_at(server.url + "/a.pdf", "ofd")
        with pytest.raises(ValueError):
            assistant.file_at(server.url, "exe")
        assert assistant.file_at("", "pdf").code == "no_address"
