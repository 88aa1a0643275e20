"""The virtual environment, shared between checkouts that ask for the same things."""

import os
import platform
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from . import debian, locks, odoo_source, paths
from .say import Failure, run, step

_REQUIREMENTS = paths.ROOT / "requirements"
# Versions that Odoo 19 runs on and for which requirements/ has wheels.
_PYTHON_FROM, _PYTHON_BELOW = (3, 11), (3, 13)
_PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def ensure() -> Path:
    """Return the virtual environment's Python, making the environment when needed.

    `.odoo/venv` is left as a link to it. Raise Failure where Python is unfit or the
    requirements cannot be installed.
    """
    if not _PYTHON_FROM <= sys.version_info[:2] < _PYTHON_BELOW:
        wanted = ".".join(map(str, _PYTHON_FROM))
        raise Failure(
            f"Python {platform.python_version()} is not fit for Odoo {odoo_source.SERIES}: "
            f"name another one, such as `make PYTHON=python{wanted} …`."
        )
    # Named by all that decides its content.
    root = odoo_source.planned().root
    texts = [(_REQUIREMENTS / name).read_text() for name in ("odoo.txt", "dev.txt", "constraints.txt")]
    key = paths.digest(platform.python_version(), sys.base_prefix, platform.machine(), str(root), *texts)
    home = paths.CACHE / "venv" / key
    with locks.held(paths.CACHE / "venv.lock", "another checkout makes the virtual environment"):
        if not (home / ".complete").exists():
            with step("virtual environment"):
                _make(home, root)
    paths.link(paths.VENV, home)
    return home / "bin/python"


def other_http() -> list[Path]:
    """Return a folder for each `requirements/http_*.txt`: the versions of requests and urllib3 that Odoo's other
    platforms bring, for the tests of hostile answers. Each is to be put first on a Python's path.
    """
    with locks.held(paths.CACHE / "http.lock", "another checkout installs other versions of urllib3"):
        return [_other_http(wanted) for wanted in sorted(_REQUIREMENTS.glob("http_*.txt"))]


def _make(home: Path, odoo_root: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    # Debian's python3 has the module venv, but not what venv needs.
    if not find_spec("ensurepip"):
        package = f"python3.{sys.version_info[1]}-venv"
        debian.install(package, f"This Python cannot make virtual environments: install {package}.")
    run([sys.executable, "-m", "venv", home], why="The virtual environment could not be made")
    files = ["-r", _REQUIREMENTS / "odoo.txt", "-r", _REQUIREMENTS / "dev.txt", "-c", _REQUIREMENTS / "constraints.txt"]
    # Most of it is never imported, so it is not compiled.
    command = [home / "bin/python", *_PIP, "--no-compile", *files]
    run(command, why="The Python requirements could not be installed (requirements/)")
    packages = next((home / "lib").glob("python3.*")) / "site-packages"
    (packages / "odoo.pth").write_text(f"{odoo_root}{os.linesep}")
    (home / ".complete").touch()


def _other_http(wanted: Path) -> Path:
    home = paths.CACHE / "http" / f"{wanted.stem.removeprefix('http_')}-{paths.digest(wanted.read_text())}"
    if not home.exists():
        with step(f"requests and urllib3 of {wanted.name}"):
            # under another name until it is whole
            part = home.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            command = [sys.executable, *_PIP, "--no-deps", "--target", part, "-r", wanted]
            run(command, why="Other versions of urllib3 could not be installed (requirements/http_*.txt)")
            part.replace(home)
    return home
