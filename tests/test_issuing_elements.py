"""Special elements on invoices: proposed, filled in, issued over both clouds, kept on the fapiao and its reversal."""

import json

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..models.master.fapiao_element import CHOICES, COLUMNS
from ..rules.elements import ELEMENTS
from .common_kingdee import KingdeeCommon
from .common_red import RedCommon

BUILDING, LEASE = "3050200000000000000", "3040502020103000000"
SITE = {"province": "江苏省", "city": "苏州市", "address": "星湖街 1 号", "project": "园区厂房安装"}
ESTATE = {"province": "江苏省", "city": "苏州市", "address": "星湖街 1 号", "certificate_no": "无"}
LEASED = {**ESTATE, "date_from": "2026-01-01", "date_to": "2026-12-31"}


class ElementCase:
    """Mixed in before a common case: products whose codes need a special element."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax_9 = cls._create_tax("Test 9%", 9)
        cls.building = cls._product("安装", BUILDING, "建筑服务")
        cls.lease = cls._product("厂房租赁", LEASE, "经营租赁")

    @classmethod
    def _product(cls, name, code, short_name, **values):
        found = cls.env["fapiao.tax.code"].search([("code", "=", code)]) or cls.env["fapiao.tax.code"].create(
            {"code": code, "name": name, "short_name": short_name}
        )
        return cls.env["product.product"].create(
            {"name": name, "fapiao_code_id": found.id, "taxes_id": [Command.set(cls.tax_9.ids)], **values}
        )

    def invoice_of(self, *products, **values):
        lines = [{"product_id": one.id, "name": one.name, "tax_ids": self.tax_9.ids} for one in products]
        return self.create_invoice(lines, **values)

    def problems(self, invoices):
        dialog = self.env["fapiao.issue"].browse(self.issue(invoices)["res_id"])
        return dialog.problem_ids


class Journeys(ElementCase):
    def test_proposed_filled_in_and_issued(self):
        self.buyer.write({"state_id": self.env.ref("base.state_cn_JS").id, "city": "苏州市", "street": "星湖街 1 号"})
        invoice = self.invoice_of(self.building)
        element = invoice.fapiao_element_ids
        self.assertEqual((element.element, element.city, element.address), ("03", "苏州市", "星湖街 1 号"))
        problem = self.problems(invoice)
        self.assertEqual(problem.mapped("code"), ["element_field_missing"])
        self.assertIn("Building Services", problem.message)
        self.assertIn("Building Project", problem.message)
        self.assertEqual(problem.action_open()["res_id"], invoice.id)
        self.assertFalse(self.world.issued())
        invoice.write({"fapiao_element_ids": [Command.update(element.id, SITE)]})
        self.issue(invoice)
        self.settle(invoice)
        fapiao = invoice.fapiao_ids
        record = self.world.fapiao[fapiao.number]
        self.assertEqual((record.special_kind, record.lines[0].quantity, record.lines[0].unit), ("03", None, ""))
        self.assertEqual(fapiao.special_element, "03")
        self.assertIn("园区厂房安装", fapiao.special_elements)
        with self.assertRaisesRegex(UserError, "can't be changed"):
            element.project = "另一项目"

    def test_a_reversal_keeps_the_element(self):
        self.building.fapiao_element_ids = [Command.create({"element": "03", **SITE})]
        invoice = self.invoice_of(self.building)
        self.issue(invoice)
        self.settle(invoice)
        blue = invoice.fapiao_ids
        self.reverse(blue)
        red = blue.red_ids
        self.assertEqual((red.special_element, red.special_elements), ("03", blue.special_elements))
        self.assertEqual(self.world.fapiao[red.number].special_kind, "03")

    def test_lines_of_different_elements_get_fapiao_of_their_own(self):
        self.building.fapiao_element_ids = [Command.create({"element": "03", **SITE})]
        self.lease.fapiao_element_ids = [Command.create({"element": "06", **LEASED})]
        invoice = self.invoice_of(self.building, self.lease, self.building)
        self.assertEqual(set(invoice.fapiao_element_ids.mapped("element")), {"03", "06"})
        dialog = self.env["fapiao.issue"].browse(self.issue(invoice)["res_id"])
        self.assertFalse(dialog.problem_ids)
        with self.engine():
            dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.settle(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        kinds = sorted(self.world.fapiao[number].special_kind for number in invoice.fapiao_ids.mapped("number"))
        self.assertEqual(kinds, ["03", "03", "06"])

    def settle(self, invoice):
        """Let the cloud come to the end of its orders."""

    def reverse(self, blue):
        self.flush(blue)


@tagged("post_install", "-at_install")
class TestPiaodanyun(Journeys, RedCommon):
    def test_lease_as_it_is_sent(self):
        invoice = self.invoice_of(self.lease)
        invoice.fapiao_element_ids.write({**LEASED, "area_unit": "㎡", "address": " 星湖街\u200b 1 号\n"})
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        sent = json.loads(invoice.fapiao_request_ids.payload)
        wanted = {
            "tdyslxDm": "06",
            "fwfsd": "江苏省-苏州市",
            "zlrqq": "2026-01-01",
            "dw": "8",
            "kdsbz": "N",
            "fullAddress": "星湖街 1 号",
        }
        self.assertEqual({key: sent[key] for key in wanted}, wanted)
        self.assertEqual(sent["fyxm[0][spsl]"], "1")
        self.assertNotIn("fyxm[0][dw]", sent)

    def test_parking_says_the_time_in_china(self):
        parking = self._product("停车", "3040502020200000000", "经营租赁", fapiao_item_name="车辆停放服务")
        invoice = self.invoice_of(parking)
        self.assertTrue(invoice.fapiao_element_ids.is_parking)
        invoice.fapiao_element_ids.write(
            {
                **ESTATE,
                "plate": "苏E12345",
                "time_from": "2026-01-01 00:00:00",
                "time_to": "2026-01-01 02:30:00",
            }
        )
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        record = self.world.fapiao[invoice.fapiao_ids.number]
        self.assertEqual(record.element_keys["zlrqq"], "2026-01-01 08:00")

    def test_journeys_of_goods(self):
        freight = self._product("运输", "3010102020100000000", "运输服务")
        invoice = self.invoice_of(freight)
        journey = {
            "place_from": "苏州",
            "place_to": "南京",
            "freight_vehicle": "road",
            "plate": "苏E1",
            "goods": "钢材",
        }
        self.assertEqual(self.problems(invoice).mapped("code"), ["element_empty"])
        invoice.fapiao_element_ids.row_ids = [Command.create(journey), Command.create({**journey, "plate": "苏E2"})]
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        record = self.world.fapiao[invoice.fapiao_ids.number]
        self.assertEqual([row["ysgjhp"] for row in record.elements], ["苏E1", "苏E2"])

    def test_an_element_that_people_choose(self):
        fruit = self._product("苹果", "1010115010100000000", "水果")
        invoice = self.invoice_of(fruit)
        self.assertFalse(invoice.fapiao_element_ids)
        invoice.fapiao_element_ids = [Command.create({"element": "12"})]
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        self.assertEqual(self.world.fapiao[invoice.fapiao_ids.number].special_kind, "12")

    def test_a_purchase_is_refused_before_anything_is_sent(self):
        fruit = self._product("苹果", "1010115010100000000", "水果")
        invoice = self.invoice_of(fruit)
        invoice.fapiao_element_ids = [Command.create({"element": "16"})]
        self.assertEqual(self.problems(invoice).mapped("code"), ["element_unsupported"])
        self.assertFalse(self.world.issued())

    def test_coal(self):
        coal = self._product("动力煤", "1020102000000000000", "煤炭")
        self.assertTrue(coal.fapiao_is_coal)
        invoice = self.invoice_of(coal)
        problem = self.problems(invoice)
        self.assertEqual(problem.mapped("code"), ["coal_kind_missing"])
        self.assertEqual(problem.mend_model, "product.template")
        coal.fapiao_coal_kind = "0300"
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        self.assertEqual(self.world.fapiao[invoice.fapiao_ids.number].lines[0].coal, "0300")

    def test_merged_only_where_both_say_the_same(self):
        invoices = self.invoice_of(self.lease) + self.invoice_of(self.lease)
        for invoice, city in zip(invoices, ("苏州市", "南京市"), strict=True):
            invoice.fapiao_element_ids.write({**LEASED, "city": city})
        dialog = self.env["fapiao.issue"].browse(invoices.action_fapiao_merge()["res_id"])
        self.assertEqual(dialog.problem_ids.mapped("code"), ["merge_elements"])

    def test_who_may_write_them(self):
        invoice = self.invoice_of(self.building)
        element = invoice.fapiao_element_ids
        auditor = self.env["res.users"].create(
            {
                "name": "审计",
                "login": "审计",
                "group_ids": [Command.set(self.env.ref("account.group_account_readonly").ids)],
            }
        )
        self.assertEqual(element.with_user(auditor).element, "03")
        with self.assertRaises(AccessError):
            element.with_user(auditor).write({"project": "x"})
        other = self.env["res.company"].create({"name": "另一公司"})
        stranger = self.env["res.users"].create(
            {
                "name": "外人",
                "login": "外人",
                "company_id": other.id,
                "company_ids": [Command.set(other.ids)],
                "group_ids": [Command.set(self.env.ref("account.group_account_invoice").ids)],
            }
        )
        with self.assertRaises(AccessError):
            element.with_user(stranger).read(["project"])
        with self.assertRaises(AccessError):
            self.env["fapiao.element"].with_user(stranger).create({"element": "06", "move_id": invoice.id})


@tagged("post_install", "-at_install")
class TestKingdee(Journeys, KingdeeCommon):
    def settle(self, invoice):
        self.ask(invoice.fapiao_request_ids)

    def reverse(self, blue):
        form = self.flush(blue)
        self.ask(form)

    def test_coal_has_no_key_here(self):
        coal = self._product("动力煤", "1020102000000000000", "煤炭", fapiao_coal_kind="0300")
        self.assertEqual(self.problems(self.invoice_of(coal)).mapped("code"), ["element_unsupported"])


@tagged("post_install", "-at_install")
class TestForm(RedCommon):
    def test_each_element_shows_just_its_fields(self):
        """The form and the table of ``rules.elements`` agree on which element has which field."""
        arch = self.env["fapiao.element"].get_view(view_type="form")["arch"]
        tree = etree.fromstring(arch)
        optional = {"is_parking": True, "cross_city": True, "for_register": True, "product_tmpl_id": False}
        for code, _label in CHOICES:
            shown = {
                node.get("name") for node in tree.iter("field") if self.is_shown(node, {**optional, "element": code})
            }
            fields = ELEMENTS[code].fields
            wanted = {COLUMNS.get((code, one.name), one.name) for one in fields}
            if ELEMENTS[code].repeated:
                wanted |= {"row_ids", "sequence"}
            if code == "06":
                wanted |= {"is_parking", "time_from", "time_to"}
                wanted -= {"date_from", "date_to"}
            self.assertEqual(shown - {"element"}, wanted, code)

    def is_shown(self, node, values):
        while node is not None:
            hidden, column = node.get("invisible") or "False", node.get("column_invisible") or "False"
            if safe_eval(hidden, dict(values)) or safe_eval(column.replace("parent.", ""), dict(values)):
                return False
            node = node.getparent()
        return True
