"""The sandbox cloud and Odoo as processes of their own, on free loopback ports."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from . import paths
from .say import Failure, say, step
from .setup import Setup

_START_SECONDS = 180
_STOP_SECONDS = 15


@dataclass(frozen=True)
class Server:
    """An Odoo that answers, with the sandbox cloud beside it."""

    url: str
    db: str
    login: str
    password: str
    sandbox_url: str


class Process:
    """A program in a session of its own, so that Ctrl-C reaches only us, who stop it; it may die and come back."""

    def __init__(self, name: str, command: list, log: Path, **options):
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._options = options
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it; what it writes goes to the log."""
        with self.log.open("a") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            self._process = subprocess.Popen(self._command, start_new_session=True, **streams, **self._options)

    def signal(self, number: int) -> None:
        """Send a signal to it and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """Let it end in its own way, and kill what is left of it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"{self.name} does not stop; killing it")
        self.kill()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        if self._process:
            self.signal(signal.SIGKILL)
            self._process.wait()

    @contextmanager
    def running(self):
        """Start it, and stop it at the end."""
        self.start()
        try:
            yield
        finally:
            self.stop()

    def wait(self, probe):
        """Return the first answer of *probe* that isn't empty; raise Failure where there is none in time."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if answer := probe():
                return answer
            time.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise Failure(f"{self.name} did not start; see {self.log}\n{tail}")


class SandboxProcess(Process):
    """The sandbox cloud, writing to *log*."""

    def __init__(self, log: Path, environment: dict, *options):
        command = [sys.executable, "-m", "sandbox", *options]
        super().__init__("The sandbox cloud", command, log, cwd=paths.ROOT, env=environment)

    def address(self) -> str:
        """Return its address once it answers."""
        return self.wait(lambda: re.search(r"^SANDBOX (\S+)", self.log.read_text(errors="replace"), re.M))[1]


@contextmanager
def running(setup: Setup, db: str, label: str, is_new: bool = False):
    """Give a Server on database *db*; both processes are stopped at the end.

    *label* names the log files in `.odoo/log`. Where it *is_new* the sandbox forgets what it issued: a copied database
    repeats its request ids, which the sandbox would take for orders it knows.
    """
    with sandbox(setup, label, is_new) as sandbox_url, _odoo(setup, db, label, sandbox_url) as url:
        yield Server(url, db, "admin", "admin", sandbox_url)


@contextmanager
def sandbox(setup: Setup, label: str, is_new: bool = True):
    """Give the address of a sandbox cloud; its process is stopped at the end. Arguments as above."""
    state = paths.STATE / "sandbox" / label
    if is_new:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    # the port of the last time: an account that was used doesn't change its address
    known = state / "port"
    options = ["--port", known.read_text() if known.exists() else "0", "--state-dir", state]
    process = SandboxProcess(_new_log(f"{label}-sandbox.log"), setup.environment, *options)
    with process.running():
        url = process.address()
        known.write_text(url.rpartition(":")[2])
        yield url


@contextmanager
def _odoo(setup: Setup, db: str, label: str, sandbox_url: str):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*paths.ODOO, "-c", paths.CONF, "-d", db, "--db-filter", f"^{db}$"]
    env = {**setup.environment, "FAPIAO_SANDBOX_URL": sandbox_url}
    log = _new_log(f"{label}-odoo.log")
    process = Process("Odoo", [*command, "--http-port", port], log, cwd=paths.STATE, env=env)
    with process.running():
        with step("Odoo starts"):
            process.wait(lambda: _answers(url))
        yield url


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _new_log(name: str) -> Path:
    log = paths.LOG / name
    log.unlink(missing_ok=True)
    return log


def _answers(url: str) -> bool:
    try:
        # The login page needs the registry: when it comes, everything is loaded.
        return requests.get(f"{url}/web/login", timeout=_START_SECONDS).ok
    except requests.ConnectionError:
        return False
