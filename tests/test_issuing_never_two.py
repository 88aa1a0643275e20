"""A new ID goes out only when every earlier one is proven dead, and what has ended still listens."""

import json
import threading
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from ..clouds.base import RawAnswer
from ..models.cloud import engine as fapiao_engine
from ..models.cloud import spool
from ..models.cloud.engine import Engine
from ..models.issuing.builder import Builder
from ..sandbox import defaults
from ..sandbox.server import SandboxServer
from .common import FapiaoCommon

REFUSED = "授信额度不足,无法开具"  # a fault of the order itself
UNHEARD_OF = "任务编排节点返回非预期结果"


class NeverTwoCase(FapiaoCommon):
    def uids_sent(self, call="blueTicket"):
        return [each.fpqqlsh for each in self.world.calls.of(call)]

    def lie(self, text, when="after", **params):
        """Let the cloud act and then answer with ``text``."""
        self.world.faults.add("blueTicket", "misleading", when=when, text=text, **params)

    def let_time_pass(self, requests, minutes=0):
        """Be ``minutes`` older: what is asked about, watched and waited for is due."""
        self.make_due(requests, minutes)
        now = self.env["fapiao.task.mixin"]._now()
        for request in requests.sudo():
            values = {"watch_at": now - timedelta(seconds=1)} if request.watch_at else {}
            for name in ("last_sent_at", "absent_at"):
                if request[name]:
                    values[name] = request[name] - timedelta(minutes=minutes)
            request.write(values)
        self.env.flush_all()

    def reconcile(self, requests, minutes=0):
        self.let_time_pass(requests, minutes)
        self.run_cron("_cron_reconcile", "_cron_dispatch", "_cron_reconcile")

    def assert_ledger_agrees(self):
        """Odoo has each fapiao that the bureau has issued, once, and no other."""
        ours = self.env["fapiao"].search([("direction", "=", "out"), ("company_id", "=", self.company.id)])
        self.assertEqual(
            sorted((one.number, f"{one.amount_total:.2f}") for one in ours),
            sorted((one["number"], one["total"]) for one in self.world.ledger()),
        )


