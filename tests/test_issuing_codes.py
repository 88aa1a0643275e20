"""Tax classification codes on invoices and orders: where a line has its own, and what the table says of it."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.issuing.builder import Builder
from ..rules.privileges import PRIVILEGES
from ..rules.problems import errors
from .common_order import OrderCommon


@tagged("post_install", "-at_install")
class TestLineCodes(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.TaxCode = cls.env["fapiao.tax.code"]
        cls.meals = cls._code("3070401000000000000", "餐饮服务", "餐饮服务", vat_rates="6%", privileges="免税")
        cls.other = cls._code("3079901000000000000", "其他生活服务", "生活服务")

    @classmethod
    def _code(cls, code, name, short_name, **values):
        known = cls.TaxCode.search([("code", "=", code)])
        values = {"name": name, "short_name": short_name, **values}
        known.write(values)
        return known or cls.TaxCode.create({"code": code, **values})

    def create_user(self, login, group):
        companies = {"company_id": self.company.id, "company_ids": self.company.ids}
        return new_test_user(self.env, f"code_{login}", group, **companies)

    def build(self, invoice):
        return Builder(self.env)._build(invoice)[0]

    def problems(self, built):
        return [problem.code for problem in errors(built.problems)]

    def test_the_code_of_the_line_goes_first(self):
        invoice = self.create_invoice([{"tax_ids": self.tax_6.ids}])
        self.assertEqual(self.build(invoice).draft.lines[0].code, self.code.code)
        invoice.invoice_line_ids.fapiao_tax_code_id = self.meals
        line = self.build(invoice).draft.lines[0]
        self.assertEqual((line.code, line.name.split("*")[1]), (self.meals.code, "餐饮服务"))

    def test_a_line_without_a_product(self):
        invoice = self.create_invoice([{"product_id": False, "name": "聚餐", "tax_ids": self.tax_6.ids}])
        self.assertEqual(self.problems(self.build(invoice)), ["product_missing"])
        invoice.invoice_line_ids.fapiao_tax_code_id = self.meals
        built = self.build(invoice)
        self.assertTrue(built.is_ready, built.problems)
        self.assertEqual(built.draft.lines[0].name, "*餐饮服务*聚餐")

    def test_it_may_change_until_a_fapiao_covers_the_line(self):
        invoice = self.create_invoice([{"tax_ids": self.tax_6.ids}, {"tax_ids": self.tax_6.ids}])
        first, second = invoice.invoice_line_ids
        action = invoice.action_fapiao_line_codes()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), first | second)
        invoicer = self.create_user("invoicer", "account.group_account_invoice")
        first.with_user(invoicer).fapiao_tax_code_id = self.other
        self.issue(invoice)
        with self.assertRaisesRegex(UserError, "can't change"):
            first.fapiao_tax_code_id = self.meals
        with self.assertRaisesRegex(UserError, "can't change"):
            (first | second).write({"fapiao_tax_code_id": False})
        first.write({"fapiao_tax_code_id": self.other.id})  # nothing changes
        self.assertEqual(invoice.fapiao_ids.line_ids.mapped("code"), [self.other.code, self.code.code])

    def test_readers_leave_it_alone(self):
        invoice = self.create_invoice()
        with self.assertRaises(AccessError):
            invoice.with_user(self.create_user("auditor", "account.group_account_readonly")).action_fapiao_line_codes()

    def test_an_order_hands_it_to_its_invoice(self):
        order = self.create_order([{"tax_ids": self.tax_6.ids, "fapiao_tax_code_id": self.other.id}, {}])
        invoice = self.invoice(order)
        self.assertEqual(invoice.invoice_line_ids.mapped("fapiao_tax_code_id"), self.other)
        self.assertFalse(invoice.invoice_line_ids[1].fapiao_tax_code_id)

    def test_a_request_from_an_order(self):
        order = self.create_order([{"tax_ids": self.tax_6.ids, "fapiao_tax_code_id": self.meals.id}])
        request = self.request(order)
        self.assertEqual(request.fapiao_ids.line_ids.code, self.meals.code)
        with self.assertRaisesRegex(UserError, "can't change"):
            order.order_line.fapiao_tax_code_id = self.other

    def test_rate_and_privilege_against_the_code(self):
        invoice = self.create_invoice([{}])
        invoice.invoice_line_ids.fapiao_tax_code_id = self.meals
        built = self.build(invoice)
        self.assertEqual(self.problems(built), ["rate_not_of_code"])
        self.assertEqual(invoice._fapiao_record_to_mend(built.problems[-1]), self.tax_13)
        self.meals.vat_rates = False
        self.assertEqual(self.problems(self.build(invoice)), [])
        self.tax_13.fapiao_policy = "即征即退50%"
        built = self.build(invoice)
        self.assertEqual(self.problems(built), ["privilege_not_of_code"])
        self.assertEqual(invoice._fapiao_record_to_mend(built.problems[-1]), invoice)

    def test_a_privilege_that_does_not_exist(self):
        for record in (self.tax_13, self.product_a.product_tmpl_id):
            self.assertEqual(record._fields["fapiao_policy"].get_values(self.env), [*PRIVILEGES])
            with self.assertRaises(ValueError):
                record.fapiao_policy = "简易计税"

    def test_validity(self):
        invoice = self.create_invoice([{"tax_ids": self.tax_6.ids}])
        invoice.invoice_line_ids.fapiao_tax_code_id = self.meals
        for values, expected in (
            ({"date_end": "2020-01-01"}, ["code_ended"]),
            ({"date_end": "2199-01-01", "is_usable": False}, []),
            ({"date_end": False, "is_usable": False}, ["code_ended"]),
            ({"is_usable": True, "date_start": "2199-01-01"}, ["code_not_begun"]),
            ({"date_start": False, "is_summary": True}, ["code_summary"]),
        ):
            self.meals.write(values)
            self.assertEqual(self.problems(self.build(invoice)), expected, values)
