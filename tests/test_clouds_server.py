"""A scripted cloud on 127.0.0.1 for the tests beside it; holds no tests itself.

It speaks HTTP over bare sockets, because the interesting clouds break HTTP.
"""

import json
import socket
import socketserver
import struct
import threading
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from ..clouds.base import Config, TokenSlot
from ..clouds.piaodanyun import Piaodanyun
from ..clouds.transport import Transport

TAX_NO = "9111011457319202X9"
TOKEN_PATH = "/obtainToken"
INVOKE = "/qdjk/fullExteriorInvoke/"


class Request:
    """One request as it arrived."""

    def __init__(self, line, headers, body):
        self.method, self.target, _version = line.split(" ", 2)
        parts = urlsplit(self.target)
        self.path, self.query = parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers, self.body = headers, body

    @property
    def form(self):
        return dict(self.pairs)

    @property
    def pairs(self):
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """``script(request)`` says what happens: bytes to send, ``None`` to hang up, or an action."""

    def __init__(self, script, tls=None):
        self.script, self.requests, self.connections = script, [], 0
        self.stopped, self.hung_up = threading.Event(), threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                outer.connections += 1
                outer._serve(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

            def get_request(self):
                sock, address = super().get_request()
                return (tls.wrap_socket(sock, server_side=True) if tls else sock), address

            def shutdown_request(self, request):
                result = super().shutdown_request(request)
                outer.hung_up.set()
                return result

            def handle_error(self, request, client_address):
                pass

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self._listener.server_address[1]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def stop(self):
        self.stopped.set()
        self._listener.shutdown()
        self._listener.server_close()

    def _serve(self, sock):
        stream = sock.makefile("rb")
        while True:
            request = _read(stream)
            if request is None:
                return
            self.requests.append(request)
            answer = self.script(request)
            if callable(answer):
                answer = answer(sock, self)
            if answer is None:
                return
            sock.sendall(answer)
            if b"Connection: close" in answer.partition(b"\r\n\r\n")[0]:
                return


def _read(stream):
    line = stream.readline().decode().strip()
    if not line:
        return None
    headers = {}
    while True:
        name, _colon, value = stream.readline().decode("latin-1").strip().partition(":")
        if not name:
            break
        headers[name.lower()] = value.strip()
    return Request(line, headers, stream.read(int(headers.get("content-length", 0))))


def http(body=b"", status="200 OK", content_type="application/json", headers=()):
    """Return the bytes of a whole HTTP answer; ``body``: bytes, text, or data to put in JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body, ensure_ascii=False)
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {content_type}", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def reset(sock, _server):
    """Cut the connection with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def silence(_sock, server):
    """Say nothing until the test is over."""
    server.stopped.wait(10)


def drip(head):
    """Send ``head``, then a byte at a time, for ever."""

    def action(sock, server):
        sock.sendall(head)
        while not server.stopped.wait(0.02):
            sock.sendall(b"x")

    return action


def then_hang_up(data):
    """Send ``data`` and close."""

    def action(sock, _server):
        sock.sendall(data)

    return action


@contextmanager
def serving(script, tls=None):
    """Run a :class:`Server`; ``script`` may also be a fixed answer."""
    server = Server(script if callable(script) and not _is_action(script) else lambda request: script, tls)
    try:
        yield server
    finally:
        server.stop()


def _is_action(script):
    return script in (reset, silence) or getattr(script, "__name__", "") == "action"


def config(url, **changes):
    """Return a ``Config`` of 票单云 with short times."""
    values = {
        "provider": "piaodanyun",
        "base_url": url,
        "tax_no": TAX_NO,
        "username": "13800000000",
        "secrets": {"phone": "13500000000", "password": "open-sesame", "tax_password": "bureau-pass"},
        "options": {"tenant_number": "4711"},
        "is_sandbox": True,
        "connect_timeout": 2,
        "read_timeout": 2,
        "total_timeout": 4,
    }
    return Config(**{**values, **changes})


def transport(url, caps=None, **changes):
    return Transport(config(url, **changes), **(caps or {}))


def call(url, **changes):
    """Make one order-like call over a transport of its own and return the answer."""
    road = transport(url, **changes)
    try:
        return road.post_form("/x", {"a": "1"})
    finally:
        road.close()


class Cloud:
    """A scripted 票单云: ``answers`` maps a path's last word to an answer or a function of the request.

    Lists are used up one call at a time; the token is ``T1``, ``T2``, … unless scripted.
    """

    def __init__(self, **answers):
        self.answers = answers
        self.tokens = 0
        self.lock = threading.Lock()

    def __call__(self, request):
        name = request.path.rpartition("/")[2]
        with self.lock:
            if name == "obtainToken" and name not in self.answers:
                self.tokens += 1
                return http({"code": 200, "msg": "成功", "data": {"token": f"T{self.tokens}"}})
            answer = self.answers[name]
            if isinstance(answer, list):
                answer = answer.pop(0)
        if callable(answer) and not _is_action(answer):
            answer = answer(request)
        return answer


@contextmanager
def cloud(slot=None, now=None, config_changes=None, **answers):
    """Yield ``(client, server)`` of a scripted 票单云."""
    with serving(Cloud(**answers)) as server:
        extra = {"now": now} if now else {}
        with Piaodanyun(config(server.url, **(config_changes or {})), slot or TokenSlot(), **extra) as client:
            yield client, server
