"""Archive of a period: files, vouchers and index."""

import csv
import hashlib
import io
import zipfile
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..models.reporting import fapiao_archive
from .common_red import RedCommon


@tagged("post_install", "-at_install")
class TestArchive(RedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        today = fields.Date.today()
        cls.archive = cls.env["fapiao.archive"].create(
            {"company_id": cls.company.id, "date_from": today, "date_to": today, "direction": "out"}
        )

    def run_archive(self):
        self.archive.action_start()
        self.run_cron(("fapiao.archive", "_cron_archive"))
        self.assertEqual((self.archive.state, self.archive.done), ("done", self.archive.total))
        return [zipfile.ZipFile(io.BytesIO(part.raw)) for part in self.archive.part_ids.sorted("id")]

    def rows(self, packed, name="index.csv"):
        return list(csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig"))))

    def test_files_hashes_vouchers_and_index(self):
        invoice = self.issued_invoice([{"price_unit": 100}])
        fapiao = invoice.fapiao_ids
        with self.engine():
            fapiao.action_fetch_files()
        self.assertTrue(fapiao.xml_id)
        (packed,) = self.run_archive()
        (row,) = self.rows(packed)
        self.assertEqual((row["发票号码"], row["记账凭证号"]), (fapiao.number, invoice.name))
        self.assertEqual((row["金额"], row["税额"], row["价税合计"]), ("100.00", "13.00", "113.00"))
        names, hashes = row["文件"].split("; "), row["SHA-256"].split("; ")
        self.assertTrue(names[0].endswith(".xml"))
        for name, digest in zip(names, hashes, strict=True):
            self.assertEqual(hashlib.sha256(packed.read(name)).hexdigest(), digest)
        root = etree.fromstring(packed.read("index.xml"))
        self.assertEqual(root.findtext("fapiao/number"), fapiao.number)
        lines = self.rows(packed, "vouchers.csv")
        self.assertEqual(sum(float(line["借方"]) for line in lines), 113)
        self.assertEqual({line["凭证号"] for line in lines}, {invoice.name})

    def test_part_by_part_each_fapiao_once(self):
        issued = self.env["fapiao"].union(*(self.issued_invoice().fapiao_ids for _ in range(3)))
        with patch.object(fapiao_archive, "PER_PART", 2):
            parts = self.run_archive()
        self.assertEqual(len(parts), 2)
        numbers = [row["发票号码"] for packed in parts for row in self.rows(packed)]
        self.assertEqual(sorted(numbers), sorted(issued.mapped("number")))

    def test_fapiao_without_files_are_named(self):
        self.issued_invoice().fapiao_ids.sudo().write({"pdf_id": False, "ofd_id": False, "xml_id": False})
        (packed,) = self.run_archive()
        self.assertEqual((self.archive.missing, self.rows(packed)[0]["文件"]), (1, ""))
        self.archive.action_fetch_missing()
        self.assertEqual(self.archive.env["fapiao"].search(self.archive._domain()).files_state, "wanted")

    def test_a_name_is_no_formula(self):
        self.buyer.name = "=HYPERLINK(1)有限公司"
        self.issued_invoice()
        (packed,) = self.run_archive()
        self.assertTrue(self.rows(packed)[0]["购买方名称"].startswith("'="))

    def test_wrong_periods_and_later_changes_are_refused(self):
        with self.assertRaises(ValidationError):
            self.archive.date_to = "2000-01-01"
        with self.assertRaisesRegex(UserError, "no fapiao"):
            self.archive.action_start()
        self.issued_invoice()
        self.run_archive()
        with self.assertRaisesRegex(UserError, "has begun"):
            self.archive.direction = "in"

    def test_rights_and_form(self):
        self.issued_invoice()
        company = {"company_id": self.company.id, "company_ids": self.company.ids}
        invoicer = new_test_user(self.env, "archivist", "account.group_account_invoice", **company)
        with Form(self.env["fapiao.archive"].with_user(invoicer)) as form:
            self.assertTrue(form.date_from < form.date_to)
        with self.assertRaises(AccessError):
            self.archive.with_user(invoicer).write({"state": "done"})
        self.archive.with_user(invoicer).action_start()
        self.assertEqual(self.archive.state, "running")
        employee = new_test_user(self.env, "no_archivist", "base.group_user", **company)
        with self.assertRaises(AccessError):
            self.archive.with_user(employee).action_start()
