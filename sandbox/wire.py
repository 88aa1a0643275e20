"""What a fault does to an HTTP answer, whichever cloud gave it."""

import json
import socket
import struct
from http import HTTPStatus

from werkzeug.wrappers import Response

JSON = "application/json;charset=UTF-8"
TEXT = "text/html;charset=UTF-8"
HTML = "<!doctype html><html><head><title>SANDBOX</title></head><body><h1>系统维护中</h1></body></html>"
ECHOED_FIRST = ("Authorization", "Access-Token", "Content-Type")
GATEWAY = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>SANDBOX</body></html>"


class Drop:
    """In place of a response: nothing, after the call is over and logged."""

    status_code = 0

    def __init__(self, reset):
        self.reset = reset

    def __call__(self, environ, start_response):
        hang_up(environ, self.reset)


def hang_up(environ, reset=False):
    """Close the caller's connection without an answer; `reset` sends RST instead of FIN."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    raise ConnectionAbortedError("sandbox: dropped on demand")


def _status(usual):
    def respond(params, *_):
        status = params.get("status", usual)
        title = f"{status} {HTTPStatus(status).phrase}"
        return Response(GATEWAY.format(title), status, content_type=TEXT)

    return respond


def _rate_limited(params, _body, _environ, busy):
    headers = {"Retry-After": str(params["retry_after"])} if "retry_after" in params else {}
    return Response(busy, params.get("status", 429), headers, content_type=JSON)


def _cut(_params, body, environ, _busy):
    """Promises the whole answer, sends a part, hangs up."""

    def stream():
        yield body[: len(body) // 2]
        hang_up(environ)

    return Response(stream(), headers={"Content-Length": str(len(body))}, content_type=JSON)


def _huge(params, *_):
    """Valid JSON with an absurd message, so that only a size cap helps."""
    block, count = b"x" * 65536, params.get("megabytes", 21) * 16
    head, tail = b'{"code":200,"msg":"', b'","data":null}'

    def stream():
        yield head
        for _ in range(count):
            yield block
        yield tail

    return Response(stream(), content_type=JSON)


def _echo(params, _body, environ, _busy):
    """All that was asked, as a gateway in debug mode repeats it: a page, or any cloud's kind of refusal."""
    request, status = environ["werkzeug.request"], params.get("status", 200)
    headers = [(name in ECHOED_FIRST, f"{name}: {value}") for name, value in request.headers]
    first, last = ([line for is_first, line in headers if is_first is wanted] for wanted in (True, False))
    text = "\n".join([*first, request.get_data(as_text=True), request.full_path, *last])
    if params.get("page"):
        return Response(f"<html><body><pre>{text}</pre></body></html>", status, content_type=TEXT)
    answer = {
        **dict.fromkeys(("code", "errorCode", "errcode"), "999"),
        **dict.fromkeys(("msg", "message", "description"), text),
        "success": False,
        "data": None,
    }
    return Response(json.dumps(answer, ensure_ascii=False), status, content_type=JSON)


# Kind → function(parameters, body the cloud would have sent, environ, what a busy cloud says).
SPOILERS = {
    **dict.fromkeys(("drop", "late"), lambda params, *_: Drop(params.get("reset", False))),
    "http_500": _status(500),
    "http_status": _status(502),
    "rate_limited": _rate_limited,
    "html": lambda params, *_: Response(params.get("text", HTML), content_type=TEXT),
    "empty": lambda *_: Response(b"", content_type=JSON),
    # Half of the bytes: may well end inside a Chinese character.
    "half_json": lambda _params, body, *_: Response(body[: len(body) // 2], content_type=JSON),
    "cut": _cut,
    "echo": _echo,
    "huge": _huge,
    "wrong_type": lambda params, body, *_: Response(body, content_type=params.get("type", "application/octet-stream")),
}
KINDS = tuple(kind for kind in SPOILERS if kind != "late")


def spoil(fault, body, environ, busy=b""):
    return SPOILERS[fault.kind](fault.params, body, environ, busy)
