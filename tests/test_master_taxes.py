"""The VAT taxes of a Chinese company, made in one click."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.master import chinese_taxes
from ..rules.document import EXEMPT, NOT_TAXABLE, PLAIN_ZERO
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestMissingTaxes(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("base.group_system")
        cls.settings = cls.env["res.config.settings"].create({"company_id": cls.company.id})
        domain = [("company_id", "=", cls.company.id), ("amount_type", "=", "percent")]
        cls.taxes = cls.env["account.tax"].search(domain)

    def create_missing(self):
        action = self.settings.action_create_fapiao_taxes()
        return self.env["account.tax"].search(action["domain"]) if "domain" in action else self.env["account.tax"]

    def known(self, taxes, use):
        taxes = taxes.filtered(lambda tax: tax.type_tax_use == use)
        return sorted((tax.amount, tax.fapiao_zero_kind or "", tax.fapiao_policy or "") for tax in taxes)

    def test_what_the_chart_lacks_is_created_with_flags(self):
        created = self.create_missing()
        self.assertEqual(
            self.known(created, "sale"),
            [
                (0, EXEMPT, ""),
                (0, NOT_TAXABLE, ""),
                (0, PLAIN_ZERO, ""),
                (1, "", ""),
                (1.5, "", "按5%简易征收减按1.5%计征"),
                (3, "", ""),
                (3, "", "按3%简易征收"),
                (5, "", ""),
                (5, "", "按5%简易征收"),
            ],
        )
        self.assertEqual(
            self.known(created, "purchase"),
            [(0, EXEMPT, ""), (0, NOT_TAXABLE, ""), (1, "", ""), (3, "", ""), (5, "", "")],
        )

    def test_they_post_as_the_taxes_of_the_chart(self):
        created = self.create_missing()
        of_chart = self.company.account_sale_tax_id.repartition_line_ids
        for tax in created.filtered(lambda tax: tax.type_tax_use == "sale"):
            self.assertEqual(tax.repartition_line_ids.account_id, of_chart.account_id, tax.name)
            self.assertEqual(tax.repartition_line_ids.tag_ids, of_chart.tag_ids, tax.name)
            self.assertEqual((tax.tax_group_id.company_id, tax.country_id.code), (self.company, "CN"))
            self.assertEqual(tax.tax_group_id.with_context(lang="en_US").name, f"VAT {tax.amount:g}%")
        self.assertEqual(set(created.mapped("is_domestic")), {True})

    def test_a_second_click_creates_nothing(self):
        self.assertTrue(self.create_missing())
        self.assertFalse(self.create_missing())

    def test_own_taxes_count_archived_ones_too_and_names_stay_unique(self):
        own = self._create_tax("Exempt", 0, fapiao_zero_kind=EXEMPT, active=False)
        self._create_tax("Old 3%", 3, fapiao_policy="简易征收")
        self._create_tax("1%", 99)
        created = self.create_missing()
        self.assertNotIn((0, EXEMPT, ""), self.known(created, "sale"))
        self.assertNotIn((3, "", "按3%简易征收"), self.known(created, "sale"))
        self.assertFalse(own.active)
        one = created.filtered(lambda tax: tax.type_tax_use == "sale" and tax.amount == 1)
        self.assertEqual(one.with_context(lang="en_US").name, "1% (VAT)")

    def test_chinese_names_where_chinese_is_installed(self):
        created = self.create_missing().with_context(lang="zh_CN")
        self.assertIn("不征税", created.mapped("name"))
        self.assertIn("增值税3%", created.tax_group_id.mapped("name"))

    def test_a_company_without_chart_is_told_what_to_do(self):
        self.taxes.filtered(lambda tax: tax.type_tax_use == "purchase").active = False
        self.company.account_purchase_tax_id = False
        with self.assertRaisesRegex(UserError, "chart of accounts"):
            chinese_taxes.create_missing(self.company)

    def test_an_exempt_purchase_tax_is_not_taken_for_a_line_without_tax(self):
        self.create_missing()
        fapiao = self.env["fapiao"].new({"company_id": self.company.id})
        self.assertFalse(fapiao._purchase_taxes([(None, 0, 0, 0)])[0])
