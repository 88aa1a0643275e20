"""The same messages pushed: socket.io over Engine.IO's polling transport, in its versions 3 and 4.

A session lives in memory only, as a connection would; with an unknown one the caller connects again. No upgrade to a
websocket is offered.
"""

import json
import time
import uuid

from werkzeug.wrappers import Response

from ..protocol import dump
from . import mailbox
from .auth import SUCCESS

OPEN, CLOSE, PING, PONG, MESSAGE, NOOP = "0", "1", "2", "3", "4", "6"
CONNECT, EVENT = MESSAGE + "0", MESSAGE + "2"
SEPARATOR = "\x1e"  # between packets of version 4; those of version 3 are counted
INTERVAL, PATIENCE = 25, 20  # seconds between two pings, and for their answer
PROBLEMS = {"transport": (0, "Transport unknown"), "sid": (1, "Session ID unknown"), "EIO": (5, "Unsupported version")}


class Session:
    def __init__(self, version, key):
        self.version, self.key = version, key
        self.is_connected = version == "3"  # in version 4 the caller asks for it
        self.is_closed = False
        self.sent = set()  # ids of the messages pushed over this connection
        self.waiting = []  # packets for the next answer


def respond(world, request):
    """The answer to one GET or POST; pages of any site may ask, as at a public host."""
    response = _respond(world, request)
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    return response


def _respond(world, request):
    args = request.args
    if args.get("EIO") not in ("3", "4"):
        return _problem("EIO")
    if args.get("transport") != "polling":
        return _problem("transport")
    if "sid" not in args:
        return _open(world, args["EIO"], args.get("userId", ""))
    session = world.sockets.get(args["sid"])
    if session is None or session.is_closed:
        return _problem("sid")
    if request.method == "POST":
        for packet in _unpacked(session.version, request.get_data(as_text=True)):
            _receive(world, session, packet)
        return Response("ok", content_type="text/html")
    return _packets(session.version, _wait(world, session))


def _open(world, version, key):
    sid = uuid.uuid4().hex
    session = world.sockets[sid] = Session(version, key)
    hello = {"sid": sid, "upgrades": [], "pingInterval": INTERVAL * 1000, "pingTimeout": PATIENCE * 1000}
    if version == "4":
        hello["maxPayload"] = 1_000_000
    return _packets(version, [OPEN + json.dumps(hello), *([CONNECT] if session.is_connected else [])])


def _receive(world, session, packet):
    with world.acting():
        if packet == CLOSE:
            session.is_closed = True
        elif packet.startswith(CONNECT):
            session.is_connected = True
            session.waiting.append(CONNECT + json.dumps({"sid": uuid.uuid4().hex}))
        elif packet[:1] == PING:
            session.waiting.append(PONG + packet[1:])


def _wait(world, session):
    """What is to be sent, waited for; in version 4 it is the server that pings, in version 3 the caller."""
    deadline = time.monotonic() + INTERVAL - 5
    while True:
        with world.acting():
            packets = _next(world, session)
        left = deadline - time.monotonic()
        if packets or session.is_closed or left <= 0 or world.stopping.wait(min(left, mailbox.STEP)):
            return packets or [PING if session.version == "4" else NOOP]


def _next(world, session):
    """What isn't acknowledged and wasn't pushed over this connection yet, behind the protocol's own packets."""
    packets, session.waiting = session.waiting, []
    for letter in mailbox.due(world, session.key, "socket") if session.is_connected else ():
        if letter.uid not in session.sent:
            session.sent.add(letter.uid)
            told = {"data": mailbox.told(letter), "description": "成功", "errcode": SUCCESS}
            packets.append(EVENT + dump([session.key, told]).decode())
    return packets


def _packets(version, packets):
    if version == "4":
        body = SEPARATOR.join(packets)
    else:
        # counted as JavaScript counts: in units of UTF-16
        body = "".join(f"{len(each.encode('utf-16-le')) // 2}:{each}" for each in packets)
    return Response(body, content_type="text/plain; charset=UTF-8")


def _unpacked(version, text):
    if version == "4":
        return text.split(SEPARATOR)
    packets = []
    while text:
        length, _, rest = text.partition(":")
        if not length.isdigit():
            break
        packets.append(rest[: int(length)])
        text = rest[int(length) :]
    return packets


def _problem(key):
    code, message = PROBLEMS[key]
    return Response(json.dumps({"code": code, "message": message}), 400, content_type="application/json")
