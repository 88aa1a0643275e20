"""Carries the callbacks out: one thread, real POSTs, again until they are answered as documented."""
import json
import threading
import urllib.error
import urllib.request
from datetime import timedelta

from . import callbacks
from .envelope import dump

IDLE, WATCHFUL = 5.0, 0.05
MAX_ANSWER = 65536


class Courier:
    def __init__(self, world):
        self.world = world
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name='sandbox-courier', daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.world.stirred.set()
        self.thread.join(5)

    def _run(self):
        while not self.stopping.is_set():
            delivery = self._next()
            if delivery is not None:
                self._carry(delivery)
                continue
            self.world.stirred.wait(WATCHFUL if self._any_waiting() else IDLE)
            self.world.stirred.clear()

    def _any_waiting(self):
        with self.world.lock:
            return any(each.state == 'waiting' for each in self.world.deliveries.values())

    def _next(self):
        """The one that has been due longest."""
        with self.world.lock:
            now = self.world.clock.now()
            due = [each for each in self.world.deliveries.values()
                   if each.state == 'waiting' and each.due_at <= now]
            return min(due, key=lambda each: each.due_at, default=None)

    def _carry(self, delivery):
        quirks = self.world.kingdee
        good, outcome = post(delivery.url, dump(callbacks.wire_body(delivery, quirks)), quirks)
        with self.world.acting():
            now = self.world.clock.now()
            delivery.tries.append([now.isoformat(), outcome])
            waits = quirks.callback_intervals
            if good:
                delivery.state = 'delivered'
            elif delivery.state == 'waiting' and len(delivery.tries) < len(waits):
                delivery.due_at = now + timedelta(seconds=float(waits[len(delivery.tries)]))
            else:
                delivery.state = 'given_up'
            self.world.keep(delivery)


def post(url, body, quirks):
    """Was it taken, and what was answered?"""
    request = urllib.request.Request(url, body, {'Content-Type': 'application/json;charset=UTF-8'})
    try:
        with OPENER.open(request, timeout=quirks.callback_timeout) as response:
            answer = response.read(MAX_ANSWER)
            shown = f'{response.status} {answer[:200].decode(errors="replace")}'
            return is_taken(response.status, answer, quirks), shown
    except urllib.error.HTTPError as error:
        with error:
            return False, f'{error.code} {error.reason}'
    except (OSError, ValueError) as error:
        return False, f'{type(error).__name__} {error}'


def is_taken(status, answer, quirks):
    try:
        told = json.loads(answer)
    except ValueError:
        return False
    if status != 200 or not isinstance(told, dict) or told.get('success') is not True:
        return False
    if quirks.callback_ack == 'success':
        return True
    return told.get('code') == '0' and told.get('errorCode') == '0' and isinstance(told.get('message'), str)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


# No proxy: the address is on this machine, or a person's own choice.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
