"""The moment after which a call must not start any more.

Once the lease of a claimed call is over, another worker may ask about it and send it again. So a call that
was held up (a queue of threads, a stopped process, a suspended machine) is refused right before its bytes
leave. The clock is that of the machine since its start: it goes on while the machine sleeps and no
administrator sets it.
"""

import time
from contextlib import contextmanager
from contextvars import ContextVar

_not_after = ContextVar("fapiao_not_after", default=None)
_CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


class TooLate(Exception):
    """The call may not start any more; nothing of it has left."""


def now():
    """Return seconds of a clock that only goes forward, also while the machine is suspended."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


@contextmanager
def until(moment):
    """Refuse calls of this thread that start after ``moment`` (seconds of :func:`now`; None: no end)."""
    token = _not_after.set(moment)
    try:
        yield
    finally:
        _not_after.reset(token)


def check():
    """Raise :class:`TooLate` where the moment of :func:`until` is over."""
    moment = _not_after.get()
    if moment is not None and now() > moment:
        raise TooLate("The time in which this call could start is over")
