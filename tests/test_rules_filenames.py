"""Names of files that come from clouds and users."""

from odoo.tests import BaseCase, tagged

from ..rules.filenames import LONGEST, clean, distinct


@tagged("post_install", "-at_install")
class TestFilenames(BaseCase):
    def test_what_is_made_of_a_name(self):
        for name, expected in {
            "26312000000000000001.pdf": "26312000000000000001.pdf",
            "发票 1.xml": "发票 1.xml",
            "../../etc/passwd": "_.._etc_passwd",
            "..\\..\\boot.ini": "_.._boot.ini",
            "/abs.pdf": "_abs.pdf",
            "C:evil.pdf": "C_evil.pdf",
            "a\x00b\r\nc\t.pdf": "abc.pdf",
            "\u202efdp.exe": "fdp.exe",
            ".htaccess": "htaccess",
            " . .x.pdf": "x.pdf",
            "x.pdf. .": "x.pdf",
            "CON": "_CON",
            "nul.xml": "_nul.xml",
            "LPT1.tar.gz": "_LPT1.tar.gz",
            "console.pdf": "console.pdf",
            'a<b>"c|d?*.pdf': "a_b__c_d__.pdf",
            "e\u0301.pdf": "\u00e9.pdf",
            "": "file",
            None: "file",
            "..": "file",
            "///": "file",
        }.items():
            with self.subTest(name):
                self.assertEqual(clean(name), expected)
        self.assertEqual(clean("..", "fapiao.pdf"), "fapiao.pdf")

    def test_long_names_keep_their_ending(self):
        name = clean("发" * 300 + ".pdf")
        self.assertEqual(len(name), LONGEST)
        self.assertTrue(name.endswith("发.pdf"))
        self.assertEqual(len(clean("x" * 300)), LONGEST)

    def test_cleaning_twice_changes_nothing(self):
        for name in ("../x", "CON.pdf", " .a\x07", "x" * 200 + ". .pdf", "\ud800.pdf", "com1", "..."):
            with self.subTest(ascii(name)):
                self.assertEqual(clean(clean(name)), clean(name))

    def test_each_name_once(self):
        taken = set()
        names = [distinct(name, taken) for name in ("a.pdf", "A.pdf", "a.pdf", "a (2).pdf", "b", "b")]
        self.assertEqual(names, ["a.pdf", "A (2).pdf", "a (3).pdf", "a (2) (2).pdf", "b", "b (2)"])
