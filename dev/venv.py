"""The virtual environment, shared between checkouts that ask for the same things."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from . import debian, locks, odoo_source, paths, pins
from .say import Failure, run, step

_REQUIREMENTS = ("odoo.txt", "dev.txt", "constraints.txt")


def ensure() -> Path:
    """Return the virtual environment's Python, making the environment when needed.

    `.odoo/venv` is left as a link to it. Raise Failure where Python is unfit or the
    requirements cannot be installed.
    """
    _check_python()
    home = _home()
    with locks.held(paths.CACHE / "venv.lock", "another checkout makes the virtual environment"):
        if not _mark(home).exists():
            _make(home)
    paths.link(paths.VENV, home)
    return home / "bin/python"


def _home() -> Path:
    """Return the environment's folder, named by all that decides its content."""
    texts = [(paths.ROOT / "requirements" / name).read_text() for name in _REQUIREMENTS]
    root = odoo_source.planned().root
    key = paths.digest(platform.python_version(), sys.base_prefix, platform.machine(), str(root), *texts)
    return paths.CACHE / "venv" / key


def _make(home: Path) -> None:
    with step("virtual environment"):
        shutil.rmtree(home, ignore_errors=True)
        _create(home)
        folder = paths.ROOT / "requirements"
        command = [home / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--no-compile"]  # most of it is never imported
        command += ["-r", folder / "odoo.txt", "-r", folder / "dev.txt", "-c", folder / "constraints.txt"]
        run(command, why="The Python requirements could not be installed (requirements/)")
        _make_importable(home, odoo_source.planned().root)
        _mark(home).touch()


def _create(home: Path) -> None:
    if _lacks_ensurepip():
        if not debian.can_install():
            raise Failure("This Python cannot make virtual environments: install python3-venv.")
        debian.install(f"python3.{sys.version_info[1]}-venv")
    run([sys.executable, "-m", "venv", home], why="The virtual environment could not be made")


def _lacks_ensurepip() -> bool:
    # Debian's python3 has the module venv, but not what venv needs.
    probe = [sys.executable, "-c", "import venv, ensurepip"]
    return subprocess.run(probe, capture_output=True, check=False).returncode != 0


def _make_importable(home: Path, odoo_root: Path) -> None:
    packages = next((home / "lib").glob("python3.*")) / "site-packages"
    (packages / "odoo.pth").write_text(f"{odoo_root}{os.linesep}")


def _mark(home: Path) -> Path:
    return home / ".complete"


def _check_python() -> None:
    if not pins.PYTHON_FROM <= sys.version_info[:2] < pins.PYTHON_BELOW:
        wanted = ".".join(map(str, pins.PYTHON_FROM))
        raise Failure(
            f"Python {platform.python_version()} is not fit for Odoo {pins.ODOO_SERIES}: "
            f"name another one, such as `make PYTHON=python{wanted} …`."
        )
