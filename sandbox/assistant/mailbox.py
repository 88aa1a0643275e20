"""Messages for the one who listens with a link key: posted, polled for or pushed (socket.py), acknowledged."""

import json
import time
import uuid

from ..protocol import Answer, Refused, dump
from .auth import EMPTY
from .records import Letter

STEP = 0.05  # real seconds between two looks


def post(world, to, content, sender="SANDBOX", hold=None, way=""):
    """`way`: how the page was told to announce it, socket | polling; "" where pages aren't told."""
    held = world.assistant.hold_messages if hold is None else hold
    state = "held" if held else "waiting"
    letter = Letter(uuid.uuid4().hex, world.next_serial(), to, sender, json.loads(dump(content)), state, way)
    world.letters[letter.uid] = letter
    return letter


def release(world, order):
    """Lets those held go: sent | reversed. How many."""
    held = [each for each in world.letters.values() if each.state == "held"]
    for letter in reversed(held) if order == "reversed" else held:
        # A later number than all before it: polled for in this order.
        letter.state, letter.number = "waiting", world.next_serial()
    return len(held)


def poll(exchange):
    answer = Answer(text="成功")
    # Called when the world's lock is free again.
    answer.data = lambda: _wait(exchange.world, exchange.text("key"), answer)
    return answer


def _wait(world, key, answer):
    """The first message of this key, waited for; it stays until it is acknowledged."""
    deadline = time.monotonic() + world.assistant.poll_seconds
    while True:
        with world.acting():
            waiting = due(world, key, "polling")
        if waiting:
            return told(waiting[0])
        left = deadline - time.monotonic()
        if left <= 0 or world.stopping.wait(min(left, STEP)):
            answer.code, answer.text = EMPTY, "暂无消息"
            return None


def due(world, key, way):
    """What waits for this key and comes by socket or polling, in the order in which it is handed over."""
    found = [each for each in world.letters.values() if (each.to, each.state) == (key, "waiting")]
    if world.assistant.pushes == "apart":
        found = [each for each in found if each.way in ("", way)]
    return sorted(found, key=lambda each: each.number)


def told(letter):
    """The documents print a text in `data`, of JSON [?]."""
    content = dump(letter.content).decode()
    return {"msgId": letter.uid, "data": content, "from": letter.sender, "key": letter.to}


def receipt(exchange):
    """A repeated one succeeds."""
    letter = exchange.world.letters.get(exchange.text("msgId"))
    if letter is None or letter.to != exchange.text("key"):
        raise Refused("消息不存在")
    letter.state = "received"
    return Answer(text="成功")
