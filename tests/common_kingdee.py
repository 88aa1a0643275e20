"""The same company, with an account at 金蝶发票云 instead."""

from ..sandbox import defaults
from .common_red import RedCommon

# Whom the sandbox's 金蝶发票云 knows, as an account names it
LOGIN = {
    "tax_no": defaults.TAX_NO,
    "app_key": defaults.KINGDEE_APP_ID,
    "app_secret": defaults.KINGDEE_APP_SECRET,
    "datacenter": defaults.KINGDEE_ACCOUNT_ID,
    "tenant_code": defaults.KINGDEE_TENANT_ID,
    "cloud_user": defaults.KINGDEE_USER,
    "business_system": defaults.KINGDEE_SYSTEM,
}


class KingdeeCommon(RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.piaodanyun = cls.account
        cls.account = cls._create_kingdee_account()
        cls.company.fapiao_account_id = cls.account

    @classmethod
    def _create_kingdee_account(cls, **values):
        return cls.env["fapiao.account"].create(
            {
                "name": "Kingdee sandbox",
                "company_id": cls.company.id,
                "provider": "kingdee",
                "base_url": cls.sandbox.kingdee_url,
                **LOGIN,
                "pace_per_minute": 1000,
                "read_timeout": 5,
                **values,
            }
        )

    def ask(self, requests, minutes=0):
        """Let the time of the next look come, and look."""
        self.make_due(requests, minutes)
        self.run_cron("_cron_reconcile", "_cron_dispatch")

    def bill_of(self, request):
        return self.world.bill(request.request_uid)

    def issued_for(self, request):
        """Return the fapiao the bureau has issued for a request's bill, in any attempt."""
        return self.world.fapiao_of_bill(request.request_uid)

    def assert_issued(self, request, count=1):
        """The bureau issued exactly ``count`` fapiao for the bill, and Odoo has exactly those."""
        there = self.issued_for(request)
        self.assertEqual(len(there), count, [item.number for item in there])
        self.assertEqual(request.state, "issued", request.error_message)
        self.assertEqual(sorted(request.fapiao_ids.mapped("number")), sorted(item.number for item in there))
        for fapiao in request.fapiao_ids:
            record = self.world.fapiao[fapiao.number]
            self.assertEqual(
                [f"{fapiao[name]:.2f}" for name in ("amount_untaxed", "amount_tax", "amount_total")],
                [f"{getattr(record, name):.2f}" for name in ("net", "tax", "gross")],
            )
