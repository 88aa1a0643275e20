"""What holds for every file of ``rules/``: whom it may import, and texts that can be translated."""

import ast
import re
import sys
import unittest
from pathlib import Path

from .. import rules

FILES = sorted(Path(rules.__file__).parent.glob("*.py"))


def _nodes(kind):
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path.name, node


class TestHouse(unittest.TestCase):
    def test_imports_only_the_standard_library_and_stdnum(self):
        allowed = sys.stdlib_module_names | {"stdnum"}
        for name, node in _nodes(ast.Import):
            for alias in node.names:
                self.assertIn(alias.name.split(".")[0], allowed, name)
        for name, node in _nodes(ast.ImportFrom):
            self.assertIn(node.level, (0, 1), f"{name} reaches out of rules/")
            if not node.level:
                self.assertIn(node.module.split(".")[0], allowed, name)

    def test_templates_can_be_translated(self):
        """A bare percent sign would be read as a place by some ways of formatting and not by others."""
        seen = 0
        for name, node in _nodes(ast.Call):
            if getattr(node.func, "id", "") == "_":
                seen += 1
                text = ast.literal_eval(node.args[0])
                self.assertNotIn("%", re.sub(r"%\([a-z_]+\)s", "", text), f"{name}: {text}")
        self.assertGreater(seen, 50)

    def test_every_message_goes_through_the_marker(self):
        """A text that isn't marked is never exported for translation."""
        for name, node in _nodes(ast.Call):
            if getattr(node.func, "id", "") == "Problem":
                for text in node.args[1:3]:
                    marked = isinstance(text, ast.Call) and getattr(text.func, "id", "") == "_"
                    self.assertTrue(marked or isinstance(text, ast.Name), f"{name}:{node.lineno}")
