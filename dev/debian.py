"""Debian packages, without touching the system's own package state."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

from . import pins
from .say import Failure, run, say

_one_at_a_time = threading.Lock()  # apt refuses a second one, rather than wait

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def can_install() -> bool:
    """Tell whether system packages can be installed here: apt, as root."""
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def install(*packages: str) -> None:
    """Install system *packages*; raise Failure when apt cannot."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    with _one_at_a_time:
        say(f"apt-get install {' '.join(packages)}")
        run(["apt-get", "update"], why="The package lists could not be refreshed", env=env)
        run(command, why=f"{' '.join(packages)} could not be installed", env=env)


def available() -> bool:
    """Tell whether this machine is a Debian that can fetch and unpack packages."""
    programs = ("apt-get", "apt-cache", "dpkg")
    return _os_release().get("ID") == "debian" and all(shutil.which(name) for name in programs)


class PrivateApt:
    """An apt view of its own on the archive: unstable, and the stable suite of the pins."""

    def __init__(self, folder: Path):
        """Keep sources, lists and downloads under *folder*."""
        self._folder = folder
        self._lists = folder / "lists"
        self._sources = folder / "sources.list"
        self._updated = False

    def download(self, package: str, version: str, suite: str, into: Path) -> Path:
        """Return the path of *package*'s file in *into*, fetched when it is not there.

        A *version* that the suite no longer has is replaced by the suite's own.
        """
        kept = into / _file_stem(package, version)
        if found := _only(kept.parent.glob(f"{kept.name}_*.deb")):
            return found
        if not self._updated:
            self._update()
        if not self._has(package, version):
            say(f"note: {package} {version} is gone from {suite}; taking the suite's current version")
            return self._fetch(f"{package}/{suite}", into)
        return self._fetch(f"{package}={version}", into)

    def _update(self) -> None:
        (self._lists / "partial").mkdir(parents=True, exist_ok=True)
        (self._folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        archive = self._archive()
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        suites = ("sid", pins.DEBIAN_STABLE_SUITE)
        self._sources.write_text("".join(f"deb {signed}{archive} {suite} main\n" for suite in suites))
        self._apt("apt-get", "update", "--error-on=any")
        self._updated = True

    def _archive(self) -> str:
        """Return the address of the Debian archive as the machine's own apt sources have it."""
        lists = f"-oDir::State::Lists={self._lists}"
        # A machine that never ran `apt-get update` knows its targets only after one.
        address = _main_address() or _main_address(lists)
        if not address:
            run(["apt-get", lists, "update"], why="The machine's package lists could not be fetched")
            address = _main_address(lists)
        if not address:
            raise Failure("apt's sources name no Debian archive.")
        return address

    def _has(self, package: str, version: str) -> bool:
        return f" {version} " in self._apt("apt-cache", "madison", package)

    def _fetch(self, what: str, into: Path) -> Path:
        # Downloaded aside, so that an interrupted fetch never passes for a whole file.
        aside = into / f".{os.getpid()}"
        aside.mkdir(parents=True, exist_ok=True)
        try:
            self._apt("apt-get", "download", what, cwd=aside)
            part = _only(aside.glob("*.deb"))
            if part is None:
                raise Failure(f"apt-get download {what} brought no file.")
            return part.replace(into / part.name)
        finally:
            shutil.rmtree(aside)

    def _apt(self, program: str, *arguments: str, **options) -> str:
        settings = {
            "Dir::Etc::sourcelist": self._sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": self._lists,
            "Dir::Cache": self._folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled": "false",
            "APT::Sandbox::User": "root",
        }
        flags = [f"-o{key}={value}" for key, value in settings.items()]
        return run([program, *flags, *arguments], why="The Debian archive could not be used", **options)


def unpack(package: Path, prefix: Path, but: tuple[str, ...] = ()) -> None:
    """Unpack the files of one .deb under *prefix*, *but* for some folders."""
    why = f"{package.name} could not be unpacked"
    with subprocess.Popen(["dpkg", "--fsys-tarfile", package], stdout=subprocess.PIPE) as archive:
        excluded = [f"--exclude=./{folder}" for folder in but]
        run(["tar", "-x", "--no-same-owner", "-C", prefix, *excluded], why=why, stdin=archive.stdout)
    if archive.returncode:
        raise Failure(f"{why}: the file is damaged; remove {package}")


def _main_address(*flags: str) -> str:
    """Return where apt takes the machine's own suite from, empty where it does not know."""
    form = "$(CODENAME) $(RELEASE) $(COMPONENT) $(REPO_URI)"
    command = ["apt-get", *flags, "indextargets", "--format", form]
    suites = {_os_release().get("VERSION_CODENAME"), "sid", "unstable"}
    for line in run(command, why="apt's sources could not be read").splitlines():
        *names, component, address = line.split()
        if component == "main" and suites.intersection(names):
            return address
    return ""


def _file_stem(package: str, version: str) -> str:
    return f"{package}_{version.replace(':', '%3a')}"


def _only(paths):
    return next(iter(paths), None)


def _os_release() -> dict:
    path = Path("/etc/os-release")
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key: value.strip('"') for key, value in pairs}
