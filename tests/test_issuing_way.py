"""The way of a click on *Issue* through ``models/``: few files, and those that the documentation lists."""

import re
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

from odoo.tests import tagged

from .common import FapiaoCommon

ADDON = Path(__file__).resolve().parents[1]
MODELS = ADDON / "models"


@contextmanager
def functions_called():
    """Yield a dict that fills with the names of the functions that run, by file of ``models/``."""
    found, places = defaultdict(set), {}

    def note(frame, event, _arg):
        if event != "call" or frame.f_code.co_name == "<module>":
            return
        name = frame.f_code.co_filename
        if name not in places:
            path = Path(name).resolve()
            places[name] = path.relative_to(MODELS) if path.is_relative_to(MODELS) else None
        if places[name]:
            found[str(places[name])].add(frame.f_code.co_name)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


@tagged("post_install", "-at_install")
class TestIssuingWay(FapiaoCommon):
    def test_files_that_a_click_passes(self):
        invoice = self.create_invoice()
        self.issue(self.create_invoice())  # a token is there, as it is all day
        with functions_called() as found:
            self.issue(invoice)
        self.assert_one_fapiao(invoice)
        text = (ADDON / "docs" / "architecture.md").read_text()
        section = text.split("## The way of a click")[1].split("\n## ")[0]
        listed = set(re.findall(r"`((?:\w+/)?\w+\.py)`", section))
        self.assertEqual(set(found), listed)
