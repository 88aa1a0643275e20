"""Every way a call can fail, over real sockets: was anything sent, and may it have taken effect?"""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
from unittest import mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..clouds.addresses import checked_base, is_private
from ..clouds.errors import FileAway, NotSent, OutcomeUnknown, RateLimited
from .test_clouds_server import (
    call,
    drip,
    http,
    reset,
    serving,
    silence,
    then_hang_up,
    transport,
)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# --- Before the connection stands: nothing was sent


def test_refused_connection_is_not_sent():
    with pytest.raises(NotSent) as caught:
        call(f"http://127.0.0.1:{free_port()}")
    assert caught.value.code == "no_connection"
    assert "object at" not in str(caught.value)


def test_unknown_host_is_not_sent():
    with (
        mock.patch("socket.getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")),
        pytest.raises(NotSent),
    ):
        call("http://localhost:9")


def test_connect_timeout_is_not_sent():
    with (
        mock.patch("urllib3.util.connection.create_connection", side_effect=TimeoutError("timed out")),
        pytest.raises(NotSent),
    ):
        call("http://127.0.0.1:9")


def test_tls_to_a_plain_server_is_not_sent():
    with serving(http({})) as server, pytest.raises(NotSent):
        call(server.url.replace("http:", "https:"))


def test_untrusted_certificate_is_not_sent(certificate):
    with serving(http({}), tls=certificate.context) as server:
        with pytest.raises(NotSent):
            call(server.url)
        assert server.requests == []


