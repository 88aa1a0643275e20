"""One received fapiao by its number, its ID or its document; and what the cloud has collected before."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..clouds import inbound
from ..clouds.picking import Ticket, TicketState
from .common_pull import PullCommon, header, headers

POOL = {"pool_path": "/kapi/app/rim/deduction", "pool_interface": "invoicePoolQuery"}
ASSISTANT = "odoo.addons.l10n_cn_invoice_cloud.models.expenses.fapiao_account.FapiaoAccount._ask_assistant"


class SandboxPull(PullCommon):
    def faked(self):
        """Let the calls go to the sandbox."""
        return self.engine()

    def receive(self, **given):
        return self.world.receive_fapiao(self.account.tax_no, **{"gross": "113.00", "rate": 13, **given})

    def pull(self, kind="header", first=None, last=None, filters=None):
        days = self.Pull._recent_days()
        with self.clicked():
            pull = self.Pull._open_pull(self.account, kind, first or days[0], last or days[1], filters).sudo()
            pull._queue_now()
        return pull


@tagged("post_install", "-at_install")
class TestPool(SandboxPull):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write(POOL)

    def test_what_the_cloud_collected_comes_too(self):
        numbers = {self.receive().number for _ in range(3)}
        self.assertEqual(self.pull("pool").row_count, 0)
        self.world.collect_inbound(self.account.tax_no)
        pull = self.pull("pool")
        self.assertEqual((pull.state, pull.row_count, pull.new_count), ("done", 3, 3), pull.message)
        self.assertEqual(set(self.received().mapped("number")), numbers)
        again = self.pull("pool")
        self.assertEqual((again.new_count, again.same_count), (0, 3))
        self.assertFalse(self.world.calls.of("invoiceDown"))
        self.assertFalse(self.world.calls.of("taxLogin"))

    def test_several_pages(self):
        first, _last = self.Pull._recent_days()
        self.world.seed_inbound(self.account.tax_no, 450, first_day=str(first), days=4)
        self.world.collect_inbound(self.account.tax_no)
        pull = self.pull("pool")
        self.assertEqual((pull.state, pull.row_count, pull.page), ("done", 450, 3), pull.message)

    def test_today_too_and_over_the_direct_channel(self):
        self.account.bureau_channel = "direct"
        today = self.Pull._today()
        refusals = self.Pull._refusals(self.account, "pool", today - timedelta(days=365 * 6), today)
        self.assertFalse(refusals)
        self.assertTrue(self.Pull._refusals(self.account, "header", today - timedelta(days=1), today))

    def test_an_account_that_does_not_say_how(self):
        self.account.pool_path = False
        with self.assertRaisesRegex(UserError, "全票池"):
            self.pull("pool")
        self.assertFalse(self.account.can_query_pool)

    def test_daily_from_the_pool(self):
        self.account.write({"pull_daily_kind": "pool", "bureau_channel": "direct"})
        with self.faked():
            self.run_cron(("fapiao.pull", "_cron_inbound"))
        pull = self.Pull.search([("account_id", "=", self.account.id), ("is_scheduled", "=", True)])
        self.assertEqual((pull.kind, pull.state), ("pool", "done"), pull.message)
        self.assertEqual((pull.date_to - pull.date_from).days, 30)

    def test_settings_that_lead_elsewhere(self):
        for values in (
            {"pool_path": "//evil.example/x"},
            {"pool_path": "kapi"},
            {"app_token_path": "@evil.example"},
            {"login_path": "/a/../b"},
            {"pool_keys": "number"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.account.write(values)

    def test_another_path_of_the_token_is_used(self):
        self.account.write({"login_path": "/api/other.do"})
        with self.engine(), self.assertRaises(UserError):
            self.account.action_test_connection()
        self.account.write({"login_path": False})
        with self.engine():
            self.account.action_test_connection()


@tagged("post_install", "-at_install")
class TestFilters(SandboxPull):
    def test_each_filter_reaches_the_cloud(self):
        paper = self.receive(kind=4, seller_no="91110000000000001X")
        digital = self.receive(kind=26)
        void = self.receive(kind=27, status="2")
        for filters, expected in (
            ({"type_code": "26"}, digital),
            ({"seller_tax_no": "91110000000000001X"}, paper),
            ({"status": "void"}, void),
            ({"number": digital.number}, digital),
            ({"number": f" {digital.number} "}, digital),
            ({"code": paper.code}, paper),
        ):
            with self.subTest(filters):
                self.received().unlink()
                pull = self.pull(filters=filters)
                self.assertEqual((pull.state, pull.row_count), ("done", 1), pull.message)
                self.assertEqual(self.received().number, expected.code + expected.number)
                self.assertEqual(pull._window().filters, {name: text.strip() for name, text in filters.items()})

    def test_another_filter_is_another_pull(self):
        days = self.Pull._recent_days()
        one = self.Pull._open_pull(self.account, "header", *days, {"status": "void"})
        self.assertEqual(self.Pull._open_pull(self.account, "header", *days, {"status": "void"}), one)
        self.assertNotEqual(self.Pull._open_pull(self.account, "header", *days), one)
        self.assertNotEqual(self.Pull._open_pull(self.account, "header", *days, {"status": "red"}), one)

    def test_a_period_that_is_none(self):
        with self.assertRaisesRegex(UserError, "202603"):
            self.pull(filters={"tax_period": "2026-3"})

    def test_the_dialog(self):
        void = self.receive(status="2")
        self.receive()
        wizard = self.env["fapiao.pull.wizard"].with_context(default_account_id=self.account.id)
        with Form(wizard) as form:
            form.tax_period = "x"
            self.assertIn("202603", form.refusal)
            form.tax_period = False
            form.status = "void"
            self.assertFalse(form.refusal)
        with self.clicked():
            form.record.action_pull()
        self.assertEqual(self.received().number, void.number)

    def test_answered_at_once(self):
        self.account.pull_at_once = True
        for _ in range(3):
            self.receive()
        pull = self.pull()
        self.assertEqual((pull.state, pull.row_count, pull.new_count), ("done", 3, 3), pull.message)
        self.assertFalse(self.world.calls.of("invoiceDownQuery"))

    def test_full_pulls_bring_lines(self):
        self.account.full_interface = "invoiceFullDown"
        row = self.receive()
        pull = self.pull("full")
        self.assertEqual((pull.state, pull.row_count), ("done", 1), pull.message)
        lines = self.received(row.number).line_ids
        self.assertTrue(lines)
        self.assertAlmostEqual(sum(lines.mapped("amount_untaxed")), float(row.net))


@tagged("post_install", "-at_install")
class TestBureauLogin(SandboxPull):
    def test_who_is_logged_in(self):
        with self.engine():
            action = self.account.action_ask_bureau()
        self.assertEqual(action["params"]["type"], "success")
        account = self.account
        self.assertEqual(
            (account.bureau_state, account.bureau_login_type, account.bureau_channel), ("ok", "1", "login")
        )
        self.assertIn(account.tax_no, account.bureau_company)
        self.assertEqual(account.registered_name, self.world.taxpayer(account.tax_no).name)
        self.assertEqual(account.bureau_account_type, "3")
        self.assertTrue(account.bureau_period and account.bureau_select_days)
        self.assertEqual(account.session_state, "ok")

    def test_a_person_is_needed_and_comes(self):
        self.receive()
        self.world.set_session(self.account.tax_no, "lost")
        with self.engine():
            action = self.account.action_ask_bureau()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertEqual((self.account.bureau_state, self.account.session_state), ("person", "login"))
        self.assertTrue(self.account.bureau_url)
        pull = self.pull_now()
        self.assertTrue(pull.needs_person or pull.state == "draft")
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.action_ask_bureau()
        self.assertEqual((self.account.bureau_state, self.account.session_state), ("ok", "ok"))
        self.run_cron(("fapiao.pull", "_cron_inbound"))
        self.assertEqual((pull.state, pull.row_count), ("done", 1), pull.message)

    def test_a_cloud_without_the_question(self):
        self.assertFalse(self.piaodanyun.can_ask_bureau)
        with self.assertRaises(UserError):
            self.piaodanyun.action_ask_bureau()


@tagged("post_install", "-at_install")
class TestFind(SandboxPull):
    def find(self, **values):
        dialog = self.env["fapiao.find"].create({"account_id": self.account.id, **values})
        with self.engine():
            return dialog, dialog.action_find()

    def test_one_that_odoo_has(self):
        self.load([header(1)])
        dialog, action = self.find(number=f" {header(1).number} ")
        self.assertEqual(action["res_id"], self.received().id)
        self.assertFalse(dialog.message)
        self.assertFalse(self.world.calls.of("invoicePoolQuery"))

    def test_by_the_short_number_of_a_paper_one(self):
        self.load([header(1, number="04400200011112345678", code="044002000111", type_code="4")])
        for values in ({"number": "12345678"}, {"number": "12345678", "code": "044002000111"}):
            self.assertEqual(self.find(**values)[1]["res_id"], self.received().id)

    def test_one_that_the_cloud_has_collected(self):
        self.account.write(POOL)
        row = self.receive()
        self.receive()
        dialog, action = self.find(number=row.number)
        self.assertEqual(action["res_model"], "fapiao.find")
        self.assertTrue(dialog.is_missing)
        self.world.collect_inbound(self.account.tax_no)
        _dialog, action = self.find(number=row.number)
        self.assertEqual(action["res_id"], self.received().id)
        self.assertEqual(self.received().number, row.number)

    def test_a_cloud_that_does_not_know_the_key(self):
        """What it answers instead isn't what was looked for."""
        self.account.write({**POOL, "pool_keys": "number=fphm"})
        self.receive()
        self.world.collect_inbound(self.account.tax_no)
        dialog, _action = self.find(number="26442000000000000009")
        self.assertIn("Keys of the Pool Query", dialog.message)
        self.assertFalse(self.received())

    def test_pulled_from_the_bureau(self):
        row = self.receive()
        self.receive()
        dialog, _action = self.find(number=row.number)
        self.assertIn("全票池", dialog.message)
        with self.assertRaisesRegex(UserError, "day of issue"):
            dialog.action_pull()
        dialog.issue_date = row.day
        with self.clicked():
            action = dialog.action_pull()
        pull = self.Pull.browse(action["res_id"]).sudo()
        self.assertEqual((pull.state, pull.number, pull.row_count), ("done", row.number, 1), pull.message)
        self.assertEqual(self.received().number, row.number)

    def test_by_the_clouds_id(self):
        found = header(1, buyer_tax_no=self.account.tax_no)
        strange = header(2, serial_no="S1", buyer_tax_no="91310000MA1FL4ABCX", buyer_name="别人公司")
        for tickets, text in (((), "Neither"), ((strange,), "别人公司"), ((found,), "")):
            told = tuple(Ticket(fapiao, TicketState(fapiao.serial_no)) for fapiao in tickets)
            with self.subTest(text), patch(ASSISTANT, lambda *_args, told=told: told):
                dialog, action = self.find(by="serial", serial_no="S1")
                self.assertIn(text, dialog.message or "")
        self.assertEqual(action["res_id"], self.received().id)
        self.assertEqual(self.received().serial_no, "S1")

    def test_what_lies_on_a_document(self):
        row = self.receive()
        files = {"localUrl": "https://files.example/c.pdf", "coverNo": "C-1", "snapshotUrl": "", "fileType": "1"}
        self.world.file_document("ap_finapbill", "42", [row.number], covers=[files], tax_no=self.account.tax_no)
        dialog, action = self.find(by="document", document_kind="ap_finapbill", document_key="42")
        self.assertEqual((action["res_model"], action["res_id"]), ("fapiao.find", dialog.id))
        self.assertEqual(dialog.fapiao_ids.number, row.number)
        self.assertEqual((dialog.file_ids.name, dialog.file_ids.role, dialog.file_ids.kind), ("C-1", "cover", "pdf"))
        with self.assertRaises(UserError):
            self.find(by="document", document_kind="ap_finapbill", document_key="43")

    def test_nothing_entered(self):
        with self.assertRaisesRegex(UserError, "Fapiao Number"):
            self.find(number=" ")


@tagged("post_install", "-at_install")
class TestPagesOfThePool(PullCommon):
    """By a cloud that answers as the test says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write(POOL)

    def test_other_companies_are_counted_and_left_out(self):
        pages = [
            inbound.PullPage((), total=400, others=tuple(f"A{place}" for place in range(200))),
            inbound.PullPage(tuple(headers(150)), total=400, others=tuple(f"B{place}" for place in range(50))),
            inbound.PullPage((), total=400),
        ]
        asked = []

        def pool_page(window, page, _size):
            asked.append((window.kind, page))
            return pages[page - 1]

        self.cloud.pool_page = pool_page
        with self.clicked():
            pull = self.Pull._open_pull(self.account, "pool", *self.Pull._recent_days()).sudo()
            pull._queue_now()
        self.assertEqual((pull.state, pull.row_count, pull.others_count), ("done", 150, 250), pull.message)
        self.assertFalse(pull.message)
        self.assertEqual(asked[:2], [("pool", 1), ("pool", 2)])
