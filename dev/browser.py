"""Chromium for browser tours and screenshots."""

import os
import shutil
from pathlib import Path

from . import debian, paths
from .say import Failure, step

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Services of the browser's own that call home; Odoo's flags leave them on.
_QUIET = "--disable-component-update --disable-sync --disable-quic --disable-background-networking"


def ensure() -> Path:
    """Return a launcher of the browser in `.odoo/bin`, installing Chromium where possible.

    Odoo's tests look for the name `google-chrome` on PATH before all others, so the
    launcher has that name: CHROMIUM is honoured, and no other browser is taken instead.
    Raise Failure when there is no browser.
    """
    browser = _named() or _on_path() or _installed()
    launcher = paths.BIN / "google-chrome"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(f'#!/bin/sh\nexec "{browser}" {_QUIET} "$@"\n')
    launcher.chmod(0o755)
    return launcher


def _named() -> str:
    name = os.environ.get("CHROMIUM", "")
    if name and not shutil.which(name):
        raise Failure(f"CHROMIUM is {name}, which is no program.")
    return name and os.path.abspath(shutil.which(name))


def _on_path() -> str:
    return next(filter(None, map(shutil.which, _NAMES)), "")


def _installed() -> str:
    if not debian.can_install():
        raise Failure("The browser tours need Chromium: install it, or set CHROMIUM to its path.")
    with step("Chromium"):
        debian.install("chromium")
    return _on_path() or _missing()


def _missing() -> str:
    raise Failure("The package chromium is installed but brought no browser; set CHROMIUM to its path.")
