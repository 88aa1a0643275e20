"""What is printed: unit, specification, item name and their language, whoever issues."""

from odoo import Command
from odoo.tests import tagged

from ..models.master.uom_uom import UNITS
from .common_order import OrderCommon
from .test_issuing_builder_lines import LinesCase


class TextsCase(LinesCase):
    def activate(self, *codes):
        for code in codes:
            self.env["res.lang"]._activate_lang(code)

    def line_of(self, product=None, user_language="en_US", **values):
        """Return the first line of an invoice's draft, as a user of another language builds it."""
        product = product or self.product_a
        invoice = self.create_invoice([{"product_id": product.id, **values}])
        built = self.build(invoice.with_context(lang=user_language))[0]
        self.check_draft(built)
        return built.draft.lines[0]

    @staticmethod
    def notes(*texts):
        """Return commands for a heading and these notes."""
        kinds = [("line_section", "合同"), *(("line_note", text) for text in texts)]
        return [Command.create({"display_type": kind, "name": text, "sequence": 99}) for kind, text in kinds]

    def variants(self):
        """Return the variants of a product with a colour and a size, each with two values."""
        attributes = self.env["product.attribute"].create(
            [
                {"name": name, "value_ids": [Command.create({"name": value}) for value in values]}
                for name, values in (("Colour", ("Red", "Blue")), ("Size", ("S", "L")))
            ]
        )
        template = self.env["product.template"].create(
            {
                "name": "Jacket",
                "fapiao_code_id": self.code.id,
                "attribute_line_ids": [
                    Command.create({"attribute_id": one.id, "value_ids": [Command.set(one.value_ids.ids)]})
                    for one in attributes
                ],
            }
        )
        return template.product_variant_ids


@tagged("post_install", "-at_install")
class TestUnit(TextsCase):
    def test_units_of_odoo(self):
        """Every unit of Odoo has its usual Chinese one, with Chinese installed or not."""
        for languages in ((), ("zh_CN",)):
            self.activate(*languages)
            for xmlid, (name, _names) in UNITS.items():
                with self.subTest(xmlid, languages=languages):
                    self.assertEqual(self.env.ref(xmlid).fapiao_name, name)
        own = self.env["ir.model.data"].search([("module", "=", "uom"), ("model", "=", "uom.uom")])
        self.assertEqual(set(own.mapped("complete_name")), set(UNITS))

    def test_names_in_chinese_are_those_of_odoo(self):
        """A translation that the table doesn't know would be taken for a name that a person gave."""
        self.activate("zh_CN")
        self.env["ir.module.module"].search([("name", "=", "uom")])._update_translations(["zh_CN"])
        for xmlid, (name, _names) in UNITS.items():
            with self.subTest(xmlid):
                self.assertEqual(self.env.ref(xmlid).fapiao_name, name)

    def test_units_print_as_pieces(self):
        self.assertEqual(self.line_of().unit, "个")
        self.assertEqual(self.line_of(product_uom_id=self.env.ref("uom.product_uom_dozen").id).unit, "打")

    def test_unit_of_a_person(self):
        self.activate("zh_CN", "fr_FR")
        unit = self.env["uom.uom"].create({"name": "Crate", "relative_factor": 1})
        unit.with_context(lang="fr_FR").name = "Caisse"
        self.assertEqual(unit.fapiao_name, "Crate")
        unit.with_context(lang="zh_CN").name = "箱"
        for language in ("en_US", "fr_FR", "zh_CN"):
            self.assertEqual(self.line_of(product_uom_id=unit.id, user_language=language).unit, "箱")

    def test_entered_unit_stays(self):
        unit = self.env.ref("uom.product_uom_unit")
        unit.fapiao_name = "台"
        unit.invalidate_recordset()
        self.assertEqual(self.line_of().unit, "台")
        unit.name = "Machines"
        self.assertEqual(unit.fapiao_name, "台")
        unit.write({"name": "Units", "fapiao_name": False})
        self.assertEqual(unit.fapiao_name, "个")

    def test_renamed_unit_of_odoo(self):
        """Whoever renames a unit of Odoo means another one."""
        self.activate("zh_CN")
        self.env.ref("uom.product_uom_dozen").with_context(lang="zh_CN").name = "盒"
        self.assertEqual(self.env.ref("uom.product_uom_dozen").fapiao_name, "盒")


