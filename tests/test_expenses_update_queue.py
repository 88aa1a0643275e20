"""Reports to the assistant go out in order and take effect once, whatever breaks."""

import json

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds.errors import LoginRequired
from ..models.cloud.engine import Engine
from .common_update import ReportCommon

LOSSES = ("drop_after", "half_json_after", "http_500_after", "drop_before", "http_500_before")


@tagged("post_install", "-at_install")
class TestReportQueue(ReportCommon):
    def once(self, call, kind, do, expected):
        """Let the answer of ``call`` be lost in every way; ``do()`` makes it and ``expected`` is told."""
        before = len(self.calls_once())
        self.world.faults.add(call, kind)
        do()
        self.tell()
        self.assertIn(
            self.reports().filtered(lambda one: one.state != "done")[:1].state,
            ("unknown", "queued", False),
            kind,
        )
        for _try in range(3):
            self.again()
        self.assertEqual(self.calls_once()[before:], expected, kind)
        self.assert_told()

    def calls_once(self):
        """Return the calls without repetitions of one and the same."""
        calls = []
        for call in self.calls():
            if calls[-1:] != [call]:
                calls.append(call)
        return calls

    # ------------------------------------------------------------------ lost answers

    @mute_logger("odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine")
    def test_lost_answers_of_saving_and_status(self):
        for call in ("entry/save", "status/update"):
            for kind in LOSSES:
                with self.subTest(call=call, kind=kind):
                    self.world.reset()
                    expense, fapiao = self.picked_expense()
                    self.once(call, kind, expense.action_submit, ["save", "status 30"])
                    self.assertEqual(self.status_of(fapiao), "30")

    def test_lost_answers_of_vouchers(self):
        for kind in LOSSES:
            with self.subTest(kind=kind):
                self.world.reset()
                bill, fapiao = self.picked_bill()
                self.once("collect", kind, bill.action_post, ["save", "status 65", "voucher"])
                self.assertEqual(len(self.world.assistant_ticket(fapiao.serial_no).vouchers), 1)
                self.once("voucher/del", kind, bill.button_draft, ["drop voucher", "status 1"])
                self.assertEqual(self.world.assistant_ticket(fapiao.serial_no).vouchers, [])

    def test_lost_answers_of_deletions(self):
        for kind in LOSSES:
            with self.subTest(kind=kind):
                self.world.reset()
                expense, fapiao = self.submitted()
                self.once("del/entry", kind, fapiao.match_ids.action_undo, ["drop line"])
                self.assertEqual(self.status_of(fapiao), "1")
                self.once("invoice/del", kind, expense.unlink, ["status 1", "drop"])

    def test_lost_answer_of_a_relation_opens_no_page(self):
        expense, _fapiao = self.picked_expense()
        self.world.faults.add("entry/cache", "drop_after")
        with self.assertRaisesRegex(UserError, "could not be updated"), self.engine():
            self.env["fapiao.assistant.update"]._relate(expense)
        self.assertEqual(self.reports().state, "unknown")
        self.again()
        self.assertEqual(self.reports().state, "done")
        with self.engine():
            self.env["fapiao.assistant.update"]._relate(expense)
        self.assertEqual(self.calls_once(), ["relate"])

    def test_relation_that_was_not_sent_is_dropped(self):
        expense, _fapiao = self.picked_expense()
        self.world.faults.add("entry/cache", "rate_limited")
        with self.assertRaisesRegex(UserError, "could not be updated"), self.engine():
            self.env["fapiao.assistant.update"]._relate(expense)
        self.assertEqual(self.reports().state, "withdrawn")

    # ------------------------------------------------------------------ order

    def test_order_is_kept_while_the_first_fails(self):
        self.world.faults.add("entry/save", "rate_limited", times=-1)
        expense, fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        expense.with_user(self.boss).action_approve()
        self.tell()
        self.again()
        self.assertEqual(self.calls(), [])
        save, submitted, approved = self.reports()
        self.assertEqual((save.state, submitted.state, approved.state), ("queued", "withdrawn", "queued"))
        self.assertGreaterEqual(approved.next_try_at, save.next_try_at)
        self.assertTrue(expense.fapiao_told_problem)
        self.world.faults.clear()
        self.again()
        self.assertEqual(self.calls(), ["save", "status 60"])
        self.assert_told()

    def test_other_documents_do_not_wait(self):
        self.world.faults.add("entry/save", "rate_limited")
        first, _fapiao = self.picked_expense()
        second, _fapiao = self.picked_expense()
        (first | second).action_submit()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30"])

    def test_status_in_doubt_is_not_overtaken(self):
        expense, fapiao = self.submitted()
        self.world.faults.add("status/update", "drop_after")
        expense.with_user(self.boss).action_approve()
        self.tell()
        approved = self.reports()[-1]
        self.assertEqual(approved.state, "unknown")
        expense._post_without_wizard()
        self.tell()
        self.assertEqual(self.calls()[2:], ["status 60"], "what follows waits for the doubt to end")
        self.again()
        self.assertEqual(approved.state, "done")
        self.assertEqual(self.calls_once()[2:], ["status 60", "status 65", "voucher"])
        self.assertEqual(self.status_of(fapiao), "65")

    def test_voucher_never_sent_is_not_taken_back(self):
        bill, _fapiao = self.picked_bill()
        bill.action_post()
        self.safe()
        bill.button_draft()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 1"])

    def claim(self, env):
        """Claim what is due as a worker does, and return its jobs."""
        account = env["fapiao.account"].browse(self.account.id)
        return env["fapiao.assistant.update"]._lock_to_send(account, 20)._claim_orders(account)

    def test_two_workers_claim_it_once(self):
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.safe()
        engine = Engine(self.env)
        with self.engine():
            claimed = [engine._step(lambda env: len(self.claim(env))) for _worker in range(2)]
        self.assertEqual(claimed, [1, 0], "the status waits for the saving")
        self.assertEqual(self.reports().mapped("state"), ["sending", "queued"])

    def test_worker_that_died_is_settled_by_the_same_call(self):
        expense, fapiao = self.picked_expense()
        expense.action_submit()
        self.safe()
        with self.engine():
            Engine(self.env)._step(self.claim)
        self.make_due(self.reports())
        for _try in range(2):
            self.again()
        self.assertEqual(self.calls(), ["save", "status 30"])
        self.assert_told()

    # ------------------------------------------------------------------ nothing is told in vain

    def test_rollback_leaves_nothing(self):
        expense, _fapiao = self.picked_expense()
        self.safe()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            expense.action_submit()
            self.assertEqual(expense.state, "submitted")
            raise ZeroDivisionError
        expense.invalidate_recordset()
        self.tell()
        self.assertFalse(self.reports())
        self.assertEqual(self.calls(), [])

    def test_nothing_is_called_in_the_transaction(self):
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.safe()
        self.assertEqual(self.calls(), [])
        self.assertEqual(self.reports().mapped("state"), ["queued", "queued"])

    def test_sweep_finds_what_nobody_watched(self):
        expense, fapiao = self.picked_expense()
        self.safe()
        self.env.cr.execute(
            "UPDATE hr_expense SET approval_state = 'submitted', state = 'submitted', write_date = %s WHERE id = %s",
            (fields.Datetime.now(), expense.id),
        )
        self.env.invalidate_all()
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(self.calls(), ["save", "status 30"])
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(len(self.reports()), 2)

    def test_no_account_with_an_assistant(self):
        self.account.assistant_url = False
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        self.assertFalse(self.reports())

    # ------------------------------------------------------------------ refusals

    def test_wrong_credentials_wait_and_leave_the_session_alone(self):
        self.account.client_secret = "wrong"
        session = self.account.session_state
        expense, fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        self.assertEqual(self.reports().mapped("state"), ["queued", "queued"])
        save = self.reports()[0]
        self.assertTrue(save.error_message)
        self.assertTrue(save.error_fix)
        self.assertGreater(save.next_try_at, fields.Datetime.now())
        self.assertEqual(self.account.session_state, session)
        self.account.client_secret = "sandbox-client-secret"
        self.again()
        self.assertEqual(self.calls(), ["save", "status 30"])

    def test_login_required_never_reaches_the_session(self):
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.safe()
        save = self.reports()[0].sudo()
        save.state = "sending"
        save._apply_error(LoginRequired("没有权限", need="login"))
        self.assertEqual(save.state, "queued")
        self.assertNotEqual(self.account.session_state, "login")

    def test_refused_saving(self):
        """The cloud's words are shown, the owner is asked to look, and no status follows."""
        expense, fapiao = self.picked_expense()
        self.world.claim_elsewhere(fapiao.serial_no)
        expense.action_submit()
        self.tell()
        save, status = self.reports()
        self.assertEqual((save.state, status.state), ("rejected", "withdrawn"))
        self.assertIn("已报销", save.cloud_text)
        self.assertIn("已报销", expense.fapiao_told_problem)
        self.assertEqual(len(self.alerts(expense)), 1)
        expense.with_user(self.boss).action_approve()
        self.tell()
        self.assertEqual(len(self.reports()), 2, "nothing makes sense until it is saved")
        self.world.free_ticket(fapiao.serial_no)
        save.action_tell_again()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 60"])
        self.assertFalse(self.alerts(expense))
        self.assertFalse(expense.fapiao_told_problem)
        with self.assertRaises(UserError):
            save.action_tell_again()

    def test_refused_status_lets_the_next_pass(self):
        expense, fapiao = self.submitted()
        self.world.faults.add("status/update", "refused", text="不允许")
        expense.with_user(self.boss).action_approve()
        self.tell()
        self.assertEqual(self.reports()[-1].state, "rejected")
        expense._post_without_wizard()
        self.tell()
        self.assertEqual(self.calls()[2:], ["status 65", "voucher"])
        self.assertFalse(self.alerts(expense))

    def test_refusals_ask_once(self):
        expense, _fapiao = self.submitted()
        self.world.faults.add("status/update", "refused", times=-1, text="不允许")
        expense.with_user(self.boss).action_approve()
        self.tell()
        expense.with_user(self.boss)._do_refuse("no")
        self.tell()
        self.assertEqual(len(self.alerts(expense)), 1)
        self.assertEqual(self.alerts(expense).user_id, self.employee.user_id)

    def alerts(self, document):
        kind = self.env.ref("l10n_cn_invoice_cloud.activity_fapiao_problem")
        return document.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    # ------------------------------------------------------------------ people

    def test_try_now(self):
        self.world.faults.add("entry/save", "rate_limited")
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        with self.engine():
            self.reports()[-1].action_retry()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.run_cron("_cron_dispatch")
        self.assertEqual(self.calls(), ["save", "status 30"])
        with self.assertRaises(UserError):
            self.reports().action_retry()

    def test_only_issuers_may(self):
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.safe()
        with self.assertRaises(AccessError):
            self.reports().with_user(self.boss).action_retry()

    def test_employee_needs_no_right_on_reports(self):
        expense, _fapiao = self.picked_expense()
        groups = self.env.ref("base.group_user")
        user = self.boss.sudo().copy({"login": "employee", "group_ids": [Command.set(groups.ids)]})
        self.employee.sudo().user_id = user
        expense.with_user(user).action_submit()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30"])
        self.assertEqual(expense.with_user(user).fapiao_told, "The assistant knows: In approval")
        expense.with_user(user).action_reset()
        expense.with_user(user).unlink()
        self.tell()
        self.assertEqual(self.calls()[2:], ["status 1", "drop"])

    def test_payload_holds_no_secret(self):
        expense, _fapiao = self.submitted()
        for report in self.reports():
            self.assertNotIn("sign", json.loads(report.payload))
            self.assertNotIn("sandbox-client-secret", report.payload)
