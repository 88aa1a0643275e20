"""One click, one fapiao: whatever happens to the answer."""

import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds.base import Issued, RawAnswer
from ..models.cloud.engine import Engine
from ..models.cloud.fapiao_task_mixin import SENDING, click_end
from ..models.issuing.builder import Builder
from .common import FapiaoCommon

QUIET = mute_logger("odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine")


class Crash(BaseException):
    """Stands for the death of the worker: nothing in the engine may catch it."""


@contextmanager
def dying(method, after=False):
    """Let the worker die when the engine reaches ``method``, or right after it."""
    original = getattr(Engine, method)

    def die(self, *args):
        if after:
            original(self, *args)
        raise Crash

    with patch.object(Engine, method, die):
        yield


@tagged("post_install", "-at_install")
class TestIssue(FapiaoCommon):
    def test_click_shows_the_number(self):
        invoice = self.create_invoice()
        self.assertEqual(invoice.fapiao_state, "to_issue")
        action = self.issue(invoice)
        self.assertEqual(action["params"]["request_ids"], invoice.fapiao_request_ids.ids)
        self.assert_one_fapiao(invoice)
        fapiao = invoice.fapiao_ids
        self.assertEqual(invoice.fapiao_numbers, fapiao.number)
        self.assertEqual(invoice.fapiao_amount_open, 0)
        self.assertRecordValues(
            fapiao,
            [
                {
                    "direction": "out",
                    "color": "blue",
                    "amount_untaxed": 1000,
                    "amount_tax": 130,
                    "amount_total": 1130,
                    "buyer_name": "演示采购有限公司",
                    "status": "normal",
                }
            ],
        )
        self.assertEqual(fapiao.line_ids.mapped("name"), ["*软件*Accounting suite"])

    def test_dispatcher_leaves_a_click_its_request(self):
        """The commit wakes the dispatcher; were it faster, the click would come back without a number."""
        invoice = self.create_invoice()
        with self.engine():
            invoice.action_fapiao_issue()
            self.env.flush_all()
        self.run_cron("_cron_dispatch")
        self.assertEqual(invoice.fapiao_request_ids.state, "queued")
        self.assertEqual(self.world.calls.of("blueTicket"), [])
        with self.engine():
            self.env.cr.postcommit.run()
        self.assert_one_fapiao(invoice)

    def test_dispatcher_takes_over_from_a_click_that_died(self):
        invoice = self.create_invoice()
        with self.engine():
            invoice.action_fapiao_issue()
            self.env.flush_all()
        self.env.cr.postcommit.clear()
        request = invoice.fapiao_request_ids
        woken = self.env["ir.cron.trigger"].search(
            [
                ("cron_id", "=", self.env.ref("l10n_cn_invoice_cloud.cron_dispatch").id),
                ("call_at", ">=", request.next_try_at),
            ]
        )
        self.assertTrue(woken, "nobody would look before the next scheduled run")
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_click_does_not_hurry_what_was_put_off(self):
        """A fault or the cloud's pace has put it off for longer than a click reserves anything."""
        invoice = self.create_invoice()
        with self.engine():
            invoice.action_fapiao_issue()
        self.env.cr.postcommit.clear()
        request = invoice.fapiao_request_ids
        request.sudo().next_try_at = fields.Datetime.now() + timedelta(minutes=2)
        with self.engine():
            self.env["fapiao.request"]._attempt_until(click_end(), request.ids)
        self.assertEqual((request.state, self.world.calls.of("blueTicket")), ("queued", []))

    def test_journal_tells_what_was_sent(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        exchange = request.call_ids
        self.assertRecordValues(
            exchange, [{"operation": "issue", "state": "applied", "outcome": "answered", "http_status": 200}]
        )
        self.assertEqual(json.loads(exchange.request_body), json.loads(request.payload))
        self.assertEqual(exchange.request_hash, request.payload_hash)
        self.assertNotIn("sandbox-tax", exchange.request_body)

    def test_request_id_fits_the_cloud(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        uid = invoice.fapiao_request_ids.request_uid
        self.assertLessEqual(len(uid), 40)
        self.assertTrue(uid.startswith(f"{self.account.tax_no}_"))
        self.assertEqual(uid, invoice.fapiao_request_ids._make_uid(self._database_uuid()))

    def _database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def test_second_click_issues_nothing(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        with self.assertRaisesRegex(UserError, "already has the fapiao"):
            self.issue(invoice)
        self.assert_one_fapiao(invoice)

    def test_second_click_follows_the_first_while_it_waits(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        invoice = self.create_invoice()
        first = self.issue(invoice)
        second = self.issue(invoice)
        self.assertEqual(first["params"], second["params"])
        self.assertEqual(len(invoice.fapiao_request_ids), 1)

    def test_database_refuses_a_second_live_order(self):
        invoice = self.create_invoice()
        built = Builder(self.env)._build(invoice)
        self.issue(invoice)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env["fapiao.request"].sudo()._create_blue(built)
            self.env.flush_all()

    def test_only_issuers_may_click(self):
        invoice = self.create_invoice()
        user = self.env["res.users"].create(
            {
                "name": "Bookkeeper",
                "login": "bookkeeper",
                "group_ids": [fields.Command.set([self.env.ref("account.group_account_invoice").id])],
                "company_id": self.company.id,
                "company_ids": [fields.Command.set(self.company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            invoice.with_user(user).action_fapiao_issue()
        user.group_ids += self.issuer_group
        self.issue(invoice, user=user)
        self.assert_one_fapiao(invoice)
        self.assertEqual(invoice.fapiao_request_ids.user_id, user)


@tagged("post_install", "-at_install")
class TestLostAnswers(FapiaoCommon):
    def _issue_with_fault(self, kind, **params):
        self.world.faults.add("blueTicket", kind, **params)
        invoice = self.create_invoice()
        self.issue(invoice)
        return invoice, invoice.fapiao_request_ids

    def test_answer_lost_after_acting(self):
        for kind in (
            "drop_after",
            "http_500_after",
            "html_after",
            "half_json_after",
            "empty_after",
            "maybe_issued_after",
            "gateway_504_after",
            "bureau_error_after",
            "wrong_type_after",
        ):
            with self.subTest(kind):
                invoice, request = self._issue_with_fault(kind)
                if request.state != "issued":  # a wrong content type may still be readable
                    self.assertEqual(request.state, "unknown")
                    self.assertTrue(request.error_message)
                    self.assertEqual(invoice.fapiao_state, "pending")
                uid = request.request_uid
                self.make_due(request)
                self.run_cron("_cron_reconcile")
                self.assert_one_fapiao(invoice)
                self.assertEqual(request.request_uid, uid)
                self.assertFalse(request.error_message)

    def test_call_lost_before_acting_is_repeated_under_the_same_id(self):
        invoice, request = self._issue_with_fault("drop_before")
        uid = request.request_uid
        self.assertEqual(request.state, "unknown")
        self.make_due(request)
        self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "unknown", "not found within the grace period proves nothing")
        self.make_due(request, minutes=self.account.grace_minutes + 1)
        self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "queued")
        self.run_cron("_cron_dispatch")
        self.assertEqual(request.request_uid, uid)
        self.assert_one_fapiao(invoice)

    def test_bureau_shows_the_order_late(self):
        invoice, request = self._issue_with_fault("drop_after")
        self.world.faults.add("invoiceQueryMx", "not_found", times=2)
        for _query in range(3):
            self.make_due(request)
            self.run_cron("_cron_reconcile")
        self.assert_one_fapiao(invoice)

    def test_unreadable_query_never_counts_as_not_found(self):
        invoice, request = self._issue_with_fault("drop_after")
        self.world.faults.add("invoiceQueryMx", "html", times=3)
        for _query in range(3):
            self.make_due(request, minutes=60)
            self.run_cron("_cron_reconcile")
            self.assertEqual(request.state, "unknown")
        self.make_due(request, minutes=60)
        self.run_cron("_cron_reconcile")
        self.assert_one_fapiao(invoice)

    def test_order_the_cloud_never_knows_ends_with_a_person(self):
        self.world.faults.add("blueTicket", "drop_before", times=-1)
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        for _round in range(3):
            self.make_due(request, minutes=60)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.make_due(request, minutes=60)
        self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "manual")
        self.assertEqual(invoice.fapiao_state, "pending")
        self.assertEqual(self.world.issued(), [])

    def test_fapiao_that_differs_is_not_adopted(self):
        invoice, request = self._issue_with_fault("drop_after")
        self.world.issued(request.request_uid)[0].buyer_no = "91310000OTHER00000"
        self.make_due(request)
        self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "manual")
        self.assertFalse(invoice.fapiao_ids)
        self.assertIn("91310000OTHER00000", request.error_message)

    def test_cloud_down_loses_nothing(self):
        self.sandbox.stop()
        invoice = self.create_invoice()
        self.issue(invoice)
        self.sandbox.start()
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "queued")
        self.assertFalse(request.in_doubt)
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_turned_away_by_pace_comes_back(self):
        invoice, request = self._issue_with_fault("rate_limited")
        self.assertEqual(request.state, "queued")
        self.assertGreater(request.next_try_at, fields.Datetime.now())
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_rejected_is_corrected_under_a_new_id(self):
        invoice, request = self._issue_with_fault("refused")
        self.assertEqual(request.state, "rejected")
        self.assertEqual(invoice.fapiao_state, "failed")
        self.assertTrue(request.cloud_text and request.error_message)
        self.assertIn(request.cloud_text, invoice.fapiao_message, "the cloud's own words stand beside ours")
        self.issue(invoice)
        first, second = invoice.fapiao_request_ids.sorted("id")
        self.assertEqual(first, request)
        self.assertNotEqual(first.request_uid, second.request_uid)
        self.assertEqual(second.previous_id, first)
        self.assert_one_fapiao(invoice)

    def test_second_number_under_one_request_raises_an_alarm(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        other = self.create_invoice()
        self.issue(other)
        request.sudo()._accept(Issued(number="26990000000000000001"))
        self.assertIn("Two fapiao", invoice.activity_ids.summary)


@tagged("post_install", "-at_install")
class TestCrashes(FapiaoCommon):
    """The worker dies between each two steps; see test_processes for the same with ``kill -9``."""

    def _crash(self, method, after=False):
        invoice = self.create_invoice()
        # not assertRaises: it rolls back, and what a dead worker has committed stays
        died = False
        with dying(method, after):
            try:
                self._issue_until_death(invoice)
            except Crash:
                died = True
        self.assertTrue(died)
        return invoice, invoice.fapiao_request_ids

    def _issue_until_death(self, invoice):
        with self.engine():
            invoice.action_fapiao_issue()
            self.env.flush_all()
            ids = tuple(invoice.fapiao_request_ids.ids)
            turn = self.env["fapiao.request"]._turn(SENDING, self.account.id, 3, ids)
            Engine(self.env)._run([turn])

    def _recover(self, invoice, request):
        self.make_due(request)
        for exchange in request.call_ids.sudo().filtered("answered_at"):
            exchange.answered_at -= timedelta(minutes=2)
        self.run_cron("_cron_reconcile")
        if request.state == "unknown":
            self.make_due(request, minutes=60)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_between_claim_and_call(self):
        invoice, request = self._crash("_call")
        self.assertEqual(request.state, "sending")
        self.assertEqual(request.call_ids.state, "sent")
        self.assertEqual(self.world.issued(), [])
        self._recover(invoice, request)

    def test_between_call_and_record(self):
        invoice, request = self._crash("_record")
        self.assertEqual(request.state, "sending")
        self.assertEqual(len(self.world.issued()), 1)
        self._recover(invoice, request)

    def test_between_record_and_apply(self):
        invoice, request = self._crash("_apply")
        self.assertEqual(request.call_ids.state, "answered")
        calls = len(self.world.calls.entries) if hasattr(self.world.calls, "entries") else None
        self._recover(invoice, request)
        if calls is not None:
            self.assertEqual(len(self.world.calls.entries), calls, "the stored answer is applied, nobody is asked")

    def test_after_apply(self):
        invoice, request = self._crash("_apply", after=True)
        self.assert_one_fapiao(invoice)
        self.assertEqual(request.call_ids.state, "applied")

    def test_bug_in_applying_is_replayed(self):
        invoice = self.create_invoice()
        request_class = self.env.registry["fapiao.request"]
        with patch.object(request_class, "_accept", side_effect=ValueError("a bug")), QUIET:
            self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "sending")
        self.assertEqual(request.call_ids.state, "answered")
        request.call_ids.sudo().answered_at -= timedelta(minutes=2)
        self.run_cron("_cron_reconcile")
        self.assert_one_fapiao(invoice)
        self.assertEqual(len(request.call_ids), 1)

    def test_answer_that_can_never_be_applied_goes_to_a_person(self):
        invoice = self.create_invoice()
        request_class = self.env.registry["fapiao.request"]
        with patch.object(request_class, "_accept", side_effect=ValueError("a bug")), QUIET:
            self.issue(invoice)
            request = invoice.fapiao_request_ids
            for _replay in range(5):
                request.call_ids.sudo().answered_at -= timedelta(minutes=2)
                self.run_cron("_cron_reconcile")
        self.assertEqual(request.state, "manual")

    def test_answer_that_comes_after_the_lease(self):
        """A worker thought dead comes back with its answer: what it brings counts."""
        invoice, request = self._crash("_record")
        exchange = request.call_ids.sudo()
        request.sudo().write({"state": "unknown", "unknown_since": fields.Datetime.now(), "lease_until": False})
        exchange.write({"state": "lost"})
        fapiao = self.world.issued(request.request_uid)[0]
        body = json.dumps({"code": 200, "msg": "成功", "data": {"Fphm": fapiao.number, "Kprq": "2026-11-20 10:00:00"}})
        exchange._record(RawAnswer(200, body, "application/json"))
        self.env.flush_all()
        exchange._apply()
        self.assert_one_fapiao(invoice)


@tagged("post_install", "-at_install")
class TestWaitingForPeople(FapiaoCommon):
    def test_session_lost_resumes_after_login(self):
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        self.assertEqual(self.account.session_state, "login")
        self.assertEqual(invoice.fapiao_state, "pending")
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.action_refresh_credit()
        self.assertEqual(self.account.session_state, "ok")
        self.assertEqual(request.state, "queued")
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_face_due_resumes_after_authentication(self):
        self.world.set_face(self.account.tax_no, True)
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "waiting_login")
        self.assertEqual(self.account.face_state, "needed")
        self.world.set_face(self.account.tax_no, False)
        with self.engine():
            self.account.action_refresh_credit()
        self.assertEqual(self.account.face_state, "ok")
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_wrong_password_says_so_and_resumes(self):
        self.account.password = "wrong"
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        self.assertEqual(self.account.session_state, "credentials")
        with self.assertRaisesRegex(UserError, "40000"), self.engine():
            self.account.action_test_connection()
        self.account.password = "sandbox"
        with self.engine():
            self.account.action_test_connection()
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_queue_waits_for_the_same_login(self):
        """The dispatcher doesn't send a queue one by one to be turned away."""
        self.world.set_session(self.account.tax_no, "lost")
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(5)])
        self.issue(invoices)
        self.issue(self.create_invoice())
        self.world.calls.clear()
        self.run_cron("_cron_dispatch")
        self.assertEqual(set(invoices.fapiao_request_ids.mapped("state")), {"waiting_login"})
        self.assertFalse(self.world.calls.of("blueTicket"))
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.action_refresh_credit()
        self.run_cron("_cron_dispatch")
        for invoice in invoices:
            self.assert_one_fapiao(invoice)

    def test_words_are_in_the_language_of_who_asked(self):
        self.env.user.lang = "zh_CN"
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertRegex(invoice.fapiao_request_ids.error_message, "[\u4e00-\u9fff]")

    def test_waiting_request_can_be_withdrawn(self):
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        invoice.action_fapiao_withdraw()
        self.assertEqual(invoice.fapiao_request_ids.state, "withdrawn")
        self.assertEqual(invoice.fapiao_state, "to_issue")
        invoice.button_draft()
        self.assertEqual(invoice.state, "draft")

    def test_doubtful_request_can_not_be_withdrawn(self):
        self.world.faults.add("blueTicket", "drop_after")
        invoice = self.create_invoice()
        self.issue(invoice)
        with self.assertRaisesRegex(UserError, "may have reached the cloud"):
            invoice.action_fapiao_withdraw()

    def test_manager_decides_that_nothing_was_issued(self):
        self.world.faults.add("blueTicket", "drop_before")
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        request.sudo()._need_decision("why", "cure")
        request.action_decide_not_issued()
        self.assertEqual(invoice.fapiao_state, "failed")
        self.issue(invoice)
        again = invoice.fapiao_request_ids - request
        self.assertEqual(again.state, "queued", "the bureau may show the first one late")
        request.sudo().last_sent_at -= timedelta(hours=1)
        self.make_due(again)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)


