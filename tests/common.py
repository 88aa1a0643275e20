"""A Chinese company with an account at the sandbox cloud, which answers over real HTTP."""

from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..sandbox import defaults
from ..sandbox.server import SandboxServer

SOFTWARE_CODE = "1060301020100000000"
BUYER_TAX_NO = "91440300MA5BUYER26"


class FapiaoCommon(AccountTestInvoicingCommon):
    """Set-up shared by all tests that issue something."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = SandboxServer().start()
        cls.addClassCleanup(cls.sandbox.close)
        cls.company = cls.company_data["company"]
        cls.issuer_group = cls.env.ref("l10n_cn_invoice_cloud.group_fapiao_issuer")
        cls.manager_group = cls.env.ref("l10n_cn_invoice_cloud.group_fapiao_manager")
        cls.env.user.group_ids += cls.manager_group
        cls.env.user.lang = "en_US"
        cls.account = cls._create_fapiao_account()
        cls.company.write(
            {
                "name": "测试科技有限公司",
                "vat": defaults.TAX_NO,
                "fapiao_account_id": cls.account.id,
                "fapiao_drawer": "开票员",
                "fapiao_twin_days": 0,  # the invoices of most tests look alike
            }
        )
        cls.company.partner_id.write(
            {
                "fapiao_address": "上海市测试路1号",
                "fapiao_phone": "021-00000000",
                "fapiao_bank": "测试银行上海分行 6200000000000000000",
            }
        )
        cls.tax_13 = cls._create_tax("Test 13%", 13)
        cls.tax_6 = cls._create_tax("Test 6%", 6)
        cls.code = cls._tax_code()
        cls.product_a.write(
            {
                "name": "Accounting suite",
                "fapiao_code_id": cls.code.id,
                "taxes_id": [Command.set(cls.tax_13.ids)],
            }
        )
        cls.buyer = cls.env["res.partner"].create(
            {
                "name": "演示采购有限公司",
                "is_company": True,
                "vat": BUYER_TAX_NO,
                "country_id": cls.env.ref("base.cn").id,
                "fapiao_title_type": "company",
                "fapiao_email": "buyer@example.com",
            }
        )
        cls.env.flush_all()

    @classmethod
    def _create_fapiao_account(cls, **values):
        return cls.env["fapiao.account"].create(
            {
                "name": "Sandbox",
                "company_id": cls.company.id,
                "base_url": cls.sandbox.base_url,
                "tax_no": defaults.TAX_NO,
                "phone": defaults.PHONE,
                "password": defaults.PASSWORD,
                "tenant_number": defaults.TENANT_ID,
                "tax_username": defaults.USERNAME,
                "tax_password": defaults.TAX_PASSWORD,
                "pace_per_minute": 1000,
                "read_timeout": 5,
                **values,
            }
        )

    @classmethod
    def _create_tax(cls, name, amount, **values):
        return cls.env["account.tax"].create(
            {
                "name": name,
                "amount": amount,
                "type_tax_use": "sale",
                "company_id": cls.company.id,
                "price_include_override": "tax_excluded",
                **values,
            }
        )

    @classmethod
    def _tax_code(cls):
        Code = cls.env["fapiao.tax.code"]
        return Code.search([("code", "=", SOFTWARE_CODE)]) or Code.create(
            {"code": SOFTWARE_CODE, "name": "Software", "short_name": "软件"}
        )

    def setUp(self):
        super().setUp()
        self.world = self.sandbox.world
        self.world.reset()
        self.world.taxpayer(self.account.tax_no).name = self.company.name

    # ------------------------------------------------------------------ documents

    @classmethod
    def create_invoice(cls, lines=None, post=True, partner=None, **values):
        """Return a customer invoice; ``lines`` are dicts over one unit of ``product_a`` at 1,000."""
        default = {
            "product_id": cls.product_a.id,
            "quantity": 1,
            "price_unit": 1000,
            "tax_ids": cls.tax_13.ids,
        }
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": cls.company.id,
                "partner_id": (partner or cls.buyer).id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [Command.create(cls._line_values({**default, **line})) for line in lines or [{}]],
                **values,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    @staticmethod
    def _line_values(line):
        return {**line, "tax_ids": [Command.set(line["tax_ids"])]}

    # ------------------------------------------------------------------ the engine in a test

    @contextmanager
    def engine(self):
        """Let the engine's own cursors work on the test's transaction; what it does is seen after."""
        self.env.flush_all()
        if type(self)._registry_patched:
            yield
        else:
            with self.enter_registry_test_mode():
                yield
        self.env.invalidate_all()

    def issue(self, moves, user=None):
        """Click *Issue*, let the transaction be safe, and return the button's answer."""
        with self.engine():
            action = moves.with_user(user or self.env.user).action_fapiao_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def run_cron(self, *methods):
        """Run scheduled methods of ``fapiao.request`` (or ``(model, method)``) as the scheduler would."""
        with self.engine():
            for method in methods:
                model, name = method if isinstance(method, tuple) else ("fapiao.request", method)
                with self.env.registry.cursor() as cr:
                    getattr(api.Environment(cr, SUPERUSER_ID, {})[model], name)()

    def make_due(self, requests, minutes=0):
        """Let the time of the next try have come, and the request be ``minutes`` older."""
        now = fields.Datetime.now()
        for request in requests:
            values = {"next_try_at": now - timedelta(seconds=1)}
            if request.unknown_since and minutes:
                values["unknown_since"] = request.unknown_since - timedelta(minutes=minutes)
            if request.lease_until:
                values["lease_until"] = now - timedelta(seconds=1)
            request.sudo().write(values)

    def age_pace(self, minutes):
        """Let the calls that were counted be ``minutes`` older."""
        self.env.cr.execute("UPDATE fapiao_pace SET at = at - %s", [timedelta(minutes=minutes)])

    def assert_one_fapiao(self, invoice):
        """The bureau issued exactly one fapiao for the invoice, and Odoo has exactly that one."""
        uids = invoice.fapiao_request_ids.mapped("request_uid")
        said = invoice.fapiao_request_ids.mapped(lambda request: f"{request.state}: {request.cloud_text}")
        issued = [item for uid in uids for item in self.world.issued(uid)]
        self.assertEqual(len(issued), 1, f"the bureau must have issued exactly one fapiao; {said}")
        self.assertEqual(invoice.fapiao_ids.mapped("number"), [issued[0].number])
        self.assertEqual(invoice.fapiao_state, "issued")
