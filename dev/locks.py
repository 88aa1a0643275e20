"""Locks between processes that end with the process, however it ends."""

import fcntl
from contextlib import contextmanager, suppress
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


@contextmanager
def shared(path: Path, put_away):
    """Hold *path* together with others; the last one to leave calls *put_away*, and a newcomer waits until it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                put_away()