@tagged("post_install", "-at_install")
class TestEarlierIDs(NeverTwoCase):
    def test_unheard_of_answer_leaves_the_outcome_open(self):
        invoice = self.create_invoice()
        self.lie(UNHEARD_OF)
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "unknown")
        self.reconcile(invoice.fapiao_request_ids)
        self.assert_one_fapiao(invoice)
        self.assert_ledger_agrees()

    def test_a_token_that_is_said_to_be_refused(self):
        """The order is asked about before it goes out a second time, though its answer says that it wasn't read."""
        self.world.set(deduplicate=False)
        for when, calls in (("after", 1), ("before", 2)):
            with self.subTest(when):
                self.world.calls.clear()
                invoice = self.create_invoice([{"price_unit": 100 + calls}])
                self.lie("token已过期", when=when, code=401)
                self.issue(invoice)
                self.assert_one_fapiao(invoice)
                self.assertEqual(len(self.uids_sent()), calls)
        self.assert_ledger_agrees()

    def test_new_request_after_a_true_refusal_asks_once_and_goes_out(self):
        invoice = self.create_invoice()
        self.lie(REFUSED, when="before")
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        self.assertEqual(first.state, "rejected")
        self.world.calls.clear()
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual(second.state, "issued")
        self.assertNotEqual(first.request_uid, second.request_uid)
        self.assertEqual(self.uids_sent("invoiceQueryMx"), [first.request_uid], "one question, no grace")
        self.assert_ledger_agrees()

    def test_refusal_that_lies(self):
        invoice = self.create_invoice()
        self.lie(REFUSED)
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        self.assertEqual(first.state, "rejected")
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual((first.state, second.state), ("issued", "withdrawn"))
        self.assertEqual(self.uids_sent(), [first.request_uid])
        self.assertIn(first.request_uid, second.error_message)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assert_ledger_agrees()

    def test_refusal_that_lies_is_found_without_a_click(self):
        invoice = self.create_invoice()
        self.lie(REFUSED)
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertTrue(request.watch_at)
        self.reconcile(request)
        self.assertEqual((request.state, invoice.fapiao_state), ("issued", "issued"))
        self.assert_ledger_agrees()

    def test_question_about_the_earlier_one_without_an_answer(self):
        invoice = self.create_invoice()
        self.lie(REFUSED)
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        self.world.faults.add("invoiceQueryMx", "drop_before", times=-1)
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual(second.state, "queued", "it waits for the proof")
        self.assertIn(first.request_uid, second.error_message)
        self.assertEqual(len(self.uids_sent()), 1)
        self.world.faults.clear()
        self.let_time_pass(invoice.fapiao_request_ids)
        self.run_cron("_cron_dispatch")
        self.assertEqual((first.state, second.state), ("issued", "withdrawn"))
        self.assert_ledger_agrees()

    def test_declared_dead_by_mistake(self):
        invoice = self.create_invoice()
        self.lie(UNHEARD_OF)
        self.world.set(show_after=3600)
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        first.sudo()._need_decision("Look it up.", "Decide.")
        first.action_decide_not_issued()
        self.assertEqual(first.state, "rejected")
        self.issue(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual(second.state, "queued", "not shown isn't dead before the grace period is over")
        self.world.advance(hours=2)
        self.let_time_pass(invoice.fapiao_request_ids, minutes=120)
        self.run_cron("_cron_dispatch")
        self.assertEqual((first.state, second.state), ("issued", "withdrawn"))
        self.assert_ledger_agrees()

    def test_lines_deleted_and_entered_again(self):
        invoice = self.create_invoice()
        self.lie(REFUSED)
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        invoice.button_draft()
        line = invoice.invoice_line_ids
        values = {"product_id": line.product_id.id, "price_unit": 1000, "tax_ids": [Command.set(line.tax_ids.ids)]}
        invoice.invoice_line_ids = [Command.delete(line.id), Command.create(values)]
        invoice.action_post()
        self.issue(invoice)
        self.assertEqual(self.uids_sent(), [first.request_uid])
        self.assertEqual(first.state, "issued")
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assert_ledger_agrees()

    def test_invoice_deleted_and_entered_again(self):
        invoice = self.create_invoice()
        self.lie(REFUSED)
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        invoice.button_draft()
        invoice.with_context(force_delete=True).unlink()
        again = self.create_invoice()
        self.issue(again)
        self.assertEqual(self.uids_sent(), [first.request_uid])
        second = again.fapiao_request_ids
        self.assertEqual((first.state, second.state), ("issued", "manual"))
        self.assert_ledger_agrees()
        # both are right after all: a manager has the second one sent
        second.action_decide_ask_again()
        self.reconcile(second)
        self.assertEqual(second.state, "issued")
        self.assert_ledger_agrees()

    def test_log_in_that_was_asked_for_after_the_deed(self):
        invoice = self.create_invoice()
        self.lie("需要短信验证码登录电子税务局", code=420)
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        self.world.set(deduplicate=False)
        self.account.sudo()._record_ready()
        self.run_cron("_cron_dispatch", "_cron_reconcile")
        self.assertEqual(request.state, "issued")
        self.assert_ledger_agrees()

    def test_id_is_a_function_of_what_it_stands_for(self):
        one, other = self.create_invoice(), self.create_invoice([{"price_unit": 7}])
        built = Builder(self.env)._build(one | other)
        requests = self.env["fapiao.request"].sudo()._create_blue(built)
        uids = requests.mapped("request_uid")
        self.assertEqual(len(set(uids)), 2)
        requests.unlink()
        again = self.env["fapiao.request"].sudo()._create_blue(Builder(self.env)._build(one | other))
        self.assertEqual(again.mapped("request_uid"), uids, "whatever the row numbers are")


@tagged("post_install", "-at_install")
class TestEndedRequestsListen(NeverTwoCase):
    def lost_and_given_up(self):
        """Return an invoice whose order was carried out, its answer lost, and declared dead all the same."""
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        request.sudo()._need_decision("Look it up.", "Decide.")
        request.action_decide_not_issued()
        return invoice, request

    def reissued(self, invoice):
        """Issue once more although nothing is proven, as a database of an older version may have done."""
        with patch.object(type(self.env["fapiao.request"]), "_unproven", lambda request: request.browse()):
            self.issue(invoice)

    def test_late_answer_of_a_request_that_was_given_up(self):
        invoice, request = self.lost_and_given_up()
        self.world.faults.clear()
        exchange = request.call_ids.filtered(lambda one: one.operation == "issue")
        number = self.world.issued()[0].number
        with self.engine():
            job = fapiao_engine.Job(exchange.id, "issue", {}, request.request_uid)
            answer = RawAnswer(200, json.dumps({"code": 200, "data": {"Fphm": number}}))
            Engine(self.env)._record(job, answer)
            Engine(self.env)._apply(exchange.id)
        self.assertEqual((request.state, exchange.state), ("issued", "applied"))
        self.assertEqual(invoice.fapiao_ids.number, number)
        self.assert_ledger_agrees()

    def test_two_living_fapiao_raise_an_alarm(self):
        invoice, first = self.lost_and_given_up()
        self.reissued(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual(second.state, "issued")
        self.reconcile(first)
        self.assertEqual((first.state, second.state), ("issued", "issued"))
        self.assertTrue(first.is_double)
        self.assertIn(first, self.env["fapiao.request"].search([("needs_attention", "=", True)]))
        alarm = invoice.activity_ids.filtered(lambda activity: "Two fapiao" in (activity.summary or ""))
        self.assertEqual(len(alarm), 1)
        for fapiao in invoice.fapiao_ids:
            self.assertIn(fapiao.number, alarm.note)
        self.assertEqual(len(invoice.fapiao_ids), 2)
        self.assert_ledger_agrees()

    def test_alarm_ends_when_one_is_reversed(self):
        invoice, first = self.lost_and_given_up()
        self.reissued(invoice)
        self.reconcile(first)
        first.fapiao_ids.sudo().status = "red"
        self.assertFalse(first.is_double)

    def test_given_up_ids_are_asked_about_four_times(self):
        invoice = self.create_invoice()
        self.lie(REFUSED, when="before")
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        for _round in range(3):
            self.assertTrue(request.watch_at)
            self.reconcile(request)
        self.reconcile(request)
        self.assertFalse(request.watch_at)
        self.assertEqual(request.state, "rejected")

    def test_withdrawn_for_an_earlier_one_after_a_lie(self):
        """What the cloud has turned away with a lie is asked about, though an earlier request settles the lines."""
        self.world.set(deduplicate=False)
        invoice, first = self.lost_and_given_up()
        self.lie("请求过于频繁,请稍后再试", code=429)
        self.reissued(invoice)
        second = invoice.fapiao_request_ids - first
        self.assertEqual(second.state, "queued")
        self.assertEqual(len(self.world.issued()), 2)
        self.reconcile(first)
        self.assertEqual((first.state, second.state), ("issued", "withdrawn"))
        self.assertTrue(second.watch_at)
        self.reconcile(second)
        self.assertTrue(second.is_double)
        self.assert_ledger_agrees()

    def test_fact_is_recorded_though_what_follows_fails(self):
        invoice = self.create_invoice()
        broken = patch.object(type(self.env["fapiao.request"]), "_take_result", side_effect=ValueError("a bug"))
        with broken, self.assertLogs("odoo.addons.l10n_cn_invoice_cloud", "ERROR"):
            self.issue(invoice)
        fapiao = self.env["fapiao"].search([("number", "=", self.world.issued()[0].number)])
        self.assertEqual(fapiao.move_ids, invoice)
        exchange = invoice.fapiao_request_ids.call_ids.sudo()
        self.assertEqual(exchange.state, "answered")
        exchange.answered_at -= timedelta(minutes=2)
        self.run_cron("_cron_reconcile")
        self.assertEqual(exchange.state, "applied")
        self.assert_one_fapiao(invoice)

    def test_answer_that_can_never_be_applied(self):
        invoice = self.create_invoice()
        broken = patch.object(type(self.env["fapiao.request"]), "_take_result", side_effect=ValueError("a bug"))
        with broken, self.assertLogs("odoo.addons.l10n_cn_invoice_cloud", "ERROR"):
            self.issue(invoice)
            exchange = invoice.fapiao_request_ids.call_ids.sudo()
            for _sweep in range(5):
                exchange.answered_at -= timedelta(minutes=2)
                self.run_cron("_cron_reconcile")
        self.assertEqual(exchange.state, "stuck")
        self.assertEqual(invoice.fapiao_request_ids.state, "manual")
        self.assertTrue(self.account.activity_ids)


@tagged("post_install", "-at_install")
class TestAnswersAreCompared(NeverTwoCase):
    def test_number_of_another_request_is_never_linked(self):
        first, second = self.create_invoice(), self.create_invoice()
        self.issue(first)
        self.world.faults.add("blueTicket", "wrong_number")
        self.issue(second)
        request = second.fapiao_request_ids
        self.assertEqual(request.state, "manual")
        self.assertFalse(second.fapiao_ids)
        self.assertIn(first.fapiao_ids.number, request.error_message)
        # a query by its own ID settles what a person would have to look up
        self.reconcile(request)
        self.assert_one_fapiao(second)
        self.assert_ledger_agrees()

    def test_number_of_a_fapiao_that_nobody_here_knows(self):
        """The answer names no amounts to compare: the cloud is asked by the ID a little later."""
        elsewhere = self.create_invoice([{"price_unit": 77}])
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(elsewhere)
        invoice = self.create_invoice([{"price_unit": 88}])
        self.world.faults.add("blueTicket", "wrong_number")
        self.issue(invoice)
        stranger = self.world.issued(elsewhere.fapiao_request_ids.request_uid)[0].number
        self.assertEqual(invoice.fapiao_ids.number, stranger)
        self.reconcile(invoice.fapiao_request_ids)
        self.assert_one_fapiao(invoice)
        self.assertFalse(invoice.fapiao_request_ids.watch_at)
        self.reconcile(elsewhere.fapiao_request_ids)
        self.assert_one_fapiao(elsewhere)
        self.assert_ledger_agrees()

    def test_second_fapiao_under_one_id(self):
        """The cloud issues, says that a log-in is missing, and issues once more: both are recorded and named."""
        self.world.set(deduplicate=False, show_after=3600)
        invoice = self.create_invoice()
        self.lie("登录已失效,请重新登录电子税务局", code=302)
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        self.account.sudo()._record_ready()
        self.reconcile(request)
        self.reconcile(request)
        self.assertEqual((request.state, len(self.world.issued())), ("issued", 2))
        self.world.set(show_after=0)
        for _question in range(2):
            self.reconcile(request, minutes=60)
        self.assertFalse(request.watch_at)
        self.assert_ledger_agrees()
        (alarm,) = invoice.activity_ids.filtered(lambda activity: "Two fapiao" in (activity.summary or ""))
        for fapiao in invoice.fapiao_ids:
            self.assertIn(fapiao.number, alarm.note)

    def test_number_that_was_taken_is_settled_when_it_is_free(self):
        first, second = self.create_invoice([{"price_unit": 77}]), self.create_invoice([{"price_unit": 88}])
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(first)
        self.world.faults.add("blueTicket", "wrong_number")
        self.issue(second)
        self.reconcile(first.fapiao_request_ids)
        self.assertEqual(first.fapiao_request_ids.state, "manual", "its number counts as the second one's")
        self.reconcile(second.fapiao_request_ids)
        self.reconcile(first.fapiao_request_ids)
        for invoice in (first, second):
            self.assert_one_fapiao(invoice)
        self.assert_ledger_agrees()

    def test_number_of_another_request_that_was_refreshed(self):
        """A refresh shows the other's amounts, so that the first request seems to have too little."""
        first, second = self.create_invoice([{"price_unit": 77}]), self.create_invoice([{"price_unit": 88}])
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(first)
        self.world.faults.add("blueTicket", "wrong_number")
        self.issue(second)
        with self.engine():
            second.fapiao_ids.action_refresh()
        self.reconcile(first.fapiao_request_ids)
        for invoice in (second, first, second):
            self.reconcile(invoice.fapiao_request_ids)
        for invoice in (first, second):
            self.assert_one_fapiao(invoice)
        self.assert_ledger_agrees()

    def test_what_waits_for_a_person_is_settled_by_a_query(self):
        invoice = self.create_invoice()
        self.lie(UNHEARD_OF)
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        request.sudo()._need_decision("Look it up.", "Decide.")
        self.reconcile(request)
        self.assert_one_fapiao(invoice)


@tagged("post_install", "-at_install")
class TestFences(NeverTwoCase):
    def test_call_after_its_fence_is_not_made(self):
        invoice = self.create_invoice()
        with patch.object(fapiao_engine.fence, "now", side_effect=iter([0.0, *[1e9] * 50]).__next__):
            self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertFalse(self.uids_sent())
        self.assertEqual((request.state, request.was_sent), ("queued", False))
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_dead_token_server_claims_nothing(self):
        self.world.faults.add("obtainToken", "drop_before", times=-1)
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual((request.state, request.was_sent), ("queued", False))
        self.assertFalse(request.call_ids)
        self.assertTrue(request.error_message)

    def test_answers_that_cannot_be_recorded_stop_the_batch(self):
        invoices = self.env["account.move"].union(*(self.create_invoice() for _n in range(12)))
        self.account.calls_at_once = 1
        self.issue(invoices)
        failed = []

        def fail(engine, job, answer):
            failed.append(job)
            raise ValueError("the database is away")

        with (
            patch.object(Engine, "_record", fail),
            self.assertLogs("odoo.addons.l10n_cn_invoice_cloud", "ERROR"),
        ):
            self.run_cron("_cron_dispatch")
        sent = len(self.uids_sent())
        self.assertLess(sent, len(failed), "nothing more is started")
        self.run_cron("_cron_dispatch", "_cron_reconcile", "_cron_dispatch")
        requests = invoices.fapiao_request_ids
        self.make_due(requests)
        self.run_cron("_cron_dispatch")
        self.assertEqual(set(requests.mapped("state")), {"issued"})
        self.assertEqual(len(self.uids_sent()), 12, "each order went out once")
        self.assertFalse(list(spool.kept(self.env.cr.dbname)))

    def test_one_bad_row_holds_up_nobody(self):
        invoices = self.env["account.move"].union(*(self.create_invoice() for _n in range(5)))
        self.issue(invoices)
        bad = invoices[2].fapiao_request_ids.sudo()
        bad.payload = "{"
        with self.assertLogs("odoo.addons.l10n_cn_invoice_cloud", "ERROR"):
            self.run_cron("_cron_dispatch")
        self.assertEqual(bad.state, "manual")
        self.assertEqual(set((invoices.fapiao_request_ids - bad).mapped("state")), {"issued"})

    def test_a_slow_cloud_holds_up_no_other_account(self):
        """One cloud answers only after the other account's orders are through."""
        invoice = self.create_invoice()
        self.issue(self.env["account.move"].union(invoice, *(self.create_invoice() for _n in range(4))))
        other = SandboxServer().start()
        self.addCleanup(other.close)
        other.world.taxpayer(defaults.TAX_NO).name = self.company.name
        slow = self._create_fapiao_account(name="Slow", base_url=other.base_url, tax_username="13900000001")
        other.world.add_user(defaults.TAX_NO, "13900000001", "x")
        late = self.create_invoice()
        self.company.fapiao_account_id = slow
        self.env["fapiao.request"].sudo()._create_blue(Builder(self.env)._build(late))._enqueue()
        self.company.fapiao_account_id = self.account
        through = threading.Event()
        real_send = fapiao_engine.send

        def send(cloud, job):
            is_slow = cloud.config.base_url == other.base_url
            if is_slow:
                through.wait(30)
            answer = real_send(cloud, job)
            if not is_slow and len(self.uids_sent()) == 5:
                through.set()
            return answer

        with patch.object(fapiao_engine, "send", send):
            self.run_cron("_cron_dispatch")
        self.assertTrue(through.is_set(), "the quick account didn't wait for the slow one")
        self.assertEqual(late.fapiao_request_ids.state, "issued")

    def test_a_cloud_that_is_away_is_left_alone(self):
        invoices = self.env["account.move"].union(*(self.create_invoice() for _n in range(8)))
        self.account.calls_at_once = 1
        self.issue(invoices)
        self.world.faults.add("blueTicket", "drop_before", times=-1)
        self.run_cron("_cron_dispatch")
        self.assertTrue(self.account.left_alone_until)
        calls = len(self.uids_sent())
        self.assertLess(calls, 8)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.uids_sent()), calls)
        self.world.faults.clear()
        self.account.sudo().left_alone_until = False
        requests = invoices.fapiao_request_ids
        self.let_time_pass(requests)
        self.run_cron("_cron_dispatch", "_cron_reconcile")
        self.assertFalse(self.account.away_since)

    def test_order_made_while_its_account_is_archived(self):
        """A click that commits while the account goes leaves no order that waits for ever."""
        invoice = self.create_invoice()
        self.env["fapiao.request"].sudo()._create_blue(Builder(self.env)._build(invoice))._enqueue()
        self.account.sudo()._archive()
        self.run_cron("_cron_dispatch")
        self.assertEqual(invoice.fapiao_request_ids.state, "withdrawn")
        self.assertFalse(self.uids_sent())

    def test_scheduler_is_told_what_is_left(self):
        """Where the time runs out with a queue, the action is to come back at once, not in five minutes."""
        invoices = self.env["account.move"].union(*(self.create_invoice() for _n in range(20)))
        self.account.calls_at_once = 1
        self.issue(invoices)
        told = []

        def commit_progress(cron, processed=0, *, remaining=None, **_kwargs):
            told.append((processed, remaining))
            return 10 if not processed else 0  # no time after the first batch

        with patch.object(type(self.env["ir.cron"]), "_commit_progress", commit_progress):
            self.run_cron("_cron_dispatch")
        left = len(invoices.fapiao_request_ids.filtered(lambda request: request.state == "queued"))
        self.assertTrue(left)
        self.assertEqual(told[-1], (0, left))


