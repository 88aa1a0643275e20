"""What a run works on: PostgreSQL, database, sandbox cloud and Odoo servers of its own, in one folder."""

import os
import shutil
import signal
import sys
import time
import xmlrpc.client
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from dev import databases, paths, postgres, setup
from dev.client import Sandbox
from dev.say import run, step
from dev.servers import Process, SandboxProcess, free_port

DATABASE = "chaos"
_WORKER = Path(__file__).with_name("worker.py")
_UNACCENT = "CREATE EXTENSION unaccent; ALTER FUNCTION unaccent(text) IMMUTABLE"


class Odoo(Process):
    """An Odoo server with a scheduler; its clock may be off. *is_ready*: people can work at it."""

    is_ready = False

    def __init__(self, number: int, conf: Path, folder: Path, env: dict, ahead: int):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-P", _WORKER, ahead, "-c", conf, "-d", DATABASE]
        command += ["--db-filter", f"^{DATABASE}$", "--http-port", self.port, "--workers", 0]
        # a thread that was frozen is late, which is no reason to end the server
        command += ["--max-cron-threads", 1, "--limit-time-real", 10**6, "--limit-time-cpu", 10**6]
        super().__init__(f"Odoo {number}", command, folder / f"odoo-{number}.log", cwd=folder, env=env)

    def wait_until_ready(self) -> None:
        self.wait(self._answers)
        self.is_ready = True

    def kill(self) -> None:
        """End it without a chance to tidy up."""
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

    def __init__(self, folder: Path, cluster):
        self.folder = folder
        self.postgres = cluster
        self.servers: list[Odoo] = []
        self._sandbox: Process | None = None

    def make(self, servers: int, template: str, environment: dict) -> None:
        """Bring everything up; the last server's clock is an hour ahead."""
        with step("a database of its own"):
            self._copy_template(template, environment)
        # libpq's variables win over odoo.conf
        env = {**environment, **self.postgres.server.environment}
        self._sandbox = SandboxProcess(self.folder / "sandbox.log", env)
        self._sandbox.start()
        self.sandbox_url = self._sandbox.address()
        self.sandbox = Sandbox(self.sandbox_url)
        data = str(self.folder / "data")
        conf = setup.write_conf(self.folder / "odoo.conf", self.postgres.server, data_dir=data)
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
        """Kill every process; the folder stays."""
        for process in filter(None, [*self.servers, self._sandbox]):
            process.kill()

    def _copy_template(self, template: str, environment: dict) -> None:
        dump, own = self.folder / "template.dump", self.postgres.server
        why = f"{template} could not be copied"
        run([own.programs / "pg_dump", "-Fc", "-Z0", "-f", dump, template], why=why, env=environment)
        own.call("createdb", DATABASE, why=why)
        own.call("psql", "-d", DATABASE, "-qc", _UNACCENT, why=why)
        own.call("pg_restore", "-j2", "-d", DATABASE, str(dump), why=why)
        dump.unlink()
        databases.link_filestore(template, self.folder / "data", DATABASE)


@contextmanager
def ready(servers: int, template: str, environment: dict):
    """Give a Place; what it kept is removed at the end, but for the logs."""
    folder = paths.STATE / "chaos" / f"{time.strftime('%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(parents=True)
    with _cluster() as cluster:
        place = Place(folder, cluster)
        try:
            place.make(servers, template, environment)
            yield place
        finally:
            place.end()
            for name in ("data", "template.dump", "odoo.conf"):
                target = folder / name
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)


@contextmanager
def _cluster():
    """Give a PostgreSQL server of the run's own, which may die and come back; it is removed at the end."""
    shared = postgres.home()
    for left in shared.parent.glob(f"{shared.name}_chaos_*"):
        if not Path("/proc", left.name.rpartition("_")[2]).exists():
            postgres.Cluster(left).remove()
    cluster = postgres.Cluster(shared.with_name(f"{shared.name}_chaos_{os.getpid()}"))
    cluster.home.mkdir()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
