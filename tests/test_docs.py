"""Links and citations lead to a page, a heading, a file or a test that exists."""

import ast
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from odoo.tests import BaseCase, tagged

ADDON = Path(__file__).resolve().parent.parent
OUTSIDE = {".git", ".odoo", "__pycache__", "node_modules", "build", "dist", "lib"}
KINDS = {".py", ".md", ".xml", ".js", ".scss", ".csv", ".toml", ".yaml", ".yml", ".sql", ".txt"}
# A page with its headings: "docs/architecture.md#states, #errors"
CITATION = re.compile(r"(?<![\w/.-])(docs/[\w./-]+\.md)((?:#[\w-]+(?:, (?=#))?)*)")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
# Working papers that are not part of the repository
ELSEWHERE = re.compile(r"\bshared[/][\w-]|\bseeds?[ ]00[0-9]|\bseeds[/]|fapiao-rules|kingdee-cloud", re.IGNORECASE)
CODE_FILE = re.compile(r"`([\w./-]*\w\.(?:py|js|xml|md|csv|sql|toml))`")
TEST_NAME = re.compile(r"`((?:test_|Test)[\w.]+)`")


def files(*suffixes):
    """Yield the text files of the addon with one of ``suffixes``."""
    for folder, names, found in os.walk(ADDON):
        names[:] = sorted(set(names) - OUTSIDE)
        yield from (Path(folder, name) for name in sorted(found) if Path(name).suffix in suffixes)


def slug(heading):
    """Return the anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def prose(path):
    """Return the text of a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(path):
    """Return the anchors of the headings of a page."""
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)}


def citations(text):
    """Yield ``(page, headings)`` of each citation of a page in docs/."""
    for page, headings in CITATION.findall(text):
        yield page, re.findall(r"#([\w-]+)", headings)


@tagged("post_install", "-at_install")
class TestDocs(BaseCase):
    def assertLeads(self, page, heading=""):
        self.assertTrue(page.exists(), f"{page} does not exist")
        if heading:
            self.assertIn(heading, anchors(page))

    def test_every_cited_page_and_heading_exists(self):
        found = 0
        for path in files(*KINDS):
            if path == Path(__file__).resolve():
                continue  # its samples lead nowhere
            for page, headings in citations(path.read_text()):
                for heading in headings or [""]:
                    found += 1
                    with self.subTest(file=str(path.relative_to(ADDON)), page=page, heading=heading):
                        self.assertLeads(ADDON / page, heading)
        self.assertGreater(found, 100, "the pattern of citations no longer fits")

    def test_every_link_in_a_page_resolves(self):
        for path in files(".md"):
            for target in LINK.findall(prose(path)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _hash, heading = unquote(target).partition("#")
                page = (path.parent / name).resolve() if name else path
                with self.subTest(file=str(path.relative_to(ADDON)), link=target):
                    self.assertLeads(page, heading)

    def test_nothing_cites_a_paper_from_elsewhere(self):
        for path in files(*KINDS):
            if path == Path(__file__).resolve():
                continue
            with self.subTest(file=str(path.relative_to(ADDON))):
                self.assertFalse(ELSEWHERE.findall(path.read_text()))

    def test_files_that_pages_name_exist(self):
        known = ["/" + str(path.relative_to(ADDON)) for path in files(*KINDS)]
        for path in files(".md"):
            for name in CODE_FILE.findall(prose(path)):
                with self.subTest(file=str(path.relative_to(ADDON)), names=name):
                    self.assertTrue(any(one.endswith("/" + name.removeprefix("../")) for one in known))

    def test_tests_that_the_guarantees_name_exist(self):
        modules, names = set(), set()
        for path in files(".py"):
            if path.parent.name == "tests":
                modules.add(path.stem)
                tree = ast.walk(ast.parse(path.read_text()))
                names |= {node.name for node in tree if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        for cited in TEST_NAME.findall((ADDON / "docs" / "guarantees.md").read_text()):
            for part in cited.split("."):
                with self.subTest(test=cited):
                    self.assertIn(part, modules | names)

    def test_every_protocol_page_is_listed(self):
        index = (ADDON / "docs" / "protocols" / "README.md").read_text()
        for page in (ADDON / "docs" / "protocols").glob("*.md"):
            with self.subTest(page=page.name):
                self.assertTrue(page.name == "README.md" or f"]({page.name})" in index)

    def test_patterns(self):
        text = "See docs/a.md#b-c, #d; docs/e.md. Source: docs/f/g.md#h, then"
        found = [("docs/a.md", ["b-c", "d"]), ("docs/e.md", []), ("docs/f/g.md", ["h"])]
        self.assertEqual(list(citations(text)), found)
        self.assertEqual(slug("金蝶发票助手: the expense `assistant`"), "金蝶发票助手-the-expense-assistant")
        folder = "/".join(("shared", "odoo19.md"))
        for cited in (folder, " ".join(("Seed", "002, 5.2")), "seeds 000", "(fapiao-rules, x)"):
            self.assertTrue(ELSEWHERE.search(cited))
