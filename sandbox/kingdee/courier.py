"""Carries the callbacks out: one thread, real POSTs, again until they are answered as documented."""

import json
import threading
from datetime import timedelta

import requests

from ..protocol import dump
from . import callbacks

IDLE, WATCHFUL, TIMEOUT = 5.0, 0.05, 10.0
HEADERS = {"Content-Type": "application/json;charset=UTF-8"}


class Courier:
    def __init__(self, world):
        self.world = world
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="sandbox-courier", daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.world.stirred.set()
        self.thread.join(5)

    def _run(self):
        while not self.stopping.is_set():
            waiting, delivery = self._next()
            if delivery is not None:
                self._carry(delivery)
                continue
            self.world.stirred.wait(WATCHFUL if waiting else IDLE)
            self.world.stirred.clear()

    def _next(self):
        """Does any wait, and the one that has been due longest."""
        with self.world.lock:
            now = self.world.clock.now()
            waiting = [each for each in self.world.deliveries.values() if each.state == "waiting"]
            due = [each for each in waiting if each.due_at <= now]
            return bool(waiting), min(due, key=lambda each: each.due_at, default=None)

    def _carry(self, delivery):
        good, outcome = post(delivery.url, dump(callbacks.wire_body(delivery)))
        with self.world.acting():
            now = self.world.clock.now()
            delivery.tries.append([now.isoformat(), outcome])
            waits = self.world.kingdee.callback_intervals
            if good:
                delivery.state = "delivered"
            elif delivery.state == "waiting" and len(delivery.tries) < len(waits):
                delivery.due_at = now + timedelta(seconds=float(waits[len(delivery.tries)]))
            else:
                delivery.state = "given_up"


def post(url, body):
    """Was it taken, and what was answered?"""
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the address is on this machine, or a person's own choice
            answer = session.post(url, body, headers=HEADERS, timeout=TIMEOUT, allow_redirects=False)
        return answer.status_code == 200 and is_taken(answer.content), f"{answer.status_code} {answer.text[:200]}"
    except (OSError, ValueError) as error:
        return False, f"{type(error).__name__} {error}"


def is_taken(answer):
    """Exactly the documented answer."""
    try:
        told = json.loads(answer)
    except ValueError:
        return False
    return (
        isinstance(told, dict)
        and (told.get("success"), told.get("code"), told.get("errorCode")) == (True, "0", "0")
        and isinstance(told.get("message"), str)
    )
