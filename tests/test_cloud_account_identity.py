"""Nothing moves under an open order: who an account is stays, and leaving one takes a person's answer."""

import functools
import itertools
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..clouds.base import ASSISTANT_PART, RawAnswer
from ..clouds.errors import NotSent
from ..models.reversal import planner
from ..sandbox import defaults
from ..sandbox.server import SandboxServer
from .common_kingdee import KingdeeCommon
from .common_update import ReportCommon
from .test_security_access import AccessCase

OTHER_TAX_NO = "91440300OTHERACC01"
REAL = "https://cloud.example.com/api"
# Another value for each setting that says who an account is
PIAODANYUN = {
    "provider": "kingdee",
    "mode": "test",
    "base_url": "http://127.0.0.1:1/elsewhere",
    "tax_no": OTHER_TAX_NO,
    "phone": "13900000009",
    "tenant_number": 4711,
    "tax_username": "13900000008",
}
KINGDEE = {
    "provider": "piaodanyun",
    "mode": "test",
    "base_url": "http://127.0.0.1:1/elsewhere",
    "tax_no": OTHER_TAX_NO,
    "app_key": "another",
    "tenant_code": "another",
    "datacenter": "another",
    "cloud_user": "another",
    "user_type": "Mobile",
    "business_system": "another",
}


PRICES = itertools.count(100)


class IdentityCase(AccessCase):
    """Requests in each open state, all but the last step made by a click and what the cloud does."""

    ORDER = "blueTicket"

    def queued(self):
        self.sandbox.stop()
        try:
            return self.requested()
        finally:
            self.sandbox.start()

    def waiting_login(self):
        self.world.set_session(self.account.tax_no, "lost")
        try:
            return self.requested()
        finally:
            self.world.set_session(self.account.tax_no, "active")

    def unknown(self):
        self.world.faults.add(self.ORDER, "drop_after")
        return self.requested()

    def manual(self):
        request = self.unknown()
        request.sudo()._need_decision("why", "cure")
        return request

    def pending(self):
        request = self.unknown()
        request.sudo()._set_pending()
        return request

    def requested(self):
        # no two alike: what was refused of one is no reason to ask before the other
        invoice = self.create_invoice([{"price_unit": next(PRICES)}])
        self.issue(invoice)
        return invoice.fapiao_request_ids

    def in_state(self, state):
        request = getattr(self, state)()
        self.assertEqual(request.state, state)
        return request

    def change_by_sql(self, **values):
        self.env.flush_all()
        for name, value in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE fapiao_account SET %s = %s WHERE id = %s",
                    SQL.identifier(name),
                    value,
                    self.account.id,
                )
            )
        self.env.invalidate_all()

    def assert_fixed(self, others):
        """Neither a manager nor the administrator can give a setting another value, by any method."""
        before = {name: self.account[name] for name in others}
        for user in ("manager", "administrator"):
            for name, value in others.items():
                theirs = self.account.with_user(self.users[user])
                for way in (theirs, theirs.sudo()):
                    with self.subTest(user=user, field=name, su=way.env.su):
                        with self.assertRaisesRegex(UserError, "Replace Account"):
                            way.write({name: value})
                        self.assertEqual(self.account[name], before[name])

    def replace(self, user=None, purpose="replace", **values):
        """Fill in the dialog as ``user``, click, and return the account that takes over."""
        wizard = (
            self.env["fapiao.account.replace"]
            .with_user(user or self.users["manager"])
            .create({"source_id": self.account.id, "purpose": purpose, **values})
        )
        with self.engine():
            action = wizard.action_leave() if purpose == "archive" else wizard.action_replace()
            self.env.flush_all()
        return self.env["fapiao.account"].browse(action.get("res_id"))


