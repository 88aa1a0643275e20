"""The targets of the Makefile: `python -m dev TARGET`, with the standard library only."""

import os
import signal
import sys

from . import clean, lint, run, shell, test, translations
from .bench import start as bench
from .chaos import start as chaos
from .say import Failure

_ENV = os.environ.get

_TARGETS = {
    "bench": lambda: bench.run(_ENV("ROWS", "")),
    "chaos": chaos.run,
    "clean": clean.run,
    "demo": run.demo,
    "lint": lint.run,
    "pot": translations.run,
    "run": lambda: run.stay(reset=bool(_ENV("RESET"))),
    "shell": shell.run,
    "test": lambda: test.run(_ENV("T", ""), _ENV("ARGS", "")),
}


def main(arguments: list[str]) -> int:
    """Run the one target named in *arguments* and return the exit code."""
    if len(arguments) != 1 or arguments[0] not in _TARGETS:
        print(f"usage: python -m dev {'|'.join(_TARGETS)}", file=sys.stderr)
        return 2
    # Also where a background job starts with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that whatever was started is stopped.
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    try:
        return _TARGETS[arguments[0]]() or 0
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
