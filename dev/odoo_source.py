"""Odoo's source: an own copy, Debian's package, or a clone of its repository."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import debian, locks, paths
from .say import Failure, run, say, step

SERIES = "19.0"
_GIT = "https://github.com/odoo/odoo.git"  # where no Debian package is to be had

# Odoo as Debian's unstable suite packs it, and the packages that its static files link to, as (name, version, suite).
# A version that has gone is replaced by the suite's current one, with a note. Unstable's fonts-font-awesome no longer
# has the file names that Odoo links to.
_PACKAGES = (
    ("odoo-19", "19.0.0+dfsg-1", "sid"),
    ("libjs-jquery", "3.7.1+dfsg+~3.5.33-1", "sid"),
    ("libjs-jquery-form", "12-4", "sid"),
    ("libjs-underscore", "1.13.8~dfsg+~1.13.0-1", "sid"),
    ("fonts-montserrat", "9.000-6", "sid"),
    ("fonts-ocr-b", "0.3.1~dfsg-2", "sid"),
    ("fonts-roboto-unhinted", "2:3.016-1", "sid"),
    ("fonts-glyphicons-halflings", "1.009~3.4.1+dfsg-7", "sid"),
    ("fonts-inconsolata", "3.001+ds-1", "sid"),
    ("fonts-font-awesome", "5.0.10+really4.7.0~dfsg-4.1", "bookworm"),
)
_ROOT = "usr/lib/python3/dist-packages"  # what holds the package `odoo`
# Second copies of what lies inside the package `odoo`, and what only a build needs.
_LEFT_OUT = ("addons", "doc", "setup")
# Debian strips it, and an asset bundle still names it.
_STRIPPED = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
_KEY = sorted((name, version) for name, version, _suite in _PACKAGES)
_PREFIX = paths.CACHE / "odoo" / f"{SERIES}-{paths.digest(*map(str, _KEY))}"


@dataclass(frozen=True)
class OdooSource:
    """Where one Odoo lies."""

    root: Path  # to be put on the import path: the folder that holds the package `odoo`

    @property
    def addons(self) -> list[Path]:
        """Return the folders of Odoo's own addons.

        A checkout keeps them beside the package; Debian ships them inside, and once more beside it, where a test runner
        would find every file twice.
        """
        inside, beside = self.root / "odoo/addons", self.root / "addons"
        return [inside] if (inside / "account").exists() else [beside, inside]

    @property
    def version(self) -> str:
        """Return what tells this Odoo from another, for keys of template databases."""
        packed = _version_file(self.root)
        return packed.read_text().strip() if packed.exists() else str(self.root)


def planned() -> OdooSource:
    """Return where Odoo will lie, without fetching anything."""
    own = os.environ.get("ODOO_PATH")
    return _own(Path(own).expanduser()) if own else OdooSource(_PREFIX / _ROOT)


def ensure() -> OdooSource:
    """Return an Odoo that is there, fetching it into the cache at the first call.

    Raise Failure where ODOO_PATH holds none or nothing can be fetched.
    """
    source = planned()
    if not os.environ.get("ODOO_PATH"):
        with locks.held(paths.CACHE / "odoo.lock", "another checkout fetches Odoo"):
            if not _version_file(source.root).exists():
                _fetch()
        paths.link(paths.STATE / "odoo", source.root / "odoo")
    return source


def _own(path: Path) -> OdooSource:
    for root in (path, path.parent):
        release = root / "odoo" / "release.py"
        if release.is_file():
            found = re.search(r"^version_info\s*=\s*\((\d+),\s*(\d+)", release.read_text(), re.M)
            if not found or ".".join(found.groups()) != SERIES:
                raise Failure(f"ODOO_PATH holds another Odoo than {SERIES} (see {release}).")
            return OdooSource(root.resolve())
    raise Failure(
        f"ODOO_PATH is {path}, but there is no package `odoo` in it. Set it to a checkout of "
        f"Odoo {SERIES} (the folder with odoo-bin), or unset it to have one fetched."
    )


def _fetch() -> None:
    """Fetch Odoo aside and move it into its place as the last act."""
    aside = _PREFIX.with_name(f"{_PREFIX.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    if debian.available():
        try:
            _unpack_debian(aside)
        except Failure as failure:
            say(f"note: no Odoo from the Debian archive: {failure}")
            shutil.rmtree(aside, ignore_errors=True)
    if not aside.exists():
        _clone(aside)
    stripped = aside / _ROOT / _STRIPPED
    if not stripped.exists():
        stripped.parent.mkdir(parents=True, exist_ok=True)
        stripped.touch()
    shutil.rmtree(_PREFIX, ignore_errors=True)
    aside.rename(_PREFIX)


def _unpack_debian(prefix: Path) -> None:
    suites = sorted({suite for _name, _version, suite in _PACKAGES})
    apt = debian.PrivateApt(paths.CACHE / "apt", suites, paths.CACHE / "debs")
    with step(f"Odoo {SERIES} from the Debian archive"):
        files = [apt.download(*package) for package in _PACKAGES]
        prefix.mkdir(parents=True)
        for file in files:
            debian.unpack(file, prefix)
    for name in _LEFT_OUT:
        shutil.rmtree(prefix / _ROOT / name)
    _version_file(prefix / _ROOT).write_text(files[0].stem)


def _clone(prefix: Path) -> None:
    root = prefix / _ROOT
    why = f"Odoo could not be fetched; set ODOO_PATH to a checkout of Odoo {SERIES}"
    with step(f"Odoo {SERIES} from its public repository"):
        root.parent.mkdir(parents=True)
        run(["git", "clone", "--quiet", "--depth", "1", "--branch", SERIES, _GIT, root], why=why)
    _version_file(root).write_text(run(["git", "-C", root, "rev-parse", "HEAD"], why=why))


def _version_file(root: Path) -> Path:
    """Return the file written last, whose presence says that the copy is whole."""
    return root / ".l10n_cn_version"
