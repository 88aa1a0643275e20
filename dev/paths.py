"""Where the development scripts keep things."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

ADDON = "l10n_cn_invoice_cloud"

# The repository root is the addon itself.
ROOT = Path(__file__).resolve().parent.parent

# All that one checkout makes; git-ignored, `make clean` removes it.
STATE = ROOT / ".odoo"

# Downloads and what is unpacked from them, shared between checkouts.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / ADDON

# Folders that are no part of the installed addon.
NOT_SHIPPED = ("dev", "docs", "requirements", "sandbox", "tests", "__pycache__")

ADDONS = STATE / "addons"  # holds one link, named as the addon, to ROOT
BIN = STATE / "bin"  # put first on PATH: the browser's launcher
CONF = STATE / "odoo.conf"
DATA = STATE / "data"  # Odoo's data_dir: filestore and sessions
LOG = STATE / "log"
VENV = STATE / "venv"
POSTGRES = STATE / "pg"

# With -P Python doesn't look into the working directory, where `.odoo/odoo` would be a second road to the package.
ODOO = (sys.executable, "-P", "-m", "odoo")


def digest(*parts: str) -> str:
    """Return a short key over *parts*, the same on every machine."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


# Databases of two checkouts may live side by side on one PostgreSQL server.
DB_PREFIX = f"l10n_cn_{digest(str(ROOT))[:6]}"


def link(path: Path, target: Path) -> None:
    """Make *path* a symbolic link to *target*, replacing an older link."""
    if path.is_symlink():
        if Path(os.readlink(path)) == target:
            return
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def copy_bare(target: Path) -> None:
    """Copy to *target* the addon as users install it, without what only its development needs."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(".*", "build", "Makefile", *NOT_SHIPPED))
