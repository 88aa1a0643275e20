"""How the scripts speak: progress lines, and failures in plain words."""

import subprocess
import sys
import time
from contextlib import contextmanager

_started = time.monotonic()


class Failure(Exception):
    """Something only a person can put right; the text says what to install or set."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the script started."""
    print(f"[{time.monotonic() - _started:5.1f}s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str):
    """Announce *text*, and say how long it took when that was worth noticing."""
    say(f"{text} …")
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    if took > 1:
        say(f"{text}: done in {took:.0f} s")


def run(command, *, why: str, **options) -> str:
    """Run *command* quietly and return its standard output.

    Raise Failure, opening with *why* and ending with the command's last lines, when it fails or does not exist.
    """
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except FileNotFoundError as error:
        raise Failure(f"{why}: the program {command[0]!r} is not installed.") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Failure(f"{why}: {' '.join(command[:6])} … ended with {done.returncode}.\n{tail}")
    return done.stdout
