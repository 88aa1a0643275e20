"""What a call looks like on the wire, how connections are kept, how text is read, where files come from."""

import datetime
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from unittest import mock

import pytest

from ..clouds import transport as transport_module
from ..clouds.errors import NotSent, OutcomeUnknown, RateLimited
from .test_clouds_server import (
    call,
    http,
    serving,
    then_hang_up,
    transport,
)

# --- Pace


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("0", 1), ("999999", 3600), ("soon", 60), (None, 60)])
def test_rate_limit(header, seconds):
    answer = http("slow", status="429 Too Many", headers=[f"Retry-After: {header}"] if header else [])
    with serving(answer) as server, pytest.raises(RateLimited) as caught:
        call(server.url)
    assert caught.value.retry_after == seconds


def test_rate_limit_until_a_date():
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=300)
    answer = http("", status="429 Too Many", headers=[f"Retry-After: {format_datetime(later, usegmt=True)}"])
    with serving(answer) as server, pytest.raises(RateLimited) as caught:
        call(server.url)
    assert 280 <= caught.value.retry_after <= 300


# --- What is sent, and how the connections are kept


def test_form_keeps_its_order_and_its_keys():
    form = {"fyxm[0][spmc]": "*软件*云 & Co=1", "a": "", "b": "+ ?"}
    with serving(http({})) as server:
        transport(server.url + "/base/").post_form("x/y", form, {"Authorization": "T"})
    request = server.requests[0]
    assert request.path == "/base/x/y"
    assert request.pairs == list(form.items())
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "T"
    assert request.headers["accept-encoding"] == "identity"


def test_json_and_query():
    with serving(http({})) as server:
        transport(server.url).post_json("/x", {"a": "数电"}, params={"access_token": "t"})
        transport(server.url).get("/y", params={"b": "数 电"})
    assert server.requests[0].json == {"a": "数电"}
    assert server.requests[0].query == {"access_token": "t"}
    assert server.requests[1].query == {"b": "数 电"}


def test_netrc_does_not_replace_the_token(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(http({})) as server:
        transport(server.url).post_form("/x", {}, {"Authorization": "T"})
    assert server.requests[0].headers["authorization"] == "T"


def test_cookies_are_not_kept():
    with serving(http({}, headers=["Set-Cookie: session=1; Path=/"])) as server:
        road = transport(server.url)
        road.get("/x")
        road.get("/x")
    assert "cookie" not in server.requests[1].headers


def test_one_connection_serves_many_calls():
    with serving(http({})) as server:
        road = transport(server.url)
        for _time in range(5):
            road.get("/x")
        assert server.connections == 1
        road.close()
        road.get("/x")
        assert server.connections == 2


def test_connection_the_server_closed_meanwhile_is_replaced():
    with serving(then_hang_up(http({}))) as server:
        road = transport(server.url)
        road.get("/x")
        assert server.hung_up.wait(5)
        road.get("/x")
        assert server.connections == 2


def test_orders_take_a_connection_of_their_own():
    with serving(http({})) as server:
        road = transport(server.url)
        for _time in range(3):
            road.post_form("/x", {}, fresh=True)
            road.post_form("/x", {})
        assert server.connections == 4


def test_connection_that_idled_too_long_is_not_trusted():
    with serving(http({})) as server:
        road = transport(server.url)
        road.get("/x")
        with mock.patch.object(transport_module, "IDLE_LIMIT", -1):
            road.get("/x")
        assert server.connections == 2


def test_threads_get_their_own_answers():
    with serving(lambda request: http(request.form["a"])) as server:
        road = transport(server.url)
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda n: road.post_form("/x", {"a": str(n)}).text, range(200))
        assert list(answers) == [str(n) for n in range(200)]
        assert server.connections <= 200


def test_a_slow_call_does_not_hold_the_others():
    go_on = threading.Event()

    def script(request):
        if request.path == "/slow":
            go_on.wait(5)
        return http(request.path)

    with serving(script) as server:
        road = transport(server.url)
        with ThreadPoolExecutor(2) as pool:
            slow = pool.submit(road.get, "/slow")
            assert road.get("/fast").text == "/fast"
            go_on.set()
            assert slow.result().text == "/slow"


# --- Text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("发票".encode(), "application/json"),
        ("\ufeff发票".encode(), "application/json"),
        ("发票".encode(), "text/html"),
        ("发票".encode("gb18030"), "text/html; charset=GBK"),
        ("发票".encode("gb18030"), "text/html"),
        ("发票".encode(), "text/html; charset=nonsense"),
        ("发票".encode(), "text/html; charset=base64"),
        ("发\x00票".encode(), "application/json"),
    ],
)
def test_text_is_read_right(body, content_type):
    with serving(http(body, content_type=content_type)) as server:
        assert call(server.url).text == "发票"


def test_bytes_of_no_charset_do_not_fail():
    with serving(http(b"\xff\xfe\x81", content_type="x; charset=utf-8")) as server:
        assert isinstance(call(server.url).text, str)


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "403 No", "404 No", "418 Teapot"])
def test_other_refusals_are_for_the_cloud_to_read(status):
    with serving(http("{}", status=status)) as server:
        assert call(server.url).status == int(status[:3])


# --- Files at an address the cloud named


def test_download_without_token_or_form():
    with serving(http(b"%PDF-1.7 \x00", content_type="application/pdf")) as server:
        assert transport(server.url).download(server.url + "/f?Jym=5C91") == b"%PDF-1.7 \x00"
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.com/x", "", "//example.com/x", "http://a:b@example.com/", "x"],
)
def test_download_of_no_web_address(address):
    with pytest.raises(NotSent):
        transport("http://127.0.0.1:9").download(address)


def test_download_from_a_private_network_is_refused():
    with serving(http(b"%PDF")) as server:
        with pytest.raises(NotSent):
            transport("https://cloud.example.com", is_sandbox=False).download(server.url + "/f")
        assert server.requests == []


def test_download_from_a_name_that_resolves_to_a_private_network_is_refused():
    with serving(http(b"%PDF")) as server:
        inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        road = transport("https://cloud.example.com", is_sandbox=False)
        with mock.patch("socket.getaddrinfo", return_value=inside), pytest.raises(NotSent) as caught:
            road.download(f"http://files.example.com:{server.port}/f")
        assert server.requests == []
    assert "private" in str(caught.value)


def test_download_has_its_own_cap():
    with serving(http(b"x" * 2000)) as server, pytest.raises(OutcomeUnknown):
        transport(server.url, caps={"file_cap": 1000}).download(server.url + "/f")
