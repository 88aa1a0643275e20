"""Several accounts of one company: which one issues, by whose name, and moving what was never sent to another one."""

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.issuing.builder import Builder
from .common_kingdee import LOGIN
from .common_order import OrderCommon
from .test_security_access import AccessCase

QUIET = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")


class AccountsCase(OrderCommon, AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_fapiao_account(name="Second", tax_username="13900000002", drawer="二号")
        cls.third = cls._create_fapiao_account(name="Third", tax_username="13900000003", drawer="三号")
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        for account in (self.second, self.third):
            self.world.add_user(account.tax_no, account.tax_username, account.sudo().tax_password)


@tagged("post_install", "-at_install")
class TestChoice(AccountsCase):
    def test_defaults_in_their_order(self):
        seller = self.users["employee"].sudo().with_company(self.company)
        team = self.env["crm.team"].sudo().with_company(self.company).create({"name": "华东"})
        invoice = self.create_invoice(post=False, invoice_user_id=seller.id, team_id=team.id)
        self.assertEqual(invoice._fapiao_account(), self.account)
        seller.fapiao_account_id = self.third
        self.assertEqual(invoice._fapiao_account(), self.third)
        team.fapiao_account_id = self.second
        self.assertEqual(invoice._fapiao_account(), self.second)
        invoice.journal_id.fapiao_account_id = self.third
        self.assertEqual(invoice._fapiao_account(), self.third)
        invoice.fapiao_account_id = self.second
        self.assertEqual((invoice._fapiao_account(), invoice.fapiao_account_used_id), (self.second, self.second))

    def test_default_of_another_company_counts_for_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        seller = self.users["employee"]
        foreign = self._create_fapiao_account(name="Foreign", company_id=other.id)
        seller.sudo().with_company(other).fapiao_account_id = foreign
        invoice = self.create_invoice(post=False, invoice_user_id=seller.id)
        self.assertEqual(invoice._fapiao_account(), self.account)
        with self.assertRaises(UserError):
            invoice.fapiao_account_id = foreign

    def test_invoice_is_issued_through_its_account_by_its_drawer(self):
        invoice = self.create_invoice(fapiao_account_id=self.second.id)
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.account_id, self.second)
        self.assertEqual(invoice.fapiao_ids.drawer, "二号")
        (there,) = self.world.issued()
        self.assertEqual((there.username, there.drawer), (self.second.tax_username, "二号"))
        other = self.create_invoice(fapiao_account_id=self.second.id, fapiao_drawer="四号")
        self.issue(other)
        self.assertEqual(other.fapiao_ids.drawer, "四号")

    def test_without_a_choice_all_is_as_before(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual((invoice.fapiao_ids.account_id, invoice.fapiao_ids.drawer), (self.account, "开票员"))

    def test_order_hands_its_choice_on(self):
        order = self.create_order()
        order.write({"fapiao_account_id": self.second.id, "fapiao_drawer": "四号"})
        self.assertEqual(order._fapiao_account(), self.second)
        invoice = order._create_invoices()
        self.assertEqual((invoice.fapiao_account_id, invoice.fapiao_drawer), (self.second, "四号"))

    def test_orders_of_two_accounts_share_no_invoice(self):
        orders = self.create_order() | self.create_order()
        orders[0].write({"fapiao_account_id": self.second.id, "fapiao_drawer": "四号"})
        self.assertEqual(len(orders._create_invoices()), 2)

    def test_one_fapiao_has_one_account_and_one_drawer(self):
        moves = self.create_invoice() | self.create_invoice(fapiao_account_id=self.second.id)
        (built,) = Builder(self.env)._build_merged(moves)
        self.assertEqual([problem.code for problem in built.problems], ["merge_accounts"])

    def test_successor_of_the_chosen_account_takes_over(self):
        invoice = self.create_invoice(fapiao_account_id=self.second.id)
        self.second._archive()
        self.second.sudo().replaced_by_id = self.third
        self.assertEqual(invoice._fapiao_account(), self.third)

    def test_choice_stays_while_something_is_on_its_way(self):
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "unknown")
        for values in ({"fapiao_account_id": self.second.id}, {"fapiao_drawer": "四号"}):
            for document in (invoice, invoice.sudo(), invoice.with_user(self.users["manager"])):
                with self.assertRaisesRegex(UserError, "can't be changed"):
                    document.write(values)
        self.make_due(invoice.fapiao_request_ids)
        self.run_cron("_cron_reconcile")
        self.assertEqual(invoice.fapiao_state, "issued")
        with self.assertRaisesRegex(UserError, "can't be changed"):
            invoice.fapiao_account_id = self.second
        invoice.fapiao_account_id = False  # as it is

    def test_ended_request_of_the_first_account_is_asked_about_there(self):
        """A refused order may have been carried out: the new one waits for what its own account says of it."""
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        first = invoice.fapiao_request_ids
        first.sudo()._set_state("rejected")
        invoice.fapiao_account_id = self.second
        self.issue(invoice)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 1)
        self.assertEqual((first.state, invoice.fapiao_ids), ("issued", first.fapiao_ids))


