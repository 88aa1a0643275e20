"""The sandbox cloud and Odoo as processes of their own, on free loopback ports."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import paths
from .say import Failure, say, step
from .setup import Setup

_START_SECONDS = 120
_STOP_SECONDS = 15


@dataclass(frozen=True)
class Server:
    """An Odoo that answers, with the sandbox cloud beside it."""

    url: str
    db: str
    login: str
    password: str
    sandbox_url: str

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Server":
        """Return the server described in *path*; raise Failure when there is none."""
        if not path.exists():
            raise Failure(f"No server runs here ({path} is missing): start one with `make run`.")
        return cls(**json.loads(path.read_text()))


@contextmanager
def running(setup: Setup, db: str, label: str, anew: bool = False):
    """Give a Server on database *db*; both processes are stopped at the end.

    *label* names the log files in `.odoo/log`. With *anew* the sandbox forgets what it issued: a copied
    database repeats its request ids, which the sandbox would take for orders it knows.
    """
    if anew:
        shutil.rmtree(paths.STATE / "sandbox" / label, ignore_errors=True)
    with sandbox(setup, label) as sandbox_url, _odoo(setup, db, label, sandbox_url) as url:
        yield Server(url, db, "admin", "admin", sandbox_url)


@contextmanager
def sandbox(setup: Setup, label: str):
    """Give the address of a sandbox cloud; its process is stopped at the end. *label* as above."""
    state = paths.STATE / "sandbox" / label
    state.mkdir(parents=True, exist_ok=True)
    # the port of the last time: an account that was used doesn't change its address
    known = state / "port"
    port = known.read_text() if known.exists() else _free_port()
    command = [setup.python, "-m", "sandbox", "--port", port, "--state-dir", state]
    log = paths.LOG / f"{label}-sandbox.log"
    with _process(command, log, cwd=paths.ROOT, env=setup.environment) as process:
        url = _wait(lambda: _announced(log), process, log, "The sandbox cloud")
        known.write_text(str(port))
        yield url


@contextmanager
def _odoo(setup: Setup, db: str, label: str, sandbox_url: str):
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log = paths.LOG / f"{label}-odoo.log"
    command = [setup.python, "-P", "-m", "odoo", "-c", paths.CONF, "-d", db, "--db-filter", f"^{db}$"]
    command += ["--http-port", port]
    env = {**setup.environment, "FAPIAO_SANDBOX_URL": sandbox_url}
    with _process(command, log, cwd=paths.STATE, env=env) as process:
        with step("Odoo starts"):
            _wait(lambda: _answers(url), process, log, "Odoo")
        yield url


@contextmanager
def _process(command: list, log: Path, **options):
    """Run *command* in a session of its own, so that Ctrl-C reaches only us, who stop it."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        say(f"process {process.pid} does not stop; killing it")
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _wait(probe, process: subprocess.Popen, log: Path, who: str) -> str:
    """Return the first non-empty answer of *probe*; raise Failure when *process* ends first."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answer := probe():
            return answer
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise Failure(f"{who} did not start; see {log}\n{tail}")


def _announced(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return next((line.split(" ", 1)[1].strip() for line in lines if line.startswith("SANDBOX ")), "")


def _answers(url: str) -> str:
    try:
        # The login page needs the registry: when it comes, everything is loaded.
        with urllib.request.urlopen(f"{url}/web/login", timeout=_START_SECONDS) as answer:
            return url if answer.status == 200 else ""
    except (urllib.error.URLError, ConnectionError):
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
