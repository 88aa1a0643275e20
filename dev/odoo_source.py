"""Odoo's source: an own copy, Debian's package, or a clone of its repository."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import debian, locks, paths, pins
from .say import Failure, run, say, step

_PACKAGES = {**pins.DEBIAN_UNSTABLE, **pins.DEBIAN_STABLE}
_PREFIX = paths.CACHE / "odoo" / f"{pins.ODOO_SERIES}-{paths.digest(*map(str, sorted(_PACKAGES.items())))}"


@dataclass(frozen=True)
class OdooSource:
    """Where one Odoo lies."""

    root: Path  # to be put on the import path: the folder that holds the package `odoo`

    @property
    def package(self) -> Path:
        return self.root / "odoo"

    @property
    def addons(self) -> list[Path]:
        """Return the folders of Odoo's own addons.

        A checkout keeps them beside the package; Debian ships them inside, and once more
        beside it, where a test runner would find every file twice.
        """
        inside, beside = self.package / "addons", self.root / "addons"
        return [inside] if (inside / "account").exists() else [beside, inside]

    @property
    def version(self) -> str:
        """Return what tells this Odoo from another, for keys of template databases."""
        packed = _version_file(self.root)
        return packed.read_text().strip() if packed.exists() else str(self.root)


def planned() -> OdooSource:
    """Return where Odoo will lie, without fetching anything."""
    own = os.environ.get("ODOO_PATH")
    return _own(Path(own).expanduser()) if own else OdooSource(_import_root(_PREFIX))


def ensure() -> OdooSource:
    """Return an Odoo that is there, fetching it into the cache at the first call.

    Raise Failure where ODOO_PATH holds none or nothing can be fetched.
    """
    source = planned()
    if os.environ.get("ODOO_PATH"):
        return source
    with locks.held(paths.CACHE / "odoo.lock", "another checkout fetches Odoo"):
        if not _version_file(source.root).exists():
            _fetch()
    paths.link(paths.STATE / "odoo", source.package)
    return source


def _own(path: Path) -> OdooSource:
    for root in (path, path.parent):
        release = root / "odoo" / "release.py"
        if release.is_file():
            _check_series(release)
            return OdooSource(root.resolve())
    raise Failure(
        f"ODOO_PATH is {path}, but there is no package `odoo` in it. Set it to a checkout of "
        f"Odoo {pins.ODOO_SERIES} (the folder with odoo-bin), or unset it to have one fetched."
    )


def _check_series(release: Path) -> None:
    found = re.search(r"^version_info\s*=\s*\((\d+),\s*(\d+)", release.read_text(), re.M)
    if not found or ".".join(found.groups()) != pins.ODOO_SERIES:
        raise Failure(f"ODOO_PATH holds another Odoo than {pins.ODOO_SERIES} (see {release}).")


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
    for name in pins.ODOO_STRIPPED:
        stripped = _import_root(aside) / "odoo" / name
        if (_import_root(aside) / "odoo/addons/mail").exists() and not stripped.exists():
            stripped.parent.mkdir(parents=True, exist_ok=True)
            stripped.touch()
    shutil.rmtree(_PREFIX, ignore_errors=True)
    aside.rename(_PREFIX)


def _unpack_debian(prefix: Path) -> None:
    apt, debs = debian.PrivateApt(paths.CACHE / "apt"), paths.CACHE / "debs"
    with step(f"Odoo {pins.ODOO_SERIES} from the Debian archive"):
        debs.mkdir(parents=True, exist_ok=True)
        files = [apt.download(name, version, "sid", debs) for name, version in pins.DEBIAN_UNSTABLE.items()]
        suite = pins.DEBIAN_STABLE_SUITE
        files += [apt.download(name, version, suite, debs) for name, version in pins.DEBIAN_STABLE.items()]
        prefix.mkdir(parents=True)
        for file in files:
            debian.unpack(file, prefix, but=pins.DEBIAN_LEFT_OUT)
    _version_file(_import_root(prefix)).write_text(files[0].stem)


def _clone(prefix: Path) -> None:
    address, branch = pins.ODOO_GIT
    root = _import_root(prefix)
    with step(f"Odoo {pins.ODOO_SERIES} from its public repository"):
        root.parent.mkdir(parents=True)
        run(
            ["git", "clone", "--quiet", "--depth", "1", "--branch", branch, address, root],
            why="Odoo could not be fetched; set ODOO_PATH to a checkout of Odoo " + pins.ODOO_SERIES,
        )
    revision = run(["git", "-C", root, "rev-parse", "HEAD"], why="The clone of Odoo is broken")
    _version_file(root).write_text(revision)


def _import_root(prefix: Path) -> Path:
    return prefix / "usr/lib/python3/dist-packages"


def _version_file(root: Path) -> Path:
    """Return the file written last, whose presence says that the copy is whole."""
    return root / ".l10n_cn_version"
