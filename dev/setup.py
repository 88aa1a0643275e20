"""The set-up that every target shares: Odoo, PostgreSQL, databases."""

import configparser
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import odoo_source, paths, postgres
from .databases import Databases
from .postgres import Postgres


@dataclass(frozen=True)
class Setup:
    """All that Odoo needs to run, ready."""

    server: Postgres
    databases: Databases

    @property
    def environment(self) -> dict:
        """Return the environment of a process that works on this set-up."""
        folders = [paths.BIN, paths.VENV / "bin", self.server.programs, os.environ["PATH"]]
        own = {
            "PATH": os.pathsep.join(map(str, folders)),
            "PYTHONPATH": str(paths.ROOT),
            "PYTHONUNBUFFERED": "1",
            "ODOO_DEV_CONF": str(paths.CONF),
        }
        return {**os.environ, **self.server.environment, **own}


@contextmanager
def ready():
    """Give a Setup; its PostgreSQL runs as long as the context lasts."""
    source = odoo_source.ensure()
    paths.link(paths.ADDONS / paths.ADDON, Path("../.."))
    for folder in (paths.DATA, paths.LOG):
        folder.mkdir(parents=True, exist_ok=True)
    with postgres.running() as server:
        write_conf(paths.CONF, server, addons_path=",".join(map(str, [*source.addons, paths.ADDONS])))
        yield Setup(server, Databases(server, source))


def write_conf(path: Path, server: Postgres, **more: str) -> Path:
    """Write an odoo.conf for *server* to *path* and return it: the checkout's own, with *more* options."""
    parser = configparser.ConfigParser(interpolation=None)
    parser["options"] = {
        "data_dir": str(paths.DATA),
        "http_interface": "127.0.0.1",
        "admin_passwd": secrets.token_urlsafe(16),
        "list_db": "False",
        "unaccent": "True",
    }
    if path != paths.CONF:
        parser.read(paths.CONF)
    login = {"db_host": server.host, "db_port": server.port, "db_user": server.user}
    parser["options"].update({**login, "db_password": server.password or "False", **more})
    # Written aside, since another process may be reading the file at this moment.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.touch(mode=0o600)
    with aside.open("w") as file:
        parser.write(file)
    return aside.replace(path)
