"""From *Pull Now* to a bill that is booked at the bureau, in a real browser."""

from odoo.tests import tagged

from .common_kingdee import KingdeeCommon
from .common_match import SELLER_TAX_NO, MatchCommon
from .common_tours import TourCase
from .test_received_details import DetailsCommon

STRANGER = "无账有限公司"


@tagged("post_install", "-at_install")
class TestToursInbound(KingdeeCommon, MatchCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.create_clerk("account.group_account_manager")

    def seed(self, **given):
        """Let the bureau have one fapiao over 113 for us, and return its number."""
        return self.world.receive_fapiao(self.account.tax_no, **{"gross": "113.00", "rate": 13, **given}).number

    def fapiao(self, number):
        return self.env["fapiao"].search([("direction", "=", "in"), ("number", "=", number)])

    def test_pull_match_and_bill(self):
        known = self.seed(seller_name=self.vendor.name, seller_no=SELLER_TAX_NO)
        unknown = self.seed(seller_name=STRANGER, seller_no="91440300MA5VENDR33")
        date = self.env["fapiao.pull"]._recent_days()[1]
        bills = [self.bill(ref=name, invoice_date=date) for name in ("B-1", "B-2")]
        self.click_through(
            "fapiao_inbound", f"/odoo/action-l10n_cn_invoice_cloud.action_fapiao_account/{self.account.id}"
        )
        match = self.fapiao(known).match_ids
        self.assertEqual((match.move_id, match.state, match.user_id), (bills[0], "confirmed", self.clerk))
        bill = self.fapiao(unknown).match_ids.move_id
        self.assertEqual((bill.state, bill.amount_total, bill.ref), ("posted", 113, unknown))
        self.assertEqual(bill.partner_id.name, STRANGER)
        self.run_cron("_cron_dispatch")
        self.assertEqual(self.fapiao(unknown).booking, "booked")
        self.assertEqual(self.world.inbound(unknown).booked, "02")

    def test_pull_with_filters_and_find_one(self):
        self.account.write({"pool_path": "/kapi/app/rim/deduction", "pool_interface": "invoicePoolQuery"})
        self.seed(seller_name="另一公司", seller_no="91440300MA5VENDR33")
        wanted = self.seed(seller_name=STRANGER, seller_no="91440300MA5VENDR44", status="2")
        day = str(self.env["fapiao.pull"]._recent_days()[1])
        hidden = self.seed(
            seller_name="池中公司", seller_no="91440300MA5VENDR55", number="26449998000000000077", kind=27, day=day
        )
        self.world.collect_inbound(self.account.tax_no)
        self.click_through("fapiao_find", "/odoo/action-l10n_cn_invoice_cloud.action_fapiao_in")
        pull = self.env["fapiao.pull"].search([("account_id", "=", self.account.id)], limit=1)
        self.assertEqual((pull.status, pull.state, pull.row_count), ("void", "done", 1))
        self.assertTrue(self.fapiao(wanted))
        self.assertTrue(self.fapiao(hidden))


@tagged("post_install", "-at_install")
class TestToursDetails(DetailsCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.create_clerk("account.group_account_manager")

    def test_refresh_fetch_and_download(self):
        fapiao = self.pool(self.header(seller_name="供货有限公司", net="100.00", rate=13))
        self.click_through("fapiao_details", "/odoo/action-l10n_cn_invoice_cloud.action_fapiao_in")
        self.assertEqual((fapiao.line_ids.amount_tax, fapiao.details_state, fapiao.files_state), (13, "done", "done"))
        self.assertTrue(fapiao.pdf_id and fapiao.image_id)