@tagged("post_install", "-at_install")
class TestBatches(FapiaoCommon):
    def test_batch_runs_side_by_side_within_the_account(self):
        self.account.calls_at_once = 3
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(12)])
        self.world.reset_parallel()
        self.world.faults.add("blueTicket", "delay", times=-1, seconds=0.05)
        self.issue(invoices)
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"pending"}, "a batch is the dispatcher's")
        self.run_cron("_cron_dispatch")
        for invoice in invoices:
            self.assert_one_fapiao(invoice)
        self.assertLessEqual(self.world.max_parallel, 3)
        self.assertGreater(self.world.max_parallel, 1)

    def test_pace_holds_back_the_rest(self):
        self.account.pace_per_minute = 5
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(8)])
        self.issue(invoices)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 5)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 5)
        self.age_pace(minutes=2)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 8)

    def test_one_bad_order_does_not_stop_the_others(self):
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(5)])
        self.world.faults.add("blueTicket", "refused")
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoices)
        self.run_cron("_cron_dispatch")
        self.assertEqual(sorted(invoices.mapped("fapiao_state")), ["failed", "issued", "issued", "issued", "pending"])

    def test_pending_rows_do_not_starve_later_ones(self):
        self.world.faults.add("blueTicket", "drop_before", times=3)
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(4)])
        self.issue(invoices)
        self.run_cron("_cron_dispatch")
        lost = invoices.fapiao_request_ids.filtered(lambda request: request.state == "unknown")
        self.assertEqual(len(lost), 3)
        self.make_due(lost)
        self.account.sudo().left_alone_until = False  # three failures in a row, and a moment later
        before = fields.Datetime.now()
        self.run_cron("_cron_reconcile")
        self.assertTrue(all(request.next_try_at >= before for request in lost), "every row is pushed forward")
