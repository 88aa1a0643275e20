"""Messages for the one who polls with a link key: posted, polled for, acknowledged."""

import json
import time
import uuid

from ..errors import Refused
from ..protocol import Answer, dump
from .exchange import EMPTY
from .records import Letter

STEP = 0.05  # real seconds between two looks


def post(world, to, content, sender="SANDBOX", hold=None, socket=False):
    held = world.assistant.hold_messages if hold is None else hold
    state = "held" if held else "waiting"
    letter = Letter(uuid.uuid4().hex, _next_number(world), to, sender, json.loads(dump(content)), state, socket=socket)
    world.letters[letter.uid] = letter
    return letter


def release(world, order):
    """Lets those held go: sent | reversed | a list of their ids. How many."""
    held = [each for each in world.letters.values() if each.state == "held"]
    if order == "reversed":
        held.reverse()
    elif order != "sent":
        held = [world.letters[uid] for uid in order]
    for number, letter in enumerate(held, _next_number(world)):
        # A later number than all before it: polled for in this order.
        letter.state, letter.number = "waiting", number
    return len(held)


def _next_number(world):
    return max((each.number for each in world.letters.values()), default=0) + 1


def poll(exchange):
    exchange.demand("key")
    answer = Answer(text="成功")
    # Called when the world's lock is free again.
    answer.data = lambda: _wait(exchange.world, exchange.text("key"), answer)
    return answer


def _wait(world, key, answer):
    """A message stays until it is acknowledged."""

    def find():
        letter = next((each for each in due(world, key) if not each.socket), None)
        if letter is not None:
            letter.tries.append(world.clock.now().isoformat())
        return letter and told(letter)

    found = wait_for(world, find)
    if not found:
        answer.code, answer.text = EMPTY, "暂无消息"
    return found


def wait_for(world, find):
    """What `find` brings, asked until it brings something or a poll has waited long enough."""
    deadline = time.monotonic() + world.assistant.poll_seconds
    while True:
        with world.acting():
            found = find()
        left = deadline - time.monotonic()
        if found or left <= 0 or world.stopping.wait(min(left, STEP)):
            return found


def due(world, key):
    """What waits for this key, for sockets and polls alike, in the order in which it is handed over."""
    found = [each for each in world.letters.values() if (each.to, each.state) == (key, "waiting")]
    return sorted(found, key=lambda each: each.number)


def told(letter):
    """The documents print a text there, of JSON [?]."""
    content = dump(letter.content).decode()
    return {"msgId": letter.uid, "data": content, "from": letter.sender, "key": letter.to}


def receipt(exchange):
    """A repeated one succeeds."""
    exchange.demand("key", "msgId")
    letter = exchange.world.letters.get(exchange.text("msgId"))
    if letter is None or letter.to != exchange.text("key"):
        raise Refused("消息不存在")
    letter.state = "received"
    return Answer(text="成功")
