"""The odoo.conf that every Odoo process of this checkout reads."""

import configparser
import os
import secrets
from pathlib import Path

from . import paths
from .odoo_source import OdooSource
from .postgres import Postgres


def write(source: OdooSource, server: Postgres) -> Path:
    """Write `.odoo/odoo.conf` for *source* and *server*, and return its path."""
    paths.link_addon()
    for folder in (paths.DATA, paths.LOG):
        folder.mkdir(parents=True, exist_ok=True)
    parser = configparser.ConfigParser(interpolation=None)
    parser["options"] = {
        "addons_path": ",".join(map(str, [*source.addons, paths.ADDONS])),
        "data_dir": str(paths.DATA),
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        "db_password": server.password or "False",
        "http_interface": "127.0.0.1",
        "admin_passwd": secrets.token_urlsafe(16),
        "list_db": "False",
        "unaccent": "True",
    }
    return _save(parser, paths.CONF)


def write_variant(path: Path, addons: Path) -> Path:
    """Write the current odoo.conf to *path* with the folder *addons* in place of ours."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(paths.CONF)
    options = parser["options"]
    options["addons_path"] = options["addons_path"].replace(str(paths.ADDONS), str(addons))
    return _save(parser, path)


def _save(parser: configparser.ConfigParser, path: Path) -> Path:
    # Written aside, since another process may be reading the file at this moment.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.touch(mode=0o600)
    with aside.open("w") as file:
        parser.write(file)
    return aside.replace(path)