@tagged("post_install", "-at_install")
class TestMove(AccountsCase):
    def queued(self):
        """Return a request that waits to be sent."""
        invoice = self.create_invoice()
        invoice._fapiao_create(Builder(self.env)._build(invoice))
        self.env.flush_all()
        return invoice.fapiao_request_ids

    def move(self, requests, target=None, user=None):
        theirs = requests.with_user(user or self.env.user)
        with self.engine():
            action = theirs.action_move()
            dialog = self.env[action["res_model"]].with_user(user or self.env.user).browse(action["res_id"])
            dialog.target_id = target or self.second
            dialog.action_move()
            self.env.flush_all()
            self.env.cr.postcommit.run()

    def test_unsent_request_is_issued_through_the_other_account(self):
        request = self.queued()
        uid = request.request_uid
        self.move(request, user=self.users["issuer"])
        self.assertRecordValues(request, [{"account_id": self.second.id, "request_uid": uid, "state": "issued"}])
        (there,) = self.world.issued()
        self.assertEqual((there.username, there.request), (self.second.tax_username, uid))
        self.assertIn("Second", " ".join(request.move_ids.message_ids.mapped("body")))

    def test_another_cloud_gets_it_in_its_own_words(self):
        kingdee = self.env["fapiao.account"].create(
            {
                "name": "Kingdee",
                "company_id": self.company.id,
                "provider": "kingdee",
                "base_url": self.sandbox.kingdee_url,
                "pace_per_minute": 1000,
                "read_timeout": 5,
                **LOGIN,
            }
        )
        request = self.queued()
        self.move(request, kingdee)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertEqual(request.account_id, kingdee)
        self.assertEqual(len(self.world.fapiao_of_bill(request.request_uid)), 1)
        self.assertFalse(self.world.calls.of("blueTicket"))

    def test_drawer_follows_the_account_unless_it_was_chosen(self):
        self.account.drawer = "一号"
        request = self.queued()
        self.move(request)
        self.assertEqual(request.fapiao_ids.drawer, "二号")
        invoice = self.create_invoice(fapiao_drawer="四号")
        invoice._fapiao_create(Builder(self.env)._build(invoice))
        self.move(invoice.fapiao_request_ids)
        self.assertEqual(invoice.fapiao_ids.drawer, "四号")

    def assert_stays(self, request):
        with self.assertRaisesRegex(UserError, "may have left"):
            request.action_move()
        with self.assertRaisesRegex(UserError, "may have left"):
            request.sudo()._move_to(self.second)
        self.assertEqual(request.account_id, self.account)

    def test_lost_answer_is_never_moved(self):
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "unknown")
        self.assert_stays(request)
        # queued again after the cloud has denied it: it may still show late
        request.sudo().write({"state": "queued", "asked_first": True})
        self.assert_stays(request)
        # whatever the flags say, the call log knows
        request.sudo().write({"in_doubt": False, "was_sent": False})
        self.assert_stays(request)
        self.assertEqual(len(self.world.issued()), 1)

    def test_order_that_was_answered_by_a_log_in_is_not_moved(self):
        """Even "not read" came from the cloud."""
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        self.assert_stays(request)

    def test_order_held_back_for_a_log_in_is_moved(self):
        request = self.queued()
        self.account.sudo()._record_need("login")
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assertEqual((request.state, request.was_sent), ("waiting_login", False))
        self.move(request)
        self.assertEqual((request.state, request.account_id), ("issued", self.second))

    def test_restored_database_moves_nothing(self):
        """What was sent before may be forgotten here."""
        request = self.queued()
        self.account.sudo().restored_at = fields.Datetime.now()
        self.assert_stays(request)

    def test_target_is_the_same_taxpayer_in_the_same_mode(self):
        request = self.queued()
        other = self._create_fapiao_account(name="Other", tax_no="91310000MA1OTHER88")
        live = self.second.copy({"name": "Live", "tax_username": "1", "mode": "production", "base_url": "https://x.cn"})
        self.third._archive()
        for target in (other, live, self.third, self.account):
            with self.subTest(target.name), self.assertRaisesRegex(UserError, "can't take over"):
                request.sudo()._move_to(target)
        self.assertEqual(request.account_id, self.account)

    def test_account_moves_all_that_waits(self):
        requests = self.queued() | self.queued()
        action = self.account.action_move_unsent()
        dialog = self.env["fapiao.request.move"].browse(action["res_id"])
        self.assertEqual((dialog.request_ids, dialog.source_ids), (requests, self.account))

    @mute_logger(*QUIET)
    def test_rights(self):
        request = self.queued()
        for name in ("employee", "auditor", "invoicer"):
            with self.subTest(name), self.assertRaises(AccessError):
                request.with_user(self.users[name]).action_move()
        action = request.with_user(self.users["issuer"]).action_move()
        dialog = self.env["fapiao.request.move"].with_user(self.users["issuer"]).browse(action["res_id"])
        with self.assertRaisesRegex(AccessError, "Not editable"):
            dialog.request_ids = self.queued()
