"""What a run works on: PostgreSQL, database, sandbox cloud and Odoo servers of its own, in one folder."""

import configparser
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import xmlrpc.client
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from .. import paths, postgres
from ..client import Sandbox
from ..say import Failure, run, step

DATABASE = "chaos"
_START_SECONDS = 180
_UNACCENT = "CREATE EXTENSION unaccent; ALTER FUNCTION unaccent(text) IMMUTABLE"


class Process:
    """A program of the run in a session of its own, which can die, freeze and come back."""

    def __init__(self, name: str, command: list, log: Path, **options):
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._options = options
        self._process: subprocess.Popen | None = None

    @property
    def is_alive(self) -> bool:
        return bool(self._process and self._process.poll() is None)

    def start(self) -> None:
        with self.log.open("a") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **self._options,
            )

    def signal(self, number: int) -> None:
        if self.is_alive:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.signal(signal.SIGKILL)
        if self._process:
            self._process.wait()

    def wait(self, probe):
        """Return the first answer of *probe* that isn't empty; raise Failure where there is none in time."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.is_alive:
            if answer := probe():
                return answer
            time.sleep(0.2)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise Failure(f"{self.name} did not start; see {self.log}\n{tail}")


class Odoo(Process):
    """An Odoo server with a scheduler; its clock may be off. *is_ready*: people can work at it."""

    is_ready = False

    def __init__(self, number: int, conf: Path, folder: Path, env: dict, ahead: int):
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-P", "-m", "dev.chaos.worker", ahead, "-c", conf, "-d", DATABASE]
        command += ["--db-filter", f"^{DATABASE}$", "--http-port", self.port, "--workers", 0]
        # a thread that was frozen is late, which is no reason to end the server
        command += ["--max-cron-threads", 1, "--limit-time-real", 10**6, "--limit-time-cpu", 10**6]
        super().__init__(f"Odoo {number}", command, folder / f"odoo-{number}.log", cwd=folder, env=env)

    def wait_until_ready(self) -> None:
        self.wait(self._answers)
        self.is_ready = True

    def kill(self) -> None:
        self.is_ready = False
        super().kill()

    def freeze(self) -> None:
        self.is_ready = False
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)
        self.is_ready = True

    def _answers(self) -> bool:
        """Tell whether somebody can log in, which needs all of Odoo loaded."""
        try:
            with xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common") as common:
                return bool(common.authenticate(DATABASE, "admin", "admin", {}))
        except (OSError, xmlrpc.client.Error):
            return False


class Place:
    """All of it, running."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.postgres = postgres.Apart("chaos")
        self.servers: list[Odoo] = []
        self._sandbox: Process | None = None
        self._turn = threading.Lock()

    def make(self, servers: int) -> None:
        """Bring everything up; the last server's clock is an hour ahead."""
        with step("a database of its own"):
            self._copy_template()
        # libpq's variables win over odoo.conf
        env = {**os.environ, "PYTHONPATH": str(paths.ROOT), **self.postgres.server.environment}
        log = self.folder / "sandbox.log"
        self._sandbox = Process(
            "The sandbox", [sys.executable, "-m", "sandbox"], log, cwd=paths.ROOT, env=env
        )
        self._sandbox.start()
        self.sandbox_url = self._sandbox.wait(lambda: _announced(log))
        self.sandbox = Sandbox(self.sandbox_url)
        conf = self._write_conf()
        for number in range(1, servers + 1):
            ahead = 3600 if number == servers else 0
            self.servers.append(Odoo(number, conf, self.folder, env, ahead))
        with step(f"{servers} Odoo servers"):
            for server in self.servers:
                server.start()
            for server in self.servers:
                server.wait_until_ready()

    def sql(self, statement: str, *args) -> list:
        """Return the rows of one statement in a transaction of its own; wait while PostgreSQL is away."""
        for pause in (0.2, 0.5, 1, 2, 4, 8, None):
            try:
                with self.connection() as connection, connection.cursor() as cursor:
                    cursor.execute(statement, args)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.OperationalError:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def connection(self, database: str = DATABASE):
        """Give a connection whose transaction ends with the block."""
        server = self.postgres.server
        connection = psycopg2.connect(
            host=server.host, port=server.port, user=server.user, password=server.password, dbname=database
        )
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def server(self, number: int) -> Odoo:
        """Return server *number*, or another one where that one is down; wait where all are."""
        while True:
            for server in (*self.servers[number:], *self.servers[:number]):
                if server.is_ready:
                    return server
            time.sleep(0.5)

    def wake_schedulers(self) -> None:
        """Let the scheduled actions that are due begin now instead of within a minute."""
        with self.connection("postgres") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [DATABASE])

    def end(self) -> None:
        """Stop everything; the folder stays."""
        for process in filter(None, [*self.servers, self._sandbox]):
            process.kill()
        self.postgres.remove()

    def _copy_template(self) -> None:
        template = os.environ["ODOO_DEV_TEMPLATE"]
        dump = self.folder / "template.dump"
        programs = Path(os.environ.get("ODOO_DEV_PROGRAMS", ""))
        why = f"{template} could not be copied"
        run([programs / "pg_dump", "-Fc", "-Z0", "-f", dump, template], why=why)
        own = self.postgres.server
        own.call("createdb", DATABASE, why=why)
        own.call("psql", "-d", DATABASE, "-qc", _UNACCENT, why=why)
        own.call("pg_restore", "-j2", "-d", DATABASE, str(dump), why=why)
        dump.unlink()
        source = paths.DATA / "filestore" / template
        if source.exists():
            shutil.copytree(source, self.folder / "data/filestore" / DATABASE, copy_function=os.link)

    def _write_conf(self) -> Path:
        """Write an odoo.conf like that of the checkout for our own PostgreSQL."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(os.environ["ODOO_DEV_CONF"])
        server = self.postgres.server
        parser["options"].update(
            data_dir=str(self.folder / "data"),
            db_host=server.host,
            db_port=server.port,
            db_user=server.user,
            db_password=server.password,
        )
        path = self.folder / "odoo.conf"
        path.touch(mode=0o600)
        with path.open("w") as file:
            parser.write(file)
        return path


@contextmanager
def ready(servers: int):
    """Give a Place; what it kept is removed at the end, logs too unless the run fails."""
    folder = paths.STATE / "chaos" / f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(parents=True)
    place = Place(folder)
    try:
        place.make(servers)
        yield place
    finally:
        place.end()
        for name in ("data", "template.dump", "odoo.conf"):
            target = folder / name
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)


def _announced(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return next((line.split(" ", 1)[1].strip() for line in lines if line.startswith("SANDBOX ")), "")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
