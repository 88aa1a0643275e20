"""Withdrawing a red form that is at the bureau already: 金蝶发票云 can, 票单云 can't."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_kingdee import KingdeeCommon

REVOKE = "REDCONFIRMBILL.REVOKE"
RED = "ALLE.INVOICE.RED"
ISSUER = "l10n_cn_invoice_cloud.group_fapiao_issuer"


@tagged("post_install", "-at_install")
class TestWithdraw(KingdeeCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice()
        self.issue(self.invoice)
        self.ask(self.invoice.fapiao_request_ids)
        self.blue = self.invoice.fapiao_ids

    def waiting(self):
        self.use(self.blue)
        form = self.flush(self.invoice)
        self.assertEqual((form.stage, form.bureau_state), ("waiting", "02"), form.advice)
        return form

    def withdraw(self, form, user=None):
        with self.engine():
            form.with_user(user or self.env.user).action_withdraw()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return form.withdrawal_ids.sorted("id")[-1]

    def at_bureau(self, form):
        return self.world.red_forms[form.number].state

    def settle(self, form, *minutes):
        for turn in minutes:
            self.make_due(form.withdrawal_ids.filtered("next_try_at"), turn)
            self.run_cron("_cron_reconcile", "_cron_dispatch")

    def assert_withdrawn(self, form):
        self.assertEqual(self.at_bureau(form), form.bureau_state)
        self.assertEqual((form.stage, form.is_open), ("withdrawn", False))
        self.assertEqual((self.blue.status, self.reds_of(self.blue)), ("normal", []))
        self.assertEqual(form.activity_ids.user_id, form.user_id)
        self.assertTrue(form.can_apply_again)
        self.assertFalse(form.can_withdraw)

    def test_taken_back(self):
        form = self.waiting()
        self.assertTrue(form.can_withdraw and form.can_withdraw_at_bureau)
        withdrawal = self.withdraw(form)
        self.assertEqual(withdrawal.state, "done", withdrawal.error_message)
        self.assert_withdrawn(form)
        self.assertEqual(form.bureau_state, "08")
        self.assertIn("Nothing was reversed", form.advice)
        journal = self.env["fapiao.call"].search([("res_model", "=", withdrawal._name)])
        self.assertEqual((journal.operation, journal.state), ("red_withdraw", "applied"))
        self.assertEqual(self.invoice.fapiao_state, "issued")

    def test_who_may(self):
        form = self.waiting()
        users = {
            group: self.env["res.users"].create(
                {
                    "name": group,
                    "login": f"withdraw {group}",
                    "group_ids": [Command.set(self.env.ref(group).ids)],
                    "company_id": self.company.id,
                    "company_ids": [Command.set(self.company.ids)],
                }
            )
            for group in ("account.group_account_invoice", ISSUER)
        }
        with self.assertRaises(AccessError):
            form.with_user(users["account.group_account_invoice"]).action_withdraw()
        withdrawal = self.withdraw(form, users[ISSUER])
        self.assertEqual((withdrawal.user_id, withdrawal.state), (users[ISSUER], "done"))
        self.assertEqual(form.with_user(users["account.group_account_invoice"]).stage, "withdrawn")

    def test_applied_anew_after_it(self):
        form = self.waiting()
        self.withdraw(form)
        with self.engine():
            action = form.action_apply_again()
        second = self.apply(self.env["fapiao.red.flush"].browse(action["res_id"]))
        self.assertEqual((second.stage, second.previous_id), ("waiting", form))
        self.assertNotEqual(second.number, form.number)

    def test_answer_lost_after_it_took_effect(self):
        form = self.waiting()
        self.world.faults.add(REVOKE, "drop_after", times=1)
        withdrawal = self.withdraw(form)
        self.assertNotEqual(withdrawal.state, "rejected")
        self.settle(form, 0)
        self.assert_withdrawn(form)
        self.assertEqual(len(self.world.calls.of(REVOKE)), 1, "its state tells; nothing is sent twice")

    def test_answer_lost_before_it_took_effect(self):
        form = self.waiting()
        self.world.faults.add(REVOKE, "drop_before", times=1)
        withdrawal = self.withdraw(form)
        self.settle(form, 0)
        self.assertEqual((withdrawal.state, form.stage), ("unknown", "waiting"))
        self.assertFalse(form.can_withdraw, "it is under way")
        self.assertIn("being withdrawn", form.advice)
        self.settle(form, 60, 0)
        self.assertEqual((withdrawal.state, withdrawal.resends), ("done", 1))
        self.assert_withdrawn(form)

    def test_confirmed_meanwhile(self):
        """The buyer was faster: now only the buyer withdraws it. It doesn't go on by itself, a person decides."""
        form = self.waiting()
        self.world.act_red_form(form.number, "confirm")
        withdrawal = self.withdraw(form)
        self.assertEqual((withdrawal.state, form.is_open), ("rejected", True))
        self.assertEqual(form.activity_ids.user_id, form.user_id)
        self.assertIn("confirmed it last", withdrawal.error_message)
        self.look(form)
        self.assertEqual((form.stage, form.bureau_state), ("ready", "04"))
        self.assertFalse(self.world.calls.of(RED))
        self.assertTrue(form.can_issue)
        self.assertFalse(form.can_withdraw)
        self.assertIn("not withdrawn", form.advice)
        with self.assertRaises(UserError):
            form.action_withdraw()
        with self.engine():
            form.action_issue_red()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assert_reversed_once(self.blue)

    def test_confirmed_while_nobody_knows(self):
        """The answer is lost, then the form is confirmed: no red fapiao is issued meanwhile."""
        form = self.waiting()
        self.world.faults.add(REVOKE, "drop_before", times=1)
        self.withdraw(form)
        self.world.act_red_form(form.number, "confirm")
        self.look(form)
        self.settle(form, 0)
        self.assertEqual((form.bureau_state, form.stage), ("04", "ready"))
        self.assertFalse(form.can_issue or self.world.calls.of(RED))
        with self.assertRaisesRegex(UserError, "being withdrawn"):
            form.action_issue_red()
        self.settle(form, 60, 0)
        self.assertEqual((self.at_bureau(form), form.stage), ("04", "ready"))
        self.assertTrue(form.can_issue)
        self.assertFalse(self.reds_of(self.blue))

    def test_a_buyers_form_that_we_confirmed(self):
        self.use(self.blue)
        self.world.apply_elsewhere(self.blue.number, side="3")
        with self.engine():
            self.account.action_red_forms()
        self.env.invalidate_all()
        form = self.blue.red_form_ids
        self.assertEqual((form.bureau_state, form.can_withdraw), ("03", False), "the buyer's as long as it waits")
        self.act(form, "confirm")
        self.assertEqual((form.bureau_state, form.can_withdraw_at_bureau), ("04", True))
        withdrawal = self.withdraw(form)
        self.assertEqual(withdrawal.state, "done", withdrawal.error_message)
        self.assertEqual((self.at_bureau(form), form.bureau_state, form.stage), ("09", "09", "withdrawn"))

    def test_never_arrives(self):
        form = self.waiting()
        self.world.faults.add(REVOKE, "drop_before", times=-1)
        withdrawal = self.withdraw(form)
        self.settle(form, 60, 60, 60, 60, 60, 60, 60)
        self.assertEqual((withdrawal.state, form.stage), ("rejected", "waiting"))
        self.assertTrue(form.can_withdraw, "it may be tried again")
        self.assertIn("stands as before", form.advice)

    def test_red_request_on_its_way_keeps_the_form(self):
        dialog = self.open_flush(self.invoice)
        self.world.faults.add(RED, "drop_after", times=1)
        form = self.apply(dialog)
        self.assertEqual(form.stage, "issuing")
        self.assertFalse(form.can_withdraw)
        with self.assertRaises(UserError):
            form.action_withdraw()

    def test_twice(self):
        form = self.waiting()
        self.world.faults.add(REVOKE, "drop_before", times=1)
        self.withdraw(form)
        with self.assertRaises(UserError):
            form.action_withdraw()
        self.assertEqual(len(form.withdrawal_ids), 1)

    def test_waits_for_a_person_and_goes_on(self):
        form = self.waiting()
        self.world.set_interface(REVOKE, False)
        withdrawal = self.withdraw(form)
        self.assertEqual(withdrawal.state, "waiting_login")
        self.world.set_interface(REVOKE, True)
        with self.engine():
            self.account.sudo()._record_ready()
        self.run_cron("_cron_dispatch")
        self.assert_withdrawn(form)

    def test_no_button_where_the_cloud_cannot(self):
        self.company.fapiao_account_id = self.piaodanyun
        invoice = self.create_invoice()
        self.issue(invoice)
        self.use(invoice.fapiao_ids)
        form = self.flush(invoice)
        self.assertEqual((form.stage, form.account_id), ("waiting", self.piaodanyun))
        self.assertFalse(form.can_withdraw or form.can_withdraw_at_bureau)
        with self.assertRaisesRegex(UserError, "withdrawn there"):
            form.action_withdraw()
