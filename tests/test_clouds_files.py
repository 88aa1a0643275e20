"""票单云: the files of a fapiao, handed out or at an address."""

import base64
import io
import zipfile
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds import files
from ..clouds.base import NotFound
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown
from . import test_clouds_seed as seed
from .test_clouds_server import TAX_NO, cloud, http, reset

NUMBER = "24112000000064654320"
WHEN = datetime(2024, 6, 19, 11, 34, 7, tzinfo=timezone.utc)
CONTENTS = {
    "pdf": b"%PDF-1.7\n\x00\xff",
    "ofd": b"PK\x03\x04\x14\x00",
    "xml": '\ufeff<?xml version="1.0"?><EInvoice/>'.encode(),
}


def handed_out(content):
    return http({"code": 200, "msg": "成功", "data": base64.b64encode(content).decode(), "total": 0})


def addresses(server_url, **more):
    data = {f"{kind}Url": f"{server_url}/files/{kind}?Fphm=1" for kind in CONTENTS}
    return {"code": 200, "msg": "成功", "data": {**data, **more}}


def by_flag(first, second=None):
    """Answer ``first`` to flags 1–3 and the addresses (or ``second``) to flag 4."""

    def answer(request):
        if request.form["downflag"] != "4":
            return first
        return second or http(addresses("http://" + request.headers["host"]))

    return answer


def flags(server):
    return [request.form["downflag"] for request in server.requests if "getInvoicePdfOfd" in request.path]


@pytest.mark.parametrize(("kind", "flag"), [("pdf", "1"), ("ofd", "2"), ("xml", "3")])
def test_a_file_that_is_handed_out(kind, flag):
    with cloud(getInvoicePdfOfd=handed_out(CONTENTS[kind])) as (client, server):
        assert client.file(NUMBER, kind, WHEN) == CONTENTS[kind]
    assert server.requests[1].form == {
        "username": "13800000000",
        "downflag": flag,
        "nsrsbh": TAX_NO,
        "fphm": NUMBER,
        "kprq": "20240619193407",
    }


def test_with_a_seal_and_without_a_date():
    changes = {"options": {"tenant_number": 1, "add_seal": True}}
    with cloud(config_changes=changes, getInvoicePdfOfd=handed_out(CONTENTS["pdf"])) as (client, server):
        client.file(NUMBER, "pdf")
    assert server.requests[1].form["addSeal"] == "1"
    assert "kprq" not in server.requests[1].form


def test_a_naive_date_is_refused():
    with cloud() as (client, _server), pytest.raises(ValueError, match="naive"):
        client.file(NUMBER, "pdf", datetime(2024, 1, 1))


def test_a_kind_nobody_knows():
    with cloud() as (client, _server), pytest.raises(ValueError, match="docx"):
        client.file(NUMBER, "docx")


@pytest.mark.parametrize(
    "first",
    [
        http(seed.FILE_BASE64),
        handed_out(b"<html>not logged in</html>"),
        handed_out(b"PK\x03\x04"),
        http({"code": 200, "data": None}),
        http({"code": 200, "data": ""}),
        http({"code": 200, "data": 5}),
    ],
)
def test_from_its_address_where_the_cloud_hands_out_nothing_of_use(first):
    with cloud(getInvoicePdfOfd=by_flag(first), pdf=http(CONTENTS["pdf"])) as (client, server):
        assert client.file(NUMBER, "pdf", WHEN) == CONTENTS["pdf"]
        assert flags(server) == ["1", "4"]
        assert "authorization" not in server.requests[-1].headers


def test_addresses_given_at_once_are_used():
    def answer(request):
        return http(addresses("http://" + request.headers["host"]))

    with cloud(getInvoicePdfOfd=answer, xml=http(CONTENTS["xml"])) as (client, server):
        assert client.file(NUMBER, "xml", WHEN) == CONTENTS["xml"]
        assert flags(server) == ["3"]


# ------------------------------------------------------------------ an XML in a ZIP


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


XML = CONTENTS["xml"]


def test_an_xml_in_a_zip_is_the_xml():
    packed = zipped(("发票/26442.XML", XML), ("readme.txt", b"x"))
    with cloud(getInvoicePdfOfd=handed_out(packed)) as (client, _server):
        assert client.file(NUMBER, "xml", WHEN) == XML
    with cloud(getInvoicePdfOfd=by_flag(http({"code": 200})), xml=http(packed)) as (client, _server):
        assert client.file(NUMBER, "xml", WHEN) == XML


