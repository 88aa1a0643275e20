"""Reversals whose answers are lost, late or doubtful: one form, one red fapiao, always."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestLostApplication(RedCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issued_invoice()
        self.blue = self.invoice.fapiao_ids
        self.dialog = self.open_flush(self.invoice)

    def settle(self, form, minutes=0):
        self.make_due(form | self.env["fapiao.red.form"], minutes)
        self.run_cron("_cron_reconcile", "_cron_dispatch")

    def test_answer_lost_after_the_form_was_made(self):
        self.world.faults.add("hzxxbsq", "drop_after", times=1)
        form = self.apply(self.dialog)
        self.assertEqual((form.state, form.stage), ("unknown", "applying"))
        self.assertEqual(self.invoice.fapiao_state, "pending")
        self.settle(form)
        self.assertEqual(form.stage, "issued")
        self.assertEqual(len(self.world.red_forms), 1)
        self.assert_reversed_once(self.blue)

    def test_answer_lost_before_the_form_was_made(self):
        self.world.faults.add("hzxxbsq", "drop_before", times=1)
        form = self.apply(self.dialog)
        self.assertEqual(form.state, "unknown")
        self.settle(form)
        self.assertEqual(form.stage, "issued")
        self.assertEqual(len(self.world.red_forms), 1)

    def test_the_same_frozen_application_goes_out_again(self):
        self.world.faults.add("hzxxbsq", "drop_after", times=1)
        form = self.apply(self.dialog)
        self.settle(form)
        sent = [call.form for call in self.world.calls.of("hzxxbsq")]
        self.assertEqual(len(sent), 2)
        self.assertEqual(sent[0], sent[1])

    def test_page_instead_of_an_answer(self):
        self.world.faults.add("hzxxbsq", "html", times=1)
        form = self.apply(self.dialog)
        self.assertEqual(form.state, "unknown")
        self.settle(form)
        self.assert_reversed_once(self.blue)

    def test_anew_and_lost_after_the_form_was_made(self):
        form, second = self.refused_then_lost("drop_after")
        self.settle(second)
        self.assertNotEqual(second.number, form.number)
        self.assertEqual(second.stage, "waiting")
        self.assertEqual(len(self.world.red_forms), 2)

    def test_anew_and_lost_before_the_form_was_made(self):
        form, second = self.refused_then_lost("drop_before")
        self.settle(second)
        self.assertEqual(second.state, "unknown", "only the old form is there: perhaps too early")
        self.settle(second, minutes=60)
        self.settle(second)
        self.assertNotEqual(second.number, form.number)
        self.assertEqual(second.stage, "waiting")
        self.assertEqual(len(self.world.red_forms), 2)

    def refused_then_lost(self, fault):
        self.use(self.blue)
        form = self.apply(self.dialog)
        self.act(form, "refuse")
        with self.engine():
            action = form.action_apply_again()
        dialog = self.env["fapiao.red.flush"].browse(action["res_id"])
        self.world.faults.add("hzxxbsq", fault, times=1)
        second = self.apply(dialog)
        self.assertEqual(second.state, "unknown")
        return form, second

    def test_form_made_in_the_portal_is_found(self):
        self.use(self.blue)
        there = self.world.apply_elsewhere(self.blue.number)
        form = self.apply(self.dialog)
        self.assertEqual((form.number, form.stage), (there.number, "waiting"))
        self.assertEqual(len(self.world.red_forms), 1)

    def test_old_form_in_the_way_is_no_answer(self):
        """A form somebody withdrew in the portal comes back first: then one is applied for anew."""
        there = self.world.apply_elsewhere(self.blue.number)
        self.world.act_red_form(there.number, "withdraw")
        there.applied_at = there.applied_at.replace(year=there.applied_at.year - 1)
        form = self.apply(self.dialog)
        self.run_cron("_cron_dispatch")
        successor = self.blue.red_form_ids - form
        self.assertEqual((form.number, form.stage), (there.number, "withdrawn"))
        self.assertTrue(successor.is_anew)
        self.assertEqual(successor.stage, "issued")
        self.assert_reversed_once(self.blue)

    def test_a_manager_decides_after_days_of_silence(self):
        self.world.faults.add("hzxxbsq", "drop_before", times=-1)
        form = self.apply(self.dialog)
        self.settle(form, minutes=60 * 24 * 4)
        self.settle(form)
        self.assertEqual((form.state, form.stage), ("manual", "manual"))
        issuer = self.env["res.users"].create(
            {
                "name": "Issuer",
                "login": "issuer",
                "group_ids": [(6, 0, self.issuer_group.ids)],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            form.with_user(issuer).action_decide_not_applied()
        form.action_decide_not_applied()
        self.assertEqual(form.stage, "failed")
        self.assertIn(self.env.user.name, form.error_message)
        # the reason is in what people are told, not only on the form
        self.assertIn("no form exists", form.activity_ids.note)
        self.assertIn("no form exists", "".join(self.invoice.message_ids.mapped("body")))
        self.world.faults.clear()
        self.flush(self.invoice)
        self.assert_reversed_once(self.blue)

    def test_a_manager_asks_again(self):
        self.world.faults.add("hzxxbsq", "drop_after", times=1)
        form = self.apply(self.dialog)
        form.sudo()._need_decision("?", "?")
        with self.engine():
            form.action_decide_ask_again()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assertEqual(form.stage, "issued")
        self.assert_reversed_once(self.blue)


@tagged("post_install", "-at_install")
class TestLostRed(RedCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.issued_invoice()
        self.blue = self.invoice.fapiao_ids
        self.dialog = self.open_flush(self.invoice)

    def settle(self, form, minutes=0):
        self.make_due(form.request_ids, minutes)
        self.run_cron("_cron_reconcile", "_cron_dispatch")

    def test_answer_lost_after_the_red_was_issued(self):
        self.world.faults.add("hzfpkj", "drop_after", times=1)
        form = self.apply(self.dialog)
        self.assertEqual((form.stage, form.request_ids.state), ("issuing", "unknown"))
        self.settle(form)
        self.assertEqual(form.stage, "issued")
        self.assert_reversed_once(self.blue)

    def test_answer_lost_before_the_red_was_issued(self):
        self.world.faults.add("hzfpkj", "drop_before", times=1)
        form = self.apply(self.dialog)
        for minutes in (0, 0, 60, 0, 0):
            self.settle(form, minutes)
        self.assertEqual(form.stage, "issued")
        self.assertEqual(form.request_ids.resends, 1)
        self.assert_reversed_once(self.blue)

    def test_reversed_by_somebody_else_meanwhile(self):
        """Our order is refused because a red fapiao is there: the trail leads to it, over the original."""
        self.use(self.blue)
        form = self.apply(self.dialog)
        self.world.reverse_elsewhere(self.blue.number)
        self.look(form)
        self.assertEqual(form.request_ids.state, "unknown")
        for _turn in range(4):
            self.settle(form)
        self.assertEqual(form.stage, "issued")
        red = self.assert_reversed_once(self.blue)
        self.assertEqual(form.request_ids.fapiao_ids, red)

    def test_red_that_does_not_fit_is_not_adopted(self):
        self.world.faults.add("hzfpkj", "drop_after", times=1)
        form = self.apply(self.dialog)
        (red,) = self.reds_of(self.blue)
        red.gross -= 1
        self.settle(form)
        self.assertEqual((form.request_ids.state, form.stage), ("manual", "manual"))
        self.assertIn("total", form.request_ids.error_message)
        self.assertEqual(self.blue.status, "normal")

    def test_face_is_due_before_the_red(self):
        self.world.set_face(self.account.tax_no, True)
        form = self.apply(self.dialog)
        self.assertEqual(form.request_ids.state, "waiting_login")
        self.assertEqual(self.account.session_state, "face")
        self.world.set_face(self.account.tax_no, False)
        with self.engine():
            self.account.sudo()._record_ready()
        self.run_cron("_cron_dispatch")
        self.assert_reversed_once(self.blue)

    def test_red_refused_and_issued_again_by_hand(self):
        self.world.faults.add("hzfpkj", "refused", text="该企业暂停开票", times=1)
        form = self.apply(self.dialog)
        self.assertEqual((form.stage, form.request_ids.state), ("ready", "rejected"))
        self.assertTrue(form.can_issue)
        with self.engine():
            form.action_issue_red()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assertEqual(form.stage, "issued")
        first, second = form.request_ids.sorted("id")
        self.assertEqual(second.previous_id, first)
        self.assertNotEqual(second.request_uid, first.request_uid)
        self.assert_reversed_once(self.blue)

    def test_credit_line_comes_back_in_the_same_month(self):
        before = self.credit_left()
        self.apply(self.dialog)
        self.assertEqual(self.credit_left() - before, 1000)

    def credit_left(self):
        return self.world.credit_left(self.account.tax_no)
