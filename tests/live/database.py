"""A throw-away database with the addon's demo data, and processes that work on it."""

import os
import socket
import subprocess
import sys
import uuid
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
SERVER = Path(__file__).with_name("server.py")
TIME_LIMIT = 120


class LiveDatabase:
    """A copy of the template that `make test` has built; ``close`` drops it."""

    def __init__(self):
        if "ODOO_DEV_TEMPLATE" not in os.environ:
            raise RuntimeError("These tests need a template database: run them with `make test`.")
        template = os.environ["ODOO_DEV_TEMPLATE"]
        # where we are killed, the next `make test` drops what has the number of a process that is gone
        self.name = template.replace("_addon_", f"_tmp_{os.getpid()}_") + f"_{uuid.uuid4().hex[:6]}"
        self._program("createdb", "-T", template, self.name)
        # tests issue many copies of one invoice
        self.sql("UPDATE res_company SET fapiao_twin_days = 0")

    def close(self):
        self._program("dropdb", "--if-exists", "--force", self.name)

    def sql(self, statement):
        """Run one statement in a transaction of its own; return the rows, columns joined by ``|``."""
        return self._program("psql", "-d", self.name, "-qAtc", statement).stdout.splitlines()

    def start(self, task, *args, **env):
        """Start a worker on ``task`` (a function of worker.py) and return the process."""
        return subprocess.Popen(
            [sys.executable, "-P", str(WORKER), self.name, task, *map(str, args)],
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # one that stops must not be in our process group: the kernel hangs up on the whole group otherwise
            start_new_session="PAUSE_IN" in env,
        )

    def run(self, task, *args, **env):
        """Run a worker to its end and return ``(exit code, output)``."""
        process = self.start(task, *args, **env)
        return finish(process)

    def serve(self, workers, log):
        """Start a web server on this database with so many web workers, writing to ``log``; return the process and
        its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-P", str(SERVER), self.name, str(port), str(workers)],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process, f"http://127.0.0.1:{port}"

    def _program(self, name, *args):
        return subprocess.run([name, *args], check=True, capture_output=True, text=True)


def finish(process):
    """Wait for a worker; return its exit code (minus the signal that killed it) and what it said."""
    out, err = process.communicate(timeout=TIME_LIMIT)
    if process.returncode > 0:
        raise AssertionError(f"the worker failed:\n{err[-4000:]}")
    return process.returncode, out.strip()
