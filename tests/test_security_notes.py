"""What a cloud or a partner says is shown in activities and the chatter as it is, never as HTML."""

import ast
from pathlib import Path

from odoo.tests import tagged

from ..models.values import as_html
from .common import FapiaoCommon

ROOT = Path(__file__).parents[1]
EVIL = '<img src=x onerror="alert(1)">\n<a href="https://elsewhere.example">log in</a> https://elsewhere.example'


@tagged("post_install", "-at_install")
class TestNotes(FapiaoCommon):
    def assert_harmless(self, html):
        self.assertIn("&lt;img src=x", html)
        self.assertNotIn("<img", html)
        self.assertNotIn("<a ", html)
        self.assertIn("<br", html, "lines stay lines")

    def test_helper(self):
        self.assert_harmless(as_html("Words", None, "", EVIL))
        self.assertEqual(as_html(False), "<p></p>")
        self.assertEqual(as_html("a\r\nb", "c"), "<p>a<br/>b<br/>c</p>")

    def test_words_of_the_cloud(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids.sudo()
        request._alarm_stranger(EVIL)
        self.assert_harmless(invoice.activity_ids.note)
        request._alarm_stranger(EVIL + "\n" + EVIL)
        self.assert_harmless(invoice.activity_ids.note)
        request.write({"state": "manual", "error_message": EVIL})
        request._on_final_state()
        self.assert_harmless(invoice.message_ids[0].body)

    def test_name_of_a_partner(self):
        account = self.account
        account.write({"name": EVIL})
        account.message_post(body=self.env._("Takes over from account %s.", account.name))
        self.assertNotIn("<img", account.message_ids[0].body)

    def test_every_note_goes_through_the_helper(self):
        """A note is an HTML field: plain text in it would be HTML of whoever wrote it."""
        found = 0
        for path in sorted(ROOT.glob("models/**/*.py")) + sorted(ROOT.glob("wizards/*.py")):
            tree = ast.parse(path.read_text())
            named = {
                target.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and is_escaped(node.value)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "activity_schedule":
                    continue
                (note,) = [keyword.value for keyword in node.keywords if keyword.arg == "note"]
                found += 1
                with self.subTest(f"{path.name}:{note.lineno}"):
                    self.assertTrue(is_escaped(note) or getattr(note, "id", "") in named)
        self.assertGreater(found, 5)


def is_escaped(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "as_html"
