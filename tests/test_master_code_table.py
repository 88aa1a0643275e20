"""The bureau's classification table as it is handed out, and what a new edition changes."""

import base64
import io
import random
from datetime import date, timedelta

import openpyxl
import xlwt

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from ..models.master import code_table

# Headings of the official file, beside those that are not read
TITLES = (
    *("篇", "类", "章", "节", "条", "款", "项", "目", "子目", "细目"),
    *("合并编码", "货物和劳务名称", "商品和服务分类简称", "说明", "关键字", "汇总项", "增值税税率", "增值税特殊管理"),
    *("增值税政策依据", "消费税管理", "启用时间", "过渡期截止时间", "更新时间", "可用状态", "编码表版本号"),
)
# digits that no other test uses
SECTION, CHAPTER, LEAF, OTHER = (f"4{digits:<018}" for digits in ("02", "0201", "020101", "020102"))


def row(code, name="甲服务", **values):
    levels = [code[0], *(code[at : at + 2] for at in range(1, 19, 2))]
    given = dict(zip(TITLES, levels, strict=False))
    return {**given, "合并编码": code, "货物和劳务名称": name, "商品和服务分类简称": "甲", "可用状态": "Y", **values}


def cells(rows, titles=TITLES):
    return [[*titles], *([one.get(title, "") for title in titles] for one in rows)]


def csv_of(lines):
    return "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)


