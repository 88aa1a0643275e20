"""Locks between processes that end with the process, however it ends."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

from .say import say


@contextmanager
def held(path: Path, reason: str):
    """Hold *path* alone, saying *reason* when another process makes us wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: {reason}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Shared:
    """A lock many may hold at once; the last one to leave puts things away."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("w")
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def leave(self, put_away) -> None:
        """Give the lock up; call *put_away* first when nobody else holds it.

        Whoever comes meanwhile waits until that has ended.
        """
        with self._handle:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            put_away()
