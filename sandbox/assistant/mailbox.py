"""Messages of a link key: posted, polled for, acknowledged (docs/protocols/kingdee-assistant.md#long-poll)."""
import json
import time
import uuid
from datetime import timedelta

from ..errors import Refused
from .protocol import Answer, dump
from .records import Letter

STEP = 0.05         # real seconds between two looks
NOTHING = '暂无消息'


def post(world, to, content, sender='SANDBOX', delay=None, hold=None, socket=False):
    quirks = world.assistant
    held = quirks.hold_messages if hold is None else hold
    due = world.clock.now() + timedelta(seconds=quirks.message_delay if delay is None else delay)
    letter = Letter(uuid.uuid4().hex, _next_number(world), to, sender, json.loads(dump(content)), due,
                    'held' if held else 'waiting', socket=socket)
    world.letters[letter.key] = letter
    world.keep(letter)
    return letter


def release(world, order):
    """Lets those held go: sent | reversed | a list of their ids. How many."""
    held = [each for each in world.letters.values() if each.state == 'held']
    if order == 'reversed':
        held.reverse()
    elif order != 'sent':
        held = [world.letters[uid] for uid in order]
    for number, letter in enumerate(held, _next_number(world)):
        # A later number than all before it: polled for in this order.
        letter.state, letter.number = 'waiting', number
        world.keep(letter)
    return len(held)


def _next_number(world):
    return max((each.number for each in world.letters.values()), default=0) + 1


# --- polling ---

def poll(exchange):
    exchange.demand('key')
    answer = Answer(text='成功')
    # Called when the world's lock is free again.
    answer.data = lambda: _wait(exchange.world, exchange.text('key'), answer)
    return answer


def _wait(world, key, answer):
    deadline = time.monotonic() + world.assistant.poll_seconds
    while True:
        with world.lock:
            if _next(world, key) is not None:
                return _hand_over(world, key)
        left = deadline - time.monotonic()
        if left <= 0 or world.stopping.wait(min(left, STEP)):
            return _nothing(world.assistant, answer)


def due(world, key):
    """What waits for this key, for sockets and polls alike, in the order in which it is handed over."""
    now = world.clock.now()
    found = [each for each in world.letters.values()
             if each.to == key and each.state == 'waiting' and each.due_at <= now]
    return sorted(found, key=lambda each: each.number, reverse=world.assistant.newest_first)


def _next(world, key):
    return next((each for each in due(world, key) if not each.socket), None)


def _hand_over(world, key):
    """The message stays until it is acknowledged."""
    with world.acting():
        letter = _next(world, key)
        letter.tries.append(world.clock.now().isoformat())
        world.keep(letter)
    return told(world, letter)


def told(world, letter):
    content = letter.content
    if world.assistant.message_as == 'text':
        content = dump(content).decode()
    return {'msgId': letter.uid, 'data': content, 'from': letter.sender, 'key': letter.to}


def _nothing(quirks, answer):
    if quirks.poll_empty == 'code':
        answer.code, answer.text = quirks.poll_empty_code, NOTHING
    return {} if quirks.poll_empty == 'object' else None


def receipt(exchange):
    """A repeated one succeeds."""
    exchange.demand('key', 'msgId')
    letter = exchange.world.letters.get(exchange.text('msgId'))
    if letter is None or letter.to != exchange.text('key'):
        raise Refused('消息不存在')
    letter.state = 'received'
    exchange.world.keep(letter)
    return Answer(text='成功')