@tagged("post_install", "-at_install")
class TestIdentity(IdentityCase):
    def test_unused_account_is_editable(self):
        account = self._create_fapiao_account(tax_username="1")
        self.assertFalse(account.is_used)
        values = {**PIAODANYUN, "base_url": REAL}
        account.with_user(self.users["manager"]).write(values)
        self.assertRecordValues(account, [values])

    def test_used_account_stays(self):
        for state in ("queued", "waiting_login", "unknown", "manual", "pending"):
            with self.subTest(state):
                self.in_state(state)
                self.assertTrue(self.account.is_used)
                self.assert_fixed(PIAODANYUN)

    def test_the_error_names_the_field(self):
        self.queued()
        with self.assertRaisesRegex(UserError, "“Tax Number”"):
            self.account.tax_no = OTHER_TAX_NO
        with self.assertRaisesRegex(UserError, "“Company”"):
            self.account.company_id = self.env["res.company"].create({"name": "Elsewhere"})

    def test_request_that_was_never_called_about_is_enough(self):
        """A batch is the dispatcher's: frozen for the account, and not in the journal yet."""
        self.issue(self.env["account.move"].union(*[self.create_invoice() for _n in range(4)]))
        self.assertFalse(self.env["fapiao.call"].search([("account_id", "=", self.account.id)]))
        self.assert_fixed({"tenant_number": 4711})

    def test_settled_requests_count(self):
        self.issued()
        self.assert_fixed({"base_url": "http://127.0.0.1:1/elsewhere"})

    def test_another_writing_of_the_same_is_no_change(self):
        self.queued()
        self.account.write(
            {"base_url": f"{self.account.base_url.replace('http', 'HTTP')}/", "tax_no": self.account.tax_no}
        )

    def test_credentials_and_settings_stay_editable(self):
        self.queued()
        values = {"token_header": "X-Token", "pace_per_minute": 5, "grace_minutes": 60, "wait_days": 3}
        self.account.with_user(self.users["manager"]).write(values)
        self.account.with_user(self.users["administrator"]).write({"password": "new", "tax_password": "new"})
        self.assertRecordValues(self.account, [values])

    def test_log_in_may_be_tried_until_it_works(self):
        account = self._create_fapiao_account(tax_username="1")
        exchange = self.env["fapiao.call"].sudo()._open(account, "login", {})
        self.assertTrue(account._used(""))
        exchange.write({"outcome": "login", "state": "applied"})
        account.tax_username = "2"
        exchange.write({"outcome": "answered"})
        with self.assertRaises(UserError):
            account.tax_username = "3"

    def test_days_to_wait_are_positive(self):
        self.assertEqual(self.account.wait_days, 7)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.account.wait_days = 0
            self.env.flush_all()

    # ------------------------------------------------------------------ fingerprint

    def test_fingerprint_follows_the_identity_and_nothing_else(self):
        request = self.unknown()
        mark = request.identity
        self.assertEqual(mark, self.account._identity_fingerprint())
        self.assertEqual(request.call_ids.mapped("identity"), [mark])
        self.assertEqual(request.call_ids.mapped("provider"), ["piaodanyun"])
        self.account.write({"password": "new", "pace_per_minute": 3, "read_timeout": 9})
        self.assertFalse(request._is_for_another_identity())
        for name, value in PIAODANYUN.items():
            before = self.account[name]
            with self.subTest(name):
                self.change_by_sql(**{name: value})
                self.assertNotEqual(self.account._identity_fingerprint(), mark)
                self.assertTrue(request._is_for_another_identity())
            self.change_by_sql(**{name: before})
        self.assertFalse(request._is_for_another_identity())
        message, fix = request._identity_differs_message()
        self.assertIn(self.account.name, message)
        self.assertTrue(fix)

    def test_stored_answer_is_read_with_the_words_of_its_cloud(self):
        exchange = self.unknown().call_ids[:1].sudo()
        exchange._record(RawAnswer(200, '{"code": 999, "msg": "可用授信额度不足"}', "application/json"))
        before = type(exchange._meaning())
        self.change_by_sql(provider="kingdee")
        self.assertEqual(type(exchange._meaning()), before)

    # ------------------------------------------------------------------ secrets

    def test_manager_who_leads_an_account_away_takes_no_secrets_along(self):
        account = self._create_fapiao_account(tax_username="1", mode="test", base_url=REAL)
        account.with_user(self.users["manager"]).base_url = f"{account.base_url}/path"
        self.assertTrue(account.sudo().password)
        account.with_user(self.users["manager"]).base_url = "https://elsewhere.example.com/"
        self.assertFalse(account.sudo().password or account.sudo().tax_password)
        account.sudo().password = "secret"
        account.with_user(self.users["administrator"]).base_url = REAL
        self.assertEqual(account.sudo().password, "secret")

    def test_scheme_and_port_are_part_of_where_secrets_belong(self):
        for url in ("https://cloud.example.com:8443/api", "https://cloud.example.com.evil.example/api"):
            with self.subTest(url):
                account = self._create_fapiao_account(tax_username=url, mode="test", base_url=REAL)
                account.with_user(self.users["manager"]).sudo().base_url = url
                self.assertFalse(account.sudo().password or account.sudo().tax_password)

    def test_manager_who_leads_the_assistants_pages_away_takes_no_secrets_along(self):
        """The pages are opened with keys that the assistant's secret makes."""
        values = {"mode": "test", "base_url": REAL, "assistant_url": REAL, "client_key": "1"}
        account = self._create_fapiao_account(tax_username="1", **values).sudo()
        account.sudo().write({"client_secret": "secret", "assistant_token": "token"})
        account.with_user(self.users["manager"]).assistant_page_url = f"{REAL}/pages"
        self.assertEqual((account.client_secret, account.assistant_token), ("secret", False))
        account.sudo().write({"assistant_token": "token"})
        account.with_user(self.users["manager"]).assistant_page_url = "https://elsewhere.example.com/"
        self.assertFalse(account.client_secret or account.assistant_token)
        self.assertTrue(account.password, "goes to another address")
        account.write({"client_secret": "secret"})
        account.with_user(self.users["manager"]).assistant_page_url = False
        self.assertFalse(account.client_secret)

    # ------------------------------------------------------------------ private addresses

    def test_private_addresses_are_the_administrators(self):
        account = self._create_fapiao_account(tax_username="1", mode="test", base_url=REAL)
        manager = account.with_user(self.users["manager"])
        for values in (
            {"mode": "sandbox", "base_url": "http://127.0.0.1:1/"},
            {"mode": "sandbox", "base_url": "http://localhost:5432"},
            {"mode": "sandbox", "base_url": "http://[64:ff9b::7f00:1]/"},
            {"mode": "sandbox", "base_url": self.account.base_url, "assistant_url": "http://10.0.0.1/"},
            {"assistant_page_url": "http://10.0.0.1/"},
            {"assistant_link_url": "https://10.0.0.1/"},
        ):
            for way in (manager, manager.sudo()):
                with (
                    self.subTest(values=values, su=way.env.su),
                    self.assertRaisesRegex(AccessError, "administrator"),
                    self.cr.savepoint(),
                ):
                    way.write(values)
        manager.write({"mode": "sandbox", "base_url": f"{self.account.base_url}/x"})
        account.with_user(self.users["administrator"]).write({"base_url": "http://127.0.0.1:1/"})
        self.assertEqual(account.base_url, "http://127.0.0.1:1/")

    def test_private_address_of_a_new_account(self):
        values = {"name": "New", "tax_no": OTHER_TAX_NO}
        private = {"base_url": "http://127.0.0.1:1/"}
        for user in ("manager", "administrator"):
            Account = self.env["fapiao.account"].with_user(self.users[user])
            ways = {
                "values": lambda Account=Account: Account.create([{**values, **private}]),
                "default": lambda Account=Account: Account.with_context(default_base_url=private["base_url"]).create(
                    [values]
                ),
                "two": lambda Account=Account: Account.create(
                    [{**values, **private, "tax_username": name} for name in "12"]
                ),
            }
            for name, way in ways.items():
                with self.subTest(user=user, way=name), self.cr.savepoint():
                    if user == "manager":
                        with self.assertRaisesRegex(AccessError, "administrator"), self.cr.savepoint():
                            way()
                    else:
                        way().unlink()
        self.account.with_user(self.users["manager"]).copy({"tax_username": "3"})

    # ------------------------------------------------------------------ mode

    def test_mode_and_address_fit(self):
        private = ["http://127.0.0.1:8/x", "http://[::1]/", "http://localhost", "http://sandbox:8080/a"]
        private += ["https://10.1.2.3/", "http://a.localhost", "http://gateway.local/x", "https://172.16.0.1"]
        public = ["https://cloud.example.com/api", "https://8.8.8.8/"]
        refused = ["http://cloud.example.com", "ftp://127.0.0.1", "nowhere", "", "https://", "http://[::1"]
        account = self._create_fapiao_account(tax_username="1")
        for mode, good, bad in (
            ("sandbox", private, public + refused),
            ("test", public, private + refused),
            ("production", public, private + refused),
        ):
            for url in good:
                with self.subTest(mode=mode, url=url):
                    account.write({"mode": mode, "base_url": url})
            for url in bad:
                with (
                    self.subTest(mode=mode, url=url),
                    self.assertRaises(ValidationError),
                    self.cr.savepoint(),
                ):
                    account.write({"mode": mode, "base_url": url})
            account.write({"mode": mode, "base_url": good[0]})
            with self.subTest(mode=mode), self.assertRaises(ValidationError):
                account.assistant_url = bad[0]
            with self.subTest(mode=mode, of="link host"), self.assertRaises(ValidationError), self.cr.savepoint():
                account.assistant_link_url = bad[0]

    def test_mode_holds_at_the_time_of_the_call(self):
        for mode, url in (("sandbox", REAL), ("test", self.sandbox.base_url), ("production", "http://a.cn")):
            self.change_by_sql(mode=mode, base_url=url, assistant_url=url)
            for part in ("", ASSISTANT_PART):
                with self.subTest(mode=mode, part=part), self.assertRaises(NotSent) as raised:
                    self.account._connection(part)
                self.assertIn("does not fit its mode", self.account._error_message(raised.exception))
        request = self.requested()
        self.assertRecordValues(request, [{"state": "queued", "in_doubt": False}])
        self.assertIn("does not fit its mode", request.error_message)
        self.assertFalse(self.world.calls.of())