LOCKED = bytearray(zipped(("a.xml", XML), method=zipfile.ZIP_STORED))
LOCKED[6] |= 1
LOCKED[LOCKED.index(b"PK\x01\x02") + 8] |= 1


@pytest.mark.parametrize(
    "content",
    [
        zipped(("a.txt", XML)),
        zipped(("a.xml", XML), ("b.xml", XML)),
        zipped(("a.xml", b"")),
        zipped(("a.xml", b"<html>not logged in</html>")),
        zipped(("a.xml", XML), *((f"{n}.txt", b"") for n in range(files.MOST_MEMBERS))),
        zipped(("a.xml", b"<" + bytes(files.LARGEST_XML))),
        zipped(("a.xml", XML), method=zipfile.ZIP_LZMA),
        zipped(("a.xml", XML))[:-10],
        bytes(LOCKED),
    ],
    ids=["none", "two", "empty", "a page", "many", "a bomb", "unusual", "cut", "locked"],
)
def test_what_is_no_xml_in_a_zip(content):
    assert files.as_kind(content, "xml") is None


@given(st.data())
def test_a_damaged_zip_never_raises(data):
    content = bytearray(zipped(("a.xml", XML * 20)))
    for _damage in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = files.as_kind(bytes(content), "xml")
    assert found is None or files.is_kind(found, "xml")


@pytest.mark.parametrize("text", ["版式文件生成中,请稍后再试", "未查询到版式文件", "尚未生成", "发票不存在"])
def test_not_ready_yet(text):
    """assumption: a file that isn't there yet is a 999 with such a text"""
    with cloud(getInvoicePdfOfd=http({"code": 999, "msg": text})) as (client, server):
        assert client.file(NUMBER, "pdf", WHEN) == NotFound(text, "999")
        assert flags(server) == ["1"]


def test_neither_file_nor_address():
    with cloud(getInvoicePdfOfd=http({"code": 200, "data": None})) as (client, server):
        assert isinstance(client.file(NUMBER, "pdf", WHEN), NotFound)
        assert flags(server) == ["1", "4"]


def test_no_address_for_this_kind():
    answer = by_flag(http({"code": 200}), http({"code": 200, "data": {"pdfUrl": "https://x.example.com"}}))
    with cloud(getInvoicePdfOfd=answer) as (client, _server):
        assert isinstance(client.file(NUMBER, "ofd", WHEN), NotFound)


@pytest.mark.parametrize("page", [http("<!DOCTYPE html><p>", status="404 No"), http(b""), http(b"PK\x03\x04"), reset])
def test_what_lies_at_the_address_is_checked(page):
    answer = by_flag(http({"code": 200}))
    with cloud(getInvoicePdfOfd=answer, xml=page) as (client, _server), pytest.raises(OutcomeUnknown):
        client.file(NUMBER, "xml", WHEN)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "gopher://x.example.com", "javascript:1"])
def test_an_address_that_is_no_web_address(address):
    answer = by_flag(http({"code": 200}), http({"code": 200, "data": {"pdfUrl": address}}))
    with cloud(getInvoicePdfOfd=answer) as (client, _server), pytest.raises(NotSent):
        client.file(NUMBER, "pdf", WHEN)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": 302, "msg": "x"}, LoginRequired),
        ({"code": 999, "msg": "局端内部异常,请稍后再试"}, OutcomeUnknown),
        ({"code": 999, "msg": "该用户不存在"}, LoginRequired),
    ],
)
def test_other_errors_are_told(body, error):
    with cloud(getInvoicePdfOfd=http(body)) as (client, _server), pytest.raises(error):
        client.file(NUMBER, "pdf", WHEN)


@pytest.mark.parametrize("data", ["发票", 5, ["x"]])
def test_data_that_is_no_file(data):
    with cloud(getInvoicePdfOfd=http({"code": 200, "data": data})) as (client, _server):
        payload = client.freeze("files", {"number": NUMBER, "kind": "pdf"})
        with pytest.raises(OutcomeUnknown):
            client.ask("files", payload)


def test_the_seeds_addresses():
    with cloud(getInvoicePdfOfd=http(seed.FILE_ADDRESSES)) as (client, _server):
        payload = client.freeze("files", {"number": NUMBER, "kind": "addresses"})
        found = client.ask("files", payload)
    assert payload["downflag"] == "4"
    assert found.ofd.startswith("https://dppt.beijing.chinatax.gov.cn:8443/kpfw/fpjfzz/v1/exportDzfpwjEwm?Wjgs=OFD")