@tagged("post_install", "-at_install")
class TestRestoredDatabase(NeverTwoCase):
    def forget(self, invoice):
        """Forget what was done for an invoice, as a restored backup has."""
        requests = invoice.fapiao_request_ids.sudo()
        self.env.flush_all()
        for table, column in (
            ("fapiao_call", "res_id"),
            ("fapiao_request_line", "request_id"),
            ("fapiao_request_move_rel", "request_id"),
            ("fapiao_request_order_rel", "request_id"),
            ("fapiao_request_fapiao_rel", "request_id"),
        ):
            self.env.cr.execute(f"DELETE FROM {table} WHERE {column} IN %s", [tuple(requests.ids)])
        self.env.cr.execute("DELETE FROM fapiao_move_rel WHERE move_id IN %s", [tuple(invoice.ids)])
        self.env.cr.execute(
            "DELETE FROM fapiao_line WHERE fapiao_id IN (SELECT id FROM fapiao WHERE account_id = %s)",
            [self.account.id],
        )
        self.env.cr.execute("DELETE FROM fapiao WHERE account_id = %s", [self.account.id])
        self.env.cr.execute("DELETE FROM fapiao_request WHERE id IN %s", [tuple(requests.ids)])
        self.env.invalidate_all()
        self.env.add_to_compute(invoice._fields["fapiao_state"], invoice)

    def restored(self, minutes=0):
        self.account.sudo().database_identity = "before/1"
        self.account.sudo().restored_at = False
        if minutes:
            self.account.sudo()._notice_restore()
            self.account.sudo().restored_at -= timedelta(minutes=minutes)

    def test_the_same_invoice_finds_its_own_order(self):
        invoice = self.create_invoice()
        self.world.set(deduplicate=False)
        self.issue(invoice)
        number, uid = invoice.fapiao_ids.number, invoice.fapiao_request_ids.request_uid
        self.forget(invoice)
        self.restored(minutes=60)
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.request_uid, uid)
        self.assertEqual(invoice.fapiao_ids.number, number)
        self.assertEqual(len(self.uids_sent()), 1, "nothing was sent a second time")

    def test_a_new_invoice_is_asked_about_and_then_sent(self):
        self.restored(minutes=60)
        invoice = self.create_invoice()
        self.issue(invoice)
        requests = invoice.fapiao_request_ids
        for _sibling in range(5):
            self.let_time_pass(requests)
            self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_fewer_calls_than_were_made_from_here(self):
        self.issue(self.create_invoice())
        account = self.account.sudo()
        self.assertFalse(account.restored_at)
        spool.mark(self.env.cr.dbname, account._database_identity(), account._last_call_of() + 10)
        account.sudo()._notice_restore()
        self.assertTrue(account.restored_at)
        self.assertTrue(account._asks_first())