def xlsx_of(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for place, lines in enumerate(sheets):
        sheet = book.create_sheet(f"表{place + 1}")
        for line in lines:
            sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls_of(lines):
    book = xlwt.Workbook()
    sheet = book.add_sheet("编码")
    style = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for place, line in enumerate(lines):
        for at, cell in enumerate(line):
            sheet.write(place, at, cell, *([style] if isinstance(cell, date) else []))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@tagged("post_install", "-at_install")
class TestTable(TransactionCase):
    def table_of(self, content):
        return code_table.read(self.env, content.encode() if isinstance(content, str) else content)

    def refuse(self, content, text):
        with self.subTest(text), self.assertRaisesRegex(UserError, text):
            self.table_of(content)

    def test_every_kind_of_file(self):
        lines = [["商品和服务税收分类编码表"], [], *cells([row(LEAF, 说明="说明", 增值税税率="6%")])]
        for content in (
            csv_of(lines).encode(),
            csv_of(lines).encode("utf-8-sig"),
            csv_of(lines).encode("gbk"),
            xlsx_of(lines),
            xlsx_of([["目录"]], lines),
            xls_of(lines),
        ):
            table = self.table_of(content)
            self.assertEqual((table.faults, table.notes, list(table.rows)), ([], [], [LEAF]))
            values = table.rows[LEAF]
            self.assertEqual(
                (values["name"], values["short_name"], values["description"], values["vat_rates"], values["is_usable"]),
                ("甲服务", "甲", "说明", "6%", True),
            )

    def test_columns_stand_in_any_order(self):
        draw = random.Random(5)
        for _turn in range(5):
            titles = draw.sample(TITLES, len(TITLES))
            table = self.table_of(xlsx_of(cells([row(LEAF, 增值税税率="13%、9%", 关键字="甲、乙")], titles)))
            self.assertEqual((table.rows[LEAF]["vat_rates"], table.rows[LEAF]["keywords"]), ("13%、9%", "甲、乙"))

    def test_headings_as_people_write_them(self):
        lines = [["序号", "*税收 分类编码", "名称\n", "简称（必填）", "增值税税率（%）"], ["1", LEAF, "甲", "乙", "13"]]
        self.assertEqual(self.table_of(csv_of(lines)).rows[LEAF]["vat_rates"], "13%")

    def test_all_the_law_of_a_row(self):
        table = self.table_of(
            xlsx_of(
                cells(
                    [
                        row(
                            LEAF,
                            汇总项="否",
                            增值税税率=0.06,
                            增值税特殊管理="免税、按3%简易征收",
                            增值税政策依据="财税〔2016〕36号",
                            启用时间=date(2016, 5, 1),
                            过渡期截止时间="2030年12月31日",
                            可用状态="N",
                            编码表版本号="43.0",
                        ),
                        row(CHAPTER, 汇总项="是", 启用时间="20160501", 过渡期截止时间="2027/1/5 00:00:00"),
                    ]
                )
            )
        )
        self.assertEqual(table.version, "43.0")
        values = table.rows[LEAF]
        self.assertEqual(
            [values[name] for name in ("vat_rates", "privileges", "date_start", "date_end", "is_usable", "is_summary")],
            ["6%", "免税、按3%简易征收", date(2016, 5, 1), date(2030, 12, 31), False, False],
        )
        values = table.rows[CHAPTER]
        self.assertEqual((values["date_start"], values["date_end"]), (date(2016, 5, 1), date(2027, 1, 5)))

    def test_codes_of_their_levels(self):
        """Without a column for the whole code, and where the column has lost digits."""
        titles = [title for title in TITLES if title != "合并编码"]
        self.assertEqual(list(self.table_of(csv_of(cells([row(LEAF)], titles))).rows), [LEAF])
        numbers = [[*map(int, line[:10]), *line[10:]] for line in cells([row(LEAF)], titles)[1:]]
        self.assertEqual(list(self.table_of(xlsx_of([titles, *numbers])).rows), [LEAF])
        self.assertEqual(list(self.table_of(csv_of(cells([{**row(LEAF), "合并编码": "4.0201E+18"}]))).rows), [LEAF])
        split = [["编码", *[""] * 9, "名称"], [*TITLES[:10], ""], [*cells([row(LEAF)])[1][:10], "甲"]]
        self.assertEqual(list(self.table_of(xlsx_of(split)).rows), [LEAF])

    def test_codes_stored_as_numbers(self):
        titles = ("合并编码", "名称")
        whole, lost = 4020100000000000000, 4020101010101010101
        table = self.table_of(xlsx_of([titles, [float(whole), "甲"], [float(lost), "乙"]]))
        self.assertEqual((list(table.rows), len(table.faults)), ([str(whole)], 1))
        self.assertIn("rounded", table.faults[0][1])
        self.assertEqual(table.faults[0][0], "表1:3")

    def test_what_is_not_understood_is_named_and_the_row_kept(self):
        given = row(LEAF, 增值税税率="6%、***", 增值税特殊管理="免税、抵扣", 启用时间="去年", 可用状态="也许")
        table = self.table_of(csv_of(cells([given])))
        values = table.rows[LEAF]
        self.assertEqual((values["vat_rates"], values["privileges"], values["is_usable"]), ("6%", "免税", True))
        self.assertFalse(values["date_start"])
        self.assertEqual(len(table.notes), 4)

    def test_several_sheets(self):
        table = self.table_of(xlsx_of([["说明"]], cells([row(LEAF)]), cells([row(OTHER), row(LEAF)])))
        self.assertEqual(sorted(table.rows), [LEAF, OTHER])
        self.assertEqual(len(table.faults), 1)

    def test_bad_files(self):
        good = xlsx_of(cells([row(LEAF)]))
        self.refuse(b"", "No header")
        self.refuse(xlsx_of([["a", "b"]]), "No header")
        self.refuse(good[: len(good) // 2], "damaged or protected")
        self.refuse(good[:400] + bytes(400) + good[800:], "damaged or protected")
        self.refuse(b"\xd0\xcf\x11\xe0" + bytes(3000), "damaged or protected")
        self.refuse("<html><table><tr><td>合并编码</td></tr></table></html>", "web page")
        self.refuse(b"\xff\xfe\x00", "encoding")
        stream = io.BytesIO()
        with code_table.zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("编码表.csv", csv_of(cells([row(LEAF)])))
        self.refuse(stream.getvalue(), "Unpack it")
        stream = io.BytesIO()
        with code_table.zipfile.ZipFile(stream, "w", code_table.zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", bytes(code_table.MOST_UNPACKED + 1))
        self.refuse(stream.getvalue(), "far larger")


@tagged("post_install", "-at_install")
class TestUpdate(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.TaxCode = cls.env["fapiao.tax.code"].with_context(active_test=False)

    def update_from(self, *rows, **values):
        content = xlsx_of(cells(rows))
        dialog = self.env["fapiao.tax.code.import"].create({"file": base64.b64encode(content), "filename": "43.xlsx"})
        update = self.env["fapiao.tax.code.update"].browse(dialog.action_import()["res_id"])
        update.write(values)
        return update

    def apply(self, *rows, **values):
        update = self.update_from(*rows, **values)
        update.action_apply()
        return update

    def code(self, digits):
        return self.TaxCode.search([("code", "=", digits)])

    def lines(self, update, *kinds):
        return update.line_ids.filtered(lambda line: line.kind in kinds).sorted("code")

    def test_a_new_edition(self):
        old = [row(CHAPTER, 汇总项="是"), row(LEAF, 增值税税率="6%"), row(OTHER)]
        self.apply(*old, ends_missing=False)
        leaf, other = self.code(LEAF), self.code(OTHER)
        product = self.env["product.template"].create({"name": "甲", "fapiao_code_id": leaf.id})
        category = self.env["product.category"].create({"name": "乙", "fapiao_code_id": other.id})
        added = SECTION[:4] + "9" + SECTION[5:]
        ended = (date.today() - timedelta(days=40)).isoformat()
        update = self.update_from(
            old[0],
            row(LEAF, 增值税税率="9%、6%", 编码表版本号="43.0"),
            row(OTHER, 过渡期截止时间=ended, 可用状态="N"),
            row(added, "新服务"),
            ends_missing=False,
        )
        figures = update.read(["added_count", "changed_count", "ended_count", "unchanged_count", "table_version"])[0]
        self.assertEqual([*figures.values()][1:], [1, 1, 1, 1, "43.0"])
        self.assertEqual(leaf.vat_rates, "6%", "nothing is changed yet")
        self.assertIn("6% → 9%、6%", self.lines(update, "changed").details)
        for _turn in ("before", "after"):
            for action, expected in (
                (update.action_show_products(), product),
                (update.action_show_categories(), category),
            ):
                self.assertEqual(self.env[action["res_model"]].search(action["domain"]), expected)
            self.assertEqual((update.product_count, update.category_count), (1, 1))
            used = [*update.action_show_lines()["domain"], ("is_used", "=", True), ("kind", "!=", "missing")]
            used = self.env["fapiao.tax.code.update.line"].search(used, order="code")
            self.assertEqual(used, self.lines(update, "changed", "ended"))
            self.assertEqual(self.lines(update, "added").is_used, False)
            if update.state == "draft":
                update.action_apply()
        self.assertEqual((leaf.vat_rates, leaf.table_version), ("9%、6%", "43.0"))
        self.assertEqual(self.code(added).name, "新服务")
        self.assertTrue(other._laws()[OTHER].is_ended)
        self.assertNotIn(other, self.TaxCode.search(self.TaxCode._domain_usable()))
        with self.assertRaisesRegex(UserError, "applied already"):
            update.action_apply()

    def test_codes_that_are_missing(self):
        self.apply(row(CHAPTER), row(LEAF), row(OTHER), ends_missing=False)
        update = self.update_from(row(CHAPTER), row(LEAF), ends_missing=False)
        self.assertIn(OTHER, self.lines(update, "missing").mapped("code"))
        update.action_apply()
        self.assertTrue(self.code(OTHER).is_usable)
        self.apply(row(CHAPTER), row(LEAF), ends_missing=True)
        self.assertTrue(self.code(OTHER)._laws()[OTHER].is_ended)
        self.apply(row(OTHER), ends_missing=False)
        self.assertFalse(self.code(OTHER)._laws()[OTHER].is_ended, "it has come back")

    def test_only_a_file_with_nearly_all_codes_ends_others(self):
        self.TaxCode.search([]).is_usable = False
        rows = [row(f"4020{place:02}{'0' * 13}") for place in range(40)]
        self.apply(*rows, ends_missing=False)
        known = self.TaxCode.search([])
        extract = self.update_from(*rows[:10])
        self.assertFalse(extract.ends_missing)
        everything = [row(code) for code in known.mapped("code")]
        self.assertTrue(self.update_from(*everything[:-1]).ends_missing)

    def test_two_updates_of_one_file(self):
        first, second = self.update_from(row(LEAF)), self.update_from(row(LEAF, "乙"))
        for update in (first, second):
            update.ends_missing = False
            update.action_apply()
        self.assertEqual(self.code(LEAF).name, "乙")

    def test_rights(self):
        issuer = new_test_user(self.env, "table-issuer", "l10n_cn_invoice_cloud.group_fapiao_issuer")
        update = self.update_from(row(LEAF))
        with self.assertRaises(AccessError):
            update.with_user(issuer).action_apply()

    def test_tens_of_thousands_of_rows_take_few_queries(self):
        rows = [
            row(f"4{a:02}{b:02}{c:02}{'0' * 12}", f"名称{a}-{b}-{c}", 增值税税率="6%")
            for a in range(50, 60)
            for b in range(1, 21)
            for c in range(1, 16)
        ]
        queries = self.env.cr.sql_log_count
        update = self.apply(*rows, ends_missing=False)
        self.assertEqual((update.state, update.progress), ("applying", 0))
        with self.enter_registry_test_mode(), self.env.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["fapiao.tax.code.update"]._cron_apply()
        self.env.invalidate_all()
        self.assertEqual((update.state, update.progress), ("applied", 100))
        self.assertEqual(self.TaxCode.search_count([("code", "=like", "45%")]), len(rows))
        self.assertLess(self.env.cr.sql_log_count - queries, len(rows) / 10)
