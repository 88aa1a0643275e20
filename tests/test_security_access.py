"""Who may see, change and delete what; secrets and the journal are safe from everybody."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FapiaoCommon

SECRETS = [
    *("password", "tax_password", "token", "token_expires_at", "callback_token", "app_secret"),
    *("client_secret", "assistant_token", "assistant_token_expires_at"),
]
FACTS = ["fapiao", "fapiao.line", "fapiao.request", "fapiao.request.line", "fapiao.call"]


class AccessCase(FapiaoCommon):
    """One user of each kind, in the company of the tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = {
            "employee": "base.group_user",
            "salesman": "sales_team.group_sale_salesman_all_leads",
            "auditor": "account.group_account_readonly",
            "invoicer": "account.group_account_invoice",
            "issuer": "l10n_cn_invoice_cloud.group_fapiao_issuer",
            "manager": "l10n_cn_invoice_cloud.group_fapiao_manager",
        }
        cls.users = {name: cls._create_user(name, cls.env.ref(group)) for name, group in groups.items()}
        cls.users["administrator"] = cls._create_user(
            "administrator", cls.env.ref("base.group_system") + cls.manager_group
        )

    @classmethod
    def _create_user(cls, name, groups, company=None):
        company = company or cls.company
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": f"fapiao_{name}",
                "group_ids": [Command.set(groups.ids)],
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
            }
        )

    def issued(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        return invoice

    def records_of(self, invoice):
        """Return a record of each kind that issuing ``invoice`` has left, by the name of its model."""
        request, fapiao = invoice.fapiao_request_ids, invoice.fapiao_ids
        records = [request, request.line_ids, fapiao, fapiao.line_ids, request.call_ids]
        self.assertTrue(all(records))
        return {record._name: record[:1] for record in records}


@tagged("post_install", "-at_install")
class TestAccess(AccessCase):
    # ------------------------------------------------------------------ facts, requests, journal

    def test_who_reads(self):
        records = self.records_of(self.issued())
        for name in ("auditor", "invoicer", "issuer", "manager", "administrator"):
            for model, record in records.items():
                with self.subTest(user=name, model=model):
                    self.assertTrue(record.with_user(self.users[name]).has_access("read"))
        for name in ("employee", "salesman"):
            for model, record in records.items():
                with self.subTest(user=name, model=model):
                    self.assertFalse(record.with_user(self.users[name]).has_access("read"))

    def test_nobody_edits_creates_or_deletes(self):
        records = self.records_of(self.issued())
        self.assertEqual(sorted(records), sorted(FACTS))
        for name, user in self.users.items():
            for model, record in records.items():
                for operation in ("write", "create", "unlink"):
                    with self.subTest(user=name, model=model, operation=operation):
                        self.assertFalse(record.with_user(user).has_access(operation))

    @mute_logger("odoo.models.unlink", "odoo.addons.base.models.ir_model")
    def test_journal_is_safe_even_from_the_administrator(self):
        exchange = self.records_of(self.issued())["fapiao.call"]
        theirs = exchange.with_user(self.users["administrator"])
        with self.assertRaises(UserError):
            theirs.write({"request_body": "{}"})
        with self.assertRaises(UserError):
            theirs.unlink()
        with self.assertRaisesRegex(UserError, "deleted"):
            exchange.sudo().unlink()

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_state_of_a_request_moves_by_its_buttons_alone(self):
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "waiting_login")
        theirs = request.with_user(self.users["issuer"])
        with self.assertRaises(AccessError):
            theirs.write({"state": "issued"})
        for name in ("auditor", "invoicer"):
            with self.subTest(user=name), self.assertRaises(AccessError):
                request.with_user(self.users[name]).action_withdraw()
        theirs.action_withdraw()
        self.assertEqual(request.state, "withdrawn")

    def test_only_a_manager_decides(self):
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        request.sudo().write({"state": "manual"})
        with self.assertRaises(AccessError):
            request.with_user(self.users["issuer"]).action_decide_not_issued()
        request.with_user(self.users["manager"]).action_decide_not_issued()
        self.assertEqual(request.state, "rejected")
        self.assertIn("manager", request.error_message)

    # ------------------------------------------------------------------ accounts and their secrets

    def test_accounts_are_the_managers(self):
        expected = {
            "employee": "",
            "salesman": "",
            "auditor": "read",
            "invoicer": "read",
            "issuer": "read",
            "manager": "read write create unlink",
            "administrator": "read write create unlink",
        }
        for name, operations in expected.items():
            for operation in ("read", "write", "create", "unlink"):
                with self.subTest(user=name, operation=operation):
                    allowed = self.account.with_user(self.users[name]).has_access(operation)
                    self.assertEqual(allowed, operation in operations.split())

    @mute_logger("odoo.orm.models", "odoo.models")
    def test_secrets_are_for_administrators(self):
        for name in ("auditor", "invoicer", "issuer", "manager"):
            account = self.account.with_user(self.users[name])
            self.assertFalse(set(SECRETS) & set(account.fields_get()), name)
            self.assertFalse(set(SECRETS) & set(account.read()[0]), name)
            for secret in SECRETS:
                with self.subTest(user=name, field=secret):
                    with self.assertRaises(AccessError):
                        account.read([secret])
                    with self.assertRaises(AccessError):
                        account.write({secret: False})
                    with self.assertRaises(AccessError):
                        account.search([(secret, "!=", False)])
        theirs = self.account.with_user(self.users["administrator"])
        self.assertEqual(theirs.password, self.account.sudo().password)

    def test_copy_of_an_account_has_no_secrets(self):
        copy = self.account.copy({"tax_username": "13900000001"}).sudo()
        self.assertFalse(any(copy[secret] for secret in SECRETS if secret != "callback_token"))
        self.assertNotIn(copy.callback_token, (False, self.account.sudo().callback_token))

    def test_account_that_was_used_stays(self):
        unused = self._create_fapiao_account(tax_username="13900000001")
        unused.with_user(self.users["manager"]).unlink()
        self.assertFalse(unused.exists())
        self.issued()
        self.company.fapiao_account_id = False
        with self.assertRaisesRegex(UserError, "Archive"):
            self.account.with_user(self.users["manager"]).unlink()

    def test_issuer_uses_the_account_without_seeing_its_secrets(self):
        invoice = self.create_invoice()
        self.issue(invoice, self.users["issuer"])
        self.assert_one_fapiao(invoice)

    # ------------------------------------------------------------------ companies

    def test_other_companies_see_nothing(self):
        records = self.records_of(self.issued())
        other = self.env["res.company"].create({"name": "另一公司"})
        stranger = self._create_user("stranger", self.manager_group, other)
        for record in [*records.values(), self.account]:
            with self.subTest(model=record._name):
                self.assertFalse(record.with_user(stranger).has_access("read"))
                self.assertFalse(record.with_user(stranger).search([("id", "=", record.id)]))

    def test_every_model_with_a_company_has_its_rule(self):
        rules = self.env["ir.rule"].search([("domain_force", "ilike", "company_ids"), ("groups", "=", False)])
        guarded = set(rules.model_id.mapped("model"))
        ours = {
            name
            for name, model in self.env.registry.items()
            if name.split(".")[0] == "fapiao" and model._auto and not model._transient and "company_id" in model._fields
        }
        self.assertTrue(set(FACTS) | {"fapiao.account"} <= ours)
        self.assertFalse(ours - guarded)