@tagged("post_install", "-at_install")
class TestSpecification(TextsCase):
    def test_reference_only_where_chosen(self):
        self.product_a.default_code = "FURN_0006"
        line = self.line_of()
        self.assertEqual((line.name, line.spec, line.goods_code), ("*软件*Accounting suite", "", "FURN_0006"))
        self.company.fapiao_spec_source = "reference"
        self.assertEqual(self.line_of().spec, "FURN_0006")
        self.product_a.fapiao_spec = "1600×800 mm"
        self.assertEqual(self.line_of().spec, "1600×800 mm")
        self.company.fapiao_spec_source = "none"
        self.product_a.fapiao_spec = False
        self.assertEqual(self.line_of().spec, "")

    def test_attributes_of_a_variant(self):
        self.activate("zh_CN")
        variants = self.variants()
        variants.product_tmpl_id.with_context(lang="zh_CN").name = "夹克"
        values = variants.product_template_attribute_value_ids.product_attribute_value_id
        for english, chinese in (("Red", "红色"), ("Blue", "蓝色")):
            values.filtered(lambda one, name=english: one.name == name).with_context(lang="zh_CN").name = chinese
        line = self.line_of(variants[0])
        self.assertEqual((line.name, line.spec), ("*软件*夹克", "红色, S"))
        variants[0].fapiao_spec = "特小号"
        self.assertEqual(self.line_of(variants[0]).spec, "特小号")
        self.assertEqual(self.line_of(variants[1]).spec, "红色, L")
        self.company.fapiao_spec_source = "none"
        line = self.line_of(variants[1])
        self.assertEqual((line.name, line.spec), ("*软件*夹克 (红色, L)", ""))

    def test_template_with_one_variant(self):
        template = self.env["product.template"].create({"name": "Desk", "fapiao_spec": "D-1"})
        self.assertEqual(template.product_variant_id.fapiao_spec, "D-1")
        template.fapiao_spec = "D-2"
        self.assertEqual(template.product_variant_id.fapiao_spec, "D-2")
        self.assertIn(template, template.search([("fapiao_spec", "=", "D-2")]))
        self.assertFalse(self.variants().product_tmpl_id.fapiao_spec)


@tagged("post_install", "-at_install")
class TestName(TextsCase):
    def test_present_short_name(self):
        """What the table says goes before what stands on the product, in the description, or on an order."""
        self.code.short_name = "其他软件服务"
        self.product_a.fapiao_item_name = "*信息技术服务*系统维护"
        self.assertEqual(self.line_of().name, "*其他软件服务*系统维护")
        self.product_a.fapiao_item_name = False
        self.assertEqual(self.line_of(name="*软件*升级包\n第二行").name, "*其他软件服务*升级包")

    def test_name_of_the_product_becomes_chinese(self):
        self.activate("zh_CN", "fr_FR")
        for language, name in (("fr_FR", "Suite comptable"), ("zh_CN", "会计套件")):
            self.product_a.with_context(lang=language).name = name
        self.product_a.default_code = "SUITE-1"
        for partner_language in ("en_US", "fr_FR", "zh_CN"):
            self.buyer.lang = partner_language
            for user_language in ("en_US", "fr_FR"):
                with self.subTest(partner=partner_language, user=user_language):
                    self.assertEqual(self.line_of(user_language=user_language).name, "*软件*会计套件")
        self.assertEqual(self.line_of(name="Suite for you").name, "*软件*Suite for you")

    def test_without_chinese(self):
        """The same fapiao, whoever issues it."""
        self.activate("fr_FR")
        self.product_a.with_context(lang="fr_FR").name = "Suite comptable"
        self.buyer.lang = "fr_FR"
        for language in ("en_US", "fr_FR"):
            line = self.line_of(user_language=language)
            self.assertEqual((line.name, line.unit), ("*软件*Accounting suite", "个"))


@tagged("post_install", "-at_install")
class TestChannel(TextsCase):
    def test_told_before_sending(self):
        """Field, length and limit are named, in the words of the user; the record to change is offered."""
        self.activate("zh_CN")
        unit = self.env["uom.uom"].create({"name": "U" * 25, "relative_factor": 1})
        self.product_a.fapiao_spec = "规" * 60
        invoice = self.create_invoice([{"product_uom_id": unit.id}], fapiao_remark="备" * 250)
        (built,) = self.build(invoice)
        self.assert_refused(built, "remark_too_long", "spec_too_long", "unit_too_long")
        for problem, record, length, limit in zip(
            built.problems,
            (invoice, self.product_a.product_tmpl_id, unit),
            ("250", "60", "25"),
            ("230", "40", "22"),
            strict=True,
        ):
            self.assertIn(length, str(problem))
            self.assertIn(limit, str(problem))
            self.assertEqual(invoice._fapiao_record_to_mend(problem), record)
        told = invoice.with_context(lang="zh_CN")._fapiao_describe(built.problems[1])
        self.assertIn("规格型号", told)
        self.assertIn("60个字符", told)

    def test_direct_channel(self):
        self.product_a.fapiao_spec = "规" * 60
        invoice = self.create_invoice(fapiao_remark="备" * 250)
        self.account.bureau_channel = "direct"
        self.world.set_channel(self.account.tax_no, "direct")
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertEqual((invoice.fapiao_ids.remark, invoice.fapiao_ids.line_ids.spec), ("备" * 250, "规" * 60))


