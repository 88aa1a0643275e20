"""Codes, products, taxes, partners and companies: what a fapiao is made from before there is an invoice."""

import base64
import time
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, Command, api
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.master.fapiao_tax_code import ancestors
from ..rules.document import EXEMPT, Party

# Digits that neither the demonstration codes nor each other's tests use.
SECTION, CHAPTER, LEAF = "4010000000000000000", "4010100000000000000", "4010101000000000000"
GOOD_TAX_NO = "91440101MA59ABCDEM"


def code_values(code, **values):
    return {"code": code, "name": f"Name of {code}", **values}


@tagged("post_install", "-at_install")
class TestTaxCodes(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.TaxCode = cls.env["fapiao.tax.code"]

    def test_ancestors_are_found_level_by_level(self):
        self.assertEqual(
            ancestors("1060301020100000000"),
            [
                "1060301020000000000",
                "1060301000000000000",
                "1060300000000000000",
                "1060000000000000000",
                "1000000000000000000",
            ],
        )
        self.assertEqual(ancestors("1000000000000000000"), [])

    def test_parent_is_the_nearest_known_code_even_an_archived_one(self):
        section = self.TaxCode.create(code_values(SECTION, active=False))
        leaf = self.TaxCode.create(code_values(LEAF))
        self.assertEqual(leaf.parent_id, section)

    def test_codes_of_one_batch_find_each_other(self):
        leaf, section, chapter = self.TaxCode.create([code_values(code) for code in (LEAF, SECTION, CHAPTER)])
        self.assertEqual(leaf.parent_id, chapter)
        self.assertEqual(chapter.parent_id, section)
        self.assertEqual((section | chapter | leaf).mapped("is_summary"), [True, True, False])

    def test_flag_stays_without_known_parts(self):
        flagged = self.TaxCode.create(code_values(LEAF, is_summary=True))
        self.assertFalse(flagged.child_ids)
        self.assertTrue(flagged.is_summary)
        self.assertTrue(flagged._laws()[LEAF].is_summary)

    def test_kind_follows_the_first_digit(self):
        kinds = {
            "1": "goods",
            "2": "labour",
            "3": "service",
            "4": "intangible",
            "5": "real_estate",
            "6": "not_taxed",
        }
        records = self.TaxCode.create([code_values(f"{first}989898000000000000") for first in kinds])
        self.assertEqual(records.mapped("kind"), list(kinds.values()))

    def test_display_name_and_search(self):
        record = self.TaxCode.create({"code": LEAF, "name": "企业软件服务甲", "short_name": "甲服务"})
        self.assertEqual(record.display_name, f"{LEAF} 甲服务 企业软件服务甲")
        for text in ("40101010", "软件服务甲", "甲服务"):
            self.assertEqual(self.TaxCode.name_search(text), [(record.id, record.display_name)], text)

    def test_wrong_codes_are_refused(self):
        for wrong in ("123", "7060301020100000000", "106030102010000000X", "１060301020100000000"):
            with self.assertRaisesRegex(ValidationError, "19 digits"):
                self.TaxCode.create(code_values(wrong))

    def test_a_code_exists_once(self):
        self.TaxCode.create(code_values(LEAF))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.TaxCode.create(code_values(LEAF))

    def test_only_managers_change_codes(self):
        issuer = new_test_user(self.env, "tax-code-issuer", "l10n_cn_invoice_cloud.group_fapiao_issuer")
        manager = new_test_user(self.env, "tax-code-manager", "l10n_cn_invoice_cloud.group_fapiao_manager")
        record = self.TaxCode.with_user(manager).create(code_values(LEAF))
        self.assertEqual(record.with_user(issuer).code, LEAF)
        with self.assertRaises(AccessError):
            record.with_user(issuer).name = "other"
        with self.assertRaises(AccessError):
            self.env["fapiao.tax.code.import"].with_user(issuer).create({})


@tagged("post_install", "-at_install")
class TestTaxCodeImport(TransactionCase):
    HEADER = "合并编码,货物和劳务名称,商品和服务分类简称,说明,关键字,汇总项"

    def read_table(self, content, filename="table"):
        """Read ``content`` (text or bytes) and return the update that it makes."""
        content = content.encode() if isinstance(content, str) else content
        wizard = self.env["fapiao.tax.code.import"].create({"file": base64.b64encode(content), "filename": filename})
        action = wizard.action_import()
        self.assertEqual(action["res_model"], "fapiao.tax.code.update")
        return self.env[action["res_model"]].browse(action["res_id"])

    def import_table(self, content):
        """Read and apply ``content``; codes that it lacks stay."""
        update = self.read_table(content)
        update.ends_missing = False
        update.action_apply()
        if update.state == "applying":
            with self.enter_registry_test_mode(), self.env.registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["fapiao.tax.code.update"]._cron_apply()
            self.env.invalidate_all()
        self.assertEqual(update.state, "applied")
        return update

    def counts(self, update):
        return (update.added_count, update.changed_count, update.unchanged_count, update.rejected_count)

    def code(self, digits):
        return self.env["fapiao.tax.code"].search([("code", "=", digits)])

    def test_table_is_read_in_the_usual_shapes(self):
        lines = [self.HEADER, f"{LEAF},甲服务,甲,说明甲,词甲,否", f"{CHAPTER},甲类,甲,,,是"]
        text = "\r\n".join(lines)
        for label, content in {
            "utf-8": text.encode(),
            "utf-8 with mark": text.encode("utf-8-sig"),
            "gbk": text.encode("gbk"),
            "gb18030": text.encode("gb18030"),
            "utf-16": text.encode("utf-16"),
            "semicolon": text.replace(",", ";").encode(),
            "tab": text.replace(",", "\t").encode(),
            "unix lines": text.replace("\r\n", "\n").encode(),
        }.items():
            with self.subTest(label):
                (self.code(LEAF) | self.code(CHAPTER)).unlink()
                self.assertEqual(self.counts(self.import_table(content)), (2, 0, 0, 0))
                leaf = self.code(LEAF)
                self.assertEqual(
                    (leaf.name, leaf.short_name, leaf.description, leaf.keywords, leaf.is_summary),
                    ("甲服务", "甲", "说明甲", "词甲", False),
                )
                self.assertEqual(leaf.parent_id, self.code(CHAPTER))
                self.assertTrue(leaf.parent_id.is_summary)

    def test_header_may_be_english_or_stand_below_a_title(self):
        self.assertEqual(self.counts(self.import_table(f"Code,Name,Short name\n{LEAF},Alpha,A")), (1, 0, 0, 0))
        self.assertEqual(self.code(LEAF).short_name, "A")
        titled = f"商品和服务税收分类编码表,,,\n,,,\n篇,类,编码,合并编码,名 称\n4,01,x,{CHAPTER},Beta"
        self.assertEqual(self.counts(self.import_table(titled)), (1, 0, 0, 0))
        self.assertEqual(self.code(CHAPTER).name, "Beta")

    def test_split_columns_alone_are_refused(self):
        with self.assertRaisesRegex(UserError, "合并编码"):
            self.import_table("篇,类,章,名称\n4,01,01,Alpha")

    def test_what_is_no_table_is_refused(self):
        for content in (
            b"",
            b"PK\x03\x04 sheet",
            b"\xd0\xcf\x11\xe0 sheet",
            b"nothing, here",
            b"\xff\xfe\x00",
        ):
            with self.subTest(content), self.assertRaises(UserError):
                self.import_table(content)
        with self.assertRaisesRegex(UserError, "Choose the file"):
            self.env["fapiao.tax.code.import"].create({}).action_import()

    def test_second_import_writes_only_what_differs(self):
        table = [self.HEADER, f"{CHAPTER},甲类,甲,,,是", f"{LEAF},甲服务,甲,,,否"]
        self.import_table("\n".join(table))
        TaxCode = type(self.env["fapiao.tax.code"])
        with patch.object(TaxCode, "write", side_effect=AssertionError("nothing differs")):
            self.assertEqual(self.counts(self.import_table("\n".join(table))), (0, 0, 2, 0))
        table[2] = f"{LEAF},甲服务改,甲,,,否"
        self.assertEqual(self.counts(self.import_table("\n".join(table))), (0, 1, 1, 0))
        self.assertEqual(self.code(LEAF).name, "甲服务改")

    def test_columns_the_file_lacks_are_left_alone(self):
        self.import_table(f"{self.HEADER}\n{LEAF},甲服务,甲,说明,词,是")
        self.import_table(f"编码,名称\n{LEAF},乙服务")
        leaf = self.code(LEAF)
        self.assertEqual((leaf.name, leaf.short_name, leaf.is_summary), ("乙服务", "甲", True))

    def test_a_code_with_parts_becomes_a_summary_whatever_the_table_says(self):
        self.import_table(f"{self.HEADER}\n{CHAPTER},甲类,甲,,,否")
        self.assertFalse(self.code(CHAPTER).is_summary)
        self.import_table(f"{self.HEADER}\n{LEAF},甲服务,甲,,,否")
        self.assertTrue(self.code(CHAPTER).is_summary)
        self.assertEqual(self.counts(self.import_table(f"{self.HEADER}\n{CHAPTER},甲类,甲,,,否")), (0, 0, 1, 0))

    def test_a_code_that_comes_in_between_takes_over_its_parts(self):
        self.import_table(f"编码,名称\n{SECTION},A\n{LEAF},C")
        self.assertEqual(self.code(LEAF).parent_id, self.code(SECTION))
        self.import_table(f"编码,名称\n{CHAPTER},B")
        self.assertEqual(self.code(LEAF).parent_id, self.code(CHAPTER))

    def test_archived_codes_are_updated_and_stay_archived(self):
        self.import_table(f"编码,名称\n{LEAF},A")
        self.code(LEAF).active = False
        self.assertEqual(self.counts(self.import_table(f"编码,名称\n{LEAF},B")), (0, 1, 0, 0))
        archived = self.env["fapiao.tax.code"].with_context(active_test=False).search([("code", "=", LEAF)])
        self.assertEqual((archived.name, archived.active), ("B", False))

    def test_wrong_rows_are_named_and_good_ones_are_taken(self):
        wizard = self.import_table(
            "\n".join(
                [
                    self.HEADER,
                    f'="{SECTION}",A,,"two\nlines",,',
                    "",
                    ",no code,,,,",
                    "1.0603E+18,rounded,,,,",
                    "12345,short,,,,",
                    f"{CHAPTER},,,,,",
                    f"{LEAF},C,,,,",
                    f"{LEAF},C again,,,,",
                    f"{CHAPTER},B,,,,perhaps",
                    f"'{CHAPTER},B,,,,Y",
                ]
            )
        )
        self.assertEqual(self.counts(wizard), (3, 0, 0, 6))
        said = wizard.rejected_text.splitlines()
        for line, start in zip(
            said,
            [
                "Line 5: there is no code",
                "Line 6: a spreadsheet has rounded the code to 1.0603E+18",
                "Line 7: “12345” is no classification code",
                f"Line 8: code {CHAPTER} has no name",
                f"Line 10: code {LEAF} is already on line 9",
                "Line 11: “perhaps” says neither yes nor no",
            ],
            strict=True,
        ):
            self.assertTrue(line.startswith(start), line)
        self.assertEqual(self.code(SECTION).description, "two\nlines")

    def test_an_open_quotation_mark_is_reported(self):
        wizard = self.import_table(f'{self.HEADER}\n{LEAF},C,,,,\n{CHAPTER},"B,,,,\n{SECTION},A,,,,')
        self.assertEqual(self.counts(wizard), (1, 0, 0, 1))
        self.assertIn("Line 3: a quotation mark is not closed; everything up to line 4", wizard.rejected_text)

    def test_long_lists_of_rejects_are_cut(self):
        wizard = self.import_table("编码,名称\n" + "\n".join(f"{number},A" for number in range(250)))
        self.assertEqual(wizard.rejected_count, 250)
        self.assertTrue(wizard.rejected_text.endswith("… and 50 more."))

    def test_the_whole_table_takes_seconds_and_few_queries(self):
        rows = [
            f"1{a:02}{b:02}{c:02}000000000000,名称{a}-{b}-{c},简称{a},说明,关键字,{'否' if c else '是'}"
            for a in range(80, 90)
            for b in range(1, 22)
            for c in range(21)
        ]
        content = "\n".join([self.HEADER, *rows])
        self.assertGreater(len(rows), 4300)
        began, queries = time.monotonic(), self.env.cr.sql_log_count
        self.assertEqual(self.counts(self.import_table(content)), (len(rows), 0, 0, 0))
        self.env.flush_all()
        # INSERT and UPDATE go in hundreds
        self.assertLess(self.env.cr.sql_log_count - queries, 350)
        self.assertLess(time.monotonic() - began, 15)
        leaf = self.code("1800101000000000000")
        self.assertEqual(leaf.parent_id, self.code("1800100000000000000"))
        self.assertEqual((leaf.is_summary, leaf.parent_id.is_summary), (False, True))

        began, queries = time.monotonic(), self.env.cr.sql_log_count
        self.assertEqual(self.counts(self.import_table(content)), (0, 0, len(rows), 0))
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - queries, 20)

        self.assertEqual(self.counts(self.import_table(content.replace(",名称", ",新名"))), (0, len(rows), 0, 0))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMasterData(AccountTestInvoicingCommon):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("l10n_cn_invoice_cloud.group_fapiao_manager")

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.summary, cls.leaf, cls.other = cls.env["fapiao.tax.code"].create(
            [
                code_values(CHAPTER, short_name="甲", is_summary=True),
                code_values(LEAF, short_name="甲"),
                code_values("4010102000000000000", short_name="乙"),
            ]
        )

    def count_cold(self, read):
        """Return the queries of ``read()`` with no record in the cache."""
        for _turn in range(2):  # the first turn looks up access rules, which stay known
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            read()
        return self.env.cr.sql_log_count - before

    # ------------------------------------------------------------------ products

    def test_product_asks_itself_then_its_categories_upwards(self):
        top = self.env["product.category"].create({"name": "Top", "fapiao_code_id": self.leaf.id})
        middle = self.env["product.category"].create({"name": "M", "parent_id": top.id, "fapiao_item_name": "中"})
        bottom = self.env["product.category"].create({"name": "Bottom", "parent_id": middle.id})
        own, inherited, bare = self.env["product.product"].create(
            [
                {
                    "name": "Own",
                    "categ_id": bottom.id,
                    "fapiao_code_id": self.other.id,
                    "fapiao_item_name": "自己",
                },
                {"name": "Inherited", "categ_id": bottom.id},
                {"name": "Bare", "categ_id": False},
            ]
        )
        products = own | inherited | bare
        none = self.env["fapiao.tax.code"]
        self.assertEqual(products._fapiao_code(), {own: self.other, inherited: self.leaf, bare: none})
        self.assertEqual(products._fapiao_item_name(), {own: "自己", inherited: "中", bare: ""})
        self.assertEqual(self.env["product.product"]._fapiao_code(), {})

    def test_many_products_cost_no_more_queries_than_one(self):
        Category = self.env["product.category"]
        tops = Category.create([{"name": f"top {n}", "fapiao_code_id": self.leaf.id} for n in range(20)])
        bottoms = Category.create([{"name": f"bottom {top.id}", "parent_id": top.id} for top in tops])
        products = self.env["product.product"].create(
            [{"name": f"product {bottom.id}", "categ_id": bottom.id} for bottom in bottoms]
        )
        self.assertEqual(set(products._fapiao_code().values()), {self.leaf})
        one = products.browse(products[0].id)
        self.assertEqual(self.count_cold(products._fapiao_code), self.count_cold(one._fapiao_code))

    def test_summaries_are_refused_on_products_and_categories(self):
        for record in (self.product_a, self.product_a.product_tmpl_id, self.product_category):
            with self.subTest(record._name), self.assertRaisesRegex(ValidationError, "summary"):
                record.fapiao_code_id = self.summary

    def test_a_used_code_is_not_deleted(self):
        self.product_a.fapiao_code_id = self.leaf
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.leaf.unlink()

    # ------------------------------------------------------------------ taxes

    def test_reason_for_zero_goes_with_a_rate(self):
        tax = self.env["account.tax"].create(
            {"name": "0% exempt", "amount": 0, "type_tax_use": "sale", "fapiao_zero_kind": EXEMPT}
        )
        with Form(tax) as form:
            self.assertEqual(form.fapiao_zero_kind, EXEMPT)
            form.amount = 13
            self.assertFalse(form.fapiao_zero_kind)

    # ------------------------------------------------------------------ partners

    def make_partner(self, **values):
        return self.env["res.partner"].create({"name": "广州某某有限公司", "is_company": True, **values})

    def test_party_of_a_company(self):
        bank = self.env["res.bank"].create({"name": "中国工商银行广州分行"})
        partner = self.make_partner(
            vat="91440101-ma59 abcdem",
            state_id=self.env.ref("base.state_cn_GD").id,
            city="广州市",
            street="天河路1号",
            country_id=self.env.ref("base.cn").id,
            phone="020-12345678",
            email="Buyer <buyer@example.com>, second@example.com",
            bank_ids=[Command.create({"acc_number": "6222 0000 1111", "bank_id": bank.id})],
        )
        self.assertEqual(
            partner._fapiao_party(),
            Party(
                name="广州某某有限公司",
                tax_no=GOOD_TAX_NO,
                address="广东省广州市天河路1号",
                phone="020-12345678",
                bank="中国工商银行广州分行",
                bank_account="622200001111",
                email="buyer@example.com",
            ),
        )

    def test_own_fapiao_data_go_first(self):
        partner = self.make_partner(
            street="1 Road",
            phone="020-1",
            email="a@example.com",
            fapiao_address="深圳市南山区",
            fapiao_phone="+86 138 1234 5678",
            fapiao_email="fapiao@example.com",
            fapiao_bank="招商银行深圳分行 7559 1234 5678",
        )
        party = partner._fapiao_party()
        self.assertEqual(party.address, "深圳市南山区")
        self.assertEqual((party.phone, party.mobile), ("13812345678", "13812345678"))
        self.assertEqual(party.email, "fapiao@example.com")
        self.assertEqual((party.bank, party.bank_account), ("招商银行深圳分行", "755912345678"))

    def test_contacts_speak_for_their_company(self):
        company = self.make_partner(vat=GOOD_TAX_NO, fapiao_bank="银行 123456789", fapiao_type="special")
        contact = self.env["res.partner"].create(
            {"name": "小王", "parent_id": company.id, "email": "wang@example.com", "phone": "13900000000"}
        )
        party = contact._fapiao_party()
        self.assertEqual((party.name, party.tax_no), (company.name, GOOD_TAX_NO))
        self.assertEqual((party.email, party.mobile, party.is_person), ("wang@example.com", "13900000000", False))
        self.assertEqual((contact.fapiao_bank, contact.fapiao_type), ("银行 123456789", "special"))
        company.fapiao_type = "ordinary"
        self.assertEqual(contact.fapiao_type, "ordinary")

    def test_who_is_a_person(self):
        cases = [
            ({"is_company": False}, True),
            ({"is_company": True}, False),
            ({"is_company": False, "vat": "92440101MA59ABCDEJ"}, False),  # a sole trader
            ({"is_company": False, "vat": "/"}, True),
            ({"is_company": False, "vat": "11010519491231002X"}, True),
            ({"is_company": False, "vat": "110105491231002"}, True),  # issued until 1999
            ({"is_company": False, "vat": "\u200b11010519491231002ｘ"}, True),
            ({"is_company": True, "vat": "11010519491231002X"}, False),  # registered under the owner's number
            ({"is_company": False, "vat": "DE123456789", "country_id": self.env.ref("base.de").id}, False),
            ({"is_company": False, "fapiao_title_type": "company"}, False),
            ({"is_company": True, "fapiao_title_type": "person"}, True),
        ]
        for values, expected in cases:
            with self.subTest(values):
                self.assertEqual(self.make_partner(**values)._fapiao_party().is_person, expected)
        self.assertEqual(self.env["res.partner"]._fapiao_party(), Party())

    def test_number_of_a_country_abroad_is_not_printed(self):
        for country, vat, printed in (
            ("de", "DE123456789", ""),
            ("us", "94-1234567", ""),
            ("jp", "T1234567890123", ""),
            ("fr", "FR40303265045", ""),
            ("in", "27AAPFU0939F1ZV", ""),
            ("br", "BR11.222.333/0001-81", ""),
            ("hk", "22099131", ""),
            ("tw", "12345675", ""),
            ("mo", "80012345", ""),
            # a foreign company that is registered in China
            ("de", GOOD_TAX_NO, GOOD_TAX_NO),
            ("cn", "123", "123"),
        ):
            with self.subTest(vat):
                partner = self.make_partner(vat=vat, is_company=True, country_id=self.env.ref(f"base.{country}").id)
                party = partner._fapiao_party()
                self.assertEqual((party.tax_no, party.is_person), (printed, False))

    def test_identity_number_of_a_person_is_printed(self):
        party = self.make_partner(is_company=False, vat="1101 0519 4912 3100 2x")._fapiao_party()
        self.assertEqual((party.tax_no, party.is_person), ("11010519491231002X", True))

    def test_tax_number_is_written_as_the_bureau_does(self):
        for entered, written in {
            "cn91440101ma59abcdem": GOOD_TAX_NO,
            "９１440101MA59ABCDEM": GOOD_TAX_NO,
            "/": "",
            "440101123456789": "440101123456789",
        }.items():
            partner = self.make_partner()
            partner.with_context(no_vat_validation=True).vat = entered
            self.assertEqual(partner._fapiao_party().tax_no, written, entered)

    def test_bank_line_is_split(self):
        for text, expected in {
            "中国银行NRA": ("中国银行NRA", ""),
            "招商银行123456789012": ("招商银行", "123456789012"),
            "HSBC 1234-5678-9012": ("HSBC", "123456789012"),
            "中国银行 NRA123456789": ("中国银行", "NRA123456789"),
            "工行第3支行：6222 0000 1111": ("工行第3支行", "622200001111"),
            " 123456789012 ": ("", "123456789012"),
            "农业银行，账号 123456789": ("农业银行，账号", "123456789"),
        }.items():
            with self.subTest(text):
                party = self.make_partner(fapiao_bank=text)._fapiao_party()
                self.assertEqual((party.bank, party.bank_account), expected)

    def test_address_is_one_chinese_line(self):
        province = {"state_id": self.env.ref("base.state_cn_GD").id}
        capital = {"state_id": self.env.ref("base.state_cn_BJ").id}
        for values, expected in [
            ({}, ""),
            ({**province, "city": "广州市", "street": "天河路", "street2": "2楼"}, "广东省广州市天河路2楼"),
            ({**province, "city": "广州市", "street": "广东省广州市天河路"}, "广东省广州市天河路"),
            ({**province, "city": "广州市", "street": "广州市天河路"}, "广东省广州市天河路"),
            ({**capital, "city": "北京市", "street": "长安街1号"}, "北京市长安街1号"),
            ({"city": "Bath", "street": "Bath Road"}, "Bath Bath Road"),
        ]:
            with self.subTest(expected):
                self.assertEqual(self.make_partner(**values)._fapiao_party().address, expected)

    def test_many_parties_cost_no_more_queries_than_one(self):
        partners = self.env["res.partner"].create(
            [{"name": f"公司{n}", "is_company": True, "fapiao_bank": "银行 123456"} for n in range(30)]
        )
        contacts = self.env["res.partner"].create([{"name": "c", "parent_id": partner.id} for partner in partners])
        one = contacts.browse(contacts[0].id)
        self.assertEqual([contact._fapiao_party().name for contact in contacts], [f"公司{n}" for n in range(30)])
        self.assertEqual(
            self.count_cold(lambda: [contact._fapiao_party() for contact in contacts]),
            self.count_cold(one._fapiao_party),
        )

    def test_doubtful_tax_number_is_a_warning_only(self):
        partner = self.make_partner(country_id=self.env.ref("base.cn").id)
        partner.with_context(no_vat_validation=True).vat = "91440101MA59ABCDE1"
        self.assertIn("check digit", partner.fapiao_tax_no_warning)
        partner.vat = GOOD_TAX_NO
        self.assertFalse(partner.fapiao_tax_no_warning)
        partner.vat = False
        self.assertFalse(partner.fapiao_tax_no_warning)
        partner.with_context(no_vat_validation=True).write(
            {"country_id": self.env.ref("base.be").id, "vat": "91440101MA59ABCDE1"}
        )
        self.assertFalse(partner.fapiao_tax_no_warning)

    def test_old_tax_numbers_pass_base_vat(self):
        Partner = self.env["res.partner"]
        self.assertTrue(Partner.check_vat_cn("440101123456789"))
        self.assertTrue(Partner.check_vat_cn("91440101MA59ABCDE1"))
        self.assertFalse(Partner.check_vat_cn("1234"))

    def test_form_shows_what_is_used_when_left_empty(self):
        partner = self.make_partner(country_id=self.env.ref("base.cn").id, city="广州市", phone="020-1")
        with Form(partner) as form:
            self.assertEqual(form.fapiao_address_placeholder, "广州市")
            self.assertEqual(form.fapiao_phone_placeholder, "020-1")
            form.street = "天河路"
            self.assertEqual(form.fapiao_address_placeholder, "广州市天河路")

    # ------------------------------------------------------------------ company

    def make_account(self, company):
        return self.env["fapiao.account"].create(
            {
                "name": "Account",
                "company_id": company.id,
                "base_url": "http://127.0.0.1:1/",
                "tax_no": "440101123456789",
            }
        )

    def test_number_of_an_account_may_be_pasted(self):
        account = self.make_account(self.company)
        for pasted in ("\ufeff91440101 ma59-abcdem\u200b", "９1440101MA59ABCDE\xadM"):
            account.tax_no = pasted
            self.assertEqual(account.tax_no, GOOD_TAX_NO)
        self.assertEqual(self.make_account(self.env["res.company"].create({"name": "B"})).tax_no, "440101123456789")

    def test_company_defaults(self):
        self.assertEqual(self.company.fapiao_default_type, "ordinary")
        self.assertFalse(self.company.fapiao_auto_issue)

    def test_seller(self):
        self.company.vat = False
        self.company.partner_id.write({"is_company": False, "fapiao_bank": "银行 123456789"})
        seller = self.company._fapiao_seller()
        self.assertEqual(
            (seller.name, seller.tax_no, seller.bank, seller.is_person),
            (self.company.name, "", "银行", False),
        )
        self.company.fapiao_account_id = self.make_account(self.company)
        self.assertEqual(self.company._fapiao_seller().tax_no, "440101123456789")

    def test_another_companys_account_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(ValidationError, "another company"):
            self.company.fapiao_account_id = self.make_account(other)

    def test_amounts_are_not_negative(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.company.fapiao_amount_limit = -1
            self.env.flush_all()

    def test_settings_write_to_the_company_and_lead_to_the_account(self):
        settings = self.env["res.config.settings"].create({"fapiao_drawer": "张三", "fapiao_amount_limit": 100000})
        settings.execute()
        self.assertEqual((self.company.fapiao_drawer, self.company.fapiao_amount_limit), ("张三", 100000))
        action = settings.action_open_fapiao_account()
        self.assertFalse(action["res_id"])
        self.assertEqual(action["context"], {"default_company_id": self.company.id})
        self.company.fapiao_account_id = self.make_account(self.company)
        self.assertEqual(settings.action_open_fapiao_account()["res_id"], self.company.fapiao_account_id.id)
