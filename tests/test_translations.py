"""The addon speaks Chinese: all of it, in whole sentences, and where the words are really shown.

The template is compared with what Odoo's own exporter finds, because `make pot` is easily forgotten.
What a term says is read from the files; that Odoo finds it there, only a running registry can tell.
"""

import re
from pathlib import Path

import polib

from odoo.modules import get_module_path
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools.translate import (
    JAVASCRIPT_TRANSLATION_COMMENT,
    PYTHON_TRANSLATION_COMMENT,
    TranslationModuleReader,
    code_translations,
)

from ..clouds import words
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, Rejected
from ..rules.checks import check_party
from ..rules.document import SPECIAL, Party

ADDON = "l10n_cn_invoice_cloud"
I18N = Path(__file__).resolve().parent.parent / "i18n"
CHINESE = "zh_CN"
# As in dev/paths.py: no user sees their strings, and links in hidden folders lead in circles.
NOT_TRANSLATED = {"tests", "dev", "docs", "sandbox", "bench", "requirements"}
CODE_COMMENTS = {PYTHON_TRANSLATION_COMMENT, JAVASCRIPT_TRANSLATION_COMMENT}
# Terms that are the same in every language.
UNTRANSLATABLE = {
    *("ID", "OFD", "PDF", "SHA-256", "XML", "https://…", "buyer@example.com"),
    # Examples of what is entered
    *("04", "1130", "/api/getAppToken.do", "/api/login.do", "number=etaxInvoiceNo"),
}

PLACE = re.compile(r"%%|%\(\w+\)[a-z]|%[a-z]|\{\w+\}|<[^>]+>")
QUOTED = re.compile(r"“([^”]+)”")
HAN = re.compile(r"[\u4e00-\u9fff]")


def read(name):
    """Return ``{msgid: entry}`` of a file in i18n/, obsolete entries aside."""
    return {entry.msgid: entry for entry in polib.pofile(str(I18N / name)) if not entry.obsolete}