@tagged("post_install", "-at_install")
class TestKingdeeIdentity(IdentityCase, KingdeeCommon):
    ORDER = "BILL.PUSH"

    def pending(self):
        self.account.auto_invoice = False
        return self.requested()

    def waiting_login(self):
        self.world.set_interface("BILL.PUSH", False)
        return self.requested()

    def test_unused_account_is_editable(self):
        account = self._create_kingdee_account(tax_username="1")
        values = {**KINGDEE, "base_url": REAL}
        account.with_user(self.users["manager"]).write(values)
        self.assertRecordValues(account, [values])

    def test_used_account_stays(self):
        for state in ("queued", "unknown", "manual", "pending", "waiting_login"):
            with self.subTest(state):
                self.in_state(state)
                self.assert_fixed(KINGDEE)

    def test_settings_of_the_other_cloud_stay_editable(self):
        self.queued()
        self.account.write({"phone": "13900000009", "auto_invoice": False, "gross_total": False})

    def test_fingerprint_differs(self):
        request = self.queued()
        for name, value in KINGDEE.items():
            before = self.account[name]
            with self.subTest(name):
                self.change_by_sql(**{name: value})
                self.assertTrue(request._is_for_another_identity())
            self.change_by_sql(**{name: before})
        self.assertFalse(request._is_for_another_identity())

    def test_the_assistant_has_an_identity_of_its_own(self):
        self.queued()
        self.account.write({"assistant_url": self.sandbox.assistant_url, "client_key": "1"})
        before = self.account._identity_fingerprint(), self.account._identity_fingerprint(ASSISTANT_PART)
        self.account.write({"assistant_url": f"{self.sandbox.assistant_url}/2", "client_key": "2"})
        after = self.account._identity_fingerprint(), self.account._identity_fingerprint(ASSISTANT_PART)
        self.assertEqual(after[0], before[0])
        self.assertNotEqual(after[1], before[1])


