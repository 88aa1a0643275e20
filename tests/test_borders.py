"""The rooms keep their walls: imports go down only (docs/architecture.md, "Rooms")."""

import ast
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..clouds.registry import CLOUDS

ADDON = Path(__file__).resolve().parent.parent
# Which rooms of the addon a room may import from, itself aside.
MAY_IMPORT = {
    "rules": set(),
    "clouds": {"rules"},
    "sandbox": set(),
    "models": {"clouds", "rules"},
    "wizards": {"clouds", "models", "rules"},
    "controllers": {"clouds", "models", "rules"},
}
WITHOUT_ODOO = ("rules", "clouds", "sandbox")


def imports_of(path):
    """Yield ``(level, dotted name)`` of each import in ``path``; level 0 is absolute."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.level, node.module
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, alias.name) for alias in node.names)


def room_of(path, level, name):
    """Return the room that an import in ``path`` leads to, or None if it leaves the addon."""
    if level == 0:
        parts = name.split(".")
        if parts[:3] == ["odoo", "addons", ADDON.name] or parts[:3] == [
            "odoo",
            "addons",
            "l10n_cn_invoice_cloud",
        ]:
            return parts[3] if len(parts) > 3 else ""
        return parts[0] if parts[0] in MAY_IMPORT else None
    depth = len(path.relative_to(ADDON).parents) - 1
    if level <= depth:
        return path.relative_to(ADDON).parts[0]
    return name.split(".")[0]


@tagged("post_install", "-at_install")
class TestBorders(BaseCase):
    def _files(self, room):
        files = sorted((ADDON / room).rglob("*.py"))
        self.assertTrue(files or room == "controllers", f"{room} is gone")
        return files

    def test_imports_go_down_only(self):
        for room, allowed in MAY_IMPORT.items():
            for path in self._files(room):
                for level, name in imports_of(path):
                    target = room_of(path, level, name)
                    with self.subTest(file=str(path.relative_to(ADDON)), imports=name):
                        self.assertIn(target, {None, room, *allowed})

    def test_lower_rooms_know_no_odoo(self):
        for room in WITHOUT_ODOO:
            for path in self._files(room):
                with self.subTest(file=str(path.relative_to(ADDON))):
                    self.assertNotIn(
                        "odoo", {name.split(".")[0] for level, name in imports_of(path) if not level}
                    )

    def test_clouds_know_no_sibling(self):
        """What two clouds need lies above both; a cloud's own folder imports from itself and from there."""
        names = {path.parent.name for path in (ADDON / "clouds").glob("*/client.py")}
        self.assertGreater(len(names), 1)
        for name in names:
            for path in (ADDON / "clouds" / name).rglob("*.py"):
                imported = {part for _level, module in imports_of(path) for part in module.split(".")}
                with self.subTest(file=str(path.relative_to(ADDON))):
                    self.assertFalse(imported & (names - {name}))

    def test_nothing_above_the_clouds_asks_for_a_provider(self):
        """What differs between clouds is an attribute of their clients; models only list the names to choose."""
        names = set(CLOUDS)
        for room in ("models", "wizards", "controllers"):
            for path in self._files(room):
                tree = ast.parse(path.read_text())
                allowed = set()
                for node in ast.walk(tree):
                    is_choice = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PROVIDERS"
                    if is_choice or (isinstance(node, ast.keyword) and node.arg == "default"):
                        allowed.update(id(part) for part in ast.walk(node))
                told = [
                    node.value
                    for node in ast.walk(tree)
                    if isinstance(node, ast.Constant) and id(node) not in allowed and node.value in names
                ]
                folders = {part for _level, name in imports_of(path) for part in name.split(".")} & names
                with self.subTest(file=str(path.relative_to(ADDON))):
                    self.assertFalse(told or folders)

    def test_only_the_engine_commits(self):
        for path in (ADDON / "models").glob("*.py"):
            if path.name == "fapiao_engine.py":
                continue
            calls = [
                node.func.attr
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            ]
            with self.subTest(file=path.name):
                self.assertFalse({"commit", "cursor"} & set(calls))

    def test_every_test_module_is_known_to_odoo(self):
        listed = {name for _level, name in imports_of(ADDON / "tests" / "__init__.py")}
        self.assertEqual(listed, {path.stem for path in (ADDON / "tests").glob("test_*.py")})
