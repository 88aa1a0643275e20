"""Debian packages, without touching the system's own package state."""

import os
import platform
import shutil
import tempfile
import threading
from pathlib import Path

from .say import Failure, run, say

_one_at_a_time = threading.Lock()  # apt refuses a second one, rather than wait

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def install(package: str, otherwise: str) -> None:
    """Install a system package; raise Failure when apt cannot, saying *otherwise* where apt or root is missing."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise Failure(otherwise)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    with _one_at_a_time:
        say(f"apt-get install {package}")
        run(["apt-get", "update"], why="The package lists could not be refreshed", env=env)
        run(command, why=f"{package} could not be installed", env=env)


def available() -> bool:
    """Tell whether this machine is a Debian that can fetch and unpack packages."""
    programs = ("apt-get", "apt-cache", "dpkg-deb")
    return all(map(shutil.which, programs)) and platform.freedesktop_os_release().get("ID") == "debian"


def unpack(package: Path, prefix: Path) -> None:
    """Unpack the files of one .deb under *prefix*."""
    run(["dpkg-deb", "--extract", package, prefix], why=f"{package} could not be unpacked; if it is damaged, remove it")


class PrivateApt:
    """An apt view of its own on some suites of the archive."""

    def __init__(self, folder: Path, suites: list, debs: Path):
        """Keep sources and lists under *folder*, what is fetched in *debs*."""
        self._folder = folder
        self._suites = suites
        self._debs = debs
        self._updated = False

    def download(self, package: str, version: str, suite: str) -> Path:
        """Return the path of *package*'s file, fetched when it is not there.

        A *version* that the suite no longer has is replaced by the suite's own.
        """
        for found in self._debs.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"):
            return found
        if not self._updated:
            self._update()
        what = f"{package}={version}"
        if f" {version} " not in self._apt("apt-cache", "madison", package):
            say(f"note: {package} {version} is gone from {suite}; taking the suite's current version")
            what = f"{package}/{suite}"
        # Downloaded aside, so that an interrupted fetch never passes for a whole file.
        with tempfile.TemporaryDirectory(dir=self._debs) as aside:
            self._apt("apt-get", "download", what, cwd=aside)
            for part in Path(aside).glob("*.deb"):
                return part.replace(self._debs / part.name)
        raise Failure(f"apt-get download {what} brought no file.")

    def _update(self) -> None:
        for folder in (self._folder / "lists/partial", self._folder / "cache/archives/partial", self._debs):
            folder.mkdir(parents=True, exist_ok=True)
        # A machine that never ran `apt-get update` knows its targets only after one.
        lists = f"-oDir::State::Lists={self._folder / 'lists'}"
        if not (address := _main_address()):
            run(["apt-get", lists, "update"], why="The machine's package lists could not be fetched")
            if not (address := _main_address(lists)):
                raise Failure("apt's sources name no Debian archive.")
        signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        sources = "".join(f"deb {signed}{address} {suite} main\n" for suite in self._suites)
        (self._folder / "sources.list").write_text(sources)
        self._apt("apt-get", "update", "--error-on=any")
        self._updated = True

    def _apt(self, program: str, *arguments: str, **options) -> str:
        settings = {
            "Dir::Etc::sourcelist": self._folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::Lists": self._folder / "lists",
            "Dir::Cache": self._folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled": "false",
            "Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled": "false",
            "APT::Sandbox::User": "root",
        }
        flags = [f"-o{key}={value}" for key, value in settings.items()]
        return run([program, *flags, *arguments], why="The Debian archive could not be used", **options)


def _main_address(*flags: str) -> str:
    """Return where apt takes the machine's own suite from, empty where it does not know."""
    form = "$(CODENAME) $(RELEASE) $(COMPONENT) $(REPO_URI)"
    command = ["apt-get", *flags, "indextargets", "--format", form]
    suites = {platform.freedesktop_os_release().get("VERSION_CODENAME"), "sid", "unstable"}
    for line in run(command, why="apt's sources could not be read").splitlines():
        *names, component, address = line.split()
        if component == "main" and suites.intersection(names):
            return address
    return ""
