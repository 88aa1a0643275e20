"""Imports go down only (docs/architecture.md#layers)."""

import ast
from collections import defaultdict
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
PRODUCT = ("rules", "clouds", "models", "wizards", "controllers")  # without sandbox, dev and tests
PARSERS = {"lxml", "etree", "xml", "minidom", "ElementTree", "expat", "sax", "html5lib", "objectify", "xmltodict"}
UNPACKERS = {"tarfile", "gzip", "bz2", "lzma", "zlib", "shutil", "rarfile"}
READERS = {"fromstring", "parseString", "XMLParser", "iterparse", "extractall", "extract", "unpack_archive"}
WITHOUT_ODOO = ("rules", "clouds", "sandbox")
# The packages of models/: each may import from those before it, and extend their models.
PACKAGES = ("cloud", "master", "issuing", "reversal", "callbacks", "sales", "received", "expenses")


def imports_of(path):
    """Yield ``(level, dotted name)`` of each import in ``path``; level 0 is absolute."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.level, node.module
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, alias.name) for alias in node.names)


def name_of(func):
    """Return the last name of what a call calls."""
    return getattr(func, "attr", None) or getattr(func, "id", None)


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


def model_of(node):
    """Return the name of the model that a class defines or extends, or ''."""
    values = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = statement.value
    for attribute in ("_name", "_inherit"):
        value = values.get(attribute)
        if isinstance(value, ast.List):
            value = value.elts[0]
        if isinstance(value, ast.Constant):
            return value.value
    return ""


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
                    self.assertNotIn("odoo", {name.split(".")[0] for level, name in imports_of(path) if not level})

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
        for path in (ADDON / "models").rglob("*.py"):
            if path == ADDON / "models" / "cloud" / "engine.py":
                continue
            calls = [
                node.func.attr
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            ]
            with self.subTest(file=path.name):
                self.assertFalse({"commit", "cursor"} & set(calls))

    def test_models_lie_in_packages_in_their_order(self):
        folders = {path.name for path in (ADDON / "models").iterdir() if path.is_dir()} - {"__pycache__"}
        self.assertEqual(folders, set(PACKAGES))
        self.assertEqual({path.name for path in (ADDON / "models").glob("*.py")}, {"__init__.py", "values.py"})
        loaded = [name for _level, name in imports_of(ADDON / "models" / "__init__.py")]
        self.assertEqual(loaded, list(PACKAGES))

    def test_a_package_imports_from_those_before_it(self):
        for rank, package in enumerate(PACKAGES):
            for path in self._files(f"models/{package}"):
                for level, name in imports_of(path):
                    target = name.split(".")[0]
                    if level == 2 and target in PACKAGES:
                        with self.subTest(file=str(path.relative_to(ADDON)), imports=name):
                            self.assertLess(PACKAGES.index(target), rank)

    def test_a_model_lies_in_one_file_of_a_package(self):
        for package in (*(f"models/{package}" for package in PACKAGES), "wizards"):
            homes = defaultdict(set)
            for path in self._files(package):
                for node in ast.parse(path.read_text()).body:
                    if isinstance(node, ast.ClassDef) and (model := model_of(node)):
                        homes[model].add(path.name)
                        methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
                        with self.subTest(model=model, file=str(path.relative_to(ADDON))):
                            self.assertEqual(sorted(methods), sorted(set(methods)))
            for model, files in homes.items():
                with self.subTest(package=package, model=model):
                    self.assertEqual(len(files), 1, files)

    def test_nothing_parses_xml_or_unpacks(self):
        """Files of fapiao are kept and handed on, never read: entities and members of theirs can do no harm. What
        is to be parsed one day needs a parser with entities and network off, and limits on size and ratio."""
        for path in self._product():
            tree = ast.parse(path.read_text())
            imported = {part for _level, name in imports_of(path) for part in name.split(".")}
            with self.subTest(file=str(path.relative_to(ADDON))):
                self.assertFalse(PARSERS & imported)
                self.assertFalse(UNPACKERS & imported)
                calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
                self.assertFalse(READERS & {name_of(call.func) for call in calls})
                for call in calls:
                    # the XML of a fapiao comes in a ZIP, the classification table in a workbook: under limits
                    reads = path in (ADDON / "clouds" / "files.py", ADDON / "models" / "master" / "code_table.py")
                    if name_of(call.func) == "ZipFile" and not reads:
                        self.assertIn("w", [arg.value for arg in call.args if isinstance(arg, ast.Constant)])

    def _product(self):
        return [ADDON / "hooks.py", *(path for room in PRODUCT for path in self._files(room))]

    def test_views_and_scripts_lie_in_the_packages_of_models(self):
        for room, shared in (("views", set()), ("static/src", {"core"})):
            folders = {path.name for path in (ADDON / room).iterdir() if path.is_dir()}
            self.assertLessEqual(folders - shared, set(PACKAGES), room)

    def test_the_manifest_loads_views_in_the_order_of_the_packages(self):
        manifest = ast.literal_eval((ADDON / "__manifest__.py").read_text())
        loaded = [name.split("/")[1] for name in manifest["data"] if name.startswith("views/") and name.count("/") == 2]
        self.assertEqual(list(dict.fromkeys(loaded)), list(PACKAGES))
        self.assertEqual(loaded, sorted(loaded, key=PACKAGES.index))

    def test_every_data_file_is_loaded(self):
        manifest = ast.literal_eval((ADDON / "__manifest__.py").read_text())
        found = {
            str(path.relative_to(ADDON))
            for room in ("data", "security", "views", "wizards")
            for path in (ADDON / room).rglob("*")
            if path.suffix in (".xml", ".csv")
        }
        self.assertEqual(found, set(manifest["data"]))

    def test_tests_are_named_after_what_they_test(self):
        parts = (*PACKAGES, "clouds", "rules", "sandbox", "dev", "ui", "security")
        whole = {"borders", "borders_models", "demo", "docs", "docs_coverage", "stateful", "translations"}
        for path in (ADDON / "tests").glob("test_*.py"):
            name = path.stem.removeprefix("test_")
            with self.subTest(name):
                self.assertTrue(name in whole or name.split("_")[0] in parts)

    def test_every_test_module_is_known_to_odoo(self):
        listed = {name for _level, name in imports_of(ADDON / "tests" / "__init__.py")}
        self.assertEqual(listed, {path.stem for path in (ADDON / "tests").glob("test_*.py")})
