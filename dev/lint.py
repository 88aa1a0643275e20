"""`make lint`: ruff and pylint-odoo over every Python file of the repository."""

import os
import subprocess
from pathlib import Path

from . import odoo_source, paths, venv

# Of pylint-odoo's rules the one that asks for the OCA as author. It's named here since
# pyproject.toml enables the rules after it disables any.
_NOT_OURS = "manifest-required-author"

# The rules look at our code alone. Looking into Odoo's takes as long again, and would let
# the outcome depend on whether Odoo has been fetched yet.
_WITHOUT_ODOO = "import sys; sys.path[:] = [p for p in sys.path if p != {!r}]"

_SKIPPED = {"__pycache__", "node_modules"}

# Plain Python without Odoo, where its rules (translation, `write`, `_`) mean nothing.
_PLAIN = {"bench", "clouds", "dev", "docs", "rules", "sandbox"}


def run() -> int:
    """Run both linters, and return 1 when either complains."""
    python = venv.ensure()
    # No short circuit: one run shows all there is to mend.
    return int(_ruff(python) | _pylint(python))


def _ruff(python: Path) -> bool:
    return subprocess.call([str(python), "-m", "ruff", "check", "."], cwd=paths.ROOT) != 0


def _pylint(python: Path) -> bool:
    """Check the addon under its own name, by which pylint-odoo knows imports of itself."""
    paths.link_addon()
    command = [str(python), "-m", "pylint", f"--rcfile={paths.ROOT / 'pyproject.toml'}"]
    command += [f"--disable={_NOT_OURS}"]
    command += ["--init-hook", _WITHOUT_ODOO.format(str(odoo_source.planned().root))]
    command += [f"--jobs={os.cpu_count() or 1}", *(f"{paths.ADDON}/{file}" for file in _odoo_files())]
    done = subprocess.run(command, cwd=paths.ADDONS, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout.replace(f"{paths.ADDON}/", ""), end="")
    return done.returncode != 0


def _odoo_files() -> list[Path]:
    """Return the Python files that work with Odoo, as paths from the repository root.

    Named one by one, since pylint would follow the link to the addon in `.odoo`.
    """
    found = []
    for folder, subfolders, names in os.walk(paths.ROOT):
        here = Path(folder).relative_to(paths.ROOT)
        skipped = _SKIPPED | (_PLAIN if here == Path() else set())
        subfolders[:] = sorted(n for n in subfolders if n not in skipped and not n.startswith("."))
        found += [here / name for name in sorted(names) if name.endswith(".py")]
    return found
