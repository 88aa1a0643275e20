"""Issuing through 金蝶发票云: pushed, issued at once or later, split by the cloud, taken back."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..clouds.registry import open_cloud
from ..models.cloud.engine import Engine
from .common_kingdee import KingdeeCommon


@tagged("post_install", "-at_install")
class TestPush(KingdeeCommon):
    def test_from_the_invoice_to_the_number(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.ask(request)
        self.assert_issued(request)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.run_cron(("fapiao", "_cron_files"))
        fapiao = invoice.fapiao_ids
        self.assertTrue(fapiao.pdf_id and fapiao.ofd_id and fapiao.xml_id, fapiao.files_text)

    def test_one_bill_becomes_three_fapiao(self):
        self.world.kingdee.split_amount = "400"
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.ask(request)
        self.assert_issued(request, 3)
        self.assertEqual(sum(request.fapiao_ids.mapped("amount_total")), 1130)
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertTrue(all(fapiao.line_ids for fapiao in request.fapiao_ids))

    def test_waits_in_the_cloud_until_somebody_issues_it(self):
        self.account.auto_invoice = False
        self.world.kingdee.waiting_as = "entry"
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.ask(request, minutes=60 * 24 * 5)
        self.assertEqual((request.state, request.cloud_state), ("pending", "waiting"))
        self.ask(request, minutes=60 * 24 * 5)
        self.assertEqual(request.state, "pending", "that it lies there for days is no trouble")
        self.world.issue_bill(request.request_uid)
        self.ask(request)
        self.assert_issued(request)

    def test_answer_of_the_push_is_lost(self):
        self.world.faults.add("BILL.PUSH", "drop_after", times=1)
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "unknown")
        self.ask(request)
        self.assert_issued(request)

    def test_push_lost_before_it_arrived(self):
        self.world.faults.add("BILL.PUSH", "drop_before", times=1)
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        for minutes in (0, 60, 0, 0):
            self.ask(request, minutes)
        self.assert_issued(request)
        self.assertEqual(request.resends, 1)

    def test_refused_and_corrected(self):
        self.world.kingdee.total_is = "flag"
        invoice = self.create_invoice()
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        self.assertEqual(first.state, "rejected")
        self.assertIn("add up", first.error_message)
        self.account.gross_total = False
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.ask(second)
        self.assert_issued(second)
        self.assertEqual(second.previous_id, first)
        self.assertNotEqual(second.request_uid, first.request_uid)

    def test_sent_back_by_the_cloud_and_pushed_again(self):
        self.account.auto_invoice = False
        invoice = self.create_invoice()
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        self.world.return_bill(first.request_uid, "客户要求换抬头")
        self.ask(first)
        self.assertEqual(first.state, "rejected")
        self.assertIn("换抬头", first.cloud_text)
        self.assertEqual(invoice.fapiao_state, "failed")
        self.account.auto_invoice = True
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.ask(second)
        self.assert_issued(second)
        self.assertEqual(self.issued_for(first), [])

    def test_no_button_for_what_the_cloud_cannot(self):
        self.assertFalse(self.account.can_log_in)
        self.assertFalse(self.account.has_credit)
        self.assertTrue(self.piaodanyun.can_log_in)


@tagged("post_install", "-at_install")
class TestToken(KingdeeCommon):
    def test_connection_and_wrong_secret(self):
        with self.engine():
            self.account.action_test_connection()
        self.account.app_secret = "wrong"
        with self.engine(), self.assertRaisesRegex(UserError, "secret"):
            self.account.action_test_connection()
        self.assertEqual(self.account.session_state, "credentials")

    def test_wrong_data_center(self):
        self.account.datacenter = "nowhere"
        with self.engine(), self.assertRaisesRegex(UserError, "data centre"):
            self.account.action_test_connection()

    def test_interface_not_authorised_then_opened(self):
        self.world.set_interface("BILL.PUSH", False)
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual((request.state, self.account.session_state), ("waiting_login", "permission"))
        self.assertIn("not authorised", request.error_message)
        self.world.set_interface("BILL.PUSH", True)
        with self.engine():
            self.account.action_test_connection()
        self.run_cron("_cron_dispatch")
        self.ask(request)
        self.assert_issued(request)

    def test_turned_away_in_an_answer_after_the_deed(self):
        """The bill was taken; the answer says that it wasn't, and the cloud would take it a second time."""
        self.world.set(deduplicate=False)
        for number, (code, text) in enumerate(
            [
                ("403", "未进行接口授权"),
                ("401", "access_token已过期"),
                ("1130", "税号不在租户范围内"),
                ("429", "接口调用频率超过限制,请稍后再试"),
                ("9999", "access_token失效,请重新获取"),
                ("9999", "未进行接口授权"),
            ]
        ):
            with self.subTest(code=code, text=text):
                self.world.faults.add("BILL.PUSH", "misleading", when="after", code=code, text=text)
                invoice = self.create_invoice([{"price_unit": 100 + number}])
                self.issue(invoice)
                request = invoice.fapiao_request_ids
                with self.engine():
                    self.account.action_test_connection()
                for _pass in range(3):
                    self.make_due(request, minutes=60)
                    self.run_cron("_cron_dispatch", "_cron_reconcile")
                self.assert_issued(request)

    def test_token_fetched_by_another_worker_is_taken(self):
        """Whoever waited for the lock takes what the first one has fetched, and asks for none."""
        self.issue(self.create_invoice())
        token = self.account.token
        engine = Engine(self.env)
        with self.engine():
            config, slot = self.account._connection()
            slot.token = ""
            self.world.calls.clear()
            with open_cloud(config, slot) as cloud:
                engine._prepare(cloud, self.account.id)
        self.assertEqual(slot.token, token)
        self.assertFalse(self.world.calls.of("login"))

    def test_expired_token_is_renewed_silently(self):
        self.issue(self.create_invoice())
        self.world.expire_tokens()
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertNotEqual(invoice.fapiao_request_ids.state, "waiting_login")
        self.ask(invoice.fapiao_request_ids)
        self.assert_issued(invoice.fapiao_request_ids)