def margins(text):
    """Return the white space around ``text``: it keeps words of a view apart."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def terms_of(entries):
    """Yield what decides that Odoo finds an entry of a file.

    A record's term is found under the record's name; a term of the code by its language alone, so
    that it may move to another file.
    """
    for msgid, entry in entries.items():
        yield from ((msgid, comment) for comment in CODE_COMMENTS & set(entry.comment.split("\n")))
        for where, _line in entry.occurrences:
            if not where.startswith("code:"):
                yield msgid, where


class OwnTerms(TranslationModuleReader):
    """Odoo's exporter over the installed records and the files of this addon alone: the original walks
    through every addon there is, and from the repository in circles."""

    def _export_translatable_resources(self):
        # not resolved: it is by the link's name that Odoo knows the addon
        root = Path(get_module_path(ADDON))
        for path in sorted(root.rglob("*.*")):
            parts = path.relative_to(root).parts
            if parts[0] in NOT_TRANSLATED or any(part.startswith(".") for part in parts):
                continue
            source = (path.name, str(root.parent), str(path.parent))
            if path.suffix == ".py":
                self._babel_extract_terms(
                    *source,
                    extra_comments=[PYTHON_TRANSLATION_COMMENT],
                    extract_keywords={"_": None, "_lt": None},
                )
            elif parts[:2] == ("static", "src") and path.suffix in (".js", ".xml"):
                self._babel_extract_terms(
                    *source,
                    "odoo.tools.babel:extract_javascript"
                    if path.suffix == ".js"
                    else "odoo.tools.translate:babel_extract_qweb",
                    extra_comments=[JAVASCRIPT_TRANSLATION_COMMENT],
                    extract_keywords={"_t": None},
                )

    def terms(self):
        """Yield the same as :func:`terms_of` does."""
        for _module, kind, name, res_id, source, _value, comments in self:
            if kind == "code":
                yield from ((source, comment) for comment in CODE_COMMENTS.intersection(comments))
            else:
                yield source, f"{kind}:{name}:{res_id}"


@tagged("post_install", "-at_install")
class TestChineseFile(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = read(f"{ADDON}.pot")
        cls.chinese = read(f"{CHINESE}.po")
        cls.texts = {msgid: entry.msgstr for msgid, entry in cls.chinese.items()}

    def test_every_term_is_translated(self):
        missing = [msgid for msgid in self.template if not self.texts.get(msgid, "").strip()]
        self.assertFalse(missing)

    def test_nothing_is_fuzzy_or_left_over(self):
        file = polib.pofile(str(I18N / f"{CHINESE}.po"))
        self.assertFalse([entry.msgid for entry in file if entry.fuzzy])
        self.assertFalse([entry.msgid for entry in file.obsolete_entries()])
        self.assertFalse(self.texts.keys() - self.template.keys())

    def test_the_translation_is_found_where_the_template_says(self):
        self.assertEqual(set(terms_of(self.chinese)), set(terms_of(self.template)))

    def test_it_is_chinese(self):
        foreign = {msgid for msgid, text in self.texts.items() if not HAN.search(text)}
        self.assertEqual(foreign - UNTRANSLATABLE, set())

    def test_places_and_markup_are_kept(self):
        differing = [
            (msgid, text)
            for msgid, text in self.texts.items()
            if sorted(PLACE.findall(msgid)) != sorted(PLACE.findall(text))
        ]
        self.assertFalse(differing)

    def test_white_space_around_a_term_is_kept(self):
        differing = [msgid for msgid, text in self.texts.items() if margins(msgid) != margins(text)]
        self.assertFalse(differing)

    def test_what_is_quoted_is_called_as_on_the_screen(self):
        differing = [
            (msgid, label)
            for msgid, text in self.texts.items()
            for label in QUOTED.findall(msgid)
            if label in self.texts and f"“{self.texts[label]}”" not in text
        ]
        self.assertFalse(differing)


@tagged("post_install", "-at_install")
class TestTemplate(TransactionCase):
    def test_the_template_is_what_odoo_exports(self):
        """Run `make pot` where this fails."""
        exported = set(OwnTerms(self.env.cr, [ADDON]).terms())
        template = set(terms_of(read(f"{ADDON}.pot")))
        self.assertEqual(exported - template, set(), "not in the template")
        self.assertEqual(template - exported, set(), "in the template only")


@tagged("post_install", "-at_install")
class TestShownInChinese(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(CHINESE)
        cls.env = cls.env(context={**cls.env.context, "lang": CHINESE})
        cls.texts = {msgid: entry.msgstr for msgid, entry in read(f"{CHINESE}.po").items()}

    def test_a_problem_found_by_the_rules(self):
        """Its words are marked in rules/ and translated in models/, by a template that is no literal."""
        party = Party(name="ACME", tax_no="123")
        problems = check_party(party, fapiao_type=SPECIAL) + check_party(Party(name="", tax_no=""))
        self.assertTrue(any(problem.values for problem in problems))
        for problem in problems:
            said = self.env["account.move"]._fapiao_describe(problem)
            cure = self.texts[problem.fix]
            self.assertEqual(said, f"{self.texts[problem.message] % problem.values} {cure}")
            self.assertRegex(said, HAN)

    def test_an_error_of_the_cloud(self):
        account = self.env["fapiao.account"].new({})
        for error in (Rejected("X", "1"), NotSent("X", "1"), RateLimited("X", "1"), LoginRequired("X", "1")):
            message, fix = words.explain(error)
            told = self.texts["The cloud says: %(text)s (%(code)s)"] % {"text": "X", "code": "1"}
            self.assertEqual(account._error_message(error).split("\n"), [self.texts[message], self.texts[fix], told])
        self.assertRegex(account._error_message(OutcomeUnknown()), HAN)

    def test_words_of_the_browser(self):
        messages = code_translations.get_web_translations(ADDON, CHINESE)["messages"]
        shown = {message["id"]: message["string"] for message in messages}
        for term in ("Fapiao %s issued", "Waiting for the scan. This window continues automatically."):
            self.assertEqual(shown.get(term), self.texts[term])

    def test_labels_and_views(self):
        number = self.env["fapiao"].fields_get(["number"])["number"]
        self.assertEqual(number["string"], self.texts["Number"])
        states = dict(self.env["fapiao.request"].fields_get(["state"])["state"]["selection"])
        self.assertEqual(states["waiting_login"], self.texts["Waiting for log-in"])
        arch = self.env["account.move"].get_view(self.env.ref("account.view_move_form").id)["arch"]
        self.assertIn(self.texts["Fapiao (数电票)"], arch)
        self.assertIn(self.texts["The fapiao can be issued as soon as the invoice is confirmed."], arch)
