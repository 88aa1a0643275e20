"""`make lint`: ruff, its formatter and pylint-odoo over the whole repository."""

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
    # The link has the addon's name, by which pylint-odoo knows imports of itself.
    paths.link(paths.ADDONS / paths.ADDON, Path("../.."))
    # Named one by one: pylint would follow the link to the addon in `.odoo`.
    rooms = [path for path in paths.ROOT.iterdir() if (path / "__init__.py").exists() and path.name not in _PLAIN]
    places = [f"{paths.ADDON}/{path.name}" for path in sorted([*paths.ROOT.glob("*.py"), *rooms])]
    hook = _WITHOUT_ODOO.format(str(odoo_source.planned().root))
    options = [f"--rcfile={paths.ROOT / 'pyproject.toml'}", f"--disable={_NOT_OURS}", "--init-hook", hook]
    commands = (
        (paths.ROOT, "ruff", "check"),
        (paths.ROOT, "ruff", "format", "--check", "--quiet"),
        (paths.ADDONS, "pylint", *options, *places),
    )
    # No short circuit: one run shows all there is to fix.
    codes = [subprocess.call([sys.executable, "-m", *command], cwd=cwd) for cwd, *command in commands]
    return int(any(codes))
