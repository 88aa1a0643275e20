"""Reversing past every cloud: what people do in the bureau's own portal."""

from decimal import Decimal

from .sandbox_case import defaults
from .test_sandbox_red import RedCase


class TestPortal(RedCase):
    def test_applied_for(self):
        fapiao = self.issue()
        form = self.world.apply_elsewhere(fapiao.number, "04", "3")
        self.assertEqual((form.state, form.reason, form.side, form.cloud), ("03", "04", "3", ""))
        self.assertEqual(self.apply(fapiao)["data"]["xxbbh"], form.number)
        with self.assertRaisesRegex(Exception, "不能重复申请"):
            self.world.apply_elsewhere(fapiao.number)
        with self.assertRaisesRegex(Exception, "只能为2或3"):
            self.world.apply_elsewhere(fapiao.number, side="seller")

    def test_a_cloud_that_knows_its_own_forms_only(self):
        self.world.piaodanyun.portal_forms = False
        fapiao, other = self.issue(), self.issue()
        self.world.apply_elsewhere(fapiao.number)
        self.assertIn("不能重复申请", self.apply(fapiao)["msg"])
        self.assertEqual(self.apply(other)["data"], self.apply(other)["data"])

    def test_reversed(self):
        fapiao = self.issue()
        red = self.world.reverse_elsewhere(fapiao.number)
        (form,) = self.world.red_forms.values()
        self.assertEqual(
            (red.original, red.gross, red.red_form, form.red_number),
            (fapiao.number, -fapiao.gross, form.number, red.number),
        )
        self.assertIn("已全额红冲", self.call("retInviceMsg", self.who(fphm=fapiao.number))["msg"])
        blue = self.call("invoiceQueryMx", self.who(fphm=fapiao.number))["data"]
        told = self.call("invoiceQueryMx", self.who(fphm=red.number))["data"]
        self.assertEqual((blue["hcFphm"], told["yfphm"], told["fpqqlsh"]), (red.number, fapiao.number, ""))
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), Decimal("3000000.00"))

    def test_reversed_once_only(self):
        fapiao = self.issue()
        red = self.world.reverse_elsewhere(fapiao.number)
        for number in (fapiao.number, red.number):
            with self.assertRaisesRegex(Exception, "不能再次红冲"):
                self.world.reverse_elsewhere(number)
        self.assertEqual(len(self.world.fapiao), 2)

    def test_reversed_from_the_form_under_way(self):
        fapiao = self.issue()
        self.world.set_use(fapiao.number, vat="01")
        number = self.apply(fapiao)["data"]["xxbbh"]
        self.assertEqual(self.world.reverse_elsewhere(fapiao.number).red_form, number)
        self.assertEqual(self.world.red_forms[number].state, "04")
        self.refused(self.red_order(fapiao, number), "已开具红字发票", call="hzfpkj")

    def test_reversed_after_a_form_that_ended(self):
        fapiao = self.issue()
        number = self.apply(fapiao)["data"]["xxbbh"]
        self.world.act_red_form(number, "withdraw")
        self.assertNotEqual(self.world.reverse_elsewhere(fapiao.number).red_form, number)
