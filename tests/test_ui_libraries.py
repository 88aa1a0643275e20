"""What others wrote and browsers run: as it was published, with its license, loaded by who needs it."""

import ast
import hashlib
import re
from pathlib import Path

from odoo.tests import BaseCase, tagged

ADDON = Path(__file__).resolve().parent.parent
LIB = ADDON / "static" / "lib"
ROW = re.compile(r"^\| `([^`]+\.js)` .*`([0-9a-f]{64})` \|$", re.MULTILINE)
# what a page loads when it runs; addresses in licenses and comments do no harm
OUTSIDE = re.compile(r"""["'`](?:https?:)?//[\w.-]+""")


@tagged("post_install", "-at_install")
class TestLibraries(BaseCase):
    def assets(self):
        return ast.literal_eval((ADDON / "__manifest__.py").read_text())["assets"]

    def test_they_are_as_published(self):
        told = dict(ROW.findall((LIB / "README.md").read_text()))
        found = {str(path.relative_to(LIB)): path for path in LIB.rglob("*.js")}
        self.assertEqual(set(told), set(found))
        for name, path in found.items():
            with self.subTest(name):
                self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), told[name])
                self.assertIn("Permission is hereby granted, free of charge", (path.parent / "LICENSE").read_text())

    def test_no_page_loads_them_unasked(self):
        own = {name for name in self.assets() if name.startswith("l10n_cn_invoice_cloud.")}
        loaded = [path for name in own for path in self.assets()[name]]
        self.assertEqual(
            sorted(loaded),
            sorted(f"l10n_cn_invoice_cloud/static/lib/{path.relative_to(LIB)}" for path in LIB.rglob("*.js")),
        )
        for name in set(self.assets()) - own:
            with self.subTest(name):
                self.assertFalse([path for path in self.assets()[name] if "/lib/" in path])

    def test_nothing_is_loaded_from_elsewhere(self):
        for path in (ADDON / "static" / "src").rglob("*.*"):
            with self.subTest(str(path.relative_to(ADDON))):
                self.assertFalse(OUTSIDE.findall(path.read_text()))
