"""Products without a tax classification code: the list, and what is suggested."""

import ast

from odoo.tests import tagged

from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestProductCodes(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Template, cls.Category = cls.env["product.template"], cls.env["product.category"]
        cls.env["fapiao.tax.code"].search([]).keywords = False
        cls.monitor, cls.paper, cls.sheet = cls.env["fapiao.tax.code"].create(
            [
                {
                    "code": "1090599010000000000",
                    "name": "液晶显示器",
                    "short_name": "外设",
                    "keywords": "投影幕、显示屏",
                },
                {"code": "1060199010000000000", "name": "复印纸", "short_name": "纸"},
                {"code": "1060199020000000000", "name": "纸张", "short_name": "纸", "keywords": "印纸"},
            ]
        )
        cls.bare = cls.Category.create({"name": "Bare"})

    def sold(self, name, **values):
        return self.Template.create({"name": name, "categ_id": self.bare.id, **values})

    def missing(self, model):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"l10n_cn_invoice_cloud.action_fapiao_{model}_code")
        return self.env[action["res_model"]].search(ast.literal_eval(action["domain"]))

    def test_who_is_listed(self):
        above = self.Category.create({"name": "Above", "fapiao_code_id": self.paper.id})
        below = self.Category.create({"name": "Below", "parent_id": above.id})
        bare, own = self.sold("A"), self.sold("B", fapiao_code_id=self.paper.id)
        inherited, not_sold = self.sold("C", categ_id=below.id), self.sold("D", sale_ok=False)
        listed = self.missing("product")
        self.assertEqual(listed & (bare | own | inherited | not_sold), bare)
        self.assertEqual((bare | own | inherited).mapped("fapiao_code_missing"), [True, False, False])
        self.assertEqual(self.missing("category") & (above | below | self.bare), self.bare)
        self.assertIn(own, self.Template.search([("fapiao_code_missing", "=", False)]))
        bare.fapiao_code_id = self.paper
        self.assertNotIn(bare, self.missing("product"))

    def test_suggestions(self):
        for name, expected in (
            ("A4复印纸 80g", self.paper),  # the longest name in it
            ("打印纸", self.sheet),
            ("120寸投影幕", self.monitor),  # a keyword
            ("显示器", self.monitor),  # part of a code's name
            ("Nothing of the kind", self.env["fapiao.tax.code"]),
        ):
            with self.subTest(name):
                self.assertEqual(self.sold(name).fapiao_code_suggestion_id, expected)

    def test_a_code_that_ended_is_not_suggested(self):
        self.paper.date_end = "2020-01-01"
        self.assertEqual(self.sold("A4复印纸").fapiao_code_suggestion_id, self.sheet)

    def test_what_was_used_before_goes_first(self):
        self.assertEqual(self.sold("打印纸").fapiao_code_suggestion_id, self.sheet)
        self.sold("打印纸", fapiao_code_id=self.paper.id)
        self.assertEqual(self.sold("打印纸").fapiao_code_suggestion_id, self.paper)

    def test_what_was_issued_and_entered_before(self):
        issued = self.create_invoice([{"name": "打印纸"}])
        self.issue(issued)
        self.assertEqual(issued.fapiao_ids.line_ids.name, "*软件*打印纸")
        self.assertEqual(self.sold("打印纸").fapiao_code_suggestion_id, self.code)
        free = self.create_invoice([{"name": "打印纸", "product_id": False}])
        free.invoice_line_ids.fapiao_tax_code_id = self.monitor
        self.assertEqual(self.sold("打印纸").fapiao_code_suggestion_id, self.monitor)

    def test_taking_suggestions(self):
        products = self.sold("复印纸") | self.sold("显示屏") | self.sold("Nothing of the kind")
        products.action_fapiao_take_suggestion()
        self.assertEqual([one.fapiao_code_id for one in products], [self.paper, self.monitor, self.paper.browse()])
        category = self.Category.create({"name": "复印纸"})
        category.action_fapiao_take_suggestion()
        self.assertEqual(category.fapiao_code_id, self.paper)

    def test_a_page_of_the_list_takes_few_queries(self):
        products = self.Template.create([{"name": f"投影幕 {place}", "categ_id": self.bare.id} for place in range(80)])
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(20):
            self.assertEqual(products.mapped("fapiao_code_suggestion_id"), self.monitor)
