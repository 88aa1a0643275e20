"""Other versions of requests and urllib3 that Odoo runs on, for the tests of hostile answers.

Each lies in a folder of its own, to be put first on a Python's path.
"""

import os
import shutil
from pathlib import Path

from . import locks, paths
from .say import run, step


def ensure(python: Path) -> list[Path]:
    """Return the folders, one for each `requirements/http_*.txt`, filled when needed.

    Raise Failure where the versions cannot be installed.
    """
    with locks.held(paths.CACHE / "http.lock", "another checkout installs other versions of urllib3"):
        return [_folder(python, wanted) for wanted in sorted((paths.ROOT / "requirements").glob("http_*.txt"))]


def _folder(python: Path, wanted: Path) -> Path:
    home = paths.CACHE / "http" / f"{wanted.stem.removeprefix('http_')}-{paths.digest(wanted.read_text())}"
    if not home.exists():
        with step(f"requests and urllib3 of {wanted.name}"):
            # under another name until it is whole
            part = home.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command += ["--target", part, "-r", wanted]
            run(command, why="Other versions of urllib3 could not be installed (requirements/http_*.txt)")
            os.replace(part, home)
    return home
