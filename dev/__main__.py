"""The targets of the Makefile: `python -m dev TARGET`.

Any Python can start them. It fetches what they need and goes on in the virtual environment, so that only the modules
imported here have to do with the standard library.
"""

import importlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import browser, odoo_source, paths, venv
from .say import Failure

# Each target is a function of a module. `chaos` lies in tests/.
_TARGETS = {
    "bench": "dev.bench.run:run",
    "chaos": "chaos.run:run",
    "clean": "dev.run:clean",
    "demo": "dev.demo:run",
    "lint": "dev.lint:run",
    "pot": "dev.translations:run",
    "run": "dev.run:run",
    "shell": "dev.run:shell",
    "test": "dev.test:run",
}
_NEEDS = {"clean": [], "lint": [], "test": [odoo_source.ensure, browser.ensure]}


def main(arguments: list[str]) -> int:
    """Run the one target named in *arguments* and return the exit code."""
    if len(arguments) != 1 or arguments[0] not in _TARGETS:
        print(f"usage: python -m dev {'|'.join(_TARGETS)}", file=sys.stderr)
        return 2
    # Also where a background job starts with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        # As an exception, so that every process that was started is stopped.
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    try:
        _continue_in_venv(arguments[0])
        sys.path.append(str(paths.ROOT / "tests"))
        module, function = _TARGETS[arguments[0]].split(":")
        return getattr(importlib.import_module(module), function)() or 0
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _continue_in_venv(target: str) -> None:
    """Fetch side by side what *target* needs; unless this is the virtual environment's Python, become it."""
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(job) for job in (venv.ensure, *_NEEDS.get(target, [odoo_source.ensure]))]
    python = [job.result() for job in jobs][0]
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        # Bytecode is kept even where an image forbids it: compiling Odoo takes longer than all else of a start.
        cache = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(paths.CACHE / "pycache")}
        environment = {**os.environ, "PYTHONPATH": str(paths.ROOT), **cache}
        os.execve(python, [python, "-P", "-m", "dev", target], environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
