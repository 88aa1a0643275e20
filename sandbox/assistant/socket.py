"""The same messages pushed: socket.io's polling transport (Engine.IO 3), as the documents' Java sample connects.

A session lives in memory only, as a connection would; with an old one the caller connects once more.
"""

import json
import uuid

from werkzeug.wrappers import Response

from ..protocol import dump
from . import mailbox
from .exchange import SUCCESS

PATH = "/socket.io"
OPEN, PING, PONG, NOOP, CONNECTED, EVENT = "0", "2", "3", "6", "40", "42"
UNKNOWN = {"code": 1, "message": "Session ID unknown"}
BAD = {"code": 0, "message": "Transport unknown"}


class Session:
    def __init__(self, key):
        self.key = key
        self.sent = set()  # ids of messages pushed over this connection
        self.waiting = []  # packets for the next answer


def respond(app, request):
    args, world = request.args, app.world
    if args.get("transport") != "polling" or args.get("EIO") != "3":
        return _problem(BAD)
    if "sid" not in args:
        sid = uuid.uuid4().hex
        world.sockets[sid] = Session(args.get("userId", ""))
        hello = {"sid": sid, "upgrades": [], "pingInterval": 25000, "pingTimeout": 5000}
        return _packets(OPEN + json.dumps(hello), CONNECTED)
    session = world.sockets.get(args["sid"])
    if session is None:
        return _problem(UNKNOWN)
    if request.method == "POST":
        if PING in _unpacked(request.get_data(as_text=True)):
            session.waiting.append(PONG)
        return Response("ok", content_type="text/html")
    return _packets(*(mailbox.wait_for(world, lambda: _next(world, session)) or [NOOP]))


def _next(world, session):
    """What is to be sent: not yet acknowledged, and not yet pushed over this connection."""
    packets, session.waiting = session.waiting, []
    for letter in mailbox.due(world, session.key):
        if letter.uid not in session.sent:
            session.sent.add(letter.uid)
            told = {"data": mailbox.told(letter), "description": "成功", "errcode": SUCCESS}
            packets.append(EVENT + dump([session.key, told]).decode())
    return packets


def _packets(*packets):
    """Each with its length in characters before it."""
    body = "".join(f"{len(each)}:{each}" for each in packets)
    return Response(body, content_type="text/plain; charset=UTF-8")


def _unpacked(text):
    packets = []
    while text:
        length, _, rest = text.partition(":")
        if not length.isdigit():
            break
        packets.append(rest[: int(length)])
        text = rest[int(length) :]
    return packets


def _problem(body):
    return Response(json.dumps(body), 400, content_type="application/json")
