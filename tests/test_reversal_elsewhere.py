"""Red forms applied for elsewhere, in the bureau's portal or by the other side: found, shown, gone on with."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common_kingdee import KingdeeCommon
from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestElsewhere(KingdeeCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self.create_invoice()
        self.issue(self.invoice)
        self.ask(self.invoice.fapiao_request_ids)
        self.blue = self.invoice.fapiao_ids

    def find(self):
        with self.engine():
            action = self.account.action_red_forms()
        self.env.invalidate_all()
        return action, self.blue.red_form_ids

    def elsewhere(self, side="2", **values):
        return self.world.apply_elsewhere(self.blue.number, side=side, **values)

    def test_the_buyers_form_waits_for_us(self):
        self.use(self.blue)
        there = self.elsewhere(side="3")
        action, form = self.find()
        self.assertIn(("account_id", "=", self.account.id), action["domain"])
        self.assertRecordValues(
            form,
            [
                {
                    "number": there.number,
                    "bureau_state": "03",
                    "stage": "waiting",
                    "initiator": "buyer",
                    "is_found": True,
                }
            ],
        )
        self.assertIn("waits for us", form.advice)
        self.assertIn("税务数字账户", form.advice)
        self.assertTrue(form.deadline)
        self.assertFalse(form.can_withdraw, "the buyer's, not ours")
        self.assertIn("waits for us", self.invoice.fapiao_red_message)
        self.assertIn("applied for elsewhere", form.activity_ids.summary)
        self.assertEqual(self.invoice.action_fapiao_red()["res_id"], form.id)

    def test_confirmed_there_and_issued_here_by_a_click_only(self):
        self.use(self.blue)
        self.elsewhere(side="3")
        _action, form = self.find()
        self.act(form, "confirm")
        self.assertEqual((form.bureau_state, form.stage), ("04", "ready"))
        self.assertFalse(self.reds_of(self.blue), "nobody here has decided to issue")
        self.assertTrue(form.can_issue)
        with self.engine():
            form.action_issue_red()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)
        self.assertEqual(form.stage, "issued", form.advice)
        self.assert_reversed_once(self.blue)

    def test_issued_where_it_was_applied_for(self):
        self.elsewhere()
        _action, form = self.find()
        self.assertEqual((form.bureau_state, form.stage), ("01", "ready"))
        self.assertIn("applied for elsewhere", form.advice)
        self.world.reverse_elsewhere(self.blue.number)
        for _turn in range(2):
            self.look(form)
        self.assertEqual(form.stage, "issued", form.advice)
        self.assert_reversed_once(self.blue)

    def test_found_once(self):
        self.elsewhere()
        self.find()
        _action, forms = self.find()
        self.assertEqual(len(forms), 1)
        self.assertEqual(len(forms.activity_ids), 1)

    def test_our_own_form_is_not_taken_for_another(self):
        self.use(self.blue)
        own = self.flush(self.invoice)
        self.world.act_red_form(own.number, "refuse")
        _action, forms = self.find()
        self.assertEqual(forms, own)
        self.assertFalse(own.is_found)
        self.assertEqual(own.stage, "refused", "the list tells of known ones too")

    def test_ended_forms_are_nobodys_business(self):
        there = self.elsewhere()
        self.world.act_red_form(there.number, "withdraw")
        _action, forms = self.find()
        self.assertFalse(forms)

    def test_an_original_that_is_not_known_here_is_named(self):
        number = self.blue.number
        self.elsewhere()
        self.blue.sudo().unlink()
        with self.engine():
            action = self.account.action_red_forms()
        self.assertIn(number, action["params"]["message"])

    def test_daily_with_the_check_of_the_account(self):
        self.elsewhere()
        self.account.sudo().red_forms_daily = False
        self.run_cron(("fapiao.account", "_cron_accounts"))
        self.assertFalse(self.blue.red_form_ids)
        self.account.sudo().red_forms_daily = True
        self.run_cron(("fapiao.account", "_cron_accounts"))
        self.assertEqual(len(self.blue.red_form_ids), 1)
        asked = len(self.world.calls.of("ALLE.REDCONFIRMBILL.QUERY"))
        self.run_cron(("fapiao.account", "_cron_accounts"))
        self.assertEqual(len(self.world.calls.of("ALLE.REDCONFIRMBILL.QUERY")), asked, "once a day")

    def test_the_list_names_a_red_fapiao_that_is_known_here(self):
        """As one that was pulled: the form ends without another question."""
        self.elsewhere()
        _action, form = self.find()
        red = self.world.reverse_elsewhere(self.blue.number)
        known = (
            self.env["fapiao"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "account_id": self.account.id,
                    "original_id": self.blue.id,
                    **{name: self.blue[name] for name in ("direction", "type_code", "issued_at")},
                    **{name: -self.blue[name] for name in ("amount_untaxed", "amount_tax", "amount_total")},
                    "number": red.number,
                    "color": "red",
                }
            )
        )
        asked = len(self.world.calls.of("ALLE.INVOICE.QUERY"))
        self.find()
        self.assertEqual((form.stage, form.red_fapiao_id), ("issued", known))
        self.assertEqual(len(self.world.calls.of("ALLE.INVOICE.QUERY")), asked)


@tagged("post_install", "-at_install")
class TestNoList(RedCommon):
    """票单云 has no list: a form applied for elsewhere is met when the check names it, or when we apply."""

    def test_it_says_so(self):
        self.assertFalse(self.account.has_red_list)
        with self.assertRaisesRegex(UserError, "no list of red forms"):
            self.account.action_red_forms()

    def test_the_check_names_the_form_and_applying_goes_on_with_it(self):
        invoice = self.issued_invoice()
        self.use(invoice.fapiao_ids)
        there = self.world.apply_elsewhere(invoice.fapiao_ids.number, side="3")
        dialog = self.open_flush(invoice)
        self.assertIn(there.number, dialog.warning_text)
        form = self.apply(dialog)
        self.assertEqual((form.number, form.initiator, form.stage), (there.number, "buyer", "waiting"))
        self.assertIn("waits for us", form.advice)
        self.act(form, "confirm")
        self.assertEqual(form.stage, "issued", "we had decided to reverse it")
        self.assert_reversed_once(invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_a_digital_fapiao_on_paper(self):
        invoice = self.issued_invoice()
        blue = invoice.fapiao_ids
        self.world.fapiao[blue.number].form = "digital_paper"
        dialog = self.open_flush(invoice)
        self.assertTrue(dialog.is_paper)
        self.assertIn("on paper", dialog.scope_text)
        self.assertEqual(blue.type_code, "86" if blue.type_code in ("26", "86") else "85")
        form = self.apply(dialog)
        self.assertEqual((form.stage, form.is_paper), ("issued", True), form.advice)
        self.assertEqual(self.world.fapiao[form.red_fapiao_id.number].form, "digital")

    def test_what_the_check_says_of_the_original_is_kept(self):
        invoice = self.issued_invoice()
        record = self.world.fapiao[invoice.fapiao_ids.number]
        record.levy, record.handler, record.special_kind = "1", "王会计", "03"
        dialog = self.open_flush(invoice)
        self.assertEqual((dialog.levy, dialog.handler), ("1", "王会计"))
        form = self.apply(dialog)
        self.assertEqual((form.levy, form.handler, form.special_kind), ("1", "王会计", "03"))
        self.assertEqual(form.stage, "issued")
