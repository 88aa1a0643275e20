"""What a run shall be like, from make's variables, and the process that does it."""

import json
import os
import random
import signal
import subprocess
from dataclasses import asdict, dataclass

from .. import histories, paths, setup
from ..say import Failure


@dataclass(frozen=True)
class Options:
    """How large a run is. *events* counts kills, freezes and restarts; the seed decides all that is drawn."""

    seed: int
    invoices: int = 500
    reversals: int = 100
    events: int = 32
    servers: int = 3

    def as_text(self) -> str:
        return json.dumps(asdict(self))


_SHORT = {"invoices": 40, "reversals": 8, "events": 8, "servers": 2}
_LEAST = {"invoices": 2, "reversals": 0, "events": 0, "servers": 2}


def run(get=os.environ.get) -> int:
    """Run with the options that make's variables name; return the exit code. HISTORIES plays so many random histories
    (`dev/histories.py`) instead of one run of several servers."""
    if count := get("HISTORIES"):
        seed = _number("seed", get("SEED") or str(random.randrange(10**6)), 0)
        return histories.main([str(_number("histories", count, 1)), str(seed or 1)])
    options = read(get)
    with setup.ready() as tools:
        env = {**tools.environment, "ODOO_DEV_TEMPLATE": tools.templates.addon()}
        command = [tools.python, "-P", "-m", "dev.chaos", options.as_text()]
        return _in_foreground(command, env)


def _in_foreground(command, env) -> int:
    """Run *command*, leaving Ctrl-C to it; let it stop its servers when we are to end."""
    process = subprocess.Popen(command, cwd=paths.STATE, env=env)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()


def read(get) -> Options:
    """Return the options among the variables *get* knows; raise Failure for what is no number."""
    values = dict(_SHORT) if get("SHORT") else {}
    for name, least in _LEAST.items():
        if text := get(name.upper()):
            values[name] = _number(name, text, least)
    values["seed"] = _number("seed", get("SEED") or str(random.randrange(10**6)), 0)
    if values.get("reversals", Options.reversals) > values.get("invoices", Options.invoices):
        raise Failure("REVERSALS must not be more than INVOICES.")
    return Options(**values)


def _number(name: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise Failure(f"{name.upper()}={text} is no number from {least} on.")
    return int(text)
