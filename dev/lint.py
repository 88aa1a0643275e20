"""`make lint`: ruff, its formatter and pylint-odoo over the whole repository."""

import os
import subprocess
import sys
from pathlib import Path

from . import odoo_source, paths

# Of pylint-odoo's rules the one that asks for the OCA as author. It's named here since
# pyproject.toml enables the rules after it disables any.
_NOT_OURS = "manifest-required-author"

# The rules look at our code alone. Looking into Odoo's takes as long again, and would let
# the outcome depend on whether Odoo has been fetched yet.
_WITHOUT_ODOO = "import sys; sys.path[:] = [p for p in sys.path if p != {!r}]"

# Plain Python, where Odoo's rules (translation, `write`, `_`) mean nothing.
_PLAIN = {*paths.NOT_SHIPPED, "clouds", "rules"} - {"tests"}


def run() -> int:
    """Run all of them, and return 1 when any complains."""
    # No short circuit: one run shows all there is to mend.
    checks = [_python("ruff", "check", "."), _python("ruff", "format", "--check", "--quiet", "."), _pylint()]
    return int(any(checks))


def _python(*command: str, cwd: Path = paths.ROOT) -> int:
    return subprocess.call([sys.executable, "-m", *command], cwd=cwd)


def _pylint() -> int:
    """Check the addon under its own name, by which pylint-odoo knows imports of itself."""
    paths.link(paths.ADDONS / paths.ADDON, Path("../.."))
    # Named one by one: pylint would follow the link to the addon in `.odoo`.
    rooms = [path for path in paths.ROOT.iterdir() if (path / "__init__.py").exists() and path.name not in _PLAIN]
    places = [f"{paths.ADDON}/{path.name}" for path in sorted([*paths.ROOT.glob("*.py"), *rooms])]
    options = [f"--rcfile={paths.ROOT / 'pyproject.toml'}", f"--disable={_NOT_OURS}", f"--jobs={os.cpu_count() or 1}"]
    hook = _WITHOUT_ODOO.format(str(odoo_source.planned().root))
    return _python("pylint", *options, "--init-hook", hook, *places, cwd=paths.ADDONS)