@tagged("post_install", "-at_install")
class TestAssistantIdentity(IdentityCase, ReportCommon):
    def test_reports_hold_it(self):
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.env.cr.flush()
        report = self.reports()[:1]
        self.assertEqual(report.identity, self.account._identity_fingerprint(ASSISTANT_PART))
        self.assertTrue(self.account.is_assistant_used)
        self.assert_fixed(
            {
                "assistant_url": "http://127.0.0.1:1/elsewhere",
                "client_key": "another",
                "tax_no": OTHER_TAX_NO,
                "provider": "piaodanyun",
                "mode": "test",
            }
        )


@tagged("post_install", "-at_install")
class TestReplace(IdentityCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = SandboxServer().start()
        cls.addClassCleanup(cls.elsewhere.close)

    def setUp(self):
        super().setUp()
        self.elsewhere.world.reset()
        self.elsewhere.world.taxpayer(self.account.tax_no).name = self.company.name

    def run_all(self):
        self.run_cron("_cron_dispatch", "_cron_reconcile", ("fapiao.account", "_cron_accounts"))

    def test_going_live(self):
        """Three orders that waited for a test cloud never reach the real one."""
        requests = self.env["fapiao.request"].union(*[self.queued() for _n in range(3)])
        invoices = requests.move_ids
        self.world.calls.clear()
        real = self.replace(mode="production", base_url=REAL, name="Real")
        self.assertRecordValues(real, [{"mode": "production", "base_url": REAL, "active": True}])
        self.assertEqual(self.company.fapiao_account_id, real)
        self.assertRecordValues(self.account, [{"active": False, "replaced_by_id": real.id}])
        self.make_due(requests)
        called = []
        accounts = type(self.env["fapiao.account"])

        def connection(account, *args):
            called.append(account.id)
            raise NotSent("The real cloud is not to be called", "nowhere")

        with patch.object(accounts, "_connection", connection):
            self.run_cron("_cron_dispatch", "_cron_reconcile")
        self.assertFalse(called)
        self.assertFalse(self.env["fapiao.call"].search([("account_id", "=", real.id)]))
        self.assertEqual(set(requests.mapped("state")), {"withdrawn"})
        self.assertEqual(set(invoices.mapped("fapiao_state")), {"to_issue"})
        for invoice in invoices:
            self.assertIn("replaced by Real", " ".join(invoice.message_ids.mapped("body")))
        self.assertFalse(self.world.issued())

    def test_manager_replaces_by_no_private_address(self):
        self.queued()
        with self.assertRaisesRegex(AccessError, "administrator"):
            self.replace(base_url="http://127.0.0.1:1/elsewhere")

    def test_by_hand_it_is_issued_at_the_new_one(self):
        invoice = self.queued().move_ids
        account = self.replace(self.users["administrator"], base_url=self.elsewhere.base_url)
        self.run_all()
        self.assertFalse(self.elsewhere.world.issued())
        account.sudo().write({"password": defaults.PASSWORD, "tax_password": defaults.TAX_PASSWORD})
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertEqual(invoice.fapiao_ids.account_id, account)
        self.assertFalse(self.world.issued())
        self.assertEqual(len(self.elsewhere.world.issued()), 1)

    def test_what_may_have_been_sent_stays_with_the_old_one(self):
        for state in ("unknown", "manual", "pending"):
            with self.subTest(state):
                request = self.in_state(state)
                wizard = self.env["fapiao.account.replace"].create({"source_id": self.account.id})
                self.assertEqual(
                    (wizard.unsent_count, wizard.sent_count, wizard.manual_count, wizard.has_unsent),
                    (0, state != "manual", state == "manual", False),
                )
                old, administrator = self.account, self.users["administrator"]
                new = self.replace(administrator, base_url=self.elsewhere.base_url)
                self.assertEqual(request.state, state)
                self.assertEqual(request.account_id, old)
                self.assertFalse(request._is_for_another_identity())
                self.run_all()
                self.assertFalse(self.elsewhere.world.issued())
                new._archive()
                self.env.flush_all()
                request.sudo()._set_state("rejected")
                old.active = True
                self.company.fapiao_account_id = old

    def test_in_doubt_is_never_withdrawn(self):
        request = self.unknown()
        request.sudo().write({"state": "queued"})
        self.assertTrue(request.in_doubt)
        self.replace(self.users["administrator"], base_url=self.elsewhere.base_url)
        self.assertEqual(request.state, "queued")

    def test_call_whose_outcome_is_open_is_never_withdrawn(self):
        """Whatever the flag says: the journal knows of a call that may have arrived."""
        request = self.unknown()
        request.sudo().write({"state": "queued", "in_doubt": False})
        self.replace(self.users["administrator"], base_url=self.elsewhere.base_url)
        self.assertEqual(request.state, "queued")

    def test_settings_are_taken_over(self):
        self.queued()
        self.account.write({"pace_per_minute": 7, "grace_minutes": 45, "wait_days": 9, "add_seal": True})
        account = self.replace(tenant_number=4711)
        self.assertRecordValues(
            account, [{"pace_per_minute": 7, "grace_minutes": 45, "wait_days": 9, "add_seal": True}]
        )
        self.assertTrue(account.sudo().callback_token)
        self.assertNotEqual(account.sudo().callback_token, self.account.sudo().callback_token)

    def test_secrets_stay_with_their_server_and_their_user(self):
        self.queued()
        same = self.replace(tax_username="13900000008").sudo()
        self.assertEqual(same.password, defaults.PASSWORD)
        self.assertFalse(same.tax_password)
        self.account = same
        elsewhere = "http://127.0.0.1:1/elsewhere"
        other = self.replace(self.users["administrator"], base_url=elsewhere).sudo()
        self.assertFalse(other.password or other.tax_password)

    def test_the_same_again_is_refused(self):
        self.queued()
        with self.assertRaisesRegex(UserError, "same as the old one"):
            self.replace()

    def test_address_must_fit_the_mode(self):
        self.queued()
        with self.assertRaises(ValidationError):
            self.replace(mode="production")
        self.assertTrue(self.account.active)

    def test_archived_account_is_replaced_no_more(self):
        self.account._archive()
        with self.assertRaisesRegex(UserError, "archived already"):
            self.replace(tenant_number=4711)

    def test_account_that_nobody_issues_through(self):
        other = self._create_fapiao_account(tax_username="1")
        main, self.account = self.account, other
        self.replace(tenant_number=4711)
        self.assertEqual(self.company.fapiao_account_id, main)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_rights(self):
        self.queued()
        portal = self._create_user("portal", self.env.ref("base.group_portal"))
        strange = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self._create_user("stranger", self.manager_group, strange)
        names = ("employee", "auditor", "invoicer", "issuer")
        for user in (portal, stranger, *(self.users[name] for name in names)):
            with self.subTest(user.name):
                for purpose in ("replace", "archive"):
                    with self.assertRaises(AccessError):
                        self.replace(user, purpose, tenant_number=4711)
                for button in ("action_replace", "action_archive_anyway"):
                    with self.assertRaises(AccessError):
                        getattr(self.account.with_user(user), button)()
        wizard = (
            self.env["fapiao.account.replace"].with_user(self.users["manager"]).create({"source_id": self.account.id})
        )
        with self.assertRaises(AccessError):
            wizard.with_user(stranger).action_replace()
        self.assertTrue(self.account.active)
        action = self.account.with_user(self.users["manager"]).action_replace()
        self.assertEqual(action["res_model"], "fapiao.account.replace")

    # ------------------------------------------------------------------ archive

    def test_archiving_over_open_tasks_needs_an_answer(self):
        for state in ("queued", "waiting_login", "unknown", "manual", "pending"):
            with self.subTest(state):
                request = self.in_state(state)
                theirs = self.account.with_user(self.users["manager"])
                for archive in (
                    theirs.action_archive,
                    functools.partial(theirs.write, {"active": False}),
                    functools.partial(theirs.sudo().write, {"active": 0}),
                    theirs.with_context(force=True, archive_anyway=True).action_archive,
                ):
                    with self.assertRaisesRegex(UserError, "requests: 1.*Archive Anyway"):
                        archive()
                self.assertTrue(self.account.active)
                self.assertTrue(self.account.has_open_tasks)
                request.sudo()._set_state("rejected")
        self.account.action_archive()
        self.assertFalse(self.account.active)

    def test_archive_anyway(self):
        unsent, lost = self.queued(), self.unknown()
        self.assertFalse(self.replace(purpose="archive"))
        self.assertFalse(self.account.active)
        self.assertEqual((unsent.state, lost.state), ("withdrawn", "unknown"))
        self.assertIn("was archived", " ".join(unsent.move_ids.message_ids.mapped("body")))
        self.world.calls.clear()
        self.issue(unsent.move_ids)
        self.assertFalse(unsent.move_ids.fapiao_request_ids - unsent, "an archived account issues nothing")
        self.assertFalse(self.world.calls.of("blueTicket"))

    def test_archived_account_is_left_alone_by_credit_and_pulls(self):
        self.account._archive()
        self.world.calls.clear()
        self.run_cron(("fapiao.account", "_cron_accounts"), ("fapiao.pull", "_cron_inbound"))
        self.assertFalse(self.world.calls.of())

    def test_restored(self):
        lost = self.unknown()
        self.replace(purpose="archive")
        self.account.action_unarchive()
        self.assertTrue(self.account.active)
        self.make_due(lost)
        self.run_cron("_cron_reconcile")
        self.assertEqual(lost.state, "issued")

    def test_used_account_is_not_deleted(self):
        self.issue(self.env["account.move"].union(*[self.create_invoice() for _n in range(4)]))
        self.company.fapiao_account_id = False
        with self.assertRaisesRegex(UserError, "Archive it"):
            self.account.unlink()

    # ------------------------------------------------------------------ what came through the old one

    def test_new_work_goes_through_the_successor_of_the_same_taxpayer(self):
        fapiao = self.issued().fapiao_ids
        self.assertEqual(self.account._in_charge(), self.account)
        first = self.replace(tenant_number=4711)
        self.assertEqual(self.account._in_charge(), first)
        old, self.account = self.account, first
        second = self.replace(tenant_number=4712)
        self.assertEqual(old._in_charge(), second)
        plan = planner.plan(fapiao)
        self.assertEqual(plan.account, second)

    def test_a_test_fapiao_is_not_reversed_at_the_real_bureau(self):
        fapiao = self.issued().fapiao_ids
        self.replace(mode="production", base_url=REAL)
        plan = planner.plan(fapiao)
        self.assertEqual(plan.account, self.account)
        self.assertIn("account_archived", [problem.code for problem in plan.problems])
        self.assertFalse(plan.is_ready)


@tagged("post_install", "-at_install")
class TestClaimRefusesOtherIdentity(IdentityCase):
    """Past every guard, by SQL: the claim looks at the fingerprint, and neither sends nor asks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = SandboxServer().start()
        cls.addClassCleanup(cls.elsewhere.close)

    def setUp(self):
        super().setUp()
        self.elsewhere.world.reset()
        self.elsewhere.world.taxpayer(self.account.tax_no).name = self.company.name

    def refused(self, state):
        request = self.in_state(state)
        self.change_by_sql(base_url=self.elsewhere.base_url, session_state="unknown")
        if state == "waiting_login":
            request.sudo()._enqueue()
        self.make_due(request, minutes=60)
        self.run_cron("_cron_reconcile", "_cron_dispatch")
        self.assertFalse(self.elsewhere.world.calls.of())
        self.assertEqual(request.state, "manual")
        self.assertEqual(request.error_message, request._identity_differs_message()[0])

    def test_queued(self):
        self.refused("queued")

    def test_waiting_login(self):
        self.refused("waiting_login")

    def test_unknown(self):
        self.refused("unknown")

    def test_pending(self):
        self.refused("pending")

    def test_each_setting(self):
        for name, value in PIAODANYUN.items():
            with self.subTest(name):
                request, before = self.queued(), self.account[name]
                self.world.calls.clear()
                self.change_by_sql(**{name: value})
                self.make_due(request)
                self.run_cron("_cron_dispatch")
                self.assertEqual(request.state, "manual")
                self.assertFalse(self.world.calls.of())
                self.change_by_sql(**{name: before})

    def test_decided_to_ask_again(self):
        """A person's click doesn't get around it either."""
        request = self.unknown()
        self.change_by_sql(base_url=self.elsewhere.base_url)
        request.sudo().next_try_at = fields.Datetime.now()
        with self.engine():
            request.action_retry()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assertEqual(request.state, "manual")
        self.assertFalse(self.elsewhere.world.calls.of())
