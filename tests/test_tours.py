"""What a person clicks, in a real browser."""

from unittest.mock import patch

from odoo.tests import HttpCase, tagged, test_cursor

from .common_red import RedCommon


def commit_and_follow(commit):
    """Return a ``TestCursor.commit`` that also runs what the engine has put after it. Odoo's own one
    forgets all work after a commit; the click's attempt is just that."""

    def run(cursor):
        attempts = [work for work in cursor.postcommit._funcs if "FapiaoEngine" in work.__qualname__]
        commit(cursor)
        for attempt in attempts:
            attempt()

    return run


@tagged("post_install", "-at_install")
class TestTours(RedCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.env["res.users"].create(
            {
                "name": "Fapiao clerk",
                "login": "fapiao_clerk",
                "password": "fapiao_clerk",
                "lang": "en_US",
                "group_ids": [(6, 0, (cls.issuer_group + cls.env.ref("account.group_account_manager")).ids)],
                "company_id": cls.company.id,
                "company_ids": [(6, 0, cls.company.ids)],
            }
        )

    def setUp(self):
        super().setUp()
        follow = commit_and_follow(test_cursor.TestCursor.commit)
        self.startPatcher(patch.object(test_cursor.TestCursor, "commit", follow))

    def _start(self, tour, url):
        self.env.flush_all()
        self.start_tour(url, tour, login="fapiao_clerk", timeout=120)
        self.env.invalidate_all()

    def test_issue_and_read_the_number_on_the_form(self):
        invoice = self.create_invoice()
        self._start("fapiao_issue", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        self.assert_one_fapiao(invoice)

    def test_credit_note_to_red_number(self):
        invoice = self.issued_invoice()
        note = self.credit(invoice, post=False)
        self._start("fapiao_red_credit_note", f"/odoo/action-account.action_move_out_refund_type/{note.id}")
        red = self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))
        self.assertEqual(note.fapiao_numbers, red.number)
        self.assertEqual(note.fapiao_red_form_ids.reason, "02")

    def test_reversal_waits_for_the_buyer(self):
        invoice = self.issued_invoice()
        self.use(invoice.fapiao_ids)
        self._start("fapiao_red_waits", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        form = invoice.fapiao_red_form_ids
        self.assertEqual((form.stage, form.make_credit_note), ("waiting", True))
        self.assertFalse(invoice.reversal_move_ids, "not before the fapiao is reversed")

    def test_problem_is_told_before_anything_is_sent(self):
        self.product_a.fapiao_code_id = False
        invoice = self.create_invoice()
        self._start("fapiao_problem", f"/odoo/action-account.action_move_out_invoice_type/{invoice.id}")
        self.assertFalse(invoice.fapiao_request_ids)
        self.assertEqual(self.world.issued(), [])

    def test_batch_from_the_list(self):
        invoices = self.create_invoice() + self.create_invoice() + self.create_invoice()
        self._start("fapiao_batch", "/odoo/action-account.action_move_out_invoice_type")
        for invoice in invoices:
            self.assert_one_fapiao(invoice)
