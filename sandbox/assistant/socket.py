"""The same messages pushed: socket.io's polling transport (Engine.IO 3), as the paper's Java sample connects.

A session lives in memory only, as a connection would; whoever comes with an old one connects anew.
"""
import json
import time
import uuid

from werkzeug.wrappers import Response

from . import mailbox
from .protocol import dump

PATH = '/socket.io'
OPEN, PING, PONG, NOOP, CONNECTED, EVENT = '0', '2', '3', '6', '40', '42'
UNKNOWN = {'code': 1, 'message': 'Session ID unknown'}
BAD = {'code': 0, 'message': 'Transport unknown'}


class Session:
    def __init__(self, key):
        self.key = key
        self.sent = set()       # ids of messages pushed over this connection
        self.waiting = []       # packets for the next answer


def respond(app, request, entry):
    entry.status = 200
    args, world = request.args, app.world
    if args.get('transport') != 'polling' or args.get('EIO') != '3':
        return _problem(entry, BAD)
    if 'sid' not in args:
        return _packets(*_open(world, args.get('userId', '')))
    session = world.sockets.get(args['sid'])
    if session is None:
        return _problem(entry, UNKNOWN)
    if request.method == 'POST':
        if PING in _unpacked(request.get_data(as_text=True)):
            session.waiting.append(PONG)
        return Response('ok', content_type='text/html')
    return _packets(*_wait(world, session))


def _open(world, key):
    sid = uuid.uuid4().hex
    world.sockets[sid] = Session(key)
    hello = {'sid': sid, 'upgrades': [], 'pingInterval': 25000, 'pingTimeout': 5000}
    return OPEN + json.dumps(hello), CONNECTED


def _wait(world, session):
    deadline = time.monotonic() + world.assistant.poll_seconds
    while True:
        packets, session.waiting = session.waiting, []
        packets += [_event(world, session, letter) for letter in _due(world, session)]
        left = deadline - time.monotonic()
        if packets or left <= 0 or world.stopping.wait(min(left, mailbox.STEP)):
            return packets or [NOOP]


def _due(world, session):
    """Not yet acknowledged, and not yet pushed over this connection."""
    with world.lock:
        return [each for each in mailbox.due(world, session.key) if each.uid not in session.sent]


def _event(world, session, letter):
    session.sent.add(letter.uid)
    told = {'data': mailbox.told(world, letter), 'description': '成功',
            'errcode': world.assistant.success_code}
    return EVENT + dump([session.key, told]).decode()


def _packets(*packets):
    """Each with its length in characters before it."""
    body = ''.join(f'{len(each)}:{each}' for each in packets)
    return Response(body, content_type='text/plain; charset=UTF-8')


def _unpacked(text):
    packets = []
    while text:
        length, _, rest = text.partition(':')
        if not length.isdigit():
            break
        packets.append(rest[:int(length)])
        text = rest[int(length):]
    return packets


def _problem(entry, body):
    entry.status = 400
    return Response(json.dumps(body), 400, content_type='application/json')
