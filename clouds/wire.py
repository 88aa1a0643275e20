"""Connections that know the two things ``requests`` can't tell: what failed *before* anything was
sent, and when a whole answer is overdue.

``requests`` folds refused connections, broken TLS and lost answers into one family of exceptions;
whether a fapiao may have been issued can't be guessed from their wording. Here the connection itself
says so: a failing ``connect`` raises :class:`NoConnection`, which neither urllib3 nor requests
catches, and everything that raises anything else is taken as *may have been sent*.
Read timeouts there are per read; a server that drips a byte a second would hold a call for ever, so
each read is given no more than what is left of the call's total time.
"""

import functools
import http.client
import io
import time
from dataclasses import dataclass

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import fence
from .addresses import is_private_ip


class NoConnection(Exception):
    """Nothing of the request left this machine (DNS, refused, TLS, proxy, connect timeout).

    Deliberately no OSError and no urllib3 error, so that nothing on the way up reinterprets it.
    """


class _TimedReader(io.RawIOBase):
    """The socket's bytes, none of them awaited beyond ``deadline`` (monotonic seconds)."""

    def __init__(self, raw, sock, deadline, read_timeout):
        self._raw, self._sock = raw, sock
        self._deadline, self._read_timeout = deadline, read_timeout

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole answer took too long")
        self._sock.settimeout(min(left, self._read_timeout))
        return self._raw.readinto(buffer)

    def close(self):
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock, *args, deadline, read_timeout, **kwargs):
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, deadline, read_timeout))


class _Watched:
    """What both kinds of connection add; ``limits`` is set on the subclass by :func:`_watched`."""

    limits = None

    def connect(self):
        try:
            super().connect()
        except Exception as error:
            self.close()
            raise NoConnection(str(error)) from error

    def _new_conn(self):
        sock = super()._new_conn()
        if self.limits.public_only and not self.proxy and is_private_ip(sock.getpeername()[0]):
            # asked of the connected socket, since a name checked earlier may resolve differently by now; and
            # before TLS, which would already say something
            sock.close()
            raise ValueError("the address leads into a private network")
        return sock

    def request(self, *args, **kwargs):
        # connect here rather than inside the first send, so that the timeouts below apply to it
        if self.sock is None:
            self.connect()
        self._check_fence()
        self.sock.settimeout(self.limits.read_timeout)
        self.response_class = functools.partial(
            _TimedResponse,
            deadline=time.monotonic() + self.limits.total_timeout,
            read_timeout=self.limits.read_timeout,
        )
        return super().request(*args, **kwargs)

    def _check_fence(self):
        """The last look before the request's first byte leaves."""
        try:
            fence.check()
        except fence.TooLate as error:
            self.close()
            raise NoConnection(str(error)) from error


@dataclass(frozen=True)
class Limits:
    """Times in seconds; ``public_only`` refuses private networks, ``fresh`` uses a connection once."""

    read_timeout: float
    total_timeout: float
    public_only: bool = False
    fresh: bool = False


class WatchedAdapter(HTTPAdapter):
    """An adapter over such connections: ``pool_size`` of them kept alive, nothing ever retried."""

    def __init__(self, limits, pool_size):
        self._limits = limits
        super().__init__(pool_connections=2, pool_maxsize=max(1, pool_size), max_retries=0)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._limits)

    def proxy_manager_for(self, proxy, **kwargs):
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _pools(self._limits)
        return manager

    def drop_idle(self):
        """Close the connections that are not in use; those in use are closed when they come back."""
        self.poolmanager.clear()
        for manager in self.proxy_manager.values():
            manager.clear()


def _pools(limits):
    def pool(base, connection):
        watched = type(f"Watched{connection.__name__}", (_Watched, connection), {"limits": limits})
        members = {"ConnectionCls": watched}
        if limits.fresh:
            members["_put_conn"] = lambda self, used: used and used.close()
        return type(f"Watched{base.__name__}", (base,), members)

    return {
        "http": pool(HTTPConnectionPool, HTTPConnection),
        "https": pool(HTTPSConnectionPool, HTTPSConnection),
    }
