"""No secret leaves its place: each bears a mark, everything is done, and the mark is searched for everywhere."""

import base64
import json
import logging
from urllib.parse import quote

import pytest

from odoo.tests import tagged

from ..clouds import base
from .common_canary import ADDON, MARK, ODD, OWN_COLUMNS, CanaryCase, debug_log, disguises, finder

_logger = logging.getLogger(__name__)

# What the run has to have come to, or the search proves little.
DONE = {
    *(base.ISSUE, base.LOGIN, base.FACE_QR, base.WITHDRAW, base.RED_APPLY, base.RED_ISSUE),
    *(base.PULL_START, base.BOOK, base.RELATE, base.SAVE_DOCUMENT, base.TELL_STATUS, base.TELL_VOUCHER),
    *(base.DROP_VOUCHER, base.RECEIPT),
}


@tagged("post_install", "-at_install")
class TestCanary(CanaryCase):
    @pytest.mark.timeout(1200)
    def test_no_secret_leaves_its_place(self):
        self.first_attachment = self.env["ir.attachment"].sudo().search([], order="id desc", limit=1).id
        with debug_log() as log:
            self.run_all_flows()
        find = finder(MARK, *self.signs)
        self.assert_much_has_happened(find, log)
        places = {
            "log": lambda: [line for line in log.lines if find.search(line.encode())],
            "error messages and answers to clicks": lambda: self.find_in_answers(find),
            "tables": lambda: self.find_in_tables(find, own=False),
            "attachments": lambda: self.find_in_attachments(find),
            **{role: lambda role=role: self.find_in_records(find, role) for role in self.readers},
            "browser": lambda: self.find_over_http(find),
            "neutralised copy": lambda: self.find_in_neutralised_copy(find),
        }
        for place, look in places.items():
            with self.subTest(place):
                found = look()
                self.assertFalse(found, f"{len(found)} finds: " + "\n".join(map(str, found[:40])))

    def assert_much_has_happened(self, find, log):
        """A search after nothing finds nothing."""
        self.assertTrue(self.signs)
        owned = {text.partition(":")[0] for text in self.find_in_tables(find)}
        held = {f"{table}.{name}" for table, names in OWN_COLUMNS.items() for name in names}
        # wiped with the dialog
        missing = held - owned - {f"fapiao_login.{name}" for name in OWN_COLUMNS["fapiao_login"]}
        self.assertLessEqual(missing, {"fapiao.ofd_address", "fapiao_pick_message.raw"})
        operations = set(self.env["fapiao.call"].search([]).mapped("operation"))
        self.assertLessEqual(DONE, operations)
        loggers = {line.partition(" ")[0] for line in log.lines}
        self.assertLessEqual({"urllib3.connectionpool", "werkzeug", "odoo.http"}, loggers)


@tagged("post_install", "-at_install")
class TestCanarySearch(CanaryCase):
    """The search finds what is planted."""

    def plant(self, text):
        self.buyer.comment = text
        self.env.flush_all()

    def test_in_any_disguise(self):
        find = finder(MARK)
        secret = f"{MARK}-{ODD}"
        packed = [base64.b64encode(f"{'x' * n}{secret}".encode()).decode() for n in range(5)]
        for text in (secret, quote(secret), json.dumps(secret), secret.encode().hex(), *packed):
            with self.subTest(text):
                self.assertTrue(find.search(text.encode()))
        self.assertFalse(find.search(base64.b64encode(b"CANARYBRID and others")))

    def test_in_tables(self):
        self.assertFalse(self.find_in_tables(finder(MARK), own=False))
        self.assertTrue(self.find_in_tables(finder(MARK)), "they lie in columns of their own")
        self.plant(base64.b64encode(f"token={MARK}".encode()).decode())
        (found,) = self.find_in_tables(finder(MARK), own=False)
        self.assertTrue(found.startswith("res_partner.comment"), found)

    def test_in_attachments(self):
        self.first_attachment = 0
        self.env["ir.attachment"].create({"name": "a", "raw": MARK.encode()})
        self.assertEqual(len(self.find_in_attachments(finder(MARK))), 1)

    def test_in_the_log(self):
        with debug_log() as log:
            logging.getLogger("urllib3.other").debug("said %s", MARK)
            try:
                raise ValueError(MARK)
            except ValueError:
                _logger.info("caught", exc_info=True)
        self.assertEqual(sum(MARK in line for line in log.lines), 2)

    def test_in_what_is_read_and_answered(self):
        self.kingdee.sudo().session_text = MARK
        self.env.flush_all()
        for role in ("manager", "auditor", "administrator"):
            self.assertTrue(self.find_in_records(finder(MARK), role), role)
        self.assertTrue(self.find_over_http(finder(MARK)))

    def test_in_a_neutralised_copy(self):
        self.assertFalse(self.find_in_neutralised_copy(finder(MARK)))
        self.assertTrue(self.accounts.sudo()[0].callback_token, "the copy was another")
        self.plant(MARK)
        self.assertTrue(self.find_in_neutralised_copy(finder(MARK)))

    def test_own_columns_are_all_there_are(self):
        """What administrators alone may read is a secret's own column, or is named here."""
        plain = {
            "fapiao_account": {"token_expires_at", "assistant_token_expires_at", "database_identity"},
        }
        for model in self.models():
            records = self.env[model]
            guarded = {
                name
                for name, field in records._fields.items()
                if field.store and field.groups == "base.group_system" and ADDON in field._modules
            }
            known = OWN_COLUMNS.get(records._table, set()) | plain.get(records._table, set())
            self.assertLessEqual(guarded, known, model)
        self.assertTrue(disguises(b"abc"))