@tagged("post_install", "-at_install")
class TestWithdraw(KingdeeCommon):
    def setUp(self):
        super().setUp()
        self.account.auto_invoice = False
        self.invoice = self.create_invoice()
        self.issue(self.invoice)
        self.request = self.invoice.fapiao_request_ids
        self.assertEqual(self.request.state, "pending")

    def withdraw(self, moves=None):
        with self.engine():
            (moves or self.invoice).action_fapiao_withdraw()
            self.env.flush_all()
            self.env.cr.postcommit.run()

    def test_taken_back(self):
        self.assertTrue(self.invoice.fapiao_can_withdraw)
        self.withdraw()
        self.assertEqual(self.request.state, "withdrawn")
        self.assertEqual(self.bill_of(self.request).state, "withdrawn")
        self.assertEqual(self.invoice.fapiao_state, "to_issue")
        self.invoice.button_draft()
        self.assertEqual(self.invoice.state, "draft")

    def test_too_late(self):
        """The cloud has issued it meanwhile: it says no, and the fapiao comes."""
        self.world.issue_bill(self.request.request_uid)
        self.withdraw()
        self.assertEqual(self.request.withdrawal_id.state, "rejected")
        self.ask(self.request)
        self.assert_issued(self.request)

    def test_answer_lost_after_it_was_taken_back(self):
        self.world.faults.add("BILL.WITHDRAW", "drop_after", times=1)
        self.withdraw()
        self.assertEqual(self.request.state, "pending")
        for minutes in (0, 60, 60):
            self.make_due(self.request.withdrawal_id, minutes)
            self.ask(self.request, minutes)
        self.assertEqual(self.request.state, "withdrawn")
        self.assertEqual(self.issued_for(self.request), [])

    def test_answer_lost_before_it_was_taken_back(self):
        self.world.faults.add("BILL.WITHDRAW", "drop_before", times=1)
        self.withdraw()
        for minutes in (0, 60):
            self.make_due(self.request.withdrawal_id, minutes)
            self.ask(self.request, minutes)
        self.assertEqual(self.request.state, "withdrawn")
        self.assertEqual(self.bill_of(self.request).state, "withdrawn")

    def test_several_in_one_call(self):
        others = self.create_invoice() + self.create_invoice()
        self.issue(others)
        self.world.calls.clear()
        self.withdraw(self.invoice + others)
        self.assertEqual(set((self.request + others.fapiao_request_ids).mapped("state")), {"withdrawn"})
        self.assertEqual(len(self.world.calls.of("BILL.WITHDRAW")), 1)

    def test_one_of_two_is_too_late(self):
        other = self.create_invoice()
        self.issue(other)
        self.world.issue_bill(other.fapiao_request_ids.request_uid)
        self.withdraw(self.invoice + other)
        self.ask(other.fapiao_request_ids)
        self.assertEqual(self.request.state, "withdrawn")
        self.assert_issued(other.fapiao_request_ids)


@tagged("post_install", "-at_install")
class TestRed(KingdeeCommon):
    def issued_invoice(self, lines=None, **values):
        invoice = self.create_invoice(lines, **values)
        self.issue(invoice)
        self.ask(invoice.fapiao_request_ids)
        self.assertEqual(invoice.fapiao_state, "issued", invoice.fapiao_message)
        return invoice

    def settle(self, form):
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)

    def test_in_full(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        form = self.flush(invoice)
        self.settle(form)
        self.assertEqual(form.stage, "issued", form.advice)
        self.assert_reversed_once(blue)

    def test_in_part_without_a_new_fapiao(self):
        """This cloud reverses in part: the fapiao stands, less what was credited."""
        invoice = self.issued_invoice([{"quantity": 5, "price_unit": 200}, {"price_unit": 300}])
        blue = invoice.fapiao_ids
        note = self.credit(invoice, lines={0: {"quantity": 2}})
        form = self.flush(note)
        self.settle(form)
        self.assertEqual((form.stage, form.is_full, form.reason), ("issued", False, "02"), form.advice)
        (red,) = self.reds_of(blue)
        self.assertEqual((red.net, red.tax), (-400, -52))
        self.assertEqual(blue.status, "partly_red")
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        self.assertEqual((note.fapiao_state, note.fapiao_amount_open), ("issued", 0))

    def test_lost_application_is_looked_for_without_applying(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        dialog = self.open_flush(invoice)
        self.world.faults.add("REDCONFIRMBILL.APPLY", "drop_after", times=1)
        form = self.apply(dialog)
        self.assertEqual(form.state, "unknown")
        self.make_due(form)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.settle(form)
        self.assertEqual(len(self.world.calls.of("REDCONFIRMBILL.APPLY")), 1)
        self.assert_reversed_once(blue)

    def test_lost_red(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        dialog = self.open_flush(invoice)
        self.world.faults.add("ALLE.INVOICE.RED", "drop_after", times=1)
        form = self.apply(dialog)
        self.settle(form)
        self.assert_reversed_once(blue)