def test_proxy_that_refuses_the_tunnel_is_not_sent(monkeypatch):
    with serving(then_hang_up(http("", status="407 Proxy Authentication Required"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(NotSent):
            call("https://127.0.0.1:9")


def test_proxy_that_is_away_is_not_sent(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(NotSent):
        call("http://127.0.0.1:9")


def test_proxy_of_the_machine_is_used(monkeypatch):
    with serving(http({"ok": 1})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert call("http://127.0.0.1:9").text == '{"ok": 1}'
        assert proxy.requests[0].target == "http://127.0.0.1:9/x"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "http://api.example.com",
        "http://8.8.8.8/",
        "https://",
        "https://user:pass@api.example.com",
        "https://api.example.com/?a=1",
        "https://api.example.com:99999",
        "https://api.example.com\\@127.0.0.1",
        "https://api .example.com",
        "https://[::1",
        None,
    ],
)
def test_useless_base_address_is_not_sent(address):
    with pytest.raises(NotSent) as caught:
        call(address)
    assert caught.value.code == "bad_address"


@pytest.mark.parametrize(
    "address",
    [
        "https://api.example.com/prefix/",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://sandbox:8080",
        "http://192.168.1.5/cloud",
        "http://[::1]:8080",
        "http://cloud.internal",
    ],
)
def test_usable_base_address(address):
    assert checked_base(address) == address.rstrip("/")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("0.0.0.0", True),
        ("::ffff:127.0.0.1", True),
        ("100.64.0.1", True),
        ("fe80::1%eth0", True),
        ("dppt.beijing.chinatax.gov.cn", False),
        ("8.8.8.8", False),
        ("LOCALHOST.", True),
        ("::127.0.0.1", True),
        ("::8.8.8.8", False),
        ("::ffff:0:10.0.0.1", True),
        ("64:ff9b::7f00:1", True),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::a00:1", True),
        ("64:ff9b:1:a00:0:800::", True),
        ("64:ff9b:1:808:8:800::", False),
        ("64:ff9b:1::", True),
        ("2002:7f00:1::", True),
        ("2002:808:808::", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", True),  # Teredo of 10.0.0.1
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", False),  # of 8.8.8.8
        ("2001:0:a00:1:8000:63bf:f7f7:f7f7", True),  # by a server at 10.0.0.1
        ("fec0::1", True),
        ("fd00::1", True),
        ("2606:4700::1111", False),
        ("127.1", True),
        ("0x7f.0.0.1", True),
        ("0177.0.0.1", True),
        ("2130706433", True),
        ("１２７。0。0．1", True),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_is_private(host, private):
    assert is_private(host) is private


CALLS = {
    "order": lambda road, port: road.post_form("/x", {"password": "1"}),
    "file": lambda road, port: road.download(f"https://files.example.com:{port}/a.pdf"),
    "plain file": lambda road, port: road.download(f"http://files.example.com:{port}/a.pdf"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_name_that_leads_inside_hears_nothing(name):
    """Not the first byte of TLS either, unless the account is a sandbox."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = listener.getsockname()
        found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]
        road = transport(f"https://cloud.example.com:{place[1]}", is_sandbox=False)
        with mock.patch("socket.getaddrinfo", return_value=found), pytest.raises(NotSent) as caught:
            CALLS[name](road, place[1])
        assert "private network" in caught.value.text
        assert isinstance(caught.value, FileAway) == ("file" in name)
        listener.settimeout(5)
        peer, _address = listener.accept()
        with peer:
            assert peer.recv(100) == b""


def test_a_sandbox_may_name_files_inside():
    with serving(http(b"%PDF-")) as server:
        assert transport(server.url).download(f"{server.url}/a.pdf") == b"%PDF-"
        for url in (server.url, "https://cloud.example.com"):
            with pytest.raises(FileAway):
                transport(url, is_sandbox=False).download(f"{server.url}/a.pdf")
        assert len(server.requests) == 1


# --- After it stands: the order may have been carried out

BROKEN = {
    "reset": reset,
    "hang up without a word": None,
    "half a status line": then_hang_up(b"HTTP/1."),
    "half a header line": then_hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-"),
    "no HTTP": then_hang_up(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half the body": then_hang_up(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code":'),
    "broken chunk": then_hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "half a chunk": then_hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "false gzip": http(b"no gzip", headers=["Content-Encoding: gzip"]),
    "endless header line": then_hang_up(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_answer_is_unknown_and_asked_once(how):
    with serving(BROKEN[how]) as server:
        with pytest.raises(OutcomeUnknown):
            call(server.url)
        assert len(server.requests) == 1, "nothing may be sent twice"


@pytest.mark.parametrize("status", ["500 E", "502 Bad Gateway", "503 Busy", "504 Gateway Timeout", "100 Continue"])
def test_server_error_is_unknown(status):
    page = "<html><style>p {}</style><h1>Bad  Gateway</h1></html>"
    answer = http(page, status=status, content_type="text/html")
    with serving(then_hang_up(answer)) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.url)
    if not status.startswith("100"):
        assert caught.value.http_status == int(status[:3])
        assert caught.value.text == "Bad Gateway"


def test_what_an_error_in_json_says_is_kept():
    answer = http({"code": 500, "message": "系统异常"}, status="500 E")
    with serving(answer) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.url)
    assert caught.value.text == "系统异常"


@pytest.mark.parametrize("location", ["/elsewhere", "http://[", "https://example.com/", ""])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirect_is_not_followed(status, location):
    with serving(http("", status=status, headers=[f"Location: {location}"])) as server:
        with pytest.raises(OutcomeUnknown):
            call(server.url)
        assert len(server.requests) == 1


def test_redirect_that_drips_does_not_hold_the_call():
    head = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9999\r\n\r\n"
    with serving(drip(head)) as server, pytest.raises(OutcomeUnknown):
        call(server.url, read_timeout=0.3, total_timeout=0.3)


def test_an_answer_may_take_longer_than_connecting():
    waited = threading.Event()

    def script(_request):
        waited.wait(0.3)
        return http({"ok": 1})

    with serving(script) as server:
        assert call(server.url, connect_timeout=0.1, read_timeout=5).status == 200


def test_read_timeout_is_unknown():
    with serving(silence) as server, pytest.raises(OutcomeUnknown):
        call(server.url, read_timeout=0.1)


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"],
)
def test_a_drip_does_not_outlast_the_total_time(head):
    with serving(drip(head)) as server, pytest.raises(OutcomeUnknown):
        call(server.url, read_timeout=5, total_timeout=0.3)


def test_reset_inside_tls_is_unknown(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate.path)
    with serving(reset, tls=certificate.context) as server:
        with pytest.raises(OutcomeUnknown):
            call(server.url)
        assert len(server.requests) == 1


def test_tls_works(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate.path)
    with serving(http({"ok": 1}), tls=certificate.context) as server:
        assert call(server.url).status == 200


def test_too_large_by_its_own_word():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with serving(then_hang_up(head)) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.url, caps={"answer_cap": 1000})
    assert caught.value.code == "too_large"


def test_too_large_in_chunks():
    body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"200\r\n" + b"x" * 512 + b"\r\n"
    body += b"200\r\n" + b"x" * 512 + b"\r\n"
    with serving(then_hang_up(body)) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.url, caps={"answer_cap": 1000})
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("name", ["gzip", "GZip", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "?"])
def test_a_compressed_answer_is_unknown(name):
    answer = http(gzip.compress(b'{"code": 200}'), headers=[f"Content-Encoding: {name}"])
    with serving(answer) as server, pytest.raises(OutcomeUnknown) as caught:
        call(server.url)
    assert (caught.value.code, caught.value.http_status) == ("encoded", 200)
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("name", ["", "identity", "Identity"])
def test_an_answer_that_only_says_it_is_uncompressed(name):
    with serving(http({"ok": 1}, headers=[f"Content-Encoding: {name}"])) as server:
        assert call(server.url).text == '{"ok": 1}'


def test_the_status_of_a_compressed_answer_counts():
    page = gzip.compress(b"busy")
    with serving(http(page, "429 Slow down", headers=["Content-Encoding: gzip", "Retry-After: 7"])) as server:
        with pytest.raises(RateLimited) as caught:
            call(server.url)
        assert caught.value.retry_after == 7
    with (
        serving(http(page, "502 Bad Gateway", headers=["Content-Encoding: gzip"])) as server,
        pytest.raises(OutcomeUnknown) as caught,
    ):
        call(server.url)
    assert (caught.value.code, caught.value.text) == ("502", "")


# --- A certificate nobody trusts unless told to


class Certificate:
    def __init__(self, folder):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        self.path = str(folder / "certificate.pem")
        with open(self.path, "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("tls"))
