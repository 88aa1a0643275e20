"""The addon as a wheel: built, installed beside an Odoo and found by it, without what only development needs."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from odoo.tests import BaseCase, tagged

ROOT = Path(__file__).resolve().parent.parent
ADDON = "l10n_cn_invoice_cloud"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
LOOK = (
    "import json; from odoo.modules.module import Manifest;"
    f"found = Manifest.for_addon('{ADDON}'); print(json.dumps([found.path, found['version']]))"
)


@tagged("post_install", "-at_install")
class TestWheel(BaseCase):
    def call(self, command, **options):
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def test_installed_from_a_wheel(self):
        with tempfile.TemporaryDirectory() as folder:
            self.call([*PIP, "wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir", folder], cwd=ROOT)
            (wheel,) = Path(folder).glob("*.whl")
            self.assertTrue(wheel.name.startswith(f"odoo_addon_{ADDON}-19.0."), wheel.name)
            target = Path(folder, "target").resolve()
            self.call([*PIP, "install", "--no-deps", "--no-compile", "--target", str(target), str(wheel)])
            home = target / "odoo/addons" / ADDON
            left_out = {"dev", "docs", "sandbox", "tests", "pyproject.toml"}
            self.assertFalse(left_out & {path.name for path in home.iterdir()})
            environment = {**os.environ, "PYTHONPATH": str(target)}
            found = self.call([sys.executable, "-P", "-c", LOOK], cwd=folder, env=environment)
            path, version = json.loads(found.splitlines()[-1])
            self.assertEqual(Path(path), home)
            self.assertTrue(wheel.name.startswith(f"odoo_addon_{ADDON}-{version}-"), wheel.name)
