"""The life of a red form: every state the bureau knows, its 72 hours, and who is told what."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_red import RedCommon


class WaitingCase(RedCommon):
    def waiting(self):
        """Return a form that waits for the buyer, who has booked the fapiao."""
        self.invoice = self.issued_invoice()
        self.blue = self.invoice.fapiao_ids
        self.use(self.blue)
        form = self.flush(self.invoice)
        self.assertEqual((form.stage, form.bureau_state), ("waiting", "02"))
        return form


@tagged("post_install", "-at_install")
class TestStates(WaitingCase):
    def test_waits_and_says_until_when(self):
        form = self.waiting()
        self.assertEqual(form.deadline - form.applied_at, timedelta(hours=72))
        self.assertEqual(self.invoice.fapiao_state, "pending")
        self.assertEqual(self.invoice.fapiao_red_deadline, form.deadline)
        self.assertIn("buyer", self.invoice.fapiao_red_message)
        self.assertFalse(self.reds_of(self.blue), "nothing is issued before the buyer confirms")

    def test_confirmed_and_finished_by_itself(self):
        form = self.waiting()
        self.act(form, "confirm")
        self.assertEqual((form.bureau_state, form.stage), ("04", "issued"))
        self.assert_reversed_once(self.blue)
        self.assertEqual(self.invoice.fapiao_state, "red")
        self.assertFalse(form.activity_ids)

    def test_each_end(self):
        """State by state: what ended says so, tells the issuer, and frees the fapiao for another form."""
        ends = {
            "05": "refused",
            "06": "refused",
            "07": "lapsed",
            "08": "withdrawn",
            "09": "withdrawn",
            "10": "void",
        }
        for state, stage in ends.items():
            with self.subTest(state=state):
                form = self.waiting()
                self.world.set_red_form(form.number, state)
                self.look(form)
                self.assertEqual((form.bureau_state, form.stage), (state, stage))
                self.assertFalse(form.is_open)
                self.assertTrue(form.advice)
                self.assertIn(self.blue.number, form.activity_ids.summary)
                self.assertEqual(form.activity_ids.user_id, form.user_id)
                self.assertEqual(self.blue.status, "normal")
                self.assertEqual(self.invoice.fapiao_state, "issued", "its fapiao still stands")
                self.assertEqual(form.can_apply_again, stage != "void")
                self.assertFalse(self.reds_of(self.blue))

    def test_state_nobody_knows_is_asked_again(self):
        form = self.waiting()
        self.world.red_forms[form.number].state = "02"
        form.sudo().bureau_state = False
        self.assertEqual(form.stage, "waiting")
        self.look(form)
        self.assertEqual(form.bureau_state, "02")

    def test_applied_anew_after_a_refusal(self):
        form = self.waiting()
        self.act(form, "refuse")
        action = self.open_anew(form)
        self.assertEqual(action.reason, form.reason)
        second = self.apply(action)
        self.assertNotEqual(second.number, form.number)
        self.assertTrue(second.is_anew)
        self.assertEqual(second.previous_id, form)
        self.act(second, "confirm")
        self.assert_reversed_once(self.blue)

    def open_anew(self, form):
        with self.engine():
            action = form.action_apply_again()
        return self.env["fapiao.red.flush"].browse(action["res_id"])

    def test_withdrawn_only_before_it_is_sent(self):
        form = self.waiting()
        self.assertFalse(form.can_withdraw)
        with self.assertRaisesRegex(UserError, "may have reached"):
            form.action_withdraw()

    def test_waits_for_log_in_and_goes_on_after_it(self):
        invoice = self.issued_invoice()
        flush = self.open_flush(invoice)
        self.world.set_session(self.account.tax_no, "lost")
        form = self.apply(flush)
        self.assertEqual((form.state, form.stage), ("waiting_login", "applying"))
        self.assertEqual(self.account.session_state, "login")
        self.world.set_session(self.account.tax_no, "active")
        with self.engine():
            self.account.sudo()._record_ready()
        self.run_cron("_cron_dispatch")
        self.assertEqual(form.stage, "issued")
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_bureau_refuses_the_application(self):
        invoice = self.issued_invoice()
        flush = self.open_flush(invoice)
        self.world.faults.add("hzxxbsq", "refused", text="该企业为风险纳税人,不能申请")
        form = self.apply(flush)
        self.assertEqual((form.state, form.stage), ("rejected", "failed"))
        self.assertIn("stopped this seller", form.advice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertIn("stopped", invoice.fapiao_red_message)

    def test_not_shown_yet_is_tried_again(self):
        invoice = self.issued_invoice()
        flush = self.open_flush(invoice)
        self.world.settings.red_lag = 7200
        form = self.apply(flush)
        self.assertEqual((form.state, form.stage), ("queued", "applying"))
        self.assertGreater(form.next_try_at, fields.Datetime.now() + timedelta(minutes=10))
        self.world.settings.red_lag = 0
        self.make_due(form)
        self.run_cron("_cron_dispatch")
        self.assertEqual(form.stage, "issued")

    def test_never_shown_is_a_failure_in_the_end(self):
        invoice = self.issued_invoice()
        flush = self.open_flush(invoice)
        self.world.settings.red_lag = 10**6
        invoice.fapiao_ids.sudo().issued_at -= timedelta(hours=4)
        form = self.apply(flush)
        self.assertEqual(form.stage, "failed")


@tagged("post_install", "-at_install")
class TestTime(WaitingCase):
    def test_reminded_two_days_and_one_day_before(self):
        form = self.waiting()
        self.run_cron("_cron_reconcile")
        self.assertFalse(form.activity_ids)
        self.age(form, hours=25)  # 47 hours are left
        self.run_cron("_cron_reconcile")
        self.run_cron("_cron_reconcile")
        self.assertEqual(len(form.activity_ids), 1)
        self.assertRegex(form.activity_ids.summary, "4[67] hours")
        self.assertEqual(form.activity_ids.user_id, self.env.user)
        self.age(form, hours=24)
        self.run_cron("_cron_reconcile")
        self.assertEqual(len(form.activity_ids), 1, "the later one takes the place of the earlier")
        self.assertRegex(form.activity_ids.summary, "2[23] hours")

    def test_lapses_by_the_clock_without_asking(self):
        form = self.waiting()
        self.age(form, hours=73)
        self.world.calls.clear()
        self.look(form)
        self.assertEqual((form.bureau_state, form.stage), ("07", "lapsed"))
        self.assertFalse(self.world.calls.of("hzxxbsq"), "a form past its time is never asked about")
        self.assertIn("Lapsed", form.activity_ids.summary)

    def test_last_look_is_shortly_before_the_deadline(self):
        form = self.waiting()
        self.age(form, hours=71, minutes=30)
        form.sudo().tries = 10
        form.sudo()._schedule_check()
        self.assertEqual(form.next_try_at, form.deadline - timedelta(minutes=5))

    def test_looks_get_rarer(self):
        form = self.waiting()
        waits = []
        for tries in range(8):
            form.sudo().tries = tries
            form.sudo()._schedule_check()
            waits.append(form.next_try_at - fields.Datetime.now())
        self.assertEqual(waits, sorted(waits))
        self.assertLess(waits[0], timedelta(minutes=2))
        self.assertGreater(waits[-1], timedelta(minutes=55))

    def test_confirmed_after_we_gave_it_up(self):
        """Lapsed by our clock, confirmed there in the last minute: another application adopts it."""
        form = self.waiting()
        self.age(form, hours=73)
        self.look(form)
        self.world.act_red_form(form.number, "confirm")
        second = self.apply(self.open_anew(form))
        self.assertEqual(second.state, "unknown", "“exists already”: nobody knows whose it is")
        self.make_due(second)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual((second.number, second.stage), (form.number, "issued"))
        self.assert_reversed_once(self.blue)

    def open_anew(self, form):
        with self.engine():
            action = form.action_apply_again()
        return self.env["fapiao.red.flush"].browse(action["res_id"])
