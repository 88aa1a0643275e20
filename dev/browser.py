"""Chromium for browser tours."""

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

    Odoo's tests look for the name `google-chrome` on PATH before all others, so the launcher has that name: CHROMIUM is
    honoured, and no other browser is taken instead. Raise Failure when there is no browser.
    """
    own = os.environ.get("CHROMIUM", "")
    browser = shutil.which(own) if own else _find() or _install()
    if not browser:
        raise Failure(f"CHROMIUM is {own}, which is no program.")
    launcher = paths.BIN / "google-chrome"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(f'#!/bin/sh\nexec "{os.path.abspath(browser)}" {_QUIET} "$@"\n')
    launcher.chmod(0o755)
    return launcher


def _find() -> str:
    return next(filter(None, map(shutil.which, _NAMES)), "")


def _install() -> str:
    with step("Chromium"):
        debian.install("chromium", "The browser tours need Chromium: install it, or set CHROMIUM to its path.")
    if browser := _find():
        return browser
    raise Failure("The package chromium is installed but brought no browser; set CHROMIUM to its path.")