@tagged("post_install", "-at_install")
class TestNotes(TextsCase, OrderCommon):
    def invoice_with_notes(self, *texts, **values):
        invoice = self.create_invoice(post=False, **values)
        invoice.invoice_line_ids = self.notes(*texts or ["合同号 HT-2026-081"])
        invoice.action_post()
        return invoice

    def dialog_of(self, invoices):
        action = invoices.action_fapiao_issue()
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def press(self, dialog):
        with self.engine():
            action = dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def test_a_person_is_asked(self):
        for with_notes, remark in ((False, "甲"), (True, "甲；合同号 HT-2026-081；第二条")):
            invoice = self.invoice_with_notes("合同号 HT-2026-081", "第二条", fapiao_remark="甲")
            dialog = self.dialog_of(invoice)
            self.assertTrue(dialog.has_notes)
            self.assertEqual((dialog.with_notes, dialog.remark), (False, "甲"))
            dialog.with_notes = with_notes
            self.assertEqual(dialog.remark, remark)
            self.press(dialog)
            self.assertEqual(invoice.fapiao_ids.remark, remark)

    def test_what_is_shown_is_sent(self):
        invoice = self.invoice_with_notes()
        dialog = self.dialog_of(invoice)
        dialog.remark = "按合同 HT-2026-081"
        dialog.action_check()
        self.press(dialog)
        self.assertEqual(invoice.fapiao_ids.remark, "按合同 HT-2026-081")

    def test_remark_changed_on_the_invoice(self):
        """*Check Again* shows it, unless something was typed in the dialog."""
        invoice = self.invoice_with_notes(fapiao_remark="备" * 231)
        dialog = self.dialog_of(invoice)
        self.assertIn("remark_too_long", dialog.problem_ids.mapped("code"))
        invoice.fapiao_remark = "短"
        dialog.action_check()
        self.assertEqual(dialog.remark, "短")
        self.assertFalse(dialog.problem_ids)
        dialog.write({"with_notes": True, "remark": "手写"})
        invoice.fapiao_remark = "更短"
        dialog.action_check()
        self.assertEqual(dialog.remark, "手写")

    def test_limit_counts_notes(self):
        dialog = self.dialog_of(self.invoice_with_notes("长" * 231))
        self.assertFalse(dialog.problem_ids)
        dialog.with_notes = True
        dialog.action_check()
        self.assertEqual(dialog.problem_ids.mapped("code"), ["remark_too_long"])

    def test_company_takes_them(self):
        self.company.fapiao_notes = "always"
        invoice = self.invoice_with_notes("合同号\nHT-2026-081")
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_ids.remark, "合同号 HT-2026-081")

    def test_company_never_asks(self):
        self.company.fapiao_notes = "never"
        invoice = self.invoice_with_notes()
        self.issue(invoice)
        self.assertFalse(invoice.fapiao_ids.remark)

    def test_several_invoices(self):
        first, second = self.invoice_with_notes("一"), self.invoice_with_notes("二", "一")
        dialog = self.dialog_of(first | second)
        self.assertFalse(dialog.remark)
        dialog.with_notes = True
        self.press(dialog)
        self.assertEqual([one.fapiao_ids.remark for one in (first, second)], ["一", "二；一"])

    def test_merged(self):
        invoices = self.invoice_with_notes("一") | self.invoice_with_notes("二")
        dialog = self.env["fapiao.issue"].browse(invoices.action_fapiao_merge()["res_id"])
        dialog.with_notes = True
        self.assertEqual(dialog.remark, "一；二")
        self.press(dialog)
        self.assertEqual(invoices.fapiao_ids.remark, "一；二")

    def test_order(self):
        for setting, remark in (("ask", ""), ("always", "合同号 HT-2026-081")):
            self.company.fapiao_notes = setting
            order = self.create_order()
            order.order_line = self.notes("合同号 HT-2026-081")
            dialog = self.open(order)
            self.assertEqual((dialog.has_notes, dialog.remark or ""), (True, remark))
        self.activate("zh_CN", "fr_FR")
        for language, name in (("fr_FR", "Suite comptable"), ("zh_CN", "会计套件")):
            self.product_a.with_context(lang=language).name = name
        self.code.short_name = "其他软件服务"
        dialog = self.open(order.with_context(lang="fr_FR"))
        dialog.with_notes = False
        self.assertFalse(dialog.remark)
        dialog.with_notes = True
        self.click(dialog)
        fapiao = order.fapiao_ids
        line = fapiao.line_ids
        self.assertEqual((fapiao.remark, line.name, line.unit), ("合同号 HT-2026-081", "*其他软件服务*会计套件", "个"))


@tagged("post_install", "-at_install")
class TestRed(TextsCase, OrderCommon):
    def test_a_red_fapiao_bears_the_names_of_its_blue(self):
        """The table's short name has changed since, and so have unit and specification."""
        self.product_a.fapiao_spec = "V1"
        invoice = self.issued_invoice()
        self.code.short_name = "其他软件服务"
        self.product_a.fapiao_spec = "V2"
        self.product_a.uom_id.fapiao_name = "套"
        form = self.flush(invoice)
        line = form.red_fapiao_id.line_ids
        self.assertEqual((line.name, line.unit, line.spec), ("*软件*Accounting suite", "个", "V1"))
