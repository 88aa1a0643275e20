"""One Odoo server of the run: `worker.py SECONDS ARGUMENTS…`, its clock SECONDS ahead.

What Python tells of the time of day is moved before anything else is imported, as a machine with a wrong
clock would tell it. The monotonic clock runs as everywhere.
"""

import datetime
import sys
import time


class _Type(type):
    # every moment is of the true class, and code that asks for the class by its public name has to find it so
    def __instancecheck__(cls, value):
        return isinstance(value, cls.true)

    def __subclasscheck__(cls, other):
        return issubclass(other, cls.true)


class _DateTime(datetime.datetime, metaclass=_Type):
    true = datetime.datetime

    def __new__(cls, *args, **kwargs):
        return cls.true(*args, **kwargs)

    @classmethod
    def now(cls, tz=None):
        return cls.true.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)

    today = now


class _Date(datetime.date, metaclass=_Type):
    true = datetime.date

    def __new__(cls, *args, **kwargs):
        return cls.true(*args, **kwargs)

    @classmethod
    def today(cls):
        return _DateTime.now().date()


def move_clock(seconds):
    """Let `time` and `datetime` tell a time of day that is *seconds* ahead."""
    true_time, true_ns = time.time, time.time_ns
    time.time = lambda: true_time() + seconds
    time.time_ns = lambda: true_ns() + int(seconds * 10**9)
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _with_default(getattr(time, name)))
    datetime.datetime, datetime.date = _DateTime, _Date


def _with_default(function):
    return lambda seconds=None: function(time.time() if seconds is None else seconds)


def keep_cron_alive():
    """Start a scheduler again that lost its database, as the parent of a multi-process server does."""
    from odoo.service.server import ThreadedServer  # noqa: PLC0415 - after the clock is moved

    original = ThreadedServer.cron_thread

    def cron_thread(self, number):
        while True:
            try:
                original(self, number)
            except Exception as error:
                print(f"scheduler {number} starts again: {error}", flush=True)
                time.sleep(1)

    ThreadedServer.cron_thread = cron_thread


if __name__ == "__main__":
    if ahead := float(sys.argv.pop(1)):
        move_clock(ahead)
    keep_cron_alive()
    import odoo.cli

    sys.argv[0] = "odoo"
    odoo.cli.main()
